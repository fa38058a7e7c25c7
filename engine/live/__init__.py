"""The engine while it runs: routes stepped bar by bar, messages delivered. Its adapters are handed to it."""

from engine.live.commands import carry_out_all
from engine.live.delivery_loop import DeliveryLoop, end_what_was_in_flight
from engine.live.engine import LiveEngine, Observer, RouteSpec
from engine.live.session import Outcome, Session

__all__ = [
    "DeliveryLoop",
    "LiveEngine",
    "Observer",
    "Outcome",
    "RouteSpec",
    "Session",
    "carry_out_all",
    "end_what_was_in_flight",
]
