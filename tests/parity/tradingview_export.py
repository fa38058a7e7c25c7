"""The list of trades that TradingView's Strategy Tester exports, as it is written."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class ExportedTrade:
    """Numbers keep the digits of the export; an open trade's exit is the last close, and its signal is "Open"."""

    side: str
    entry_time_ms: int
    exit_time_ms: int
    entry_price: Decimal
    exit_price: Decimal
    quantity: Decimal
    profit: Decimal
    percent: Decimal
    is_open: bool


def read_trades(path: Path) -> list[ExportedTrade]:
    """Read all trades; each has an entry row and an exit row."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) % 2 == 0
    trades = []
    for entry, leave in zip(rows[::2], rows[1::2], strict=True):
        side = entry["Type"].removeprefix("Entry ")
        assert entry["Trade #"] == leave["Trade #"]
        assert leave["Type"] == f"Exit {side}"
        trades.append(
            ExportedTrade(
                side,
                _ms(entry["Date/Time"]),
                _ms(leave["Date/Time"]),
                Decimal(entry["Price USD"]),
                Decimal(leave["Price USD"]),
                Decimal(entry["Position size (qty)"]),
                Decimal(entry["Net P&L USD"]),
                Decimal(entry["Net P&L %"]),
                leave["Signal"] == "Open",
            )
        )
    return trades


def _ms(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp() * 1000)
