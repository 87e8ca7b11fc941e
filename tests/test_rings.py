"""Which polygons are valid: a compiled loop settles most of a large layer, GEOS the others."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from chaoyang_geo import loops, shapes

COMPILED = "compiled"
STAR = [
    (
        math.cos(k * math.pi / 300) * (1 + 2 * (k % 2)),
        math.sin(k * math.pi / 300) * (1 + 2 * (k % 2)),
    )
    for k in range(600)
]


def surely_simple(ring, loop=loops.simple_rings):
    xy = np.array([*ring, ring[0]], dtype=float)
    found = np.zeros(1, bool)
    room = np.empty((4, loops.MOST_SEGMENTS // loops.RUN + 1))
    first, count = np.array([0], np.int64), np.array([len(xy)], np.int64)
    loop(xy.ravel(), first, count, 0, 1, room, found)
    return bool(found[0])


@pytest.fixture(params=["plain", COMPILED])
def loop(request):
    if request.param == "plain":
        return loops.simple_rings
    pytest.importorskip("numba")
    return loops._compiled(loops.simple_rings)


@pytest.mark.parametrize(
    ("ring", "simple"),
    [
        ([(0, 0), (2, 0), (2, 2), (0, 2)], True),
        ([(0, 0), (2, 0), (1, 2)], True),
        ([(0, 0), (1, 0), (2, 0), (2, 2), (0, 2)], True),  # straight on at a vertex
        (STAR, True),
        ([(0, 0), (2, 2), (2, 0), (0, 2)], False),  # a bow tie
        ([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], False),  # a vertex on another segment
        ([(0, 0), (4, 0), (4, 4), (2, 2), (0, 4), (2, 2)], False),  # a vertex on a vertex
        ([(0, 0), (4, 0), (4, 4), (4, 6), (4, 4), (0, 4)], False),  # a spike
        ([(0, 0), (4, 0), (2, 0), (2, 3)], False),  # turning back along a segment
        ([(2, 0), (2, 3), (0, 0), (4, 0)], False),  # the same where the ring closes
        ([(0, 0), (2, 0), (2, 0), (2, 2)], False),  # a vertex twice: GEOS is asked
        ([(0, 0), (2, 0)], False),
        ([(0, 0), (math.nan, 1), (2, 2), (0, 2)], False),
        ([(0, 0), (math.inf, 1), (2, 2), (0, 2)], False),
        ([(0, 0), (1e200, 1), (2, 2), (0, 2)], False),
        ([(0, 0), (1, 3), (0.1, 0.3), (2, 0)], False),  # too close for the rounding
    ],
)
def test_a_ring_is_simple_for_sure_or_left_to_geos(ring, simple, loop):
    assert surely_simple(ring, loop) is simple
    turned = ring[3:] + ring[:3]
    assert surely_simple(turned[::-1], loop) is simple


def test_a_long_ring_is_left_to_geos():
    angle = np.linspace(0, 2 * np.pi, loops.MOST_SEGMENTS + 1, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert not surely_simple([*map(tuple, circle)])
    assert surely_simple([*map(tuple, circle[::100])])


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=30))
def test_what_is_sure_is_valid_and_the_rest_touches_itself(ring):
    polygon = Polygon(ring)
    sure = surely_simple(ring)
    if sure:
        assert shapely.is_valid(polygon)
    elif len(set(ring)) == len(ring):  # of whole numbers no rounding is in the way
        assert not shapely.is_valid(polygon)


@settings(max_examples=200)
@given(
    st.lists(st.floats(0.1, 9), min_size=20, max_size=60),
    st.integers(0, 59),
    st.integers(0, 59),
)
def test_two_vertices_of_a_star_are_exchanged(sizes, one, other):
    angle = np.linspace(0, 2 * np.pi, len(sizes), endpoint=False)
    ring = [(math.cos(a) * size, math.sin(a) * size) for a, size in zip(angle, sizes, strict=True)]
    assert surely_simple(ring)
    one, other = one % len(ring), other % len(ring)
    ring[one], ring[other] = ring[other], ring[one]
    if surely_simple(ring):
        assert shapely.is_valid(Polygon(ring))


def mixed_layer():
    hole = Polygon(STAR, [[(0.1, 0.1), (0.2, 0.1), (0.2, 0.2)]])
    out = Polygon([(0, 0), (9, 0), (9, 9)], [[(20, 20), (21, 20), (21, 21)]])
    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    with np.errstate(invalid="ignore"):
        nowhere = Polygon([(0, 0), (math.nan, 1), (2, 2)])
    rest = [
        hole, out, bow, None, Polygon(), MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]),
        MultiPolygon([box(0, 0, 2, 2), box(1, 1, 3, 3)]), Point(1, 1), LineString([(0, 0), (1, 1)]),
        Polygon([(0, 0, 1), (2, 0, 1), (2, 2, 1)]), nowhere,
    ]  # fmt: skip
    one = [Polygon(STAR), box(0, 0, 1, 1), bow, Polygon([(0, 0), (1, 0), (1, 0), (1, 1)])]
    return np.array(rest + one * 1_000, dtype=object)


@pytest.mark.parametrize("fast", [True, False])
def test_a_mixed_layer_is_as_valid_as_geos_says(fast, monkeypatch):
    layer = mixed_layer()
    asked = []
    if fast:
        pytest.importorskip("numba")
        monkeypatch.setattr(loops, "MANY_ROWS", 0)
        made = loops._compiled(loops.simple_rings)
        monkeypatch.setattr(
            loops, "_compiled", lambda loop: lambda *given: asked.append(made(*given))
        )
    assert shapes.valid(layer).tolist() == shapely.is_valid(layer).tolist()
    assert 0 < shapes.valid(layer).sum() < len(layer)
    assert bool(asked) is fast
    assert shapes.valid(layer[:0]).tolist() == []
