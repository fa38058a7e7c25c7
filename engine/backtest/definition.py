"""A run definition: a backtest written down, with the result that it must give."""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal
from typing import Annotated, Protocol

from pydantic import BeforeValidator, Field, field_validator, model_validator

from engine.backtest.costs import CostsConfig, Fills, Strict
from engine.backtest.statistics import Statistics
from engine.decisions import Costs
from engine.documents import did_you_mean
from engine.documents.numbers import DecimalNumber, Fact, Number
from engine.errors import InvalidInputError
from engine.market.moment import read_moment
from engine.webhook import Message

Moment = Annotated[int, BeforeValidator(read_moment)]


DATA = (
    "'sample' (synthetic candles), the path of a CSV or Parquet file of candles, or a symbol that was fetched: "
    "BTC/USDT, or binance:BTC/USDT."
)


class Played(Protocol):
    """What expectations are held against: a backtest of one symbol, or of a portfolio."""

    @property
    def stats(self) -> Statistics:
        """The numbers."""
        ...

    @property
    def messages(self) -> list[Message]:
        """The messages, in order."""
        ...


class CompareConfig(Strict):
    """TradingView's list of trades, which `compare` puts beside ours."""

    trades: str | None = Field(default=None, description="Path of the exported CSV, from where this file stands.")
    zone: str = Field(default="UTC", description="The chart's time zone, for times in the export that carry none.")


class MemberConfig(Strict):
    """A symbol of a portfolio, with its candles; what is not stated is as for a single one."""

    data: str = Field(description=DATA)
    tick: DecimalNumber | None = Field(default=None, gt=0, description="Price step.")
    lot: DecimalNumber | None = Field(default=None, gt=0, description="Amount step.")


class PortfolioConfig(Strict):
    """Many symbols traded by the same rule, out of one capital."""

    symbols: dict[str, MemberConfig] = Field(
        min_length=1, description="By symbol, in the order in which they are served at equal times."
    )
    max_open: int | None = Field(
        default=None, ge=1, description="How many may be in a position, or wait for one, at once."
    )

    @field_validator("symbols", mode="before")
    @classmethod
    def _data_alone(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {symbol: {"data": given} if isinstance(given, str) else given for symbol, given in value.items()}


class RunDefinition(Strict):
    """What to backtest, on which candles, at which costs, and what must come of it."""

    strategy: str = Field(description="Path of the rule file, from where this file stands.")
    data: str = Field(default="sample", description=DATA)
    more: tuple[str, ...] = Field(
        default=(), description="Files with later candles of the same, which go on from those."
    )
    finer: str | None = Field(
        default=None, description="Finer candles for the rule's 'watch'; else they are made out of 'data' too."
    )
    symbol: str | None = Field(default=None, description="As ccxt writes it; part of the messages' ids.")
    timeframe: str | None = Field(default=None, description="Decide on these candles instead of the rule's own.")
    start: Moment | None = Field(default=None, alias="from", description="First day or moment (UTC).")
    end: Moment | None = Field(
        default=None, alias="to", description="The moment before which the last candle opens (UTC)."
    )
    warmup: int | None = Field(
        default=None, ge=0, description="Candles before trading begins; else as many as the indicators need."
    )
    fills: Fills = Field(
        default="webhook", description="What the webhook can do, or 'tradingview': the Strategy Tester's emulator."
    )
    feeds: dict[str, str] = Field(
        default={}, description="Other symbols that the rule looks at: symbol, and its candles as in 'data'."
    )
    portfolio: PortfolioConfig | None = Field(default=None, description="Instead of 'data': many symbols, one capital.")
    params: dict[str, Number] = Field(default={}, description="Values of the rule's parameters.")
    costs: CostsConfig = CostsConfig()
    tick: DecimalNumber | None = Field(default=None, gt=0, description="Price step; else inferred from the candles.")
    lot: DecimalNumber | None = Field(default=None, gt=0, description="Amount step; else amounts are not rounded.")
    compare: CompareConfig = Field(default=CompareConfig(), description="What `signal-engine compare` puts beside it.")
    expect: dict[str, Fact] = Field(
        default={}, description="Statistics by name, to the digits written; 'messages' and 'messages_sha256' too."
    )

    @model_validator(mode="after")
    def _one_market(self) -> RunDefinition:
        for name in ("data", "symbol", "more", "finer", "tick", "lot"):
            if self.portfolio is not None and name in self.model_fields_set:
                raise ValueError(f"'{name}' and 'portfolio' exclude each other; each symbol of a portfolio has its own")
        return self

    def machine_costs(self) -> Costs:
        """Give costs and the way of filling as the machine takes them. Errors: InvalidInputError."""
        if self.costs.orders_on_close and self.fills != "tradingview":
            raise InvalidInputError(
                "orders_on_close: no message arrives at the close that decided it; with fills: tradingview"
            )
        if self.costs.closes_own and self.fills != "tradingview":
            raise InvalidInputError("closes_own: a platform has one position, of no entry; with fills: tradingview")
        return self.costs.costs(self.fills)

    def differences(self, result: Played) -> list[str]:
        """Say where the result is not what is expected, a line each."""
        found = facts(result)
        lines = []
        for name, expected in self.expect.items():
            if name not in found:
                hint = did_you_mean(name, found) or f"there are {', '.join(found)}"
                lines.append(f"{name}: there is no such result; {hint}")
            elif not _equal(found[name], expected):
                lines.append(f"{name}: expected {expected}, got {found[name]}")
        return lines


def facts(result: Played) -> dict[str, int | float | str | None]:
    """Give all that can be expected of a result, by name."""
    bodies = [message.json() for message in result.messages]
    digest = hashlib.sha256("\n".join(bodies).encode()).hexdigest()
    return {**result.stats.numbers(), "messages": len(bodies), "messages_sha256": digest}


def _equal(actual: float | str | None, expected: float | str | None) -> bool:
    """Compare numbers to the digits that `expected` is written with."""
    if isinstance(actual, float) and isinstance(expected, int | float) and math.isfinite(expected):
        exponent = Decimal(repr(expected)).as_tuple().exponent
        return round(actual, max(0, -int(exponent))) == expected
    return actual == expected
