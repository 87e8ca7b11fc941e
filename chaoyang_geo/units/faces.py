"""Borders cut into faces: which units each face lies in, and which faces share a border.

All borders are noded together on a fine grid and cut into faces that do not overlap. A face in no
unit is a gap, a face in several units an overlap; polygons that are put together from faces share
their borders vertex by vertex.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoyang_geo.units.shapes import Bools, Floats, Ints, Ruler, Shapes


@dataclass(frozen=True)
class Faces:
    """Faces of an arrangement of borders, and the polygons that hold each.

    ``pairs_face`` and ``pairs_unit`` name every face with every polygon that it lies in.
    """

    shapes: Shapes
    points: Shapes
    pairs_face: Ints
    pairs_unit: Ints
    ruler: Ruler

    @cached_property
    def count(self) -> Ints:
        """How many polygons each face lies in."""
        import numpy as np

        return np.bincount(self.pairs_face, minlength=len(self.shapes)).astype(np.int64)

    @cached_property
    def owners(self) -> list[tuple[int, ...]]:
        """The polygons of each face, in ascending order."""
        found: list[list[int]] = [[] for _ in range(len(self.shapes))]
        for face, unit in zip(self.pairs_face.tolist(), self.pairs_unit.tolist(), strict=True):
            found[face].append(unit)
        return [tuple(sorted(units)) for units in found]

    @cached_property
    def borders(self) -> tuple[Ints, Ints, Floats]:
        """Pairs of faces that share a border, each twice, and its length in metres."""
        return shared_borders(self.shapes, self.ruler)


def cut_faces(lines: Sequence[Any], polygons: Shapes, ruler: Ruler) -> Faces:
    """Cut lines into faces and say which polygons hold each.

    Parameters
    ----------
    lines : sequence of (Multi)LineString, in the coordinates of ``ruler``
    polygons : array of (Multi)Polygon, valid
    ruler : Ruler
    """
    import numpy as np
    import shapely

    kept = [line for line in lines if not shapely.is_empty(line)]
    if not kept:
        none = np.array([], dtype=np.int64)
        return Faces(np.array([], object), np.array([], object), none, none, ruler)
    noded = shapely.union_all(np.array(kept, dtype=object), grid_size=ruler.grid)
    shapes = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    points = shapely.point_on_surface(shapes)
    unit, face = shapely.STRtree(points).query(polygons, predicate="contains")
    return Faces(shapes, points, face, unit, ruler)


def shared_borders(shapes: Shapes, ruler: Ruler) -> tuple[Ints, Ints, Floats]:
    """Return every pair of noded polygons with a common segment, both ways, and its length (m)."""
    import numpy as np
    import shapely

    rings, of_ring = shapely.get_rings(shapes, return_index=True)
    at, ring = shapely.get_coordinates(rings, return_index=True)
    none = np.array([], dtype=np.int64)
    if not len(at):
        return none, none, np.array([], dtype=np.float64)
    metric = shapely.get_coordinates(ruler.project(rings))
    inside = ring[1:] == ring[:-1]
    start, end = at[:-1][inside], at[1:][inside]
    length = np.hypot(*(metric[1:] - metric[:-1])[inside].T)
    face = of_ring[ring[1:][inside]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    start[swap], end[swap] = end[swap], start[swap]
    key = np.column_stack([start, end])
    order = np.lexsort(key.T)
    key, face, length = key[order], face[order], length[order]
    same = np.flatnonzero((key[1:] == key[:-1]).all(axis=1) & (face[1:] != face[:-1]))
    a, b, shared = face[same], face[same + 1], length[same]
    pair = np.minimum(a, b) * len(shapes) + np.maximum(a, b)
    pairs, where = np.unique(pair, return_inverse=True)
    total = np.bincount(where, weights=shared, minlength=len(pairs))
    low, high = pairs // len(shapes), pairs % len(shapes)
    return (
        np.concatenate([low, high]),
        np.concatenate([high, low]),
        np.concatenate([total, total]),
    )


def components(chosen: Bools, keys: Sequence[Any], faces: Faces) -> Ints:
    """Number the groups of chosen faces that touch along a border and have the same key."""
    import numpy as np
    from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    a, b, _ = faces.borders
    number: dict[Any, int] = {}
    code = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    link = chosen[a] & chosen[b] & (code[a] == code[b]) if len(a) else np.array([], bool)
    n = len(faces.shapes)
    graph = coo_matrix((np.ones(int(link.sum()), bool), (a[link], b[link])), shape=(n, n))
    label: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    label[~chosen] = -1
    return label


def union_of(shapes: Shapes) -> Any:
    """Return the union of faces, which share their borders vertex by vertex."""
    import shapely

    return shapes[0] if len(shapes) == 1 else shapely.coverage_union_all(shapes)
