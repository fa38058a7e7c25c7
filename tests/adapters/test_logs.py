from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from engine.adapters.logs import set_up_logs
from engine.errors import InvalidInputError

CANARY = "canary-86c1d2"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    made = io.StringIO()
    set_up_logs([SecretStr(CANARY)], made)
    yield made
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()
    sys.excepthook = sys.__excepthook__


def test_a_secret_is_taken_out_wherever_it_stands(stream: io.StringIO) -> None:
    """Neither as a value, nor inside a list, a mapping, a text or a key's value does the token reach the log."""
    log = structlog.get_logger()
    log.info(f"event with {CANARY}", plain=CANARY, inside=[{"deep": f"x{CANARY}y"}], number=3)
    assert CANARY not in stream.getvalue()
    assert "number=3" in stream.getvalue()


def test_a_secret_in_a_traceback_is_taken_out(stream: io.StringIO) -> None:
    """An exception whose text carries the token is logged without it."""
    try:
        raise ValueError(f"bad token {CANARY}")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("some.library").exception("failed with %s", CANARY)
    assert "ValueError" in stream.getvalue()
    assert CANARY not in stream.getvalue()


def test_warnings_of_libraries_are_shown_and_chatter_is_not(stream: io.StringIO) -> None:
    """Libraries speak from warnings on; a ring that comes late is no warning."""
    logging.getLogger("some.library").warning("look here")
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("apscheduler.scheduler").warning("skipped")
    assert "look here" in stream.getvalue()
    assert "chatter" not in stream.getvalue()
    assert "skipped" not in stream.getvalue()


def test_a_file_gets_every_event_as_json(tmp_path: Path) -> None:
    """A line an event, with time, level and fields, those of libraries too; no secret in any of them."""
    file = tmp_path / "new" / "engine.log"
    set_up_logs([SecretStr(CANARY)], io.StringIO(), file)
    try:
        structlog.get_logger().info("candle closed", ids=["a1"], close=1.5, secret=CANARY)
        logging.getLogger("some.library").warning("look at %s", CANARY)
        raise ValueError(CANARY)
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        structlog.reset_defaults()
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers.clear()
        sys.excepthook = sys.__excepthook__
    assert CANARY not in file.read_text()
    first, second, third = (json.loads(line) for line in file.read_text().splitlines())
    assert abs(datetime.fromisoformat(first.pop("time")).timestamp() - time.time()) < 60
    wanted = {"level": "info", "event": "candle closed", "ids": ["a1"], "close": 1.5, "secret": "[token]"}
    assert first == wanted
    assert (second["level"], second["event"], second["logger"]) == ("warning", "look at [token]", "some.library")
    assert third["exception"].endswith("ValueError: [token]\n")


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Where it would lie is a file: said with the path, before anything starts."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidInputError, match="the log cannot be written there"):
        set_up_logs([], io.StringIO(), tmp_path / "taken" / "engine.log")
