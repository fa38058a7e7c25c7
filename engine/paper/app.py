"""The paper platform over HTTP: the webhook, and what came by it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from functools import partial

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import SecretStr
from starlette.requests import ClientDisconnect

from engine.errors import StoreError
from engine.paper.access import BEARER, NO_TOKEN, Gate
from engine.paper.api import api_of
from engine.paper.contract import TAKEN, message_schema, refusals
from engine.paper.drill import Drill, drill_api
from engine.paper.ledger import Ledger
from engine.paper.reception import Reception
from engine.paper.settings import PaperConnector

PATH = "/trading-signal/webhook"
MOST_BYTES = 64 * 1024
_MOST_DRAINED = 1024 * 1024  # read but not kept, so that the sender sees the answer and not a reset connection
_BODY_S = 3.0  # shorter than the server's grace at its end, so that no half-sent request is cut off there

_log = logging.getLogger(__name__)


def create_app(
    connectors: Mapping[str, PaperConnector],
    ledger: Ledger,
    *,
    api_token: SecretStr | None = None,
    drill: Drill | None = None,
) -> FastAPI:
    """Give the app; connectors by name. The caller closes the ledger after the last request.

    With `api_token` the JSON API answers only to whoever has it; with `drill` faults can be switched on.
    """
    app = FastAPI(title="signal-engine paper platform", docs_url=None, redoc_url=None, responses=refusals(503))
    reception = Reception(connectors, ledger)

    @app.exception_handler(StoreError)
    async def _no_ledger(_request: Request, error: Exception) -> Response:
        _log.error("%s", error)
        return _json(503, {"error": "the ledger cannot be used, so nothing was accepted"})

    body = {"required": True, "content": {"application/json": {"schema": message_schema(syncs=ledger.syncs)}}}

    @app.post(
        PATH,
        response_class=Response,
        responses=TAKEN | refusals(400, 401, 408, 413, 415, 422),
        openapi_extra={"requestBody": body},
    )
    async def webhook(request: Request) -> Response:
        """Take one message; the answer to a valid one is `ok`."""
        try:
            async with asyncio.timeout(_BODY_S):
                sent = await _body(request)
        except ClientDisconnect:
            return _json(400, {"error": "the sender went away"})
        except TimeoutError:
            return _json(408, {"error": f"the body was not there within {_BODY_S:g} s"}, {"Connection": "close"})
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        take = partial(_take, reception, kind, sent)
        return await (take() if drill is None else drill.around(request, take))

    @app.get("/health")
    def health() -> dict[str, object]:
        """Tell that the ledger can be used, and the number of its newest entry."""
        return {"status": "ok", "last": ledger.last_sequence()}

    app.add_middleware(Gate, token=api_token)
    routers = [api_of(ledger), *([] if drill is None else [drill_api(drill)])]
    for router in routers:
        if api_token is None:
            app.include_router(router)
        else:
            app.include_router(router, dependencies=[Depends(BEARER)], responses=NO_TOKEN)
    return app


async def _take(reception: Reception, kind: str, body: bytes | None) -> Response:
    """Have a message judged, and answer when that is on the disk. Errors: StoreError."""
    if kind != "application/json":
        answer, kept = reception.refuse(415, "the content type must be application/json")
    elif body is None:
        answer, kept = reception.refuse(413, f"the body is over {MOST_BYTES // 1024} KiB")
    else:
        answer, kept = reception.judge(body)
    await asyncio.wrap_future(kept)
    if answer.accepted:
        return PlainTextResponse("ok")
    return _json(answer.status, answer.document(), {"Connection": "close"} if body is None else None)


async def _body(request: Request) -> bytes | None:
    """The whole body, or None where it is too long."""
    kept, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= MOST_BYTES:
            kept += chunk
        elif length > _MOST_DRAINED:
            break
    return bytes(kept) if length <= MOST_BYTES else None


def _json(status: int, document: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(document), status, headers, media_type="application/json")
