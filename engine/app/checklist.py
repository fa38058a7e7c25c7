"""What should be done before a strategy trades real money, and whether it was: advice, never a hindrance."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.adapters.sql_store import SqlStore
from engine.app.audit import audit_route
from engine.app.backtested import Backtested, read
from engine.app.journals import Part, parts_of
from engine.app.system import read_routes
from engine.config import RunConfig, read_config
from engine.documents import counted
from engine.errors import SignalEngineError
from engine.live import DAY_MS, RouteSpec
from engine.live.gaps import late_ms
from engine.ports import Clock

PAPER_DAYS = 7
"""How many days' worth of candles a rule should have processed on paper, as it will run."""
LOOKED_AT_DAYS = 30
"""How far back they may lie."""
_WANTED = ("messages_an_hour", "day_loss")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of it: what was looked at, whether it is as it should be, what was found, and what mends it."""

    name: str
    ok: bool
    told: str
    mend: str = ""


def checklist(
    config: RunConfig, specs: Sequence[RouteSpec], clock: Clock, paper: Path, environment: Mapping[str, str]
) -> list[Item]:
    """Look at all of it; `paper` is the config of the paper run. What cannot be read is missing, with the reason."""
    files = [Path(route.strategy) for route in config.routes]
    items = [_backtested(spec, file, config) for spec, file in zip(specs, files, strict=True)]
    return [*items, *_on_paper(specs, clock, paper, environment), _limits(config)]


def _backtested(spec: RouteSpec, file: Path, config: RunConfig) -> Item:
    done = read(file)
    same = [one for one in done if one.is_of(spec.rule, spec.params)]
    here = [one for one in same if one.symbol == spec.symbol and not one.synthetic]
    usual = [one for one in here if one.timeframe == str(spec.rule.timeframe) and one.fills == "webhook"]
    good = [one for one in usual if one.trades]
    if good:
        best = max(good, key=lambda one: one.bars)  # a short one that was run later says less
        return Item("backtested", ok=True, told=f"{spec.key}: {_result(best)}")
    if usual:
        why = f"no trade in it: {_result(usual[-1])}; take a longer time"
    elif here:
        why = f"only on {here[-1].timeframe} candles with fills '{here[-1].fills}', which are not as it would run"
    elif same:
        on = "the sample market, which is synthetic" if same[-1].synthetic else f"{same[-1].symbol} ({same[-1].data})"
        why = f"only on {on}"
    elif done:
        edited = done[-1].rule_sha256 != spec.rule.sha256
        why = f"not {'since the rule file was edited' if edited else 'with these parameters'}; last {done[-1].day}"
    else:
        why = "never"
    return Item("backtested", ok=False, told=f"{spec.key}: {why}", mend=_command(spec, file, config))


def _result(one: Backtested) -> str:
    first, last = (f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}" for ms in (one.first_ms, one.last_ms))
    result = f"{counted(one.trades, 'trade')}, net {one.net_percent:+.1f} %, drawdown {one.drawdown_percent:.1f} %"
    return f"{counted(one.bars, 'candle')} from {first} to {last}: {result}"


def _command(spec: RouteSpec, file: Path, config: RunConfig) -> str:
    venue = config.venues[spec.exchange].id
    words = ["signal-engine", "backtest", str(file), "--data", f"{venue}:{spec.symbol}"]
    for name, value in spec.params.items():
        words += ["--param", f"{name}={value:.15g}"]
    return shlex.join(words)


def _on_paper(specs: Sequence[RouteSpec], clock: Clock, paper: Path, environment: Mapping[str, str]) -> Iterator[Item]:
    """Look at the paper run of each route: how long it was, and whether its journal comes out as it did."""
    run = shlex.join(["signal-engine", "run", "--config", str(paper)])
    try:
        if not paper.is_file():
            yield Item("paper days", ok=False, told=f"there is no {paper}; name the config of the paper run: --paper")
            return
        config = read_config(paper, environment)
        if not Path(config.state).exists():
            yield Item("paper days", ok=False, told=f"{paper} was never run", mend=run)
            return
        known, store = {spec.key for spec in read_routes(config)}, SqlStore.open_readonly(config.state)
    except SignalEngineError as error:
        yield Item("paper days", ok=False, told=str(error))
        return
    try:
        for spec in specs:
            if spec.key not in known:
                yield Item("paper days", ok=False, told=f"{spec.key}: {paper} has no such route; add it there")
                continue
            try:
                yield from _of_route(store, spec, clock.now_ms(), paper, run)
            except SignalEngineError as error:
                yield Item("paper days", ok=False, told=f"{spec.key}: {error}")
    finally:
        store.close()


def _of_route(store: SqlStore, spec: RouteSpec, now_ms: int, paper: Path, run: str) -> Iterator[Item]:
    since_ms = now_ms - LOOKED_AT_DAYS * DAY_MS
    parts = [part for part in parts_of(store, spec.key, since_ms) if _as_it_would_run(part, spec)]
    days = sum(_in_time(part, since_ms) for part in parts) * spec.rule.timeframe.length_ms / DAY_MS
    told = f"{spec.key}: {days:.1f} of {PAPER_DAYS} days with this rule and these parameters"
    yield Item("paper days", ok=days >= PAPER_DAYS, told=told, mend=run if days < PAPER_DAYS else "")
    if not days:
        return
    report = audit_route(store, spec, parts, since_ms, None)
    seen = f"{spec.key}: {counted(report.bars, 'bar')}, {counted(report.decisions, 'decision')}"
    if not report.unexplained:
        explained = f", {counted(len(report.differences), 'difference')}, all explained" if report.differences else ""
        yield Item("audit", ok=True, told=f"{seen}, as the backtest decides{explained}")
        return
    mend = shlex.join(["signal-engine", "audit", "--since", f"{LOOKED_AT_DAYS}d", "--config", str(paper)])
    yield Item("audit", ok=False, told=f"{seen}, {report.unexplained} of them otherwise than the backtest", mend=mend)


def _as_it_would_run(part: Part, spec: RouteSpec) -> bool:
    return part.rule.sha256 == spec.rule.sha256 and part.rule.values(part.params) == spec.rule.values(spec.params)


def _in_time(part: Part, since_ms: int) -> int:
    """Count the bars that were decided before they would have been given up: not those caught up after downtime."""
    timeframe = part.rule.timeframe
    most_ms = late_ms(timeframe)
    return sum(
        entry.candle is not None and entry.bar_ms >= since_ms and entry.at_ms - timeframe.next(entry.bar_ms) <= most_ms
        for entry in part.entries
    )


def _limits(config: RunConfig) -> Item:
    wanted = [*_WANTED, *(["open_positions"] if len(config.routes) > 1 else [])]
    missing = [name for name in wanted if getattr(config.safety, name) is None]
    if not missing:
        return Item("limits", ok=True, told=", ".join(wanted))
    usual = {"messages_an_hour": "30", "day_loss": "{percent: 10}", "open_positions": str(len(config.routes))}
    add = ", ".join(f"{name}: {usual[name]}" for name in missing)
    return Item(
        "limits", ok=False, told=f"not set: {', '.join(missing)}", mend=f"in the config, such as safety: {{{add}}}"
    )
