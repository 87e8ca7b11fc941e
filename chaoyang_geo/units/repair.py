"""Carry the proposals of the unit doctor out, and say what moved from whom to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.schema import SchemaError, as_text, one_of, require, require_unique, split_codes
from chaoyang_geo.units.borders import Coverage, overlap_owner
from chaoyang_geo.units.check import check_units, coverage
from chaoyang_geo.units.faces import Faces, cut_faces, union_of
from chaoyang_geo.units.findings import (
    FINDING_COLUMNS,
    OVERLAP_POLICIES,
    POLICIES,
    REPAIRS,
    area_text,
)
from chaoyang_geo.units.shapes import additive_areas, read_polygons, ruler_of, widths

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from chaoyang_geo.units.shapes import Bools, Floats, Ints, Shapes

MOVED_COLUMNS: tuple[str, ...] = (
    "finding_kind", "repair_policy", "from_unit_code", "to_unit_code", "unit_codes", "area_m2",
    "moved_zh", "moved_en",
)  # fmt: skip

BALANCE_COLUMNS: tuple[str, ...] = (
    "unit_code", "area_before_m2", "gained_m2", "lost_m2", "area_after_m2", "repair_flag",
)  # fmt: skip

#: Which finding decides where several lie over one place: the first of these.
_RANK = ("sliver", "township_border", "outside", "overlap", "gap", "hole", "mismatch")


@dataclass(frozen=True)
class UnitRepair:
    """Repaired units, and what was done to them.

    Attributes
    ----------
    units : GeoDataFrame
        The rows of the input, same index, order, columns and CRS, with mended geometries.
    moved : GeoDataFrame
        What moved: ``finding_kind``, ``repair_policy``, ``from_unit_code`` (empty: from no
        unit), ``to_unit_code`` (empty: cut off), ``unit_codes`` (all that held it),
        ``area_m2``, ``moved_zh``, ``moved_en`` and the geometry that moved.
    balance : DataFrame
        One row per unit: ``area_before_m2`` + ``gained_m2`` - ``lost_m2`` = ``area_after_m2``;
        ``repair_flag``.
    left : GeoDataFrame
        Findings that no repair was made for.
    """

    units: gpd.GeoDataFrame
    moved: gpd.GeoDataFrame
    balance: pd.DataFrame
    left: gpd.GeoDataFrame


def repair_units(
    units: gpd.GeoDataFrame,
    *,
    policy: str | None = None,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    townships: gpd.GeoDataFrame | None = None,
    findings: gpd.GeoDataFrame | None = None,
    sliver_m: float = 50.0,
    min_area_m2: float = 1.0,
    max_gap_m2: float = 1_000_000.0,
    snap_m: float = 0.001,
) -> UnitRepair:
    """Mend gaps, overlaps, slivers and borders that do not match.

    Each finding is mended as it proposes: township borders win where townships are given, a
    gap or sliver goes to the neighbour with the longest shared border, an overlap to one of its
    units, what lies beyond ``within`` is cut off. A strip narrower than ``sliver_m`` that this
    cuts off from its unit is a sliver too. What needs a person's judgement, and every other part
    of the units, stays.

    Required columns: ``units``: ``unit_code``, geometry (polygon), any CRS; used where present:
    ``area_km2``. ``townships`` as for :func:`check_units`.

    Parameters
    ----------
    units : GeoDataFrame, n units
    policy : {"smaller", "larger", "recorded", "longest_border", "first"}, optional
        Which unit keeps an overlap; without it as the findings say, and ``smaller`` in findings
        made here. The proposals by township borders stay.
    within, townships : optional
        As for :func:`check_units`; used only where ``findings`` are made here.
    findings : GeoDataFrame, optional
        Rows of :func:`check_units` for these units that shall be mended; take out rows, or set
        ``to_unit_code`` or ``repair_policy``, to decide otherwise.
    sliver_m, min_area_m2 : float
        As for :func:`check_units`.
    max_gap_m2 : float, m2
        A larger gap stays, unless it is narrower than ``sliver_m``.
    snap_m : float, metres
        Vertices are put on a grid of this step, down to a power of ten of the CRS' unit; no
        vertex moves farther. Where nothing is mended, no vertex moves at all.

    Returns
    -------
    UnitRepair
        ``units``, ``moved``, ``balance``, ``left``; heights of vertices are not kept.

    Raises
    ------
    CRSError, SchemaError, ValueError
        As :func:`check_units`; ``findings`` lack a column or name a unit that is not there.

    Notes
    -----
    The borders of the units concerned and the outlines of the places are noded together on the
    grid and cut into faces; each face is given to one unit, and the units are put together from
    their faces, so that neighbours share every vertex.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.units import repair_units
    >>> units = gpd.GeoDataFrame(
    ...     {"unit_code": ["U1", "U2"]}, crs=4549,
    ...     geometry=[box(500000, 4600000, 501000, 4601000), box(500900, 4600000, 502000, 4601000)])
    >>> mended = repair_units(units)
    >>> mended.moved[["from_unit_code", "to_unit_code", "area_m2"]]
      from_unit_code to_unit_code   area_m2
    0             U2           U1  100000.0
    >>> mended.units.area.tolist()
    [1000000.0, 1000000.0]
    """
    if policy is not None:
        one_of("policy", policy, OVERLAP_POLICIES)
    require(units, ["unit_code"], table="units")
    require_unique(units, "unit_code", table="units")
    require_crs(units, layer_name="units")
    if findings is None:
        findings = check_units(
            units, within=within, townships=townships, sliver_m=sliver_m,
            min_area_m2=min_area_m2, max_gap_m2=max_gap_m2, overlap=policy or "smaller",
            snap_m=snap_m,
        )  # fmt: skip
    else:
        require(findings, [*FINDING_COLUMNS, "geometry"], table="findings",
                hint="Give rows of check_units(units).")  # fmt: skip
    codes = as_text(units["unit_code"]).tolist()
    shapes, _ = read_polygons(units, table="units", code="unit_code")
    chosen = _chosen(findings, max_gap_m2, sliver_m)
    left = findings[~chosen]
    rows = findings[chosen]
    if not len(rows):
        return _unchanged(units, codes, left)
    ruler = ruler_of(units, layer_name="units", snap_m=snap_m)
    ready = coverage(
        units, shapes, ruler, sliver_m=sliver_m, min_area_m2=min_area_m2, max_gap_m2=max_gap_m2,
        overlap=policy or "smaller",
    )  # fmt: skip
    orders = _orders(rows, codes, ready, policy)
    after, sizes, moved = _rebuilt(ready, orders)
    return _result(units, ready, after, sizes, moved, left, codes)


def _chosen(findings: pd.DataFrame, max_gap_m2: float, sliver_m: float) -> Bools:
    import numpy as np

    policies = as_text(findings["repair_policy"])
    for row, text in enumerate(policies):
        if text not in POLICIES:
            raise SchemaError(
                f"findings: row {row + 1} of repair_policy holds {text!r}; "
                f"use one of {', '.join(POLICIES)}."
            )
    gap = findings["finding_kind"].isin(("gap", "hole")) & (findings["area_m2"] > max_gap_m2)
    gap &= findings["width_m"] >= sliver_m
    kinds = findings["finding_kind"].isin((*_RANK, "invalid_ring"))
    return np.asarray(policies.isin(REPAIRS) & kinds & ~gap, dtype=bool)


@dataclass
class _Order:
    """One finding to be carried out: what is done with the faces in its shape."""

    kind: str
    policy: str
    units: tuple[int, ...]
    to: int
    shape: Any


def _orders(
    rows: gpd.GeoDataFrame, codes: list[str], units: Coverage, policy: str | None
) -> list[_Order]:
    """Read findings as orders, the first of several over one place first."""
    number = {code: place for place, code in enumerate(codes)}

    def place(code: str, row: int) -> int:
        if code not in number:
            raise SchemaError(
                f"findings: row {row} names unit {code}, which is not in units; "
                "give the findings of these units."
            )
        return number[code]

    if rows.crs != units.ruler.crs:
        rows = rows.to_crs(units.ruler.crs)
    found = []
    texts = {name: as_text(rows[name]).tolist() for name in
             ("finding_kind", "repair_policy", "unit_codes", "to_unit_code")}  # fmt: skip
    for row, shape in enumerate(rows.geometry):
        kind = texts["finding_kind"][row]
        own = tuple(sorted(place(code, row + 1) for code in split_codes(texts["unit_codes"][row])))
        to = texts["to_unit_code"][row]
        one = _Order(kind, texts["repair_policy"][row], own, place(to, row + 1) if to else -1,
                     shape)  # fmt: skip
        if one.to < 0 and one.policy not in ("cut", "match_vertices", "make_valid"):
            raise SchemaError(
                f"findings: row {row + 1} ({kind} of {texts['unit_codes'][row]}) has no "
                "to_unit_code; name the unit that receives the place, or set repair_policy to "
                "'review'."
            )
        if kind == "overlap" and policy is not None and one.policy in OVERLAP_POLICIES:
            one.policy, one.to = overlap_owner(policy, own, {}, units) if (
                policy != "longest_border"
            ) else (policy, -1)  # fmt: skip
        found.append(one)
    ranks = {kind: rank for rank, kind in enumerate((*_RANK, "invalid_ring"))}
    return sorted(found, key=lambda one: ranks[one.kind])


def _rebuilt(
    units: Coverage, orders: list[_Order]
) -> tuple[Shapes, tuple[Floats, Floats], list[dict[str, Any]]]:
    """Return the units after all orders, their areas before and after, and what moved."""
    import numpy as np
    import shapely

    tree = shapely.STRtree(units.shapes)
    involved = np.zeros(len(units.shapes), bool)
    places = [one for one in orders if one.kind not in ("invalid_ring", "mismatch")]
    for one in orders:
        involved[list(one.units)] = True
        if one.to >= 0:
            involved[one.to] = True
    shapes = np.array([one.shape for one in places], dtype=object)
    involved[np.unique(tree.query(shapes, predicate="intersects")[1])] = True
    matched = [set(one.units) for one in orders if len(one.units) > 1]
    before = ~shapely.is_empty(shapely.coverage_invalid_edges(units.shapes))
    while True:
        lines = [*shapely.boundary(units.shapes[involved]), *shapely.boundary(shapes)]
        faces = cut_faces(lines, np.where(involved, units.shapes, shapely.Polygon()), units.ruler)
        owner, order = _assigned(faces, places, matched, units)
        after = _put_together(faces, owner, involved, units)
        scraps = _scraps(after, faces, owner, order, places, units)
        if scraps:
            at = np.unique(np.concatenate([members for _, members in scraps]))
            beside = np.unique(tree.query(faces.shapes[at], predicate="intersects")[1])
            if not involved[beside].all():
                involved[beside] = True
                continue
        joined = _join(scraps, faces, owner, order, len(places))
        if joined:
            after = _put_together(faces, owner, involved, units)
        loose = ~shapely.is_empty(shapely.coverage_invalid_edges(after))
        more = loose & ~before & ~involved
        if not more.any():
            # strips between long edges are thinner than the edges bend in metres
            area, old, new = additive_areas(units.ruler, faces.shapes, units.shapes, after)
            # the areas of the same borders with all their vertices, so that the balance adds up
            inside = np.bincount(faces.pairs_unit, area[faces.pairs_face], len(after))
            moved = _moves(faces, area, owner, order, [*places, *joined])
            return after, (np.where(involved, inside, old), new), moved
        involved |= more


def _put_together(faces: Faces, owner: Ints, involved: Bools, units: Coverage) -> Shapes:
    """Return the units, those involved made of their faces."""
    import numpy as np
    import shapely

    after = units.shapes.copy()
    kept = owner[faces.pairs_face] == -2
    face = np.concatenate([np.flatnonzero(owner >= 0), faces.pairs_face[kept]])
    unit = np.concatenate([owner[owner >= 0], faces.pairs_unit[kept]])
    for place in np.flatnonzero(involved):
        own = faces.shapes[face[unit == place]]
        after[place] = union_of(own) if len(own) else shapely.Polygon()
    return after


def _scraps(
    after: Shapes, faces: Faces, owner: Ints, order: Ints, places: list[_Order], units: Coverage
) -> list[tuple[int, Ints]]:
    """Return the slivers that the orders cut off from their units: the unit, and the faces.

    The corner of a unit drawn too large stays behind where the overlaps before it go to others.
    """
    import numpy as np
    import shapely

    unit, shapes = _small_parts(after, units)
    if not len(unit):
        return []
    old_unit, old = _small_parts(units.shapes, units)
    tree = shapely.STRtree(faces.points)
    part, face = tree.query(shapes, predicate="contains")
    fixed = np.array([one.policy == "township" for one in places], dtype=bool)
    found = []
    for k, own in enumerate(unit.tolist()):
        members = face[part == k]
        held = [at for at in members.tolist() if own in faces.owners[at]]
        ordered = order[members][order[members] >= 0]
        if not held or (owner[members] != own).any() or fixed[ordered].any():
            continue  # given by an order, or left for a person to decide
        was_apart = shapely.contains(old[old_unit == own][:, None], faces.points[held])
        if not was_apart.any(axis=0).all():
            found.append((own, members))
    return found


def _small_parts(shapes: Shapes, units: Coverage) -> tuple[Ints, Shapes]:
    """Return parts narrower than ``sliver_m`` apart from the largest of a unit, and the units."""
    import numpy as np
    import shapely

    many = np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    parts, of = shapely.get_parts(shapes[many], return_index=True)
    unit = many[of]
    area, rim = units.ruler.sizes(parts)
    order = np.lexsort([-area, unit])
    largest = np.r_[True, unit[order][1:] != unit[order][:-1]][: len(order)]
    small = np.sort(order[~largest])
    small = small[widths(area[small], rim[small]) < units.sliver_m]
    return unit[small], parts[small]


def _join(
    scraps: list[tuple[int, Ints]], faces: Faces, owner: Ints, order: Ints, first: int
) -> list[_Order]:
    """Give scraps to the neighbour with the longest border with them, in place.

    Returns the orders that say so; they are numbered from ``first``.
    """
    import numpy as np

    a, b, length = faces.borders
    waiting = np.zeros(len(owner), bool)
    for _, members in scraps:
        waiting[members] = True
    found: list[_Order] = []
    rest = scraps
    while rest:
        later = []
        for own, members in rest:
            beside = np.isin(a, members) & ~waiting[b] & (owner[b] >= 0)
            if not beside.any():
                later.append((own, members))
                continue
            shared = np.bincount(owner[b[beside]], length[beside])
            to = int(np.argmax(np.round(shared, 6)))
            held = [at for at in members.tolist() if own in faces.owners[at]]
            order[held] = first + len(found)
            owner[members], waiting[members] = to, False
            found.append(_Order("sliver", "longest_border", (own,), to, None))
        if len(later) == len(rest):
            break  # nothing beside them but the outside
        rest = later
    return found


def _assigned(
    faces: Faces, places: list[_Order], matched: list[set[int]], units: Coverage
) -> tuple[Ints, Ints]:
    """Return the unit that each face goes to, -1 for none, and the order that says so.

    A face that several units keep, because no order is about it, has the owner -2.
    """
    import numpy as np
    import shapely

    n = len(faces.shapes)
    owner = np.full(n, -1, dtype=np.int64)
    owner[faces.pairs_face] = faces.pairs_unit
    order = np.full(n, -1, dtype=np.int64)
    shapes = np.array([one.shape for one in places], dtype=object)
    which, face = shapely.STRtree(faces.points).query(shapes, predicate="contains")
    for k, at in sorted(zip(which.tolist(), face.tolist(), strict=True), reverse=True):
        order[at] = k  # the first order comes last, and stays
    open_ = (faces.count != 1) & (order < 0)
    small = _crumbs(faces, open_, matched, units)
    for at in np.flatnonzero(order >= 0):
        one = places[order[at]]
        if one.kind == "overlap" and one.to < 0:
            owner[at] = -3  # by border, once its neighbours are known
        elif one.kind == "overlap" and one.to not in faces.owners[at]:
            order[at] = -1
            owner[at] = -3 if faces.count[at] != 1 else owner[at]
        else:
            owner[at] = one.to
    owner[small] = -3
    owner[(faces.count > 1) & (order < 0) & ~small & (owner != -3)] = -2
    _by_border(faces, owner)
    return owner, order


def _crumbs(faces: Faces, open_: Bools, matched: list[set[int]], units: Coverage) -> Bools:
    """Return faces that are only the noise of two borders that are to match."""
    import numpy as np
    import shapely

    out = np.zeros(len(faces.shapes), bool)
    at = np.flatnonzero(open_)
    if not len(at):
        return out
    area, rim = units.ruler.sizes(faces.shapes[at])
    wide = widths(area, rim)
    out[at[wide < 2 * units.ruler.grid_m]] = True
    thin = at[(wide < units.sliver_m) & (area < units.min_area_m2)]
    face, unit = shapely.STRtree(units.shapes).query(faces.shapes[thin], "intersects")
    for k, row in enumerate(thin.tolist()):
        beside = set(unit[face == k].tolist())
        out[row] |= any(len(beside & pair) > 1 for pair in matched)
    return out


def _by_border(faces: Faces, owner: Ints) -> None:
    """Give faces marked -3 to the unit with the longest border with them, in place."""
    import numpy as np

    waiting = np.flatnonzero(owner == -3)
    if not len(waiting):
        return
    a, b, length = faces.borders
    while len(waiting):
        kept = np.isin(a, waiting) & (owner[b] >= 0) if len(a) else np.array([], bool)
        sums: dict[int, dict[int, float]] = {}
        for face, other, shared in zip(
            a[kept].tolist(), b[kept].tolist(), length[kept].tolist(), strict=True
        ):
            allowed = faces.owners[face]
            if allowed and owner[other] not in allowed:
                continue
            own = sums.setdefault(face, {})
            own[int(owner[other])] = own.get(int(owner[other]), 0.0) + shared
        if not sums:
            for face in waiting.tolist():  # surrounded by its like
                owner[face] = faces.owners[face][0] if faces.owners[face] else -1
            return
        for face, own in sums.items():
            owner[face] = max(own, key=lambda unit: (round(own[unit], 6), -unit))
        waiting = np.flatnonzero(owner == -3)


def _moves(
    faces: Faces, area: Floats, owner: Ints, order: Ints, places: list[_Order]
) -> list[dict[str, Any]]:
    """Return what moved, one row for each order's kind and policy, giver and receiver."""
    import numpy as np

    found: dict[tuple[Any, ...], list[int]] = {}
    for face in np.flatnonzero(owner != -2).tolist():
        old, new = faces.owners[face], int(owner[face])
        if old == ((new,) if new >= 0 else ()):
            continue
        if order[face] >= 0:
            one = places[order[face]]
            kind, policy = one.kind, one.policy
        else:
            kind, policy = "mismatch", "match_vertices"
        for giver in [unit for unit in old if unit != new] or [-1]:
            found.setdefault((kind, policy, giver, new, old), []).append(face)
    return [
        {
            "finding_kind": kind, "repair_policy": policy, "giver": giver, "receiver": new,
            "held": old, "area_m2": float(area[members].sum()),
            "geometry": union_of(faces.shapes[members]),
        }
        for (kind, policy, giver, new, old), members in found.items()
    ]  # fmt: skip


def _unchanged(units: gpd.GeoDataFrame, codes: list[str], left: gpd.GeoDataFrame) -> UnitRepair:
    """Return units as they are, and empty reports."""
    import numpy as np
    import shapely

    shapes, _ = read_polygons(units, table="units", code="unit_code")
    area = np.zeros(len(units))
    if len(units) and not shapely.is_empty(shapes).all():
        (area,) = additive_areas(ruler_of(units, layer_name="units"), shapes)
    return UnitRepair(
        units.copy(), _moved_frame([], codes, units.crs),
        _balance(units, codes, area, area, [], [""] * len(units)), left,
    )  # fmt: skip


def _result(
    units: gpd.GeoDataFrame, ready: Coverage, after: Shapes, sizes: tuple[Floats, Floats],
    moved: list[dict[str, Any]], left: gpd.GeoDataFrame, codes: list[str],
) -> UnitRepair:  # fmt: skip
    import geopandas as gpd
    import numpy as np
    import shapely

    was_multi = shapely.get_type_id(np.array(units.geometry.values, dtype=object)) == 6
    single = shapely.get_type_id(after) == 3
    shapes = after.copy()
    wrap = was_multi & single & ~shapely.is_empty(after)
    for row in np.flatnonzero(wrap):
        shapes[row] = shapely.multipolygons([after[row]])
    gone = shapely.is_missing(np.array(units.geometry.values, dtype=object))
    shapes[gone] = None
    out = units.copy()
    out[units.geometry.name] = gpd.GeoSeries(shapes, index=units.index, crs=units.crs)
    flags = [
        "修复后没有剩下的图形" if now.is_empty and not was.is_empty else ""
        for was, now in zip(ready.shapes, after, strict=True)
    ]
    return UnitRepair(
        out, _moved_frame(moved, codes, units.crs),
        _balance(units, codes, *sizes, moved, flags), left,
    )  # fmt: skip


def _moved_frame(moved: list[dict[str, Any]], codes: list[str], crs: Any) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd

    rows = []
    for one in sorted(moved, key=lambda one: -one["area_m2"]):
        giver = codes[one["giver"]] if one["giver"] >= 0 else ""
        receiver = codes[one["receiver"]] if one["receiver"] >= 0 else ""
        area = area_text(one["area_m2"])
        rows.append({
            "finding_kind": one["finding_kind"], "repair_policy": one["repair_policy"],
            "from_unit_code": giver, "to_unit_code": receiver,
            "unit_codes": ";".join(codes[unit] for unit in one["held"]),
            "area_m2": one["area_m2"],
            "moved_zh": f"{area}由{giver or '无单元处'}{f'划归{receiver}' if receiver else '裁去'}",
            "moved_en": f"{area} from {giver or 'no unit'} "
                        f"{f'to {receiver}' if receiver else 'cut off'}",
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=list(MOVED_COLUMNS))
    kinds = {name: "float64" if name == "area_m2" else "str" for name in MOVED_COLUMNS}
    shapes = [one["geometry"] for one in sorted(moved, key=lambda one: -one["area_m2"])]
    return gpd.GeoDataFrame(
        table.astype(kinds), geometry=gpd.GeoSeries(shapes, crs=crs, dtype="geometry"), crs=crs
    )


def _balance(
    units: gpd.GeoDataFrame, codes: list[str], before: Any, after: Any,
    moved: list[dict[str, Any]], flags: list[str],
) -> pd.DataFrame:  # fmt: skip
    """Return what each unit gained and lost; a place that it kept of an overlap is neither."""
    import numpy as np
    import pandas as pd

    gained, lost = np.zeros(len(codes)), np.zeros(len(codes))
    for one in moved:
        if one["giver"] >= 0:
            lost[one["giver"]] += one["area_m2"]
    # several givers of one place are several rows, but it is gained once
    places = {(one["finding_kind"], one["repair_policy"], one["receiver"], one["held"]): one
              for one in moved}  # fmt: skip
    for one in places.values():
        if one["receiver"] >= 0 and one["receiver"] not in one["held"]:
            gained[one["receiver"]] += one["area_m2"]
    table = pd.DataFrame(
        {"unit_code": codes, "area_before_m2": before, "gained_m2": gained, "lost_m2": lost,
         "area_after_m2": after, "repair_flag": flags},
        columns=list(BALANCE_COLUMNS), index=units.index,
    )  # fmt: skip
    text = ("unit_code", "repair_flag")
    return table.astype({name: "str" if name in text else "float64" for name in BALANCE_COLUMNS})
