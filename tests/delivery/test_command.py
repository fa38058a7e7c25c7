"""Each word of the operator's, on a message of each kind in each state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.delivery import Carried, Change, Command, Intent, Refused, Row, RowState, Step, Word, carry_out
from engine.delivery.command import LIFETIME_MS

_NOW = 1_000_000


def _row(seq: int, intent: Intent, state: RowState = RowState.PENDING, route: str = "r", **more: object) -> Row:
    row = Row(seq, route, "c", intent, state, f"id{seq}", "{}", bar_ms=0)
    return replace(row, **more)  # type: ignore[arg-type] # the names are Row's own; a wrong one raises


def _say(word: Word, *known: Row, reason: str = "") -> Carried | Refused:
    return carry_out(Command(word, _NOW, seq=1, reason=reason), known, _NOW)


def _step(verdict: Carried | Refused) -> Step:
    assert isinstance(verdict, Carried)
    assert verdict.rows == ()
    (change,) = verdict.changes
    assert change.row.seq == 1
    return change.step


def _refusal(verdict: Carried | Refused) -> str:
    assert isinstance(verdict, Refused)
    return verdict.reason


@pytest.mark.parametrize("intent", Intent)
def test_arrived_and_not_arrived_settle_a_doubt(intent: Intent) -> None:
    """An UNKNOWN message becomes ACKNOWLEDGED or REJECTED, and the doubt is over."""
    row = _row(1, intent, RowState.UNKNOWN, maybe_arrived=True)
    assert _step(_say(Word.ARRIVED, row)) == Step(RowState.ACKNOWLEDGED, maybe_arrived=True)
    assert _step(_say(Word.NOT_ARRIVED, row)) == Step(RowState.REJECTED, maybe_arrived=False)


@pytest.mark.parametrize("state", [state for state in RowState if state is not RowState.UNKNOWN])
@pytest.mark.parametrize("word", [Word.ARRIVED, Word.NOT_ARRIVED])
def test_what_is_certain_is_not_settled(state: RowState, word: Word) -> None:
    """A message in any other state is refused by its number and state."""
    assert _refusal(_say(word, _row(1, Intent.OPEN, state))).startswith(f"message 1 is {state}, not UNKNOWN")


def test_a_close_that_is_tried_again_and_again_can_be_told_to_have_arrived() -> None:
    """A person who sees it on the platform ends its repetition; that it did not arrive is no reason to end it."""
    row = _row(1, Intent.CLOSE, maybe_arrived=True)
    assert _step(_say(Word.ARRIVED, row)).state is RowState.ACKNOWLEDGED
    assert "is PENDING" in _refusal(_say(Word.NOT_ARRIVED, row))
    assert "is PENDING" in _refusal(_say(Word.ARRIVED, replace(row, maybe_arrived=False)))
    assert "is SENDING" in _refusal(_say(Word.ARRIVED, replace(row, state=RowState.SENDING)))


def test_the_operators_reason_is_kept_with_his_word() -> None:
    """What is written down is what was said, and why."""
    verdict = _say(Word.ARRIVED, _row(1, Intent.OPEN, RowState.UNKNOWN), reason="seen")
    assert isinstance(verdict, Carried)
    assert verdict.changes[0].reason == "the operator says that it arrived: seen"
    plain = _say(Word.NOT_ARRIVED, _row(1, Intent.OPEN, RowState.UNKNOWN))
    assert isinstance(plain, Carried)
    assert plain.changes[0].reason == "the operator says that it did not arrive"


def test_an_opening_in_doubt_is_sent_again_with_a_new_lifetime() -> None:
    """It is PENDING at once, for a minute, and still in doubt should the new attempt be refused."""
    step = _step(_say(Word.RESEND, _row(1, Intent.OPEN, RowState.UNKNOWN, maybe_arrived=True, deadline_ms=5)))
    assert step == Step(RowState.PENDING, _NOW, maybe_arrived=True, deadline_ms=_NOW + LIFETIME_MS)
    verdict = _say(Word.RESEND, _row(1, Intent.OPEN, RowState.UNKNOWN, attempts=1))
    assert isinstance(verdict, Carried)
    assert verdict.changes[0].reason == "the operator says to send it again"


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent is not Intent.OPEN])
@pytest.mark.parametrize("state", [RowState.UNKNOWN, RowState.REJECTED, RowState.EXPIRED])
def test_everything_else_is_sent_again_from_any_end_but_an_acknowledgement(intent: Intent, state: RowState) -> None:
    """A close that was refused (a wrong token, say) is sent again, without a lifetime."""
    assert _step(_say(Word.RESEND, _row(1, intent, state))) == Step(RowState.PENDING, _NOW)


@pytest.mark.parametrize("state", [RowState.REJECTED, RowState.EXPIRED])
def test_an_entry_that_was_undone_is_not_sent_again(state: RowState) -> None:
    """The engine does not believe in it any more; sent again, nothing would ever close it."""
    assert "its entry undone" in _refusal(_say(Word.RESEND, _row(1, Intent.OPEN, state)))


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (RowState.PENDING, "being delivered already"),
        (RowState.SENDING, "being delivered already"),
        (RowState.ACKNOWLEDGED, "it arrived"),
    ],
)
@pytest.mark.parametrize("intent", Intent)
def test_what_is_on_its_way_or_arrived_is_not_sent_again(intent: Intent, state: RowState, why: str) -> None:
    """A second copy of it would be the doubling that all this prevents."""
    assert why in _refusal(_say(Word.RESEND, _row(1, intent, state)))


@pytest.mark.parametrize("newer", Intent)
@pytest.mark.parametrize("intent", Intent)
def test_nothing_is_sent_again_that_would_mean_something_else_by_now(intent: Intent, newer: Intent) -> None:
    """An opening not after anything of its route; a close or a cancelAll not after an opening; a cancel always."""
    row = _row(1, intent, RowState.UNKNOWN)
    sent = _row(2, newer, RowState.ACKNOWLEDGED, attempts=1)
    refused = intent is Intent.OPEN or (newer is Intent.OPEN and intent is not Intent.CANCEL)
    verdict = _say(Word.RESEND, row, sent)
    assert isinstance(verdict, Refused) is refused
    if refused:
        assert _refusal(verdict) == f"message 2 ({newer}) was sent after 1; send a new message instead"
    assert isinstance(_say(Word.RESEND, row, replace(sent, attempts=0)), Carried)
    assert isinstance(_say(Word.RESEND, row, replace(sent, route="other")), Carried)
    assert isinstance(_say(Word.RESEND, row, replace(sent, seq=0)), Carried)


@pytest.mark.parametrize("word", [Word.ARRIVED, Word.NOT_ARRIVED, Word.RESEND])
def test_a_number_that_does_not_exist_is_told(word: Word) -> None:
    """A mistyped number settles nothing."""
    assert _refusal(_say(word, _row(2, Intent.OPEN, RowState.UNKNOWN))) == "there is no message 1"


@pytest.mark.parametrize(
    ("late_ms", "refused"), [(0, False), (60_000, False), (60_001, True), (-60_001, True), (600_000, True)]
)
def test_a_command_lives_a_minute(late_ms: int, refused: bool) -> None:
    """What was meant for one moment is not done in another."""
    command = Command(Word.ARRIVED, _NOW, seq=1)
    verdict = carry_out(command, [_row(1, Intent.OPEN, RowState.UNKNOWN)], _NOW + late_ms)
    assert isinstance(verdict, Refused) is refused
    if refused:
        assert f"asked {round(late_ms / 1000)} s ago" in _refusal(verdict)


_NEW = (_row(0, Intent.CANCEL_ALL, client_order_id="n1"), _row(0, Intent.CLOSE, client_order_id="n2"))


def _order(word: Word, *known: Row, rows: tuple[Row, ...] = _NEW, reason: str = "") -> Carried | Refused:
    return carry_out(Command(word, _NOW, rows=rows, reason=reason), known, _NOW)


@pytest.mark.parametrize("word", [Word.FLATTEN, Word.CANCEL_ALL])
def test_flatten_and_cancel_all_end_the_openings_that_wait(word: Word) -> None:
    """What was not sent will not be; what may have arrived stays in doubt; what is in flight or closes is left."""
    waiting, doubtful = _row(1, Intent.OPEN), _row(2, Intent.OPEN, maybe_arrived=True)
    others = [
        _row(3, Intent.OPEN, RowState.SENDING),
        _row(4, Intent.OPEN, RowState.UNKNOWN),
        _row(5, Intent.CLOSE),
        replace(_row(6, Intent.OPEN), connector="d"),
    ]
    why = f"the operator says to {word}: news"
    assert _order(word, waiting, doubtful, *others, reason="news") == Carried(
        (
            Change(waiting, Step(RowState.EXPIRED), why),
            Change(doubtful, Step(RowState.UNKNOWN, maybe_arrived=True), why),
        ),
        _NEW,
    )


def test_a_message_by_hand_ends_nothing() -> None:
    """It takes its place behind what waits."""
    assert _order(Word.SEND, _row(1, Intent.OPEN)) == Carried((), _NEW)


def test_an_id_that_is_there_already_is_refused() -> None:
    """The same message sent by hand twice is sent once, and the second time says which it was."""
    assert _refusal(_order(Word.SEND, _row(7, Intent.CLOSE, RowState.ACKNOWLEDGED, client_order_id="n2"))) == (
        "id n2 is message 7 already (ACKNOWLEDGED); give another one"
    )


def test_a_command_without_messages_is_refused() -> None:
    """Nothing to send is told, not done in silence."""
    assert _refusal(_order(Word.FLATTEN, rows=())) == "there is nothing to send"


def test_stopping_entries_ends_the_openings_that_wait() -> None:
    """Closes and what a person sent go on; what may have arrived stays in doubt. However old the word, it is done."""
    waits, doubt = _row(1, Intent.OPEN), _row(2, Intent.OPEN, maybe_arrived=True)
    others = (
        _row(3, Intent.OPEN, by_hand=True),
        _row(4, Intent.OPEN, RowState.SENDING),
        _row(5, Intent.CLOSE),
        _row(6, Intent.OPEN, RowState.UNKNOWN),
    )
    for age_ms, reason, told in ((0, "", ""), (9 * LIFETIME_MS, "news", ": news")):
        command = Command(Word.STOP_ENTRIES, _NOW - age_ms, reason=reason)
        why = f"the operator says to stop entries{told}"
        assert carry_out(command, (waits, doubt, *others), _NOW) == Carried(
            (
                Change(waits, Step(RowState.EXPIRED), why),
                Change(doubt, Step(RowState.UNKNOWN, maybe_arrived=True), why),
            )
        )


def test_allowing_entries_changes_no_message() -> None:
    """What was ended stays so; like every other word, it is refused when it is too old."""
    rows = (_row(1, Intent.OPEN), _row(2, Intent.OPEN, RowState.EXPIRED))
    assert carry_out(Command(Word.ALLOW_ENTRIES, _NOW), rows, _NOW) == Carried()
    assert "too old" in _refusal(carry_out(Command(Word.ALLOW_ENTRIES, _NOW - 9 * LIFETIME_MS), rows, _NOW))
