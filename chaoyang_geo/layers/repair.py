"""Geometry that cannot be used: found, repaired where it can be, and said in words.

An invalid polygon gives wrong areas without a warning. It is repaired by the structure of its
rings (``shapely.make_valid(method="structure")``, which keeps outer rings as land and inner rings
as holes; parts that it leaves side by side are joined); lines and points by their line work. The
row stays, the flag says what was wrong and where.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Geometries = npt.NDArray[Any]

NO_GEOMETRY, EMPTY_GEOMETRY = "无几何", "几何为空"
NOT_FINITE = "坐标不是有限数，未修复"
RING_CLOSED = "环未闭合，已闭合"
UNREADABLE = "几何无法读取"

_REASONS = {
    "Self-intersection": "自相交",
    "Ring Self-intersection": "环自相交",
    "Hole lies outside shell": "洞在外环之外",
    "Holes are nested": "洞套洞",
    "Nested holes": "洞套洞",
    "Nested shells": "面套面",
    "Interior is disconnected": "内部不连通",
    "Duplicate Rings": "重复的环",
    "Too few points in geometry component": "点数太少",
    "Invalid Coordinate": "坐标不是有限数",
    "Ring is not closed": "环未闭合",
}
_AT = re.compile(r"(?P<what>[^\[]+?)\s*(?:\[(?P<at>[^\]]*)\])?")
_KINDS = {0: "点", 1: "线", 2: "面"}


def repair(geometries: Geometries, *, mend: bool) -> tuple[Geometries, Geometries]:
    """Return geometries and their flags; what is valid is returned as it is.

    Parameters
    ----------
    geometries : array of n geometries, missing ones ``None``
    mend : bool
        Whether to repair, or only to say what is wrong.

    Returns
    -------
    array of n geometries, array of n texts

    Examples
    --------
    >>> import numpy as np, shapely
    >>> from chaoyang_geo.layers.repair import repair
    >>> bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> mended, flags = repair(np.array([bow, None]), mend=True)
    >>> flags.tolist(), mended[0].area
    (['自相交（1, 1 附近），已修复（2 部分）', '无几何'], 2.0)
    """
    import numpy as np
    import shapely

    out = geometries.copy()
    flags = np.full(len(out), "", dtype=object)
    missing = shapely.is_missing(out)
    empty = shapely.is_empty(out) & ~missing
    flags[missing], flags[empty] = NO_GEOMETRY, EMPTY_GEOMETRY
    there = np.flatnonzero(~missing & ~empty)
    bounds = shapely.bounds(out[there])
    # the bounds say nothing of a NaN amid numbers, so every coordinate is looked at
    points, owner = shapely.get_coordinates(out[there], return_index=True)
    n_bad = np.bincount(owner, weights=~np.isfinite(points).all(axis=1), minlength=len(there))
    finite = np.isfinite(bounds).all(axis=1) & (n_bad == 0)
    flags[there[~finite]] = NOT_FINITE
    there = there[finite]
    invalid = there[~shapely.is_valid(out[there])]
    if len(invalid):
        _repair_invalid(out, flags, invalid, mend=mend)
    return out, flags


def _repair_invalid(
    out: Geometries, flags: Geometries, rows: npt.NDArray[np.intp], *, mend: bool
) -> None:
    """Repair the rows in place: few of many, so a loop over them is quick enough for the words."""
    import numpy as np
    import shapely

    old = out[rows]
    reasons = [_reason(text) for text in shapely.is_valid_reason(old)]
    if not mend:
        flags[rows] = [f"{reason}，未修复" for reason in reasons]
        return
    dimension = shapely.get_dimensions(old)
    new = old.copy()
    areal = dimension == 2
    new[areal] = shapely.make_valid(old[areal], method="structure", keep_collapsed=False)
    new[~areal] = shapely.make_valid(old[~areal])
    for at, row in enumerate(rows):
        kept = _same_dimension(new[at], int(dimension[at]))
        if kept is None or kept.is_empty:
            flags[row] = f"{reasons[at]}，无法修复：没有{_measure(int(dimension[at]))}"
            continue
        parts = int(shapely.get_num_geometries(kept))
        flags[row] = f"{reasons[at]}，已修复（{parts} 部分）"
        new_or_multi = kept
        if shapely.get_type_id(old[at]) in (5, 6) and shapely.get_type_id(kept) in (1, 3):
            new_or_multi = _multi(kept)
        out[row] = new_or_multi
    out[rows] = np.where(shapely.is_missing(out[rows]), old, out[rows])


def _multi(geometry: Any) -> Any:
    import shapely

    maker = (
        shapely.multipolygons if shapely.get_dimensions(geometry) == 2 else shapely.multilinestrings
    )
    return maker([geometry])


def _same_dimension(geometry: Any, dimension: int) -> Any:
    """Keep the parts that are still points, lines or polygons as the row was."""
    import shapely

    if shapely.get_type_id(geometry) != 7:
        whole = (
            geometry
            if shapely.is_valid(geometry)
            else shapely.union_all(shapely.get_parts(geometry))
        )
        return whole if shapely.get_dimensions(whole) == dimension else None
    parts = shapely.get_parts(shapely.get_parts(geometry))
    parts = parts[shapely.get_dimensions(parts) == dimension]
    if not len(parts):
        return None
    return shapely.union_all(parts)


def _measure(dimension: int) -> str:
    return ("位置", "长度", "面积")[dimension]


def _reason(text: str) -> str:
    found = _AT.fullmatch(text)
    if found is None:
        return text
    what = _REASONS.get(found["what"], found["what"])
    if not found["at"]:
        return what
    numbers = ", ".join(f"{float(part):.10g}" for part in found["at"].split()[:2])
    return f"{what}（{numbers} 附近）"


def kinds(geometries: Geometries) -> Geometries:
    """Return 点, 线, 面, 混合 or '' for each geometry."""
    import numpy as np
    import shapely

    words = np.array(["点", "线", "面", "混合", ""], dtype=object)
    dimension = shapely.get_dimensions(geometries)
    mixed = shapely.get_type_id(geometries) == 7
    return words[np.where(dimension < 0, 4, np.where(mixed, 3, dimension))]


def flag_strangers(geometries: Geometries) -> Geometries:
    """Flag the rows whose kind is not that of most rows: a point in a layer of polygons."""
    import numpy as np
    import pandas as pd

    found = kinds(geometries)
    flags = np.full(len(found), "", dtype=object)
    flags[found == "混合"] = "几何集合，点线面混在一行"
    counts = pd.Series(found[(found != "") & (found != "混合")]).value_counts()
    if len(counts) > 1:
        most = str(counts.index[0])
        for kind in counts.index[1:]:
            flags[found == kind] = f"类型为{kind}，图层多为{most}"
    return flags


def join_flags(*flags: Geometries) -> Geometries:
    """Join flags of a row by ；, each reason once."""
    import numpy as np

    joined = flags[0].copy()
    for more in flags[1:]:
        rows = np.flatnonzero(more != "")
        for row in rows:
            known = str(joined[row]).split("；") if joined[row] else []
            joined[row] = "；".join(
                [*known, *(p for p in str(more[row]).split("；") if p not in known)]
            )
    return joined
