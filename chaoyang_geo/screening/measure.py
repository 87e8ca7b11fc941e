"""Sites and zones in one CGCS2000 zone: which meet, by how much, how far the others are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoyang_geo.screening.common import Common, parts_of, points_of, row_sizes, shared_rows
from chaoyang_geo.screening.distances import Nearest, site_chunks
from chaoyang_geo.screening.ground import SLIVER_M, TOUCH_M, Chunks, Ground
from chaoyang_geo.screening.lines import crossings, roads_of, together
from chaoyang_geo.screening.overlaps import areas_of, lengths_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: How a site lies to a zone, by number: ``Pairs.relation``.
INSIDE, OVERLAPS, TOUCHES, NEAR = range(4)


@dataclass(frozen=True)
class Measures:
    """What is measured of each site and zone, or zones that overlap and count as one."""

    group: Ints
    relation: Ints
    area: Floats
    length: Floats
    area_geodesic: Floats
    length_geodesic: Floats
    share_of_site: Floats
    share_of_zone: Floats
    distance: Floats


@dataclass(frozen=True)
class Pairs(Measures):
    """One row per site and zone that meet or come within reach; zones that overlap are one.

    ``zone`` is the first of its zones; where there are several, ``merged`` lists all by row.
    """

    site: Ints
    zone: Ints
    merged: dict[int, tuple[int, ...]]
    border: Floats  # from the border of the site to that of the zone; infinite beyond the band


@dataclass(frozen=True)
class Sites:
    """Sites in metres, in single parts, and their borders and lines in chunks.

    ``low`` and ``high`` are the corners of the boxes of the chunks, widened by the reach of their
    sites.
    """

    shapes: Shapes
    reach_m: Floats
    band_m: Floats  # the widest, so that beyond it nothing is in doubt
    parts: Shapes
    site: Ints  # of each part
    own: Chunks
    low: Floats
    high: Floats

    @property
    def around(self) -> tuple[Floats, Floats]:
        """Corners of the boxes, and behind them of those around polygons of several chunks.

        A zone in the middle of a large site is far from each chunk of its border.
        """
        import numpy as np
        import shapely

        several = np.bincount(self.own.owner, minlength=len(self.parts)) > 1
        flat = shapely.get_dimensions(self.parts) == 2
        box = shapely.bounds(self.parts[several & flat]).reshape(-1, 4)
        return np.concatenate([self.low, box[:, :2]]), np.concatenate([self.high, box[:, 2:]])


def sites_of(shapes: Shapes, reach_m: Floats, band_m: Floats) -> Sites:
    """Prepare sites in metres; zones up to ``reach_m`` of each are looked at."""
    import numpy as np

    band_m = np.maximum(band_m, TOUCH_M)
    reach_m = np.maximum(reach_m, band_m)
    parts, site = parts_of(shapes)
    own = site_chunks(parts, reach_m[site])
    low, high = own.bounds
    wide = reach_m[site[own.owner]][:, None]
    return Sites(shapes, reach_m, band_m, parts, site, own, low - wide, high + wide)


def measure_pairs(sites: Sites, ground: Ground, near: tuple[Ints, Ints]) -> tuple[Pairs, Common]:
    """Return the pairs of sites and zones that meet or come within reach, and what they share.

    ``near`` are pairs of a box of the sites and a record that may come within reach.
    """
    import numpy as np
    import shapely

    n_zones = len(ground.group_of_zone)
    parts, site, own = sites.parts, sites.site, sites.own
    dimension = shapely.get_dimensions(parts)
    flat, lines, lone = (np.flatnonzero(dimension == d) for d in (2, 1, 0))
    roads = roads_of(own, len(parts))
    areas, touching = areas_of(parts, flat, own, roads, ground)
    points = points_of(parts, lone, ground)
    part_only = ~areas.whole  # so that the borders meet
    meeting = np.union1d(
        _pairs(site[areas.part[part_only]], areas.record[part_only], ground),
        _pairs(site[touching[0]], touching[1], ground),
    )
    is_line = dimension[own.owner] == 1
    inside = np.unique(_pairs(site[areas.part[areas.whole]], areas.record[areas.whole], ground))
    of_chunk = site[own.owner]
    nearest = Nearest(
        own, of_chunk, sites.reach_m[of_chunk], inside, sites.band_m[of_chunk], ground
    )
    met, beside = [], []
    for here, there in ground.near_chunks(sites.low, sites.high, *near):
        chosen = is_line[here]
        found, near_by = crossings(roads, own, here[chosen], there[chosen], ground)
        met.append(found)
        beside.append(near_by)
        crossed = _pairs(site[met[-1].part], met[-1].record, ground)
        meeting = np.union1d(meeting, crossed)
        nearest.take(here, there, meeting)
    lengths = lengths_of(own, lines, roads, together(met), together(beside), ground)
    common = Common(parts, site, areas, lengths, points)
    shared = [_pairs(site[one.part], one.record, ground) for one in (areas, lengths, points)]
    within, border = nearest.result()
    keys = np.unique(np.concatenate([*shared, meeting, within]))
    distance = np.full(len(keys), np.inf)
    distance[np.searchsorted(keys, within)] = border
    distance[np.searchsorted(keys, meeting)] = 0.0
    rows = [np.searchsorted(keys, each) for each in shared]
    group = (keys // n_zones) * (n_zones + 1) + ground.group_of_zone[keys % n_zones]
    number = _numbered(shared_rows(common, (rows[0], rows[1], rows[2]), group, SLIVER_M), len(keys))
    return _rows(sites.shapes, ground, common, keys, distance, rows, number), common


def _pairs(site: Ints, record: Ints, ground: Ground) -> Ints:
    """Number the pairs of a site and a zone."""
    return site * len(ground.group_of_zone) + ground.zone[record]


def _numbered(pairs: tuple[Ints, Ints], n: int) -> Ints:
    """Number rows 0, 1, ...; those that pairs join get one number. The first ones come first."""
    import numpy as np

    if not len(pairs[0]):
        return np.arange(n)
    from scipy.sparse import coo_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    graph = coo_array((np.ones(len(pairs[0])), pairs), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    first = np.full(n, n, dtype=np.int64)
    np.minimum.at(first, label, np.arange(n))
    found: Ints = np.unique(first[label], return_inverse=True)[1]
    return found


def _rows(
    sites: Shapes,
    ground: Ground,
    common: Common,
    keys: Ints,
    distance: Floats,
    rows: list[Ints],
    number: Ints,
) -> Pairs:
    import numpy as np
    import shapely

    n_zones = len(ground.group_of_zone)
    n = int(number.max()) + 1 if len(number) else 0
    first = np.unique(number, return_index=True)[1]
    site, zone = keys[first] // n_zones, keys[first] % n_zones
    merged: dict[int, tuple[int, ...]] = {}
    for key in np.flatnonzero(first[number] != np.arange(len(keys))).tolist():
        row = int(number[key])
        merged[row] = (*merged.get(row, (int(zone[row]),)), int(keys[key] % n_zones))
    border = np.full(n, np.inf)
    np.minimum.at(border, number, distance)
    places = (number[rows[0]], number[rows[1]], number[rows[2]])
    area, length, points, area_geodesic, length_geodesic = row_sizes(common, ground, places, n)
    dimension = shapely.get_dimensions(sites)
    top = dimension[site]
    whole = np.select(
        [dimension == 2, dimension == 1],
        [shapely.area(sites), shapely.length(sites)],
        shapely.get_num_geometries(sites),
    )
    own = np.select([top == 2, top == 1], [area, length], points)
    positive = (area > 0) | (length > 0) | (points > 0)
    share = np.minimum(1.0, own / whole[site])
    inside = positive & (share > 1 - 1e-9)
    share[inside] = 1.0
    touched = positive | (border <= TOUCH_M)
    relation = np.select([inside, positive, touched], [INSIDE, OVERLAPS, TOUCHES], NEAR)
    of_zone = np.full(n, np.nan)
    with_area = np.flatnonzero(positive & (top == 2))
    of_zone[with_area] = ground.zone_areas(zone[with_area])
    for row in merged.keys() & set(with_area.tolist()):
        of_zone[row] = ground.area(merged[row])
    of_zone[with_area] = np.minimum(1.0, area[with_area] / of_zone[with_area])
    return Pairs(
        ground.group_of_zone[zone], relation, area, length, area_geodesic, length_geodesic,
        share, of_zone, np.where(touched, 0.0, border), site, zone, merged, border,
    )  # fmt: skip
