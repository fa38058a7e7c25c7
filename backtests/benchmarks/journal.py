"""What the journal costs: time in a bar's transaction, bytes on the disk, and how long packing holds the store."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from engine.adapters.sql_store import SqlStore
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.ports import JournalEntry, RouteRecord

BARS = 6 * 1024
ROUTE = "bench BTC/USDT:USDT 1m"
_STATE = "0123456789" * 100  # about as long as a machine's


def entries() -> list[JournalEntry]:
    """Give minutes of the sample market, each seen a little after its close."""
    bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1m"), SAMPLE_START_MS, BARS)
    columns = [column.tolist() for column in bars.columns()]
    times = bars.time.tolist()
    candles = zip(*columns, strict=True)
    return [
        JournalEntry(ROUTE, t, t + 61_000 + t // 60_000 % 97, candle) for t, candle in zip(times, candles, strict=True)
    ]


def commit_ms(store: SqlStore, made: list[JournalEntry], *, journal: bool) -> float:
    """Give the time of a bar's transaction."""
    began = time.perf_counter()
    for entry in made:
        store.commit_bar(RouteRecord(ROUTE, entry.bar_ms, _STATE, "x"), [], entry if journal else None)
    return 1000 * (time.perf_counter() - began) / len(made)


def main() -> None:
    made = entries()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.db"
        store = SqlStore(file)
        without, with_it = commit_ms(store, made, journal=False), commit_ms(store, made, journal=True)
        with sqlite3.connect(file) as raw:
            pages = "SELECT sum(pgsize) FROM dbstat WHERE name = 'journal'"
            try:
                young = raw.execute(pages).fetchone()[0] / len(made)
            except sqlite3.OperationalError:  # a SQLite that was built without that table
                young = float("nan")
        took: list[float] = []
        more = True
        while more:
            began = time.perf_counter()
            more = store.tidy_journal(ROUTE, 0)
            took.append(1000 * (time.perf_counter() - began))
        with sqlite3.connect(file) as raw:
            packed, last = raw.execute("SELECT sum(length(packed)), count(*) FROM journal_chunks").fetchone()
        store.close()
    each = packed / (last * 1024)
    sys.stdout.write(
        f"journal: a bar's transaction takes {with_it:.2f} ms, {without:.2f} ms without it; a bar is {young:.0f} bytes "
        f"while it is young and {each:.1f} packed ({each * 525_600 / 1e6:.1f} MB for a year of minutes); packing 1,024 "
        f"bars holds the store {max(took):.0f} ms at most\n"
    )


if __name__ == "__main__":
    main()
