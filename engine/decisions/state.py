"""What the machine remembers between two candles: one value, which can be saved and loaded."""

from __future__ import annotations

import json
import math
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.decisions.records import BINDING, ENTRY, EXIT, MOST_ENTRIES, MOST_EXITS, ORDER, POSITION

Records = NDArray[np.void]


_PARTS = {
    "position": (POSITION, 1),
    "orders": (ORDER, 2),
    "entries": (ENTRY, MOST_ENTRIES),
    "bindings": (BINDING, MOST_ENTRIES),
    "exits": (EXIT, MOST_EXITS),
}
STATE = np.dtype([(name, kind, (count,)) for name, (kind, count) in _PARTS.items()])


class State:
    """The position (one POSITION), the waiting entries (one ORDER for long, one for short), and what belongs to it.

    Compiled functions take `record`, one of STATE, which has the same parts by the same names: it is passed as one
    pointer.
    """

    __slots__ = ("bindings", "entries", "exits", "orders", "position", "record")

    def __init__(self, record: Records) -> None:
        """Hold a record; the parts are views of it."""
        self.record = record
        self.position: Records = record["position"][0]
        self.orders: Records = record["orders"][0]
        self.entries: Records = record["entries"][0]
        self.bindings: Records = record["bindings"][0]
        self.exits: Records = record["exits"][0]

    def copy(self) -> Self:
        """Give the same, apart from this one."""
        return type(self)(self.record.copy())


def new_state(cash: float) -> State:
    """Give the state of a machine that has no position and `cash`."""
    state = State(np.zeros(1, STATE))
    position = state.position
    for name in ("cash", "cash_before", "day_equity", "peak", "equity"):
        position[name] = cash
    position["closing_quantity"] = np.nan
    position["bars"], position["bars_since_exit"], position["day"] = -1, -2, -1
    return state


def state_to_json(state: State) -> str:
    """Write a state so that `state_from_json` gives the same to the bit; na is null, what is not in use is left out."""
    position = state.position[0]
    parts = {
        "position": _plain(state.position)[0],
        "orders": _plain(state.orders),
        "entries": _plain(state.entries[: position["entries"]]),
        "bindings": _plain(state.bindings[: position["bindings"]]),
        "exits": _plain(state.exits[: position["exits"]]),
    }
    return json.dumps(parts)


def state_from_json(text: str) -> State:
    """Read what `state_to_json` wrote, now or before there were bindings. Errors: ValueError where it is neither."""
    parts = json.loads(text)
    try:
        if isinstance(parts, dict) and set(parts) == set(_PARTS) - {"bindings"}:
            parts = _with_bindings(parts)
    except (KeyError, TypeError):
        raise ValueError("this is not a machine's state of any version") from None
    if not isinstance(parts, dict) or set(parts) != set(_PARTS):
        raise ValueError("this is not a machine's state of this version")
    state = new_state(0.0)
    _fill(state.position, [parts["position"]], exactly=True)
    _fill(state.orders, parts["orders"], exactly=True)
    _fill(state.entries, parts["entries"])
    _fill(state.bindings, parts["bindings"])
    _fill(state.exits, parts["exits"])
    position = state.position[0]
    if any(position[name] != len(parts[name]) for name in ("entries", "bindings", "exits")):
        raise ValueError("this is not a machine's state of this version")
    return state


def _with_bindings(parts: dict[str, Any]) -> dict[str, Any]:
    """Let what is open of each entry belong to it, in a state from before that was kept."""
    bindings = [{name: entry[name] for name in BINDING.names or ()} for entry in parts["entries"]]
    position = {**parts["position"], "bindings": len(bindings), "marked": 0.0, "call": 0.0}
    return {**parts, "bindings": bindings, "position": position}


def _plain(records: Records) -> list[dict[str, float | int | None]]:
    names = records.dtype.names or ()
    return [{name: _known(value) for name, value in zip(names, row, strict=True)} for row in records.tolist()]


def _known(value: float | int) -> float | int | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def _fill(records: Records, rows: object, *, exactly: bool = False) -> None:
    names = records.dtype.names or ()
    if not isinstance(rows, list) or len(rows) > len(records) or (exactly and len(rows) != len(records)):
        raise ValueError("this is not a machine's state of this version")
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != set(names):
            raise ValueError("this is not a machine's state of this version")
        for name, value in row.items():
            whole = records.dtype[name].kind == "i"
            if type(value) not in ((int,) if whole else (int, float, type(None))):
                raise ValueError("this is not a machine's state of this version")
            records[name][i] = np.nan if value is None else value
