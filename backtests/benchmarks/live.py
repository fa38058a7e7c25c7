"""500 routes of one timeframe on one machine, and a start of 50: how soon they have decided, and in how much memory.

An exchange in another process answers each request after 20 ms. Its candles go through ccxt's real class, the engine
and a real store on this disk, fully synchronised. A candle has arrived when the exchange has sent it; it is decided
when its state, watermark, messages and journal are on the disk. `python -m backtests.benchmarks.live [BARS]`, a minute
each.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from engine.adapters.ccxt_market import CcxtMarket
from engine.adapters.clocks import SystemClock
from engine.adapters.sql_store import SqlStore
from engine.decisions import Costs
from engine.delivery import Row
from engine.live import LiveEngine, Outcome, RouteSpec, Session
from engine.market import Timeframe
from engine.ports import Notice, RouteRecord
from engine.rules import read_rule
from tests.servers.exchange import ccxt_options

ROUTES, STARTED, ANSWER_S = 500, 50, 0.02
MINUTE = Timeframe.parse("1m")
RULE = """\
name: ema
market: futures
timeframe: 1m
define: {fast: "ta.ema(close, 9)", slow: "ta.ema(close, 21)"}
long: {enter: "ta.crossover(fast, slow)", exit: "ta.rsi(close, 14) > 75"}
short: {enter: "ta.crossunder(fast, slow)", exit: "ta.rsi(close, 14) < 25"}
stop_loss: {percent: 2}
take_profit: {percent: 3}
order: {size: {percent: 10}}
"""


def exchange(channel: Any) -> None:
    """Answer until the process is ended; on "sent" give when the newest candle of each symbol was sent."""
    asyncio.run(_exchange(channel))


async def _exchange(channel: Any) -> None:
    sent: dict[str, dict[int, float]] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                url = urlsplit(head.split(b" ", 2)[1].decode())
                query = dict(parse_qsl(url.query))
                await asyncio.sleep(ANSWER_S)
                answer, newest = _truth(url.path, query)
                body = json.dumps(answer).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                if newest:
                    sent.setdefault(query["symbol"], {}).setdefault(newest, time.monotonic())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1_000)
    channel.send(server.sockets[0].getsockname()[1])
    async with server:
        while await asyncio.to_thread(channel.recv) == "sent":
            channel.send(sent)


def _truth(path: str, query: dict[str, str]) -> tuple[object, int]:
    now_ms = time.time_ns() // 1_000_000
    if path.endswith("/time"):
        return {"serverTime": now_ms}, 0
    if path.endswith("/exchangeInfo"):
        return {"symbols": [_symbol(n) for n in range(ROUTES)]} if "fapi" in path else {"symbols": []}, 0
    first, limit = int(query["startTime"]), int(query["limit"])
    times = range(first, min(now_ms, first + (limit - 1) * 60_000) + 1, 60_000)
    closed = [t for t in times if t + 60_000 <= now_ms]
    return [_kline(query["symbol"], t) for t in times], closed[-1] if closed else 0


def _symbol(n: int) -> object:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "100000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "9000", "stepSize": "0.001"},
    ]
    names = {"symbol": f"S{n}USDT", "pair": f"S{n}USDT", "baseAsset": f"S{n}", "quoteAsset": "USDT"}
    more = {"status": "TRADING", "contractType": "PERPETUAL", "deliveryDate": 4133404800000, "marginAsset": "USDT"}
    return names | more | {"pricePrecision": 2, "quantityPrecision": 3, "filters": filters}


def _kline(symbol: str, t: int) -> object:
    minute, shift = t // 60_000, sum(map(ord, symbol))
    opened, close = (round(100 + 3 * np.sin((minute + shift + k) / 7.3), 2) for k in (0, 1))
    high, low = max(opened, close) + 0.05, min(opened, close) - 0.05
    return [t, str(opened), f"{high:.2f}", f"{low:.2f}", str(close), "5", t + 59_999, "0", 1, "0", "0", "0"]


class Stopwatch:
    """Takes down when each bar of each route was durable."""

    def __init__(self) -> None:
        self.durable: dict[tuple[str, int], float] = {}
        self.ready_at: list[float] = []
        self.messages = 0

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:  # noqa: ARG002
        self.ready_at.append(time.monotonic())

    def stepped(self, session: Session, outcome: Outcome) -> None:
        name = session.symbol.split("/", maxsplit=1)[0] + "USDT"
        self.durable[name, int(outcome.bar.time[0])] = time.monotonic()
        self.messages += len(outcome.rows)

    def voided(self, session: Session, row: Row) -> None: ...
    def waiting(self, route: str, error: Exception, pause_ms: int) -> None:  # noqa: ARG002
        print(f"  waiting: {route}: {error}")

    def noticed(self, notice: Notice) -> None:
        print(f"  {notice.kind}: {notice.about}: {notice.text}")


async def routes_of_one_timeframe(url: str, channel: Any, bars: int) -> str:
    """Run 500 routes over so many minutes."""
    rule, watch = read_rule(RULE, "ema"), Stopwatch()
    specs = [RouteSpec(f"S{n}/USDT:USDT", f"c{n}", rule) for n in range(ROUTES)]
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(Path(folder) / "state.db")
        market = CcxtMarket("binanceusdm", ccxt_options(url) | {"timeout": 30_000})
        engine = LiveEngine(specs, {"": market}, store, Costs(), SystemClock(), watch, lambda: None)
        begun = time.monotonic()
        await engine.tick()
        ready = time.monotonic() - begun
        end = (time.time() // 60 + bars) * 60 + 55
        while time.time() < end:
            await engine.tick()
            await asyncio.sleep(1 - time.time() % 1)
        await market.close()
        store.close()
    channel.send("sent")
    sent = await asyncio.to_thread(channel.recv)
    spans: list[float] = []
    lasts: list[float] = []
    for bar in sorted({bar for _, bar in watch.durable}):
        of_bar = [(sent[n][bar], done) for (n, b), done in watch.durable.items() if b == bar and bar in sent[n]]
        if len(of_bar) < ROUTES:
            continue
        spans += [done - came for came, done in of_bar]
        lasts.append(max(done for _, done in of_bar) - max(came for came, _ in of_bar))
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    p99 = statistics.quantiles(spans, n=100)[98]
    return (
        f"{ROUTES} routes of one timeframe, {len(lasts)} bars, {watch.messages} messages: from a candle's arrival "
        f"to its durable decision median {statistics.median(spans) * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, at most "
        f"{max(spans) * 1e3:.0f} ms; from the last candle's arrival to the last decision at most "
        f"{max(lasts) * 1e3:.0f} ms; {resident:.0f} MB resident; first start of all in {ready:.1f} s"
    )


def start_of_50(url: str) -> str:
    """Start the real command with 50 routes twice; the second time everything is warm."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rule.yaml").write_text(RULE)
        connectors = {
            f"c{n}": {"url": "http://127.0.0.1:1/trading-signal/webhook", "name": f"c{n}", "token": "abcdefgh"}
            for n in range(STARTED)
        }
        routes = [{"strategy": "rule.yaml", "symbol": f"S{n}/USDT:USDT", "connector": f"c{n}"} for n in range(STARTED)]
        config = {"mode": "paper", "state": "state.db", "connectors": connectors, "routes": routes}
        config["exchange"] = {"id": "binanceusdm", "options": ccxt_options(url) | {"rateLimit": 1}}
        (folder / "config.yaml").write_text(json.dumps(config))
        spent = [_ready(folder) for _ in range(2)]
    return f"{STARTED} routes: ready {spent[0]:.1f} s after the first start, {spent[1]:.1f} s after a warm one"


def _ready(folder: Path) -> float:
    begun, count = time.monotonic(), 0
    command = [sys.executable, "-m", "engine", "run", "--config", str(folder / "config.yaml"), "--accept-fingerprint"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    said = []
    for line in process.stderr or ():
        said.append(line)
        count += "route starts" in line or "route continues" in line
        if count == STARTED:
            break
    spent = time.monotonic() - begun
    process.terminate()
    process.communicate()
    if count < STARTED:
        sys.exit("".join(said))
    return spent


def main() -> None:
    """Print the figures."""
    bars = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=exchange, args=(theirs,), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    print(start_of_50(url))
    print(asyncio.run(routes_of_one_timeframe(url, ours, bars)))
    process.terminate()


if __name__ == "__main__":
    main()
