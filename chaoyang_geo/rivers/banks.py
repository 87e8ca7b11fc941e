"""Banks: strips along rivers, and around lakes and reservoirs, of a width that the caller gives."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import metric_crs, require_crs
from chaoyang_geo.edges import redrawn
from chaoyang_geo.rivers.corridor import located, mended
from chaoyang_geo.rivers.source_distances import (
    DERIVED_COLUMNS,
    NOT_APPROVED,
    accuracy_of,
    checked,
    in_words,
)
from chaoyang_geo.schema import (
    SchemaError,
    as_text,
    one_of,
    require,
    text_array,
)
from chaoyang_geo.shapes import grown

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.rivers.network import RiverNetwork

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: Columns of banks, in order; the geometry follows.
BANK_COLUMNS: dict[str, str] = {
    **DERIVED_COLUMNS,
    "zone_distances": "str",
    "area_km2": "float64",
    "zone_flag": "str",
}


def river_buffer(
    waters: RiverNetwork | gpd.GeoDataFrame,
    *,
    width_m: float | str,
    water_width_m: float | str = 0.0,
    by: str = "name",
    code: str | None = None,
    name: str | None = None,
    layer: str | None = None,
    version: str = NOT_APPROVED,
    version_date: str = "",
) -> gpd.GeoDataFrame:
    """Draw banks: strips along river lines, or rings around the polygons of lakes and reservoirs.

    No rule gives the width; it is the caller's. Measured in metres in the CGCS2000 3-degree zone
    of the waters; the input is not changed.

    Required columns: ``waters``: the columns ``code`` and ``name``, geometry (all LineString, or
    all Polygon; may be missing), and the columns of widths. Used where present: ``accuracy_m``,
    ``source``.

    Parameters
    ----------
    waters : RiverNetwork or GeoDataFrame, n rows, any CRS
    width_m : float or str, metres, 0 or more
        Width of the bank from the edge of the water, on either side; or a column with it.
    water_width_m : float or str, metres, 0 or more
        Of lines the width of the water; 0: the bank is measured from the line.
    by : {"name", "row"}
        One zone for each name, or for each row. Rows without a name have a zone each.
    code, name : str, optional
        Columns; without them ``reach_code`` and ``river_name`` of lines, ``reservoir_code`` and
        ``reservoir_name`` of polygons.
    layer, version, version_date : str
        Of the result; ``layer`` is 河岸 or 库岸 with （推导） unless given.

    Returns
    -------
    GeoDataFrame, one row per name or row, in the order of the input, CRS of the waters
        :data:`BANK_COLUMNS`. ``zone_kind`` is ``river_bank`` (the strip with the river in it) or
        ``reservoir_bank`` (the ring without its own water; that of a neighbour may lie in it);
        with ``by="row"`` the index of the input.
        A row without a line or a width keeps its place, without geometry, and is flagged.

    Raises
    ------
    CRSError
        The layer has no CRS.
    SchemaError
        A column is missing, lines and polygons are mixed, a width is negative, a code is missing
        or stands for two zones.
    ValueError
        An option is not known, or a width is no distance.

    Notes
    -----
    Strips end round: a bank reaches as far beyond the end of a line as it is wide.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_buffer
    >>> rivers = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B"], "river_name": "大凌河", "w": [50.0, 100.0]}, crs=4549,
    ...     geometry=[LineString([(500000, 4600000), (501000, 4600000)]),
    ...               LineString([(501000, 4600000), (502000, 4600000)])])
    >>> river_buffer(rivers, width_m="w")[["zone_name", "zone_kind", "zone_distances"]]
      zone_name   zone_kind zone_distances
    0     大凌河河岸  river_bank    岸宽50~100 m
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    one_of("by", by, ("name", "row"))
    table = waters if isinstance(waters, gpd.GeoDataFrame) else waters.reaches
    require_crs(table, layer_name="waters")
    lines = _are_lines(table)
    code = code or ("reach_code" if lines else "reservoir_code")
    name = name or ("river_name" if lines else "reservoir_name")
    require(table, [code, name], table="waters", hint="Name the columns: code=..., name=...")
    width, wet = _metres(table, "width_m", width_m), _metres(table, "water_width_m", water_width_m)
    found = located(table)
    zone = metric_crs(found, layer_name="waters") if found.notna().any() else table.crs
    shapes = mended(redrawn(found, zone))
    drawn = np.full(len(table), None, dtype=object)
    usable = ~shapely.is_missing(shapes) & np.isfinite(width) & np.isfinite(wet)
    if lines:
        drawn[usable] = shapely.buffer(shapes[usable], (width + wet / 2)[usable], quad_segs=16)
    else:
        drawn[usable] = grown(shapes[usable], width[usable], quad_segs=16)
    group, first = _groups(as_text(table[name]), by)
    codes, names = text_array(table[code]), text_array(table[name])
    accuracy, source = accuracy_of(table, table="waters"), _texts(table, "source")
    _check_codes(codes[first], first, code)
    word = "河岸" if lines else "库岸"
    areas, rows = [], []
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    for own, row in zip(members if len(table) else [], first.tolist(), strict=True):
        area: Any = shapely.union_all(drawn[own]) if usable[own].any() else None
        if area is not None and not lines:
            area = shapely.difference(area, shapely.union_all(shapes[own][usable[own]]))
        area = None if area is None or shapely.is_empty(area) else area
        areas.append(area)
        gaps = int((~usable[own]).sum())
        nothing = area is None and gaps < len(own)
        rows.append(
            {
                "zone_code": f"{codes[row]}-bank",
                "zone_name": f"{names[row] or codes[row]}{word}",
                "zone_kind": "river_bank" if lines else "reservoir_bank",
                "zone_grade": "",
                "layer": layer or f"{word}（推导）",
                "version": version,
                "version_date": version_date,
                "content_hash": hashlib.sha256(
                    b"-" if area is None else shapely.to_wkb(shapely.normalize(area))
                ).hexdigest(),
                "accuracy_m": float(accuracy[own].max()),
                "source": _source(source[own]),
                "quality": "derived",
                "status": "user",
                "zone_distances": _said(width[own], wet[own]),
                "area_km2": math.nan if area is None else float(area.area) / 1e6,
                "zone_flag": "；".join(
                    flag
                    for flag in (
                        "宽度为使用者给定，非批准的范围",
                        f"{gaps}行没有图形或宽度" if gaps else "",
                        "宽度为0，没有范围" if nothing else "",
                        "岸宽自河道中心线量起" if lines and not wet[own].any() else "",
                    )
                    if flag
                ),
            }
        )
    index = table.index if by == "row" else pd.RangeIndex(len(rows))
    frame = pd.DataFrame(rows, columns=list(BANK_COLUMNS), index=index).astype(BANK_COLUMNS)
    geometry = gpd.GeoSeries(np.array(areas, dtype=object), index=index, crs=zone)
    return gpd.GeoDataFrame(frame, geometry=redrawn(geometry, table.crs))


def _are_lines(table: gpd.GeoDataFrame) -> bool:
    """Tell lines from polygons; a table of neither is taken for lines."""
    import numpy as np
    import shapely

    kind = shapely.get_dimensions(table.geometry.to_numpy())
    kind[table.geometry.is_empty.to_numpy()] = -1
    of_lines = bool((kind == 1).any()) or not (kind == 2).any()
    wrong = (kind >= 0) & (kind != (1 if of_lines else 2))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        want = "LineStrings" if of_lines else "Polygons"
        raise SchemaError(
            f"waters: row {row + 1} is a {table.geometry.iloc[row].geom_type} among {want}; give "
            "rivers and lakes in two calls."
        )
    return of_lines


def _metres(table: gpd.GeoDataFrame, argument: str, given: float | str) -> Floats:
    """Return a width for each row, missing where there is none."""
    import numpy as np
    import pandas as pd

    if not isinstance(given, str):
        return np.full(len(table), checked(argument, given))
    require(table, [given], table="waters")
    numbers = pd.to_numeric(table[given], errors="coerce").to_numpy("float64", na_value=np.nan)
    wrong = (
        (numbers < 0) | np.isinf(numbers) | (np.isnan(numbers) & table[given].notna().to_numpy())
    )
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"waters: row {row + 1} of {given} holds {table[given].iloc[row]!r}, which is no width; "
            "give metres, 0 or more, or leave it empty."
        )
    out: Floats = numbers
    return out


def _groups(names: Any, by: str) -> tuple[Ints, Ints]:
    """Return the number of each row's zone, numbered as they come, and the first row of each."""
    import numpy as np
    import pandas as pd

    keys = np.array([f"#{row}" for row in range(len(names))], dtype=object)
    if by == "name":
        known = (names != "").to_numpy()
        keys[known] = "=" + names.to_numpy(dtype=object)[known]
    group = pd.factorize(keys)[0].astype("int64")
    return group, np.unique(group, return_index=True)[1].astype("int64")


def _check_codes(codes: Any, rows: Ints, column: str) -> None:
    """Check that each zone has a code of its own; ``rows`` are their first rows."""
    seen: dict[str, int] = {}
    for code, row in zip(codes.tolist(), rows.tolist(), strict=True):
        if not code or code in seen:
            why = f"holds {code!r}, as row {seen[code] + 1} does" if code else "is empty"
            raise SchemaError(
                f"waters: row {row + 1} of {column} {why}; each zone needs a code of its own."
            )
        seen[code] = row


def _texts(table: gpd.GeoDataFrame, column: str) -> Any:
    import numpy as np

    return text_array(table[column]) if column in table else np.full(len(table), "", dtype=object)


def _source(texts: Any) -> str:
    base = ";".join(dict.fromkeys(text for text in texts if text))
    return "按使用者给定的宽度推导" + (f"；图形：{base}" if base else "")


def _said(width: Floats, wet: Floats) -> str:
    """Put widths in words: 岸宽50~100 m、水面宽20 m."""
    import numpy as np

    words = []
    for word, values in (("岸宽", width), ("水面宽", wet)):
        known = values[np.isfinite(values)]
        if len(known) and (word == "岸宽" or known.any()):
            low, high = known.min(), known.max()
            least, most = in_words(low), in_words(high)
            words.append(f"{word}{least} m" if low == high else f"{word}{least}~{most} m")
    return "、".join(words)
