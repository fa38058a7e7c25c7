"""The thread that drains the outbox: what the delivery policy chooses is sent, and what came of it is kept."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from engine.delivery import (
    Exchange,
    Expire,
    Phase,
    Row,
    RowState,
    Send,
    Step,
    Terms,
    Wait,
    after,
    choose,
    classify,
    ended,
    found_sending,
)
from engine.errors import RefusedError
from engine.live.commands import carry_out_all
from engine.ports import Clock, Sender, Store

LONGEST_SLEEP_S = 0.5
NO_TERMS = Terms()

OnChange = Callable[[Row, Step, Exchange | None], None]
"""Told of every change once it is kept: the row as it was before, its step, and the exchange where there was one."""


def end_what_was_in_flight(
    store: Store, terms: Mapping[str, Terms], clock: Clock, tell: Callable[[Row, Step], None]
) -> None:
    """Resolve what a process left SENDING when it ended: nobody knows what came of it. Errors: StoreError."""
    for row in store.unresolved():
        if row.state is RowState.SENDING:
            step = found_sending(row, deduplicates=terms.get(row.connector, NO_TERMS).deduplicates)
            store.end_attempt(row, step, None, clock.now_ms())
            tell(row, step)


class DeliveryLoop:
    """Drains a store's outbox, one thread a connector: first in, first out there, and no connector waits for another.

    One more thread carries out what the operator asks for through the store, within a second.

    A row is committed as SENDING before its first byte leaves, so whatever ends the process leaves a trace. The first
    error of the store, of `on_change` or of our own ends all threads and is kept in `failure` for the owner to raise.
    """

    def __init__(
        self,
        store: Store,
        senders: Mapping[str, Sender],
        terms: Mapping[str, Terms],
        clock: Clock,
        on_change: OnChange | None = None,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Serve the connectors of `senders` (by alias) on their `terms`. `on_change` is called from several threads."""
        self.failure: Exception | None = None
        self._store = store
        self._senders = senders
        self._terms = terms
        self._clock = clock
        self._on_change = on_change
        self._jitter = jitter
        self._stopping = threading.Event()
        self._bells = {connector: threading.Event() for connector in senders}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Resolve what the last process left in flight, then begin to send. To be called once.

        Errors: RefusedError where messages wait for a connector that is not configured; StoreError.
        """
        self._recover()
        for connector in self._senders:
            self._start(f"delivery-{connector}", partial(self._serve, connector))
        self._start("delivery-commands", self._listen)

    def wake(self, connector: str | None = None) -> None:
        """Look at the outbox now: something was written, for one connector or for whichever."""
        for name, bell in self._bells.items():
            if connector in (None, name):
                bell.set()

    def idle(self) -> bool:
        """Tell whether nothing waits to be sent and nothing is in flight; UNKNOWN rows wait for the operator instead.

        Errors: StoreError.
        """
        return all(row.state is RowState.UNKNOWN for row in self._store.unresolved())

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Send nothing new, and wait for what is in flight. Gives whether all threads ended in time.

        What is still in flight then stays SENDING and is found so at the next start.
        """
        self._stopping.set()
        self.wake()
        end = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _recover(self) -> None:
        orphans: list[Row] = []
        end_what_was_in_flight(self._store, self._terms, self._clock, lambda row, step: self._tell(row, step, None))
        for row in self._store.unresolved():
            if row.connector not in self._senders and row.state is RowState.PENDING:
                decision = choose([row], self._clock.now_ms())
                if isinstance(decision, Expire):
                    self._expire(decision)
                else:
                    orphans.append(row)
        if orphans:
            names = ", ".join(sorted({row.connector for row in orphans}))
            raise RefusedError(
                f"{len(orphans)} messages in the outbox wait for connectors that the config does not have ({names}); "
                "put them back, so that no position is left open in silence"
            )

    def _start(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - nothing may end a thread unseen; the owner raises it
            self.failure = self.failure or error
            self._stopping.set()
            self.wake()

    def _serve(self, connector: str) -> None:
        bell = self._bells[connector]
        while not self._stopping.is_set():
            bell.clear()  # before looking: what is written while we look rings again
            decision = choose(self._store.unresolved(connector), self._clock.now_ms())
            if isinstance(decision, Wait):
                bell.wait(self._sleep_s(decision))
            elif isinstance(decision, Expire):
                self._expire(decision)
            else:
                self._send(decision)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            if carry_out_all(self._store, self._senders, self._clock, lambda row, step: self._tell(row, step, None)):
                self.wake()
            self._stopping.wait(LONGEST_SLEEP_S)

    def _terms_of(self, row: Row) -> Terms:
        return self._terms.get(row.connector, NO_TERMS)

    def _sleep_s(self, decision: Wait) -> float:
        if decision.until_ms is None:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, max(0.001, (decision.until_ms - self._clock.now_ms()) / 1000))

    def _send(self, decision: Send) -> None:
        row = self._store.begin_attempt(decision.row, self._clock.now_ms())
        if row is None:
            return  # another settled it since we looked
        self._tell(decision.row, Step(RowState.SENDING, maybe_arrived=row.maybe_arrived), None)
        now_ms = self._clock.now_ms()
        if row.deadline_ms is not None and now_ms > row.deadline_ms:  # the disk was slow to write it down
            late = Exchange(Phase.NOT_SENT, "its lifetime ended before the first byte could leave")
            self._store.end_attempt(row, ended(row), late, now_ms)
            self._tell(row, ended(row), late)
            return
        exchange = self._senders[row.connector].post(row.body)
        now_ms = self._clock.now_ms()
        step = after(
            row,
            classify(exchange, self._terms_of(row).success),
            now_ms,
            deduplicates=self._terms_of(row).deduplicates,
            jitter=self._jitter(),
            retry_after_s=exchange.retry_after_s,
        )
        self._store.end_attempt(row, step, exchange, now_ms)
        self._tell(row, step, exchange)

    def _expire(self, decision: Expire) -> None:
        if self._store.resolve(decision.row, decision.step.state, decision.reason, self._clock.now_ms()):
            self._tell(replace(decision.row, detail=decision.reason), decision.step, None)

    def _tell(self, row: Row, step: Step, exchange: Exchange | None) -> None:
        if self._on_change is not None:
            self._on_change(row, step, exchange)
