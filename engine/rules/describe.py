"""Plan nodes in the words of a rule file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.indicators import NEW_DAY, SERIES_KINDS, Kind
from engine.indicators.catalogue import short_names
from engine.rules.catalogue import CatalogueNode
from engine.rules.hours import InSession, TimeToLeave
from engine.rules.nodes import DAY, Candle, Constant, History, Indicator, NewPeriod, Node, Operation, Output
from engine.rules.plan import Plan
from engine.rules.position import Position
from engine.rules.security import Security

_LONGEST = 80  # characters of a text; what is longer is cut
_WORDS = {"and", "or"}
_CHOICES = {"if number", "if condition"}


def texts_of(nodes: Iterable[Node], names: Mapping[Node, str] | None = None) -> dict[Node, str]:
    """Give each node as an expression would write it; `nodes` stand after their inputs, as a plan's do.

    Inside other expressions, a node that has a name is written by its name. Long texts are cut.
    """
    texts: dict[Node, str] = {}
    inside: dict[Node, str] = {}
    for node in nodes:
        if isinstance(node, Security):
            within = texts_of(Plan.of({"": node.node}).nodes, names)[node.node]
            text = f'request.security("{node.feed.symbol}", "{node.feed.timeframe}", {within})'
        else:
            text = _text(node, [inside[i] for i in node.inputs])
        texts[node] = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
        name = (names or {}).get(node)
        inside[node] = name or (f"({texts[node]})" if _is_infix(node) else texts[node])
    return texts


def _is_infix(node: Node) -> bool:
    return isinstance(node, Operation) and (not node.name[0].isalpha() or node.name in _WORDS | _CHOICES)


def _text(node: Node, inputs: list[str]) -> str:
    if isinstance(node, _BY_NAME):
        return _name(node)
    if isinstance(node, (History, Output)):
        return f"{inputs[0]}[{node.bars_ago}]" if isinstance(node, History) else f"{inputs[0]}{_output(node)}"
    if isinstance(node, CatalogueNode):
        given = [f"{name}={text}" for name, text in zip(node.called.columns, inputs, strict=True)]
        given += [f"{name}={_constant(value)}" for name, value in node.called.constants]
        return f"pandas_ta.{node.called.name}({', '.join(given)})"
    if isinstance(node, Indicator):
        series, constants = iter(inputs), map(_constant, node.constants)
        given = [next(series if p.kind in SERIES_KINDS else constants) for p in node.function.parameters]
        return f"ta.{node.function.name}({', '.join(given)})" if given else node.function.signature
    if isinstance(node, Operation):
        return _operation(node.name, inputs)
    return node.call or f"{type(node).__name__.lower()}({', '.join(inputs)})"


_BY_NAME = (Constant, Candle, NewPeriod, Position, InSession, TimeToLeave)


def _name(node: Node) -> str:
    """Write what consists of no other nodes."""
    if isinstance(node, Constant) and node.kind is Kind.CONDITION:
        return ("false", "unknown", "true")[int(node.value)]
    if isinstance(node, Candle):
        return node.name
    if isinstance(node, NewPeriod):
        return NEW_DAY if node.period == DAY else f'timeframe.change("{node.period}")'
    fields = {InSession: "sessions", TimeToLeave: "flat_at"}
    return fields.get(type(node), str(node))


def _operation(name: str, operands: list[str]) -> str:
    if name == "negative":
        return f"-{operands[0]}"
    if name == "not":
        return f"not {operands[0]}"
    if name in _CHOICES:
        return f"{operands[0]} ? {operands[1]} : {operands[2]}"
    if name in _WORDS or not name[0].isalpha():
        return f" {name} ".join(operands)
    return f"{name}({', '.join(operands)})"


def _constant(value: float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _output(node: Output) -> str:
    """Give how one of several outputs is picked."""
    of = node.indicator
    names = of.outputs if isinstance(of, CatalogueNode) else of.function.outputs if isinstance(of, Indicator) else ()
    return f".{short_names(names[node.index])[0]}" if len(names) > 1 else ""
