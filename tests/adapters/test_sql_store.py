from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.adapters.sql_file import Access
from engine.adapters.sql_store import SqlStore
from engine.delivery import Exchange, Intent, Phase, Row, RowState, Step
from engine.errors import RefusedError, StoreError
from engine.ports import RouteRecord, Store

ROOT = Path(__file__).parents[2]


def _row(key: str, intent: Intent = Intent.OPEN, route: str = "r", connector: str = "c", bar_ms: int = 0) -> Row:
    deadline_ms = 60_000 if intent is Intent.OPEN else None
    return Row(0, route, connector, intent, RowState.PENDING, key, f'{{"clientOrderId":"{key}"}}', bar_ms, deadline_ms)


def _record(watermark_ms: int = 0, route: str = "r") -> RouteRecord:
    return RouteRecord(route, watermark_ms, f'{{"bar":{watermark_ms}}}', "a" * 64)


def _child(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return] # passed through


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    opened = SqlStore(path)
    yield opened
    opened.close()


# what is kept ---


def test_a_bar_is_kept_across_a_restart(path: Path) -> None:
    """Route and rows come back from the file as they were given, numbered in order."""
    store: Store = SqlStore(path)
    store.commit_bar(_record(5), [_row("a"), _row("b", Intent.CLOSE)])
    store.close()
    store = SqlStore(path)
    assert store.route("r") == _record(5)
    assert store.route("other") is None
    assert store.rows() == [replace(_row("a"), seq=1), replace(_row("b", Intent.CLOSE), seq=2)]
    store.close()


def test_a_bar_committed_twice_is_written_once(store: SqlStore) -> None:
    """A client order id that is there already is neither written again nor changed."""
    store.commit_bar(_record(5), [_row("a")])
    sending = store.begin_attempt(store.rows()[0], 7)
    store.commit_bar(_record(6), [_row("a"), _row("b")])
    assert [row.client_order_id for row in store.rows()] == ["a", "b"]
    assert store.rows()[0] == sending
    assert store.route("r") == _record(6)


def test_a_bar_is_kept_wholly_or_not_at_all(store: SqlStore) -> None:
    """Where one row cannot be written, neither the other rows nor the watermark are."""
    store.commit_bar(_record(5), [])
    broken = replace(_row("b"), body=None)  # type: ignore[arg-type] # the database is to refuse it
    with pytest.raises(StoreError, match="NOT NULL"):
        store.commit_bar(_record(6), [_row("a"), broken])
    store.close()
    reader = SqlStore.open_readonly(store.path)
    assert reader.rows() == []
    assert reader.route("r") == _record(5)
    reader.close()


def test_unresolved_rows_come_in_order_and_by_connector(store: SqlStore) -> None:
    """Rows that are final are left out; UNKNOWN ones are not."""
    store.commit_bar(_record(), [_row("a"), _row("b", connector="d"), _row("e"), _row("f")])
    first, second, third, fourth = store.rows()
    store.resolve(first, RowState.EXPIRED, "too late", 1)
    store.resolve(third, RowState.UNKNOWN, "who knows", 1)
    assert [row.seq for row in store.unresolved()] == [second.seq, third.seq, fourth.seq]
    assert [row.seq for row in store.unresolved("c")] == [third.seq, fourth.seq]
    assert store.rows()[0].detail == "too late"


def _begun(store: SqlStore, now_ms: int) -> Row:
    begun = store.begin_attempt(store.rows()[0], now_ms)
    assert begun is not None
    return begun


def test_attempts_are_counted_and_written_down(store: SqlStore) -> None:
    """Every attempt leaves its times, phase, status and detail; one the process died in says so."""
    store.commit_bar(_record(), [_row("a")])
    sending = _begun(store, 10)
    assert (sending.state, sending.attempts) == (RowState.SENDING, 1)
    assert store.rows() == [sending]
    limited = Exchange(Phase.ANSWERED, "HTTP 429: slow down", 429, retry_after_s=3)
    store.end_attempt(sending, Step(RowState.PENDING, 3_020), limited, 20)
    assert store.rows()[0].next_try_ms == 3_020
    sending = _begun(store, 30)
    store.end_attempt(sending, Step(RowState.UNKNOWN, maybe_arrived=True), None, 40)
    row = store.rows()[0]
    assert (row.state, row.attempts, row.maybe_arrived) == (RowState.UNKNOWN, 2, True)
    seen = [(a.started_ms, a.ended_ms, a.phase, a.status, a.detail) for a in store.attempts(row)]
    assert seen == [
        (10, 20, "answered", 429, "HTTP 429: slow down"),
        (30, 40, "maybe sent", None, "the engine ended during this attempt"),
    ]


def test_a_row_is_changed_only_from_the_state_it_was_read_in(store: SqlStore) -> None:
    """What another has begun can neither be begun nor expired; what another has expired cannot be begun."""
    store.commit_bar(_record(), [_row("a"), _row("b")])
    first, second = store.rows()
    sending = store.begin_attempt(first, 1)
    assert store.begin_attempt(first, 2) is None
    assert not store.resolve(first, RowState.EXPIRED, "too late", 3)
    assert store.resolve(second, RowState.EXPIRED, "too late", 3)
    assert store.begin_attempt(second, 4) is None
    assert store.rows()[0] == sending
    assert [row.state for row in store.rows()] == [RowState.SENDING, RowState.EXPIRED]
    assert store.attempts(second) == []


def test_the_newest_opening_of_a_route(store: SqlStore) -> None:
    """openings gives those that the route's rule decided on the bars that are asked for, closes not."""
    store.commit_bar(_record(), [_row("a"), _row("b"), _row("x", route="s"), _row("c", Intent.CLOSE)])
    assert [row.client_order_id for row in store.openings("r", [_row("a").bar_ms])] == ["a", "b"]
    assert store.openings("r", [_row("a").bar_ms + 1]) == []
    assert store.openings("t", [_row("a").bar_ms]) == []


def test_rows_gives_the_newest_last(store: SqlStore) -> None:
    """A limit keeps the newest rows, and the newest stands last."""
    store.commit_bar(_record(), [_row(key) for key in "abcd"])
    assert [row.client_order_id for row in store.rows(limit=2)] == ["c", "d"]


def test_several_threads_share_a_store(store: SqlStore) -> None:
    """Bars and attempts from different threads are all kept."""
    store.commit_bar(_record(), [_row(f"old{i}") for i in range(30)])

    def decide(name: str) -> None:
        for i in range(30):
            store.commit_bar(_record(i, name), [_row(f"{name}{i}", route=name)])

    def send() -> None:
        for row in store.unresolved()[:30]:
            sending = store.begin_attempt(row, 1)
            assert sending is not None
            store.end_attempt(sending, Step(RowState.ACKNOWLEDGED), None, 2)

    threads = [threading.Thread(target=decide, args=(name,)) for name in "ab"] + [threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.rows(1000)) == 90
    assert [store.route(name) for name in "ab"] == [_record(29, name) for name in "ab"]
    assert len(store.unresolved()) == 60


# the file ---


def test_a_missing_folder_is_made_and_the_file_is_private(tmp_path: Path) -> None:
    """A new state file, its journal and its lock are readable by their owner only, also under an open umask."""
    before = os.umask(0)
    try:
        store = SqlStore(f"sqlite:///{tmp_path}/a/b c/state.db")
    finally:
        os.umask(before)
    store.commit_bar(_record(), [])
    kept = sorted((tmp_path / "a" / "b c").iterdir())
    assert [file.name for file in kept] == [
        "state.db",
        "state.db-shm",
        "state.db-wal",
        "state.db.lock",
        "state.db.mark",
    ]
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    store.close()


def test_the_database_is_set_up_to_survive(store: SqlStore) -> None:
    """The writer uses WAL, synchronises every commit fully and checks foreign keys."""
    with store._transaction(writes=True) as connection:
        names = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]
    assert found == ["wal", 2, 1]


def test_another_database_is_refused_without_its_password() -> None:
    """A URL of another kind of database is a StoreError that hides the password."""
    with pytest.raises(StoreError, match="kept in a SQLite file") as caught:
        SqlStore("postgresql://me:hunter2@db/state")
    assert "hunter2" not in str(caught.value)


def test_a_second_writer_is_refused_with_the_pid_of_the_first(store: SqlStore, path: Path) -> None:
    """Opening a state that another process writes names the file and the holder, and exit code 3."""
    code = (
        "import sys\nfrom engine.adapters.sql_store import SqlStore\nfrom engine.errors import RefusedError\n"
        "try: SqlStore(sys.argv[1])\nexcept RefusedError as e: print(e); sys.exit(e.exit_code)"
    )
    child = _child(code, path)
    said, _ = child.communicate(timeout=30)
    assert child.returncode == 3
    assert str(path) in said
    assert f"process {os.getpid()}" in said
    with pytest.raises(RefusedError):
        SqlStore(path)


def test_a_state_let_go_can_be_opened_again(path: Path) -> None:
    """After close, another writer may come; closing twice is harmless and a closed store says so."""
    store = SqlStore(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.rows()
    SqlStore(path).close()


def test_a_reader_looks_on_beside_the_writer(store: SqlStore) -> None:
    """A read-only store sees each commit at once and can change nothing."""
    reader = SqlStore.open_readonly(store.path)
    store.commit_bar(_record(), [_row("a")])
    assert reader.rows() == store.rows()
    row = reader.rows()[0]
    with pytest.raises(StoreError, match="readonly"):
        reader.resolve(row, RowState.EXPIRED, "", 0)
    reader.close()


def test_a_reader_does_not_make_a_state(path: Path) -> None:
    """Looking at a state that is not there is a StoreError and leaves nothing behind."""
    with pytest.raises(StoreError, match="there is no state here"):
        SqlStore.open_readonly(path)
    assert list(path.parent.iterdir()) == []


def _filled(path: Path) -> None:
    store = SqlStore(path)
    for i in range(50):
        store.commit_bar(_record(i), [_row(f"{i}-{n}", bar_ms=i) for n in range(10)])
    store.close()


@pytest.mark.parametrize("damage", ["emptied", "overwritten", "head lost", "cut", "inside"])
def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, damage: str) -> None:
    """A damaged state file is a StoreError that names it; it is neither replaced nor emptied."""
    _filled(path)
    whole = path.read_bytes()
    broken = {
        "emptied": b"",
        "overwritten": b"not a database, but long enough to be looked at" * 100,
        "head lost": bytes(100) + whole[100:],
        "cut": whole[: len(whole) // 2],
        "inside": whole[:8192] + b"\xa5" * (len(whole) - 8192),
    }[damage]
    path.write_bytes(broken)
    with pytest.raises(StoreError) as caught:
        SqlStore(path)
    assert str(path) in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert path.read_bytes() == broken


def test_a_journal_without_its_file_is_refused(path: Path) -> None:
    """Where the state file is gone and its journal is not, no empty state takes its place."""
    path.with_name("state.db-wal").write_bytes(b"left over")
    with pytest.raises(StoreError, match="gone, but its journal"):
        SqlStore(path)
    assert not path.exists()


def test_a_creation_that_was_cut_short_is_begun_again(path: Path) -> None:
    """What a killed first start left behind under the temporary name does not stop the next start."""
    path.with_name("state.db.new").write_bytes(b"half")
    store = SqlStore(path)
    assert store.rows() == []
    assert not path.with_name("state.db.new").exists()
    store.close()


@pytest.mark.parametrize("version", ["0", "4", "x"])
def test_another_schema_version_is_refused_with_advice(path: Path, version: str) -> None:
    """A state of an older or newer schema is a StoreError that says what to do."""
    SqlStore(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,))
    raw.close()
    for access in Access:
        with pytest.raises(StoreError, match=f"schema version {version}, and this release needs 3; use the release"):
            SqlStore(path, access=access)


def test_another_programs_database_is_refused(path: Path) -> None:
    """A SQLite file that is no state of ours gets no tables of ours."""
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE bookmarks (url TEXT)")
    raw.close()
    with pytest.raises(StoreError, match="no state of signal-engine"):
        SqlStore(path)


_AS_NOBODY = """
import os, sys
from engine.adapters.sql_store import SqlStore
from engine.errors import StoreError
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    SqlStore(sys.argv[1])
except StoreError as error:
    print(error)
"""


def test_a_folder_that_cannot_be_written_is_a_clear_error() -> None:
    """In a read-only folder no state can be made, nor one below it, nor an existing one opened to write."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # where another user can reach it
        place = Path(folder)
        SqlStore(place / "old.db").close()
        place.chmod(0o555)
        for name in ("old.db", "new.db", "below/new.db"):
            said, _ = _child(_AS_NOBODY, place / name).communicate(timeout=30)
            assert f"{place}/{name}" in said
            assert "denied" in said
        assert sorted(file.name for file in place.iterdir()) == ["old.db", "old.db.lock"]
        place.chmod(0o755)


def test_a_folder_in_place_of_the_file_is_a_clear_error(tmp_path: Path) -> None:
    """A state path that is a folder, or lies below a file, is a StoreError."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for name in ("file/state.db", "folder"):
        with pytest.raises(StoreError):
            SqlStore(tmp_path / name)


_COMMITS = """
import itertools, os, resource, sys
from engine.adapters.sql_file import Access
from engine.adapters.sql_store import SqlStore
from engine.delivery import Exchange, Intent, Phase, Row, RowState, Step
from engine.errors import StoreError
from engine.ports import RouteRecord
store = SqlStore(sys.argv[1])
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
kept = store.route("r")
try:
    for bar in itertools.count(kept.watermark_ms + 1 if kept else 0):
        rows = [Row(0, "r", "c", Intent.CLOSE, RowState.PENDING, f"{bar}-{n}", "{}" * 500, bar) for n in range(3)]
        store.commit_bar(RouteRecord("r", bar, str(bar), ""), rows)
        print("bar", bar, flush=True)
        for row in store.unresolved()[:1]:
            sending = store.begin_attempt(row, 0)
            print("sending", row.seq, flush=True)
            store.end_attempt(sending, Step(RowState.ACKNOWLEDGED), Exchange(Phase.ANSWERED, "", 200), 0)
            print("sent", row.seq, flush=True)
except StoreError as error:
    print(error, flush=True)
    try:
        store.commit_bar(RouteRecord("r", -1, "", ""), [])
    except StoreError as again:
        print(again, flush=True)
"""


def _check_whole(path: Path, said: list[str]) -> None:
    reader = SqlStore.open_readonly(path)  # first without a writer: the journal of the dead one is still there
    seen = reader.rows(100_000)
    reader.close()
    store = SqlStore(path)
    record, rows = store.route("r"), store.rows(100_000)
    store.close()
    assert seen == rows
    bars = [int(line.split()[1]) for line in said if line.startswith("bar")]
    if record is None:
        assert not bars
        assert not rows
        return
    assert record.state == str(record.watermark_ms)
    assert record.watermark_ms >= max(bars, default=0)
    assert [row.client_order_id for row in rows] == [
        f"{b}-{n}" for b in range(record.watermark_ms + 1) for n in range(3)
    ]
    states = {row.seq: row.state for row in rows}
    for line in said:
        what, number = line.split()
        if what == "sent":
            assert states[int(number)] is RowState.ACKNOWLEDGED
        if what == "sending":
            assert states[int(number)] is not RowState.PENDING


def test_kill_9_leaves_no_torn_state(path: Path) -> None:
    """Killed at any moment, again and again, the state holds every commit that returned, and no half of one."""
    for round_ in range(5):
        child = _child(_COMMITS, path)
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(0.031 * round_)
        child.send_signal(signal.SIGKILL)
        said = (first + child.stdout.read()).splitlines(keepends=True)
        child.wait(10)
        child.stdout.close()
        _check_whole(path, [line for line in said if line.endswith("\n")])


def test_a_full_disk_is_a_clear_error_and_loses_nothing(path: Path) -> None:
    """Where the file can grow no more, commits raise StoreError from then on, and what had returned is there."""
    child = _child(_COMMITS, path, 300_000)
    said, _ = child.communicate(timeout=30)
    *lines, error, again = said.splitlines()
    assert child.returncode == 0
    assert error.startswith(f"{path}: the state cannot be used: ")
    assert again == error
    assert lines
    _check_whole(path, lines)
