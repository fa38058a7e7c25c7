"""Logs for people on a terminal. Secrets are taken out at the sink, whatever put them in."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog
from pydantic import SecretStr

from engine.adapters.redaction import Redaction


def set_up_logs(secrets: Iterable[SecretStr], stream: TextIO | None = None) -> None:
    """Send structlog's events, and warnings of the libraries, to `stream` (standard error), without the secrets."""
    out = stream or sys.stderr
    redaction = Redaction(secret.get_secret_value() for secret in secrets)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=True),
            structlog.processors.format_exc_info,
            Hiding(redaction),
            structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=30, sort_keys=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_HidingFormatter("%(asctime)s [%(levelname)s] %(name)s: %(message)s", redaction))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a ring that comes late is counted by the watermark


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


class _HidingFormatter(logging.Formatter):
    def __init__(self, pattern: str, redaction: Redaction) -> None:
        super().__init__(pattern)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction.text(super().format(record))
