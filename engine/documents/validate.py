"""A document against its pydantic model: all that is wrong, at its place, in plain words."""

from __future__ import annotations

from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.documents.nodes import Mapping, Path, place_of
from engine.documents.source import Source, did_you_mean
from engine.errors import InvalidDocumentError, Problem

Model = TypeVar("Model", bound=BaseModel)


def validate(root: Mapping, model: type[Model], source: Source) -> Model:
    """Give the document as a value of `model`. Errors: InvalidDocumentError with every problem."""
    try:
        return model.model_validate(root.plain())
    except ValidationError as error:
        problems = [_problem(detail, root, model, source) for detail in error.errors(include_url=False)]
        raise InvalidDocumentError(list(dict.fromkeys(problems))) from None


def _problem(detail: ErrorDetails, root: Mapping, model: type[BaseModel], source: Source) -> Problem:
    path: Path = tuple(detail["loc"])
    span = place_of(root, path)
    name = str(path[-1]) if path else ""
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        holder = root.get(*(str(step) for step in path[:-1])) if len(path) > 1 else root
        if isinstance(holder, Mapping) and name in holder.keys:
            span = holder.keys[name]
        hint = did_you_mean(name, known) or (f"known here: {', '.join(sorted(known))}" if known else "")
        return source.problem(span, f"unknown key '{name}'", hint)
    if kind == "missing":
        return source.problem(span, f"'{name}' is missing")
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message[0].lower() + message[1:] if message[:2] != message[:2].upper() else message
    where = ".".join(str(step) for step in path)
    return source.problem(span, f"{where}: {message}" if where else message)


def _fields_at(model: type[BaseModel], path: Path) -> set[str]:
    """Names of the fields that the model has at `path`; aliases as they are written in the file."""
    current: type[BaseModel] | None = model
    for step in path:
        if current is None:
            return set()
        field = next((f for n, f in current.model_fields.items() if (f.alias or n) == step), None)
        current = _model_in(field.annotation) if field else current
    return {f.alias or n for n, f in current.model_fields.items()} if current else set()


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
