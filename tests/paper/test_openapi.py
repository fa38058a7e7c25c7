from __future__ import annotations

from pathlib import Path

from engine.paper.app import PATH
from tests.paper.openapi import run


def test_the_platform_answers_as_its_openapi_says(tmp_path: Path) -> None:
    """Of what the schema allows and forbids nothing is a 5xx, nothing forbidden is taken, no answer is another's."""
    seen = dict(run(8, 2, tmp_path, ("sync",)))
    assert len(seen) == 21
    assert seen[f"POST {PATH} positive"][200] > 0
    assert set(seen[f"POST {PATH} negative"]) <= {400, 401, 422}
