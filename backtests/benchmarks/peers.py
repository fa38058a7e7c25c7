"""Calls of TA-Lib and of pandas-ta-classic that compute what a call of ours does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Call = Callable[[Any, Any], object]
"""Takes the library and the candles as it wants them: arrays for TA-Lib, Series for pandas-ta."""


@dataclass(frozen=True, slots=True)
class Peer:
    """`ours` is a call as a rule file has it; a library without such a function is None."""

    ours: str
    talib: Call | None = None
    pandas_ta: Call | None = None


PEERS = (
    Peer("ta.accdist", lambda t, c: t.AD(c.high, c.low, c.close, c.volume),
         lambda p, s: p.ad(s.high, s.low, s.close, s.volume)),
    Peer("ta.alma(close, 20, 0.85, 6)", None, lambda p, s: p.alma(s.close, 20)),
    Peer("ta.atr(14)", lambda t, c: t.ATR(c.high, c.low, c.close, 14),
         lambda p, s: p.atr(s.high, s.low, s.close, 14)),
    Peer("ta.barssince(close > open)"),
    Peer("ta.bb(close, 20, 2)", lambda t, c: t.BBANDS(c.close, 20, 2, 2), lambda p, s: p.bbands(s.close, 20, 2)),
    Peer("ta.bbw(close, 20, 2)", lambda t, c: t.BBANDS(c.close, 20, 2, 2), lambda p, s: p.bbands(s.close, 20, 2)),
    Peer("ta.cci(hlc3, 20)", lambda t, c: t.CCI(c.high, c.low, c.close, 20),
         lambda p, s: p.cci(s.high, s.low, s.close, 20)),
    Peer("ta.change(close, 10)", lambda t, c: t.MOM(c.close, 10), lambda p, s: p.mom(s.close, 10)),
    Peer("ta.cmo(close, 14)", lambda t, c: t.CMO(c.close, 14), lambda p, s: p.cmo(s.close, 14)),
    Peer("ta.cog(close, 10)", None, lambda p, s: p.cg(s.close, 10)),
    Peer("ta.correlation(close, volume, 20)", lambda t, c: t.CORREL(c.close, c.volume, 20),
         lambda p, s: p.correl(s.close, s.volume, 20)),
    Peer("ta.cross(close, open)", None, lambda p, s: p.cross(s.close, s.open)),
    Peer("ta.crossover(close, open)", None, lambda p, s: p.cross(s.close, s.open)),
    Peer("ta.crossunder(close, open)", None, lambda p, s: p.cross(s.close, s.open, above=False)),
    Peer("ta.cum(volume)"),
    Peer("ta.dev(close, 20)", lambda t, c: t.AVGDEV(c.close, 20), lambda p, s: p.mad(s.close, 20)),
    Peer("ta.dmi(14, 14)", lambda t, c: t.ADX(c.high, c.low, c.close, 14),
         lambda p, s: p.adx(s.high, s.low, s.close, 14)),
    Peer("ta.ema(close, 20)", lambda t, c: t.EMA(c.close, 20), lambda p, s: p.ema(s.close, 20)),
    Peer("ta.falling(close, 5)", None, lambda p, s: p.decreasing(s.close, 5, strict=True)),
    Peer("ta.highest(20)", lambda t, c: t.MAX(c.high, 20), lambda p, s: p.donchian(s.high, s.low, 20, 20)),
    Peer("ta.highestbars(20)", lambda t, c: t.MAXINDEX(c.high, 20)),
    Peer("ta.hma(close, 20)", None, lambda p, s: p.hma(s.close, 20)),
    Peer("ta.iii"),
    Peer("ta.kc(close, 20, 2)", None, lambda p, s: p.kc(s.high, s.low, s.close, 20, 2)),
    Peer("ta.kcw(close, 20, 2)", None, lambda p, s: p.kc(s.high, s.low, s.close, 20, 2)),
    Peer("ta.linreg(close, 20, 0)", lambda t, c: t.LINEARREG(c.close, 20), lambda p, s: p.linreg(s.close, 20)),
    Peer("ta.lowest(20)", lambda t, c: t.MIN(c.low, 20), lambda p, s: p.donchian(s.high, s.low, 20, 20)),
    Peer("ta.lowestbars(20)", lambda t, c: t.MININDEX(c.low, 20)),
    Peer("ta.macd(close, 12, 26, 9)", lambda t, c: t.MACD(c.close, 12, 26, 9), lambda p, s: p.macd(s.close, 12, 26, 9)),
    Peer("ta.max(close)"),
    Peer("ta.median(close, 20)", None, lambda p, s: p.median(s.close, 20)),
    Peer("ta.mfi(hlc3, 14)", lambda t, c: t.MFI(c.high, c.low, c.close, c.volume, 14),
         lambda p, s: p.mfi(s.high, s.low, s.close, s.volume, 14)),
    Peer("ta.min(close)"),
    Peer("ta.mode(close, 20)"),
    Peer("ta.mom(close, 10)", lambda t, c: t.MOM(c.close, 10), lambda p, s: p.mom(s.close, 10)),
    Peer("ta.nvi", None, lambda p, s: p.nvi(s.close, s.volume)),
    Peer("ta.obv", lambda t, c: t.OBV(c.close, c.volume), lambda p, s: p.obv(s.close, s.volume)),
    Peer("ta.percentile_linear_interpolation(close, 20, 25)", None, lambda p, s: p.quantile(s.close, 20, 0.25)),
    Peer("ta.percentile_nearest_rank(close, 20, 25)", None, lambda p, s: p.quantile(s.close, 20, 0.25)),
    Peer("ta.percentrank(close, 20)"),
    Peer('ta.pivot_point_levels("Traditional", session.isfirstbar)'),
    Peer("ta.pivothigh(5, 5)"),
    Peer("ta.pivotlow(5, 5)"),
    Peer("ta.pvi", None, lambda p, s: p.pvi(s.close, s.volume)),
    Peer("ta.pvt", None, lambda p, s: p.pvt(s.close, s.volume)),
    Peer("ta.range(close, 20)"),
    Peer("ta.rci(close, 10)"),
    Peer("ta.rising(close, 5)", None, lambda p, s: p.increasing(s.close, 5, strict=True)),
    Peer("ta.rma(close, 14)", None, lambda p, s: p.rma(s.close, 14)),
    Peer("ta.roc(close, 10)", lambda t, c: t.ROC(c.close, 10), lambda p, s: p.roc(s.close, 10)),
    Peer("ta.rsi(close, 14)", lambda t, c: t.RSI(c.close, 14), lambda p, s: p.rsi(s.close, 14)),
    Peer("ta.sar(0.02, 0.02, 0.2)", lambda t, c: t.SAR(c.high, c.low, 0.02, 0.2),
         lambda p, s: p.psar(s.high, s.low, s.close)),
    Peer("ta.sma(close, 20)", lambda t, c: t.SMA(c.close, 20), lambda p, s: p.sma(s.close, 20)),
    Peer("ta.stdev(close, 20)", lambda t, c: t.STDDEV(c.close, 20), lambda p, s: p.stdev(s.close, 20)),
    Peer("ta.stoch(close, high, low, 14)", lambda t, c: t.STOCHF(c.high, c.low, c.close, 14, 1),
         lambda p, s: p.stoch(s.high, s.low, s.close, 14, 1, 1)),
    Peer("ta.supertrend(3, 10)", None, lambda p, s: p.supertrend(s.high, s.low, s.close, 10, 3)),
    Peer("ta.swma(close)", None, lambda p, s: p.swma(s.close, 4)),
    Peer("ta.tr(true)", lambda t, c: t.TRANGE(c.high, c.low, c.close),
         lambda p, s: p.true_range(s.high, s.low, s.close)),
    Peer("ta.tsi(close, 13, 25)", None, lambda p, s: p.tsi(s.close, 13, 25)),
    Peer("ta.valuewhen(close > open, close, 1)"),
    Peer("ta.variance(close, 20)", lambda t, c: t.VAR(c.close, 20), lambda p, s: p.variance(s.close, 20)),
    Peer("ta.vwap", None, lambda p, s: p.vwap(s.high, s.low, s.close, s.volume)),
    Peer("ta.vwma(close, 20)", None, lambda p, s: p.vwma(s.close, s.volume, 20)),
    Peer("ta.wad", None, lambda p, s: p.wad(s.high, s.low, s.close)),
    Peer("ta.wma(close, 20)", lambda t, c: t.WMA(c.close, 20), lambda p, s: p.wma(s.close, 20)),
    Peer("ta.wpr(14)", lambda t, c: t.WILLR(c.high, c.low, c.close, 14),
         lambda p, s: p.willr(s.high, s.low, s.close, 14)),
    Peer("ta.wvad"),
)  # fmt: skip
