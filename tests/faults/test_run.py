from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from engine.decisions import Costs
from engine.live import Session
from engine.market import Instrument, Timeframe
from engine.rules import read_rule
from tests.faults.rig import RULE, TOKEN, Rig, seesaw, wait_for
from tests.servers.exchange import ExchangeServer, Trouble

SECOND = Timeframe.parse("1s")


@pytest.fixture
def exchange() -> Iterator[ExchangeServer]:
    with ExchangeServer(seesaw) as server:
        yield server


@pytest.fixture
def rig(tmp_path: Path, exchange: ExchangeServer) -> Iterator[Rig]:
    made = Rig(tmp_path, exchange.url)
    yield made
    made.end()


def reference(exchange: ExchangeServer, first_ms: int, last_ms: int, expired: set[str]) -> list[str]:
    """What a single uninterrupted session decides on the same candles; entries that expired are undone there too."""
    instrument = Instrument("BTC/USDT", Decimal("0.01"), Decimal("0.00001"))
    session = Session("r", "c", read_rule(RULE, "rule"), instrument, Costs(10_000))
    start = SECOND.shift(first_ms, 1 - session.window)
    bars = exchange.candles("BTC/USDT", SECOND, start, last_ms)
    known = int((bars.time <= first_ms).sum())
    session.restore(bars[:known])
    decided: list[str] = []
    lost_ms: int | None = None
    for i in range(known, len(bars)):
        if lost_ms is not None:
            session.void_entry(lost_ms)
        outcome = session.step(bars[i : i + 1])
        lost_ms = None
        for row in outcome.rows:
            decided.append(row.client_order_id)
            if row.client_order_id in expired:
                lost_ms = row.bar_ms
    return decided


def check_ledger(rig: Rig, exchange: ExchangeServer) -> None:
    """The ledger holds every decision of the reference once, except the entries whose lifetime ended unsent."""
    outbox = rig.rows("outbox")
    assert all(row["intent"] == "open" for row in outbox if row["state"] == "EXPIRED")
    unsent = [row for row in outbox if row["intent"] == "open" and row["state"] in ("EXPIRED", "PENDING")]
    expired = {row["client_order_id"] for row in unsent}
    decided = reference(exchange, rig.first_watermark(), rig.watermark(), expired)
    assert [row["client_order_id"] for row in outbox] == decided
    arrived = [row["client_order_id"] for row in rig.accepted()]
    waiting = {row["client_order_id"] for row in outbox if row["state"] in ("PENDING", "SENDING")}
    assert [i for i in decided if i not in expired | waiting] == [i for i in arrived if i not in waiting]
    assert len(set(arrived)) == len(arrived)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_run_within_10_s_and_a_second_start_continues(
    rig: Rig, exchange: ExchangeServer, number: int
) -> None:
    """After SIGTERM or Ctrl-C the process ends with code 0, and the next one goes on at the next candle."""
    process = rig.start()
    wait_for(rig.watermark, 40, rig.log.read_text)
    wait_for(lambda: len(rig.accepted()) >= 2, 40, rig.log.read_text)
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 0, rig.log.read_text()
    assert time.monotonic() - began < 10
    stopped_ms = rig.watermark()
    second = rig.start()
    wait_for(lambda: rig.watermark() > stopped_ms + 3_000, 40, rig.log.read_text)
    second.send_signal(number)
    assert second.wait(10) == 0
    check_ledger(rig, exchange)
    assert "route continues" in rig.log.read_text()


def test_kill_9_loses_no_close_and_doubles_no_open(rig: Rig, exchange: ExchangeServer) -> None:
    """Killed at random moments and started again, the engine delivers what one that never died decides."""
    chance = random.Random(5)  # noqa: S311 - not for secrets
    for _ in range(3):
        process = rig.start()
        before = rig.watermark()
        wait_for(lambda: rig.watermark() > before, 40, rig.log.read_text)  # noqa: B023 - called at once
        time.sleep(chance.uniform(0.0, 2.5))
        process.kill()
        process.wait()
    last = rig.start()
    before = rig.watermark()
    wait_for(lambda: rig.watermark() > before + 2_000, 40, rig.log.read_text)
    last.send_signal(signal.SIGTERM)
    assert last.wait(10) == 0
    check_ledger(rig, exchange)
    files = [path for path in rig.folder.rglob("*") if path.is_file() and path.name != "config.yaml"]
    assert not [path.name for path in files if TOKEN.encode() in path.read_bytes()]


def test_an_unreachable_exchange_is_reported_and_waited_for(rig: Rig, exchange: ExchangeServer) -> None:
    """While the exchange answers 503 nothing is decided and nothing crashes; when it is back, trading goes on."""
    exchange.trouble(Trouble(status=503))
    process = rig.start()
    wait_for(lambda: "no candles; asking again" in rig.log.read_text(), 40, rig.log.read_text)
    assert process.poll() is None
    exchange.heal()
    wait_for(lambda: "candle closed" in rig.log.read_text(), 40, rig.log.read_text)
    exchange.trouble(Trouble(reset=True))
    wait_for(lambda: rig.log.read_text().count("no candles; asking again") >= 2, 40, rig.log.read_text)
    exchange.heal()
    at = rig.watermark()
    wait_for(lambda: rig.watermark() > at + 2_000, 60, rig.log.read_text)
    assert "Traceback" not in rig.log.read_text()


def test_an_unreachable_receiver_is_reported_and_tried_again(tmp_path: Path, exchange: ExchangeServer) -> None:
    """While nobody listens, messages are tried again within their lifetime and then shown as EXPIRED; no traceback."""
    with socket.socket() as taken:  # bound and never listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        rig = Rig(tmp_path, exchange.url, receiver_url=f"http://127.0.0.1:{taken.getsockname()[1]}/webhook")
        try:
            process = rig.start()
            wait_for(lambda: "entry undone" in rig.log.read_text(), 60, rig.log.read_text)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            rig.end()
    log = rig.log.read_text()
    assert "message not delivered; trying again" in log
    assert "Connection refused" in log
    assert "Traceback" not in log


def test_a_second_engine_on_the_same_state_refuses_to_start(tmp_path: Path, exchange: ExchangeServer) -> None:
    """Two engines would double every message: the second ends with code 3 and names the first, not the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rig = Rig(tmp_path, exchange.url, paper_port=port)
    try:
        first = rig.start()
        wait_for(rig.watermark, 40, rig.log.read_text)
        second = rig.start()
        assert second.wait(40) == 3
        assert str(first.pid) in rig.log.read_text()
        assert "Address already in use" not in rig.log.read_text()
    finally:
        rig.end()


def test_a_stop_during_a_slow_answer_of_the_exchange_is_quiet(rig: Rig, exchange: ExchangeServer) -> None:
    """Ctrl-C while candles are under way ends with code 0 and without a traceback."""
    process = rig.start()
    wait_for(rig.watermark, 40, rig.log.read_text)
    exchange.trouble(Trouble(path="klines", delay_s=5))
    asked = exchange.requests["/api/v3/klines"]
    wait_for(lambda: exchange.requests["/api/v3/klines"] > asked, 10, rig.log.read_text)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert "Traceback" not in rig.log.read_text()


def test_a_dead_paper_platform_ends_the_run(rig: Rig) -> None:
    """Nobody is left to receive: the engine says so and ends with code 1 instead of trying for ever."""
    process = rig.start()
    wait_for(rig.watermark, 40, rig.log.read_text)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    assert process.wait(20) == 1
    assert "the paper platform has ended" in rig.log.read_text()
