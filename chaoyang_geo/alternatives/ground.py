"""Sites and zones made ready: checked, mended, in metres, zones cut into small pieces at the sites.

The tools of this room share one ground: sites stand in the CGCS2000 3-degree zone of their own
middle, so that the answer for a site does not depend on which others are asked for, and of a zone
of 100,000 vertices only the pieces near a site are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import (
    meridian_code,
    metric_crs,
    on_earth,
    require_crs,
    require_zone,
    transform,
    zone_meridians,
)
from chaoyang_geo.datum.systems import same_datum
from chaoyang_geo.edges import reprojected
from chaoyang_geo.flags import joined as in_words
from chaoyang_geo.flags import without_zone
from chaoyang_geo.schema import SchemaError, require, require_unique
from chaoyang_geo.shapes import finite, made_valid, valid_again

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

SITE_COLUMNS: tuple[str, ...] = ("site_code", "site_name")
ZONE_COLUMNS: tuple[str, ...] = ("zone_code", "zone_name", "zone_kind", "zone_grade", "layer")

MISSING = "无图形"
EMPTY = "图形为空"
NOT_FINITE = "坐标不是有限数"
INVALID = "图形自相交或重叠，已修复"
OTHER_DATUM = "有分区图层的大地基准不同，没有转换参数（TOWGS84），坐标未平移，偏差未知"

#: Nearer than this, metres, is touching.
TOUCH_M = 0.001
_PIECE = 96  # vertices of a piece of a zone at most


def checked_metres(name: str, value: object, *, zero: bool = True) -> float:
    """Return a distance that an option gives; ``ValueError`` where it is none."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        least = "0 or more" if zero else "more than 0"
        raise ValueError(f"{name}={value!r} is no distance; give metres, {least}.")
    return number


def quad_segs(radius_m: float, tolerance_m: float) -> tuple[int, float]:
    """Return in how many chords to draw a quarter circle, and the radius that covers the circle.

    With the chords of GEOS, which may be half as long again as a quarter by that number, a buffer
    by the second number holds every place nearer than ``radius_m`` and none that is farther by
    more than the tolerance.

    Examples
    --------
    >>> from chaoyang_geo.alternatives.ground import quad_segs
    >>> quad_segs(0.0, 0.01), [round(number, 3) for number in quad_segs(100.0, 0.01)]
    ((4, 0.0), [84, 100.01])
    """
    half = 1.5 * math.pi / 4  # of the longest chord, times the number of chords
    n = max(4, math.ceil(half / math.acos(radius_m / (radius_m + tolerance_m))))
    return n, radius_m / math.cos(half / n)


def checked_sites(sites: gpd.GeoDataFrame) -> None:
    """Check CRS and columns of the table of sites."""
    require_crs(sites, layer_name="sites")
    require(sites, SITE_COLUMNS, table="sites")
    require_unique(sites, "site_code", table="sites")


def checked_area(within: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[Any, str]:
    """Return an area as one shape in metres, and its CGCS2000 zone; without rows ``None``, ``""``.

    Raises
    ------
    CRSError
        The layer has no CRS, or lies outside the CGCS2000 zones.
    SchemaError
        A shape is no polygon.
    """
    import numpy as np
    import shapely

    require_crs(within, layer_name="within")
    shapes = np.array(within.geometry.to_numpy(), dtype=object)
    wrong = ~np.isin(shapely.get_type_id(shapes), (3, 6)) | shapely.is_empty(shapes)
    wrong |= ~finite(shapes)
    if wrong.any():
        row = int(wrong.argmax())
        kind = "no geometry" if shapes[row] is None else f"a {shapes[row].geom_type}"
        raise SchemaError(
            f"within: row {row + 1} has {kind}, not a polygon with finite coordinates; give the "
            "area as polygons, e.g. the outline of a county, or a box."
        )
    if not len(shapes):
        return None, ""
    crs = metric_crs(within, layer_name="within")
    return shapely.union_all(made_valid(reprojected(shapes, within.crs, crs))[0]), crs


@dataclass(frozen=True)
class Zones:
    """Zone records with a usable shape, in one CRS; ``row`` is the row in the table given."""

    frame: gpd.GeoDataFrame
    n_unusable: int
    other_datum: bool  # of some layer than that of the sites or the area

    @property
    def flag(self) -> str:
        """What the result has to say about zones that could not be used."""
        return in_words(
            "" if len(self.frame) else "没有可查的分区",
            f"{self.n_unusable} 个分区无可用图形，未计入" if self.n_unusable else "",
            OTHER_DATUM if self.other_datum else "",
        )

    @cached_property
    def tree(self) -> Any:
        """Index of the shapes as given."""
        import shapely

        return shapely.STRtree(self.frame.geometry.to_numpy())


def zone_records(zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame], crs: Any) -> Zones:
    """Check zones of one layer or several; records without a usable shape are counted.

    ``crs`` is that of the sites or the area: a layer in another datum is told.

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        A column is missing, or a zone is a line or a point.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    frames = [zones] if isinstance(zones, gpd.GeoDataFrame) else list(zones)
    if not frames:
        raise SchemaError("zones: the list is empty; give at least one layer, it may have no rows.")
    kept = []
    unusable = 0
    for frame in frames:
        if not isinstance(frame, gpd.GeoDataFrame):
            raise SchemaError(
                f"zones: {type(frame).__name__} is no layer; give a GeoDataFrame, or a list of them."
            )
        require_crs(frame, layer_name="zones")
        require(
            frame, ZONE_COLUMNS, table="zones", hint="read_zones makes this table from a layer."
        )
        shapes = shapely.force_2d(frame.geometry.to_numpy())  # what is cut keeps its own heights
        kinds = shapely.get_type_id(shapes)
        usable = (kinds >= 0) & ~shapely.is_empty(shapes) & finite(shapes)
        strange = np.flatnonzero(usable & ~np.isin(kinds, (3, 6)))
        if len(strange):
            row = int(strange[0])
            raise SchemaError(
                f"zones: row {row + 1} (zone_code {frame['zone_code'].iloc[row]}) is a "
                f"{shapes[row].geom_type}; zones are polygons. Give a line or point a width first, "
                "e.g. with buffer in metres, and of a collection the polygons, e.g. with explode."
            )
        usable[usable] = on_earth(shapes[usable], frame.crs)
        unusable += int((~usable).sum())
        texts = [name for name in (*ZONE_COLUMNS, "version", "content_hash") if name in frame]
        plain = gpd.GeoDataFrame(
            pd.DataFrame(frame)[texts].reset_index(drop=True), geometry=shapes, crs=frame.crs
        )
        kept.append(plain[usable])
    other_datum = any(len(part) and not same_datum(part.crs, crs) for part in kept)
    crs = kept[0].crs
    drawn = np.concatenate([reprojected(part.geometry.to_numpy(), part.crs, crs) for part in kept])
    table = pd.concat(
        [pd.DataFrame(part.drop(columns="geometry")) for part in kept], ignore_index=True
    )
    return Zones(gpd.GeoDataFrame(table, geometry=drawn, crs=crs), unusable, other_datum)


def mended_sites(sites: gpd.GeoDataFrame) -> tuple[Shapes, Shapes, Bools]:
    """Return the shapes of sites made valid, a flag each, and whether each can be used.

    Raises
    ------
    CRSError
        All sites lie outside the CGCS2000 zones, or nowhere on the earth; of some, these are
        flagged.
    """
    import numpy as np
    import shapely

    shapes = np.array(sites.geometry.to_numpy(), dtype=object)
    flags = np.full(len(shapes), "", dtype=object)
    flags[shapely.is_missing(shapes)] = MISSING
    flags[(flags == "") & shapely.is_empty(shapes)] = EMPTY
    flags[(flags == "") & ~finite(shapes)] = NOT_FINITE
    usable = flags == ""
    flat = np.flatnonzero(usable & (shapely.get_dimensions(shapes) == 2))
    shapes[flat], mended = made_valid(shapes[flat])
    flags[flat[mended]] = INVALID
    gone = flat[mended & shapely.is_empty(shapes[flat])]
    flags[gone], usable[gone] = f"{INVALID}后面积为零", False
    rows = np.flatnonzero(usable)
    meridian = require_zone(shapes[rows], sites.crs, rows=rows, layer_name="sites")
    flags[rows] = without_zone(flags[rows], meridian)
    usable[rows] = np.isfinite(meridian)
    return shapes, flags, usable


@dataclass(frozen=True)
class Ground:
    """Sites of one CGCS2000 zone and the pieces of zone records near them, in metres."""

    crs: str
    rows: Ints  # of the sites, in their table
    sites: Shapes
    pieces: Shapes
    record: Ints  # of each piece, in the table of zones

    @cached_property
    def tree(self) -> Any:
        """Index of the pieces."""
        import shapely

        return shapely.STRtree(self.pieces)


def grounds(
    shapes: Shapes, usable: Bools, crs: Any, zones: Zones, *, reach_m: float
) -> Iterator[Ground]:
    """Yield the usable sites by their CGCS2000 zone, with what lies within reach of their boxes."""
    import numpy as np
    import shapely

    rows = np.flatnonzero(usable)
    meridian = zone_meridians(shapes[rows], crs)
    for each in np.unique(meridian).tolist():
        here = rows[meridian == each]
        code = meridian_code(int(each))
        found = valid_again(reprojected(shapes[here], crs, code))
        windows = grown_boxes(found, reach_m + 1.0)
        pieces, record = pieces_near(zones, windows, code)
        shapely.prepare(pieces)
        yield Ground(code, here, found, pieces, record)


def grown_boxes(shapes: Shapes, reach_m: float) -> Shapes:
    """Return the boxes around shapes, wider by ``reach_m`` on each side."""
    import shapely

    west, south, east, north = shapely.bounds(shapes).T
    found: Shapes = shapely.box(west - reach_m, south - reach_m, east + reach_m, north + reach_m)
    return found


def pieces_near(zones: Zones, windows: Shapes, crs: str) -> tuple[Shapes, Ints]:
    """Return zone records in ``crs``, in small valid pieces, as far as they meet a window.

    The pieces of a record cover it without overlap wherever it meets a window.
    """
    import numpy as np
    import shapely

    nothing = np.zeros(0, dtype=object), np.zeros(0, np.int64)
    if not len(zones.frame):
        return nothing
    # the boxes of the windows in the CRS of the zones; bent sides are followed, and some more
    bent = shapely.segmentize(windows, _side(windows) / 8)
    turn = transform(crs, zones.frame.crs)
    box = shapely.bounds(shapely.transform(bent, turn, interleaved=False))
    pad = 0.02 * (box[:, 2:] - box[:, :2])
    wide = shapely.box(*(box[:, :2] - pad).T, *(box[:, 2:] + pad).T)
    near = np.unique(zones.tree.query(wide)[1])
    if not len(near):
        return nothing
    shapes = reprojected(zones.frame.geometry.to_numpy()[near], zones.frame.crs, crs)
    parts, owner = shapely.get_parts(made_valid(shapes)[0], return_index=True)
    pieces, part = _cut(parts, shapely.STRtree(windows))
    return pieces, near[owner[part]].astype(np.int64)


def _side(windows: Shapes) -> float:
    import shapely

    box = shapely.bounds(windows)
    return float(max((box[:, 2:] - box[:, :2]).min(), 1.0))


def _cut(polygons: Shapes, windows: Any) -> tuple[Shapes, Ints]:
    """Halve polygons along their shorter way until all are small; drop what meets no window."""
    import numpy as np
    import shapely

    shapes, owner = polygons, np.arange(len(polygons))
    done: list[Shapes] = [np.zeros(0, dtype=object)]
    owners: list[Ints] = [np.zeros(0, np.int64)]
    while len(shapes):
        near = np.unique(windows.query(shapes)[0])
        shapes, owner = shapes[near], owner[near]
        west, south, east, north = shapely.bounds(shapes).T
        wide = east - west > north - south
        middle = np.where(wide, (west + east) / 2, (south + north) / 2)
        lowest, highest = np.where(wide, west, south), np.where(wide, east, north)
        small = shapely.get_num_coordinates(shapes) <= _PIECE
        small |= ~((lowest < middle) & (middle < highest))
        done.append(shapes[small])
        owners.append(owner[small])
        large = np.flatnonzero(~small)
        halves: list[Any] = []
        for at in large.tolist():
            edges = (west[at], south[at], east[at], north[at])
            first, second = 2 if wide[at] else 3, 0 if wide[at] else 1
            for side in (first, second):
                rect = [*edges]
                rect[side] = middle[at]
                halves.append(_clipped(shapes[at], rect))
        parts, half = shapely.get_parts(np.array(halves, dtype=object), return_index=True)
        areas = shapely.get_type_id(parts) == 3
        shapes, owner = parts[areas], np.repeat(owner[large], 2)[half[areas]]
    return np.concatenate(done), np.concatenate(owners).astype(np.int64)


def _clipped(shape: Any, rect: list[float]) -> Any:
    """Cut a shape to a rectangle; the fast way may return an invalid shape, then the other."""
    import shapely

    found = shapely.clip_by_rect(shape, *rect)
    return found if shapely.is_valid(found) else shapely.intersection(shape, shapely.box(*rect))


def digits(number: float, decimals: int = 3) -> str:
    """Write a number without an exponent and without zeros at its end.

    Examples
    --------
    >>> from chaoyang_geo.alternatives.ground import digits
    >>> digits(1234567.5), digits(500.0), digits(1234.56, 0)
    ('1234567.5', '500', '1235')
    """
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def groups(owner: Ints, member: Ints) -> Iterator[tuple[int, Ints]]:
    """Return each owner with its members; owners are sorted, as an index returns them."""
    import numpy as np

    found, starts = np.unique(owner, return_index=True)
    return zip(found.tolist(), np.split(member, starts[1:]), strict=False)  # none: one empty part
