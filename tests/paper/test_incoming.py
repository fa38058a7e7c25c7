from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInputError, InvalidMessageError
from engine.market import MarketKind
from engine.paper.incoming import Incoming, read
from engine.paper.json_body import parse_object
from engine.paper.size import SizeKind
from engine.webhook import Action, Message
from tests.paper.messages import TOKEN, futures, spot

FUTURES, SPOT = MarketKind.FUTURES, MarketKind.SPOT


def faults(document: dict[str, object], market: MarketKind = FUTURES) -> dict[str, str]:
    with pytest.raises(InvalidMessageError) as refused:
        read(document, market)
    return refused.value.faults


def test_the_pages_own_example_is_valid() -> None:
    """The payload of the page's Python script is taken on spot: buy with 100 percent."""
    page = '{"log":"Buy","action":"buy","percent":"100","connectorName":"YOUR_CONNECTOR","connectorToken":"YOUR_TOKEN"}'
    assert read(parse_object(page.encode()), SPOT) == Incoming(
        "YOUR_CONNECTOR", Action.BUY, SizeKind.PERCENT, Decimal(100), log="Buy"
    )


def test_every_field_is_read() -> None:
    """All fields of the table arrive with their values."""
    document = futures(
        fixed="0.00009",
        limit="68000",
        profit="71000.50",
        loss="65000",
        log="late entry",
        clientOrderId="abc-1",
        delaySeconds=5,
        delaySecondsFilter="late",
    )
    assert read(document, FUTURES) == Incoming(
        connector="btc-perp",
        action=Action.OPEN_LONG,
        size_kind=SizeKind.FIXED,
        size=Decimal("0.00009"),
        limit=Decimal(68000),
        profit=Decimal("71000.5"),
        loss=Decimal(65000),
        log="late entry",
        client_order_id="abc-1",
        delay_s=5.0,
    )


@pytest.mark.parametrize("field", ["connectorName", "connectorToken", "action"])
@pytest.mark.parametrize("value", [None, "", 1, ["x"]])
def test_the_mandatory_fields_are_mandatory_strings(field: str, value: Any) -> None:
    """Name, token and action must be there, as non-empty strings."""
    document = {**futures(), field: value}
    assert set(faults(document)) == {field}
    del document[field]
    assert set(faults(document)) == {field}


@pytest.mark.parametrize(
    "field", ["fixed", "percent", "limit", "profit", "loss", "log", "clientOrderId", "delaySecondsFilter"]
)
@pytest.mark.parametrize("value", [1, 0.5, True, None, ["1"], {"value": "1"}])
def test_all_fields_but_the_delay_are_strings(field: str, value: Any) -> None:
    """A number, a bool, null, a list or an object where the page says STRING is a fault of that field."""
    assert set(faults({**futures(delaySeconds=1), field: value})) == {field}


@pytest.mark.parametrize("field", ["fixed", "percent", "limit", "profit", "loss"])
@pytest.mark.parametrize(
    "text",
    [
        "9e-05",
        "1E5",
        "NaN",
        "Infinity",
        "+1",
        "-1",
        "",
        " ",
        " 1",
        "1 ",
        "1\n",
        "1,5",
        "1_0",
        ".5",
        "5.",
        "0x1",
        "\u0661",
        "0",
        "0.000",
        "1" * 50,
    ],
)
def test_a_malformed_number_is_a_fault(field: str, text: str) -> None:
    """Only digits with at most one point between them are a number, and it must be above 0."""
    assert set(faults(futures(**{field: text}))) == {field}


def test_more_than_everything_is_a_fault() -> None:
    """A percentage of what is available ends at 100."""
    assert read(futures(percent="100"), FUTURES).size == 100
    assert set(faults(futures(percent="100.5"))) == {"percent"}


def test_fixed_takes_precedence_over_percent() -> None:
    """With both sizes present the order goes by `fixed`."""
    message = read(futures(percent="90", fixed="2"), FUTURES)
    assert (message.size_kind, message.size) == (SizeKind.FIXED, Decimal(2))


def test_no_size_is_100_percent() -> None:
    """An order without `fixed` and `percent` takes the whole balance."""
    message = read(futures(), FUTURES)
    assert (message.size_kind, message.size) == (SizeKind.PERCENT, Decimal(100))


@pytest.mark.parametrize("text", ["cancelAll", "cancel_all", "cancellAll"])
@pytest.mark.parametrize("market", MarketKind)
def test_cancel_all_has_three_spellings(text: str, market: MarketKind) -> None:
    """The table's spelling and the templates' spellings cancel everything, on both markets."""
    message = read(futures(text), market)
    assert (message.action, message.size_kind, message.size) == (Action.CANCEL_ALL, None, None)


@pytest.mark.parametrize("market", MarketKind)
def test_cancel_needs_the_id(market: MarketKind) -> None:
    """`cancel` goes by clientOrderId, which must be there and not empty."""
    assert read(futures("cancel", clientOrderId="x"), market).client_order_id == "x"
    assert set(faults(futures("cancel"), market)) == {"clientOrderId"}
    assert set(faults(futures("cancel", clientOrderId=""), market)) == {"clientOrderId"}


@pytest.mark.parametrize("action", ["openLong", "closeLong", "openShort", "closeShort"])
def test_futures_actions_are_for_futures(action: str) -> None:
    """The four futures actions are taken on futures and are a fault on spot."""
    assert read(futures(action), FUTURES).action == action
    assert set(faults(spot(action), SPOT)) == {"action"}


@pytest.mark.parametrize("action", ["buy", "sell"])
def test_spot_actions_are_for_spot(action: str) -> None:
    """buy and sell are taken on spot and are a fault on futures."""
    assert read(spot(action), SPOT).action == action
    assert set(faults(futures(action), FUTURES)) == {"action"}


def test_an_action_that_is_none_is_a_fault() -> None:
    """An unknown word names `action` and lists the actions."""
    assert "openLong" in faults(futures("hold"))["action"]


def test_profit_and_loss_are_faults_on_spot() -> None:
    """Take-profit and stop-loss exist on USD-M futures only."""
    assert set(faults(spot(profit="1", loss="1"), SPOT)) == {"profit", "loss"}


def test_an_unknown_field_is_a_fault() -> None:
    """A field that the page does not have is named, with the one that was probably meant."""
    found = faults(futures(percnt="10", Percent="10"))
    assert set(found) == {"percnt", "Percent"}
    assert "'percent'" in found["percnt"]


@pytest.mark.parametrize("value", ["5", True, None, -1, 10**400, [5]])
def test_the_delay_is_a_number(value: object) -> None:
    """delaySeconds is the one NUMBER: a string, a bool, null, or a negative or endless number is a fault."""
    assert set(faults(futures(delaySeconds=value))) == {"delaySeconds"}


@pytest.mark.parametrize(
    ("fields", "delay"),
    [
        ({}, 0),
        ({"delaySeconds": 2.5}, 2.5),
        ({"delaySeconds": 2, "delaySecondsFilter": "late", "log": "a late entry"}, 2),
        ({"delaySeconds": 2, "delaySecondsFilter": "late", "log": "an entry"}, 0),
        ({"delaySeconds": 2, "delaySecondsFilter": "late"}, 0),
    ],
)
def test_the_filter_decides_whether_to_delay(fields: dict[str, Any], delay: float) -> None:
    """With a filter, the order is delayed only where `log` contains the word."""
    assert read(futures(**fields), FUTURES).delay_s == delay


def test_a_filter_without_a_delay_is_a_fault() -> None:
    """delaySecondsFilter alone, or empty, can filter nothing."""
    assert set(faults(futures(delaySecondsFilter="late"))) == {"delaySecondsFilter"}
    assert set(faults(futures(delaySecondsFilter="", delaySeconds=1))) == {"delaySecondsFilter"}


def test_all_faults_come_at_once() -> None:
    """Every wrong field is named in one answer."""
    found = faults(spot("openLong", percent="1e1", profit="2", delaySeconds="3", what="4"), SPOT)
    assert set(found) == {"action", "percent", "profit", "delaySeconds", "what"}


def test_a_flood_of_unknown_fields_is_cut() -> None:
    """Thousands of unknown fields do not make thousands of faults."""
    assert len(faults(futures(**{f"x{i}": "" for i in range(5000)}))) == 10


@given(st.sampled_from(Action), st.decimals("0.00000001", "99", places=8))
def test_what_our_own_sender_makes_is_taken(action: Action, size: Decimal) -> None:
    """Every message that engine.webhook allows is valid here, with the same size."""
    market = action.market or FUTURES
    ident = "x" if action is Action.CANCEL else None
    message = Message(market, action, percent=None if action.cancels else size, client_order_id=ident)
    got = read({**message.body(), "connectorName": "btc-perp", "connectorToken": TOKEN}, market)
    assert (got.action, got.size) == (action, None if action.cancels else size)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"[]",
        b'"text"',
        b"null",
        b'{"action": "buy"',
        b'{"action": "buy"} x',
        b"{'action': 'buy'}",
        b'{"delaySeconds": NaN}',
        b'{"delaySeconds": -Infinity}',
        b'{"delaySeconds": 1e999}',
        b'{"delaySeconds": ' + b"9" * 5000 + b"}",
        b'{"action": "buy", "action": "sell"}',
        b'{"log": "\\ud800"}',
        b'{"\\ud800": ""}',
        b'{"log": "\xff"}',
        '{"action": "buy"}'.encode("utf-16"),
        b"[" * 60_000,
    ],
)
def test_a_body_that_is_not_one_json_object_is_refused(body: bytes) -> None:
    """Malformed, ambiguous, endless or wrongly encoded bodies are an error in plain words, never a crash."""
    with pytest.raises(InvalidInputError, match=r"^the body ") as refused:
        parse_object(body)
    assert not isinstance(refused.value, InvalidMessageError), "a body that is no object has no fields to blame"


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")) | st.integers()))
def test_any_object_is_read_as_it_is(document: dict[str, object]) -> None:
    """What JSON can say without ambiguity arrives unchanged."""
    assert parse_object(json.dumps(document).encode()) == document


@given(
    st.dictionaries(
        st.sampled_from(["action", "percent", "log", "delaySeconds", "x"]), st.none() | st.text() | st.floats()
    )
)
def test_any_object_is_judged_by_its_fields(document: dict[str, object]) -> None:
    """Whatever an object holds, the faults are named by its own fields and by those that are missing."""
    found = faults(document)
    assert set(found) <= {*document, "connectorName", "connectorToken", "action"}
    assert set(found) >= {"connectorName", "connectorToken"}
