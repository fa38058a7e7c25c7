"""A document against its pydantic model: all that is wrong, at its place, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from engine.documents.layers import Layer, problem_at
from engine.documents.nodes import Mapping, Path
from engine.documents.source import Source, did_you_mean
from engine.documents.words import options, plain_words
from engine.errors import InvalidDocumentError, Problem

Model = TypeVar("Model", bound=BaseModel)

_MOST = 200  # mistakes looked into; a file with more is no rule file
_FAULTS = "faults"


def validate(root: Mapping, model: type[Model], source: Source) -> Model:
    """Give the document as a value of `model`. Errors: InvalidDocumentError with every problem."""
    return validate_layers(root.plain(), model, [(root, source)])


def validate_layers(plain: object, model: type[Model], layers: Sequence[Layer], missing_hint: str = "") -> Model:
    """Validate what several documents came to together; each problem is placed in the one its value comes from.

    `missing_hint` goes with keys that are missing at the top level.
    """
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        shows_values = not model.model_config.get("hide_input_in_errors", False)
        details = list(islice(error.errors(include_url=False), _MOST))
    problems = _missing([d["loc"] for d in details if d["type"] == "missing"], layers, missing_hint)
    for detail in details:
        if detail["type"] == _FAULTS:
            faults: list[tuple[Path, str]] = detail["ctx"][_FAULTS]
            problems += [problem_at(layers, (*detail["loc"], *path), message) for path, message in faults]
        elif detail["type"] == "extra_forbidden":
            problems.append(_unknown_key(detail["loc"], model, layers))
        elif detail["type"] != "missing":
            problems.append(_wrong_value(detail, model, layers, shows_values))
    raise InvalidDocumentError(problems)


def faults_at(faults: Sequence[tuple[Path, str]]) -> PydanticCustomError:
    """Give the error that a model's validator raises for several mistakes, each at its path below the model."""
    text = "; ".join(message for _, message in faults)
    return PydanticCustomError(_FAULTS, "{text}", {"text": text, _FAULTS: list(faults)})


def _missing(paths: Sequence[Path], layers: Sequence[Layer], top_hint: str) -> list[Problem]:
    """Say which keys are missing, once for each mapping that lacks some."""
    lacking: dict[Path, list[str]] = {}
    for *holder, name in paths:
        lacking.setdefault(tuple(holder), []).append(f"'{name}'")
    problems: list[Problem] = []
    for path, names in lacking.items():
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        message = f"{listed} {'is' if len(names) == 1 else 'are'} missing"
        problems.append(problem_at(layers, path, message, "" if path else top_hint))
    return problems


def _unknown_key(path: Path, model: type[BaseModel], layers: Sequence[Layer]) -> Problem:
    name = str(path[-1])
    around = _model_at(model, path[:-1])
    known = {f.alias or n for n, f in around.model_fields.items()} if around else set()
    hint = did_you_mean(name, sorted(known))
    if not hint and not name.replace("-", "_").isidentifier():
        hint = "if this belongs to a longer text, quote all of it"
    if not hint and known:
        hint = f"known here: {', '.join(sorted(known))}"
    return problem_at(layers, path, f"unknown key '{name}'", hint, key=True)


def _wrong_value(detail: ErrorDetails, model: type[BaseModel], layers: Sequence[Layer], shows_values: bool) -> Problem:
    path, of_key = detail["loc"], bool(detail["loc"]) and detail["loc"][-1] == "[key]"
    path = path[:-1] if of_key else path
    message, given = plain_words(detail), detail.get("input")
    hint = did_you_mean(given, options(detail)) if isinstance(given, str) else ""
    if detail["type"] in ("model_type", "dict_type") and (around := _model_at(model, path)) and path:
        hint = f"such as {{{next(iter(around.model_fields))}: ...}}"
    if message and given is None:
        message, hint = "nothing stands here; fill it in, or remove the key", ""
    elif message and shows_values:
        message += f", not {_shown(given)}"
    elif not message:
        message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    where = "" if of_key else ".".join(str(step) for step in path)
    return problem_at(layers, path, f"{where}: {message}" if where else message, hint, key=of_key)


def _shown(value: object) -> str:
    """Give a value as it would stand in a file, briefly."""
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "keys with values"
    if isinstance(value, bool) or value is None:
        return "nothing" if value is None else str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else f"the text '{value}'"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Give the model that stands at `path`."""
    current: type[BaseModel] | None = model
    for step in path:
        if current is None:
            return None
        field = next((f for n, f in current.model_fields.items() if (f.alias or n) == step), None)
        current = _model_in(field.annotation) if field else current
    return current


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
