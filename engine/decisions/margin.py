"""What happens to a position that its account can no longer carry."""

from __future__ import annotations

import numpy as np

from engine.decisions.account import close_part, fee_of, slipped
from engine.decisions.compiled import step
from engine.decisions.records import Reason
from engine.decisions.settings import Record
from engine.decisions.state import State
from engine.decisions.tape import Moment, Page

_MARGIN_CALL = int(Reason.MARGIN_CALL)
WITHDRAWN = 3
"""Of an exit's `live`: TradingView drops it when a reversal is refused, and has it back with the next margin call."""


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
    return bool(margin > 0.0 and quantity * price * margin > equity)


@step
def call_margin(
    state: State, settings: Record, page: Page, at: Moment, price: float, close: float, may_wait: bool, filled_at: float
) -> bool:
    """Liquidate as TradingView does: four times what the account is short of at this price, or all that there is.

    Source: TradingView's description of its margin calls; what it leaves open as PyneCore's authors measured it there:
    amounts are cut off to the lot, and are one whole unit where less than a lot is missing; at the next point of the
    bar's path the account is looked at as if the liquidation had not been settled; and where the account carries the
    position here, it must have carried it where an order filled on the way, too (`filled_at`, na without). Gives
    whether the call waits for the close, which one of a single whole unit does at the first extreme where the account
    is short at the close too.
    """
    p = state.position[0]
    if p.side == 0:
        return False
    margin = settings.margin_long if p.side > 0 else settings.margin_short
    if margin <= 0.0:
        return False
    again, p.call = p.call, 0.0
    if again > 0.0:
        _liquidate(state, settings, page, at, price, again)
        return False
    free, sized_at, lot = _free(p, margin, price), price, settings.lot
    if free >= 0.0 and not np.isnan(filled_at):
        free, sized_at = _free(p, margin, filled_at), filled_at
        if -free / margin / sized_at < lot:
            return False
    if free >= 0.0:
        return False
    missing = -free / margin / sized_at
    cover = np.floor(missing / lot) * lot if lot > 0.0 else missing
    if may_wait and lot >= 1.0 and cover <= 0.0 and price != close and _free(p, margin, close) < 0.0:
        return True
    p.call = _unsettled(state, settings, -free, margin, sized_at)
    _liquidate(state, settings, page, at, price, 4.0 * cover if cover > 0.0 else 1.0)
    return False


@step
def _free(p: Record, margin: float, price: float) -> float:
    """Give what the account has beyond the margin of its position."""
    return float(p.cash + p.side * p.quantity * (price - p.entry_price) - p.quantity * price * margin)


@step
def _unsettled(state: State, settings: Record, deficit: float, margin: float, price: float) -> float:
    """Give what is liquidated at the next point: what entries cost is counted at once, what they gained one later."""
    p = state.position[0]
    costs, gains, missing = 0.0, 0.0, 0.0
    for k in range(p.entries):
        entry = state.entries[k]
        cost = entry.quantity * entry.price
        if deficit - costs - cost - gains < 0.0:
            break
        costs += cost
        missing = deficit - costs - gains
        gains += p.side * entry.quantity * (price - entry.price)
        gains -= fee_of(settings, price, entry.quantity, False, 1.0)
    if missing <= 0.0:
        return 0.0
    amount, lot = missing / margin / price, settings.lot
    return float(4.0 * (np.floor(amount / lot) * lot if lot > 0.0 else amount))


@step
def _liquidate(state: State, settings: Record, page: Page, at: Moment, price: float, quantity: float) -> None:
    p = state.position[0]
    filled_at = slipped(settings, price, -p.side)
    close_part(state, settings, page, at, _MARGIN_CALL, filled_at, min(quantity, p.quantity), False, 1.0, 0)
    for k in range(p.exits):
        if state.exits[k].live == WITHDRAWN:
            state.exits[k].live = 1
