"""The shape of a rule file: which keys stand where, and what values they take. Expressions are checked elsewhere."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
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
from engine.rules.tests_model import RuleTest, fitting

NAME = r"[A-Za-z_][A-Za-z0-9_]*"

# A number or an expression; and an expression or a tree of all/any/not. Read where they stand: rules/expressions.py.
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


def _identifier(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise ValueError(f"'{name}' cannot be a name in expressions; use letters, digits and _, such as slow_ma")
    return name


Identifier = Annotated[str, AfterValidator(_identifier)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        # A key without a value is one that somebody forgot to fill in: no default stands in for it.
        if value is None:
            raise ValueError("nothing stands here; fill it in, or remove the key")
        return value


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
            given = (("min", self.min), ("max", self.max))
            bounds = " and ".join(f"{name} {at:g}" for name, at in given if at is not None)
            raise ValueError(f"the default, {self.default:g}, does not fit {bounds}")
        return self


def _param(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"default": value}
    if not isinstance(value, dict):
        raise ValueError("expected a number, or keys such as {default: 12, min: 5, max: 24, step: 1}")
    return value


class Side(_Strict):
    """When to enter and leave on one side of the market."""

    not_yet: ClassVar = frozenset({"order", "take_profit", "stop_loss", "trailing", "break_even", "max_bars"})

    enter: Condition
    exit: Condition | None = None


class Bracket(_Strict):
    """A price to leave at, as percent away from the signal's close."""

    not_yet: ClassVar = frozenset({"ticks", "distance", "price", "from", "close_percent"})

    percent: Value


class Size(_Strict):
    """How much an order is for: percent of what is available, or a fixed amount."""

    not_yet: ClassVar = frozenset({"notional", "risk_percent"})

    percent: Value | None = None
    fixed: Value | None = None

    @model_validator(mode="after")
    def _one(self) -> Size:
        if (self.percent is None) == (self.fixed is None):
            raise ValueError("give either percent or fixed, such as {percent: 25}")
        return self


class Order(_Strict):
    """How positions are opened."""

    not_yet: ClassVar = frozenset({"price", "expire_bars", "cancel"})

    type: Literal["market"] = "market"
    size: Size


class RuleFile(_Strict):
    """A strategy. Where it runs stands in a config, never here."""

    not_yet: ClassVar = frozenset(
        {"trailing", "break_even", "max_bars", "flat_at", "sessions", "pyramiding", "limits", "cooldown", "watch"}
        | {"delay_seconds", "delay_filter", "log"}
    )

    name: Annotated[str, BeforeValidator(_rule_name), Field(description="Lower-case; part of every order's id.")]
    market: Annotated[MarketKind, Field(strict=False)]
    timeframe: Annotated[str, BeforeValidator(_timeframe)]
    params: dict[Identifier, Annotated[Param, BeforeValidator(_param)]] = {}
    define: dict[Identifier, Value] = {}
    long: Side | None = None
    short: Side | None = None
    take_profit: Bracket | None = None
    stop_loss: Bracket | None = None
    order: Order
    tests: Annotated[list[RuleTest], AfterValidator(fitting)] = []

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
