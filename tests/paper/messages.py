"""What the tests of the paper platform send."""

from __future__ import annotations

from engine.market import MarketKind
from engine.paper.settings import PaperConnector

TOKEN = "canary-77e1-paper-token"  # noqa: S105 - a canary
OTHER_TOKEN = "canary-93b0-other-token"  # noqa: S105 - a canary

CONNECTORS = {
    "btc-perp": PaperConnector(token=TOKEN, market=MarketKind.FUTURES),
    "eth-spot": PaperConnector(token=OTHER_TOKEN, market=MarketKind.SPOT),
}


def futures(action: str = "openLong", **fields: object) -> dict[str, object]:
    """Give a message of the futures connector."""
    return {"connectorName": "btc-perp", "connectorToken": TOKEN, "action": action, **fields}


def spot(action: str = "buy", **fields: object) -> dict[str, object]:
    """Give a message of the spot connector."""
    return {"connectorName": "eth-spot", "connectorToken": OTHER_TOKEN, "action": action, **fields}
