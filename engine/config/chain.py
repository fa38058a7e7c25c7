"""A config file and those that it extends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.config.secrets import masked_lines, masked_values
from engine.documents import Layer, Mapping, Scalar, Source, from_here, parse_on, read_text
from engine.errors import InvalidDocumentError, InvalidInputError, Problem

_DEEPEST = 10


def read_chain(path: Path) -> tuple[list[Layer], list[Problem]]:
    """Give the file and what it extends, nearest first, with what is wrong in them. Their lines show no secrets.

    Errors: InvalidInputError where the file cannot be read; InvalidDocumentError where there is no going on.
    """
    layers: list[Layer] = []
    problems: list[Problem] = []
    seen: set[Path] = set()
    text = read_text(path)
    while True:
        root, source, found = _parsed(path, text)
        layers.append((root, source))
        problems += found
        seen.add(path.resolve())
        below = root.get("extends")
        if below is None:
            return layers, problems
        if not isinstance(below, Scalar) or not isinstance(below.value, str):
            raise InvalidDocumentError(
                [*problems, source.problem(below.span, "'extends' takes the path of one config")]
            )
        path = Path(from_here(path.parent, below.value))
        try:
            text = read_text(path)
        except InvalidInputError as error:
            raise InvalidDocumentError([*problems, source.problem(below.span, str(error))]) from None
        if path.resolve() in seen:
            wrong = "'extends' leads back to a file that extends this one"
        elif len(layers) == _DEEPEST:
            wrong = f"over {_DEEPEST} files extend one another"
        else:
            continue
        raise InvalidDocumentError([*problems, source.problem(below.span, wrong)])


def _parsed(path: Path, text: str) -> tuple[Mapping, Source, list[Problem]]:
    source = Source(str(path), text)
    root, problems = parse_on(replace(source, shown=masked_lines(source.text)))
    return root, replace(source, shown=masked_values(root, source)), problems
