"""What `import engine` offers to Python programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import SecretStr, ValidationError

from engine.adapters.http_sender import HttpSender
from engine.app.candles import joined
from engine.app.libraries import choose_libraries
from engine.app.memory import keep_freed_memory
from engine.app.messages import compose
from engine.backtest import Result, backtest
from engine.config import Connector
from engine.decisions import Costs
from engine.delivery import Exchange
from engine.errors import InvalidCandlesError, InvalidInputError
from engine.market import Bars, Instrument, Timeframe, faults
from engine.market.bars import Column
from engine.market.instrument import tick_of
from engine.rules import Rule, read_rule_file
from engine.rules.single import evaluate_text

if TYPE_CHECKING:
    import pandas as pd

choose_libraries(os.environ)


@dataclass(frozen=True)
class Strategy:
    """A rule file, ready to be backtested."""

    rule: Rule

    def backtest(
        self,
        candles: pd.DataFrame | Bars,
        *,
        symbol: str = "SYMBOL",
        timeframe: str | None = None,
        tick: float | str | None = None,
        costs: Costs | None = None,
        feeds: Mapping[str, pd.DataFrame | Bars] | None = None,
        **params: float,
    ) -> Result:
        """Backtest on candles (see `bars_of`), joined to the rule's timeframe, or to `timeframe`, where they are finer.

        `feeds` are candles of other symbols that the rule looks at; `params` override the rule file's. Errors:
        InvalidInputError.
        """
        keep_freed_memory()
        given = bars_of(candles)
        bars = joined(given, Timeframe.parse(timeframe) if timeframe else self.rule.timeframe, "the table")
        step = Decimal(str(tick)) if tick is not None else tick_of(bars)
        return backtest(self.rule, bars, Instrument(symbol, step), costs, params, others=_others(feeds))


def load(path: str | Path) -> Strategy:
    """Read a rule file. Errors: InvalidInputError with everything that is wrong in it."""
    return Strategy(read_rule_file(path))


def evaluate(
    expression: str, candles: pd.DataFrame | Bars, *, feeds: Mapping[str, pd.DataFrame | Bars] | None = None
) -> Column:
    """Give an expression's value on every candle: float64, na as NaN; of a condition 1, 0, or NaN for unknown.

    `feeds` are candles of other symbols that it looks at. Errors: InvalidExpressionError with everything that is wrong
    in it; InvalidCandlesError; InvalidInputError where candles of a symbol are missing.
    """
    return evaluate_text(expression, bars_of(candles), _others(feeds))


def _others(feeds: Mapping[str, pd.DataFrame | Bars] | None) -> dict[str, Bars]:
    return {symbol: bars_of(candles) for symbol, candles in (feeds or {}).items()}


def bars_of(candles: pd.DataFrame | Bars) -> Bars:
    """Take a DataFrame with columns open, high, low, close and (optionally) volume, indexed by time (UTC if naive).

    Errors: InvalidCandlesError where a column is missing or a row is not whole.
    """
    if isinstance(candles, Bars):
        return candles
    import pandas as pd  # noqa: PLC0415 - needed for DataFrames only, and slow to load

    frame = candles.rename(columns=str.lower)
    missing = [name for name in ("open", "high", "low", "close") if name not in frame]
    if missing:
        raise InvalidCandlesError(f"the candles lack the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    if not isinstance(frame.index, pd.DatetimeIndex) or len(frame) < 2:
        raise InvalidCandlesError("the candles must be indexed by time (a DatetimeIndex), and be two or more")
    index = frame.index.tz_localize("UTC") if frame.index.tz is None else frame.index.tz_convert("UTC")
    time = index.as_unit("ms").asi8
    volume = frame["volume"] if "volume" in frame else np.zeros(len(frame))
    columns = [frame["open"], frame["high"], frame["low"], frame["close"], volume]
    arrays = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    bars = Bars(_timeframe(time), np.ascontiguousarray(time, dtype=np.int64), *arrays)
    if found := faults(bars):
        first = found[0]
        raise InvalidCandlesError(f"row {first.row} ({index[first.row]}): {first.column} {first.message}")
    return bars


def _timeframe(time: np.ndarray) -> Timeframe:
    """Infer the timeframe from the most common distance of two candles."""
    lengths, counts = np.unique(np.diff(time), return_counts=True)
    length = int(lengths[np.argmax(counts)])
    for unit, unit_ms in (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if length >= unit_ms and length % unit_ms == 0:
            return Timeframe(length // unit_ms, unit)
    raise InvalidCandlesError(f"the candles are {length} ms apart, which is no timeframe")


class Webhook:
    """A connector of the platform, to send single messages to. The token is never shown."""

    def __init__(self, url: str, name: str, token: str) -> None:
        """Take the connector as the platform shows it. Errors: InvalidInputError, without the token."""
        try:
            self._connector = Connector(url=url, name=name, token=SecretStr(token))
        except ValidationError as error:
            said = (f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors())
            raise InvalidInputError("; ".join(said)) from None

    def __repr__(self) -> str:
        """Show where it leads."""
        shown = self._connector.url.partition("?")[0]
        return f"Webhook({shown!r}, {self._connector.name!r})"

    def send(
        self,
        action: str,
        *,
        market: str | None = None,
        log: str | None = None,
        client_order_id: str | None = None,
        delay_seconds: float | None = None,
        delay_seconds_filter: str | None = None,
        percent: float | str | None = None,
        fixed: float | str | None = None,
        limit: float | str | None = None,
        profit: float | str | None = None,
        loss: float | str | None = None,
    ) -> Exchange:
        """POST one message, once, and tell what happened.

        It does not pass through an outbox: what it could not deliver is gone. Errors: InvalidMessageError.
        """
        numbers = {"percent": percent, "fixed": fixed, "limit": limit, "profit": profit, "loss": loss}
        message = compose(
            action,
            market,
            numbers={name: None if value is None else str(value) for name, value in numbers.items()},
            log=log,
            client_order_id=client_order_id,
            delay_seconds=delay_seconds,
            delay_seconds_filter=delay_seconds_filter,
        )
        return HttpSender(self._connector).post(message.json())
