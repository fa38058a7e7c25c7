"""`signal-engine paper`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.output import console

if TYPE_CHECKING:
    from engine.paper.faults import Fault


def paper(
    config: Annotated[Path, typer.Option(help="A paper config: its connectors are known, its ledger is used.")] = Path(
        "configs/paper.yaml"
    ),
    drill: Annotated[
        bool, typer.Option("--drill", help="Let faults be switched on while it runs: PUT /api/drill (docs/paper.md).")
    ] = False,
    fault: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="Begin with a fault: late, never (no answer), twice (taken two times), 500 or html."
        ),
    ] = None,
    after_the_fact: Annotated[
        bool, typer.Option("--after-the-fact", help="The message is taken, and then the answer goes wrong.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="How late 'late' is; 10, if not given.", show_default=False)
    ] = None,
    times: Annotated[
        int | None, typer.Option(help="To how many messages it happens; to all, if not given.", show_default=False)
    ] = None,
) -> None:
    """The paper platform alone, until stopped (Ctrl-C); it can misbehave, to drill those who send to it."""
    from engine.app.system import paper_settings, read_routes
    from engine.config import read_config
    from engine.paper.server import serve

    first = _fault(fault, seconds, times, after_the_fact=after_the_fact)
    read = read_config(config, os.environ)
    settings = paper_settings(read, read_routes(read))
    settings = settings.model_copy(update={"fault": first, "drill": drill or settings.drill})

    def ready(url: str) -> None:
        console.print(
            f"listening on {url}; messages are kept in {settings.ledger}; Ctrl-C stops it",
            highlight=False,
            soft_wrap=True,
        )
        if first is not None:
            console.print(f"drill: {first}", highlight=False, soft_wrap=True)
        if first is not None or settings.drill:
            console.print(f"drill: PUT {url}/api/drill sets a fault, DELETE ends it", highlight=False, soft_wrap=True)

    serve(settings, ready)


def _fault(kind: str | None, seconds: float | None, times: int | None, *, after_the_fact: bool) -> Fault | None:
    from pydantic import ValidationError

    from engine.documents import did_you_mean
    from engine.errors import InvalidInputError
    from engine.paper.faults import Fault, FaultKind

    if kind is None:
        if after_the_fact or seconds is not None or times is not None:
            raise InvalidInputError("--after-the-fact, --seconds and --times say more of a fault; name one by --fault")
        return None
    if kind not in tuple(FaultKind):
        hint = did_you_mean(kind, FaultKind) or f"there are {', '.join(FaultKind)}"
        raise InvalidInputError(f"--fault: there is no fault '{kind}'; {hint}")
    given = {"after_the_fact": after_the_fact, "seconds": seconds, "times": times}
    try:
        return Fault.model_validate({"fault": kind} | {name: one for name, one in given.items() if one is not None})
    except ValidationError as error:
        said = "; ".join(f"--{e['loc'][0]}: {e['msg']}" if e["loc"] else e["msg"] for e in error.errors())
        raise InvalidInputError(said.replace("Value error, ", "")) from None
