"""The program: its commands, and what happens to errors."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from engine import __version__
from engine.app.libraries import choose_libraries
from engine.cli import (
    audit,
    backtest,
    check,
    compare,
    demo,
    evaluate,
    fetch,
    indicators,
    message,
    outbox,
    paper,
    run,
    schema,
    status,
    test,
    why,
)
from engine.errors import SignalEngineError

app = typer.Typer(
    name="signal-engine",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Trading signals from rule files: a short YAML file in, exact webhook messages out; the same file is "
        "backtested, paper-traded and run live.\n\n"
        "Start with [bold]signal-engine demo[/bold]."
    ),
    epilog="Exit codes: 0 done · 1 the work found a problem · 2 wrong usage · 3 refused for safety.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"signal-engine {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("backtest")(backtest.backtest)
app.command("compare")(compare.compare)
app.command("test")(test.run_tests)
app.command("why")(why.why)
app.command("fetch")(fetch.fetch)
app.command("run")(run.run)
app.command("paper")(paper.paper)
app.add_typer(outbox.app, name="outbox")
app.command("flatten")(outbox.flatten)
app.command("cancel-all")(outbox.cancel_all)
app.command("status")(status.status)
app.command("audit")(audit.audit)
app.command("stop-entries")(outbox.stop_entries)
app.command("allow-entries")(outbox.allow_entries)
app.command("backup")(outbox.backup)
app.command("message")(message.message)
app.command("eval")(evaluate.evaluate)
app.command("indicators")(indicators.indicators)
app.command("schema")(schema.schema)


def main() -> None:
    """Run the program and end the process with its exit code. What the user can mend is told without a traceback."""
    # Python looks for unreachable cycles once more when it ends. Among all of numba's objects that takes a tenth of the
    # time of a short command, and the memory goes back to the system anyway.
    atexit.register(gc.freeze)
    try:
        choose_libraries(os.environ)
        app()
    except SignalEngineError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line's own output
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)  # noqa: T201 - the command line's own output
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); Python would complain again while closing it.
        sys.stderr.close()
        sys.exit(0)
