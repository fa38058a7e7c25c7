"""One exchange over a connection of its own, with one deadline, that knows whether a byte of it can have left."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError


class Watch:
    """The deadline of one exchange, enforced on its socket, and the fact that matters after a failure.

    `not_sent` is knowledge, never a guess: the connection could not be made, or the deadline came before the first byte
    of the request was handed to the socket. Whatever else ends an exchange may have left the machine, an error that
    nobody thought of included. `cut` tells that the deadline ended the exchange: it shuts
    the socket down under whoever reads from it, as a read timeout begins anew with every byte that drips in.
    What is not interrupted is the name lookup: the resolver's own timeouts bound it, and nothing is sent after the
    deadline when it ends late.
    """

    def __init__(self, connect_timeout_s: float, deadline_s: float) -> None:
        """Start the time of an exchange: `deadline_s` for all of it, `connect_timeout_s` to reach one address."""
        self.cut = False
        self._failed_before = False
        self._begun = False
        self._connect_timeout_s = connect_timeout_s
        self._end = time.monotonic() + deadline_s
        self._mutex = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(deadline_s, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Watch from now on."""
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Watch no longer."""
        self._timer.cancel()
        with self._mutex:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    @property
    def not_sent(self) -> bool:
        """Whether it is certain that no byte of the request left, nor can leave any more."""
        return self._failed_before and not self._begun

    def over(self) -> bool:
        """Tell whether the deadline has passed."""
        return time.monotonic() >= self._end

    @contextlib.contextmanager
    def before_bytes(self) -> Iterator[None]:
        """Take down that what fails in here failed before the first byte."""
        try:
            yield
        except BaseException:
            self._failed_before = True
            raise

    def connect(self, host: str, port: int) -> socket.socket:
        """Reach the first address of the host that answers. Errors: OSError; TimeoutError past the deadline."""
        failed: OSError = OSError(f"no address for {host}")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            reached = socket.socket(family, kind, protocol)
            try:
                reached.settimeout(min(self._connect_timeout_s, self._remaining_s()))
                reached.connect(address)
                reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                reached.settimeout(self._remaining_s())
                self._guard(reached)
            except OSError as error:
                reached.close()
                failed = error
            else:
                return reached
        raise failed

    def begin(self) -> None:
        """Take down that bytes may leave from here on. Errors: TimeoutError past the deadline, with nothing sent."""
        if not self._begun:
            with self.before_bytes():
                self._remaining_s()
            self._begun = True

    def _remaining_s(self) -> float:
        remaining = self._end - time.monotonic()
        if remaining <= 0 or self.cut:
            raise TimeoutError("timed out")
        return remaining

    def _guard(self, reached: socket.socket) -> None:
        # A duplicate: TLS takes the descriptor away from the first object, and a shutdown reaches both.
        with self._mutex:
            self._remaining_s()
            self._socket = reached.dup()

    def _expire(self) -> None:
        with self._mutex:
            self.cut = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


def session(watch: Watch) -> requests.Session:
    """Give a session for one exchange: watched, without proxies and passwords from the environment, no redirects."""
    opened = _Session()
    opened.trust_env = False
    opened.mount("https://", _Adapter(watch))
    opened.mount("http://", _Adapter(watch))
    return opened


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the signature is theirs
        """Give none: even unfollowed, requests would read a redirect's whole body before we can cap it."""
        return None


class _Adapter(HTTPAdapter):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.poolmanager.pool_classes_by_scheme = {
            "http": lambda *place, **options: _HttpPool(*place, watch=watch, **options),
            "https": lambda *place, **options: _HttpsPool(*place, watch=watch, **options),
        }


class _LineReader:
    """Reads the lines of an answer (its head, the lengths of its chunks), and refuses one that is not whole.

    The standard library and urllib3 take the end of the connection for the end of a head, and for the end of chunks:
    "HTTP/1.1 400" and nothing more would be a refusal.
    """

    def __init__(self, wire: Any) -> None:
        self._wire = wire

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._wire.readline(limit)
        if not line.endswith(b"\n"):
            raise http.client.RemoteDisconnected("the answer is not whole")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)


class _Response(http.client.HTTPResponse):
    """An answer whose lines are whole."""

    def begin(self) -> None:
        wire, self.fp = self.fp, _LineReader(self.fp)  # type: ignore[assignment] # it reads like one
        super().begin()
        if self.fp is not None and not self.chunked:
            self.fp = wire


class _HttpConnection(HTTPConnection):
    """Has the watch reach the address, and be told before a byte leaves.

    An error of connecting is raised as one that urllib3 cannot take for a connection lost while sending: it swallows
    those, and goes on to read an answer from a socket that was never there.
    """

    response_class = _Response

    def __init__(self, *place: Any, watch: Watch, **options: Any) -> None:
        super().__init__(*place, **options)
        self._watch = watch

    def _new_conn(self) -> socket.socket:
        return self._watch.connect(self.host.strip("[]"), self.port)

    def connect(self) -> None:
        with self._watch.before_bytes():
            try:
                super().connect()
            except OSError as error:
                raise NewConnectionError(self, f"no connection: {error}") from error

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self._watch.begin()
        super().send(data)


class _HttpsConnection(_HttpConnection, HTTPSConnection):
    """The same above TLS."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection
