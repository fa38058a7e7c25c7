"""`run`: the doorbell rings until someone says stop, or something that must not go on happened."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Protocol

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_REMOVED,
    EVENT_SCHEDULER_SHUTDOWN,
    JobExecutionEvent,
    SchedulerEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from engine.adapters.clocks import steady_ms
from engine.app.rings import Rings
from engine.errors import SignalEngineError
from engine.ports import Notice

Tick = Callable[[], Awaitable[None]]


class Served(Protocol):
    """What is served: a System, as far as the doorbell has to do with it."""

    def check(self) -> None:
        """Look whether everything still runs. Errors: what must end the service."""
        ...

    def noticed(self, notice: Notice) -> None:
        """Count and tell what nobody must be blind to."""
        ...

    def stop_entries(self, reason: str) -> None:
        """Send no entry from now on."""
        ...

    async def close_markets(self) -> None:
        """Let go of the connections to the exchanges."""
        ...


LAST_TICK_S = 1.0  # how long a cancelled tick may take to end


def serve(system: Served, tick: Tick, *, tick_seconds: float) -> None:
    """Ring until SIGINT, SIGTERM, or a failure. Errors: whatever a tick or the delivery raised.

    A tick that is under way when the signal comes is cancelled: all that it did is either durable or not begun.
    """
    asyncio.run(_serve(system, tick, tick_seconds))


async def _serve(system: Served, tick: Tick, tick_seconds: float) -> None:
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
        if stop.is_set():
            return
        rings.ring(steady_ms())
        try:
            system.check()
            ticking[:] = [asyncio.create_task(_awaited(tick))]
            await ticking[0]
        except Finished:
            stop.set()
        except asyncio.CancelledError:
            return  # by us, at the end

    def ended(event: JobExecutionEvent | SchedulerEvent) -> None:
        # APScheduler swallows what a job raises, even SystemExit, and the process would live on, blind.
        if not stop.is_set():
            failure.append(getattr(event, "exception", None) or SignalEngineError("the scheduler has ended by itself"))
            stop.set()

    rings = Rings(tick_seconds * 1_000, system.noticed)
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_listener(ended, EVENT_JOB_ERROR | EVENT_JOB_REMOVED | EVENT_SCHEDULER_SHUTDOWN)
    scheduler.add_job(
        ring, IntervalTrigger(seconds=tick_seconds), max_instances=1, coalesce=True, misfire_grace_time=None
    )
    scheduler.start()
    try:
        await stop.wait()
    finally:
        stop.set()
        await _silence(scheduler, ticking)
        await system.close_markets()
    if failure:
        raise failure[0]


async def _silence(scheduler: AsyncIOScheduler, ticking: list[asyncio.Task[None]]) -> None:
    # The tick is cancelled, never APScheduler's own task around it, which would log that as an error.
    scheduler.remove_all_jobs()
    for task in ticking:
        task.cancel()
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=LAST_TICK_S)
    scheduler.shutdown(wait=False)


async def _awaited(tick: Tick) -> None:
    await tick()


class Finished(Exception):  # noqa: N818 - not an error: a tick says that there is nothing more to do
    """Raised by a tick that was the last."""
