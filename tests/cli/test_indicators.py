"""`signal-engine indicators`: the list, the page of each, and what is drawn."""

from __future__ import annotations

import json

import pytest

from engine.app.indicators import SHOWN, entries, page
from engine.cli.indicators import sparkline
from engine.errors import InvalidInputError
from engine.indicators import TA
from engine.indicators.catalogue import catalogue_names
from tests.cli.program import signal_engine
from tests.rules.files import rule_with


def test_the_list_has_every_indicator() -> None:
    """As JSON the list has all of Pine's and all of pandas-ta's, with signature, outputs, memory and source."""
    ran = signal_engine("indicators", "--json")
    assert ran.returncode == 0, ran.stderr
    listed = {entry["name"]: entry for entry in json.loads(ran.stdout)["indicators"]}
    assert set(listed) == {f"ta.{name}" for name in TA} | {f"pandas_ta.{name}" for name in catalogue_names()}
    assert listed["ta.rsi"] == {
        "name": "ta.rsi",
        "signature": "ta.rsi(source, length)",
        "outputs": ["value"],
        "memory": "decay: 387 bars until its beginning is forgotten",
        "source": "Pine",
    }
    assert all(entry["memory"] for entry in listed.values())


def test_the_table_shows_what_the_list_holds() -> None:
    """The table for people names each indicator at the start of a line."""
    ran = signal_engine("indicators")
    names = {line.split()[0] for line in ran.stdout.splitlines() if line.strip()}
    assert {entry.name for entry in entries()} <= names


@pytest.mark.parametrize("name", sorted(TA))
def test_every_page_has_an_example_that_works(name: str) -> None:
    """Each of Pine's has a text, a sparkline an output, and a rule line that a rule file takes."""
    found = page(name)
    assert found.about
    assert [output.name for output in found.outputs] == list(TA[name].outputs)
    assert all(len(output.values) == SHOWN for output in found.outputs)
    assert any(value == value for output in found.outputs for value in output.values)  # noqa: PLR0124 - some are known
    assert rule_with(found.rule).plan()


@pytest.mark.parametrize(
    ("name", "memory"),
    [
        ("sma", "window: 13 bars before"),
        ("tr", "window: 1 bar before"),
        ("iii", "none: the bar itself"),
        ("vwap", "days: 23 bars of 1h"),
        ("supertrend", "decay: "),
        ("obv", "endless: a running total"),
        ("nvi", "endless: a running product"),
        ("barssince", "endless: it looks back to the last event"),
    ],
)
def test_memory_is_said_in_words(name: str, memory: str) -> None:
    """The words tell a window from what fades, from a day, and from what has no end."""
    assert page(name).outputs[0].memory.startswith(memory)


def test_a_page_as_people_read_it() -> None:
    """Signature, text, defaults, example, rule and memory stand above one line for each output."""
    ran = signal_engine("indicators", "vwap")
    assert ran.returncode == 0, ran.stderr
    lines = [line.split(maxsplit=1) for line in ran.stdout.splitlines() if line.strip()]
    assert lines[0] == ["ta.vwap(source=hlc3,", "anchor=session.isfirstbar, stdev_mult=1)"]
    heads = [line[0] for line in lines]
    assert heads[-8:] == ["stdev_mult", "source", "example", "rule", "memory", "value", "upper", "lower"]
    assert lines[-5:-3] == [["rule", "enter: close > ta.vwap"], ["memory", "days: 23 bars of 1h"]]
    assert sum(line[1].count("█") > 0 for line in lines[-3:]) == 3


def test_a_page_of_pandas_ta_says_what_is_refused() -> None:
    """Outputs that can be used are drawn, the others say why not; the example picks one that can be."""
    found = page("pandas_ta.ichimoku")
    refused = {output.name: output.refused for output in found.outputs}
    assert "it looks ahead" in refused["ICS"]
    assert not refused["ISA"]
    assert found.signature.startswith("pandas_ta.ichimoku(high, low, close, tenkan")
    assert rule_with(found.rule).plan()
    ran = signal_engine("indicators", "pandas_ta.dpo", "--json")
    document = json.loads(ran.stdout)
    assert "it looks ahead" in document["outputs"][0]["refused"]
    assert document["rule"] == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [("rssi", "rsi"), ("ta.suprtrend", "ta.supertrend"), ("squeeze", "pandas_ta.squeeze"), ("OBV", "obv")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, meant: str) -> None:
    """A name that does not exist is refused with what was probably meant."""
    with pytest.raises(InvalidInputError, match=f"no indicator '{name}'; did you mean '{meant}'"):
        page(name)


def test_an_unknown_name_ends_with_1() -> None:
    """The program prints one line, without a traceback, and ends with 1."""
    ran = signal_engine("indicators", "pandas_ta.squeze")
    assert ran.returncode == 1
    assert ran.stderr == "there is no indicator 'pandas_ta.squeze'; did you mean 'pandas_ta.squeeze'?\n"


def test_a_sparkline() -> None:
    """The lowest is the lowest block, the highest the highest, na a space, and what stands still is in the middle."""
    assert sparkline([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) == "▁▂▃▄▅▆▇█"
    assert sparkline([float("nan"), 5.0, 5.0]) == " ▅▅"
    assert sparkline([float("nan")]) == " "
