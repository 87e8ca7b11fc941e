"""Rounding by GB/T 8170: half to even, of decimal numbers, in one step.

A leaf: it knows numbers and nothing of water. A binary number is first read as the decimal
number that it stands for, so that 2.675 is a tie and 0.1 + 0.2 is 0.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Two numbers that agree in so many significant digits are one number; the rest is the noise
#: of binary arithmetic.
DIGITS = 12
_EXACT = 22  # powers of ten up to this one are exact binary numbers
_NEAR = 1e-3  # of a unit in the last digit kept: the arithmetic below errs by less
_BLOCK = 1 << 15  # values at a time, so that they stay in the cache
_ROOM = 1e-9  # a value nearer than this share to a tie is worked out in whole numbers


def round_half_even(values: Any, decimals: Any) -> npt.NDArray[np.float64]:
    """Round numbers to decimals, half to even; one that would become 0 keeps one digit.

    Parameters
    ----------
    values : array_like of float, n values
        Numbers; NaN and infinity stay what they are.
    decimals : int, or array_like of n numbers
        How many decimals each keeps, 0 or more; NaN leaves its value as it is.

    Returns
    -------
    ndarray of float64, n values
        The binary numbers nearest to the rounded decimals.

    Raises
    ------
    ValueError
        ``decimals`` has another length than ``values``, is negative or not whole.

    Notes
    -----
    Source: GB/T 8170 by 环办监测函〔2020〕82号: half to even, in one step (verified); at least
    one significant digit where the result would be 0 (known from one source). Values equal in
    12 significant digits are taken for equal, so that a sum's binary noise decides no tie.

    Examples
    --------
    >>> from chaoyang_geo.rounding import round_half_even
    >>> round_half_even([0.20000000000000004, 2.675, 2.665, 0.0002, 8.5], [1, 2, 2, 3, 0]).tolist()
    [0.2, 2.68, 2.66, 0.0002, 8.0]
    """
    import numpy as np

    number = np.array(values, dtype=np.float64, order="C")
    given = np.asarray(decimals, dtype=np.float64)
    if given.ndim and given.shape != number.shape:
        raise ValueError(
            f"decimals: {given.size} numbers for {number.size} values; "
            "give one number, or one for each value."
        )
    flat, kept = number.reshape(-1), np.broadcast_to(given, number.shape).reshape(-1)
    for start in range(0, len(flat), _BLOCK):
        here = slice(start, start + _BLOCK)
        _round_block(flat[here], kept[here])
    return number


def _round_block(value: Floats, decimals: Floats) -> None:
    """Round some numbers in place; one whose decimals are NaN stays."""
    import numpy as np

    places = np.fmax(decimals, -1).astype(np.int64)
    stays = np.isnan(decimals)
    wrong = ~stays & ((places != decimals) | (places < 0))
    if wrong.any():
        raise ValueError(
            f"decimals={decimals[wrong][0]:g} is not a number of decimals; use 0, 1, 2, ... or NaN."
        )
    used = np.isfinite(value) & ~stays & (value != 0)
    if used.all():
        value[:] = _rounded(value, places)
    else:
        value[used] = _rounded(value[used], places[used])


def _rounded(value: Floats, places: Ints) -> Floats:
    """Round finite numbers other than 0."""
    import numpy as np

    ten: Floats = np.array([float(10**k) for k in range(_EXACT + 1)])
    size = np.abs(value)
    factor = np.take(ten, places, mode="clip")
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is done in decimals
        scaled = size * factor
        whole = np.rint(scaled)
        out: Floats = np.copysign(whole / factor, value)
        # far from a tie, and not 0: binary arithmetic has the same answer
        near = np.abs(np.abs(scaled - whole) - 0.5) <= _ROOM * (1.0 + scaled)
    rest = np.flatnonzero(near | (whole == 0) | (scaled >= 1e9) | (places > _EXACT))
    if len(rest):
        exact = _by_digits(size[rest], places[rest], ten)
        out[rest] = np.copysign(exact, value[rest])
    return out


def _by_digits(size: Floats, places: Ints, ten: Floats) -> Floats:
    """Round positive numbers in whole numbers of 12 digits, the rest one by one in decimals."""
    import numpy as np

    power = DIGITS - 1 - np.floor(np.log10(size)).astype(np.int64)
    known = (power >= 0) & (power <= _EXACT)
    # value = digits / 10 ** power
    long = size * ten[np.where(known, power, 0)]
    long[~known] = 0.0
    digits = np.rint(long).astype(np.int64)
    # where the 12 digits themselves hang on the arithmetic, the decimals decide
    known &= np.abs(np.abs(long - digits) - 0.5) > _NEAR
    drop = np.clip(power - places, 0, DIGITS + 1)
    digits, power = _dropped(digits, power, drop)
    gone = digits == 0
    if gone.any():
        digits[gone], power[gone] = _dropped(
            np.rint(long[gone]).astype(np.int64),
            power[gone] + drop[gone],
            np.full(int(gone.sum()), DIGITS - 1),
        )
    known &= (power >= 0) & (power <= _EXACT)
    out: Floats = digits / ten[np.where(known, power, 0)]
    for k in np.flatnonzero(~known):
        out[k] = _in_decimals(float(size[k]), int(places[k]))
    return out


def _dropped(digits: Ints, power: Ints, drop: Ints) -> tuple[Ints, Ints]:
    """Drop the last digits of whole numbers, half to even."""
    import numpy as np

    unit = 10**drop
    kept, rest = np.divmod(digits, unit)
    twice = 2 * rest
    kept += (twice > unit) | ((twice == unit) & (kept % 2 == 1))
    return kept, power - drop


def _in_decimals(size: float, places: int) -> float:
    """Round one positive number in decimal arithmetic: slow, and right for any size."""
    from decimal import ROUND_HALF_EVEN, Context, Decimal

    def digits(number: Decimal, n: int) -> Decimal:
        return Context(prec=n, rounding=ROUND_HALF_EVEN).plus(number)

    number = digits(Decimal(repr(size)), DIGITS)
    last = number.adjusted() + 1 + places  # significant digits that stay
    if last >= DIGITS:
        return float(number)
    if last > 0:
        return float(digits(number, last))
    if last == 0:  # 0.06 to one decimal is 0.1
        up = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        if up:
            return float(up)
    return float(digits(number, 1))


def short_number(value: float, digits: int = 4) -> str:
    """Write a number for people to about ``digits`` digits, never as a power of ten.

    Examples
    --------
    >>> [short_number(number) for number in (9999.99, 12345.6, 0.25, 0.000012345, 47.619)]
    ['10000', '12346', '0.25', '0.00001234', '47.62']
    """
    import numpy as np

    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) >= 10 ** (digits - 1):
        return f"{value:.0f}"
    return np.format_float_positional(rounded, trim="-")
