"""The shape of `order`: how positions are opened, and how large. A side may have keys of its own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.rules.places import SIZES
from engine.rules.shapes import Condition, Strict, Value, given


class Size(Strict):
    """How much an order is for."""

    percent: Value | None = None
    fixed: Value | None = None
    notional: Value | None = None
    risk_percent: Value | None = None

    @property
    def kind(self) -> Literal["percent", "fixed", "notional", "risk_percent"]:
        """Which of the keys is there."""
        return next(name for name in _KINDS if name in self.model_fields_set)

    @model_validator(mode="after")
    def _one(self) -> Size:
        given(self, SIZES, "{percent: 25}")
        return self


_KINDS: tuple[Literal["percent", "fixed", "notional", "risk_percent"], ...] = (
    "percent",
    "fixed",
    "notional",
    "risk_percent",
)


class Order(Strict):
    """How positions are opened."""

    type: Literal["market", "limit", "stop"] = "market"
    price: Value | None = Field(default=None, description="Of a limit or stop order.", examples=["ta.lowest(low, 20)"])
    expire_bars: Value | None = Field(
        default=None, description="After how many candles an order that still waits is withdrawn.", examples=[5]
    )
    cancel: Condition | None = Field(default=None, description="When an order that still waits is withdrawn.")
    oco: bool = Field(default=False, description="The first of both sides' waiting orders to fill cancels the other.")
    size: Size | None = None
