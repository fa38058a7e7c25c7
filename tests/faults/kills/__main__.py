"""`make kills`: the engine is killed, again and again, and what it did is compared. The last lines are the figures."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.adapters.sql_file import Access
from engine.adapters.sql_store import SqlStore
from engine.delivery import Command, RowState, Word
from tests.faults.kills.audit import Findings, audit
from tests.faults.kills.life import Plan, live, read_world_rule, warm_up
from tests.faults.kills.receiver import serve
from tests.faults.kills.world import IN_ENGINE, IN_RECEIVER

CAMPAIGN = 250
"""Kills on one state, before the next begins with an empty one."""
LONGEST_LIFE_S = 0.7


@dataclass
class Figures:
    """What was seen."""

    kills: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    findings: Findings = field(default_factory=Findings)


class Harness:
    """One receiver, and engines that are forked, killed and forked again. This process has all of it imported."""

    def __init__(self, *, deduplicates: bool, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - not for secrets
        self.deduplicates = deduplicates
        self.rule = read_world_rule()
        warm_up(self.rule)
        gc.freeze()  # what is there is never looked at again, so that forks share it
        context = multiprocessing.get_context("spawn")
        self.channel, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, deduplicates, seed), daemon=True)
        self.process.start()
        self.url = f"http://127.0.0.1:{self.channel.recv()}/hook"
        self.figures = Figures()
        self._named = 0

    def close(self) -> None:
        self.channel.send(None)
        self.process.join(10)

    def campaign(self, kills: int) -> None:
        """Kill so many engines on one state; then let one deliver what is left, and compare."""
        folder = Path(tempfile.mkdtemp(prefix="kills-"))
        try:
            self._ask("ledger", str(folder / "ledger.txt"))
            for _ in range(kills):
                self._one(folder)
                if self.chance.random() < 0.5:
                    self._settle(folder)
            self._finish(folder)
            executed, _, _ = self._ask("truth")
            assert executed == (folder / "ledger.txt").read_text().splitlines()
            found = audit(folder, executed, deduplicates=self.deduplicates)
            if found.wrong:
                kept = Path(tempfile.gettempdir()) / f"kills-wrong-{os.getpid()}-{self._named}"
                shutil.copytree(folder, kept, dirs_exist_ok=True)
                print(f"kept: {kept}")
            self.figures.findings.take(found)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _one(self, folder: Path) -> None:
        if self.chance.random() < 0.5:
            self._killed_at_random(folder)
        else:
            points = (*IN_ENGINE, *IN_RECEIVER)
            self._killed_at(folder, points[self._named % len(points)])
            self._named += 1

    def _killed_at_random(self, folder: Path) -> None:
        pid = self._fork(folder, Plan(seed=self.chance.getrandbits(32)))
        time.sleep(self.chance.choice((0.02, 0.1, 0.1, 0.2)) * self.chance.random() + 0.02)
        self._kill(pid, "at random")

    def _killed_at(self, folder: Path, point: str) -> None:
        nth = 1 if "finish" in point or "resolve" in point else self.chance.choice((1, 1, 2, 3))
        plan = Plan(point, nth, self.chance.getrandbits(32), misses=0.9 if "resolve" in point else 0.03)
        if "finish" in point:
            self._ask_for_nothing(folder)
        pid = self._fork(folder, plan, arm=point if point in IN_RECEIVER else "")
        end = time.monotonic() + LONGEST_LIFE_S
        while time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._count(status, point)
                return
            time.sleep(0.001)
        self._kill(pid, "at random, since its moment did not come")

    def _fork(self, folder: Path, plan: Plan, arm: str = "") -> int:
        pid = os.fork()
        if pid == 0:
            self._be_an_engine(folder, plan)
        self._ask("arm", arm, pid)
        return pid

    def _be_an_engine(self, folder: Path, plan: Plan) -> None:
        code = 1
        try:
            with (folder / "log.txt").open("a") as log:
                os.dup2(log.fileno(), 2)
            live(folder, self.url, self.rule, plan, deduplicates=self.deduplicates)
            code = 0
        except BaseException as error:  # noqa: BLE001 - a forked child must not go on as its parent
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)

    def _kill(self, pid: int, name: str) -> None:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        self._count(status, name)

    def _count(self, status: int, name: str) -> None:
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            self.figures.kills[name] += 1
        else:
            self.figures.findings.strange.append(f"an engine ended by itself with {status} ({name})")

    def _ask_for_nothing(self, folder: Path) -> None:
        """Ask about a message that does not exist, so that there is a command to be refused."""
        if (folder / "state.db").exists():
            beside = SqlStore(folder / "state.db", access=Access.OPERATOR)
            beside.ask(Command(Word.ARRIVED, time.time_ns() // 1_000_000, seq=1_000_000_000))
            beside.close()

    def _settle(self, folder: Path) -> None:
        """Be the operator: look at the receiver, and say of each doubt what is true. The next engine hears it."""
        if not (folder / "state.db").exists() or not _in_doubt(folder):
            return
        truth = self._truth()
        beside = SqlStore(folder / "state.db", access=Access.OPERATOR)
        try:
            for row in beside.unresolved():
                if row.state is RowState.UNKNOWN:
                    word = Word.ARRIVED if row.client_order_id in truth else Word.NOT_ARRIVED
                    beside.ask(Command(word, time.time_ns() // 1_000_000, seq=row.seq, reason="the receiver's ledger"))
                    self.figures.settled += 1
        finally:
            beside.close()

    def _truth(self) -> set[str]:
        """Give the ids that were executed, once no request of a dead engine is under way any more."""
        while True:
            executed, _, busy = self._ask("truth")
            if not busy:
                return {line.split()[0] for line in executed}
            time.sleep(0.002)

    def _finish(self, folder: Path) -> None:
        for _ in range(5):
            pid = self._fork(folder, Plan(quiet=True))
            _, status = os.waitpid(pid, 0)
            if status:
                said = (folder / "log.txt").read_text()[-500:]
                self.figures.findings.strange.append(f"the last engine ended with {status}: {said}")
                return
            self._truth()
            return

    def _ask(self, *what: object) -> Any:
        self.channel.send(what)
        return self.channel.recv()


def _in_doubt(folder: Path) -> bool:
    """Look without the engine's code: it is quicker, and most of the time there is nothing to settle."""
    with sqlite3.connect(folder / "state.db") as connection:
        found = connection.execute("SELECT 1 FROM outbox WHERE state = 'UNKNOWN'").fetchone()
    connection.close()
    return found is not None


def run(kills: int, seed: int, *, deduplicates: bool, campaign: int = CAMPAIGN) -> Figures:
    """Kill so many engines. Gives the figures."""
    harness = Harness(deduplicates=deduplicates, seed=seed)
    try:
        left = kills
        while left:
            share = min(campaign, left)
            harness.campaign(share)
            left -= share
            if campaign == CAMPAIGN:
                print(f"  {kills - left:>6,} kills, {len(harness.figures.findings.wrong)} wrong", flush=True)
    finally:
        harness.close()
    return harness.figures


def main() -> None:
    """Take the number of kills for each kind of receiver, and end with 1 where anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", type=int, nargs="?", default=20_000, help="in all; half for each kind of receiver")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    options = parser.parse_args()
    wrong = 0
    lines = []
    for deduplicates in (False, True):
        began = time.monotonic()
        share = options.kills // 2 + (options.kills % 2 if deduplicates else 0)
        print(f"receiver {'with' if deduplicates else 'without'} de-duplication:", flush=True)
        figures = run(share, options.seed, deduplicates=deduplicates)
        found, counts = figures.findings, figures.findings.counts
        for name, number in sorted(figures.kills.items()):
            print(f"{number:>8,}  killed {name}")
        for text in found.wrong[:20]:
            print("WRONG:", text)
        wrong += len(found.wrong)
        took = time.monotonic() - began
        lines.append(
            f"kills, receiver {'with' if deduplicates else 'without'} de-duplication: "
            f"{sum(figures.kills.values()):,} kills; lost {len(found.lost)}, doubled {len(found.doubled)}, "
            f"doubts not listed {len(found.unlisted)}, positions wrong {len(found.positions)}, "
            f"other {len(found.strange)}; {counts['decisions']:,} messages decided, {counts['executed']:,} executed, "
            f"{counts['EXPIRED']:,} expired, {figures.settled:,} doubts settled, "
            f"{counts['UNKNOWN']:,} listed at the end; {took:.0f} s, seed {options.seed}"
        )
    print("\n".join(lines))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
