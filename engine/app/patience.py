"""Asking an exchange again, later each time, until it answers or enough is enough."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from engine.errors import InvalidCandlesError, MarketDataError, MarketDataUnavailableError

T = TypeVar("T")
OnWait = Callable[[Exception, float], None]
_LONGEST_BAN_S = 600.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How often in a row something is asked for, and the pauses between, in seconds; they double, with jitter."""

    tries: int = 9
    first_s: float = 0.5
    longest_s: float = 30.0
    tries_of_faulty: int = 2  # of candles that are not whole: they rarely mend


class Persistence:
    """The tries of one task. What moves on in between calls `reset`."""

    def __init__(self, patience: Patience, on_wait: OnWait) -> None:
        """`on_wait` is told the error and the seconds of each pause."""
        self._patience, self._on_wait = patience, on_wait
        self.reset()

    def reset(self) -> None:
        """Count anew: something was answered."""
        self._failures = 0

    async def wait(self, error: Exception) -> None:
        """Pause after an error. Errors: the same error where asking again does not help, or did not."""
        self._failures += 1
        pause = min(self._patience.longest_s, self._patience.first_s * 2 ** (self._failures - 1))
        pause *= random.uniform(0.5, 1)  # noqa: S311 - jitter
        if isinstance(error, InvalidCandlesError):
            if self._failures >= self._patience.tries_of_faulty:
                raise error
        elif not isinstance(error, MarketDataUnavailableError):
            raise error
        else:
            if self._failures >= self._patience.tries:
                said = str(error).removesuffix("; it will be asked again")
                raise MarketDataError(f"{said}; asked {self._failures} times in a row, given up") from error
            pause = max(pause, min(error.retry_after_s or 0.0, _LONGEST_BAN_S))
        self._on_wait(error, pause)
        await asyncio.sleep(pause)

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Give the answer, however often it has to be asked for. Errors: those of `wait`."""
        while True:
            try:
                answer = await question()
            except (MarketDataError, InvalidCandlesError) as error:
                await self.wait(error)
            else:
                self.reset()
                return answer
