"""What the running engine tells of itself, as `status` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from engine.app.status_words import Doorbell, Found, Trouble
from engine.ports import Ailing, NoticeKind, Pulse

SILENT_MS = 60_000
"""How long a doorbell may be silent, or an exchange not heard of, before that is trouble."""
_NAMED = {
    NoticeKind.QUARANTINED: Trouble.QUARANTINED,
    NoticeKind.BARRED: Trouble.BARRED,
    NoticeKind.DEGRADED: Trouble.DEGRADED,
}


def doorbell_of(pulse: Pulse, now_ms: int) -> Doorbell:
    """Give how long ago it rang."""
    heard_ms = {name: now_ms - at_ms for name, at_ms in pulse.heard.items()}
    return Doorbell(now_ms - pulse.at_ms, pulse.missed, heard_ms)


def troubles_of(doorbell: Doorbell, pulse: Pulse, tick_ms: float) -> Iterator[Found]:
    """Name what needs a person, as the engine saw it last."""
    longest_ms = max(SILENT_MS, 10 * tick_ms)
    if doorbell.rang_ms > longest_ms:
        told = f"process {pulse.process} is there, and has not looked for candles for {doorbell.rang_ms / 1000:,.0f} s"
        yield Found(Trouble.SILENT, "the engine", told)
    for name, ago_ms in doorbell.heard_ms.items():
        if ago_ms - doorbell.rang_ms > longest_ms:  # it rings, and is not answered
            told = f"the engine has not been told the exchange's time for {ago_ms / 1000:,.0f} s"
            yield Found(Trouble.NO_EXCHANGE, f"{name} candles", told)
    for ailing in pulse.ailing:
        yield Found(_NAMED[ailing.kind], ailing.about, f"since {_moment(ailing)}: {ailing.text}")


def _moment(ailing: Ailing) -> str:
    return f"{datetime.fromtimestamp(ailing.since_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
