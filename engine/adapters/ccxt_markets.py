"""The markets that an exchange of ccxt lists: from the exchange, or from the last whole copy on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Any

from engine.adapters.ccxt_errors import FROM_CCXT, as_ours
from engine.adapters.market_files import MarketsFile
from engine.errors import MarketDataError, MarketDataUnavailableError
from engine.ports import Notice, NoticeKind, Tell

AGAIN_S = 60.0  # after a start from the disk, how often the exchange is asked
_ASKED_AGAIN = "; it will be asked again"


class Markets:
    """Loaded when they are first asked for. While they are from the disk, the exchange is asked again beside."""

    def __init__(self, exchange: Any, file: MarketsFile | None, tell: Tell, again_s: float = AGAIN_S) -> None:
        """Load into `exchange`, which is ccxt's."""
        self._exchange, self._file, self._tell, self._again_s = exchange, file, tell, again_s
        self._loading = asyncio.Lock()
        self._degraded = False
        self._tried = float("-inf")
        self._beside: asyncio.Task[None] | None = None

    async def all(self) -> dict[str, dict[str, Any]]:
        """Give them by symbol. Errors: MarketDataError."""
        if not self._exchange.markets:
            async with self._loading:  # all routes ask at once; one loads, and keeps the copy
                await self._load_first()
        elif self._degraded and self._beside is None and time.monotonic() - self._tried >= self._again_s:
            self._beside = asyncio.create_task(self._restore())
        return self._exchange.markets or {}

    async def close(self) -> None:
        """Ask no more."""
        if self._beside is not None:
            self._beside.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beside

    async def _load_first(self) -> None:
        if self._exchange.markets:
            return
        try:
            await self._load()
        except MarketDataUnavailableError as error:
            if not self._from_disk(error):
                raise

    async def _load(self, *, again: bool = False) -> None:
        self._tried = time.monotonic()
        name, before = self._exchange.id, self._exchange.markets
        try:
            markets = await self._exchange.load_markets(again)
        except FROM_CCXT as error:
            raise as_ours(name, error) from error
        if not markets:
            self._exchange.markets_loading = None  # ccxt would keep the empty answer for good
            self._exchange.markets = before
            raise MarketDataUnavailableError(f"{name}: it lists no markets at all{_ASKED_AGAIN}")
        if self._file is not None and (why := self._file.write(markets, int(time.time() * 1_000))):
            self._tell(Notice(NoticeKind.NOT_KEPT, name, f"a start without the exchange will lack them: {why}"))

    def _from_disk(self, error: MarketDataError) -> bool:
        """Take the copy, where there is a whole one. Gives whether there was."""
        found = None if self._file is None else self._file.read()
        if found is None:
            return False
        markets, written_ms = found
        self._exchange.set_markets(markets)
        self._degraded = True
        at = datetime.fromtimestamp(written_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")
        self._tell(Notice(NoticeKind.DEGRADED, self._exchange.id, f"as of {at} UTC; {error}"))
        return True

    async def _restore(self) -> None:
        try:
            await self._load(again=True)
        except MarketDataError:
            return  # said already
        finally:
            self._beside = None
        self._degraded = False
        self._tell(Notice(NoticeKind.RESTORED, self._exchange.id, "ticks and lots are today's"))
