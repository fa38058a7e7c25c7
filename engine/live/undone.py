"""Which entries that a route believes in came to nothing: their message was not executed, or a person closed them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from engine.delivery import Row, RowState
from engine.live.session import Session
from engine.ports import Store

_NOT_EXECUTED = (RowState.REJECTED, RowState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Undone:
    """An entry to be undone: its opening, and the row that says so, which may be the same."""

    opening: Row
    why: Row


class Openings:
    """The messages that one route's entries were opened by. Errors of its methods: StoreError."""

    def __init__(self, store: Store, session: Session) -> None:
        """Look at nothing yet."""
        self._store, self._session = store, session
        self._settled: tuple[int, list[tuple[int, bool]]] | None = None

    def undone(self, now_ms: int) -> list[Undone]:
        """Give the entries that wait or are held in belief, and are not so. UNKNOWN counts as executed.

        What is still unsent after its lifetime is expired here, in the store, before it is undone: the delivery,
        which looks at the same row at the same time, can then no longer send it.
        """
        believed = self._session.entries
        if not believed:
            return []
        changes = self._store.changes(self._session.route)
        if self._settled == (changes, believed):
            return []
        rows = _openings(self._store, self._session.route, believed, now_ms)
        found = self._among(believed, rows)
        # Time alone changes what is unsent; all else is changed by somebody, and counted.
        settled = not found and all(row.state is not RowState.PENDING for row in rows.values())
        self._settled = (changes, believed) if settled else None
        return found

    def _among(self, believed: list[tuple[int, bool]], rows: Mapping[int, Row]) -> list[Undone]:
        found: list[Undone] = []
        for decided_ms, held in believed:
            opening = rows.get(decided_ms)
            if opening is None:
                continue  # the engine watches for its price: there is no message yet
            if opening.state in _NOT_EXECUTED:
                found.append(Undone(opening, opening))
            elif held:
                closes = self._store.closed_by_hand(self._session.route, opening)
                by_hand = next((row for row in closes if self._session.closes(json.loads(row.body))), None)
                found += [] if by_hand is None else [Undone(opening, by_hand)]
        return found


def _openings(store: Store, route: str, believed: list[tuple[int, bool]], now_ms: int) -> dict[int, Row]:
    """Give the believed entries' openings by their bars, those expired that are past their lifetime."""
    bars = sorted({decided_ms for decided_ms, _ in believed})
    rows = store.openings(route, bars)
    late = [row for row in rows if _late(row, now_ms)]
    if late:
        for row in late:
            store.resolve(row, RowState.EXPIRED, "its lifetime ended before it was sent", now_ms)
        rows = store.openings(route, bars)  # as they now are: another may have changed one meanwhile
    return {row.bar_ms: row for row in rows}  # a bar has one: limit entries replace each other


def _late(row: Row, now_ms: int) -> bool:
    return (
        row.state is RowState.PENDING
        and not row.maybe_arrived
        and row.deadline_ms is not None
        and now_ms > row.deadline_ms
    )
