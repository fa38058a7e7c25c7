"""What trading costs, as a run definition states it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.decisions import Costs
from engine.documents.numbers import Number

Fills = Literal["webhook", "tradingview"]


class Strict(BaseModel):
    """Fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class CostsConfig(Strict):
    """What there is to trade with, and what trading costs. All but the capital is 0 where it is not stated."""

    capital: Number = Field(default=Costs().capital, gt=0, allow_inf_nan=False)
    commission_percent: Number = Field(
        default=Costs().commission_percent, ge=0, lt=100, description="Of the traded value, per fill (0.05)."
    )
    maker_percent: Number | None = Field(
        default=None, ge=-100, lt=100, description="The same of limit orders; else as of the others. Below 0: a rebate."
    )
    commission_per_contract: Number = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="Money per unit, per fill."
    )
    commission_per_order: Number = Field(default=0.0, ge=0, allow_inf_nan=False, description="Money per fill.")
    slippage_ticks: Number = Field(
        default=Costs().slippage_ticks,
        ge=0,
        allow_inf_nan=False,
        description="By which market and stop fills are worse.",
    )
    slippage_percent: Number = Field(default=0.0, ge=0, lt=100, description="The same, of the price.")
    latency_bars: int = Field(default=0, ge=0, le=1000, description="Candles that an order needs beyond the next open.")
    funding_percent: Number = Field(
        default=0.0, gt=-100, lt=100, description="What a long pays every 8 hours, of the position's value."
    )
    funding: str | None = Field(
        default=None, description="Instead: a CSV of 'time' and 'rate' (0.0001 is 0.01 %), as exchanges publish them."
    )
    leverage: Number = Field(
        default=0.0, ge=0, le=1000, description="Orders may be worth so many times the equity (any)."
    )
    maintenance_percent: Number = Field(
        default=0.0, ge=0, lt=100, description="Equity below this share of the position's value is liquidated."
    )
    margin_percent: Number = Field(
        default=0.0, ge=0, le=100, description="TradingView's margin for long and short (none)."
    )
    closes_own: bool = Field(
        default=False,
        description='TradingView\'s close_entries_rule="ANY": an exit closes its own entry (fills: tradingview).',
    )
    orders_on_close: bool = Field(
        default=False,
        description="TradingView's process_orders_on_close: what a close decides is tried at it (fills: tradingview).",
    )

    @model_validator(mode="after")
    def _one_funding(self) -> CostsConfig:
        if self.funding is not None and self.funding_percent:
            raise ValueError("funding and funding_percent exclude each other; keep one")
        return self

    def costs(self, fills: Fills = "webhook") -> Costs:
        """Give them as the machine takes them."""
        return Costs(**self.model_dump(exclude={"funding"}), fills=fills)
