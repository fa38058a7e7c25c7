"""`make soak SOAK=525600`: simulated minutes of 20 routes with all faults; so many are a year.

`python -m tests.faults.soak MINUTES ROUTES SEED` lets several run beside each other, each with symbols and faults of
its own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.faults.soak.run import Report, soak

if __name__ == "__main__":
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 525_600
    routes = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    begun = time.monotonic()

    def told(report: Report) -> None:
        if len(report.samples) % 10 == 0:
            days, spent = report.minutes // 1_440, time.monotonic() - begun
            print(f"day {days}: {spent:,.0f} s, {report.samples[-1]}, {len(report.wrong)} wrong", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        found = soak(Path(folder), minutes, routes, seed, told=told)
    spent = time.monotonic() - begun
    print(
        f"{found.minutes:,} minutes of {routes} routes in {spent:,.0f} s: {found.bars:,} bars, "
        f"{found.messages:,} messages"
    )
    print(f"  {found.restarts} restarts; faults: {dict(found.faults)}")
    print(f"  told: {dict(found.notices)}; {found.skipped} bars skipped")
    print(f"  messages became {dict(found.states)}")
    print(f"  differences from the reference, by cause: {dict(found.causes)}")
    print(f"  resident MB, handles, threads: {found.samples[0]} at first, {found.samples[-1]} at last")
    for line in found.wrong[:20]:
        print(f"WRONG: {line}")
    print(f"{len(found.wrong)} wrong")
    sys.exit(1 if found.wrong else 0)
