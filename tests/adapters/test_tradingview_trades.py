"""TradingView's lists of trades, however they are written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.adapters.tradingview_trades import read_trades
from engine.errors import InvalidInputError
from tests.shared import require_shared

NEW = (
    "Trade #,Type,Date/Time,Signal,Price USDT,Position size (qty),Position size (value),Net P&L USDT,Net P&L %,"
    "Run-up USDT,Run-up %,Drawdown USDT,Drawdown %,Cumulative P&L USDT,Cumulative P&L %\n"
    "1,Entry long,2025-01-16T00:00:00+0000,Long,100.5,2,201,9,4.48,12,5,-3,-1.5,9,0.09\n"
    "1,Exit long,2025-01-17T00:00:00+0000,XL,105,2,201,9,4.48,12,5,-3,-1.5,9,0.09\n"
)
OLD = (
    "Trade #,Type,Signal,Date/Time,Price,Contracts,Profit,Profit %,Cum. Profit,Cum. Profit %,Run-up,Run-up %,"
    "Drawdown,Drawdown %\n"
    "1,Exit Long,XL,2025-01-17 00:00,105,2,9,4.48,9,0.09,12,5,\u22123,-1.5\n"
    "1,Entry Long,Long,2025-01-16 00:00,100.5,2,9,4.48,9,0.09,12,5,\u22123,-1.5\n"
)
LATEST = (
    "Trade #\tType\tDate and time\tSignal\tPrice EUR\tSize (qty)\tSize (value)\tNet P&L EUR\tNet P&L %\t"
    "Favorable excursion EUR\tFavorable excursion %\tAdverse excursion EUR\tAdverse excursion %\n"
    "1\tEntry long\t2025-01-16\tLong\t100.5\t2\t201\t9\t4.48\t12\t5\t-3\t-1.5\n"
    "1\tExit long\t2025-01-17\tXL\t105\t2\t201\t9\t4.48\t12\t5\t-3\t-1.5\n"
)


def write(folder: Path, text: str) -> Path:
    path = folder / "trades.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("text", [NEW, OLD, LATEST])
def test_dialects_say_the_same(tmp_path: Path, text: str) -> None:
    """The same trade is read from each way of writing the list."""
    (trade,) = read_trades(write(tmp_path, text))
    day = 86_400_000
    assert (trade.side, trade.entry_time_ms, trade.exit_time_ms) == ("long", 20_104 * day, 20_105 * day)
    assert (trade.entry_price, trade.exit_price, trade.quantity) == (Decimal("100.5"), Decimal(105), Decimal(2))
    assert (trade.profit, trade.percent) == (Decimal(9), Decimal("4.48"))
    assert (trade.run_up, trade.drawdown) == (Decimal(12), Decimal(-3))
    assert (trade.entry_signal, trade.exit_signal, trade.is_open) == ("Long", "XL", False)


def test_times_without_a_zone_are_the_charts(tmp_path: Path) -> None:
    """Midnight on a chart in New York is five o'clock UTC in winter."""
    (trade,) = read_trades(write(tmp_path, OLD), "America/New_York")
    assert trade.entry_time_ms == 20_104 * 86_400_000 + 5 * 3_600_000


def test_open_trades(tmp_path: Path) -> None:
    """A trade is open whose exit says so, stands without a price, or is not there."""
    lines = NEW.splitlines()
    assert read_trades(write(tmp_path, NEW.replace(",XL,", ",Open,")))[0].is_open
    assert read_trades(write(tmp_path, "\n".join(lines[:2])))[0].exit_price is None
    (without_price,) = read_trades(write(tmp_path, NEW.replace("XL,105,", "XL,,")))
    assert without_price.is_open
    assert without_price.exit_time_ms is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("time,open\n1,2\n", "there is no column for the number, type, time, price, quantity"),
        (NEW.replace("Entry long", "Buy"), ":2: the type is 'Buy'"),
        (NEW.replace("Exit long", "Entry long"), ":3: trade 1 has two rows 'Entry long'"),
        (NEW.replace("Exit long", "Exit short"), ":3: trade 1 is entered long and left Exit short"),
        ("\n".join([NEW.splitlines()[0], NEW.splitlines()[2]]), ":2: trade 1 has an exit and no entry"),
        (NEW.replace("100.5", "a lot"), ":2: the price is 'a lot', which is no number"),
        (NEW.replace("2025-01-16T00:00:00+0000", "yesterday"), ":2: 'yesterday' is no date and time"),
        (NEW.replace(",100.5,", ",,"), ":2: trade 1 has no price"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, said: str) -> None:
    """What is no such list is refused with its line."""
    with pytest.raises(InvalidInputError) as caught:
        read_trades(write(tmp_path, text))
    assert said in str(caught.value)


def test_an_unknown_zone(tmp_path: Path) -> None:
    """A zone that does not exist is refused."""
    with pytest.raises(InvalidInputError, match="no time zone"):
        read_trades(write(tmp_path, OLD), "New York")


@pytest.mark.parametrize(
    ("name", "trades"),
    [
        ("macd", 1808),
        ("supertrend", 602),
        ("bollinger", 579),
        ("slippage_basic", 2),
        ("slippage_limit", 281),
        ("bar_magnifier_tv", 56),
    ],
)
def test_real_exports(name: str, trades: int) -> None:
    """All trades of each real export are read, at most the last of them open."""
    read = read_trades(require_shared("tradingview", "strategies", f"{name}_trades.csv"))
    assert len(read) == trades
    assert not any(trade.is_open for trade in read[:-1])
