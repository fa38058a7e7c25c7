from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from engine.adapters.logs import set_up_logs

CANARY = "canary-86c1d2"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    made = io.StringIO()
    set_up_logs([SecretStr(CANARY)], made)
    yield made
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


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
