"""`signal-engine test`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, errors, moment, plain_values, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from engine.app.rule_tests import Outcome
    from engine.backtest.expected_messages import Expectation, Pair, Sent
    from engine.rules.explanation import Explanation

_WIDTH = 100
_SHOWN_BEFORE, _SHOWN = 3, 20  # messages: before the first difference, and in all


def run_tests(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Rule files; else strategies/*.yaml.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document: every test with its messages.")] = False,
) -> None:
    """Run the tests in rule files: made or real candles, and the messages that must come of them.

    Of a test that fails: the expected messages beside those that were sent, and which conditions held where they first
    differ. Ends with 1 where a test fails or a file is not good.
    """
    paths = files or sorted(Path("strategies").glob("*.yaml"))
    if not paths:
        raise typer.BadParameter("there is no strategies/*.yaml here; name the rule files to test")
    from engine.app.rule_tests import run_rule_tests
    from engine.errors import InvalidInputError

    found: dict[Path, list[Outcome]] = {}
    wrong: dict[Path, str] = {}
    for path in paths:
        try:
            found[path] = run_rule_tests(path)
        except InvalidInputError as error:
            wrong[path] = str(error)
    if as_json:
        print_json(_document(found, wrong))
    else:
        _print(found, wrong)
    failed = any(not outcome.passed for outcomes in found.values() for outcome in outcomes)
    raise typer.Exit(1 if failed or wrong else 0)


def _print(found: dict[Path, list[Outcome]], wrong: dict[Path, str]) -> None:
    outcomes = [outcome for of_file in found.values() for outcome in of_file]
    for path, of_file in found.items():
        console.print(f"{path}{'' if of_file else ': no tests'}", markup=False, highlight=False, soft_wrap=True)
        for outcome in of_file:
            word = "[green]passed[/green]" if outcome.passed else "[red]FAILED[/red]"
            console.print(f"  {word}  ", end="", highlight=False)
            console.print(outcome.name, markup=False, highlight=False, soft_wrap=True)
    for outcome in outcomes:
        if not outcome.passed:
            _print_failed(outcome)
    for text in wrong.values():
        errors.print(text, markup=False, highlight=False, soft_wrap=True)
    passed = sum(outcome.passed for outcome in outcomes)
    rest = f", {len(outcomes) - passed} failed" if passed < len(outcomes) else ""
    bad = f", {len(wrong)} files not good" if len(wrong) > 1 else ", 1 file not good" if wrong else ""
    console.print(f"\n{passed} passed{rest}{bad}", highlight=False)


def _print_failed(outcome: Outcome) -> None:
    if outcome.error:
        console.print(f"\n{outcome.error}", markup=False, highlight=False, soft_wrap=True)
        return
    head = f"\n{outcome.place}: '{outcome.name}' did not send what is expected"
    console.print(head, markup=False, highlight=False, soft_wrap=True)
    at = next(i for i, pair in enumerate(outcome.pairs) if not pair.good)
    begin = max(0, at - _SHOWN_BEFORE)
    console.print(_side_by_side(outcome.pairs, begin, begin + _SHOWN), highlight=False)
    for bar, reason in list(outcome.refused.items())[:_SHOWN]:
        console.print(f"  candle {bar}: an entry was {reason}", markup=False, highlight=False, soft_wrap=True)
    if outcome.why is None:
        hint = "\n  With 'bar' or 'at' beside the message that is missing, this shows why it was not sent."
        console.print(hint, markup=False, highlight=False, soft_wrap=True)
    else:
        _print_why(outcome.bar, outcome.why)


def _print_why(bar: int | None, why: Explanation) -> None:
    from rich.text import Text

    from engine.cli.condition_tree import condition_lines, name_lines

    width = min(_WIDTH, console.width - 2)
    console.print(f"\n  The first difference: candle {bar} (opened {moment(why.time_ms)} UTC)", highlight=False)
    lines = [line for explained in why.conditions for line in condition_lines(explained, width)]
    if why.names:
        lines += [Text("names", "bold"), *name_lines(why.names, width)]
    for line in lines:
        console.print(Text("  ").append_text(line), highlight=False, soft_wrap=True)


def _side_by_side(pairs: list[Pair], begin: int, end: int) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table("candle", "time (UTC)", "expected", "sent", "", box=None, padding=(0, 1, 0, 1))
    logs = any(pair.expected and "log" in pair.expected.fields for pair in pairs)
    for pair in pairs[begin:end]:
        bar = pair.sent.bar if pair.sent else pair.expected.bar if pair.expected else None
        verdict = escape(_verdict(pair))
        table.add_row(
            "" if bar is None else str(bar),
            moment(pair.sent.time_ms) if pair.sent else "",
            escape(_expected(pair.expected, pair.different)),
            escape(_sent(pair.sent, with_log=logs)),
            f"[red]{verdict}[/red]" if verdict else "",
        )
    if len(pairs) > end:
        table.add_row("", "", f"... and {len(pairs) - end} more", "", "")
    return table


def _verdict(pair: Pair) -> str:
    if pair.sent is None:
        return "missing"
    if pair.expected is None:
        return "unexpected"
    return (
        f"{', '.join(pair.different)} {'differs' if len(pair.different) == 1 else 'differ'}" if pair.different else ""
    )


def _expected(message: Expectation | None, different: tuple[str, ...]) -> str:
    if message is None:
        return "-"
    at = f" on candle {message.bar}" if "bar" in different else ""
    return " ".join(_words(name, value) for name, value in message.fields.items()) + at


def _sent(message: Sent | None, *, with_log: bool) -> str:
    if message is None:
        return "-"
    return " ".join(_words(name, value) for name, value in message.fields.items() if with_log or name != "log")


def _words(name: str, value: object) -> str:
    return str(value) if name == "action" else f'log "{value}"' if name == "log" else f"{name} {value}"


def _document(found: dict[Path, list[Outcome]], wrong: dict[Path, str]) -> dict[str, object]:
    outcomes = [outcome for of_file in found.values() for outcome in of_file]
    files: list[dict[str, object]] = [
        {"file": str(path), "tests": [_test(outcome) for outcome in of_file]} for path, of_file in found.items()
    ]
    files += [{"file": str(path), "error": text} for path, text in wrong.items()]
    passed = sum(outcome.passed for outcome in outcomes)
    return {"passed": passed, "failed": len(outcomes) - passed, "files_not_good": len(wrong), "files": files}


def _test(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.name,
        "place": outcome.place,
        "passed": outcome.passed,
        **({"error": outcome.error} if outcome.error else {}),
        "messages": [
            {
                "expected": _fields(pair.expected),
                "sent": _fields(pair.sent),
                "good": pair.good,
                "different": list(pair.different),
            }
            for pair in outcome.pairs
        ],
        "first_difference": outcome.bar,
        "refused": [{"bar": bar, "reason": reason} for bar, reason in outcome.refused.items()],
        "why": None if outcome.why is None else plain_values(asdict(outcome.why)),
    }


def _fields(message: Expectation | Sent | None) -> dict[str, object] | None:
    if message is None:
        return None
    place = {} if message.bar is None else {"bar": message.bar}
    return {**place, **{name: v if isinstance(v, int | float) else str(v) for name, v in message.fields.items()}}
