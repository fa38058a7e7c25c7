"""A running platform, and what a sender, a reader and a market do with it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from pathlib import Path
from typing import Any

import requests
import uvicorn
from pydantic import SecretStr

from engine.config import AccountConfig
from engine.paper.app import PATH, create_app
from engine.paper.drill import Drill
from engine.paper.ledger import Ledger
from tests.paper.messages import CONNECTORS


class _Server(uvicorn.Server):
    """uvicorn that starts and stops within milliseconds: its own looks every tenth of a second."""

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:
            await asyncio.sleep(0.005)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.01)  # what has ended is still to be closed


class Platform:
    """The app under uvicorn in a thread, and what a sender and a reader do with it."""

    def __init__(
        self,
        folder: Path,
        account: AccountConfig | None = None,
        *,
        drill: Drill | None = None,
        api_token: SecretStr | None = None,
    ) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.sqlite", CONNECTORS, account=account)
        self.candle_count = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_app(CONNECTORS, self.ledger, drill=drill, api_token=api_token),
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self.server = _Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]}, daemon=True)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.answers: list[str] = []

    def post(self, document: object = None, *, data: bytes | None = None, kind: str = "application/json") -> Any:
        body = json.dumps(document).encode() if data is None else data
        answer = requests.post(self.url + PATH, data=body, headers={"Content-Type": kind}, timeout=10)
        self.answers.append(answer.text + str(answer.headers))
        return answer

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/api/messages", params={"after": after}, timeout=10)
        self.answers.append(answer.text)
        entries: list[dict[str, Any]] = answer.json()["messages"]
        return entries

    def candle(self, opened: float, high: float, low: float, close: float, connector: str = "btc-perp") -> None:
        """Let the next minute's candle meet the orders."""
        start = 60_000 * self.candle_count
        self.candle_count += 1
        names = ("open", "high", "low", "close")
        prices = {name: str(price) for name, price in zip(names, (opened, high, low, close), strict=True)}
        candle = {"time_ms": start, "close_ms": start + 60_000, **prices}
        answer = requests.post(
            f"{self.url}/api/candles", json={"connector": connector, "candles": [candle]}, timeout=10
        )
        assert answer.status_code == 200, answer.text

    def still(self, price: float, connector: str = "btc-perp") -> None:
        """Let a candle that stands at one price meet the orders."""
        self.candle(price, price, price, price, connector)

    def read(self, what: str, connector: str = "btc-perp") -> list[dict[str, Any]]:
        """Read orders, fills, positions or balances of a connector."""
        answer = requests.get(f"{self.url}/api/{what}", params={"connector": connector}, timeout=10)
        found: list[dict[str, Any]] = answer.json()[what]
        return [row for row in found if row["connector"] == connector]

    def last(self) -> dict[str, Any]:
        return self.entries()[-1]

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.listener.close()
        self.ledger.close()
