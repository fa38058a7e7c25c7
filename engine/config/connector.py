"""One receiver of messages: where it is and the secret it knows us by."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from engine.documents.numbers import FilledTruth

PLATFORM_URL = "https://api.crypto-arsenal.io/trading-signal/webhook"


class Connector(BaseModel):
    """A connector of the platform (or of our paper platform). It belongs to one strategy on one pair."""

    # Without the last one, a misspelt key beside the token would print the token in pydantic's own error.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(default=PLATFORM_URL, description="Where messages are POSTed: https, or http on loopback.")
    name: str = Field(min_length=1, description="The connector's name on the platform.")
    token: SecretStr = Field(min_length=1, description="The connector's token; write ${NAME} and set it outside.")
    deduplicates: FilledTruth = Field(
        default=False,
        description="Whether the receiver recognises a repeated clientOrderId. Ours does; else leave false.",
    )
    profile: str | None = Field(
        default=None, description="Path of the receiver's profile, from where this config stands; else the platform's."
    )
    values: dict[str, str] = Field(default={}, repr=False, description="What the profile asks for.")

    @field_validator("token")
    @classmethod
    def _no_blanks(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if text != text.strip() or not text:
            raise ValueError("the token is blank, or has blanks around it")
        return token

    @field_validator("url")
    @classmethod
    def _https_or_loopback(cls, url: str) -> str:
        if "@" in url:
            raise ValueError(
                "the address holds an '@', as before it a user and password stand; secrets belong into 'token'"
            )
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
        except ValueError:
            sound = False
        if not sound or not url.isprintable() or " " in url or "\\" in url:
            raise ValueError(f"this is no web address; example: {PLATFORM_URL}")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("plain http would show the token to everyone on the way; use https")
        return url


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this very machine, whatever the network says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
