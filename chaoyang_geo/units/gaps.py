"""Long gaps between several units, cut where one pair of neighbours gives way to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.units.faces import shared_borders, union_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoyang_geo.units.shapes import Bools, Floats, Ints, Ruler, Shapes

#: A gap this many times as long as it is wide is a strip.
STRIP = 20.0


def split_strip(
    shape: Any, beside: Shapes, owners: Sequence[tuple[int, ...]], ruler: Ruler
) -> list[tuple[Any, dict[int, float]]]:
    """Cut a strip into parts between two units each.

    The strip is cut into triangles whose corners are its own vertices; triangles that touch the
    same two units belong together, others go to the part they share the longest side with.

    Parameters
    ----------
    shape : Polygon, noded with the faces beside it
    beside : array of Polygon, the faces along the strip
    owners : the units of each of these faces
    ruler : Ruler

    Returns
    -------
    list of (Polygon, length of border in metres by unit)
        The strip itself where it cannot be cut.
    """
    import numpy as np
    import shapely

    corners: dict[tuple[float, float], set[int]] = {}
    at, face = shapely.get_coordinates(beside, return_index=True)
    for point, k in zip(map(tuple, at.tolist()), face.tolist(), strict=True):
        corners.setdefault(point, set()).update(owners[k])
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(shape))
    n = len(triangles)
    if not n:
        return []
    points = shapely.get_coordinates(triangles).reshape(n, 4, 2)[:, :3].tolist()
    touched = [
        frozenset().union(*(corners.get((x, y), set()) for x, y in three)) for three in points
    ]
    a, b, length = shared_borders(np.concatenate([triangles, beside]), ruler)
    inner = (a < n) & (b < n)
    part = _grown(touched, a[inner], b[inner], length[inner])
    outer = (a < n) & (b >= n)
    found = []
    for number in np.unique(part):
        members = np.flatnonzero(part == number)
        around: dict[int, float] = {}
        here = outer & (part[np.minimum(a, n - 1)] == number)
        for other, shared in zip(b[here].tolist(), length[here].tolist(), strict=True):
            for unit in owners[other - n]:
                around[unit] = around.get(unit, 0.0) + shared
        found.append((union_of(triangles[members]), around))
    whole: dict[int, float] = {}
    for _, around in found:
        for unit, shared in around.items():
            whole[unit] = whole.get(unit, 0.0) + shared
    return found if all(around for _, around in found) else [(shape, whole)]


def _grown(touched: list[frozenset[int]], a: Ints, b: Ints, length: Floats) -> Ints:
    """Number connected triangles that touch the same one or two units; the rest join them."""
    import numpy as np
    from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    n = len(touched)
    numbers: dict[frozenset[int], int] = {}
    key = np.array([numbers.setdefault(units, len(numbers)) for units in touched])
    clear: Bools = np.array([len(units) == 2 for units in touched])
    if not clear.any():
        return np.zeros(n, dtype=np.int64)
    link = (key[a] == key[b]) & clear[a]
    graph = coo_matrix((np.ones(int(link.sum()), bool), (a[link], b[link])), shape=(n, n))
    part: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    part[~clear] = -1
    while (part < 0).any():
        open_ = np.flatnonzero((part[a] < 0) & (part[b] >= 0))
        if not len(open_):
            part[part < 0] = part.max() + 1
            break
        longest = open_[np.lexsort([-length[open_], a[open_]])]
        first = np.r_[True, a[longest][1:] != a[longest][:-1]]
        part[a[longest[first]]] = part[b[longest[first]]]
    return part
