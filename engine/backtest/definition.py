"""A run definition: a backtest written down, with the result that it must give."""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.backtest.run import Result
from engine.decisions import Costs
from engine.documents import did_you_mean
from engine.documents.numbers import DecimalNumber, Fact, Number
from engine.market.moment import read_moment

Moment = Annotated[int, BeforeValidator(read_moment)]


DATA = (
    "'sample' (synthetic candles), the path of a CSV or Parquet file of candles, or a symbol that was fetched: "
    "BTC/USDT, or binance:BTC/USDT."
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class CostsConfig(_Strict):
    """What there is to trade with, and what trading costs."""

    capital: Number = Field(default=Costs().capital, gt=0, allow_inf_nan=False)
    commission_percent: Number = Field(default=Costs().commission_percent, ge=0, lt=100)
    slippage_ticks: Number = Field(default=Costs().slippage_ticks, ge=0, allow_inf_nan=False)

    def costs(self) -> Costs:
        """Give them as the machine takes them."""
        return Costs(self.capital, self.commission_percent, self.slippage_ticks)


class RunDefinition(_Strict):
    """What to backtest, on which candles, at which costs, and what must come of it."""

    strategy: str = Field(description="Path of the rule file, from where this file stands.")
    data: str = Field(default="sample", description=DATA)
    symbol: str | None = Field(default=None, description="As ccxt writes it; part of the messages' ids.")
    timeframe: str | None = Field(default=None, description="Decide on these candles instead of the rule's own.")
    start: Moment | None = Field(default=None, alias="from", description="First day or moment (UTC).")
    end: Moment | None = Field(
        default=None, alias="to", description="The moment before which the last candle opens (UTC)."
    )
    feeds: dict[str, str] = Field(
        default={}, description="Other symbols that the rule looks at: symbol, and its candles as in 'data'."
    )
    params: dict[str, Number] = {}
    costs: CostsConfig = CostsConfig()
    tick: DecimalNumber | None = Field(default=None, gt=0, description="Price step; else inferred from the candles.")
    lot: DecimalNumber | None = Field(default=None, gt=0, description="Amount step; else amounts are not rounded.")
    expect: dict[str, Fact] = Field(
        default={}, description="Statistics by name, to the digits written; 'messages' and 'messages_sha256' too."
    )

    def differences(self, result: Result) -> list[str]:
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


def facts(result: Result) -> dict[str, int | float | str | None]:
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
