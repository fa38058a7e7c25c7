"""A decision as a value, and the machine's state as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np

from engine.decisions.machine import Records
from engine.decisions.records import STATE, Move, Reason
from engine.decisions.settings import Settings


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at the close of the bar that opened at `time_ms`, and why; None for what it does not have."""

    time_ms: int
    move: Move
    reason: Reason
    close: float
    size: float | None
    take_profit: float | None
    stop_loss: float | None


_MOVES, _REASONS = {int(move): move for move in Move}, {int(reason): reason for reason in Reason}


def decisions_of(records: Records) -> list[Decision]:
    """Give the machine's records as values."""
    return [
        Decision(time, _MOVES[move], _REASONS[reason], close, _known(size), _known(take_profit), _known(stop_loss))
        for time, move, reason, close, size, take_profit, stop_loss in records.tolist()
    ]


def state_to_json(state: Records) -> str:
    """Write a state so that `state_from_json` gives the same to the bit; na is null."""
    record = {name: state[name][0].item() for name in state.dtype.names or ()}
    return json.dumps({k: None if isinstance(v, float) and math.isnan(v) else v for k, v in record.items()})


def state_from_json(text: str) -> Records:
    """Read what `state_to_json` wrote. Errors: ValueError where it is something else."""
    record = json.loads(text)
    numbers = isinstance(record, dict) and all(v is None or type(v) in (int, float) for v in record.values())
    if not numbers or set(record) != set(STATE.names or ()):
        raise ValueError("this is not a machine's state of this version")
    state = np.zeros(1, dtype=STATE)
    for name, value in record.items():
        state[name] = np.nan if value is None else value
    return state


def void_entry(state: Records, settings: Settings, decided_ms: int) -> bool:
    """Undo the entry that was decided on the bar of `decided_ms`: its message never arrived.

    Whether it still waits or is already believed to be filled; any other entry stays. Gives whether there was anything
    to undo: a position that is already believed to be closed again is not.
    """
    s = state[0]
    if s["opening"] != 0 and s["opening_decided"] == decided_ms:
        s["opening"] = 0
        return True
    if s["side"] == 0 or s["entry_decided"] != decided_ms:
        return False
    s["cash"] += s["quantity"] * s["entry_price"] * settings.commission
    s["side"], s["quantity"], s["entry_price"], s["closing"] = 0, 0.0, 0.0, 0
    s["take_profit"] = s["stop_loss"] = np.nan
    return True


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
