from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from engine.paper.drill import Drill
from engine.paper.faults import Fault
from tests.paper.messages import futures, spot
from tests.paper.platform import Platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path, drill=Drill())
    made.start()
    yield made
    made.stop()


def drill(platform: Platform, method: str = "GET", **fault: object) -> Any:
    return requests.request(method, f"{platform.url}/api/drill", json=fault or None, timeout=10)


def taken(platform: Platform) -> int:
    return len(platform.entries())


@pytest.mark.parametrize(
    ("fault", "status", "body", "times_taken"),
    [
        ({"fault": "late", "seconds": 0.2}, 200, "ok", 1),
        ({"fault": "late", "seconds": 0.2, "after_the_fact": True}, 200, "ok", 1),
        ({"fault": "twice"}, 200, "ok", 2),
        ({"fault": "500"}, 500, "internal server error", 0),
        ({"fault": "500", "after_the_fact": True}, 500, "internal server error", 1),
        ({"fault": "html"}, 200, "<h1>Back soon</h1>", 0),
        ({"fault": "html", "after_the_fact": True}, 200, "<h1>Back soon</h1>", 1),
    ],
)
def test_a_fault_happens_to_a_message_and_its_answer(
    platform: Platform, fault: dict[str, object], status: int, body: str, times_taken: int
) -> None:
    """Each fault answers as its name says, takes the message as often as it says, and no more than `times`."""
    assert drill(platform, "PUT", times=1, **fault).json()["done"] == 0
    began = time.monotonic()
    answer = platform.post(futures(percent="1"))
    assert (answer.status_code, body in answer.text) == (status, True)
    assert (time.monotonic() - began >= 0.2) == (fault["fault"] == "late")
    assert taken(platform) == times_taken
    assert drill(platform).json() == {"fault": None, "done": 1}
    assert platform.post(futures(percent="1")).text == "ok"
    assert taken(platform) == times_taken + 1


@pytest.mark.parametrize("after_the_fact", [False, True])
def test_never_is_no_answer(platform: Platform, *, after_the_fact: bool) -> None:
    """The sender gets nothing, however long it waits; the message is taken only after the fact."""
    drill(platform, "PUT", fault="never", after_the_fact=after_the_fact)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{platform.url}/trading-signal/webhook", json=futures(percent="1"), timeout=0.3)
    assert taken(platform) == after_the_fact


def test_late_is_taken_even_if_nobody_waits(platform: Platform) -> None:
    """A sender that gave up finds its message taken all the same: what it may not forget."""
    drill(platform, "PUT", fault="late", seconds=0.6)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{platform.url}/trading-signal/webhook", json=futures(percent="1"), timeout=0.1)
    assert taken(platform) == 0
    end = time.monotonic() + 5
    while not taken(platform):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_twice_with_an_id_is_one_order(platform: Platform) -> None:
    """Behind a sender that repeats, one id is one order, and what has no id is two."""
    drill(platform, "PUT", fault="twice")
    platform.post(futures(percent="1", clientOrderId="a"))
    platform.post(spot(percent="1"))
    assert [entry["verdict"] for entry in platform.entries()] == ["accepted", "duplicate", "accepted", "accepted"]


def test_only_the_webhook_misbehaves_and_it_heals(platform: Platform) -> None:
    """The API tells the truth meanwhile; DELETE ends it, and what is refused is refused as ever."""
    assert drill(platform, "PUT", fault="500", times=5).json() == {
        "fault": {"fault": "500", "after_the_fact": False, "seconds": 10.0, "times": 5},
        "done": 0,
    }
    assert platform.post(futures()).status_code == 500
    assert platform.entries() == []
    assert drill(platform).json()["fault"]["times"] == 4
    assert drill(platform, "DELETE").json() == {"fault": None, "done": 1}
    drill(platform, "PUT", fault="twice")
    assert platform.post(futures(percent="0")).status_code == 422
    assert platform.post(data=b"{").status_code == 400


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "slow"},
        {"fault": "late", "seconds": -1},
        {"fault": "late", "seconds": 10**6},
        {"fault": "500", "times": 0},
        {"fault": "twice", "after_the_fact": True},
        {"fault": "500", "second": 1},
        {"seconds": 1},
    ],
)
def test_a_fault_that_does_not_exist_is_refused(platform: Platform, fault: dict[str, object]) -> None:
    """What cannot be meant is a 422, and nothing goes wrong."""
    assert drill(platform, "PUT", **fault).status_code == 422
    assert platform.post(futures()).text == "ok"


def test_without_a_drill_there_is_no_switch(tmp_path: Path) -> None:
    """A platform that was not started for it has no /api/drill; with an API token the switch is behind it."""
    for made, status in (
        (Platform(tmp_path / "a"), 404),
        (Platform(tmp_path / "b", drill=Drill(), api_token=_TOKEN), 401),
    ):
        made.start()
        assert drill(made, "PUT", fault="500").status_code == status
        assert made.post(futures()).text == "ok"
        made.stop()


def test_a_stop_lets_go_of_what_waits(tmp_path: Path) -> None:
    """Whoever waits for an answer when the platform stops is told, and the stop is not held up."""
    held = Drill(Fault.model_validate({"fault": "never"}))
    made = Platform(tmp_path, drill=held)
    made.start()
    began = time.monotonic()
    stop = threading.Timer(0.2, stopped, (held, made))
    stop.start()
    assert made.post(futures()).status_code == 503
    stop.join()
    assert time.monotonic() - began < 2


def stopped(held: Drill, made: Platform) -> None:
    held.release()
    made.stop()


_TOKEN = SecretStr("canary-1f4e-api-token")
