"""The paper platform as a server, on loopback or where others reach it, that stops when asked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

import uvicorn

from engine.config.connector import is_loopback
from engine.errors import InvalidInputError, RefusedError
from engine.paper.app import create_app
from engine.paper.drill import Drill
from engine.paper.feed import Feed
from engine.paper.ledger import Ledger
from engine.paper.settings import PaperSettings

_GRACE_S = 4  # for requests that are under way; the whole stop is over within 5 s


def serve(settings: PaperSettings, on_ready: Callable[[str], None] = lambda _url: None) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` is given the address once requests are answered.

    Errors: RefusedError for a host that others can reach without an `api_token`, or a ledger that another process uses;
    InvalidInputError where host and port cannot be had; StoreError.
    """
    if not is_loopback(settings.host) and settings.api_token is None:
        raise RefusedError(
            f"'{settings.host}' can be reached by others, who could read and feed every account; "
            "give paper: {api_token: ${PAPER_API_TOKEN}} in the config, or listen on 127.0.0.1"
        )
    listener = _listen(settings.host, settings.port)
    drill = Drill(settings.fault) if settings.drill or settings.fault else None
    with ExitStack() as stack:
        stack.enter_context(listener)
        ledger = open_ledger(settings)
        stack.callback(ledger.close)
        if settings.exchanges:
            feed = Feed(ledger, settings.connectors, settings.exchanges, tickers=settings.tickers)
            feed.start()
            stack.callback(feed.stop)
        config = uvicorn.Config(
            create_app(settings.connectors, ledger, api_token=settings.api_token, drill=drill),
            access_log=False,
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            ws="none",
        )
        on_stop = (lambda: None) if drill is None else drill.release
        _Server(config, lambda: on_ready(_url(listener)), on_stop).run(sockets=[listener])


def open_ledger(settings: PaperSettings) -> Ledger:
    """Open the ledger that the settings name. Errors: StoreError, RefusedError."""
    return Ledger(
        settings.ledger,
        settings.connectors,
        account=settings.account,
        capital=settings.capital,
        fed=bool(settings.exchanges),
    )


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and when it stops, and returns after a signal instead of raising it again."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready, self._on_stop = on_ready, on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        self._on_stop()
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:  # localhost
        version = 4
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if version == 6 else socket.AF_INET)
    except OSError as error:
        reason = f"cannot listen on {host} port {port}: {error.strerror or error}"
        raise InvalidInputError(f"{reason}; choose another port, or 0 for a free one") from None


def _url(listener: socket.socket) -> str:
    """Give the address by which this machine reaches it."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
