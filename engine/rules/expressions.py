"""The expressions of a rule file, found at their places and parsed; trees of all/any/not become trees of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.documents import Mapping, Node, Scalar, Sequence, Source, Span, did_you_mean
from engine.documents.nodes import Path
from engine.errors import Problem
from engine.rules.expression import Expression
from engine.rules.log_text import pieces_of
from engine.rules.places import DISTANCES, KINDS, LEVELS, SIZES, dotted, find, rungs, sides_of
from engine.rules.scope import RESERVED


@dataclass(frozen=True, slots=True)
class Tree:
    """`all`, `any` or `not` over conditions."""

    kind: str
    parts: tuple[Tree | Expression, ...]


Condition = Tree | Expression


@dataclass
class Expressions:
    """All expressions of one rule file, by where they stand: "long.enter", "take_profit.0.percent"."""

    source: Source
    root: Mapping
    sides: tuple[str, ...] = ()
    defines: dict[str, Expression] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)  # names in 'define' whose expression cannot be read
    conditions: dict[str, Condition] = field(default_factory=dict)
    values: dict[str, Expression] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def find(cls, root: Mapping, source: Source) -> Expressions:
        """Read every expression that can be read; `problems` says what is wrong with the others."""
        found = cls(source, root)
        define = root.get("define")
        if isinstance(define, Mapping):
            params = root.get("params")
            taken = set(params.entries) if isinstance(params, Mapping) else set()
            for name, node in define:
                found._check_name(name, define.keys[name], "params" if name in taken else "")
                if not name.isidentifier() or not name.isascii():
                    # Refused by the model; those who write slow_ma for it are not wrong a second time.
                    found.unread |= {name, re.sub(r"\W", "_", name)}
                elif expression := found._expression(node):
                    found.defines[name] = expression
                else:
                    found.unread.add(name)
        params = root.get("params")
        if isinstance(params, Mapping):
            for name in params.entries:
                found._check_name(name, params.keys[name], "")
        found.sides = sides_of(root)
        for holder in ((), *((side,) for side in found.sides)):
            found._find_at(root, holder)
        for path in (("cooldown", "bars"), ("limits", "day_loss", "percent"), ("limits", "drawdown", "percent")):
            found._number(root, path)
        found._number(root, ("delay_seconds",))
        if isinstance(log := root.get("log"), Scalar):
            found._in_text("log", log)
        return found

    def _find_at(self, root: Mapping, holder: Path) -> None:
        """Read what may stand at a side as well as at the top."""
        conditions = [(*holder, "order", "cancel")]
        conditions += [(*holder, "enter"), (*holder, "exit")] if holder else []
        for path in conditions:
            stands = find(root, path)
            if stands is not None and (condition := self._condition(stands)) is not None:
                self.conditions[dotted(path)] = condition
        for what in LEVELS:
            stands = find(root, (*holder, what))
            for path, _ in rungs(None if stands is None else ((*holder, what), stands)):
                for key in (*KINDS, "close_percent"):
                    self._number(root, (*path, key))
        for kind in KINDS:
            self._number(root, (*holder, "trailing", "start", kind))
            if kind in DISTANCES:
                self._number(root, (*holder, "trailing", kind))
                self._number(root, (*holder, "break_even", "after", kind))
        for path in (("max_bars",), ("order", "price"), ("order", "expire_bars")):
            self._number(root, (*holder, *path))
        for kind in SIZES:
            self._number(root, (*holder, "order", "size", kind))

    def _number(self, root: Mapping, path: Path) -> None:
        stands = find(root, path)
        if stands is not None and (expression := self._expression(stands)):
            self.values[dotted(path)] = expression

    def _in_text(self, name: str, text: Scalar) -> None:
        """Read the expressions between the braces of a text."""
        count = 0
        for piece in pieces_of(text.text):
            if piece.stray:
                self._report(text.span, f"a '{piece.text}' of this text stands alone", "a brace itself is {{ or }}")
            elif piece.expression:
                read = Expression.read(self.source, text, (piece.start, piece.end))
                if isinstance(read, Problem):
                    self.problems.append(read)
                else:
                    self.values[f"{name}.{count}"] = read
                count += 1

    def _check_name(self, name: str, span: Span, also_in: str) -> None:
        if also_in:
            self.problems.append(self.source.problem(span, f"'{name}' stands in '{also_in}' too", "rename one of them"))
        elif name in RESERVED:
            self.problems.append(self.source.problem(span, f"'{name}' has a meaning already", "choose another name"))

    def _condition(self, node: Node) -> Condition | None:
        if isinstance(node, Scalar):
            return self._expression(node)
        if isinstance(node, Sequence):
            self._report(node.span, "a list needs a word above it that says how its conditions join", "all: or any:")
            return None
        if len(node.entries) != 1 or next(iter(node.entries)) not in ("all", "any", "not"):
            for name in node.entries:
                if name not in ("all", "any", "not"):
                    hint = did_you_mean(name, ("all", "any", "not")) or "an expression with ': ' in it must be quoted"
                    self._report(node.keys[name], f"expected one of all, any, not; found '{name}'", hint)
                    return None
            self._report(node.span, "one of all, any, not is expected here, and only one")
            return None
        kind, content = next(iter(node.entries.items()))
        parts = content.items if isinstance(content, Sequence) else (content,)
        if kind == "not" and len(parts) != 1:
            self._report(node.keys[kind], "'not' takes one condition", "not: {any: [...]}")
            return None
        if not parts:
            self._report(node.keys[kind], f"'{kind}' is empty")
            return None
        conditions = [self._condition(part) for part in parts]
        good = tuple(condition for condition in conditions if condition is not None)
        return Tree(kind, good) if len(good) == len(parts) else None

    def _expression(self, node: Node) -> Expression | None:
        if not isinstance(node, Scalar):
            self._report(
                node.span, "an expression is expected here", "if YAML split it ([ ], { }, ': '), quote the whole"
            )
            return None
        if node.value is None or not node.text.strip():
            self._report(node.span, "an expression is expected here, and there is nothing")
            return None
        read = Expression.read(self.source, node)
        if isinstance(read, Problem):
            self.problems.append(read)
            return None
        return read

    def _report(self, span: Span, message: str, hint: str = "") -> None:
        self.problems.append(self.source.problem(span, message, hint))
