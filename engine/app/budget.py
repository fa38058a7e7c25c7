"""Whether the exchanges of a config can be asked as often as its routes need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.config import RunConfig
from engine.errors import RefusedError
from engine.live import RouteSpec
from engine.ports import History

ASKED = 2.0
"""How often a candle is asked for, on average: some come late."""
MOST = 0.25
"""How much of an exchange's budget may be needed: the rest is for catching up, and for what else you ask of it."""


def shares(config: RunConfig, specs: Sequence[RouteSpec], markets: Mapping[str, History]) -> dict[str, float]:
    """Give for each exchange, by its id, which part of the requests that it allows the routes need."""
    found: dict[str, float] = {}
    for name, venue in config.venues.items():
        cost = getattr(markets[name], "request_ms", None)
        if cost is not None:
            minute_ms = sum(60_000 / timeframe_ms for timeframe_ms in _asked(specs, name)) * ASKED * cost()
            found[venue.id] = minute_ms / 60_000
    return found


def check_budget(config: RunConfig, specs: Sequence[RouteSpec], markets: Mapping[str, History]) -> None:
    """Refuse a config that needs too much. Errors: RefusedError."""
    wrong = [
        f"{exchange}: its routes need {share:.0%} of the requests that it allows, and {MOST:.0%} are the most; "
        "take fewer routes or longer timeframes"
        for exchange, share in shares(config, specs, markets).items()
        if share > MOST
    ]
    if wrong:
        raise RefusedError("\n".join(wrong))


def _asked(specs: Sequence[RouteSpec], exchange: str) -> list[int]:
    """Give the timeframes of all series that are asked for, in ms: a route's own, its feeds', and `watch`."""
    found: list[int] = []
    for spec in specs:
        if spec.exchange == exchange:
            plan = spec.rule.plan(spec.params, symbol=spec.symbol)
            watch = [] if spec.rule.terms.watch is None else [spec.rule.terms.watch.length_ms]
            found += [spec.rule.timeframe.length_ms, *watch, *(feed.timeframe.length_ms for feed in plan.fetched)]
    return found
