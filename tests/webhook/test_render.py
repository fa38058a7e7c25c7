"""A message as each shipped profile writes it, and what a profile cannot say is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from engine.config import SEED, Profile, read_profile
from engine.config.profile import SuccessConfig
from engine.errors import InvalidDocumentError, InvalidMessageError
from engine.webhook import Message
from engine.webhook.render import render, render_headers
from tests.webhook.test_message import messages

PROFILES = Path("configs/profiles")
KNOWN = {
    "name": "my bot",
    "token": "t0ken",
    "sentAt": "2024-01-01T00:00:00Z",
    "exchange": "BINA",
    "instrument": "BTCUSDT",
    "symbol": "BINA_USDT_BTC",
    "ticker": "BTCUSDT",
}
ID = "0123456789abcdef"


def written(profile: str, **message: object) -> dict[str, Any]:
    return render(read_profile(PROFILES / f"{profile}.yaml"), message, KNOWN)


def refused(profile: str, **message: object) -> set[str]:
    with pytest.raises(InvalidMessageError) as error:
        written(profile, **message)
    return set(error.value.faults)


@given(messages())
def test_the_seeds_profile_writes_the_message_as_it_is(message: Message) -> None:
    """Name and token first, then the message's own fields, unchanged and in their order: what the page generates."""
    made = render(SEED, message.body(), KNOWN)
    assert json.dumps(made) == json.dumps({"connectorName": "my bot", "connectorToken": "t0ken", **message.body()})


def test_the_built_in_profile_is_the_shipped_one() -> None:
    """What holds where no profile is named stands in configs/profiles, too: as data, and the same."""
    shipped = read_profile(PROFILES / "crypto-arsenal.yaml")
    assert shipped.model_dump(exclude={"about", "actions"}) == SEED.model_dump(exclude={"about", "actions"})
    for action in SEED.actions:
        assert render(shipped, {"action": action}, KNOWN) == render(SEED, {"action": action}, KNOWN)


def test_another_spelling_is_a_line_of_the_profile() -> None:
    """`cancellAll`, as the page's table has it, is a word of the action."""
    spelled = SEED.model_copy(update={"actions": {**SEED.actions, "cancelAll": {"action": "cancellAll"}}})
    assert render(spelled, {"action": "cancelAll"}, KNOWN)["action"] == "cancellAll"


def test_a_position_message_says_the_whole_position() -> None:
    """The sync template's shape: an entry has its size, a close has none."""
    opened = written("crypto-arsenal-position", action="openShort", percent="25", log="x", clientOrderId=ID)
    assert opened == {
        "connectorName": "my bot",
        "connectorToken": "t0ken",
        "position": {"side": "short", "size": "1", "prev_side": "flat", "prev_size": "0"},
        "entryOrder": {"value": "25", "mode": "percent"},
        "log": "x",
        "clientOrderId": ID,
    }
    closed = written("crypto-arsenal-position", action="closeShort", percent="100")
    assert closed["position"] == {"side": "flat", "size": "0", "prev_side": "short", "prev_size": "1"}
    assert "entryOrder" not in closed


def test_a_3commas_signal() -> None:
    """Secret, bot, action in its own words, and an amount of the base coin."""
    assert written("3commas", action="openLong", fixed="0.5", clientOrderId=ID) == {
        "secret": "t0ken",
        "bot_uuid": "my bot",
        "max_lag": "300",
        "timestamp": "2024-01-01T00:00:00Z",
        "tv_exchange": "BINA",
        "tv_instrument": "BTCUSDT",
        "action": "enter_long",
        "order": {"amount": "0.5", "currency_type": "base"},
    }
    assert "order" not in written("3commas", action="closeLong", percent="100")


def test_an_altrady_signal() -> None:
    """Key, secret, pair and side, numbers as numbers, and the levels of an entry."""
    assert written("altrady", action="openLong", percent="100", limit="100.5", profit="110", loss="90") == {
        "api_key": "my bot",
        "api_secret": "t0ken",
        "exchange": "BINA",
        "symbol": "BINA_USDT_BTC",
        "action": "open",
        "side": "long",
        "signal_price": 100.5,
        "stop_loss": {"stop_price": 90},
        "take_profit": [{"price": 110, "position_percentage": 100}],
    }
    closed = written("altrady", action="closeShort", percent="100")
    assert (closed["action"], closed["side"]) == ("close", "short")
    assert not {"stop_loss", "take_profit", "signal_price"} & closed.keys()


def test_a_plain_tradingview_webhook() -> None:
    """The token travels in a header, the message in TradingView's words."""
    profile = read_profile(PROFILES / "tradingview.yaml")
    made = render(profile, {"action": "closeShort", "percent": "50", "clientOrderId": ID}, KNOWN)
    assert (made["action"], made["market_position"], made["quantity_percent"], made["id"]) == ("buy", "flat", 50, ID)
    assert "t0ken" not in json.dumps(made)
    assert render_headers(profile, KNOWN) == {"Authorization": "Bearer t0ken"}


@pytest.mark.parametrize(
    ("profile", "message", "field"),
    [
        ("3commas", {"action": "cancelAll"}, "action"),
        ("3commas", {"action": "openLong", "percent": "50"}, "percent"),
        ("3commas", {"action": "openLong", "fixed": "1", "limit": "5"}, "limit"),
        ("3commas", {"action": "openLong", "fixed": "1", "loss": "5"}, "loss"),
        ("3commas", {"action": "closeLong", "fixed": "1"}, "fixed"),
        ("3commas", {"action": "closeLong", "percent": "50"}, "percent"),
        ("crypto-arsenal-position", {"action": "openLong", "fixed": "1"}, "fixed"),
        ("crypto-arsenal-position", {"action": "sell", "percent": "99.9"}, "percent"),
        ("crypto-arsenal-position", {"action": "cancel", "clientOrderId": ID}, "action"),
        ("altrady", {"action": "openLong", "percent": "50"}, "percent"),
        ("tradingview", {"action": "buy", "percent": "5", "delaySeconds": 5}, "delaySeconds"),
    ],
)
def test_what_a_receiver_cannot_be_told_is_refused(profile: str, message: dict[str, object], field: str) -> None:
    """An order that would arrive as another one is not sent: the field that would be lost is named."""
    assert refused(profile, **message) == {field}


def test_the_words_of_a_refusal() -> None:
    """What people read when a receiver cannot be told something."""
    lost = "this receiver's profile has no place for it, and without it the order is another one"
    with pytest.raises(InvalidMessageError) as error:
        written("3commas", action="openLong", fixed="1", limit="5")
    assert error.value.faults == {"limit": lost}
    with pytest.raises(InvalidMessageError) as error:
        written("3commas", action="cancelAll")
    there = "openLong, closeLong, openShort, closeShort, buy, sell"
    assert error.value.faults == {"action": f"this receiver has no 'cancelAll'; it has {there}"}
    whole = "this receiver closes all of a position only"
    with pytest.raises(InvalidMessageError) as error:
        written("3commas", action="closeLong", fixed="1")
    assert error.value.faults == {"fixed": whole}
    with pytest.raises(InvalidMessageError) as error:
        render(TEMPLATE, {"action": "sell", "percent": "50"}, KNOWN)
    assert error.value.faults == {"percent": whole}
    with pytest.raises(InvalidMessageError) as error:
        written("crypto-arsenal-position", action="sell", percent="50", log="x")
    assert error.value.faults == {"percent": lost}


TEMPLATE = Profile.model_validate(
    {
        "actions": {"buy": {"side": "long"}, "sell": {"side": "flat"}},
        "whole_closes_only": True,
        "body": {
            "t": "{token}",
            "all": {"...": "message", "more": 1},
            "note": "message",
            "list": ["{side}", {"inner": {"...": "message"}}],
            "n": "{percent:number}",
            "m": "{fixed:number}",
        },
    }
)


def test_all_fields_may_stand_anywhere_and_beside_others() -> None:
    """`...: message` is all fields wherever it stands; the word alone is a text; whole numbers are whole."""
    made = render(TEMPLATE, {"action": "buy", "percent": "7"}, KNOWN)
    fields = {"action": "buy", "percent": "7"}
    assert made == {
        "t": "t0ken",
        "all": {**fields, "more": 1},
        "note": "message",
        "list": ["long", {"inner": fields}],
        "n": 7,
    }
    assert isinstance(made["n"], int)
    assert isinstance(render(TEMPLATE, {"action": "buy", "percent": "7.5"}, KNOWN)["n"], float)


def test_a_message_without_an_action_has_no_words() -> None:
    """What is no order (in a test of the connection, say) is written with its own fields only."""
    assert render(SEED, {"log": "hello"}, KNOWN) == {
        "connectorName": "my bot",
        "connectorToken": "t0ken",
        "log": "hello",
    }


BROKEN = """\
actions: {openLong: {side: long}, opneShort: {}}
headers: {X-Key: "{key}"}
body: {a: "{sied}", b: "{side", c: {d: ["{percent:int}"]}, "...": message}
"""


def test_a_profiles_mistakes_are_told_at_their_place(tmp_path: Path) -> None:
    """An unknown action, values that are not there, braces that mean nothing, a token that stands nowhere."""
    path = tmp_path / "p.yaml"
    path.write_text(BROKEN)
    with pytest.raises(InvalidDocumentError) as error:
        read_profile(path)
    told = "\n".join(f"{p.line}: {p.message}" for p in error.value.problems)
    assert "1: actions.opneShort: 'opneShort' is no action" in told or "1: 'opneShort' is no action" in told
    assert "there is no value 'key'" in told
    assert "there is no value 'sied'" in told
    assert told.count("other braces mean nothing") == 2
    assert "the token stands nowhere" in told


def test_two_ways_of_success_are_refused() -> None:
    """A body and fields would contradict each other some day."""
    with pytest.raises(ValueError, match="stands beside 'body'"):
        SuccessConfig(body="a", fields={})
