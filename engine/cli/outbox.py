"""`signal-engine outbox`, and what else the operator may ask of a state: `flatten`, `cancel-all`, `backup`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console, moment, print_json

if TYPE_CHECKING:
    from engine.app.operator import Done
    from engine.app.outbox import Account
    from engine.delivery import Row

_Config = Annotated[Path, typer.Option("--config", help="The config whose state is meant.")]
_Number = Annotated[int, typer.Argument(help="The message's number in the list.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with your word and the time.")]
_Connectors = Annotated[list[str] | None, typer.Option("--connector", help="Only this one. Repeatable; else all.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document instead.")]
app = typer.Typer(
    no_args_is_help=True,
    help="The messages: what became of each, and what you know of the doubtful ones. All of it works while the engine "
    "runs and while it does not.",
)


@app.command("list")
def listing(
    config: _Config,
    most: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    as_json: _Json = False,
) -> None:
    """List the newest messages."""
    from engine.app.outbox import newest
    from engine.config import read_config

    rows = newest(read_config(config, os.environ), most)
    if as_json:
        print_json({"messages": [asdict(row) for row in rows]})
        return
    for row in rows:
        _print(_line(row))


@app.command()
def show(number: _Number, config: _Config, as_json: _Json = False) -> None:
    """Show one message: every attempt, what was said of it, and what waits because of it."""
    from engine.app.outbox import account
    from engine.config import read_config

    known = account(read_config(config, os.environ), number)
    if as_json:
        print_json(asdict(known))
        return
    for line in account_lines(known):
        _print(line)


@app.command()
def arrived(number: _Number, config: _Config, reason: _Reason = "") -> None:
    """Say of an UNKNOWN message that it was executed: the platform shows its order."""
    _settle("arrived", number, config, reason)


@app.command("not-arrived")
def not_arrived(number: _Number, config: _Config, reason: _Reason = "") -> None:
    """Say of an UNKNOWN message that it was not executed: an entry is then undone."""
    _settle("not-arrived", number, config, reason)


@app.command()
def resend(number: _Number, config: _Config, reason: _Reason = "") -> None:
    """Send a message again that did not arrive, the same bytes with the same id. Refused where something newer went."""
    _settle("resend", number, config, reason)


def flatten(config: _Config, connector: _Connectors = None, reason: _Reason = "") -> None:
    """Close every position and withdraw every order, now: openings that wait are ended, closes of both sides sent.

    The engine goes on afterwards, flat, with the next entry that its rules decide.
    """
    _withdraw("flatten", config, connector, reason)


def cancel_all(config: _Config, connector: _Connectors = None, reason: _Reason = "") -> None:
    """Withdraw every order that waits on the platform, and every opening that waits here."""
    _withdraw("cancel-all", config, connector, reason)


def stop_entries(config: _Config, reason: _Reason = "") -> None:
    """Send no more entries, now and after every restart, until allow-entries. Closes go out as ever.

    Works while the engine runs and while it does not. Entries that wait here are ended; what waits on the platform is
    withdrawn by cancel-all, and positions are closed by flatten.
    """
    _set_entries("stop-entries", config, reason)


def allow_entries(config: _Config, reason: _Reason = "") -> None:
    """Allow entries again after stop-entries or the signal SIGUSR1. A stop file has to be removed by hand."""
    _set_entries("allow-entries", config, reason)


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")], config: _Config
) -> None:
    """Copy the state to a file, whole and checked, also while the engine runs. Never use cp: it tears."""
    from engine.app.outbox import back_up
    from engine.config import read_config

    back_up(read_config(config, os.environ), target)
    _print(
        f"{target}: the state as it was just now; to go back to it, put it in the state's place while no engine runs"
    )


def account_lines(known: Account) -> list[str]:
    """Write what is known of a message, for people."""
    row = known.row
    lines = [
        _line(row),
        f"        {row.route}, candle {moment(row.bar_ms)}, id {row.client_order_id}" + (", by hand" * row.by_hand),
    ]
    for i, attempt in enumerate(known.attempts, 1):
        said = "under way" if attempt.ended_ms is None else f"{attempt.phase}: {attempt.detail}"
        lines.append(f"        attempt {i} at {moment(attempt.started_ms)}: {said}")
    lines += [f"        {moment(r.at_ms)}: {r.state}, since {r.reason}" for r in known.resolutions]
    return lines + [f"        holds back {other.seq}: {other.body}" for other in known.held]


def print_done(done: Done) -> None:
    """Print what came of a command, and end with 1 where something of it is not delivered."""
    for row in done.rows:
        _print(_line(row))
    if not done.delivered:
        _print("not everything is delivered; 'outbox show' with its number tells why")
        raise typer.Exit(1)


def _line(row: Row) -> str:
    return (
        f"{row.seq:>6}  {moment(row.bar_ms)}  {row.state:<12} {row.intent:<6} {row.connector}  {row.body}  {row.detail}"
    )


def _settle(word: str, number: int, config: Path, reason: str) -> None:
    from engine.app.operator import settle
    from engine.config import read_config
    from engine.delivery import Word

    print_done(settle(read_config(config, os.environ), Word(word), number, reason))


def _withdraw(word: str, config: Path, connectors: list[str] | None, reason: str) -> None:
    from engine.app.operator import withdraw
    from engine.config import read_config
    from engine.delivery import Word

    print_done(withdraw(read_config(config, os.environ), Word(word), connectors or [], reason))


def _set_entries(word: str, config: Path, reason: str) -> None:
    from engine.app.limits import stop_file_of
    from engine.app.operator import set_entries
    from engine.config import read_config
    from engine.delivery import Word

    read = read_config(config, os.environ)
    done = set_entries(read, Word(word), reason)
    where = "the running engine" if done.by_engine else "the state, for the next start"
    stopped = Word(word) is Word.STOP_ENTRIES
    _print(f"entries are {'stopped' if stopped else 'allowed'} in {where}")
    if not stopped and stop_file_of(read).exists():
        _print(f"but the file {stop_file_of(read)} is there, which stops them; remove it")
        raise typer.Exit(1)


def _print(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
