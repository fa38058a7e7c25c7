"""What there is to know of an indicator: how it is called, what it gives, how far it looks back, what it looks like."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from engine.documents import did_you_mean
from engine.errors import InvalidExpressionError, InvalidInputError
from engine.indicators import SERIES_KINDS, TA, Endless, Function, Kind
from engine.indicators.catalogue import CatalogueCall, catalogue_names, parameters_of, short_names
from engine.indicators.library import library
from engine.indicators.verdicts import plain_columns, table
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.rules.example import example_call, example_condition
from engine.rules.nodes import Indicator, NewPeriod
from engine.rules.single import evaluate_text, plan_text

SHOWN = 80
_YEAR = 366 * 24  # the sample market's first year, in hours
_DECAY = 3  # a memory of more than so many lengths is that of something that fades


@dataclass(frozen=True)
class Shown:
    """An output: its memory in words, why it is refused ("" where it is not), and its last values."""

    name: str
    memory: str
    refused: str = ""
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """An indicator. `parameters` are (name, what it takes, default or ""); `about` the first sentences of its text."""

    name: str
    signature: str
    source: str
    about: str
    parameters: list[tuple[str, str, str]]
    outputs: list[Shown]
    example: str
    rule: str


@dataclass(frozen=True)
class Entry:
    """A line of the list. `memory` is in words, for a usual call."""

    name: str
    signature: str
    outputs: list[str]
    memory: str
    source: str


def entries() -> list[Entry]:
    """Give all indicators: Pine's, then pandas-ta's with what is known of their default call."""
    ours = [
        Entry(f"ta.{name}", TA[name].signature, list(TA[name].outputs), _memory(TA[name]), "Pine")
        for name in sorted(TA)
    ]
    return ours + [_catalogue_entry(name) for name in catalogue_names()]


def page(name: str) -> Page:
    """Give all about "rsi", "ta.rsi" or "pandas_ta.rsi". Errors: InvalidInputError, with the name that was meant."""
    if (short := name.removeprefix("ta.")) in TA:
        return _page(TA[short])
    prefix, _, catalogue_name = name.rpartition(".")
    if prefix == "pandas_ta" and catalogue_name in catalogue_names():
        return _catalogue_page(catalogue_name)
    known = [*(f"ta.{n}" for n in TA), *TA, *(f"pandas_ta.{n}" for n in catalogue_names())]
    hint = f"did you mean 'pandas_ta.{name}'?" if name in catalogue_names() else did_you_mean(name, known)
    raise InvalidInputError(f"there is no indicator '{name}'; {hint or 'signal-engine indicators lists them'}")


def _page(function: Function) -> Page:
    call = example_call(function)
    several = len(function.outputs) > 1
    shown = [
        Shown(output, _memory(function), values=_last_values(f"{call}.{output}" if several else call))
        for output in function.outputs
    ]
    parameters = [
        (p.name, ", ".join(f'"{c}"' for c in p.choices) or p.kind.value, _default(p.default or p.implied))
        for p in function.parameters
    ]
    rule = example_condition(call, function=function)
    about = _about(function.kernel)
    return Page(f"ta.{function.name}", function.signature, "Pine", about, parameters, shown, call, rule)


def _default(value: float | str | None) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _memory(function: Function) -> str:
    """Say how far the example call looks back."""
    plan = plan_text(example_call(function))
    node = next(node for node in plan.nodes if isinstance(node, Indicator) and node.function is function)
    bars = f"{node.memory:,} bar{'s' * (node.memory != 1)}"
    if node.endless is not None:
        taken = f"; {bars} are taken" if node.endless is Endless.EVENT else ""
        return f"endless: {node.endless.value}{taken}"
    if any(isinstance(series, NewPeriod) for series in node.series):
        return f"days: {bars} of 1h"
    kinds = [p.kind for p in function.parameters if p.kind not in SERIES_KINDS]
    lengths = sum(
        value
        for kind, value in zip(kinds, node.constants, strict=True)
        if kind in (Kind.LENGTH, Kind.WHOLE) and not isinstance(value, str)
    )
    if not node.memory:
        return "none: the bar itself"
    if node.memory <= max(_DECAY * lengths, _DECAY):
        return f"window: {bars} before"
    return f"decay: {bars} until its beginning is forgotten"


def _catalogue_entry(name: str) -> Entry:
    call = CatalogueCall(name, plain_columns(name))
    verdicts = table().find(call, "1h") or {}
    usable = [verdict.memory for verdict in verdicts.values() if not verdict.refusal]
    if not verdicts:
        memory = "measured where it is used"
    elif usable:
        memory = f"measured: {max(usable):,} bars"
    else:
        memory = f"refused: {next(iter(verdicts.values())).refusal}"
    return Entry(f"pandas_ta.{name}", _catalogue_signature(name), _short(list(verdicts)), memory, "pandas-ta")


def _catalogue_page(name: str) -> Page:
    call = f"pandas_ta.{name}()"
    try:
        columns = {column: getattr(_sample(1000), column.rstrip("_")) for column in plain_columns(name)}
        names = list(CatalogueCall(name, tuple(columns)).run(_sample(1000).time, columns))
    except InvalidInputError:
        names = []
    shown = [
        _catalogue_output(short, f"{call}.{short_names(whole)[0]}")
        for whole, short in zip(names, _short(names), strict=True)
    ]
    shown = shown or [_catalogue_output("value", call)]
    usable = next((output.name for output in shown if not output.refused), "")
    rule = example_condition(call, usable if len(shown) > 1 else "") if usable else ""
    parameters = [
        (p.name, p.takes.value, p.name.rstrip("_") if p.from_candles else "" if p.required else "pandas-ta's own")
        for p in parameters_of(name)
    ]
    about = _about(getattr(library(), name))
    return Page(f"pandas_ta.{name}", _catalogue_signature(name), "pandas-ta", about, parameters, shown, call, rule)


def _catalogue_output(name: str, call: str) -> Shown:
    try:
        warmup = plan_text(call).warmup
        return Shown(name, f"measured: {warmup:,} bars", values=_last_values(call))
    except InvalidExpressionError as error:
        return Shown(name, "", refused=error.problems[0].message)


def _catalogue_signature(name: str) -> str:
    return f"pandas_ta.{name}({', '.join(p.name for p in parameters_of(name))})"


def _short(outputs: list[str]) -> list[str]:
    """Give for each output the shortest name that picks it."""
    words = [short_names(output)[1] for output in outputs]
    return [w if words.count(w) == 1 else short_names(o)[0] for o, w in zip(outputs, words, strict=True)]


def _about(function: Callable[..., object]) -> str:
    """Give the first paragraph of a docstring; the module's where it has none."""
    text = inspect.getdoc(function) or inspect.getdoc(inspect.getmodule(function)) or ""
    return " ".join(text.split("\n\n")[0].split()).split(" Source:")[0]


def _last_values(expression: str) -> list[float]:
    warmup = plan_text(expression).warmup
    values: list[float] = evaluate_text(expression, _sample(warmup + SHOWN))[-SHOWN:].tolist()
    return values


@cache
def _sample(count: int) -> Bars:
    """Give the last bars of the sample market's first year."""
    start = SAMPLE_START_MS + max(0, _YEAR - count) * 3_600_000
    return sample_bars("BTC/USDT:USDT", Timeframe(1, "h"), start, count)
