from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.adapters.clocks import SteppedClock, SystemClock
from engine.adapters.http_sender import HttpSender
from engine.adapters.sql_file import Access
from engine.adapters.sql_store import SqlStore
from engine.config import Connector
from engine.delivery import Command, Exchange, Intent, Row, RowState, Step, Success, Terms, Word
from engine.errors import RefusedError, StoreError
from engine.live.delivery_loop import DeliveryLoop
from engine.ports import Clock, RouteRecord
from tests.servers.receiver import Receiver, hang_up, late, reply, reset, silence

_IN_DOUBT = (hang_up, reset, reply(500), reply(200, b"<html>"), reply(307, b"", "Location: /there"))


class Rig:
    """A store, receivers and a loop between them, all real."""

    def __init__(self, path: Path, clock: Clock, receivers: dict[str, Receiver], terms: Terms) -> None:
        self.store = SqlStore(path)
        self.clock = clock
        self.told: list[tuple[str, RowState, Exchange | None]] = []
        senders = {
            name: HttpSender(
                Connector.model_validate({"url": receiver.url, "name": name, "token": "t0ken"}), deadline_s=1
            )
            for name, receiver in receivers.items()
        }
        self.loop = DeliveryLoop(
            self.store, senders, dict.fromkeys(senders, terms), clock, self.tell, jitter=lambda: 0.0
        )

    def tell(self, row: Row, step: Step, exchange: Exchange | None) -> None:
        self.told.append((row.client_order_id, step.state, exchange))

    def decide(self, *rows: Row) -> None:
        self.store.commit_bar(RouteRecord("r", 0, "", ""), rows)
        self.loop.wake()

    def states(self) -> dict[str, RowState]:
        return {row.client_order_id: row.state for row in self.store.rows()}

    def wait_idle(self) -> None:
        wait_for(self.loop.idle)


def wait_for(condition: Callable[[], bool], timeout_s: float = 8) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


@contextmanager
def rig(
    path: Path,
    receivers: dict[str, Receiver],
    clock: Clock | None = None,
    *,
    deduplicates: bool = False,
    success: Success | None = None,
) -> Iterator[Rig]:
    built = Rig(path / "state.db", clock or SystemClock(), receivers, Terms(deduplicates, success or Success()))
    try:
        yield built
    finally:
        assert built.loop.stop(5)
        built.store.close()


def _row(key: str, intent: Intent = Intent.OPEN, connector: str = "c", deadline_ms: int | None = None) -> Row:
    return Row(0, "r", connector, intent, RowState.PENDING, key, f'{{"clientOrderId":"{key}"}}', 0, deadline_ms)


def test_messages_arrive_in_order_with_the_connectors_token(tmp_path: Path) -> None:
    """Everything decided arrives once, in the order of decision, and is acknowledged; the file holds no token."""
    with Receiver() as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.decide(_row("before", Intent.CLOSE))
        r.loop.start()
        for i in range(5):
            r.decide(_row(f"{i}a"), _row(f"{i}b", Intent.CLOSE))
        r.wait_idle()
    assert receiver.ids() == ["before", *(f"{i}{n}" for i in range(5) for n in "ab")]
    assert {request.json()["connectorToken"] for request in receiver.received} == {"t0ken"}
    assert set(r.told[0][:2]) == {"before", RowState.SENDING}
    assert [state for _, state, _ in r.told] == [RowState.SENDING, RowState.ACKNOWLEDGED] * 11
    assert not [file for file in tmp_path.iterdir() if b"t0ken" in file.read_bytes()]


def test_a_decision_is_sent_at_once(tmp_path: Path) -> None:
    """From wake to the receiver takes much less than the longest sleep (the best of five, as machines are busy)."""
    took = []
    with Receiver() as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        for i in range(5):
            time.sleep(0.02)
            began = time.monotonic()
            r.decide(_row(f"{i}"))
            wait_for(lambda n=i + 1: len(receiver.received) == n)  # type: ignore[misc] # a default binds the number
            took.append(time.monotonic() - began)
    assert min(took) < 0.2


def test_a_decision_is_found_without_being_woken(tmp_path: Path) -> None:
    """A row written without wake is sent within the longest sleep."""
    with Receiver() as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.store.commit_bar(RouteRecord("r", 0, "", ""), [_row("a")])
        wait_for(lambda: bool(receiver.received), 1.5)


@pytest.mark.parametrize("behaviour", _IN_DOUBT)
def test_an_open_in_doubt_is_sent_once_and_holds_the_next(tmp_path: Path, behaviour: Callable[..., None]) -> None:
    """An opening without a good answer becomes UNKNOWN: one request; a later opening waits, another connector not."""
    with Receiver(behaviour) as receiver, Receiver() as other:
        with rig(tmp_path, {"c": receiver, "d": other}) as r:
            r.loop.start()
            r.decide(_row("a"), _row("b"), _row("x", connector="d"))
            wait_for(lambda: r.states()["x"] is RowState.ACKNOWLEDGED)
            wait_for(lambda: r.states()["a"] is RowState.UNKNOWN)
            r.loop.wake()
            time.sleep(0.1)
            assert r.states()["b"] is RowState.PENDING
            assert not r.loop.idle()
        assert receiver.ids() == ["a"]


@pytest.mark.parametrize("behaviour", [*_IN_DOUBT, reply(429, b"", "Retry-After: 0")])
def test_a_close_is_repeated_until_it_is_acknowledged(tmp_path: Path, behaviour: Callable[..., None]) -> None:
    """A close in doubt is sent again, the same bytes, and what follows it waits for its acknowledgement."""
    with Receiver(behaviour) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a", Intent.CLOSE), _row("b"))
        r.wait_idle()
        assert set(r.states().values()) == {RowState.ACKNOWLEDGED}
    assert receiver.ids() == ["a", "a", "b"]
    assert receiver.received[0].body == receiver.received[1].body
    assert len(r.told) == 6


def test_a_close_passes_an_open_in_doubt_and_ends_what_it_overtakes(tmp_path: Path) -> None:
    """Behind an UNKNOWN opening a close is sent, and the opening that it overtakes is EXPIRED, visibly."""
    with Receiver(hang_up) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"), _row("b"), _row("c", Intent.CLOSE))
        r.wait_idle()
        assert r.states() == {"a": RowState.UNKNOWN, "b": RowState.EXPIRED, "c": RowState.ACKNOWLEDGED}
        assert ("b", RowState.EXPIRED, None) in r.told
    assert receiver.ids() == ["a", "c"]


def test_a_receiver_that_deduplicates_gets_the_open_again(tmp_path: Path) -> None:
    """With `deduplicates` an opening in doubt is sent again until it is acknowledged."""
    with Receiver(hang_up, reply(503)) as receiver, rig(tmp_path, {"c": receiver}, deduplicates=True) as r:
        r.loop.start()
        r.decide(_row("a"))
        r.wait_idle()
        assert r.states() == {"a": RowState.ACKNOWLEDGED}
    assert receiver.ids() == ["a", "a", "a"]


def test_an_open_is_sent_once_its_receiver_is_back(tmp_path: Path) -> None:
    """While connections are refused an opening is tried again; none of its attempts puts it in doubt."""
    with Receiver() as gone:
        pass
    with rig(tmp_path, {"c": gone}) as r:
        r.loop.start()
        r.decide(_row("a"))
        wait_for(lambda: r.store.rows()[0].attempts >= 2)
        with Receiver(port=gone.port) as receiver:
            r.wait_idle()
        assert r.states() == {"a": RowState.ACKNOWLEDGED}
        assert {a.phase for a in r.store.attempts(r.store.rows()[0])} == {"not sent", "answered"}
    assert receiver.ids() == ["a"]


def test_an_open_past_its_lifetime_is_expired_by_the_clock(tmp_path: Path) -> None:
    """When the clock passes an opening's deadline it is EXPIRED and never sent."""
    clock = SteppedClock(1_000_000)
    with Receiver(hang_up) as receiver, rig(tmp_path, {"c": receiver}, clock) as r:
        r.loop.start()
        r.decide(_row("a"), _row("b", deadline_ms=1_060_000))
        wait_for(lambda: r.states()["a"] is RowState.UNKNOWN)
        clock.step_to(1_060_000)
        wait_for(lambda: r.states()["b"] is RowState.EXPIRED)
    assert receiver.ids() == ["a"]


class _SlowStore(SqlStore):
    """Takes longer to write an attempt down than an opening lives."""

    clock: SteppedClock

    def begin_attempt(self, row: Row, now_ms: int) -> Row | None:
        begun = super().begin_attempt(row, now_ms)
        self.clock.step_to(self.clock.now_ms() + 70_000)
        return begun


def test_an_open_whose_lifetime_ends_while_it_is_written_down_is_not_sent(tmp_path: Path) -> None:
    """On a disk that is slow to commit, an opening past its deadline does not leave; a close does."""
    clock = SteppedClock(1_000_000)
    with Receiver() as receiver:
        store = _SlowStore(tmp_path / "state.db")
        store.clock = clock
        connector = Connector.model_validate({"url": receiver.url, "name": "c", "token": "t0ken"})
        loop = DeliveryLoop(store, {"c": HttpSender(connector)}, {}, clock)
        rows = [_row("a", deadline_ms=1_060_000), _row("b", Intent.CLOSE)]
        store.commit_bar(RouteRecord("r", 0, "", ""), rows)
        loop.start()
        wait_for(loop.idle)
        assert loop.stop(5)
        assert [row.state for row in store.rows()] == [RowState.EXPIRED, RowState.ACKNOWLEDGED]
        assert store.attempts(store.rows()[0])[0].phase == "not sent"
        store.close()
    assert receiver.ids() == ["b"]


def test_a_rejected_message_is_final_and_told(tmp_path: Path) -> None:
    """A refusal is not repeated; the next message goes out, and the refusal's words are passed on and kept."""
    with Receiver(reply(422, b"fixed: too small")) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"), _row("b"))
        r.wait_idle()
        assert r.states() == {"a": RowState.REJECTED, "b": RowState.ACKNOWLEDGED}
        assert r.store.rows()[0].detail == "HTTP 422: fixed: too small"
    assert [exchange.status for _, state, exchange in r.told if exchange] == [422, 200]
    assert receiver.ids() == ["a", "b"]


def test_a_silent_connector_does_not_hold_up_another(tmp_path: Path) -> None:
    """While one connector waits for an answer, another's messages arrive."""
    with Receiver(silence) as slow, Receiver() as quick, rig(tmp_path, {"c": slow, "d": quick}) as r:
        r.loop.start()
        r.decide(_row("a", Intent.CLOSE), _row("x", connector="d"))
        wait_for(lambda: ("a", RowState.PENDING) in [change[:2] for change in r.told])
    order = [change[:2] for change in r.told]
    assert order.index(("x", RowState.ACKNOWLEDGED)) < order.index(("a", RowState.PENDING))


def test_the_row_is_marked_before_the_first_byte(tmp_path: Path) -> None:
    """When the receiver has the request, a reader of the file sees the row SENDING."""
    seen: list[RowState] = []

    def look(connection: object, closing: threading.Event) -> None:
        reader = SqlStore.open_readonly(tmp_path / "state.db")
        seen.extend(row.state for row in reader.rows())
        reader.close()

    with Receiver(look) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"))
        r.wait_idle()
    assert seen == [RowState.SENDING]


def test_what_was_in_flight_at_the_end_is_recovered_by_intent(tmp_path: Path) -> None:
    """Rows found SENDING at start: the close is sent again, the opening is UNKNOWN and never sent."""
    with Receiver() as receiver, rig(tmp_path, {"c": receiver, "d": receiver}) as r:
        r.decide(_row("a"), _row("x", Intent.CLOSE, connector="d"))
        for row in r.store.rows():
            r.store.begin_attempt(row, 5)
        r.loop.start()
        r.wait_idle()
        assert r.states() == {"a": RowState.UNKNOWN, "x": RowState.ACKNOWLEDGED}
        assert "ended during" in r.store.rows()[0].detail
        assert r.store.rows()[0].maybe_arrived
    assert receiver.ids() == ["x"]


def test_stop_waits_for_the_exchange_in_flight_and_sends_nothing_new(tmp_path: Path) -> None:
    """stop ends after the current exchange, whose result is kept; the next message stays PENDING."""
    with Receiver(late(reply(), 0.3)) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"), _row("b"))
        wait_for(lambda: bool(receiver.received))
        assert r.loop.stop(5)
        assert r.states() == {"a": RowState.ACKNOWLEDGED, "b": RowState.PENDING}
    assert receiver.ids() == ["a"]


def test_stop_gives_up_after_its_timeout(tmp_path: Path) -> None:
    """Where the exchange outlives the timeout, stop says so and the row is still SENDING."""
    with Receiver(silence) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"))
        wait_for(lambda: bool(receiver.received))
        assert not r.loop.stop(0.1)
        assert r.states() == {"a": RowState.SENDING}


def test_messages_for_a_connector_that_is_gone_refuse_the_start(tmp_path: Path) -> None:
    """A close that waits for a connector out of the config refuses the start; an expired opening does not."""
    with Receiver() as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.decide(_row("a", connector="old", deadline_ms=1))
        r.loop.start()
        assert r.states() == {"a": RowState.EXPIRED}
        assert r.loop.stop(1)
        r.decide(_row("b", Intent.CLOSE, connector="old"))
        again = DeliveryLoop(r.store, {}, {}, r.clock)
        with pytest.raises(RefusedError, match="old"):
            again.start()


def test_an_error_of_the_store_ends_the_loop_and_is_kept(tmp_path: Path) -> None:
    """When the store fails, every connector's thread ends and `failure` holds the error."""
    with Receiver() as receiver, Receiver() as other, rig(tmp_path, {"c": receiver, "d": other}) as r:
        r.loop.start()
        r.store.close()
        r.loop.wake()
        wait_for(lambda: r.loop.failure is not None)
        assert isinstance(r.loop.failure, StoreError)
        assert r.loop.stop(1)


def test_an_error_of_the_listener_ends_the_loop_and_is_kept(tmp_path: Path) -> None:
    """An exception from on_change is not swallowed."""
    with Receiver() as receiver, rig(tmp_path, {"c": receiver}) as r:

        def fail(row: Row, step: Step, exchange: Exchange | None) -> None:
            raise LookupError("a listener with a mistake")

        sender = HttpSender(Connector.model_validate({"url": receiver.url, "name": "c", "token": "t0ken"}))
        loop = DeliveryLoop(r.store, {"c": sender}, {}, r.clock, fail)
        loop.start()
        r.decide(_row("a"))
        loop.wake()
        wait_for(lambda: loop.failure is not None)
        assert loop.stop(1)
        assert r.states() == {"a": RowState.SENDING}
    assert receiver.ids() == []


# what the operator asks for ---


def _beside(r: Rig, command: Command) -> int:
    """Ask as another process would: by a connection of its own, without the lock."""
    beside = SqlStore(r.store.path, access=Access.OPERATOR)
    try:
        return beside.ask(command)
    finally:
        beside.close()


def _answered(r: Rig, number: int) -> str | None:
    wait_for(lambda: r.store.answer(number) is not None, 2)
    return r.store.answer(number)


def test_a_word_beside_the_running_engine_is_carried_out_within_2_s(tmp_path: Path) -> None:
    """`not-arrived` frees the opening that waited behind the doubt; who said it, when and why is written down."""
    with Receiver(hang_up) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"), _row("b"))
        wait_for(lambda: r.states()["a"] is RowState.UNKNOWN)
        command = Command(Word.NOT_ARRIVED, r.clock.now_ms(), seq=1, reason="no order on the platform")
        number = _beside(r, command)
        assert _answered(r, number) == ""
        r.wait_idle()
        assert r.states() == {"a": RowState.REJECTED, "b": RowState.ACKNOWLEDGED}
        (resolution,) = r.store.resolutions(r.store.rows()[0])
        assert (resolution.state, resolution.command) == (RowState.REJECTED, number)
        assert resolution.reason == "the operator says that it did not arrive: no order on the platform"
        assert abs(resolution.at_ms - r.clock.now_ms()) < 5_000
    assert receiver.ids() == ["a", "b"]


def test_resend_sends_the_same_bytes_again(tmp_path: Path) -> None:
    """`resend` of an opening in doubt sends it once more, the same bytes; a second missing answer is doubt again."""
    with Receiver(hang_up, hang_up) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"))
        for attempts in (1, 2, 3):
            wait_for(lambda n=attempts: r.store.rows()[0].attempts == n)  # type: ignore[misc] # binds the number
            wait_for(lambda: r.store.rows()[0].state is not RowState.SENDING)
            if attempts < 3:
                assert r.states()["a"] is RowState.UNKNOWN
                assert _answered(r, _beside(r, Command(Word.RESEND, r.clock.now_ms(), seq=1))) == ""
        assert r.states() == {"a": RowState.ACKNOWLEDGED}
    assert receiver.ids() == ["a", "a", "a"]
    assert len({request.body for request in receiver.received}) == 1


def test_flatten_ends_what_waits_and_sends_the_closes(tmp_path: Path) -> None:
    """An opening that waits is EXPIRED, and the closes of the command go out, in order."""
    with Receiver(hang_up) as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"), _row("b"))
        wait_for(lambda: r.states()["a"] is RowState.UNKNOWN)
        rows = (_row("all", Intent.CANCEL_ALL), _row("long", Intent.CLOSE))
        assert _answered(r, _beside(r, Command(Word.FLATTEN, r.clock.now_ms(), rows=rows))) == ""
        r.wait_idle()
        assert r.states()["b"] is RowState.EXPIRED
    assert receiver.ids() == ["a", "all", "long"]


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (Command(Word.ARRIVED, 0, seq=9), "too old"),
        (Command(Word.ARRIVED, -1, seq=9), "no message 9"),
        (Command(Word.SEND, -1, rows=(_row("x", connector="gone"),)), "no connector gone"),
        (Command(Word.SEND, -1, rows=(_row("a"),)), "is message 1 already"),
    ],
)
def test_a_command_that_cannot_be_is_refused_with_the_reason(tmp_path: Path, command: Command, refusal: str) -> None:
    """What is refused does nothing, and its asker reads why."""
    with Receiver() as receiver, rig(tmp_path, {"c": receiver}) as r:
        r.loop.start()
        r.decide(_row("a"))
        r.wait_idle()
        asked = replace(command, asked_ms=r.clock.now_ms()) if command.asked_ms else command
        assert refusal in (_answered(r, _beside(r, asked)) or "")
    assert receiver.ids() == ["a"]


def test_another_receivers_success_is_its_own(tmp_path: Path) -> None:
    """A connector that answers with JSON is acknowledged by the fields that its terms name."""
    receiver = Receiver(reply(200, b'{"ok": false}'), otherwise=reply(200, b'{"ok": true}'))
    with receiver, rig(tmp_path, {"c": receiver}, success=Success(None, {"ok": True})) as r:
        r.loop.start()
        r.decide(_row("a", Intent.CLOSE))
        r.wait_idle()
        assert r.states() == {"a": RowState.ACKNOWLEDGED}
    assert receiver.ids() == ["a", "a"]
