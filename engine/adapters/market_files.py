"""The list of an exchange's markets on the disk, for a start at which the exchange does not give it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FORMAT = 1
_LEFT_OUT = {"info"}  # what the exchange said word for word: large, and read by none of our questions


class MarketsFile:
    """One file for one exchange, written as a whole; a copy that is damaged counts as none."""

    def __init__(self, path: Path, exchange: str) -> None:
        """Read and write `path`, which need not be there yet."""
        self.path, self._exchange = path, exchange

    def read(self) -> tuple[list[dict[str, Any]], int] | None:
        """Give the markets as ccxt has them, and when they were written (ms UTC); None where there is no whole copy."""
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
            told = json.loads(head)
            whole = told["format"] == _FORMAT and told["exchange"] == self._exchange
            if not whole or told["sha256"] != hashlib.sha256(body).hexdigest():
                return None
            return list(json.loads(body)), int(told["written_ms"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, markets: Mapping[str, Mapping[str, Any]], now_ms: int) -> str:
        """Put these markets in the place of what was kept. Gives why it could not be done, "" where it was."""
        kept = [{k: v for k, v in market.items() if k not in _LEFT_OUT} for market in markets.values()]
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            body = json.dumps(kept, separators=(",", ":"), default=str).encode()
            head = {"format": _FORMAT, "exchange": self._exchange, "written_ms": now_ms}
            head["sha256"] = hashlib.sha256(body).hexdigest()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(json.dumps(head).encode() + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            return str(error)
        return ""
