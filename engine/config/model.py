"""The shape of a config: where a strategy's candles come from and where its messages go."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.config.connector import Connector, is_loopback


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ExchangeConfig(_Strict):
    """Whose candles are read."""

    id: str = Field(description="As ccxt calls it, such as binanceusdm; or 'sample', the synthetic market.")
    options: dict[str, object] = Field(
        default={}, description="Passed to ccxt's constructor: proxies, hosts, sandboxes, and ccxt's own options."
    )


class Route(_Strict):
    """One strategy on one symbol, sent to one connector."""

    strategy: str = Field(description="Path of the rule file, from where this config stands.")
    symbol: str = Field(description="As ccxt writes it, such as BTC/USDT:USDT (perpetual) or BTC/USDT (spot).")
    connector: str = Field(description="One of the names under 'connectors'.")
    params: dict[str, float] = {}


class PaperConfig(_Strict):
    """Our own receiver, started beside the engine on loopback."""

    port: int = Field(default=8790, ge=0, le=65535)
    ledger: str = Field(default="../state/paper-ledger.db", description="Where received messages are kept.")


class RunConfig(_Strict):
    """All that `signal-engine run` needs to know. Two modes differ in a few lines, never in the strategy."""

    mode: Literal["paper", "live"]
    state: str = Field(description="Path of the engine's state (SQLite), from where this config stands.")
    exchange: ExchangeConfig
    connectors: dict[str, Connector]
    routes: list[Route] = Field(min_length=1)
    paper: PaperConfig | None = None
    capital: float = Field(default=10_000, gt=0, description="What the engine believes there is to trade with.")
    tick_seconds: float = Field(default=1.0, ge=0.01, le=60, description="How often it looks for closed candles.")

    @model_validator(mode="after")
    def _routes_fit(self) -> RunConfig:
        used: dict[str, Route] = {}
        for route in self.routes:
            if route.connector not in self.connectors:
                there = ", ".join(self.connectors) or "none"
                raise ValueError(f"a route names connector '{route.connector}'; there is {there}")
            if route.connector in used:
                both = f"{used[route.connector].symbol} and {route.symbol}"
                raise ValueError(
                    f"connector '{route.connector}' has two routes ({both}); a message names no symbol, so each route "
                    "needs a connector of its own"
                )
            used[route.connector] = route
        return self

    @model_validator(mode="after")
    def _mode_fits(self) -> RunConfig:
        if self.mode == "live" and self.paper is not None:
            raise ValueError("a live config cannot have 'paper': its messages go to the real platform")
        if self.mode == "live" and self.exchange.id == "sample":
            raise ValueError("a live config cannot trade on the sample market, which is synthetic")
        for alias, connector in self.connectors.items() if self.mode == "paper" else ():
            if not is_loopback(urlsplit(connector.url).hostname or ""):
                raise ValueError(
                    f"connector '{alias}' leads to {connector.url}; in paper mode nothing leaves this machine"
                )
            if self.paper and self.paper.port not in (0, urlsplit(connector.url).port):
                raise ValueError(
                    f"connector '{alias}' leads to {connector.url}, and 'paper' listens on {self.paper.port}"
                )
        return self
