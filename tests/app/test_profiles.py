"""Connectors with profiles, through the real sender and the config that names them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.app.profiles import check_words, receivers_of
from engine.app.system import read_routes
from engine.config import RunConfig, read_config
from engine.delivery import Outcome, Phase, Success, classify
from engine.errors import InvalidInputError
from tests.servers.receiver import Receiver, reply

ROOT = Path(__file__).resolve().parents[2]
RULE = """\
name: one
market: futures
timeframe: 1h
long: {enter: "close > close[1]", exit: "close < close[1]"}
stop_loss: {percent: 2}
order: {size: {percent: 25}}
"""


def _config(folder: Path, profile: str, **connector: object) -> RunConfig:
    (folder / "rule.yaml").write_text(RULE)
    made = {"name": "my bot", "token": "t0ken", "profile": str(ROOT / "configs" / "profiles" / f"{profile}.yaml")}
    document = {
        "mode": "live",
        "state": "state.db",
        "exchange": {"id": "binanceusdm"},
        "connectors": {"main": made | connector},
        "routes": [{"strategy": "rule.yaml", "symbol": "BTC/USDT:USDT", "connector": "main"}],
    }
    (folder / "config.yaml").write_text(json.dumps(document))
    return read_config(folder / "config.yaml", {})


def test_a_message_goes_out_as_its_profile_says(tmp_path: Path) -> None:
    """The sender writes body and headers by the profile, and its terms know the receiver's own success."""
    with Receiver(reply(204, b"")) as receiver:
        config = _config(tmp_path, "tradingview", url=receiver.url, values={"ticker": "BTCUSDT"})
        known = receivers_of(config.connectors)["main"]
        exchange = known.sender(2.0).post('{"action":"openLong","percent":"25","clientOrderId":"a"}')
    (request,) = receiver.received
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.json()["action"] == "buy"
    assert request.json()["quantity_percent"] == 25
    assert known.terms.success == Success(None)
    assert classify(exchange, known.terms.success) is Outcome.ACKNOWLEDGED


def test_a_message_without_words_never_leaves(tmp_path: Path) -> None:
    """What the receiver cannot be told is refused here: rejected, for good, and nothing was sent."""
    with Receiver() as receiver:
        config = _config(tmp_path, "3commas", url=receiver.url, values={"exchange": "B", "instrument": "C"})
        exchange = receivers_of(config.connectors)["main"].sender(2.0).post('{"action":"cancelAll"}')
        assert receiver.connections == 0
    assert exchange.phase is Phase.REFUSED
    assert classify(exchange) is Outcome.REJECTED
    assert "no 'cancelAll'" in exchange.detail


def test_the_profiles_address_counts_where_none_is_given(tmp_path: Path) -> None:
    """A profile may know where its receiver is; the connector's own address counts more."""
    values = {"exchange": "B", "instrument": "C"}
    config = _config(tmp_path, "3commas", values=values)
    assert receivers_of(config.connectors)["main"].connector.url == "https://api.3commas.io/signal_bots/webhooks"
    config = _config(tmp_path, "3commas", values=values, url="https://example.com/x")
    assert receivers_of(config.connectors)["main"].connector.url == "https://example.com/x"


@pytest.mark.parametrize(
    ("profile", "connector", "told"),
    [
        ("tradingview", {"values": {"ticker": "x"}}, "names no url, so give one here"),
        ("3commas", {"values": {"exchange": "x"}}, "needs 'instrument' under 'values'"),
        ("altrady", {"values": {"exchange": "x", "symbol": "y", "pair": "z"}}, "has no value 'pair'"),
    ],
)
def test_what_a_connector_lacks_is_told(tmp_path: Path, profile: str, connector: dict[str, object], told: str) -> None:
    """Address and values that a profile needs are asked for by the connector's name."""
    with pytest.raises(InvalidInputError, match="connector 'main'.*" + told):
        receivers_of(_config(tmp_path, profile, **connector).connectors)


def test_a_rule_that_its_receiver_cannot_be_told_is_refused_before_it_runs(tmp_path: Path) -> None:
    """A size in percent and a stop-loss have no words in this profile: said at the start, not at the first entry."""
    config = _config(tmp_path, "3commas", values={"exchange": "B", "instrument": "C"})
    with pytest.raises(InvalidInputError) as error:
        check_words(config, read_routes(config))
    assert "connector 'main', openLong: " in str(error.value)
    assert "percent" in str(error.value)
    assert "loss" in str(error.value)
    good = _config(tmp_path, "crypto-arsenal")
    check_words(good, read_routes(good))


def test_the_connectors_own_word_on_duplicates_counts(tmp_path: Path) -> None:
    """What the connector says beats what the profile says, also where it says no."""
    config = _config(tmp_path, "crypto-arsenal", deduplicates=True)
    assert receivers_of(config.connectors)["main"].terms.deduplicates
    assert not receivers_of(_config(tmp_path, "crypto-arsenal").connectors)["main"].terms.deduplicates
