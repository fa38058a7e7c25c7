"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# For mutation testing, which runs the same tests a thousand times: `make mutants`.
settings.register_profile("quick", max_examples=30, deadline=None, database=None, derandomize=True)
