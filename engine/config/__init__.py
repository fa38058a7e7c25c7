"""What to run where: configs, connectors, and how they are read. It knows no strategy and no exchange."""

from engine.config.account import AccountConfig
from engine.config.connector import Connector
from engine.config.model import ExchangeConfig, PaperConfig, Route, RunConfig
from engine.config.profile import SEED, Profile, read_profile
from engine.config.read import is_config, read_config
from engine.config.safety import DayLoss, JournalConfig, SafetyConfig

__all__ = [
    "SEED",
    "AccountConfig",
    "Connector",
    "DayLoss",
    "ExchangeConfig",
    "JournalConfig",
    "PaperConfig",
    "Profile",
    "Route",
    "RunConfig",
    "SafetyConfig",
    "is_config",
    "read_config",
    "read_profile",
]
