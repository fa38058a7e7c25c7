"""`signal-engine run`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.cli.output import console, errors, moment, program

if TYPE_CHECKING:
    from engine.config import RunConfig
    from engine.ports import Clock


def run(
    config: Annotated[Path, typer.Option(help="What to run where, such as configs/paper.yaml.")],
    confirm_live: Annotated[bool, typer.Option("--confirm-live", help="Yes, trade real money.")] = False,
    accept_fingerprint: Annotated[
        bool, typer.Option("--accept-fingerprint", help="Trade although indicators give other values than backtested.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would run, and check it with the exchange; then end.")
    ] = False,
    paper: Annotated[
        Path | None,
        typer.Option(help="With --dry-run of a live config: the config of its paper run; else paper.yaml beside it."),
    ] = None,
) -> None:
    """Watch closed candles, decide, and send messages, until stopped (Ctrl-C).

    With --dry-run nothing is written and nothing is sent: it shows routes, next closes, candles to be fetched and the
    messages' shape, and ends with 1 where something would be refused. Of a live config it also shows whether it was
    backtested, ran on paper, was audited and has limits: docs/paper-to-live.md. That is advice, and changes no code.
    """
    import structlog

    from engine.adapters.logs import set_up_logs
    from engine.app.fingerprints import check_routes
    from engine.app.observers import LogObserver
    from engine.app.service import serve
    from engine.app.system import System, check_start
    from engine.config import is_config, read_config
    from engine.errors import InvalidInputError

    if not is_config(config) and config.is_file():
        raise InvalidInputError(f"{config} is no config; to try a rule file: {program()} backtest {config}")
    read = read_config(config, os.environ)
    if dry_run:
        _rehearse(read, paper or config.parent / "paper.yaml")
    check_start(read, confirm_live=confirm_live)
    secrets = [connector.token for connector in read.connectors.values()]
    set_up_logs(secrets, file=None if read.log is None else Path(read.log))
    errors.print(f"starting {config} ({read.mode}) ...", highlight=False, soft_wrap=True)
    observer = LogObserver()
    ready = System(read, observer, observer.delivered, on_doubt=observer.doubt, on_stopped=observer.stopped)
    for note in check_routes(read, ready.specs, accept=accept_fingerprint):
        structlog.get_logger().warning("fingerprint", note=note)
    with ready as system:
        errors.print(f"running {config} ({read.mode}); Ctrl-C stops it", highlight=False, soft_wrap=True)
        serve(system, system.engine.tick, tick_seconds=read.tick_seconds)
    errors.print("stopped; the next start continues from here", highlight=False, soft_wrap=True)


def _rehearse(config: RunConfig, paper: Path) -> NoReturn:
    from engine.adapters.clocks import SystemClock
    from engine.app.rehearsal import rehearse

    clock = SystemClock()
    routes, wrong = rehearse(config, clock)
    for one in routes:
        _say(f"{one.route} to {one.connector} ({one.receiver})")
        _say(f"    {one.begins}; its next candle closes at {moment(one.next_close_ms)} UTC")
        for what, bars, since_ms in one.candles:
            _say(f"    fetches {bars:,} candles of {what}, from {moment(since_ms)}")
        if one.watches:
            _say(f"    watches what it holds on {one.watches} candles")
        for message in one.messages:
            _say(f"    sends {message}")
        if one.example:
            _say(f"    such as {one.example}")
    for line in wrong:
        _say(f"WOULD BE REFUSED: {line}")
    if config.mode == "live":
        _show_checklist(config, clock, paper)
    _say(f"{config.mode}: nothing was started, written or sent")
    raise typer.Exit(1 if wrong else 0)


def _show_checklist(config: RunConfig, clock: Clock, paper: Path) -> None:
    from engine.app.checklist import checklist
    from engine.app.system import read_routes

    _say("before it trades real money (advice: `run` starts without it, and no close ever waits for it)")
    for item in checklist(config, read_routes(config), clock, paper, os.environ):
        _say(f"  {'ok     ' if item.ok else 'MISSING'}  {item.name}: {item.told}")
        if item.mend:
            _say(f"             {item.mend}")


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
