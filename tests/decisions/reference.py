"""A second position machine: plain Python, exact fractions, written from the sentences of design/execution.md alone.

It shares nothing with engine.decisions but the names of moves and reasons, so that both can only agree by being right.
Prices are in whole ticks where there is a tick; whatever is unknown is None.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from engine.decisions import Move, Reason

LONG, SHORT = 1, -1
OPENING = {LONG: Move.OPEN_LONG, SHORT: Move.OPEN_SHORT}
CLOSING = {LONG: Move.CLOSE_LONG, SHORT: Move.CLOSE_SHORT}
Exact = Fraction | None


@dataclass(frozen=True)
class Candle:
    open: Fraction
    high: Fraction
    low: Fraction
    close: Fraction

    @property
    def path(self) -> list[Fraction]:
        """Open, the nearer of high and low (the low where they are as near), the other, close."""
        if self.high - self.open < self.open - self.low:
            return [self.open, self.high, self.low, self.close]
        return [self.open, self.low, self.high, self.close]


@dataclass(frozen=True)
class Signals:
    """What the rule says at one close; conditions are True, False or None, by side."""

    enter: dict[int, bool | None]
    exit: dict[int, bool | None]
    take_profit: dict[int, Exact]
    stop_loss: dict[int, Exact]
    size: Exact


@dataclass(frozen=True)
class Market:
    capital: Fraction
    tick: Fraction | None
    lot: Fraction | None
    commission: Fraction
    slippage: Fraction
    in_percent: bool
    has_take_profit: bool
    has_stop_loss: bool
    futures: bool


@dataclass
class Position:
    side: int
    quantity: Fraction
    price: Fraction
    levels: dict[Reason, Exact]

    def worth(self, price: Fraction) -> Fraction:
        return self.side * self.quantity * (price - self.price)

    def passed(self, reason: Reason, price: Fraction) -> bool:
        """Whether the price is at the level or beyond it."""
        level = self.levels[reason]
        if level is None:
            return False
        above = (self.side == LONG) == (reason is Reason.TAKE_PROFIT)
        return price >= level if above else price <= level


@dataclass
class Reference:
    """Gives fills (bar, move, reason, price, quantity, fee, profit), decisions (bar, move, reason, size, levels)."""

    market: Market
    fills: list[tuple[int, Move, Reason, Fraction, Fraction, Fraction, Fraction]] = field(default_factory=list)
    decisions: list[tuple[int, Move, Reason, Exact, Exact, Exact]] = field(default_factory=list)
    equity: list[Fraction] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cash = self.market.capital
        self.position: Position | None = None
        self.leaving: Reason | None = None
        self.waiting: Position | None = None  # its price is filled in when it fills

    def step(self, bar: int, candle: Candle, signals: Signals) -> None:
        self.orders_meet_the_open(bar, candle)
        seen = self.levels_meet_the_path(bar, candle)
        self.decide(bar, candle.close, signals, seen)
        self.equity.append(self.worth(candle.close))

    def worth(self, close: Fraction) -> Fraction:
        return self.cash + (self.position.worth(close) if self.position else 0)

    def orders_meet_the_open(self, bar: int, candle: Candle) -> None:
        if self.leaving:
            self.leave(bar, self.leaving, candle.open, slips=True)
            self.leaving = None
        if self.waiting:
            entry, self.waiting = self.waiting, None
            entry.price = candle.open + entry.side * self.market.slippage
            if not self.market.futures:  # the platform buys no more than there is money for, the fee included
                entry.quantity = min(entry.quantity, self.lots(self.cash / entry.price / (1 + self.market.commission)))
                if entry.quantity <= 0:
                    return
            fee = entry.price * entry.quantity * self.market.commission
            self.cash -= fee
            self.position = entry
            self.fills.append(
                (bar, OPENING[entry.side], Reason.ENTER, entry.price, entry.quantity, fee, Fraction(0)),
            )

    def leave(self, bar: int, reason: Reason, price: Fraction, *, slips: bool) -> None:
        held, self.position = self.position, None
        assert held is not None
        price -= held.side * self.market.slippage * slips
        fee = price * held.quantity * self.market.commission
        self.cash += held.worth(price) - fee
        self.fills.append((bar, CLOSING[held.side], reason, price, held.quantity, fee, held.worth(price)))

    def levels_meet_the_path(self, bar: int, candle: Candle) -> Reason | None:
        """Walk the path. What the platform holds fills at its price; of what the engine watches, give what it saw."""
        for number, price in enumerate(candle.path):
            for reason in (Reason.TAKE_PROFIT, Reason.STOP_LOSS):
                if self.position is None or not self.position.passed(reason, price):
                    continue
                if not self.market.futures:
                    return reason
                level = self.position.levels[reason]
                assert level is not None
                self.leave(bar, reason, price if number == 0 else level, slips=reason is Reason.STOP_LOSS)
        return None

    def decide(self, bar: int, close: Fraction, signals: Signals, seen: Reason | None) -> None:
        equity = self.worth(close)
        signals = self.as_sent(signals)
        sides = [side for side in (LONG, SHORT) if signals.enter[side] is True]
        wanted = sides[0] if len(sides) == 1 else None
        held = self.position.side if self.position else None
        if held is not None:
            reason = seen or (Reason.EXIT if signals.exit[held] is True else None)
            if reason is None and wanted == -held:
                reason = Reason.REVERSE
            if reason is not None:
                self.leaving = reason
                self.decisions.append((bar, CLOSING[held], reason, None, None, None))
        if wanted is None or wanted == held:
            return
        levels = {
            Reason.TAKE_PROFIT: self.on_tick(signals.take_profit[wanted]),
            Reason.STOP_LOSS: self.on_tick(signals.stop_loss[wanted]),
        }
        quantity = self.quantity(equity, close, signals.size)
        if not self.levels_hold(wanted, close, levels):
            move, why, size = Move.NONE, Reason.NO_LEVEL, signals.size
        elif quantity is None or equity <= 0 or (not self.market.futures and quantity * close > equity):
            move, why, size = Move.NONE, Reason.NO_SIZE, signals.size
        else:
            move, why = OPENING[wanted], Reason.ENTER
            size = signals.size if self.market.in_percent else quantity
            self.waiting = Position(wanted, quantity, Fraction(0), levels)
        self.decisions.append((bar, move, why, size, levels[Reason.TAKE_PROFIT], levels[Reason.STOP_LOSS]))

    def levels_hold(self, side: int, close: Fraction, levels: dict[Reason, Exact]) -> bool:
        """Whether each level that the rule has is known, above 0 and on its side of the close."""
        needed = [(Reason.TAKE_PROFIT, side)] if self.market.has_take_profit else []
        needed += [(Reason.STOP_LOSS, -side)] if self.market.has_stop_loss else []
        for reason, direction in needed:
            level = levels[reason]
            if level is None or level <= 0 or (level <= close if direction > 0 else level >= close):
                return False
        return True

    def quantity(self, equity: Fraction, close: Fraction, size: Exact) -> Exact:
        """Round down to the lot; None where nothing can be ordered."""
        if size is None:
            return None
        if self.market.in_percent:
            if not Fraction("0.0001") <= size <= 100:
                return None
            size = equity * size / 100 / close
        size = self.lots(size)
        return size if size > 0 else None

    def lots(self, size: Fraction) -> Fraction:
        return size if self.market.lot is None else size // self.market.lot * self.market.lot

    def as_sent(self, signals: Signals) -> Signals:
        """Give the percent as the message carries it, in steps of 0.0001."""
        if not self.market.in_percent or signals.size is None or signals.size > 100:
            return signals
        return replace(signals, size=signals.size * 10_000 // 1 / Fraction(10_000))

    def on_tick(self, price: Exact) -> Exact:
        if price is None or self.market.tick is None:
            return price
        return round(price / self.market.tick) * self.market.tick
