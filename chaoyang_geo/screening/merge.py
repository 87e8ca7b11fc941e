"""Which zones of one kind and grade overlap at a site, so that they count as one there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.screening.overlaps import Atoms, Overlaps

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: Zones of one kind and grade whose overlap is thinner than this, metres, on average are
#: neighbours that were drawn carelessly; they are counted one by one.
SLIVER_M = 1.0


def merged_rows(group: Ints, row: Ints, found: Overlaps, atoms: Atoms) -> Ints:
    """Number the rows; zones of one group that overlap at a site get one number."""
    import numpy as np
    import shapely
    from scipy.sparse import coo_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    n = len(group)
    used = np.flatnonzero(found.size > 0)
    # pairs of overlaps of one atom with two zones of one group
    kind = group[row[used]] * (len(atoms.site) + 1) + found.atom[used]
    order = used[np.argsort(kind, kind="stable")]
    starts = np.flatnonzero(np.diff(np.sort(kind), prepend=-1) > 0)
    left: list[int] = []
    right: list[int] = []
    for start, count in zip(
        starts.tolist(), np.diff(np.append(starts, len(order))).tolist(), strict=True
    ):
        for a in range(start, start + count - 1):
            left.extend([a] * (start + count - 1 - a))
            right.extend(range(a + 1, start + count))
    one, other = order[np.array(left, dtype=np.int64)], order[np.array(right, dtype=np.int64)]
    differ = row[one] != row[other]
    one, other = one[differ], other[differ]
    dimension = atoms.dimension[found.atom[one]]
    # a line or point lies in both as a whole; of polygons, what the two have in common
    flat = dimension == 2
    area, length = np.zeros(len(one)), atoms.size[found.atom[one]]
    both = shapely.intersection(found.shape[one[flat]], found.shape[other[flat]])
    area[flat], length[flat] = shapely.area(both), shapely.length(both)
    # the stretches of a site that two rows share, taken together
    low, high = np.minimum(row[one], row[other]), np.maximum(row[one], row[other])
    pair, place = np.unique(low * n + high, return_inverse=True)
    cases = ((2, 2 * area), (2, length), (1, length), (0, length))
    shared = [
        np.bincount(place, np.where(dimension == d, values, 0.0), len(pair)) for d, values in cases
    ]
    thick = (shared[0] > SLIVER_M * shared[1]) | (shared[2] > SLIVER_M) | (shared[3] > 0)
    edges = (pair[thick] // n, pair[thick] % n)
    graph = coo_array((np.ones(len(edges[0])), edges), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
