"""Strategies at random, each written twice: as a rule file and as a Pine script, with candles that make ties abound.

Which conditions are true stands in the candles' volume, a bit each: both sides read the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from engine.decisions import Costs
from engine.market import Bars, Instrument
from engine.rules import Rule, read_rule
from tests.decisions.ruled import Candle, bars_of
from tests.parity.pine_runner import Asked

TICK, LOT, BARS = 0.01, 0.001, 300
_ENTER_LONG, _ENTER_SHORT, _EXIT_LONG, _EXIT_SHORT, _CANCEL_LONG, _CANCEL_SHORT = range(6)
_ODDS = (0.2, 0.2, 0.12, 0.12, 0.15, 0.15)
_TYPES = ("market", "market", "limit", "stop", "stop-limit")
_SIZES = ({"fixed": 3}, {"percent": 40}, {"notional": 700})


@dataclass(frozen=True)
class Written:
    """A strategy, on candles: what both sides need."""

    seed: int
    rule_text: str
    script: str
    bars: Bars
    costs: Costs

    @property
    def rule(self) -> Rule:
        return read_rule(self.rule_text, f"seed {self.seed}")

    @property
    def instrument(self) -> Instrument:
        return Instrument("S", Decimal(str(TICK)), Decimal(str(LOT)))

    @property
    def asked(self) -> Asked:
        return Asked(self.script, self.bars, TICK, LOT)


@dataclass(frozen=True)
class Kind:
    """What may occur in a strategy."""

    orders: tuple[str, ...] = _TYPES
    exits: tuple[str, ...] = ("none", "signal", "entry", "every_bar", "ladder", "ladders", "trailing", "trailing_start")
    sizes: tuple[str, ...] = ("fixed", "percent", "notional")
    pyramiding: tuple[int, ...] = (1, 1, 2, 3)
    costs: bool = True
    margin: tuple[int, ...] = (0,)
    two_sides: bool = True
    gaps: bool = True


@dataclass
class Scripts:
    """The lines of both sides while they are written."""

    rule: list[str] = field(default_factory=list)
    pine: list[str] = field(default_factory=list)


def written(seed: int, kind: Kind = Kind(), bars: int = BARS) -> Written:
    """Write the strategy of a seed."""
    random = Random(seed)  # noqa: S311 - the same strategy for the same seed
    order = random.choice(kind.orders)
    pyramiding = random.choice(kind.pyramiding) if order == "market" else 1
    sides = random.choice([("long",), ("short",), ("long", "short"), ("long", "short")]) if kind.two_sides else ("long",)
    size, amount = random.choice([(name, value) for s in _SIZES for name, value in s.items() if name in kind.sizes])
    margin = random.choice(kind.margin)
    if margin:
        share = random.choice([45, 97, 100])
        amount = {"percent": share, "notional": share * 10_000 / margin, "fixed": share * 9_500 / margin}[size]
    exits, with_exit = random.choice(kind.exits), random.random() < 0.6
    costs = Costs(100_000 if size == "fixed" else 10_000, 0, 0, margin_percent=margin, fills="tradingview")
    commission = ("percent", 0.0)
    if kind.costs:
        commission = random.choice([("percent", 0.0), ("percent", 0.1), ("per_contract", 0.02), ("per_order", 1.5)])
        costs = replace(
            costs,
            slippage_ticks=random.choice([0, 0, 3]) if order == "market" or exits == "none" else 0,
            commission_percent=commission[1] if commission[0] == "percent" else 0.0,
            commission_per_contract=commission[1] if commission[0] == "per_contract" else 0.0,
            commission_per_order=commission[1] if commission[0] == "per_order" else 0.0,
        )
    expire = random.choice([0, 0, 1, 3]) if order != "market" else 0
    cancel = order != "market" and random.random() < 0.3
    oca = order != "market" and len(sides) == 2 and random.random() < 0.4
    away, beyond = round(random.choice([0.27, 0.53, 1.003]), 3), random.choice([0.5, 1.0])
    gain, loss = random.choice([0.91, 1.97, 3.01]), random.choice([1.02, 1.48, 2.53])
    drops = random.choice([("both"), ("both"), ("gain"), ("loss")])
    trail, start = random.choice([0.49, 1.06, 2.15]), random.choice([0.44, 1.57])
    rule = ["name: made", "market: futures", "timeframe: 1h"]
    pine = [
        "    code: int = int(volume)",
        *(
            f"    {name} = (code // {2**bit}) % 2 == 1"
            for bit, name in enumerate(
                ["enter_long", "enter_short", "exit_long", "exit_short", "cancel_long", "cancel_short"]
            )
        ),
        "    enter_long = enter_long and not exit_long",
        "    enter_short = enter_short and not exit_short",
        "    size = strategy.position_size",
        "    average = strategy.position_avg_price",
    ]
    if order == "market" and len(sides) == 2:
        pine.append("    both = enter_long and enter_short")
    else:
        pine.append("    both = False")
    mapped = {"fixed": "strategy.fixed", "percent": "strategy.percent_of_equity", "notional": "strategy.cash"}
    for side in sides:
        s, i = (1, 0) if side == "long" else (-1, 1)
        name = "L" if s > 0 else "S"
        parts = [f"enter: '{_bit(i)} and not ({_bit(2 + i)})'"]
        here = "size > 0" if s > 0 else "size < 0"
        if with_exit:
            parts.append(f"exit: '{_bit(2 + i)}'")
            pine.append(f"    if exit_{side} and {here}:")
            pine.append("        strategy.close_all()")
        prices = _prices(order, s, away, beyond)
        if order != "market":
            more = [f"{key}: '{text}'" for key, text in prices.items()]
            more += [f"cancel: '{_bit(4 + i)}'"] if cancel else []
            parts.append(f"order: {{{', '.join(more)}}}")
        if expire:
            pine.append(f"    if bar_index - placed_{side} >= {expire}:")
            pine.append(f"        strategy.cancel('{name}')")
        if cancel:
            pine.append(f"    if cancel_{side}:")
            pine.append(f"        strategy.cancel('{name}')")
        rule.append(f"{side}: {{{', '.join(parts)}}}")
    for side in sides:
        s = 1 if side == "long" else -1
        name = "L" if s > 0 else "S"
        here = "size > 0" if s > 0 else "size < 0"
        prices = _prices(order, s, away, beyond)
        base = prices.get("limit", prices.get("price", "close"))
        ids = f"'{name}'" if pyramiding == 1 else f"'{name}' + str(bar_index)"
        arguments = [ids, f"strategy.{side}"]
        arguments += [f"{_pine_key(order, key)}={text}" for key, text in prices.items()]
        arguments += ["oca_name='e'", "oca_type=strategy.oca.cancel"] if oca else []
        pine.append(f"    if enter_{side} and not both:")
        pine.append(f"        strategy.entry({', '.join(arguments)})")
        open_ = f"not {here}" if pyramiding == 1 else "True"
        pine.append(f"        if {open_}:")
        if expire:
            pine.append(f"            placed_{side} = bar_index")
        up, down = ("+", "-") if s > 0 else ("-", "+")
        limit, stop = f"{base} {up} {gain}", f"{base} {down} {loss}"
        chosen = {"limit": limit} if drops != "loss" else {}
        chosen |= {"stop": stop} if drops != "gain" else {}
        texts = ", ".join(f"{key}={value}" for key, value in chosen.items())
        exit_id = f"'X' + {ids}"
        ticks = [f"profit={gain / TICK:.0f}"] * ("limit" in chosen) + [f"loss={loss / TICK:.0f}"] * ("stop" in chosen)
        if exits == "signal":
            pine.append(f"            strategy.exit({exit_id}, {ids}, {texts})")
        elif exits == "entry":
            pine.append(f"            strategy.exit({exit_id}, {ids}, {', '.join(ticks)})")
        elif exits == "ladder":
            pine.append(f"            strategy.exit({exit_id} + 'a', {ids}, qty_percent=40, limit={base} {up} {gain / 2:.3f}, stop={stop})")
            pine.append(f"            strategy.exit({exit_id} + 'b', {ids}, limit={limit}, stop={stop})")
        elif exits == "ladders":
            pine.append(f"            strategy.exit({exit_id} + 'a', {ids}, qty_percent=40, limit={base} {up} {gain / 2:.3f}, stop={base} {down} {loss / 2:.3f})")
            pine.append(f"            strategy.exit({exit_id} + 'b', {ids}, limit={limit}, stop={stop})")
        elif exits == "trailing":
            pine.append(f"            strategy.exit({exit_id}, {ids}, trail_points=0, trail_offset={trail / TICK:.0f})")
        elif exits == "trailing_start":
            more = [f"loss={loss / TICK:.0f}"] if drops != "gain" else []
            more += [f"profit={gain / TICK:.0f}"] if drops == "gain" else []
            args = [f"trail_points={start / TICK:.0f}", f"trail_offset={trail / TICK:.0f}", *more]
            pine.append(f"            strategy.exit({exit_id}, {ids}, {', '.join(args)})")
        else:
            pine.append("            pass")
        if exits == "every_bar":
            pine.append(f"    if {here}:")
            texts = ", ".join(
                f"{key}=average {up if key == 'limit' else down} {gain if key == 'limit' else loss}" for key in chosen
            )
            whose = f"'{name}', " if pyramiding == 1 else ""
            pine.append(f"        strategy.exit('X', {whose}{texts})")
    profit, stop_loss = f"distance: {gain}", f"distance: {loss}"
    if exits == "signal":
        rule += [f"take_profit: {{{profit}}}"] * (drops != "loss") + [f"stop_loss: {{{stop_loss}}}"] * (drops != "gain")
    elif exits == "entry":
        rule += [f"take_profit: {{{profit}, from: entry}}"] * (drops != "loss")
        rule += [f"stop_loss: {{{stop_loss}, from: entry}}"] * (drops != "gain")
    elif exits == "every_bar":
        rule += [f"take_profit: {{{profit}, from: entry, every_bar: true}}"] * (drops != "loss")
        rule += [f"stop_loss: {{{stop_loss}, from: entry, every_bar: true}}"] * (drops != "gain")
    elif exits == "ladder":
        rule.append(f"take_profit: [{{distance: {gain / 2:.3f}, close_percent: 40}}, {{{profit}}}]")
        rule.append(f"stop_loss: {{{stop_loss}}}")
    elif exits == "ladders":
        rule.append(f"take_profit: [{{distance: {gain / 2:.3f}, close_percent: 40}}, {{{profit}}}]")
        rule.append(f"stop_loss: [{{distance: {loss / 2:.3f}, close_percent: 40}}, {{{stop_loss}}}]")
    elif exits == "trailing":
        rule.append(f"trailing: {{distance: {trail}}}")
    elif exits == "trailing_start":
        rule.append(f"trailing: {{distance: {trail}, start: {{distance: {start}}}}}")
        rule += [f"stop_loss: {{{stop_loss}, from: entry}}"] * (drops != "gain")
        rule += [f"take_profit: {{{profit}, from: entry}}"] * (drops == "gain")
    if pyramiding > 1:
        rule.append(f"pyramiding: {pyramiding}")
    words = [f"type: {order}", f"size: {{{size}: {amount}}}"]
    words += [f"expire_bars: {expire}"] if expire else []
    words += ["oco: true"] if oca else []
    rule.append(f"order: {{{', '.join(words)}}}")
    kinds = {"percent": "percent", "per_contract": "cash_per_contract", "per_order": "cash_per_order"}
    head = [
        '"""@pyne\n"""',
        "from pynecore import Persistent",
        "from pynecore.lib import script, strategy, close, high, low, open, volume, bar_index",
        f"@script.strategy('made', initial_capital={costs.capital}, default_qty_type={mapped[size]}, "
        f"default_qty_value={amount}, margin_long={margin}, margin_short={margin}, use_bar_magnifier=False, "
        f"pyramiding={pyramiding}, slippage={costs.slippage_ticks:.0f}, "
        f"commission_type=strategy.commission.{kinds[commission[0]]}, commission_value={commission[1]})",
        "def main():",
        *(f"    placed_{side}: Persistent[int] = -100000" for side in sides),
    ]
    return Written(seed, "\n".join(rule) + "\n", "\n".join([*head, *pine]) + "\n", _candles(random, bars, gaps=kind.gaps), costs)


def _bit(bit: int) -> str:
    return f"math.floor(volume / {2**bit}) % 2 == 1"


def _prices(order: str, s: int, away: float, beyond: float) -> dict[str, str]:
    up, down = ("+", "-") if s > 0 else ("-", "+")
    if order == "limit":
        return {"price": f"close {down} {away}"}
    if order == "stop":
        return {"price": f"close {up} {away}"}
    if order == "stop-limit":
        return {"price": f"close {up} {away}", "limit": f"close {up} {away} {down} {beyond - 0.75}"}
    return {}


def _pine_key(order: str, key: str) -> str:
    return "limit" if order == "limit" or key == "limit" else "stop"


def _candles(random: Random, count: int, *, gaps: bool) -> Bars:
    """Make candles with gaps, of so few prices that levels are met exactly now and then."""
    candles: list[Candle] = []
    close, volumes = 100.0, []
    for _ in range(count):
        opened = close if not gaps or random.random() < 0.7 else round(close + random.randint(-150, 150) / 100, 2)
        close = round(min(130.0, max(75.0, opened + random.randint(-150, 150) / 100)), 2)
        high = round(max(opened, close) + random.randint(0, 150) / 100, 2)
        low = round(min(opened, close) - random.randint(0, 150) / 100, 2)
        candles.append((opened, high, low, close))
        volumes.append(float(sum(2**bit * (random.random() < odds) for bit, odds in enumerate(_ODDS))))
    made = bars_of(candles)
    made.volume[:] = volumes
    return made
