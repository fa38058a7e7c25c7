"""What the JSON API gives and takes. Decimals are texts, times are ms UTC, sides are 1 and -1."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, WithJsonSchema, model_validator

MOST_CANDLES = 10_000
_LATEST_MS = 10**14


_NUMBER = "[0-9]{1,20}(\\.[0-9]{1,20})?"


def _exact(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(f"-?{_NUMBER}", value):
        raise ValueError('prices and rates are plain decimal texts, such as "0.00009", as a JSON number is not exact')
    return value


Price = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(gt=0),
    WithJsonSchema({"type": "string", "pattern": f"^{_NUMBER}$", "examples": ["0.00009"]}),
]
Rate = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(gt=-1, lt=1),
    WithJsonSchema({"type": "string", "pattern": f"^-?{_NUMBER}$", "examples": ["0.0001"]}),
]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CandleDocument(_Given):
    """A closed candle: when it opens, and when it has closed. `funding` is the rate that falls due in it."""

    time_ms: StrictInt = Field(ge=0, le=_LATEST_MS)
    close_ms: StrictInt = Field(gt=0, le=_LATEST_MS)
    open: Price
    high: Price
    low: Price
    close: Price
    funding: Rate | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not (self.low <= min(self.open, self.close) and max(self.open, self.close) <= self.high):
            raise ValueError("open and close must lie between low and high")
        if self.time_ms >= self.close_ms:
            raise ValueError("close_ms must be after time_ms")
        return self


class CandlesDocument(_Given):
    """Candles of one connector, oldest first; what came already is passed over."""

    connector: str = Field(min_length=1)
    candles: list[CandleDocument] = Field(max_length=MOST_CANDLES)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for i in range(1, len(self.candles)):
            if self.candles[i].time_ms < self.candles[i - 1].close_ms:
                raise ValueError(f"candle {i} opens before the one before it has closed")
        return self


class DetailDocument(BaseModel):
    """Why a request was refused."""

    detail: str


def no_such(status: int, description: str) -> dict[int | str, dict[str, Any]]:
    """Give what OpenAPI says of a refusal by the API."""
    return {status: {"description": description, "model": DetailDocument}}


NO_BODY = no_such(400, "The body cannot be read") | no_such(413, "The body is too long")


class TakenDocument(BaseModel):
    """How many of the candles were new."""

    taken: int


class BalanceDocument(BaseModel):
    """What an account is worth. `price` is the last close, None before any candle."""

    connector: str
    time_ms: int | None
    price: str | None
    cash: str
    equity: str
    available: str


class PositionDocument(BaseModel):
    """What is held."""

    connector: str
    side: int
    quantity: str
    entry_price: str
    unrealised: str


class OrderDocument(BaseModel):
    """An order and what became of it."""

    connector: str
    number: int
    message: int
    client_order_id: str | None
    kind: str
    side: int
    opens: bool
    quantity: str
    price: str | None
    profit: str | None
    loss: str | None
    parent: int | None
    filled: str
    average: str | None
    status: str
    reason: str
    placed_ms: int
    done_ms: int | None


class FillDocument(BaseModel):
    """A fill; `profit` is what a close gained before fees."""

    number: int
    connector: str
    order: int
    message: int
    time_ms: int
    side: int
    opens: bool
    price: str
    quantity: str
    fee: str
    maker: bool
    profit: str
    kind: str


class FundingDocument(BaseModel):
    """What was paid for holding; below 0 what was received."""

    number: int
    connector: str
    time_ms: int
    price: str
    rate: str
    amount: str
