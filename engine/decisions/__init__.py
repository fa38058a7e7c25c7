"""The position machine: what to do at the close of each bar, and what is believed to have filled. Pure."""

from engine.decisions.decision import Decision, decisions_of, state_from_json, state_to_json, void_entry
from engine.decisions.machine import advance, new_state, room
from engine.decisions.records import Move, Reason
from engine.decisions.settings import Columns, Settings, columns_of
from engine.decisions.setup import Costs, settings_for

__all__ = [
    "Columns",
    "Costs",
    "Decision",
    "Move",
    "Reason",
    "Settings",
    "advance",
    "columns_of",
    "decisions_of",
    "new_state",
    "room",
    "settings_for",
    "state_from_json",
    "state_to_json",
    "void_entry",
]
