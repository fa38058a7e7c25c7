"""The doorbell by APScheduler itself: what a tick raises ends the run, and rings that were missed are counted."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from pathlib import Path

import pytest

from engine.app.rings import Rings
from engine.app.rule_watch import RuleWatch
from engine.app.service import Finished, Tick, serve
from engine.errors import StoreError
from engine.ports import Notice, NoticeKind
from engine.rules import read_rule_file
from tests.live.test_engine import RULE


class Bare:
    """What a doorbell needs of a system."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.closed = False

    def check(self) -> None:
        return None

    def noticed(self, notice: Notice) -> None:
        self.notices.append(notice)

    def stop_entries(self, reason: str) -> None:
        return None

    async def close_markets(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def raising(error: BaseException) -> Tick:
    async def tick() -> None:
        raise error

    return tick


@pytest.mark.parametrize("error", [StoreError("full"), SystemExit(3), KeyError("x"), MemoryError()], ids=repr)
def test_whatever_a_tick_raises_ends_the_run(error: BaseException) -> None:
    """APScheduler would swallow it and ring on: the run ends with the same error, and lets go of the exchanges."""
    system = Bare()
    with pytest.raises(type(error)) as raised:
        serve(system, raising(error), tick_seconds=0.01)
    assert raised.value is error or raised.value.args == error.args
    assert system.closed or isinstance(error, SystemExit)


def test_what_the_look_before_a_tick_finds_ends_the_run() -> None:
    """A delivery that has failed is raised from the doorbell, too."""

    class Failed(Bare):
        def check(self) -> None:
            raise StoreError("the delivery has ended")

    with pytest.raises(StoreError, match="the delivery has ended"):
        serve(Failed(), raising(AssertionError("never asked")), tick_seconds=0.01)


def test_a_signal_ends_it_without_an_error() -> None:
    """SIGTERM during a tick that waits is quiet."""
    system = Bare()

    async def tick() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)

    serve(system, tick, tick_seconds=0.01)
    assert system.closed


def test_missed_and_coalesced_rings_are_counted() -> None:
    """A tick that waits ten rings long, and one that blocks the whole process as long, are both told of."""
    system, count = Bare(), 0

    async def tick() -> None:
        nonlocal count
        count += 1
        if count == 2:
            await asyncio.sleep(0.2)
        if count == 4:
            raise Finished

    serve(system, tick, tick_seconds=0.02)
    assert [notice.kind for notice in system.notices] == [NoticeKind.RINGS]
    assert 5 <= system.notices[0].bars <= 60

    blocked, rung = Bare(), 0

    async def block() -> None:
        nonlocal rung
        rung += 1
        if rung == 2:
            time.sleep(0.2)
        if rung == 4:
            raise Finished

    serve(blocked, block, tick_seconds=0.02)
    assert 5 <= blocked.notices[0].bars <= 60


def test_rings_in_time_are_not_told_and_missed_ones_once_a_minute() -> None:
    """Every missed ring is counted; at most one line a minute says so."""
    told: list[Notice] = []
    rings = Rings(1_000, told.append)
    for at in range(0, 100_000, 1_000):
        rings.ring(at + (at // 1_000 % 3) * 100)
    assert (rings.missed, told) == (0, [])
    for at in range(100_000, 300_000, 4_000):
        rings.ring(at)
    assert rings.missed == 3 * 49
    assert len(told) == 4


def test_an_edited_rule_file_is_told_once_and_what_runs_stays(tmp_path: Path) -> None:
    """An edit, a file that is gone and one that is as before are each told once."""
    file, told = tmp_path / "swing.yaml", list[Notice]()
    file.write_text(RULE)
    rule = read_rule_file(file)
    watch = RuleWatch([(file, rule)], told.append)
    steps = [RULE, RULE.replace("percent: 3", "percent: 4"), None, RULE]
    for number, text in enumerate(steps):
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        for again in range(2):
            watch.look((2 * number + again) * 5_000.0)
            watch.look((2 * number + again) * 5_000.0 + 4_000)
    assert [notice.text.split(";")[0] for notice in told] == [
        "was edited",
        "cannot be read",
        "is again the rule that runs",
    ]
    assert rule.file.stop_loss is not None
