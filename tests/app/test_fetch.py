"""History through ccxt's real classes into real files: pages, gaps, limits, resuming; then backtests on them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.candle_cache import VARIABLE, CandleCache, SeriesKey
from engine.adapters.ccxt_market import CcxtMarket
from engine.app.backtests import definition_for, definition_in, run_backtest
from engine.app.fetch import Fetched, fetch
from engine.app.fetch_plan import planned
from engine.app.patience import Patience
from engine.errors import InvalidCandlesError, InvalidInputError, MarketDataError, RefusedError, StoreError
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars
from engine.market.stretches import Stretch
from tests.cli.program import ROOT
from tests.servers.binance import Candles, from_bars, from_sample
from tests.servers.exchange import ExchangeServer, Trouble, ccxt_options

HOUR, HOUR_MS = Timeframe.parse("1h"), 3_600_000
COUNT = 2_600  # of hours that have closed, while one forms
NOW = SAMPLE_START_MS + COUNT * HOUR_MS + 1_234_567
KEY = SeriesKey("binance", "BTC/USDT", HOUR)
TRUTH = sample_bars("BTC/USDT", HOUR, SAMPLE_START_MS, COUNT + 1)
QUICK = Patience(tries=3, first_s=0.01, longest_s=0.02)


@dataclass
class Told:
    """What a fetch said while it ran."""

    moves: list[tuple[int, int]] = field(default_factory=list)
    waits: list[tuple[str, float]] = field(default_factory=list)

    def moved(self, done: int, total: int, at_ms: int) -> None:
        self.moves.append((done, total))

    def waiting(self, error: Exception, pause_s: float) -> None:
        self.waits.append((str(error), pause_s))


@dataclass
class Place:
    """A cache, and an exchange to fill it from."""

    cache: CandleCache
    server: ExchangeServer
    told: Told = field(default_factory=Told)

    def fetch(self, since_ms: int | None = None, until_ms: int | None = None, key: SeriesKey = KEY) -> Fetched:
        async def fetching() -> Fetched:
            market = CcxtMarket(key.exchange, ccxt_options(self.server.url))
            try:
                return await fetch(market, self.cache, key, since_ms, until_ms, self.told, QUICK)
            finally:
                await market.close()

        return asyncio.run(fetching())

    def kept(self, key: SeriesKey = KEY) -> Bars:
        series = self.cache.read(key)
        assert series is not None
        return series.bars


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The sample market's candles behind Binance's answers."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    with ExchangeServer(now_ms=lambda: NOW) as server:
        yield Place(CandleCache(tmp_path / "cache"), server)


def same(a: Bars, b: Bars) -> bool:
    return all(np.array_equal(x, y) for x, y in zip((a.time, *a.columns()), (b.time, *b.columns()), strict=True))


def holed(*holes: tuple[int, int]) -> Bars:
    """Give the true candles without those of some stretches (from, to)."""
    kept = np.ones(len(TRUTH), dtype=bool)
    for start, end in holes:
        kept[start:end] = False
    return Bars(HOUR, TRUTH.time[kept], *(column[kept] for column in TRUTH.columns()))


def hour(at: int) -> int:
    return SAMPLE_START_MS + at * HOUR_MS


def test_all_pages_come_into_the_file(place: Place) -> None:
    """2,600 closed candles are in the file, equal to the source, without the one that forms; the progress is whole."""
    found = place.fetch(0)
    assert found.new == len(found.series.bars) == COUNT
    assert same(place.kept(), TRUTH[:COUNT])
    assert place.cache.path(KEY) == place.cache.folder / "binance" / "BTC_USDT" / "1h.parquet"
    done, total = place.told.moves[-1]
    assert done == total == NOW // HOUR_MS
    assert [str(found.series.instrument.tick), str(found.series.instrument.lot)] == ["0.1", "0.001"]


def test_what_is_cached_is_not_asked_for_again(place: Place) -> None:
    """A second fetch asks for no candles; a wider one only for what is missing on both sides."""
    place.fetch(hour(1_000), hour(1_100))
    before = place.server.requests["/api/v3/klines"]
    assert place.fetch(hour(1_000), hour(1_100)).new == 0
    assert place.server.requests["/api/v3/klines"] == before
    found = place.fetch(hour(950), hour(1_150))
    assert found.new == 100
    assert place.server.requests["/api/v3/klines"] == before + 2
    assert same(place.kept(), TRUTH[950:1_150])
    assert found.series.asked == (Stretch(hour(950), hour(1_150)),)


def test_what_lies_between_two_periods_is_fetched_too(place: Place) -> None:
    """A file has no holes that are not the exchange's."""
    place.fetch(hour(10), hour(20))
    place.fetch(hour(40), hour(50))
    assert same(place.kept(), TRUTH[10:50])


def test_without_dates_it_goes_on_to_now(place: Place) -> None:
    """The first fetch begins a year back, the next where the last one ended."""
    assert place.fetch().series.asked[0].start_ms == hour(COUNT) - 365 * 24 * HOUR_MS
    place.server.now_ms = lambda: NOW + 5 * HOUR_MS
    assert place.fetch().new == 5


def test_gaps_are_asked_for_twice_and_told(place: Place) -> None:
    """Gaps that the exchange does have are noted, once one more request has found nothing in them."""
    holes = [(100, 103), (110, 111), (1_500, 2_100)]
    place.server.candles = from_bars(holed(*holes))
    found = place.fetch(hour(0))
    assert [gap.bars_of(HOUR) for gap in found.series.gaps] == [3, 1, 600]
    assert found.series.gaps == tuple(Stretch(hour(start), hour(end)) for start, end in holes)
    before = place.server.requests["/api/v3/klines"]
    assert place.fetch(hour(0)).series.gaps == found.series.gaps
    assert place.server.requests["/api/v3/klines"] == before  # believed by now


def test_a_gap_that_closes_at_the_second_look_is_none(place: Place) -> None:
    """Candles that an answer left out by mistake are there in the end."""
    asked: list[int] = []

    def forgetful(symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
        asked.append(first_ms)
        return from_bars(holed((200, 210)) if len(asked) == 1 else TRUTH)(symbol, timeframe, first_ms, last_ms)

    place.server.candles = forgetful
    found = place.fetch(hour(0), hour(500))
    assert found.series.gaps == ()
    assert asked == [hour(0), hour(200)]
    assert same(place.kept(), TRUTH[:500])


def few(most: int, full: Candles) -> Candles:
    return lambda symbol, timeframe, first, last: full(symbol, timeframe, first, last)[:most]


def test_fewer_candles_than_asked_for_end_nothing(place: Place) -> None:
    """An exchange that gives 37 at a time gives all of them in the end."""
    place.server.candles = few(37, from_sample())
    place.fetch(hour(0), hour(400))
    assert same(place.kept(), TRUTH[:400])


def test_an_exchange_that_has_only_the_newest_says_so(place: Place) -> None:
    """Where it ignores the start and gives its newest 50, those are kept, and nothing is asked over and over."""
    newest = TRUTH[COUNT - 50 :]
    place.server.candles = from_bars(newest)
    found = place.fetch(hour(0))
    assert int(found.series.bars.time[0]) == hour(COUNT - 50)
    assert found.series.asked[0].start_ms == hour(0)
    assert place.server.requests["/api/v3/klines"] == 1


def test_the_newest_candle_that_was_late_comes_next_time(place: Place) -> None:
    """What was not published yet is asked for again."""
    place.server.candles = from_bars(TRUTH[: COUNT - 1])
    place.fetch(hour(2_000))
    place.server.candles = from_bars(TRUTH)
    assert place.fetch(hour(2_000)).new == 1
    assert same(place.kept(), TRUTH[2_000:COUNT])


def test_a_limit_is_waited_for_as_long_as_the_exchange_says(place: Place) -> None:
    """429 with Retry-After pauses as long, then goes on."""
    place.server.trouble(Trouble("klines", status=429, body="{}", times=1, headers={"Retry-After": "1"}))
    begun = time.monotonic()
    assert place.fetch(hour(0), hour(50)).new == 50
    assert time.monotonic() - begun >= 1
    assert ["429" in text and pause >= 1 for text, pause in place.told.waits] == [True]


def test_trouble_in_the_middle_keeps_what_came(place: Place) -> None:
    """Where the exchange goes away for good, the pages before stay, and a later fetch goes on after them."""
    answers = iter([Trouble("klines", delay_s=0.001, times=1), Trouble("klines", status=503, body="{}")])
    for trouble in answers:
        place.server.trouble(trouble)
    with pytest.raises(MarketDataError, match=r"503.*asked 3 times in a row, given up"):
        place.fetch(hour(0))
    assert same(place.kept(), TRUTH[:1_000])
    assert not place.cache.entries()[0].whole
    place.server.heal()
    assert place.fetch(hour(0)).new == COUNT - 1_000
    assert same(place.kept(), TRUTH[:COUNT])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("close", 0.0, "close is 0"), ("low", 1e9, "above the high"), ("time", hour(1_299), "the same as the row before")],
)
def test_candles_that_are_not_whole_stop_at_the_edge(column: str, value: float, said: str, place: Place) -> None:
    """A bad candle on the second page, which stays bad when asked for again, is refused; the page before is kept."""
    cells = getattr(TRUTH, column).copy()
    cells[1_300] = value
    place.server.candles = from_bars(replace(TRUTH, **{column: cells}))
    with pytest.raises(InvalidCandlesError, match=said):
        place.fetch(hour(0))
    assert len(place.told.waits) == 1
    assert same(place.kept(), TRUTH[:1_000])


def test_a_candle_that_changes_between_two_pages_is_told(place: Place) -> None:
    """Pages that overlap must agree; where they do not, the page is asked for anew, and what came first stays."""
    asked: list[int] = []

    def changing(symbol: str, timeframe: Timeframe, first_ms: int, last_ms: int) -> Bars:
        asked.append(first_ms)
        first_ms -= HOUR_MS if len(asked) > 1 else 0  # the page begins with the last candle of the one before
        bars = from_bars(TRUTH)(symbol, timeframe, first_ms, last_ms)[:50]
        return replace(bars, close=bars.open) if len(asked) == 2 else bars

    place.server.candles = changing
    place.fetch(hour(0), hour(90))
    assert ["came twice, with different numbers" in text for text, _ in place.told.waits] == [True]
    assert same(place.kept(), TRUTH[:90])


def test_a_symbol_that_does_not_exist_is_final(place: Place) -> None:
    """Nothing is waited for and nothing written."""
    with pytest.raises(MarketDataError, match="no symbol 'BTC/USTD'; did you mean 'BTC/USDT'"):
        place.fetch(hour(0), key=SeriesKey("binance", "BTC/USTD", HOUR))
    assert place.told.waits == []
    assert not place.cache.folder.exists()


def test_two_fetches_of_one_series_do_not_mix(place: Place) -> None:
    """The second is refused while the first runs."""
    with place.cache.writing(KEY), pytest.raises(RefusedError, match="another fetch is writing"):
        place.fetch(hour(0))


def test_a_disk_that_refuses_leaves_the_file_as_it_was(place: Place) -> None:
    """Where the new file cannot be written, the old one is unharmed."""
    place.fetch(hour(0), hour(50))
    (place.cache.path(KEY).with_name(".1h.parquet.new")).mkdir()  # nobody can write a file of that name now
    with pytest.raises(StoreError, match="what it held before is unharmed"):
        place.fetch(hour(0), hour(60))
    assert same(place.kept(), TRUTH[:50])


def test_months_and_futures_have_files_of_their_own(place: Place) -> None:
    """Names tell 1M from 1m on every file system, and perpetuals from spot."""
    month = SeriesKey("binanceusdm", "BTC/USDT:USDT", Timeframe.parse("1M"))
    place.fetch(0, key=month)
    assert place.cache.path(month) == place.cache.folder / "binanceusdm" / "BTC_USDT.USDT" / "1month.parquet"
    assert [entry.key for entry in place.cache.entries(symbol="BTC/USDT:USDT")] == [month]


def config_of(folder: Path, url: str) -> Path:
    """Write a config that leads ccxt to the server."""
    (folder / "rule.yaml").write_text((ROOT / "strategies" / "ema_cross.yaml").read_text())
    connector = {"url": "http://127.0.0.1:1/webhook", "name": "test", "token": "none"}
    config = {
        "mode": "paper",
        "state": "state.db",
        "exchange": {"id": "binance", "options": ccxt_options(url)},
        "connectors": {"main": connector},
        "routes": [{"strategy": "rule.yaml", "symbol": "BTC/USDT", "connector": "main"}],
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    return folder / "config.yaml"


def test_a_killed_fetch_leaves_a_whole_file_and_is_resumed(place: Place, tmp_path: Path) -> None:
    """kill -9 in the middle leaves the pages that were kept; the next fetch asks only for the others."""
    place.server.candles = few(100, from_sample())
    place.server.trouble(Trouble("klines", delay_s=0.05))
    command = [sys.executable, "-m", "engine", "fetch", "BTC/USDT", "--from", "2024-01-01", "--json"]
    process = subprocess.Popen(
        [*command, "--config", str(config_of(tmp_path, place.server.url))],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    until = time.monotonic() + 60
    while not place.cache.path(KEY).exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(place.kept())
    assert 100 <= kept < COUNT
    assert same(place.kept(), TRUTH[:kept])
    place.server.heal()
    place.server.requests.clear()
    assert place.fetch(hour(0)).new == COUNT - kept
    assert place.server.requests["/api/v3/klines"] == -(-(COUNT - kept) // 100)
    assert same(place.kept(), TRUTH[:COUNT])


def test_a_config_names_what_its_routes_look_at(place: Place, tmp_path: Path) -> None:
    """Without symbols, the routes' symbols are fetched in their rules' timeframes, or in those asked for."""
    config = config_of(tmp_path, place.server.url)
    source, keys = planned([], None, config, [])
    assert (source.id, keys) == ("binance", [KEY])
    lengths = [str(key.timeframe) for key in planned([], None, config, ["1m", "1d", "1m"])[1]]
    assert lengths == ["1m", "1d"]


@pytest.mark.parametrize(
    ("symbols", "exchange", "timeframes", "said"),
    [
        (["BTC/USDT"], None, [], "which exchange"),
        ([], "binance", [], "which symbols"),
        (["BTC/USDT"], "binance", ["60"], "'60' is no timeframe"),
    ],
)
def test_what_is_missing_is_asked_for(
    symbols: list[str], exchange: str | None, timeframes: list[str], said: str
) -> None:
    """No exchange, no symbol and a wrong timeframe are told, with what to give."""
    with pytest.raises(InvalidInputError, match=said):
        planned(symbols, exchange, None, timeframes)


STRATEGY = ROOT / "strategies" / "ema_cross.yaml"


def messages(data: str, **given: object) -> Sequence[str]:
    return [message.json() for message in run_backtest(definition_for(STRATEGY, {"data": data, **given})).messages]


def test_a_backtest_on_the_cache_is_the_one_on_the_candles(place: Place) -> None:
    """By symbol, by exchange and symbol, and by file the same messages come; the symbol and tick are the exchange's."""
    place.fetch(hour(0))
    path = place.cache.path(KEY)
    truth = messages("sample", symbol="BTC/USDT", to="2024-04-18T08:00")
    assert len(truth) > 10
    assert messages("BTC/USDT") == messages("binance:BTC/USDT") == messages(str(path)) == truth


def test_finer_candles_are_joined(place: Place) -> None:
    """Of 1h and 15m candles in the cache, 4h candles are made of the 1h ones."""
    place.fetch(hour(0))
    place.fetch(hour(0), hour(10), SeriesKey("binance", "BTC/USDT", Timeframe.parse("15m")))
    result = run_backtest(definition_for(STRATEGY, {"data": "BTC/USDT", "timeframe": "4h"}))
    assert (str(result.bars.timeframe), len(result.bars)) == ("4h", COUNT // 4)


def test_other_symbols_come_from_the_same_exchange(place: Place, tmp_path: Path) -> None:
    """What a rule reads of ETH/USDT is found in the cache; where it is not, the command to fetch it is given."""
    rule = tmp_path / "rule.yaml"
    other = "long: {enter: \"ta.sma(request.security('ETH/USDT', '1h', close), 5) > 0\", exit: 'close < 0'}"
    rule.write_text(f"name: two\nmarket: spot\ntimeframe: 1h\n{other}\norder: {{size: {{percent: 10}}}}\n")
    place.fetch(hour(0), hour(100))
    definition = definition_for(rule, {"data": "BTC/USDT"})
    with pytest.raises(InvalidInputError, match="fetch ETH/USDT --exchange binance --timeframe 1h"):
        run_backtest(definition)
    place.fetch(hour(0), hour(100), SeriesKey("binance", "ETH/USDT", HOUR))
    assert len(run_backtest(definition).messages) == 1


def test_a_run_definition_names_a_symbol(place: Place, tmp_path: Path) -> None:
    """`data: BTC/USDT` is the cache's; a file of that name beside the definition comes first."""
    written = tmp_path / "run.yaml"
    written.write_text(f"strategy: {STRATEGY}\ndata: BTC/USDT\n")
    definition = definition_in(written)
    assert definition is not None
    assert definition.data == "BTC/USDT"
    (tmp_path / "BTC").mkdir()
    (tmp_path / "BTC" / "USDT").write_text("")
    again = definition_in(written)
    assert again is not None
    assert again.data == str(tmp_path / "BTC/USDT")


def test_a_symbol_that_is_not_cached_is_told_with_the_command(place: Place) -> None:
    """Not cached, cached of two exchanges, cached too coarse, cached with a hole: each says what to type."""
    with pytest.raises(InvalidInputError, match="signal-engine fetch BTC/USDT --exchange binance --timeframe 1h"):
        messages("BTC/USDT")
    day = SeriesKey("binance", "BTC/USDT", Timeframe.parse("1d"))
    place.fetch(0, key=day)
    with pytest.raises(InvalidInputError, match="1d candles of it in the cache, and 1h candles cannot be made"):
        messages("BTC/USDT")
    series = place.cache.read(day)
    assert series is not None
    asked = (Stretch(0, hour(24)), Stretch(hour(48), hour(96)))
    place.cache.write(replace(series, asked=asked, whole=False))
    with pytest.raises(InvalidInputError, match="was interrupted, and they have a hole"):
        messages("BTC/USDT", timeframe="1d")
    place.cache.write(replace(series, key=replace(day, exchange="kraken")))
    with pytest.raises(InvalidInputError, match="write binance:BTC/USDT or kraken:BTC/USDT"):
        messages("BTC/USDT", timeframe="1d")
