from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
import requests
from pydantic import SecretStr

from engine.paper.access import MOST_BYTES
from engine.paper.drill import Drill
from tests.paper.messages import TOKEN, futures
from tests.paper.platform import Platform

API_TOKEN = "canary-1f4e-api-token"  # noqa: S105 - a canary


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    made = Platform(tmp_path_factory.mktemp("paper"), drill=Drill(), api_token=SecretStr(API_TOKEN))
    made.start()
    yield made
    made.stop()


def operations(platform: Platform) -> list[tuple[str, str]]:
    """Give what OpenAPI says there is under /api, as (method, path)."""
    paths = requests.get(f"{platform.url}/openapi.json", timeout=10).json()["paths"]
    return [(method, path) for path in paths if path.startswith("/api") for method in paths[path]]


@pytest.mark.parametrize(
    "header",
    [
        None,
        API_TOKEN,
        "Bearer",
        "Bearer ",
        f"Basic {API_TOKEN}",
        f"Bearer {API_TOKEN}x",
        f"Bearer {API_TOKEN[:-1]}",
        f"Bearer {TOKEN}",
        "Bearer \xff\xfe",
    ],
)
def test_nothing_of_the_api_is_given_without_its_token(platform: Platform, header: str | None) -> None:
    """Every operation under /api is a 401 that names the way in, to whoever has not exactly this token."""
    assert len(operations(platform)) >= 10
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    for method, path in operations(platform):
        answer = requests.request(method, platform.url + path, json={}, headers=headers, timeout=10)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert "Authorization: Bearer" in answer.json()["detail"]


def test_the_token_opens_all_of_it(platform: Platform) -> None:
    """With the token no operation is a 401."""
    for method, path in operations(platform):
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        answer = requests.request(method, platform.url + path, json={}, headers=headers, timeout=10)
        assert answer.status_code in (200, 422), path


def test_a_stranger_is_not_read(platform: Platform) -> None:
    """Without the token the answer comes before the body has; with it, a body that is too long is cut off."""
    for token, length, status in (("x", 100, 401), (API_TOKEN, MOST_BYTES + 1, 413), ("x", MOST_BYTES + 1, 401)):
        with socket.create_connection(("127.0.0.1", platform.listener.getsockname()[1]), timeout=5) as sender:
            head = f"POST /api/candles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            sender.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n[".encode())
            assert sender.recv(100).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_body_without_a_length_is_cut_off(platform: Platform) -> None:
    """A body in chunks that does not end is not read to the end."""
    sent = 0
    with socket.create_connection(("127.0.0.1", platform.listener.getsockname()[1]), timeout=5) as endless:
        head = f"PUT /api/drill HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_TOKEN}\r\n"
        endless.sendall(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(OSError):
            while sent < 100_000_000:
                sent += endless.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")
    assert sent < 100_000_000


def test_the_webhook_keeps_tokens_of_its_own(platform: Platform) -> None:
    """Messages are taken by their connector's token alone; whether it lives anyone may ask."""
    assert platform.post(futures(percent="1")).text == "ok"
    assert platform.post({**futures(percent="1"), "connectorToken": API_TOKEN}).status_code == 401
    assert requests.get(f"{platform.url}/health", timeout=10).json()["status"] == "ok"


def test_openapi_declares_it(platform: Platform) -> None:
    """OpenAPI has the bearer scheme for everything under /api, and for nothing else."""
    document = requests.get(f"{platform.url}/openapi.json", timeout=10).json()
    (name,) = document["components"]["securitySchemes"]
    scheme = document["components"]["securitySchemes"][name]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation.get("security") == ([{name: []}] if path.startswith("/api") else None), path
            assert ("401" in operation["responses"]) == path.startswith(("/api", "/trading-signal")), path
