"""Fills paired into trades, beside a plain first-in-first-out list; run-up and drawdown beside TradingView's."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.csv_files import read_csv
from engine.adapters.tradingview_trades import ExportedTrade, read_trades
from engine.backtest import backtest
from engine.backtest.excursions import Slippage
from engine.backtest.trades import Trade, Trades, trades_of
from engine.decisions import Move
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars, sample_instrument
from engine.rules import read_rule
from tests.backtest.made import Fill, records
from tests.shared import require_shared

BARS = sample_bars("BTC/USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 60)


def in_plain_python(fills: Sequence[Fill]) -> list[tuple[float, ...]]:
    """Give entry row, quantity, fees, exit row, profit of each trade; open ones last, with NaN."""
    lots: deque[list[float]] = deque()  # row, price, rest, whole, fee, side
    done = []
    for row, move, price, amount, fee in fills:
        if move.opens:
            lots.append([row, price, amount, amount, fee, 1 if move is Move.OPEN_LONG else -1])
            continue
        left = amount
        while left > 0:
            lot = lots[0]
            taken = min(left, lot[2])
            fees = lot[4] * taken / lot[3] + fee * taken / amount
            done.append((lot[0], taken, fees, row, lot[5] * taken * (price - lot[1]) - fees))
            left -= taken
            lot[2] -= taken
            if lot[2] == 0:
                lots.popleft()
    return [*done, *((lot[0], lot[2], lot[4] * lot[2] / lot[3], np.nan, np.nan) for lot in lots)]


@st.composite
def fill_lists(draw: st.DrawFn) -> list[Fill]:
    """Give openings of one side, closed in pieces of quarters; then perhaps the other side."""
    fills: list[Fill] = []
    row, held, side = 0, 0, 1
    for _ in range(draw(st.integers(0, 25))):
        row = min(row + draw(st.integers(0, 3)), len(BARS) - 1)
        price, fee = draw(st.integers(50, 150)) / 1.0, draw(st.integers(0, 8)) / 8
        if held and draw(st.booleans()):
            amount = draw(st.integers(1, held))
            fills.append((row, Move.CLOSE_LONG if side > 0 else Move.CLOSE_SHORT, price, amount / 4, fee))
            held -= amount
        else:
            side = side if held else draw(st.sampled_from([1, -1]))
            amount = draw(st.integers(1, 12))
            fills.append((row, Move.OPEN_LONG if side > 0 else Move.OPEN_SHORT, price, amount / 4, fee))
            held += amount
    return fills


@given(fill_lists())
@settings(deadline=None)  # the first of all runs compiles
def test_pairing_is_first_in_first_out(fills: list[Fill]) -> None:
    """Entries are closed in their order, in pieces where need be, and fees go with the quantity."""
    trades, expected = trades_of(records(fills, BARS), BARS), in_plain_python(fills)
    nan = float("nan")
    got = [
        (int(np.searchsorted(BARS.time, t.entry_time_ms)), t.quantity, t.fees,
         nan if t.exit_time_ms is None else int(np.searchsorted(BARS.time, t.exit_time_ms)),
         nan if t.profit is None else t.profit)
        for t in trades
    ]  # fmt: skip
    assert got == [pytest.approx(row, nan_ok=True) for row in expected]
    assert sum(t.exit_time_ms is None for t in trades) == trades.open_count
    assert [t.exit_reason is None for t in trades] == [np.isnan(row[3]) for row in expected]
    assert sum(t.fees for t in trades) == pytest.approx(sum(f[4] for f in fills))  # nothing is lost or doubled


def test_thirds_leave_no_dust() -> None:
    """An amount closed in parts that do not add up to the last bit is closed, and no trade of nothing remains."""
    parts = [(1, Move.CLOSE_LONG, 101.0, 0.1, 0.0)] * 3
    trades = trades_of(records([(0, Move.OPEN_LONG, 100.0, 0.1 + 0.2, 0.0), *parts], BARS), BARS)
    assert (len(trades), trades.open_count) == (3, 0)


def test_a_sequence_of_trades() -> None:
    """Trades are a sequence: counted, indexed from both ends, sliced, compared, and shown as a table."""
    fills = [(0, Move.OPEN_LONG, 100.0, 2.0, 1.0), (3, Move.CLOSE_LONG, 110.0, 1.0, 0.5)]
    trades = trades_of(records(fills, BARS), BARS)
    assert len(trades) == 2
    closed, held = trades
    assert (trades[-1], trades[1], trades[:1]) == (held, held, [closed])
    with pytest.raises(IndexError):
        trades[2]
    assert trades == trades_of(records(fills, BARS), BARS) != trades_of(records(fills[:1], BARS), BARS)
    assert (closed.side, closed.bars, closed.profit, closed.fees) == ("long", 3, 9.0, 1.0)
    assert closed.percent == pytest.approx(100 * 9 / 100.5)
    assert (held.exit_time_ms, held.profit, held.percent, held.exit_reason) == (None, None, None, None)
    assert held.bars == len(BARS) - 1
    frame = trades.frame()
    assert list(frame.columns) == [name.removesuffix("_ms") for name in Trade.__dataclass_fields__]
    assert frame["exit_time"].isna().tolist() == [False, True]
    assert frame["exit_reason"].isna().tolist() == [False, True]
    assert frame["profit"].tolist() == [9.0, pytest.approx(np.nan, nan_ok=True)]


# Run-up and drawdown

PATH = Bars.of(Timeframe.parse("1h"), [[0, 100, 108, 95, 101, 0], [3_600_000, 101, 103, 90, 95, 0]])
"""Candles 100 → 95 → 108 → 101 and 101 → 103 → 90 → 95."""


@pytest.mark.parametrize(
    ("entry", "leave", "run_up", "drawdown"),
    [
        ((0, 100.0), (1, 101.0), 8.0, -5.0),  # at both opens: the first candle, whole
        ((0, 97.0), (1, 101.0), 11.0, -2.0),  # met on the way down
        ((0, 107.0), (1, 101.0), 1.0, -6.0),  # met on the way up: the low was before
        ((0, 95.0), (1, 92.0), 13.0, -3.0),  # out on the way down from 103
        ((0, 100.0), (0, 96.0), 0.0, -4.0),  # in and out of one candle
        ((0, 96.0), (0, 106.0), 10.0, -1.0),
        ((0, 100.5), (1, 101.0), 7.5, 0.0),  # above the open: met on the way up from 95
    ],
)
def test_only_the_path_while_open_counts(
    entry: tuple[int, float], leave: tuple[int, float], run_up: float, drawdown: float
) -> None:
    """Of the candles of a fill, the path after the entry and before the exit counts, and of those between, all."""
    fills = [(entry[0], Move.OPEN_LONG, entry[1], 1.0, 0.0), (leave[0], Move.CLOSE_LONG, leave[1], 1.0, 0.0)]
    (trade,) = trades_of(records(fills, PATH), PATH)
    assert (trade.run_up, trade.drawdown) == pytest.approx((run_up, drawdown))


def test_slippage_does_not_move_a_fill_on_the_path() -> None:
    """A market order that slipped from the open is at the open, though the candle comes to its price later."""
    fills = [(0, Move.OPEN_LONG, 102.0, 1.0, 0.0), (1, Move.CLOSE_LONG, 99.0, 1.0, 0.0)]
    (slipped,) = trades_of(records(fills, PATH), PATH, slippage=Slippage(distance=2.0))
    (met,) = trades_of(records(fills, PATH), PATH)
    assert (slipped.drawdown, met.drawdown) == (-7.0, -3.0)


@cache
def chart(name: str) -> Bars:
    folder = ("tradingview", "strategies")
    if name == "bar_magnifier_tv":
        return read_csv(require_shared(*folder, "btcusdt_1h_ohlcv.csv"))
    bars = read_csv(require_shared(*folder, "eurusd_1h_ohlcv.csv"))
    more = read_csv(require_shared(*folder, "slippage_limit_more_candles.csv"))
    return bars.then(more) if name == "slippage_limit" else bars


def as_fills(trade: ExportedTrade, bars: Bars, fine: bool) -> list[Fill]:
    """Give the fills of a trade; on finer candles, the exit is in the first of its day that reaches its price."""
    opens, closes = (Move.OPEN_LONG, Move.CLOSE_LONG) if trade.side == "long" else (Move.OPEN_SHORT, Move.CLOSE_SHORT)
    row, price, quantity = int(bars.time.searchsorted(trade.entry_time_ms)), trade.entry_price, float(trade.quantity)
    fills = [(row, opens, float(price), quantity, 0.0)]
    if not trade.is_open and trade.exit_time_ms is not None and trade.exit_price is not None:
        out, at = int(bars.time.searchsorted(trade.exit_time_ms)), float(trade.exit_price)
        while fine and not bars.low[out] - 1e-6 <= at <= bars.high[out] + 1e-6:
            out += 1
        fills.append((out, closes, at, quantity, 0.0))
    return fills


@pytest.mark.parametrize(
    ("name", "commission", "slippage", "count"),
    [
        ("macd", 0.0, 0.0, 1808),
        ("supertrend", 0.0, 0.0, 602),
        ("bollinger", 0.0, 0.0, 579),
        ("slippage_basic", 0.001, 10e-5, 2),
        ("slippage_limit", 0.001, 20e-5, 281),
        ("bar_magnifier_tv", 0.0, 0.0, 56),
    ],
)
def test_excursions_are_tradingviews(name: str, commission: float, slippage: float, count: int) -> None:
    """Fills as TradingView lists them give its run-up, drawdown, profit and percent, to the digits of its list."""
    exported, bars = read_trades(require_shared("tradingview", "strategies", f"{name}_trades.csv")), chart(name)
    fills = [fill for trade in exported for fill in as_fills(trade, bars, name == "bar_magnifier_tv")]
    charged = [(row, move, price, amount, price * amount * commission) for row, move, price, amount, _ in fills]
    trades: Trades = trades_of(records(charged, bars), bars, slippage=Slippage(slippage))
    assert len(trades) == len(exported) == count
    for ours, theirs in zip(trades, exported, strict=True):
        found = {"run_up": ours.run_up, "drawdown": ours.drawdown, "profit": ours.profit, "percent": ours.percent}
        for field, value in found.items():
            shown = getattr(theirs, field)
            assert value is None or _close(value, shown), (theirs, field, value)


def _close(value: float, shown: Decimal) -> bool:
    """Compare to the digits shown; half a step more, since TradingView rounds halves of what it computes otherwise."""
    step = Decimal(1).scaleb(min(int(shown.as_tuple().exponent), -2))
    return abs(Decimal(repr(float(value))) - shown) <= step / 2 + step / 10


def test_a_result_as_tables() -> None:
    """Trades and equity are given as DataFrames, with times in UTC; a fall from the capital counts too."""
    rule = read_rule(
        "{name: swing, market: futures, timeframe: 1h, long: {enter: close > open, exit: close < open}, "
        "order: {size: {percent: 50}}}",
        "rule",
    )
    result = backtest(rule, BARS, sample_instrument("BTC/USDT"))
    frame, stats = result.frame(), result.stats
    assert (frame["equity"].iloc[-1], len(frame)) == (result.equity[-1], stats.bars)
    assert frame["drawdown"].max() == pytest.approx(stats.max_drawdown)
    assert frame.index[0].timestamp() * 1000 == BARS.time[result.warmup]
    trades = result.trades.frame()
    assert len(trades) == len(result.trades) > 5
    assert trades["profit"].sum() - trades["fees"][trades["exit_price"].isna()].sum() == pytest.approx(stats.net_profit)
