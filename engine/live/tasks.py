"""Work that goes on beside the ticks: one route that waits for its exchange holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

Work = Callable[[], Coroutine[None, None, None]]


class Tasks:
    """Begins each named piece of work once at a time."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._running: dict[str, asyncio.Task[None]] = {}

    def begin(self, name: str, work: Work) -> None:
        """Begin it, unless it is still under way from before."""
        if name not in self._running:
            self._running[name] = asyncio.create_task(work())

    async def wait(self, timeout_s: float) -> None:
        """Wait until all that runs has ended, so long at most. Errors: the first that any raised; the rest ends."""
        try:
            if self._running:
                await asyncio.wait(list(self._running.values()), timeout=timeout_s)
            for name, task in list(self._running.items()):
                if task.done():
                    del self._running[name]
                    if not task.cancelled():
                        task.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all that runs: what it did is durable, or not begun."""
        for task in self._running.values():
            task.cancel()
        self._running.clear()
