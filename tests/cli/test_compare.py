"""`signal-engine compare`: our trades beside TradingView's list."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.adapters.csv_files import write_csv
from engine.app.backtests import definition_for, definition_in
from engine.app.compare import Compared, compare_trades, overlaid
from engine.backtest import RunDefinition
from engine.backtest.trades import Trade
from engine.errors import InvalidInputError
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from tests.cli.program import ROOT, signal_engine
from tests.shared import require_shared

RUNS = ROOT / "backtests" / "tradingview" / "runs"
HOUR_MS = 3_600_000
CHART = {
    "slippage_limit": ["slippage_limit_more_candles.csv", "eurusd_1h_ohlcv.csv"],
    "bar_magnifier_tv": ["btcusdt_1h_ohlcv.csv"],
}
RULE = """
name: swing
market: futures
timeframe: 1h
long: {enter: "ta.crossover(close, ta.sma(close, 10))"}
short: {enter: "ta.crossunder(close, ta.sma(close, 10))"}
order: {size: {percent: 50}}
"""


# TradingView's exports


def test_every_export_has_a_run_definition() -> None:
    """For each list of trades in the shared data there is a run definition that is compared here."""
    folder = require_shared("tradingview", "strategies")
    assert {path.stem.removesuffix("_trades") for path in folder.glob("*_trades.csv")} == {
        p.stem for p in RUNS.glob("*")
    }


@pytest.mark.parametrize("path", sorted(RUNS.glob("*.yaml")), ids=lambda path: path.stem)
def test_tradingviews_exports_are_reproduced(path: Path) -> None:
    """Every trade of every export is there: side, times, prices to the tick, quantity and profit to its digits."""
    folder = require_shared("tradingview", "strategies")
    written = definition_in(path)
    assert written is not None
    data, *more = (str(folder / name) for name in CHART.get(path.stem, ["eurusd_1h_ohlcv.csv"]))
    trades = str(folder / f"{path.stem}_trades.csv")
    given = {"data": data, "more": tuple(more), "compare": {"trades": trades}}
    found = compare_trades(overlaid(written, definition_for(Path(written.strategy), given)))
    assert found.comparison.first_difference is None
    assert found.comparison.equal
    assert len(found.comparison.pairs) == len(Path(trades).read_text().splitlines()) // 2


# Exports that are made here, and then changed


class Chart:
    """A rule file, candles, and a list of trades as TradingView would export it."""

    def __init__(self, folder: Path) -> None:
        self.rule, self.candles, self.trades = folder / "swing.yaml", folder / "candles.csv", folder / "trades.csv"
        self.rule.write_text(RULE)
        bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 600)
        write_csv(self.candles, bars)
        self.last = float(bars.close[-1])

    def definition(self, **given: object) -> RunDefinition:
        return definition_for(self.rule, {"data": str(self.candles), "compare": {"trades": str(self.trades)}, **given})

    def export(self, trades: list[Trade], hours: int = 0) -> None:
        with self.trades.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["Trade #", "Type", "Signal", "Date/Time", "Price EUR", "Contracts", "Profit EUR", "Profit %"]
            )
            for number, trade in enumerate(trades, 1):
                at = [datetime.fromtimestamp(ms / 1000, UTC) + timedelta(hours=hours) if ms else "" for ms in
                      (trade.entry_time_ms, trade.exit_time_ms)]  # fmt: skip
                money = ["" if value is None else f"{value:.2f}" for value in (trade.profit, trade.percent)]
                texts = [f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else "" for moment in at]
                writer.writerow(
                    [number, f"Entry {trade.side}", "In", texts[0], trade.entry_price, trade.quantity, *money]
                )
                if trade.exit_price is not None:
                    writer.writerow(
                        [number, f"Exit {trade.side}", "Out", texts[1], trade.exit_price, trade.quantity, *money]
                    )

    def ours(self, **given: object) -> list[Trade]:
        self.export([])
        return list(compare_trades(self.definition(**given)).result.trades)

    def compared(self, **given: object) -> Compared:
        return compare_trades(self.definition(**given))


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    return Chart(tmp_path)


def test_equal_lists_are_equal(chart: Chart) -> None:
    """A list of the very trades is equal, the open one valued at the last close included."""
    trades = chart.ours()
    chart.export(trades)
    found = chart.compared()
    assert found.comparison.equal
    assert found.comparison.counts == {"equal": len(trades), "different": 0, "only_ours": 0, "only_theirs": 0}
    assert (found.why, found.suspects) == (None, [])
    assert (found.prepared.warmup, found.prepared.costs.tradingview, found.prepared.costs.capital) == (0, True, 1e6)


@pytest.mark.parametrize("which", [0, 7, -2])
def test_the_first_difference_is_found(chart: Chart, which: int) -> None:
    """Where one price of one trade differs, and a later trade is missing, that price is what is told, and why."""
    trades = chart.ours()
    which %= len(trades)
    wrong = replace(trades[which], entry_price=trades[which].entry_price + 1)
    chart.export([*trades[:which], wrong, *trades[which + 1 : -1]])
    found = chart.compared()
    parted = found.comparison.first_difference
    assert parted is not None
    assert parted.ours is not None
    assert parted.ours.entry_time_ms == trades[which].entry_time_ms == parted.first_ms
    assert [difference.field for difference in parted.differences] == ["entry price"]
    assert found.comparison.counts == {"equal": len(trades) - 2, "different": 1, "only_ours": 1, "only_theirs": 0}
    assert found.why is not None
    assert found.why.close_ms == parted.first_ms  # the candle before decided it
    assert [body["action"] for body in found.why.messages][-1] in ("openLong", "openShort")


@pytest.mark.parametrize(
    ("list_has", "we_have", "said"),
    [
        ({"lot": "0.01"}, {}, "--lot 0.01"),
        ({"costs": {"commission_percent": 0.1}}, {}, "amounts differ and prices do not"),
        ({"costs": {"slippage_ticks": 5}, "tick": "0.1"}, {"tick": "0.1"}, "5 ticks worse: check --slippage"),
    ],
)
def test_what_differences_share_is_told(
    chart: Chart, list_has: dict[str, object], we_have: dict[str, object], said: str
) -> None:
    """A lot, a commission or slippage that nobody stated is suspected by what it does to all trades."""
    chart.export(chart.ours(**list_has))
    assert chart.compared(**list_has).comparison.equal
    found = chart.compared(**we_have)
    assert not found.comparison.equal
    assert any(said in line for line in found.suspects), found.suspects


def test_another_zone_is_suspected(chart: Chart) -> None:
    """Times that are off by the same hours in most trades are told, and equal with the chart's zone."""
    chart.export(chart.ours(), hours=-5)
    found = chart.compared()
    assert any("5 hours earlier" in line and "--zone" in line for line in found.suspects), found.suspects
    zoned = chart.compared(compare={"trades": str(chart.trades), "zone": "Etc/GMT+5"})
    assert zoned.comparison.equal


@pytest.mark.parametrize(("size", "kind"), [("20%", "percent"), ("0.5", "fixed"), ("1000cash", "notional")])
def test_another_size(chart: Chart, size: str, kind: str) -> None:
    """A size on the command line stands in for the file's, of whatever kind."""
    chart.export([])
    rule = compare_trades(chart.definition(), size).prepared.rule
    assert rule.terms.long is not None
    assert rule.terms.long.size_kind == kind
    with pytest.raises(InvalidInputError, match="write 15%"):
        compare_trades(chart.definition(), "a lot")


def test_the_command(chart: Chart) -> None:
    """It ends with 0 where all is equal and 1 where not, and shows or prints as JSON where they part."""
    trades = chart.ours()
    chart.export(trades)
    arguments: list[str | Path] = ["compare", chart.rule, "--candles", chart.candles, "--trades", chart.trades]
    ran = signal_engine(*arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"EQUAL: all {len(trades)} trades have the same side, times, prices" in ran.stdout
    chart.export(trades[1:])
    ran = signal_engine(*arguments)
    assert ran.returncode == 1
    assert "1 are only here" in ran.stdout
    assert "nothing in the list" in ran.stdout
    assert "Decided: open" in ran.stdout
    ran = signal_engine(*arguments, "--json")
    assert ran.returncode == 1
    document = json.loads(ran.stdout)
    assert document["counts"]["only_ours"] == 1
    assert document["differences"][0]["ours"]["entry_time_ms"] == trades[0].entry_time_ms
    assert document["why"]["close_ms"] == trades[0].entry_time_ms
    ran = signal_engine("compare", chart.rule, "--candles", chart.candles)
    assert (ran.returncode, "give --trades" in ran.stderr) == (1, True)


def test_candles_of_several_files_are_put_together(chart: Chart, tmp_path: Path) -> None:
    """Files are taken in order of time, however they are given; where they overlap, that is told."""
    bars = sample_bars("BTC/USDT:USDT", Timeframe.parse("1h"), SAMPLE_START_MS, 600)
    chart.export(chart.ours())
    first, second, both = (str(tmp_path / f"{name}.csv") for name in ("a", "b", "c"))
    write_csv(first, bars[:400])
    write_csv(second, bars[400:])
    write_csv(both, bars[399:])
    assert chart.compared(data=second, more=(first,)).comparison.equal
    with pytest.raises(InvalidInputError, match=r"c\.csv: it begins at .*, and the candles before it go on to"):
        chart.compared(data=first, more=(both,))
