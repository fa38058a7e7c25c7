"""How results are printed."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

# Texts such as 'a:x:b' are what they are, and no emoji.
console = Console(emoji=False)
errors = Console(stderr=True, emoji=False)


def print_json(document: Mapping[str, object]) -> None:
    """Print one document on standard output, and nothing else."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def plain_values(value: object) -> object:
    """Give what JSON can hold: na, inside whatever holds it, as null."""
    if isinstance(value, Mapping):
        return {key: plain_values(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def program() -> str:
    """Give what the user types to run this program."""
    called = Path(sys.argv[0])
    if called.name != "signal-engine":
        return "python -m engine"
    return called.name if shutil.which(called.name) else str(called)


def moment(ms: int | None) -> str:
    """Write a time (ms UTC) as people read it."""
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def number(value: float | None, digits: int = 2) -> str:
    """Write a number with thousands separated; a dash for none."""
    return "-" if value is None else f"{value:,.{digits}f}"


def price(value: float | None) -> str:
    """Write a price with the digits it needs."""
    return "" if value is None else f"{value:.10g}" if value >= 1e-4 else f"{value:.10f}".rstrip("0")
