"""What a route is, before anything was asked of the exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.rules import Rule


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """A strategy on a symbol of an exchange ("" is the config's own), its messages sent to a connector."""

    symbol: str
    connector: str
    rule: Rule
    params: Mapping[str, float] = field(default_factory=dict)
    exchange: str = ""

    @property
    def key(self) -> str:
        """The name under which its state is kept."""
        return f"{self.rule.name} {self.symbol} {self.rule.timeframe}"
