"""Every message that the platform received, what it said to it, and what it did to the account. Durable, no tokens."""

from __future__ import annotations

import json
import time
from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, update

from engine.config import AccountConfig
from engine.paper.books import read_account, write_account
from engine.paper.entry import Entry, Verdict, entry_of
from engine.paper.incoming import Incoming, read
from engine.paper.matching import Account, Candle, meet, place
from engine.paper.settings import PaperConnector, terms_of
from engine.paper.store import Store, first_under
from engine.paper.tables import messages, waiting
from engine.paper.writer import Writer
from engine.webhook import number_text

_CAPITAL = Decimal(10_000)


def system_now_ms() -> int:
    """Give the time of this machine in milliseconds UTC."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class _Book:
    """An account and the messages that wait for their moment: (when, number, message), in this order."""

    account: Account
    waiting: list[tuple[int, int, Incoming]] = field(default_factory=list)


class Ledger:
    """The one writer of a ledger file; any thread may call. What a method returned is on disk. Errors: StoreError.

    An account is a function of its messages and its candles in order of time. The market's time is that of the last
    candle where candles are pushed, and this machine's where they are `fed` from an exchange.
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
        self._config = account or AccountConfig()
        self._terms = {name: terms_of(self._config, known) for name, known in connectors.items()}
        self._now_ms, self._capital, self.fed = now_ms, capital, fed
        self._books: dict[str, _Book] = {}
        self._changed: set[str] = set()
        self.store = Store(path)
        self._writer = Writer(self.store, self._write_accounts, self._forget)

    @property
    def syncs(self) -> bool:
        """Whether messages may carry a position."""
        return self._config.template == "sync"

    def accept(self, message: Incoming, fields: Mapping[str, object]) -> Entry:
        """Write a valid message down: accepted, or a duplicate where an order was placed under its id before."""
        return self._writer.do(lambda connection: self._accept(connection, message, fields))

    def reject(self, connector: str, fields: Mapping[str, object], reason: str) -> Entry:
        """Write down a message that was refused; `connector` is "" where it is not known."""
        ident = fields.get("clientOrderId")
        values = {
            "connector": connector,
            "action": str(fields.get("action", "")),
            "client_order_id": ident if isinstance(ident, str) else None,
            "fields": dict(fields),
            "verdict": Verdict.REJECTED,
            "reason": reason,
        }
        return self._writer.do(lambda connection: self._write(connection, **values))

    def take_candles(self, connector: str, candles: Sequence[Candle]) -> int:
        """Let closed candles, in order of time, meet the orders of a connector; give how many were new."""
        return self._writer.do(lambda connection: self._meet(connection, connector, candles))

    def set_steps(self, connector: str, tick: Decimal, lot: Decimal) -> None:
        """Give an account its market's price and amount steps."""
        self._terms[connector] = replace(self._terms[connector], tick=tick, lot=lot)

        def renew(_connection: Connection) -> None:
            self._book(connector).account.terms = self._terms[connector]
            self._changed.add(connector)

        self._writer.do(renew)

    def account(self, connector: str) -> Account:
        """Give an account as it stands now: a copy, as the file has it."""
        return self._writer.do(lambda _: read_account(self.store, connector, self._terms[connector], self._capital))

    def needs_candles(self, connector: str) -> int | None:
        """Give the time (ms UTC) from which candles are needed; None where nothing is held and nothing waits."""

        def look(_connection: Connection) -> int | None:
            book = self._book(connector)
            account = book.account
            if account.orders or any(account.sides()):
                return account.time_ms
            return book.waiting[0][0] if book.waiting else None

        return self._writer.do(look)

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

    @property
    def connectors(self) -> tuple[str, ...]:
        """The names of all connectors."""
        return tuple(self._terms)

    def last_sequence(self) -> int:
        """Give the number of the newest entry; 0 where there is none."""
        return self.store.last(messages.c.sequence)

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()
        self.store.close()

    def _accept(self, connection: Connection, message: Incoming, fields: Mapping[str, object]) -> Entry:
        book, ident = self._book(message.connector), message.client_order_id
        cancels = message.cancels or message.target is not None
        first = None if cancels or ident is None else first_under(connection, message.connector, ident)
        market_ms = self._now_ms() if self.fed else book.account.time_ms or 0
        acts_ms = market_ms + round(message.delay_s * 1000)
        entry = self._write(
            connection,
            connector=message.connector,
            action="position" if message.action is None else str(message.action),
            client_order_id=ident,
            fields=dict(fields),
            size_kind=None if message.size_kind is None else str(message.size_kind),
            size=None if message.size is None else number_text(message.size),
            verdict=Verdict.ACCEPTED if first is None else Verdict.DUPLICATE,
            reason="" if first is None else _reason(entry_of(first), fields),
            acts_ms=acts_ms if first is None else None,
        )
        if first is not None:
            return entry
        insort(book.waiting, (acts_ms, entry.sequence, message), key=lambda one: one[:2])
        if book.account.time_ms is not None:
            self._carry_out(connection, message.connector, book.account.time_ms)
        return entry

    def _meet(self, connection: Connection, connector: str, candles: Sequence[Candle]) -> int:
        account, fresh = self._book(connector).account, 0
        for candle in candles:
            if account.time_ms is not None and candle.time_ms < account.time_ms:
                continue
            if account.price is None:
                account.price = candle.open  # nothing else is known by which the first orders could be sized
            self._carry_out(connection, connector, candle.time_ms)
            meet(account, candle)
            fresh += 1
        if fresh:
            self._changed.add(connector)
        return fresh

    def _carry_out(self, connection: Connection, connector: str, until_ms: int) -> None:
        """Do what the messages ask for whose moment has come."""
        book = self._book(connector)
        due = bisect_right(book.waiting, until_ms, key=lambda one: one[0])
        for acts_ms, sequence, message in book.waiting[:due]:
            became = place(book.account, message, sequence, acts_ms)
            connection.execute(update(messages).where(messages.c.sequence == sequence).values(became=became))
            self._changed.add(connector)
        del book.waiting[:due]

    def _book(self, connector: str) -> _Book:
        if connector not in self._books:
            terms = self._terms[connector]
            account = read_account(self.store, connector, terms, self._capital)
            rows = self.store.read(messages, [waiting, messages.c.connector == connector])
            due = [(row["acts_ms"] or 0, row["sequence"], self._again(connector, row)) for row in rows]
            self._books[connector] = _Book(account, sorted(due, key=lambda one: one[:2]))
        return self._books[connector]

    def _again(self, connector: str, row: Mapping[str, Any]) -> Incoming:
        """Read a message that waits as it was read when it came."""
        fields = {**json.loads(row["fields"]), "connectorName": connector, "connectorToken": "(known)"}
        return read(fields, self._terms[connector].market, syncs=row["action"] == "position")

    def _write_accounts(self, connection: Connection) -> None:
        for connector in self._changed:
            account = self._books[connector].account
            write_account(connection, connector, account, account.take_changes())
        self._changed.clear()

    def _forget(self) -> None:
        """Read the accounts anew: what was done to them was not kept."""
        self._books.clear()
        self._changed.clear()

    def _write(self, connection: Connection, **values: Any) -> Entry:
        row = {"time_ms": self._now_ms(), **values, "fields": json.dumps(values["fields"])}
        row["verdict"] = str(row["verdict"])
        result = connection.execute(insert(messages).values(**row).returning(messages))
        return entry_of(dict(result.mappings().one()))


def _reason(first: Entry, fields: Mapping[str, object]) -> str:
    names = sorted({*first.fields, *fields})
    differing = [name for name in names if first.fields.get(name) != fields.get(name)]
    difference = f", but with another {', '.join(differing)}" if differing else ""
    return f"clientOrderId was used by message {first.sequence}{difference}"
