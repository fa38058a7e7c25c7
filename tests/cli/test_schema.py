from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.app.schema import SCHEMAS, schema_of
from engine.cli.main import app
from engine.documents import Source, parse_on
from tests.cli.json_schema import faults
from tests.cli.program import ROOT
from tests.docs.test_readme import README, blocks
from tests.rules.files import EVERYTHING

RULES = [*sorted((ROOT / "strategies").glob("*.yaml")), *sorted((ROOT / "backtests" / "tradingview").glob("*.yaml"))]
SHIPPED = [
    *((path, "rule") for path in RULES),
    *((path, "config") for path in sorted((ROOT / "configs").glob("*.yaml"))),
    *((path, "backtest") for path in sorted((ROOT / "backtests").glob("*.yaml"))),
]
GOOD = """\
name: demo
market: futures
timeframe: 1h
params: {fast: 12, slow: {default: 26, min: 20}}
define: {ma: "ta.ema(close, fast)", level: 3, always: true}
long:
  enter: {all: [close > ma, {not: close < open}, {any: {all: [na(ma)]}}]}
  exit: false
take_profit: {percent: 2 * 3}
order: {type: market, size: {percent: 25}}
"""


@cache
def made(name: str) -> dict[str, Any]:
    return schema_of(name)


def read(text: str) -> object:
    root, problems = parse_on(Source("file", text))
    assert problems == []
    return root.plain()


@pytest.mark.parametrize(("path", "name"), SHIPPED, ids=[str(path.relative_to(ROOT)) for path, _ in SHIPPED])
def test_every_shipped_file_fits_its_schema(path: Path, name: str) -> None:
    """No shipped strategy, config or run definition is underlined in an editor."""
    assert faults(made(name), read(path.read_text(encoding="utf-8"))) == []


def test_every_field_fits() -> None:
    """A file with all of them is not underlined, nor is one whose orders stand in its sides."""
    assert faults(made("rule"), read(EVERYTHING)) == []
    text = GOOD.replace("  exit: false", "  exit: false\n  order: {size: {percent: 25}}")
    assert faults(made("rule"), read(text.replace("order: {type: market, size: {percent: 25}}", ""))) == []


def test_short_forms_and_trees_fit() -> None:
    """Plain parameters, expressions as numbers, and trees of conditions are as good in the schema as in the engine."""
    assert faults(made("rule"), read(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("order:", "ordr:"),
        ("market: futures", "market: future"),
        ("timeframe: 1h", "timeframe: 1 hour"),
        ("name: demo", "name: My Demo"),
        ("order: {type: market, size: {percent: 25}}", ""),
        ("{percent: 25}", "{percent: 25, fixed: 1}"),
        ("{percent: 2 * 3}", "{percent: 2, ticks: 3}"),
        ("{percent: 2 * 3}", "[]"),
        ("{percent: 2 * 3}", "{close_percent: 50}"),
        ("order:", "trailing: {start: {percent: 1}}\norder:"),
        ("order:", "flat_at: '25:00'\norder:"),
        ("order:", "limits: {}\norder:"),
        ("order:", "pyramiding: 40\norder:"),
        ("order:", "cooldown: {bars: 3, after: win}\norder:"),
        ("{percent: 25}", "{}"),
        ("{percent: 25}", "{percent: [25]}"),
        ("  enter:", "  entr:"),
        ("{not: close < open}", "{nor: close < open}"),
        ("{not: close < open}", "[close < open]"),
        ("default: 26", "defalt: 26"),
        ("ma: ", "slow-ma: "),
        ("long:", "lon:"),
        ("{percent: 2 * 3}", ""),
    ],
)
def test_a_mistake_in_a_rule_file_does_not_fit(old: str, new: str) -> None:
    """A misspelt key, a value of another kind, and a size that is none or two are refused by the schema already."""
    assert old in GOOD
    assert faults(made("rule"), read(GOOD.replace(old, new, 1))) != []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config", "mode: papr\n"),
        ("config", "paper: {port: 99999}\n"),
        ("config", "paper: {port: eight}\n"),
        ("config", "routes: [{strategy: a.yaml, symbol: BTC/USDT}]\n"),
        ("config", "conectors: {}\n"),
        ("backtest", "data: sample\n"),
        ("backtest", "strategy: a.yaml\nfrom: January\n"),
        ("backtest", "strategy: a.yaml\nexpect: {net_proft: 1}\n"),
        ("backtest", "strategy: a.yaml\ncosts: {capital: 0}\n"),
    ],
)
def test_a_mistake_in_another_file_does_not_fit(name: str, text: str) -> None:
    """Configs and run definitions are checked as closely."""
    assert faults(made(name), read(text)) != []


def test_a_config_may_take_its_numbers_from_the_environment() -> None:
    """A variable may stand wherever a text or a number may."""
    text = "extends: base.yaml\nmode: paper\nstate: ${STATE:-x.db}\npaper: {port: '${PORT}'}\ncapital: ${CAPITAL}\n"
    text += "routes: [{strategy: a.yaml, symbol: A/B, connector: main, params: {fast: '${FAST}'}}]\n"
    assert faults(made("config"), read(text)) == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_described(name: str) -> None:
    """An editor has words for every key; each mapping refuses unknown keys."""
    for title, definition in [(name, made(name)), *made(name)["$defs"].items()]:
        assert "properties" not in definition or definition["additionalProperties"] is False, title
        for key, schema in definition.get("properties", {}).items():
            assert schema.get("description"), (title, key)


def test_every_example_fits() -> None:
    """What a schema gives as an example of a key is good there."""
    for name in SCHEMAS:
        schema = made(name)
        for at, part in _parts(schema, name):
            for example in part.get("examples", ()):
                assert faults({**part, "$defs": schema["$defs"]}, example) == [], (at, example)


def test_the_command_prints_the_schema_and_nothing_else() -> None:
    """Without a word `signal-engine schema` is the rule file's."""
    assert json.loads(CliRunner().invoke(app, ["schema"]).stdout) == made("rule")


def test_the_readme_switches_completion_on_for_the_files_that_are_shipped() -> None:
    """The editor's setting in the README names a schema for every kind, and patterns that meet all shipped files."""
    settings = next(json.loads(block) for block in blocks("json") if "yaml.schemas" in block)["yaml.schemas"]
    assert {Path(path).name for path in settings} == {f"{name}.json" for name in SCHEMAS}
    for path, name in SHIPPED:
        patterns = next(found for schema, found in settings.items() if Path(schema).stem == name)
        assert any(path.relative_to(ROOT).match(pattern) for pattern in patterns), path
    assert "# yaml-language-server: $schema=" in README


def _parts(schema: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield at, schema
        for key, inner in schema.items():
            if key not in ("examples", "default", "enum"):
                yield from _parts(inner, f"{at}.{key}")
    elif isinstance(schema, list):
        for i, inner in enumerate(schema):
            yield from _parts(inner, f"{at}.{i}")
