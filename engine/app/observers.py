"""What `run` writes to its log."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from engine.app.outbox import Account
from engine.delivery import Exchange, Row, RowState, Step
from engine.live import Outcome, Session
from engine.ports import Notice, RouteRecord
from engine.rules import warnings_of


class LogObserver:
    """Logs every event of the engine and of the delivery. The last ones of a kind are not repeated word for word."""

    def __init__(self) -> None:
        """Log through structlog as it is configured."""
        self._log = structlog.get_logger()
        self._waiting: dict[str, str] = {}

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:
        """Say where a route stands."""
        self._waiting.pop(session.route, None)
        position = {1: "long", -1: "short", 0: "flat"}[session.side]
        if resumed is not None and resumed.rule_sha256 != session.rule.sha256:
            self._log.warning("rule file changed since the last run", route=session.route, position=position)
        event = "route continues" if resumed else "route starts"
        self._log.info(
            event, route=session.route, after=_time(watermark_ms), position=position, warmup=session.plan.warmup
        )
        for warning in warnings_of(session.plan):
            self._log.warning(warning, route=session.route)

    def stepped(self, session: Session, outcome: Outcome) -> None:
        """Log a closed bar and what it led to."""
        self._waiting.pop(session.route, None)
        bar = outcome.bar
        self._log.info(
            "candle closed",
            route=session.route,
            candle=_time(int(bar.time[0])),
            close=float(bar.close[0]),
            decided=", ".join(f"{d.move.name.lower()} ({d.reason.words})" for d in outcome.decisions) or "nothing",
            **({"ids": [row.client_order_id for row in outcome.rows]} if outcome.rows else {}),
        )
        if outcome.refused is not None:
            self._log.warning(
                "entry refused by a safety limit",
                route=session.route,
                candle=_time(int(bar.time[0])),
                limit=str(outcome.refused.limit),
                why=outcome.refused.why,
            )

    def stopped(self, why: str) -> None:
        """Log that entries are stopped, or no longer."""
        if why:
            self._log.error("ENTRIES ARE STOPPED: closes go out, no entry is sent", why=why)
        else:
            self._log.warning("entries are allowed again")

    def voided(self, session: Session, row: Row) -> None:
        """Log an entry that was undone."""
        self._log.warning(
            "position closed by hand" if row.by_hand else "entry undone: its message did not arrive",
            route=session.route,
            id=row.client_order_id,
            state=str(row.state),
        )

    def waiting(self, route: str, error: Exception, pause_ms: int) -> None:
        """Log that candles could not be had; the same words only once."""
        if self._waiting.get(route) != str(error):
            self._waiting[route] = str(error)
            event = "no candles; asking again" if pause_ms else "deciding without a candle"
            self._log.warning(event, route=route, error=str(error), pause_seconds=pause_ms / 1000)

    def noticed(self, notice: Notice) -> None:
        """Log what is wrong with candles or clocks, or well again."""
        log = self._log.info if notice.kind.good else self._log.warning
        bars = {"bars": notice.bars} if notice.bars > 1 else {}
        log(str(notice.kind), about=notice.about, what=notice.text, **bars)

    def delivered(self, row: Row, step: Step, exchange: Exchange | None) -> None:
        """Log what came of a message."""
        if step.state is RowState.SENDING:
            return
        if step.state is RowState.PENDING and not row.attempts:
            self._log.warning("message by hand", connector=row.connector, id=row.client_order_id, body=row.body)
            return
        alarming = step.state in (RowState.REJECTED, RowState.UNKNOWN, RowState.EXPIRED)
        log = self._log.error if alarming else (self._log.warning if step.state is RowState.PENDING else self._log.info)
        log(
            f"message {step.state}" if step.state is not RowState.PENDING else "message not delivered; trying again",
            connector=row.connector,
            id=row.client_order_id,
            attempt=row.attempts,
            body=row.body,
            detail=exchange.detail if exchange else row.detail,
        )

    def doubt(self, known: Account) -> None:
        """Log all that is known of a message that may or may not have arrived."""
        row = known.row
        self._log.error(
            "IN DOUBT: look at the platform, then say 'outbox arrived' or 'outbox not-arrived'",
            number=row.seq,
            intent=str(row.intent),
            route=row.route,
            candle=_time(row.bar_ms),
            body=row.body,
            attempts=[f"{_time(a.started_ms)} {a.phase}: {a.detail}" for a in known.attempts],
            holds_back=[f"{other.seq} {other.body}" for other in known.held] or "entries of this route",
        )


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
