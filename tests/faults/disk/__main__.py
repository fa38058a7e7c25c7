"""`make disk`: damaged states are opened, and running engines lose their disk. The last lines are the figures."""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from engine.adapters.sql_store import SqlStore
from engine.delivery import Row
from engine.errors import SignalEngineError, StoreError
from engine.ports import RouteRecord
from tests.faults.disk.harm import KINDS, harm
from tests.faults.kills.__main__ import Harness
from tests.faults.kills.life import Plan, live
from tests.faults.power.__main__ import _one

LONGEST_ALARM_S = 5.0
LIVES = ("removed", "replaced", "cut", "journal removed", "full", "folder removed")


@dataclass
class Figures:
    """What was seen."""

    opened: Counter[str] = field(default_factory=Counter)
    alarms_s: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def known(store: SqlStore) -> tuple[RouteRecord | None, list[Row]]:
    """Give all that decides anything."""
    return store.route("r"), store.rows(10_000)


def at_rest(count: int, seed: int, figures: Figures) -> None:
    """Damage states of stopped and of killed engines, and open them: refused, or all that was kept."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    with tempfile.TemporaryDirectory(prefix="disk-") as made:
        sound, right = _sound(Path(made) / "sound", chance)
        for n in range(count):
            if n % 200 == 199:
                shutil.rmtree(Path(made) / "sound")
                sound, right = _sound(Path(made) / "sound", chance)
            place = Path(made) / "harmed"
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(chance.choice(sound), place)
            victims = [file for file in place.iterdir() if file.suffix in (".db", ".db-wal")]
            kind = KINDS[n % len(KINDS)]
            where = harm(chance.choice(victims), kind, chance)
            _open(place, kind, where, right, figures)


def _sound(place: Path, chance: random.Random) -> tuple[list[Path], tuple[RouteRecord | None, list[Row]]]:
    """Make a state as a killed engine leaves it, with its journal, and the same as a stopped one does, without."""
    store = SqlStore(place / "work" / "state.db")
    for n in range(chance.randrange(40, 120)):
        _one(store, chance, n)
    right = known(store)
    killed = place / "killed"
    killed.mkdir()
    for name in ("state.db", "state.db-wal", "state.db.mark"):
        shutil.copy(place / "work" / name, killed / name)
    store.close()
    (place / "work" / "state.db.lock").unlink()
    return [killed, place / "work"], right


def _open(place: Path, kind: str, where: str, right: tuple[RouteRecord | None, list[Row]], figures: Figures) -> None:
    try:
        store = SqlStore(place / "state.db")
    except StoreError:
        figures.opened["refused"] += 1
        return
    except Exception as error:  # noqa: BLE001 - any other error is a finding
        figures.wrong.append(f"{kind}, {where}: {type(error).__name__}: {error}")
        return
    try:
        found = known(store)
    except StoreError:
        figures.opened["refused when read"] += 1
        return
    finally:
        store.close()
    if found == right:
        figures.opened["whole in spite of it"] += 1
    elif found == (None, []) and kind == "missing" and not list(place.glob("state.db-wal")):
        figures.wrong.append(f"{kind}, {where}: silently empty")
    else:
        figures.wrong.append(f"{kind}, {where}: opened, with {len(found[1])} rows of {len(right[1])}")


def running(times: int, seed: int, figures: Figures) -> None:
    """Take the disk from running engines, and measure how long they go on."""
    harness = Harness(deduplicates=True, seed=seed)
    try:
        for n in range(times):
            kind = LIVES[n % len(LIVES)]
            folder = Path(tempfile.mkdtemp(prefix="disk-"))
            try:
                _one_life(harness, folder, kind, figures)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        harness.close()


def _one_life(harness: Harness, folder: Path, kind: str, figures: Figures) -> None:
    inside = folder / "inside"
    inside.mkdir()
    harness._ask("ledger", str(folder / "ledger.txt"))
    log = folder / "log.txt"
    pid = os.fork()
    if pid == 0:
        _be(harness, inside, log, limit=kind == "full")
    end = time.monotonic() + 10
    while not (inside / "state.db-wal").exists() or (inside / "state.db-wal").stat().st_size < 60_000:
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    began = time.monotonic()
    _take_away(inside, kind)
    while time.monotonic() < began + 3 * LONGEST_ALARM_S:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            took = time.monotonic() - began
            figures.alarms_s.setdefault(kind, []).append(took)
            said = log.read_text()
            if os.waitstatus_to_exitcode(status) != 3 or "state.db" not in said:
                figures.wrong.append(f"{kind}: ended with {status}, saying {said[-200:]}")
            if took > LONGEST_ALARM_S:
                figures.wrong.append(f"{kind}: went on for {took:.1f} s")
            return
        time.sleep(0.005)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    figures.wrong.append(f"{kind}: still running after {3 * LONGEST_ALARM_S:g} s")


def _take_away(inside: Path, kind: str) -> None:
    state, journal = inside / "state.db", inside / "state.db-wal"
    if kind == "removed":
        state.unlink()
    elif kind == "replaced":
        copy = inside / "copy"
        copy.write_bytes(state.read_bytes())
        copy.rename(state)
    elif kind == "cut":
        os.truncate(state, 4096)
    elif kind == "journal removed":
        journal.unlink()
    elif kind == "folder removed":
        shutil.rmtree(inside)


def _be(harness: Harness, folder: Path, log: Path, *, limit: bool) -> None:
    """Be an engine that ends with the code and the words that `run` would end with."""
    code = 9
    try:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        live(folder, harness.url, harness.rule, Plan(seed=1), deduplicates=True)
    except SignalEngineError as error:
        log.write_text(str(error))
        code = error.exit_code
    except BaseException as error:  # noqa: BLE001 - a forked child must not go on as its parent
        log.write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def main() -> None:
    """Take the number of damaged states, and end with 1 where one was taken for good or an engine went on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("damages", type=int, nargs="?", default=5_000)
    parser.add_argument("--lives", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    options = parser.parse_args()
    began = time.monotonic()
    figures = Figures()
    running(options.lives, options.seed, figures)
    at_rest(options.damages, options.seed, figures)
    for text in figures.wrong[:20]:
        print("WRONG:", text)
    for name, number in sorted(figures.opened.items()):
        print(f"{number:>8,}  {name}")
    slowest = max((took for times in figures.alarms_s.values() for took in times), default=0.0)
    print(
        f"disk: {options.damages:,} damaged states, {sum(map(len, figures.alarms_s.values())):,} engines that lost "
        f"their disk ({', '.join(sorted(figures.alarms_s))}), slowest alarm {slowest:.2f} s; "
        f"wrong {len(figures.wrong)}; {time.monotonic() - began:.0f} s, seed {options.seed}"
    )
    sys.exit(bool(figures.wrong))


if __name__ == "__main__":
    main()
