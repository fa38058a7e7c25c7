"""What the running engine tells of itself to whoever looks at it from outside."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.ports.notice import NoticeKind


@dataclass(frozen=True, slots=True)
class Ailing:
    """Something that is not as it should be, since a moment (ms UTC), until a notice says that it is well again."""

    kind: NoticeKind
    about: str
    text: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The engine as it was at its ring of `at_ms` (ms UTC, by our clock).

    `heard` tells for each timeframe (with the exchange's name, where a config has several) when a ring last got as far
    as to look for its candles: the exchange had told its time. `missed` counts rings that did not come.
    """

    process: int
    at_ms: int
    missed: int = 0
    heard: dict[str, int] = field(default_factory=dict)
    ailing: tuple[Ailing, ...] = ()
