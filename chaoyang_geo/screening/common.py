"""What each site has in common with each zone record: areas, stretches of lines, points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoyang_geo.screening.geodesic import geodesic_areas
from chaoyang_geo.screening.ground import TOUCH_M, Ground, counted, joined
from chaoyang_geo.screening.lines import Roads, united
from chaoyang_geo.screening.seams import points_on_seams, without_cracks
from chaoyang_geo.shapes import CRACK_M

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_LONGEST_M = 2000.0


@dataclass(frozen=True)
class Areas:
    """One row per polygon of a site and zone record that share ground."""

    part: Ints
    record: Ints
    shape: Shapes
    whole: Bools  # the polygon lies inside


@dataclass(frozen=True)
class Lengths:
    """One row per stretch of a line of a site inside a zone record; places are metres along."""

    part: Ints
    record: Ints
    begin: Floats
    end: Floats
    roads: Roads
    geodesic: Floats  # metres on the ellipsoid up to each vertex of the roads


@dataclass(frozen=True)
class Points:
    """One row per point of a site inside a zone record."""

    part: Ints
    record: Ints


@dataclass(frozen=True)
class Common:
    """All that sites and zone records have in common; ``site`` is that of each part."""

    parts: Shapes
    site: Ints
    areas: Areas
    lengths: Lengths
    points: Points


def parts_of(sites: Shapes) -> tuple[Shapes, Ints]:
    """Take sites apart into single shapes; a line of no length becomes a point.

    Segments of lines are cut to :data:`_LONGEST_M`, so that their boxes are tight.
    """
    import numpy as np
    import shapely

    parts, site = sites, np.arange(len(sites))
    nested = shapely.get_type_id(parts) > 3
    while nested.any():  # a collection may hold collections
        inner, owner = shapely.get_parts(parts[nested], return_index=True)
        site = np.concatenate([site[~nested], site[nested][owner]])
        parts = np.concatenate([parts[~nested], inner])
        nested = shapely.get_type_id(parts) > 3
    kept = ~shapely.is_empty(parts)
    parts, site = parts[kept], site[kept]
    still = (shapely.get_dimensions(parts) == 1) & (shapely.length(parts) == 0)
    parts[still] = shapely.get_point(parts[still], 0)
    line = shapely.get_dimensions(parts) == 1
    parts[line] = shapely.segmentize(parts[line], _LONGEST_M)
    return parts, site


def points_of(parts: Shapes, lone: Ints, ground: Ground) -> Points:
    """Return points, parts of sites, and the records that they lie inside, not on the border.

    A point on the seam of two records of one group lies inside both.
    """
    import numpy as np
    import shapely

    at, piece = ground.tree.query(parts[lone], predicate="dwithin", distance=CRACK_M)
    n = max(1, len(ground.shapes))
    key = np.unique(lone[at] * n + ground.piece_record[piece])
    part, record = key // n, key % n
    away = ground.border_distance(parts[part], record, reach_m=np.full(len(part), CRACK_M))
    inside = away > TOUCH_M
    # beside the border, but on which side?
    beside = np.flatnonzero(inside & (away <= CRACK_M))
    inside[beside] = shapely.intersects(ground.shapes[record[beside]], parts[part[beside]])
    seam = points_on_seams(parts, part, record, inside, ground)
    return Points(
        np.concatenate([part[inside], seam[0]]), np.concatenate([record[inside], seam[1]])
    )


def row_sizes(
    common: Common, ground: Ground, row_of_record: tuple[Ints, Ints, Ints], n: int
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return area, length, points, and area and length on the ellipsoid of each row.

    ``row_of_record`` are the rows of the areas, lengths and points; what several records of one
    row share is counted once.
    """
    import numpy as np
    import shapely

    areas, lengths, points = common.areas, common.lengths, common.points
    row, part, shape = joined(row_of_record[0], areas.part, areas.shape)
    if len(row) < len(areas.part):  # records that were joined may have cracks between them
        key = np.sort(row_of_record[0] * max(1, len(common.parts)) + areas.part)
        twice = np.unique(key[1:][key[1:] == key[:-1]])
        several = np.flatnonzero(np.isin(row * max(1, len(common.parts)) + part, twice))
        shape[several] = without_cracks(shape[several], common.parts[part[several]])
    area = _sums(row, shapely.area(shape), n)
    area_geodesic = _sums(row, geodesic_areas(shape, ground.crs), n)
    n_parts = max(1, len(common.parts))
    key, begin, end = united(row_of_record[1] * n_parts + lengths.part, lengths.begin, lengths.end)
    length = _sums(key // n_parts, end - begin, n)
    far = np.interp(end, lengths.roads.along, lengths.geodesic) if len(end) else end
    near = np.interp(begin, lengths.roads.along, lengths.geodesic) if len(end) else end
    length_geodesic = _sums(key // n_parts, far - near, n)
    lone = np.unique(row_of_record[2] * n_parts + points.part)
    count = np.bincount(lone // n_parts, minlength=n).astype(np.float64)
    return area, length, count, area_geodesic, length_geodesic


def _sums(row: Ints, values: Floats, n: int) -> Floats:
    import numpy as np

    return np.bincount(row, values, n).astype(np.float64)


def shared_rows(
    common: Common, rows: tuple[Ints, Ints, Ints], group: Ints, thinnest_m: float
) -> tuple[Ints, Ints]:
    """Return pairs of rows of one group that overlap at a site by more than a sliver."""
    import numpy as np
    import shapely

    n = max(1, len(group))
    areas = common.areas
    one, other = _same(rows[0], areas.part, group, areas.shape)
    # most are neighbours
    overlap = ~shapely.touches(areas.shape[one], areas.shape[other])
    one, other = one[overlap], other[overlap]
    both = shapely.intersection(areas.shape[one], areas.shape[other])
    pair, place = np.unique(rows[0][one] * n + rows[0][other], return_inverse=True)
    area = np.bincount(place, shapely.area(both), len(pair))
    thick = pair[2 * area > thinnest_m * np.bincount(place, shapely.length(both), len(pair))]
    # stretches of one line that overlap: sorted by their beginnings, the next ones that begin
    # before the end of the first
    lengths = common.lengths
    key = lengths.part * (int(group.max(initial=0)) + 1) + group[rows[1]]
    order = np.lexsort((lengths.begin, key))
    key, begin, end, row = key[order], lengths.begin[order], lengths.end[order], rows[1][order]
    span = float(end.max(initial=0.0)) + 1.0
    rank = np.cumsum(np.diff(key, prepend=-1) != 0) * span
    after = np.searchsorted(begin + rank, end + rank) - np.arange(len(key)) - 1
    after = np.maximum(after, 0)
    one = np.repeat(np.arange(len(key)), after)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(after) - after, after)
    kept = (key[one] == key[other]) & (row[one] != row[other])
    one, other = one[kept], other[kept]
    long = np.maximum(0.0, np.minimum(end[one], end[other]) - begin[other])
    low, high = np.minimum(row[one], row[other]), np.maximum(row[one], row[other])
    pair, place = np.unique(low * n + high, return_inverse=True)
    lined = pair[np.bincount(place, long, len(pair)) > thinnest_m]
    one, other = _same(rows[2], common.points.part, group)
    pairs = np.concatenate([thick, lined, rows[2][one] * n + rows[2][other]])
    return pairs // n, pairs % n


def _same(row: Ints, part: Ints, group: Ints, shape: Shapes | None = None) -> tuple[Ints, Ints]:
    """Return pairs of places of one part and one group, of different rows, the smaller row first.

    With shapes only the pairs whose boxes meet.
    """
    import numpy as np
    import shapely

    _, key, count = np.unique(
        part * (int(group.max(initial=0)) + 1) + group[row], return_inverse=True, return_counts=True
    )
    several = np.flatnonzero(count[key] > 1)
    several = several[np.lexsort((row[several], key[several]))]
    if shape is not None:
        one, other = shapely.STRtree(shape[several]).query(shape[several])
    else:
        size = count[key[several]]
        begin = np.flatnonzero(np.diff(key[several], prepend=-1) != 0)
        one = np.repeat(np.arange(len(several)), size)
        other = np.repeat(np.repeat(begin, size[begin]), size) + counted(size)
    one, other = several[one], several[other]
    kept = (key[one] == key[other]) & (row[one] < row[other])
    return one[kept], other[kept]
