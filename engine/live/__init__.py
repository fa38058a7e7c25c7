"""The engine while it runs: routes stepped bar by bar, messages delivered. Its adapters are handed to it."""

from engine.live.book import DAY_MS
from engine.live.commands import carry_out_all
from engine.live.delivery_loop import DeliveryLoop, end_what_was_in_flight
from engine.live.engine import LiveEngine
from engine.live.gaps import GapPolicy
from engine.live.guard import Guard, why_stopped
from engine.live.observer import Observer
from engine.live.routes import RouteSpec
from engine.live.safety import Limit, Limits, Refusal
from engine.live.session import Outcome, Session

__all__ = [
    "DAY_MS",
    "DeliveryLoop",
    "GapPolicy",
    "Guard",
    "Limit",
    "Limits",
    "LiveEngine",
    "Observer",
    "Outcome",
    "Refusal",
    "RouteSpec",
    "Session",
    "carry_out_all",
    "end_what_was_in_flight",
    "why_stopped",
]
