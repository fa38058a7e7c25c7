"""From a decision to the platform's message."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.decisions import Decision, Move
from engine.market import Instrument, MarketKind, Timeframe
from engine.webhook.action import Action
from engine.webhook.client_order_id import client_order_id
from engine.webhook.message import Message
from engine.webhook.numbers import plain, to_step

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


@dataclass(frozen=True, slots=True)
class Author:
    """What a message needs to know of the strategy and the market that it is for."""

    strategy: str
    market: MarketKind
    timeframe: Timeframe
    instrument: Instrument
    size_in_percent: bool

    def message(self, decision: Decision) -> Message | None:
        """Give the message of a decision; None for one that was refused.

        Prices are rounded to the nearest tick, percent down to 0.0001, amounts down to the lot; a close is for the
        whole position. Errors: InvalidMessageError.
        """
        if decision.move is Move.NONE:
            return None
        action = _ACTIONS[self.market, decision.move]
        percent: Decimal | None = Decimal(100)
        fixed = None
        levels: tuple[Decimal | None, Decimal | None] = (None, None)
        if decision.move.opens and decision.size is not None:
            percent = to_step(decision.size, _PERCENT_STEP, down=True) if self.size_in_percent else None
            fixed = None if self.size_in_percent else to_step(decision.size, self.instrument.lot, down=True)
            if self.market is MarketKind.FUTURES:
                levels = (self._price(decision.take_profit), self._price(decision.stop_loss))
        return Message(
            self.market,
            action,
            fixed=fixed,
            percent=percent,
            profit=levels[0],
            loss=levels[1],
            log=f"{self.strategy} {decision.reason.words}"[:LONGEST_LOG],
            client_order_id=client_order_id(
                strategy=self.strategy,
                symbol=self.instrument.symbol,
                timeframe=str(self.timeframe),
                candle_open_ms=decision.time_ms,
                intent="open" if decision.move.opens else "close",
                sequence=0,
            ),
        )

    def _price(self, level: float | None) -> Decimal | None:
        return None if level is None else to_step(plain(level), self.instrument.tick)
