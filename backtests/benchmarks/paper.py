"""The paper platform under load: ten connectors at once, every fill on the disk. `make bench`.

N messages (the first argument, else 20,000), as fast as ten senders get their answers: each opens a connection, sends
one market order and waits for `ok`. Candles are pushed meanwhile, so that what was ordered fills.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import threading
import time
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from engine.market import MarketKind
from engine.paper.app import PATH
from engine.paper.ledger import Ledger
from engine.paper.process import PaperProcess
from engine.paper.settings import PaperConnector, PaperSettings
from engine.paper.tables import fills

_SENDERS, _TOKEN, _AT_LEAST = 10, "benchmark-token", 500
_A_CANDLE = 100  # messages of a connector between two candles
_KNOWN = {f"connector-{i}": PaperConnector(token=SecretStr(_TOKEN), market=MarketKind.FUTURES) for i in range(_SENDERS)}


def main() -> int:
    """Measure, print, and give 1 where less was reached than is promised."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        settings = PaperSettings(connectors=_KNOWN, ledger=Path(folder) / "ledger.db")
        with PaperProcess(settings) as platform:
            _push(platform.url, 0)
            sizes = [_memory_mb(platform.pid)]
            began = time.perf_counter()
            done = threading.Event()
            market = threading.Thread(target=_candles, args=(platform.url, done))
            senders = [threading.Thread(target=_send, args=(platform.url, name, count // _SENDERS)) for name in _KNOWN]
            for thread in (market, *senders):
                thread.start()
            while any(sender.is_alive() for sender in senders):
                time.sleep(1)
                sizes.append(_memory_mb(platform.pid))
            seconds = time.perf_counter() - began
            done.set()
            market.join()
        ledger = Ledger(settings.ledger, _KNOWN)
        filled = ledger.store.last(fills.c.number)
        ledger.close()
    sent = count // _SENDERS * _SENDERS
    rate, warm = sent / seconds, sizes[len(sizes) // 5]
    print(
        f"{sent:,} messages over {_SENDERS} connectors in {seconds:.1f} s: {rate:.0f} a second; {filled:,} fills kept"
    )
    print(f"memory: {warm:.0f} MB after a fifth, {sizes[-1]:.0f} MB at the end")
    good = rate >= _AT_LEAST and filled == sent
    print(f"{'holds ' if good else 'BROKEN'} at least {_AT_LEAST} a second, every one filled")
    return 0 if good else 1


def _send(url: str, connector: str, count: int) -> None:
    host = urlsplit(url).netloc
    for i in range(count):
        action = "openShort" if i % 2 else "openLong"
        message = {
            "connectorName": connector,
            "connectorToken": _TOKEN,
            "action": action,
            "fixed": "1",
            "clientOrderId": str(i),
        }
        one = http.client.HTTPConnection(host, timeout=30)
        one.request("POST", PATH, json.dumps(message), {"Content-Type": "application/json", "Connection": "close"})
        answer = one.getresponse()
        if answer.read() != b"ok":
            raise SystemExit(f"answered {answer.status}")
        one.close()
        if i % _A_CANDLE == 0:
            _push(url, i + 1, [connector])


def _candles(url: str, done: threading.Event) -> None:
    done.wait()
    _push(url, 10**9)


def _push(url: str, minute: int, names: list[str] | None = None) -> None:
    price = str(Decimal(100))
    candle = {"time_ms": 60_000 * minute, "close_ms": 60_000 * (minute + 1)}
    candle |= dict.fromkeys(("open", "high", "low", "close"), price)  # type: ignore[arg-type]
    for name in names or _KNOWN:
        requests.post(
            f"{url}/api/candles", json={"connector": name, "candles": [candle]}, timeout=30
        ).raise_for_status()


def _memory_mb(pid: int | None) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    sys.exit(main())
