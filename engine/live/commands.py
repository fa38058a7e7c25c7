"""What the operator asked for through the store, carried out: by the running engine, or by himself where none runs."""

from __future__ import annotations

from collections.abc import Callable, Container

from engine.delivery import Command, Refused, Row, Step, carry_out
from engine.ports import Clock, Store

_TRIES = 5  # a message may be sent, and so change, between the look at it and the change

OnCommand = Callable[[Row, Step], None]
"""Told of every row that a command changed or added, once it is kept: the row as it was, and its step."""


def carry_out_all(store: Store, connectors: Container[str], clock: Clock, tell: OnCommand) -> bool:
    """Carry out every command that nobody has looked at; gives whether there were any. Errors: StoreError."""
    commands = store.asked()
    for command in commands:
        _carry_out(store, connectors, clock, tell, command)
    return bool(commands)


def _carry_out(store: Store, connectors: Container[str], clock: Clock, tell: OnCommand, command: Command) -> None:
    for _ in range(_TRIES):
        now_ms = clock.now_ms()
        missing = sorted({row.connector for row in command.rows if row.connector not in connectors})
        verdict = (
            Refused(f"the engine has no connector {', '.join(missing)}")
            if missing
            else carry_out(command, store.known(command), now_ms)
        )
        added = store.finish(command, verdict, now_ms)
        if added is not None:
            if not isinstance(verdict, Refused):
                for change in verdict.changes:
                    tell(change.row, change.step)
            for row in added:
                tell(row, Step(row.state))
            return
    store.finish(command, Refused("the messages it is about kept changing; say it again"), clock.now_ms())
