"""Random markets for the machine and its reference: few prices, so that gaps, equal prices and ties abound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np
from hypothesis import strategies as st

from engine.decisions import Inputs, Settings
from engine.decisions.fields import SIDE_FIELDS, STOP_LOSS, TAKE_PROFIT
from engine.indicators import FALSE, TRUE, UNKNOWN, Truth
from engine.market.bars import Column
from tests.decisions.play import inputs
from tests.decisions.play import settings as told
from tests.decisions.reference import LONG, SHORT, Candle, Exact, Market, Reference, Signals

_TRUTH = {True: TRUE, False: FALSE, None: UNKNOWN}


@dataclass(frozen=True)
class Scenario:
    market: Market
    candles: list[Candle]
    signals: list[Signals]

    def reference(self) -> Reference:
        """Play it on the reference machine."""
        reference = Reference(self.market)
        for bar, (candle, signals) in enumerate(zip(self.candles, self.signals, strict=True)):
            reference.step(bar, candle, signals)
        return reference

    @property
    def settings(self) -> Settings:
        m = self.market
        return told(
            tick=float(m.tick or 0),
            lot=float(m.lot or 0),
            taker=float(m.commission),
            maker=float(m.commission),
            slippage=float(m.slippage),
            in_percent=m.in_percent,
            take_profit=m.has_take_profit,
            stop_loss=m.has_stop_loss,
            futures=m.futures,
        )

    @property
    def columns(self) -> Inputs:
        """The same in floats, with the last-digit noise that ticks have in files: n times 0.1."""
        step = float(self.market.tick or 1)
        exact = self.market.tick or Fraction(1)

        def prices(name: str) -> Column:
            return np.array([float(getattr(c, name) / exact) * step for c in self.candles])

        def truths(what: str, side: int) -> Truth:
            return np.array([_TRUTH[getattr(s, what)[side]] for s in self.signals], dtype=np.int8)

        def levels(what: str, side: int) -> Column:
            return np.array([_float(getattr(s, what)[side]) for s in self.signals])

        never = np.full(len(self.candles), FALSE, dtype=np.int8)
        table = inputs(
            np.stack([prices(name) for name in ("open", "high", "low", "close")]),
            np.stack([truths(what, side) for side in (LONG, SHORT) for what in ("enter", "exit")] + [never]),
            np.stack(
                [
                    np.array([_float(s.size) for s in self.signals]),
                    levels("take_profit", LONG),
                    levels("stop_loss", LONG),
                    levels("take_profit", SHORT),
                    levels("stop_loss", SHORT),
                ]
            ),
        )
        table.numbers.where[SIDE_FIELDS + TAKE_PROFIT] = 3
        table.numbers.where[SIDE_FIELDS + STOP_LOSS] = 4
        return table


def _float(value: Exact) -> float:
    return math.nan if value is None else float(value)


def _candle(random: Random, step: Fraction) -> Candle:
    low, first, second, high = sorted(random.choices(range(97, 104), k=4))
    opened, close = random.sample([first, second], 2)
    if random.random() < 0.3:
        opened = random.choice([low, high])
    return Candle(opened * step, high * step, low * step, close * step)


def _market(random: Random, tick: Fraction | None, step: Fraction) -> Market:
    return Market(
        capital=random.choice([100, 100, 10, 1]) * step * 100,
        tick=tick,
        lot=random.choice([None, Fraction("0.001"), Fraction("0.1"), Fraction(1)]),
        commission=random.choice([Fraction(0), Fraction("0.0005"), Fraction("0.01")]),
        slippage=random.choice([0, 1, 3]) * (tick or Fraction(0)),
        in_percent=random.random() < 0.5,
        has_take_profit=random.random() < 0.8,
        has_stop_loss=random.random() < 0.8,
        futures=random.random() < 0.6,
    )


def _signals(random: Random, market: Market, candle: Candle, step: Fraction) -> Signals:
    """Levels are often off the ticks, but never by half a tick: which way that rounds is another test's."""

    def condition(likely: float) -> bool | None:
        return None if random.random() < 0.05 else random.random() < likely

    def level(direction: int) -> Exact:
        away = random.choice([1, 1, 2, 2, 3, 4, 0, -1]) + Fraction(random.choice([0, 0, 1, -1]), 5)
        return None if random.random() < 0.03 else candle.close + direction * away * step

    percent, amount = ["10", "33", "99.99", "100"], ["0.3", "1", "2.55", "10"]
    odd = ["100.0001", "0.0001", "0.00005", "0"] if market.in_percent else ["0.0004", "-1", "0", "400"]
    size = Fraction(random.choice(odd if random.random() < 0.1 else percent if market.in_percent else amount))
    sides = (LONG, SHORT) if market.futures else (LONG,)
    return Signals(
        enter={side: side in sides and condition(0.4) for side in (LONG, SHORT)},
        exit={side: side in sides and condition(0.15) for side in (LONG, SHORT)},
        take_profit={s: level(s) if s in sides and market.has_take_profit else None for s in (LONG, SHORT)},
        stop_loss={s: level(-s) if s in sides and market.has_stop_loss else None for s in (LONG, SHORT)},
        size=None if random.random() < 0.03 else size,
    )


def _scenario(seed: int, bars: int) -> Scenario:
    random = Random(seed)  # noqa: S311 - a game, not a secret
    tick = random.choice([None, Fraction(1), Fraction("0.1"), Fraction("0.01"), Fraction("0.25"), Fraction(5)])
    step = tick or Fraction(1)
    market = _market(random, tick, step)
    candles, signals = [], []
    for _ in range(bars):
        candles.append(_candle(random, step))
        signals.append(_signals(random, market, candles[-1], step))
    return Scenario(market, candles, signals)


def scenarios(most_bars: int = 40) -> st.SearchStrategy[Scenario]:
    """Give markets with their candles, and what the rule says at each close; they shrink to fewer bars."""
    return st.builds(_scenario, st.integers(0, 2**32), st.integers(1, most_bars))
