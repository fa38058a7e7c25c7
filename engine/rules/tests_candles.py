"""The shape of the candles of a rule file's `tests`: read from a CSV, listed, or made of stretches of closes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from engine.rules.shapes import Shape, Strict, reader

MOST_BARS = 100_000

Price = Annotated[float, Field(gt=0, le=1e15)]
Percent = Annotated[float, Field(ge=0, lt=100)]


class Piece(Strict):
    """Some closes: all at one `value`, or on a straight line from the close before them `to` another."""

    value: Price | None = Field(default=None, description="Every close of this piece.", examples=[100])
    to: Price | None = Field(default=None, description="The last close; a straight line leads there.", examples=[80])
    bars: int = Field(default=1, ge=1, le=MOST_BARS, description="How many candles.", examples=[20])
    swing_percent: Percent = Field(
        default=0.0, description="Closes stand above and below by turns, by that much: a market that breathes."
    )

    @property
    def end(self) -> float:
        """The price at which the piece ends."""
        return self.value if self.value is not None else self.to or 0.0

    @model_validator(mode="after")
    def _one(self) -> Piece:
        if (self.value is None) == (self.to is None):
            raise ValueError("give either value or to, such as {value: 100, bars: 50} or {to: 80, bars: 20}")
        return self


class Before(Strict):
    """The quiet market before the first candle, as long as the rule's warm-up."""

    value: Price | None = Field(default=None, description="Its price; else the first close (or open) written.")
    swing_percent: Percent = Field(default=0.0, description="Closes above and below it by turns.", examples=[1])


def _piece(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"value": value}
    if not isinstance(value, dict | Piece):
        raise ValueError("expected a price, or a piece such as {to: 80, bars: 20}")
    return value


def _pieces(value: object) -> object:
    return [Piece.model_validate(value)] if isinstance(value, dict) else value


def _candle(value: object) -> tuple[float, ...]:
    """Read [open, high, low, close] or [open, high, low, close, volume]."""
    numbers = value if isinstance(value, list) and len(value) in (4, 5) else []
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise ValueError("expected [open, high, low, close], and a volume if wanted: [100, 103, 99, 102]")
    found = tuple(map(float, numbers))
    opened, high, low, close = found[:4]
    if not 0 < low <= min(opened, close) <= max(opened, close) <= high <= 1e15:
        raise ValueError("is no candle: open and close lie between low and high, and all are above 0")
    if len(found) == 5 and not 0 <= found[4] <= 1e15:
        raise ValueError("the volume must be 0 or more")
    return found


Candle = Annotated[tuple[float, ...], PlainValidator(_candle)]


def _candles(value: object) -> str | list[tuple[float, ...]]:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    if not isinstance(value, list) or not value:
        raise ValueError("expected the path of a CSV, or a list of [open, high, low, close]")
    found: list[tuple[float, ...]] = reader(list[Candle]).validate_python(value)
    return found


Pieces = Annotated[
    list[Annotated[Piece, BeforeValidator(_piece)]],
    BeforeValidator(_pieces),
    Field(min_length=1),
    Shape(list[Price | Piece] | Piece),
]
Candles = Annotated[
    str | list[tuple[float, ...]],
    PlainValidator(_candles),
    Shape(str | Annotated[list[Annotated[list[float], Field(min_length=4, max_length=5)]], Field(min_length=1)]),
]


def _feed(value: object) -> str | list[Piece]:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    pieces: list[Piece] = reader(Pieces).validate_python(value)
    if pieces[0].value is None:
        raise ValueError("the first piece has no close before it to start from; begin with a price")
    if sum(piece.bars for piece in pieces) > MOST_BARS:
        raise ValueError(f"these are over {MOST_BARS} candles")
    return pieces


Feed = Annotated[str | list[Piece], PlainValidator(_feed), Shape(str | list[Price | Piece] | Piece)]
