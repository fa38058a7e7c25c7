"""The receiver: a process of its own that executes orders, keeps a synchronised ledger, and kills whoever it is told.

It shares no code with the engine. Its ledger is a text file, a line for each request that was executed, on the disk
before the answer leaves.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import threading
from pathlib import Path
from typing import Any

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Receiver:
    """Serves until its channel says None. Messages on it: ("arm", phase, pid), ("ledger", path), ("truth",)."""

    def __init__(self, channel: Any, deduplicates: bool, seed: int) -> None:
        self.channel, self.deduplicates = channel, deduplicates
        self.chance = random.Random(seed)  # noqa: S311 - not for secrets
        self.armed: tuple[str, int] = ("", 0)
        self.struck = ""
        self.lock = threading.Lock()
        self.executed: list[str] = []
        self.ids: set[str] = set()
        self.file = -1
        self.busy = 0

    def serve(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        self.channel.send(listener.getsockname()[1])
        while (asked := self.channel.recv()) is not None:
            if asked[0] == "arm":
                self.armed, self.struck = (asked[1], asked[2]), ""
                self.channel.send(True)
            elif asked[0] == "ledger":
                self._open(Path(asked[1]))
                self.channel.send(True)
            else:
                with self.lock:
                    self.channel.send((list(self.executed), self.struck, self.busy))

    def _open(self, path: Path) -> None:
        with self.lock:
            if self.file >= 0:
                os.close(self.file)
            self.file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            self.executed, self.ids = [], set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._guarded, args=(connection,), daemon=True).start()

    def _guarded(self, connection: socket.socket) -> None:
        with self.lock:
            self.busy += 1
        try:
            with connection, contextlib.suppress(OSError, EOFError):
                connection.settimeout(5)
                self._exchange(connection)
            self._reach("closed")
        finally:
            with self.lock:
                self.busy -= 1

    def _exchange(self, connection: socket.socket) -> None:
        self._reach("accepted")
        data = b""
        while b"\r\n\r\n" not in data:
            data += _some(connection, 65536)
        head, _, body = data.partition(b"\r\n\r\n")
        self._reach("head read")
        length = next(int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:"))
        while len(body) < length:
            body += _some(connection, max(1, min(length - len(body), length // 2)))
            if len(body) >= length // 2:
                self._reach("half the body read")
        self._reach("half the body read")
        self._reach("read, not executed")
        mood = self.chance.random()
        if mood < 0.01:
            return  # hangs up, not executed
        if mood < 0.02:
            connection.sendall(b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n")
            return
        self._execute(json.loads(body))
        self._reach("executed, not answered")
        if mood < 0.03:
            return  # hangs up, executed
        connection.sendall(_ANSWER[: len(_ANSWER) // 2])
        self._reach("half the answer sent")
        connection.sendall(_ANSWER[len(_ANSWER) // 2 :])
        self._reach("answered")

    def _execute(self, message: dict[str, Any]) -> None:
        key, action = message["clientOrderId"], message["action"]
        with self.lock:
            if self.deduplicates and key in self.ids:
                return
            os.write(self.file, f"{key} {action}\n".encode())
            os.fsync(self.file)
            self.ids.add(key)
            self.executed.append(f"{key} {action}")

    def _reach(self, phase: str) -> None:
        with self.lock:
            wanted, pid = self.armed
            if phase != wanted:
                return
            self.armed, self.struck = ("", 0), phase
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _some(connection: socket.socket, most: int) -> bytes:
    piece = connection.recv(most)
    if not piece:
        raise EOFError
    return piece


def serve(channel: Any, deduplicates: bool, seed: int) -> None:
    """Run a receiver: the entry of its process."""
    Receiver(channel, deduplicates, seed).serve()
