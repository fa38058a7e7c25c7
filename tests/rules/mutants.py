"""How mutants are made: expressions by the grammar, and changes of words, lines and characters."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from engine.indicators import TA, Kind
from engine.rules.calendar_parts import PARTS
from engine.rules.example import example_call
from engine.rules.nodes import CANDLE
from engine.rules.operators import OPERATIONS
from engine.rules.position import FIELDS
from engine.rules.scope import CALLABLE, CONSTANTS, TIMEFRAME

CHARACTERS = [
    *"{}[]()#&*!|>'\"%@`-?:,\t\n\r \\<=+/.0^;~$",
    ": ",
    " #",
    "- ",
    "\n  ",
    "---\n",
    "...\n",
    "1e999",
    "\ufeff",
]
CHARACTERS += [
    "\0",
    "9" * 400,
    "\u2028",
    "\x85",
    "\u00e9",
    "\U0001f600",
    "\ud800",
    "!!python/name:os",
    "<<: ",
    "null",
    "~",
]
CHARACTERS += ["true", "all:", "not ", " and ", "[1]", "na", "ta.ema(", "math.", "\\u0000", "\\x", "? ", "|2-\n"]
CHARACTERS += [
    "%YAML 1.1\n",
    "0x1F",
    "017",
    "1_000",
    "-0",
    "+1",
    ".5",
    "5.",
    "1e3",
    "0o7",
    "22:30",
    "on",
    "NO",
    "Infinity",
]
CHARACTERS += [".inf", ".nan", "nan", "1e-400", "2024-01-01", "${HOME}", "${", "''", '""', "'12'", "-1", "1.0", "True"]

_VALUES = [
    "1",
    "0",
    "-1",
    "2.5",
    "1e308",
    "1e-9",
    "5000",
    "5001",
    "14",
    "true",
    "false",
    "na",
    "''",
    '"4h"',
    "null",
    "[]",
]
_VALUES += ["{}", "[1, 2]", "{a: 1}", "2024-01-01", "'x'", "0.1", "100", "101", "~", "yes", "017", "1e999", "x" * 100]
_NAMES = [*FIELDS, *CANDLE, *PARTS, *CONSTANTS, *TIMEFRAME, "bar_index", "syminfo.mintick", "ta.obv", "ta.tr"]
_NAMES = sorted({*_NAMES} - {"true", "false"})
_STRANGE = [
    "x",
    "fast",
    "rsi",
    "true",
    "ta",
    "strategy.equity",
    "barstate.islast",
    "input",
    "closes",
    "math.pie",
    "var",
]
_TRUTHS = [f"ta.{name}" for name in ("cross", "crossover", "crossunder", "rising", "falling")] + ["na"]
_FUNCTIONS = [*sorted(CALLABLE), *(f"ta.{name}" for name in TA), "fixnan", "math.sum", "request.security", "input.int"]
_COMPUTED = [f for f in _FUNCTIONS if not f.startswith(("request", "input")) and f not in _TRUTHS]
_OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    ">",
    "<=",
    ">=",
    "==",
    "!=",
    "and",
    "or",
    "?",
    ":",
    "=",
    ":=",
    "//",
    "not",
    ",",
]
_WORD = re.compile(r"[A-Za-z_][\w.]*|\d[\w.]*|\s+|.", re.DOTALL)


def calls() -> list[str]:
    """Give a call of every function there is, and some expressions as people write them."""
    signatures = [f"{name}({', '.join(['close'] * len(OPERATIONS[name].names))})" for name in sorted(CALLABLE)]
    people = [
        "ta.crossover(ta.ema(close, 12), ta.ema(close, 26)) and ta.rsi(close, 14) < 70",
        "close > ta.bb(close, 20, 2).upper ? 1 : close < ta.bb(close, 20, 2).lower ? -1 : 0",
        'request.security("", "4h", ta.ema(close, 50)) < close[1]',
        "bar_index - ta.valuewhen(ta.pivothigh(5, 5) > 0, bar_index, 0) > 10",
        "hour(time, 'America/New_York') >= 9 and dayofweek != dayofweek.sunday",
        "30 < ta.rsi(close, 14) < 70 and not na(close[5])",
        "nz(fixnan(close > open ? close : na), 1.5) * math.round(hl2 / syminfo.mintick, 2)",
    ]
    return [
        *(example_call(function) for function in TA.values()),
        *signatures,
        "fixnan(close)",
        "math.sum(close, 3)",
        *people,
    ]


def expression(rng: random.Random, depth: int, *, condition: bool | None = None) -> str:
    """Give an expression that the grammar allows; most of them mean something."""
    condition = rng.random() < 0.4 if condition is None else condition
    if depth <= 0:
        return rng.choice(
            ["true", "false", "close > open"]
            if condition
            else [rng.choice(_NAMES), "close", "close", rng.choice(_VALUES[:9])]
        )

    def number() -> str:
        return expression(rng, depth - 1, condition=False)

    def truth() -> str:
        return expression(rng, depth - 1, condition=True)

    compared, joined = ["<", "<=", ">", ">=", "==", "!="], ["and", "or", "==", "!="]
    if condition:
        made: list[Callable[[], str]] = [
            lambda: f"{number()} {rng.choice(compared)} {number()}",
            lambda: f"({truth()}) {rng.choice(joined)} ({truth()})",
            lambda: f"not ({truth()})",
            lambda: f"ta.{rng.choice(['crossover', 'cross', 'crossunder'])}({number()}, {number()})",
            lambda: f"({truth()})[{rng.randint(0, 3)}]",
            lambda: f"na({number()})",
        ]
    else:
        made = [
            lambda: f"({number()} {rng.choice('+-*/%')} {number()})",
            lambda: f"-{number()}",
            lambda: f"({number()})[{rng.choice(['1', '2', 'fast', '5000', '0'])}]",
            lambda: f"({truth()} ? {number()} : {number()})",
            lambda: _call(rng, number, truth),
            lambda: _call(rng, number, truth),
        ]
    return rng.choice(made)()


def _call(rng: random.Random, number: Callable[[], str], truth: Callable[[], str]) -> str:
    name = rng.choice(_FUNCTIONS if rng.random() < 0.1 else _COMPUTED)
    function = TA.get(name.removeprefix("ta."))
    if function is None:
        count = len(OPERATIONS[name].names) if name in OPERATIONS else 2
        names, kinds = [""] * count, [Kind.SERIES] * count
    else:
        names, kinds = [p.name for p in function.parameters], [p.kind for p in function.parameters]
    given = []
    for parameter, kind in zip(names, kinds, strict=True):
        made = {Kind.SERIES: number, Kind.CONDITION: truth}.get(kind)
        text = made() if made else _constant(rng, kind)
        given.append(f"{parameter}={text}" if parameter and rng.random() < 0.2 else text)
    return f"{name}({', '.join(given)})"


def _constant(rng: random.Random, kind: Kind) -> str:
    fitting: dict[Kind, list[str]] = {
        Kind.TEXT: ['"Classic"', '"Traditional"'],
        Kind.FLAG: ["true", "false"],
        Kind.CONSTANT: ["0.5", "2", "1e3"],
    }
    return rng.choice(fitting.get(kind, ["3", "14", "1", "50"]) if rng.random() < 0.95 else _VALUES)


def changed_characters(rng: random.Random, text: str, other: str) -> str:
    """Cut, double or insert a few characters."""
    at = rng.randrange(len(text) + 1)
    until = min(len(text), at + rng.choice([0, 0, 1, 3, 30]))
    insert: str = rng.choice([rng.choice(CHARACTERS), rng.choice(CHARACTERS), "", text[at:until] * 2, other[at:until]])
    return text[:at] + insert + text[until:]


def changed_words(rng: random.Random, text: str, other: str) -> str:
    """Drop, double, exchange or replace a word."""
    words: list[str] = _WORD.findall(text)
    others: list[str] = _WORD.findall(other) or [""]
    if not words:
        return other
    at, second = rng.randrange(len(words)), rng.randrange(len(words))
    kind = rng.randrange(7)
    if kind == 0:
        del words[at]
    elif kind == 1:
        words.insert(second, words[at])
    elif kind == 2:
        words[at], words[second] = words[second], words[at]
    elif kind == 3:
        words[at] = rng.choice(others)
    elif kind == 4:
        words[at] = expression(rng, rng.randint(0, 2))
    else:
        words[at] = rng.choice(rng.choice([_VALUES, _NAMES, _STRANGE, _FUNCTIONS, _OPERATORS]))
    return "".join(words)


def changed_lines(rng: random.Random, text: str, other: str) -> str:
    """Drop, double, move, indent or exchange a line, or what follows its colon."""
    lines, others = text.split("\n"), other.split("\n")
    at, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(7)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(second, lines[at])
    elif kind == 2:
        lines[at], lines[second] = lines[second], lines[at]
    elif kind == 3:
        lines[at] = rng.choice(["  ", " ", "- ", "\t"]) + lines[at]
    elif kind == 4:
        lines[at] = lines[at][rng.randint(1, 4) :]
    elif kind == 5:
        lines.insert(at, rng.choice(others))
    else:
        key, _, _ = lines[at].partition(":")
        lines[at] = f"{key}: {rng.choice([rng.choice(_VALUES), expression(rng, 2), rng.choice(CHARACTERS)])}"
    return "\n".join(lines)
