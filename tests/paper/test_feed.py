from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.config import ExchangeConfig
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS
from engine.paper.feed import Feed
from engine.paper.incoming import read
from engine.paper.ledger import Ledger
from engine.paper.matching import Candle
from engine.paper.tables import fills
from tests.paper.messages import CONNECTORS, futures
from tests.servers.binance import from_sample
from tests.servers.exchange import ExchangeServer, ccxt_options

NOW_MS = SAMPLE_START_MS + 86_400_000 + 10_000
KNOWN = {"btc-perp": CONNECTORS["btc-perp"].model_copy(update={"symbol": "BTC/USDT:USDT", "exchange": ""})}


def until(what: Callable[[], bool], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, f"not within {within_s} s"
        time.sleep(0.02)


@contextmanager
def fed(ledger: Ledger, exchange: ExchangeConfig, *, tickers: bool = False) -> Iterator[None]:
    feed = Feed(ledger, KNOWN, {"": exchange}, look_every_s=0.02, tickers=tickers)
    feed.start()
    yield
    feed.stop()


def test_orders_meet_the_exchanges_own_candles(tmp_path: Path) -> None:
    """The next public minute after a message fills its order, at that candle's open, by the market's own steps."""
    now = [NOW_MS]
    with ExchangeServer(from_sample(), lambda: now[0]) as exchange:
        ledger = Ledger(tmp_path / "ledger.sqlite", KNOWN, lambda: now[0], fed=True)
        settings = ExchangeConfig(id="binanceusdm", options=ccxt_options(exchange.url))
        with fed(ledger, settings):
            until(lambda: ledger.account("btc-perp").price is not None)
            ledger.accept(read(futures(fixed="0.01", clientOrderId="a"), KNOWN["btc-perp"].market), {"fixed": "0.01"})
            time.sleep(0.1)
            assert ledger.after(0)[0].became is None
        now[0] += 300_000
        with fed(ledger, settings):  # what was missed meanwhile is fetched: the order fills in its own minute
            until(lambda: ledger.account("btc-perp").long.quantity > 0)
        (fill,) = ledger.rows(fills, "number")
        bars = from_sample()("BTC/USDT:USDT", Timeframe.parse("1m"), fill["time_ms"], fill["time_ms"])
        assert fill["time_ms"] == NOW_MS + 50_000
        assert float(fill["price"]) == float(bars.open[0])
        assert ledger.account("btc-perp").terms.tick > 0
        ledger.close()


def test_orders_meet_tickers(tmp_path: Path) -> None:
    """By tickers an order fills at the next look, at its price; minutes that nobody looked at are met as candles."""
    now = [NOW_MS]
    with ExchangeServer(from_sample(), lambda: now[0]) as exchange:
        ledger = Ledger(tmp_path / "ledger.sqlite", KNOWN, lambda: now[0], fed=True)
        settings = ExchangeConfig(id="binanceusdm", options=ccxt_options(exchange.url))
        minute = Timeframe.parse("1m")
        with fed(ledger, settings, tickers=True):
            until(lambda: (ledger.account("btc-perp").time_ms or 0) >= NOW_MS)
            ledger.accept(read(futures(fixed="0.01"), KNOWN["btc-perp"].market), {"fixed": "0.01"})
            until(lambda: ledger.account("btc-perp").long.quantity > 0)
        (fill,) = ledger.rows(fills, "number")
        assert 0 <= fill["time_ms"] - NOW_MS < 20_000  # in the minute of the message, not in the next
        forming = from_sample()("BTC/USDT:USDT", minute, minute.floor(NOW_MS), minute.floor(NOW_MS))
        low, high = sorted((float(forming.open[0]), float(forming.close[0])))
        assert low <= float(fill["price"]) <= high
        missed = from_sample()("BTC/USDT:USDT", minute, NOW_MS, NOW_MS + 600_000)
        level = float(missed.low[1:8].min())
        ledger.accept(
            read(futures(fixed="0.01", limit=str(level), clientOrderId="l"), KNOWN["btc-perp"].market),
            {"limit": str(level)},
        )
        now[0] += 600_000  # nobody looks for ten minutes; then the order is found to have been met
        with fed(ledger, settings, tickers=True):
            until(lambda: (ledger.account("btc-perp").time_ms or 0) >= now[0])
        (_, limit) = ledger.rows(fills, "number")
        assert float(limit["price"]) == level
        assert limit["time_ms"] in missed.time[:9]
        ledger.close()


def test_a_killed_platform_goes_on_where_it_was(tmp_path: Path) -> None:
    """kill -9 with an order waiting, one open and a position: all three are there again, and fill as if nothing was."""
    path = tmp_path / "ledger.sqlite"
    code = (
        "import os, pathlib, sys\n"
        "from tests.paper.test_feed import *\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]), KNOWN)\n"
        "stand(ledger, 0, 100)\n"
        "send(ledger, fixed='3', profit='120', loss='80')\n"
        "send(ledger, fixed='2', limit='90')\n"
        "stand(ledger, 1, 100)\n"
        "send(ledger, fixed='1', delaySeconds=90)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    ledger = Ledger(path, KNOWN)
    assert ledger.account("btc-perp").long.quantity == 3
    for minute, price in ((2, 95), (3, 95), (4, 90), (5, 80)):
        stand(ledger, minute, price)
        if minute == 4:
            assert ledger.account("btc-perp").long.quantity == 6
    booked = [(row["time_ms"], row["opens"], row["price"], row["quantity"]) for row in ledger.rows(fills, "number")]
    assert booked == [
        (60_000, 1, "100", "3"),
        (240_000, 1, "90", "1"),
        (240_000, 1, "90", "2"),
        (300_000, 0, "80", "3"),
    ]
    ledger.close()


def stand(ledger: Ledger, minute: int, price: int) -> None:
    at = Decimal(price)
    ledger.take_candles("btc-perp", [Candle(60_000 * minute, 60_000 * (minute + 1), at, at, at, at)])


def send(ledger: Ledger, **fields: Any) -> None:
    ledger.accept(read(futures(**fields), KNOWN["btc-perp"].market), {"action": "openLong", **fields})
