"""Platforms for the page's sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.config import AccountConfig
from tests.paper.platform import Platform

Make = Callable[[AccountConfig], Platform]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Platform] = []

    def start(account: AccountConfig) -> Platform:
        made.append(Platform(tmp_path, account))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture
def page(make: Make) -> Platform:
    """A platform whose two markets stand at 100, with 10,000 in each account, and no costs."""
    platform = make(AccountConfig(commission_percent=0))
    for connector in ("btc-perp", "eth-spot"):
        platform.candle_count = 0
        platform.still(100, connector)
    return platform
