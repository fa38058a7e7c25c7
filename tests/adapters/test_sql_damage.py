"""What is damaged, lost, replaced or older than it was: refused, told, and left as it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.adapters.sql_file import Access
from engine.adapters.sql_store import SqlStore
from engine.delivery import Carried, Change, Command, Exchange, Intent, Phase, Row, RowState, Step, Word
from engine.errors import RefusedError, StoreError
from engine.ports import RouteRecord


def _row(key: str, intent: Intent = Intent.OPEN) -> Row:
    return Row(0, "r", "c", intent, RowState.PENDING, key, f'{{"clientOrderId":"{key}"}}', 0)


def _record(watermark_ms: int = 0) -> RouteRecord:
    return RouteRecord("r", watermark_ms, "{}", "a" * 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    opened = SqlStore(path)
    opened.commit_bar(_record(), [_row("a"), _row("b", Intent.CLOSE)])
    opened.ask(Command(Word.SEND, 1, rows=(_row("x"),)))
    yield opened
    opened.close()


_CHANGES = [
    "UPDATE outbox SET body = replace(body, 'a', 'A') WHERE seq = 1",
    "UPDATE outbox SET state = 'ACKNOWLEDGED' WHERE seq = 2",
    "UPDATE outbox SET state = 'PENDINH' WHERE seq = 2",
    "UPDATE outbox SET deadline_ms = 5",
    "UPDATE outbox SET seq = 9 WHERE seq = 1",
    "UPDATE routes SET watermark_ms = watermark_ms + 1",
    "UPDATE routes SET state = '[]'",
    "UPDATE commands SET rows = '[]'",
    "UPDATE commands SET done_ms = 5",
]


@pytest.mark.parametrize("change", _CHANGES)
def test_a_value_that_was_not_written_by_us_is_refused_at_start(store: SqlStore, path: Path, change: str) -> None:
    """A value that changed although the database is sound (a flipped bit, say) is a StoreError that names the row."""
    store.close()
    with sqlite3.connect(path) as raw:
        raw.execute(change)
    raw.close()
    with pytest.raises(StoreError, match=r"is damaged: its seal does not fit; restore a backup") as caught:
        SqlStore(path)
    assert str(path) in str(caught.value)


def test_a_damaged_row_is_refused_when_it_is_read(store: SqlStore, path: Path) -> None:
    """A running engine that meets a damaged row stops at it, and does nothing more with this state."""
    with sqlite3.connect(path) as raw:
        raw.execute(_CHANGES[0])
    raw.close()
    with pytest.raises(StoreError, match="row 1 of outbox is damaged"):
        store.unresolved()
    with pytest.raises(StoreError, match="row 1 of outbox is damaged"):
        store.commit_bar(_record(1), [])


def _torn(store: SqlStore, path: Path) -> Path:
    """Give the state as a killed engine leaves it: what was committed last stands in the journal only."""
    left = path.with_name("left")
    left.mkdir()
    for name in ("state.db", "state.db-wal", "state.db.mark"):
        shutil.copy(path.with_name(name), left / name)
    return left / "state.db"


@pytest.mark.parametrize("damage", ["lost", "emptied", "cut", "flipped"])
def test_a_journal_that_lost_commits_is_noticed(store: SqlStore, path: Path, damage: str) -> None:
    """SQLite would go on with an older state and say nothing; we refuse, and tell what to do."""
    left = _torn(store, path)
    journal = left.with_name("state.db-wal")
    whole = journal.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    if damage == "lost":
        journal.unlink()
    else:
        journal.write_bytes({"emptied": b"", "cut": whole[: len(whole) // 2], "flipped": bytes(flipped)}[damage])
    with pytest.raises(StoreError, match=r"older than what was kept here \(commit \d of 2\)"):
        SqlStore(left)


def test_a_killed_engines_state_is_taken_over_whole(store: SqlStore, path: Path) -> None:
    """With its journal, what a killed engine left is complete."""
    taken = SqlStore(_torn(store, path))
    assert taken.rows() == store.rows()
    taken.close()


@pytest.mark.parametrize("text", [b"", b"x", b"12", b"99999999999999999999 0000000001\n", b"\xff\xff"])
def test_a_mark_that_cannot_be_read_accuses_nobody(store: SqlStore, path: Path, text: bytes) -> None:
    """A mark that was lost or damaged itself does not keep a sound state from being used."""
    left = _torn(store, path)
    left.with_name("state.db.mark").write_bytes(text)
    taken = SqlStore(left)
    assert taken.routes() == store.routes() != []
    taken.close()


def test_a_mark_behind_the_state_is_no_loss(store: SqlStore, path: Path) -> None:
    """The mark is not synchronised: after a power cut it may be older than the state, which is then whole."""
    left = _torn(store, path)
    older = left.with_name("state.db.mark").read_bytes()
    again = SqlStore(left)
    again.commit_bar(_record(7), [])
    again.close()
    left.with_name("state.db.mark").write_bytes(older)
    taken = SqlStore(left)
    assert taken.route("r") == _record(7)
    taken.close()


@pytest.mark.parametrize("harm", ["removed", "replaced", "cut", "journal removed", "journal replaced"])
def test_harm_to_an_open_state_is_noticed_by_the_next_look(store: SqlStore, path: Path, harm: str) -> None:
    """Whatever is done to the files while they are open, nothing more is read or written: SQLite itself would go on."""
    victim = path.with_name("state.db-wal") if harm.startswith("journal") else path
    if harm == "cut":
        store.close()
        reopened = SqlStore(path)
        with path.open("r+b") as file:
            file.truncate(4096)
    else:
        reopened = store
        copy = victim.read_bytes()
        victim.unlink()
        if harm.endswith("replaced"):
            victim.write_bytes(copy)
    with pytest.raises(StoreError, match="while it was in use; stop"):
        reopened.unresolved()
    reopened.close()


def test_a_state_that_is_gone_is_not_begun_anew(store: SqlStore, path: Path) -> None:
    """Where a state held something and its file is gone, no empty one takes its place, now or at the next start."""
    store.close()
    path.unlink()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"is gone, and it held something \(state.db.mark counts 2 commits\)"):
            SqlStore(path)
    assert not path.exists()
    path.with_name("state.db.mark").unlink()
    SqlStore(path).close()


# older releases ---


def _version_1(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.executescript((Path(__file__).parent / "state_v1.sql").read_text(encoding="utf-8"))
    raw.close()


def _schema(path: Path) -> dict[str, set[str]]:
    with sqlite3.connect(path) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {t: {str(column) for column in raw.execute(f"PRAGMA table_info({t})")} for t in tables}
        found["indexes"] = {n for (n,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    raw.close()
    return found


def test_an_older_state_is_brought_up_to_date_and_kept_as_it_was(tmp_path: Path) -> None:
    """A state of version 1, as a release wrote it, gets today's tables with all it held; a copy stays beside it."""
    old = tmp_path / "old.db"
    _version_1(old)
    opened = SqlStore(old)
    assert [(row.seq, row.state, row.maybe_arrived, row.by_hand) for row in opened.rows()] == [
        (1, RowState.UNKNOWN, True, False),
        (2, RowState.SENDING, False, False),
    ]
    assert opened.route("swing BTC/USDT 1h") == RouteRecord(
        "swing BTC/USDT 1h", 3_600_000, '{"side":1,"cash":10000.25}', "a" * 64
    )
    assert [attempt.detail for attempt in opened.attempts(opened.rows()[0])] == ["timed out"]
    opened.resolve(opened.rows()[0], RowState.REJECTED, "said so", 5)
    opened.close()
    SqlStore(tmp_path / "new.db").close()
    assert _schema(old) == _schema(tmp_path / "new.db")
    with sqlite3.connect(tmp_path / "old.db.before-v2") as kept, sqlite3.connect(":memory:") as first:
        first.executescript((Path(__file__).parent / "state_v1.sql").read_text(encoding="utf-8"))
        assert list(kept.iterdump()) == list(first.iterdump())
    kept.close()
    first.close()


def test_only_the_engine_brings_a_state_up_to_date(tmp_path: Path) -> None:
    """Whoever only looks or asks changes no tables, and is told who does."""
    old = tmp_path / "old.db"
    _version_1(old)
    before = old.read_bytes()
    for access in (Access.READER, Access.OPERATOR):
        with pytest.raises(StoreError, match="start the engine once"):
            SqlStore(old, access=access)
    assert old.read_bytes()[100:] == before[100:]  # WAL mode is written into the head


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Where a step cannot be done, the state is as it was, and the older release could still use it."""
    old = tmp_path / "old.db"
    _version_1(old)
    with sqlite3.connect(old) as raw:
        raw.execute("CREATE TABLE commands (mine TEXT)")
    raw.close()
    before = _schema(old)
    with pytest.raises(StoreError, match="already exists"):
        SqlStore(old)
    assert _schema(old) == before


# copies ---


def test_a_backup_is_whole_and_is_taken_while_the_engine_writes(store: SqlStore, tmp_path: Path) -> None:
    """A reader beside the engine copies the state; the copy opens as a state of its own and holds every row."""
    reader = SqlStore.open_readonly(store.path)
    reader.back_up(tmp_path / "copy.db")
    store.commit_bar(_record(1), [_row("later")])
    with pytest.raises(RefusedError, match="is there already"):
        reader.back_up(tmp_path / "copy.db")
    with pytest.raises(StoreError, match="No such file"):
        reader.back_up(tmp_path / "nowhere" / "copy.db")
    reader.close()
    copy = SqlStore(tmp_path / "copy.db")
    assert [row.client_order_id for row in copy.rows()] == ["a", "b"]
    copy.close()
    assert sorted(file.name for file in tmp_path.glob("copy.db*")) == ["copy.db", "copy.db.lock"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


# the operator beside the engine ---


def test_what_the_operator_asks_is_seen_by_the_engine_and_answered(store: SqlStore, path: Path) -> None:
    """A command written beside a running engine is read by it; its answer is read back; done twice it is done once."""
    beside = SqlStore(path, access=Access.OPERATOR)
    number = beside.ask(Command(Word.SEND, 5, rows=(_row("y"),), reason="why"))
    assert beside.answer(number) is None
    first, command = store.asked()
    assert command == Command(Word.SEND, 5, rows=(_row("y"),), reason="why", number=number)
    added = store.finish(command, Carried(rows=command.rows), 9)
    assert added is not None
    assert [row.client_order_id for row in added] == ["y"]
    assert store.finish(command, Carried(rows=command.rows), 9) is None
    assert store.asked() == [first]
    assert beside.answer(number) == ""
    beside.close()


def test_a_command_is_carried_out_wholly_or_not_at_all(store: SqlStore) -> None:
    """Where a row has changed since the verdict was found, nothing of it is done, and the command stays."""
    command = store.asked()[0]
    first, second = store.rows()
    step = Step(RowState.EXPIRED)
    verdict = Carried((Change(second, step, "x"), Change(first, step, "x")), command.rows)
    sending = store.begin_attempt(first, 1)
    assert sending is not None
    assert store.finish(command, verdict, 2) is None
    assert [row.state for row in store.rows()] == [RowState.SENDING, RowState.PENDING]
    assert store.asked() == [command]
    store.end_attempt(sending, Step(RowState.ACKNOWLEDGED), Exchange(Phase.ANSWERED, "", 200), 3)
    assert store.resolutions(second) == []


def test_a_command_is_counted_among_the_commits(path: Path, store: SqlStore) -> None:
    """The count of commits goes on whoever wrote last, so a lost journal is noticed after a command, too."""
    beside = SqlStore(path, access=Access.OPERATOR)
    beside.ask(Command(Word.FLATTEN, 5, rows=(_row("y"),)))
    beside.close()
    store.commit_bar(_record(2), [])
    assert store._mark.read() == 4


def test_a_flipped_bit_in_the_tables_own_words_is_told_as_damage(store: SqlStore, path: Path) -> None:
    """SQLite quotes damaged words where it refuses them, and they are no text any more: still a StoreError."""
    whole = store.unresolved()
    store.close()
    sound = path.read_bytes()
    begins, told = sound.index(b"CREATE TABLE outbox"), 0
    for at in range(begins, begins + 120):
        damaged = bytearray(sound)
        damaged[at] ^= 0x80
        path.write_bytes(damaged)
        try:
            opened = SqlStore(path)
        except StoreError as error:
            told += "UTF-8" in str(error)
        else:
            assert opened.unresolved() == whole  # a flip in a word that decides nothing
            opened.close()
    assert told > 0
