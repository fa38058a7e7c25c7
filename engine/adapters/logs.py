"""Logs for people on a terminal. Secrets are taken out at the sink, whatever put them in."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog
from pydantic import SecretStr

HIDDEN = "***"
_SHORTEST = 4  # a shorter secret would take half the words with it


def set_up_logs(secrets: Iterable[SecretStr], stream: TextIO | None = None) -> None:
    """Send structlog's events, and warnings of the libraries, to `stream` (standard error), without the secrets."""
    out = stream or sys.stderr
    hide = Redaction(secrets)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=True),
            structlog.processors.format_exc_info,
            hide,
            structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=30, sort_keys=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_HidingFormatter("%(asctime)s [%(levelname)s] %(name)s: %(message)s", hide))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a ring that comes late is counted by the watermark


class Redaction:
    """Takes secrets out of log events, at any depth."""

    def __init__(self, secrets: Iterable[SecretStr]) -> None:
        """Remember what to hide; what is shorter than 4 characters cannot be hidden and stays."""
        texts = (secret.get_secret_value() for secret in secrets)
        self._secrets = sorted((text for text in texts if len(text) >= _SHORTEST), key=len, reverse=True)

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Work as a structlog processor."""
        return {key: self._clean(value) for key, value in event.items()}

    def text(self, text: str) -> str:
        """Give the text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def _clean(self, value: object) -> object:
        if isinstance(value, dict):
            return {key: self._clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(inner) for inner in value]
        return value if isinstance(value, int | float | None) else self.text(str(value))


class _HidingFormatter(logging.Formatter):
    def __init__(self, pattern: str, hide: Redaction) -> None:
        super().__init__(pattern)
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        return self._hide.text(super().format(record))
