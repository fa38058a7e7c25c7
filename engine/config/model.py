"""The shape of a config: where a strategy's candles come from and where its messages go."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from engine.config.account import AccountConfig
from engine.config.connector import Connector, is_loopback
from engine.config.safety import JournalConfig, SafetyConfig
from engine.documents import faults_at
from engine.documents.nodes import Path
from engine.documents.numbers import FilledNumber, FilledTruth, FilledWhole

Fault = tuple[Path, str]
_LEAST_TOKEN = 16


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class ExchangeConfig(_Strict):
    """Whose candles are read."""

    id: str = Field(description="As ccxt calls it, such as binanceusdm; or 'sample', the synthetic market.")
    options: dict[str, object] = Field(
        default={},
        repr=False,  # it may hold keys and passwords
        description="Passed to ccxt's constructor: proxies, hosts, sandboxes, and ccxt's own options.",
    )


class Route(_Strict):
    """One strategy on one symbol, sent to one connector."""

    strategy: str = Field(description="Path of the rule file, from where this config stands.")
    symbol: str = Field(description="As ccxt writes it, such as BTC/USDT:USDT (perpetual) or BTC/USDT (spot).")
    connector: str = Field(description="One of the names under 'connectors'.")
    exchange: str | None = Field(
        default=None, description="One of the names under 'exchanges'; else the config's 'exchange'.", examples=["cb"]
    )
    params: dict[str, FilledNumber] = {}


class PaperConfig(_Strict):
    """Our own receiver, started beside the engine."""

    port: FilledWhole = Field(default=8790, ge=0, le=65535)
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Where it listens. A host that others can reach needs 'api_token'.",
    )
    api_token: SecretStr | None = Field(
        default=None, description="Asked of whoever reads its JSON API; write ${NAME} and set it outside."
    )
    drill: FilledTruth = Field(default=False, description="Whether faults can be switched on at /api/drill.")
    ledger: str = Field(default="../state/paper-ledger.db", description="Where messages, orders and fills are kept.")
    account: AccountConfig = Field(default=AccountConfig(), description="What the accounts of all connectors go by.")
    prices: Literal["candles", "tickers"] = Field(
        default="candles",
        description="What orders meet: the exchange's public 1-minute candles, or its tickers, asked for every second.",
    )

    @property
    def reached_by_others(self) -> bool:
        """Whether it listens where other machines may reach it."""
        return not is_loopback(self.host)

    @field_validator("api_token")
    @classmethod
    def _hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        text = "" if token is None else token.get_secret_value()
        if token is not None and (
            len(text) < _LEAST_TOKEN or not text.isascii() or not text.isprintable() or " " in text
        ):
            raise ValueError(
                f"it must be {_LEAST_TOKEN} letters, digits and signs or more, without blanks; "
                "to make one: python3 -c 'import secrets; print(secrets.token_urlsafe())'"
            )
        return token

    @model_validator(mode="after")
    def _reached_with_token_only(self) -> PaperConfig:
        if self.reached_by_others and self.api_token is None:
            message = f"'{self.host}' can be reached by others, who could read and feed every account"
            raise faults_at([(("host",), f"{message}; give 'api_token' beside it, or listen on 127.0.0.1")])
        return self


class RunConfig(_Strict):
    """All that `signal-engine run` needs to know. Two modes differ in a few lines, never in the strategy."""

    mode: Literal["paper", "live"]
    state: str = Field(min_length=1, description="Path of the engine's state (SQLite), from where this config stands.")
    exchange: ExchangeConfig
    exchanges: dict[str, ExchangeConfig] = Field(
        default={}, description="More exchanges, by names of yours, for routes that say 'exchange: NAME'."
    )
    connectors: dict[str, Connector]
    routes: list[Route] = Field(min_length=1)
    paper: PaperConfig | None = None
    capital: FilledNumber = Field(default=10_000, gt=0, description="What the engine believes there is to trade with.")
    settle_seconds: FilledNumber = Field(
        default=1.0, ge=0, le=60, description="How long after its close a candle counts as settled."
    )
    gaps: Literal["skip", "fill"] = Field(
        default="skip",
        description="Where a candle never comes: 'skip' its bar, and enter nothing while it is missing in the warm-up; "
        "or 'fill' it with a flat one without volume, for markets that often rest.",
    )
    safety: SafetyConfig = SafetyConfig()
    journal: JournalConfig = JournalConfig()
    log: str | None = Field(
        default=None,
        min_length=1,
        description="A file that gets the log as JSON, an event a line, besides the terminal.",
        examples=["../state/live.log"],
    )
    tick_seconds: FilledNumber = Field(
        default=1.0, ge=0.01, le=60, description="How often it looks for closed candles."
    )

    @model_validator(mode="after")
    def _routes_fit(self) -> RunConfig:
        used: dict[str, Route] = {}
        faults: list[Fault] = []
        for i, route in enumerate(self.routes):
            at: Path = ("routes", i, "connector")
            if route.connector not in self.connectors:
                there = ", ".join(self.connectors) or "none"
                faults.append((at, f"there is no connector '{route.connector}'; there is {there}"))
            elif route.connector in used:
                both = f"{used[route.connector].symbol} and {route.symbol}"
                needs = "a message names no symbol, so each route needs a connector of its own"
                faults.append((at, f"connector '{route.connector}' has two routes ({both}); {needs}"))
            else:
                used[route.connector] = route
        aliases: dict[tuple[str, str], str] = {}
        for alias in used:
            connector = self.connectors[alias]
            first = aliases.setdefault((connector.url, connector.name), alias)
            if first != alias:
                same = f"'{first}' and '{alias}' have one url and one name, so they are one connector with two routes"
                faults.append((("connectors", alias, "name"), same))
        if faults:
            raise faults_at(faults)
        return self

    @property
    def venues(self) -> dict[str, ExchangeConfig]:
        """All exchanges by the names that routes call them; "" is `exchange`."""
        return {"": self.exchange, **self.exchanges}

    @model_validator(mode="after")
    def _exchanges_fit(self) -> RunConfig:
        faults: list[Fault] = []
        for i, route in enumerate(self.routes):
            if route.exchange is not None and route.exchange not in self.exchanges:
                there = ", ".join(self.exchanges) or "none"
                message = f"there is no exchange '{route.exchange}' under 'exchanges'; there is {there}"
                faults.append((("routes", i, "exchange"), message))
        ids = {self.exchange.id: "exchange"}
        for name, exchange in self.exchanges.items():
            if not name:
                faults.append((("exchanges", name), "give it a name"))
            if exchange.id in ids:
                message = (
                    f"'{ids[exchange.id]}' is {exchange.id}, too; one exchange has one budget of requests: name it once"
                )
                faults.append((("exchanges", name, "id"), message))
            ids.setdefault(exchange.id, name)
            if self.mode == "live" and exchange.id == "sample":
                message = "a live config cannot trade on the sample market, which is synthetic"
                faults.append((("exchanges", name, "id"), message))
        if faults:
            raise faults_at(faults)
        return self

    @model_validator(mode="after")
    def _mode_fits(self) -> RunConfig:
        faults: list[Fault] = []
        if self.mode == "live" and self.paper is not None:
            message = "a live config cannot have 'paper': its messages go to the real platform"
            faults.append((("paper",), message))
        if self.mode == "live" and self.exchange.id == "sample":
            message = "a live config cannot trade on the sample market, which is synthetic"
            faults.append((("exchange", "id"), message))
        for alias, connector in self.connectors.items() if self.mode == "paper" else ():
            parts, at = urlsplit(connector.url), ("connectors", alias, "url")
            if not is_loopback(parts.hostname or ""):
                message = f"this leads to {parts.hostname}; in paper mode nothing leaves this machine"
                faults.append((at, message))
            elif self.paper and self.paper.port not in (0, parts.port):
                message = f"this leads to port {parts.port or 'none'}, and 'paper' listens on {self.paper.port}"
                faults.append((at, message))
        if faults:
            raise faults_at(faults)
        return self
