"""`make mutants`: mutmut over delivery and webhook; the last line is the figures, the survivors before it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import Counter

LEAST = 0.90
ROOMS = ("delivery", "webhook")
KILLED = ("killed", "timeout", "segfault", "caught by type check")


def main() -> None:
    """Run mutmut (on the mutants whose names fit the arguments; else all); 1 where under 90 % of them were killed."""
    began = time.monotonic()
    shutil.rmtree("mutants", ignore_errors=True)  # what it remembers is not what today's tests find
    subprocess.run([sys.executable, "-m", "mutmut", "run", *sys.argv[1:]], check=True, stdout=sys.stderr)
    found: Counter[str] = Counter()
    for line in _results():
        name, _, status = line.strip().rpartition(": ")
        if status == "not checked":  # of another part than was asked for
            continue
        found[status] += 1
        if status not in KILLED:
            sys.stdout.write(f"{status}: {name}\n")
    total = sum(found.values())
    killed = sum(found[status] for status in KILLED)
    sys.stdout.write(
        f"mutants of {' and '.join(ROOMS)}: {total:,}, killed {killed:,} ({killed / max(1, total):.1%}), "
        f"survived {total - killed:,}; {time.monotonic() - began:.0f} s\n"
    )
    sys.exit(total == 0 or killed / total < LEAST)


def _results() -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"], check=True, capture_output=True, text=True
    )
    return [line for line in ran.stdout.splitlines() if ": " in line]


if __name__ == "__main__":
    main()
