"""What the running engine needs from the world outside, as small protocols. Adapters implement them."""

from engine.ports.clock import Clock
from engine.ports.journal import Candle, JournalEntry, JournalMark, MarkKind
from engine.ports.market_data import Exchange, History, MarketData, Page, Quotes
from engine.ports.notice import Notice, NoticeKind, Tell, ignore
from engine.ports.pulse import Ailing, Pulse
from engine.ports.sender import Sender
from engine.ports.store import Attempt, Resolution, RouteRecord, Store

__all__ = [
    "Ailing",
    "Attempt",
    "Candle",
    "Clock",
    "Exchange",
    "History",
    "JournalEntry",
    "JournalMark",
    "MarkKind",
    "MarketData",
    "Notice",
    "NoticeKind",
    "Page",
    "Pulse",
    "Quotes",
    "Resolution",
    "RouteRecord",
    "Sender",
    "Store",
    "Tell",
    "ignore",
]
