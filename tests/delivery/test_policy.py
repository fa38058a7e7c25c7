from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.delivery import (
    Expire,
    Intent,
    Outcome,
    Row,
    RowState,
    Send,
    Step,
    Wait,
    after,
    choose,
    found_sending,
    holds_back,
)

_ONCE = [intent for intent in Intent if intent.at_most_once]
_AGAIN = [intent for intent in Intent if not intent.at_most_once]


def _row(seq: int, intent: Intent, state: RowState = RowState.PENDING, route: str = "r", **more: object) -> Row:
    row = Row(seq, route, "c", intent, state, f"id{seq}", "{}", bar_ms=0)
    return replace(row, **more)  # type: ignore[arg-type] # the names are Row's own; a wrong one raises


def _after(row: Row, outcome: Outcome, *, deduplicates: bool = False, retry_after_s: float | None = None) -> Step:
    return after(row, outcome, 1_000, deduplicates=deduplicates, jitter=0.5, retry_after_s=retry_after_s)


# delivery.md, row by row ---


@pytest.mark.parametrize("intent", Intent)
def test_acknowledged_and_rejected_are_final(intent: Intent) -> None:
    """After an acknowledgement or a refusal nothing is sent again, whatever the intent."""
    row = _row(1, intent, RowState.SENDING, attempts=1)
    assert _after(row, Outcome.ACKNOWLEDGED).state is RowState.ACKNOWLEDGED
    assert _after(row, Outcome.REJECTED).state is RowState.REJECTED


@pytest.mark.parametrize("intent", Intent)
@pytest.mark.parametrize("outcome", [Outcome.NOT_SENT, Outcome.LIMITED])
def test_what_did_not_arrive_is_tried_again_later(intent: Intent, outcome: Outcome) -> None:
    """Any message that was not sent or was held off is pending again, after a pause."""
    step = _after(_row(1, intent, RowState.SENDING, attempts=1), outcome)
    assert step.state is RowState.PENDING
    assert step.next_try_ms > 1_000
    assert not step.maybe_arrived


@pytest.mark.parametrize("intent", _ONCE)
def test_unknown_is_never_repeated_where_it_could_double(intent: Intent) -> None:
    """An opening and a partial close become UNKNOWN when the answer is missing."""
    assert _after(_row(1, intent, RowState.SENDING), Outcome.UNKNOWN).state is RowState.UNKNOWN
    assert found_sending(_row(1, intent, RowState.SENDING), deduplicates=False).state is RowState.UNKNOWN


@pytest.mark.parametrize("intent", _AGAIN)
def test_unknown_is_repeated_where_repeating_is_harmless(intent: Intent) -> None:
    """A full close and a cancel are tried again when the answer is missing."""
    assert _after(_row(1, intent, RowState.SENDING), Outcome.UNKNOWN).state is RowState.PENDING
    assert found_sending(_row(1, intent, RowState.SENDING), deduplicates=False).state is RowState.PENDING


@pytest.mark.parametrize("intent", Intent)
def test_a_receiver_that_deduplicates_gets_everything_again(intent: Intent) -> None:
    """With `deduplicates`, a missing answer makes any message pending again."""
    step = _after(_row(1, intent, RowState.SENDING), Outcome.UNKNOWN, deduplicates=True)
    assert step.state is RowState.PENDING
    assert step.maybe_arrived


def test_limited_waits_as_told_but_not_for_days() -> None:
    """Retry-After is kept up to one hour."""
    row = _row(1, Intent.CLOSE, RowState.SENDING, attempts=1)
    assert _after(row, Outcome.LIMITED, retry_after_s=77).next_try_ms == 78_000
    assert _after(row, Outcome.LIMITED, retry_after_s=1e12).next_try_ms == 3_601_000


@given(attempts=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_pauses_stay_between_a_quarter_and_thirty_seconds(attempts: int, jitter: float) -> None:
    """However often it failed, the next try is 0.25 s to 30 s away."""
    row = _row(1, Intent.CLOSE, attempts=attempts)
    step = after(row, Outcome.NOT_SENT, 0, deduplicates=False, jitter=jitter, retry_after_s=None)
    assert 250 <= step.next_try_ms <= 30_000


def test_an_open_held_back_by_an_unknown_open_waits_until_its_lifetime_ends() -> None:
    """An opening behind an UNKNOWN one of its route waits, and is EXPIRED right after its deadline."""
    rows = [_row(1, Intent.OPEN, RowState.UNKNOWN), _row(2, Intent.OPEN, deadline_ms=60_000)]
    assert choose(rows, 60_000) == Wait(60_001)
    decision = choose(rows, 60_001)
    assert isinstance(decision, Expire)
    assert decision.step == Step(RowState.EXPIRED)


def test_an_unknown_open_holds_its_own_route_only() -> None:
    """An opening of another route passes an UNKNOWN opening."""
    rows = [_row(1, Intent.OPEN, RowState.UNKNOWN), _row(2, Intent.OPEN), _row(3, Intent.OPEN, route="s")]
    assert choose(rows, 0) == Send(rows[2])


def test_a_close_passes_an_unknown_open() -> None:
    """A close is sent as if the UNKNOWN opening had arrived."""
    rows = [_row(1, Intent.OPEN, RowState.UNKNOWN), _row(2, Intent.CLOSE)]
    assert choose(rows, 0) == Send(rows[1])


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent is not Intent.OPEN])
def test_a_held_open_is_ended_by_what_passes_it(intent: Intent) -> None:
    """A held opening expires before a later message of its route is sent: never is it sent after its own close."""
    rows = [_row(1, Intent.OPEN, RowState.UNKNOWN), _row(2, Intent.OPEN), _row(3, intent)]
    decision = choose(rows, 0)
    assert isinstance(decision, Expire)
    assert decision.row == rows[1]
    assert choose([rows[0], rows[2]], 0) == Send(rows[2])


def test_no_open_passes_an_unknown_partial_close() -> None:
    """An UNKNOWN partial close holds back every opening of the connector, and no close."""
    doubt = _row(1, Intent.PARTIAL_CLOSE, RowState.UNKNOWN)
    assert choose([doubt, _row(2, Intent.OPEN, route="s")], 0) == Wait(None)
    assert choose([doubt, close := _row(2, Intent.CLOSE)], 0) == Send(close)


@pytest.mark.parametrize("intent", Intent)
def test_nothing_passes_what_is_in_flight(intent: Intent) -> None:
    """While a row is SENDING, no later row is chosen."""
    assert choose([_row(1, Intent.CLOSE, RowState.SENDING), _row(2, intent)], 0) == Wait(None)


def test_an_expired_row_is_seen_behind_one_that_waits() -> None:
    """An opening expires at its deadline even while an earlier close is being retried."""
    rows = [_row(1, Intent.CLOSE, next_try_ms=30_000), _row(2, Intent.OPEN, deadline_ms=10_000)]
    assert choose(rows, 5_000) == Wait(10_001)
    decision = choose(rows, 10_001)
    assert isinstance(decision, Expire)
    assert decision.row == rows[1]


def test_a_lifetime_that_ends_in_doubt_is_unknown_not_expired() -> None:
    """A row that may have arrived is never called EXPIRED, which would say that it did not."""
    row = _row(1, Intent.OPEN, deadline_ms=10, maybe_arrived=True)
    decision = choose([row], 11)
    assert isinstance(decision, Expire)
    assert decision.step == Step(RowState.UNKNOWN, maybe_arrived=True)


def test_a_refused_repetition_of_an_open_in_doubt_stays_unknown() -> None:
    """A refusal after an attempt that may have arrived does not turn doubt into certainty."""
    row = _row(1, Intent.OPEN, RowState.SENDING, maybe_arrived=True)
    assert _after(row, Outcome.REJECTED, deduplicates=True).state is RowState.UNKNOWN


def test_a_close_cannot_have_a_lifetime() -> None:
    """A full close with a deadline is refused when it is made."""
    with pytest.raises(ValueError, match="a full close has no lifetime"):
        _row(1, Intent.CLOSE, deadline_ms=5)


def test_a_row_needs_its_id() -> None:
    """A row without client order id is refused when it is made."""
    with pytest.raises(ValueError, match="needs a client order id"):
        _row(1, Intent.OPEN, client_order_id="")


# the whole machine, by chance ---


class _Sent:
    """What was sent over a life of the outbox, and what was unresolved at each sending."""

    def __init__(self) -> None:
        self.sent: list[tuple[Row, list[Row]]] = []
        self.rows: list[Row] = []


@st.composite
def _lives(draw: st.DrawFn, *, deduplicates: bool = False) -> _Sent:
    """Decide, send, crash and let time pass at random, as the loop would over the pure policy."""
    life, now = _Sent(), 0
    for _ in range(draw(st.integers(1, 30))):
        act = draw(st.sampled_from(["decide", "decide", "look", "look", "look", "time"]))
        if act == "decide":
            intent = draw(st.sampled_from(list(Intent)))
            deadline = now + draw(st.integers(0, 60_000)) if intent is Intent.OPEN else None
            route = draw(st.sampled_from(["r", "s"]))
            life.rows.append(_row(len(life.rows), intent, route=route, deadline_ms=deadline))
        elif act == "time":
            now += draw(st.integers(1, 40_000))
        else:
            unresolved = [row for row in life.rows if not row.state.final]
            decision = choose(unresolved, now)
            if isinstance(decision, Expire):
                step, row = decision.step, decision.row
            elif isinstance(decision, Send):
                row = replace(decision.row, state=RowState.SENDING, attempts=decision.row.attempts + 1)
                life.sent.append((decision.row, unresolved))
                outcome = draw(st.sampled_from([*Outcome, "crash"]))
                if outcome == "crash":
                    step = found_sending(row, deduplicates=deduplicates)
                else:
                    step = after(row, Outcome(outcome), now, deduplicates=deduplicates, jitter=0.5, retry_after_s=None)
                note = "doubt" if outcome in (Outcome.UNKNOWN, "crash") else ""
                row = replace(row, detail=row.detail or note)
            else:
                continue
            life.rows[row.seq] = replace(
                row, state=step.state, next_try_ms=step.next_try_ms, maybe_arrived=step.maybe_arrived
            )
    return life


@given(_lives())
def test_an_open_is_never_sent_again_after_doubt(life: _Sent) -> None:
    """Without `deduplicates`, what is at most once is not chosen after an attempt whose outcome is unknown."""
    for row, _ in life.sent:
        assert not (row.intent.at_most_once and row.detail == "doubt")


@given(_lives())
def test_no_open_passes_an_unresolved_close(life: _Sent) -> None:
    """An opening is sent only when no earlier close of the connector is unresolved."""
    for row, unresolved in life.sent:
        if row.intent is Intent.OPEN:
            earlier = [other.intent for other in unresolved if other.seq < row.seq]
            assert not {Intent.CLOSE, Intent.PARTIAL_CLOSE} & set(earlier)


@given(_lives(deduplicates=True))
def test_first_in_first_out(life: _Sent) -> None:
    """A message is sent before an earlier unresolved one only where that is UNKNOWN or an opening of another route."""
    for row, unresolved in life.sent:
        for other in unresolved:
            if other.seq < row.seq and other.state is not RowState.UNKNOWN:
                assert other.intent is Intent.OPEN
                assert other.route != row.route


@given(_lives())
def test_within_a_route_order_is_kept(life: _Sent) -> None:
    """First attempts within a route happen in the order of decision."""
    for route in ("r", "s"):
        first = list(dict.fromkeys(row.seq for row, _ in life.sent if row.route == route))
        assert first == sorted(first)


@given(_lives())
def test_nothing_newer_is_sent_while_a_cancel_all_is_unresolved(life: _Sent) -> None:
    """A cancelAll is repeated only while no newer message of the connector was sent."""
    for row, unresolved in life.sent:
        assert not [o for o in unresolved if o.seq < row.seq and o.intent is Intent.CANCEL_ALL]


@given(_lives())
def test_a_close_ends_only_by_an_answer(life: _Sent) -> None:
    """A full close is acknowledged, rejected, or still to be sent; it never expires and is never given up."""
    for row in life.rows:
        if row.intent is Intent.CLOSE:
            assert row.state in (RowState.PENDING, RowState.ACKNOWLEDGED, RowState.REJECTED)


@given(_lives(), st.integers(0, 100_000))
def test_waiting_never_spins(life: _Sent, now: int) -> None:
    """Where choose says to wait, the time it names is still to come."""
    decision = choose([row for row in life.rows if not row.state.final], now)
    assert not isinstance(decision, Wait) or decision.until_ms is None or decision.until_ms > now


@given(_lives(), st.integers(0, 100_000))
def test_what_is_held_back_is_what_is_not_chosen(life: _Sent, now: int) -> None:
    """A row that nothing holds back is the one that is sent, unless a pause or an end of a lifetime comes first."""
    unresolved = [row for row in life.rows if not row.state.final]
    decision = choose(unresolved, now)
    if isinstance(decision, Send):
        earlier = [row for row in unresolved if row.seq < decision.row.seq and row.route == decision.row.route]
        assert not [row for row in earlier if holds_back(row, decision.row)]


def test_what_holds_what_back() -> None:
    """Row by row of the barriers: doubt holds openings, what waits or is in flight holds all, what is over nothing."""
    later, close = _row(9, Intent.OPEN), _row(9, Intent.CLOSE)
    assert holds_back(_row(1, Intent.OPEN, RowState.UNKNOWN), later)
    assert not holds_back(_row(1, Intent.OPEN, RowState.UNKNOWN, route="s"), later)
    assert not holds_back(_row(1, Intent.OPEN, RowState.UNKNOWN), close)
    assert not holds_back(_row(1, Intent.CANCEL, RowState.UNKNOWN), later)
    for intent in (Intent.CLOSE, Intent.PARTIAL_CLOSE):
        assert holds_back(_row(1, intent, RowState.UNKNOWN, route="s"), later)
        assert not holds_back(_row(1, intent, RowState.UNKNOWN), close)
    for state in (RowState.PENDING, RowState.SENDING):
        assert holds_back(_row(1, Intent.CANCEL, state, route="s"), close)
    for state in (RowState.ACKNOWLEDGED, RowState.REJECTED, RowState.EXPIRED):
        assert not holds_back(_row(1, Intent.CLOSE, state), later)
    assert not holds_back(_row(1, Intent.CLOSE), replace(later, state=RowState.UNKNOWN))


# exactly ---


def test_every_step_says_whether_it_may_have_arrived() -> None:
    """Doubt is carried on by every step but an acknowledgement."""
    fresh, doubtful = (
        _row(1, Intent.OPEN, RowState.SENDING),
        _row(1, Intent.CLOSE, RowState.SENDING, maybe_arrived=True),
    )
    assert _after(fresh, Outcome.UNKNOWN) == Step(RowState.UNKNOWN, maybe_arrived=True)
    assert _after(fresh, Outcome.REJECTED) == Step(RowState.REJECTED, maybe_arrived=False)
    assert _after(doubtful, Outcome.REJECTED) == Step(RowState.REJECTED, maybe_arrived=True)
    assert _after(doubtful, Outcome.ACKNOWLEDGED) == Step(RowState.ACKNOWLEDGED)
    assert found_sending(fresh, deduplicates=True).state is RowState.PENDING
    assert found_sending(doubtful, deduplicates=False).state is RowState.PENDING


@pytest.mark.parametrize(
    ("attempts", "jitter", "pause_ms"),
    [(1, 1.0, 500), (1, 0.0, 250), (2, 1.0, 1_000), (3, 0.5, 1_500), (7, 1.0, 30_000), (10_000, 0.0, 15_000)],
)
def test_pauses_double_up_to_half_a_minute(attempts: int, jitter: float, pause_ms: int) -> None:
    """A quarter second doubled by each attempt; jitter takes up to half of it away."""
    row = _row(1, Intent.CLOSE, attempts=attempts)
    step = after(row, Outcome.NOT_SENT, 7, deduplicates=False, jitter=jitter, retry_after_s=None)
    assert step.next_try_ms == 7 + pause_ms


def test_what_ends_a_row_is_told() -> None:
    """The operator reads why an opening was never sent."""
    late = choose([_row(1, Intent.OPEN, deadline_ms=5)], 6)
    assert isinstance(late, Expire)
    assert late.reason == "its lifetime ended before it could be sent"
    passed = choose([_row(1, Intent.OPEN, RowState.UNKNOWN), _row(2, Intent.OPEN), _row(3, Intent.CLOSE)], 0)
    assert isinstance(passed, Expire)
    assert passed.reason == "held back, and a later close of its route goes first"


def test_one_doubtful_close_holds_openings_whatever_is_in_doubt_after_it() -> None:
    """A doubt about an opening of another route does not lift the barrier of a partial close before it."""
    rows = [
        _row(1, Intent.PARTIAL_CLOSE, RowState.UNKNOWN),
        _row(2, Intent.OPEN, RowState.UNKNOWN, route="s"),
        _row(3, Intent.OPEN, route="t"),
    ]
    assert choose(rows, 0) == Wait(None)


def test_the_words_of_refused_rows() -> None:
    """What a row must not be is told in these words."""
    with pytest.raises(ValueError, match=r"^a message in the outbox needs a client order id$"):
        _row(1, Intent.OPEN, client_order_id="")
