"""Two versions of a scheme of units, or two schemes: what is where, and what moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.rounding import short_number
from chaoyang_geo.schema import SchemaError, as_text, require, require_unique
from chaoyang_geo.units.shapes import additive_areas, in_crs, polygonal, read_polygons, ruler_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from chaoyang_geo.units.shapes import Bools, Floats, Ints

PAIR_COLUMNS: tuple[str, ...] = (
    "unit_code_a", "unit_name_a", "unit_code_b", "unit_name_b", "area_km2", "share_a", "share_b",
    "iou", "same_unit", "best_of_a", "best_of_b",
)  # fmt: skip

UNIT_COLUMNS: tuple[str, ...] = (
    "version", "unit_code", "unit_name", "area_km2", "partner_code", "partner_name",
    "partner_rule", "iou", "best_code", "best_iou", "kept_km2", "moved_out_km2", "moved_in_km2",
    "change_kind", "compare_zh", "compare_en",
)  # fmt: skip


@dataclass(frozen=True)
class UnitComparison:
    """Two layers of units laid over each other.

    Attributes
    ----------
    pairs : DataFrame
        One row for each unit of a and unit of b that overlap, and for what lies in one layer
        only (the other code is empty): ``area_km2``, ``share_a`` (of the unit of a),
        ``share_b``, ``iou``, ``same_unit``, ``best_of_a``, ``best_of_b``.
    units : DataFrame
        One row for each unit of a (``version`` a), then one for each of b: its partner and the
        rule that named it, ``iou`` with it, the best partner by overlap, what it kept, gave
        and took, ``change_kind`` and a sentence.
    matrix : DataFrame
        Areas in km2, units of a in rows and of b in columns; the last row and column, with an
        empty code, are what the other layer does not cover. Rows and columns add up to units.
    """

    pairs: pd.DataFrame
    units: pd.DataFrame
    matrix: pd.DataFrame


def compare_units(
    a: gpd.GeoDataFrame,
    b: gpd.GeoDataFrame,
    *,
    names: Mapping[str, str] | None = None,
    min_area_m2: float = 1.0,
    same_share: float = 0.999,
) -> UnitComparison:
    """Lay two layers of units over each other: overlap of each pair, and what moved where.

    Required columns of both: ``unit_code``, geometry (polygon), any CRS; used where present:
    ``unit_name``.

    Parameters
    ----------
    a, b : GeoDataFrame
        Two versions of a scheme, or two schemes (administrative and watershed units).
    names : mapping of str to str, optional
        Code in a to code in b of the same unit. Without it units of one code are the same, then
        units of one name that is there once in each; in two schemes with unrelated codes give
        ``{}``, so that only overlap speaks.
    min_area_m2 : float, m2
        Overlaps of less are the noise of borders drawn twice: they are left out of ``pairs`` of
        two units, and ``matrix`` and totals take them as not covered.
    same_share : float, 0 to 1
        Intersection over union from which a unit counts as unchanged.

    Returns
    -------
    UnitComparison
        ``pairs``, ``units``, ``matrix``.

    Raises
    ------
    CRSError
        A layer has no CRS, or ``a`` lies outside the zones of China.
    SchemaError
        A required column is missing, a unit is there twice, a geometry is no polygon, or
        ``names`` names a unit that is not there or one of b twice.
    ValueError
        ``same_share`` is no share.

    Notes
    -----
    Intersection over union (Jaccard 1901) of units A and B: area of A and B over area of A or
    B. What no unit of the other layer covers is the unit less its overlaps; where units of one
    layer overlap each other, it is negative and ``compare_zh`` says so: mend them first.

    Borders are compared in the CRS of ``a``, in which an edge is straight, and areas are measured
    in the CGCS2000 3-degree zone of ``a`` (layers wider than 6 degrees: in an equal-area
    projection) with what the projection bends an edge by, so that parts add up to their unit
    wherever it is cut. In degrees that differs from the area of the projected vertices by about
    1e-5 where edges are some kilometres long; the vertices of ``b`` alone are projected where its
    CRS is another.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.units import compare_units
    >>> def scheme(middle):
    ...     parts = [box(500000, 4600000, middle, 4601000), box(middle, 4600000, 504000, 4601000)]
    ...     return gpd.GeoDataFrame({"unit_code": ["U1", "U2"]}, geometry=parts, crs=4549)
    >>> found = compare_units(scheme(501000), scheme(502000))
    >>> found.pairs[["unit_code_a", "unit_code_b", "area_km2", "share_a", "iou"]]
      unit_code_a unit_code_b  area_km2   share_a       iou
    0          U1          U1       1.0  1.000000  0.500000
    1          U2          U2       2.0  0.666667  0.666667
    2          U2          U1       1.0  0.333333  0.250000
    """
    import numpy as np
    import shapely

    if not 0 <= same_share <= 1:
        raise ValueError(f"same_share={same_share!r} is no share; use a number from 0 to 1.")
    for layer, name in ((a, "a"), (b, "b")):
        require(layer, ["unit_code"], table=name)
        require_unique(layer, "unit_code", table=name)
        require_crs(layer, layer_name=name)
    first, second = _side(a, "a"), _side(b, "b")
    same, rules = _partners(first, second, names)
    n, m = len(a), len(b)
    i = j = np.array([], dtype=np.int64)
    area = np.array([], dtype=np.float64)
    size_a, size_b = np.zeros(n), np.zeros(m)
    shapes_a, _ = read_polygons(a, table="a", code="unit_code")
    shapes_b, _ = read_polygons(in_crs(b, a.crs, layer_name="b"), table="b", code="unit_code")
    measured = a if not shapely.is_empty(shapes_a).all() else b.to_crs(a.crs)
    if n + m and not (shapely.is_empty(shapes_a).all() and shapely.is_empty(shapes_b).all()):
        ruler = ruler_of(measured, layer_name="a")
        i, j = shapely.STRtree(shapes_b).query(shapes_a, predicate="intersects")
        equal = shapely.equals_exact(shapes_a[i], shapes_b[j])
        # in a layer without overlaps, what is in one unit is in no other
        known_a, known_b = np.zeros(n, bool), np.zeros(m, bool)
        known_a[i[equal]] = bool(equal.any()) and bool(shapely.coverage_is_valid(shapes_b))
        known_b[j[equal]] = bool(equal.any()) and bool(shapely.coverage_is_valid(shapes_a))
        open_ = equal | ~(known_a[i] | known_b[j])
        i, j, equal = i[open_], j[open_], equal[open_]
        parts = shapes_a[i].copy()
        parts[~equal] = polygonal(shapely.intersection(shapes_a[i[~equal]], shapes_b[j[~equal]]))
        size_a, size_b, area = additive_areas(ruler, shapes_a, shapes_b, parts)
        kept = (area > 0) & (area >= min_area_m2)
        i, j, area = i[kept], j[kept], area[kept]
    matrix = np.zeros((n + 1, m + 1))
    matrix[i, j] = area
    matrix[:n, m] = size_a - matrix[:n, :m].sum(axis=1)
    matrix[n, :m] = size_b - matrix[:n, :m].sum(axis=0)
    for rest, size in ((matrix[:n, m], size_a), (matrix[n, :m], size_b)):
        rest[np.abs(rest) <= np.maximum(1e-9 * size, min_area_m2)] = 0.0
    if a.crs != b.crs and (matrix[:n, m] < 0).any():
        # units of b that share a border may overlap only because a.crs bends its long edges
        meets = matrix[:n, :m][:, _overlapping(b, min_area_m2)].any(axis=1)
        matrix[:n, m][(matrix[:n, m] < 0) & ~meets] = 0.0
    pairs = _pairs(first, second, matrix, size_a, size_b, same)
    units = _units(first, second, matrix, size_a, size_b, same, rules, same_share)
    return UnitComparison(pairs, units, _matrix(first, second, matrix))


def _overlapping(layer: gpd.GeoDataFrame, min_area_m2: float) -> Bools:
    """Tell which units share land with another unit of their layer, in the layer's own CRS."""
    import numpy as np
    import shapely

    shapes, _ = read_polygons(layer, table="b", code="unit_code")
    i, j = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    i, j = i[i < j], j[i < j]
    shared = polygonal(shapely.intersection(shapes[i], shapes[j]))
    (area,) = additive_areas(ruler_of(layer, layer_name="b"), shared)
    out = np.zeros(len(shapes), bool)
    out[np.r_[i, j][np.tile(area >= max(min_area_m2, 1e-6), 2)]] = True
    return out


@dataclass(frozen=True)
class _Side:
    codes: list[str]
    names: list[str]


def _side(layer: gpd.GeoDataFrame, table: str) -> _Side:
    codes = as_text(layer["unit_code"]).tolist()
    names = as_text(layer["unit_name"]).tolist() if "unit_name" in layer else codes
    return _Side(codes, names)


def _partners(a: _Side, b: _Side, names: Mapping[str, str] | None) -> tuple[Ints, list[str]]:
    """Return the unit of b that each unit of a is said to be, or -1, and the rule."""
    import numpy as np

    same = np.full(len(a.codes), -1, dtype=np.int64)
    rules = [""] * len(a.codes)
    place_a = {code: row for row, code in enumerate(a.codes)}
    place_b = {code: row for row, code in enumerate(b.codes)}
    if names is not None:
        for code, other in names.items():
            if str(code) not in place_a or str(other) not in place_b:
                side, which = ("a", code) if str(code) not in place_a else ("b", other)
                raise SchemaError(f"names: unit {which} is not in {side}.")
            if (same == place_b[str(other)]).any():
                raise SchemaError(f"names: unit {other} of b is named twice; name each once.")
            same[place_a[str(code)]] = place_b[str(other)]
            rules[place_a[str(code)]] = "给定"
        return same, rules
    for code, row in place_a.items():
        if code in place_b:
            same[row], rules[row] = place_b[code], "编码相同"
    taken = set(same.tolist())
    for row, name in enumerate(a.names):
        if same[row] < 0 and name and a.names.count(name) == b.names.count(name) == 1:
            twin = b.names.index(name)
            if twin not in taken:
                same[row], rules[row] = twin, "名称相同"
    return same, rules


def _iou(matrix: Floats, size_a: Floats, size_b: Floats) -> Floats:
    import numpy as np

    both = matrix[:-1, :-1]
    whole = size_a[:, None] + size_b[None, :] - both
    out: Floats = np.divide(both, whole, out=np.zeros_like(both), where=whole > 0)
    return out


def _pairs(
    a: _Side, b: _Side, matrix: Floats, size_a: Floats, size_b: Floats, same: Ints
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    n, m = len(a.codes), len(b.codes)
    iou = np.zeros((n + 1, m + 1))
    iou[:n, :m] = _iou(matrix, size_a, size_b)
    rows, columns = np.nonzero(matrix)
    order = np.lexsort([columns, -matrix[rows, columns], rows])
    rows, columns = rows[order], columns[order]
    codes_a, names_a = [*a.codes, ""], [*a.names, ""]
    codes_b, names_b = [*b.codes, ""], [*b.names, ""]
    area = matrix[rows, columns]
    whole_a, whole_b = np.r_[size_a, np.nan][rows], np.r_[size_b, np.nan][columns]
    partner = np.r_[same, -1][rows]
    best_a = iou.argmax(axis=1)[rows] == columns
    best_b = iou.argmax(axis=0)[columns] == rows
    two = (rows < n) & (columns < m)
    table = pd.DataFrame({
        "unit_code_a": [codes_a[k] for k in rows], "unit_name_a": [names_a[k] for k in rows],
        "unit_code_b": [codes_b[k] for k in columns], "unit_name_b": [names_b[k] for k in columns],
        "area_km2": area / 1e6, "share_a": area / whole_a, "share_b": area / whole_b,
        "iou": np.where(two, iou[rows, columns], np.nan), "same_unit": two & (partner == columns),
        "best_of_a": two & best_a, "best_of_b": two & best_b,
    }, columns=list(PAIR_COLUMNS))  # fmt: skip
    text = ("unit_code_a", "unit_name_a", "unit_code_b", "unit_name_b")
    flags = ("same_unit", "best_of_a", "best_of_b")
    return table.astype(
        {name: "str" if name in text else "bool" if name in flags else "float64"
         for name in PAIR_COLUMNS}
    )  # fmt: skip


def _units(
    a: _Side, b: _Side, matrix: Floats, size_a: Floats, size_b: Floats, same: Ints,
    rules: list[str], same_share: float,
) -> pd.DataFrame:  # fmt: skip
    import numpy as np
    import pandas as pd

    iou = _iou(matrix, size_a, size_b)
    back = np.full(len(b.codes), -1, dtype=np.int64)
    back[same[same >= 0]] = np.flatnonzero(same >= 0)
    rules_b = ["" if k < 0 else rules[k] for k in back]
    out: list[dict[str, Any]] = []
    for version, own, other, table, sizes, others, partner, why in (
        ("a", a, b, iou, size_a, size_b, same, rules),
        ("b", b, a, iou.T, size_b, size_a, back, rules_b),
    ):
        areas = matrix if version == "a" else np.ascontiguousarray(matrix.T)
        for row, code in enumerate(own.codes):
            to = int(partner[row])
            best = int(table[row].argmax()) if table.shape[1] and table[row].max() > 0 else -1
            kept = float(areas[row, to]) if to >= 0 else 0.0
            value = float(table[row, to]) if to >= 0 else float("nan")
            entry: dict[str, Any] = {
                "version": version, "unit_code": code, "unit_name": own.names[row],
                "area_km2": sizes[row] / 1e6,
                "partner_code": other.codes[to] if to >= 0 else "",
                "partner_name": other.names[to] if to >= 0 else "",
                "partner_rule": why[row], "iou": value,
                "best_code": other.codes[best] if best >= 0 else "",
                "best_iou": float(table[row, best]) if best >= 0 else float("nan"),
                "kept_km2": kept / 1e6, "moved_out_km2": (sizes[row] - kept) / 1e6,
                "moved_in_km2": (others[to] - kept) / 1e6 if to >= 0 else 0.0,
            }  # fmt: skip
            kind, zh, en = _change(entry, areas[row], other.codes, same_share)
            out.append({**entry, "change_kind": kind, "compare_zh": zh, "compare_en": en})
    frame = pd.DataFrame(out, columns=list(UNIT_COLUMNS))
    numbers = {"area_km2", "iou", "best_iou", "kept_km2", "moved_out_km2", "moved_in_km2"}
    return frame.astype({name: "float64" if name in numbers else "str" for name in UNIT_COLUMNS})


def _change(
    entry: Mapping[str, Any], areas: Floats, codes: list[str], same_share: float
) -> tuple[str, str, str]:
    """Say in words what became of a unit (of a) or where it comes from (of b)."""
    import numpy as np

    old = entry["version"] == "a"
    code, partner = entry["unit_code"], entry["partner_code"]
    there = np.flatnonzero(areas[:-1] > 0)
    there = there[np.argsort(-areas[there], kind="stable")]
    parts = [(codes[k], float(areas[k])) for k in there.tolist()]
    zh_parts = "、".join(f"{other} {short_number(area / 1e6)} km²" for other, area in parts[:5])
    en_parts = ", ".join(f"{other} {short_number(area / 1e6)} km²" for other, area in parts[:5])
    rest = float(areas[-1])
    notes_zh = f"；{short_number(rest / 1e6)} km²不在对方任何单元内" if rest > 0 else ""
    notes_en = f"; {short_number(rest / 1e6)} km² in no unit of the other" if rest > 0 else ""
    if rest < 0:
        notes_zh = "；对方单元相互重叠，合计超出本单元"
        notes_en = "; units of the other layer overlap, so the parts exceed the unit"
    if not partner:
        kind = ("取消" if old else "新增") if parts else "对方没有"
        verb = "现属" if old else "原属"
        zh = f"{code}{kind}，{verb}{zh_parts or '无'}{notes_zh}"
        state = ("dropped, now in" if old else "new, formerly in") if parts else "not there, in"
        return kind, zh, f"{code} {state} {en_parts or 'none'}{notes_en}"
    if entry["iou"] >= same_share:
        return "不变", f"{code}不变", f"{code} is unchanged"
    kind = "调整" if entry["kept_km2"] > 0 else "移位"
    zh = (f"{code}{kind}：{'划归' if old else '来自'}{zh_parts or '无'}{notes_zh}；"
          f"交并比{entry['iou']:.4f}")  # fmt: skip
    en = (f"{code} changed: {'now in' if old else 'formerly in'} {en_parts or 'none'}{notes_en}; "
          f"IoU {entry['iou']:.4f}")  # fmt: skip
    return kind, zh, en


def _matrix(a: _Side, b: _Side, matrix: Floats) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        matrix / 1e6,
        index=pd.Index([*a.codes, ""], name="unit_code_a", dtype="str"),
        columns=pd.Index([*b.codes, ""], name="unit_code_b", dtype="str"),
    )
