"""`make network`: exchanges of the real sender through the proxy, each judged. The last lines are the figures."""

from __future__ import annotations

import multiprocessing
import os
import random
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from engine.adapters.http_sender import HttpSender
from engine.config import Connector
from engine.delivery import classify
from tests.faults.network.judge import judge
from tests.faults.network.plans import Plan, plans
from tests.faults.network.proxy import Passed, serve

BODY = '{"action":"openLong","percent":"10","clientOrderId":"0123456789abcdefghij0123456789ab"}'
LANES = 4
ALLOWED_SHOWN = 10


@dataclass
class Figures:
    """What was seen."""

    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    request_cuts: set[int] = field(default_factory=set)
    answer_cuts: set[tuple[str, int]] = field(default_factory=set)

    def take(self, other: Figures) -> None:
        """Add another lane's."""
        self.kinds += other.kinds
        self.outcomes += other.outcomes
        self.wrong += other.wrong
        self.request_cuts |= other.request_cuts
        self.answer_cuts |= other.answer_cuts


def _sender(port: int, plan: Plan) -> HttpSender:
    scheme = "https" if plan.kind == "no TLS" else "http"
    url = f"{scheme}://127.0.0.1:{port}/trading-signal/webhook"
    connector = Connector.model_validate({"url": url, "name": "main", "token": "t0ken-of-the-network"})
    return HttpSender(connector, connect_timeout_s=2.0, deadline_s=plan.deadline_s)


def _request_length() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        sender = HttpSender(
            Connector.model_validate(
                {
                    "url": f"http://127.0.0.1:{listener.getsockname()[1]}/trading-signal/webhook",
                    "name": "main",
                    "token": "t0ken-of-the-network",
                }
            ),
            deadline_s=1,
        )
        posted = pool.submit(sender.post, BODY)
        connection, _ = listener.accept()
        with connection:
            data = b""
            while not data.endswith(BODY[1:].encode()):
                data += connection.recv(65536)
        posted.result()
    return len(data)


def lane(count: int, seed: int, request_length: int, begin: float) -> Figures:
    """Run so many exchanges one after another through a proxy in a process of its own."""
    figures = Figures()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    proxy = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    proxy.start()
    port = ours.recv()
    drawn = plans(random.Random(seed), request_length, begin)  # noqa: S311 - not for secrets
    with socket.socket() as closed:  # bound and never listening: refuses
        closed.bind(("127.0.0.1", 0))
        for _ in range(count):
            _one(next(drawn), port, closed.getsockname()[1], ours, figures)
    ours.send(None)
    proxy.join(10)
    return figures


def _one(plan: Plan, port: int, refusing: int, channel: Any, figures: Figures) -> None:
    passed = Passed()
    if plan.kind == "refused":
        exchange = _sender(refusing, plan).post(BODY)
    else:
        channel.send(plan)
        exchange = _sender(port, plan).post(BODY)
        passed = channel.recv()
    figures.kinds[plan.kind] += 1
    figures.outcomes[str(classify(exchange))] += 1
    if plan.kind.endswith("in the request") and plan.request_bytes is not None:
        figures.request_cuts.add(plan.request_bytes)
    if plan.kind.endswith("in the answer") and plan.answer_bytes is not None:
        figures.answer_cuts.add((plan.answer.name, plan.answer_bytes))
    if wrong := judge(plan, passed, exchange):
        figures.wrong.append(wrong)


def run(count: int, seed: int) -> Figures:
    """Run exchanges in several lanes."""
    length = _request_length()
    figures = Figures()
    with ThreadPoolExecutor(LANES) as pool:
        shares = [count // LANES + (i < count % LANES) for i in range(LANES)]
        for part in pool.map(lambda i: lane(shares[i], seed + i, length, i / LANES), range(LANES)):
            figures.take(part)
    return figures


def main() -> None:
    """Take the number of exchanges (and a seed), and end with 1 where one was misclassified."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4))
    began = time.monotonic()
    figures = run(count, seed)
    for name, number in sorted(figures.kinds.items()):
        print(f"{number:>8,}  {name}")
    for name, number in sorted(figures.outcomes.items()):
        print(f"{number:>8,}  classified as {name}")
    for wrong in figures.wrong[:ALLOWED_SHOWN]:
        print("WRONG:", wrong)
    print(
        f"broken at {len(figures.request_cuts):,} byte positions of the request and {len(figures.answer_cuts):,} of "
        f"answers; seed {seed}; {time.monotonic() - began:.0f} s"
    )
    print(f"network: {sum(figures.kinds.values()):,} exchanges, {len(figures.wrong):,} misclassified")
    sys.exit(bool(figures.wrong))


if __name__ == "__main__":
    main()
