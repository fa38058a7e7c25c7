"""pandas-ta's catalogue: what may be called, what is refused, and what comes out."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping

import numpy as np
import pytest

from engine.errors import InvalidExpressionError, InvalidInputError
from engine.indicators.catalogue import CatalogueCall, catalogue_names, parameters_of, short_names
from engine.indicators.verdict import Run, judge
from engine.market.bars import Column
from engine.rules.single import plan_text
from tests.indicators.kernels import walk


def _values(expression: str, count: int = 300) -> Column:
    return plan_text(expression).evaluate(walk(count))["value"]


def _refused(expression: str) -> str:
    with pytest.raises(InvalidExpressionError) as caught:
        plan_text(expression)
    return str(caught.value)


def test_willr_by_its_definition() -> None:
    """pandas_ta.willr(length=14) is -100 * (highest high - close) / (highest high - lowest low) of 14 bars."""
    bars, values = walk(300), _values("pandas_ta.willr(length=14)")
    for i in (13, 100, 299):
        high, low = bars.high[i - 13 : i + 1].max(), bars.low[i - 13 : i + 1].min()
        assert values[i] == pytest.approx(-100 * (high - bars.close[i]) / (high - low), rel=1e-9)
    assert np.isnan(values[:13]).all()
    assert values.dtype == np.float64


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pandas_ta.bbands(length=20)", "pandas_ta.bbands(close, length=20).BBL"),
        ("pandas_ta.bbands(close, 20).BBU", "pandas_ta.bbands(length=20, std=2.0).BBU_20_2_0"),
        ("pandas_ta.sma(hl2, 10)", "pandas_ta.sma(close=(high + low) / 2, length=10)"),
        ("pandas_ta.hlc3()", "hlc3"),
        ("pandas_ta.sma(length=9)", "ta.sma(close, 9)"),
        ("pandas_ta.sma(ta.ema(close, 5), length=9)", "ta.sma(ta.ema(close, 5), 9)"),
        ("pandas_ta.bop()", "pandas_ta.bop(open, high, low, close)"),
    ],
)
def test_equal_ways_to_write_a_call(one: str, other: str) -> None:
    """Columns come from the candles unless given; outputs are picked by prefix or whole name, the first by default."""
    np.testing.assert_allclose(_values(one), _values(other), rtol=1e-9, equal_nan=True)


def test_a_prefix_is_the_words_of_an_outputs_name() -> None:
    """.SQZ picks the momentum although SQZ_ON and SQZ_OFF begin with it, and .SQZ_ON is 1 or 0."""
    assert short_names("SQZ_20_2.0_20_1.5") == ("SQZ_20_2_0_20_1_5", "SQZ", "SQZ")
    momentum, on = _values("pandas_ta.squeeze(bb_length=20).SQZ"), _values("pandas_ta.squeeze(bb_length=20).SQZ_ON")
    assert len(np.unique(momentum[~np.isnan(momentum)])) > 100
    assert set(np.unique(on)) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("pandas_ta.wilr(length=14)", ["unknown function 'pandas_ta.wilr'", "did you mean 'willr'"]),
        ("pandas_ta.willr(lenght=14)", ["unknown argument 'lenght'", "did you mean 'length'"]),
        ("pandas_ta.willr(talib=true)", ["unknown argument 'talib'"]),
        ("pandas_ta.willr(14)", ["'high' takes a series"]),
        ("pandas_ta.willr(length=14.5)", ["'length' takes a whole number"]),
        ("pandas_ta.willr(length=close)", ["'length' takes a whole number"]),
        ("pandas_ta.willr(length=0)", ["ignores 'length=0'"]),
        ("pandas_ta.willr(length=-3)", ["ignores 'length=-3'"]),
        ("pandas_ta.dpo(centered=1)", ["a condition is needed here"]),
        ("pandas_ta.bbands(mamode=ema)", ["'mamode' takes a text in quotes"]),
        ('pandas_ta.bbands(mamode="emaa")', ["'mamode' knows no 'emaa'", "did you mean 'ema'"]),
        ('pandas_ta.willr(length="14")', ["'length' takes a whole number"]),
        ("pandas_ta.tos_stdevall(stds=2)", ["'stds' takes what an expression cannot give"]),
        ("pandas_ta.bbands().BBX", ["no output 'BBX'", ".BBL, .BBM, .BBU"]),
        ("pandas_ta.thermo().THERMO_2", ["no output 'THERMO_2'", ".THERMOma"]),
        ("pandas_ta.amat().AMATe", ["'AMATe' could be several outputs", ".AMATe_LR, .AMATe_SR"]),
        ("pandas_ta.ma()", ["gives no columns"]),
        ("pandas_ta.beta()", ["gives nothing", "benchmark"]),
        ("pandas_ta.xsignals(close, xb=20)", ["'xa' is missing"]),
    ],
)
def test_what_is_wrong_with_a_call(expression: str, words: list[str]) -> None:
    """A call that pandas-ta would swallow is an error that says what was probably meant."""
    message = _refused(expression)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    "expression",
    [
        "pandas_ta.dpo()",
        "pandas_ta.ichimoku().ICS",
        "pandas_ta.tos_stdevall()",
        "pandas_ta.sma(length=10, offset=-1)",
    ],
)
def test_looking_ahead_is_refused(expression: str) -> None:
    """A value that later bars change is found by cutting them off."""
    assert "it looks ahead" in _refused(expression)


@pytest.mark.parametrize("expression", ["pandas_ta.dpo(centered=false)", "pandas_ta.ichimoku().ISB"])
def test_the_honest_siblings_are_allowed(expression: str) -> None:
    """The outputs beside one that looks ahead, and dpo not centred, can be used."""
    assert not np.isnan(_values(expression)[-1])


@pytest.mark.parametrize("name", ["obv", "ad", "pvt", "drawdown"])
def test_sums_without_end_are_refused(name: str) -> None:
    """What depends on where the candles begin is refused, since live and backtest would differ."""
    assert "depends on where the candles begin" in _refused(f"pandas_ta.{name}()")


def test_a_profile_of_all_bars_is_refused() -> None:
    """vp gives no value a bar, and is refused for that."""
    assert "gives no values" in _refused("pandas_ta.vp()")


@pytest.mark.parametrize(
    ("expression", "bars"),
    [("pandas_ta.willr(length=14)", 13), ("pandas_ta.mom(length=10)", 10), ("pandas_ta.hlc3()", 0)],
)
def test_the_memory_of_a_window_is_its_length(expression: str, bars: int) -> None:
    """Windows are measured exactly."""
    assert plan_text(expression).warmup == bars


def test_what_the_slowest_call_is() -> None:
    """A plan names the call of the catalogue that its warm-up comes from."""
    assert plan_text("pandas_ta.rsi(length=30) > ta.sma(close, 9)").slowest_call == "pandas_ta.rsi(length=30)"


@pytest.mark.parametrize("count", [0, 1, 2, 5, 13])
@pytest.mark.parametrize("expression", ["pandas_ta.willr(length=14)", "pandas_ta.macd().MACDs", "pandas_ta.psar()"])
def test_too_few_bars_give_na(expression: str, count: int) -> None:
    """On fewer bars than its memory a call gives as many values, na or not, and no error."""
    assert _values(expression, count).shape == (count,)


def test_na_at_the_start_of_an_argument_only_delays() -> None:
    """An indicator of an indicator begins where its argument does."""
    values = _values("pandas_ta.ema(ta.sma(close, 50), length=10)")
    assert np.flatnonzero(~np.isnan(values))[0] == 49 + 9


def test_outputs_of_one_call_are_computed_once() -> None:
    """Two outputs of the same call share its node, also through an equal call."""
    plan = plan_text("pandas_ta.bbands(length=20).BBU - pandas_ta.bbands(close, 20).BBL")
    assert sum(type(node).__name__ == "CatalogueNode" for node in plan.nodes) == 1


def test_pandas_tas_own_words_reach_the_user() -> None:
    """What pandas-ta raises becomes an error that names the call."""
    bars = walk(100)
    broken = CatalogueCall("rsi", ("close",), (("length", "x"),))
    with pytest.raises(InvalidInputError, match=r'pandas_ta\.rsi\(length="x"\) failed on 100 bars: \w+Error: '):
        broken.run(bars.time, {"close": bars.close})


def test_every_name_has_a_signature_that_can_be_read() -> None:
    """Each of the catalogue's parameters is understood: at most two take what the language has no word for."""
    strange = {(n, p.name) for n in catalogue_names() for p in parameters_of(n) if p.takes.name == "NOTHING"}
    assert len(catalogue_names()) > 150
    assert len(strange) <= 2, strange


def test_planning_is_fast() -> None:
    """A distinct call is judged in under a second, and an equal one at once."""
    plan_text("pandas_ta.hlc3()")
    start = time.perf_counter()
    plan_text("pandas_ta.rsi(length=21)")
    first = time.perf_counter() - start
    start = time.perf_counter()
    plan_text("pandas_ta.rsi(length=21)")
    assert first < 1
    assert time.perf_counter() - start < 0.05


def test_pandas_is_loaded_only_by_what_uses_it() -> None:
    """Importing the rules loads neither pandas nor pandas-ta."""
    code = "import sys, engine.rules; sys.exit('pandas' in sys.modules or 'pandas_ta_classic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def _sample(function: str) -> Run:
    source = np.random.default_rng(1).normal(0, 1, 10_000)

    def run(start: int, stop: int) -> Mapping[str, Column]:
        part = source[start:stop]
        if function == "peek":
            return {"x": np.append(part[1:], np.nan)}
        if function == "sum":
            return {"x": np.cumsum(part)}
        if function == "still":
            return {"x": np.zeros_like(part)}
        return {"x": part * 2}

    return run


@pytest.mark.parametrize(
    ("function", "words"), [("peek", "looks ahead"), ("sum", "where the candles begin"), ("still", "never changes")]
)
def test_verdicts(function: str, words: str) -> None:
    """A peek of one bar, an endless sum, and what cannot be judged are told apart."""
    run = _sample(function)
    assert (
        words
        in judge(
            lambda size: lambda a, b: {"x": run(0, size)["x"][a:b]} if function == "still" else run(a, b), "x"
        ).refusal
    )


def test_a_verdict_on_what_only_reads_its_own_bar() -> None:
    """What needs no other bar has a memory of 0."""
    verdict = judge(lambda size: _sample("double"), "x")
    assert (verdict.memory, verdict.refusal) == (0, "")
