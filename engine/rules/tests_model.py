"""The shape of a rule file's `tests`: candles, and the messages that must come of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from engine.documents import faults_at
from engine.documents.nodes import Path
from engine.market import MarketKind, Timeframe
from engine.market.moment import read_moment
from engine.rules.overrides import override_fault
from engine.rules.shapes import Strict
from engine.rules.tests_candles import MOST_BARS, Before, Candles, Feed, Percent, Pieces, Price

_LAST_START_MS = 4_102_444_800_000  # 2100-01-01

FuturesAction = Literal["openLong", "closeLong", "openShort", "closeShort", "cancel", "cancelAll"]
SpotAction = Literal["buy", "sell", "cancel", "cancelAll"]
_ACTIONS = {MarketKind.FUTURES: get_args(FuturesAction), MarketKind.SPOT: get_args(SpotAction)}


def _start(value: object) -> int:
    moment = read_moment(value)
    if not 0 <= moment <= _LAST_START_MS:
        raise ValueError(f"'{value}' is not between 1970 and 2100")
    return moment


def _number(value: object) -> Decimal:
    """Take a number, or a text of one; a test compares to the digits that are written."""
    try:
        number = Decimal("nan" if isinstance(value, bool) else str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ValueError(f"'{value}' is not a number")
    return number


Moment = Annotated[int, BeforeValidator(_start), WithJsonSchema({"type": "string", "examples": ["2024-01-31T12:00"]})]
Number = Annotated[Decimal, PlainValidator(_number), WithJsonSchema({"type": ["number", "string"]})]


class Expected(Strict):
    """A message that must be sent. Only what is written is compared, numbers to the digits that are written."""

    bar: int | None = Field(default=None, ge=0, description="Decided when this candle closed; the first one is 0.")
    at: Moment | None = Field(default=None, description="The same by the time (UTC) at which that candle opened.")
    action: Literal["openLong", "closeLong", "openShort", "closeShort", "buy", "sell", "cancel", "cancelAll"]
    fixed: Number | None = None
    percent: Number | None = None
    limit: Number | None = None
    profit: Number | None = None
    loss: Number | None = None
    log: str | None = None
    delay_seconds: Number | None = Field(default=None, alias="delaySeconds")
    delay_seconds_filter: str | None = Field(default=None, alias="delaySecondsFilter")

    @model_validator(mode="after")
    def _one_place(self) -> Expected:
        if self.bar is not None and self.at is not None:
            raise ValueError("give either bar or at")
        return self


def _message(value: object) -> object:
    if not isinstance(value, str | dict):
        raise ValueError("expected a message, such as {bar: 12, action: openLong}")
    return {"action": value} if isinstance(value, str) else value


class RuleTest(Strict):
    """Candles, and the messages that the rule must send on them: these, in this order, and no others."""

    name: str = Field(min_length=1, description="What the test shows.", examples=["a flat market never trades"])
    closes: Pieces | None = Field(
        default=None,
        description="Candles by their closes: a number is one, {value: 100, bars: 50} a flat stretch, {to: 80, bars: "
        "20} a straight line. Each opens at the close before it.",
        examples=[[{"value": 100, "bars": 50}, {"to": 80, "bars": 20}]],
    )
    candles: Candles | None = Field(
        default=None,
        description="The path of a CSV of candles, from where this file stands; or a list of [open, high, low, close].",
        examples=["tests/dip.csv", [[100, 103, 99, 102]]],
    )
    before: Before = Field(
        default=Before(),
        description="The market before the first candle; as many candles as the warm-up are put there.",
    )
    start: Moment | None = Field(default=None, description="When the first candle opens (UTC); else 2024-01-01.")
    wick_percent: Percent = Field(default=0.0, description="How far made candles reach beyond open and close.")
    volume: float = Field(default=1.0, ge=0, le=1e15, description="Of each made candle.")
    tick: Price | None = Field(default=None, ge=1e-10, description="Price step; else 0.01, or as fine as is written.")
    lot: Price | None = Field(default=None, description="Amount step; else amounts are not rounded.")
    feeds: dict[str, Feed] = Field(
        default={},
        description="Candles of other symbols that the rule looks at: the path of a CSV, or closes.",
        examples=[{"BTC/USDT": [100, {"to": 90, "bars": 20}]}],
    )
    params: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        default={}, description="Values instead of the parameters' defaults.", examples=[{"length": 10}]
    )
    expect: list[Annotated[Expected, BeforeValidator(_message)]] = Field(
        description="The messages, all of them; [] for none.", examples=[[], [{"bar": 12, "action": "openLong"}]]
    )

    @property
    def bars(self) -> int | None:
        """How many candles are written; None where a CSV holds them."""
        if self.closes is not None:
            return sum(piece.bars for piece in self.closes)
        return len(self.candles) if isinstance(self.candles, list) else None

    def prices(self) -> Iterator[tuple[Path, float]]:
        """Give every price that is written, with its place."""
        if self.before.value is not None:
            yield ("before", "value"), self.before.value
        for i, piece in enumerate(self.closes or ()):
            for name, price in (("value", piece.value), ("to", piece.to)):
                if price is not None:
                    yield ("closes", i, name), price
        for i, row in enumerate(self.candles if isinstance(self.candles, list) else ()):
            for k, price in enumerate(row[:4]):
                yield ("candles", i, k), price

    @model_validator(mode="after")
    def _makes_sense(self) -> RuleTest:
        if faults := list(self._faults()):
            raise faults_at(faults)
        return self

    def _faults(self) -> Iterator[tuple[Path, str]]:
        if (self.closes is None) == (self.candles is None):
            yield (), "a test needs candles: give either 'closes' or 'candles'"
        if isinstance(self.candles, str):
            for name in ("before", "start", "wick_percent", "volume"):
                if name in self.model_fields_set:
                    yield (name,), f"'{name}' is for made candles; those of a CSV are as they are"
            for symbol, feed in self.feeds.items():
                if not isinstance(feed, str):
                    yield ("feeds", symbol), "beside the candles of a CSV, give the path of another"
        if self.closes and self.closes[0].to is not None and self.before.value is None:
            yield ("closes", 0), "the first piece has no close before it to start from; begin with a price"
        if self.bars is not None and self.bars > MOST_BARS:
            yield ("closes" if self.closes else "candles",), f"these are {self.bars} candles; the most is {MOST_BARS}"
        step = Decimal(repr(self.tick)) if self.tick is not None else None
        for path, price in self.prices():
            if step is not None and Decimal(repr(price)) % step:
                yield path, f"{price:.10g} does not stand on the tick of {self.tick:.10g}"
        yield from self._places()

    def _places(self) -> Iterator[tuple[Path, str]]:
        last = 0
        for i, message in enumerate(self.expect):
            if message.bar is None:
                continue
            if self.bars is not None and message.bar >= self.bars:
                yield ("expect", i, "bar"), f"there is no candle {message.bar}; the last of these is {self.bars - 1}"
            if message.bar < last:
                yield ("expect", i, "bar"), f"stands after candle {last}; messages stand in the order of their sending"
            last = message.bar


def fitting(tests: list[RuleTest], info: ValidationInfo) -> list[RuleTest]:
    """Check tests against the rule file that they stand in: its market, timeframe and parameters.

    A pydantic validator of the field `tests`, which comes after the fields that it looks at.
    """
    faults: list[tuple[Path, str]] = []
    for i, test in enumerate(tests):
        faults += [((i, *path), fault) for path, fault in _misfits(test, info.data)]
        if test.name in (earlier.name for earlier in tests[:i]):
            faults.append(((i, "name"), f"another test is called '{test.name}'"))
    if faults:
        raise faults_at(faults)
    return tests


def _misfits(test: RuleTest, rule: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    market, timeframe, params = rule.get("market"), rule.get("timeframe"), rule.get("params")
    if isinstance(params, dict):
        for name, value in test.params.items():
            if fault := override_fault(name, value, params):
                yield ("params", name), fault
    if isinstance(market, MarketKind):
        for i, message in enumerate(test.expect):
            if message.action not in _ACTIONS[market]:
                known = ", ".join(_ACTIONS[market])
                yield ("expect", i, "action"), f"a {market} rule never sends '{message.action}'; it sends {known}"
    if isinstance(timeframe, str):
        moments: list[tuple[Path, int | None]] = [(("start",), test.start)]
        moments += [(("expect", i, "at"), message.at) for i, message in enumerate(test.expect)]
        for path, moment in moments:
            if moment is not None and Timeframe.parse(timeframe).floor(moment) != moment:
                yield path, f"no {timeframe} candle opens then"
