"""A receiver of webhook messages on loopback that writes down all it gets and misbehaves as it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

Behaviour = Callable[[socket.socket, threading.Event], None]
"""What to do on a connection whose request was read; the event is set when the receiver closes."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Give the body as JSON."""
        loaded: dict[str, Any] = json.loads(self.body)
        return loaded


class Receiver:
    """Listens on a free port, or the given one; each connection takes the next behaviour of `script`, then `otherwise`.

    With `reads` false it behaves at once, without waiting for a request; with `tls` it speaks TLS.
    """

    def __init__(
        self,
        *script: Behaviour,
        otherwise: Behaviour | None = None,
        reads: bool = True,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.script = list(script)
        self.reads = reads
        self.tls = tls
        self.otherwise = otherwise or reply()
        self.received: list[Received] = []
        self.connections = 0
        self._closing = threading.Event()
        self._mutex = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/trading-signal/webhook"

    def ids(self) -> list[str]:
        """Give the clientOrderId of every request, in the order they came."""
        return [request.json()["clientOrderId"] for request in list(self.received)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._mutex:
                self.connections += 1
                behaviour = self.script.pop(0) if self.script else self.otherwise
            thread = threading.Thread(target=self._serve, args=(connection, behaviour), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, behaviour: Behaviour) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            if self.tls is None:
                self._talk(connection, behaviour)
                return
            with self.tls.wrap_socket(connection, server_side=True) as spoken:
                self._talk(spoken, behaviour)

    def _talk(self, connection: socket.socket, behaviour: Behaviour) -> None:
        if self.reads:
            request = _read(connection)
            if request is None:
                return
            self.received.append(request)
        behaviour(connection, self._closing)


def reply(status: int = 200, body: bytes = b"ok", *headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}", *headers, "", ""]
    return raw("\r\n".join(lines).encode() + body)


def raw(data: bytes) -> Behaviour:
    return lambda connection, closing: connection.sendall(data)


def silence(connection: socket.socket, closing: threading.Event) -> None:
    """Answer nothing until the receiver is closed."""
    closing.wait(10)


def slowly(data: bytes, pause_s: float = 0.05) -> Behaviour:
    """Send byte after byte."""

    def drip(connection: socket.socket, closing: threading.Event) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            if closing.wait(pause_s):
                return

    return drip


def late(behaviour: Behaviour, pause_s: float) -> Behaviour:
    def wait(connection: socket.socket, closing: threading.Event) -> None:
        closing.wait(pause_s)
        behaviour(connection, closing)

    return wait


def once_a_byte_came(behaviour: Behaviour) -> Behaviour:
    """Behave only when a byte of the request has arrived; it is left unread."""

    def wait(connection: socket.socket, closing: threading.Event) -> None:
        connection.recv(1, socket.MSG_PEEK)
        behaviour(connection, closing)

    return wait


def endless(head: bytes, piece: bytes = b"x" * 4096) -> Behaviour:
    def pour(connection: socket.socket, closing: threading.Event) -> None:
        connection.sendall(head)
        while not closing.is_set():
            connection.sendall(piece)

    return pour


def hang_up(connection: socket.socket, closing: threading.Event) -> None:
    """Close without an answer."""


def reset(connection: socket.socket, closing: threading.Event) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _read(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    lines: Sequence[str] = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        body += connection.recv(65536)
    return Received(method, path, headers, body)
