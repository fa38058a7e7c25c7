"""`make power`: the power is cut while the store works, and what is found is compared. The last line is the figures."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from engine.adapters.sql_store import SqlStore
from engine.delivery import Command, Exchange, Intent, Phase, Refused, Row, RowState, Step, Word
from engine.errors import StoreError
from engine.ports import RouteRecord
from tests.faults.power.disk import Disk
from tests.faults.power.vfs import RECORDER, Operation, install

CUTS_A_LIFE = 200
_Known = tuple[RouteRecord | None, list[Row]]


@dataclass
class Figures:
    """What was seen."""

    cuts: int = 0
    in_flight: int = 0
    operations: int = 0
    transactions: int = 0
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        return [*self.lost, *self.torn, *self.refused]


@dataclass
class Life:
    """What a store did: every operation of its file layer, and what it held after each transaction that returned."""

    start: dict[str, bytes]
    operations: list[Operation]
    returned: list[tuple[int, _Known, bytes]]
    """How many operations there had been, what the store then held, and the mark beside it."""


def work(folder: Path, chance: random.Random, transactions: int, synchronous: str = "FULL") -> Life:
    """Let a store do what a running engine makes it do, and write it all down."""
    path = folder / "state.db"
    store = SqlStore(path)
    raw = store._connection.connection.driver_connection
    assert raw is not None
    raw.execute(f"PRAGMA wal_autocheckpoint = {chance.choice((4, 20, 60))}")
    raw.execute(f"PRAGMA synchronous = {synchronous}")
    start = {str(file): file.read_bytes() for file in folder.iterdir() if file.suffix != ".lock"}
    operations: list[Operation] = []
    life = Life(start, operations, [(0, _known(store), b"")])
    RECORDER.tell = operations.append
    try:
        for n in range(transactions):
            _one(store, chance, n)
            mark = store._mark.path.read_bytes() if store._mark.path.exists() else b""
            life.returned.append((len(operations), _known(store), mark))
        store.close()
    finally:
        RECORDER.tell = None
    return life


def _one(store: SqlStore, chance: random.Random, n: int) -> None:
    pending = [row for row in store.unresolved() if row.state is RowState.PENDING]
    sending = [row for row in store.unresolved() if row.state is RowState.SENDING]
    drawn = chance.random()
    if sending and drawn < 0.4:
        step = Step(chance.choice((RowState.ACKNOWLEDGED, RowState.UNKNOWN, RowState.PENDING, RowState.REJECTED)))
        store.end_attempt(sending[0], step, Exchange(Phase.ANSWERED, "x" * chance.randrange(300), 200), n)
    elif pending and drawn < 0.7:
        store.begin_attempt(pending[0], n)
    elif pending and drawn < 0.75:
        store.resolve(pending[-1], RowState.EXPIRED, "too late", n)
    elif drawn < 0.8:
        number = store.ask(Command(Word.ARRIVED, n, seq=1))
        store.finish(Command(Word.ARRIVED, n, seq=1, number=number), Refused("no"), n)
    else:
        rows = [
            Row(0, "r", "c", Intent.CLOSE, RowState.PENDING, f"{n}-{i}", "{}" * chance.randrange(1, 2000), n)
            for i in range(chance.randrange(3))
        ]
        store.commit_bar(RouteRecord("r", n, f'{{"n":{n}}}', "a"), rows)


def _known(store: SqlStore) -> _Known:
    told, RECORDER.tell = RECORDER.tell, None
    try:
        return store.route("r"), store.rows(10_000)
    finally:
        RECORDER.tell = told


def cut(life: Life, chance: random.Random, cuts: int, folder: Path, figures: Figures) -> None:
    """Cut the power at so many moments of a life, and look at what is found each time."""
    moments = sorted(chance.randrange(len(life.operations) + 1) for _ in range(cuts))
    disk, done, returned = Disk(dict(life.start)), 0, 0
    for moment in moments:
        for operation in life.operations[done:moment]:
            disk.take(operation)
        done = moment
        while returned + 1 < len(life.returned) and life.returned[returned + 1][0] <= moment:
            returned += 1
        marks = [mark for _, _, mark in life.returned[: returned + 1]]
        # Commands of the operator take two transactions to one entry of `returned`, so the next one may hold already.
        right = [known for _, known, _ in life.returned[returned : returned + 2]]
        figures.cuts += 1
        figures.in_flight += life.returned[returned][0] != moment
        _look(disk.after_a_cut(chance), chance.choice(marks[-3:]), right, folder, figures)


def _look(files: dict[str, bytes], mark: bytes, right: list[_Known], folder: Path, figures: Figures) -> None:
    for old in folder.iterdir():
        old.unlink()
    for path, data in files.items():
        (folder / Path(path).name).write_bytes(data)
    if mark:
        (folder / "state.db.mark").write_bytes(mark)
    else:
        (folder / "state.db.mark").unlink(missing_ok=True)
    try:
        store = SqlStore(folder / "state.db")
    except StoreError as error:
        figures.refused.append(str(error))
        return
    try:
        found = _known(store)
    finally:
        store.close()
    if found in right:
        return
    record, rows = found
    wanted = {row.client_order_id for row in right[0][1]}
    missing = wanted - {row.client_order_id for row in rows}
    if missing or (record is not None and right[0][0] is not None and record.watermark_ms < right[0][0].watermark_ms):
        figures.lost.append(f"{len(missing)} rows that had been kept are gone, or the watermark is older")
    else:
        figures.torn.append("the state is none that there ever was")


def run(cuts: int, seed: int, synchronous: str = "FULL") -> Figures:
    """Cut the power so many times."""
    figures, chance = Figures(), random.Random(seed)  # noqa: S311 - not for secrets
    while figures.cuts < cuts:
        with tempfile.TemporaryDirectory(prefix="power-") as made, tempfile.TemporaryDirectory() as found:
            life = work(Path(made), chance, 60, synchronous)
            figures.operations += len(life.operations)
            figures.transactions += len(life.returned) - 1
            cut(life, chance, min(CUTS_A_LIFE, cuts - figures.cuts), Path(found), figures)
    return figures


def main() -> None:
    """Take the number of cuts, and end with 1 where anything was lost or torn, or refused for nothing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cuts", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--synchronous", default="FULL", help="for a look at what less would lose")
    options = parser.parse_args()
    if not install():
        print(
            "power: Python brings a SQLite of its own here, which cannot be given another file layer; nothing was run"
        )
        sys.exit(1)
    began = time.monotonic()
    figures = run(options.cuts, options.seed, options.synchronous)
    for text in figures.wrong[:20]:
        print("WRONG:", text)
    print(
        f"power: {figures.cuts:,} cuts ({figures.in_flight:,} inside a transaction) over {figures.operations:,} disk "
        f"operations of {figures.transactions:,} transactions; acknowledged rows lost {len(figures.lost)}, torn states "
        f"{len(figures.torn)}, refused for nothing {len(figures.refused)}; {time.monotonic() - began:.0f} s, "
        f"seed {options.seed}"
    )
    sys.exit(bool(figures.wrong))


if __name__ == "__main__":
    main()
