from __future__ import annotations

import copy
import json
import traceback
from typing import Any

import pytest
from pydantic import ValidationError

from engine.config import Connector
from engine.config.connector import PLATFORM_URL

TOKEN = "canary-f3a9c1-token"  # noqa: S105 - a canary


def connector(**fields: Any) -> Connector:
    return Connector(**{"name": "btc", "token": TOKEN, **fields})


def test_the_default_is_the_platform() -> None:
    """Without an address, messages go to the api. host of the platform's page."""
    assert connector().url == PLATFORM_URL == "https://api.crypto-arsenal.io/trading-signal/webhook"


def test_the_token_shows_in_no_text_of_a_connector() -> None:
    """repr, str, format, the plain dump and the JSON dump hold no token; only get_secret_value gives it."""
    made = connector()
    shown = [repr(made), str(made), f"{made}", repr(made.model_dump()), made.model_dump_json(), repr([made])]
    shown += [
        json.dumps(made.model_dump(mode="json")),
        repr(copy.deepcopy(made)),
    ]
    assert not any(TOKEN in text for text in shown)
    assert made.token.get_secret_value() == TOKEN


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"url": "ftp://example.com"},
        {"tokn": TOKEN},
        {"token": [TOKEN]},
        {"token": {"value": TOKEN}},
        {"url": f"https://user:{TOKEN}@example.com/"},
        {"url": f"ftp://user:{TOKEN}@example.com/"},
    ],
)
def test_the_token_shows_in_no_error(wrong: dict[str, object]) -> None:
    """Whatever is wrong with a connector, neither the error nor its traceback holds the token."""
    with pytest.raises(ValidationError) as refused:
        connector(**wrong)
    assert TOKEN not in str(refused.value)
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("missing", ["name", "token"])
def test_name_and_token_are_mandatory(missing: str) -> None:
    """A connector without its name or its token is refused, and so is an empty one."""
    fields = {"name": "btc", "token": TOKEN}
    del fields[missing]
    with pytest.raises(ValidationError, match=missing) as refused:
        Connector(**fields)
    assert TOKEN not in str(refused.value)
    with pytest.raises(ValidationError, match=missing):
        connector(**{missing: ""})


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "HTTPS://EXAMPLE.COM",
        "https://example.com:8443/hook?x=1",
        "http://127.0.0.1:8080/trading-signal/webhook",
        "http://127.9.9.9/",
        "http://localhost:1/",
        "http://[::1]:8080/",
    ],
)
def test_https_and_loopback_pass(url: str) -> None:
    """https goes anywhere; plain http goes to this machine only."""
    assert connector(url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com",
        "https://",
        "https:///hook",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://[::1/",
        "https://exam ple.com/",
        "https://example.com/\nhook",
        "https://example.com\\@127.0.0.1/",
        "http://example.com/",
        "http://192.168.0.7/",
        "http://0.0.0.0/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1\\.example.com/",
        "http://127.0.0.1@example.com/",
        "https://user:password@example.com/",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    """No web address, a password in it, or plain http that leaves this machine: refused by the name `url`."""
    with pytest.raises(ValidationError, match="url"):
        connector(url=url)


def test_a_connector_cannot_be_changed() -> None:
    """A connector is a value; the address cannot be changed behind the check."""
    with pytest.raises(ValidationError):
        connector().url = "http://example.com"  # type: ignore[misc]
