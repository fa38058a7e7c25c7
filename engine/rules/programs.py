"""What depends on the position as a program for a small stack machine: operands first, then the operation.

Instructions are ("number", value), ("column", key), ("position", PositionField) and ("operation", name of OPERATIONS);
an operation takes as many values from the stack as `OPERATIONS[name].takes` has, and puts one back. Conditions are the
numbers 0 (false), 1 (unknown), 2 (true).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.market.bars import Column
from engine.rules.nodes import Constant, Node, Operation
from engine.rules.operators import OPERATIONS
from engine.rules.position import Position, PositionField

Instruction = tuple[str, float | str | int]

MOST_INSTRUCTIONS = 500
DEEPEST = 32


def program_of(root: Node, keys: Mapping[Node, str]) -> tuple[Instruction, ...]:
    """Write the program of a node that depends on the position; `keys` name the columns that it reads."""
    written: list[Instruction] = []
    pending: list[Node | Instruction] = [root]
    while pending:
        at = pending.pop()
        if isinstance(at, tuple):
            written.append(at)
        elif isinstance(at, Constant):
            written.append(("number", at.value))
        elif isinstance(at, Position):
            written.append(("position", at.field))
        elif at.on_position and isinstance(at, Operation):
            pending.extend(reversed(_steps(at)))
        else:
            written.append(("column", keys[at]))
    return tuple(written)


def run_plainly(
    program: Sequence[Instruction], columns: Mapping[str, Column], row: int, position: Mapping[PositionField, float]
) -> float:
    """Give what a program comes to on a row, one step at a time: for what is needed now and then, such as a text."""
    stack: list[float] = []
    for what, value in program:
        if what == "operation":
            operation = OPERATIONS[str(value)]
            operands = [stack.pop() for _ in operation.takes][::-1]
            stack.append(float(operation.compute(*operands)))
        elif what == "column":
            stack.append(float(columns[str(value)][row]))
        else:
            stack.append(position[PositionField(int(value))] if what == "position" else float(value))
    return stack[0]


def leaves_of(root: Node) -> list[Node]:
    """Give the nodes with a column that a node which depends on the position is made of, each once."""
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.on_position:
            pending.extend(reversed(node.inputs))
        elif not isinstance(node, Constant):
            found[node] = None
    return list(found)


def too_long(root: Node) -> bool:
    """Tell whether its program would have more instructions, or need more room, than there is."""
    sizes: dict[Node, tuple[int, int]] = {}
    pending = [root]
    while pending:
        node = pending[-1]
        below = [] if not node.on_position else [i for i in node.inputs if i not in sizes]
        if below:
            pending.extend(below)
            continue
        pending.pop()
        if isinstance(node, Operation) and node.on_position:
            steps = _steps(node)
            depth = held = count = 0
            for step in steps:
                size, room = (1, 0) if isinstance(step, tuple) else sizes[step]
                count += size
                depth = max(depth, held + room)
                held += 1 - _taken(step)
                depth = max(depth, held)
            sizes[node] = (min(count, MOST_INSTRUCTIONS + 1), depth)
        else:
            sizes[node] = (1, 1)
    count, depth = sizes[root]
    return count > MOST_INSTRUCTIONS or depth > DEEPEST


def _taken(step: Node | Instruction) -> int:
    """Count the values that a step takes from the stack."""
    return len(OPERATIONS[str(step[1])].takes) if isinstance(step, tuple) and step[0] == "operation" else 0


def _steps(node: Operation) -> list[Node | Instruction]:
    """Give what computes a node: its operands, and operations that take two where it takes many."""
    operands, name = node.operands, node.name
    average = name == "math.avg"
    if not OPERATIONS[name].many:
        return [*operands, ("operation", name)]
    steps: list[Node | Instruction] = [operands[0]]
    for operand in operands[1:]:
        steps += [operand, ("operation", "+" if average else name)]
    return [*steps, ("number", float(len(operands))), ("operation", "/")] if average else steps
