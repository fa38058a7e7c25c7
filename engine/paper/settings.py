"""What the paper platform is told: its connectors, its ledger, where it listens, whose candles it goes by."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from engine.config import AccountConfig, ExchangeConfig
from engine.errors import InvalidInputError
from engine.market import MarketKind
from engine.paper.faults import Fault
from engine.paper.matching import AccountTerms

VARIABLE = "SIGNAL_ENGINE_PAPER"
_HUNDRED = Decimal(100)


class PaperConnector(BaseModel):
    """A connector that the paper platform knows: the token it expects, and the market its orders are for.

    `symbol` at `exchange` is whose candles fill its orders, where the platform fetches them; `tick` and `lot` are 0
    until known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr = Field(min_length=1)
    market: MarketKind
    symbol: str = ""
    exchange: str = ""
    tick: Decimal = Field(default=Decimal(0), ge=0)
    lot: Decimal = Field(default=Decimal(0), ge=0)


class PaperSettings(BaseModel):
    """Everything that `serve` needs. Connectors by name; port 0 lets the system choose.

    Exchanges by the names that connectors call them; without any, whoever runs the platform pushes the candles. With
    `tickers`, orders meet the exchange's last prices, too. `api_token` is asked of whoever uses the JSON API, and
    needed for a host that others can reach. With `drill`, or a fault to begin with, faults can be switched on while
    it runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    connectors: dict[str, PaperConnector]
    ledger: Path
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    capital: Decimal = Field(default=Decimal(10_000), gt=0)
    account: AccountConfig = AccountConfig()
    exchanges: dict[str, ExchangeConfig] = {}
    tickers: bool = False
    api_token: SecretStr | None = Field(default=None, min_length=1)
    drill: bool = False
    fault: Fault | None = None

    def secret_json(self) -> str:
        """Write as one JSON document, tokens and all: for the environment of the other process, nowhere else."""
        document: dict[str, Any] = self.model_dump(mode="json")
        for name, known in self.connectors.items():
            document["connectors"][name]["token"] = known.token.get_secret_value()
        if self.api_token is not None:
            document["api_token"] = self.api_token.get_secret_value()
        return json.dumps(document)


def terms_of(account: AccountConfig, connector: PaperConnector) -> AccountTerms:
    """Give what a connector's account goes by."""
    taker = _exact(account.commission_percent) / _HUNDRED
    return AccountTerms(
        market=connector.market,
        tick=connector.tick,
        lot=connector.lot,
        min_notional=_exact(account.min_notional),
        taker=taker,
        maker=taker if account.maker_percent is None else _exact(account.maker_percent) / _HUNDRED,
        slippage_share=_exact(account.slippage_percent) / _HUNDRED,
        hedge=account.positions == "hedge",
        leverage=_exact(account.leverage),
        maintenance=_exact(account.maintenance_percent) / _HUNDRED,
        funding=_exact(account.funding_percent) / _HUNDRED,
        multiplies=account.template == "sync",
    )


def take_settings() -> PaperSettings:
    """Read the settings from the environment and remove them there, so that nothing started later inherits the tokens.

    Errors: InvalidInputError, without any value in its text.
    """
    text = os.environ.pop(VARIABLE, None)
    if text is None:
        raise InvalidInputError(f"{VARIABLE} is not set: it holds the paper platform's settings as a JSON document")
    try:
        return PaperSettings.model_validate_json(text)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise InvalidInputError(f"{VARIABLE} cannot be used: {faults}") from None


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))
