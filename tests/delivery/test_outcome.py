from __future__ import annotations

import pytest

from engine.delivery import Exchange, Outcome, Phase, classify


@pytest.mark.parametrize("body", ["ok", "ok\n", '"ok"'])
@pytest.mark.parametrize("status", [200, 201])
def test_success_is_2xx_with_the_recorded_body(status: int, body: str) -> None:
    """2xx with the body `ok`, as text or as JSON, is acknowledged."""
    assert classify(Exchange(Phase.ANSWERED, "", status, body)) is Outcome.ACKNOWLEDGED


@pytest.mark.parametrize("body", ["", "OK!", "<html>maintenance</html>", '{"ok":false}', "not ok"])
def test_2xx_with_another_body_is_unknown(body: str) -> None:
    """A status of 200 alone is not success."""
    assert classify(Exchange(Phase.ANSWERED, "", 200, body)) is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_refusals_are_rejected(status: int) -> None:
    """The statuses by which a receiver refuses are final, whatever body comes with them."""
    assert classify(Exchange(Phase.ANSWERED, "", status, "ok")) is Outcome.REJECTED


def test_429_is_limited() -> None:
    """429 asks us to wait."""
    assert classify(Exchange(Phase.ANSWERED, "", 429)) is Outcome.LIMITED


@pytest.mark.parametrize("status", [301, 302, 307, 308, 408, 409, 500, 502, 503, 504])
def test_other_answers_are_unknown(status: int) -> None:
    """Redirects, 408, 5xx and what the table does not name are unknown, even with the body `ok`."""
    assert classify(Exchange(Phase.ANSWERED, "", status, "ok")) is Outcome.UNKNOWN


def test_what_never_left_is_not_sent() -> None:
    """An exchange that failed before the first byte is not sent."""
    assert classify(Exchange(Phase.NOT_SENT, "")) is Outcome.NOT_SENT


@pytest.mark.parametrize("status", [None, 200, 400])
def test_a_broken_answer_is_unknown(status: int | None) -> None:
    """Without a whole answer the outcome is unknown, also where its status was read."""
    assert classify(Exchange(Phase.MAYBE_SENT, "", status, "ok")) is Outcome.UNKNOWN
