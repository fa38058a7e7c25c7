"""What the ledger must hold: each order once, and the account that its messages and candles make, computed anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Table

from engine.paper.accounts import rows_of
from engine.paper.entry import Entry, Verdict
from engine.paper.incoming import read
from engine.paper.ledger import Ledger
from engine.paper.matching import Account, AccountTerms, Candle, meet, place
from engine.paper.tables import fills, orders
from tests.faults.paper.sender import TOKEN, Sender

_ALL = 10**9


def audit(ledger: Ledger, sender: Sender, terms: AccountTerms, capital: Decimal) -> list[str]:
    """Give what is wrong with one connector's part of a ledger."""
    name = sender.connector
    wrong = [*sender.wrong]
    entries = ledger.after(0, _ALL, name)
    orders_ids = [e for e in entries if e.verdict is Verdict.ACCEPTED and e.action != "cancel"]
    times = Counter(entry.client_order_id for entry in orders_ids)
    wrong += [f"{name}: {ident} was answered ok and is not there" for ident in sender.answered if not times[ident]]
    wrong += [f"{name}: {ident} was accepted {count} times" for ident, count in times.items() if count > 1]
    kept = ledger.account(name)
    fresh, became = computed(entries, sender.candles, terms, capital, kept.time_ms or 0)
    if _state(fresh) != _state(kept):
        wrong.append(f"{name}: the account is {_state(kept)}, and should be {_state(fresh)}")
    if sorted(fresh.orders) != sorted(kept.orders):
        wrong.append(f"{name}: the orders {sorted(kept.orders)} wait, and {sorted(fresh.orders)} should")
    changes = fresh.take_changes()
    for table, made in ((fills, changes.fills), (orders, changes.orders.values())):
        expected = _comparable(rows_of(name, made), table)
        there = _comparable(ledger.rows(table, "number", 0, _ALL, name), table)
        if there != expected:
            wrong.append(f"{name}: {len(there)} {table.name} are not the {len(expected)} that there should be")
    for entry in entries:
        should = became.get(entry.sequence)
        if entry.verdict is Verdict.ACCEPTED and entry.became != should:
            wrong.append(f"{name}: message {entry.sequence} became {entry.became!r}, and should have become {should!r}")
    return wrong


def computed(
    entries: Sequence[Entry], candles: Sequence[Candle], terms: AccountTerms, capital: Decimal, until_ms: int
) -> tuple[Account, dict[int, str]]:
    """Give the account that these messages and the candles closed by then make, and what became of each message."""
    account, became = Account(terms, capital), dict[int, str]()
    waiting = sorted(
        (entry.acts_ms or 0, entry.sequence, entry) for entry in entries if entry.verdict is Verdict.ACCEPTED
    )

    def carry_out(time_ms: int) -> None:
        while waiting and waiting[0][0] <= time_ms:
            acts_ms, sequence, entry = waiting.pop(0)
            document = {**entry.fields, "connectorName": entry.connector, "connectorToken": TOKEN}
            became[sequence] = place(account, read(document, terms.market), sequence, acts_ms)

    for candle in candles:
        if candle.close_ms > until_ms:
            break
        if account.price is None:
            account.price = candle.open
        carry_out(candle.time_ms)
        meet(account, candle)
    carry_out(until_ms)
    return account, became


def _state(account: Account) -> tuple[object, ...]:
    sides = [(p.quantity, p.entry_price) for p in (account.long, account.short)]
    return account.cash, *sides, account.price, account.time_ms, account.next_order


def _comparable(rows: Iterable[Mapping[str, Any]], table: Table) -> list[dict[str, Any]]:
    """Give rows with numbers as numbers, without the one that fills have in the whole ledger."""
    return [{k: _value(v) for k, v in row.items() if k != "number" or table is not fills} for row in rows]


def _value(kept: Any) -> Any:
    try:
        return Decimal(kept)
    except (InvalidOperation, TypeError):
        return kept
