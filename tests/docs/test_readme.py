"""What the README says is so: its commands run, its rule file is the shipped one, its files are there."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.cli.program import ROOT, signal_engine

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, without the indentation they stand in."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", README, re.DOTALL | re.MULTILINE)
    return [
        "\n".join(line.removeprefix(indent) for line in text.splitlines())
        for indent, named, text in found
        if named == language
    ]


COMMANDS = [
    line
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("signal-engine ") and "runs until stopped" not in line
] + [found for found in re.findall(r"`(signal-engine [^`]+)`", README) if "..." not in found]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs(command: str) -> None:
    """A command that the README shows, and that ends by itself, ends well."""
    ran = signal_engine(*shlex.split(command, comments=True)[1:])
    assert ran.returncode == 0, ran.stderr


def test_there_are_commands_to_try() -> None:
    """The search above finds the README's commands."""
    assert len(COMMANDS) >= 6


def test_the_rule_file_shown_is_the_shipped_one() -> None:
    """The README's example and its tests equal strategies/ema_cross.yaml, below its header comment."""
    shipped = (ROOT / "strategies" / "ema_cross.yaml").read_text(encoding="utf-8").splitlines()
    body = [line for line in shipped if not line.startswith("#")]
    rule, tests = blocks("yaml")[:2]
    assert [*rule.splitlines(), "", *tests.splitlines()] == body


def test_every_linked_file_is_there() -> None:
    """No link of the README leads nowhere."""
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_error_shown_is_the_error_given(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The README's example of a mistake is what `check` prints for it."""
    folder = tmp_path_factory.mktemp("wrong") / "strategies"
    folder.mkdir()
    text = (ROOT / "strategies" / "ema_cross.yaml").read_text(encoding="utf-8")
    wrong = text.replace("crossover(fast_ma, slow_ma)", "crossover(fast_ma, slow_m)", 1)
    (folder / "ema_cross.yaml").write_text(wrong, encoding="utf-8")
    ran = signal_engine("check", "strategies/ema_cross.yaml", cwd=folder.parent)
    shown = next(block for block in blocks("") if "did you mean" in block)
    assert ran.stderr.splitlines()[:3] == shown.splitlines()
