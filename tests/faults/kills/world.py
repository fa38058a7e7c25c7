"""What both sides know without each other: the candles, the rule, and the names of the moments of a kill."""

from __future__ import annotations

NAME, SYMBOL, TIMEFRAME, BAR_MS = "turns", "BTC/USDT:USDT", "1m", 60_000
START_MS = 1_704_067_200_000
"""Open time of bar 0: 2024-01-01 00:00 UTC."""
RULE = f"""\
name: {NAME}
market: futures
timeframe: {TIMEFRAME}
long: {{enter: "close > close[1]", exit: "close < close[1]"}}
short: {{enter: "close < close[1]", exit: "close > close[1]"}}
order: {{size: {{percent: 10}}}}
"""
TOKEN = "canary-of-the-kills"  # noqa: S105 - made up

COMMITS = ("commit_bar", "begin_attempt", "end_attempt", "resolve", "finish")
IN_ENGINE = (
    *(f"{when} the commit of {name}" for name in COMMITS for when in ("before", "after")),
    "before connecting",
    "connected, before the first byte",
)
IN_RECEIVER = (
    "accepted",
    "head read",
    "half the body read",
    "read, not executed",
    "executed, not answered",
    "half the answer sent",
    "answered",
    "closed",
)


def close_of(bar: int) -> float:
    """Give the close of a bar: two steps up, two down, for ever."""
    return 50_000.0 + 10.0 * (0, 1, 2, 1)[bar % 4]
