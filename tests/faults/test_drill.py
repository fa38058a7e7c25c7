"""The engine's delivery against our platform while it misbehaves: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

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

DEADLINE_S, LATE_S = 0.25, 0.45
FAULTS = [
    Fault.model_validate({"fault": kind, "seconds": LATE_S, "times": 1, "after_the_fact": after_the_fact})
    for kind, after_the_fact in (
        ("late", False), ("late", True), ("never", False), ("never", True), ("twice", False),
        ("500", False), ("500", True), ("html", False), ("html", True),
    )
]  # fmt: skip


class Rig:
    """The engine's outbox and its delivery, and the platform at the other end, all real."""

    def __init__(self, folder: Path) -> None:
        self.drill = Drill()
        self.platform = Platform(folder, AccountConfig(commission_percent=0), drill=self.drill)
        self.platform.start()
        self.platform.still(100)
        self.store = SqlStore(folder / "state.db")
        self.loop: DeliveryLoop | None = None

    def deliver(self, *, deduplicates: bool) -> None:
        connector = Connector.model_validate({"url": self.platform.url + PATH, "name": "btc-perp", "token": TOKEN})
        senders = {"c": HttpSender(connector, deadline_s=DEADLINE_S)}
        self.loop = DeliveryLoop(self.store, senders, {"c": Terms(deduplicates)}, SystemClock(), jitter=lambda: 0.0)
        self.loop.start()

    def send(self, key: str, intent: Intent, body: dict[str, str], fault: Fault | None = None) -> None:
        """Decide a message, which this happens to, and wait until nothing more is going to be done about it."""
        assert self.loop is not None
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
        assert self.loop is None or self.loop.stop(5)
        self.store.close()
        self.drill.release()
        self.platform.stop()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_where_repeats_are_recognised_everything_arrives_once(rig: Rig, fault: Fault) -> None:
    """An entry and its exit are sent until they are acknowledged: each is one order, and all is flat."""
    rig.deliver(deduplicates=True)
    rig.send("a", Intent.OPEN, {"action": "openLong", "fixed": "1"}, fault)
    rig.platform.still(100)
    rig.send("b", Intent.CLOSE, {"action": "closeLong", "percent": "100"}, fault)
    rig.platform.still(101)
    assert [rig.state(key) for key in "ab"] == [RowState.ACKNOWLEDGED] * 2
    wait_for(lambda: rig.accepted() == ["a", "b"])
    fills = [(fill["opens"], fill["quantity"]) for fill in rig.platform.read("fills")]
    assert fills == [(True, "1"), (False, "1")]
    assert rig.platform.read("positions") == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_where_repeats_are_not_promised_to_be_no_entry_is_doubled(rig: Rig, fault: Fault) -> None:
    """An entry in doubt is sent once, shown as UNKNOWN, and its exit is sent until it is acknowledged: all is flat."""
    rig.deliver(deduplicates=False)
    arrives = fault.after_the_fact or fault.fault in ("late", "twice")
    rig.send("a", Intent.OPEN, {"action": "openLong", "fixed": "1"}, fault)
    assert rig.state("a") is (RowState.ACKNOWLEDGED if fault.fault == "twice" else RowState.UNKNOWN)
    wait_for(lambda: rig.accepted() == ["a"] * arrives)
    rig.platform.still(100)
    rig.send("b", Intent.CLOSE, {"action": "closeLong", "percent": "100"}, fault)
    assert rig.state("b") is RowState.ACKNOWLEDGED
    rig.platform.still(101)
    assert rig.accepted() == [*["a"] * arrives, "b"]
    assert len(rig.platform.read("fills")) == 2 * arrives
    assert rig.platform.read("positions") == []
