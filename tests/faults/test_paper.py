"""A share of `make kills-paper`, and that its audit can find fault."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.market import MarketKind
from engine.paper.entry import Entry, Verdict
from engine.paper.matching import AccountTerms, Candle
from tests.faults.paper.__main__ import run
from tests.faults.paper.audit import computed


def test_a_platform_killed_under_load_keeps_what_it_answered() -> None:
    """Each order that was answered is there once; the accounts are those that messages and candles make."""
    figures = run(3, seed=11)
    assert figures.wrong == []
    assert figures.kills == 3
    assert figures.answered > 20
    assert figures.filled > 10
    assert figures.asked_again > 0  # it was under load when it was killed


def test_the_audit_computes_by_itself() -> None:
    """A message more or less is another account."""
    entry = Entry(
        1, 0, "c", "openLong", "1", {"action": "openLong", "fixed": "2"}, None, None, Verdict.ACCEPTED, "", 60_000
    )
    prices = map(Decimal, ("10", "11", "9", "10"))
    first = Candle(0, 60_000, *prices)
    candles = [first, replace(first, time_ms=60_000, close_ms=120_000)]
    terms, capital = AccountTerms(MarketKind.FUTURES), Decimal(1_000)
    account, became = computed([entry], candles, terms, capital, 120_000)
    assert account.long.quantity == 2
    assert became == {1: "order 1: openLong 2 at market"}
    other, nothing = computed([replace(entry, verdict=Verdict.REJECTED)], candles, terms, capital, 120_000)
    assert other.long.quantity == 0
    assert nothing == {}
