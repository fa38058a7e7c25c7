"""The connectors' accounts and what waits for its moment. All of it belongs to the writer's thread.

An account is a function of its messages and its candles in order of time.
"""

from __future__ import annotations

import json
from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from engine.paper.accounts import read_account
from engine.paper.batch import Batch
from engine.paper.entry import Entry, Verdict, entry_of
from engine.paper.incoming import Incoming, read
from engine.paper.matching import Account, AccountTerms, Candle, meet, place
from engine.paper.store import Store
from engine.paper.tables import messages, waiting
from engine.webhook import number_text


@dataclass(slots=True)
class _Book:
    """An account and the messages that wait for their moment: (when, number, message), in this order."""

    account: Account
    waiting: list[tuple[int, int, Incoming]] = field(default_factory=list)


class Books:
    """What the ledger's file says, gone on with in memory; `write` brings the file up to it. Errors: StoreError."""

    def __init__(
        self, store: Store, terms: Mapping[str, AccountTerms], capital: Decimal, now_ms: Callable[[], int], *, fed: bool
    ) -> None:
        """Take the terms by connector; `fed`: the market's time is this machine's, not that of the last candle."""
        self._store, self._terms, self._capital = store, dict(terms), capital
        self._now_ms, self._fed = now_ms, fed
        self.forget()

    def forget(self) -> None:
        """Go back to what the file says: what was done since was not kept."""
        self._books: dict[str, _Book] = {}
        self._batch = Batch()
        self._last: int | None = None  # read when it is needed: the file may be out of reach now

    def write(self, connection: Connection) -> None:
        """Write what has happened since the last time. Errors: those of the database."""
        batch, self._batch = self._batch, Batch()
        batch.write(connection)

    def accept(self, connection: Connection, message: Incoming, fields: Mapping[str, object]) -> Entry:
        """Take a valid message: accepted, or a duplicate where an order was placed under its id before."""
        book, ident = self._book(message.connector), message.client_order_id
        places = not (message.cancels or message.target is not None)
        first = self._batch.first_under(connection, message.connector, ident) if places and ident is not None else None
        market_ms = self._now_ms() if self._fed else book.account.time_ms or 0
        acts_ms = market_ms + round(message.delay_s * 1000)
        entry = self._entry(
            message.connector,
            "position" if message.action is None else str(message.action),
            fields,
            Verdict.ACCEPTED if first is None else Verdict.DUPLICATE,
            "" if first is None else _reason(entry_of(first), fields),
            ident=ident,
            size_kind=None if message.size_kind is None else str(message.size_kind),
            size=None if message.size is None else number_text(message.size),
            acts_ms=acts_ms if first is None else None,
        )
        self._batch.add(entry.row(), places=places and first is None)
        if first is None:
            insort(book.waiting, (acts_ms, entry.sequence, message), key=lambda one: one[:2])
            if book.account.time_ms is not None:
                self._carry_out(message.connector, book.account.time_ms)
        return entry

    def reject(self, connector: str, fields: Mapping[str, object], reason: str) -> Entry:
        """Take down a message that was refused."""
        ident, action = fields.get("clientOrderId"), str(fields.get("action", ""))
        known = ident if isinstance(ident, str) else None
        entry = self._entry(connector, action, fields, Verdict.REJECTED, reason, ident=known)
        self._batch.add(entry.row(), places=False)
        return entry

    def meet(self, connector: str, candles: Sequence[Candle]) -> int:
        """Let candles, in order of time, meet the orders of a connector; give how many were new."""
        account, fresh = self._book(connector).account, 0
        for candle in candles:
            if account.time_ms is not None and candle.time_ms < account.time_ms:
                continue
            if account.price is None:
                account.price = candle.open  # nothing else is known by which the first orders could be sized
            self._carry_out(connector, candle.time_ms)
            meet(account, candle)
            fresh += 1
        if fresh:
            self._batch.changed(connector, account)
            self._carry_out(connector, candles[-1].close_ms)
        return fresh

    def set_steps(self, connector: str, tick: Decimal, lot: Decimal) -> None:
        """Give an account its market's price and amount steps."""
        self._terms[connector] = replace(self._terms[connector], tick=tick, lot=lot)
        account = self._book(connector).account
        account.terms = self._terms[connector]
        self._batch.changed(connector, account)

    def needs_candles(self, connector: str) -> int | None:
        """Give the time (ms UTC) from which candles are needed; None where nothing is held and nothing waits."""
        book = self._book(connector)
        if book.account.orders or any(book.account.sides()):
            return book.account.time_ms
        return book.waiting[0][0] if book.waiting else None

    def copy(self, connector: str) -> Account:
        """Give an account as the file has it."""
        return read_account(self._store, connector, self._terms[connector], self._capital)

    def _carry_out(self, connector: str, until_ms: int) -> None:
        """Do what the messages ask for whose moment has come."""
        book = self._books[connector]
        due = bisect_right(book.waiting, until_ms, key=lambda one: one[0])
        for acts_ms, sequence, message in book.waiting[:due]:
            self._batch.became(sequence, place(book.account, message, sequence, acts_ms))
            self._batch.changed(connector, book.account)
        del book.waiting[:due]

    def _book(self, connector: str) -> _Book:
        if connector not in self._books:
            account = self.copy(connector)
            rows = self._store.read(messages, [waiting, messages.c.connector == connector])
            due = [(row["acts_ms"] or 0, row["sequence"], self._again(connector, row)) for row in rows]
            self._books[connector] = _Book(account, sorted(due, key=lambda one: one[:2]))
        return self._books[connector]

    def _again(self, connector: str, row: Mapping[str, Any]) -> Incoming:
        """Read a message that waits as it was read when it came."""
        fields = {**json.loads(row["fields"]), "connectorName": connector, "connectorToken": "(known)"}
        return read(fields, self._terms[connector].market, syncs=row["action"] == "position")

    def _entry(
        self, connector: str, action: str, fields: Mapping[str, object], verdict: Verdict, reason: str, *,
        ident: str | None, size_kind: str | None = None, size: str | None = None, acts_ms: int | None = None,
    ) -> Entry:  # fmt: skip
        last = self._store.last(messages.c.sequence) if self._last is None else self._last
        self._last, now_ms = last + 1, self._now_ms()
        return Entry(
            self._last, now_ms, connector, action, ident, dict(fields), size_kind, size, verdict, reason, acts_ms
        )


def _reason(first: Entry, fields: Mapping[str, object]) -> str:
    names = sorted({*first.fields, *fields})
    differing = [name for name in names if first.fields.get(name) != fields.get(name)]
    difference = f", but with another {', '.join(differing)}" if differing else ""
    return f"clientOrderId was used by message {first.sequence}{difference}"
