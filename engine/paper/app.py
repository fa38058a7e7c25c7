"""The paper platform over HTTP: the webhook, and what came by it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from engine.errors import StoreError
from engine.paper.api import api_of
from engine.paper.incoming import FIELDS, MANDATORY, STRINGS
from engine.paper.ledger import Ledger
from engine.paper.reception import Reception
from engine.paper.settings import PaperConnector

PATH = "/trading-signal/webhook"
MOST_BYTES = 64 * 1024
_MOST_DRAINED = 1024 * 1024  # read but not kept, so that the sender sees the answer and not a reset connection
_BODY_S = 3.0  # shorter than the server's grace at its end, so that no half-sent request is cut off there

_log = logging.getLogger(__name__)
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": list(MANDATORY),
    "properties": {field: {"type": "string" if field in STRINGS else "number"} for field in FIELDS},
}


def create_app(connectors: Mapping[str, PaperConnector], ledger: Ledger) -> FastAPI:
    """Give the app; connectors by name. The caller closes the ledger after the last request."""
    app = FastAPI(title="signal-engine paper platform", docs_url=None, redoc_url=None)
    reception = Reception(connectors, ledger)

    @app.exception_handler(StoreError)
    async def _no_ledger(_request: Request, error: Exception) -> Response:
        _log.error("%s", error)
        return _json(503, {"error": "the ledger cannot be used, so nothing was accepted"})

    body_schema = {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}

    @app.post(PATH, response_class=PlainTextResponse, openapi_extra={"requestBody": body_schema})
    async def webhook(request: Request) -> Response:
        """Take one message; the answer to a valid one is `ok`."""
        try:
            async with asyncio.timeout(_BODY_S):
                body = await _body(request)
        except ClientDisconnect:
            return _json(400, {"error": "the sender went away"})
        except TimeoutError:
            return _json(408, {"error": f"the body was not there within {_BODY_S:g} s"}, {"Connection": "close"})
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            answer, kept = reception.refuse(415, "the content type must be application/json")
        elif body is None:
            answer, kept = reception.refuse(413, f"the body is over {MOST_BYTES // 1024} KiB")
        else:
            answer, kept = reception.judge(body)
        await asyncio.wrap_future(kept)
        if answer.accepted:
            return PlainTextResponse("ok")
        return _json(answer.status, answer.document(), {"Connection": "close"} if body is None else None)

    @app.get("/health")
    def health() -> dict[str, object]:
        """Tell that the ledger can be used, and the number of its newest entry."""
        return {"status": "ok", "last": ledger.last_sequence()}

    app.include_router(api_of(ledger))
    return app


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
