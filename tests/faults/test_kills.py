"""A share of `make kills`, and that its audit can find fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.adapters.sql_store import SqlStore
from engine.delivery import Intent, Row, RowState
from engine.ports import RouteRecord
from engine.webhook import client_order_id
from tests.faults.kills.__main__ import run
from tests.faults.kills.audit import audit, order_id, wanted
from tests.faults.kills.world import BAR_MS, NAME, START_MS, SYMBOL, TIMEFRAME


@pytest.mark.parametrize("deduplicates", [False, True])
def test_nothing_is_lost_and_nothing_doubled(deduplicates: bool) -> None:
    """Killed at random and at every named moment, the engine does what its candles ask for; `make kills` has 20,000."""
    figures = run(45, 7, deduplicates=deduplicates, campaign=45)
    assert figures.findings.wrong == []
    assert sum(figures.kills.values()) == 45
    assert figures.findings.counts["executed"] > 0


def test_the_reference_knows_the_ids_by_itself() -> None:
    """The audit's own ids are the engine's."""
    for bar, intent in ((41, "open"), (1_000, "close")):
        assert order_id(bar, intent) == client_order_id(
            strategy=NAME,
            symbol=SYMBOL,
            timeframe=TIMEFRAME,
            candle_open_ms=START_MS + bar * BAR_MS,
            intent=intent,
            sequence=0,
        )


_FIRST, _SECOND = wanted(45)[:2]


def _state(folder: Path, states: list[RowState], *, side: int = -1) -> None:
    """A state in which the first turn opened, and the second closed and opened again."""
    store = SqlStore(folder / "state.db")
    moves = [(_FIRST[0], "open", Intent.OPEN), (_SECOND[0], "close", Intent.CLOSE), (_SECOND[0], "open", Intent.OPEN)]
    rows = [
        Row(0, "r", "main", intent, state, order_id(bar, word), "{}", START_MS + bar * BAR_MS)
        for (bar, word, intent), state in zip(moves, states, strict=True)
    ]
    machine = json.dumps({"orders": [{"type": 0}, {"type": 0}], "position": {"closing": 0, "side": side}})
    store.commit_bar(RouteRecord("r", START_MS + _SECOND[0] * BAR_MS, machine, ""), rows)
    store.close()


_RIGHT = [
    f"{order_id(_FIRST[0], 'open')} open{_FIRST[1]}",
    f"{order_id(_SECOND[0], 'close')} close{_SECOND[2]}",
    f"{order_id(_SECOND[0], 'open')} open{_SECOND[1]}",
]
_SIDE = 1 if _SECOND[1] == "Long" else -1
_DONE = [RowState.ACKNOWLEDGED] * 3


def test_what_is_right_passes(tmp_path: Path) -> None:
    """Three decisions, executed once each, acknowledged, and the position believed as it is."""
    _state(tmp_path, _DONE, side=_SIDE)
    assert audit(tmp_path, _RIGHT, deduplicates=False).wrong == []


@pytest.mark.parametrize(
    ("kind", "executed", "states", "side"),
    [
        ("lost", [_RIGHT[0], _RIGHT[2]], _DONE, _SIDE),
        ("doubled", [_RIGHT[0], _RIGHT[0], *_RIGHT[1:]], _DONE, _SIDE),
        ("unlisted", _RIGHT, [RowState.EXPIRED, *_DONE[1:]], _SIDE),
        ("unlisted", _RIGHT[:2], _DONE, 0),
        ("positions", _RIGHT, _DONE, -_SIDE),
        ("strange", [*_RIGHT, "0000 openLong"], _DONE, _SIDE),
    ],
)
def test_the_audit_finds_what_is_wrong(
    tmp_path: Path, kind: str, executed: list[str], states: list[RowState], side: int
) -> None:
    """A close that is missing, an opening twice, a doubt that is not listed, another position, an order of nobody."""
    _state(tmp_path, states, side=side)
    assert getattr(audit(tmp_path, executed, deduplicates=False), kind)
