"""`signal-engine fetch` as it is typed, on the synthetic exchange."""

from __future__ import annotations

import json
from pathlib import Path

from engine.adapters.candle_cache import CandleCache
from engine.cli.fetch_words import entry_document
from tests.cli.program import signal_engine

DAYS = ("--from", "2024-01-01", "--to", "2024-01-11")
SERIES = {
    "exchange": "sample",
    "symbol": "BTC/USDT",
    "timeframe": "1h",
    "candles": 240,
    "first_ms": 1_704_067_200_000,
    "last_ms": 1_704_927_600_000,
    "gaps": [],
}


def test_what_is_fetched_is_told_and_listed(tmp_path: Path) -> None:
    """One symbol that does not exist leaves the other; --json is one document; --list shows what there is now."""
    ran = signal_engine("fetch", "BTC/USDT", "nonsense", "--exchange", "sample", *DAYS, "--cache", tmp_path, "--json")
    found = json.loads(ran.stdout)
    file = str(tmp_path / "sample" / "BTC_USDT" / "1h.parquet")
    assert found["series"] == [{**SERIES, "file": file, "new": 240, "notes": []}]
    assert ran.returncode == 1
    assert len(found["errors"]) == 1
    assert ran.stderr.startswith("the sample market has no 'nonsense'")  # and no progress bar: nobody looks
    listed = signal_engine("fetch", "--list", environment={"SIGNAL_ENGINE_CANDLES": str(tmp_path)})
    row = listed.stdout.splitlines()[2]
    assert row.split() == ["sample:BTC/USDT", "1h", "24-01-01", "00:00", "24-01-10", "23:00", "240", "0"]
    entries = CandleCache(tmp_path).entries()
    assert [entry_document(entry) for entry in entries] == [{**SERIES, "file": file, "interrupted": False}]
