"""Strategies at random, each written twice: as a rule file and as a Pine script, on the same candles.

Which conditions are true stands in the candles' volume, a bit each, so that both read the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from engine.decisions import Costs
from engine.market import Bars, Instrument, Timeframe
from engine.market.resample import resample
from engine.rules import Rule, read_rule
from tests.decisions.ruled import Candle, bars_of
from tests.parity.pine_runner import Asked

TICK, LOT, BARS = 0.01, 0.001, 300
_BITS = {"enter_long": 0.2, "enter_short": 0.2, "exit_long": 0.12, "exit_short": 0.12, "cancel_long": 0.15,
         "cancel_short": 0.15}  # fmt: skip
_QUANTITIES = {"fixed": "strategy.fixed", "percent": "strategy.percent_of_equity", "notional": "strategy.cash"}
_COMMISSIONS = (("percent", 0.1), ("cash_per_contract", 0.02), ("cash_per_order", 1.5))


@dataclass(frozen=True)
class Kind:
    """What a strategy may be made of."""

    orders: tuple[str, ...]
    exits: tuple[str, ...]
    pyramiding: tuple[int, ...] = (1,)
    margins: tuple[int, ...] = (0,)
    gaps: bool = True
    both_sides: bool = True
    on_close: bool = False
    finer: bool = False
    own: bool = False


_MARKET, _WAITING = ("market",), ("limit", "stop")
KINDS = (
    Kind(_MARKET, ("none", "signal", "entry", "every_bar"), pyramiding=(1, 2, 3)),
    # With more than one entry, PyneCore walks all trailing stops before any other order of the bar.
    Kind(_MARKET, ("ladder", "ladders", "trailing", "trailing_start")),
    Kind(_MARKET, ("none", "signal", "entry", "every_bar", "ladder", "trailing_start"), margins=(100, 20)),
    # What is refused of an entry that adds leaves a from_entry-less exit behind that no rule file has.
    Kind(_MARKET, ("none", "signal", "entry"), pyramiding=(2, 3), margins=(100, 20)),
    Kind(_WAITING, ("none", "signal", "entry")),
    # At a gap, an exit that opens is under its own name, which these exits do not name in the script.
    Kind(_WAITING, ("every_bar", "ladder", "ladders"), gaps=False),
    Kind(_WAITING, ("none", "signal", "entry"), margins=(100,), gaps=False),
    # On both sides, PyneCore leaves by a trailing stop before it reverses, whichever the price meets first; and whether
    # one without a start begins at a limit's fill hangs there on the last bit of a float.
    Kind(_WAITING, ("trailing_start",), both_sides=False),
    # With the bar magnifier. PyneCore does not fill at a finer candle's open what a gap before it has passed.
    Kind(_MARKET, ("none", "signal", "entry", "ladder", "trailing_start"), finer=True),
    Kind(_WAITING, ("none", "signal", "entry"), finer=True),
    Kind(_MARKET, ("signal", "entry", "ladder"), pyramiding=(2, 3), own=True),
    Kind(_MARKET, ("none", "signal", "entry", "every_bar"), pyramiding=(1, 2), on_close=True),
    Kind(_MARKET, ("ladder", "ladders", "trailing_start"), on_close=True),
    Kind(_WAITING, ("none", "signal", "entry"), on_close=True),
)


@dataclass(frozen=True)
class Traits:
    """What was chosen: the words of the order and of the exits, with their distances in price."""

    sides: tuple[str, ...]
    order: str
    exits: str
    pyramiding: int
    size: str
    amount: float
    has_exit: bool
    expire: int
    cancel: bool
    oco: bool
    away: float
    gain: float
    loss: float
    has_gain: bool
    has_loss: bool
    trail: float
    start: float
    one_at_once: bool


@dataclass(frozen=True)
class Written:
    """A strategy on candles, as each side takes it."""

    seed: int
    rule_text: str
    script: str
    bars: Bars
    finer: Bars | None
    costs: Costs

    @property
    def rule(self) -> Rule:
        return read_rule(self.rule_text, f"seed {self.seed}")

    @property
    def instrument(self) -> Instrument:
        return Instrument("S", Decimal(str(TICK)), Decimal(str(LOT)))

    @property
    def asked(self) -> Asked:
        return Asked(self.script, self.bars, TICK, LOT, self.finer)


def written(seed: int, kind: Kind, bars: int = BARS) -> Written:
    """Write the strategy of a seed."""
    random = Random(f"{seed} {kind}")  # noqa: S311 - the same strategy for the same seed
    margin = random.choice(kind.margins)
    t = _traits(random, kind, margin)
    commission, amount = random.choice(_COMMISSIONS)
    amount = random.choice([0.0, amount])
    costs = Costs(10_000, 0.0, margin_percent=margin, fills="tradingview", orders_on_close=kind.on_close)
    costs = replace(costs, closes_own=kind.own)
    costs = replace(
        costs,
        # PyneCore slips a limit too where it fills on the way back from the extreme at which its entry filled.
        slippage_ticks=random.choice([0, 0, 3]) if t.order == "market" or t.exits == "none" else 0,
        commission_percent=amount if commission == "percent" else 0.0,
        commission_per_contract=amount if commission == "cash_per_contract" else 0.0,
        commission_per_order=amount if commission == "cash_per_order" else 0.0,
    )
    script = "\n".join(_script(t, costs, commission, amount)) + "\n"
    rule = "\n".join([*_rule(t), *(["watch: 15m"] if kind.finer else [])]) + "\n"
    candles, finer = _candles(random, bars, gaps=kind.gaps), None
    if kind.finer:
        script = script.replace("use_bar_magnifier=False", "use_bar_magnifier=True")
        candles, finer = _with_quarters(random, bars)
    return Written(seed, rule, script, candles, finer, costs)


def _traits(random: Random, kind: Kind, margin: int) -> Traits:
    order, exits = random.choice(kind.orders), random.choice(kind.exits)
    waits = order != "market"
    sides = random.choice([("long",), ("short",), *(2 * [("long", "short")] if kind.both_sides else [])])
    size = random.choice(["percent", "notional"] if margin else list(_QUANTITIES))
    share = random.choice([45, 97, 100])
    large = {"percent": share, "notional": share * 10_000 / (margin or 1)}
    has_gain, has_loss = random.choice([(True, True), (True, True), (True, False), (False, True)])
    return Traits(
        sides=sides,
        order=order,
        exits=exits,
        pyramiding=random.choice(kind.pyramiding),
        size=size,
        amount=large[size] if margin else {"fixed": 3, "percent": 40, "notional": 700}[size],
        has_exit=random.random() < 0.6,
        expire=random.choice([0, 0, 1, 3]) if waits else 0,
        cancel=waits and random.random() < 0.3,
        oco=waits and len(sides) == 2 and random.random() < 0.4,
        away=random.choice([0.27, 0.53, 1.003]),
        # No two orders of one moment stand at one price.
        gain=random.choice([0.91, 1.97, 3.01]),
        loss=random.choice([1.02, 1.48, 2.53]),
        has_gain=has_gain,
        has_loss=has_loss,
        trail=random.choice([0.49, 1.06, 2.15]),
        start=random.choice([0.44, 1.57]),
        # Which exits and how much margin the first of two entries at one open has, scripts differ in.
        one_at_once=bool(margin) or exits != "none",
    )


def _rule(t: Traits) -> Iterator[str]:
    """Write the lines of a rule file."""
    yield from ("name: made", "market: futures", "timeframe: 1h")
    for side in t.sides:
        enter, leave, cancel = (_bit(f"{what}_{side}") for what in ("enter", "exit", "cancel"))
        other = _bit("enter_short" if side == "long" else "enter_long")
        alone = f" and not ({other})" if _exclusive(t) else ""
        parts = [f"enter: '{enter} and not ({leave}){alone}'"]
        parts += [f"exit: '{leave}'"] if t.has_exit else []
        more = [f"price: '{_price(t, side)}'"] if t.order != "market" else []
        more += [f"cancel: '{cancel}'"] if t.cancel else []
        parts += ["order: {" + ", ".join(more) + "}"] if more else []
        yield f"{side}: {{{', '.join(parts)}}}"
    yield from _levels(t)
    yield f"pyramiding: {t.pyramiding}"
    words = [f"type: {t.order}", f"size: {{{t.size}: {t.amount}}}"]
    words += [f"expire_bars: {t.expire}"] if t.expire else []
    words += ["oco: true"] if t.oco else []
    yield f"order: {{{', '.join(words)}}}"


def _levels(t: Traits) -> Iterator[str]:
    gain, loss = f"distance: {t.gain}", f"distance: {t.loss}"
    counted = {"signal": "", "entry": ", from: entry", "every_bar": ", from: entry, every_bar: true"}.get(t.exits)
    if counted is not None:
        yield from [f"take_profit: {{{gain}{counted}}}"] * t.has_gain + [f"stop_loss: {{{loss}{counted}}}"] * t.has_loss
    if t.exits in ("ladder", "ladders"):
        yield f"take_profit: [{{distance: {t.gain / 2:.3f}, close_percent: 40}}, {{{gain}}}]"
        first = f"{{distance: {t.loss / 2:.3f}, close_percent: 40}}, "
        yield f"stop_loss: [{first if t.exits == 'ladders' else ''}{{{loss}}}]"
    if t.exits == "trailing":
        yield f"trailing: {{distance: {t.trail}}}"
    if t.exits == "trailing_start":
        yield f"trailing: {{distance: {t.trail}, start: {{distance: {t.start}}}}}"
        yield f"stop_loss: {{{loss}, from: entry}}" if t.has_loss else f"take_profit: {{{gain}, from: entry}}"


def _script(t: Traits, costs: Costs, commission: str, amount: float) -> Iterator[str]:
    """Write the lines of a script: exits first, then what is withdrawn, then entries with their exits."""
    yield '"""@pyne\n"""\nfrom pynecore import Persistent'
    yield "from pynecore.lib import script, strategy, close, volume, bar_index"
    yield (
        f"@script.strategy('made', initial_capital={costs.capital}, default_qty_type={_QUANTITIES[t.size]}, "
        f"default_qty_value={t.amount}, margin_long={costs.margin_percent}, margin_short={costs.margin_percent}, "
        f"pyramiding={t.pyramiding}, slippage={costs.slippage_ticks:.0f}, use_bar_magnifier=False, "
        f"close_entries_rule='{'ANY' if costs.closes_own else 'FIFO'}', "
        f"process_orders_on_close={costs.orders_on_close}, "
        f"commission_type=strategy.commission.{commission}, commission_value={amount})"
    )
    yield "def main():"
    yield from (f"    placed_{side}: Persistent[int] = -100000" for side in t.sides)
    yield "    code: int = int(volume)"
    yield from (f"    {name} = (code // {2**bit}) % 2 == 1" for bit, name in enumerate(_BITS))
    yield f"    both = {'enter_long and enter_short' if _exclusive(t) else 'False'}"
    yield from (f"    enter_{side} = enter_{side} and not exit_{side} and not both" for side in ("long", "short"))
    yield "    size = strategy.position_size"
    for side in t.sides:
        if t.has_exit:
            yield f"    if exit_{side} and {_held(side)}:\n        strategy.close_all()"
        if t.expire:
            yield f"    if bar_index - placed_{side} >= {t.expire}:\n        strategy.cancel('{_id(side)}')"
        if t.cancel:
            yield f"    if cancel_{side}:\n        strategy.cancel('{_id(side)}')"
    for side in t.sides:
        yield from _entry(t, side)


def _entry(t: Traits, side: str) -> Iterator[str]:
    entry = f"'{_id(side)}'" if t.pyramiding == 1 else f"'{_id(side)}' + str(bar_index)"
    arguments = [entry, f"strategy.{side}"]
    arguments += [f"{t.order}={_price(t, side)}"] if t.order != "market" else []
    arguments += ["oca_name='e'", "oca_type=strategy.oca.cancel"] if t.oco else []
    yield f"    if enter_{side}:\n        strategy.entry({', '.join(arguments)})"
    yield f"        if {'not ' + _held(side) if t.pyramiding == 1 else 'True'}:"
    yield f"            placed_{side} = bar_index"
    for name, words in _exit_calls(t, side):
        yield f"            strategy.exit('X{name}' + {entry}, {entry}, {words})"
    if t.exits == "every_bar":
        whose = f"{entry}, " if t.pyramiding == 1 else ""
        words = _bracket(t, side, "strategy.position_avg_price")
        yield f"    if {_held(side)}:\n        strategy.exit('X', {whose}{words})"


def _exit_calls(t: Traits, side: str) -> Iterator[tuple[str, str]]:
    """Give name and levels of each exit that is placed with the entry."""
    base = _price(t, side) if t.order != "market" else "close"
    gain, loss = f"profit={t.gain / TICK:.0f}", f"loss={t.loss / TICK:.0f}"
    if t.exits == "signal":
        yield "", _bracket(t, side, base)
    elif t.exits == "entry":
        yield "", ", ".join([gain] * t.has_gain + [loss] * t.has_loss)
    elif t.exits in ("ladder", "ladders"):
        up, down = _signs(side)
        near = t.loss / 2 if t.exits == "ladders" else t.loss
        yield "a", f"qty_percent=40, limit={base} {up} {t.gain / 2:.3f}, stop={base} {down} {near:.3f}"
        yield "b", f"limit={base} {up} {t.gain}, stop={base} {down} {t.loss}"
    elif t.exits == "trailing":
        yield "", f"trail_points=0, trail_offset={t.trail / TICK:.0f}"
    elif t.exits == "trailing_start":
        trail = f"trail_points={t.start / TICK:.0f}, trail_offset={t.trail / TICK:.0f}"
        yield "", f"{trail}, {loss if t.has_loss else gain}"


def _exclusive(t: Traits) -> bool:
    return t.one_at_once and t.order == "market" and len(t.sides) == 2


def _bracket(t: Traits, side: str, base: str) -> str:
    up, down = _signs(side)
    return ", ".join([f"limit={base} {up} {t.gain}"] * t.has_gain + [f"stop={base} {down} {t.loss}"] * t.has_loss)


def _signs(side: str) -> tuple[str, str]:
    return ("+", "-") if side == "long" else ("-", "+")


def _price(t: Traits, side: str) -> str:
    return f"close {'+' if (side == 'long') == (t.order == 'stop') else '-'} {t.away}"


def _held(side: str) -> str:
    return "size > 0" if side == "long" else "size < 0"


def _id(side: str) -> str:
    return "L" if side == "long" else "S"


def _bit(name: str) -> str:
    return f"math.floor(volume / {2 ** list(_BITS).index(name)}) % 2 == 1"


def _with_quarters(random: Random, count: int) -> tuple[Bars, Bars]:
    """Make hours, and the quarters that they consist of; an hour's conditions stand in its first quarter."""
    made = _candles(random, 4 * count, gaps=False)
    rows = zip(made.open.tolist(), made.high.tolist(), made.low.tolist(), made.close.tolist(), strict=True)
    quarters = bars_of(list(rows), "15m")
    volume = quarters.volume
    volume[:] = 0.0
    volume[::4] = _conditions(random, count)
    hours = resample(quarters, Timeframe.parse("1h"))
    return hours, quarters


def _conditions(random: Random, count: int) -> list[float]:
    odds = _BITS.values()
    return [float(sum(2**bit * (random.random() < p) for bit, p in enumerate(odds))) for _ in range(count)]


def _candles(random: Random, count: int, *, gaps: bool) -> Bars:
    """Make candles of so few prices that levels are met exactly now and then."""
    candles: list[Candle] = []
    close = 100.0
    for _ in range(count):
        opened = round(close + random.randint(-150, 150) / 100, 2) if gaps and random.random() < 0.3 else close
        close = round(min(130.0, max(75.0, opened + random.randint(-150, 150) / 100)), 2)
        high = round(max(opened, close) + random.randint(0, 150) / 100, 2)
        low = round(min(opened, close) - random.randint(0, 150) / 100, 2)
        candles.append((opened, high, low, close))
    made = bars_of(candles)
    made.volume[:] = _conditions(random, count)
    return made
