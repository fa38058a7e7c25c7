"""Mutated rule files, expressions, run definitions and configs: each is taken, or told what is wrong, and at once.

    python -m tests.rules.fuzz [COUNT] [SEED]

What changes is whole words and lines (parts of expressions, other files' values, moved and indented lines) or single
characters. What is taken must say what is written: no text becomes a number, and no number another.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import InvalidInputError
from tests.rules.faithful import take_config, take_definition, take_expression, take_rule
from tests.rules.files import EVERYTHING, GOOD
from tests.rules.mistakes import MISTAKES
from tests.rules.mutants import calls, changed_characters, changed_lines, changed_words, expression

SLOWEST = 1.0
"""Seconds of work that one input may take."""
_STUCK = 60

_RULES = [*(path.read_text(encoding="utf-8") for path in sorted(Path("strategies").glob("*.yaml"))), GOOD]
_DEFINITIONS = [path.read_text(encoding="utf-8") for path in sorted(Path("backtests").glob("*.yaml"))]
_CONFIGS = [path.read_text(encoding="utf-8") for path in sorted(Path("configs").glob("*.yaml"))]
_WHOLE_DEFINITION = """\
strategy: ../strategies/ema_cross.yaml
data: candles.csv
symbol: BTC/USDT:USDT
timeframe: 4h
from: 2024-01-01
to: 2024-07-01T12:00
params: {fast: 12, slow: 26.5}
costs: {capital: 1e4, commission_percent: 0.05, slippage_ticks: 2}
tick: 0.01
lot: 1e-3
expect: {bars: 10, sharpe: null, messages_sha256: abc}
"""


@dataclass
class Figures:
    """What a run came to."""

    inputs: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    def __str__(self) -> str:
        """Give them in a few lines."""
        kinds = ", ".join(f"{count:,} {kind} ({self.taken[kind]:,} taken)" for kind, count in self.inputs.items())
        seconds, text = self.slowest
        return (
            f"inputs: {sum(self.inputs.values()):,}: {kinds}\n"
            f"distinct errors: {len(self.errors)}\n"
            f"slowest: {seconds * 1000:.0f} ms, {text[:100]!r}"
        )


@dataclass(frozen=True)
class Subject:
    """A kind of input: what mutants are made of, and who takes them."""

    kind: str
    share: int
    texts: list[str]
    take: Callable[[str], None]


def subjects(folder: Path) -> list[Subject]:
    """Give the kinds of inputs; files are written to `folder`."""
    (folder / "base.yaml").write_text(Path("configs/base.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "input.yaml"
    return [
        Subject("expressions", 55, calls(), take_expression),
        Subject("rule files", 25, [*_RULES * 8, *[EVERYTHING] * 20, *MISTAKES.values()], take_rule),
        Subject("run definitions", 10, [*_DEFINITIONS, _WHOLE_DEFINITION], lambda text: take_definition(text, path)),
        Subject("configs", 10, _CONFIGS, lambda text: take_config(text, path)),
    ]


def mutant(rng: random.Random, subject: Subject) -> str:
    """Make an input of that kind."""
    text = rng.choice(subject.texts)
    if subject.kind == "expressions" and rng.random() < 0.6:
        text = expression(rng, rng.randint(1, 4))
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3, 6])):
        change = rng.choice([changed_characters, changed_words, changed_words, changed_lines])
        if change is changed_lines and "\n" not in text:
            change = changed_words
        text = change(rng, text, rng.choice(subject.texts))
    return text


def check(subject: Subject, text: str, figures: Figures) -> None:
    """Take one input. Errors: AssertionError with the input, for anything but being taken or refused, and at once."""
    for attempt in (1, 2):
        started = time.thread_time()
        try:
            subject.take(text)
            outcome = ""
        except InvalidInputError as error:
            outcome = str(error)
            assert outcome.strip(), f"refused without a word: {text!r}"
            problems = getattr(error, "problems", None)
            told = [p.message for p in problems] if problems else [outcome]
            figures.errors.update({re.sub(r"'[^']*'|\d[\d,.]*", "_", message)[:80] for message in told})
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}\n{subject.kind}: {text!r}") from error
        seconds = time.thread_time() - started
        # Once more before it counts: the first use of an indicator may compile it.
        if seconds <= SLOWEST or attempt == 2:
            break
    assert seconds <= SLOWEST, f"{seconds:.1f} s\n{subject.kind}: {text!r}"
    figures.inputs[subject.kind] += 1
    figures.taken[subject.kind] += not outcome
    figures.slowest = max(figures.slowest, (seconds, text))


def run(count: int, seed: int, folder: Path, figures: Figures, tell: Callable[[int], None] = lambda _: None) -> None:
    """Check `count` inputs, the same ones for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - to be repeatable
    kinds = subjects(folder)
    for done in range(count):
        subject = rng.choices(kinds, [kind.share for kind in kinds])[0]
        check(subject, mutant(rng, subject), figures)
        tell(done + 1)


def main() -> None:
    """Run until `COUNT` inputs are done; the first that is neither taken nor refused ends it, with status 1."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1

    def tell(done: int) -> None:
        signal.alarm(_STUCK)  # an input that never ends ends the run
        if done % 1000 == 0:
            sys.stderr.write(f"\r{done:,} of {count:,} ")
            sys.stderr.flush()

    figures = Figures()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run(count, seed, Path(folder), figures, tell)
    signal.alarm(0)
    sys.stderr.write("\n")
    print(f"{figures}\nseed {seed}, {time.monotonic() - started:.0f} s")  # noqa: T201 - its figures are what it is for


if __name__ == "__main__":
    main()
