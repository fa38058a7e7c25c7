"""What goes wrong in one exchange, drawn so that every byte position comes up."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TypeVar

from engine.delivery import Outcome

Thing = TypeVar("Thing")
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
_HTML = b"<html><body>We will be back soon</body></html>"
STATUSES = (200, 201, 301, 302, 303, 307, 308, 400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504)
_REFUSALS = (400, 401, 403, 404, 413, 422)
ENDS = ("reset", "close", "stall")


@dataclass(frozen=True)
class Answer:
    """What the receiver says: its bytes, what they mean by delivery.md's table, and how their end is told."""

    name: str
    wire: bytes
    meaning: Outcome
    by_close: bool = False  # the body ends where the connection does
    endless: bool = False


@dataclass(frozen=True)
class Plan:
    """One exchange. `request_bytes` None: read it all; `answer_bytes` None: send it all; then `end`."""

    kind: str
    answer: Answer
    request_bytes: int | None = None
    answer_bytes: int | None = None
    end: str = "close"
    deadline_s: float = 8.0
    pause_s: float = 0.0  # before the answer
    pieces: int = 1  # the answer is written in so many pieces


def meaning(status: int, body: bytes) -> Outcome:
    """Give the class of a whole answer: written here anew from the table, so that it can disagree with the engine."""
    if 200 <= status <= 299:
        return Outcome.ACKNOWLEDGED if body == b"ok" else Outcome.UNKNOWN
    if status in _REFUSALS:
        return Outcome.REJECTED
    return Outcome.LIMITED if status == 429 else Outcome.UNKNOWN


def _round(things: Sequence[Thing], begin: float) -> Iterator[Thing]:
    start = int(begin * len(things))
    return cycle([*things[start:], *things[:start]])


def answers() -> list[Answer]:
    """Give every kind of answer."""
    found = []
    for status in STATUSES:
        for name, body in (("ok", b"ok"), ("html", _HTML), ("empty", b"")):
            where = b"Location: http://127.0.0.1:9/\r\n" if 300 <= status < 400 else b""
            head = b"HTTP/1.1 %d Because\r\n%b" % (status, where)
            told = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            found.append(Answer(f"{status} {name}", told, meaning(status, body)))
            found.append(
                Answer(f"{status} {name} by close", head + b"\r\n" + body, meaning(status, body), by_close=True)
            )
    packed = gzip.compress(b"ok")
    bomb = gzip.compress(bytes(3_000_000))
    for name, body, means in (("gzip", packed, Outcome.ACKNOWLEDGED), ("bomb", bomb, Outcome.UNKNOWN)):
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        found.append(Answer(name, head + body, means))
    found.append(Answer("chunked", _CHUNKED, Outcome.ACKNOWLEDGED))
    found.append(Answer("no http", b"SSH-2.0-OpenSSH_9.9\r\n", Outcome.UNKNOWN, by_close=True))
    for framing in (b"", b"Content-Length: 99999999\r\n"):
        endless = b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n"
        found.append(Answer("endless", endless, Outcome.UNKNOWN, by_close=True, endless=True))
    return found


def plans(chance: random.Random, request_length: int, begin: float = 0.0) -> Iterator[Plan]:
    """Give plans without end. Positions and answers come round in turn, from `begin` (0 to 1) on; the rest is drawn."""
    kinds = answers()
    plain = next(answer for answer in kinds if answer.name == "200 ok")
    sound, whole = _round(kinds, begin), _round(kinds, begin)
    in_request = _round([(end, k) for k in range(request_length + 1) for end in ENDS[:2]], begin)
    cuttable = [answer for answer in kinds if not answer.endless and answer.name != "bomb"]
    positions = [(answer, end, k) for answer in cuttable for k in range(len(answer.wire) + 1) for end in ENDS[:2]]
    in_answer = _round(positions, begin)
    while True:
        drawn = chance.random()
        if drawn < 0.08:
            yield Plan("whole answer", plain, pieces=chance.choice((1, 2, 9)))
        elif drawn < 0.20:
            yield Plan("whole answer", next(sound), pieces=chance.choice((1, 1, 2, 3, 5)))
        elif drawn < 0.40:
            end, k = next(in_request)
            yield Plan(f"{end} in the request", plain, request_bytes=k, end=end)
        elif drawn < 0.86:
            answer, end, k = next(in_answer)
            yield Plan(f"{end} in the answer", answer, answer_bytes=k, end=end)
        elif drawn < 0.90:
            yield Plan("late answer", next(whole), pause_s=chance.uniform(0.001, 0.02))
        elif drawn < 0.92:
            k = chance.randrange(request_length + 1)
            yield Plan("timeout in the request", plain, request_bytes=k, end="stall", deadline_s=0.15)
        elif drawn < 0.94:
            answer = chance.choice(cuttable)
            k = chance.randrange(len(answer.wire))
            yield Plan("timeout in the answer", answer, answer_bytes=k, end="stall", deadline_s=0.15)
        elif drawn < 0.95:
            yield Plan("slow close", next(whole), end="linger")
        elif drawn < 0.97:
            yield Plan("reset after the answer", next(whole), end="reset")
        elif drawn < 0.99:
            yield Plan("refused", plain)
        else:
            yield Plan("no TLS", plain, end=chance.choice(("reset", "close")))
