from __future__ import annotations

import contextlib
import hashlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInputError
from engine.rules import Rule, read_rule, read_rule_file
from engine.rules.single import plan_text
from tests.rules.files import GOOD, errors_of, spoilt
from tests.rules.fuzz import Figures, run
from tests.rules.mutants import CHARACTERS

ENTER = "ta.crossover(fast_ma, slow_ma)"


def taken(text: str, seconds: float = 5.0) -> Rule | InvalidInputError:
    """Read a rule: it is a rule, or it is refused in so many words; and at once."""
    started = time.thread_time()
    result: Rule | InvalidInputError
    try:
        result = read_rule(text, "rule.yaml")
        result.plan()
    except InvalidInputError as error:
        result = error
    assert time.thread_time() - started < seconds
    assert isinstance(result, Rule) or str(result)
    return result


def test_mutants_are_taken_or_refused(tmp_path: Path) -> None:
    """Whatever is done to rule files, expressions, run definitions and configs: taken as written, or refused."""
    figures = Figures()
    run(600, 7, tmp_path, figures)
    assert sum(figures.inputs.values()) == 600
    assert all(figures.taken[kind] and figures.taken[kind] < count for kind, count in figures.inputs.items())


@given(st.text(max_size=200) | st.lists(st.sampled_from(CHARACTERS), max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_random_texts_are_refused(text: str) -> None:
    """No random text is a rule, and none is more than refused."""
    assert isinstance(taken(text), InvalidInputError)


_TOKENS = [
    "close",
    "1",
    "0",
    "2.5",
    "na",
    "true",
    "(",
    ")",
    "[",
    "]",
    ",",
    "?",
    ":",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    "==",
]
_TOKENS += ["and", "or", "not", "ta.ema", "ta.ema(close, 3)", "math.max", ".", "=", "x", "'a'", "ta", "1e308", "5001"]


@given(st.lists(st.sampled_from(_TOKENS), max_size=14).map(" ".join) | st.text(max_size=40))
@settings(max_examples=500, deadline=None)
def test_random_expressions_are_planned_or_refused(text: str) -> None:
    """Whatever tokens follow each other, the outcome is a plan, or an error for the user."""
    with contextlib.suppress(InvalidInputError):
        plan_text(text)


_DEEP = {
    "brackets": spoilt((ENTER, "(" * 5000 + "close > 1")),
    "balanced brackets": spoilt((ENTER, "(" * 200 + "close > 1" + ")" * 200)),
    "signs": spoilt((ENTER, "-" * 9000 + "close > 1")),
    "nots": spoilt((ENTER, "not " * 2000 + "true")),
    "history": spoilt((ENTER, "close" + "[1]" * 3000 + " > 1")),
    "attributes": spoilt((ENTER, "close" + ".a" * 4000 + " > 1")),
    "calls": spoilt((ENTER, "close" + "()" * 4000 + " > 1")),
    "signs and brackets": spoilt((ENTER, ("-" * 60 + "(") * 39 + "1" + ")" * 39 + " > 1")),
    "history and brackets": spoilt((ENTER, "(" * 39 + "close" + ("[1]" * 20 + ")") * 39 + " > 1")),
    "every operator": spoilt((ENTER, "'" + "(true or true and 1 == 2 < 3 + 4 * -(" * 39 + "'")),
    "a sum of 10,000": spoilt((ENTER, "+".join(["a"] * 10_000))),
    "flow lists": "a: " + "[" * 200_000,
    "flow mappings": "{" * 200_000,
    "questions": "? " * 100_000,
    "items": "- " * 100_000,
    "indentation": "\n".join(" " * i + "a:" for i in range(500)),
    "anchors": "a: " + "&a " * 50_000,
    "an endless key": "x" * 250_000 + ": 1",
    "an endless word": spoilt((ENTER, "a" * 9_999)),
    "endless words alike": spoilt(("define:\n", f"define:\n  {'a' * 5000}: 1\n"), (ENTER, "a" * 4999 + "b > 1")),
    "unknown keys": GOOD + "".join(f"k{i}: 1\n" for i in range(20_000)),
    "one key over and over": GOOD + "k: 1\n" * 30_000,
    "unknown names": spoilt(("define:\n", "define:\n" + "".join(f"  v{i}: w{i} + 1\n" for i in range(8000)))),
    "a long circle": spoilt(("define:\n", "define:\n" + "".join(f"  v{i}: v{(i + 1) % 5000}\n" for i in range(5000)))),
    "a file over 256 KiB": GOOD + "#" * 262_144,
}


@pytest.mark.parametrize("what", _DEEP)
def test_what_is_deep_or_endless_is_refused_at_once(what: str) -> None:
    """Depth and length end in an error that fits on a screen, not in a traceback or a wait."""
    refused = taken(_DEEP[what])
    assert isinstance(refused, InvalidInputError)
    assert len(str(refused)) < 51 * 800


_LARGE = {
    "60 doublings": spoilt(
        ("define:\n", "define:\n" + "".join(f"  v{i}: v{i + 1} + v{i + 1}\n" for i in range(60)) + "  v60: close\n"),
        (ENTER, "v0 > 1"),
    ),
    "3,000 names in a row": spoilt(
        ("define:\n", "define:\n" + "".join(f"  v{i}: v{i + 1} + 1\n" for i in range(3000)) + "  v3000: close\n"),
        (ENTER, "v0 > 1"),
    ),
    "a sum of 1,000 terms": spoilt((ENTER, " + ".join(["close"] * 1000) + " > 1")),
    "39 brackets": spoilt((ENTER, "(" * 39 + "close > 1" + ")" * 39)),
    "a mark at the start, Windows line ends": "\ufeff" + GOOD.replace("\n", "\r\n"),
    "a quarter of a megabyte of blank lines": "\n" * 250_000 + GOOD,
}


@pytest.mark.parametrize("what", _LARGE)
def test_what_is_large_and_right_is_read_at_once(what: str) -> None:
    """Large files that are right are rules, and planned within seconds."""
    assert isinstance(taken(_LARGE[what]), Rule)


def test_thousands_of_mistakes_are_counted_not_listed() -> None:
    """Of 12,000 mistakes 50 are shown and the others counted."""
    shown = str(errors_of(spoilt(("define:\n", "define:\n" + "".join(f"  d{i}: 1 +\n" for i in range(12_000))))))
    assert shown.endswith("... and 11950 more")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD.encode("utf-16"), "is UTF-16 text"),
        (GOOD.replace("demo", "démo").encode("latin-1"), r"is not UTF-8 text \(byte 7, line 1\); save it as UTF-8"),
        (b"#" * 300_000, "over 256 KiB"),
        (b"\x00\x01\x02", "not allow: U\\+0000"),
        (b"", "the file is empty"),
    ],
)
def test_files_that_hold_no_text_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Other encodings, endless files and binaries are named as what they are."""
    path = tmp_path / "rule.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=message):
        read_rule_file(path)


@pytest.mark.parametrize("path", ["missing.yaml", ".", "a\0b"])
def test_paths_that_lead_nowhere_are_refused(path: str) -> None:
    """A missing file, a folder and an impossible path are errors for the user."""
    with pytest.raises(InvalidInputError):
        read_rule_file(path)


def test_the_hash_is_of_the_files_bytes(tmp_path: Path) -> None:
    """`sha256` is what `sha256sum` prints, also of a file that begins with a byte order mark."""
    content = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    (tmp_path / "rule.yaml").write_bytes(content)
    assert read_rule_file(tmp_path / "rule.yaml").sha256 == hashlib.sha256(content).hexdigest()
