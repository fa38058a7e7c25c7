"""Pivot levels: a price of the period before, and supports and resistances around it.

Source: Pine Script reference, ta.pivot_point_levels; formulas: TradingView's help, Pivot Points Standard. (PyneCore
gives Classic the R3 and S3 of Traditional, and leaves out Traditional's, Classic's and Woodie's R4 and S4,
Traditional's and Camarilla's R5 and S5, and what is developing before the first anchor.)
"""

from __future__ import annotations

import numpy as np

from engine.indicators.function import CANDLE, EVENT_BARS, Endless, Function, Kind, Parameter
from engine.indicators.kernel import TRUE, Column, Truth, kernel

TYPES = ("Traditional", "Fibonacci", "Woodie", "Classic", "DM", "Camarilla")
_TRADITIONAL, _FIBONACCI, _WOODIE, _, _DM, _CAMARILLA = range(6)
OUTPUTS = ("P", "R1", "S1", "R2", "S2", "R3", "S3", "R4", "S4", "R5", "S5")


@kernel
def _set_levels(kind: int, o: float, h: float, l: float, c: float, opened: float, level: Column) -> None:  # noqa: E741 - as the formulas have it
    """Set the 11 levels from a period's prices, and the open of the one they are for. na where the kind has none."""
    level[:] = np.nan
    span = h - l
    if kind == _DM:
        x = h + l + 2 * c if o == c else 2 * h + l + c if c > o else h + 2 * l + c
        level[0], level[1], level[2] = x / 4, x / 2 - l, x / 2 - h
        return
    pivot = (h + l + 2 * opened) / 4 if kind == _WOODIE else (h + l + c) / 3
    level[0] = pivot
    if kind == _FIBONACCI:
        for k in range(3):
            reach = (0.382, 0.618, 1.0)[k] * span
            level[2 * k + 1], level[2 * k + 2] = pivot + reach, pivot - reach
        return
    if kind == _CAMARILLA:
        for k in range(4):
            reach = 1.1 * span / (12, 6, 4, 2)[k]
            level[2 * k + 1], level[2 * k + 2] = c + reach, c - reach
        level[9] = h / l * c
        level[10] = c - (level[9] - c)
        return
    level[1], level[2] = 2 * pivot - l, 2 * pivot - h
    level[3], level[4] = pivot + span, pivot - span
    if kind == _TRADITIONAL:
        for k in range(2, 5):
            level[2 * k + 1], level[2 * k + 2] = k * pivot + (h - k * l), k * pivot - (k * h - l)
    elif kind == _WOODIE:
        level[5], level[6] = h + 2 * (pivot - l), l - 2 * (h - pivot)
        level[7], level[8] = level[5] + span, level[6] - span
    else:
        for k in range(2, 4):
            level[2 * k + 1], level[2 * k + 2] = pivot + k * span, pivot - k * span


@kernel
def _levels(
    opens: Column, high: Column, low: Column, close: Column, anchor: Truth, kind: int, developing: bool
) -> Column:
    n = len(close)
    out = np.empty((11, n))
    level = np.full(11, np.nan)
    first = top = bottom = last = np.nan  # of the period so far
    since = 0  # the first bar that is not written yet
    for i in range(n):
        begins = anchor[i] == TRUE
        if begins and not developing:
            for k in range(11):
                out[k, since:i] = level[k]
            since = i
            _set_levels(kind, first, top, bottom, last, opens[i], level)
        if begins:
            first = top = bottom = np.nan
        first = opens[i] if np.isnan(first) else first
        top = high[i] if np.isnan(top) or high[i] > top else top
        bottom = low[i] if np.isnan(bottom) or low[i] < bottom else bottom
        last = last if np.isnan(close[i]) else close[i]
        if developing:
            _set_levels(kind, first, top, bottom, last, np.nan, level)
            for k in range(11):
                out[k, i] = level[k]
    if not developing:
        for k in range(11):
            out[k, since:] = level[k]
    return out


def pivot_point_levels(
    opens: Column,
    high: Column,
    low: Column,
    close: Column,
    anchor: Truth,
    type: str,  # noqa: A002 - Pine's name
    developing: bool,
) -> tuple[Column, ...]:
    """Give P, R1, S1 ... R5, S5 of the period that ended where `anchor` was TRUE last; na before that.

    The first period begins with the first bar. With `developing`, of the period up to each bar instead, except for
    "Woodie", where Pine has no such thing: all na. Prices that are na are passed over.
    """
    return tuple(_levels(opens, high, low, close, anchor, TYPES.index(type), developing))


def _memory(type: str, developing: bool) -> int:  # noqa: A002, ARG001 - Pine's name; called with all constants
    return EVENT_BARS


FUNCTIONS = (
    Function(
        "pivot_point_levels",
        (
            Parameter("type", Kind.TEXT, choices=TYPES),
            Parameter("anchor", Kind.CONDITION),
            Parameter("developing", Kind.FLAG, "false"),
        ),
        pivot_point_levels,
        _memory,
        reads=("open", *CANDLE),
        outputs=OUTPUTS,
        endless=Endless.EVENT,
        restart="anchor",
        periods=2,
    ),
)
