"""`${NAME}` and `${NAME:-default}` in a config."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from engine.documents import Layer, problem_at
from engine.documents.nodes import Path
from engine.errors import Problem

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def fill(
    value: object, path: Path, environment: Mapping[str, str], layers: Sequence[Layer], problems: list[Problem]
) -> object:
    """Put the environment's values in place of `${NAME}` everywhere below `path`; a variable that is empty is not set.

    What is put in is not looked through again. `problems` gets those that are not set and have no default.
    """
    if isinstance(value, dict):
        return {k: fill(v, (*path, k), environment, layers, problems) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, (*path, i), environment, layers, problems) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def look_up(match: re.Match[str]) -> str:
        name, default = match.groups()
        found = environment.get(name) or default
        if found is None:
            message = f"the environment variable {name} is not set, or is empty"
            problems.append(problem_at(layers, path, message, f"set it: export {name}=..."))
            return match.group()
        return found

    if "${" in _VARIABLE.sub("", value):
        problems.append(problem_at(layers, path, "'${' begins no variable", "write ${NAME} or ${NAME:-default}"))
        return value
    return _VARIABLE.sub(look_up, value)
