from __future__ import annotations

import contextlib
import errno
import gzip
import os
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Self

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from engine.adapters.http_exchange import Watch, session
from engine.adapters.http_sender import HttpSender
from engine.config import Connector
from engine.delivery import Exchange, Outcome, Phase, classify
from engine.ports import Sender
from tests.servers.receiver import (
    Behaviour,
    Receiver,
    endless,
    hang_up,
    late,
    once_a_byte_came,
    raw,
    reply,
    reset,
    silence,
    slowly,
)

TOKEN = 'canary/"tök€n"'  # noqa: S105 - made up, of the signs that are written differently in JSON and in addresses
BODY = '{"action":"openLong","percent":"10","log":"naïve 1e5","delaySeconds":5.0}'


def _sender(url: str, deadline_s: float = 2.0, connect_timeout_s: float = 1.0) -> Sender:
    connector = Connector.model_validate({"url": url, "name": "my bot", "token": TOKEN})
    return HttpSender(connector, user_agent="test/1", connect_timeout_s=connect_timeout_s, deadline_s=deadline_s)


def _post(*script: Behaviour, deadline_s: float = 2.0) -> Exchange:
    with Receiver(*script) as receiver:
        exchange = _sender(receiver.url, deadline_s).post(BODY)
        assert receiver.connections == 1
        return exchange


# what is sent ---


def test_the_request_is_the_message_with_name_and_token_first() -> None:
    """Name and token come first, the message's own bytes follow unchanged, as one JSON object over POST."""
    with Receiver() as receiver:
        exchange = _sender(receiver.url).post(BODY)
    assert classify(exchange) is Outcome.ACKNOWLEDGED
    (request,) = receiver.received
    assert (request.method, request.path) == ("POST", "/trading-signal/webhook")
    assert request.body.decode().endswith("," + BODY[1:])
    assert list(request.json()) == ["connectorName", "connectorToken", "action", "percent", "log", "delaySeconds"]
    assert request.json()["connectorName"] == "my bot"
    assert request.json()["connectorToken"] == TOKEN
    wanted = {
        "content-type": "application/json",
        "user-agent": "test/1",
        "accept-encoding": "identity",
        "connection": "close",
    }
    assert wanted.items() <= request.headers.items()
    assert not {"authorization", "cookie", "proxy-authorization"} & request.headers.keys()


def test_each_message_has_a_connection_of_its_own() -> None:
    """Two messages are two connections, and a cookie of the first answer is not sent with the second."""
    with Receiver(reply(200, b"ok", "Set-Cookie: a=b", "Connection: keep-alive")) as receiver:
        sender = _sender(receiver.url)
        sender.post(BODY)
        sender.post(BODY)
    assert receiver.connections == 2
    assert "cookie" not in receiver.received[1].headers


def test_proxies_and_passwords_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a proxy and a netrc in the environment, the message still goes straight to the connector, without either."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", os.fspath(tmp_path / ".netrc"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert _sender(receiver.url).post(BODY).status == 200
    assert proxy.connections == 0
    assert "authorization" not in receiver.received[0].headers


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"a":1', "null"])
def test_what_is_no_message_is_refused(body: str) -> None:
    """A body that is no JSON object with a field raises ValueError and is not sent."""
    with Receiver() as receiver:
        with pytest.raises(ValueError, match="JSON object"):
            _sender(receiver.url).post(body)
        assert receiver.connections == 0


# nothing left the machine ---


def test_refused_is_not_sent() -> None:
    """A refused connection is not sent."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    exchange = _sender(url).post(BODY)
    assert exchange == Exchange(Phase.NOT_SENT, "Connection refused")


def test_a_black_hole_is_not_sent_within_the_connect_timeout() -> None:
    """A host that does not answer the connection attempt is not sent, after the connect timeout."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        address = hole.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        began = time.monotonic()
        exchange = _sender(f"http://127.0.0.1:{address[1]}/", connect_timeout_s=0.3).post(BODY)
        for filler in fillers:
            filler.close()
    assert exchange == Exchange(Phase.NOT_SENT, "timed out")
    assert 0.25 < time.monotonic() - began < 1


def test_a_failed_name_lookup_is_not_sent() -> None:
    """A name that does not exist is not sent."""
    exchange = _sender("https://receiver.invalid/hook?key=s3cret").post(BODY)
    assert exchange.phase is Phase.NOT_SENT
    assert "s3cret" not in exchange.detail


@pytest.mark.parametrize(
    "behaviour",
    [
        slowly(b"HTTP/1.1 400 Bad Request\r\n\r\n", 0),
        slowly(b"\x16\x03\x03\x40\x00" + bytes(1000)),
        silence,
    ],
    ids=["no TLS", "dripping", "silence"],
)
def test_a_failed_tls_handshake_is_not_sent(behaviour: Behaviour) -> None:
    """A server that does not speak TLS, or drips it, gets no byte of the message; the deadline holds here too."""
    with Receiver(behaviour, reads=False) as receiver:
        began = time.monotonic()
        exchange = _sender(receiver.url.replace("http:", "https:"), deadline_s=0.5, connect_timeout_s=5).post(BODY)
        assert time.monotonic() - began < 1.5
    assert exchange.phase is Phase.NOT_SENT


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a certificate for 127.0.0.1 that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(plain + made.public_bytes(Encoding.PEM))
    return file


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_not_sent_to(certificate: Path) -> None:
    """A receiver whose certificate cannot be verified gets no byte of the message."""
    with Receiver(tls=_tls(certificate)) as receiver:
        exchange = _sender(receiver.url).post(BODY)
        assert receiver.received == []
    assert exchange.phase is Phase.NOT_SENT
    assert exchange.detail.startswith("TLS: ")
    assert "certificate" in exchange.detail


def test_over_tls_the_watched_connection_delivers_and_keeps_its_deadline(certificate: Path) -> None:
    """Over verified TLS a request arrives and marks that bytes left, and silence ends at the deadline."""
    with Receiver(reply(), silence, tls=_tls(certificate)) as receiver:
        with Watch(1, 3) as watch, session(watch) as opened:
            assert opened.post(receiver.url, data=b"{}", verify=os.fspath(certificate)).text == "ok"
            assert not watch.not_sent
        began = time.monotonic()
        with Watch(1, 0.5) as watch, session(watch) as opened:
            with pytest.raises(requests.RequestException):
                opened.post(receiver.url, data=b"{}", verify=os.fspath(certificate), timeout=5)
            assert not watch.not_sent
            assert watch.cut
        assert time.monotonic() - began < 1.5
        assert len(receiver.received) == 2


class _ResetOnArrival(Watch):
    """The connection is reset while it is being made, as happens where a receiver resets at once."""

    def connect(self, host: str, port: int) -> socket.socket:
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def test_a_reset_while_connecting_is_not_sent() -> None:
    """A connection that is reset before it stands is not sent, and says so: urllib3 does not swallow it."""
    connector = Connector.model_validate({"url": "http://127.0.0.1:9/", "name": "my bot", "token": TOKEN})
    exchange = HttpSender(connector, watch=_ResetOnArrival).post(BODY)
    assert exchange == Exchange(Phase.NOT_SENT, "Connection reset by peer")


class _Unforeseen(Watch):
    """Meets an error that nobody thought of, at a moment that nobody knows."""

    def begin(self) -> None:
        raise AttributeError("a mistake in a library")


class _FailsTwice(_ResetOnArrival):
    """As if a library swallowed the first failure and went on to send over a second connection."""

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError), self.before_bytes():
            self.connect("", 0)
        self.begin()
        return super().__enter__()


@pytest.mark.parametrize("watch", [_Unforeseen, _FailsTwice])
def test_what_is_not_known_to_be_before_the_first_byte_is_maybe_sent(watch: type[Watch]) -> None:
    """An unforeseen error is maybe sent, and so is a failed connection after which bytes could still leave."""
    with Receiver() as receiver:
        connector = Connector.model_validate({"url": receiver.url, "name": "my bot", "token": TOKEN})
        assert HttpSender(connector, watch=watch).post(BODY).phase is Phase.MAYBE_SENT


# bytes may have left ---


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("behaviour", [reset, hang_up])
def test_a_connection_that_breaks_after_it_stood_is_maybe_sent(behaviour: Behaviour, reads: bool) -> None:
    """A reset or a close without an answer is maybe sent, whether the whole request was read or a byte had come."""
    with Receiver(behaviour if reads else once_a_byte_came(behaviour), reads=reads) as receiver:
        exchange = _sender(receiver.url).post(BODY)
    assert exchange.phase is Phase.MAYBE_SENT
    assert exchange.status is None


@pytest.mark.parametrize(
    "behaviour",
    [
        silence,
        slowly(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 80 + b"\r\nok"),
        slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"o" * 1000, 0.02),
        slowly(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 100 + b"ok", 0.02),
        slowly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\no\r\n" * 100, 0.02),
        late(reply(), 3),
    ],
    ids=["silence", "dripping headers", "dripping body", "dripping body to the end", "dripping chunks", "late"],
)
def test_one_deadline_bounds_the_whole_exchange(behaviour: Behaviour) -> None:
    """However an answer drips, the exchange ends at its deadline, as maybe sent."""
    began = time.monotonic()
    exchange = _post(behaviour, deadline_s=0.6)
    assert exchange.phase is Phase.MAYBE_SENT
    assert "no whole answer within 0.6 s" in exchange.detail
    assert 0.5 < time.monotonic() - began < 1.6


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: " + b"a" * 70_000 + b"\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n" + b"A: a\r\n" * 500 + b"\r\nok",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
        b"HTTP/1.1 400",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n",
        b"HTTP/1.1 429 Wait\r\nRetry-Af",
    ],
    ids=[
        "cut body",
        "cut chunks",
        "long header",
        "many headers",
        "not http",
        "cut last chunk",
        "cut after the last chunk",
        "cut status",
        "no head",
        "cut between headers",
        "cut header",
    ],
)
def test_a_broken_answer_is_maybe_sent(answer: bytes) -> None:
    """An answer that is cut short or is no HTTP is maybe sent, and never success."""
    assert _post(raw(answer)).phase is Phase.MAYBE_SENT


# answered ---


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 500, 502, 503])
def test_an_answer_comes_back_with_status_and_body(status: int) -> None:
    """Status and body of an answer come back, and the body's beginning stands in the detail."""
    exchange = _post(reply(status, b"percent: is 101"))
    assert exchange == Exchange(
        Phase.ANSWERED, f"HTTP {status}: percent: is 101", status, "percent: is 101", retry_after_s=None
    )


def test_a_page_with_status_200_is_no_success() -> None:
    """A maintenance page with status 200 is unknown."""
    exchange = _post(reply(200, b"<html>\n<h1>Back soon</h1>\n</html>", "Content-Type: text/html"))
    assert classify(exchange) is Outcome.UNKNOWN
    assert exchange.detail == "HTTP 200: <html> <h1>Back soon</h1> </html>"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """No redirect is followed: the host it points to hears nothing, least of all the token."""
    with Receiver() as elsewhere:
        exchange = _post(reply(status, b"", f"Location: {elsewhere.url}"))
        assert elsewhere.connections == 0
    assert exchange.status == status
    assert classify(exchange) is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [200, 307])
@pytest.mark.parametrize("framing", [b"", b"Content-Length: 99999999999\r\n"])
def test_an_endless_body_is_cut_off(status: int, framing: bytes) -> None:
    """At most 64 KiB of a body are read, of a redirect's too, and then the exchange is over."""
    head = b"HTTP/1.1 %d Why\r\nLocation: /there\r\n" % status + framing + b"\r\n"
    began = time.monotonic()
    exchange = _post(endless(head), deadline_s=5)
    assert time.monotonic() - began < 2
    assert (exchange.phase, exchange.status, len(exchange.body)) == (Phase.ANSWERED, status, 65_536)


def test_a_packed_body_is_unpacked_under_the_same_cap() -> None:
    """A gzip body sent although we asked for none is read; one that unpacks to gigabytes is cut off."""
    small, bomb = gzip.compress(b"ok"), gzip.compress(bytes(10_000_000))
    assert classify(_post(reply(200, small, "Content-Encoding: gzip"))) is Outcome.ACKNOWLEDGED
    assert len(_post(reply(200, bomb, "Content-Encoding: gzip")).body) == 65_536
    assert classify(_post(reply(200, b"ok?", "Content-Encoding: gzip"))) is Outcome.UNKNOWN


def test_retry_after_in_seconds_and_as_a_date() -> None:
    """Retry-After is read as seconds or as an HTTP date; what is past is 0, and nonsense is nothing."""

    def told(value: str) -> float | None:
        return _post(reply(429, b"", f"Retry-After: {value}")).retry_after_s

    assert told("17") == 17
    soon = told(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon is not None
    assert 27 < soon <= 30
    assert told("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert told("soon") is None
    assert told("-5") is None
    assert told("nan") is None
    assert _post(reply(429)).retry_after_s is None


@pytest.mark.parametrize("secret", [TOKEN, 'canary/\\"tök€n\\"', "canary%2F%22t%C3%B6k%E2%82%ACn%22", "key=s3cret"])
def test_a_secret_that_is_echoed_is_masked(secret: str) -> None:
    """Where an answer repeats the token or the query of the address, neither detail nor body holds it."""
    with Receiver(reply(400, f"bad request: {secret}!".encode())) as receiver:
        exchange = _sender(receiver.url + "?key=s3cret").post(BODY)
    assert exchange.detail == "HTTP 400: bad request: ***!"
    assert exchange.body == "bad request: ***!"
