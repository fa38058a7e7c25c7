"""What the operator asks for: written into the state, and carried out by the engine that runs, or else right here."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from engine.adapters.clocks import SystemClock
from engine.adapters.sql_file import Access
from engine.adapters.sql_store import SqlStore
from engine.app.profiles import receivers_of
from engine.app.system import EXCHANGE_S, reachable, read_routes, start_paper
from engine.config import RunConfig
from engine.delivery import Command, Intent, Row, RowState, Step, Word, intent_of
from engine.delivery.command import LIFETIME_MS
from engine.errors import InvalidInputError, RefusedError
from engine.live import DeliveryLoop, RouteSpec, carry_out_all, end_what_was_in_flight
from engine.market import MarketKind
from engine.webhook import Action, Message

PICKED_UP_S = 10.0
"""How long the running engine is waited for; it looks every half second."""
DELIVERED_S = 20.0
_POLL_S = 0.05
_WHOLE = Decimal(100)
_CLOSING = {
    MarketKind.FUTURES: (Action.CLOSE_LONG, Action.CLOSE_SHORT),
    MarketKind.SPOT: (Action.SELL,),
}


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command: the messages it changed or sent, as they now are; where it was done."""

    rows: list[Row]
    by_engine: bool

    @property
    def delivered(self) -> bool:
        """Whether nothing of it is still to be delivered or in doubt."""
        return all(row.state.final for row in self.rows)


def settle(config: RunConfig, word: Word, number: int, reason: str = "") -> Done:
    """Say of message `number` that it arrived, did not arrive, or is to be sent again. Errors: those of `submit`."""
    return submit(config, Command(word, SystemClock().now_ms(), seq=number, reason=reason))


def withdraw(config: RunConfig, word: Word, connectors: list[str], reason: str = "") -> Done:
    """Cancel all orders of the connectors (none given: of all routes), and for `flatten` also close what is held.

    On futures both sides are closed: what the engine believes to hold may be wrong, and a close of nothing is nothing.
    """
    now_ms = SystemClock().now_ms()
    receivers = receivers_of(config.connectors)
    rows: list[Row] = []
    for spec in _routes(config, connectors):
        market = spec.rule.market
        if receivers[spec.connector].understands(Action.CANCEL_ALL):
            rows.append(row_of(Message(market, Action.CANCEL_ALL), spec, now_ms))
        for action in _CLOSING[market] if word is Word.FLATTEN else ():
            close = Message(market, action, percent=_WHOLE, log=f"by hand: {word}", client_order_id=new_id())
            rows.append(row_of(close, spec, now_ms))
    return submit(config, Command(word, now_ms, rows=tuple(rows), reason=reason))


def send(config: RunConfig, connector: str, make: Callable[[MarketKind], Message], reason: str = "") -> Done:
    """Send a message by hand through the outbox. `make` is told the market of the connector's route."""
    now_ms = SystemClock().now_ms()
    (spec,) = _routes(config, [connector])
    message = make(spec.rule.market)
    receivers_of(config.connectors)[spec.connector].check(message.body())
    row = row_of(message, spec, now_ms)
    return submit(config, Command(Word.SEND, now_ms, rows=(row,), reason=reason))


def set_entries(config: RunConfig, word: Word, reason: str = "") -> Done:
    """Stop entries, or allow them again: for this state, whether an engine runs on it or not, until said otherwise.

    Errors: those of `submit`.
    """
    return submit(config, Command(word, SystemClock().now_ms(), reason=reason))


def new_id() -> str:
    """Give an id for a message that no rule decided."""
    return uuid.uuid4().hex


def row_of(message: Message, spec: RouteSpec, now_ms: int) -> Row:
    """Give the outbox row of a message by hand; an opening lives a minute."""
    intent = intent_of(message)
    return Row(
        seq=0,
        route=spec.key,
        connector=spec.connector,
        intent=intent,
        state=RowState.PENDING,
        client_order_id=new_id() if intent is Intent.CANCEL else message.client_order_id or new_id(),
        body=message.json(),
        bar_ms=now_ms,
        deadline_ms=now_ms + LIFETIME_MS if intent is Intent.OPEN else None,
        by_hand=True,
    )


def submit(config: RunConfig, command: Command) -> Done:
    """Have a command carried out, and wait for what it sends to be delivered.

    Errors: InvalidInputError where it is refused, with the reason; RefusedError where the engine that holds the state
    does not look; StoreError.
    """
    path = Path(config.state)
    if not path.exists() and not command.rows and command.word is not Word.STOP_ENTRIES:
        raise InvalidInputError(f"{config.state}: there is no state yet; nothing was ever run with this config")
    try:
        store = SqlStore(path)
    except RefusedError:
        return _through_the_engine(config, command)
    try:
        return _here(config, store, command)
    finally:
        store.close()


def _here(config: RunConfig, store: SqlStore, command: Command) -> Done:
    number = store.ask(command)
    if command.word in (Word.ARRIVED, Word.NOT_ARRIVED, Word.STOP_ENTRIES, Word.ALLOW_ENTRIES):
        terms = {alias: receiver.terms for alias, receiver in receivers_of(config.connectors).items()}
        end_what_was_in_flight(store, terms, SystemClock(), _silently)
        carry_out_all(store, config.connectors, SystemClock(), _silently)
        _raise_if_refused(store.answer(number))
        return Done(_concerned(store, command), by_engine=False)
    with ExitStack() as stack:
        receivers = receivers_of(reachable(config, start_paper(config, read_routes(config), stack)))
        senders = {alias: receiver.sender(EXCHANGE_S) for alias, receiver in receivers.items()}
        terms = {alias: receiver.terms for alias, receiver in receivers.items()}
        loop = DeliveryLoop(store, senders, terms, SystemClock())
        loop.start()
        stack.callback(loop.stop)
        _wait(lambda: store.answer(number) is not None or loop.failure is not None, PICKED_UP_S)
        if loop.failure is not None:
            raise loop.failure
        _raise_if_refused(store.answer(number))
        _wait(lambda: all(_at_rest(row) for row in _concerned(store, command)) or loop.failure is not None, DELIVERED_S)
        return Done(_concerned(store, command), by_engine=False)


def _silently(_row: Row, _step: Step) -> None:
    """What is changed here is printed by the command."""


def _through_the_engine(config: RunConfig, command: Command) -> Done:
    store = SqlStore(config.state, access=Access.OPERATOR)
    try:
        number = store.ask(command)
        if not _wait(lambda: store.answer(number) is not None, PICKED_UP_S):
            raise RefusedError(
                f"{config.state}: an engine holds this state and has not looked at the command within "
                f"{PICKED_UP_S:g} s; nothing was done yet. Left alone, the command is refused after a minute"
            )
        _raise_if_refused(store.answer(number))
        _wait(lambda: all(_at_rest(row) for row in _concerned(store, command)), DELIVERED_S)
        return Done(_concerned(store, command), by_engine=True)
    finally:
        store.close()


def _concerned(store: SqlStore, command: Command) -> list[Row]:
    if command.seq is not None:
        row = store.row(command.seq)
        return [] if row is None else [row]
    ids = {row.client_order_id for row in command.rows}
    return [row for row in store.rows(len(ids) + 100) if row.client_order_id in ids]


def _at_rest(row: Row) -> bool:
    return row.state.final or row.state is RowState.UNKNOWN


def _raise_if_refused(answer: str | None) -> None:
    if answer:
        raise InvalidInputError(answer)


def _wait(what: Callable[[], bool], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


def _routes(config: RunConfig, connectors: list[str]) -> list[RouteSpec]:
    by_alias: Mapping[str, RouteSpec] = {spec.connector: spec for spec in read_routes(config)}
    names = {connector.name: alias for alias, connector in config.connectors.items() if alias in by_alias}
    found = []
    for name in connectors or list(by_alias):
        alias = name if name in by_alias else names.get(name)
        if alias is None:
            raise InvalidInputError(f"no route has a connector '{name}'; there is {', '.join(by_alias)}")
        found.append(by_alias[alias])
    return found
