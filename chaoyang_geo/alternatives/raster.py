"""A raster of how far it is to the nearest zone."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.alternatives.ground import (
    Zones,
    checked_area,
    checked_metres,
    grown_boxes,
    pieces_near,
    zone_records,
)
from chaoyang_geo.alternatives.seams import CRACK_M, joined
from chaoyang_geo.edges import reprojected
from chaoyang_geo.files import replacing
from chaoyang_geo.schema import SchemaError, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import xarray as xr  # type: ignore[import-not-found, unused-ignore]

    Shapes = npt.NDArray[np.object_]
    Floats = npt.NDArray[np.float64]

_INSTALL = 'pip install "chaoyang_geo[raster]"'
_MOST_CELLS = 25_000_000
_RUN = 12  # segments of border measured as one line
_BLOCK = 250_000  # cells at a time


def zone_distance_raster(
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame],
    *,
    within: gpd.GeoDataFrame | gpd.GeoSeries,
    cell_m: float = 100.0,
) -> xr.DataArray:
    """Measure for every cell of an area how far its middle is from the nearest zone.

    Every zone of ``zones`` counts, also from outside the area: leave out those that do not matter
    beforehand, for example ``zones[zones["zone_kind"] == "eco_red_line"]``.

    Required columns: ``zones``: ``zone_code``, ``zone_name``, ``zone_kind``, ``zone_grade``,
    ``layer``, used where present ``version``, ``content_hash``.

    Parameters
    ----------
    zones : GeoDataFrame of polygons, any CRS, or a list of them
    within : GeoDataFrame or GeoSeries of polygons, any CRS
        The area that is measured; cells with their middle outside it have no value.
    cell_m : float, metres, more than 0
        Side of a cell; the edges of cells lie on multiples of it.

    Returns
    -------
    DataArray, float32, dimensions ``y`` (downwards) and ``x``, named ``zone_distance_m``
        Metres to the nearest zone; inside a zone **negative**: metres to the nearest place that
        is in no zone; 0 on a border; NaN outside the area, and everywhere where there are no
        zones. ``x`` and ``y`` are the middles of cells in the CGCS2000 3-degree zone of the area.
        The CRS is the coordinate ``spatial_ref``, as GDAL and rioxarray write it (``crs_wkt``,
        ``GeoTransform``). Attributes: ``crs``, ``transform`` (six numbers, as
        ``affine.Affine``), ``nodata``, ``units``, ``cell_m``, ``layer``, ``version`` and
        ``content_hash`` (of the zones, joined by ``;``), ``n_zones``, ``zone_flag``,
        ``long_name``.

    Raises
    ------
    ImportError
        xarray is not installed; the message gives the install line.
    CRSError
        A layer has no CRS, or the area lies outside the CGCS2000 zones.
    SchemaError
        A column is missing, or a shape is no polygon.
    ValueError
        ``cell_m`` is no distance, or gives more than 25 million cells.

    Notes
    -----
    Planar and exact for the middle of the cell: measured to the borders as drawn, not to other
    cells. Zones are joined first, so that inside zones that adjoin or overlap the depth is that
    of all together; cracks between them that are narrower than 5 cm are filled. Only zones near
    the area are looked at, and more of them while a distance that was found reaches beyond what
    was looked at.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.alternatives import zone_distance_raster
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["Z"], "zone_name": ["示例红线"], "zone_kind": ["eco_red_line"],
    ...      "zone_grade": ["general"], "layer": ["示例"]},
    ...     geometry=[box(500000, 4590000, 500200, 4610000)], crs="EPSG:4549")
    >>> area = gpd.GeoSeries([box(500000, 4600000, 500500, 4600100)], crs="EPSG:4549")
    >>> zone_distance_raster(zones, within=area, cell_m=100).values.round()
    array([[-50., -50.,  50., 150., 250.]], dtype=float32)
    """
    xarray = _need("xarray", "a raster of distances")
    import numpy as np
    import shapely

    cell = checked_metres("cell_m", cell_m, zero=False)
    area, crs = checked_area(within)
    table = zone_records(zones, within.crs)
    if area is None:
        raise SchemaError("within: the area has no rows; give at least one polygon.")
    west, south, east, north = np.array(area.bounds) / cell
    # a hair over the edge of a cell is rounding
    first, last = (
        np.floor(np.array([west, south]) + 1e-6),
        np.ceil(np.array([east, north]) - 1e-6),
    )
    n_x, n_y = (int(n) for n in np.maximum(1, last - first))
    if n_x * n_y > _MOST_CELLS:
        raise ValueError(
            f"cell_m={cell_m!r} gives {n_x} x {n_y} cells, more than {_MOST_CELLS}; use larger cells or "
            "a smaller area."
        )
    x = (first[0] + 0.5 + np.arange(n_x)) * cell
    y = (first[1] + n_y - 0.5 - np.arange(n_y)) * cell
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    shapely.prepare(area)
    inside = np.flatnonzero(shapely.intersects_xy(area, grid))
    found = np.full(len(grid), np.nan, np.float32)
    found[inside] = _signed(grid[inside], table, crs, area)
    transform = (cell, 0.0, float(first[0] * cell), 0.0, -cell, float((first[1] + n_y) * cell))
    frame = table.frame
    named = {
        name: ";".join(sorted(set(text_array(frame[name])) - {""})) if name in frame else ""
        for name in ("layer", "version", "content_hash")
    }
    a, b, c, d, e, f = transform
    reference = xarray.DataArray(
        0, attrs={"crs_wkt": _wkt(crs), "GeoTransform": f"{c} {a} {b} {f} {d} {e}"}
    )
    raster: xr.DataArray = xarray.DataArray(
        found.reshape(n_y, n_x),
        coords={"y": y, "x": x, "spatial_ref": reference},
        dims=("y", "x"),
        name="zone_distance_m",
        attrs={
            "crs": crs,
            "transform": transform,
            "nodata": float("nan"),
            "units": "m",
            "cell_m": cell,
            **named,
            "n_zones": len(frame),
            "zone_flag": table.flag,
            "long_name": "distance to the nearest zone, negative inside",
        },
    )
    return raster


def _wkt(crs: str) -> str:
    from pyproj import CRS

    return CRS.from_user_input(crs).to_wkt()


def _need(module: str, purpose: str) -> Any:
    """Return a module of the extra; ``ImportError`` with the install line where it is missing."""
    if importlib.util.find_spec(module) is None:
        raise ImportError(f"{purpose} needs {module}, which is not installed: {_INSTALL}")
    return importlib.import_module(module)


def _signed(points: Floats, zones: Zones, crs: str, area: Any) -> Floats:
    """Return the distance of points to the nearest border of the joined zones, negative inside.

    Zones are known as far as ``reach`` around the area: a distance up to it is certain. The
    reach doubles until all are.
    """
    import numpy as np
    import shapely

    found = np.full(len(points), np.nan)
    if not len(zones.frame):
        return found
    drawn = reprojected(zones.frame.geometry.to_numpy(), zones.frame.crs, crs)
    everything = shapely.box(*shapely.total_bounds(drawn))
    west, south, east, north = area.bounds
    reach = max(east - west, north - south) / 4
    open_ = np.arange(len(points))
    while len(open_):
        window = grown_boxes(np.array([area], dtype=object), reach)
        distance = _to_border(points[open_], pieces_near(zones, window, crs)[0])
        known = np.abs(distance) <= (np.inf if shapely.contains(window[0], everything) else reach)
        found[open_[known]] = distance[known]
        open_ = open_[~known]
        reach *= 2
    found[np.isinf(found)] = np.nan  # no zone has a place in the CRS of the area
    return found


def _to_border(points: Floats, pieces: Shapes) -> Floats:
    """Return the signed distance of points to the border of pieces of zones taken together."""
    import numpy as np
    import shapely

    found = np.full(len(points), np.inf)
    if not len(pieces):
        return found
    tree = shapely.STRtree(_runs(shapely.get_rings(shapely.get_parts(joined(pieces)))))
    inner = shapely.STRtree(pieces)
    for block in range(0, len(points), _BLOCK):
        each = shapely.points(points[block : block + _BLOCK])
        (place, _), distance = tree.query_nearest(each, return_distance=True, all_matches=False)
        within = np.isin(place, inner.query(each, predicate="intersects")[0])
        # far from every border and all but in a zone: in a crack that was filled
        deep = inner.query(each, predicate="dwithin", distance=CRACK_M)[0]
        within |= (distance > CRACK_M) & np.isin(place, deep)
        distance[within] *= -1
        found[block + place] = distance
    return found


def _runs(rings: Shapes) -> Shapes:
    """Return rings in short runs of segments, so that boxes are tight."""
    import numpy as np
    import shapely

    found = []
    for xy in (shapely.get_coordinates(ring) for ring in rings):
        n = -(-(len(xy) - 1) // _RUN)
        cut = np.minimum(np.arange(n)[:, None] * _RUN + np.arange(_RUN + 1), len(xy) - 1)
        found.append(shapely.linestrings(xy[cut]))
    runs: Shapes = np.concatenate(found)
    return runs


def write_distance_tif(raster: xr.DataArray, path: str | Path) -> Path:
    """Write a raster of :func:`zone_distance_raster` as a GeoTIFF with its CRS and attributes.

    Parameters
    ----------
    raster : DataArray
        From :func:`zone_distance_raster`, as it is.
    path : str or Path

    Returns
    -------
    Path

    Raises
    ------
    ImportError
        rasterio is not installed; the message gives the install line.
    SchemaError
        The raster lacks the attributes that say where it lies.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo import write_distance_tif, zone_distance_raster
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["Z"], "zone_name": ["示例红线"], "zone_kind": ["eco_red_line"],
    ...      "zone_grade": ["general"], "layer": ["示例"]},
    ...     geometry=[box(500000, 4590000, 500200, 4610000)], crs="EPSG:4549")
    >>> area = gpd.GeoSeries([box(500000, 4600000, 500500, 4600100)], crs="EPSG:4549")
    >>> raster = zone_distance_raster(zones, within=area)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(write_distance_tif(raster, pathlib.Path(folder) / "far.tif").name)
    far.tif
    """
    rasterio = _need("rasterio", "writing a GeoTIFF")
    missing = [name for name in ("crs", "transform") if name not in raster.attrs]
    if missing:
        raise SchemaError(
            f"raster: attribute {missing[0]} is missing; give the raster of zone_distance_raster "
            "as it is, or set raster.attrs again after a calculation."
        )
    target = Path(path)
    with (
        replacing(target) as partial,
        rasterio.open(
            partial, "w", driver="GTiff", height=raster.shape[0], width=raster.shape[1], count=1,
            dtype="float32", crs=raster.attrs["crs"], transform=rasterio.Affine(*raster.attrs["transform"]),
            nodata=float("nan"), compress="deflate",
        ) as out,
    ):  # fmt: skip
        out.write(raster.to_numpy().astype("float32"), 1)
        out.set_band_description(1, str(raster.name))
        out.update_tags(
            **{
                name: str(value)
                for name, value in raster.attrs.items()
                if name not in ("crs", "transform", "nodata") and str(value)
            }
        )
    return target
