"""One receiver of messages: where it is and the secret it knows us by."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

PLATFORM_URL = "https://api.crypto-arsenal.io/trading-signal/webhook"


class Connector(BaseModel):
    """A connector of the platform (or of our paper platform). It belongs to one strategy on one pair."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default=PLATFORM_URL, description="Where messages are POSTed: https, or http on loopback."
    )
    name: str = Field(min_length=1, description="The connector's name on the platform.")
    token: SecretStr = Field(
        min_length=1, description="The connector's token; write ${NAME} and set it outside."
    )
    deduplicates: bool = Field(
        default=False,
        description="Whether the receiver recognises a repeated clientOrderId. Ours does; else leave false.",
    )

    @field_validator("url")
    @classmethod
    def _https_or_loopback(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"'{url}' is no web address; example: {PLATFORM_URL}")
        if parts.username or parts.password:
            raise ValueError("the address holds a user or password; secrets belong into 'token'")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError("plain http would show the token to everyone on the way; use https")
        return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
