"""Months of a running engine by a virtual clock: the real tick, plan, machine, store and outbox, with all faults."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.adapters.sql_store import SqlStore
from engine.app.audit import Cause, audit_route
from engine.app.journals import parts_of
from engine.decisions import Costs
from engine.delivery import Exchange, Expire, Intent, Outcome, Phase, Row, RowState, Send, after, choose
from engine.live import Guard, Limits, LiveEngine, RouteSpec, Session
from engine.live import Outcome as BarOutcome
from engine.market import Bars
from engine.ports import Notice, NoticeKind, RouteRecord
from engine.rules import read_rule
from tests.faults.soak.market import MINUTE, MINUTE_MS, START_MS, FaultyMarket, Time, candle

RULE = """\
name: soak
market: futures
timeframe: 1m
define: {fast: "ta.sma(close, 3)", slow: "ta.ema(close, 8)"}
long: {enter: "ta.crossover(fast, slow)", exit: "close < slow - 0.5"}
short: {enter: "ta.crossunder(fast, slow)", exit: "close > slow + 0.5"}
stop_loss: {percent: 3}
take_profit: {percent: 4}
order: {size: {percent: 10}}
"""
RINGS_S = (1.2, 4, 11, 29, 47, 58.5)  # after each minute
KEPT_MS = 5 * 86_400_000
CHECKED_MINUTES = 1_440


@dataclass
class Report:
    """What came of a soak; `wrong` is empty where it held."""

    minutes: int = 0
    bars: int = 0
    skipped: int = 0
    messages: int = 0
    restarts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[int, int, int]] = field(default_factory=list)  # resident MB, handles, threads
    wrong: list[str] = field(default_factory=list)


Told = Callable[[Report], None]


class Soak:
    """An engine that is killed and started again, and the world around it."""

    def __init__(self, folder: Path, routes: int, seed: int, told: Told) -> None:
        self.time, self.report, self._told = Time(), Report(), told
        self.market = FaultyMarket(self.time)
        rule = read_rule(RULE, "soak")
        self.specs = [RouteSpec(f"S{seed}X{n}/USDT:USDT", f"c{n}", rule) for n in range(routes)]
        self._chance = random.Random(seed)  # noqa: S311 - not for secrets
        self._file = folder / "state.db"
        self._seen: dict[str, set[int]] = {spec.key: set() for spec in self.specs}
        self._unseen_from = START_MS
        self._away_until = 0
        self._off_until = 0
        self._start()

    def ready(self, session: Session, watermark_ms: int, resumed: RouteRecord | None) -> None:
        if resumed is None:
            self._seen[session.route].update(range(START_MS, watermark_ms + 1, MINUTE_MS))

    def stepped(self, session: Session, outcome: BarOutcome) -> None:
        time = int(outcome.bar.time[0])
        if time in self._seen[session.route]:
            self.report.wrong.append(f"{session.route}: the bar {time} was stepped twice")
        self._seen[session.route].add(time)
        self.report.bars += 1
        self.report.messages += len(outcome.rows)

    def voided(self, session: Session, row: Row) -> None: ...
    def waiting(self, route: str, error: Exception, pause_ms: int) -> None: ...

    def noticed(self, notice: Notice) -> None:
        self.report.notices[notice.kind.name] += 1
        if notice.kind is NoticeKind.SKIPPED_LATE:
            self.report.skipped += notice.bars

    async def run(self, minutes: int) -> Report:
        """Let so many minutes pass."""
        for minute in range(1, minutes + 1):
            opened = START_MS + minute * MINUTE_MS
            self._chaos(opened)
            for second in RINGS_S:
                self.time.exchange_ms = opened + round(second * 1_000)
                if self.time.exchange_ms < self._away_until:
                    continue
                await self.engine.tick()
                self._deliver()
            self.report.minutes = minute
            if minute % CHECKED_MINUTES == 0 or minute == minutes:
                self._check()
        self.store.close()
        return self.report

    def _start(self) -> None:
        self.store = SqlStore(self._file, clock=self.time)
        guard = Guard(Limits(clock_ms=2_000), self.store, self.time, self.specs)
        self.engine = LiveEngine(
            self.specs,
            {"": self.market},
            self.store,
            Costs(),
            self.time,
            self,
            lambda: None,
            500,
            guard=guard,
            kept_ms=KEPT_MS,
            steady_ms=self.time.steady_ms,
        )

    def _chaos(self, now_ms: int) -> None:
        if self._off_until and now_ms > self._off_until:
            self.time.off_ms = self._off_until = 0
        dice = self._chance.random()
        if dice < 1 / 700:  # ended, and started again at once or after a while
            self.store.close()
            self._start()
            self.report.restarts += 1
            self._away_until = now_ms + self._chance.choice([0, 0, 5, 90]) * MINUTE_MS
        elif dice < 1 / 350:
            self.market.dark_until_ms = now_ms + self._chance.randrange(1, 180) * MINUTE_MS
        elif dice < 1 / 250 and not self._off_until:
            self.time.off_ms = self._chance.choice([-3_600_000, 3_600_000, 700])
            self._off_until = now_ms + 40 * MINUTE_MS

    def _deliver(self) -> None:
        """Send by the real policy and store, to a platform that mostly answers."""
        for connector in sorted({row.connector for row in self.store.unresolved()}):
            for _ in range(20):
                rows, now_ms = self.store.unresolved(connector), self.time.now_ms()
                decision = choose(rows, now_ms)
                if isinstance(decision, Expire):
                    self.store.resolve(decision.row, decision.step.state, decision.reason, now_ms)
                elif isinstance(decision, Send):
                    self._send(decision.row, now_ms)
                else:
                    break
            for row in self.store.unresolved(connector):
                if row.state is RowState.UNKNOWN and self._chance.random() < 0.1:  # the operator looked
                    found = RowState.ACKNOWLEDGED if self._chance.random() < 0.5 else RowState.REJECTED
                    self.store.resolve(row, found, "looked", self.time.now_ms())

    def _send(self, row: Row, now_ms: int) -> None:
        begun = self.store.begin_attempt(row, now_ms)
        if begun is None:
            return
        dice = self._chance.random()
        outcome, exchange = Outcome.ACKNOWLEDGED, Exchange(Phase.ANSWERED, "ok", 200, "ok")
        if dice < 0.01:
            outcome, exchange = Outcome.NOT_SENT, Exchange(Phase.NOT_SENT, "refused")
        elif dice < 0.02:
            outcome, exchange = Outcome.UNKNOWN, Exchange(Phase.MAYBE_SENT, "reset")
        elif dice < 0.025:
            outcome, exchange = Outcome.REJECTED, Exchange(Phase.ANSWERED, "no", 400, "no")
        step = after(begun, outcome, now_ms, deduplicates=False, jitter=0.5, retry_after_s=None)
        self.store.end_attempt(begun, step, exchange, now_ms)
        self.report.states[step.state.name] += 1

    def _check(self) -> None:
        """Compare the last day with the reference, and look whether anything grows."""
        since, now = self._unseen_from, self.time.exchange_ms
        for spec in self.specs:
            record = self.store.route(spec.key)
            until = record.watermark_ms if record else since
            times = range(since, until + 1, MINUTE_MS)
            truth = Bars.of(MINUTE, [candle(spec.symbol, time) for time in times])
            report = audit_route(self.store, spec, parts_of(self.store, spec.key, since), since, truth)
            self.report.causes.update(difference.cause.name for difference in report.differences)
            for difference in report.differences:
                if difference.cause is Cause.UNEXPLAINED:
                    self.report.wrong.append(f"{spec.key} at {difference.bar_ms}: {difference}")
            self._look_for_silence(spec, since, until)
            if (behind := now - until) > 5 * MINUTE_MS and now > max(
                self._away_until, self.market.dark_until_ms
            ) + 60_000:
                self.report.wrong.append(f"{spec.key}: {behind / 60_000:.0f} minutes behind, and nothing is said of it")
        opens = [row for row in self.store.rows(100) if row.intent is Intent.CLOSE and row.state is RowState.EXPIRED]
        if opens:
            self.report.wrong.append(f"a close has EXPIRED: {opens[0]}")
        self._unseen_from = min(now, max(since, now - now % MINUTE_MS - 90 * MINUTE_MS))
        self.report.faults = self.market.faults
        self.report.samples.append(_resources())
        self._told(self.report)

    def _look_for_silence(self, spec: RouteSpec, since: int, until: int) -> None:
        """Each closed bar was stepped, or given up with a word in the journal."""
        seen, skipped = self._seen[spec.key], 0
        for entry in self.store.journal(spec.key, since, until + 1):
            if entry.candle is None:
                skipped += 1 if " and " not in entry.notes else 1 + int(entry.notes.split(" and ")[1].split()[0])
        missing = sum(time not in seen for time in range(since, until + 1, MINUTE_MS))
        if missing > skipped:
            self.report.wrong.append(f"{spec.key}: {missing} bars not stepped, {skipped} of them with a reason")
        seen.difference_update(range(since - CHECKED_MINUTES * MINUTE_MS, until - 120 * MINUTE_MS, MINUTE_MS))


def _resources() -> tuple[int, int, int]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    return resident, len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def soak(folder: Path, minutes: int, routes: int = 20, seed: int = 1, told: Told = lambda report: None) -> Report:
    """Run, and check what must hold at the end of it; `told` is called after every simulated day."""
    report = asyncio.run(Soak(folder, routes, seed, told).run(minutes))
    if len(report.samples) > 3:
        early, late = report.samples[len(report.samples) // 3], report.samples[-1]
        for name, was, now, more in zip(("MB", "handles", "threads"), early, late, (60, 2, 1), strict=True):
            if now > was + more:
                report.wrong.append(f"{now} {name} at the end, {was} after a third")
    return report
