"""Random rules over all fields of the language, on random candles at random costs: few prices, so that ties abound."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import NamedTuple

from engine.decisions import Costs
from engine.market import Bars, Instrument
from engine.rules import Rule, read_rule
from tests.decisions.ruled import Candle, bars_of

_CONDITIONS = (
    "close > open",
    "close < open",
    "close > close[1] and close[1] > close[2]",
    "close < ta.sma(close, 3)",
    "bar_index % 5 == 2",
    "high == ta.highest(high, 4)",
    "position.side == 0 and close > open",
    "position.bars > 3",
    "position.profit_percent > 1 or position.profit_percent < -1",
)
_LEVELS = ("percent: 1", "percent: 3", "ticks: 150", "distance: 2", "distance: 'ta.atr(3)'")
_PRICES = ("close * 0.99", "close * 1.01", "low", "high", "close")


class Scene(NamedTuple):
    """A rule that was read, candles (finer ones where it watches), the instrument, the costs, all by one seed."""

    text: str
    rule: Rule
    bars: Bars
    finer: Bars | None
    instrument: Instrument
    costs: Costs


def scene(seed: int) -> Scene:
    """Make the scene of a seed."""
    random = Random(seed)  # noqa: S311 - the same scene for the same seed
    spot = random.random() < 0.2
    text = _rule(random, spot)
    quarters = _candles(random, 4 * 60)
    watched = "watch:" in text
    hours = [_joined(quarters[i : i + 4]) for i in range(0, len(quarters), 4)]
    lot = random.choice(["0", "0.1", "0.001"])
    return Scene(
        text,
        read_rule(text, f"seed {seed}"),
        bars_of(hours),
        bars_of(quarters, "15m") if watched else None,
        Instrument("S", Decimal("0.01"), Decimal(lot)),
        _costs(random, spot),
    )


def _rule(random: Random, spot: bool) -> str:
    lines = ["name: random", f"market: {'spot' if spot else 'futures'}", "timeframe: 1h"]
    order = random.choice(["market", "market", "limit", "stop"])
    sides = ("long",) if spot else random.choice([("long",), ("short",), ("long", "short"), ("long", "short")])
    for side in sides:
        parts = [f"enter: '{random.choice(_CONDITIONS[:7])}'"]
        if random.random() < 0.6:
            parts.append(f"exit: '{random.choice(_CONDITIONS)}'")
        if order != "market":
            parts.append(f"order: {{price: '{random.choice(_PRICES)}'}}")
        lines.append(f"{side}: {{{', '.join(parts)}}}")
    lines += [f"{name}: {_level(random)}" for name in ("take_profit", "stop_loss") if random.random() < 0.6]
    maybe = [
        f"trailing: {{{random.choice(_LEVELS[:4])}{random.choice(['', ', start: {percent: 1}'])}}}",
        "break_even: {after: {percent: 1}}",
        f"max_bars: {random.randint(1, 6)}",
        'flat_at: "07:00"',
        'sessions: {hours: "02:00-18:00"}',
        f"limits: {{day_loss: {{percent: {random.choice([1, 3])}}}}}",
        "limits: {drawdown: {percent: 8}}",
        f"cooldown: {{bars: {random.randint(1, 4)}, after: {random.choice(['any', 'loss', 'stop'])}}}",
        "watch: 15m",
    ]
    chosen = random.sample(maybe, random.randint(0, 4))
    if sum(line.startswith("limits") for line in chosen) > 1:
        chosen.remove("limits: {drawdown: {percent: 8}}")
    lines += chosen
    pyramiding = random.choice([1, 1, 1, 2, 3])
    lines.append(f"pyramiding: {pyramiding}")
    sizes = ["percent: 20", "percent: 60", "fixed: 2", "notional: 500"]
    sizes += (
        ["risk_percent: 1"] if any(line.startswith("stop_loss") and "every_bar" not in line for line in lines) else []
    )
    more = [f", expire_bars: {random.randint(1, 4)}"] if order != "market" and random.random() < 0.5 else []
    more += [", oco: true"] if order != "market" and len(sides) == 2 and random.random() < 0.5 else []
    more += [", cancel: 'close > open'"] if order != "market" and random.random() < 0.3 else []
    lines.append(f"order: {{type: {order}, size: {{{random.choice(sizes)}}}{''.join(more)}}}")
    return "\n".join(lines) + "\n"


def _level(random: Random) -> str:
    kind = random.choice(_LEVELS)
    more = random.choice(["", "", "", ", from: entry", ", every_bar: true"])
    if random.random() < 0.25:
        shares = random.choice([(50, 30), (25, 25), (60, 40)])
        return f"[{', '.join(f'{{percent: {i + 1}, close_percent: {share}}}' for i, share in enumerate(shares))}]"
    return f"{{{kind}{more}}}"


def _costs(random: Random, spot: bool) -> Costs:
    return Costs(
        capital=random.choice([1_000.0, 10_000.0]),
        commission_percent=random.choice([0.0, 0.1]),
        maker_percent=random.choice([None, 0.02]),
        commission_per_contract=random.choice([0.0, 0.01]),
        commission_per_order=random.choice([0.0, 0.5]),
        slippage_ticks=random.choice([0, 3]),
        slippage_percent=random.choice([0.0, 0.05]),
        latency_bars=random.choice([0, 0, 0, 1]),
        funding_percent=0.0 if spot else random.choice([0.0, 0.05]),
        leverage=0.0 if spot else random.choice([0.0, 0.0, 3.0]),
        maintenance_percent=0.0 if spot else random.choice([0.0, 0.0, 1.0]),
        margin_percent=random.choice([0.0, 0.0, 100.0]),
        fills=random.choice(["webhook", "webhook", "tradingview"]),
    )


def _candles(random: Random, count: int) -> list[Candle]:
    candles: list[Candle] = []
    close = 100.0
    for _ in range(count):
        opened = close if random.random() < 0.8 else round(close + random.randint(-3, 3) * 0.5, 2)
        close = round(max(80.0, opened + random.randint(-4, 4) * 0.5), 2)
        high = round(max(opened, close) + random.randint(0, 3) * 0.5, 2)
        low = round(min(opened, close) - random.randint(0, 3) * 0.5, 2)
        candles.append((opened, high, low, close))
    return candles


def _joined(part: list[Candle]) -> Candle:
    return (part[0][0], max(c[1] for c in part), min(c[2] for c in part), part[-1][3])
