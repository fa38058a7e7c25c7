"""The indicators of pandas-ta, by name: their signatures, and their values as columns.

pandas-ta takes any argument without a word, gives None where there are too few bars, prints, warns, and computes with
TA-Lib where that happens to be installed. Here its signatures are read, and its results made plain columns.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInputError
from engine.indicators.kernel import Column
from engine.indicators.library import library

CANDLE_COLUMNS = ("open_", "high", "low", "close", "volume")


class Takes(Enum):
    """What may stand for a parameter of pandas-ta."""

    COLUMN = "a series"
    WHOLE = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    TEXT = "a text in quotes"
    NOTHING = "what an expression cannot give; leave it out"


@dataclass(frozen=True, slots=True)
class CatalogueParameter:
    """One parameter, as its annotation has it."""

    name: str
    takes: Takes
    required: bool

    @property
    def from_candles(self) -> bool:
        """Whether the candles fill it where it is not given. Not an optional open_: that changes the formula."""
        return self.name in CANDLE_COLUMNS and self.takes is Takes.COLUMN and (self.required or self.name != "open_")


@dataclass(frozen=True, slots=True)
class CatalogueCall:
    """An indicator with its constant arguments; `columns` names its parameters that are series, in order."""

    name: str
    columns: tuple[str, ...]
    constants: tuple[tuple[str, float | str], ...] = ()

    def __str__(self) -> str:
        """Give the call as the rule language writes it, without the series."""
        return f"pandas_ta.{self.name}({', '.join(f'{name}={_shown(value)}' for name, value in self.constants)})"

    def run(self, time: NDArray[np.int64], columns: Mapping[str, Column]) -> dict[str, Column]:
        """Give output name → float64 column, as long as `time` (ms UTC), in pandas-ta's order; {} where it gives None.

        Leading bars on which an input is na are left out of the computation and na in the result. Booleans become 1
        and 0, infinite values na; outputs that are not numbers are left out. Errors: InvalidInputError, with
        pandas-ta's own words.
        """
        import pandas as pd  # noqa: PLC0415 - loaded only by rules that use the catalogue

        first = first_known(columns, len(time))
        index = pd.DatetimeIndex(time[first:].astype("datetime64[ms]"))
        series = {name: pd.Series(column[first:].copy(), index=index, name=name) for name, column in columns.items()}
        constants: dict[str, Any] = dict(self.constants)
        if "talib" in inspect.signature(_function(self.name)).parameters:
            constants["talib"] = False
        said = io.StringIO()
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(said):
                warnings.simplefilter("ignore")
                result = _function(self.name)(**series, **constants)
        except Exception as error:
            raise InvalidInputError(f"{self} failed on {len(index)} bars: {type(error).__name__}: {error}") from error
        if isinstance(result, tuple):
            result = result[0]
        if result is None:
            return {}
        if not isinstance(result, (pd.Series, pd.DataFrame)):
            raise InvalidInputError(f"{self} gives no columns; are arguments missing?")
        table = result.to_frame() if isinstance(result, pd.Series) else result
        if len(table) != len(index):
            table = table.reindex(index)
        found = {str(name): _numbers(table.iloc[:, i]) for i, name in enumerate(table.columns)}
        lead = np.full(first, np.nan)
        return {name: np.concatenate([lead, column]) for name, column in found.items() if column is not None}


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _numbers(series: Any) -> Column | None:
    if series.dtype.kind not in "biuf":
        return None
    values = series.to_numpy(dtype=np.float64, copy=True)
    values[~np.isfinite(values)] = np.nan
    return cast(Column, values)


def first_known(columns: Mapping[str, Column], count: int) -> int:
    """Give the first of `count` bars on which all columns are known; `count` where there is none."""
    known = np.ones(count, dtype=np.bool_)
    for column in columns.values():
        known &= ~np.isnan(column)
    return int(np.argmax(known)) if known.any() else count


def short_names(output: str) -> tuple[str, ...]:
    """Give the names an output of pandas-ta can be picked by, the best first.

    "BBU_20_2.0" is picked by BBU_20_2_0 and by BBU; "SQZ_ON" by itself and, where no other output is, by SQZ.
    """
    words = re.sub(r"\W", "_", output)
    parts = output.split("_")
    numbers = next((i for i, part in enumerate(parts) if i and re.match(r"[-+.]?\d", part)), len(parts))
    return words, re.sub(r"\W", "_", "_".join(parts[:numbers])), re.sub(r"\W", "_", parts[0])


@cache
def catalogue_names() -> tuple[str, ...]:
    """Give the names of all indicators of the installed pandas-ta."""
    return tuple(sorted(name for names in library().Category.values() for name in names))


@cache
def moving_averages() -> tuple[str, ...]:
    """Give the names that a parameter called `mamode` takes; pandas-ta replaces any other by one of them."""
    return tuple(library().ma())


@cache
def parameters_of(name: str) -> tuple[CatalogueParameter, ...]:
    """Give the parameters of an indicator, in order, without `talib`, which is always false here."""
    parameters = inspect.signature(_function(name)).parameters.values()
    return tuple(
        CatalogueParameter(p.name, _takes(str(p.annotation)), p.default is p.empty)
        for p in parameters
        if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "talib"
    )


def _takes(annotation: str) -> Takes:
    """Read an annotation such as "typing.Optional[int]"."""
    if "Series" in annotation:
        return Takes.COLUMN
    if "list" in annotation:
        return Takes.NOTHING
    for word, takes in (("str", Takes.TEXT), ("bool", Takes.FLAG), ("float", Takes.NUMBER), ("int", Takes.WHOLE)):
        if re.search(rf"\b{word}\b", annotation):
            return takes
    return Takes.NOTHING


def _function(name: str) -> Callable[..., Any]:
    return cast(Callable[..., Any], getattr(library(), name))
