"""What a paper account goes by: costs, margin, the rules of its exchange."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.documents.numbers import FilledNumber


class AccountConfig(BaseModel):
    """The terms of a paper account. Percents are numbers such as 0.05; the defaults are those of a backtest."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    commission_percent: FilledNumber = Field(
        default=0.05, ge=0, lt=100, description="Of each fill's value; of limit fills where maker_percent is not given."
    )
    maker_percent: FilledNumber | None = Field(default=None, ge=0, lt=100, description="Of limit fills' value.")
    slippage_percent: FilledNumber = Field(
        default=0, ge=0, lt=100, description="By how much market and stop fills are worse."
    )
    funding_percent: FilledNumber = Field(
        default=0, gt=-100, lt=100, description="What a long pays at 00, 08 and 16 UTC."
    )
    leverage: FilledNumber = Field(
        default=0, ge=0, le=1000, description="Margin is a position's value through this; 0: no margin is asked for."
    )
    maintenance_percent: FilledNumber = Field(
        default=0, ge=0, lt=100, description="Below this share of the positions' value the account is liquidated."
    )
    min_notional: FilledNumber = Field(default=0, ge=0, description="The least that an opening order may be worth.")
    positions: Literal["hedge", "one-way"] = Field(
        default="hedge", description="hedge: long and short side by side; one-way: one net position."
    )
    template: Literal["signals", "sync"] = Field(
        default="signals",
        description="The strategy on the platform: sync also takes position messages, and multiplies by the leverage.",
    )
