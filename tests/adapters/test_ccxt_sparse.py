"""ccxt's real class of Coinbase Exchange: small pages, newest first, and no candle where nobody traded."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import numpy as np
import pytest

from engine.adapters.ccxt_market import CcxtMarket
from engine.errors import MarketDataError, MarketDataUnavailableError
from engine.market import Bars, MarketKind, Timeframe
from engine.market.sample import SAMPLE_START_MS
from tests.servers.binance import from_sample
from tests.servers.coinbase import sparse
from tests.servers.exchange import ExchangeServer, Trouble, coinbase_options

MINUTE = Timeframe.parse("1m")
NOW = SAMPLE_START_MS + 3_000 * 60_000 + 12_345


def fetch(server: ExchangeServer, timeframe: Timeframe = MINUTE) -> tuple[Bars, Decimal, Decimal, MarketKind]:
    async def asking() -> tuple[Bars, Decimal, Decimal, MarketKind]:
        market = CcxtMarket("coinbaseexchange", coinbase_options(server.url))
        try:
            bars = await market.closed_bars("BTC/USD", timeframe, SAMPLE_START_MS, await market.now_ms())
            instrument = await market.instrument("BTC/USD")
            return bars, instrument.tick, instrument.lot, await market.kind("BTC/USD")
        finally:
            await market.close()

    return asyncio.run(asking())


def test_sparse_candles_come_whole_over_pages_of_300() -> None:
    """3,000 minutes with holes, one longer than a page, come as they are traded: none is lost, none is made up."""
    with ExchangeServer(sparse(from_sample()), lambda: NOW) as server:
        bars, tick, lot, kind = fetch(server)
        requests = server.requests["/coinbase/products/BTC-USD/candles"]
        truth = [
            server.candles("BTC/USD", MINUTE, at, at + 999 * 60_000) for at in range(SAMPLE_START_MS, NOW, 60_000_000)
        ]
    closed = Bars(MINUTE, *map(np.concatenate, zip(*[(t.time, *t.columns()) for t in truth], strict=True)))
    closed = closed[: int(closed.time.searchsorted(MINUTE.floor(NOW)))]
    assert len(closed) < 2_000
    assert np.array_equal(bars.time, closed.time)
    assert all(np.array_equal(a, b) for a, b in zip(bars.columns(), closed.columns(), strict=True))
    assert 10 <= requests <= 12
    assert (tick, lot, kind) == (Decimal("0.01"), Decimal("0.00000001"), MarketKind.SPOT)


def test_a_timeframe_that_it_does_not_have_is_final() -> None:
    """4h is refused before it is asked for, naming what there is."""
    with ExchangeServer(now_ms=lambda: NOW) as server, pytest.raises(MarketDataError, match="no 4h candles; it has 1m"):
        fetch(server, Timeframe.parse("4h"))


@pytest.mark.parametrize("status", [429, 503])
def test_what_may_pass_is_unavailable(status: int) -> None:
    """Its limit and its outage are worth asking again."""
    with ExchangeServer(now_ms=lambda: NOW) as server:
        server.trouble(Trouble("candles", status=status, body='{"message":"slow down"}'))
        with pytest.raises(MarketDataUnavailableError, match="slow down"):
            fetch(server)
