"""An exchange account: what orders do to it and what candles do to its orders. Pure: no clock, no I/O, Decimals only.

It knows messages and candles and nothing of rules or of the machine, whose promises it is there to check.
"""

from engine.paper.matching.account import Account, Changes
from engine.paper.matching.candle import Candle, meet
from engine.paper.matching.orders import Fill, Funding, Order, OrderKind, OrderStatus, Position
from engine.paper.matching.placing import place
from engine.paper.matching.state import account_from_json, account_to_json
from engine.paper.matching.terms import AccountTerms

__all__ = [
    "Account",
    "AccountTerms",
    "Candle",
    "Changes",
    "Fill",
    "Funding",
    "Order",
    "OrderKind",
    "OrderStatus",
    "Position",
    "account_from_json",
    "account_to_json",
    "meet",
    "place",
]
