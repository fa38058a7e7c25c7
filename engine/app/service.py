"""`run`: the doorbell rings until someone says stop, or something that must not go on happened."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from engine.app.system import System

Tick = Callable[[], Awaitable[None]]
LAST_TICK_S = 1.0  # how long a cancelled tick may take to end


def serve(system: System, tick: Tick | None = None, *, tick_seconds: float) -> None:
    """Ring until SIGINT, SIGTERM, or a failure. Errors: whatever a tick or the delivery raised.

    A tick that is under way when the signal comes is cancelled: all that it did is either durable or not begun.
    """
    asyncio.run(_serve(system, tick or system.engine.tick, tick_seconds))


async def _serve(system: System, tick: Tick, tick_seconds: float) -> None:
    stop = asyncio.Event()
    failure: list[BaseException] = []
    ticking: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def stop_entries() -> None:
        try:
            system.stop_entries("signal SIGUSR1")
        except Exception as error:  # noqa: BLE001 - asyncio would only log it, and entries would go on
            failure.append(error)
            stop.set()

    # In the loop, never in the midst of a transaction of its thread.
    loop.add_signal_handler(signal.SIGUSR1, stop_entries)

    async def ring() -> None:
        # APScheduler swallows what a job raises, and the process would live on, blind.
        if stop.is_set():
            return
        try:
            system.check()
            ticking[:] = [asyncio.create_task(_awaited(tick))]
            await ticking[0]
        except Finished:
            stop.set()
        except asyncio.CancelledError:
            return  # by us, at the end
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
        # The tick is cancelled, never APScheduler's own task around it, which would log that as an error.
        scheduler.remove_all_jobs()
        for task in ticking:
            task.cancel()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=LAST_TICK_S)
        scheduler.shutdown(wait=False)
        await system.close_markets()
    if failure:
        raise failure[0]


async def _awaited(tick: Tick) -> None:
    await tick()


class Finished(Exception):  # noqa: N818 - not an error: a tick says that there is nothing more to do
    """Raised by a tick that was the last."""
