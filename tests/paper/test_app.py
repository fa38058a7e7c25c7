from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from engine.delivery import Exchange, Outcome, Phase, classify
from engine.paper.app import MOST_BYTES, PATH
from tests.paper.messages import OTHER_TOKEN, TOKEN, futures, spot
from tests.paper.platform import Platform


@pytest.fixture
def platform(tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[Platform]:
    """A platform; whatever a test does to it, no token may be left in a file, an answer, an output or a log."""
    made = Platform(tmp_path)
    made.thread.start()
    yield made
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]  # before the log is folded in, and
    made.stop()
    files += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]  # after
    out, err = capfd.readouterr()
    seen = b"".join(files) + "".join([*made.answers, out, err, caplog.text]).encode()
    assert len(files) >= 2
    for token in (TOKEN, OTHER_TOKEN):
        assert token.encode() not in seen
    assert "Traceback" not in err + caplog.text


def test_a_valid_message_is_answered_ok(platform: Platform) -> None:
    """The answer to a valid message is status 200 and the plain text `ok`, which our delivery takes as success."""
    answer = platform.post(futures(percent="25", profit="71000", loss="65000", clientOrderId="a1", log="Kauf ☀"))
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")
    exchange = Exchange(Phase.ANSWERED, "", answer.status_code, answer.text)
    assert classify(exchange) is Outcome.ACKNOWLEDGED
    entry = platform.last()
    assert abs(entry.pop("time_ms") - time.time() * 1000) < 10_000
    assert entry == {
        "sequence": 1,
        "connector": "btc-perp",
        "action": "openLong",
        "client_order_id": "a1",
        "fields": {
            "action": "openLong",
            "percent": "25",
            "profit": "71000",
            "loss": "65000",
            "log": "Kauf ☀",
            "clientOrderId": "a1",
        },
        "size_kind": "percent",
        "size": "25",
        "verdict": "accepted",
        "reason": "",
        "acts_ms": 0,
        "became": None,
    }


def test_a_retry_changes_nothing(platform: Platform) -> None:
    """The same message again is answered `ok` and recorded as a duplicate; without an id it is a new order."""
    order = futures(percent="25", clientOrderId="a1")
    assert [platform.post(order).text for _ in range(2)] == ["ok", "ok"]
    assert [platform.post(futures(percent="25")).text for _ in range(2)] == ["ok", "ok"]
    assert [entry["verdict"] for entry in platform.entries()] == ["accepted", "duplicate", "accepted", "accepted"]


def test_racing_retries_place_one_order(platform: Platform) -> None:
    """Of the same order sent by many at once one is accepted, and all are answered `ok`."""
    order = futures(percent="25", clientOrderId="a1")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: platform.post(order).text, range(24)))
    assert answers == ["ok"] * 24
    assert [entry["verdict"] for entry in platform.entries()].count("accepted") == 1


@pytest.mark.parametrize(
    ("document", "connector", "reason"),
    [
        ({**futures(), "connectorToken": "wrong"}, "btc-perp", "wrong token"),
        ({**futures(), "connectorToken": OTHER_TOKEN}, "btc-perp", "wrong token"),
        ({**futures(), "connectorToken": TOKEN + "x"}, "btc-perp", "wrong token"),
        ({**futures(), "connectorToken": "Schlüssel"}, "btc-perp", "wrong token"),
        ({**futures(), "connectorName": "nobody"}, "", "unknown connector"),
        ({**futures(), "connectorName": TOKEN, "connectorToken": "btc-perp"}, "", "unknown connector"),
    ],
)
def test_a_stranger_is_not_told_what_was_wrong(
    platform: Platform, document: object, connector: str, reason: str
) -> None:
    """Unknown connector and wrong token are the same 401; the ledger knows which it was."""
    answer = platform.post(document)
    both = dict.fromkeys(("connectorName", "connectorToken"), "does not belong to a connector that is known here")
    assert (answer.status_code, answer.json()) == (401, {"error": "unknown connector or wrong token", "fields": both})
    entry = platform.last()
    assert (entry["verdict"], entry["connector"], entry["reason"]) == ("rejected", connector, reason)


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        (futures("buy"), {"action"}),
        (spot(profit="1"), {"profit"}),
        (futures("cancel"), {"clientOrderId"}),
        (futures(percent=25), {"percent"}),
        (futures(percent="9e-05", limit="NaN"), {"percent", "limit"}),
        (futures(delaySeconds="5"), {"delaySeconds"}),
        (futures(size="1"), {"size"}),
        ({"action": "openLong"}, {"connectorName", "connectorToken"}),
        ({**futures(), "connectorToken": 5}, {"connectorToken"}),
        ({}, {"connectorName", "connectorToken", "action"}),
    ],
)
def test_a_field_that_is_wrong_is_named(platform: Platform, document: object, fields: set[str]) -> None:
    """Faults of fields are a 422 whose JSON has each of them, and the ledger keeps them as the reason."""
    answer = platform.post(document)
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid message"
    assert set(answer.json()["fields"]) == fields
    entry = platform.last()
    assert entry["verdict"] == "rejected"
    assert all(f"{field}: " in entry["reason"] for field in fields)


def test_a_rejected_order_can_be_sent_again_corrected(platform: Platform) -> None:
    """A rejected message does not use up its id."""
    assert platform.post(futures(percent="0", clientOrderId="a1")).status_code == 422
    assert platform.post(futures(percent="1", clientOrderId="a1")).text == "ok"
    assert platform.last()["verdict"] == "accepted"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 60_000,
        b'{"\\ud800": 1}',
        b'{"delaySeconds": 1e999}',
        b'{"log": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    ],
)
def test_malformed_json_is_a_400(platform: Platform, data: bytes) -> None:
    """What is not one unambiguous JSON object is a 400 with a reason, recorded."""
    answer = platform.post(data=data)
    assert answer.status_code == 400
    assert platform.last()["reason"] == answer.json()["error"]


@pytest.mark.parametrize(
    "fields",
    [
        {"log": [[["x"]]]},
        {"log": json.loads('{"a":' * 300 + "1" + "}" * 300)},
        {"delaySeconds": 10**4000},
        {"percent": None},
        {"clientOrderId": 7},
        {"x" * 30_000: "y"},
    ],
)
def test_odd_values_are_faults_not_crashes(platform: Platform, fields: dict[str, object]) -> None:
    """Deep, huge and wrongly typed values are a 422, and the ledger can be read afterwards."""
    assert platform.post({**futures(), **fields}).status_code == 422
    assert platform.last()["verdict"] == "rejected"


@pytest.mark.parametrize("length", [MOST_BYTES + 1, 300_000, 1_000_000])
def test_a_long_body_is_a_413(platform: Platform, length: int) -> None:
    """Over 64 KiB nothing is read as a message, and the sender is told; at 64 KiB it is a message."""
    body = json.dumps(futures(percent="1")).encode()
    assert platform.post(data=body.ljust(length)).status_code == 413
    assert platform.last()["verdict"] == "rejected"
    assert platform.post(data=body.ljust(MOST_BYTES)).text == "ok"


def test_an_endless_body_is_cut_off(platform: Platform) -> None:
    """A sender that never ends is not read to the end."""
    sent = 0
    with socket.create_connection(("127.0.0.1", platform.listener.getsockname()[1]), timeout=5) as endless:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {10**12}\r\n\r\n"
        endless.sendall(head.encode())
        with contextlib.suppress(OSError):
            while sent < 200_000_000:
                sent += endless.send(b" " * 65_536)
    assert sent < 200_000_000
    assert platform.last()["verdict"] == "rejected"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_another_content_type_is_a_415(platform: Platform, kind: str) -> None:
    """Only application/json is read as a message."""
    assert platform.post(futures(percent="1"), kind=kind).status_code == 415
    assert platform.last()["verdict"] == "rejected"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_content_type_may_have_parameters(platform: Platform, kind: str) -> None:
    """Case and parameters of the content type do not matter."""
    assert platform.post(futures(percent="1"), kind=kind).text == "ok"


def test_a_token_in_the_wrong_place_is_not_kept(platform: Platform) -> None:
    """Tokens in a log, an id, a name, a number or an unknown field leave no trace (the fixture looks everywhere)."""
    assert platform.post(futures(percent="1", log=f"my {TOKEN} and {OTHER_TOKEN}")).text == "ok"
    assert platform.last()["fields"]["log"] == "my [token] and [token]"
    for document in (
        futures(TOKEN),
        futures(percent=TOKEN),
        futures(percent=TOKEN * 5),
        futures(clientOrderId=TOKEN),
        futures(**{TOKEN: "x", "token": TOKEN}),
        {"connectorTokn": TOKEN, "connectorName": TOKEN, "action": "buy"},
        [TOKEN],
    ):
        platform.post(document)
    platform.post(data=f'{{"{TOKEN}": 1, "{TOKEN}": 2}}'.encode())
    platform.post(data=f'{{"connectorToken": "{TOKEN}", oops}}'.encode())
    assert len(platform.entries()) == 10


def test_a_reader_sees_each_entry_once(platform: Platform) -> None:
    """/api/messages gives what came after a number, oldest first."""
    for i in range(3):
        platform.post(futures(percent="1", clientOrderId=f"a{i}"))
    assert [entry["client_order_id"] for entry in platform.entries(after=1)] == ["a1", "a2"]
    assert platform.entries(after=3) == []
    assert requests.get(f"{platform.url}/api/messages", params={"after": "x"}, timeout=10).status_code == 422


def test_health_has_the_newest_number(platform: Platform) -> None:
    """/health answers while the ledger can be used."""
    platform.post(futures(percent="1"))
    assert requests.get(f"{platform.url}/health", timeout=10).json() == {"status": "ok", "last": 1}


def test_the_schema_has_the_pages_fields(platform: Platform) -> None:
    """OpenAPI describes the webhook: three mandatory fields, one number, everything else strings."""
    schema = requests.get(f"{platform.url}/openapi.json", timeout=10).json()
    body = schema["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["connectorName", "connectorToken", "action"]
    assert [name for name, kind in body["properties"].items() if kind["type"] == "number"] == ["delaySeconds"]


def test_without_the_ledger_nothing_is_accepted(platform: Platform) -> None:
    """A message that cannot be written down is answered 503, never `ok`; it is taken once the ledger is back."""
    other = sqlite3.connect(platform.folder / "ledger.sqlite")
    other.execute("ALTER TABLE messages RENAME TO elsewhere")
    other.commit()
    assert platform.post(futures(percent="1", clientOrderId="a1")).status_code == 503
    assert requests.get(f"{platform.url}/health", timeout=10).status_code == 503
    other.execute("ALTER TABLE elsewhere RENAME TO messages")
    other.commit()
    other.close()
    assert platform.post(futures(percent="1", clientOrderId="a1")).text == "ok"
    assert len(platform.entries()) == 1


def test_a_sender_that_goes_away_harms_nobody(platform: Platform) -> None:
    """Half a request leaves no entry, and the next message is taken."""
    address = ("127.0.0.1", platform.listener.getsockname()[1])
    with socket.create_connection(address) as half:
        half.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode())
    assert platform.post(futures(percent="1")).text == "ok"
    assert len(platform.entries()) == 1


def test_a_body_that_does_not_come_is_a_408(platform: Platform) -> None:
    """A request whose body stays out is ended, and leaves no entry."""
    with socket.create_connection(("127.0.0.1", platform.listener.getsockname()[1]), timeout=10) as slow:
        slow.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
    assert platform.entries() == []
