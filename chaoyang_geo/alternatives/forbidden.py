"""Forbidden translations: how a site may not be moved, and the shortest way out.

The translations that bring a site S into conflict with a zone Z are the Minkowski sum Z + (-S)
(no-fit polygon); with a clearance, that sum grown by a disc. The search builds only as much of it
as it needs: the shortest translation not yet forbidden is tried on the ground, and where the moved
site meets zones, the sums of just those pieces of site and zones are forbidden, too. What is
forbidden is always part of the truth, so the first translation that holds is the shortest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

_FLAT = 1e-8  # a bulge of less than this times the outline, m2, is rounding
_AT_ONCE = 12  # pairs of pieces whose sums are taken at a time, largest conflicts first


def convex_parts(shape: Any) -> list[Floats]:
    """Take a shape apart into convex parts, as arrays of vertices; together they are the shape.

    Polygons: constrained Delaunay triangles, joined across their longest sides while they stay
    convex (Hertel and Mehlhorn 1983). Lines: their segments. Points: the points.

    Examples
    --------
    >>> import shapely
    >>> from chaoyang_geo.alternatives.forbidden import convex_parts
    >>> ell = shapely.from_wkt("POLYGON ((0 0, 2 0, 2 1, 1 1, 1 2, 0 2, 0 0))")
    >>> len(convex_parts(ell)), len(convex_parts(ell.convex_hull))
    (2, 1)
    """
    import numpy as np
    import shapely

    parts = shapely.get_parts([shape])
    while (shapely.get_type_id(parts) > 3).any():
        parts = shapely.get_parts(parts)
    found: list[Floats] = []
    for part in parts:
        if part.is_empty:
            continue
        if part.geom_type == "Polygon":
            found.extend(shapely.get_coordinates(each) for each in _convex_polygons(part))
        elif part.geom_type == "Point":
            found.append(shapely.get_coordinates(part))
        else:
            xy = shapely.get_coordinates(part)
            found.extend(np.stack([xy[:-1], xy[1:]], axis=1))
    return found


def _convex_polygons(polygon: Any) -> list[Any]:
    import numpy as np
    import shapely

    hull = shapely.convex_hull(polygon)
    if hull.area - polygon.area <= _FLAT * hull.length:
        return [hull]
    shapes = list(shapely.get_parts(shapely.constrained_delaunay_triangles(polygon)))
    sides: dict[tuple[tuple[float, float], ...], list[int]] = {}
    for number, triangle in enumerate(shapes):
        ring = [(float(x), float(y)) for x, y in shapely.get_coordinates(triangle)]
        for ends in pairwise(ring):
            sides.setdefault(tuple(sorted(ends)), []).append(number)
    shared = [(math.dist(*side), pair) for side, pair in sides.items() if len(pair) == 2]
    owner = list(range(len(shapes)))

    def root(number: int) -> int:
        while owner[number] != number:
            number = owner[number]
        return number

    for _, pair in sorted(shared, key=lambda each: (-each[0], each[1])):
        one, other = root(pair[0]), root(pair[1])
        if one == other:
            continue
        joined = shapely.convex_hull(shapely.multipolygons(np.array([shapes[one], shapes[other]])))
        if joined.area - shapes[one].area - shapes[other].area <= _FLAT * joined.length:
            shapes[one] = joined
            owner[other] = one
    return [shape for number, shape in enumerate(shapes) if owner[number] == number]


def ring_of_directions(clearance_m: float, tolerance_m: float) -> Floats:
    """Return a regular polygon between the circles of the clearance and of clearance + tolerance.

    Its corners lie on the outer circle; its sides keep off the inner one by half the tolerance.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.alternatives.forbidden import ring_of_directions
    >>> corners = ring_of_directions(100.0, 0.01)
    >>> sides = (corners + np.roll(corners, 1, axis=0)) / 2
    >>> bool((np.hypot(*sides.T) >= 100.005).all()), len(corners)
    (True, 315)
    """
    import numpy as np

    outer = clearance_m + tolerance_m
    n = max(8, math.ceil(math.pi / math.acos((clearance_m + tolerance_m / 2) / outer)))
    angle = 2 * np.pi * np.arange(n) / n
    found: Floats = outer * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return found


@dataclass(frozen=True)
class Body:
    """A convex part of a site, and its mirror image grown by the clearance, counter-clockwise."""

    corners: Floats
    mirror: Floats


def bodies(site: Any, clearance_m: float, tolerance_m: float) -> list[Body]:
    """Return the convex parts of a site with their mirror images."""
    import numpy as np
    import shapely

    ring = ring_of_directions(clearance_m, tolerance_m)
    found = []
    for corners in convex_parts(site):
        grown = (ring[None, :, :] - corners[:, None, :]).reshape(-1, 2)
        # one line through all points: much quicker to make than points, and of the same hull
        hull = shapely.orient_polygons(shapely.convex_hull(shapely.linestrings(grown)))
        found.append(Body(np.asarray(corners), shapely.get_coordinates(hull)[:-1]))
    return found


def forbidden(piece: Any, body: Body) -> Any:
    """Return the translations of a body that bring it into conflict with a polygon of a zone.

    That is the Minkowski sum of the polygon and the body's mirror image. It is where the outline of
    :func:`convolution` winds round at least once, which is what a buffer of width 0 keeps.

    Examples
    --------
    >>> import shapely
    >>> from chaoyang_geo.alternatives.forbidden import bodies, forbidden
    >>> (body,) = bodies(shapely.box(0, 0, 1, 1), 0.0, 1e-6)
    >>> ring = shapely.box(0, 0, 10, 10).difference(shapely.box(2, 2, 8, 8))
    >>> round(forbidden(ring, body).area, 3)  # 11 x 11 less the 5 x 5 that fit the hole
    96.0
    """
    import shapely

    hull = shapely.convex_hull(piece)
    if hull.area - piece.area <= _FLAT * hull.length:
        corners = shapely.get_coordinates(hull)[:-1]
        return shapely.convex_hull(
            shapely.linestrings((corners[:, None, :] + body.mirror[None, :, :]).reshape(-1, 2))
        )
    if shapely.get_num_interior_rings(piece):
        return shapely.union_all([forbidden(half, body) for half in _through_hole(piece)])
    ring = shapely.get_coordinates(shapely.orient_polygons(piece))
    return shapely.buffer(shapely.polygons(convolution(ring, body.mirror)), 0.0)


def _through_hole(piece: Any) -> list[Any]:
    """Cut a piece in two, and more, by the upright line through the middle of its first hole."""
    import shapely

    west, south, east, north = shapely.bounds(piece).tolist()
    left, _, right, _ = shapely.bounds(shapely.get_interior_ring(piece, 0)).tolist()
    middle = (left + right) / 2
    sides = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    parts = shapely.get_parts(shapely.intersection(piece, sides))
    return list(parts[shapely.get_type_id(parts) == 3])


def convolution(ring: Floats, corners: Floats) -> Floats:
    """Return the convolution of a closed ring and a convex polygon, both counter-clockwise.

    Along each side of the ring runs the corner of the polygon that is outermost there; at a vertex
    the corners between those of its two sides follow, backwards where the ring turns right. The
    curve winds round a place as often as the polygon's mirror image, set down there, meets the ring
    in separate pieces (Guibas, Ramshaw and Stolfi 1983), of a ring without holes.

    Examples
    --------
    >>> import numpy as np
    >>> from chaoyang_geo.alternatives.forbidden import convolution
    >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    >>> convolution(np.array([[0.0, 0], [9, 0], [9, 9], [0, 0]]), square).tolist()
    [[0.0, 1.0], [0.0, 0.0], [9.0, 0.0], [10.0, 0.0], [10.0, 9.0], [10.0, 10.0], [9.0, 10.0]]
    """
    import numpy as np

    ring = ring[:-1][(np.diff(ring, axis=0) != 0).any(axis=1)]
    heading = _headings(ring)
    sides = _headings(corners)
    first = int(sides.argmin())
    corners, sides = np.roll(corners, -first, axis=0), np.roll(sides, -first)
    there = np.searchsorted(sides, heading) % len(corners)
    here = np.roll(there, 1)
    turn = heading - np.roll(heading, 1)
    turn = np.where(turn > np.pi, turn - 2 * np.pi, turn)
    turn = np.where(turn <= -np.pi, turn + 2 * np.pi, turn)
    step = np.where(turn >= 0, 1, -1)
    n = step * (there - here) % len(corners) + 1
    vertex = np.repeat(np.arange(len(ring)), n)
    nth = np.arange(len(vertex)) - np.repeat(np.cumsum(n) - n, n)
    found: Floats = ring[vertex] + corners[(here[vertex] + step[vertex] * nth) % len(corners)]
    return found


def _headings(corners: Floats) -> Floats:
    """Return the direction from each corner to the next, in radians from -pi to pi."""
    import numpy as np

    along = np.roll(corners, -1, axis=0) - corners
    found: Floats = np.arctan2(along[:, 1], along[:, 0])
    return found


@dataclass(frozen=True)
class Way:
    """A translation that clears a site, and how many others are as short."""

    east: float
    north: float
    n_others: int


class Search:
    """The shortest translation of one site out of zones; ``tree`` is the index of ``pieces``."""

    def __init__(
        self, site: Any, tree: Any, *, within_m: float, clearance_m: float, tolerance_m: float
    ) -> None:
        import numpy as np
        import shapely

        self._site, self._tree = site, tree
        self._within, self._clearance, self._tolerance = within_m, clearance_m, tolerance_m
        self._bodies = bodies(site, clearance_m, tolerance_m)
        self._shapes = shapely.convex_hull(
            np.array([shapely.multipoints(body.corners) for body in self._bodies], dtype=object)
        )
        self._done: set[tuple[int, int]] = set()
        half = within_m + tolerance_m
        self._free: Any = shapely.box(-half, -half, half, half)
        self.n_tried = 0

    def shortest(self) -> Way | None:
        """Return the shortest way out, or ``None`` where none is as short as ``within_m``."""
        import numpy as np
        import shapely

        origin = shapely.Point(0.0, 0.0)
        while not self._free.is_empty:
            best = self._tips(np.array([self._free], dtype=object))[0]
            length = float(np.hypot(*best))
            if length > self._within:
                return None
            if self._blocked(best):
                continue
            # others that are as short, to the tolerance: a tie is decided, not left to chance
            far = length + self._tolerance
            disc = shapely.buffer(origin, far / math.cos(math.pi / 256), quad_segs=64)
            tips = self._tips(shapely.get_parts(shapely.intersection(self._free, disc)))
            other = np.hypot(*tips.T) <= min(self._within, far)
            other &= np.hypot(*(tips - best).T) > self._tolerance
            tips = tips[other]
            if any([self._blocked(tip) for tip in tips]):
                continue
            tips = np.concatenate([best[None, :], tips])
            turn = np.round(np.degrees(np.arctan2(tips[:, 0], tips[:, 1])) % 360, 4) % 360
            chosen = tips[np.lexsort((np.hypot(*tips.T), turn))[0]]
            return Way(float(chosen[0]), float(chosen[1]), len(tips) - 1)
        return None

    def _tips(self, parts: Shapes) -> Floats:
        """Return the point of each part that is nearest to no translation at all."""
        import shapely

        lines = shapely.shortest_line(shapely.Point(0.0, 0.0), parts)
        found: Floats = shapely.get_coordinates(lines)[1::2]
        return found

    def _blocked(self, move: Floats) -> bool:
        """Try a translation on the ground; where it fails, forbid what it has shown."""
        import numpy as np
        import shapely

        self.n_tried += 1
        moved = shapely.transform(self._site, lambda points: points + move)
        if not len(self._tree.query(moved, predicate="dwithin", distance=self._clearance)):
            return False
        shapes = shapely.transform(self._shapes, lambda points: points + move)
        one, piece = self._tree.query(shapes, predicate="dwithin", distance=self._clearance)
        new = [
            at
            for at, pair in enumerate(zip(one.tolist(), piece.tolist(), strict=True))
            if pair not in self._done
        ]
        one, piece = one[new], piece[new]
        if len(one) > _AT_ONCE:
            common = shapely.intersection(shapes[one], self._tree.geometries[piece])
            size = shapely.area(common) + 1e-6 * shapely.length(common)
            kept = np.argsort(-size, kind="stable")[:_AT_ONCE]
            one, piece = one[kept], piece[kept]
        cuts = [
            forbidden(self._tree.geometries[at], self._bodies[body])
            for body, at in zip(one.tolist(), piece.tolist(), strict=True)
        ]
        self._done.update(zip(one.tolist(), piece.tolist(), strict=True))
        if not cuts:  # rounding: as this translation fails, so do all within the tolerance of it
            cuts = [shapely.buffer(shapely.Point(*move), self._tolerance / 2, quad_segs=2)]
        self._free = shapely.difference(self._free, shapely.union_all(cuts))
        return True
