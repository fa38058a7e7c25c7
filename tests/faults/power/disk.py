"""The disk as it is after the power went: what was synchronised, and of the rest nothing, all, or any torn part."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.faults.power.vfs import Operation, Sync, Truncate, Write

SECTOR = 512


@dataclass
class Disk:
    """Files by name: what is on the disk for certain, and what was written since."""

    kept: dict[str, bytes]
    pending: dict[str, list[Write | Truncate]] = field(default_factory=dict)

    def take(self, operation: Operation) -> None:
        """Take an operation as the file layer got it."""
        if isinstance(operation, Sync):
            for waiting in self.pending.pop(operation.path, []):
                _apply(self.kept, waiting)
        else:
            self.pending.setdefault(operation.path, []).append(operation)

    def after_a_cut(self, chance: random.Random) -> dict[str, bytes]:
        """Give the files as they are found afterwards."""
        found = dict(self.kept)
        manner = chance.choice(("nothing", "nothing", "all", "some", "some torn"))
        for waiting in self.pending.values():
            for operation in waiting:
                if manner == "nothing" or (manner.startswith("some") and chance.random() < 0.5):
                    continue
                torn = manner == "some torn" and isinstance(operation, Write)
                _apply(found, _torn(operation, chance) if torn and isinstance(operation, Write) else operation)
        return found


def _torn(write: Write, chance: random.Random) -> Write:
    """Of a write, give a run of whole sectors."""
    sectors = -(-len(write.data) // SECTOR)
    first = chance.randrange(sectors)
    last = chance.randrange(first, sectors) + 1
    return Write(write.path, write.offset + first * SECTOR, write.data[first * SECTOR : last * SECTOR])


def _apply(files: dict[str, bytes], operation: Write | Truncate) -> None:
    path = operation.path
    if isinstance(operation, Truncate):
        if operation.size < 0:
            files.pop(path, None)
        else:
            files[path] = files.get(path, b"")[: operation.size].ljust(operation.size, b"\0")
        return
    old = files.get(path, b"").ljust(operation.offset, b"\0")
    files[path] = old[: operation.offset] + operation.data + old[operation.offset + len(operation.data) :]
