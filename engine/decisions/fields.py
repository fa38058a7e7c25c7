"""The numbers that a rule gives the machine beside its conditions, and where each of them stands."""

from __future__ import annotations

from engine.decisions.settings import MOST_RUNGS

# Of one side, in this order; those of short follow those of long.
SIZE, PRICE, EXPIRE_BARS, TRAILING, TRAILING_START, BREAK_EVEN, MAX_BARS = range(7)
TAKE_PROFIT = 7
PROFIT_SHARE = TAKE_PROFIT + MOST_RUNGS
STOP_LOSS = PROFIT_SHARE + MOST_RUNGS
LOSS_SHARE = STOP_LOSS + MOST_RUNGS
SIDE_FIELDS = LOSS_SHARE + MOST_RUNGS
COOLDOWN_BARS, DAY_LOSS, DRAWDOWN = (2 * SIDE_FIELDS + i for i in range(3))
FIELDS = 2 * SIDE_FIELDS + 3

ENTER, EXIT, CANCEL = range(3)
SIDE_CONDITIONS = 3
FLAT = 2 * SIDE_CONDITIONS
CONDITIONS = FLAT + 1


def field_names() -> dict[str, int]:
    """Give the place of each number by the name of a plan's output (see rules/assemble.py)."""
    found = {"cooldown.bars": COOLDOWN_BARS, "limits.day_loss": DAY_LOSS, "limits.drawdown": DRAWDOWN}
    single = {"size": SIZE, "price": PRICE, "expire_bars": EXPIRE_BARS, "trailing": TRAILING}
    single |= {"trailing.start": TRAILING_START, "break_even": BREAK_EVEN, "max_bars": MAX_BARS}
    for first, side in ((0, "long"), (SIDE_FIELDS, "short")):
        found |= {f"{side}.{name}": first + place for name, place in single.items()}
        for rung in range(MOST_RUNGS):
            for name, level, share in (
                ("take_profit", TAKE_PROFIT, PROFIT_SHARE),
                ("stop_loss", STOP_LOSS, LOSS_SHARE),
            ):
                found[f"{side}.{name}.{rung}"] = first + level + rung
                found[f"{side}.{name}.{rung}.close_percent"] = first + share + rung
    return found


def condition_names() -> dict[str, int]:
    """Give the place of each condition by the name of a plan's output."""
    found = {"flat": FLAT}
    for first, side in ((0, "long"), (SIDE_CONDITIONS, "short")):
        found |= {f"{side}.enter": first + ENTER, f"{side}.exit": first + EXIT, f"{side}.cancel": first + CANCEL}
    return found
