"""What happens to files."""

from __future__ import annotations

import random
from pathlib import Path

KINDS = ("bit flipped", "sector zeroed", "sector of another place", "cut", "emptied", "missing", "grown")


def harm(file: Path, kind: str, chance: random.Random) -> str:
    """Damage a file; gives where."""
    data = bytearray(file.read_bytes())
    if kind == "missing" or not data:
        file.unlink()
        return file.name
    at = chance.randrange(len(data))
    sector = at - at % 512
    if kind == "bit flipped":
        data[at] ^= 1 << chance.randrange(8)
    elif kind == "sector zeroed":
        data[sector : sector + 512] = bytes(len(data[sector : sector + 512]))
    elif kind == "sector of another place":
        other = chance.randrange(max(1, len(data) - 512))
        data[sector : sector + 512] = data[other : other + len(data[sector : sector + 512])]
    elif kind == "cut":
        del data[at:]
    elif kind == "emptied":
        data.clear()
    else:
        data += bytes(chance.getrandbits(8) for _ in range(chance.randrange(1, 5000)))
    file.write_bytes(data)
    return f"{file.name} at {at}"
