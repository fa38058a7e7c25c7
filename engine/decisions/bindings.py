"""Which quantity still belongs to which entry, beside the order in which fills close them.

TradingView closes first in, first out, and yet an exit belongs to the entry that it names: when the second of two
entries meets its stop, the first one's quantity is gone from the list of trades, and the first one's exits stay. How
many entries are open, for `pyramiding`, is counted by what belongs to them.
"""

from __future__ import annotations

from engine.decisions.compiled import step
from engine.decisions.records import MOST_ENTRIES
from engine.decisions.state import State

# What is left of an entry below this share of what it was is rounding.
DUST = 1e-9


@step
def bind(state: State, decided: int, quantity: float) -> None:
    """Let a fill's quantity belong to its entry."""
    p = state.position[0]
    if p.bindings < MOST_ENTRIES:
        one = state.bindings[p.bindings]
        one.decided, one.quantity, one.initial = decided, quantity, quantity
        p.bindings += 1


@step
def unbind(state: State, decided: int, quantity: float) -> None:
    """Take what was closed off the entry of that name, whose exit closed it; without one, off the oldest entries.

    In TradingView, exits close what they were made for, also when something else has closed a part of their entry; with
    the last of it they go.
    """
    named = False
    for k in range(state.position[0].bindings):
        named = named or state.bindings[k].decided == decided
    _take(state, decided, quantity, named)


@step
def _take(state: State, decided: int, quantity: float, named: bool) -> None:
    p = state.position[0]
    left = quantity
    keep = 0
    for k in range(p.bindings):
        one = state.bindings[k]
        if left > 0.0 and (not named or one.decided == decided):
            taken = min(left, one.quantity)
            one.quantity -= taken
            left -= taken
        if one.quantity > DUST * one.initial:
            if keep != k:
                state.bindings[keep] = state.bindings[k]
            keep += 1
    p.bindings = keep


@step
def has_binding(state: State, decided: int) -> bool:
    """Tell whether something still belongs to an entry."""
    for k in range(state.position[0].bindings):
        if state.bindings[k].decided == decided:
            return True
    return False


@step
def entries_open(state: State, tradingview: int) -> int:
    """Count the entries that `pyramiding` counts."""
    p = state.position[0]
    return int(p.bindings if tradingview == 1 else p.entries)
