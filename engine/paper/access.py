"""Who may use the JSON API: everyone on this machine, or whoever has its token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from engine.paper.documents import no_such

NO_TOKEN = no_such(401, "Without the platform's token")
_bearer = HTTPBearer(auto_error=False, description="The platform's `api_token`; a connector's token is another.")


def bearer_of(token: SecretStr) -> Callable[[HTTPAuthorizationCredentials | None], None]:
    """Give the check of a request's `Authorization: Bearer TOKEN`: a 401 for any other, found in constant time."""
    expected = token.get_secret_value().encode()

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        said = b"" if given is None else given.credentials.encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(said, expected):
            why = "the API of this platform needs its token: Authorization: Bearer TOKEN"
            raise HTTPException(401, why, {"WWW-Authenticate": "Bearer"})

    return check
