"""One route while it runs: its window of candles, its machine, and what each closed bar makes of them. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.decisions import (
    Costs,
    Decision,
    Inputs,
    advance,
    decisions_of,
    entry_name,
    inputs_of,
    new_state,
    room,
    settings_for,
    state_from_json,
    state_to_json,
    void_entry,
)
from engine.delivery import Intent, Row, RowState, intent_of
from engine.live.book import Standing
from engine.live.feed_windows import FeedWindows
from engine.live.gaps import missing_in
from engine.live.inside import Inside
from engine.live.safety import Refusal
from engine.market import Bars, Instrument, MarketKind, Timeframe
from engine.market.watched import flat_ends
from engine.rules import Rule
from engine.webhook import Action, Author, Message, client_order_id
from engine.webhook.compose import Texts

LONGEST_LIFETIME_MS = 60_000
_CLOSES_LONG = {MarketKind.FUTURES: Action.CLOSE_LONG, MarketKind.SPOT: Action.SELL}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one closed bar, or a finer candle in it, led to.

    `rows` are the outbox's, one for each message; `refused` is why no entry is sent; `inside` what was seen in the bar.
    """

    bar: Bars
    decisions: list[Decision]
    messages: list[Message]
    rows: list[Row]
    refused: Refusal | None = None
    inside: Inside | None = None


class Session:
    """A strategy on one symbol, stepped a closed bar at a time by the same plan and machine as a backtest."""

    def __init__(
        self,
        route: str,
        connector: str,
        rule: Rule,
        instrument: Instrument,
        costs: Costs,
        params: Mapping[str, float] | None = None,
        *,
        exchange: str = "",
    ) -> None:
        """Start without candles and without a position. Errors: those of `Rule.plan`."""
        self.route, self.connector, self.rule, self.params = route, connector, rule, dict(params or {})
        self.exchange, self.timeframe = exchange, rule.timeframe
        self.symbol = instrument.symbol
        self.plan = rule.plan(params, symbol=instrument.symbol, mintick=float(instrument.tick) or None)
        self.author = Author(rule.name, rule.market, rule.timeframe, instrument, rule.terms)
        self._settings = settings_for(rule, instrument, costs)
        self._state = new_state(costs.capital)
        self._bars = Bars.of(rule.timeframe, [])
        self.feeds = FeedWindows(self.plan)
        self.watch = rule.terms.watch
        self.inside = Inside.of(self.watch or rule.timeframe)
        self._known: tuple[Inputs, Texts] | None = None

    @property
    def window(self) -> int:
        """How many candles are kept: twice the warm-up, so that a restart's seeds are forgotten to the last digit."""
        return 2 * self.plan.warmup + 2

    @property
    def warm(self) -> bool:
        """Whether there are candles enough for the newest bar to be decided on."""
        return len(self._bars) > self.plan.first_warm(self._bars, self.feeds.candles)

    @property
    def state(self) -> str:
        """The machine's state as JSON."""
        return state_to_json(self._state)

    @property
    def side(self) -> int:
        """The believed position: 1 long, -1 short, 0 flat."""
        return int(self._state.position["side"][0])

    @property
    def equity(self) -> float:
        """The believed equity, an open position at the last close."""
        p = self._state.position[0]
        close = float(self._bars.close[-1]) if len(self._bars) else float(p["entry_price"])
        return float(p["cash"] + p["side"] * p["quantity"] * (close - p["entry_price"]))

    def restore(self, history: Bars, state: str | None = None, inside: Inside | None = None) -> None:
        """Go back to where a former process was: candles up to its watermark, its state, what it saw of the open bar.

        The candles of `feeds` are there already. Errors: ValueError where the state is of another version.
        """
        self._bars = history[max(0, len(history) - self.window) :]
        if state is not None:
            self._state = state_from_json(state)
        self.inside = inside or self.inside
        # Step no bar: what has to be compiled or loaded is so before the first candle that counts.
        if len(self._bars):
            self._advance(self._read()[0], len(self._bars), len(self._bars))

    @property
    def bars(self) -> Bars:
        """The window of candles."""
        return self._bars

    @property
    def missing(self) -> int:
        """How many candles are missing among those that the newest bar's values need."""
        return missing_in(self._bars[max(0, len(self._bars) - self.plan.warmup - 1) :])

    def standing(self, watermark_ms: int, before: Standing | None) -> Standing:
        """Where it stands after its bar of `watermark_ms`; `before` is where it stood."""
        close = float(self._bars.close[-1]) if len(self._bars) else 0.0
        return Standing.of(self._state, self.timeframe, watermark_ms, close, before)

    def closes(self, message: Mapping[str, object]) -> bool:
        """Tell whether a message closes the side that is believed to be held."""
        action = Action.read(str(message["action"]))
        return action is {1: _CLOSES_LONG[self.rule.market], -1: Action.CLOSE_SHORT}.get(self.side)

    @property
    def entries(self) -> list[tuple[int, bool]]:
        """The entries that are believed in: the bar each was decided on, and whether it has filled."""
        waiting = [(int(order["decided"]), False) for order in self._state.orders if order["type"]]
        held = self._state.entries[: int(self._state.position["entries"][0])]
        return waiting + [(int(entry["decided"]), True) for entry in held]

    def void_entry(self, decided_ms: int) -> bool:
        """Undo the entry decided on that bar, whose message never arrived. Gives whether there was one."""
        return void_entry(self._state, decided_ms)

    def step(self, bar: Bars, last: Bars | None = None) -> Outcome:
        """Take one closed bar. While there are too few candles to be warm, nothing is decided.

        Of `feeds` it takes what has closed when the bar closes. For a rule with `watch`, `last` is the finer candle
        that closes with it; where that did not come, a flat one stands for it, or the bar itself where none came.
        """
        inside = self.inside
        self.forget_inside()
        if last is not None:
            inside.candles = inside.candles.then(last)
        self._bars = self._bars[max(0, len(self._bars) + 1 - self.window) :].then(bar)
        self.feeds.forget_before(self._bars)
        if not self.warm:
            return Outcome(bar, [], [], [], inside=inside)
        at, (inputs, texts) = len(self._bars) - 1, self._read()
        if self.watch is None:
            return self._outcome(bar, self._advance(inputs, at, at + 1), texts)
        met = last or (flat_ends(bar, self.watch) if len(inside.candles) else bar)
        decided = self._advance(_meeting(inputs, met, at, closes=True), 0, 1)
        return replace(self._outcome(bar, decided, texts), inside=inside)

    def see(self, candle: Bars) -> Outcome:
        """Take one closed candle of the `watch` timeframe, in the bar after the last, which does not close with it."""
        self.inside.candles = self.inside.candles.then(candle)
        if not self.warm:
            return Outcome(candle, [], [], [])
        inputs, texts = self._known or self._read()
        met = _meeting(inputs, candle, len(self._bars), closes=False)
        return self._outcome(candle, self._advance(met, 0, 1), texts)

    def forget_inside(self) -> None:
        """Let go of what was seen of the open bar: it is given up."""
        self.inside = Inside.of(self.inside.candles.timeframe)

    def _read(self) -> tuple[Inputs, Texts]:
        """Give what the machine reads of the window, and the numbers for messages."""
        columns = self.plan.columns(self._bars, self.feeds.candles)
        self._known = inputs_of(self._bars, self.plan, columns), Texts(self.plan, columns)
        return self._known

    def _advance(self, inputs: Inputs, start: int, stop: int) -> list[Decision]:
        """Step the candles of `inputs` from `start` to before `stop`."""
        tape, _ = room(max(1, stop - start))
        equity = np.empty(len(self._bars))
        advance(self._state, self._settings, inputs, start, stop, tape, equity)
        return decisions_of(tape.decisions[: tape.counts[1]])

    def _outcome(self, bar: Bars, decisions: list[Decision], texts: Texts) -> Outcome:
        written = [(d, m) for d in decisions if (m := self.author.message(d, texts.at(d))) is not None]
        rows = [self._row(message, decision) for decision, message in written]
        return Outcome(bar, decisions, [message for _, message in written], rows)

    def _on(self, decision: Decision) -> Timeframe:
        """Give the timeframe of the candle at whose close something was decided."""
        return self.watch if decision.watched and self.watch else self.timeframe

    def _key(self, message: Message, bar_ms: int, timeframe: Timeframe) -> str:
        """Give what the outbox knows a message by: its order's id; a cancel names another's, and has one of its own."""
        if message.client_order_id and not message.action.cancels:
            return message.client_order_id
        return client_order_id(
            strategy=self.rule.name,
            symbol=self.symbol,
            timeframe=str(timeframe),
            candle_open_ms=bar_ms,
            intent=f"{message.action} {message.client_order_id or ''}",
            sequence=0,
        )

    def _row(self, message: Message, decision: Decision) -> Row:
        """Give the outbox row of a message. An opening lives one candle, at most a minute, from the candle's close."""
        intent, timeframe = intent_of(message), self._on(decision)
        closed_ms = timeframe.next(decision.time_ms)
        lifetime = min(LONGEST_LIFETIME_MS, timeframe.next(closed_ms) - closed_ms)
        return Row(
            seq=0,
            route=self.route,
            connector=self.connector,
            intent=intent,
            state=RowState.PENDING,
            client_order_id=self._key(message, decision.time_ms, timeframe),
            body=message.json(),
            bar_ms=entry_name(decision.time_ms, watched=decision.watched),
            deadline_ms=closed_ms + lifetime if intent is Intent.OPEN else None,
        )


def _meeting(inputs: Inputs, candle: Bars, row: int, *, closes: bool) -> Inputs:
    """Give the same with one finer candle for the orders to meet, in the rule's bar `row`."""
    return inputs._replace(
        time=candle.time,
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        row=np.array([row], dtype=np.int64),
        closes=np.array([closes]),
    )
