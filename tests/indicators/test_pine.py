"""The table that says which file an indicator is in, against the files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import engine.indicators
from engine.indicators import TA, Function

FOLDER = Path(engine.indicators.__file__).parent


def test_every_function_of_every_file_is_found_by_its_name() -> None:
    """What the files list in FUNCTIONS is what TA gives, each name once."""
    files = [import_module(f"engine.indicators.{path.stem}") for path in sorted(FOLDER.glob("[a-z]*.py"))]
    listed: list[Function] = [function for file in files for function in getattr(file, "FUNCTIONS", ())]
    assert sorted(function.name for function in listed) == sorted(TA)
    assert all(TA[function.name] is function for function in listed)
