"""The journal in SQL: a row a bar while it is young, then packed stretches of rows; and the marks to replay it from."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from engine.adapters.journal_pack import pack, unpack
from engine.adapters.sql_statement import Statement
from engine.adapters.sql_tables import JOURNAL, JOURNAL_CHUNKS, JOURNAL_MARKS
from engine.errors import StoreError
from engine.ports import Candle, JournalEntry, JournalMark, MarkKind

CHUNK = 1024
MOST_STARTS = 200
"""Of a route: some 20 KB each; more than one a day for as long as a journal is kept."""
_CANDLE = struct.Struct("<5d")

_ADD = insert_or(JOURNAL).values({column.name: bindparam(column.name) for column in JOURNAL.columns})
_REPLACED = {name: _ADD.excluded[name] for name in ("at_ms", "candle", "notes", "seal")}
_KEEP = Statement(_ADD.on_conflict_do_update(["route", "bar_ms"], set_=_REPLACED))


def add_entry(connection: Connection, entry: JournalEntry) -> None:
    """Write a bar down; one that is there already is replaced."""
    candle = None if entry.candle is None else _CANDLE.pack(*entry.candle)
    values = {"route": entry.route, "bar_ms": entry.bar_ms, "at_ms": entry.at_ms, "notes": entry.notes}
    _KEEP.run(connection, {**values, "candle": candle, "seal": _hash_of(entry, candle)})


def add_mark(connection: Connection, mark: JournalMark) -> None:
    """Write a mark down; of starts at one bar, the last, and of a route's, MOST_STARTS."""
    facts = zlib.compress(mark.facts.encode("utf-8", "surrogatepass"), 1)  # a start of many routes waits for it
    at = and_(
        JOURNAL_MARKS.c.route == mark.route,
        JOURNAL_MARKS.c.bar_ms == mark.bar_ms,
        JOURNAL_MARKS.c.kind == str(mark.kind),
    )
    connection.execute(delete(JOURNAL_MARKS).where(at))
    connection.execute(
        insert(JOURNAL_MARKS).values(
            route=mark.route,
            bar_ms=mark.bar_ms,
            at_ms=mark.at_ms,
            kind=str(mark.kind),
            facts=facts,
            seal=_digest(facts),
        )
    )
    if mark.kind is MarkKind.START:
        _thin_starts(connection, mark.route)


def _thin_starts(connection: Connection, route: str) -> None:
    """Drop a start where there are too many: the one that is nearest to the one before it, never the first or last.

    What ran after it is then replayed from the one before. So an engine that is started again and again, for ever,
    does not fill the disk with candles, and the days before can still be replayed.
    """
    of_route = (JOURNAL_MARKS.c.route == route) & (JOURNAL_MARKS.c.kind == str(MarkKind.START))
    query = select(JOURNAL_MARKS.c.id, JOURNAL_MARKS.c.bar_ms).where(of_route).order_by(JOURNAL_MARKS.c.id)
    starts = [(int(record.id), int(record.bar_ms)) for record in connection.execute(query)]
    if len(starts) > MOST_STARTS:
        at = min(range(1, len(starts) - 1), key=lambda i: starts[i][1] - starts[i - 1][1])
        connection.execute(delete(JOURNAL_MARKS).where(JOURNAL_MARKS.c.id == starts[at][0]))


def read_entries(connection: Connection, route: str, since_ms: int, until_ms: int) -> list[JournalEntry]:
    """Give the bars that open from `since_ms` to before `until_ms`, oldest first. Errors: StoreError for damage."""
    packed = select(JOURNAL_CHUNKS).where(
        (JOURNAL_CHUNKS.c.route == route)
        & (JOURNAL_CHUNKS.c.last_ms >= since_ms)
        & (JOURNAL_CHUNKS.c.first_ms < until_ms)
    )
    found: list[JournalEntry] = []
    for chunk in connection.execute(packed.order_by(JOURNAL_CHUNKS.c.first_ms)):
        if _digest(chunk.packed) != chunk.seal:
            raise StoreError(f"the journal of {route} is damaged: its seal does not fit; restore a backup")
        found += [entry for entry in unpack(route, chunk.packed) if since_ms <= entry.bar_ms < until_ms]
    young = select(JOURNAL).where(
        (JOURNAL.c.route == route) & (JOURNAL.c.bar_ms >= since_ms) & (JOURNAL.c.bar_ms < until_ms)
    )
    rows = [_entry(record) for record in connection.execute(young.order_by(JOURNAL.c.bar_ms))]
    return found + rows


def read_marks(connection: Connection, route: str) -> list[JournalMark]:
    """Give the marks of a route, oldest first. Errors: StoreError for damage."""
    query = select(JOURNAL_MARKS).where(JOURNAL_MARKS.c.route == route).order_by(JOURNAL_MARKS.c.id)
    return [_mark(record) for record in connection.execute(query)]


def newest_mark(connection: Connection, route: str) -> JournalMark | None:
    """Give the last mark of a route. Errors: StoreError for damage."""
    query = select(JOURNAL_MARKS).where(JOURNAL_MARKS.c.route == route).order_by(JOURNAL_MARKS.c.id.desc()).limit(1)
    record = connection.execute(query).one_or_none()
    return None if record is None else _mark(record)


def pack_one(connection: Connection, route: str) -> bool:
    """Pack the oldest rows of a route, where there are enough of them; gives whether there were."""
    # One chunk stays as rows: what is read most often is the newest.
    if connection.execute(select(func.count()).where(JOURNAL.c.route == route)).scalar_one() < 2 * CHUNK:
        return False
    oldest = select(JOURNAL).where(JOURNAL.c.route == route).order_by(JOURNAL.c.bar_ms).limit(CHUNK)
    entries = [_entry(record) for record in connection.execute(oldest)]
    first_ms, last_ms, packed = entries[0].bar_ms, entries[-1].bar_ms, pack(entries)
    chunk = {"route": route, "first_ms": first_ms, "last_ms": last_ms, "packed": packed, "seal": _digest(packed)}
    connection.execute(insert(JOURNAL_CHUNKS).values(chunk))
    connection.execute(delete(JOURNAL).where((JOURNAL.c.route == route) & (JOURNAL.c.bar_ms <= last_ms)))
    return True


def forget_before(connection: Connection, route: str, ms: int) -> int | None:
    """Drop what of a route is older, up to the newest mark with candles before that time: the rest can be replayed.

    Gives the last bar that is dropped; None where there is no such mark.
    """
    whole = select(func.max(JOURNAL_MARKS.c.id)).where(
        (JOURNAL_MARKS.c.route == route) & (JOURNAL_MARKS.c.kind == str(MarkKind.START)) & (JOURNAL_MARKS.c.bar_ms < ms)
    )
    first = connection.execute(select(JOURNAL_MARKS).where(JOURNAL_MARKS.c.id == whole.scalar_subquery())).one_or_none()
    if first is None:
        return None
    connection.execute(delete(JOURNAL_MARKS).where((JOURNAL_MARKS.c.route == route) & (JOURNAL_MARKS.c.id < first.id)))
    for table, time in ((JOURNAL_CHUNKS, JOURNAL_CHUNKS.c.last_ms), (JOURNAL, JOURNAL.c.bar_ms)):
        connection.execute(delete(table).where((table.c.route == route) & (time <= first.bar_ms)))
    return int(first.bar_ms)


def hash_of(entry: JournalEntry) -> str:
    """Give the hash of what was seen and decided, as people see it."""
    return _hash_of(entry, None if entry.candle is None else _CANDLE.pack(*entry.candle)).hex()


def _mark(record: Row[Any]) -> JournalMark:
    if _digest(record.facts) != record.seal:
        raise StoreError(f"the journal of {record.route} is damaged: its seal does not fit; restore a backup")
    facts = zlib.decompress(record.facts).decode("utf-8", "surrogatepass")
    return JournalMark(record.route, record.bar_ms, record.at_ms, MarkKind(record.kind), facts)


def _entry(record: Row[Any]) -> JournalEntry:
    route, bar_ms, at_ms, raw, notes, kept = tuple(record)
    candle: Candle | None = None if raw is None else _CANDLE.unpack(raw)
    entry = JournalEntry(route, bar_ms, at_ms, candle, notes)
    if _hash_of(entry, raw) != kept:
        raise StoreError(f"the journal of {route} is damaged: its seal does not fit; restore a backup")
    return entry


def _hash_of(entry: JournalEntry, candle: bytes | None) -> bytes:
    head = f"{entry.route}\n{entry.bar_ms}\n{entry.at_ms}\n{entry.notes}\n".encode("utf-8", "surrogatepass")
    return _digest(head + (candle or b""))


def _digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=8).digest()
