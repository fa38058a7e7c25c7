"""`signal-engine run`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.output import errors, program


def run(
    config: Annotated[Path, typer.Option(help="What to run where, such as configs/paper.yaml.")],
    confirm_live: Annotated[bool, typer.Option("--confirm-live", help="Yes, trade real money.")] = False,
    accept_fingerprint: Annotated[
        bool, typer.Option("--accept-fingerprint", help="Trade although indicators give other values than backtested.")
    ] = False,
) -> None:
    """Watch closed candles, decide, and send messages, until stopped (Ctrl-C)."""
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
        serve(system, tick_seconds=read.tick_seconds)
    errors.print("stopped; the next start continues from here", highlight=False, soft_wrap=True)
