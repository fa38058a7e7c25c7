"""The exchange that a config names."""

from __future__ import annotations

from pathlib import Path

from engine.config import ExchangeConfig, RunConfig
from engine.ports import Clock, Exchange, Tell, ignore


def markets_of(config: RunConfig, clock: Clock, tell: Tell = ignore) -> dict[str, Exchange]:
    """Give all exchanges of a config by the names that routes call them. Errors: MarketDataError.

    Their lists of markets are kept beside the state.
    """
    beside = Path(config.state).parent / "markets"
    return {name: market_data(venue, clock, beside / f"{venue.id}.json", tell) for name, venue in config.venues.items()}


def market_data(
    exchange: ExchangeConfig, clock: Clock, markets_file: Path | None = None, tell: Tell = ignore
) -> Exchange:
    """Give an exchange. Errors: MarketDataError for one that does not exist."""
    if exchange.id == "sample":
        from engine.adapters.sample_market import SampleMarket  # noqa: PLC0415 - only who wants it

        return SampleMarket(clock)
    from engine.adapters.ccxt_market import CcxtMarket  # noqa: PLC0415 - ccxt takes a second to load

    return CcxtMarket(exchange.id, exchange.options, markets_file=markets_file, tell=tell)
