"""A small checker of JSON Schema: the words that our schemas use, and no others, so that nothing is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_SAID = {"title", "description", "examples", "default", "$schema", "$defs", "format", "writeOnly", "discriminator"}


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """Give what is wrong with `value`, a line each, beginning with its place."""
    return list(_faults(schema, schema, value, ""))


def _faults(root: dict[str, Any], schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:  # noqa: C901, PLR0912 - a line a word
    for word, said in schema.items():
        if word == "$ref":
            yield from _faults(root, root["$defs"][said.removeprefix("#/$defs/")], value, at)
        elif word == "type":
            if not any(_is(value, name) for name in ([said] if isinstance(said, str) else said)):
                yield f"{at}: not {said}"
        elif word in ("anyOf", "oneOf"):
            fitting = sum(not list(_faults(root, choice, value, at)) for choice in said)
            if not fitting or (word == "oneOf" and fitting > 1):
                yield f"{at}: fits {fitting} of the choices"
        elif word in {"enum", "const"}:
            if value not in (said if word == "enum" else [said]):
                yield f"{at}: not one of {said}"
        elif word == "pattern":
            if isinstance(value, str) and not re.search(said, value):
                yield f"{at}: does not match {said}"
        elif word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if _is(value, "number") and not _within(word, value, said):
                yield f"{at}: {word} {said}"
        elif word in ("minLength", "minItems", "minProperties"):
            if isinstance(value, str | list | dict) and len(value) < said:
                yield f"{at}: {word} {said}"
        elif word in ("maxLength", "maxItems", "maxProperties"):
            if isinstance(value, str | list | dict) and len(value) > said:
                yield f"{at}: {word} {said}"
        elif word == "items":
            for i, item in enumerate(value if isinstance(value, list) else ()):
                yield from _faults(root, said, item, f"{at}.{i}")
        elif word == "required":
            yield from (f"{at}: lacks {key}" for key in said if isinstance(value, dict) and key not in value)
        elif word == "propertyNames":
            for key in value if isinstance(value, dict) else ():
                yield from _faults(root, said, key, f"{at}.{key}")
        elif word in ("properties", "additionalProperties"):
            yield from _of_keys(root, schema, word, value, at)
        else:
            assert word in _SAID, word


def _of_keys(root: dict[str, Any], schema: dict[str, Any], word: str, value: Any, at: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for key, inner in value.items() if isinstance(value, dict) else ():
        if word == "properties" and key in known:
            yield from _faults(root, known[key], inner, f"{at}.{key}")
        elif word == "additionalProperties" and key not in known and schema[word] is not True:
            if schema[word] is False:
                yield f"{at}: unknown key {key}"
            else:
                yield from _faults(root, schema[word], inner, f"{at}.{key}")


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _within(word: str, value: float, bound: float) -> bool:
    if word.startswith("exclusive"):
        return value > bound if word.endswith("Minimum") else value < bound
    return value >= bound if word == "minimum" else value <= bound
