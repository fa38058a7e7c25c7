"""What the log says of a message in doubt."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from engine.adapters.logs import set_up_logs
from engine.adapters.sql_store import SqlStore
from engine.app.observers import LogObserver
from engine.app.outbox import account_of
from engine.delivery import Exchange, Intent, Phase, Row, RowState, Step
from engine.ports import RouteRecord


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    set_up_logs([SecretStr("canary-5d")], stream)
    return stream


def test_a_doubt_is_told_with_all_that_is_known(tmp_path: Path, log: io.StringIO) -> None:
    """Intent, route, candle, message, every attempt with its phase, and what is held back; what to do; no token."""
    store = SqlStore(tmp_path / "state.db")
    rows = [
        Row(0, "swing BTC/USDT 1h", "main", Intent.OPEN, RowState.PENDING, key, f'{{"log":"{key} canary-5d"}}', 0)
        for key in ("first", "second")
    ]
    store.commit_bar(RouteRecord("r", 1, "{}", "x"), rows)
    sending = store.begin_attempt(store.rows()[0], 1_000)
    assert sending is not None
    step = Step(RowState.UNKNOWN, maybe_arrived=True)
    store.end_attempt(sending, step, Exchange(Phase.MAYBE_SENT, "timed out"), 2_000)
    LogObserver().doubt(account_of(store, store.rows()[0]))
    store.close()
    structlog.reset_defaults()
    told = log.getvalue()
    for part in (
        "IN DOUBT: look at the platform, then say 'outbox arrived' or 'outbox not-arrived'",
        "number=1",
        "intent=open",
        "swing BTC/USDT 1h",
        "1970-01-01 00:00:00",
        "first",
        "maybe sent: timed out",
        "second",
    ):
        assert part in told
    assert "canary-5d" not in told


def test_a_message_by_hand_is_told_as_such(log: io.StringIO) -> None:
    """What a person asked for is not logged as a delivery that failed."""
    row = Row(7, "r", "main", Intent.CLOSE, RowState.PENDING, "x", '{"action":"closeLong"}', 0, by_hand=True)
    LogObserver().delivered(row, Step(RowState.PENDING), None)
    structlog.reset_defaults()
    assert "message by hand" in log.getvalue()
    assert "trying again" not in log.getvalue()
