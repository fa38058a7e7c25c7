from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.paper.fuzz import read, run
from tests.paper.messages import futures, spot


def test_no_body_is_answered_wrongly(tmp_path: Path) -> None:
    """Of 3,000 damaged bodies none raises, none is a 5xx, and taken is exactly what the page allows, as it means it."""
    figures = run(3_000, 2, tmp_path)
    assert figures.wrong == []
    assert figures.said["accepted"] > 500
    assert figures.over_http == 60


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (futures(percent="100.1"), "over 100 %"),
        (futures(percent="0"), "not above 0"),
        (futures(fixed="1e5"), "no plain number"),
        (futures(profit="1", loss="2"), "wrong side"),
        (futures("closeLong", profit="1"), "levels of a close"),
        (futures("buy"), "no action here"),
        (futures("cancel"), "a cancel of nothing"),
        (spot(loss="1"), "levels on spot"),
        (spot(log=1), "log is no STRING"),
        (spot(delaySecondsFilter="x"), "a filter of nothing"),
        (spot(delaySeconds=True), "no number of seconds"),
        (spot(fixd="1"), "unknown field"),
        (spot(entryOrder={}), "parts of a position"),
        ({**spot(), "connectorToken": "x"}, "a stranger's"),
    ],
)
def test_the_oracle_knows_nonsense(document: object, why: str) -> None:
    """The judge can refuse: what it says of nonsense is why."""
    assert why in str(read(json.dumps(document).encode(), syncs=True))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"a": 1, "\\u0061": 2}', b'{"a": NaN}', b"\xff", b"{}{}"])
def test_the_oracle_knows_what_is_no_json(data: bytes) -> None:
    """So are bytes that two readers could read differently."""
    assert isinstance(read(data, syncs=True), str)
