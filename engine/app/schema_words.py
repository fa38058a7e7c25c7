"""What the schemas say beyond the models: descriptions and examples of keys whose model has none, patterns, counts."""

from __future__ import annotations

from typing import Any

from engine.rules.places import DISTANCES, KINDS

TITLES = {
    "rule": "Rule file of signal-engine",
    "config": "Config of signal-engine",
    "backtest": "Run definition of signal-engine",
}

_TIMEFRAME = r"^[1-9][0-9]{0,3}[smhdwM]$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PRICE = "As the message has it, compared to the digits that are written."

Place = str | tuple[str, str]
"""A key wherever it stands, or (model, key)."""

WORDS: dict[Place, dict[str, Any]] = {
    "timeframe": {
        "description": "The candles that it decides on.",
        "pattern": _TIMEFRAME,
        "examples": ["15m", "1h", "4h", "1d"],
    },
    "watch": {"pattern": _TIMEFRAME, "examples": ["1m"]},
    "symbol": {"examples": ["BTC/USDT:USDT", "BTC/USDT"]},
    ("RuleFile", "name"): {"pattern": "^[a-z0-9][a-z0-9_-]{0,63}$", "examples": ["ema-cross"]},
    "market": {
        "description": "futures sends openLong, closeLong, openShort, closeShort; spot sends buy and sell.",
        "examples": ["futures"],
    },
    ("RuleFile", "params"): {
        "description": "Numbers with a name, which a backtest may override and a sweep may vary.",
        "examples": [{"fast": {"default": 12, "min": 5, "max": 24, "step": 1}}],
    },
    "define": {
        "description": "Named expressions, in any order.",
        "examples": [{"fast_ma": "ta.ema(close, fast)"}],
    },
    "long": {
        "description": "When to be in the market for a rise.",
        "examples": [{"enter": "ta.crossover(close, ta.sma(close, 50))"}],
    },
    "short": {
        "description": "When to be in the market for a fall; futures only.",
        "examples": [{"enter": "ta.crossunder(close, ta.sma(close, 50))"}],
    },
    "enter": {"description": "When to open.", "examples": ["ta.crossover(close, ta.sma(close, 50))"]},
    "exit": {"description": "When to close.", "examples": ["ta.crossunder(close, ta.sma(close, 50))"]},
    "take_profit": {
        "description": "Where to leave with a profit: one level, or a list of up to eight that close a part each.",
        "examples": [{"percent": 4}, [{"percent": 2, "close_percent": 50}, {"percent": 5}]],
    },
    "stop_loss": {
        "description": "Where to leave with a loss: one level, or a list of up to eight that close a part each.",
        "examples": [{"percent": 2}, {"distance": "2 * ta.atr(14)"}],
    },
    "trailing": {
        "description": "A stop that follows the best price since the entry.",
        "examples": [{"percent": 3}, {"distance": "3 * ta.atr(14)", "start": {"percent": 1}}],
    },
    "break_even": {
        "description": "Moves the stop to the entry price once the price has come far enough.",
        "examples": [{"after": {"percent": 1}}],
    },
    "max_bars": {"description": "How many candles a position is held at most.", "examples": [48]},
    "flat_at": {
        "description": "The time of day (UTC, or of a zone) at which positions are closed.",
        "examples": ["22:00", {"time": "16:45", "zone": "America/New_York", "days": "mon-fri"}],
    },
    "sessions": {
        "description": "Hours in which entries may be made; positions go on outside of them.",
        "examples": [{"hours": "09:30-16:00", "days": "mon-fri", "zone": "America/New_York"}],
    },
    "order": {
        "description": "How positions are opened. Keys of a side's own order hold over those of the top.",
        "examples": [{"type": "market", "size": {"percent": 25}}],
    },
    "pyramiding": {"description": "How many entries on one side may add up.", "examples": [3]},
    "limits": {
        "description": "Losses at which everything is closed: for the rest of the day (UTC), or for good.",
        "examples": [{"day_loss": {"percent": 5}, "drawdown": {"percent": 20}}],
    },
    "cooldown": {
        "description": "How long no entry is made after an exit.",
        "examples": [{"bars": 3, "after": "loss"}],
    },
    ("RuleFile", "watch"): {
        "description": "Finer candles on which orders that the engine holds itself are watched, and by which a "
        "backtest knows what happened inside a candle.",
        "pattern": _TIMEFRAME,
        "examples": ["1m"],
    },
    "delay_seconds": {"description": "By how many seconds the platform delays the order.", "examples": [5]},
    "delay_filter": {
        "description": "The platform delays only where the log contains this.",
        "examples": ["patient"],
    },
    "log": {
        "description": "The text for the platform's log, with values in braces.",
        "examples": ["RSI {ta.rsi(close, 14)}"],
    },
    ("RuleFile", "tests"): {"description": "Candles, and the messages that the rule must send on them."},
    ("Order", "type"): {
        "description": "market: at once. limit: at the price or better. stop: once the price is reached.",
        "examples": ["limit"],
    },
    ("Order", "size"): {
        "description": "How much an order is for; without it the platform would take all.",
        "examples": [{"percent": 25}, {"risk_percent": 1}],
    },
    ("Size", "percent"): {"description": "Percent of what is available, or an expression.", "examples": [25]},
    ("Size", "fixed"): {"description": "An amount of the base asset, or an expression.", "examples": [0.01]},
    ("Size", "notional"): {"description": "An amount's worth, in the quote asset.", "examples": [1000]},
    ("Size", "risk_percent"): {
        "description": "As much as loses this percent of the equity if the stop-loss is met.",
        "examples": [1],
    },
    ("TrailingStart", "price"): {"description": "The price itself.", "examples": ["ta.highest(high, 20)"]},
    ("Level", "price"): {"description": "The price itself.", "examples": ["ta.lowest(low, 20)"]},
    ("Level", "from"): {
        "description": "What it is counted from: the signal's close (or the order's price), or the entry's own price.",
        "examples": ["entry"],
    },
    ("Level", "every_bar"): {
        "description": "Set anew at each close while the position is open; its expression may then use position.*.",
        "examples": [True],
    },
    ("Level", "close_percent"): {
        "description": "In a list: how much of the position it closes; the last closes the rest.",
        "examples": [50],
    },
    ("BreakEven", "after"): {"description": "How far the price must have come.", "examples": [{"percent": 1}]},
    ("Share", "percent"): {"description": "Percent of the equity.", "examples": [5]},
    ("Cooldown", "bars"): {"description": "How many candles.", "examples": [3]},
    ("Cooldown", "after"): {
        "description": "After which exits: any, those with a loss, or those by a stop.",
        "examples": ["loss"],
    },
    "percent": {"description": "Percent of the price.", "examples": [2]},
    "ticks": {"description": "Steps of the price.", "examples": [200]},
    "distance": {"description": "A distance in price.", "examples": ["2 * ta.atr(14)"]},
    ("Param", "default"): {"description": "Its value where no other is given.", "examples": [12]},
    ("Param", "min"): {"description": "The least that it may be given.", "examples": [5]},
    ("Param", "max"): {"description": "The most that it may be given.", "examples": [24]},
    ("Param", "step"): {"description": "The distance of the values that a sweep tries.", "examples": [1]},
    ("Expected", "action"): {"description": "What is sent."},
    ("Expected", "fixed"): {"description": _PRICE, "examples": [0.01]},
    ("Expected", "percent"): {"description": _PRICE, "examples": [25]},
    ("Expected", "limit"): {"description": _PRICE, "examples": [100.5]},
    ("Expected", "profit"): {"description": _PRICE, "examples": [104.52]},
    ("Expected", "loss"): {"description": _PRICE, "examples": [98.49]},
    ("Expected", "log"): {"description": "The text for the platform's log."},
    "delaySeconds": {"description": "By how much the platform delays the order.", "examples": [5]},
    "delaySecondsFilter": {"description": "The platform delays only where the log contains this."},
    ("RunConfig", "mode"): {"description": "paper: pretended money, nothing leaves this machine. live: real money."},
    ("RunConfig", "exchange"): {"description": "Whose candles are read.", "examples": [{"id": "binanceusdm"}]},
    "connectors": {"description": "Receivers of messages, by a name of your own.", "examples": [{"main": {}}]},
    "routes": {"description": "Strategies on symbols, each sent to a connector of its own."},
    ("RunConfig", "safety"): {
        "description": "Limits on entries. Closes are never held back.",
        "examples": [{"open_positions": 3, "day_loss": {"percent": 5}}],
    },
    ("RunConfig", "journal"): {
        "description": "What is kept of what was seen and decided.",
        "examples": [{"keep_days": 90}],
    },
    ("RunConfig", "paper"): {"description": "Our own receiver, which `run` starts beside the engine."},
    ("PaperConfig", "port"): {"description": "Where it listens, on this machine only; 0 takes a free one."},
    ("Route", "params"): {"description": "Values of the rule's parameters.", "examples": [{"fast": 10}]},
    ("RunDefinition", "params"): {"description": "Values of the rule's parameters.", "examples": [{"fast": 10}]},
    ("RunDefinition", "from"): {"type": "string", "pattern": _DAY, "examples": ["2024-01-31", "2024-01-31T12:00"]},
    ("RunDefinition", "to"): {"type": "string", "pattern": _DAY, "examples": ["2024-07-01"]},
    "costs": {"description": "What there is to trade with, and what trading costs."},
    "capital": {"description": "What there is to trade with.", "examples": [10000]},
    "commission_percent": {"description": "Percent of the value, per fill.", "examples": [0.05]},
    "slippage_ticks": {"description": "Price steps that market and stop fills are worse by.", "examples": [2]},
}

_ONE = {"minProperties": 1, "maxProperties": 1}

EXTRA: dict[str, dict[str, Any]] = {
    "Size": _ONE,
    "Distance": _ONE,
    "TrailingStart": _ONE,
    "Level": {"oneOf": [{"required": [kind]} for kind in KINDS]},
    "Trailing": {"oneOf": [{"required": [kind]} for kind in DISTANCES]},
    "Limits": {"minProperties": 1},
}
"""By model: what its validator checks that pydantic does not tell a schema."""
