"""What must hold whatever the rule, when entries are refused, and when the journal of it is replayed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.backtest.replay import Stretch, replay
from engine.decisions import Costs, new_state, state_from_json
from engine.delivery import Intent, RowState
from engine.live import Limit, Refusal, Session
from engine.live.guard import without_entries
from engine.live.journal import plain
from tests.decisions.random_rules import Scene, scene

SEEDS = given(st.integers(0, 1_000_000))
SOME = settings(max_examples=40, deadline=None)
COSTS = Costs()
Decided = dict[int, list[dict[str, object]]]


def lived(made: Scene, refuse: Callable[[], bool]) -> tuple[Session, Decided, frozenset[int]]:
    """Step all candles, some entries refused; gives what was decided, and where entries were refused."""
    session = Session("r", "c", made.rule, made.instrument, COSTS)
    decided: Decided = {}
    refused: set[int] = set()
    for i in range(len(made.bars)):
        outcome = session.step(made.bars[i : i + 1])
        at = int(outcome.bar.time[0])
        if any(row.intent is Intent.OPEN for row in outcome.rows) and refuse():
            closes = [row for row in outcome.rows if row.intent is not Intent.OPEN]
            outcome = without_entries(session, outcome, Refusal(Limit.STOPPED, "test"))
            refused.add(at)
            assert [row for row in outcome.rows if row.state is not RowState.REFUSED] == closes
        if outcome.decisions:
            decided[at] = [plain(one) for one in outcome.decisions]
    return session, decided, frozenset(refused)


@SOME
@SEEDS
def test_where_every_entry_is_refused_nothing_is_ever_believed(seed: int) -> None:
    """Neither a position, nor an order at the platform, nor a close, whatever kind of entry it was."""
    made = scene(seed)
    assume(made.finer is None)
    session, decided, _ = lived(made, lambda: True)
    state = state_from_json(session.state)
    assert session.side == 0
    assert not [order for order in state.orders if order["type"] and order["sent"]]
    assert not [one for some in decided.values() for one in some if str(one["move"]).startswith("CLOSE")]


@SOME
@SEEDS
def test_a_replay_decides_the_same_whatever_was_refused(seed: int) -> None:
    """The backtester over the same candles, told what was refused, decides what was decided live."""
    made = scene(seed)
    assume(made.finer is None)
    assume("bar_index" not in made.text)  # counts from where the window begins, of which rules are warned
    chance = Random(seed)  # noqa: S311 - the same refusals for the same seed
    session, decided, refused = lived(made, lambda: chance.random() < 0.4)
    state = new_state(COSTS.capital)
    first_ms = int(made.bars.time[0])
    stretch = Stretch(made.rule, {}, made.instrument, COSTS, made.bars, first_ms, refused=refused)
    done = {at: [plain(one) for one in some] for at, some in replay(stretch, state).items()}
    assert done == decided
    assert state.position["side"][0] == session.side
