"""Tables of plain numbers, read from the bytes of a CSV: a year of minutes in less time than pandas takes to load."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.indicators.kernel import kernel

Bytes = NDArray[np.int8]
Whole = NDArray[np.int64]
Table = NDArray[np.float64]

_COMMA, _LINE_FEED, _RETURN, _QUOTE, _PLUS, _MINUS, _POINT, _ZERO, _NINE, _E, _SMALL_E = b',\n\r"+-.09Ee'
_SPACE, _LAST = b" ~"  # of the printable characters that are one byte

_MOST_DIGITS = 18  # of whole numbers of eight bytes
_EXACT = 2**53  # whole numbers up to here are doubles
_MOST_TENS = 22  # powers of ten up to here are doubles
_TENS: Table = np.array([10.0**power for power in range(_MOST_TENS + 1)])
_CELL = re.compile(rb"[^,\r\n]+")


def numbers_in(text: bytes, begin: int, cells: int, wanted: Sequence[int]) -> Table | None:
    """Give one contiguous row for each of the `wanted` columns of a table: to the bit what float() gives of its cells.

    The table stands in a CSV from `begin` on. None where a line that is not empty has not `cells` cells, where one may
    be quoted or is no ASCII, or where a wanted one is not digits with an optional sign, point and exponent.
    """
    place: Whole = np.full(cells, -1, dtype=np.int64)
    place[list(wanted)] = np.arange(len(wanted))
    rows, table, difficult, offsets = _read(np.frombuffer(text, dtype=np.int8)[begin:], place, len(wanted), _TENS)
    if rows < 0:
        return None
    for cell, offset in zip(difficult.tolist(), offsets.tolist(), strict=True):
        found = _CELL.match(text, begin + offset)
        assert found is not None  # noqa: S101 - digits were just read there
        table.flat[cell] = float(found[0])
    return table[:, :rows]


@kernel
def _read(text: Bytes, place: Whole, wanted: int, tens: Table) -> tuple[int, Table, Whole, Whole]:
    """Give the number of rows (-1: not such a table), the table, and cell and offset of each number left to Python."""
    lines = 1
    for byte in text:
        lines += byte == _LINE_FEED
    table = np.empty((wanted, lines))
    # Of what is never written the system never makes memory.
    difficult, offsets = np.empty(lines * wanted, dtype=np.int64), np.empty(lines * wanted, dtype=np.int64)
    row = at = count = 0
    while at < len(text):
        after = _line_end(text, at)
        if after > at:  # an empty line
            at = after
            continue
        for cell in range(len(place)):
            if cell > 0:
                if at >= len(text) or text[at] != _COMMA:
                    return -1, table, difficult, offsets
                at += 1
            if place[cell] < 0:
                at = _skipped(text, at)
            else:
                begin = at
                at, value = _number(text, at, tens)
                table[place[cell], row] = value
                if np.isnan(value):
                    difficult[count], offsets[count] = place[cell] * lines + row, begin
                    count += 1
            if at < 0:
                return -1, table, difficult, offsets
        after = _line_end(text, at)
        if after == at and at < len(text):
            return -1, table, difficult, offsets
        at = after
        row += 1
    return row, table, difficult[:count], offsets[:count]


@kernel
def _line_end(text: Bytes, at: int) -> int:
    """Give where the next line begins; `at` where there is no end of a line."""
    if at < len(text) and text[at] == _LINE_FEED:
        return at + 1
    if at + 1 < len(text) and text[at] == _RETURN and text[at + 1] == _LINE_FEED:
        return at + 2
    return at


@kernel
def _skipped(text: Bytes, at: int) -> int:
    """Give where a cell ends that nobody wants; -1 where it may be quoted, or is no ASCII."""
    while at < len(text) and text[at] != _COMMA and text[at] != _LINE_FEED and text[at] != _RETURN:
        if text[at] == _QUOTE or not _SPACE <= text[at] <= _LAST:
            return -1
        at += 1
    return at


@kernel
def _number(text: Bytes, at: int, tens: Table) -> tuple[int, float]:
    """Give where a number ends (-1: there is none) and its value; NaN where it takes exact arithmetic.

    With few digits it is a whole number times, or divided by, a power of ten: where both are doubles, that one rounding
    gives the nearest double.
    """
    begin = at + _signs(text, at)
    negative = begin > at and text[at] == _MINUS
    at, mantissa = _digits(text, begin, 0)
    digits, power = at - begin, 0
    if at < len(text) and text[at] == _POINT:
        point = at + 1
        at, mantissa = _digits(text, point, mantissa)
        power = point - at
        digits -= power
    if digits == 0:
        return -1, np.nan
    exact = digits <= _MOST_DIGITS and mantissa <= _EXACT
    if at < len(text) and (text[at] == _E or text[at] == _SMALL_E):
        sign = at + 1
        first = sign + _signs(text, sign)
        at, exponent = _digits(text, first, 0)
        if at == first:
            return -1, np.nan
        exact = exact and at - first <= _MOST_DIGITS
        power += -exponent if text[sign] == _MINUS else exponent
    if not exact or abs(power) > _MOST_TENS:
        return at, np.nan
    value = mantissa / tens[-power] if power < 0 else mantissa * tens[power]
    return at, -value if negative else value


@kernel
def _signs(text: Bytes, at: int) -> int:
    """Count the signs before a number: one or none."""
    return 1 if at < len(text) and (text[at] == _MINUS or text[at] == _PLUS) else 0


@kernel
def _digits(text: Bytes, at: int, value: int) -> tuple[int, int]:
    """Give where digits end, and `value` with them appended; more than _MOST_DIGITS in all overflow."""
    while at < len(text) and _ZERO <= text[at] <= _NINE:
        value = 10 * value + int(text[at]) - _ZERO
        at += 1
    return at, value
