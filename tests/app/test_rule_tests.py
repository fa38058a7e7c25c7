"""Tests in rule files: what they play, what they compare, and what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.app.rule_tests import Outcome, run_rule_tests
from engine.errors import InvalidDocumentError, InvalidInputError
from engine.rules import read_rule
from tests.backtest.test_run_definitions import ROOT

STRATEGIES = sorted((ROOT / "strategies").glob("*.yaml"))
RULE = """\
name: demo
market: {market}
timeframe: {timeframe}
params: {{n: {{default: 3, min: 2, max: 50}}}}
long: {{enter: "{enter}", exit: "{exit}"}}
take_profit: {{percent: 4}}
order: {{size: {{percent: 25}}}}
tests:
"""


class Folder:
    """A folder with one rule file, whose tests are given as YAML."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "rule.yaml"

    def write(self, tests: str, **parts: str) -> Path:
        usual = {
            "market": "futures",
            "timeframe": "1h",
            "enter": "ta.crossover(close, ta.sma(close, n))",
            "exit": "ta.crossunder(close, ta.sma(close, n))",
        }
        self.path.write_text(RULE.format(**{**usual, **parts}) + tests)
        return self.path

    def run(self, tests: str, **parts: str) -> list[Outcome]:
        return run_rule_tests(self.write(tests, **parts))

    def one(self, candles: str, expect: str = "[]", more: str = "", **parts: str) -> Outcome:
        """Run one test on these candles."""
        (outcome,) = self.run(f"  - name: it\n    {candles}\n    expect: {expect}\n{more}", **parts)
        return outcome


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def sent(outcome: Outcome) -> list[tuple[int, str]]:
    return [(pair.sent.bar, str(pair.sent.fields["action"])) for pair in outcome.pairs if pair.sent]


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_every_shipped_strategy_passes_its_tests(path: Path) -> None:
    """Each has two tests or more, one of them expects messages and one of them shows when nothing is sent."""
    outcomes = run_rule_tests(path)
    assert [(outcome.name, outcome.pairs, outcome.error) for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) >= 2
    expectations = [test.expect for test in read_rule(path.read_text(), path.name).file.tests]
    assert any(expectations)
    assert [] in expectations


def test_the_rule_is_warm_when_the_first_candle_closes(folder: Folder) -> None:
    """However long the warm-up, the quiet candles before the first one cover it, and bar 0 may already send."""
    outcome = folder.one("closes: [100, 102]", "[{bar: 0, action: openLong}]", enter="ta.ema(close, 200) > 0")
    assert outcome.passed, outcome
    outcome = folder.one("closes: [102]", "[{bar: 0, action: openLong}]", more="    before: {value: 100}\n")
    assert outcome.passed, outcome


def test_the_market_before_is_flat_at_the_first_price_unless_it_is_said_to_swing(folder: Folder) -> None:
    """The candle before the first one closed at its close (or open); with a swing, above and below it by turns."""
    at_the_price = {"enter": "close[1] == 100 and close[2] == 100", "exit": "false"}
    for candles in ("closes: {value: 100}", "candles: [[100, 101, 99, 100.5]]"):
        assert sent(folder.one(candles, **at_the_price)) == [(0, "openLong")]
    swings = {"enter": "math.abs(close[1] - close[2]) == 2", "exit": "false"}
    assert sent(folder.one("closes: [100]", more="    before: {swing_percent: 1}\n", **swings)) == [(0, "openLong")]


def test_a_test_plays_with_its_own_parameters_prices_and_volume(folder: Folder) -> None:
    """Parameters, wicks, volume and start are those of the test."""
    more = "    params: {n: 7}\n    wick_percent: 1\n    volume: 12\n    start: 2024-03-01T06:00\n"
    enter = "n == 7 and high == 101 and low == 99 and volume == 12 and time == 1709272800000"
    outcome = folder.one("closes: [100]", "[{at: 2024-03-01T06:00, action: openLong}]", more, enter=enter)
    assert outcome.passed, outcome
    listed = folder.one("candles: [[100, 103, 98, 102, 5]]", enter="open == 100 and low == 98 and volume == 5")
    assert sent(listed) == [(0, "openLong")]


@pytest.mark.parametrize(
    ("price", "tick", "profit"),
    [
        ("100", "", "104"),
        ("0.00123", "", "0.00128"),
        ("100", "    tick: 0.5\n", "104"),
        ("101", "    tick: 0.5\n", "105"),
    ],
)
def test_prices_are_rounded_to_the_tick(folder: Folder, price: str, tick: str, profit: str) -> None:
    """The price step is 0.01 or as fine as the prices are written, and else what the test says."""
    outcome = folder.one(f"closes: [{price}]", f"[{{action: openLong, profit: '{profit}'}}]", tick, enter="close > 0")
    assert outcome.passed, outcome


def test_digits_count_as_they_are_written(folder: Folder) -> None:
    """`104.0` is not met by 104.04, which `104` is; both would be the same number once read."""
    for written, passes in (("104", True), ("104.0", True), ("104.00", False), ("104.04", True)):
        outcome = folder.one("closes: [100.04]", f"[{{action: openLong, profit: {written}}}]", enter="close > 0")
        assert outcome.passed is passes, written


def test_months_and_weeks(folder: Folder) -> None:
    """Tests run on every timeframe, those of the calendar too."""
    for timeframe in ("1M", "1w", "1m"):
        assert sent(folder.one("closes: [100]", enter="close > 0", timeframe=timeframe)) == [(0, "openLong")]
    far = folder.one("closes: [100]", enter="ta.sma(close, 50) > 0", timeframe="1000M")
    assert "reach beyond the calendar" in far.error


def test_what_is_different_is_named(folder: Folder) -> None:
    """A wrong number, a wrong candle, a missing and an unexpected message each fail the test, by name."""
    closes = "closes: [100, {to: 90, bars: 5}, {to: 92, bars: 5}, 80]"
    good = "[{bar: 7, action: openLong, percent: 25}, {bar: 11, action: closeLong}]"
    assert folder.one(closes, good).passed
    for old, new, verdict in (
        ("percent: 25", "percent: 26", ("percent",)),
        ("bar: 7", "bar: 6", ("bar",)),
        ("bar: 7, action: openLong", "bar: 7, action: openShort", ("action",)),
        (", {bar: 11, action: closeLong}", "", "unexpected"),
        ("[{", "[{action: closeShort}, {", "missing"),
    ):
        outcome = folder.one(closes, good.replace(old, new))
        (pair,) = [pair for pair in outcome.pairs if not pair.good]
        assert not outcome.passed
        assert verdict == (pair.different or ("missing" if pair.sent is None else "unexpected"))


def test_a_refused_entry_is_told(folder: Folder) -> None:
    """An entry whose size is not valid sends nothing; the outcome says on which candle, and why."""
    path = folder.write("  - {name: it, closes: [100, 100], expect: [openLong]}\n", enter="close > 0")
    path.write_text(path.read_text().replace("size: {percent: 25}", "size: {fixed: 1 - volume}"))
    (outcome,) = run_rule_tests(path)
    assert outcome.refused == {0: "refused: no valid size", 1: "refused: no valid size"}


def write_csv(path: Path, closes: list[float], minutes: int = 60) -> None:
    rows = [f"{1_704_067_200 + i * minutes * 60},{c},{c + 1},{c - 1},{c},1" for i, c in enumerate(closes)]
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(rows) + "\n")


def test_a_csv_beside_the_rule_file(folder: Folder) -> None:
    """Candles of a CSV are as they are: candle 0 is its first, and finer ones are joined."""
    closes = [100.0] * 5 + [101.0, 90.0]
    expect = "[{bar: 5, action: openLong, profit: 105}, {at: 2024-01-01T06:00, action: closeLong}]"
    write_csv(folder.path.parent / "dip.csv", closes)
    assert folder.one("candles: dip.csv", expect).passed
    write_csv(folder.path.parent / "fine.csv", [c for c in closes for _ in range(4)], minutes=15)
    outcome = folder.one("candles: fine.csv", expect)
    assert outcome.passed, outcome
    write_csv(folder.path.parent / "coarse.csv", closes, minutes=240)
    coarse = folder.one("candles: coarse.csv", expect).error
    assert coarse.startswith(f"{folder.path}:10:14: coarse.csv holds 4h candles, of which no 1h candles can be made")


def test_longer_timeframes_are_warm_too(folder: Folder) -> None:
    """What the rule looks at on longer candles is warm when the first candle closes, made of its own or not."""
    for enter in (
        "close > request.security('', '4h', ta.ema(close, 50)) - 1",
        "close > request.security('', '1M', ta.sma(close, 9)) - 1",
    ):
        assert sent(folder.one("closes: [100]", enter=enter)) == [(0, "openLong")]


def test_candles_of_other_symbols(folder: Folder) -> None:
    """Another symbol's candles are made beside the test's own, or read from a CSV; without them it is an error."""
    enter = "request.security('ETH/USDT', '1h', ta.sma(close, 3)) > 51"
    closes, feeds = "closes: {value: 100, bars: 4}", "    feeds: {ETH/USDT: [50, 52, 54, 56]}\n"
    expect = "[{bar: 2, action: openLong, profit: 104}]"
    assert folder.one(closes, expect, feeds, enter=enter).passed
    write_csv(folder.path.parent / "own.csv", [100.0] * 9)
    write_csv(folder.path.parent / "eth.csv", [50.0] * 5 + [52.0, 54.0, 56.0, 58.0])
    feeds = "    feeds: {ETH/USDT: eth.csv}\n"
    outcome = folder.one("candles: own.csv", "[{bar: 6, action: openLong}]", feeds, enter=enter)
    assert outcome.passed, outcome
    assert "candles of ETH/USDT" in folder.one(closes, enter=enter).error


def test_what_cannot_be_run_is_an_error_at_its_place(folder: Folder) -> None:
    """Too few candles, a missing file, a moment without a candle: each at file:line:column; other tests still run."""
    write_csv(folder.path.parent / "short.csv", [100.0] * 3)
    outcomes = folder.run(
        "  - {name: short, candles: short.csv, expect: []}\n"
        "  - {name: gone, candles: gone.csv, expect: []}\n"
        "  - {name: never, closes: [100], expect: [{at: 2024-01-01T05:00, action: openLong}]}\n"
        "  - {name: small, closes: [1, 0.00000000001], expect: []}\n"
        "  - {name: good, closes: [100], expect: []}\n"
    )
    starts = [f"{folder.path}:{place}: " for place in ("9:28", "10:27", "11:48", "12:19")]
    for outcome, start in zip(outcomes, starts, strict=False):
        assert outcome.error.startswith(start)
        assert not outcome.passed
    assert "short.csv holds 3 1h candles; to be warm, the rule needs 3 before it trades" in outcomes[0].error
    assert "give 4 or more" in outcomes[0].error
    assert "gone.csv: cannot be read" in outcomes[1].error
    assert "no candle of this test opens then" in outcomes[2].error
    assert outcomes[4].passed


def test_params_that_make_no_sense_are_an_error_of_that_test(folder: Folder) -> None:
    """A value within its range with which an expression is wrong shows the expression's own error."""
    outcome = folder.one("closes: [100]", more="    params: {n: 2.5}\n")
    assert f"{folder.path}:5:" in outcome.error


MISTAKES = [
    ("{name: it, expect: []}", "9:5", "a test needs candles: give either 'closes' or 'candles'"),
    ("{name: it, closes: [1], candles: a.csv, expect: []}", "9:5", "give either 'closes' or 'candles'"),
    ("{name: it, closes: [1]}", "9:5", "'expect' is missing"),
    ("{name: it, closes: [1], expect: none}", "9:37", "tests.0.expect: expected a list, not the text 'none'"),
    ("{name: it, closes: {to: 3}, expect: []}", "9:16", "no close before it to start from"),
    ("{name: it, closes: {valu: 3}, expect: []}", "9:25", "unknown key 'valu'"),
    ("{name: it, closes: [1, x], expect: []}", "9:28", "expected a price, or a piece such as"),
    ("{name: it, closes: {value: 1, bars: 200000}, expect: []}", "9:41", "must be 100000 or less, not 200000"),
    ("{name: it, closes: {value: 1, bars: 1.5}, expect: []}", "9:41", "expected a whole number"),
    ("{name: it, closes: [{value: 1, bars: 99999}, 1, 1], expect: []}", "9:16", "the most is 100000"),
    ("{name: it, candles: [[1, 2, 3]], expect: []}", "9:26", "expected [open, high, low, close]"),
    ("{name: it, candles: [[1, 2, 3, 4]], expect: []}", "9:26", "is no candle"),
    ("{name: it, candles: 5, expect: []}", "9:25", "expected the path of a CSV, or a list"),
    ("{name: it, candles: a.csv, volume: 3, expect: []}", "9:40", "'volume' is for made candles"),
    ("{name: it, closes: [1.3], tick: 0.5, expect: []}", "9:25", "1.3 does not stand on the tick of 0.5"),
    ("{name: it, closes: [1], params: {m: 1}, expect: []}", "9:41", "unknown parameter 'm'; "),
    ("{name: it, closes: [1], params: {n: 99}, expect: []}", "9:41", "n=99: the rule file takes 2 or more, 50 or less"),
    ("{name: it, closes: [1], expect: [buy]}", "9:38", "a futures rule never sends 'buy'; it sends openLong"),
    ("{name: it, closes: [1], expect: [openLng]}", "9:38", "did you mean 'openLong'?"),
    ("{name: it, closes: [1], expect: [{bar: 1, action: openLong}]}", "9:44", "there is no candle 1; the last"),
    ("{name: it, closes: [1, 2], expect: [{bar: 1, action: openLong}, {bar: 0, action: closeLong}]}", "9:75", "order"),
    ("{name: it, closes: [1], expect: [{bar: 0, at: 2024-01-01, action: openLong}]}", "9:38", "either bar or at"),
    ("{name: it, closes: [1], expect: [{action: openLong, profit: ten}]}", "9:65", "'ten' is not a number"),
    ("{name: it, closes: [1], start: 2024-01-01T00:30, expect: []}", "9:36", "no 1h candle opens then"),
    ("{name: it, closes: [1], start: soon, expect: []}", "9:36", "'soon' is no date"),
    ("{name: it, closes: [1], start: 0001-01-01, expect: []}", "9:36", "not between 1970 and 2100"),
    ("{name: it, closes: [1], feeds: {ETH/USDT: {to: 3}}, expect: []}", "9:37", "no close before it to start from"),
    ("{name: it, candles: a.csv, feeds: {ETH/USDT: [3]}, expect: []}", "9:40", "give the path of another"),
    ("{name: it, closes: [1], volume: , expect: []}", "9:37", "nothing stands here"),
    ("{name: it, closes: [1], expect: []}\n  - {name: it, closes: [1], expect: []}", "10:12", "is called 'it'"),
]


@pytest.mark.parametrize(("test", "place", "said"), MISTAKES, ids=[said for _, _, said in MISTAKES])
def test_mistakes_are_shown_at_their_place(folder: Folder, test: str, place: str, said: str) -> None:
    """What is wrong in `tests` is told by file:line:column as all mistakes of rule files, and before anything runs."""
    with pytest.raises(InvalidDocumentError) as refused:
        folder.run(f"  - {test}\n")
    (problem,) = str(refused.value).split("\n" + str(folder.path))
    assert problem.startswith(f"{folder.path}:{place}: "), problem
    assert said in problem


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 400)
    | st.floats()
    | st.sampled_from(["openLong", "x.csv", "", "1e400"]),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(st.sampled_from(["value", "to", "bars", "action", "bar", "at", "n", "swing_percent"]), below)
    ),
    max_leaves=8,
)
PIECES = st.lists(st.fixed_dictionaries({"value": st.floats(1e-9, 1e15)}, optional={"bars": st.integers(1, 50)}))
KEYS = ("closes", "candles", "before", "start", "wick_percent", "volume", "tick", "lot", "params", "expect")


@settings(max_examples=60, deadline=None)
@given(
    closes=st.just([100]) | PIECES | JSON,
    expect=st.just([]) | JSON,
    more=st.dictionaries(st.sampled_from(KEYS[2:-1]), st.floats(0, 1e15) | JSON, max_size=2),
)
def test_no_test_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, closes: object, expect: object, more: dict[str, object]
) -> None:
    """Whatever stands in a test, it is refused in words, or it runs."""
    test = {"name": "it", "closes": closes, "expect": expect, **more}
    folder = Folder(tmp_path_factory.getbasetemp())
    try:
        outcomes = folder.run(f"  - {json.dumps(test)}\n".replace("Infinity", ".inf").replace("NaN", ".nan"))
    except InvalidInputError:
        return
    with np.errstate(all="raise"):
        assert len(outcomes) == 1
