"""What `run --dry-run` of a live config says was done before: real backtests, a real paper run, its real journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.app.backtested import FILE, read
from engine.app.checklist import PAPER_DAYS, Item, checklist
from engine.app.system import read_routes
from engine.cli.main import app
from engine.config import read_config
from engine.market import Bars
from engine.market.sample import SAMPLE_START_MS, sample_bars
from tests.app.test_audit import HOUR, SYMBOL, World
from tests.cli.program import ROOT
from tests.servers.exchange import ExchangeServer, ccxt_options

RULE = """\
name: swing
market: futures
timeframe: 1h
params: {fast: 3, slow: 8}
long: {enter: "ta.crossover(ta.ema(close, fast), ta.ema(close, slow))"}
short: {enter: "ta.crossunder(ta.ema(close, fast), ta.ema(close, slow))"}
stop_loss: {percent: 3}
order: {size: {percent: 10}}
"""
CONNECTOR = {"url": "https://127.0.0.1:9/hook", "name": "a", "token": "canary-list"}


class Setup(World):
    """A paper config that runs on a stepped clock (config.yaml), and a live one of the same route."""

    def __init__(self, folder: Path, **more: object) -> None:
        super().__init__(folder)
        self.rule(RULE)
        self.paper = folder / "config.yaml"
        self.live(**more)
        write_candles(folder / "real.csv", sample_bars(SYMBOL, HOUR, SAMPLE_START_MS, 400))

    def live(self, **more: object) -> None:
        route = {"strategy": "rule.yaml", "symbol": SYMBOL, "connector": "main"}
        document = {"mode": "live", "state": "live.db", "exchange": {"id": "binanceusdm"}, "routes": [route]}
        (self.folder / "live.yaml").write_text(json.dumps({**document, "connectors": {"main": CONNECTOR}, **more}))

    def backtest(self, *options: str) -> None:
        ran = CliRunner().invoke(app, ["backtest", str(self.folder / "rule.yaml"), *options])
        assert ran.exit_code == 0, ran.output

    def look(self, paper: Path | None = None) -> dict[str, Item]:
        config = read_config(self.folder / "live.yaml", {})
        items = checklist(config, read_routes(config), self.clock, paper or self.paper, {})
        return {item.name: item for item in items}


def write_candles(path: Path, bars: Bars) -> None:
    rows = zip(bars.time.tolist(), *(column.tolist() for column in bars.columns()), strict=True)
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(",".join(map(str, row)) for row in rows))


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_a_backtest_counts_for_the_rule_and_the_parameters_that_it_was_of(setup: Setup) -> None:
    """Not one of the synthetic market, another symbol, other parameters or fills, or the file before an edit."""
    real = ("--data", str(setup.folder / "real.csv"))

    def why() -> str:
        return setup.look()["backtested"].told.removeprefix(f"swing {SYMBOL} 1h: ")

    assert why() == "never"
    setup.backtest()
    assert why() == "only on the sample market, which is synthetic"
    setup.backtest(*real)
    assert why() == f"only on real ({setup.folder / 'real.csv'})"
    setup.backtest(*real, "--symbol", SYMBOL, "--fills", "tradingview")
    assert why() == "only on 1h candles with fills 'tradingview', which are not as it would run"
    setup.backtest(*real, "--symbol", SYMBOL, "--to", "2024-01-04T20:00")
    assert why().startswith("no trade in it: ")
    setup.backtest(*real, "--symbol", SYMBOL, "--param", "fast=4")
    assert not setup.look()["backtested"].ok
    setup.backtest(*real, "--symbol", SYMBOL)
    done = setup.look()["backtested"]
    assert (done.ok, done.mend) == (True, "")
    assert " candles from 2024-01-0" in done.told
    assert "trades, net " in done.told
    setup.live(routes=[{"strategy": "rule.yaml", "symbol": SYMBOL, "connector": "main", "params": {"slow": 9}}])
    assert why().startswith("not with these parameters; last 20")
    assert setup.look()["backtested"].mend.endswith(f"rule.yaml --data binanceusdm:{SYMBOL} --param slow=9")
    setup.rule(RULE.replace("percent: 3", "percent: 4"))
    assert why().startswith("not since the rule file was edited; last 20")


def test_the_same_backtest_is_written_down_once(setup: Setup) -> None:
    """Done again it adds nothing; a torn line is passed over, and a new backtest stands after it."""
    setup.backtest()
    setup.backtest()
    file = setup.folder / FILE
    assert len(file.read_text().splitlines()) == 1
    file.write_text(file.read_text() + '{"day": "2024-01\n')
    setup.backtest("--param", "fast=4")
    assert [one.params["fast"] for one in read(setup.folder / "rule.yaml")] == [3, 4]
    assert read(setup.folder / "other.yaml") == []


def test_a_portfolio_is_a_backtest_of_each_of_its_symbols(setup: Setup) -> None:
    """With the candles of each; a run definition counts like the options that say the same."""
    member = {"data": "real.csv"}
    portfolio = {"symbols": {SYMBOL: member, "ETH/USDT:USDT": "sample"}}
    (setup.folder / "run.yaml").write_text(json.dumps({"strategy": "rule.yaml", "portfolio": portfolio}))
    ran = CliRunner().invoke(app, ["backtest", str(setup.folder / "run.yaml")])
    assert ran.exit_code == 0, ran.output
    assert {(one.symbol, one.synthetic) for one in read(setup.folder / "rule.yaml")} == {
        (SYMBOL, False),
        ("ETH/USDT:USDT", True),
    }
    assert setup.look()["backtested"].ok


def test_paper_days_are_those_of_this_rule_that_were_decided_in_time(setup: Setup, tmp_path: Path) -> None:
    """Hours caught up after downtime, or before an edit, are not counted; the rest is, and is audited."""
    assert setup.look(tmp_path / "none.yaml")["paper days"].told.startswith("there is no ")
    assert setup.look()["paper days"].told.endswith(" was never run")
    setup.run(range(50))
    # The clock stands still while it runs: what came at a start of 100 hours later was caught up.
    setup.run(range(150, 200))
    shown = setup.look()
    assert not shown["paper days"].ok
    assert shown["paper days"].told == f"swing {SYMBOL} 1h: 4.1 of 7 days with this rule and these parameters"
    assert shown["paper days"].mend == f"signal-engine run --config {setup.paper}"
    assert shown["audit"].ok
    assert ": 199 bars, " in shown["audit"].told
    setup.run(range(200, 75 + PAPER_DAYS * 24 + 30))
    assert setup.look()["paper days"].ok
    setup.rule(RULE.replace("percent: 3", "percent: 4"))
    shown = setup.look()
    assert shown["paper days"].told == f"swing {SYMBOL} 1h: 0.0 of 7 days with this rule and these parameters"
    assert "audit" not in shown


def test_a_journal_that_does_not_come_out_is_missing(setup: Setup) -> None:
    """What nothing explains is named with its number, and the command that shows each."""
    setup.run(range(80))
    store = setup.store
    route = f"swing {SYMBOL} 1h"
    record = store.route(route)
    assert record is not None
    state = json.loads(record.state)
    state["position"]["cash"] += 1
    store.commit_bar(type(record)(route, record.watermark_ms, json.dumps(state), record.rule_sha256), [])
    store.close()
    shown = setup.look()["audit"]
    assert not shown.ok
    assert shown.told.endswith(", 1 of them otherwise than the backtest")
    assert shown.mend == f"signal-engine audit --since 30d --config {setup.paper}"


def test_limits_that_are_not_set_are_named_with_the_line_that_sets_them(setup: Setup) -> None:
    """`open_positions` matters where there are several routes."""
    shown = setup.look()["limits"]
    assert (shown.ok, shown.told) == (False, "not set: messages_an_hour, day_loss")
    assert shown.mend == "in the config, such as safety: {messages_an_hour: 30, day_loss: {percent: 10}}"
    setup.live(safety={"messages_an_hour": 3, "day_loss": {"amount": 5}})
    assert setup.look()["limits"].ok
    routes = [
        {"strategy": "rule.yaml", "symbol": symbol, "connector": name}
        for symbol, name in ((SYMBOL, "main"), ("ETH/USDT:USDT", "other"))
    ]
    both = {"main": CONNECTOR, "other": CONNECTOR | {"name": "b"}}
    setup.live(safety={"messages_an_hour": 3, "day_loss": {"amount": 5}}, routes=routes, connectors=both)
    assert setup.look()["limits"].told == "not set: open_positions"


def test_the_dry_run_of_a_live_config_prints_it(setup: Setup) -> None:
    """After what would run; a list that is not complete refuses nothing, and a paper config has none."""
    with ExchangeServer() as exchange:
        setup.live(exchange={"id": "binanceusdm", "options": ccxt_options(exchange.url)})
        live = ["run", "--dry-run", "--config", str(setup.folder / "live.yaml")]
        ran = CliRunner().invoke(app, live)
        assert ran.exit_code == 0, ran.output
        assert f"  MISSING  backtested: swing {SYMBOL} 1h: never\n             signal-engine backtest " in ran.output
        assert f"there is no {setup.folder / 'paper.yaml'}; name the config" in ran.output
        ran = CliRunner().invoke(app, [*live, "--paper", str(setup.paper)])
        assert f"  MISSING  paper days: {setup.paper} was never run" in ran.output
    assert "canary" not in ran.output
    assert "before it trades" not in CliRunner().invoke(app, ["run", "--dry-run", "--config", str(setup.paper)]).output


def test_live_differs_from_paper_by_connector_and_confirmation_only() -> None:
    """The shipped configs: the mode that asks for --confirm-live, where messages go, and whose state it is."""
    named = {"SIGNAL_ENGINE_CONNECTOR": "x", "SIGNAL_ENGINE_TOKEN": "y"}
    paper, live = (read_config(ROOT / "configs" / name, named) for name in ("paper.yaml", "live.yaml"))
    differ = {name for name in type(paper).model_fields if getattr(paper, name) != getattr(live, name)}
    assert differ == {"mode", "state", "connectors", "paper"}
    assert (paper.mode, live.mode, live.paper) == ("paper", "live", None)
    assert paper.connectors.keys() == live.connectors.keys()
