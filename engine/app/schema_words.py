"""What the schemas say beyond the models: descriptions and examples of keys whose model has none, patterns, counts."""

from __future__ import annotations

from typing import Any

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
    "take_profit": {"description": "Where to leave with a profit.", "examples": [{"percent": 4}]},
    "stop_loss": {"description": "Where to leave with a loss.", "examples": [{"percent": 2}]},
    "order": {
        "description": "How positions are opened.",
        "examples": [{"type": "market", "size": {"percent": 25}}],
    },
    ("RuleFile", "tests"): {"description": "Candles, and the messages that the rule must send on them."},
    ("Order", "type"): {"description": "At once, at the price there is.", "examples": ["market"]},
    ("Order", "size"): {
        "description": "How much an order is for; without it the platform would take all.",
        "examples": [{"percent": 25}],
    },
    ("Size", "percent"): {"description": "Percent of what is available, or an expression.", "examples": [25]},
    ("Size", "fixed"): {"description": "An amount of the base asset, or an expression.", "examples": [0.01]},
    ("Bracket", "percent"): {"description": "Percent from the signal's close.", "examples": [4]},
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

EXTRA: dict[str, dict[str, Any]] = {"Size": {"minProperties": 1, "maxProperties": 1}}
"""By model: what its validator checks that pydantic does not tell a schema."""
