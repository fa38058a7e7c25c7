"""Numbers as the platform reads them: plain decimal strings, never `9e-05`, never `0.30000000000000004`."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation

Number = Decimal | int | float | str


def plain(number: Number) -> Decimal:
    """Read a number exactly as it is written; a float by its shortest decimal form.

    Errors: ValueError where it is not a finite decimal number.
    """
    try:
        value = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    except InvalidOperation:
        raise ValueError(f"'{number}' is not a number") from None
    if isinstance(number, bool) or not value.is_finite():
        raise ValueError(f"'{number}' is not a number")
    return value


def number_text(value: Decimal) -> str:
    """Write without exponent and without needless zeros: Decimal("9E-5") gives "0.00009"."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_step(number: Number, step: Decimal, *, down: bool = False) -> Decimal:
    """Round to the nearest multiple of `step` (half to even), or down to it; a step of 0 rounds nothing."""
    value = plain(number)
    if not step:
        return value
    rounding = ROUND_DOWN if down else ROUND_HALF_EVEN
    return (value / step).quantize(Decimal(1), rounding=rounding) * step
