"""What a rule does with its positions, in plain sentences: how it opens, at what it leaves, when it stands aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.market import MarketKind
from engine.rules import Rule
from engine.rules.exits_model import BreakEven, Level, Trailing
from engine.rules.hours_model import Session
from engine.rules.model import Side
from engine.rules.order_model import Order, Size
from engine.rules.terms import LevelTerms, SideTerms


@dataclass(frozen=True, slots=True)
class Sentence:
    """`about` is one word for what it tells of: opens, leaves, aside, watch, or tells."""

    about: str
    says: str


def conduct_of(rule: Rule) -> list[Sentence]:
    """Give all there is to tell."""
    found: list[Sentence] = []
    for name, side, terms in (("long", rule.file.long, rule.terms.long), ("short", rule.file.short, rule.terms.short)):
        if side is not None and terms is not None:
            found.append(Sentence("opens", f"{name} {_opening(rule, side, terms)}"))
            found += [Sentence("leaves", f"{name} {says}") for says in _leaving(rule, name, side, terms)]
    found += [Sentence("leaves", says) for says in _by_the_clock(rule)]
    found += [Sentence("aside", says) for says in _aside(rule)]
    file = rule.file
    if file.watch is not None:
        found.append(Sentence("watch", f"what the engine holds is watched on {file.watch} candles"))
    if file.delay_seconds is not None:
        where = f" where its log contains '{file.delay_filter}'" if file.delay_filter else ""
        found.append(Sentence("tells", f"the platform to delay each order by {_text(file.delay_seconds)} s{where}"))
    if file.log is not None:
        found.append(Sentence("tells", f"the platform's log '{file.log}'"))
    return found


def _opening(rule: Rule, side: Side, terms: SideTerms) -> str:
    orders = [order for order in (side.order, rule.file.order) if order is not None]
    size = _size(next(order.size for order in orders if order.size is not None))
    if terms.order_type == "market":
        return f"at the next open, {size}"
    price = _text(_of(orders, "price"))
    how = {
        "limit": f"by a limit order at {price}, {size}",
        "stop": f"once the price has reached {price}, {size}, watched by the engine",
    }[terms.order_type]
    ends = []
    if (bars := _of(orders, "expire_bars")) is not None:
        ends.append(f"after {_candles(bars)}")
    if (cancel := _of(orders, "cancel")) is not None:
        ends.append(f"when {_text(cancel) if isinstance(cancel, str) else 'its cancel condition'} is true")
    if terms.oco:
        ends.append("when the other side has filled")
    return f"{how}; withdrawn {', or '.join(ends)}" if ends else how


def _of(orders: list[Order], key: str) -> object:
    return next((getattr(order, key) for order in orders if key in order.model_fields_set), None)


def _size(size: Size) -> str:
    value = _text(getattr(size, size.kind))
    return {
        "percent": f"for {value} % of what is available",
        "fixed": f"for {value} of the base asset",
        "notional": f"for as much as costs {value}",
        "risk_percent": f"for as much as loses {value} % of the equity at the stop-loss",
    }[size.kind]


def _leaving(rule: Rule, name: str, side: Side, terms: SideTerms) -> Iterator[str]:
    futures, up = rule.market is MarketKind.FUTURES, name == "long"
    if side.exit is not None:
        yield "when its exit is true, at the next open"
    for word, own, common, levels, above in (
        ("take-profit", side.take_profit, rule.file.take_profit, terms.take_profit, up),
        ("stop-loss", side.stop_loss, rule.file.stop_loss, terms.stop_loss, not up),
    ):
        stated = own if own is not None else common
        if stated is not None:
            yield f"at its {word}: {_ladder(stated, levels, above, waits=terms.order_type != 'market')}, " + _held(
                levels, futures=futures
            )
    trailing, break_even = side.trailing or rule.file.trailing, side.break_even or rule.file.break_even
    if trailing is not None:
        yield _trailing(trailing, up)
    if break_even is not None:
        yield _break_even(break_even, up)
    bars = side.max_bars if side.max_bars is not None else rule.file.max_bars
    if bars is not None:
        yield f"after {_candles(bars)} at the latest"


def _ladder(stated: Level | list[Level], terms: tuple[LevelTerms, ...], above: bool, *, waits: bool) -> str:
    levels = stated if isinstance(stated, list) else [stated]
    said = []
    for level, term in zip(levels, terms, strict=True):
        value, anew = _text(getattr(level, level.kind)), ", set anew at each close" * term.every_bar
        counted = "the entry" if term.counted == "entry" else "the order's price" if waits else "the signal's close"
        counted = "the last close" if term.every_bar and term.counted == "signal" else counted
        where = value if level.kind == "price" else f"{_distance(level.kind, value)} {_way(above)} {counted}"
        part = "" if len(levels) == 1 else "the rest at " if level.close_percent is None else ""
        if level.close_percent is not None:
            part = f"{_text(level.close_percent)} % of it at "
        said.append(f"{part}{where}{anew}")
    return ", ".join(said)


def _held(levels: tuple[LevelTerms, ...], *, futures: bool) -> str:
    travels = futures and len(levels) == 1 and levels[0].counted == "signal" and not levels[0].every_bar
    return "sent with the order" if travels else "watched by the engine"


def _trailing(trailing: Trailing, up: bool) -> str:
    value = _distance(trailing.kind, _text(getattr(trailing, trailing.kind)))
    start = ""
    if trailing.start is not None:
        far = _text(getattr(trailing.start, trailing.start.kind))
        reached = far if trailing.start.kind == "price" else f"{_distance(trailing.start.kind, far)} in profit"
        start = f", from {reached} on"
    return f"at a stop that trails {value} {_way(not up)} the best price{start}, watched by the engine"


def _break_even(break_even: BreakEven, up: bool) -> str:
    after = break_even.after
    far = _distance(after.kind, _text(getattr(after, after.kind)))
    return f"at its entry price, once the price has come {far} {_way(up)} it, watched by the engine"


def _by_the_clock(rule: Rule) -> Iterator[str]:
    if (flat := rule.file.flat_at) is not None:
        yield f"at {flat.time} {flat.zone}{_days(flat.days)}, whatever is open"


def _aside(rule: Rule) -> Iterator[str]:
    file = rule.file
    if file.sessions is not None:
        sessions = file.sessions if isinstance(file.sessions, list) else [file.sessions]
        yield f"enters only in {' and in '.join(map(_session, sessions))}"
    if file.cooldown is not None:
        after = {"any": "any exit", "loss": "an exit with a loss", "stop": "an exit by a stop"}[file.cooldown.after]
        yield f"makes no entry for {_candles(file.cooldown.bars)} after {after}"
    if file.limits is not None and file.limits.day_loss is not None:
        yield f"closes all until the next day (UTC) when the day has lost {_text(file.limits.day_loss.percent)} %"
    if file.limits is not None and file.limits.drawdown is not None:
        yield f"closes all for good at {_text(file.limits.drawdown.percent)} % below the highest equity"
    if file.pyramiding > 1:
        yield f"adds up to {file.pyramiding} entries on one side"


def _session(session: Session) -> str:
    return f"{session.hours} {session.zone}{_days(session.days)}"


def _days(days: str | list[str] | None) -> str:
    return "" if days is None else f" ({', '.join([days] if isinstance(days, str) else days)})"


def _distance(kind: str, value: str) -> str:
    return {"percent": f"{value} %", "ticks": f"{value} ticks"}.get(kind, value)


def _way(above: bool) -> str:
    return "above" if above else "below"


def _candles(count: object) -> str:
    return f"{_text(count)} candle{'' if count == 1 else 's'}"


def _text(value: object) -> str:
    """Write a number, or an expression on one line."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.10g}"
    return " ".join(str(value).split())
