"""The id of a decision."""

from __future__ import annotations

import hashlib

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_LETTERS = 32


def client_order_id(
    *, strategy: str, symbol: str, timeframe: str, candle_open_ms: int, intent: str, sequence: int
) -> str:
    """Give 32 lower-case letters and digits that depend on the decision and on nothing else.

    Not on the config, the clock, the process or the attempt: a restart or an edit cannot make a second id for the same
    decision. `sequence` counts the messages of one intent on one candle, from 0.
    """
    parts = (strategy, symbol, timeframe, str(candle_open_ms), intent, str(sequence))
    text = "".join(f"{len(part)}:{part}," for part in parts)  # netstrings: no two different tuples read the same
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    letters = []
    for _ in range(_LETTERS):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(letters)
