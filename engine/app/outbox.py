"""What became of each message, and what is known of one that is in doubt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.sql_store import SqlStore
from engine.config import RunConfig
from engine.delivery import Row, holds_back
from engine.errors import InvalidInputError
from engine.ports import Attempt, Resolution, Store


@dataclass(frozen=True, slots=True)
class Account:
    """All that is known of one message: it, every attempt, every change without one, and the messages it holds back."""

    row: Row
    attempts: list[Attempt]
    resolutions: list[Resolution]
    held: list[Row]

    @property
    def action(self) -> str:
        """What it asks the platform for."""
        return str(json.loads(self.row.body).get("action", ""))


def account_of(store: Store, row: Row) -> Account:
    """Give all that is known of a message. Errors: StoreError."""
    later = [other for other in store.unresolved(row.connector) if other.seq > row.seq]
    return Account(row, store.attempts(row), store.resolutions(row), [o for o in later if holds_back(row, o)])


def newest(config: RunConfig, most: int) -> list[Row]:
    """Give the newest messages of a config's state, oldest first. Errors: StoreError, InvalidInputError."""
    with _opened(config) as store:
        return store.rows(most)


def account(config: RunConfig, number: int) -> Account:
    """Give all that is known of a message by its number. Errors: StoreError, InvalidInputError."""
    with _opened(config) as store:
        row = store.row(number)
        if row is None:
            raise InvalidInputError(f"there is no message {number}; 'outbox list' shows the newest")
        return account_of(store, row)


def back_up(config: RunConfig, target: Path) -> None:
    """Copy the state to a new file, whole and checked, while the engine may go on. Errors: StoreError, RefusedError."""
    with _opened(config) as store:
        store.back_up(target)


@contextmanager
def _opened(config: RunConfig) -> Iterator[SqlStore]:
    if not Path(config.state).exists():
        raise InvalidInputError(f"{config.state}: there is no state yet; nothing was ever run with this config")
    store = SqlStore.open_readonly(config.state)
    try:
        yield store
    finally:
        store.close()
