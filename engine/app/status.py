"""What `status` shows: where every route stands, what waits, which limits are near, and all that needs a person."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from engine.adapters.markets import markets_of
from engine.adapters.pulse_file import PulseFile
from engine.adapters.sql_holder import holder_of
from engine.adapters.sql_store import SqlStore
from engine.app.limits import limits_of, stop_file_of
from engine.app.status_pulse import doorbell_of, troubles_of
from engine.app.status_words import Found, Level, LimitStatus, RouteStatus, Status, Trouble
from engine.app.system import read_routes
from engine.config import RunConfig
from engine.decisions import Reason, State, state_from_json
from engine.delivery import Intent, Row, RowState
from engine.errors import InvalidInputError, MarketDataError
from engine.live import DAY_MS, Guard, Limits, RouteSpec
from engine.market import Timeframe
from engine.ports import Clock, RouteRecord, Store

HOUR_MS = 3_600_000
OVERDUE_MS = 60_000
"""How long after its close a candle may be on its way before that is trouble."""
WARN_SKEW_MS = 500
_NEWEST, _BARS = 500, 60
_SIDES = {1: "long", -1: "short", 0: "flat"}


def skew_of(config: RunConfig, clock: Clock) -> int | str:
    """Ask the exchanges for their time: how far ours is ahead (where it is most off), ms; or why it cannot be known."""
    return asyncio.run(_skew(config, clock))


async def _skew(config: RunConfig, clock: Clock) -> int | str:
    try:
        markets = markets_of(config, clock)
    except MarketDataError as error:
        return str(error)
    skews: list[int] = []
    try:
        for market in markets.values():
            asked_ms = clock.now_ms()
            theirs_ms = await market.now_ms()
            skews.append((asked_ms + clock.now_ms()) // 2 - theirs_ms)
        return max(skews, key=abs)
    except MarketDataError as error:
        return str(error)
    finally:
        for market in markets.values():
            await market.close()


def status_of(config: RunConfig, clock: Clock, skew: int | str | None) -> Status:
    """Look at a config's state, also beside the running engine. Errors: StoreError, InvalidInputError.

    `skew` is what `skew_of` gave; None where it was not asked.
    """
    if not Path(config.state).exists():
        raise InvalidInputError(f"{config.state}: there is no state yet; nothing was ever run with this config")
    specs = read_routes(config)
    store = SqlStore.open_readonly(config.state)
    try:
        return _look(config, specs, store, clock.now_ms(), skew, clock)
    finally:
        store.close()


def _look(
    config: RunConfig, specs: list[RouteSpec], store: SqlStore, now_ms: int, skew: int | str | None, clock: Clock
) -> Status:
    skew_ms = skew if isinstance(skew, int) else None
    process, exchange_ms = holder_of(store.path), now_ms - (skew_ms or 0)
    limits, guard = limits_of(config), Guard(limits_of(config), store, clock, specs, stop_file_of(config))
    records = {record.route: record for record in store.routes()}
    found: list[Found] = []
    if process is None:
        found.append(Found(Trouble.NOT_RUNNING, config.state, "no engine runs on this state"))
    pulse, doorbell = PulseFile(store.path).read(), None
    if pulse is not None and pulse.process == process:  # else it is of one that has ended
        doorbell = doorbell_of(pulse, now_ms)
        found += troubles_of(doorbell, pulse, 1000 * config.tick_seconds)
    routes = [_route(spec, records.get(spec.key), guard, exchange_ms, found) for spec in specs]
    for route in sorted(records.keys() - {spec.key for spec in specs}):
        _left_behind(records[route], found)
    if stopped := guard.stopped():
        found.append(Found(Trouble.STOPPED, "all routes", stopped))
    if isinstance(skew, str):
        found.append(Found(Trouble.NO_EXCHANGE, ", ".join(venue.id for venue in config.venues.values()), skew))
    elif abs(skew_ms or 0) > WARN_SKEW_MS:
        found.append(Found(Trouble.CLOCK, "this machine", f"our clock is {(skew_ms or 0) / 1000:+.2f} s off"))
    for spec in specs:
        _given_up(spec, records.get(spec.key), store, now_ms, found)
    outbox = _messages(store, now_ms, found, running=process is not None)
    shown = _limits(limits, guard, store, exchange_ms, now_ms, skew_ms)
    return Status(now_ms, config.mode, process, tuple(routes), outbox, shown, skew_ms, tuple(found), doorbell)


def _route(
    spec: RouteSpec, record: RouteRecord | None, guard: Guard, exchange_ms: int, found: list[Found]
) -> RouteStatus:
    if record is None:
        return RouteStatus(spec.key, spec.connector, None)
    timeframe, bar_ms = spec.rule.timeframe, record.watermark_ms
    closed_ms = timeframe.next(bar_ms)
    late_ms = max(0, exchange_ms - timeframe.next(closed_ms))
    if late_ms > OVERDUE_MS:
        found.append(Found(Trouble.OVERDUE, spec.key, f"its next candle closed {late_ms / 1000:,.0f} s ago"))
    if record.rule_sha256 != spec.rule.sha256:
        told = "the file is another than the rule that decided the last bar; it holds from the next start"
        found.append(Found(Trouble.EDITED, spec.key, told))
    try:
        state = state_from_json(record.state)
    except ValueError as error:
        found.append(Found(Trouble.UNREADABLE, spec.key, str(error)))
        return RouteStatus(spec.key, spec.connector, bar_ms, exchange_ms - closed_ms, late_ms)
    position, standing = state.position[0], guard.book.of(spec.key)
    held = int(position["side"]) != 0
    return RouteStatus(
        route=spec.key,
        connector=spec.connector,
        bar_ms=bar_ms,
        age_ms=exchange_ms - closed_ms,
        late_ms=late_ms,
        position=_SIDES[int(position["side"])],
        quantity=float(position["quantity"]),
        entry_price=float(position["entry_price"]) if held else None,
        equity=None if standing is None else standing.equity,
        levels=_levels(state),
        waiting=_waiting(state),
    )


def _levels(state: State) -> tuple[Level, ...]:
    held = state.exits[: int(state.position["exits"][0])]
    return tuple(
        Level(
            Reason(int(one["reason"])).words,
            None if math.isnan(one["price"]) else float(one["price"]),
            "platform" if one["sent"] else "engine",
        )
        for one in held
        if one["live"] and not one["done"]
    )


def _waiting(state: State) -> tuple[str, ...]:
    kinds = {1: "market", 2: "limit", 3: "stop"}
    found = []
    for side, order in zip(("long", "short"), state.orders, strict=True):
        if order["type"]:
            at = f" at {float(order['price']):.10g}" if order["type"] > 1 else ""
            found.append(f"{side} {kinds[int(order['type'])]}{at}")
    return tuple(found)


def _given_up(spec: RouteSpec, record: RouteRecord | None, store: Store, now_ms: int, found: list[Found]) -> None:
    """Name the bars whose candles did not come, of the last hour's worth of bars, and of the last day."""
    if record is None:
        return
    since_ms = max(now_ms - DAY_MS, spec.rule.timeframe.before(record.watermark_ms, _BARS))
    entries = store.journal(spec.key, since_ms, record.watermark_ms + 1)
    skipped = [json.loads(entry.notes).get("skipped") for entry in entries if entry.candle is None and entry.notes]
    if told := [str(one) for one in skipped if one]:
        more = f", and {len(told) - 1} times before it" if len(told) > 1 else ""
        found.append(Found(Trouble.SKIPPED, spec.key, told[-1] + more))


def _left_behind(record: RouteRecord, found: list[Found]) -> None:
    try:
        state = state_from_json(record.state)
    except ValueError as error:
        found.append(Found(Trouble.UNREADABLE, record.route, str(error)))
        return
    side, waiting = int(state.position["side"][0]), _waiting(state)
    if side or waiting:
        believed = _SIDES[side] if side else f"waiting to open {', '.join(waiting)}"
        told = f"it is believed to be {believed}, and no route of the config is it: nobody will close it"
        found.append(Found(Trouble.LEFT_BEHIND, record.route, told))


def _messages(store: Store, now_ms: int, found: list[Found], *, running: bool) -> dict[str, int]:
    waiting = store.unresolved()
    for row in waiting:
        where = f"message {row.seq} ({row.route})"
        if row.state is RowState.UNKNOWN:
            found.append(Found(Trouble.IN_DOUBT, where, row.detail or "nobody knows whether it arrived"))
        elif row.intent is Intent.CLOSE and (row.attempts > 1 or not running):
            found.append(Found(Trouble.CLOSE_WAITS, where, f"{row.attempts} attempts so far {row.detail}".rstrip()))
    recent = [row for row in store.rows(_NEWEST) if now_ms - _decided_ms(row) < DAY_MS]
    for trouble, state in (
        (Trouble.REJECTED, RowState.REJECTED),
        (Trouble.REFUSED, RowState.REFUSED),
        (Trouble.EXPIRED, RowState.EXPIRED),
    ):
        for reason, rows in _by_reason(row for row in recent if row.state is state).items():
            newest = rows[-1]
            more = f", and {len(rows) - 1} before it in the last day" if len(rows) > 1 else ""
            found.append(Found(trouble, f"message {newest.seq} ({newest.route})", reason + more))
    counted = Counter(str(row.state) for row in [*waiting, *(row for row in recent if row.state.final)])
    return dict(sorted(counted.items()))


def _decided_ms(row: Row) -> int:
    """Give when a message was decided: at the close of its bar, or by hand."""
    if row.by_hand:
        return row.bar_ms
    try:
        return Timeframe.parse(row.route.rpartition(" ")[2]).next(row.bar_ms)
    except ValueError:
        return row.bar_ms


def _by_reason(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.detail, []).append(row)
    return found


def _limits(
    limits: Limits, guard: Guard, store: Store, exchange_ms: int, now_ms: int, skew_ms: int | None
) -> tuple[LimitStatus, ...]:
    began, equity = guard.book.equity(exchange_ms)
    lost = max(0.0, began - equity)
    _, stale_ms = guard.book.stalest(exchange_ms)
    percent = 100 * lost / began if began > 0 else 0.0
    return (
        LimitStatus("open positions", guard.book.positions(), limits.open_positions),
        LimitStatus("messages an hour", store.messages_since(now_ms - HOUR_MS, now_ms), limits.messages_an_hour),
        LimitStatus("day loss", percent, limits.day_loss_percent, "%")
        if limits.day_loss_amount is None
        else LimitStatus("day loss", lost, limits.day_loss_amount),
        LimitStatus("stale candle of a position", stale_ms / 1000, _seconds(limits.stale_ms), "s"),
        LimitStatus("clock", abs(skew_ms or 0) / 1000, _seconds(limits.clock_ms), "s"),
    )


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
