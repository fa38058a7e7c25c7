"""Another order size for a rule file, as a person writes it on the command line."""

from __future__ import annotations

import re

from engine.documents import Mapping, Source, parse_on
from engine.documents.nodes import Scalar
from engine.errors import InvalidInputError

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(%|cash)?")
_KINDS = {"%": "percent", "cash": "notional", None: "fixed"}


def with_size(text: str, name: str, size: str) -> str:
    """Give a rule file's text with `order.size` replaced: "15%" of the equity, "1000cash" of money, or an amount.

    Errors: InvalidInputError where the size is none of these, or the file has no size at that place.
    """
    wanted = _SIZE.fullmatch(size.strip())
    if wanted is None:
        raise InvalidInputError(
            f"--size '{size}' is no size; write 15% (of the equity), 1000cash, or an amount such as 0.01"
        )
    stated = parse_on(Source(name, text))[0].get("order", "size")
    (kind, value), *more = stated.entries.items() if isinstance(stated, Mapping) and stated.entries else [("", None)]
    if more or not isinstance(value, Scalar):
        raise InvalidInputError(
            f"{name}: there is no order size to replace by --size; write it in the file, under order"
        )
    begin = text.rindex(kind, 0, value.start)
    return f"{text[:begin]}{_KINDS[wanted[2]]}: {wanted[1]}{text[value.end :]}"
