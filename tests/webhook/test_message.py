from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidMessageError
from engine.market import MarketKind
from engine.webhook import Action, Message, number_text, plain

FUTURES, SPOT = MarketKind.FUTURES, MarketKind.SPOT
ID = "pw3yutqgerp0v25xoi650fqlj8e8j1ku"


def message(market: MarketKind, action: Action, **fields: Any) -> Message:
    numbers = ("fixed", "percent", "limit", "profit", "loss")
    read: dict[str, Any] = {name: plain(value) if name in numbers else value for name, value in fields.items()}
    return Message(market, action, **read)


def faults(market: MarketKind, action: Action, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidMessageError) as refused:
        message(market, action, **fields)
    return refused.value.faults


@pytest.mark.parametrize(
    ("made", "golden"),
    [
        (message(FUTURES, Action.OPEN_LONG, percent=25), '{"action":"openLong","percent":"25"}'),
        (message(FUTURES, Action.OPEN_SHORT, fixed="0.10"), '{"action":"openShort","fixed":"0.1"}'),
        (message(FUTURES, Action.CLOSE_LONG), '{"action":"closeLong"}'),
        (message(FUTURES, Action.CLOSE_SHORT, percent=50), '{"action":"closeShort","percent":"50"}'),
        (message(SPOT, Action.BUY, percent=100, log="Buy"), '{"action":"buy","percent":"100","log":"Buy"}'),
        (message(SPOT, Action.SELL, fixed=9e-05), '{"action":"sell","fixed":"0.00009"}'),
        (message(SPOT, Action.SELL, limit=0.1 + 0.2), '{"action":"sell","limit":"0.30000000000000004"}'),
        (
            message(FUTURES, Action.CANCEL, client_order_id=ID, log="too old"),
            f'{{"action":"cancel","log":"too old","clientOrderId":"{ID}"}}',
        ),
        (message(SPOT, Action.CANCEL, client_order_id=ID), f'{{"action":"cancel","clientOrderId":"{ID}"}}'),
        (message(FUTURES, Action.CANCEL_ALL), '{"action":"cancelAll"}'),
        (message(SPOT, Action.CANCEL_ALL), '{"action":"cancelAll"}'),
        (
            message(
                FUTURES,
                Action.OPEN_LONG,
                percent="12.50",
                limit=68_000.0,
                profit=71_000,
                loss="65000.5",
                log='„zwei" Kerzen\n',
                client_order_id=ID,
                delay_seconds=5,
                delay_seconds_filter="late",
            ),
            '{"action":"openLong","percent":"12.5","limit":"68000","profit":"71000","loss":"65000.5",'
            f'"log":"„zwei\\" Kerzen\\n","clientOrderId":"{ID}","delaySeconds":5,"delaySecondsFilter":"late"}}',
        ),
    ],
)
def test_the_json_is_exactly_this(made: Message, golden: str) -> None:
    """A message is these bytes: fields in the order of the page's table, absent ones left out, numbers as strings."""
    assert made.json() == golden


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("market", MarketKind)
def test_every_action_exists_on_its_markets_only(market: MarketKind, action: Action) -> None:
    """openLong to closeShort are for futures, buy and sell for spot, both cancels for both; others name `action`."""
    size = {"percent": 10} if action.opens else {}
    ident = {"client_order_id": ID} if action is Action.CANCEL else {}
    if action.market in (None, market):
        assert message(market, action, **size, **ident).body()["action"] == str(action)
    else:
        assert set(faults(market, action, **size, **ident)) == {"action"}


def test_the_actions_are_those_of_the_table() -> None:
    """The eight actions, in the spelling that is sent."""
    assert [str(action) for action in Action] == [
        "openLong",
        "closeLong",
        "openShort",
        "closeShort",
        "buy",
        "sell",
        "cancel",
        "cancelAll",
    ]


@pytest.mark.parametrize("text", ["cancelAll", "cancel_all", "cancellAll"])
def test_cancel_all_is_read_in_every_spelling(text: str) -> None:
    """The table's spelling and the templates' spellings are the same action."""
    assert Action.read(text) is Action.CANCEL_ALL


@pytest.mark.parametrize("text", ["", "OpenLong", "openlong", "CANCEL", "hold", " buy"])
def test_no_other_word_is_an_action(text: str) -> None:
    """An action is read by its exact spelling, and the error lists them."""
    with pytest.raises(ValueError, match="openLong, closeLong"):
        Action.read(text)


@pytest.mark.parametrize(
    ("market", "action"), [(FUTURES, Action.OPEN_LONG), (FUTURES, Action.OPEN_SHORT), (SPOT, Action.BUY)]
)
def test_an_opening_without_a_size_is_refused(market: MarketKind, action: Action) -> None:
    """Without a size the platform would take 100 % of the balance."""
    assert "percent" in faults(market, action)


def test_both_sizes_are_refused() -> None:
    """`fixed` would silently win over `percent`, so the two never travel together."""
    assert "fixed" in faults(FUTURES, Action.OPEN_LONG, fixed=1, percent=10)["percent"]


@pytest.mark.parametrize("field", ["fixed", "percent", "limit", "profit", "loss"])
@pytest.mark.parametrize("value", ["0", "-1", "NaN", "sNaN", "Infinity", "-Infinity", "1E+60", "1E-60"])
def test_a_number_that_is_no_price_or_amount_is_refused(field: str, value: str) -> None:
    """Zero, negative, endless and absurd numbers are refused by the field's name."""
    fields: dict[str, Any] = {field: Decimal(value)}
    if field not in ("fixed", "percent"):
        fields["percent"] = Decimal(10)
    with pytest.raises(InvalidMessageError) as refused:
        Message(FUTURES, Action.OPEN_LONG, **fields)
    assert field in refused.value.faults


def test_the_binary_expansion_of_a_float_is_refused() -> None:
    """Decimal(0.1) is 0.1000000000000000055511151231257827021181583404541015625; that never travels."""
    with pytest.raises(InvalidMessageError, match=r"fixed: .*28 digits"):
        Message(SPOT, Action.BUY, fixed=Decimal(0.1))  # noqa: RUF032 - the mistake itself


@pytest.mark.parametrize("value", [0.1, 25, "25", True])
def test_only_decimals_are_prices_and_amounts(value: Any) -> None:
    """A float, an int or a text in place of a Decimal is refused by the field's name."""
    with pytest.raises(InvalidMessageError) as refused:
        Message(SPOT, Action.BUY, percent=value)
    assert set(refused.value.faults) == {"percent"}


def test_over_100_percent_is_refused() -> None:
    """100 percent passes, a hair more does not."""
    message(SPOT, Action.BUY, percent=100)
    assert set(faults(SPOT, Action.BUY, percent="100.01")) == {"percent"}


@pytest.mark.parametrize("field", ["profit", "loss"])
def test_profit_and_loss_are_for_futures_openings(field: str) -> None:
    """Take-profit and stop-loss travel with an order that opens on USD-M futures, and with nothing else."""
    assert message(FUTURES, Action.OPEN_SHORT, percent=1, **{field: "65000.50"}).body()[field] == "65000.5"
    assert set(faults(SPOT, Action.BUY, percent=1, **{field: 1})) == {field}
    assert set(faults(SPOT, Action.SELL, **{field: 1})) == {field}
    assert set(faults(FUTURES, Action.CLOSE_LONG, **{field: 1})) == {field}


LONG = [("loss", 90), ("limit", 100), ("profit", 110)]
SHORT = [("profit", 90), ("limit", 100), ("loss", 110)]


@pytest.mark.parametrize(("action", "ladder"), [(Action.OPEN_LONG, LONG), (Action.OPEN_SHORT, SHORT)])
@pytest.mark.parametrize("absent", [None, "loss", "limit", "profit"])
def test_levels_on_the_right_sides_pass(action: Action, ladder: list[tuple[str, int]], absent: str | None) -> None:
    """A long order has loss < limit < profit, a short one the reverse; any of them may be absent."""
    levels = {name: price for name, price in ladder if name != absent}
    message(FUTURES, action, percent=10, **levels)


@pytest.mark.parametrize(("action", "ladder"), [(Action.OPEN_LONG, LONG), (Action.OPEN_SHORT, SHORT)])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 2), (0, 2)])
@pytest.mark.parametrize("swap", [True, False])
def test_levels_on_the_wrong_side_are_refused(
    action: Action, ladder: list[tuple[str, int]], low: int, high: int, *, swap: bool
) -> None:
    """Two levels that are exchanged or equal are refused, by the name of the one that should be higher."""
    (low_name, low_price), (high_name, high_price) = ladder[low], ladder[high]
    levels = {low_name: high_price if swap else low_price, high_name: low_price}
    assert set(faults(FUTURES, action, percent=10, **levels)) == {high_name}


def test_cancel_needs_the_id() -> None:
    """`cancel` without clientOrderId is refused; `cancelAll` with one is, too."""
    assert set(faults(FUTURES, Action.CANCEL)) == {"clientOrderId"}
    assert set(faults(FUTURES, Action.CANCEL, client_order_id="")) == {"clientOrderId"}
    assert set(faults(FUTURES, Action.CANCEL_ALL, client_order_id=ID)) == {"clientOrderId"}


@pytest.mark.parametrize("action", [Action.CANCEL, Action.CANCEL_ALL])
@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("fixed", "fixed", 1),
        ("percent", "percent", 1),
        ("limit", "limit", 1),
        ("profit", "profit", 1),
        ("loss", "loss", 1),
        ("delay_seconds", "delaySeconds", 1),
        ("delay_seconds_filter", "delaySecondsFilter", "x"),
    ],
)
def test_a_cancel_carries_no_order_fields(action: Action, field: str, name: str, value: Any) -> None:
    """Sizes, prices and delays mean nothing to a cancel and are refused by their name in the JSON."""
    ident = {"client_order_id": ID} if action is Action.CANCEL else {}
    assert name in faults(FUTURES, action, **ident, **{field: value})


@pytest.mark.parametrize("bad", ["", "a b", "x" * 37, "id\n", "ä", '"'])
def test_an_id_that_exchanges_do_not_take_is_refused(bad: str) -> None:
    """clientOrderId is 1 to 36 letters, digits and . _ : / -"""
    assert set(faults(SPOT, Action.SELL, client_order_id=bad)) == {"clientOrderId"}


@pytest.mark.parametrize("bad", [-1, 86_401, float("nan"), float("inf"), True, "5", Decimal(5), 1e-7, 0.0001])
def test_a_delay_that_is_none_is_refused(bad: Any) -> None:
    """delaySeconds is a NUMBER from 0 to a day, to the millisecond: no bool, no text, no exponent."""
    assert set(faults(SPOT, Action.SELL, delay_seconds=bad)) == {"delaySeconds"}


@pytest.mark.parametrize(
    ("delay", "written"), [(5, "5"), (5.0, "5"), (0, "0"), (-0.0, "0"), (0.001, "0.001"), (1.5, "1.5")]
)
def test_a_delay_is_written_as_a_number(delay: float, written: str) -> None:
    """delaySeconds is the one field without quotation marks, and equal delays are equal bytes."""
    assert message(SPOT, Action.SELL, delay_seconds=delay).json() == f'{{"action":"sell","delaySeconds":{written}}}'


def test_a_filter_needs_a_delay_and_a_word() -> None:
    """delaySecondsFilter says when to delay, so it is nothing without delaySeconds, and nothing when empty."""
    assert set(faults(SPOT, Action.SELL, delay_seconds_filter="late")) == {"delaySecondsFilter"}
    assert set(faults(SPOT, Action.SELL, delay_seconds=1, delay_seconds_filter="")) == {"delaySecondsFilter"}


def test_a_text_that_cannot_travel_is_refused() -> None:
    """Half a surrogate pair has no UTF-8 and would fail only when it is sent."""
    assert set(faults(SPOT, Action.SELL, log="\ud800")) == {"log"}


def test_all_faults_come_at_once() -> None:
    """One refusal names every field that is wrong."""
    found = faults(SPOT, Action.OPEN_LONG, profit=1, client_order_id="a b", delay_seconds=-1)
    assert set(found) == {"action", "percent", "profit", "clientOrderId", "delaySeconds"}


def test_a_message_has_neither_connector_nor_token() -> None:
    """The same decision is the same bytes whoever receives it; the token is added when sending."""
    assert not {"connectorName", "connectorToken"} & set(message(SPOT, Action.SELL).body())


amounts = st.one_of(
    st.floats(1e-9, 1e9).map(plain),
    st.decimals("0.00000001", "100000000", places=8).filter(bool),
    st.sampled_from([9e-05, 0.1 + 0.2, 1e-05, 1e16]).map(plain),
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    action = draw(st.sampled_from(Action))
    market = action.market or draw(st.sampled_from(MarketKind))
    fields: dict[str, Any] = {"log": draw(st.none() | st.text(st.characters(codec="utf-8")))}
    if not action.cancels:
        fields["limit"] = draw(st.none() | amounts)
        fields["delay_seconds"] = draw(st.none() | st.integers(0, 86_400) | st.integers(0, 86_400_000).map(_seconds))
        size = draw(st.sampled_from(["fixed", "percent"]))
        fields[size] = draw(amounts if size == "fixed" else st.floats(1e-6, 100).map(plain))
    if action is Action.CANCEL or (not action.cancels and draw(st.booleans())):
        fields["client_order_id"] = draw(st.from_regex(r"[A-Za-z0-9._:/-]{1,36}", fullmatch=True))
    return Message(market, action, **fields)


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000


@given(messages())
def test_every_valid_message_is_strings_but_for_the_delay(made: Message) -> None:
    """In any valid message all fields but delaySeconds are strings, and it survives its own JSON."""
    body = made.body()
    assert all(isinstance(value, str) for name, value in body.items() if name != "delaySeconds")
    assert json.loads(made.json()) == body
    assert made.json().encode()


@given(messages())
def test_no_number_of_a_valid_message_has_an_exponent(made: Message) -> None:
    """Amounts and prices are digits with at most one point, and mean what was meant."""
    for name in ("fixed", "percent", "limit", "profit", "loss"):
        value: Decimal | None = getattr(made, name)
        if value is not None:
            text = str(made.body()[name])
            assert re.fullmatch(r"[0-9]+(\.[0-9]+)?", text)
            assert Decimal(text) == value
            assert text == number_text(value)
    delay = re.search(r'"delaySeconds":([^,}]*)', made.json().replace(json.dumps(made.log, ensure_ascii=False), ""))
    assert delay is None or re.fullmatch(r"[0-9]+(\.[0-9]+)?", delay[1])


_TEN = Decimal(10)


@pytest.mark.parametrize(
    ("market", "action", "fields", "told"),
    [
        (
            SPOT,
            Action.OPEN_LONG,
            {"percent": _TEN},
            {"action": "'openLong' does not exist on a spot market; there are buy, sell, cancel, cancelAll"},
        ),
        (
            SPOT,
            Action.BUY,
            {},
            {"percent": "'buy' needs a size, fixed or percent: without one the platform takes 100 %"},
        ),
        (
            SPOT,
            Action.BUY,
            {"percent": _TEN, "fixed": _TEN},
            {"percent": "stands beside 'fixed', which would silently win; give one of them"},
        ),
        (SPOT, Action.CANCEL, {}, {"clientOrderId": "'cancel' needs the id of the order to cancel"}),
        (
            SPOT,
            Action.CANCEL_ALL,
            {"client_order_id": ID},
            {"clientOrderId": "has no meaning for 'cancelAll'; did you mean 'cancel'?"},
        ),
        (
            SPOT,
            Action.BUY,
            {"percent": _TEN, "loss": _TEN},
            {"loss": "exists on futures only; on spot, send a 'sell' when the price is reached"},
        ),
        (
            FUTURES,
            Action.CLOSE_LONG,
            {"loss": _TEN},
            {"loss": "belongs to an order that opens, not to 'closeLong'"},
        ),
        (
            FUTURES,
            Action.OPEN_LONG,
            {"percent": _TEN, "loss": Decimal(120), "limit": Decimal(100)},
            {"limit": "is 100; for openLong it must be above 'loss' (120)"},
        ),
        (
            SPOT,
            Action.SELL,
            {"client_order_id": "a b"},
            {"clientOrderId": "takes 1 to 36 letters, digits and . _ : / -"},
        ),
        (
            SPOT,
            Action.SELL,
            {"log": "\ud800"},
            {"log": "holds half a surrogate pair, which no JSON on the wire can carry"},
        ),
        (
            SPOT,
            Action.SELL,
            {"delay_seconds": 1, "delay_seconds_filter": "\ud800"},
            {"delaySecondsFilter": "holds half a surrogate pair, which no JSON on the wire can carry"},
        ),
        (SPOT, Action.SELL, {"delay_seconds_filter": "x"}, {"delaySecondsFilter": "needs 'delaySeconds' beside it"}),
        (
            SPOT,
            Action.SELL,
            {"delay_seconds": 1, "delay_seconds_filter": ""},
            {"delaySecondsFilter": "is empty, and so would match every log"},
        ),
        (
            SPOT,
            Action.BUY,
            {"percent": 7},
            {"percent": "is 7, a int; prices and amounts are Decimals, which 'plain' makes"},
        ),
    ],
)
def test_what_is_wrong_is_told_in_these_words(
    market: MarketKind, action: Action, fields: dict[str, Any], told: dict[str, str]
) -> None:
    """People read these sentences when an order of theirs is refused."""
    with pytest.raises(InvalidMessageError) as refused:
        Message(market, action, **fields)
    assert refused.value.faults == told


@pytest.mark.parametrize("text", ["1E+28", "1E-28", "1" * 28, "0." + "1" * 28])
def test_28_digits_are_not_too_many(text: str) -> None:
    """The bound itself passes, in digits and in size; one more does not."""
    assert Message(SPOT, Action.BUY, fixed=Decimal(text)).fixed == Decimal(text)
    with pytest.raises(InvalidMessageError, match="with over 28 digits"):
        Message(SPOT, Action.BUY, fixed=Decimal(text.replace("28", "29")) if "E" in text else Decimal(text + "1"))


def test_a_day_is_the_longest_delay_and_text_is_written_as_it_is() -> None:
    """86400 seconds pass; letters beyond ASCII are not escaped."""
    assert Message(SPOT, Action.SELL, delay_seconds=86_400, log="naïve").json() == (
        '{"action":"sell","log":"naïve","delaySeconds":86400}'
    )


@pytest.mark.parametrize(("value", "text"), [("100", "100"), ("10.0", "10"), ("0.10", "0.1"), ("120.00", "120")])
def test_only_zeros_that_say_nothing_are_left_out(value: str, text: str) -> None:
    """The zeros of a whole number stay."""

    assert Message(SPOT, Action.SELL, limit=Decimal(value)).body()["limit"] == text
