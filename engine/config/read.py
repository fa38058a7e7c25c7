"""Reading a config: `extends` below it, `${NAME}` from the environment, all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from pathlib import Path

from engine.config.chain import read_chain
from engine.config.model import PaperConfig, RunConfig
from engine.config.variables import fill
from engine.documents import Layer, Source, from_here, layer_of, merge, parse_on, read_text, validate_layers
from engine.documents.nodes import Path as NodePath
from engine.errors import InvalidDocumentError, InvalidInputError


def read_config(path: str | Path, environment: Dict[str, str]) -> RunConfig:
    """Read a config. Paths in it are made relative to the file they stand in.

    Errors: InvalidInputError where a file cannot be read; InvalidDocumentError with every problem, at its place. What
    a token or another secret is shows in none of them.
    """
    layers, problems = read_chain(Path(path))
    merged = merge(layers)
    merged.pop("extends", None)
    filled: dict[str, object] = {}
    for name, value in merged.items():
        filled[name] = fill(value, (name,), environment, layers, problems)
    _resolve_paths(filled, layers)
    try:
        # A file that extends nothing may be meant as the base of others.
        alone = "a config that others extend is checked through them" if len(layers) == 1 else ""
        config = validate_layers(filled, RunConfig, layers, missing_hint=alone)
    except InvalidDocumentError as error:
        # Where a variable is not set, that is the reason for whatever else is wrong at its place.
        nearest_first = [source.name for _, source in layers]
        problems = sorted([*problems, *error.problems], key=lambda p: nearest_first.index(p.place))
        raise InvalidDocumentError(problems) from None
    if problems:
        raise InvalidDocumentError(problems)
    return config


def is_config(path: str | Path) -> bool:
    """Tell whether a file means to be a config, by its keys. False where it cannot be read: others say why."""
    try:
        root, _ = parse_on(Source(str(path), read_text(path)))
    except InvalidInputError:
        return False
    return any(key in root.entries for key in ("extends", "routes", "connectors", "exchange", "mode"))


def _resolve_paths(config: dict[str, object], layers: list[Layer]) -> None:
    """Make every path relative to the folder of the file it stands in (a default: of the file with its section)."""
    paper, routes = config.get("paper"), config.get("routes")
    holders: list[tuple[object, NodePath]] = [(config, ("state",)), (config, ("log",))]
    if isinstance(paper, dict):
        paper.setdefault("ledger", PaperConfig.model_fields["ledger"].default)
        holders.append((paper, ("paper", "ledger")))
    if isinstance(safety := config.get("safety"), dict):
        holders.append((safety, ("safety", "stop_file")))
    connectors = config.get("connectors")
    for alias, connector in connectors.items() if isinstance(connectors, dict) else ():
        holders.append((connector, ("connectors", alias, "profile")))
    if isinstance(routes, list):
        holders += [(route, ("routes", i, "strategy")) for i, route in enumerate(routes)]
    for holder, path in holders:
        value = holder.get(str(path[-1])) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and isinstance(value, str) and value:
            folder = Path(layers[layer_of(layers, path)][1].name).parent
            holder[str(path[-1])] = from_here(folder, value)
