"""An example of a call, and of a condition with it, for each indicator: made from its parameters."""

from __future__ import annotations

from engine.indicators import NEW_DAY, Endless, Follows, Function, Kind, Parameter
from engine.rules.nodes import CANDLE

_LENGTHS = {"fastlen": 12, "slowlen": 26, "siglen": 9, "short_length": 13, "long_length": 25}
_NUMBERS = {"offset": "0.85", "sigma": "6", "factor": "3", "percentage": "75"}
_USUAL = {Kind.WHOLE: "5", Kind.INTEGER: "0", Kind.FLAG: "true"}


def example_call(function: Function) -> str:
    """Give a call that any rule file takes, with usual numbers, and without what may be left out."""
    wanted = [p for p in function.parameters if p.default is None and p.implied is None]
    if not wanted:
        return f"ta.{function.name}"
    series = [p.name for p in wanted if p.kind is Kind.SERIES]
    return f"ta.{function.name}({', '.join(_argument(p, series) for p in wanted)})"


def example_condition(call: str, output: str = "", function: Function | None = None) -> str:
    """Give a condition with that call of a function of ours, or of pandas-ta's."""
    value = f"{call}.{output}" if output else call
    if function is not None and function.result is Kind.CONDITION:
        return value
    if function is not None and function.follows is Follows.LEVEL and function.endless is not Endless.SUM:
        return f"close > {value}"
    return f"{value} > {value}[1]"


def _argument(parameter: Parameter, series: list[str]) -> str:
    name = parameter.name
    if parameter.kind is Kind.SERIES:
        first = name == series[0]
        return name if name in CANDLE else "close" if first else "ta.ema(close, 20)"
    if parameter.kind is Kind.CONDITION:
        return NEW_DAY if name == "anchor" else "close > open"
    if parameter.kind is Kind.TEXT:
        return f'"{parameter.choices[0]}"'
    if parameter.kind is Kind.LENGTH:
        return str(_LENGTHS.get(name, 14))
    return _NUMBERS.get(name, "2") if parameter.kind is Kind.CONSTANT else _USUAL[parameter.kind]
