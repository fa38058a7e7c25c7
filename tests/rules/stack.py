"""A plain stack machine for the programs of a plan, as the machine of engine/decisions runs them at each close."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engine.market.bars import Column
from engine.rules.operators import OPERATIONS
from engine.rules.position import PositionField
from engine.rules.programs import DEEPEST, MOST_INSTRUCTIONS, Instruction


def run(
    program: Sequence[Instruction],
    columns: Mapping[str, Column],
    position: Mapping[str, Sequence[float | None]],
    bar: int,
) -> float:
    """Give the value on a bar: a number, na as NaN; or a condition as 0, 1, 2."""
    assert len(program) <= MOST_INSTRUCTIONS
    stack: list[float] = []
    for word, value in program:
        if word == "number":
            stack.append(float(value))
        elif word == "column":
            stack.append(float(columns[str(value)][bar]))
        elif word == "position":
            assert isinstance(value, PositionField)
            known = position[value.name.lower()][bar]
            stack.append(math.nan if known is None else known)
        else:
            operation = OPERATIONS[str(value)]
            taken = [stack.pop() for _ in operation.takes][::-1]
            stack.append(float(operation.compute(*taken)))
        assert len(stack) <= DEEPEST
    (result,) = stack
    return result
