"""One connector's sender and market: messages and candles by turns, each asked again until it is answered."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from decimal import Decimal

import requests

from engine.paper.app import PATH
from engine.paper.matching import Candle

TOKEN = "kills-token"  # noqa: S105 - no secret
_ACTIONS = ("openLong", "openShort", "closeLong", "closeShort")
_MINUTE_MS, _LOWEST = 60_000, Decimal(50)


class Sender(threading.Thread):
    """Goes on until `ended`. `answered` are the ids that were answered `ok`, `candles` all that were pushed."""

    def __init__(self, connector: str, seed: int, url: Callable[[], str], ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self.connector, self._url, self._ended = connector, url, ended
        self.candles: list[Candle] = []
        self.answered: list[str] = []
        self.asked_again = 0
        self.wrong: list[str] = []
        self._chance = random.Random(f"{connector} {seed}")  # noqa: S311 - not for secrets
        self._price, self._count = Decimal(100), 0

    def run(self) -> None:
        """Push a candle, then a few messages, and so on."""
        while not self._ended.is_set():
            self._push(self._candle())
            for _ in range(self._chance.randrange(6)):
                self._send(self._message())

    def _candle(self) -> Candle:
        moves = [Decimal(self._chance.randrange(-20, 21)) / 10 for _ in range(3)]
        prices = [self._price, *(max(self._price + move, _LOWEST) for move in moves)]
        start, self._price = len(self.candles) * _MINUTE_MS, prices[-1]
        candle = Candle(start, start + _MINUTE_MS, prices[0], max(prices), min(prices), prices[-1])
        self.candles.append(candle)
        return candle

    def _message(self) -> dict[str, object]:
        self._count += 1
        message: dict[str, object] = {"connectorName": self.connector, "connectorToken": TOKEN}
        if self._count > 1 and self._chance.random() < 0.1:
            earlier = str(self._chance.randrange(1, self._count))
            return message | {"action": "cancel", "clientOrderId": earlier}
        action = self._chance.choice(_ACTIONS)
        message |= {"action": action, "clientOrderId": str(self._count), "percent": str(self._chance.randrange(1, 40))}
        if self._chance.random() < 0.4:
            message["limit"] = str(self._price + Decimal(self._chance.randrange(-20, 21)) / 10)
        if action.startswith("open") and self._chance.random() < 0.5:
            away = Decimal(3) if action == "openLong" else Decimal(-3)
            message |= {"profit": str(self._price + away), "loss": str(self._price - away)}
        if self._chance.random() < 0.1:
            message["delaySeconds"] = self._chance.randrange(1, 300)
        return message

    def _send(self, message: dict[str, object]) -> None:
        answer = self._until_answered(PATH, message)
        if answer is None:
            return
        if answer.text != "ok":
            self.wrong.append(f"{message} was answered {answer.status_code}: {answer.text[:200]}")
        elif message["action"] != "cancel":
            self.answered.append(str(message["clientOrderId"]))

    def _push(self, candle: Candle) -> None:
        names = ("open", "high", "low", "close")
        document = {"time_ms": candle.time_ms, "close_ms": candle.close_ms}
        prices = {name: str(getattr(candle, name)) for name in names}
        answer = self._until_answered("/api/candles", {"connector": self.connector, "candles": [document | prices]})
        if answer is not None and not answer.ok:
            self.wrong.append(f"a candle was answered {answer.status_code}: {answer.text[:200]}")

    def _until_answered(self, path: str, document: object) -> requests.Response | None:
        while not self._ended.is_set():
            try:
                return requests.post(
                    self._url() + path,
                    data=json.dumps(document),
                    headers={"Content-Type": "application/json"},
                    timeout=10,
                )
            except requests.RequestException:
                self.asked_again += 1
                time.sleep(0.02)
        return None
