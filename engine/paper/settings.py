"""What the paper platform is told: its connectors, its ledger, where it listens."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from engine.errors import InvalidInputError
from engine.market import MarketKind

VARIABLE = "SIGNAL_ENGINE_PAPER"


class PaperConnector(BaseModel):
    """A connector that the paper platform knows: the token it expects, and the market its orders are for."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr = Field(min_length=1)
    market: MarketKind


class PaperSettings(BaseModel):
    """Everything that `serve` needs. Connectors by name; port 0 lets the system choose."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    connectors: dict[str, PaperConnector]
    ledger: Path
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)

    def secret_json(self) -> str:
        """Write as one JSON document, tokens and all: for the environment of the other process, nowhere else."""
        connectors = {
            name: {"token": known.token.get_secret_value(), "market": known.market}
            for name, known in self.connectors.items()
        }
        document = {"connectors": connectors, "ledger": str(self.ledger), "host": self.host, "port": self.port}
        return json.dumps(document)


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
