"""Whether what was concluded of an exchange is what its conclusion promises, by what really passed."""

from __future__ import annotations

from engine.delivery import Exchange, Outcome, Phase, classify
from tests.faults.network.plans import Plan
from tests.faults.network.proxy import Passed


def judge(plan: Plan, passed: Passed, exchange: Exchange) -> str:
    """Say what is wrong with the class that an exchange was given; nothing where it is right."""
    outcome = classify(exchange)
    allowed = _allowed(plan, passed)
    if outcome not in allowed:
        return (
            f"{plan.kind} ({plan.answer.name}): {outcome}, allowed {', '.join(sorted(allowed))}; {passed}; {exchange}"
        )
    if exchange.phase is Phase.NOT_SENT and passed.request_read and plan.kind != "no TLS":
        return f"{plan.kind}: called not sent, and {passed.request_read} bytes had come"
    return ""


def _allowed(plan: Plan, passed: Passed) -> set[Outcome]:
    if plan.kind in ("refused", "no TLS"):
        return {Outcome.NOT_SENT}
    if not passed.whole_request or plan.request_bytes is not None:
        # Bytes came, or may have been on their way. Only a connection that broke at once may be known to be unused.
        return {Outcome.UNKNOWN} if passed.request_read else {Outcome.UNKNOWN, Outcome.NOT_SENT}
    if plan.answer.endless:
        return {Outcome.UNKNOWN}
    head_came = passed.answer_written >= plan.answer.wire.find(b"\r\n\r\n") + 4
    by_close = plan.answer.by_close
    if not passed.whole_answer:
        # Where the end of the connection is the end of the body, a cut body looks whole: its status still counts.
        known = by_close and head_came and plan.answer.meaning is not Outcome.ACKNOWLEDGED
        return {Outcome.UNKNOWN, plan.answer.meaning} if known else {Outcome.UNKNOWN}
    if plan.end == "reset" or (by_close and plan.end in ("stall", "linger")):
        return {Outcome.UNKNOWN, plan.answer.meaning}
    return {plan.answer.meaning}
