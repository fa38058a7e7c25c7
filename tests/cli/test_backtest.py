"""`signal-engine backtest`: what it prints, its options, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from engine.errors import InvalidInputError, SignalEngineError
from tests.cli.program import ROOT

CROSS = str(ROOT / "strategies" / "ema_cross.yaml")
PERIOD = ["--from", "2024-02-01", "--to", "2024-06-01"]


def ran(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["backtest", *map(str, arguments)], env={"COLUMNS": "160"})


def document(*arguments: str | Path) -> dict[str, object]:
    found = ran(*arguments, "--json")
    assert found.exit_code in (0, 1), found.exception
    read: dict[str, object] = json.loads(found.stdout)
    return read


def number(found: dict[str, object], name: str) -> float:
    statistics = found["statistics"]
    assert isinstance(statistics, dict)
    return float(statistics[name])


def test_it_prints_the_strategy_testers_numbers() -> None:
    """Numbers of all, long and short trades, the equity's, months, and the last trades are there."""
    text = ran(CROSS, *PERIOD, "--trades", "2").stdout
    for words in ("net profit", "percent profitable", "total profit", "uncertain", "Sortino", "Calmar", "under water",
                  "greatest run-up", "longest losing run", "2024", "The last 2 of"):  # fmt: skip
        assert words in text
    assert "all" in text
    assert "long" in text
    assert "short" in text


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("--commission", "0.2", "commission_percent"),
        ("--maker", "0.01", "maker_percent"),
        ("--commission-per-contract", "3", "commission_per_contract"),
        ("--commission-per-order", "2", "commission_per_order"),
        ("--slippage", "7", "slippage_ticks"),
        ("--slippage-percent", "0.1", "slippage_percent"),
        ("--latency", "2", "latency_bars"),
        ("--funding", "0.02", "funding_percent"),
        ("--leverage", "0.2", "leverage"),
        ("--margin", "90", "margin_percent"),
        ("--fills", "tradingview", "fills"),
    ],
)
def test_each_cost_reaches_the_machine(option: str, value: str, name: str) -> None:
    """A cost on the command line is the machine's, and changes the result where it can."""
    plain, changed = document(CROSS, *PERIOD), document(CROSS, *PERIOD, option, value)
    costs = changed["costs"]
    assert isinstance(costs, dict)
    assert str(costs[name]) == value or costs[name] == float(value)
    if name != "margin_percent":
        assert number(changed, "total_profit") != number(plain, "total_profit")


def test_orders_on_close_are_the_emulators() -> None:
    """They fill at the closes that decide them, which no message can: with webhook fills they are refused."""
    plain, changed = (
        document(CROSS, *PERIOD, "--fills", "tradingview", *more) for more in ((), ("--orders-on-close",))
    )
    assert changed["trades"] != plain["trades"]
    with pytest.raises(InvalidInputError, match=r"orders_on_close: .* fills: tradingview"):
        raise ran(CROSS, *PERIOD, "--orders-on-close").exception or AssertionError


def test_exits_close_their_own_entries_in_the_emulator_only() -> None:
    """A platform knows no entries apart: with webhook fills it is refused."""
    costs = document(CROSS, *PERIOD, "--fills", "tradingview", "--closes-own")["costs"]
    assert isinstance(costs, dict)
    assert costs["closes_own"] is True
    with pytest.raises(InvalidInputError, match=r"closes_own: .* fills: tradingview"):
        raise ran(CROSS, *PERIOD, "--closes-own").exception or AssertionError


def test_funding_is_told_apart(tmp_path: Path) -> None:
    """What funding took is a number of its own; a file of rates stands for a constant."""
    rates = tmp_path / "rates.csv"
    hours = (1_706_745_600_000 + hour * 3_600_000 for hour in range(0, 24 * 121, 8))
    rates.write_text("time,rate\n" + "".join(f"{time},0.0002\n" for time in hours))
    constant, file = (document(CROSS, *PERIOD, "--funding", value) for value in ("0.02", str(rates)))
    assert number(constant, "funding") == pytest.approx(number(file, "funding")) != 0
    total = sum(number(constant, name) for name in ("net_profit", "open_profit"))
    assert total == pytest.approx(number(constant, "total_profit"))


def test_a_portfolio(tmp_path: Path) -> None:
    """A run definition with a portfolio shows the whole, each symbol's share, and what is not as expected."""
    file = tmp_path / "two.yaml"
    file.write_text(
        f"strategy: {CROSS}\nportfolio:\n  max_open: 1\n"
        "  symbols: {A/USDT:USDT: sample, B/USDT:USDT: {data: sample}}\n"
        "from: 2024-02-01\nto: 2024-05-01\nexpect: {closed_trades: 0}\n"
    )
    found = ran(file)
    assert found.exit_code == 1
    assert "2 symbols out of one capital" in found.stdout
    assert "at most 1 open at once" in found.stdout
    read = document(file)
    symbols = read["symbols"]
    assert isinstance(symbols, dict)
    assert list(symbols) == ["A/USDT:USDT", "B/USDT:USDT"]
    closed = sum(each["statistics"]["closed_trades"] for each in symbols.values())
    assert closed == number(read, "closed_trades") > 5
    assert read["most_open"] == 1
    not_expected = read["not_as_expected"]
    assert isinstance(not_expected, list)
    assert not_expected[0].startswith("closed_trades: expected 0, got ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("data: sample", "'data' and 'portfolio' exclude each other"),
        ("tick: 1", "'tick' and 'portfolio' exclude each other"),
        ("costs: {funding: x.csv, funding_percent: 1}", "funding and funding_percent exclude each other"),
        ("fills: exchange", "fills"),
    ],
)
def test_what_excludes_each_other(tmp_path: Path, line: str, said: str) -> None:
    """Fields that contradict each other are refused, with their place."""
    file = tmp_path / "run.yaml"
    file.write_text(f"strategy: {CROSS}\nportfolio: {{symbols: {{A/USDT:USDT: sample}}}}\n{line}\n")
    error = ran(file).exception
    assert isinstance(error, SignalEngineError)
    assert said in str(error)
    assert str(file) in str(error)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0,1,2,1,1,1\n3600000,1,2,1,,1\n7200000,1,2,1,1,1\n", ":3: close"),
        ("3600000,1,2,1,1,1\n0,1,2,1,1,1\n7200000,1,2,1,1,1\n", ":3: time"),
        ("0,1,2,1,1,1\n0,1,2,1,1,1\n3600000,1,2,1,1,1\n", ":3: time"),
    ],
)
def test_bad_candles_are_named_by_row_and_column(tmp_path: Path, rows: str, said: str) -> None:
    """A hole, times out of order and a time that stands twice are told with the line and the column."""
    file = tmp_path / "candles.csv"
    file.write_text(f"time,open,high,low,close,volume\n{rows}")
    error = ran(CROSS, "--data", file).exception
    assert isinstance(error, InvalidInputError)
    assert f"{file}{said}" in str(error)


def test_other_bad_data(tmp_path: Path) -> None:
    """A missing column, an empty period, a period shorter than the warm-up and an unknown symbol say what to do."""
    file = tmp_path / "candles.csv"
    file.write_text("time,open,high,low\n0,1,1,1\n3600000,1,1,1\n")
    assert "no column 'close'" in str(ran(CROSS, "--data", file).exception)
    assert "there are some from" in str(ran(CROSS, "--from", "2023-01-01", "--to", "2023-02-01").exception) or (
        "no candles in the period" in str(ran(CROSS, "--from", "2023-01-01", "--to", "2023-02-01").exception)
    )
    assert "387" in str(ran(CROSS, "--from", "2024-02-01", "--to", "2024-02-03").exception)
    assert "signal-engine fetch NONE/USDT" in str(ran(CROSS, "--data", "NONE/USDT").exception)
    assert "--commission: Input should be less than 100" in str(ran(CROSS, "--commission", "100").exception)
    assert "--slippage-percent: " in str(ran(CROSS, "--slippage-percent", "-1").exception)
