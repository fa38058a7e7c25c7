"""JSON Schema of rule files, configs and run definitions, for editors.

It is what pydantic makes of the models, so that a new field is in it by itself, with what a schema can say better:
trees of conditions, short forms, texts with a pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from engine.app.schema_words import EXTRA, TITLES, WORDS
from engine.backtest import RunDefinition
from engine.backtest.statistics import NAMES
from engine.config import RunConfig
from engine.rules.model import NAME, RuleFile
from engine.rules.places import SIDES

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CONDITION = ["string", "boolean", "object"]
_EXPRESSION = ["number", "string"]
_TREE = {"$ref": "#/$defs/Condition"}


def schema_of(name: str) -> Schema:
    """Give the schema of SCHEMAS[name]: "rule", "config" or "backtest"."""
    model, finish = SCHEMAS[name]
    made = model.model_json_schema(by_alias=True)
    definitions: dict[str, Schema] = made.pop("$defs", {})
    definitions = {model.__name__: made, **definitions}
    cleaned = {title: _cleaned(title, definition) for title, definition in definitions.items()}
    finish(cleaned)
    top = cleaned.pop(model.__name__)
    head = {"$schema": _DIALECT, "title": TITLES[name], "description": top.pop("description", "")}
    return {**head, **top, "$defs": dict(sorted(cleaned.items()))}


def _rule(definitions: dict[str, Schema]) -> None:
    top = definitions["RuleFile"]
    top["anyOf"] = [{"required": [side, "order"]} for side in SIDES]
    top["anyOf"] += [{"required": [side], "properties": {side: {"required": ["order"]}}} for side in SIDES]
    properties = top["properties"]
    properties["params"]["additionalProperties"] = {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/Param"}]}
    properties["define"]["additionalProperties"]["type"] = [*_EXPRESSION, "boolean"]
    for name in ("params", "define"):
        properties[name]["propertyNames"] = {"pattern": f"^{NAME}$"}
    if "RuleTest" in definitions:
        actions = definitions["Expected"]["properties"]["action"]["enum"]
        either = [{"type": "string", "enum": actions}, {"$ref": "#/$defs/Expected"}]
        definitions["RuleTest"]["properties"]["expect"]["items"] = {"anyOf": either}
    definitions["Condition"] = {
        "description": "An expression that is true or false, or a tree of them.",
        "anyOf": [
            {"type": ["string", "boolean"], "examples": ["ta.crossover(close, ta.sma(close, 50))"]},
            {
                "type": "object",
                "properties": {
                    "all": {"description": "True when all of these are.", **_some()},
                    "any": {"description": "True when one of these is, or several.", **_some()},
                    "not": {"description": "True when this is false.", **_some(1)},
                },
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    }


def _config(definitions: dict[str, Schema]) -> None:
    # What a config lacks may stand in the one that it extends; only lists are never put together from several.
    for title, definition in definitions.items():
        if title != "Route":
            definition.pop("required", None)
        for schema in definition["properties"].values():
            _or_variable(schema)
    definitions["RunConfig"]["properties"] = {
        "extends": {
            "type": "string",
            "description": "Path of a config whose keys hold where this one does not give them.",
            "examples": ["base.yaml"],
        },
        **definitions["RunConfig"]["properties"],
    }


def _backtest(definitions: dict[str, Schema]) -> None:
    names = [*NAMES, "messages", "messages_sha256"]
    definitions["RunDefinition"]["properties"]["expect"]["propertyNames"] = {"enum": names}
    symbols = definitions["PortfolioConfig"]["properties"]["symbols"]
    symbols["additionalProperties"] = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/MemberConfig"}]}


SCHEMAS: dict[str, tuple[type[BaseModel], Callable[[dict[str, Schema]], None]]] = {
    "rule": (RuleFile, _rule),
    "config": (RunConfig, _config),
    "backtest": (RunDefinition, _backtest),
}


def _cleaned(title: str, definition: Schema) -> Schema:
    """Give a model's schema without what says nothing, and with words where the model has none."""
    made = _plain(definition)
    for name, schema in made.get("properties", {}).items():
        schema |= {key: value for key, value in WORDS.get((title, name), WORDS.get(name, {})).items()
                   if key not in schema or key == "type"}  # fmt: skip
    _explain_expressions(made)
    return {**made, **EXTRA.get(title, {})}


def _explain_expressions(schema: Any) -> None:
    """Say of every number that has no words of its own that it may be an expression."""
    if isinstance(schema, dict) and schema.get("type") == _EXPRESSION:
        schema.setdefault("description", "A number or an expression.")
        schema.setdefault("examples", ["2 * ta.atr(14)"])
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _explain_expressions(part)


def _plain(schema: Any) -> Any:
    """Drop pydantic's titles and the null that stands for a missing key; name what a condition or expression is."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == _CONDITION:
        return {key: value for key, value in schema.items() if key in ("description", "examples")} | _TREE
    return {
        key: {name: _property(inner) for name, inner in value.items()} if key == "properties" else _plain(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }


def _property(schema: Schema) -> Schema:
    """Clean what stands for a key. A key without a value is an error, so null is nothing that can stand there."""
    made: Schema = dict(schema)
    if made.get("default", 0) in (None, {}, []) or isinstance(made.get("default"), dict):
        del made["default"]
    if "anyOf" in made:
        choices = [choice for choice in made["anyOf"] if choice != {"type": "null"}]
        made["anyOf"] = choices
        if len(choices) == 1:
            del made["anyOf"]
            made = {**choices[0], **made}
    cleaned: Schema = _plain(made)
    return cleaned


def _some(most: int | None = None) -> Schema:
    many: Schema = {"type": "array", "items": _TREE, "minItems": 1}
    return {"anyOf": [_TREE, many if most is None else {**many, "maxItems": most}]}


def _or_variable(schema: Schema) -> None:
    """Let a number or a flag of a config be a variable of the environment too."""
    if isinstance(inner := schema.get("additionalProperties"), dict):
        _or_variable(inner)
    if schema.get("type") in ("number", "integer", "boolean"):
        kept = {key: schema.pop(key) for key in list(schema) if key not in ("description", "examples", "default")}
        schema["anyOf"] = [kept, {"type": "string", "pattern": r"^\$\{.+\}$"}]
