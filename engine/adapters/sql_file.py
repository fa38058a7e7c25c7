"""The SQLite file of the state: made whole or not at all, checked when opened, never replaced by an empty one."""

from __future__ import annotations

import os
import sqlite3
from enum import Enum
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from engine.adapters.sql_copy import sync
from engine.adapters.sql_guard import Mark
from engine.adapters.sql_migrations import OLDEST, copy_before, migrate
from engine.adapters.sql_seal import check_all_seals
from engine.adapters.sql_tables import META, METADATA, SCHEMA_VERSION
from engine.errors import StoreError

FAILURES = (OSError, sqlite3.Error, SQLAlchemyError, StoreError, UnicodeDecodeError)
"""What a disk or a database raises. SQLite's own words are no UTF-8 where they quote a damaged name."""
COMMITS_KEY = "commits"
_VERSION_KEY = "schema_version"


def state_path(url_or_path: str | Path) -> Path:
    """Give the absolute path that `state.db` or `sqlite:///state.db` means. Errors: StoreError for another database."""
    text = str(url_or_path)
    if "://" not in text:
        return Path(text).expanduser().absolute()
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError("the address of the state is no database URL; give a path, or sqlite:///path") from None
    if url.get_backend_name() != "sqlite" or not url.database:
        shown = url.render_as_string(hide_password=True)
        raise StoreError(f"{shown}: state is kept in a SQLite file; give a path, or sqlite:///path")
    return Path(url.database).expanduser().absolute()


def create_if_missing(path: Path) -> None:
    """Make a new state file where there is none, whole before it gets its name. Errors: StoreError."""
    if path.exists():
        return
    wal = path.with_name(path.name + "-wal")
    if wal.exists():
        raise StoreError(
            f"{path}: the state file is gone, but its journal {wal.name} is there; "
            "bring the file back from where it was moved, or move the journal away to start with nothing remembered"
        )
    if kept := Mark(path).read():
        raise StoreError(
            f"{path}: the state file is gone, and it held something ({Mark(path).path.name} counts {kept} commits); "
            f"bring it back from where it was moved, or remove {Mark(path).path.name} to start with nothing remembered"
        )
    young = path.with_name(path.name + ".new")
    try:
        young.unlink(missing_ok=True)
        os.close(os.open(young, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = _connection(path, sqlite3.connect(young, isolation_level=None), write=True)
        try:
            with connection.begin():
                METADATA.create_all(connection)
                facts = {_VERSION_KEY: str(SCHEMA_VERSION), COMMITS_KEY: "0"}
                connection.execute(insert(META), [{"key": key, "value": value} for key, value in facts.items()])
        finally:
            connection.close()
        sync(young)
        young.rename(path)
        sync(path.parent)
    except FAILURES as error:
        raise failure(path, error) from None


class Access(Enum):
    """Who opens a state: the one engine that writes it, the operator beside it, or somebody who only looks."""

    ENGINE = "engine"
    OPERATOR = "operator"
    READER = "reader"


def open_state(path: Path, access: Access) -> Connection:
    """Open a state file; for the engine, also bring it up to date and check all of it.

    The connection may be used from several threads, one at a time. Errors: StoreError where it is missing, empty,
    damaged, older than it was, another program's, or of another version.
    """
    raw: sqlite3.Connection | None = None
    connection: Connection | None = None
    write = access is not Access.READER
    try:
        if not path.exists():
            raise StoreError(f"{path}: there is no state here; has an engine run with this configuration?")
        if not path.stat().st_size:
            raise StoreError(f"{path}: the state file is empty, so what was kept is lost; restore a backup")
        if access is Access.ENGINE:
            path.chmod(0o600)
        mode = "rw" if write else "ro"  # never "rwc": that would make an empty database where ours went away
        raw = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, check_same_thread=False, isolation_level=None)
        raw.execute("PRAGMA foreign_keys = ON")
        if access is Access.ENGINE:
            _check_whole(path, raw)
        if write:
            _prepare_to_write(path, raw)
        version = _version(path, raw, older=access is Access.ENGINE)
        if version < SCHEMA_VERSION:
            copy_before(path, raw, version)
        connection = _connection(path, raw, write=write)
        if version < SCHEMA_VERSION:
            with connection.begin():
                migrate(connection, version, SCHEMA_VERSION)
        _check_tables(path, connection)
        if access is Access.ENGINE:
            _check_content(path, connection)
        return connection
    except FAILURES as error:
        if connection is not None:
            connection.close()
        elif raw is not None:
            raw.close()
        raise failure(path, error) from None


def commits_of(connection: Connection) -> int:
    """Give how many transactions the state has seen."""
    return int(connection.execute(select(META.c.value).where(META.c.key == COMMITS_KEY)).scalar_one())


def failure(path: Path, error: Exception) -> StoreError:
    """Give what a person reads for an error of the disk or the database."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, UnicodeDecodeError):
        return StoreError(f"{path}: the state file is damaged (a text in it is no UTF-8); restore a backup")
    cause = getattr(error, "orig", None) or error
    text = (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__
    hints = {
        "full": "free some space, then start again: nothing that was reported as kept is lost",
        "readonly": "make the file and its folder writable for this user",
        "read-only": "make the file and its folder writable for this user",
        "denied": "make the file and its folder accessible for this user",
        "unable to open": "the folder must exist and be writable for this user",
        "malformed": "the file is damaged; restore a backup",
        "not a database": "the file is damaged or another program's; restore a backup, or name another state file",
        "disk i/o": "the disk is failing or full; repair it, then start again",
    }
    hint = next((hint for word, hint in hints.items() if word in text.lower()), "")
    return StoreError(f"{path}: the state cannot be used: {text}" + (f"; {hint}" if hint else ""))


def _check_whole(path: Path, raw: sqlite3.Connection) -> None:
    faults = [line for (line,) in raw.execute("PRAGMA integrity_check")]
    if faults != ["ok"]:
        raise StoreError(f"{path}: the state file is damaged ({faults[0]}); restore a backup")


def _prepare_to_write(path: Path, raw: sqlite3.Connection) -> None:
    (journal,) = raw.execute("PRAGMA journal_mode = WAL").fetchone()
    if journal != "wal":
        raise StoreError(f"{path}: this file system does not allow SQLite's WAL mode; keep the state on a local disk")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone leaves bytes in the drive


def _version(path: Path, raw: sqlite3.Connection, *, older: bool) -> int:
    """Give the version of a state that can be used as it is, or (`older`) brought up to date. Errors: StoreError."""
    tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "meta" not in tables:
        raise StoreError(f"{path}: this database is no state of signal-engine; name another state file")
    found = raw.execute("SELECT value FROM meta WHERE key = ?", (_VERSION_KEY,)).fetchone()
    text = str(found[0]) if found else "none"
    version = int(text) if text.isdecimal() else -1
    if version != SCHEMA_VERSION and not (older and OLDEST <= version < SCHEMA_VERSION):
        advice = "use the release that wrote it, or name another state file (positions are then not remembered)"
        if OLDEST <= version < SCHEMA_VERSION:
            advice = "start the engine once, which brings it up to date"
        raise StoreError(
            f"{path}: the state has schema version {text}, and this release needs {SCHEMA_VERSION}; {advice}"
        )
    return version


def _check_tables(path: Path, connection: Connection) -> None:
    with connection.begin():
        there = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if missing := sorted(set(METADATA.tables) - there):
        raise StoreError(f"{path}: the state file is damaged (no table {', '.join(missing)}); restore a backup")


def _check_content(path: Path, connection: Connection) -> None:
    mark = Mark(path).read()
    with connection.begin():
        try:
            check_all_seals(connection)
        except StoreError as error:
            raise StoreError(f"{path}: {error}") from None
        if (count := commits_of(connection)) < mark:
            raise StoreError(
                f"{path}: this state is older than what was kept here (commit {count} of {mark}): its journal was "
                f"lost or damaged, and messages would be sent again. Restore a newer backup; where you did restore "
                f"one, look at the platform for what was sent since, then remove {Mark(path).path.name}"
            )


def _connection(path: Path, raw: sqlite3.Connection, *, write: bool) -> Connection:
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=NullPool)

    # The driver's own transactions begin at the first write only; ours begin where they are opened.
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    try:
        return engine.connect()
    except SQLAlchemyError as error:
        raw.close()
        raise failure(path, error) from None
