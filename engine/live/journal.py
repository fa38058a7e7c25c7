"""What the journal holds of a bar, and what it can be replayed from. No I/O.

Notes of an entry: `decided` (what was decided, why), `sent` (ids of the messages), `refused` (limit and numbers),
`undone` (the entries undone before the bar, by the bars they were decided on, and why), `feeds` (candles of other
symbols and timeframes that came since the bar before), `skipped` (why a bar without a candle was given up, with those
from `first_ms` on where it is not the only one), `inside`
(for a rule with `watch`, the finer candles seen in the bar, and each event with one of them: its `at_ms`, and the same
notes). What is empty is left out. The entry of a bar that is still open has no candle; it is replaced when the bar
closes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from engine.decisions import Costs, Decision
from engine.delivery import RowState
from engine.live.book import Standing
from engine.live.gaps import Missing
from engine.live.inside import Inside
from engine.live.session import Outcome, Session
from engine.live.undone import Undone
from engine.market import Bars, Timeframe
from engine.market.feed import Feed
from engine.ports import Candle, JournalEntry, JournalMark, MarkKind

_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def entry_of(session: Session, outcome: Outcome, gone: Sequence[Undone], at_ms: int) -> JournalEntry:
    """Give the entry of a processed bar; `gone` are the entries undone before it."""
    notes = _notes(outcome, gone)
    if fresh := session.feeds.take_fresh():
        notes["feeds"] = _feeds(fresh)
    if outcome.inside is not None and len(outcome.inside.candles):
        notes["inside"] = _inside(outcome.inside)
    (candle,) = rows_of(outcome.bar)
    return JournalEntry(session.route, candle[0], at_ms, candle[1:], _JSON(notes) if notes else "")


def open_entry(session: Session, bar_ms: int, outcome: Outcome, gone: Sequence[Undone], at_ms: int) -> JournalEntry:
    """Give the entry of the bar that is still open, after a candle in it; what came of that is added to its events."""
    if notes := _notes(outcome, gone):
        session.inside.events.append({"at_ms": int(outcome.bar.time[0]), **notes})
    return JournalEntry(session.route, bar_ms, at_ms, None, _JSON({"inside": _inside(session.inside)}))


def read_inside(entry: JournalEntry, timeframe: Timeframe) -> Inside | None:
    """Read what `open_entry` wrote of a bar that is still open; None where it is something else."""
    inside = json.loads(entry.notes).get("inside") if entry.candle is None and entry.notes else None
    if inside is None or inside["watch"] != str(timeframe):
        return None
    return Inside(Bars.of(timeframe, inside["candles"]), list(inside["events"]))


def _inside(inside: Inside) -> dict[str, object]:
    return {
        "watch": str(inside.candles.timeframe),
        "candles": rows_of(inside.candles),
        "events": inside.events,
    }


def _notes(outcome: Outcome, gone: Sequence[Undone]) -> dict[str, object]:
    notes: dict[str, object] = {}
    if outcome.decisions:
        notes["decided"] = [plain(decision) for decision in outcome.decisions]
    if sent := [row.client_order_id for row in outcome.rows if row.state is not RowState.REFUSED]:
        notes["sent"] = sent
    if outcome.refused is not None:
        notes["refused"] = str(outcome.refused)
    if gone:
        notes["undone"] = [
            {
                "bar_ms": one.opening.bar_ms,
                "id": one.opening.client_order_id,
                "why": "by hand" if one.why.by_hand else str(one.why.state),
            }
            for one in gone
        ]
    return notes


def skipped(session: Session, missing: Missing, why: str, at_ms: int) -> JournalEntry:
    """Give the entry of bars that were given up, since their candles did not come in time; it stands at the last."""
    notes: dict[str, object] = {"skipped": why}
    if missing.bars > 1:
        notes["first_ms"] = missing.first_ms
    elif len(session.inside.candles):  # it takes the place of the open bar's entry; else that stays, at the first
        notes["inside"] = _inside(session.inside)
    return JournalEntry(session.route, missing.last_ms, at_ms, None, _JSON(notes))


def start_mark(session: Session, costs: Costs, watermark_ms: int, standing: Standing, at_ms: int) -> JournalMark:
    """Give a mark with all that is needed to do again what comes after it: rule, candles and state."""
    session.feeds.take_fresh()  # they are all in the mark
    facts = {
        **_facts(session, standing),
        "rule": session.rule.expressions.source.text,
        "sha256": session.rule.sha256,
        "params": dict(session.params),
        "instrument": {name: str(value) for name, value in asdict(session.author.instrument).items()},
        "costs": asdict(costs),
        "bars": rows_of(session.bars),
        "feeds": _feeds(session.feeds.candles),
        "seen_ms": session.inside.last_ms,
    }
    return JournalMark(session.route, watermark_ms, at_ms, MarkKind.START, _JSON(facts))


def day_mark(session: Session, watermark_ms: int, standing: Standing, at_ms: int) -> JournalMark:
    """Give the mark of a day that begins after the bar `watermark_ms`; `standing` is the day's first."""
    return JournalMark(session.route, watermark_ms, at_ms, MarkKind.DAY, _JSON(_facts(session, standing)))


def plain(decision: Decision) -> dict[str, object]:
    """Give a decision as JSON; what it does not have is left out."""
    named = {
        "move": decision.move.name,
        "reason": decision.reason.name,
        "time_ms": decision.time_ms,
        "size": decision.size,
        "price": decision.price,
        "take_profit": decision.take_profit,
        "stop_loss": decision.stop_loss,
    }
    return {name: value for name, value in named.items() if value is not None}


def rows_of(bars: Bars) -> list[tuple[int, float, float, float, float, float]]:
    """Give candles as rows of time (ms UTC), open, high, low, close, volume."""
    columns = [column.tolist() for column in bars.columns()]
    return list(zip(bars.time.tolist(), *columns, strict=True))


def candle_of(row: Sequence[float]) -> tuple[int, Candle]:
    """Read one of those rows."""
    time, *values = row
    opened, high, low, close, volume = map(float, values)
    return int(time), (opened, high, low, close, volume)


def _facts(session: Session, standing: Standing) -> dict[str, object]:
    """Give the state, and what the safety limits have to know of the day that a bar after it belongs to."""
    close = float(session.bars.close[-1]) if len(session.bars) else 0.0
    return {"state": session.state, "close": close, "day": standing.day, "day_equity": standing.day_equity}


def _feeds(feeds: Mapping[Feed, Bars]) -> dict[str, list[tuple[int, float, float, float, float, float]]]:
    return {str(feed): rows_of(bars) for feed, bars in feeds.items() if len(bars)}
