"""`make kills-paper`: the platform is killed under load, again and again, and its accounts are computed anew."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from engine.config import AccountConfig
from engine.market import MarketKind
from engine.paper.ledger import Ledger
from engine.paper.process import PaperProcess
from engine.paper.settings import PaperConnector, PaperSettings, terms_of
from engine.paper.tables import fills
from tests.faults.paper.audit import audit
from tests.faults.paper.sender import TOKEN, Sender

SENDERS, LONGEST_LIFE_S = 5, 0.6
ACCOUNT = AccountConfig(commission_percent=0.05, maker_percent=0.02, leverage=3, maintenance_percent=0.5)
KNOWN = {
    f"c{n}": PaperConnector(token=SecretStr(TOKEN), market=MarketKind.FUTURES, tick=Decimal("0.1"), lot=Decimal("0.01"))
    for n in range(SENDERS)
}


@dataclass
class Figures:
    """What was seen."""

    kills: int = 0
    answered: int = 0
    asked_again: int = 0
    candles: int = 0
    filled: int = 0
    wrong: list[str] = field(default_factory=list)


def run(kills: int, seed: int) -> Figures:
    """Kill the platform so many times on one ledger, while five senders go on; then compute all of it anew."""
    chance, ended = random.Random(seed), threading.Event()  # noqa: S311 - not for secrets
    with tempfile.TemporaryDirectory() as folder:
        settings = PaperSettings(connectors=KNOWN, ledger=Path(folder) / "ledger.db", account=ACCOUNT)
        platform = PaperProcess(settings)
        senders = [Sender(name, seed, lambda: platform.url, ended) for name in KNOWN]
        figures = Figures()
        try:
            platform.start()
            for sender in senders:
                sender.start()
            for _ in range(kills):
                time.sleep(chance.uniform(0, LONGEST_LIFE_S))
                os.kill(platform.pid or 0, signal.SIGKILL)
                platform.stop()
                figures.kills += 1
                platform.start()
            time.sleep(LONGEST_LIFE_S)
        finally:
            ended.set()
            for sender in senders:
                sender.join(30)
            platform.stop()
        ledger = Ledger(settings.ledger, KNOWN, account=ACCOUNT)
        for sender in senders:
            terms = terms_of(ACCOUNT, KNOWN[sender.connector])
            figures.wrong += audit(ledger, sender, terms, settings.capital)
            figures.answered += len(sender.answered)
            figures.asked_again += sender.asked_again
            figures.candles += len(sender.candles)
        figures.filled = ledger.store.last(fills.c.number)
        ledger.close()
    return figures


def main() -> int:
    """Print the figures; give 1 where something is wrong."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    figures = run(kills, seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for what in figures.wrong[:20]:
        print(what)
    print(
        f"{figures.kills:,} kills under load: {figures.answered:,} orders answered ok, {figures.candles:,} candles, "
        f"{figures.filled:,} fills, {figures.asked_again:,} requests asked again; {len(figures.wrong)} wrong"
    )
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
