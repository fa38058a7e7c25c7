"""`signal-engine check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, errors, print_json

if TYPE_CHECKING:
    from engine.app.check import FileReport
    from engine.errors import InvalidInputError


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Rule files, configs, run definitions.")],
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="All about each file, of several too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document: all about each file, errors too.")
    ] = False,
) -> None:
    """Check files: every mistake with file:line:column, or what the file will do.

    One file is told in full: what it computes, its warm-up, what it can send.

    Several take a line each. Ends with 1 where a file is wrong.
    """
    from engine.app.check import report_on
    from engine.errors import InvalidInputError

    good: list[FileReport] = []
    wrong: dict[Path, InvalidInputError] = {}
    for path in dict.fromkeys(files):
        try:
            good.append(report_on(path))
        except InvalidInputError as error:
            wrong[path] = error
    if as_json:
        _print_json(good, wrong)
    else:
        _print(good, wrong, details=verbose or len(files) == 1)
    raise typer.Exit(1 if wrong else 0)


def _print(good: list[FileReport], wrong: dict[Path, InvalidInputError], *, details: bool) -> None:
    from engine.app.check import shared
    from engine.cli.check_words import line_of, lines_of

    rules = [report.rule for report in good if report.rule is not None]
    for report in good:
        lines = lines_of(report, rules) if details else [line_of(report, rules)]
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        for warning in report.warnings:
            errors.print(f"{report.file}: warning: {warning}", markup=False, highlight=False, soft_wrap=True)
        if details and report is not good[-1]:
            console.print()
    for timeframe, (values, common) in shared(rules).items():
        counted = f"{sum(rule.timeframe == timeframe for rule in rules)} rules on the same {timeframe} candles"
        console.print(f"{counted}: {values} values in all, {common} of them shared", markup=False, highlight=False)
    for error in wrong.values():
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)


def _print_json(good: list[FileReport], wrong: dict[Path, InvalidInputError]) -> None:
    from engine.app.check import shared
    from engine.cli.check_document import document_of, errors_of

    rules = [report.rule for report in good if report.rule is not None]
    together = {t: {"values": values, "shared": common} for t, (values, common) in shared(rules).items()}
    print_json(
        {
            "good": not wrong,
            "files": [
                *(document_of(report, rules) for report in good),
                *(
                    {"file": str(path), "good": False, "errors": errors_of(path, error)}
                    for path, error in wrong.items()
                ),
            ],
            "same_candles": together,
        }
    )
