"""Every message that the platform received, what it said to it, and what it did to the account. Durable, no tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from engine.config import AccountConfig
from engine.paper.books import Books
from engine.paper.entry import Entry, entry_of
from engine.paper.incoming import Incoming
from engine.paper.matching import Account, Candle
from engine.paper.settings import PaperConnector, terms_of
from engine.paper.store import Store
from engine.paper.tables import messages
from engine.paper.writer import Writer

_CAPITAL = Decimal(10_000)


def system_now_ms() -> int:
    """Give the time of this machine in milliseconds UTC."""
    return time.time_ns() // 1_000_000


class Ledger:
    """The one writer of a ledger file; any thread may call. Errors: StoreError.

    What a method returned is on the disk, and so is what a future has as its result. The market's time is that of the
    last candle where candles are pushed, and this machine's where they are `fed` from an exchange.
    """

    def __init__(
        self,
        path: Path,
        connectors: Mapping[str, PaperConnector],
        now_ms: Callable[[], int] = system_now_ms,
        *,
        account: AccountConfig | None = None,
        capital: Decimal = _CAPITAL,
        fed: bool = False,
    ) -> None:
        """Open the file, or make it; a damaged or foreign one is refused. Errors: StoreError, RefusedError."""
        config = account or AccountConfig()
        self.connectors = tuple(connectors)
        self.syncs = config.template == "sync"  # whether messages may carry a position
        self.fed = fed
        self.store = Store(path)
        terms = {name: terms_of(config, known) for name, known in connectors.items()}
        self._books = Books(self.store, terms, capital, now_ms, fed=fed)
        self._writer = Writer(self.store, self._books.write, self._books.forget)

    def accept(self, message: Incoming, fields: Mapping[str, object]) -> Entry:
        """Write a valid message down: accepted, or a duplicate where an order was placed under its id before."""
        return self.accepting(message, fields).result()

    def accepting(self, message: Incoming, fields: Mapping[str, object]) -> Future[Entry]:
        """Give what `accept` gives, later."""
        return self._writer.submit(lambda connection: self._books.accept(connection, message, fields))

    def reject(self, connector: str, fields: Mapping[str, object], reason: str) -> Entry:
        """Write down a message that was refused; `connector` is "" where it is not known."""
        return self.rejecting(connector, fields, reason).result()

    def rejecting(self, connector: str, fields: Mapping[str, object], reason: str) -> Future[Entry]:
        """Give what `reject` gives, later."""
        return self._writer.submit(lambda _: self._books.reject(connector, fields, reason))

    def take_candles(self, connector: str, candles: Sequence[Candle]) -> int:
        """Let closed candles, in order of time, meet the orders of a connector; give how many were new."""
        return self._writer.do(lambda _: self._books.meet(connector, candles))

    def set_steps(self, connector: str, tick: Decimal, lot: Decimal) -> None:
        """Give an account its market's price and amount steps."""
        self._writer.do(lambda _: self._books.set_steps(connector, tick, lot))

    def account(self, connector: str) -> Account:
        """Give an account as it stands now: a copy, as the file has it."""
        return self._writer.do(lambda _: self._books.copy(connector))

    def needs_candles(self, connector: str) -> int | None:
        """Give the time (ms UTC) from which candles are needed; None where nothing is held and nothing waits."""
        return self._writer.do(lambda _: self._books.needs_candles(connector))

    def after(self, sequence: int, limit: int = 1000, connector: str | None = None) -> list[Entry]:
        """Give at most `limit` entries that came after that number, oldest first; after(0) begins with the first."""
        return [entry_of(row) for row in self.rows(messages, "sequence", sequence, limit, connector)]

    def rows(
        self, table: Table, key: str, after: int = 0, limit: int = 1000, connector: str | None = None
    ) -> list[dict[str, Any]]:
        """Give rows of a table whose number comes after one, oldest first."""
        where = [table.c[key] > after]
        if connector is not None:
            where.append(table.c.connector == connector)
        return self.store.read(table, where, key, limit)

    def last_sequence(self) -> int:
        """Give the number of the newest entry; 0 where there is none."""
        return self.store.last(messages.c.sequence)

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()
        self.store.close()
