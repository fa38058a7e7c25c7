"""Other backtesters, in an environment of their own, which is made once: .venv-peers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-peers"
PACKAGES = ("vectorbt[rust]", "backtesting")
PEERS = {
    "vectorbt": ("peer_vectorbt.py", "numba"),  # what it compiles itself
    "vectorbt, in Rust": ("peer_vectorbt.py", "rust"),  # an extra that is installed beside it
    "backtesting.py": ("peer_backtesting.py",),
}


def python() -> Path:
    """Give the peers' interpreter; the first time, install them."""
    stamp = FOLDER / "ready"
    if not stamp.exists():
        print(f"installing {', '.join(PACKAGES)} into {FOLDER.name}, once ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)  # noqa: S603 - our own
        pip = [FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)  # noqa: S603
        stamp.touch()
    return FOLDER / "bin" / "python"


def command(name: str, mode: str, candles: Path) -> list[str]:
    """Give the command that runs a peer on a CSV of candles."""
    script, *more = PEERS[name]
    return [str(python()), str(Path(__file__).with_name(script)), mode, str(candles), *more]


class Worker:
    """A peer in a process of its own, which has read the candles and compiled, and runs when it is asked."""

    def __init__(self, name: str, candles: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(  # noqa: S603
            command(name, "warm", candles),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.trades = int(float(self._line()))

    def run(self) -> float:
        """Backtest once. Gives the seconds that it took."""
        if self._process.stdin is None:
            raise SystemExit(f"{self.name} has no input")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"{self.name} ended: {' '.join(map(str, self._process.args))}")  # type: ignore[arg-type]
        return line

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate("")
