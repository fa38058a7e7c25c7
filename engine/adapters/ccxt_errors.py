"""What an error of ccxt means for us: worth asking again, or final. ccxt's own tree does not tell.

It calls every 400, 403, 404 and 451 "exchange not available", and a 5xx whose body holds an unknown code a plain
error. So the HTTP status is kept with each exception, and decides together with an allowlist of classes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from ccxt.base import errors

from engine.errors import MarketDataError, MarketDataUnavailableError

_ALWAYS_AGAIN = (errors.RequestTimeout, errors.DDoSProtection, errors.RateLimitExceeded, errors.OnMaintenance)
_AGAIN_UNLESS_4XX = (errors.ExchangeNotAvailable, errors.BadResponse)
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_TEXT_AT_MOST = 300
_LIMITS_S = {429: 5.0, 418: 120.0}  # status, and how long it holds where the answer does not say
_BANNED_UNTIL = re.compile(r"banned until (\d{13})")  # Binance's words
_LONGEST_BAN_S = 3 * 86_400.0

FROM_CCXT = (errors.BaseError, *_UNREADABLE)
"""What ccxt raises: its own errors, and what its parsers stumble over in an answer that is not what it should be."""


class Strict:
    """Mixed into an exchange class of ccxt: tells what ccxt keeps to itself.

    Exceptions get `http_status` and, where the answer says how long to wait, `retry_after_s`. From a 429 or 418 on
    nothing leaves until the limit or ban is over, whoever asks: a request that is sent within makes it longer.
    """

    id: str
    tell_limit: Callable[[str], None]
    _retry_after_s: float | None = None
    _limited_until = 0.0  # monotonic seconds

    async def fetch(self, *request: Any) -> Any:
        """Refuse an answer that is not JSON: ccxt would hand a maintenance page on, and find no candles in it."""
        left = self._limited_until - time.monotonic()  # looked at here, after ccxt's own queue
        if left > 0:
            limited = errors.RateLimitExceeded(f"{self.id} limits us: nothing is asked for another {left:.1f} s")
            limited.retry_after_s = left
            raise limited
        answer = await super().fetch(*request)  # type: ignore[misc] # ccxt's class stands behind it
        if not isinstance(answer, dict | list):
            raise errors.BadResponse(f"{self.id} answered what is not JSON: {answer!r:.100}")
        return answer

    def parse_ohlcvs(self, rows: Any, market: Any = None, *window: Any) -> Any:
        """Give all the candles of a page, sorted; ccxt would leave out those without a time."""
        if not isinstance(rows, list):
            return super().parse_ohlcvs(rows, market, *window)  # type: ignore[misc] # ccxt's
        parsed = [self.parse_ohlcv(row, market) for row in rows]  # type: ignore[attr-defined] # ccxt's
        return sorted(parsed, key=lambda row: row[0] or 0)

    def handle_errors(self, code: int, *rest: Any) -> Any:
        """Let the exchange's class judge the answer (its code, reason, url, method, headers, ...)."""
        self._retry_after_s = _seconds(rest[3])
        return self._kept(code, super().handle_errors, code, *rest)  # type: ignore[misc] # ccxt's

    def handle_http_status_code(self, code: int, *rest: Any) -> Any:
        """Let ccxt judge the status where the exchange's class found nothing. Comes right after `handle_errors`."""
        return self._kept(code, super().handle_http_status_code, code, *rest)  # type: ignore[misc] # ccxt's

    def _kept(self, code: int, judge: Any, *arguments: Any) -> Any:
        try:
            return judge(*arguments)
        except errors.BaseError as error:
            error.http_status = code
            error.retry_after_s = self._retry_after_s
            if code in _LIMITS_S:
                error.retry_after_s = self._limited(code, str(error))
            raise

    def _limited(self, code: int, said: str) -> float:
        """Note until when nothing may leave: as the answer says, by header or in words, else for a usual time."""
        until_ms = _BANNED_UNTIL.search(said)
        wait = self._retry_after_s if self._retry_after_s is not None else _LIMITS_S[code]
        if until_ms is not None:
            wait = max(wait, min(int(until_ms[1]) / 1_000 - time.time(), _LONGEST_BAN_S))
        self._limited_until = max(self._limited_until, time.monotonic() + wait)
        self.tell_limit(f"status {code}; for {wait:.0f} s")
        return wait


def as_ours(exchange: str, error: Exception) -> MarketDataError:
    """Give the error of our tree for one of FROM_CCXT, saying which exchange, what happened, and what follows."""
    if isinstance(error, _UNREADABLE):
        what = f"its answer cannot be understood ({type(error).__name__}: {_readable(str(error))})"
        return MarketDataUnavailableError(f"{exchange}: {what}; it will be asked again")
    cause = f" ({_readable(str(error.__cause__)) or type(error.__cause__).__name__})" if error.__cause__ else ""
    said = _readable(str(error).removeprefix(f"{exchange} "))
    what = f"{exchange}: {type(error).__name__}: {said}{cause}"
    if _worth_asking_again(error):
        unavailable = MarketDataUnavailableError(f"{what}; it will be asked again")
        unavailable.retry_after_s = getattr(error, "retry_after_s", None)
        return unavailable
    return MarketDataError(f"{what}; asking again will not help")


def _worth_asking_again(error: Exception) -> bool:
    status = getattr(error, "http_status", None)
    if isinstance(error, _ALWAYS_AGAIN) or (status is not None and status >= 500):
        return True
    if isinstance(error, _AGAIN_UNLESS_4XX) or type(error) is errors.OperationFailed:
        return status is None or not 400 <= status < 500
    return isinstance(error.__cause__, aiohttp.ClientError) and not isinstance(error.__cause__, aiohttp.InvalidURL)


def _seconds(headers: Mapping[str, str] | None) -> float | None:
    told = {name.lower(): text for name, text in (headers or {}).items()}.get("retry-after", "")
    return float(told) if told.isdecimal() else None


def _readable(text: str) -> str:
    """Give the text on one line, short, without queries and passwords of URLs: both may hold secrets."""
    text = re.sub(r"(\w+://[^\s?#]+)[?#]\S*", r"\1", text)
    text = re.sub(r"(\w+://)[^/\s@]*@", r"\1", text)
    text = " ".join(text.split())
    return text if len(text) <= _TEXT_AT_MOST else text[:_TEXT_AT_MOST] + "..."
