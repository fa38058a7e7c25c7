"""What the platform does wrong on purpose, so that whoever sends to it can be seen to bear it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from engine.paper.documents import NO_BODY
from engine.paper.faults import MOST_S, Fault, FaultKind

_LOOK_EVERY_S = 0.05
_SORRY = "<!doctype html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"
_log = logging.getLogger(__name__)

Take = Callable[[], Awaitable[Response]]
"""Take the message that came, and give the answer to it."""


class DrillDocument(BaseModel):
    """The fault that is set, None if none; and how many messages one has happened to since the start."""

    fault: Fault | None
    done: int


class Drill:
    """The fault that is set now. Everything but `release` is called in the server's own loop."""

    def __init__(self, fault: Fault | None = None) -> None:
        """Begin with a fault, or with none."""
        self._fault = fault
        self._left = None if fault is None else fault.times
        self._done = 0
        self._released = False

    def release(self) -> None:
        """Let go of all that waits: the server is about to stop."""
        self._released = True

    def set(self, fault: Fault | None) -> DrillDocument:
        """Let this happen to messages that come from now on; None: nothing."""
        self._fault, self._left = fault, None if fault is None else fault.times
        return self.shown()

    def shown(self) -> DrillDocument:
        """Give what is set, with what is left of `times`."""
        fault = self._fault and self._fault.model_copy(update={"times": self._left})
        return DrillDocument(fault=fault, done=self._done)

    async def around(self, request: Request, take: Take) -> Response:
        """Take a message, or not, and answer it as the fault wants it."""
        fault = self._next()
        if fault is None:
            return await take()
        _log.warning("drill: %s", fault.fault if not fault.after_the_fact else f"{fault.fault}, after the fact")
        if fault.fault is FaultKind.TWICE:
            await take()
            return await take()
        answer = await take() if fault.after_the_fact else None
        if fault.fault is FaultKind.LATE:
            await self._pause(fault.seconds)
            return answer or await take()
        if fault.fault is FaultKind.NEVER:
            await self._pause(MOST_S, request)
            return Response('{"error": "the platform stops"}', 503, media_type="application/json")
        if fault.fault is FaultKind.HTML:
            return Response(_SORRY, media_type="text/html")
        return Response('{"error": "internal server error"}', 500, media_type="application/json")

    def _next(self) -> Fault | None:
        fault = self._fault
        if fault is not None:
            self._done += 1
            if self._left is not None:
                self._left -= 1
                if not self._left:
                    self._fault = None
        return fault

    async def _pause(self, seconds: float, request: Request | None = None) -> None:
        """Wait so long; with a request only until its sender has gone."""
        end = time.monotonic() + seconds
        while not self._released and (left := end - time.monotonic()) > 0:
            if request is not None and await request.is_disconnected():
                return
            await asyncio.sleep(min(_LOOK_EVERY_S, left))


def drill_api(drill: Drill) -> APIRouter:
    """Give the routes that switch faults while the platform runs."""
    api = APIRouter(prefix="/api/drill")

    @api.get("")
    async def _shown() -> DrillDocument:
        """Tell what goes wrong now."""
        return drill.shown()

    @api.put("", responses=NO_BODY)
    async def _set(fault: Fault) -> DrillDocument:
        """Let this go wrong from now on."""
        return drill.set(fault)

    @api.delete("")
    async def _heal() -> DrillDocument:
        """Let nothing go wrong any more."""
        return drill.set(None)

    return api
