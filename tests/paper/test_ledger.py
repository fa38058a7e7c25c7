from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from engine.errors import RefusedError, StoreError
from engine.market import MarketKind
from engine.paper.entry import Entry, Verdict
from engine.paper.incoming import read
from engine.paper.ledger import Ledger
from tests.paper.messages import CONNECTORS, futures

KNOWN = {**CONNECTORS, "other": CONNECTORS["btc-perp"]}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ticks = count(1000)
    made = Ledger(tmp_path / "sub" / "ledger.sqlite", KNOWN, lambda: next(ticks))
    yield made
    made.close()


def accept(ledger: Ledger, action: str = "openLong", connector: str = "btc-perp", **fields: str) -> Entry:
    message = read({**futures(action, **fields), "connectorName": connector}, MarketKind.FUTURES)
    return ledger.accept(message, {"action": action, **fields})


def test_an_entry_says_all_about_a_message(ledger: Ledger) -> None:
    """Number, time, connector, action, id, fields as sent, the size that counts, verdict."""
    fields = {"percent": "90", "fixed": "0.50", "clientOrderId": "a1", "log": "Kauf ☀"}
    expected = Entry(
        1, 1000, "btc-perp", "openLong", "a1", {"action": "openLong", **fields}, "fixed", "0.5", Verdict.ACCEPTED, "", 0
    )
    assert accept(ledger, **fields) == expected
    assert ledger.after(0) == [expected]


def test_a_repeated_order_is_a_duplicate(ledger: Ledger) -> None:
    """The second order under one id of one connector is recognised and points to the first."""
    accept(ledger, clientOrderId="a1")
    second = accept(ledger, clientOrderId="a1")
    assert (second.verdict, second.reason) == (Verdict.DUPLICATE, "clientOrderId was used by message 1")
    assert accept(ledger, clientOrderId="a1").reason == "clientOrderId was used by message 1"


def test_a_duplicate_that_differs_says_so(ledger: Ledger) -> None:
    """Another order under a used id is a duplicate too, but the ledger shows in what it differs."""
    accept(ledger, clientOrderId="a1", percent="10")
    assert accept(ledger, "closeLong", clientOrderId="a1").reason.endswith("but with another action, percent")


def test_ids_belong_to_their_connector(ledger: Ledger) -> None:
    """The same id of another connector, and orders without an id, are orders of their own."""
    accept(ledger, clientOrderId="a1")
    assert accept(ledger, connector="other", clientOrderId="a1").verdict is Verdict.ACCEPTED
    assert [accept(ledger).verdict for _ in range(2)] == [Verdict.ACCEPTED] * 2


def test_a_cancel_is_no_duplicate_of_its_order(ledger: Ledger) -> None:
    """A cancel carries the id of an order without placing one: neither side makes the other a duplicate."""
    assert accept(ledger, "cancel", clientOrderId="a1").verdict is Verdict.ACCEPTED
    assert accept(ledger, clientOrderId="a1").verdict is Verdict.ACCEPTED
    assert accept(ledger, "cancel", clientOrderId="a1").verdict is Verdict.ACCEPTED
    assert accept(ledger, "cancellAll", clientOrderId="a1").action == "cancelAll"


def test_a_rejected_message_uses_no_id(ledger: Ledger) -> None:
    """An id whose message was rejected may still place its order."""
    rejected = ledger.reject("btc-perp", {"action": "openLong", "clientOrderId": "a1"}, "percent: is 0")
    assert (rejected.verdict, rejected.reason, rejected.client_order_id) == (Verdict.REJECTED, "percent: is 0", "a1")
    assert accept(ledger, clientOrderId="a1").verdict is Verdict.ACCEPTED


def test_entries_are_read_after_a_number(ledger: Ledger) -> None:
    """A reader that remembers the last number sees each entry once, in order, in portions if it likes."""
    for i in range(5):
        accept(ledger, clientOrderId=f"a{i}")
    assert [entry.sequence for entry in ledger.after(2)] == [3, 4, 5]
    assert [entry.sequence for entry in ledger.after(0, limit=2)] == [1, 2]
    assert ledger.after(5) == []
    assert ledger.last_sequence() == 5


def test_the_ledger_goes_on_where_it_was(ledger: Ledger, tmp_path: Path) -> None:
    """A second opening has the entries of the first, numbers on, and recognises its orders."""
    accept(ledger, clientOrderId="a1")
    ledger.close()
    again = Ledger(tmp_path / "sub" / "ledger.sqlite", KNOWN)
    assert [entry.client_order_id for entry in again.after(0)] == ["a1"]
    assert accept(again, clientOrderId="a1").verdict is Verdict.DUPLICATE
    assert again.last_sequence() == 2
    again.close()


def test_racing_threads_place_an_order_once(ledger: Ledger) -> None:
    """Of many threads with the same order at the same time one is accepted."""
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda _: accept(ledger, clientOrderId="a1"), range(40)))
    assert sorted(entry.sequence for entry in entries) == list(range(1, 41))
    assert [entry.verdict for entry in entries].count(Verdict.ACCEPTED) == 1


def test_a_second_platform_on_a_ledger_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    """Two accounts of one connector would go apart: the file has one writer."""
    accept(ledger, clientOrderId="a1")
    with pytest.raises(RefusedError, match="ledger"):
        Ledger(tmp_path / "sub" / "ledger.sqlite", KNOWN)
    assert accept(ledger, clientOrderId="a1").verdict is Verdict.DUPLICATE


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    """A process that is killed right after `accept` returned has lost nothing."""
    path = tmp_path / "ledger.sqlite"
    code = (
        "import os, pathlib, sys\n"
        "from tests.paper.test_ledger import KNOWN, accept, Ledger\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]), KNOWN)\n"
        "[accept(ledger, clientOrderId=str(i)) for i in range(3)]\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    ledger = Ledger(path, KNOWN)
    assert [entry.client_order_id for entry in ledger.after(0)] == ["0", "1", "2"]
    ledger.close()


def test_writes_are_synchronised(ledger: Ledger) -> None:
    """Each commit waits for the disk: synchronous is FULL (2), over a write-ahead log."""
    with ledger.store.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize("content", [b"this is a text, not a database\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """A foreign or damaged file is refused by its name and left as it is."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"ledger\.sqlite"):
        Ledger(path, KNOWN)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """A database that is not a ledger is refused and stays as it was, to the byte."""
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no ledger"):
        Ledger(path, KNOWN)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A path below a file, or a directory as the file, is a StoreError with the path."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "ledger.sqlite", tmp_path):
        with pytest.raises(StoreError, match=str(tmp_path)):
            Ledger(path, KNOWN)
