from __future__ import annotations

import pytest

from engine.delivery import Exchange, Outcome, Phase, Success, classify


@pytest.mark.parametrize("body", ["taken", " taken\n", '"taken"'])
def test_a_body_is_compared_as_text_or_as_one_json_string(body: str) -> None:
    """Blanks around it and the quotation marks of JSON say nothing."""
    assert Success("taken").told_by(200, body)


@pytest.mark.parametrize("body", ["", "Taken", "taken!", '"taken', 'taken"', '""taken""', '"'])
def test_any_other_body_is_no_success(body: str) -> None:
    """One sign more or less is another answer."""
    assert not Success("taken").told_by(200, body)


@pytest.mark.parametrize("body", ['{"ok": true}', ' {"id": 7, "ok": true}'])
def test_fields_are_compared_and_others_left_alone(body: str) -> None:
    """An object that has the fields with their very values is a success, whatever else it holds."""
    assert Success(None, {"ok": True}).told_by(201, body)


@pytest.mark.parametrize("body", ["", "ok", "{", "[]", "null", '{"ok": 1}', '{"ok": "true"}', "{}", "[" * 100_000])
def test_another_document_is_no_success(body: str) -> None:
    """A missing field, another value or type, or no JSON object: not taken."""
    assert not Success(None, {"ok": True}).told_by(200, body)


def test_a_field_that_is_null_must_be_there() -> None:
    """A null that is asked for is not told by a field that is missing."""
    assert Success(None, {"error": None}).told_by(200, '{"error": null}')
    assert not Success(None, {"error": None}).told_by(200, "{}")


def test_an_empty_body_may_be_what_is_recorded() -> None:
    """An empty text, bare or as JSON, is a body too; one quotation mark is not."""
    assert Success("").told_by(200, "")
    assert Success("").told_by(200, '""')
    assert not Success("").told_by(200, '"')


def test_all_fields_must_fit() -> None:
    """Two fields are two conditions."""
    assert not Success(None, {"a": 1, "b": 2}).told_by(200, '{"a": 1, "b": 3}')
    assert not Success(None, {"a": 1, "b": 2}).told_by(200, '{"a": 0, "b": 2}')


@pytest.mark.parametrize(("status", "taken"), [(199, False), (200, True), (204, True), (299, True), (300, False)])
def test_where_nothing_is_said_of_the_body_the_status_tells(status: int, taken: bool) -> None:
    """A receiver without a documented answer is believed by its 2xx."""
    assert Success(None).told_by(status, "<html>") is taken
    assert classify(Exchange(Phase.ANSWERED, "", status, "x"), Success(None)) is (
        Outcome.ACKNOWLEDGED if taken else Outcome.UNKNOWN
    )


def test_two_ways_at_once_are_refused() -> None:
    """A body and fields would contradict each other some day."""
    with pytest.raises(ValueError, match=r"^a success is told by the body or by its fields, not by both$"):
        Success("ok", {"ok": True})
