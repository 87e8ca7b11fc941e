"""Rounding by GB/T 8170 against decimal arithmetic."""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaoyang_geo.rounding import round_half_even

NAN = float("nan")


def in_decimals(value, places):
    """Round one number as a person would: its 12 digits, then half to even, then not to 0."""
    number = Context(prec=12, rounding=ROUND_HALF_EVEN).plus(Decimal(repr(value)))
    with localcontext() as context:
        context.prec = 400
        rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    if rounded == 0 and number != 0:
        rounded = Context(prec=1, rounding=ROUND_HALF_EVEN).plus(number)
    return float(rounded)


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (0.20000000000000004, 1, 0.2),  # the mean of 0.1, 0.2 and 0.3
        (0.1 + 0.2, 3, 0.3),
        (2.675, 2, 2.68),  # 2.67499999999999982236431605997495353221893310546875 in binary
        (2.665, 2, 2.66),
        (0.125, 2, 0.12),
        (0.375, 2, 0.38),
        (0.1250001, 2, 0.13),
        (6.5, 0, 6.0),
        (7.5, 0, 8.0),
        (0.45, 1, 0.4),
        (0.0445, 2, 0.04),  # in two steps it would be 0.045, then 0.04; in one 0.04
        (0.2349, 2, 0.23),  # in two steps 0.235, then 0.24
        (0.0002, 3, 0.0002),  # not to 0: one significant digit stays
        (0.00045, 3, 0.0004),
        (0.00055, 3, 0.001),
        (0.0005, 3, 0.0005),
        (0.000095, 3, 0.0001),
        (0.0, 3, 0.0),
        (-0.25, 1, -0.2),
        (1234567.5, 0, 1234568.0),
    ],
)
def test_rounding_on_paper(value, places, expected):
    assert round_half_even([value], places).tolist() == [expected]


def test_what_is_no_number_or_has_no_decimals_stays():
    found = round_half_even([NAN, math.inf, 0.12345, 0.12345], [2, 2, NAN, 2])
    assert math.isnan(found[0])
    assert found[1:].tolist() == [math.inf, 0.12345, 0.12]


def test_the_input_is_not_changed_and_the_shape_is_kept():
    values = np.asfortranarray([[0.125, 0.375], [0.45, 7.0]])
    before = values.copy()
    assert round_half_even(values, 1).tolist() == [[0.1, 0.4], [0.4, 7.0]]
    assert (values == before).all()
    assert round_half_even([], 2).shape == (0,)


def test_what_decimals_must_be():
    with pytest.raises(ValueError, match="decimals=-1 is not a number of decimals"):
        round_half_even([1.0], -1)
    with pytest.raises(ValueError, match="decimals=1.5 is not a number of decimals"):
        round_half_even([1.0], 1.5)
    with pytest.raises(ValueError, match="decimals: 2 numbers for 1 values"):
        round_half_even([1.0], [1, 2])


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(-1e4, 1e4),
        st.builds(lambda n, k: n / 10**k, st.integers(-(10**7), 10**7), st.integers(0, 9)),
        # at a tie, and beside it by the noise of binary arithmetic or by a real difference
        st.builds(
            lambda n, k, noise: (n + 0.5) / 10**k * (1 + noise),
            st.integers(0, 10**6),
            st.integers(0, 6),
            st.sampled_from([0, 1e-16, -1e-16, 3e-16, 4e-13, 5e-13, -5e-13, 1e-12, 1e-11, -1e-11]),
        ),
    ),
    st.integers(0, 25),
)
@example(999999999999.5, 0)
@example(9.9999999999996, 11)
@example(1e-300, 3)
@example(1.7976931348623157e308, 0)
def test_rounding_is_that_of_decimal_arithmetic(value, places):
    assert round_half_even([value], places)[0] == in_decimals(value, places)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 10**4), st.integers(0, 4)), min_size=1, max_size=30),
    st.integers(0, 4),
)
def test_the_mean_of_decimals_rounds_as_in_exact_arithmetic(numbers, places):
    values = [n / 10**k for n, k in numbers]
    exact = sum(Decimal(n).scaleb(-k) for n, k in numbers) / len(numbers)
    mean = float(np.mean(values))
    assert round_half_even([mean], places)[0] == in_decimals(float(exact), places)


@given(st.lists(st.floats(-1e6, 1e6), max_size=20), st.integers(0, 6))
def test_rounding_again_changes_nothing_and_order_is_kept(values, places):
    once = round_half_even(values, places)
    assert round_half_even(once, places).tolist() == once.tolist()
    whole = np.array([in_decimals(v, places) for v in values])
    assert (once == whole).all()


def test_many_values_are_those_of_one_by_one():
    values = np.random.default_rng(3).integers(0, 10**6, 70_000) / 10**4
    values[::997] = NAN
    places = np.arange(len(values)) % 5
    found = round_half_even(values, places)
    for k in range(0, len(values), 131):
        alone = round_half_even(values[k : k + 1], places[k])
        assert np.array_equal(alone, found[k : k + 1], equal_nan=True)
