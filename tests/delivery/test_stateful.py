"""Policy and store together, driven at random, against a model that was written from delivery.md's tables alone.

The model knows what the receiver really executed. It never looks into a row to find out what should be there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.adapters.sql_store import SqlStore
from engine.delivery import (
    Command,
    Expire,
    Intent,
    Outcome,
    Refused,
    Row,
    RowState,
    Send,
    Word,
    after,
    carry_out,
    choose,
    found_sending,
)
from engine.ports import RouteRecord

ENDS = ["answered ok", "not sent", "refused", "told to wait", "no answer, executed", "no answer, not executed"]
DIES = ["died before the first byte", "died, executed", "died, not executed"]
_OUTCOMES = dict(
    zip(
        ENDS,
        [
            Outcome.ACKNOWLEDGED,
            Outcome.NOT_SENT,
            Outcome.REJECTED,
            Outcome.LIMITED,
            Outcome.UNKNOWN,
            Outcome.UNKNOWN,
        ],
        strict=True,
    )
)
ROUTES = {"c": ["r"], "d": ["s", "t"]}
OPENS_BARRED = (Intent.CLOSE, Intent.PARTIAL_CLOSE)


@dataclass
class Truth:
    """What the world knows of one message."""

    intent: Intent
    route: str
    connector: str
    deadline_ms: int | None
    executed: int = 0
    acknowledged: bool = False
    doubtful: bool = False  # an attempt had no answer one can trust
    settled: str = ""  # the state it must have for ever, once it has it
    words: list[str] = field(default_factory=list)


class Delivery(RuleBasedStateMachine):
    """One outbox over many lives of an engine."""

    @initialize(deduplicates=st.booleans())
    def begin(self, deduplicates: bool) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = SqlStore(self.folder / "state.db")
        self.deduplicates = deduplicates
        self.now = 1_000_000
        self.truth: dict[str, Truth] = {}
        self.lives = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    # what happens ---

    @rule(
        connector=st.sampled_from(sorted(ROUTES)),
        intents=st.lists(st.sampled_from(list(Intent)), min_size=1, max_size=3),
        pick=st.integers(0, 1),
        lifetime=st.integers(0, 60_000),
    )
    def decide(self, connector: str, intents: list[Intent], pick: int, lifetime: int) -> None:
        route = ROUTES[connector][pick % len(ROUTES[connector])]
        rows = [self._row(intent, route, connector, lifetime) for intent in intents]
        self.store.commit_bar(RouteRecord(route, self.now, "{}", ""), rows)

    @rule(ms=st.integers(1, 40_000))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule(connector=st.sampled_from(sorted(ROUTES)), end=st.sampled_from(ENDS + DIES))
    def look(self, connector: str, end: str) -> None:
        decision = choose(self.store.unresolved(connector), self.now)
        if isinstance(decision, Expire):
            assert self.store.resolve(decision.row, decision.step.state, decision.reason, self.now)
            self._ended(decision.row)
        elif isinstance(decision, Send):
            self._may_be_sent(decision.row)
            sending = self.store.begin_attempt(decision.row, self.now)
            assert sending is not None
            self._attempt(sending, end)

    @rule()
    def the_process_is_killed(self) -> None:
        self._restart()

    @precondition(lambda self: any(t.doubtful and not t.settled for t in self.truth.values()))
    @rule(data=st.data(), word=st.sampled_from([Word.ARRIVED, Word.NOT_ARRIVED, Word.RESEND]))
    def the_operator_tells_the_truth(self, data: st.DataObject, word: Word) -> None:
        doubts = [row for row in self.store.unresolved() if row.state is RowState.UNKNOWN]
        if not doubts:
            return
        row = data.draw(st.sampled_from(doubts))
        truth = self.truth[row.client_order_id]
        if truth.executed:
            word = Word.ARRIVED
        elif word is Word.ARRIVED:
            word = Word.NOT_ARRIVED
        verdict = self._say(Command(word, self.now, seq=row.seq))
        if isinstance(verdict, Refused):
            assert word is Word.RESEND
            return
        if word is Word.RESEND:
            truth.deadline_ms = self.now + 60_000 if truth.intent is Intent.OPEN else None
        else:
            truth.settled = "ACKNOWLEDGED" if word is Word.ARRIVED else "REJECTED"

    @rule(connector=st.sampled_from(sorted(ROUTES)))
    def the_operator_flattens(self, connector: str) -> None:
        waiting = [r for r in self.store.unresolved(connector) if r.state is RowState.PENDING]
        rows = tuple(
            self._row(intent, ROUTES[connector][0], connector, 0) for intent in (Intent.CANCEL_ALL, Intent.CLOSE)
        )
        assert not isinstance(self._say(Command(Word.FLATTEN, self.now, rows=rows)), Refused)
        for row in waiting:
            if row.intent is Intent.OPEN:
                self._ended(row)

    # what must be true ---

    @invariant()
    def nothing_is_executed_twice_that_must_not_be(self) -> None:
        for key, truth in self.truth.items():
            if truth.intent.at_most_once or self.deduplicates:
                assert truth.executed <= 1, f"{key} was executed {truth.executed} times"

    @invariant()
    def every_message_is_where_it_must_be(self) -> None:
        rows = {row.client_order_id: row for row in self.store.rows(10_000)}
        assert list(rows) == list(self.truth)
        for key, row in rows.items():
            truth = self.truth[key]
            if truth.settled:
                assert row.state == truth.settled
                continue
            assert row.state in (RowState.PENDING, RowState.UNKNOWN)
            if row.state is RowState.UNKNOWN:
                assert truth.doubtful
                assert truth.intent.at_most_once or self.deduplicates
            elif truth.doubtful:
                once = truth.intent.at_most_once and not self.deduplicates
                assert not once or "resend" in truth.words, f"{key} would be sent again"

    @invariant()
    def no_doubt_is_hidden(self) -> None:
        """Whatever was executed without an acknowledgement is listed, or is being tried again."""
        listed = {row.client_order_id for row in self.store.unresolved()}
        for key, truth in self.truth.items():
            if truth.executed and not truth.acknowledged and truth.settled != "ACKNOWLEDGED":
                assert key in listed or (truth.settled == "REJECTED" and not truth.intent.at_most_once), key

    @invariant()
    def no_close_is_given_up(self) -> None:
        for row in self.store.rows(10_000):
            if row.intent is Intent.CLOSE:
                assert row.state in (RowState.PENDING, RowState.ACKNOWLEDGED, RowState.REJECTED)

    # how it is done ---

    def _row(self, intent: Intent, route: str, connector: str, lifetime: int) -> Row:
        key = f"m{len(self.truth)}"
        deadline = self.now + lifetime if intent is Intent.OPEN else None
        self.truth[key] = Truth(intent, route, connector, deadline)
        return Row(0, route, connector, intent, RowState.PENDING, key, "{}", self.now, deadline)

    def _may_be_sent(self, row: Row) -> None:
        """Order and barriers, from the model's own knowledge."""
        truth = self.truth[row.client_order_id]
        assert not truth.settled
        assert truth.deadline_ms is None or self.now <= truth.deadline_ms
        keys = list(self.truth)
        earlier = [self.truth[key] for key in keys[: keys.index(row.client_order_id)]]
        open_ones = [t for t in earlier if not t.settled and t.connector == truth.connector]
        states = {r.client_order_id: r.state for r in self.store.unresolved(truth.connector)}
        if truth.intent is Intent.OPEN:
            assert not [t for t in open_ones if t.intent in OPENS_BARRED]
            doubts = [k for k, s in states.items() if s is RowState.UNKNOWN and k != row.client_order_id]
            assert not [k for k in doubts if self.truth[k].intent is Intent.OPEN and self.truth[k].route == truth.route]
        overtaken = [key for key in keys[: keys.index(row.client_order_id)] if states.get(key) is RowState.PENDING]
        for key in overtaken:
            assert self.truth[key].intent is Intent.OPEN
            assert self.truth[key].route != truth.route

    def _attempt(self, row: Row, end: str) -> None:
        truth = self.truth[row.client_order_id]
        ok, executed = end == "answered ok", end in ("answered ok", "no answer, executed", "died, executed")
        if executed and not (self.deduplicates and truth.executed):
            truth.executed += 1
        truth.acknowledged |= ok
        if ok:
            truth.settled = "ACKNOWLEDGED"
        elif end == "refused" and not (truth.doubtful and truth.intent.at_most_once):
            truth.settled = "REJECTED"
        elif end not in ("refused", "not sent", "told to wait"):
            truth.doubtful = True
        if end in DIES:
            self._restart()
            return
        outcome = _OUTCOMES[end]
        step = after(row, outcome, self.now, deduplicates=self.deduplicates, jitter=0.5, retry_after_s=1)
        self.store.end_attempt(row, step, None, self.now)

    def _ended(self, row: Row) -> None:
        """An opening that must not be sent any more: it did not arrive, unless there is doubt."""
        truth = self.truth[row.client_order_id]
        assert truth.intent is Intent.OPEN
        if not truth.doubtful:
            assert not truth.executed
            truth.settled = "EXPIRED"

    def _say(self, command: Command) -> object:
        number = self.store.ask(command)
        (asked,) = self.store.asked()
        verdict = carry_out(asked, self.store.known(asked), self.now)
        assert self.store.finish(asked, verdict, self.now) is not None
        assert (self.store.answer(number) == "") is not isinstance(verdict, Refused)
        if command.seq is not None and not isinstance(verdict, Refused):
            row = self.store.row(command.seq)
            assert row is not None
            self.truth[row.client_order_id].words.append(str(command.word))
        return verdict

    def _restart(self) -> None:
        """Go on from a copy of the files as they are, like a process that was killed: nothing is closed before it."""
        self.lives += 1
        left = self.folder / str(self.lives)
        left.mkdir()
        for file in self.store.path.parent.glob("state.db*"):
            if file.suffix in (".db", ".db-wal", ".mark"):
                shutil.copy(file, left / file.name)
        self.store.close()
        self.store = SqlStore(left / "state.db")
        for row in self.store.unresolved():
            if row.state is RowState.SENDING:
                self.store.end_attempt(row, found_sending(row, deduplicates=self.deduplicates), None, self.now)


Delivery.TestCase.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestDelivery = Delivery.TestCase


def test_the_model_tells_every_end_apart() -> None:
    """Each way an attempt ends has its class, so that none is left out of the walk."""
    assert Counter(_OUTCOMES.values()) == Counter([*Outcome, Outcome.UNKNOWN])
