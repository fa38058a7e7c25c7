"""What schemathesis makes of the platform's OpenAPI, sent to it: `make contract-paper` (EXAMPLES=n), the tests a few.

For every operation, requests that its schema allows and requests that it forbids; every answer must be one that the
schema has (status, content type, body), never a 5xx, and what is forbidden is refused.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from engine.config import AccountConfig
from engine.paper.app import PATH
from engine.paper.drill import Drill
from tests.paper.messages import CONNECTORS
from tests.paper.platform import Platform

API_TOKEN = "canary-1f4e-api-token"  # noqa: S105 - a canary
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
DRILL = "/api/drill"


def hold(platform: Platform, examples: int, chosen: int) -> Iterator[tuple[str, Counter[int]]]:
    """Send so many requests of each kind to each operation; give what was answered, by status.

    Errors: schemathesis' own, with the request, where an answer is not as the schema says.
    """
    document = requests.get(f"{platform.url}/openapi.json", timeout=10).json()
    for operations in document["paths"].values():
        for described in operations.values():
            described.pop("security", None)  # every request has the token; those without: test_access.py
    schema = schemathesis.openapi.from_dict(document)
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {API_TOKEN}"
        for found in schema.get_all_operations():
            operation: schemathesis.APIOperation[Any, Any, Any, Any] = found.ok()  # type: ignore[union-attr] # or it raises
            for mode in schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE:
                if mode.is_positive or operation.body or operation.query:
                    strategy = operation.as_strategy(generation_mode=mode)
                    yield (
                        f"{operation.label} {mode.value}",
                        _send(strategy, mode, examples, chosen, platform.url, session),
                    )


def _send(
    strategy: SearchStrategy[schemathesis.Case[Any]],
    mode: schemathesis.GenerationMode,
    examples: int,
    chosen: int,
    url: str,
    session: requests.Session,
) -> Counter[int]:
    seen: Counter[int] = Counter()

    @seed(chosen)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def send(case: schemathesis.Case[Any]) -> None:
        if case.path == PATH and isinstance(case.body, dict):
            _known(case.body)
        elif mode.is_positive:
            _name_a_connector(case.query)
            _name_a_connector(case.body)
        seen[case.call_and_validate(url, session, checks=CHECKS).status_code] += 1
        if case.path == DRILL:  # or the next one would meet the fault that this one has set
            session.delete(url + DRILL)

    send()
    return seen


def _known(message: dict[str, Any]) -> None:
    """Let a message come from a connector that is known, or all would be a stranger's."""
    name = "eth-spot" if message.get("action") in ("buy", "sell") else "btc-perp"
    known = {"connectorName": name, "connectorToken": CONNECTORS[name].token.get_secret_value()}
    for field, value in known.items():
        if isinstance(message.get(field), str) and message[field]:
            message[field] = value


def _name_a_connector(given: Any) -> None:
    """Let what is asked be about a connector that there is, and candles be such that there could be."""
    if not isinstance(given, dict) or "connector" not in given:
        return
    given["connector"] = "btc-perp" if len(str(given["connector"])) % 4 else "nobody"
    for number, candle in enumerate(given.get("candles", [])):
        candle["time_ms"], candle["close_ms"] = 60_000 * number, 60_000 * (number + 1)
        names = ("low", "open", "close", "high")
        prices = sorted((candle[name] for name in names), key=lambda price: Decimal(str(price)))
        candle.update(zip(names, prices, strict=True))


def run(
    examples: int, chosen: int, folder: Path, templates: tuple[str, ...] = ("signals", "sync")
) -> Iterator[tuple[str, Counter[int]]]:
    """Hold the templates to their schemas."""
    for template in templates:
        account = AccountConfig.model_validate({"template": template})
        platform = Platform(folder / template, account, drill=Drill(), api_token=SecretStr(API_TOKEN))
        platform.start()
        try:
            yield from hold(platform, examples, chosen)
        finally:
            platform.stop()


def main() -> int:
    """Print what was answered."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    began, count = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        for what, seen in run(examples, 1, Path(folder)):
            count += seen.total()
            print(f"{what}: {', '.join(f'{n:,} x {status}' for status, n in sorted(seen.items()))}")  # noqa: T201
    print(f"{count:,} requests in {time.monotonic() - began:,.0f} s: each answered as OpenAPI says")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
