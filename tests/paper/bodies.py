"""Bodies that nobody would send: messages whose fields, or whose bytes, were changed."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.paper.messages import OTHER_TOKEN, TOKEN

_FUTURES, _SPOT = ("openLong", "closeLong", "openShort", "closeShort"), ("buy", "sell")
_CANCELS = ("cancel", "cancelAll", "cancel_all", "cancellAll")
_NUMBERS = ("fixed", "percent", "limit", "profit", "loss")
_FIELDS = (
    "connectorName", "connectorToken", "action", *_NUMBERS, "log", "clientOrderId", "delaySeconds",
    "delaySecondsFilter", "position", "entryOrder", "maxWaitPositionReversalSeconds", "fixd", "Percent", "symbol", "",
)  # fmt: skip
_VALUES: tuple[object, ...] = (
    "1", "0", "0.5", "-1", "+1", "1e5", "NaN", "Infinity", "", " 1", "1 ", "1\n", "00.1", "1.", ".1", "1.2.3", "1,5",
    "0x1", "\u0661", "\uff11", "1_000", "9" * 39, "9" * 41, "0." + "0" * 39 + "1", "0." + "0" * 41 + "1", "0.00009",
    "100", "100.1", "100." + "0" * 39 + "1", 1, 0, -0.0, 0.5, -1, 1e308, 10**30, 10**9, 10**9 + 1, True, False, None,
    [], {}, ["1"], {"a": {"b": []}}, "\u0000", "\ud83d\ude00", "\ud83d", "openLong", "buy", "cancel", "cancellAll",
    "OPENLONG", "btc-perp", "eth-spot", TOKEN + " ", "x" * 3000, "long", "flat", "percent", "notional",
)  # fmt: skip
_RAW = (
    b"NaN", b"-Infinity", b"1e999", b"-0", b"01", b"1.", b"0x10", b"'1'", b'"\\ud800"', b'"\\u0000"', b"1" * 5000,
    b"[" * 300 + b"]" * 300, b"undefined", b"tru", b'"\xff"', b'"\n"', b"1e-400", b"0.1e1",
)  # fmt: skip


def body(random: Random) -> bytes:
    """Give one. About a third are messages as the page allows them."""
    message = _position(random) if random.random() < 0.2 else _order(random)
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 4))):
        _change(message, random)
    return _written(message, random)


def _order(random: Random) -> dict[str, Any]:
    spot = random.random() < 0.4
    action = random.choice((*(_SPOT if spot else _FUTURES), *(_CANCELS if random.random() < 0.3 else ())))
    message: dict[str, Any] = {**_sender(spot), "action": action}
    if random.random() < 0.4:
        message["clientOrderId"] = random.choice(("a", "b", f"id{random.randrange(10**6)}"))
    if action == "cancel":
        message["clientOrderId"] = random.choice(("a", "b"))
    if action not in _CANCELS:
        if random.random() < 0.8:
            message[random.choice(("fixed", "percent"))] = str(random.choice((1, 50, 100, 0.25, 90, 0.1)))
        levels = sorted(random.sample(range(50, 150), 3), reverse=action == "openShort")
        for name, level in zip(("loss", "limit", "profit"), levels, strict=True):
            if random.random() < 0.4 and (name == "limit" or action in ("openLong", "openShort")):
                message[name] = str(level)
    return _with_words(message, random)


def _position(random: Random) -> dict[str, Any]:
    message: dict[str, Any] = _sender(random.random() < 0.2)
    sides = [random.choice(("long", "short", "flat")) for _ in range(2)]
    sizes = ["0" if side == "flat" else random.choice(("1", "2", "0.5")) for side in sides]
    message["position"] = {"side": sides[0], "size": sizes[0], "prev_side": sides[1], "prev_size": sizes[1]}
    if sides[0] != "flat" or random.random() < 0.3:
        mode = random.choice(("fixed", "percent", "notional"))
        message["entryOrder"] = {"value": random.choice(("1", "50", "100")), "mode": mode}
    if random.random() < 0.2:
        message["maxWaitPositionReversalSeconds"] = random.choice((0, 5, 1.5))
    for part in ("position", "entryOrder"):
        if random.random() < 0.1 and part in message:
            _change(message[part], random)
    return _with_words(message, random)


def _sender(spot: bool) -> dict[str, Any]:
    name, token = ("eth-spot", OTHER_TOKEN) if spot else ("btc-perp", TOKEN)
    return {"connectorName": name, "connectorToken": token}


def _with_words(message: dict[str, Any], random: Random) -> dict[str, Any]:
    if random.random() < 0.3:
        message["log"] = random.choice(("Buy", "slow", "", "\u2600 up", "a\nb"))
    if random.random() < 0.2:
        message["delaySeconds"] = random.choice((0, 1, 5, 0.25, 90))
        if random.random() < 0.5:
            message["delaySecondsFilter"] = random.choice(("slow", "Buy"))
    return message


def _change(message: dict[str, Any], random: Random) -> None:
    name = random.choice((*message, *_FIELDS)) if message else "action"
    kind = random.randrange(6)
    if kind == 0:
        message.pop(name, None)
    elif kind == 1:
        message[name] = message.pop(random.choice(tuple(message)), "1") if message else "1"
    elif kind == 2 and isinstance(message.get(name), str):
        message[name] = random.choice((str.upper, str.strip, lambda text: text + " ", lambda text: text[:-1]))(
            message[name]
        )
    elif kind == 3 and name in _NUMBERS:
        message[name] = str(random.choice((1, 50, 100, 0.25, 90)))
    else:
        message[name] = random.choice(_VALUES)


def _written(message: dict[str, Any], random: Random) -> bytes:
    indent = random.choice((None, None, None, 2))
    text = json.dumps(message, ensure_ascii=random.random() < 0.5, indent=indent).encode("utf-8", "surrogatepass")
    chance = random.random()
    if chance < 0.05 and message:  # one value as no serialiser would write it
        name = random.choice((*message, *("delaySeconds",) * 3))
        parts = {key: json.dumps(value).encode() for key, value in message.items()} | {name: random.choice(_RAW)}
        text = b"{" + b",".join(json.dumps(key).encode() + b":" + value for key, value in parts.items()) + b"}"
    elif chance < 0.08 and message:  # a field twice, perhaps in other letters
        name = random.choice(tuple(message))
        key = random.choice((json.dumps(name), '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"'))
        text = (
            text.rstrip()[:-1]
            + b","
            + key.encode()
            + b":"
            + json.dumps(random.choice(("1", message[name]))).encode()
            + b"}"
        )
    elif chance < 0.11:
        wrap = (b"[%s]", b"\xef\xbb\xbf%s", b"%s null", b" \r\n\t%s\n", b"\x0b%s")
        text = random.choice(wrap) % text
    elif chance < 0.12:
        text = text.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-32", "utf-16-le")))
    data = bytearray(text)
    for _ in range(random.choice((0,) * 8 + (1, 3)) if data else 0):
        at = random.randrange(len(data))
        data[at : at + random.randrange(3)] = bytes([random.randrange(256)])
    return bytes(data[: random.randrange(len(data))] if random.random() < 0.01 and data else data)
