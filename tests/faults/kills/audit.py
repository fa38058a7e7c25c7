"""What must have been decided and executed, from the candles alone, compared with the outbox and the ledger."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.kills.life import FIRST_BAR
from tests.faults.kills.world import BAR_MS, NAME, START_MS, SYMBOL, TIMEFRAME, close_of

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Findings:
    """What was wrong, and what was counted."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    positions: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def wrong(self) -> list[str]:
        """Everything."""
        return [*self.lost, *self.doubled, *self.unlisted, *self.positions, *self.strange]

    def take(self, other: Findings) -> None:
        """Add another's."""
        for name in ("lost", "doubled", "unlisted", "positions", "strange"):
            getattr(self, name).extend(getattr(other, name))
        self.counts += other.counts


def order_id(bar: int, intent: str) -> str:
    """Give the id of a decision, written anew from its description: netstrings, SHA-256, 32 digits of base 36."""
    parts = (NAME, SYMBOL, TIMEFRAME, str(START_MS + bar * BAR_MS), intent, "0")
    text = b"".join(b"%d:%b," % (len(part.encode().decode()), part.encode()) for part in parts)
    number = int(hashlib.sha256(text).hexdigest(), 16)
    found = ""
    while len(found) < 32:
        found += _DIGITS[number % 36]
        number //= 36
    return found


def wanted(last_bar: int, first_bar: int = FIRST_BAR) -> list[tuple[int, str, str]]:
    """Give every turn up to a bar: the bar, the side that opens there, the side that closes there."""
    found = []
    for bar in range(first_bar, last_bar + 1):
        up, was_up = close_of(bar) > close_of(bar - 1), close_of(bar - 1) > close_of(bar - 2)
        if up != was_up:
            found.append((bar, "Long", "Short") if up else (bar, "Short", "Long"))
    return found


def audit(folder: Path, executed: list[str], *, deduplicates: bool) -> Findings:
    """Compare the outbox of a stopped engine, after everything that can be delivered was, with a receiver's ledger."""
    found = Findings()
    with sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM outbox ORDER BY seq")]
        watermark, state = connection.execute("SELECT watermark_ms, state FROM routes").fetchone()
    connection.close()
    states = {row["client_order_id"]: row["state"] for row in rows}
    counted = Counter(executed)
    actions = dict(line.split() for line in executed)
    last = (watermark - START_MS) // BAR_MS
    found.counts["decisions"] += len(rows)
    found.counts["executed"] += len(counted)
    for state_of in states.values():
        found.counts[state_of] += 1
    _check_decisions(found, last, states, actions)
    _check_doubles(found, counted, deduplicates=deduplicates)
    _check_doubts(found, rows, actions)
    _check_position(found, executed, state, states)
    return found


def _check_decisions(found: Findings, last: int, states: dict[str, str], actions: dict[str, str]) -> None:
    known: dict[str, int] = {}
    for bar in range(FIRST_BAR, last + 1):
        known[order_id(bar, "open")] = bar
        known[order_id(bar, "close")] = bar
    found.strange += [
        f"{key} {actions[key]}: executed, and no decision of these candles" for key in actions if key not in known
    ]
    found.strange += [f"{key}: in the outbox, and not of these candles" for key in states if key not in known]
    turns = wanted(last)
    for bar, opens, _ in turns:
        key = order_id(bar, "open")
        if key not in states:
            found.lost.append(f"bar {bar}: open{opens} was never written down")
        elif key in actions and actions[key] != f"open{opens}":
            found.strange.append(f"bar {bar}: {actions[key]} instead of open{opens}")
    for key, action in actions.items():
        if not action.startswith("open") or key not in known:
            continue
        side = action.removeprefix("open")
        end = next((bar for bar, opens, _ in turns if bar > known[key] and opens != side), None)
        if end is not None and actions.get(order_id(end, "close")) != f"close{side}":
            found.lost.append(f"bar {known[key]}: {action} was executed, and close{side} of bar {end} was not")


def _check_doubles(found: Findings, counted: Counter[str], *, deduplicates: bool) -> None:
    for line, times in counted.items():
        if times > 1 and (" open" in line or deduplicates):
            found.doubled.append(f"{line}: executed {times} times")


def _check_doubts(found: Findings, rows: list[dict[str, object]], actions: dict[str, str]) -> None:
    for row in rows:
        arrived = row["client_order_id"] in actions
        if arrived and row["state"] not in ("ACKNOWLEDGED", "UNKNOWN"):
            found.unlisted.append(f"{row['seq']}: executed, and shown as {row['state']}")
        if not arrived and row["state"] == "ACKNOWLEDGED":
            found.unlisted.append(f"{row['seq']}: shown as ACKNOWLEDGED, and never executed")


def _check_position(found: Findings, executed: list[str], state: str, states: dict[str, str]) -> None:
    import json  # noqa: PLC0415

    held = 0
    for line in executed:
        action = line.split()[1]
        side = 1 if action.endswith("Long") else -1
        if action.startswith("open"):
            held += side
        elif held * side > 0:
            held = 0
    record = json.loads(state)
    long, short = (order["type"] for order in record["orders"])
    position = record["position"]
    believed = (1 if long else -1 if short else 0) or (0 if position["closing"] else position["side"])
    listed = "UNKNOWN" in states.values()
    # The newest entry may have ended unsent after the last bar: it is undone before the next one, and is visible.
    ended = any(value in ("EXPIRED", "REJECTED") for value in list(states.values())[-1:])
    if held != believed and not listed and not ended:
        found.positions.append(f"the receiver holds {held}, the engine believes {believed}, and no doubt is listed")
    if abs(held) > 1:
        found.positions.append(f"the receiver holds {held}")
