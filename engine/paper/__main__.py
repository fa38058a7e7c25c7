"""`python -m engine.paper`: the paper platform as a process of its own, told what to do by `PaperProcess`.

Its settings come in the environment (process lists show arguments), and it lives as long as its standard input is open:
when the process that started it is gone, killed or not, it stops.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from engine.errors import SignalEngineError
from engine.paper.server import serve
from engine.paper.settings import take_settings

_STOP_S = 6


def main() -> int:
    """Serve, and give the exit code."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    try:
        serve(take_settings(), _announce)
    except SignalEngineError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - what this process says is its interface
        return error.exit_code
    return 0


def _announce(url: str) -> None:
    print(f"listening on {url}", flush=True)  # noqa: T201 - the line that PaperProcess waits for


def _stop_with_parent() -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock, held here, would break the interpreter's exit
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
