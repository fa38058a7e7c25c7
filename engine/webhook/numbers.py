"""Numbers as the platform reads them: plain decimal strings, never `9e-05`, never `0.30000000000000004`."""

from __future__ import annotations

from decimal import MAX_PREC, Decimal, InvalidOperation, localcontext
from fractions import Fraction

Number = Decimal | int | float | str


def plain(number: Number) -> Decimal:
    """Read a number exactly as it is written; a float (numpy's too) by its shortest decimal form.

    Errors: ValueError where it is not a finite decimal number.
    """
    if isinstance(number, bool):
        raise ValueError(f"'{number}' is not a number")
    try:
        value = Decimal(float.__repr__(number)) if isinstance(number, float) else Decimal(number)
    except InvalidOperation:
        raise ValueError(f"'{number}' is not a number") from None
    if not value.is_finite():
        raise ValueError(f"'{number}' is not a number")
    return value


def number_text(value: Decimal) -> str:
    """Write without exponent, without needless zeros and without a sign on zero: Decimal("9E-5") gives "0.00009"."""
    text = format(value if value else Decimal(0), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_step(number: Number, step: Decimal, *, down: bool = False) -> Decimal:
    """Round to the nearest multiple of `step` (half to even), or towards zero; a step of 0 rounds nothing. Exact."""
    value = plain(number)
    if not step:
        return value
    steps = Fraction(value) / Fraction(step)
    whole = int(steps) if down else round(steps)
    with localcontext(prec=MAX_PREC):  # the default 28 digits would round once more
        return whole * step
