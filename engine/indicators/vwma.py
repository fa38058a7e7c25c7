"""Average weighted by volume."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import LENGTH, SOURCE, Follows, Function, window
from engine.indicators.kernel import Column, kernel


def vwma(volume: Column, source: Column, length: int) -> Column:
    """sma(source * volume) / sma(volume). Source: Pine Script reference, ta.vwma.

    Where the source is na the first average holds and the second goes on, as each does by itself. Without volume in the
    window it is na.
    """
    out = np.empty(len(source))
    _vwma(volume, source, length, out)
    return out


@kernel
def _vwma(volume: Column, source: Column, length: int, out: Column) -> None:
    # A window is the end of one block of `length` values and the beginning of the next. Both parts' sums are only ever
    # added to: they do not drift, and are exactly 0 where there is no volume.
    money, money_end, shares, shares_end = np.empty(length), np.full(length, np.nan), np.empty(length), np.empty(length)
    shares_end[:] = np.nan
    money_end[length - 1] = shares_end[length - 1] = 0.0  # a block's last value needs no other block
    paid = bought = 0.0
    top = bottom = np.nan
    i_money = i_shares = 0
    for i in range(len(source)):
        x = source[i] * volume[i]
        if not np.isnan(x):
            money[i_money] = x
            paid += x
            top = money_end[i_money] + paid
            i_money += 1
            if i_money == length:
                paid = _begin_anew(money, money_end)
                i_money = 0
        if not np.isnan(volume[i]):
            shares[i_shares] = volume[i]
            bought += volume[i]
            bottom = shares_end[i_shares] + bought
            i_shares += 1
            if i_shares == length:
                bought = _begin_anew(shares, shares_end)
                i_shares = 0
        out[i] = top / bottom


@kernel
def _begin_anew(block: Column, end: Column) -> float:
    """Fill in what comes after each place of a full block; give the sum of the next one so far: 0."""
    total = 0.0
    for k in range(len(block) - 1, -1, -1):
        end[k] = total
        total += block[k]
    return 0.0


FUNCTIONS = (Function("vwma", (SOURCE, LENGTH), vwma, window, reads=("volume",), follows=Follows.LEVEL),)
