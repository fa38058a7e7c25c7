"""Messages to one connector, over HTTP."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

import requests

from engine.adapters.http_exchange import Watch, session
from engine.config import SEED, Connector, Profile
from engine.delivery import Exchange, Phase
from engine.errors import InvalidMessageError
from engine.webhook.render import render, render_headers

_BODY_LIMIT = 64 * 1024
_EXCERPT = 200
_PIECE = 8 * 1024


class HttpSender:
    """engine.ports.Sender: POSTs to one connector, each message over a connection of its own.

    Redirects are not followed, TLS is verified, proxies and passwords of the environment are not used, at most 64 KiB
    of an answer are read, and `deadline_s` bounds the whole exchange (see Watch for how).
    """

    def __init__(
        self,
        connector: Connector,
        *,
        user_agent: str = "signal-engine",
        connect_timeout_s: float = 3.0,
        deadline_s: float = 8.0,
        profile: Profile = SEED,
        watch: Callable[[float, float], Watch] = Watch,
    ) -> None:
        """Send to `connector`, written as `profile` says; the times are seconds.

        `watch` makes the watch of each exchange from both of them.
        """
        self._url = connector.url
        self._token = connector.token.get_secret_value()
        self._connect_timeout_s = connect_timeout_s
        self._deadline_s = deadline_s
        self._watch = watch
        self._profile = profile
        self._known = {"name": connector.name, "token": self._token, **connector.values}
        self._headers = render_headers(profile, self._known) | {
            "Content-Type": "application/json",
            "User-Agent": user_agent,
            "Accept-Encoding": "identity",
            "Connection": "close",
        }

    def post(self, body: str) -> Exchange:
        """Send one message (its JSON without connector name and token) and tell what happened.

        Neither token nor the query of the address stands in what comes back. Errors: ValueError where `body` is no JSON
        object; nothing for what happens on the way.
        """
        try:
            data = self._written(body)
        except InvalidMessageError as error:
            return Exchange(Phase.REFUSED, self._hide(str(error)))
        with self._watch(self._connect_timeout_s, self._deadline_s) as watch:
            status: int | None = None
            try:
                with (
                    session(watch) as opened,
                    opened.post(
                        self._url,
                        data=data,
                        headers=self._headers,
                        stream=True,
                        allow_redirects=False,
                        timeout=(self._connect_timeout_s, self._deadline_s),
                    ) as answer,
                ):
                    status = answer.status_code
                    text = self._hide(_text(answer))
                    retry_after_s = _retry_after_s(answer.headers.get("Retry-After"))
            except Exception as error:  # noqa: BLE001 - what may have left counts, whichever error ends it
                why = f"no whole answer within {self._deadline_s:g} s" if watch.over() else _reason(error)
                phase = Phase.NOT_SENT if watch.not_sent else Phase.MAYBE_SENT
                return Exchange(phase, self._hide(why if status is None else f"HTTP {status}, then {why}"), status)
            if watch.cut:  # an answer that ends where the connection does looks whole when we cut it
                why = f"HTTP {status}, then no whole answer within {self._deadline_s:g} s"
                return Exchange(Phase.MAYBE_SENT, why, status)
        excerpt = " ".join(text[:_EXCERPT].split())
        return Exchange(Phase.ANSWERED, f"HTTP {status}: {excerpt}", status, text, retry_after_s)

    def _written(self, body: str) -> bytes:
        try:
            message = json.loads(body)
        except ValueError:
            message = None
        if not isinstance(message, dict) or not message:
            raise ValueError("a message is a JSON object with at least one field")
        sent_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        document = render(self._profile, message, {**self._known, "sentAt": sent_at})
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    def _hide(self, text: str) -> str:
        written = [json.dumps(self._token, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)]
        secrets = [self._token, *written, quote(self._token, safe=""), urlsplit(self._url).query]
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _text(answer: requests.Response) -> str:
    raw = bytearray()
    for piece in answer.raw.stream(_PIECE, decode_content=False):
        raw += piece
        if len(raw) >= _BODY_LIMIT:
            break
    content = bytes(raw[:_BODY_LIMIT])
    if answer.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "deflate"):
        content = _unpacked(content)
    return content.decode("utf-8", errors="replace")


def _unpacked(content: bytes) -> bytes:
    # Packed although we asked for plain text. Unpacked under the same cap; what is no such stream stays as it is.
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(content, _BODY_LIMIT)
    except zlib.error:
        return content


def _retry_after_s(text: str | None) -> float | None:
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text[:12])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _reason(error: BaseException) -> str:
    """Say why, by the first cause: the outer exceptions of requests carry the address with its query."""
    seen = [error]
    while (cause := seen[-1].__cause__ or seen[-1].__context__) is not None:
        seen.append(cause)
    for first in reversed(seen):
        if isinstance(first, ssl.SSLError):
            return f"TLS: {getattr(first, 'verify_message', '') or first.reason or 'handshake failed'}"
        if isinstance(first, TimeoutError):
            return "timed out"
        if isinstance(first, http.client.RemoteDisconnected):
            return "closed without an answer"
        if isinstance(first, OSError) and first.strerror:
            return first.strerror
    return type(seen[-1]).__name__
