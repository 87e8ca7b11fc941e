"""Areas and lengths on the ellipsoid, beside those of the map plane; many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoyang_geo.screening.ground import ids

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: Semi-major axis (m) and flattening of CGCS2000 (GB 22021-2008).
_A, _F = 6378137.0, 1 / 298.257222101
_LONGEST_M = 10_000.0  # of an edge whose great circle is as good as straight in the plane
_SHORT_M = 5000.0  # of a geodesic that is as long as the arc over its chord


def geodesic_areas(shapes: Shapes, crs: str) -> Floats:
    """Return the areas (m2) of shapes on the ellipsoid of CGCS2000; what is no polygon has none.

    Shapes that are one object are measured once.

    Notes
    -----
    Snyder, J. P. (1987), Map Projections, USGS Professional Paper 1395, equations 3-11 to 3-13:
    the sphere of equal area and the latitudes on it. There the area under an edge, from the
    equator on, is the spherical excess of the great circle (Chamberlain, R. G., Duquette, W. H.
    (2007), Some algorithms for polygons on a sphere, JPL 07-03). The geodesic of the ellipsoid
    and this great circle differ by less than 1 part in 10^7 of the area for edges up to 10 km;
    longer ones get vertices.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import box
    >>> from chaoyang_geo.screening.geodesic import geodesic_areas
    >>> area = geodesic_areas(np.array([box(5e5, 4.6e6, 5.01e5, 4.601e6)]), "EPSG:4549")
    >>> round(float(area[0]))
    1000000
    """
    import numpy as np
    import shapely

    _, first, place = np.unique(ids(shapes), return_index=True, return_inverse=True)
    found = np.zeros(len(first))
    polygons, owner = shapely.get_parts(shapes[first], return_index=True)
    nested = shapely.get_type_id(polygons) > 3
    while nested.any():  # a collection may hold collections
        inner, part = shapely.get_parts(polygons[nested], return_index=True)
        owner = np.concatenate([owner[~nested], owner[nested][part]])
        polygons = np.concatenate([polygons[~nested], inner])
        nested = shapely.get_type_id(polygons) > 3
    flat = (shapely.get_type_id(polygons) == 3) & ~shapely.is_empty(polygons)
    polygons, owner = polygons[flat], owner[flat]
    if not len(polygons):
        return found[place]
    west, south, east, north = shapely.bounds(polygons).T
    wide = np.maximum(east - west, north - south) > _LONGEST_M
    polygons[wide] = shapely.segmentize(polygons[wide], _LONGEST_M)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    lon, lat = _on_ellipsoid(shapely.get_coordinates(rings), crs)
    e2 = _F * (2 - _F)
    e = np.sqrt(e2)

    def q(sine: Floats) -> Floats:
        values: Floats = (1 - e2) * (sine / (1 - e2 * sine * sine) + np.arctanh(e * sine) / e)
        return values

    pole = float(q(np.ones(1))[0])
    half = np.tan(np.arcsin(np.clip(q(np.sin(lat)) / pole, -1, 1)) / 2)
    turn = np.tan(np.diff(lon) / 2) * (half[1:] + half[:-1]) / (1 + half[1:] * half[:-1])
    excess = np.append(2 * np.arctan(turn), 0.0)
    count = shapely.get_num_coordinates(rings)
    ends = np.cumsum(count)
    excess[ends - 1] = 0.0  # from the last vertex of a ring to the next ring
    size = np.abs(np.add.reduceat(excess, ends - count)) * (_A * _A * pole / 2)
    outer = np.diff(polygon, prepend=-1) != 0  # the first ring of each polygon
    np.add.at(found, owner[polygon], np.where(outer, size, -size))
    return found[place]


def geodesic_steps(xy: Floats, crs: str, steps: Ints) -> Floats:
    """Return the distances (m) on the ellipsoid from vertices to the next one each.

    ``steps`` are the places of the vertices.

    Notes
    -----
    Up to :data:`_SHORT_M` the arc over the straight line in space, of the Gaussian radius of
    curvature: the radii of all directions differ by less than 1 part in 100, the arc from the
    line by 1 part in 10^7, so that it is the geodesic to 1 part in 10^9. Longer ones:
    Karney, C. F. F. (2013), Algorithms for geodesics, J. Geodesy 87, 43-55, as in ``pyproj.Geod``,
    with GRS 80: its flattening is that of CGCS2000 to 1 part in 10^9.
    """
    import numpy as np
    from pyproj import Geod

    used = np.zeros(len(xy), bool)
    used[steps] = used[steps + 1] = True
    lon, lat = _on_ellipsoid(xy[used], crs)
    here = (np.cumsum(used) - 1)[steps]
    e2 = _F * (2 - _F)
    sine, cosine = np.sin(lat), np.cos(lat)
    across = _A / np.sqrt(1 - e2 * sine * sine)  # radius of curvature of the prime vertical
    space = np.stack([
        across * cosine * np.cos(lon), across * cosine * np.sin(lon), across * (1 - e2) * sine
    ])  # fmt: skip
    line = np.sqrt(((space[:, here + 1] - space[:, here]) ** 2).sum(axis=0))
    radius = np.sqrt(1 - e2) / _A * across[here] ** 2
    found: Floats = line * (1 + (line / radius) ** 2 / 24)
    long = np.flatnonzero(~(line <= _SHORT_M))
    if len(long):
        ends = here[long], here[long] + 1
        lon, lat = np.degrees(lon), np.degrees(lat)
        one, other = ((lon[end], lat[end]) for end in ends)
        found[long] = Geod(ellps="GRS80").inv(*one, *other)[2]
    return found


def _on_ellipsoid(xy: Floats, crs: str) -> tuple[Floats, Floats]:
    """Return longitude and latitude, radians."""
    import numpy as np
    from pyproj import Transformer

    turn = Transformer.from_crs(crs, "EPSG:4490", always_xy=True)
    lon, lat = turn.transform(xy[:, 0], xy[:, 1])
    return np.radians(lon), np.radians(lat)
