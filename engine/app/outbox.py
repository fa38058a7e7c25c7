"""The operator's word on messages whose fate is not known."""

from __future__ import annotations

from pathlib import Path

from engine.adapters.clocks import SystemClock
from engine.adapters.sql_store import SqlStore
from engine.config import RunConfig
from engine.delivery import Row, RowState
from engine.errors import InvalidInputError


def newest(config: RunConfig, most: int) -> list[Row]:
    """Give the newest messages of a config's state, oldest first. Errors: StoreError, InvalidInputError."""
    _check_there(config)
    store = SqlStore.open_readonly(config.state)
    try:
        return store.rows(most)
    finally:
        store.close()


def settle(config: RunConfig, number: int, *, arrived: bool) -> str:
    """Settle an UNKNOWN message; gives what was done. Errors: InvalidInputError; RefusedError while an engine runs."""
    _check_there(config)
    store = SqlStore(config.state)
    try:
        row = next((row for row in store.unresolved() if row.seq == number), None)
        if row is None or row.state is not RowState.UNKNOWN:
            doubtful = [str(row.seq) for row in store.unresolved() if row.state is RowState.UNKNOWN]
            there = f"there are {', '.join(doubtful)}" if doubtful else "there is none"
            raise InvalidInputError(f"message {number} is not UNKNOWN; {there}")
        state = RowState.ACKNOWLEDGED if arrived else RowState.REJECTED
        said = "the operator says that it arrived" if arrived else "the operator says that it did not arrive"
        store.resolve(row, state, said, SystemClock().now_ms())
        return f"{row.seq} {row.intent} {row.client_order_id}: {state}; {said}"
    finally:
        store.close()


def _check_there(config: RunConfig) -> None:
    if not Path(config.state).exists():
        raise InvalidInputError(f"{config.state}: there is no state yet; nothing was ever run with this config")
