"""One message of the webhook, validated when it is made, written as the exact JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TypeGuard

from engine.errors import InvalidMessageError
from engine.market import MarketKind
from engine.webhook.action import Action
from engine.webhook.numbers import number_text

Body = dict[str, str | int | float]

_ID = re.compile(r"[A-Za-z0-9._:/-]{1,36}")
_POSITIVE = ("fixed", "percent", "limit", "profit", "loss")
LONGEST_DELAY_S = 86_400
_MOST_DIGITS = 28  # of Decimal's own arithmetic; more is a float's binary expansion, Decimal(0.1)


@dataclass(frozen=True, slots=True)
class Message:
    """An order for the platform. Prices and amounts are Decimals; absent ones are None.

    It holds neither connector name nor token: the same decision is the same message whoever receives it.
    Errors: InvalidMessageError with everything that is wrong, by the field's name in the JSON.
    """

    market: MarketKind
    action: Action
    fixed: Decimal | None = None
    percent: Decimal | None = None
    limit: Decimal | None = None
    profit: Decimal | None = None
    loss: Decimal | None = None
    log: str | None = None
    client_order_id: str | None = None
    delay_seconds: int | float | None = None
    delay_seconds_filter: str | None = None

    def __post_init__(self) -> None:
        """Refuse a message that must not be sent."""
        faults: dict[str, str] = {}
        for field, fault in (*self._numbers(), *self._action(), *self._levels(), *self._texts()):
            faults.setdefault(field, fault)
        if faults:
            raise InvalidMessageError(faults)

    def body(self) -> Body:
        """Give the fields as the JSON has them, in the order of the platform's table; absent ones are left out."""
        fields: dict[str, str | int | float | None] = {
            "action": str(self.action),
            **{name: _text(getattr(self, name)) for name in _POSITIVE},
            "log": self.log,
            "clientOrderId": self.client_order_id,
            "delaySeconds": _shortest(self.delay_seconds),
            "delaySecondsFilter": self.delay_seconds_filter,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def json(self) -> str:
        """Give `body` as compact JSON: these bytes are what backtest and live are compared by."""
        return json.dumps(self.body(), separators=(",", ":"), ensure_ascii=False)

    def _numbers(self) -> Iterator[tuple[str, str]]:
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and (fault := _number_fault(value)):
                yield name, fault
        if _sound(self.percent) and self.percent > 100:
            yield "percent", f"is {self.percent}; the most is 100"
        if self.fixed is not None and self.percent is not None:
            yield "percent", "stands beside 'fixed', which would silently win; give one of them"

    def _action(self) -> Iterator[tuple[str, str]]:
        action = self.action
        if action.market not in (None, self.market):
            allowed = [str(a) for a in Action if a.market in (None, self.market)]
            yield (
                "action",
                f"'{action}' does not exist on a {self.market} market; there are {', '.join(allowed)}",
            )
        if action.opens and self.fixed is None and self.percent is None:
            yield (
                "percent",
                f"'{action}' needs a size, fixed or percent: without one the platform takes 100 %",
            )
        if action is Action.CANCEL and not self.client_order_id:
            yield "clientOrderId", "'cancel' needs the id of the order to cancel"
        if action.cancels:
            for name in (*_POSITIVE, "delay_seconds", "delay_seconds_filter"):
                if getattr(self, name) is not None:
                    yield _JSON_NAMES.get(name, name), f"has no meaning for '{action}'"
            if action is Action.CANCEL_ALL and self.client_order_id:
                yield "clientOrderId", "has no meaning for 'cancelAll'; did you mean 'cancel'?"

    def _levels(self) -> Iterator[tuple[str, str]]:
        for name in ("profit", "loss"):
            if getattr(self, name) is None:
                continue
            if self.market is MarketKind.SPOT:
                yield name, "exists on futures only; on spot, send a 'sell' when the price is reached"
            elif not self.action.opens:
                yield name, f"belongs to an order that opens, not to '{self.action}'"
        ladder = [("loss", self.loss), ("limit", self.limit), ("profit", self.profit)]
        if self.action is Action.OPEN_SHORT:
            ladder.reverse()
        present = [(name, price) for name, price in ladder if _sound(price)]
        if self.action.opens:
            for (low_name, low), (high_name, high) in pairwise(present):
                if low >= high:
                    fault = (
                        f"is {number_text(high)}; for {self.action} it must be above '{low_name}' ({number_text(low)})"
                    )
                    yield high_name, fault

    def _texts(self) -> Iterator[tuple[str, str]]:
        if self.client_order_id is not None and not _ID.fullmatch(self.client_order_id):
            yield "clientOrderId", "takes 1 to 36 letters, digits and . _ : / -"
        delay = self.delay_seconds
        if delay is not None and not _whole_milliseconds(delay):
            yield (
                "delaySeconds",
                f"is {delay}; it must be a number of seconds from 0 to {LONGEST_DELAY_S}, to the millisecond",
            )
        for name, text in (("log", self.log), ("delaySecondsFilter", self.delay_seconds_filter)):
            if text is not None and not _encodable(text):
                yield name, "holds half a surrogate pair, which no JSON on the wire can carry"
        if self.delay_seconds_filter is not None:
            if delay is None:
                yield "delaySecondsFilter", "needs 'delaySeconds' beside it"
            if not self.delay_seconds_filter:
                yield "delaySecondsFilter", "is empty, and so would match every log"


_JSON_NAMES = {"delay_seconds": "delaySeconds", "delay_seconds_filter": "delaySecondsFilter"}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else number_text(value)


def _shortest(seconds: int | float | None) -> int | float | None:
    """Write 5.0 as 5, so that equal delays are equal bytes."""
    return int(seconds) if seconds is not None and seconds == int(seconds) else seconds


def _sound(value: Decimal | None) -> TypeGuard[Decimal]:
    return value is not None and not _number_fault(value)


def _number_fault(value: object) -> str:
    if not isinstance(value, Decimal):
        return f"is {value!r}, a {type(value).__name__}; prices and amounts are Decimals, which 'plain' makes"
    if not (value.is_finite() and value > 0):
        return f"is {value}; it must be above 0"
    if len(value.as_tuple().digits) > _MOST_DIGITS or abs(value.adjusted()) > _MOST_DIGITS:
        return f"is {value:.5e} with over {_MOST_DIGITS} digits; round it to the tick or lot"
    return ""


def _whole_milliseconds(seconds: object) -> bool:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return 0 <= seconds <= LONGEST_DELAY_S and round(seconds, 3) == seconds


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
