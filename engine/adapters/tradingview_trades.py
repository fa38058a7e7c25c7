"""The list of trades that TradingView's Strategy Tester exports as CSV, in each of the ways it has been written.

The header's words changed over the years (Contracts, Position size (qty), Size (qty); Profit, Net P&L), the currency
stands behind some of them or not, an entry's row comes before its exit's or after it, and times carry a zone or are the
chart's. Columns are found by their words, rows by their trade number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.errors import InvalidInputError

_CURRENCY = r"(?: [^\s%()]{1,12})?"
_WORDS = {
    "number": r"trade #|trade number|trade",
    "type": r"type",
    "signal": r"signal",
    "time": r"date/time|date and time|date time|date",
    "price": rf"price{_CURRENCY}",
    "quantity": rf"contracts|quantity|qty|(?:position )?size \(qty\)|(?:position )?size{_CURRENCY}",
    "profit": rf"(?:profit|net profit|net p&l|p&l){_CURRENCY}",
    "percent": r"(?:profit|net profit|net p&l|p&l) %",
    "run_up": rf"(?:run-up|favorable excursion){_CURRENCY}",
    "drawdown": rf"(?:drawdown|adverse excursion){_CURRENCY}",
}
_NEEDED = ("number", "type", "time", "price", "quantity")
_TYPE = re.compile(r"(entry|exit) (long|short)", re.IGNORECASE)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
_TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M")


@dataclass(frozen=True, slots=True)
class ExportedTrade:
    """One trade as TradingView shows it. Numbers keep the digits of the export; None where it does not say.

    Times are ms UTC. Of an open trade (`is_open`) the exit is the last close, or not there. `line` is its first line.
    """

    number: str
    side: str
    entry_time_ms: int
    entry_price: Decimal
    entry_signal: str
    exit_time_ms: int | None
    exit_price: Decimal | None
    exit_signal: str
    quantity: Decimal
    profit: Decimal | None
    percent: Decimal | None
    run_up: Decimal | None
    drawdown: Decimal | None
    is_open: bool
    line: int


def read_trades(path: Path | str, zone: str = "UTC") -> list[ExportedTrade]:
    """Read all trades, in order of entry. `zone` is the chart's time zone, for times that carry none.

    Errors: InvalidInputError naming the file, and the line where a row is not as such lists are.
    """
    path = Path(path)
    try:
        chart = ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        raise InvalidInputError(f"'{zone}' is no time zone; write one such as America/New_York or UTC") from None
    rows = _rows(path)
    header = next(rows, None)
    if header is None:
        raise InvalidInputError(f"{path} is empty; export the list of trades from the Strategy Tester")
    at = _columns(path, header[1])
    halves: dict[str, dict[str, tuple[int, Mapping[str, str]]]] = {}
    for line, cells in rows:
        row = {name: cells[i].strip() if i < len(cells) else "" for name, i in at.items()}
        kind = _TYPE.fullmatch(row["type"])
        if kind is None:
            raise InvalidInputError(f"{path}:{line}: the type is '{row['type']}'; expected such as 'Entry long'")
        half = halves.setdefault(row["number"], {})
        if kind[1].lower() in half:
            raise InvalidInputError(f"{path}:{line}: trade {row['number']} has two rows '{row['type']}'")
        half[kind[1].lower()] = line, row
    trades = [_trade(path, number, half, chart) for number, half in halves.items()]
    return sorted(trades, key=lambda trade: (trade.entry_time_ms, trade.line))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} cannot be read: {error}") from None
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter=max(",;\t", key=first.count))
    return ((reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells))


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Give the position of each column that is there."""
    found: dict[str, int] = {}
    for i, cell in enumerate(header):
        words = " ".join(cell.lower().split())
        name = next((name for name, pattern in _WORDS.items() if re.fullmatch(pattern, words)), None)
        if name is not None:
            found.setdefault(name, i)
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise InvalidInputError(
            f"{path} is no list of trades of TradingView's: there is no column for the {', '.join(missing)}; "
            f"the header is: {','.join(header)}"
        )
    return found


def _trade(path: Path, number: str, half: Mapping[str, tuple[int, Mapping[str, str]]], zone: tzinfo) -> ExportedTrade:
    if "entry" not in half:
        raise InvalidInputError(f"{path}:{half['exit'][0]}: trade {number} has an exit and no entry")
    line, entry = half["entry"]
    leave_line, leave = half.get("exit", (line, {}))
    side = entry["type"].split()[1].lower()
    if leave and leave["type"].split()[1].lower() != side:
        raise InvalidInputError(f"{path}:{leave_line}: trade {number} is entered {side} and left {leave['type']}")
    closed = bool(leave.get("time")) and bool(leave.get("price"))
    numbers = {
        name: _number(path, leave_line, name, leave.get(name) or entry.get(name, ""))
        for name in ("profit", "percent", "run_up", "drawdown")
    }
    price, quantity = (_number(path, line, name, entry[name]) for name in ("price", "quantity"))
    if price is None or quantity is None:
        raise InvalidInputError(f"{path}:{line}: trade {number} has no {'price' if price is None else 'quantity'}")
    return ExportedTrade(
        number=number,
        side=side,
        entry_time_ms=_time(path, line, entry["time"], zone),
        entry_price=price,
        entry_signal=entry.get("signal", ""),
        exit_time_ms=_time(path, leave_line, leave["time"], zone) if closed else None,
        exit_price=_number(path, leave_line, "price", leave["price"]) if closed else None,
        exit_signal=leave.get("signal", ""),
        quantity=quantity,
        **numbers,
        is_open=not closed or leave.get("signal", "").lower() == "open",
        line=min(line, leave_line),
    )


def _number(path: Path, line: int, name: str, text: str) -> Decimal | None:
    if text.lower() in ("", "n/a", "nan", "—", "-"):
        return None
    plain = text.replace("\u2212", "-").replace("\u00a0", "")  # the typographic minus; a space that does not break
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        return Decimal(plain)
    except InvalidOperation:
        raise InvalidInputError(
            f"{path}:{line}: the {name.replace('_', '-')} is '{text}', which is no number"
        ) from None


def _time(path: Path, line: int, text: str, zone: tzinfo) -> int:
    moment: datetime | None = None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for pattern in _TIMES:
            try:
                moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added below
                break
            except ValueError:
                continue
    if moment is None:
        raise InvalidInputError(f"{path}:{line}: '{text}' is no date and time")
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
