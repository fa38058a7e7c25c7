"""Takes an input as the engine does, and holds what was taken against what is written, read in another way.

Errors of all: InvalidInputError where the engine refuses it; AssertionError where something silently became another.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, SecretStr

from engine.app.backtests import definition_in
from engine.config.read import read_config
from engine.market import Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules import read_rule
from engine.rules import syntax as s
from engine.rules.expressions import Tree
from engine.rules.parser import parse_expression
from engine.rules.single import plan_text
from tests.rules.reference import POSITION
from tests.rules.stack import run

_BARS = sample_bars("BTC/USDT:USDT", Timeframe(1, "h"), SAMPLE_START_MS, 12)
_HELD: dict[str, list[float | None]] = {name: [1.0, -1.0, 0.0, None] * 3 for name in POSITION}
_ENVIRONMENT = {"SIGNAL_ENGINE_CONNECTOR": "main", "SIGNAL_ENGINE_TOKEN": "secret", "HOME": "home"}
_TEXT_TOO = (
    "port",
    "capital",
    "settle_seconds",
    "tick_seconds",
    "tick",
    "lot",
    "deduplicates",
)  # variables and options fill these
_PATHS = ("state", "strategy", "ledger", "extends", "data")


def take_expression(text: str) -> None:
    """Plan an expression, and compute it on a few bars if it needs no others."""
    plan = plan_text(text)
    text = text.removeprefix("\ufeff")
    tree = parse_expression(text)
    again = parse_expression(written(tree))
    assert written(again) == written(tree), "an expression that is written out means another"
    _check_literals(tree, text)
    if plan.programs and not plan.feeds:
        columns = plan.columns(_BARS)
        assert not np.isinf([run(plan.programs["value"], columns, _HELD, bar) for bar in range(len(_BARS))]).any()
    elif not plan.feeds:
        values = plan.evaluate(_BARS)["value"]
        assert len(values) == len(_BARS)
        assert values.dtype in (np.float64, np.int8)
        # An indicator of numbers near the largest there are may overflow; no operation may.
        assert any(node.call for node in plan.nodes) or not np.isinf(values).any(), "a value that is not finite"


def take_rule(text: str) -> None:
    """Read and plan a rule file."""
    rule = read_rule(text, "rule.yaml")
    rule.plan()
    base = _base(text)
    # What 'tests' holds becomes candles and messages, in ways of its own.
    _compare(rule.file.model_dump(exclude_unset=True, exclude={"tests"}, by_alias=True), {**base, "tests": ""}, ())
    for path, condition in rule.expressions.conditions.items():
        stands: object = base
        for step in path.split("."):
            assert isinstance(stands, dict)
            stands = stands[step]
        assert _texts(condition) == _leaves(stands), path


def take_definition(text: str, path: Path) -> None:
    """Read a run definition."""
    path.write_bytes(text.encode(errors="surrogatepass"))
    found = definition_in(path)
    if found is not None:
        _compare(found.model_dump(exclude_unset=True, by_alias=True), _base(text), ())


def take_config(text: str, path: Path) -> None:
    """Read a config, which may extend another."""
    path.write_bytes(text.encode(errors="surrogatepass"))
    found = read_config(path, _ENVIRONMENT)
    base = _base(text)
    for key in [key for key in base if key not in found.model_fields_set]:
        del base[key]
    _compare({key: getattr(found, key) for key in base}, base, ())


def written(tree: s.Syntax) -> str:  # noqa: PLR0911 - one line for each kind of syntax
    """Write an expression out, with every bracket that there can be."""
    parts = [written(part) for part in tree.parts]
    match tree:
        case s.Number():
            return repr(tree.value)
        case s.Text():
            return f"'{tree.value}'" if "'" not in tree.value else f'"{tree.value}"'
        case s.Name():
            return tree.name
        case s.Attribute():
            return f"({parts[0]}).{tree.name}"
        case s.Argument():
            return f"{tree.name}={parts[0]}" if tree.name else parts[0]
        case s.Call():
            return f"{parts[0]}({', '.join(parts[1:])})"
        case s.Unary():
            return f"({tree.operator} {parts[0]})"
        case s.Binary():
            return f"({parts[0]} {tree.operator} {parts[1]})"
        case s.Comparison():
            pairs = zip(tree.operators, parts[1:], strict=True)
            return f"({parts[0]} {' '.join(f'{operator} {part}' for operator, part in pairs)})"
        case s.Conditional():
            return f"({parts[0]} ? {parts[1]} : {parts[2]})"
        case s.History():
            return f"({parts[0]})[{parts[1]}]"
    raise AssertionError(tree)


def _check_literals(tree: s.Syntax, text: str) -> None:
    """Hold each number, text and name against the stretch that it says it stands on."""
    pending = [tree]
    while pending:
        part = pending.pop()
        stretch = text[part.start : part.end]
        if isinstance(part, s.Number):
            assert float(stretch) == part.value, stretch
        elif isinstance(part, s.Text):
            assert stretch[1:-1] == part.value, stretch
        elif isinstance(part, s.Name):
            assert stretch == part.name
        pending.extend(part.parts)


class _Quoted(str):
    """A text in quotes, which is no number."""


class _Texts(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]  # as the engine: libyaml where there is
    def construct_scalar(self, node: yaml.ScalarNode) -> str:
        text = super().construct_scalar(node)
        return _Quoted(text) if node.style else str(text)


def _base(text: str) -> dict[str, object]:
    """Read YAML with every scalar as the text that is written."""
    found = yaml.load(text.removeprefix("\ufeff"), Loader=_Texts)  # noqa: S506 - texts only
    assert isinstance(found, dict)
    return found


def _texts(condition: object) -> list[str]:
    """Give the expressions of a tree of all, any and not, in their order."""
    if isinstance(condition, Tree):
        return [text for part in condition.parts for text in _texts(part)]
    return [condition.scalar.text]  # type: ignore[attr-defined]


def _leaves(node: object) -> list[object]:
    if isinstance(node, dict):
        node = list(node.values())
    return [leaf for part in node for leaf in _leaves(part)] if isinstance(node, list) else [node]


def _compare(value: object, base: object, path: tuple[object, ...]) -> None:
    """Hold a value that was taken against the text it was written as."""
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_unset=True, by_alias=True)
    if isinstance(value, Mapping):
        if isinstance(base, str):  # a parameter that is a number alone, a time to leave without a zone
            base = {str(next(iter(value))): base}
        assert isinstance(base, Mapping), path
        for key in base:
            assert str(key) in {"tests", *map(str, value)}, (*path, key)
        for key, below in value.items():
            if key in base and key not in _PATHS:
                _compare(below, base[key], (*path, key))
    elif isinstance(value, list | tuple):
        assert isinstance(base, list), path
        assert len(base) == len(value), path
        for i, (one, other) in enumerate(zip(value, base, strict=True)):
            _compare(one, other, (*path, i))
    else:
        assert isinstance(base, str), path
        assert _faithful(value, base, path), (path, value, base)


def _faithful(value: object, text: str, path: tuple[object, ...]) -> bool:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if path in (("from",), ("to",)) and value is not None:
        return text[:4].isdigit()
    if "${" in text:
        return True
    if isinstance(text, _Quoted) and path and path[-1] in _TEXT_TOO and not isinstance(value, str):
        text = str(text)
    if isinstance(text, _Quoted):
        return value == str(text)
    if isinstance(value, bool):
        return text in ("true", "True", "TRUE") if value else text in ("false", "False", "FALSE")
    if value is None:
        return text in ("", "~", "null", "Null", "NULL")
    if isinstance(value, str):
        return value == text
    return float(text) == float(value)  # type: ignore[arg-type]
