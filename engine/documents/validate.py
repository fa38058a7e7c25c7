"""A document against its pydantic model: all that is wrong, at its place, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.documents.nodes import Mapping, Path, depth_of, place_of
from engine.documents.source import Source, did_you_mean
from engine.errors import InvalidDocumentError, Problem

Model = TypeVar("Model", bound=BaseModel)
Layers = Sequence[tuple[Mapping, Source]]


def validate(root: Mapping, model: type[Model], source: Source) -> Model:
    """Give the document as a value of `model`. Errors: InvalidDocumentError with every problem."""
    return validate_layers(root.plain(), model, [(root, source)])


def validate_layers(plain: object, model: type[Model], layers: Layers) -> Model:
    """Validate what several documents came to together; each problem is placed in the first that has its path."""
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        problems = [_problem(detail, model, layers) for detail in error.errors(include_url=False)]
        raise InvalidDocumentError(problems) from None


def problem_at(layers: Layers, path: Path, message: str, hint: str = "") -> Problem:
    """Say what is wrong with the value at `path`, in the first layer that has it."""
    root, source = max(layers, key=lambda layer: depth_of(layer[0], path))
    return source.problem(place_of(root, path), message, hint)


def _problem(detail: ErrorDetails, model: type[BaseModel], layers: Layers) -> Problem:
    path: Path = tuple(detail["loc"])
    name = str(path[-1]) if path else ""
    if detail["type"] == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        hint = did_you_mean(name, known) or (f"known here: {', '.join(sorted(known))}" if known else "")
        root, source = max(layers, key=lambda layer: depth_of(layer[0], path))
        return source.problem(place_of(root, path, key=True), f"unknown key '{name}'", hint)
    if detail["type"] == "missing":
        return problem_at(layers, path, f"'{name}' is missing")
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message[0].lower() + message[1:] if message[:2] != message[:2].upper() else message
    where = ".".join(str(step) for step in path)
    return problem_at(layers, path, f"{where}: {message}" if where else message)


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
