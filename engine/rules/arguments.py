"""The arguments of a call, matched with the parameters of what is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.documents import did_you_mean
from engine.rules.syntax import Call, Syntax


class Report(Protocol):
    """Takes note of a mistake: where in the expression, what is wrong, what to do."""

    def __call__(self, at: Syntax, message: str, hint: str = "") -> None:
        """Take note."""


def bind(
    call: Call, names: Sequence[str], optional: frozenset[str], title: str, report: Report, excess_hint: str = ""
) -> dict[str, Syntax] | None:
    """Give parameter name → argument. Everything wrong is reported; None where something was.

    `title` is how the messages call it, with its parameters: "ta.ema(source, length)"; `excess_hint` is what may be
    meant where there are too many.
    """
    bound: dict[str, Syntax] = {}
    good = True
    for position, argument in enumerate(call.arguments):
        name = argument.name
        if name is None and position >= len(names):
            report(argument, f"one argument too many: {title}", excess_hint)
            excess_hint = ""
        elif name is not None and name not in names:
            report(argument, f"unknown argument '{name}': {title}", did_you_mean(name, names))
        elif (key := name or names[position]) in bound:
            report(argument, f"'{key}' is given twice: {title}")
        else:
            bound[key] = argument.value
            continue
        good = False
    missing = [name for name in names if name not in bound and name not in optional]
    if missing and good:
        listed = " and ".join(f"'{name}'" for name in missing)
        report(call, f"{listed} {'is' if len(missing) == 1 else 'are'} missing: {title}")
    return bound if good and not missing else None
