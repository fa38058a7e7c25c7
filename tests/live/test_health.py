"""What the engine knows of how it is."""

from __future__ import annotations

from engine.live.health import Health
from engine.ports import Ailing, Notice, NoticeKind


def test_what_ails_is_kept_until_it_is_well_again() -> None:
    """From when it began, with the newest words, each series by itself; other notices leave nothing."""
    health = Health()
    health.take(Notice(NoticeKind.QUARANTINED, "a", "row 1"), 10)
    health.take(Notice(NoticeKind.QUARANTINED, "b", "row 2"), 20)
    health.take(Notice(NoticeKind.QUARANTINED, "a", "row 3"), 30)
    health.take(Notice(NoticeKind.DEGRADED, "binance", "as of then"), 40)
    health.take(Notice(NoticeKind.REVISED, "a", "passed", 1), 50)
    assert health.ailing == (
        Ailing(NoticeKind.QUARANTINED, "a", "row 3", 10),
        Ailing(NoticeKind.QUARANTINED, "b", "row 2", 20),
        Ailing(NoticeKind.DEGRADED, "binance", "as of then", 40),
    )
    health.take(Notice(NoticeKind.WHOLE, "a", ""), 60)
    health.take(Notice(NoticeKind.RESTORED, "binance", ""), 60)
    assert [one.about for one in health.ailing] == ["b"]


def test_the_timeframes_that_were_looked_for_are_kept_with_the_last_time() -> None:
    """An exchange that does not answer leaves its own where they were."""
    health = Health()
    health.hear(["1m", "1h"], 10)
    health.hear(["1m"], 20)
    assert health.heard == {"1m": 20, "1h": 10}
