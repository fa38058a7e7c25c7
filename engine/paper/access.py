"""Who may use the JSON API, and how much may be sent to it: both are looked at before a body is read."""

from __future__ import annotations

import hmac

from fastapi import HTTPException
from fastapi.security import HTTPBearer
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.paper.documents import no_such

MOST_BYTES = 4 * 1024 * 1024
NO_TOKEN = no_such(401, "Without the platform's token")
BEARER = HTTPBearer(auto_error=False, description="The platform's `api_token`; a connector's token is another.")
"""As OpenAPI has it; the gate checks it."""

_TOO_LONG = f"the body is over {MOST_BYTES // 1024**2} MiB"


class Gate:
    """Before everything under /api: a 401 for whoever has not the token, if there is one; a 413 for long bodies."""

    def __init__(self, app: ASGIApp, token: SecretStr | None) -> None:
        """Stand before `app`."""
        self._app = app
        self._token = None if token is None else token.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http" or not scope["path"].startswith("/api"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._admits(headers.get("authorization", "")):
            said = {"detail": "the API of this platform needs its token: Authorization: Bearer TOKEN"}
            await JSONResponse(said, 401, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
        elif int(headers.get("content-length", "0")) > MOST_BYTES:  # the server has seen to it that it is a number
            await JSONResponse({"detail": _TOO_LONG}, 413, {"Connection": "close"})(scope, receive, send)
        else:
            await self._app(scope, _bounded(receive), send)

    def _admits(self, authorization: str) -> bool:
        """Tell, in constant time, whether it is our token that is said."""
        if self._token is None:
            return True
        scheme, _, said = authorization.partition(" ")
        return hmac.compare_digest(said.encode("latin-1"), self._token) and scheme.lower() == "bearer"


def _bounded(receive: Receive) -> Receive:
    """Give the same body, as long as it is not too long. Errors: HTTPException 413."""
    length = 0

    async def bounded() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > MOST_BYTES:
            raise HTTPException(413, _TOO_LONG, {"Connection": "close"})
        return message

    return bounded
