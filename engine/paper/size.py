"""What an order's size is counted in, and how numbers are written."""

from __future__ import annotations

import re
from enum import StrEnum

PLAIN_NUMBER = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")  # [0-9], for \d takes the digits of every script


class SizeKind(StrEnum):
    """Which size an order goes by. NOTIONAL, an amount of money, exists in position messages only."""

    FIXED = "fixed"
    PERCENT = "percent"
    NOTIONAL = "notional"


def kind_of(value: object) -> str:
    """Say what a JSON value is."""
    names = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null" if value is None else type(value).__name__)
