"""Bodies that nobody would send: `make fuzz-paper` judges 100,000 of them (FUZZ=n), the test suite a few hundred.

Each is a message whose fields were changed or taken away, or whose bytes were. The platform must answer with `ok` or a
4xx, never raise, and what it took must be what the page allows, read here by other means.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from random import Random

from engine.paper.ledger import Ledger
from engine.paper.matching import Candle
from engine.paper.reception import Reception
from tests.paper.messages import CONNECTORS, futures, spot

_ACTIONS = {
    "btc-perp": {"openLong", "closeLong", "openShort", "closeShort"},
    "eth-spot": {"buy", "sell"},
}
_CANCELS = {"cancel", "cancelAll", "cancel_all", "cancellAll"}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_TEXTS = ("fixed", "percent", "limit", "profit", "loss", "log", "clientOrderId", "delaySecondsFilter")
_VALUES: tuple[object, ...] = (
    "1", "0", "0.5", "-1", "1e5", "NaN", "Infinity", "", " 1", "1 ", "00.1", "1.", ".1", "\u0661", "9" * 39, "9" * 41,
    "0.00009", "100", "100.1", 1, 0.5, -1, 1e308, 10**30, True, False, None, [], {}, ["1"], {"a": {"b": []}}, "\u0000",
    "\ud83d\ude00", "openLong", "buy", "cancel", "cancellAll", "OPENLONG", "btc-perp", "x" * 3000,
)  # fmt: skip


def body(random: Random) -> bytes:
    """Give one."""
    make = random.choice((futures, spot))
    document = make(random.choice((*_ACTIONS["btc-perp"], *_ACTIONS["eth-spot"], *_CANCELS)))
    for _ in range(random.randrange(5)):
        name = random.choice((*document, *_TEXTS, "delaySeconds", "position", "entryOrder", "fixd"))
        kind = random.randrange(4)
        if kind == 0:
            document.pop(name, None)
        elif kind == 1 and name in _TEXTS:
            document[name] = str(random.choice((1, 50, 100, 0.25, 90)))
        else:
            document[name] = random.choice(_VALUES)
    data = bytearray(json.dumps(document, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass"))
    for _ in range(random.choice((0, 0, 0, 1, 3))):
        at = random.randrange(len(data))
        data[at : at + random.randrange(3)] = bytes([random.randrange(256)])
    return bytes(data)


def fault(data: bytes, reception: Reception) -> str:
    """Say what is wrong with the answer to a body; "" where nothing is."""
    try:
        answer = reception.receive(data)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"raised {error!r}"
    if not answer.accepted:
        return "" if 400 <= answer.status < 500 and answer.error else f"answered {answer.status} {answer.error}"
    return _nonsense(json.loads(data))


def _nonsense(message: dict[str, object]) -> str:
    action, name = message.get("action"), message.get("connectorName")
    known = CONNECTORS.get(str(name))
    if known is None or message.get("connectorToken") != known.token.get_secret_value():
        return "took a stranger's"
    if action not in _ACTIONS[str(name)] | _CANCELS:
        return f"took the action {action!r}"
    for field in _TEXTS:
        if field in message and not isinstance(message[field], str):
            return f"took {field} that is no text"
    for field in _TEXTS[:5]:
        text = str(message.get(field, "1"))
        if not _NUMBER.fullmatch(text) or not float(text) > 0:
            return f"took {field} = {text[:50]!r}"
    if float(str(message.get("percent", 1))) > 100:
        return "took more than 100 %"
    if action == "cancel" and not message.get("clientOrderId"):
        return "took a cancel without an id"
    levels = "profit" in message or "loss" in message
    return "took levels where none can be" if levels and action not in ("openLong", "openShort") else ""


def run(count: int, seed: int, folder: Path) -> tuple[int, list[str]]:
    """Judge that many bodies. Gives how many were taken, and what was wrong."""
    random = Random(seed)  # noqa: S311 - to be repeatable
    ledger = Ledger(folder / "ledger.db", CONNECTORS)
    reception = Reception(CONNECTORS, ledger)
    wrong: list[str] = []
    for i in range(count):
        data = body(random)
        if found := fault(data, reception):
            wrong.append(f"{found}: {data!r}")
        if i % 50 == 0:  # what was taken is carried out, which must not fail either
            for name in CONNECTORS:
                prices = (Candle(i, i + 1, *_prices(random)),)
                ledger.take_candles(name, prices)
    taken = sum(entry.verdict != "rejected" for entry in ledger.after(0, count + 1))
    ledger.close()
    return taken, wrong


def _prices(random: Random) -> list[Decimal]:
    low, *inner, high = sorted(Decimal(random.randrange(1, 200)) for _ in range(4))
    return [inner[0], high, low, inner[1]]


def main() -> int:
    """Run, print, and give 1 where something was wrong."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        taken, wrong = run(count, 1, Path(folder))
    print(f"{count:,} bodies: {taken:,} taken, {count - taken:,} refused, {len(wrong)} answered wrongly")  # noqa: T201
    for line in wrong[:20]:
        print(line[:400])  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
