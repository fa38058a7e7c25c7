"""How many messages a second are delivered and kept, and how soon the first byte of one leaves. `make bench`.

A real store on this disk, fully synchronised, the real sender and loop, and a receiver in another process that answers
each request after 5 ms. A connector sends one message after the other, so the throughput is over several connectors.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from engine.adapters.clocks import SystemClock
from engine.adapters.http_exchange import Watch
from engine.adapters.http_sender import HttpSender
from engine.adapters.sql_store import SqlStore
from engine.config import Connector
from engine.delivery import Exchange, Intent, Row, RowState, Step
from engine.live import DeliveryLoop
from engine.ports import RouteRecord

ANSWER_S = 0.005
CONNECTORS = 8
WANTED_PER_S = 200
LASTS_S = 20
IDLE_MESSAGES = 300
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class FirstByte(Watch):
    """Takes down when the first byte is handed to the socket."""

    times: list[float] = []  # noqa: RUF012 - one list for all exchanges of the run

    def begin(self) -> None:
        super().begin()
        self.times.append(time.perf_counter())


def receive(channel: Any) -> None:
    """Answer every request after 5 ms, until the process is ended."""
    asyncio.run(_receive(channel))


async def _receive(channel: Any) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:"))
        await reader.readexactly(length)
        await asyncio.sleep(ANSWER_S)
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    channel.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def rows(n: int, connector: str) -> list[Row]:
    return [Row(0, connector, connector, Intent.CLOSE, RowState.PENDING, f"{connector}-{n}", '{"action":"sell"}', n)]


def throughput(url: str) -> str:
    """Decide 200 messages a second over 20 s, and see whether delivery keeps up."""
    acknowledged: list[float] = []

    def told(_row: Row, step: Step, _exchange: Exchange | None) -> None:
        if step.state is RowState.ACKNOWLEDGED:
            acknowledged.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(Path(folder) / "state.db")
        names = [f"c{i}" for i in range(CONNECTORS)]
        loop = DeliveryLoop(store, {name: sender(url, name) for name in names}, {}, SystemClock(), told)
        loop.start()
        began, cost = time.perf_counter(), time.process_time()
        for n in range(WANTED_PER_S * LASTS_S):
            name = names[n % CONNECTORS]
            store.commit_bar(RouteRecord(name, n, "", ""), rows(n, name))
            loop.wake(name)
            if (ahead := began + (n + 1) / WANTED_PER_S - time.perf_counter()) > 0:
                time.sleep(ahead)
        decided = time.perf_counter() - began
        backlog = WANTED_PER_S * LASTS_S - len(acknowledged)
        while not loop.idle():
            time.sleep(0.005)
        took, cost = acknowledged[-1] - began, time.process_time() - cost
        loop.stop()
        store.close()
    return (
        f"delivery: {len(acknowledged):,} messages decided in {decided:.1f} s and acknowledged in {took:.1f} s over "
        f"{CONNECTORS} connectors to a receiver that answers in 5 ms: {len(acknowledged) / took:.0f} a second, "
        f"{backlog} not yet acknowledged when the last was decided; {1000 * cost / len(acknowledged):.1f} ms of "
        "processor time for each"
    )


def latency(url: str) -> str:
    """Decide a message every 20 ms on an idle connector; from the commit's return to the first byte."""
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(Path(folder) / "state.db")
        loop = DeliveryLoop(store, {"c": sender(url, "c", FirstByte)}, {}, SystemClock())
        loop.start()
        for n in range(IDLE_MESSAGES):
            time.sleep(0.02)
            FirstByte.times.clear()
            store.commit_bar(RouteRecord("c", n, "", ""), rows(n, "c"))
            committed = time.perf_counter()
            loop.wake("c")
            while not loop.idle():
                time.sleep(0.001)
            took.append(1000 * (FirstByte.times[0] - committed))
        loop.stop()
        store.close()
    cuts = statistics.quantiles(took, n=100)
    return (
        f"delivery: from commit to first byte, idle, {IDLE_MESSAGES} messages: "
        f"median {statistics.median(took):.1f} ms, p99 {cuts[98]:.1f} ms, longest {max(took):.1f} ms"
    )


def sender(url: str, name: str, watch: type[Watch] = Watch) -> HttpSender:
    return HttpSender(Connector.model_validate({"url": url, "name": name, "token": "t0ken-of-the-bench"}), watch=watch)


def main() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=receive, args=(theirs,), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{ours.recv()}/hook"
    print(latency(url), flush=True)
    print(throughput(url), flush=True)
    process.terminate()


if __name__ == "__main__":
    main()
