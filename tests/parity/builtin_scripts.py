"""TradingView's built-in strategies with their default inputs, as Pine scripts in Python's syntax: bodies of `main`."""

from __future__ import annotations

HEAD = '''"""@pyne
"""
from pynecore import Persistent, Series
from pynecore.lib import (
    script, strategy, ta, na, nz, math, open, high, low, close, volume, bar_index, syminfo
)


@script.strategy(
    "built-in", initial_capital=1_000_000, default_qty_type=strategy.fixed, default_qty_value=1,
    margin_long=0, margin_short=0, use_bar_magnifier=False,
)
def main():
'''

_AT_THE_MARKET = """
    if enter_long:
        strategy.entry("L", strategy.long)
    if enter_short:
        strategy.entry("S", strategy.short)
"""

SCRIPTS = {
    "bar_up_down": """
    enter_long = close > open and open > close[1]
    enter_short = close < open and open < close[1]
"""
    + _AT_THE_MARKET,
    "channel_breakout": """
    highest = ta.highest(high, 5)
    lowest = ta.lowest(low, 5)
    if not na(close[5]):
        strategy.entry("L", strategy.long, stop=highest + syminfo.mintick)
        strategy.entry("S", strategy.short, stop=lowest - syminfo.mintick)
""",
    "consecutive_up_down": """
    ups: Persistent[int] = 0
    downs: Persistent[int] = 0
    ups = ups + 1 if close > close[1] else 0
    downs = downs + 1 if close < close[1] else 0
    enter_long = ups >= 3
    enter_short = downs >= 3
"""
    + _AT_THE_MARKET,
    "inside_bar": """
    inside = high < high[1] and low > low[1]
    enter_long = inside and close > open
    enter_short = inside and close < open
"""
    + _AT_THE_MARKET,
    "outside_bar": """
    outside = high > high[1] and low < low[1]
    enter_long = outside and close > open
    enter_short = outside and close < open
"""
    + _AT_THE_MARKET,
    "keltner_channels": """
    buy_at: Persistent[float] = 0.0
    sell_at: Persistent[float] = 0.0
    buys: Persistent[bool] = False
    sells: Persistent[bool] = False
    middle = ta.ema(close, 20)
    reach = 2.0 * ta.atr(10)
    above = ta.crossover(close, middle + reach)
    below = ta.crossunder(close, middle - reach)
    if above:
        buy_at = high + syminfo.mintick
        buys = True
    if below:
        sell_at = low - syminfo.mintick
        sells = True
    if buys and (close < middle or high >= buy_at):
        strategy.cancel("L")
    if above:
        strategy.entry("L", strategy.long, stop=buy_at)
    if sells and (close > middle or low <= sell_at):
        strategy.cancel("S")
    if below:
        strategy.entry("S", strategy.short, stop=sell_at)
""",
    "momentum": """
    speed: Series[float] = close - close[12]
    change = speed - speed[1]
    if speed > 0 and change > 0:
        strategy.entry("L", strategy.long, stop=high + syminfo.mintick)
    else:
        strategy.cancel("L")
    if speed < 0 and change < 0:
        strategy.entry("S", strategy.short, stop=low - syminfo.mintick)
    else:
        strategy.cancel("S")
""",
    "moving_average_cross": """
    ups: Persistent[int] = 0
    downs: Persistent[int] = 0
    average = ta.sma(close, 9)
    ups = ups + 1 if close > average else 0
    downs = downs + 1 if close < average else 0
    enter_long = ups == 1
    enter_short = downs == 1
"""
    + _AT_THE_MARKET,
    "moving_average_2_line_cross": """
    fast = ta.sma(close, 9)
    slow = ta.sma(close, 18)
    enter_long = ta.crossover(fast, slow)
    enter_short = ta.crossunder(fast, slow)
"""
    + _AT_THE_MARKET,
    "pivot_extension": """
    bottom = ta.pivotlow(low, 4, 2)
    top = ta.pivothigh(high, 4, 2)
    enter_long = not na(bottom)
    enter_short = not na(top)
"""
    + _AT_THE_MARKET,
    "pivot_reversal": """
    resistance: Persistent[float] = 0.0
    support: Persistent[float] = 0.0
    buys: Persistent[bool] = False
    sells: Persistent[bool] = False
    top = ta.pivothigh(high, 4, 2)
    bottom = ta.pivotlow(low, 4, 2)
    if not na(top):
        resistance = top
        buys = True
    elif buys and high > resistance:
        buys = False
    if buys:
        strategy.entry("L", strategy.long, stop=resistance + syminfo.mintick)
    if not na(bottom):
        support = bottom
        sells = True
    elif sells and low < support:
        sells = False
    if sells:
        strategy.entry("S", strategy.short, stop=support - syminfo.mintick)
""",
    "price_channel": """
    highest = ta.highest(high, 20)
    lowest = ta.lowest(low, 20)
    if not na(close[20]):
        strategy.entry("L", strategy.long, stop=highest)
        strategy.entry("S", strategy.short, stop=lowest)
""",
    "rsi": """
    strength = ta.rsi(close, 14)
    enter_long = ta.crossover(strength, 30)
    enter_short = ta.crossunder(strength, 70)
"""
    + _AT_THE_MARKET,
    "stochastic_slow": """
    k = ta.sma(ta.stoch(close, high, low, 14), 3)
    d = ta.sma(k, 3)
    enter_long = ta.crossover(k, d) and k < 20
    enter_short = ta.crossunder(k, d) and k > 80
"""
    + _AT_THE_MARKET,
    "volty_expan_close": """
    reach = 0.75 * ta.sma(ta.tr, 5)
    if not na(close[5]):
        strategy.entry("L", strategy.long, stop=close + reach)
        strategy.entry("S", strategy.short, stop=close - reach)
""",
}
