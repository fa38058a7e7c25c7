"""The engine's delivery against our platform while it misbehaves: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from engine.adapters.clocks import SystemClock
from engine.adapters.http_sender import HttpSender
from engine.adapters.sql_store import SqlStore
from engine.config import AccountConfig, Connector
from engine.delivery import Intent, Row, RowState, Terms
from engine.live import DeliveryLoop
from engine.paper.app import PATH
from engine.paper.drill import Drill
from engine.paper.faults import Fault
from engine.ports import RouteRecord
from tests.live.test_delivery_loop import wait_for
from tests.paper.messages import TOKEN
from tests.paper.platform import Platform

DEADLINE_S, LATE_S = 0.8, 1.2
FAULTS = [
    Fault.model_validate({"fault": kind, "seconds": LATE_S, "times": 1, "after_the_fact": after_the_fact})
    for kind, after_the_fact in (
        ("late", False), ("late", True), ("never", False), ("never", True), ("twice", False),
        ("500", False), ("500", True), ("html", False), ("html", True),
    )
]  # fmt: skip


class Rig:
    """The engine's outbox and its delivery, and the platform at the other end, all real."""

    def __init__(self, folder: Path, *, deduplicates: bool) -> None:
        folder.mkdir()
        self.drill = Drill()
        self.platform = Platform(folder, AccountConfig(commission_percent=0), drill=self.drill)
        self.platform.start()
        self.platform.still(100)
        connector = Connector.model_validate({"url": self.platform.url + PATH, "name": "btc-perp", "token": TOKEN})
        senders = {"c": HttpSender(connector, deadline_s=DEADLINE_S)}
        self.store = SqlStore(folder / "state.db")
        self.loop = DeliveryLoop(self.store, senders, {"c": Terms(deduplicates)}, SystemClock(), jitter=lambda: 0.0)
        self.loop.start()

    def send(self, key: str, intent: Intent, body: dict[str, str], fault: Fault | None = None) -> None:
        """Decide a message, which this happens to, and wait until nothing more is going to be done about it."""
        self.drill.set(fault)
        text = json.dumps({**body, "clientOrderId": key})
        self.store.commit_bar(RouteRecord("r", 0, "", ""), [Row(0, "r", "c", intent, RowState.PENDING, key, text, 0)])
        self.loop.wake()
        wait_for(self.loop.idle)

    def state(self, key: str) -> RowState:
        return next(row.state for row in self.store.rows() if row.client_order_id == key)

    def accepted(self) -> list[str]:
        entries = self.platform.entries()
        return [entry["client_order_id"] for entry in entries if entry["verdict"] == "accepted"]

    def stop(self) -> None:
        self.drill.release()
        ended = self.loop.stop(5)
        self.platform.stop()
        self.store.close()
        assert ended


Outcome = tuple[list[RowState], list[str], list[tuple[bool, str]], int]
"""States of entry and exit, ids of what the platform took, its fills as (opens, quantity), positions left."""


def entry_and_exit(rig: Rig, fault: Fault) -> Outcome:
    """Have an entry and then its exit sent, the fault happening to the first attempt of each."""
    rig.send("a", Intent.OPEN, {"action": "openLong", "fixed": "1"}, fault)
    if arrives(fault):
        wait_for(lambda: rig.accepted() == ["a"])
    rig.platform.still(100)
    rig.send("b", Intent.CLOSE, {"action": "closeLong", "percent": "100"}, fault)
    rig.platform.still(101)
    fills = [(fill["opens"], fill["quantity"]) for fill in rig.platform.read("fills")]
    return [rig.state(key) for key in "ab"], rig.accepted(), fills, len(rig.platform.read("positions"))


def arrives(fault: Fault) -> bool:
    """Tell whether the message to which it happens is taken."""
    return fault.after_the_fact or fault.fault in ("late", "twice")


def under_each(folder: Path, *, deduplicates: bool) -> dict[str, Outcome]:
    """Give what came of an entry and its exit under each fault; side by side, as they do little but wait."""
    with ExitStack() as stack, ThreadPoolExecutor(len(FAULTS)) as pool:
        runs = {}
        for number, fault in enumerate(FAULTS):
            rig = Rig(folder / str(number), deduplicates=deduplicates)
            stack.callback(rig.stop)
            runs[str(fault)] = pool.submit(entry_and_exit, rig, fault)
        return {name: run.result() for name, run in runs.items()}


def test_where_repeats_are_recognised_everything_arrives_once(tmp_path: Path) -> None:
    """An entry and its exit are sent until they are acknowledged: each is one order, and all is flat."""
    once = ([RowState.ACKNOWLEDGED] * 2, ["a", "b"], [(True, "1"), (False, "1")], 0)
    assert under_each(tmp_path, deduplicates=True) == {str(fault): once for fault in FAULTS}


def test_where_repeats_are_not_promised_to_be_no_entry_is_doubled(tmp_path: Path) -> None:
    """An entry in doubt is sent once, shown as UNKNOWN, and its exit is sent until it is acknowledged: all is flat."""
    seen = under_each(tmp_path, deduplicates=False)
    for fault in FAULTS:
        entry = RowState.ACKNOWLEDGED if fault.fault == "twice" else RowState.UNKNOWN
        taken, fills = (["a", "b"], [(True, "1"), (False, "1")]) if arrives(fault) else (["b"], [])
        assert seen[str(fault)] == ([entry, RowState.ACKNOWLEDGED], taken, fills, 0), str(fault)
