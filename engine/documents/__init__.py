"""Strict YAML documents whose every value knows its line and column.

`parse` gives a tree of nodes; `validate` checks it against a pydantic model and says all that is wrong, with places.
"""

from engine.documents.nodes import Mapping, Node, Scalar, Sequence
from engine.documents.source import Source, Span, did_you_mean
from engine.documents.validate import problem_at, validate, validate_layers
from engine.documents.yaml import parse

__all__ = [
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "Source",
    "Span",
    "did_you_mean",
    "parse",
    "problem_at",
    "validate",
    "validate_layers",
]
