"""Reading a config: `extends` below it, `${NAME}` from the environment, all mistakes at once."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from pathlib import Path

from engine.config.model import RunConfig
from engine.documents import Mapping, Scalar, Source, parse, problem_at, validate_layers
from engine.documents.nodes import Path as NodePath
from engine.errors import InvalidDocumentError, InvalidInputError, Problem

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_DEEPEST = 10
_PATHS = (("state",), ("paper", "ledger"))

Layer = tuple[Mapping, Source]


def read_config(path: str | Path, environment: Dict[str, str]) -> RunConfig:
    """Read a config. Paths in it are made relative to the file they stand in.

    Errors: InvalidInputError where a file cannot be read; InvalidDocumentError with every problem, at its place.
    """
    layers = _layers(Path(path))
    merged: dict[str, object] = {}
    for (root, _), file in reversed(layers):
        merged = _merge(merged, _with_paths(_plain(root), file.parent))
    merged.pop("extends", None)
    places = [layer for layer, _ in layers]
    problems: list[Problem] = []
    filled = _fill(merged, (), environment, places, problems)
    try:
        config = validate_layers(filled, RunConfig, places)
    except InvalidDocumentError as error:
        # A value with a missing variable is invalid for that reason alone.
        raise InvalidDocumentError([*error.problems, *problems]) from None
    if problems:
        raise InvalidDocumentError(problems)
    return config


def is_config(path: str | Path) -> bool:
    """Tell whether a file means to be a config, by its keys. False where it cannot be read: others say why."""
    try:
        root = parse(Source(str(path), Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, InvalidDocumentError):
        return False
    return any(key in root.entries for key in ("extends", "routes", "connectors", "exchange", "mode"))


def _layers(path: Path) -> list[tuple[Layer, Path]]:
    """Give the file and what it extends, nearest first."""
    found: list[tuple[Layer, Path]] = []
    seen: set[Path] = set()
    while True:
        try:
            source = Source(str(path), path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InvalidInputError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise InvalidInputError(f"{path}: is not UTF-8 text") from None
        root = parse(source)
        found.append(((root, source), path))
        seen.add(path.resolve())
        below = root.get("extends")
        if below is None:
            return found
        if not isinstance(below, Scalar) or not isinstance(below.value, str):
            raise InvalidDocumentError([source.problem(below.span, "'extends' takes the path of one config")])
        path = path.parent / below.value
        if path.resolve() in seen or len(found) == _DEEPEST:
            raise InvalidDocumentError(
                [source.problem(below.span, "'extends' leads back to a file that extends this one")]
            )


def _plain(root: Mapping) -> dict[str, object]:
    return {name: node.plain() for name, node in root}


def _merge(below: dict[str, object], above: dict[str, object]) -> dict[str, object]:
    """Lay `above` over `below`: mappings are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _with_paths(plain: dict[str, object], folder: Path) -> dict[str, object]:
    for *holders, name in _PATHS:
        holder: object = plain
        for step in holders:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and isinstance(holder.get(name), str):
            holder[name] = str(folder / holder[name])
    routes = plain.get("routes")
    for route in routes if isinstance(routes, list) else []:
        if isinstance(route, dict) and isinstance(route.get("strategy"), str):
            route["strategy"] = str(folder / route["strategy"])
    return plain


def _fill(
    value: object, path: NodePath, environment: Dict[str, str], layers: list[Layer], problems: list[Problem]
) -> object:
    """Put the environment's values in place of `${NAME}`, and the default in place of `${NAME:-default}`."""
    if isinstance(value, dict):
        return {k: _fill(v, (*path, k), environment, layers, problems) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, (*path, i), environment, layers, problems) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def look_up(match: re.Match[str]) -> str:
        name, default = match.groups()
        found = environment.get(name) or default
        if found is None:
            message = f"the environment variable {name} is not set"
            problems.append(problem_at(layers, path, message, f"set it: export {name}=..."))
            return match.group()
        return found

    return _VARIABLE.sub(look_up, value)
