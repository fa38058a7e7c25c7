"""Which pandas-ta computes the catalogue: pandas-ta-classic, or the original where it is installed and chosen."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from engine.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Library:
    """A release line of pandas-ta: what it is imported by, and what it is installed by."""

    package: str
    distribution: str


LIBRARIES = {
    "classic": Library("pandas_ta_classic", "pandas-ta-classic"),
    "original": Library("pandas_ta", "pandas-ta"),
}


@dataclass(slots=True)
class _Choice:
    library: Library = field(default=LIBRARIES["classic"])
    module: Any = None


_choice = _Choice()


def choose(name: str) -> None:
    """Take the catalogue from another pandas-ta, by its name in LIBRARIES, before anything is asked of it.

    One process has one: what was planned with one library would else be computed with the other.
    Errors: InvalidInputError where there is no such library, where it is not installed, or where it is too late.
    """
    if name not in LIBRARIES:
        raise InvalidInputError(f"there is no pandas-ta called '{name}'; there is {' and '.join(LIBRARIES)}")
    library = LIBRARIES[name]
    if library == _choice.library:
        return
    if find_spec(library.package) is None:
        raise InvalidInputError(f"{library.distribution} is not installed here; pip install {library.distribution}")
    if _choice.module is not None:
        raise InvalidInputError(f"{_choice.library.distribution} is in use already; choose before the first indicator")
    _choice.library = library


def library() -> Any:
    """Give the chosen pandas-ta, imported at the first call. Errors: InvalidInputError where it cannot be."""
    if _choice.module is None:
        chosen = _choice.library
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = importlib.import_module(chosen.package)
        except ImportError as error:
            raise InvalidInputError(f"{chosen.distribution} cannot be loaded: {error}") from error
        # Some indicators call others without passing `talib` on.
        module.Imports["talib"] = False
        _choice.module = module
    return _choice.module


def versions() -> dict[str, str]:
    """Give the versions that the catalogue's values come from: of the chosen pandas-ta, of pandas, of numpy."""
    return {name: _version(name) for name in (_choice.library.distribution, "pandas", "numpy")}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
