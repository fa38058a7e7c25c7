"""The journal of a real engine against the backtester."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete

from engine.adapters.clocks import SteppedClock
from engine.adapters.sample_market import SampleMarket
from engine.adapters.sql_journal import add_entry
from engine.adapters.sql_store import SqlStore
from engine.adapters.sql_tables import JOURNAL
from engine.app.audit import Cause, RouteAudit, audit
from engine.app.operator import row_of
from engine.app.since import read_since
from engine.app.system import read_routes
from engine.config import RunConfig, read_config
from engine.decisions import Costs
from engine.delivery import Command, Row, RowState, Word
from engine.errors import InvalidInputError
from engine.live import Guard, LiveEngine, Outcome, Session, carry_out_all
from engine.live.safety import Limits
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS
from engine.ports import Notice, RouteRecord
from engine.webhook import Action, Message

HOUR = Timeframe.parse("1h")
SYMBOL = "BTC/USDT:USDT"
RULE = """\
name: swing
market: futures
timeframe: 1h
define:
  fast: ta.ema(close, 3)
  slow: ta.ema(close, 8)
  slower: request.security("ETH/USDT:USDT", "4h", ta.sma(close, 3))
long: {enter: "ta.crossover(fast, slow) and slower > 0", take_profit: {percent: 2}}
short: {enter: "ta.crossunder(fast, slow)"}
stop_loss: {percent: 3}
order: {size: {percent: 10}}
"""


class Quiet:
    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None: ...
    def stepped(self, session: Session, outcome: Outcome) -> None: ...
    def voided(self, session: Session, row: Row) -> None: ...
    def waiting(self, route: str, error: Exception, pause_ms: int) -> None: ...
    def noticed(self, notice: Notice) -> None: ...


class World:
    """A config on the sample market, run by hours (or another `step`) with a clock of our own."""

    step = HOUR

    def __init__(self, folder: Path) -> None:
        self.folder, self.start = folder, HOUR.shift(SAMPLE_START_MS, 400)
        self.clock = SteppedClock(self.start)
        self.rule(RULE)
        document = {
            "mode": "paper",
            "state": "state.db",
            "exchange": {"id": "sample"},
            "connectors": {"main": {"url": "http://127.0.0.1:9/hook", "name": "a", "token": "canary-audit"}},
            "routes": [{"strategy": "rule.yaml", "symbol": SYMBOL, "connector": "main"}],
        }
        (folder / "config.yaml").write_text(json.dumps(document))

    def rule(self, text: str) -> None:
        (self.folder / "rule.yaml").write_text(text)

    @property
    def config(self) -> RunConfig:
        return read_config(self.folder / "config.yaml", {})

    @property
    def store(self) -> SqlStore:
        return SqlStore(self.folder / "state.db", clock=self.clock)

    def run(
        self,
        hours: range,
        becomes: Callable[[Row], RowState | None] = lambda row: RowState.ACKNOWLEDGED,
        stop_file: Path | None = None,
    ) -> None:
        """Let one process live for those steps; what comes of each message is said by `becomes`."""
        store, specs = self.store, read_routes(self.config)
        guard = Guard(Limits(), store, self.clock, specs, stop_file)
        market = self.market()
        engine = LiveEngine(specs, {"": market}, store, Costs(), self.clock, Quiet(), lambda: None, guard=guard)
        for hour in hours:
            self.clock.step_to(max(self.clock.now_ms(), self.step.shift(self.start, hour) + 1_000))
            asyncio.run(engine.tick())
            for row in store.unresolved():
                if (state := becomes(row)) is not None:
                    store.resolve(row, state, "test", 0)
        store.close()

    def market(self) -> SampleMarket:
        return SampleMarket(self.clock)

    def audit(self, since_hour: int = 0, *, offline: bool = False) -> RouteAudit:
        (report,) = audit(self.config, self.clock, HOUR.shift(self.start, since_hour), offline=offline)
        return report


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def causes(report: RouteAudit) -> set[Cause]:
    return {difference.cause for difference in report.differences}


def test_what_ran_undisturbed_is_what_the_backtest_decides(world: World) -> None:
    """Over restarts and downtime without entries, every bar is there and every decision is the backtester's."""
    world.run(range(80))
    world.run(range(80, 81))
    world.run(range(82, 160))
    report = world.audit()
    assert report.differences == []
    assert report.bars == 159
    assert report.decisions > 10
    assert report.notes == []


def test_an_audit_begins_in_the_middle_from_the_days_mark(world: World) -> None:
    """Since a time in a long run: only bars from there on are counted, and they come out the same."""
    world.run(range(200))
    report = world.audit(150)
    assert (report.bars, report.differences) == (49, [])
    assert report.first_ms == HOUR.shift(world.start, 150)


@pytest.mark.parametrize(("state", "cause"), [(RowState.EXPIRED, Cause.EXPIRED), (RowState.REJECTED, Cause.REJECTED)])
def test_an_entry_that_did_not_arrive_is_named(world: World, state: RowState, cause: Cause) -> None:
    """Its position was undone, so its close was never decided: that difference carries its cause, and no other."""
    lost: list[int] = []

    def becomes(row: Row) -> RowState:
        if row.deadline_ms is not None and len(lost) < 1:
            lost.append(row.bar_ms)
            return state
        return RowState.ACKNOWLEDGED

    world.run(range(120), becomes)
    report = world.audit()
    assert causes(report) == {cause}
    first, second, *_ = report.differences
    assert first.bar_ms == lost[0]
    assert first.detail.startswith("message ")
    assert second.bar_ms > lost[0]
    assert second.live != second.backtest
    assert report.unexplained == 0


def test_a_refused_entry_is_named(world: World, tmp_path: Path) -> None:
    """What a limit held back is a difference of that name."""
    stop = tmp_path / "stop"
    world.run(range(60))
    stop.touch()
    world.run(range(60, 90), stop_file=stop)
    stop.unlink()
    world.run(range(90, 140), stop_file=stop)
    report = world.audit()
    assert causes(report) == {Cause.REFUSED}
    assert report.differences[0].detail.startswith("entries stopped: the file")


def test_an_edited_rule_is_named(world: World) -> None:
    """What ran is replayed as it ran; against the rule of now, the earlier decisions differ by that name."""
    world.run(range(80))
    world.rule(RULE.replace("ta.ema(close, 3)", "ta.ema(close, 4)"))
    world.run(range(80, 120))
    report = world.audit()
    assert causes(report) == {Cause.EDITED}
    assert any("rule file is another now" in note for note in report.notes)


def _change_entry(world: World, change: Callable[[float], float]) -> int:
    """Let a candle have been seen otherwise than the exchange has it now, decided on as it was seen."""
    store = world.store
    route = read_routes(world.config)[0].key
    entries = store.journal(route, 0, 2**60)
    entry = next(e for e in entries if "OPEN" in e.notes)
    assert entry.candle is not None
    o, h, low, close, volume = entry.candle
    with store._writing() as connection:
        add_entry(connection, replace(entry, candle=(o, h, low, change(close), volume)))
    store.close()
    return entry.bar_ms


def test_a_revised_candle_and_a_decision_that_nothing_explains_are_named(world: World) -> None:
    """A candle that is another now is counted; what the seen candle does not explain is unexplained."""
    world.run(range(80))
    at = _change_entry(world, lambda close: close * 0.9 if close else close)
    report = world.audit()
    assert report.unexplained  # the journal says it saw this, and decided something else
    assert at in {d.bar_ms for d in report.differences}
    assert "the exchange gives 1 candle otherwise now than seen" in report.notes
    assert Cause.REVISED in causes(report)


def test_a_rule_that_cannot_be_done_again_is_told_beside_its_differences(world: World) -> None:
    """What a rule was warned of, candles that begin elsewhere, stands beside what nothing explains."""
    world.rule(RULE.replace("crossunder(fast, slow)", "crossunder(fast, slow) and bar_index % 2 == 0"))
    world.run(range(80))
    report = world.audit()
    assert report.unexplained
    assert any("bar_index began with matters" in note for note in report.notes)


def test_a_candle_that_nobody_processed_is_named(world: World) -> None:
    """A hole in the journal, where the exchange has a candle, is a missed candle; offline that is not known."""
    world.run(range(60))
    with sqlite3.connect(world.folder / "state.db") as raw:
        (bar_ms,) = raw.execute(
            "SELECT bar_ms FROM journal WHERE notes = '' ORDER BY bar_ms LIMIT 1 OFFSET 9"
        ).fetchone()
        raw.execute("DELETE FROM journal WHERE bar_ms = ?", (bar_ms,))
    raw.close()
    assert Cause.MISSED in causes(world.audit())
    assert world.audit(offline=True).notes == ["its candles were not compared with the exchange's: offline"]


def test_a_bar_that_was_given_up_is_named(world: World) -> None:
    """A candle that did not come before its deadline is a late candle, with the reason."""
    world.run(range(60))
    store = world.store
    last = store.journal(read_routes(world.config)[0].key, 0, 2**60)[-1]
    with store._writing() as connection:
        add_entry(connection, replace(last, candle=None, notes='{"skipped":"it had not come after 60 s"}'))
    store.close()
    late = [difference for difference in world.audit().differences if difference.cause is Cause.LATE]
    told = "it had not come after 60 s; the exchange has 1 of 1 candle now"
    assert [(one.bar_ms, one.detail) for one in late] == [(last.bar_ms, told)]


def test_bars_given_up_together_are_late_and_none_of_them_is_missed(world: World) -> None:
    """One entry stands for all of them: that nobody looked at the others is not said."""
    world.run(range(60))
    store = world.store
    *_, first, second, third, _ = store.journal(read_routes(world.config)[0].key, 0, 2**60)
    notes = json.dumps({"skipped": "SKIPPED_LATE", "first_ms": first.bar_ms})
    with store._writing() as connection:
        add_entry(connection, replace(third, candle=None, notes=notes))
        for gone in (first, second):
            connection.execute(delete(JOURNAL).where(JOURNAL.c.bar_ms == gone.bar_ms))
    store.close()
    report = world.audit()
    assert Cause.MISSED not in causes(report)
    assert [(d.bar_ms, d.detail) for d in report.differences if d.cause is Cause.LATE] == [
        (third.bar_ms, "SKIPPED_LATE; the exchange has 3 of 3 candles now")
    ]


def test_a_position_closed_by_hand_is_named(world: World) -> None:
    """What a person closed is his difference; the machine goes on from there as the journal says."""
    world.run(range(22))
    store, (spec,) = world.store, read_routes(world.config)
    close = Message(spec.rule.market, Action.CLOSE_SHORT, percent=Decimal(100), client_order_id="mine")
    now_ms = world.clock.now_ms()
    store.ask(Command(Word.SEND, now_ms, rows=(row_of(close, spec, now_ms),)))
    carry_out_all(store, {"main"}, world.clock, lambda row, step: None)
    store.close()
    world.run(range(22, 60))
    assert causes(world.audit()) == {Cause.BY_HAND}


def test_a_position_that_was_changed_from_outside_is_found(world: World) -> None:
    """The machine as it is kept must be the one that the journal leads to."""
    world.run(range(60))
    store = world.store
    route = read_routes(world.config)[0].key
    record = store.route(route)
    assert record is not None
    state = json.loads(record.state)
    state["position"]["cash"] += 1
    store.commit_bar(replace(record, state=json.dumps(state)), [])
    store.close()
    (difference,) = world.audit().differences
    assert difference.detail == "the position that is kept is not the one that the journal leads to"


def test_a_config_that_never_ran_is_told(world: World) -> None:
    """Without a state there is nothing to audit."""
    with pytest.raises(InvalidInputError, match="no state yet"):
        world.audit()


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("yesterday", 1_705_968_000_000),
        ("today", 1_706_054_400_000),
        ("36h", 1_706_100_000_000 - 36 * 3_600_000),
        ("7d", 1_706_100_000_000 - 7 * 86_400_000),
        ("2024-01-20", 1_705_708_800_000),
    ],
)
def test_since_is_read_as_people_say_it(text: str, ms: int) -> None:
    """Words, spans and dates, all UTC."""
    assert read_since(text, 1_706_100_000_000) == ms


def test_a_since_that_is_none_says_what_to_write() -> None:
    """What cannot be read is told with examples."""
    with pytest.raises(InvalidInputError, match="write yesterday"):
        read_since("last week", 0)
