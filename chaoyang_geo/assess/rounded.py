"""Which unrounded means still meet a limit after rounding: exactly, as fractions.

A mean is rounded half to even before it is compared (环办监测函〔2020〕82号, GB/T 8170), and one
that would become 0 keeps a digit. So the mean may lie beyond the limit by half a unit of its
last decimal, and on the half itself where the last digit of the limit is even.
"""

from __future__ import annotations

from fractions import Fraction

#: An end of a range, and whether it belongs to the range.
End = tuple[Fraction, bool]

_HALF = Fraction(1, 2)


def exact(number: float) -> Fraction:
    """Return the decimal number that a binary one stands for, to 12 significant digits.

    Examples
    --------
    >>> from chaoyang_geo.assess.rounded import exact
    >>> exact(0.1 + 0.2) == exact(0.3)
    True
    """
    return Fraction(f"{number:.12g}")


def highest_mean(limit: float, decimals: int | None) -> End:
    """Return the largest mean that is not above an upper limit once rounded.

    Examples
    --------
    >>> from chaoyang_geo.assess.rounded import highest_mean
    >>> [(float(end), there) for end, there in (highest_mean(0.2, 3), highest_mean(9, 0))]
    [(0.2005, True), (9.5, False)]
    """
    bound = exact(limit)
    if decimals is None or bound <= 0:
        return bound, True
    unit = Fraction(1, 10**decimals)
    whole = bound // unit
    if whole:
        return (whole + _HALF) * unit, whole % 2 == 0
    # the limit is less than one unit: what rounds to 0 is compared by its first digit
    step = _first_digit(bound)
    digit = bound // step
    return min(((digit + _HALF) * step, digit % 2 == 0), (unit * _HALF, True))


def lowest_mean(limit: float, decimals: int | None) -> End:
    """Return the smallest mean that is not below a lower limit once rounded.

    Examples
    --------
    >>> from chaoyang_geo.assess.rounded import lowest_mean
    >>> [(float(end), there) for end, there in (lowest_mean(5, 1), lowest_mean(6, 0))]
    [(4.95, True), (5.5, True)]
    """
    bound = exact(limit)
    if decimals is None or bound <= 0:
        return bound, True
    unit = Fraction(1, 10**decimals)
    if bound > unit * _HALF:
        whole = -(-bound // unit)
        return (whole - _HALF) * unit, whole % 2 == 0
    step = _first_digit(bound)
    digit = -(-bound // step)
    if digit == 1:  # below it the first digit is a finer one
        step, digit = step / 10, 10
    return (digit - _HALF) * step, digit % 2 == 0


def _first_digit(number: Fraction) -> Fraction:
    """Return the power of ten of a number's first digit."""
    step = Fraction(1)
    while step > number:
        step /= 10
    while step * 10 <= number:
        step *= 10
    return step
