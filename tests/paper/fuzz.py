"""Bodies that nobody would send: `make fuzz-paper` judges 100,000 of them (FUZZ=n), the test suite a few hundred.

Most are judged in this process, some over HTTP. The platform must take exactly what the page allows, which an oracle
says that shares no code with it, understand of it what the oracle does, and refuse the rest with a 4xx, never raising.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random

import requests

from engine.config import AccountConfig
from engine.market import MarketKind
from engine.paper.app import PATH
from engine.paper.entry import Entry
from engine.paper.ledger import Ledger
from engine.paper.matching import Candle
from engine.paper.reception import Reception
from tests.paper.bodies import body
from tests.paper.messages import CONNECTORS
from tests.paper.oracle import Connector, NonsenseError, Reading, reading
from tests.paper.platform import Platform

KNOWN = {
    name: Connector(known.token.get_secret_value(), known.market is MarketKind.SPOT)
    for name, known in CONNECTORS.items()
}
_AT_ONCE = 100  # then a candle


@dataclass
class Figures:
    """What was seen: bodies by what was said to them, those over HTTP, and what was wrong."""

    said: Counter[str] = field(default_factory=Counter)
    over_http: int = 0
    wrong: list[str] = field(default_factory=list)


def read(data: bytes, *, syncs: bool) -> Reading | str:
    """Give what the oracle reads, or why it is nonsense."""
    try:
        return reading(data, KNOWN, syncs=syncs)
    except NonsenseError as why:
        return str(why)


class InProcess:
    """Judges bodies by the hundred; what is taken is carried out on candles, which must not fail either."""

    def __init__(self, folder: Path, template: str, figures: Figures, random: Random) -> None:
        account = AccountConfig.model_validate({"template": template})
        self.syncs, self.figures, self.random = template == "sync", figures, random
        self.ledger = Ledger(folder / "ledger.db", CONNECTORS, account=account)
        self.reception = Reception(CONNECTORS, self.ledger)
        self.placed: set[tuple[str, str]] = set()
        self.minute = self.read = 0

    def judge(self, bodies: list[bytes]) -> None:
        """Judge some, and look at what the ledger has of them."""
        began_ms = self.minute
        try:
            answers = [self.reception.judge(data) for data in bodies]
            entries = [answer.kept.result() for answer in answers]
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.figures.wrong.append(f"raised {error!r} at one of {bodies!r}")
            return
        for data, answer, entry in zip(bodies, answers, entries, strict=True):
            sense = read(data, syncs=self.syncs)
            self.figures.said[str(entry.verdict) if answer.answer.accepted else str(answer.answer.status)] += 1
            if fault := self._fault(sense, answer.answer.status, entry, began_ms):
                self.figures.wrong.append(f"{fault}: {data!r}")
        for name in CONNECTORS:
            self.ledger.take_candles(name, [Candle(self.minute, self.minute + 1, *_prices(self.random))])
        self.minute += 1

    def _fault(self, sense: Reading | str, status: int, entry: Entry, market_ms: int) -> str:
        if isinstance(sense, str):
            return f"took nonsense ({sense})" if status == 200 else "" if 400 <= status < 500 else f"answered {status}"
        if status != 200:
            return f"refused sense with {status} ({entry.reason})"
        key = (sense.connector, sense.client_order_id or "")
        again = sense.places and key[1] != "" and key in self.placed
        if sense.places:
            self.placed.add(key)
        size = None if entry.size is None else Fraction(entry.size)
        understood = (entry.connector, entry.action, entry.size_kind, size, entry.client_order_id, entry.verdict)
        meant = (sense.connector, sense.action, sense.size_kind, sense.size, sense.client_order_id)
        hidden = any(connector.token in key[1] for connector in KNOWN.values())  # a token is kept nowhere
        if understood != (*meant, "duplicate" if again else "accepted") and not hidden:
            return f"understood {understood} for {meant}"
        if not again and not hidden and abs(Fraction(entry.acts_ms or 0) - market_ms - sense.delay_s * 1000) > 1:
            return f"acts at {entry.acts_ms}, {float(sense.delay_s)} s after {market_ms}"
        return ""


def over_http(count: int, random: Random, folder: Path, figures: Figures) -> None:
    """Send some to a running platform: no error may be logged, and all of it must be readable afterwards."""
    platform, records = Platform(folder, AccountConfig(template="sync")), _Records()
    logging.getLogger().addHandler(records)
    platform.start()
    try:
        with requests.Session() as session:
            for data in (body(random) for _ in range(count)):
                answer = session.post(
                    platform.url + PATH, data=data, headers={"Content-Type": "application/json"}, timeout=10
                )
                sense = read(data, syncs=True)
                taken = (answer.status_code, answer.text) == (200, "ok")
                refused = 400 <= answer.status_code < 500 and bool(answer.json()["error"])
                if taken == isinstance(sense, str) or not (taken or refused):
                    figures.wrong.append(f"HTTP {answer.status_code} {answer.text[:200]} to {sense}: {data!r}")
                figures.over_http += 1
                figures.said["accepted" if taken else str(answer.status_code)] += 1
        kept, after = 0, 0
        while page := platform.entries(after):
            kept, after = kept + len(page), page[-1]["sequence"]
        if kept != count:
            figures.wrong.append(f"{kept} of {count} messages can be read afterwards")
    finally:
        platform.stop()
        logging.getLogger().removeHandler(records)
    figures.wrong += records.told


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"logged: {record.getMessage()}")


def run(count: int, seed: int, folder: Path) -> Figures:
    """Judge that many bodies, one in 50 over HTTP."""
    random, figures = Random(seed), Figures()  # noqa: S311 - to be repeatable
    there = count // 50
    rest = count - there
    for template, part in (("signals", rest // 2), ("sync", rest - rest // 2)):
        (folder / template).mkdir()
        judge = InProcess(folder / template, template, figures, random)
        for at in range(0, part, _AT_ONCE):
            judge.judge([body(random) for _ in range(min(_AT_ONCE, part - at))])
        judge.ledger.close()
    over_http(there, random, folder, figures)
    return figures


def _prices(random: Random) -> list[Decimal]:
    low, *inner, high = sorted(Decimal(random.randrange(1, 200)) for _ in range(4))
    return [inner[0], high, low, inner[1]]


def main() -> int:
    """Run, print, and give 1 where something was wrong."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(count, int(sys.argv[2]) if len(sys.argv) > 2 else 1, Path(folder))
    said = ", ".join(f"{n:,} {what}" for what, n in figures.said.most_common())
    print(f"{count:,} bodies, {figures.over_http:,} of them over HTTP: {said}; {len(figures.wrong)} wrong")  # noqa: T201
    print(f"in {time.monotonic() - began:,.0f} s")  # noqa: T201
    for line in figures.wrong[:20]:
        print(line[:2000])  # noqa: T201
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
