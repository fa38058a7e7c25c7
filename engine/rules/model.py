"""The shape of a rule file: which keys stand where, and what values they take. Expressions are checked elsewhere."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from engine.market import MarketKind, Timeframe

NAME = r"[A-Za-z_][A-Za-z0-9_]*"

# A number or an expression; and an expression or a tree of all/any/not. Read where they stand, by rules/compile.py.
Value = Annotated[object, WithJsonSchema({"type": ["number", "string"], "description": "a number or an expression"})]
Condition = Annotated[
    object,
    WithJsonSchema(
        {"type": ["string", "boolean", "object"], "description": "an expression, or a tree of all: any: not: lists"}
    ),
]


def _rule_name(value: object) -> object:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", str(value)):
        raise ValueError(f"'{value}' cannot be a name; use lower-case letters, digits, - and _, such as ema-cross")
    return str(value)


def _timeframe(value: object) -> str:
    return str(Timeframe.parse(str(value)))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Param(_Strict):
    """A number that a backtest may override, and a sweep may vary from min to max by step."""

    default: float = Field(allow_inf_nan=False)
    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    step: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _default_in_range(self) -> Param:
        low = self.min if self.min is not None else self.default
        high = self.max if self.max is not None else self.default
        if not low <= self.default <= high:
            raise ValueError(f"min <= default <= max does not hold: {low:g}, {self.default:g}, {high:g}")
        return self


def _param(value: object) -> object:
    return {"default": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class Side(_Strict):
    """When to enter and leave on one side of the market."""

    enter: Condition
    exit: Condition | None = None


class Bracket(_Strict):
    """A price to leave at, as percent away from the signal's close."""

    percent: Value


class Size(_Strict):
    """How much an order is for: percent of what is available, or a fixed amount."""

    percent: Value | None = None
    fixed: Value | None = None

    @model_validator(mode="after")
    def _one(self) -> Size:
        if (self.percent is None) == (self.fixed is None):
            raise ValueError("give one of percent and fixed")
        return self


class Order(_Strict):
    """How positions are opened."""

    type: Literal["market"] = "market"
    size: Size


class RuleFile(_Strict):
    """A strategy. Where it runs stands in a config, never here."""

    name: Annotated[str, BeforeValidator(_rule_name), Field(description="Lower-case; part of every order's id.")]
    market: MarketKind
    timeframe: Annotated[str, BeforeValidator(_timeframe)]
    params: dict[Annotated[str, Field(pattern=f"^{NAME}$")], Annotated[Param, BeforeValidator(_param)]] = {}
    define: dict[Annotated[str, Field(pattern=f"^{NAME}$")], Value] = {}
    long: Side | None = None
    short: Side | None = None
    take_profit: Bracket | None = None
    stop_loss: Bracket | None = None
    order: Order

    @field_validator("short")
    @classmethod
    def _short_on_futures(cls, short: Side | None, info: ValidationInfo) -> Side | None:
        if short is not None and info.data.get("market") is MarketKind.SPOT:
            raise ValueError("is for futures; on spot there is only 'long'")
        return short

    @model_validator(mode="after")
    def _some_side(self) -> RuleFile:
        if self.long is None and self.short is None:
            raise ValueError("there is neither 'long' nor 'short': the rule would never trade")
        return self
