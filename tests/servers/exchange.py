"""An exchange on loopback for ccxt's real `binance`, `binanceusdm` and `coinbaseexchange`, with faults on demand.

In a test: `with ExchangeServer(now_ms=lambda: ...) as server: CcxtMarket("binance", ccxt_options(server.url))`.
By itself: `python -m tests.servers.exchange --port 0 --speed 60`, which prints its address.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers import coinbase
from tests.servers.binance import BadRequest, Candles, exchange_info, from_sample, klines, ticker

COINBASE = "/coinbase"  # its answers stand below this path
_NONE: Mapping[str, str] = {}


@dataclass
class Trouble:
    """What goes wrong with the next `times` requests (None: all) whose path contains `path`."""

    path: str = ""
    status: int = 200
    body: str | None = None  # answered instead of the truth; None answers the truth (after the delay)
    reset: bool = False
    delay_s: float = 0.0
    times: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ExchangeServer:
    """The server, in a thread of its own; a context manager. `requests` counts by path."""

    def __init__(self, candles: Candles | None = None, now_ms: Callable[[], int] | None = None, port: int = 0) -> None:
        self.candles = candles or from_sample()
        self.now_ms = now_ms or (lambda: int(time.time() * 1_000))
        self.requests: Counter[str] = Counter()
        self.troubles: list[Trouble] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._http = _Http(self, port)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> ExchangeServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def trouble(self, trouble: Trouble) -> None:
        """Let this go wrong from now on."""
        with self._lock:
            self.troubles.append(trouble)

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self.troubles.clear()

    def next_trouble(self, path: str) -> Trouble | None:
        """Count a request, and tell what is to go wrong with it."""
        with self._lock:
            self.requests[path] += 1
            for trouble in self.troubles:
                if trouble.path in path and trouble.times != 0:
                    trouble.times = None if trouble.times is None else trouble.times - 1
                    return trouble
        return None


def ccxt_options(base_url: str) -> dict[str, Any]:
    """Give the options of ccxt's constructor that send `binance` or `binanceusdm` to this server, for both markets."""
    return _to({"public": f"{base_url}/api/v3", "fapiPublic": f"{base_url}/fapi/v1"})


def coinbase_options(base_url: str) -> dict[str, Any]:
    """Give the options of ccxt's constructor that send `coinbaseexchange` to this server."""
    return _to({"public": f"{base_url}{COINBASE}", "private": f"{base_url}{COINBASE}"})


def _to(api: dict[str, str]) -> dict[str, Any]:
    return {
        "urls": {"api": api},
        "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot", "linear"]}},
        "rateLimit": 1,
        "timeout": 5_000,
        "timeout_on_exit": 10,
    }


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, exchange: ExchangeServer, port: int) -> None:
        self.exchange = exchange
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        exchange = self.server.exchange
        url = urlsplit(self.path)
        trouble = exchange.next_trouble(url.path) or Trouble()
        if trouble.delay_s:
            exchange.stopping.wait(trouble.delay_s)
        if trouble.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        if trouble.body is not None or trouble.status != 200:
            self._answer(trouble.status, trouble.body or "", trouble.headers)
            return
        try:
            self._answer(200, json.dumps(self._truth(url.path, dict(parse_qsl(url.query)))))
        except BadRequest as refusal:
            self._answer(400, json.dumps(refusal.body))

    def _truth(self, path: str, query: dict[str, str]) -> object:
        exchange, now_ms = self.server.exchange, self.server.exchange.now_ms()
        if path.startswith(f"{COINBASE}/"):
            return coinbase.answer(path.removeprefix(COINBASE), query, exchange.candles, now_ms)
        venue, what = "/".join(path.split("/")[:3]), "/".join(path.split("/")[3:])
        if venue not in ("/api/v3", "/fapi/v1"):
            raise BadRequest(-1000, f"{path} is not served here")
        if what == "time":
            return {"serverTime": now_ms}
        if what == "exchangeInfo":
            return exchange_info(venue, now_ms)
        if what == "ticker/24hr":
            return ticker(venue, query, exchange.candles, now_ms)
        if what == "klines":
            return klines(venue, query, exchange.candles, now_ms)
        raise BadRequest(-1000, f"{path} is not served here")

    def _answer(self, status: int, body: str, headers: Mapping[str, str] = _NONE) -> None:
        data = body.encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if body[:1] in ("{", "[") else "text/html")
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the other side gave up waiting

    def log_message(self, *_: object) -> None:
        """Say nothing: the output belongs to the tests."""


def main() -> None:
    """Serve the sample market until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.exchange")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start-ms", type=int, default=None, help="what its clock shows at the start (default: now)")
    parser.add_argument("--speed", type=float, default=1.0, help="seconds of its clock for one of ours")
    given = parser.parse_args()
    begun = time.monotonic()
    start_ms = given.start_ms if given.start_ms is not None else int(time.time() * 1_000)

    def now_ms() -> int:
        return int(start_ms + given.speed * (time.monotonic() - begun) * 1_000)

    with ExchangeServer(from_sample(given.seed), now_ms, given.port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
