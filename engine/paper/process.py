"""The paper platform in another process, as the composition root starts it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from queue import Empty, Queue
from types import TracebackType
from typing import IO

from engine.errors import SignalEngineError
from engine.paper.settings import VARIABLE, PaperSettings

_READY = "listening on "
_STOP_S = 6.0


class PaperProcess:
    """Runs from `start` to `stop`, or within a `with` block; it also ends when this process does, however it does."""

    def __init__(self, settings: PaperSettings, ready_within_s: float = 30.0) -> None:
        """Take what it is told; nothing runs yet."""
        self._settings = settings
        self._ready_within_s = ready_within_s
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def pid(self) -> int | None:
        """The other process's id while it has not been stopped."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers at `url`. Errors: SignalEngineError with what the process itself said."""
        with tempfile.TemporaryFile() as errors:  # a pipe would have to be drained
            # Its own session: Ctrl-C at the terminal must reach the engine first, which may still have to deliver.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine.paper"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, VARIABLE: self._settings.secret_json()},
                text=True,
                start_new_session=True,
            )
            try:
                self.url = self._wait_ready(self._process, errors)
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop it, gently first; it is gone afterwards. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()  # the same sign as our own death
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def __enter__(self) -> PaperProcess:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _wait_ready(self, process: subprocess.Popen[str], errors: IO[bytes]) -> str:
        lines: Queue[str] = Queue()
        threading.Thread(target=lambda: lines.put(_first_line(process)), daemon=True).start()
        try:
            line = lines.get(timeout=self._ready_within_s)
        except Empty:
            waited = f"the paper platform was not ready within {self._ready_within_s:g} s"
            raise SignalEngineError(waited + _said(errors)) from None
        if not line.startswith(_READY):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
            raise SignalEngineError(f"the paper platform did not start{_said(errors)}")
        return line.removeprefix(_READY).strip()


def _first_line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline() if process.stdout else ""


def _said(errors: IO[bytes]) -> str:
    """What it wrote to standard error, the last 2000 characters."""
    errors.seek(0)
    text = errors.read().decode(errors="replace").strip()
    return f": {text[-2000:]}" if text else ""
