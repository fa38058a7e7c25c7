"""What is seen of a platform over HTTP."""

from __future__ import annotations

from tests.paper.platform import Platform


def held(platform: Platform, connector: str = "btc-perp") -> list[tuple[int, str]]:
    return [(row["side"], row["quantity"]) for row in platform.read("positions", connector)]


def cash(platform: Platform, connector: str = "btc-perp") -> str:
    (row,) = platform.read("balances", connector)
    return str(row["cash"])


def sends(platform: Platform, document: dict[str, object]) -> None:
    answer = platform.post(document)
    assert (answer.status_code, answer.text) == (200, "ok")


def refused(platform: Platform, document: dict[str, object]) -> set[str]:
    answer = platform.post(document)
    assert answer.status_code == 422
    return set(answer.json()["fields"])


def became(platform: Platform) -> str:
    return str(platform.last()["became"])
