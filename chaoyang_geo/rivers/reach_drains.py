"""Where the water of a site comes to the river: its crossings, else the nearest reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.rivers.numbering import number
from chaoyang_geo.rivers.places import Places, read_places

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Drains:
    """Places on the river where sites drain, sorted by site, of each the lowest first.

    ``at`` is the point of the site, ``crosses`` whether the site lies on the river there, ``spot``
    the number of the place: ends of reaches that meet are one; ``height_m`` is the way from there
    to the end of the network.
    """

    site: Ints
    places: Places
    offset_m: Floats
    at: Any
    crosses: Bools
    spot: Ints
    height_m: Floats

    def nearest(self, n: int) -> Ints:
        """Return the first drain of each site, -1 without one."""
        import numpy as np

        out = np.full(n, -1, dtype="int64")
        out[self.site[::-1]] = np.arange(len(self.site))[::-1]
        return out

    def on_river(self, n: int) -> Bools:
        """Return which sites drain to a river."""
        found: Bools = self.nearest(n) >= 0
        return found

    def crossings(self, n: int) -> Ints:
        """Return at how many places each site crosses the river."""
        return self._spots(n, self.crosses)

    def tied(self, n: int) -> Ints:
        """Return how many places of the river are as near to each site that crosses none."""
        return self._spots(n, ~self.crosses)

    def _spots(self, n: int, which: Bools) -> Ints:
        import numpy as np

        pairs = np.unique(np.stack([self.site[which], self.spot[which]]), axis=1)
        return np.bincount(pairs[0].astype("int64"), minlength=n).astype("int64")

    def to_end_km(self, n: int) -> Floats:
        """Return how far the network goes below each site, in kilometres; 0 without a river."""
        import numpy as np

        out = np.zeros(n)
        np.maximum.at(out, self.site, self.height_m / 1e3)
        return out

    def several(self, n: int) -> Bools:
        """Return which sites drain at more than one place."""
        import numpy as np

        found: Bools = np.bincount(self.site, minlength=n) > 1
        return found

    def origin(self, shapes: Any, site: Ints, drain: Ints) -> Any:
        """Return for pairs of a site and a drain the point where the water leaves the site.

        Without a drain, a point on the site.
        """
        import numpy as np
        import shapely

        points = np.full(len(drain), None, dtype=object)
        has, rest = np.flatnonzero(drain >= 0), np.flatnonzero(drain < 0)
        points[has] = self.at[drain[has]]
        points[rest] = shapely.point_on_surface(shapes[site[rest]])
        return points


def find_drains(
    sites: gpd.GeoDataFrame,
    shapes: Any,
    network: RiverNetwork,
    *,
    max_snap_m: float,
    tie_m: float,
) -> Drains:
    """Return where sites drain; ``shapes`` are theirs in the metric CRS of the network."""
    import numpy as np
    import shapely

    there = np.array([shape is not None for shape in shapes], dtype=bool)
    if "reach_code" in sites and "measure_m" in sites:
        given = read_places(network, sites, sections=None, table="sites", code="site_code")
        rows = np.flatnonzero((given.reach >= 0) & there)
        reach, measure = given.reach[rows], given.measure_m[rows]
        on = shapely.line_interpolate_point(network.metric[reach], measure)
        line = shapely.shortest_line(shapes[rows], on)
        return _sorted(network, rows, reach, measure, line, np.zeros(len(rows), dtype=bool))
    usable = ~(shapely.is_missing(network.metric) | shapely.is_empty(network.metric))
    usable &= network.reaches["component"].to_numpy() > 0
    reaches = np.flatnonzero(usable)
    tree = shapely.STRtree(network.metric[reaches])
    wide = there & (shapely.get_dimensions(shapes) > 0)
    site, near = tree.query(np.where(wide, shapes, None), predicate="intersects")
    reach = reaches[near]
    # of what a site covers of a reach the lower end, part by part
    common = shapely.intersection(network.metric[reach], shapes[site])
    parts, owner = shapely.get_parts(common, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    is_point = shapely.get_type_id(parts) == 0
    ends = [np.where(is_point, parts, shapely.get_point(parts, k)) for k in (0, -1)]
    lines = network.metric[reach[owner]]
    measure = np.maximum(*(shapely.line_locate_point(lines, end) for end in ends))
    on = shapely.line_interpolate_point(lines, measure)
    site, reach = site[owner], reach[owner]
    rest = np.flatnonzero(there & ~np.isin(np.arange(len(shapes)), site))
    (own, _), gap = tree.query_nearest(
        shapes[rest], max_distance=max_snap_m, return_distance=True, all_matches=False
    )
    rest = rest[own]
    whose, tied = tree.query(shapes[rest], predicate="dwithin", distance=gap + max(tie_m, 1e-6))
    far, onto = rest[whose], reaches[tied]
    line = shapely.shortest_line(shapes[far], network.metric[onto])
    return _sorted(
        network,
        np.concatenate([site, far]),
        np.concatenate([reach, onto]),
        np.concatenate(
            [
                measure,
                shapely.line_locate_point(network.metric[onto], shapely.get_point(line, -1)),
            ]
        ),
        np.concatenate([shapely.shortest_line(on, on), line]),
        np.concatenate([np.ones(len(site), dtype=bool), np.zeros(len(far), dtype=bool)]),
    )


def _sorted(
    network: RiverNetwork, site: Ints, reach: Ints, measure: Floats, line: Any, crosses: Bools
) -> Drains:
    """Sort drains by site, the lowest first; ``line`` leads from the site to the river."""
    import numpy as np
    import shapely

    measure = np.clip(measure, 0.0, np.nan_to_num(network.length_m)[reach])
    height = number(network).height_m(reach, measure)
    rank = np.empty(len(network), dtype="int64")
    rank[np.argsort(network.codes.to_numpy(dtype=object).astype(str), kind="stable")] = np.arange(
        len(network)
    )
    order = np.lexsort((rank[reach], -measure, height.round(3), site))
    site, reach, measure, line = site[order], reach[order], measure[order], line[order]
    xy = shapely.get_coordinates(shapely.get_point(line, -1))
    cell = np.round(xy / max(network.tolerance_m, 0.001))
    spot = np.unique(cell, axis=0, return_inverse=True)[1].reshape(-1)
    codes = np.full(len(site), "", dtype=object)
    return Drains(
        site.astype("int64"), Places(codes, reach.astype("int64"), measure), shapely.length(line),
        shapely.get_point(line, 0), crosses[order], spot.astype("int64"),
        height[order],
    )  # fmt: skip
