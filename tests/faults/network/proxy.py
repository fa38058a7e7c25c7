"""The proxy: it stands where the receiver does, breaks each exchange as planned, and writes down what passed."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from tests.faults.network.plans import Plan

_LONGEST_S = 3.0


@dataclass
class Passed:
    """What the proxy saw of one exchange."""

    connected: bool = False
    request_read: int = 0
    whole_request: bool = False
    answer_written: int = 0
    whole_answer: bool = False
    failed: str = ""


def serve(channel: Any) -> None:
    """Take plans from a pipe one after another, give each a connection, and give back what passed. None ends it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_LONGEST_S)
        channel.send(listener.getsockname()[1])
        while (plan := channel.recv()) is not None:
            passed = Passed()
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                passed.failed = "nobody came"
            else:
                passed.connected = True
                with connection:
                    _exchange(connection, plan, passed)
            channel.send(passed)


def _exchange(connection: socket.socket, plan: Plan, passed: Passed) -> None:
    connection.settimeout(_LONGEST_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        _read(connection, plan, passed)
        if plan.request_bytes is None and plan.kind != "no TLS":
            time.sleep(plan.pause_s)
            _answer(connection, plan, passed)
    except OSError as error:
        passed.failed = str(error)
    _end(connection, plan.end)


def _read(connection: socket.socket, plan: Plan, passed: Passed) -> None:
    data, length = b"", -1
    while plan.request_bytes is None or len(data) < plan.request_bytes:
        left = 65536 if plan.request_bytes is None else plan.request_bytes - len(data)
        piece = connection.recv(left)
        data += piece
        passed.request_read = len(data)
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            length = next(int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:"))
        passed.whole_request = bool(found) and len(body) >= length
        if not piece or passed.whole_request or plan.kind == "no TLS":
            return


def _answer(connection: socket.socket, plan: Plan, passed: Passed) -> None:
    wire = plan.answer.wire if plan.answer_bytes is None else plan.answer.wire[: plan.answer_bytes]
    size = max(1, -(-len(wire) // plan.pieces))
    for start in range(0, len(wire), size):
        connection.sendall(wire[start : start + size])
        passed.answer_written = min(len(wire), start + size)
        if plan.pieces > 1:
            time.sleep(0.0005)
    passed.whole_answer = len(wire) == len(plan.answer.wire)
    while plan.answer.endless and plan.answer_bytes is None:
        connection.sendall(b"x" * 4096)


def _end(connection: socket.socket, end: str) -> None:
    if end in ("stall", "linger"):  # until the other side gives up
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass
    elif end == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        # A close with unread bytes would be a reset: read what is there, then say that there is no more.
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
