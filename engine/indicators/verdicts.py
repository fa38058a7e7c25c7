"""The verdicts on pandas-ta's indicators that were measured before, in the file verdicts.json beside this one.

`make survey` writes it: for calls on plain candles, with default and with usual arguments, the memory of each output in
bars, or why it is refused. It holds for the versions it names; with others, everything is measured anew where it is
used. Calls whose values depend on the candles' times stand there by timeframe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.indicators.catalogue import CatalogueCall, parameters_of
from engine.indicators.library import versions
from engine.indicators.verdict import Verdict

FILE = Path(__file__).with_name("verdicts.json")

Verdicts = Mapping[str, Verdict]
"""Output name → verdict, in pandas-ta's order."""


@dataclass(frozen=True, slots=True)
class Table:
    """`calls` by their text; `dated` by timeframe, then by text."""

    versions: Mapping[str, str]
    calls: Mapping[str, Verdicts]
    dated: Mapping[str, Mapping[str, Verdicts]]

    def find(self, called: CatalogueCall, timeframe: str) -> Verdicts | None:
        """Give what was measured of a call on plain candles; None where it was not, or with other versions."""
        if self.versions != versions():
            return None
        return self.calls.get(str(called)) or self.dated.get(timeframe, {}).get(str(called))

    def text(self) -> str:
        """Write it as the file has it: one line a call."""
        parts = [f'"versions": {json.dumps(self.versions)}', f'"calls": {_section(self.calls, "  ")}']
        dated = (f'    "{timeframe}": {_section(calls, "    ")}' for timeframe, calls in self.dated.items())
        parts.append('"dated": {\n' + ",\n".join(dated) + "\n  }")
        return "{\n  " + ",\n  ".join(parts) + "\n}\n"

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read a file of `text`."""
        found = json.loads(path.read_text(encoding="utf-8"))
        dated = {timeframe: _read(calls) for timeframe, calls in found["dated"].items()}
        return cls(found["versions"], _read(found["calls"]), dated)


@cache
def table() -> Table:
    """Give the table that is shipped."""
    return Table.read(FILE)


def plain_columns(name: str) -> tuple[str, ...]:
    """Give the parameters that the candles fill in a call on plain candles."""
    return tuple(p.name for p in parameters_of(name) if p.from_candles)


def _section(calls: Mapping[str, Verdicts], indent: str) -> str:
    lines = (
        f"{indent}  {json.dumps(call)}: {json.dumps({o: v.refusal or v.memory for o, v in verdicts.items()})}"
        for call, verdicts in calls.items()
    )
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _read(calls: Mapping[str, Mapping[str, int | str]]) -> dict[str, Verdicts]:
    return {call: {o: _verdict(found) for o, found in outputs.items()} for call, outputs in calls.items()}


def _verdict(found: int | str) -> Verdict:
    return Verdict(0, found) if isinstance(found, str) else Verdict(found)
