"""The data that all tests share, beside the project: real candles, and what TradingView computed."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def require_shared(*parts: str) -> Path:
    """Give the path of a shared file or folder, or skip the test, saying what is missing."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the shared data is not here: {path}")
    return path
