"""What to run where: configs, connectors, and how they are read. A leaf: it knows no strategy and no exchange."""

from engine.config.connector import Connector

__all__ = ["Connector"]
