"""What docs/operating.md and docs/paper-to-live.md say to write and to type is so."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from engine.cli.main import app
from engine.config import read_config
from engine.documents import Source, parse_on
from tests.cli.program import ROOT
from tests.docs.markdown import blocks, rows

PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
WAY = (ROOT / "docs" / "paper-to-live.md").read_text(encoding="utf-8")
TYPED = [
    line
    for page in (PAGE, WAY)
    for block in blocks(page, "bash")
    for line in block.splitlines()
    if line.startswith("signal-engine")
]
BASE = {
    "mode": "paper",
    "state": "state.db",
    "exchange": {"id": "sample"},
    "connectors": {"main": {"url": "http://127.0.0.1:9/hook", "name": "a", "token": "t"}},
    "routes": [{"strategy": "rule.yaml", "symbol": "BTC/USDT", "connector": "main"}],
}


def test_its_settings_are_good_in_a_config(tmp_path: Path) -> None:
    """Every key of the blocks is one that a config takes, with a value that it takes."""
    for block in blocks(PAGE, "yaml"):
        root, problems = parse_on(Source("page", block))
        assert problems == []
        shown = root.plain()
        assert isinstance(shown, dict)
        (tmp_path / "config.yaml").write_text(json.dumps(BASE | shown))
        config = read_config(tmp_path / "config.yaml", {})
        assert config.safety.open_positions == 3


@pytest.mark.parametrize("line", TYPED)
def test_its_commands_are_understood(line: str) -> None:
    """Each command and each of its options is one that the program has."""
    words = shlex.split(line, comments=True)[1:]
    command = get_command(app)
    context = typer.Context(command)
    while isinstance(command, typer.core.TyperGroup):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
    command.make_context(command.name, words)


def test_the_way_to_live_explains_each_item_of_the_checklist() -> None:
    """The table has a row for every item that is printed, and the example shows each of them."""
    named = [cells[0] for cells in rows(WAY, "item")]
    assert named == ["backtested", "paper days", "audit", "limits"]
    (shown,) = (block for block in blocks(WAY, "") if "MISSING" in block)
    assert [line[11:].split(":")[0] for line in shown.splitlines() if line.startswith(("  ok", "  MISSING"))] == named
