"""True strength index."""

from __future__ import annotations

import numpy as np

from engine.indicators.function import SOURCE, Follows, Function, Kind, Parameter
from engine.indicators.kernel import SEED_LEFT_OF_CHANGES, Column, decay_bars, kernel


def tsi(source: Column, short_length: int, long_length: int) -> Column:
    """Changes averaged twice, by what the sizes of the changes average to: -1 to 1.

    Source: Pine Script reference, ta.tsi: ema(ema(change, long), short) / ema(ema(|change|, long), short). A bar whose
    source is na, and the bar after it, have no change: they give na and are skipped. Without changes it is na.
    """
    out = np.empty(len(source))
    _tsi(source, short_length, long_length, out)
    return out


@kernel
def _tsi(source: Column, short_length: int, long_length: int, out: Column) -> None:
    long_alpha, short_alpha = 2.0 / (long_length + 1), 2.0 / (short_length + 1)
    first, second = long_length, long_length + short_length - 1
    net = size = net_sum = size_sum = 0.0  # the first averages
    net2 = size2 = net2_sum = size2_sum = 0.0  # their averages
    count = 0
    last = np.nan
    for i in range(len(source)):
        x = source[i] - last
        last = source[i]
        out[i] = np.nan
        if np.isnan(x):
            continue
        count += 1
        if count > first:
            net = net + long_alpha * (x - net) if long_length > 1 else x
            size = size + long_alpha * (abs(x) - size) if long_length > 1 else abs(x)
        else:
            net_sum += x
            size_sum += abs(x)
            net = net_sum / long_length
            size = size_sum / long_length
            if count < first:
                continue
        if count > second:
            net2 = net2 + short_alpha * (net - net2) if short_length > 1 else net
            size2 = size2 + short_alpha * (size - size2) if short_length > 1 else size
        else:
            net2_sum += net
            size2_sum += size
            net2 = net2_sum / short_length
            size2 = size2_sum / short_length
        if count >= second:
            out[i] = net2 / size2


def _memory(short_length: int, long_length: int) -> int:
    return 1 + sum(
        length - 1 + decay_bars(2 / (length + 1), SEED_LEFT_OF_CHANGES) for length in (short_length, long_length)
    )


FUNCTIONS = (
    Function(
        "tsi",
        (SOURCE, Parameter("short_length", Kind.LENGTH), Parameter("long_length", Kind.LENGTH)),
        tsi,
        _memory,
        follows=Follows.SHAPE,
    ),
)
