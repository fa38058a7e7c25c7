"""Measures pandas-ta's indicators and writes the table of verdicts: `python -m engine.rules.survey`, or `make survey`.

To be run, and its file committed, with every new version of pandas-ta-classic, pandas or numpy in requirements.lock.
Prints a line an indicator; takes some minutes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from engine.errors import InvalidInputError
from engine.indicators import Kind
from engine.indicators.catalogue import CatalogueCall, Takes, catalogue_names, parameters_of
from engine.indicators.library import versions
from engine.indicators.verdict import Verdict
from engine.indicators.verdicts import FILE, Table, Verdicts, plain_columns
from engine.market import Timeframe
from engine.rules.nodes import Candle
from engine.rules.trial import first_outputs, measured, same

Constants = dict[str, float | str | bool]
LENGTHS = (5, 7, 9, 10, 14, 20, 21, 50, 100, 200)
USUAL: dict[str, tuple[Constants, ...]] = {
    "adx": ({"length": 14, "lensig": 14},),
    "bbands": ({"length": 20, "std": 2.0}, {"length": 20, "std": 2.5}, {"length": 20, "std": 3.0}),
    "dpo": ({"centered": False}, {"length": 20, "centered": False}),
    "kc": ({"length": 20, "scalar": 1.5}, {"length": 20, "scalar": 2.0}),
    "macd": ({"fast": 12, "slow": 26, "signal": 9}, {"fast": 8, "slow": 17, "signal": 9}),
    "psar": ({"af0": 0.02, "af": 0.02, "max_af": 0.2},),
    "stoch": ({"k": 14, "d": 3}, {"k": 14, "d": 3, "smooth_k": 3}),
    "stochrsi": ({"length": 14, "rsi_length": 14, "k": 3, "d": 3},),
    "supertrend": ({"length": 10, "multiplier": 3.0}, {"length": 7, "multiplier": 3.0}),
}
"""Usual arguments beside the defaults and a length of LENGTHS."""

_ANY = Timeframe.parse("1h")
_DATED = tuple(Timeframe.parse(text) for text in ("1m", "5m", "15m", "30m", "1h", "4h", "1d"))
_OTHER = tuple(Timeframe.parse(text) for text in ("7m", "1d"))


def calls_of(name: str) -> Iterator[CatalogueCall]:
    """Give the calls of an indicator that the table has."""
    yield CatalogueCall(name, plain_columns(name))
    takes = {p.name: p.takes for p in parameters_of(name)}
    usual: list[Constants] = [{"length": length} for length in LENGTHS] if "length" in takes else []
    for constants in (*usual, *USUAL.get(name, ())):
        typed = {key: float(v) if takes[key] is Takes.NUMBER else v for key, v in constants.items()}
        yield CatalogueCall(name, plain_columns(name), tuple(sorted(typed.items())))


def measure(called: CatalogueCall, timeframe: Timeframe = _ANY) -> Verdicts:
    """Give the verdict on each output of a call on plain candles; {} where it gives none, or fails."""
    series = _candles(called)
    try:
        outputs = first_outputs(called, series, timeframe)
        return {output: measured(called, series, timeframe, output) for output in outputs}
    except InvalidInputError:
        return {}


def is_dated(called: CatalogueCall) -> bool:
    """Tell whether a call gives other values when the same candles stand at other times."""
    series = _candles(called)
    whole = first_outputs(called, series, _ANY)
    return not all(same(whole, first_outputs(called, series, timeframe)) for timeframe in _OTHER)


def survey() -> Iterator[tuple[str, Table]]:
    """Measure everything, giving after each indicator its name and the table so far."""
    calls: dict[str, Mapping[str, Verdict]] = {}
    dated: dict[str, dict[str, Mapping[str, Verdict]]] = {str(timeframe): {} for timeframe in _DATED}
    for name in catalogue_names():
        for called in calls_of(name):
            verdicts = measure(called)
            if verdicts and not is_dated(called):
                calls[str(called)] = verdicts
            elif verdicts:
                for timeframe in _DATED:
                    dated[str(timeframe)][str(called)] = measure(called, timeframe)
        yield name, Table(versions(), calls, dated)


def main() -> None:
    """Write the file."""
    start = time.perf_counter()
    for name, table in survey():
        print(f"{time.perf_counter() - start:6.1f} s  {len(table.calls):5} calls  {name}", flush=True)  # noqa: T201 - a program
    FILE.write_text(table.text(), encoding="utf-8")
    print(f"{FILE.name}: {len(table.calls)} calls in {time.perf_counter() - start:.0f} s")  # noqa: T201 - a program


def _candles(called: CatalogueCall) -> tuple[Candle, ...]:
    return tuple(Candle(Kind.SERIES, column.rstrip("_")) for column in called.columns)


if __name__ == "__main__":
    main()
