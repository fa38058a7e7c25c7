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
def unbind(state: State, decided: int, quantity: float, tradingview: int) -> None:
    """Take what was closed off the entry whose exit closed it, then off the oldest ones.

    In TradingView, what is left of an entry is all that its exits can still close.
    """
    left = _take(state, decided, quantity, 1, 0)
    if left > 0.0:
        _take(state, decided, left, 0, tradingview)


@step
def _take(state: State, decided: int, quantity: float, named: int, holds_less: int) -> float:
    """Take a quantity off the entry of that name, or off any; give what there was too little for."""
    p = state.position[0]
    left = quantity
    keep = 0
    for k in range(p.bindings):
        one = state.bindings[k]
        if left > 0.0 and (named == 0 or one.decided == decided):
            taken = min(left, one.quantity)
            one.quantity -= taken
            left -= taken
            if holds_less == 1:
                _hold_no_more(state, one.decided, one.quantity)
        if one.quantity > DUST * one.initial:
            if keep != k:
                state.bindings[keep] = state.bindings[k]
            keep += 1
    p.bindings = keep
    return left


@step
def _hold_no_more(state: State, decided: int, quantity: float) -> None:
    """Let an entry's exits close no more than that."""
    p = state.position[0]
    for k in range(p.exits):
        one = state.exits[k]
        if one.live == 1 and one.decided == decided:
            one.held = min(one.held, quantity)


@step
def entries_open(state: State, tradingview: int) -> int:
    """Count the entries that `pyramiding` counts."""
    p = state.position[0]
    return int(p.bindings if tradingview == 1 else p.entries)
