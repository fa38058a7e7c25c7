"""Logs: readable on a terminal, JSON in a file. Secrets are taken out at the sink, whatever put them in."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterable, MutableMapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from pydantic import SecretStr

from engine.adapters.redaction import Redaction
from engine.errors import InvalidInputError

FILE_BYTES, FILES_KEPT = 32_000_000, 9


def set_up_logs(secrets: Iterable[SecretStr], stream: TextIO | None = None, file: Path | None = None) -> None:
    """Send structlog's events, and warnings of the libraries, to `stream` (standard error), without the secrets.

    With a `file` also there, each as a line of JSON with its time; it is renamed at 32 MB, and nine older ones are
    kept. What ends the process unforeseen is printed without the secrets, too. Errors: InvalidInputError for a file
    that cannot be written.
    """
    out = stream or sys.stderr
    redaction = Redaction(secret.get_secret_value() for secret in secrets)
    sink = None if file is None else _sink(file)
    handlers: list[logging.Handler] = [logging.StreamHandler(out), *([] if sink is None else [sink])]
    handlers[0].setFormatter(_HidingFormatter("%(asctime)s [%(levelname)s] %(name)s: %(message)s", redaction))
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        Hiding(redaction),
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=True),
        structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=30, sort_keys=False),
    ]
    if sink is not None:
        sink.setFormatter(_JsonFormatter(redaction))
        processors.insert(3, _AlsoTo(sink))
    structlog.configure(
        processors=processors, logger_factory=structlog.PrintLoggerFactory(out), cache_logger_on_first_use=False
    )
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # its listener ends the run, which is told once

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        told = redaction.text("".join(traceback.format_exception(kind, error, trace)))
        out.write(told)
        if sink is not None:
            sink.emit(_record("critical", {"event": "ended unforeseen", "exception": told}))

    sys.excepthook = tell


class Hiding:
    """A structlog processor that takes secrets out of events, at any depth."""

    def __init__(self, redaction: Redaction) -> None:
        """Take out what `redaction` knows."""
        self._redaction = redaction

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Give the event without secrets."""
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: object) -> object:
        if isinstance(value, dict):
            return {key: self._clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(inner) for inner in value]
        return value if isinstance(value, int | float | None) else self._redaction.text(str(value))


class _AlsoTo:
    """A structlog processor that gives each event to a handler of the standard library, and passes it on."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = handler

    def __call__(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        self._handler.handle(_record(method, event))
        return event


def _record(level: str, event: MutableMapping[str, Any]) -> logging.LogRecord:
    record = logging.LogRecord("engine", logging.getLevelName(level.upper()), "", 0, "", (), None)
    record.event = {"level": level, **event}
    return record


def _sink(file: Path) -> logging.Handler:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{file}: the log cannot be written there: {error.strerror}") from None


class _HidingFormatter(logging.Formatter):
    def __init__(self, pattern: str, redaction: Redaction) -> None:
        super().__init__(pattern)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction.text(super().format(record))


class _JsonFormatter(logging.Formatter):
    def __init__(self, redaction: Redaction) -> None:
        super().__init__("%(message)s")
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event = getattr(record, "event", None) or {
            "level": record.levelname.lower(),
            "event": self._redaction.text(super().format(record)),
            "logger": record.name,
        }
        return json.dumps({"time": at, **event}, ensure_ascii=False, default=str)
