"""Strict YAML documents whose every value knows its line and column.

`parse` gives a tree of nodes; `validate` checks it against a pydantic model and says all that is wrong, with places.
"""

from engine.documents.counted import counted
from engine.documents.layers import Layer, layer_of, merge, problem_at
from engine.documents.nodes import Mapping, Node, Scalar, Sequence
from engine.documents.paths import from_here
from engine.documents.source import Source, Span, did_you_mean, read_text
from engine.documents.validate import faults_at, validate, validate_layers
from engine.documents.yaml import parse, parse_on

__all__ = [
    "Layer",
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "Source",
    "Span",
    "counted",
    "did_you_mean",
    "faults_at",
    "from_here",
    "layer_of",
    "merge",
    "parse",
    "parse_on",
    "problem_at",
    "read_text",
    "validate",
    "validate_layers",
]
