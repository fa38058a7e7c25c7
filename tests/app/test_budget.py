"""An exchange that would be asked too often is refused before anything starts; ccxt's own costs decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.adapters.clocks import SystemClock
from engine.adapters.markets import markets_of
from engine.app.budget import check_budget, shares
from engine.app.system import read_routes
from engine.config import read_config
from engine.errors import InvalidDocumentError, RefusedError
from tests.live.test_engine import RULE


def config(folder: Path, routes: int, timeframe: str = "1m", extra: str = "", exchange: str = "") -> Path:
    (folder / "rule.yaml").write_text(RULE.replace("timeframe: 1h", f"timeframe: {timeframe}"))
    lines = ["mode: paper", "state: state.db", "exchange: {id: binanceusdm}", extra, "connectors:"]
    lines += [f"  c{n}: {{url: 'http://127.0.0.1:1/', name: c{n}, token: abcdefgh}}" for n in range(routes)]
    lines += ["routes:"]
    lines += [
        f"  - {{strategy: rule.yaml, symbol: 'S{n}/USDT:USDT', connector: c{n}{exchange}}}" for n in range(routes)
    ]
    file = folder / "config.yaml"
    file.write_text("\n".join(lines))
    return file


def share(file: Path) -> dict[str, float]:
    read = read_config(file, {})
    specs = read_routes(read)
    return shares(read, specs, markets_of(read, SystemClock()))


def test_the_share_grows_with_routes_and_shrinks_with_longer_candles(tmp_path: Path) -> None:
    """Twice the routes need twice as much, candles five times as long a fifth."""
    one, two = share(config(tmp_path, 20))["binanceusdm"], share(config(tmp_path, 40))["binanceusdm"]
    assert 0.001 < one < 0.25
    assert two == pytest.approx(2 * one)
    assert share(config(tmp_path, 20, "5m"))["binanceusdm"] == pytest.approx(one / 5)


def test_over_a_quarter_is_refused(tmp_path: Path) -> None:
    """Hundreds of routes on minutes are refused, naming the exchange, the share and what to do."""
    read = read_config(config(tmp_path, 300), {})
    with pytest.raises(RefusedError, match=r"binanceusdm: its routes need \d+% of the requests .* 25% are the most"):
        check_budget(read, read_routes(read), markets_of(read, SystemClock()))


def test_each_exchange_has_its_own_budget(tmp_path: Path) -> None:
    """Routes that name another exchange are counted there."""
    extra = "exchanges: {cb: {id: coinbaseexchange}}"
    found = share(config(tmp_path, 20, extra=extra, exchange=", exchange: cb"))
    assert found["binanceusdm"] == 0
    assert found["coinbaseexchange"] > 0


@pytest.mark.parametrize(
    ("extra", "exchange", "said"),
    [
        ("exchanges: {cb: {id: binanceusdm}}", "", "one exchange has one budget"),
        ("exchanges: {cb: {id: kraken}}", ", exchange: xy", "no exchange 'xy' under 'exchanges'; there is cb"),
    ],
)
def test_exchanges_that_do_not_fit_are_refused_with_their_place(
    tmp_path: Path, extra: str, exchange: str, said: str
) -> None:
    """The config names the line of a second budget for one exchange, and of an exchange that is not there."""
    with pytest.raises(InvalidDocumentError, match=said):
        read_config(config(tmp_path, 1, extra=extra, exchange=exchange), {})
