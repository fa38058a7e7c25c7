"""What happens to a position that its account can no longer carry."""

from __future__ import annotations

import numpy as np

from engine.decisions.account import close_part, slipped
from engine.decisions.compiled import step
from engine.decisions.records import Reason
from engine.decisions.settings import Record
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page

_MARGIN_CALL = int(Reason.MARGIN_CALL)


@step
def liquidation_price(p: Record, settings: Record) -> float:
    """Give the price at which equity is down to the maintenance margin of the whole position; na without one.

    Equity at price x is cash + side * quantity * (x - entry); the exchange takes the position over where that is
    `maintenance` * quantity * x (cross margin, all of the cash behind one position).
    """
    if settings.maintenance <= 0.0 or p.side == 0:
        return np.nan
    factor = p.side - settings.maintenance
    price = (p.side * p.quantity * p.entry_price - p.cash) / (p.quantity * factor)
    return price if price > 0.0 else np.nan


@step
def exceeds_margin(settings: Record, side: int, quantity: float, price: float, equity: float) -> bool:
    """Tell whether TradingView refuses an entry: its account does not cover a position of that quantity."""
    margin = settings.margin_long if side > 0 else settings.margin_short
    return bool(margin > 0.0 and quantity * price * margin - equity > abs(equity) * 1e-11)


@step
def call_margin(state: State, settings: Record, page: Page, at: Moment, price: float) -> None:
    """Liquidate as TradingView does: four times what the account is short of at this price, or all that there is.

    Source: TradingView's description of its margin calls; what it leaves open (amounts are cut off to the lot, one
    whole unit where less than a lot is missing) as PyneCore's authors measured it there.
    """
    p = state.position[0]
    if p.side == 0:
        return
    margin = settings.margin_long if p.side > 0 else settings.margin_short
    if margin <= 0.0:
        return
    value = p.quantity * price
    free = p.cash + p.side * p.quantity * (price - p.entry_price) - value * margin
    if free >= 0.0:
        return
    missing = -free / margin / price
    lot = settings.lot if settings.lot > 0.0 else 0.0
    cover = np.floor(missing / lot) * lot if lot > 0.0 else missing
    quantity = 4.0 * cover if cover > 0.0 else min(1.0, p.quantity)
    close_part(
        state,
        settings,
        page,
        at,
        _MARGIN_CALL,
        slipped(settings, price, -p.side),
        min(quantity, p.quantity),
        False,
        1.0,
        0,
    )
