"""Areas and lengths on the ellipsoid, beside those of the map plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Floats = npt.NDArray[np.float64]


def geodesic_sizes(shapes: Shapes, crs: str) -> tuple[Floats, Floats]:
    """Return the area (m2) and the length (m) of shapes on the ellipsoid of CGCS2000.

    Polygons have an area, lines a length; None and points have neither. Equal shapes that are
    one object are measured once.

    Notes
    -----
    Karney, C. F. F. (2013), Algorithms for geodesics, J. Geodesy 87, 43-55, as in
    ``pyproj.Geod``, with GRS 80: its flattening is that of CGCS2000 (GB 22021-2008) to 1 part in
    10^9.

    Examples
    --------
    >>> import numpy as np
    >>> from shapely import box
    >>> from chaoyang_geo.screening.geodesic import geodesic_sizes
    >>> area, length = geodesic_sizes(np.array([box(5e5, 4.6e6, 5.01e5, 4.601e6)]), "EPSG:4549")
    >>> round(float(area[0])), float(length[0])
    (1000000, 0.0)
    """
    import numpy as np
    import shapely
    from pyproj import Geod, Transformer

    area, length = np.zeros(len(shapes)), np.zeros(len(shapes))
    _, first, place = np.unique(
        np.array([id(shape) for shape in shapes], dtype=np.int64),
        return_index=True,
        return_inverse=True,
    )
    parts, owner = shapely.get_parts(shapes[first], return_index=True)
    nested = shapely.get_type_id(parts) > 3
    while nested.any():
        inner, part = shapely.get_parts(parts[nested], return_index=True)
        owner = np.concatenate([owner[~nested], owner[nested][part]])
        parts = np.concatenate([parts[~nested], inner])
        nested = shapely.get_type_id(parts) > 3
    geod = Geod(ellps="GRS80")
    turn = Transformer.from_crs(crs, "EPSG:4490", always_xy=True)
    once_area, once_length = np.zeros(len(first)), np.zeros(len(first))
    kinds = shapely.get_type_id(parts)
    for kind, result in ((3, once_area), (1, once_length)):
        chosen, who = parts[kinds == kind], owner[kinds == kind]
        rings, ring_owner = (
            shapely.get_rings(chosen, return_index=True)
            if kind == 3
            else (chosen, np.arange(len(chosen)))
        )
        outer = np.diff(ring_owner, prepend=-1) > 0  # the first ring of each polygon
        coordinates = shapely.get_coordinates(rings)
        lon, lat = turn.transform(coordinates[:, 0], coordinates[:, 1])
        ends = np.cumsum(shapely.get_num_coordinates(rings))
        begin = 0
        for number, end in enumerate(ends.tolist()):
            here = slice(begin, end)
            if kind == 3:
                size = abs(geod.polygon_area_perimeter(lon[here], lat[here])[0])
                size = size if outer[number] else -size
            else:
                size = geod.line_length(lon[here], lat[here])
            result[who[ring_owner[number]]] += size
            begin = end
    area[:], length[:] = once_area[place], once_length[place]
    return area, length
