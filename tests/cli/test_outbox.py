from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.adapters.sql_store import SqlStore
from engine.delivery import Exchange, Intent, Phase, Row, RowState, Step
from engine.ports import RouteRecord
from tests.cli.program import ROOT, signal_engine


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config whose state holds an UNKNOWN opening and an acknowledged close."""
    connector = {"url": "http://127.0.0.1:9/webhook", "name": "n", "token": "canary-0c11"}
    strategy = str(ROOT / "strategies" / "ema_cross.yaml")
    document = {
        "mode": "paper",
        "state": "state.db",
        "exchange": {"id": "sample"},
        "connectors": {"main": connector},
        "routes": [{"strategy": strategy, "symbol": "BTC/USDT:USDT", "connector": "main"}],
    }
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(document))
    store = SqlStore(tmp_path / "state.db")
    rows = [
        Row(0, "r", "main", Intent.OPEN, RowState.PENDING, "a", '{"action":"openLong"}', 0, deadline_ms=9),
        Row(0, "r", "main", Intent.CLOSE, RowState.PENDING, "b", '{"action":"closeLong"}', 1),
    ]
    store.commit_bar(RouteRecord("r", 1, "{}", "x"), rows)
    for row, state in zip(store.rows(), (RowState.UNKNOWN, RowState.ACKNOWLEDGED), strict=True):
        sending = store.begin_attempt(row, 1)
        assert sending is not None
        store.end_attempt(sending, Step(state), Exchange(Phase.MAYBE_SENT, "timed out"), 2)
    store.close()
    return path


def test_the_list_shows_each_message_and_what_is_doubtful(config: Path) -> None:
    """Number, state, action and reason of every message; no token."""
    ran = signal_engine("outbox", "list", "--config", config)
    assert ran.returncode == 0, ran.stderr
    first, second = ran.stdout.splitlines()
    assert "UNKNOWN" in first
    assert "openLong" in first
    assert "timed out" in first
    assert "ACKNOWLEDGED" in second
    assert "canary" not in ran.stdout


@pytest.mark.parametrize(("word", "state"), [("arrived", "ACKNOWLEDGED"), ("not-arrived", "REJECTED")])
def test_the_operators_word_settles_a_doubtful_message(config: Path, word: str, state: str) -> None:
    """What was UNKNOWN is settled as the operator says, with the reason kept; a second word is refused."""
    ran = signal_engine("outbox", word, "1", "--config", config)
    assert ran.returncode == 0, ran.stderr
    shown = signal_engine("outbox", "list", "--config", config).stdout.splitlines()[0]
    assert state in shown
    assert "the operator says" in shown
    again = signal_engine("outbox", word, "1", "--config", config)
    assert again.returncode == 1
    assert "not UNKNOWN; there is none" in again.stderr


def test_a_message_that_is_certain_is_not_settled(config: Path) -> None:
    """Only what is UNKNOWN can be settled; the doubtful ones are named."""
    ran = signal_engine("outbox", "arrived", "2", "--config", config)
    assert ran.returncode == 1
    assert "there are 1" in ran.stderr


def test_beside_a_running_engine_it_is_refused(config: Path) -> None:
    """The state has one writer: while an engine holds it the word is refused with code 3, and the list still works."""
    store = SqlStore(config.parent / "state.db")
    try:
        assert signal_engine("outbox", "arrived", "1", "--config", config).returncode == 3
        assert signal_engine("outbox", "list", "--config", config).returncode == 0
    finally:
        store.close()
