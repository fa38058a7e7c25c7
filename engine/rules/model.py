"""The shape of a rule file: which keys stand where, and what values they take. Expressions are checked elsewhere."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from engine.market import MarketKind, Timeframe
from engine.rules.exits_model import BreakEven, Levels, Trailing
from engine.rules.hours_model import Sessions, TimeToLeave
from engine.rules.order_model import Order
from engine.rules.shapes import Condition, Strict, Value
from engine.rules.tests_model import RuleTest, fitting

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
MOST_ENTRIES = 32


def _rule_name(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("expected a text, such as ema-cross; quote one that looks like a number")
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


class Param(Strict):
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


class Side(Strict):
    """When to enter and leave on one side of the market, and what holds for that side alone."""

    enter: Condition
    exit: Condition | None = None
    take_profit: Levels | None = None
    stop_loss: Levels | None = None
    trailing: Trailing | None = None
    break_even: BreakEven | None = None
    max_bars: Value | None = None
    order: Order | None = None


class Share(Strict):
    """Percent of the equity."""

    percent: Value


class Limits(Strict):
    """Losses at which everything is closed, and nothing more is opened."""

    day_loss: Share | None = Field(default=None, description="Of the equity that the day (UTC) began with.")
    drawdown: Share | None = Field(default=None, description="Of the highest equity so far; from then on, for good.")

    @model_validator(mode="after")
    def _some(self) -> Limits:
        if not self.model_fields_set:
            raise ValueError("give day_loss or drawdown, or both, such as {day_loss: {percent: 5}}")
        return self


class Cooldown(Strict):
    """How long no entry is made after an exit."""

    bars: Value
    after: Literal["any", "loss", "stop"] = "any"


class RuleFile(Strict):
    """A strategy. Where it runs stands in a config, never here."""

    name: Annotated[str, BeforeValidator(_rule_name), Field(description="Lower-case; part of every order's id.")]
    market: Annotated[MarketKind, Field(strict=False)]
    timeframe: Annotated[str, BeforeValidator(_timeframe)]
    params: dict[Identifier, Annotated[Param, BeforeValidator(_param)]] = Field(default={})
    define: dict[Identifier, Value] = Field(default={})
    long: Side | None = None
    short: Side | None = None
    take_profit: Levels | None = None
    stop_loss: Levels | None = None
    trailing: Trailing | None = None
    break_even: BreakEven | None = None
    max_bars: Value | None = None
    flat_at: TimeToLeave | None = None
    sessions: Sessions | None = None
    order: Order | None = None
    pyramiding: int = Field(default=1, ge=1, le=MOST_ENTRIES)
    limits: Limits | None = None
    cooldown: Cooldown | None = None
    watch: Annotated[str, BeforeValidator(_timeframe)] | None = None
    delay_seconds: Value | None = None
    delay_filter: str | None = Field(default=None, min_length=1)
    log: str | None = Field(default=None, min_length=1)
    tests: Annotated[list[RuleTest], AfterValidator(fitting)] = Field(default=[])

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
