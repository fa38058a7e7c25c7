"""Where messages go."""

from __future__ import annotations

from typing import Protocol

from engine.delivery import Exchange


class Sender(Protocol):
    """POSTs to one connector."""

    def post(self, body: str) -> Exchange:
        """Send one message (its JSON without connector name and token) and tell what happened; never raises for it."""
        ...
