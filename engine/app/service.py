"""`run`: the doorbell rings until someone says stop, or something that must not go on happened."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from engine.app.system import System

Tick = Callable[[], Awaitable[None]]


def serve(system: System, tick: Tick | None = None, *, tick_seconds: float) -> None:
    """Ring until SIGINT, SIGTERM, or a failure. Errors: whatever a tick or the delivery raised.

    A tick that is under way when the signal comes is cancelled: all that it did is either durable or not begun.
    """
    asyncio.run(_serve(system, tick or system.engine.tick, tick_seconds))


async def _serve(system: System, tick: Tick, tick_seconds: float) -> None:
    stop = asyncio.Event()
    failure: list[BaseException] = []
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    async def ring() -> None:
        # APScheduler swallows what a job raises, and the process would live on, blind.
        try:
            if system.delivery.failure is not None:
                raise system.delivery.failure
            await tick()
        except Finished:
            stop.set()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - kept and raised below
            failure.append(error)
            stop.set()

    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        ring, IntervalTrigger(seconds=tick_seconds), max_instances=1, coalesce=True, misfire_grace_time=None
    )
    scheduler.start()
    try:
        await stop.wait()
    finally:
        scheduler.shutdown(wait=False)
        current = asyncio.current_task()
        under_way = [task for task in asyncio.all_tasks() if task is not current]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await system.market.close()
    if failure:
        raise failure[0]


class Finished(Exception):  # noqa: N818 - not an error: a tick says that there is nothing more to do
    """Raised by a tick that was the last."""
