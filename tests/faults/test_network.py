"""A share of `make network`, and that its judge can find fault."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from engine.delivery import Exchange, Outcome, Phase
from tests.faults.network.__main__ import run
from tests.faults.network.judge import judge
from tests.faults.network.plans import Answer, Plan, answers, plans
from tests.faults.network.proxy import Passed

_OK = next(answer for answer in answers() if answer.name == "200 ok")
_ALL = Passed(True, 300, whole_request=True, answer_written=len(_OK.wire), whole_answer=True)


def test_no_exchange_is_misclassified() -> None:
    """400 exchanges through the breaking proxy; `make network` runs 50,000."""
    figures = run(400, 11)
    assert figures.wrong == []
    assert sum(figures.kinds.values()) == 400


@pytest.mark.parametrize(
    ("plan", "passed", "exchange"),
    [
        (Plan("whole answer", _OK), _ALL, Exchange(Phase.MAYBE_SENT, "")),
        (Plan("whole answer", _OK), _ALL, Exchange(Phase.ANSWERED, "", 400)),
        (Plan("reset in the request", _OK, request_bytes=1), Passed(True, 1), Exchange(Phase.NOT_SENT, "")),
        (Plan("reset in the request", _OK, request_bytes=0), Passed(True), Exchange(Phase.ANSWERED, "", 200, "ok")),
        (
            Plan("close in the answer", _OK, answer_bytes=9),
            Passed(True, 300, whole_request=True, answer_written=9),
            Exchange(Phase.ANSWERED, "", 200, "ok"),
        ),
        (Plan("refused", _OK), Passed(), Exchange(Phase.MAYBE_SENT, "")),
    ],
)
def test_the_judge_finds_what_is_wrong(plan: Plan, passed: Passed, exchange: Exchange) -> None:
    """A class that does not fit what passed is told."""
    assert judge(plan, passed, exchange)


def test_every_byte_position_comes_up() -> None:
    """In the lanes of a full run, each position of the request and of every answer is broken by reset and by close."""
    cut: set[tuple[object, ...]] = set()
    for begin in (0.0, 0.25, 0.5, 0.75):
        for plan in islice(plans(random.Random(1), 300, begin), 12_500):  # noqa: S311 - not for secrets
            if plan.kind in ("reset in the request", "close in the request"):
                cut.add((plan.end, plan.request_bytes))
            elif plan.kind in ("reset in the answer", "close in the answer"):
                cut.add((plan.end, plan.answer.name, plan.answer_bytes))
    cuttable: list[Answer] = [answer for answer in answers() if not answer.endless and answer.name != "bomb"]
    wanted: set[tuple[object, ...]] = {(end, k) for end in ("reset", "close") for k in range(301)}
    wanted |= {
        (end, answer.name, k) for answer in cuttable for end in ("reset", "close") for k in range(len(answer.wire) + 1)
    }
    assert cut == wanted


def test_the_answers_have_every_class() -> None:
    """None of the classes of whole answers is left out."""
    assert {answer.meaning for answer in answers()} == set(Outcome) - {Outcome.NOT_SENT}
