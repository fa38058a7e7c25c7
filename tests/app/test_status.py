"""What `status` shows of a state, and what `run --dry-run` shows before there is one."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.app.status import status_of
from engine.app.status_words import NOTICES, Status, Trouble
from engine.cli.main import app
from engine.delivery import Command, Exchange, Intent, Phase, Row, RowState, Step, Word
from engine.ports import JournalEntry, RouteRecord
from tests.app.test_audit import RULE, SYMBOL, World
from tests.cli.program import ROOT
from tests.docs.markdown import rows

ROUTE = f"swing {SYMBOL} 1h"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def look(world: World, skew: int | str | None = 0) -> Status:
    return status_of(world.config, world.clock, skew)


def troubles(shown: Status) -> dict[Trouble, str]:
    return {one.trouble: f"{one.where}: {one.told}" for one in shown.found}


def test_a_route_is_shown_with_its_position_and_levels(world: World) -> None:
    """Last bar and age, what is held, who watches its levels; nothing is urgent while its engine runs."""
    world.run(range(54))
    store = world.store  # the lock is held, as by an engine
    shown = look(world)
    (route,) = shown.routes
    assert (shown.process, shown.urgent, troubles(shown)) == (os.getpid(), False, {})
    assert (route.route, route.connector, route.position, route.late_ms) == (ROUTE, "main", "long", 0)
    assert route.age_ms is not None
    assert 1_000 <= route.age_ms < 60_000
    assert route.entry_price == pytest.approx(50_400, rel=0.02)
    assert {(level.reason, level.held_by) for level in route.levels} == {
        ("take-profit", "platform"),
        ("stop-loss", "platform"),
    }
    assert shown.outbox["ACKNOWLEDGED"] > 0
    assert [limit.now for limit in shown.limits[:1]] == [1]
    store.close()


def test_what_needs_a_person_is_named(world: World) -> None:
    """No engine, a candle overdue, a doubt, a stop, a clock that is off, an edited rule, a position left behind."""
    world.run(range(22), becomes=lambda row: None)
    store = world.store
    sending = store.begin_attempt(store.unresolved()[0], 1)
    assert sending is not None
    store.end_attempt(sending, Step(RowState.UNKNOWN), Exchange(Phase.MAYBE_SENT, "timed out"), 2)
    store.close()
    world.run(range(22, 24), becomes=lambda row: None)
    store = world.store
    record = store.route(ROUTE)
    assert record is not None
    store.commit_bar(replace(record, route="gone BTC/USDT:USDT 1h"), [])
    store.commit_bar(RouteRecord("closed long ago 1h", 1, record.state.replace('"side": -1', '"side": 0'), "x"), [])
    store.ask(Command(Word.STOP_ENTRIES, world.clock.now_ms(), reason="news"))
    store.close()
    world.rule(RULE.replace("percent: 3", "percent: 4"))
    world.clock.step_to(world.clock.now_ms() + 2 * 3_600_000)
    shown = look(world, 700)
    found = troubles(shown)
    assert shown.urgent
    assert set(found) == {
        Trouble.NOT_RUNNING,
        Trouble.OVERDUE,
        Trouble.IN_DOUBT,
        Trouble.STOPPED,
        Trouble.CLOCK,
        Trouble.EDITED,
        Trouble.LEFT_BEHIND,
    }
    assert "timed out" in found[Trouble.IN_DOUBT]
    assert found[Trouble.STOPPED].endswith("UTC: news")
    assert "+0.70 s" in found[Trouble.CLOCK]
    assert found[Trouble.LEFT_BEHIND].startswith("gone BTC/USDT:USDT 1h: it is believed to be short")
    assert troubles(look(world, "no route to host"))[Trouble.NO_EXCHANGE] == "sample: no route to host"


def test_what_was_not_delivered_is_named(world: World) -> None:
    """A rejection and a close that was tried twice are urgent, an entry that expired is not; each counted once."""
    world.run(range(24), becomes=lambda row: RowState.REJECTED)
    world.run(range(24, 29), becomes=lambda row: RowState.EXPIRED if row.intent is Intent.OPEN else None)
    store = world.store
    record = store.route(ROUTE)
    assert record is not None
    close = Row(0, ROUTE, "main", Intent.CLOSE, RowState.PENDING, "c", '{"action":"closeLong"}', record.watermark_ms)
    store.commit_bar(record, [close])
    for at_ms in (1, 2):
        sending = store.begin_attempt(store.rows()[-1], at_ms)
        assert sending is not None
        store.end_attempt(sending, Step(RowState.PENDING), Exchange(Phase.NOT_SENT, "connection refused"), at_ms)
    found = look(world)
    told = troubles(found)
    assert {Trouble.REJECTED, Trouble.EXPIRED, Trouble.CLOSE_WAITS} <= set(told)
    assert "2 attempts so far connection refused" in told[Trouble.CLOSE_WAITS]
    urgent = {one.trouble: one.urgent for one in found.found}
    assert (urgent[Trouble.REJECTED], urgent[Trouble.CLOSE_WAITS], urgent[Trouble.EXPIRED]) == (True, True, False)
    assert (found.outbox["REJECTED"], found.outbox["EXPIRED"], found.outbox["PENDING"]) == (1, 1, 1)
    store.close()


def test_an_entry_that_was_refused_is_a_notice_for_a_day(world: World, tmp_path: Path) -> None:
    """With the limit's name and numbers; the next day it is history."""
    (tmp_path / "stop").touch()
    world.run(range(22), stop_file=tmp_path / "stop")
    shown = look(world)
    assert "entries stopped: the file" in troubles(shown)[Trouble.REFUSED]
    assert not [one for one in shown.found if one.trouble is Trouble.REFUSED and one.urgent]
    world.clock.step_to(world.clock.now_ms() + 86_400_000)
    assert Trouble.REFUSED not in troubles(look(world))


def test_a_candle_that_was_given_up_is_a_notice(world: World) -> None:
    """With its time as the journal has it."""
    world.run(range(5))
    store = world.store
    record = store.route(ROUTE)
    assert record is not None
    given_up = JournalEntry(ROUTE, record.watermark_ms, 0, None, '{"skipped":"SKIPPED_LATE: 2024-01-17 20:00:00"}')
    store.commit_bar(record, [], given_up)
    store.close()
    shown = look(world)
    assert troubles(shown)[Trouble.SKIPPED] == f"{ROUTE}: SKIPPED_LATE: 2024-01-17 20:00:00"
    assert not [one for one in shown.found if one.trouble is Trouble.SKIPPED and one.urgent]


def test_a_state_of_another_release_is_told_and_the_rest_is_shown(world: World) -> None:
    """What cannot be read is named; `status` does not fail because of it."""
    world.run(range(3))
    store = world.store
    record = store.route(ROUTE)
    assert record is not None
    store.commit_bar(replace(record, state='{"old": 1}'), [])
    store.close()
    assert "not a machine's state" in troubles(look(world))[Trouble.UNREADABLE]


def test_the_operators_page_has_a_line_for_each_trouble() -> None:
    """docs/operating.md says of everything that status can show what to do."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    named = [cells[0] for cells in rows(page, "status says")]
    assert sorted(named) == sorted(map(str, Trouble))
    assert named[-len(NOTICES) :] == [name for name in named if name in NOTICES]  # the urgent ones first


def test_status_and_audit_from_the_command_line(world: World) -> None:
    """For people and as JSON; status ends with 1 where no engine runs, audit with 0 where all is explained."""
    world.run(range(54))
    config = str(world.folder / "config.yaml")
    shown = CliRunner().invoke(app, ["status", "--config", config])
    assert shown.exit_code == 1, shown.output
    assert "NOT RUNNING" in shown.output
    document = json.loads(CliRunner().invoke(app, ["status", "--json", "--offline", "--config", config]).output)
    assert document["routes"][0]["route"] == ROUTE
    assert document["skew_ms"] is None
    audited = CliRunner().invoke(app, ["audit", "--since", "2024-01-01", "--config", config])
    assert audited.exit_code == 0, audited.output
    assert f"{ROUTE}: as the backtest decides. 53 bars" in audited.output
    document = json.loads(
        CliRunner().invoke(app, ["audit", "--json", "--since", "2024-01-01", "--config", config]).output
    )
    assert (document["same"], document["unexplained"]) == (True, 0)


def test_a_dry_run_shows_all_and_writes_nothing(world: World) -> None:
    """Routes, next closes, candles to fetch, the messages' shape without the token; the folder is as it was."""
    before = sorted(path.name for path in world.folder.iterdir())
    ran = CliRunner().invoke(app, ["run", "--dry-run", "--config", str(world.folder / "config.yaml")])
    assert ran.exit_code == 0, ran.output
    for told in (
        f"{ROUTE} to main (127.0.0.1:9)",
        "starts flat",
        f"candles of {SYMBOL} 1h",
        "candles of ETH/USDT:USDT 4h",
        "sends openLong: percent 10, profit, loss",
        '"connectorToken":"YOUR_TOKEN"',
    ):
        assert told in ran.output
    assert "canary" not in ran.output
    assert sorted(path.name for path in world.folder.iterdir()) == before
    world.run(range(54))
    ran = CliRunner().invoke(app, ["run", "--dry-run", "--config", str(world.folder / "config.yaml")])
    assert "continues long" in ran.output


def test_a_dry_run_tells_what_does_not_fit_the_exchange(world: World) -> None:
    """Symbols of the wrong market are refused there, all at once; it ends with 1."""
    document = json.loads((world.folder / "config.yaml").read_text())
    document["connectors"]["other"] = document["connectors"]["main"] | {"name": "b"}
    document["routes"] = [
        {"strategy": "rule.yaml", "symbol": "BTC/USDT", "connector": "main"},
        {"strategy": "rule.yaml", "symbol": "ETH/USDT", "connector": "other"},
    ]
    (world.folder / "config.yaml").write_text(json.dumps(document))
    ran = CliRunner().invoke(app, ["run", "--dry-run", "--config", str(world.folder / "config.yaml")])
    assert ran.exit_code == 1
    assert ran.output.count("WOULD BE REFUSED") == 2
