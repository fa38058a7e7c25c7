"""A share of `make power`, in a process of its own: its file layer is for all of SQLite there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.power.disk import Disk
from tests.faults.power.vfs import Sync, Truncate, Write

ROOT = Path(__file__).resolve().parents[2]


def _power(*arguments: str) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.power", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "takes no other file layer" in ran.stdout:
        pytest.skip("Python brings a SQLite of its own here")
    return ran


def test_no_cut_loses_or_tears_anything() -> None:
    """150 cuts over one life of the store; `make power` has 10,000."""
    ran = _power("150", "--seed", "5")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "acknowledged rows lost 0, torn states 0, refused for nothing 0" in ran.stdout


def test_less_than_full_synchronisation_is_found_out() -> None:
    """The same cuts find fault with a store that leaves synchronising to the system."""
    ran = _power("100", "--seed", "5", "--synchronous", "OFF")
    assert ran.returncode == 1
    assert "WRONG" in ran.stdout


def test_the_disk_keeps_what_was_synchronised_and_no_more() -> None:
    """Writes before a sync are there after a cut; those after it may not be; each file is synchronised by itself."""
    disk = Disk({"a": b"old"})
    for operation in (Write("a", 0, b"new"), Write("b", 2, b"x"), Sync("a"), Write("a", 1, b"!"), Truncate("a", 0)):
        disk.take(operation)
    assert disk.kept == {"a": b"new"}
    assert {name: len(waiting) for name, waiting in disk.pending.items()} == {"a": 2, "b": 1}
    disk.take(Sync("b"))
    assert disk.kept["b"] == b"\0\0x"
