"""The exchange that a config names."""

from __future__ import annotations

from engine.config import ExchangeConfig
from engine.ports import Clock, History


def market_data(exchange: ExchangeConfig, clock: Clock) -> History:
    """Give the exchange of a config. Errors: MarketDataError for one that does not exist."""
    if exchange.id == "sample":
        from engine.adapters.sample_market import SampleMarket  # noqa: PLC0415

        return SampleMarket(clock)
    from engine.adapters.ccxt_market import CcxtMarket  # noqa: PLC0415 - ccxt takes a second to load

    return CcxtMarket(exchange.id, exchange.options)
