"""The journal packed and kept."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.journal_pack import pack, unpack
from engine.adapters.sql_journal import CHUNK, MOST_STARTS
from engine.adapters.sql_store import SqlStore
from engine.delivery import Intent, Row, RowState
from engine.errors import StoreError
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.ports import Candle, JournalEntry, JournalMark, MarkKind, RouteRecord

ROUTE = "swing BTC/USDT 1m"
MINUTE_MS = 60_000

price = st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 10**7).map(lambda n: n / 100)
entries = st.lists(
    st.tuples(st.integers(0, 2**41), st.integers(-(2**41), 2**41), st.none() | st.tuples(*[price] * 5), st.text())
)


def entry(i: int, candle: Candle | None = None, notes: str = "") -> JournalEntry:
    bar_ms = SAMPLE_START_MS + i * MINUTE_MS
    return JournalEntry(ROUTE, bar_ms, bar_ms + MINUTE_MS + 300, candle or (1.0, 2.0, 0.5, 1.5, 10.0 + i), notes)


@given(entries)
def test_what_is_packed_comes_back_to_the_bit(rows: list[tuple[int, int, Candle | None, str]]) -> None:
    """Any times, any finite numbers, any notes: the same after packing; signs of zero too."""
    given_ones = [JournalEntry(ROUTE, bar, at, candle, notes) for bar, at, candle, notes in rows]
    back = unpack(ROUTE, pack(given_ones))
    assert back == given_ones
    assert [repr(one.candle) for one in back] == [repr(one.candle) for one in given_ones]


def test_a_years_minutes_fit_on_the_disk() -> None:
    """A candle in which nothing was decided costs under 20 bytes packed."""
    bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1m"), SAMPLE_START_MS, CHUNK)
    rows = zip(bars.time.tolist(), *(c.tolist() for c in bars.columns()), strict=True)
    made = [JournalEntry(ROUTE, row[0], row[0] + MINUTE_MS + 137 + i % 50, row[1:]) for i, row in enumerate(rows)]
    assert len(pack(made)) < 20 * CHUNK


def test_bytes_that_are_no_journal_are_refused() -> None:
    """A damaged stretch is never taken for candles."""
    good = pack([entry(i) for i in range(10)])
    for harm in (b"", good[:-3], b"y" + good[1:]):
        with pytest.raises(StoreError, match="damaged"):
            unpack(ROUTE, harm)


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    return SqlStore(tmp_path / "state.db")


def _write(store: SqlStore, first: int, count: int) -> None:
    for i in range(first, first + count):
        store.commit_bar(RouteRecord(ROUTE, i, "{}", "x"), [], entry(i, notes='{"decided":1}' if i % 100 == 0 else ""))


def test_packed_or_not_the_same_is_read(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any stretch reads the same before and after packing, across the seam too; and packing ends."""
    monkeypatch.setattr("engine.adapters.sql_journal.CHUNK", 64)
    _write(store, 0, 300)
    stretches = [(0, 300), (10, 70), (60, 66), (200, 299), (299, 300)]

    def read() -> list[list[JournalEntry]]:
        at = [(SAMPLE_START_MS + a * MINUTE_MS, SAMPLE_START_MS + b * MINUTE_MS) for a, b in stretches]
        return [store.journal(ROUTE, since, until) for since, until in at]

    before = read()
    assert [len(found) for found in before] == [b - a for a, b in stretches]
    turns = 0
    while store.tidy_journal(ROUTE, 0):
        turns += 1
    assert turns == 3  # 300 rows: three stretches of 64, and what is young stays
    assert read() == before


def test_what_is_older_than_kept_is_dropped_and_the_rest_can_be_replayed(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stays begins right after a mark with candles that is older; of another route nothing is dropped."""
    monkeypatch.setattr("engine.adapters.sql_journal.CHUNK", 64)
    _write(store, 0, 300)
    other = JournalEntry("other", entry(0).bar_ms, 0, None)
    store.commit_bar(RouteRecord("other", 0, "{}", "x"), [], other)
    for i, kind in ((9, "start"), (99, "day"), (149, "start"), (199, "day"), (249, "start"), (269, "day")):
        mark = JournalMark(ROUTE, entry(i).bar_ms, 0, MarkKind(kind), f'{{"at":{i}}}')
        store.commit_bar(RouteRecord(ROUTE, i, "{}", "x"), [], mark=mark)
    while store.tidy_journal(ROUTE, entry(240).bar_ms):
        pass
    kept = store.journal(ROUTE, 0, 2**60)
    assert entry(128).bar_ms <= kept[0].bar_ms <= entry(150).bar_ms  # a packed stretch goes as one
    assert [one.bar_ms for one in kept[-150:]] == [entry(i).bar_ms for i in range(150, 300)]
    assert [mark.facts for mark in store.marks(ROUTE)] == [f'{{"at":{i}}}' for i in (149, 199, 249, 269)]
    newest = store.newest_mark(ROUTE)
    assert newest is not None
    assert newest.facts == '{"at":269}'
    assert store.journal("other", 0, 2**60) == [other]


def test_final_messages_are_dropped_with_the_journal_of_their_bars(store: SqlStore) -> None:
    """Those that may still be sent, newer ones, and other routes' stay; what was tried goes with its message."""
    for i in range(4):
        row = Row(0, ROUTE, "c", Intent.CLOSE, RowState.PENDING, f"m{i}", "{}", entry(i).bar_ms)
        other = replace(row, route="other", client_order_id=f"o{i}")
        store.commit_bar(RouteRecord(ROUTE, i, "{}", "x"), [row, other], entry(i))
    for row in store.rows():
        if row.client_order_id != "m1":
            sending = store.begin_attempt(row, 0)
            assert sending is not None
            store.resolve(sending, RowState.ACKNOWLEDGED, "test", 0)
    store.commit_bar(
        RouteRecord(ROUTE, 4, "{}", "x"), [], mark=JournalMark(ROUTE, entry(2).bar_ms, 0, MarkKind.START, "{}")
    )
    gone = [row for row in store.rows() if row.client_order_id in ("m0", "m2")]
    assert not store.tidy_journal(ROUTE, entry(2).bar_ms)
    assert len(store.rows()) == 8
    assert not store.tidy_journal(ROUTE, entry(3).bar_ms)
    assert [row.client_order_id for row in store.rows()] == ["o0", "m1", "o1", "o2", "m3", "o3"]
    assert [store.attempts(row) + store.resolutions(row) for row in gone] == [[], []]
    assert all(store.attempts(row) and store.resolutions(row) for row in store.rows() if row.client_order_id != "m1")


def test_a_message_that_changed_of_late_stays_however_old_its_bar(store: SqlStore) -> None:
    """What was sent when old bars were caught up on does not vanish the next day."""
    row = Row(0, ROUTE, "c", Intent.CLOSE, RowState.PENDING, "m", "{}", entry(0).bar_ms)
    store.commit_bar(RouteRecord(ROUTE, 0, "{}", "x"), [row], entry(0))
    mark = JournalMark(ROUTE, entry(2).bar_ms, 0, MarkKind.START, "{}")
    store.commit_bar(RouteRecord(ROUTE, 4, "{}", "x"), [], mark=mark)
    (row,) = store.rows()
    sending = store.begin_attempt(row, entry(9).bar_ms)
    assert sending is not None
    store.resolve(sending, RowState.ACKNOWLEDGED, "test", entry(9).bar_ms)
    assert not store.tidy_journal(ROUTE, entry(3).bar_ms)
    assert store.journal(ROUTE, 0, entry(0).bar_ms) == []
    assert len(store.rows()) == 1
    later = JournalMark(ROUTE, entry(11).bar_ms, 0, MarkKind.START, "{}")
    store.commit_bar(RouteRecord(ROUTE, 5, "{}", "x"), [], entry(10), mark=later)
    assert not store.tidy_journal(ROUTE, entry(12).bar_ms)
    assert store.rows() == []


def test_without_a_mark_to_begin_with_nothing_is_dropped(store: SqlStore) -> None:
    """Bars that a later one still needs to be replayed stay, however old."""
    _write(store, 0, 10)
    assert not store.tidy_journal(ROUTE, entry(9).bar_ms)
    assert len(store.journal(ROUTE, 0, 2**60)) == 10


@pytest.mark.parametrize(
    ("table", "column"), [("journal", "candle"), ("journal_chunks", "packed"), ("journal_marks", "facts")]
)
def test_a_flipped_byte_of_the_journal_is_found(
    store: SqlStore, tmp_path: Path, table: str, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen is not what is there now: refused, whichever part was changed."""
    monkeypatch.setattr("engine.adapters.sql_journal.CHUNK", 64)
    _write(store, 0, 200)
    mark = JournalMark(ROUTE, 0, 0, MarkKind.START, "{}")
    store.commit_bar(RouteRecord(ROUTE, 0, "{}", "x"), [], mark=mark)
    while store.tidy_journal(ROUTE, 0):
        pass
    store.close()
    with sqlite3.connect(tmp_path / "state.db") as raw:
        (value,) = raw.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()  # noqa: S608 - our own names
        harmed = bytes([value[0] ^ 1]) + value[1:]
        raw.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (harmed, value))  # noqa: S608
    raw.close()
    again = SqlStore(tmp_path / "state.db")
    with pytest.raises(StoreError, match="the journal of swing BTC/USDT 1m is damaged"):
        again.marks(ROUTE) if table == "journal_marks" else again.journal(ROUTE, 0, 2**60)
    again.close()


def test_of_starts_at_one_bar_the_last_is_kept(store: SqlStore) -> None:
    """An engine that starts again and again at one place fills no disk."""
    for i in range(5):
        mark = JournalMark(ROUTE, 7, i, MarkKind.START, f'{{"at":{i}}}')
        store.commit_bar(RouteRecord(ROUTE, 7, "{}", "x"), [], mark=mark)
    assert [mark.at_ms for mark in store.marks(ROUTE)] == [4]


def test_an_engine_that_is_started_for_ever_fills_no_disk(tmp_path: Path) -> None:
    """Of a route so many starts stay; the first, the last and those of quiet days among them."""
    store = SqlStore(tmp_path / "state.db")
    quiet = [entry(1440 * day).bar_ms for day in range(20)]
    looping = [entry(1440 * 30 + minute).bar_ms for minute in range(MOST_STARTS + 50)]
    for bar_ms in (*quiet, *looping):
        mark = JournalMark(ROUTE, bar_ms, bar_ms, MarkKind.START, "{}")
        store.commit_bar(RouteRecord(ROUTE, bar_ms, "{}", ""), [], mark=mark)
    day = JournalMark(ROUTE, looping[-1], looping[-1], MarkKind.DAY, "{}")
    store.commit_bar(RouteRecord(ROUTE, looping[-1], "{}", ""), [], mark=day)
    kept = [mark.bar_ms for mark in store.marks(ROUTE) if mark.kind is MarkKind.START]
    store.close()
    assert len(kept) == MOST_STARTS
    assert kept[: len(quiet)] == quiet
    assert kept[-1] == looping[-1]
    assert kept == sorted(kept)
