"""What can go wrong on purpose with a message and its answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, model_validator

MOST_S = 600.0


class FaultKind(StrEnum):
    """What goes wrong."""

    LATE = "late"  # `ok`, after some seconds
    NEVER = "never"  # no answer, until the sender goes away
    TWICE = "twice"  # the message is taken two times, as behind a proxy that sends again
    SERVER_ERROR = "500"
    HTML = "html"  # status 200 and a page that says nothing of the message


class Fault(BaseModel):
    """A fault, and how many messages it happens to (all, if `times` is not given).

    Without `after_the_fact` the message is not taken (`late`: only when the seconds are over, even if nobody waits for
    the answer any more); with it, it is taken first, and then the answer goes wrong.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: FaultKind
    after_the_fact: StrictBool = False
    seconds: StrictFloat = Field(default=10.0, ge=0, le=MOST_S, allow_inf_nan=False, description="How late 'late' is.")
    times: StrictInt | None = Field(default=None, ge=1, le=10**9)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.fault is FaultKind.TWICE and self.after_the_fact:
            raise ValueError("'twice' takes the message anyway; after_the_fact is for late, never, 500 and html")
        return self

    def __str__(self) -> str:
        """Say it in words."""
        what = f"{self.fault} by {self.seconds:g} s" if self.fault is FaultKind.LATE else str(self.fault)
        often = {None: "every message", 1: "the next message"}.get(self.times, f"the next {self.times} messages")
        return f"{what}{', after the fact' if self.after_the_fact else ''}: {often}"
