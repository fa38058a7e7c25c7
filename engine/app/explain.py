"""Why a strategy did what it did on one bar: its conditions there, and what a backtest up to it decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from engine.app.backtests import prepare
from engine.backtest import Result, RunDefinition, Trade
from engine.backtest.prepared import Prepared
from engine.decisions import Move
from engine.errors import InvalidInputError
from engine.market import Bars
from engine.market.moment import read_moment
from engine.rules.explain import Explainer
from engine.rules.explanation import Explanation
from engine.rules.feeds import feeds_of
from engine.webhook.message import Body


@dataclass(frozen=True)
class Why:
    """The explanation of the bar that opened at `open_ms` and closed at `close_ms`.

    `messages` are the bodies that were sent at its close, `refused` the entries that could not be; `nothing` says why
    there are none of either. `position` is the open entries at its close, before anything was decided there.
    """

    strategy: str
    symbol: str
    timeframe: str
    open_ms: int
    close_ms: int
    candle: dict[str, float]
    warm_from_ms: int | None
    messages: list[Body]
    refused: list[str]
    nothing: str
    position: list[Trade]
    explanation: Explanation


def explain(definition: RunDefinition, at: str) -> Why:
    """Explain the bar that closes at a time, or else contains it. Errors: InvalidInputError and its kinds."""
    moment = moment_of(at)
    given = prepare(definition)
    return explain_bar(given, bar_at(given.bars, moment, definition.data))


def explain_bar(given: Prepared, bar: int) -> Why:
    """Explain a bar of a backtest, by its index."""
    rule, bars, instrument = given.rule, given.bars, given.instrument
    explainer = Explainer.of(rule, given.params, timeframe=bars.timeframe, symbol=instrument.symbol)
    over = explainer.over(bars, feeds_of(explainer.own, given.others, instrument.symbol))
    warm = over.warmup
    begins = warm if given.warmup is None else given.warmup
    result = replace(given, bars=bars[: bar + 1]).run() if bar >= begins else None
    held = list(result.trades[len(result.trades.closed) :]) if result else []
    decided = [d for d in result.decisions if d.time_ms >= int(bars.time[bar])] if result else []
    explanation = over.at(bar, position_of(result) if result else None)
    messages = [m.body() for d in decided if result and (m := result.message(d)) is not None]
    refused = [d.reason.words for d in decided if d.move is Move.NONE]
    return Why(
        strategy=rule.name,
        symbol=instrument.symbol,
        timeframe=str(bars.timeframe),
        open_ms=int(bars.time[bar]),
        close_ms=bars.timeframe.next(int(bars.time[bar])),
        candle={name: float(getattr(bars, name)[bar]) for name in ("open", "high", "low", "close", "volume")},
        warm_from_ms=bars.timeframe.next(int(bars.time[warm])) if warm < len(bars) else None,
        messages=messages,
        refused=refused,
        nothing="" if messages or refused else _nothing(explanation, held, trading=result is not None),
        position=held,
        explanation=explanation,
    )


def moment_of(text: str) -> int:
    """Read a time: ISO (UTC where it names no zone), or milliseconds since the epoch. Errors: InvalidInputError."""
    if text.isdecimal() and len(text) == len("1704067200000"):
        return int(text)
    try:
        return read_moment(text)
    except ValueError:
        raise InvalidInputError(
            f"--at '{text}' is no time; write 2024-01-31, '2024-01-31 14:00' (UTC), 2024-01-31T14:00+02:00, or "
            "milliseconds since 1970"
        ) from None


def bar_at(bars: Bars, moment: int, name: str) -> int:
    """Give the index of the bar that closes at a moment, or else of the one that contains it.

    Errors: InvalidInputError where there is none; `name` is what it calls the candles.
    """
    if not len(bars):
        raise InvalidInputError(f"{name}: there are no candles in the period asked for")
    timeframe = bars.timeframe
    opened = timeframe.floor(moment)
    if opened == moment:
        opened = timeframe.shift(opened, -1)
    at = int(np.searchsorted(bars.time, opened))
    if at < len(bars) and int(bars.time[at]) == opened:
        return at
    first, last = timeframe.next(int(bars.time[0])), timeframe.next(int(bars.time[-1]))
    if first <= moment <= last:
        around = f"candles close at {_text(timeframe.next(int(bars.time[at - 1])))} and then at "
        around += _text(timeframe.next(int(bars.time[at])))
        raise InvalidInputError(f"{name}: there is no {timeframe} candle at {_text(moment)} UTC; {around}")
    raise InvalidInputError(
        f"{name}: {_text(moment)} UTC is outside the candles; they close from {_text(first)} to {_text(last)} UTC"
    )


def position_of(result: Result) -> dict[str, float]:
    """Give what `position.*` is at the close of a backtest's last bar, before anything is decided there."""
    bars, trades = result.bars, result.trades
    held = trades[len(trades.closed) :]
    left = int(trades.closed["exit_time"].max()) if len(trades.closed) else None
    since_exit = np.nan if left is None else float(_bars_since(bars, left))
    if not held:
        return {"side": 0.0, "entry_price": np.nan, "bars": np.nan, "profit_percent": np.nan,
                "bars_since_exit": since_exit}  # fmt: skip
    side = 1.0 if held[0].side == "long" else -1.0
    quantity = sum(trade.quantity for trade in held)
    entry = sum(trade.entry_price * trade.quantity for trade in held) / quantity
    return {
        "side": side,
        "entry_price": entry,
        "bars": float(_bars_since(bars, min(trade.entry_time_ms for trade in held))),
        "profit_percent": 100 * side * (float(bars.close[-1]) / entry - 1),
        "bars_since_exit": since_exit,
    }


def _nothing(explanation: Explanation, held: list[Trade], *, trading: bool) -> str:
    """Say why nothing was decided."""
    if not trading:
        return "the indicators are not warm yet, and trading begins when they are"
    entries = [e.name for e in explanation.conditions if e.acts and e.name.endswith(".enter")]
    if len(entries) > 1:
        return f"{' and '.join(entries)} are both true; they contradict each other, and none is taken"
    if not held:
        return f"{entries[0]} is true, and yet no entry came of it" if entries else "no enter condition is true"
    side = held[0].side
    if f"{side}.enter" in entries:
        return f"{side}.enter is true, and there is a {side} position already"
    return f"the {side} position stays, as no condition that would close it is true"


def _bars_since(bars: Bars, time_ms: int) -> int:
    return len(bars) - int(np.searchsorted(bars.time, time_ms, side="right"))


def _text(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M}"
