"""From a decision to the platform's message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.decisions import Decision, Move
from engine.market import Instrument, MarketKind, Timeframe
from engine.market.bars import Column
from engine.rules import Plan
from engine.rules.programs import run_plainly
from engine.rules.terms import Terms
from engine.webhook.action import Action
from engine.webhook.client_order_id import client_order_id
from engine.webhook.message import LONGEST_DELAY_S, Message
from engine.webhook.numbers import number_text, plain, to_step

LONGEST_LOG = 200
_PERCENT_STEP = Decimal("0.0001")
_ACTIONS = {
    (MarketKind.FUTURES, Move.OPEN_LONG): Action.OPEN_LONG,
    (MarketKind.FUTURES, Move.CLOSE_LONG): Action.CLOSE_LONG,
    (MarketKind.FUTURES, Move.OPEN_SHORT): Action.OPEN_SHORT,
    (MarketKind.FUTURES, Move.CLOSE_SHORT): Action.CLOSE_SHORT,
    (MarketKind.SPOT, Move.OPEN_LONG): Action.BUY,
    (MarketKind.SPOT, Move.CLOSE_LONG): Action.SELL,
}
Values = Mapping[str, float]
"""The rule's numbers that messages hold (`delay_seconds`, `log.0`, ...) at the close of a decision."""
_NONE: Values = {}


@dataclass(frozen=True, slots=True)
class Author:
    """What a message needs to know of the strategy and the market that it is for."""

    strategy: str
    market: MarketKind
    timeframe: Timeframe
    instrument: Instrument
    terms: Terms

    def message(self, decision: Decision, values: Values = _NONE) -> Message | None:
        """Give the message of a decision; None for one that was refused.

        Prices are rounded to the nearest tick, percent down to 0.0001 (which a partial close is at least), amounts down
        to the lot; a delay outside of what the platform takes is the nearest that it does. Errors: InvalidMessageError.
        """
        if decision.move is Move.NONE:
            return None
        if decision.move is Move.CANCEL:
            log = self._log(decision, values)
            named = self._id(decision.order_ms, "open", self.timeframe)
            return Message(self.market, Action.CANCEL, log=log, client_order_id=named)
        if decision.move.opens:
            return self._opening(decision, values)
        percent = Decimal(100) if decision.size is None else to_step(decision.size, _PERCENT_STEP, down=True)
        return self._order(decision, values, "close", percent=max(percent, _PERCENT_STEP))

    def _opening(self, decision: Decision, values: Values) -> Message:
        side = self.terms.long if decision.move is Move.OPEN_LONG else self.terms.short
        in_percent = side is None or side.size_kind == "percent"
        size = decision.size or 0.0
        futures = self.market is MarketKind.FUTURES
        return self._order(
            decision,
            values,
            "open",
            percent=to_step(size, _PERCENT_STEP, down=True) if in_percent else None,
            fixed=None if in_percent else to_step(size, self.instrument.lot, down=True),
            limit=self._price(decision.price),
            profit=self._price(decision.take_profit) if futures else None,
            loss=self._price(decision.stop_loss) if futures else None,
        )

    def _order(self, decision: Decision, values: Values, intent: str, **numbers: Decimal | None) -> Message:
        delay = values.get("delay_seconds", math.nan)
        delayed = not math.isnan(delay)
        return Message(
            self.market,
            _ACTIONS[self.market, decision.move],
            **numbers,
            log=self._log(decision, values),
            client_order_id=self._id(decision.time_ms, intent, self._decided_on(decision)),
            delay_seconds=round(min(max(delay, 0.0), LONGEST_DELAY_S), 3) if delayed else None,
            delay_seconds_filter=self.terms.delay_filter if delayed else None,
        )

    def _decided_on(self, decision: Decision) -> Timeframe:
        return self.terms.watch if decision.watched and self.terms.watch else self.timeframe

    def _id(self, candle_open_ms: int, intent: str, timeframe: Timeframe) -> str:
        return client_order_id(
            strategy=self.strategy,
            symbol=self.instrument.symbol,
            timeframe=str(timeframe),
            candle_open_ms=candle_open_ms,
            intent=intent,
            sequence=0,
        )

    def _log(self, decision: Decision, values: Values) -> str:
        """Write the rule's own text with its numbers, else what happens and why."""
        if not self.terms.log:
            return f"{self.strategy} {decision.reason.words}"[:LONGEST_LOG]
        parts = (part if isinstance(part, str) else _shown(values.get(f"log.{part}")) for part in self.terms.log)
        return "".join(parts)[:LONGEST_LOG]

    def _price(self, level: float | None) -> Decimal | None:
        return None if level is None else to_step(plain(level), self.instrument.tick)


@dataclass(frozen=True, slots=True)
class Texts:
    """The numbers that a plan's messages hold, for each bar that it was evaluated on."""

    plan: Plan
    columns: Mapping[str, Column]

    def at(self, decision: Decision) -> Values:
        """Give them at a decision; inside a bar they are what they were at the close of the bar before."""
        names = [name for name in self.plan.outputs if name == "delay_seconds" or name.startswith("log.")]
        return {name: self._value(name, decision) for name in names}

    def _value(self, name: str, decision: Decision) -> float:
        if name in self.plan.constants:
            return self.plan.constants[name]
        row = decision.row - 1 if decision.watched else decision.row
        if row < 0:
            return math.nan
        if name in self.plan.programs:
            return run_plainly(self.plan.programs[name], self.columns, row, decision.position)
        return float(self.columns[name][row])


def _shown(value: float | None) -> str:
    """Write a number of a log text to eight significant digits."""
    return "na" if value is None or not math.isfinite(value) else number_text(plain(float(f"{value:.8g}")))
