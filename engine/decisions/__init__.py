"""The position machine: what to do at the close of each bar, and what is believed to have filled. Pure."""

from engine.decisions.decision import Decision, decisions_of, entry_name, void_entry
from engine.decisions.inputs import Inputs, inputs_of
from engine.decisions.machine import advance
from engine.decisions.records import Move, Reason
from engine.decisions.settings import Settings, SideSettings
from engine.decisions.setup import Costs, settings_for
from engine.decisions.state import State, new_state, state_from_json, state_to_json
from engine.decisions.tape import room

__all__ = [
    "Costs",
    "Decision",
    "Inputs",
    "Move",
    "Reason",
    "Settings",
    "SideSettings",
    "State",
    "advance",
    "decisions_of",
    "entry_name",
    "inputs_of",
    "new_state",
    "room",
    "settings_for",
    "state_from_json",
    "state_to_json",
    "void_entry",
]
