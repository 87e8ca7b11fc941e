"""The unit doctor: what is wrong with a layer of control units, where, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.schema import as_text, one_of, require, require_unique
from chaoyang_geo.units.borders import Coverage, border_findings, part_findings
from chaoyang_geo.units.findings import OVERLAP_POLICIES, Finding, findings_frame
from chaoyang_geo.units.places import (
    area_findings,
    read_townships,
    section_findings,
    township_findings,
)
from chaoyang_geo.units.shapes import in_crs, read_polygons, ruler_of

if TYPE_CHECKING:
    import geopandas as gpd

    from chaoyang_geo.units.shapes import Ruler, Shapes


def check_units(
    units: gpd.GeoDataFrame,
    *,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    townships: gpd.GeoDataFrame | None = None,
    sections: gpd.GeoDataFrame | None = None,
    rivers: gpd.GeoDataFrame | None = None,
    area_tolerance: float = 0.01,
    sliver_m: float = 50.0,
    min_area_m2: float = 1.0,
    max_gap_m2: float = 1_000_000.0,
    township_share: float = 0.02,
    section_m: float = 200.0,
    outlet_m: float = 1000.0,
    overlap: str = "smaller",
    snap_m: float = 0.001,
) -> gpd.GeoDataFrame:
    """Find what is wrong with control units, and propose a repair for each place.

    Borders are compared in the CRS of ``units``, sizes are in metres in the CGCS2000 3-degree
    zone of the data; the other layers may have any CRS. A clean coverage gives no finding.

    Required columns: ``units``: ``unit_code``, geometry (polygon); used where present:
    ``unit_name``, ``area_km2`` (the recorded area), ``section_codes``. ``townships``:
    ``township_code``, geometry (polygon); used where present: ``unit_code`` (the roster).
    ``sections``: ``section_code``, geometry (point), and ``unit_code`` here or
    ``section_codes`` of ``units``; used where present: ``water_type`` (a lake has no outlet),
    ``position_accuracy_m`` (added to both tolerances). ``rivers``: geometry (line, drawn
    downstream).

    Parameters
    ----------
    units : GeoDataFrame, n units
    within : GeoDataFrame or GeoSeries, optional
        The area that the units must fill, such as the counties of the city. Without it only
        enclosed gaps and open ones narrower than ``sliver_m`` are found.
    townships, sections, rivers : GeoDataFrame, optional
        What the units are checked against; what is not given is not checked. With townships,
        gaps and overlaps are proposed to the unit of the township they lie in.
    area_tolerance : float, share of the recorded area
        A larger difference is a finding, from ten times on an error.
    sliver_m : float, metres
        A strip of less mean width is a sliver: two borders that do not agree, rather than land.
    min_area_m2 : float, m2
        Strips between the same units that add up to less are only borders not matched.
    max_gap_m2 : float, m2
        A larger gap may be real, and no repair is proposed, unless it is narrower than
        ``sliver_m``.
    township_share : float, 0 to 1
        A smaller part of a township in another unit is a border drawn apart, not a split.
    section_m, outlet_m : float, metres
        How far a section may lie outside its unit, and from where a river leaves it (without
        ``rivers``: from its border).
    overlap : {"smaller", "larger", "recorded", "longest_border", "first"}
        Which unit is proposed to keep an overlap: ``recorded`` is the one that lacks more of
        its ``area_km2``.
    snap_m : float, metres
        Step of the grid on which borders are compared, down to a power of ten.

    Returns
    -------
    GeoDataFrame, one row per finding, gravest first, in the CRS of ``units``
        ``finding_kind`` (see Notes), ``finding_name``, ``severity`` (``error``, ``warning``,
        ``note``), ``severity_rule``, ``unit_codes`` (joined by ``;``), ``section_code``,
        ``township_code``, ``area_m2``, ``length_m``, ``width_m``, ``n_places`` (strips between
        the same units are one row), ``finding_zh``, ``finding_en``, ``repair_policy``
        (``review`` where a person must decide), ``to_unit_code``, ``repair_zh``,
        ``repair_en``, ``geometry`` (polygons; lines for borders not matched; missing for
        sections), and ``place`` (point; drop it before writing to a file that holds one
        geometry).

    Raises
    ------
    CRSError
        A layer has no CRS, or ``units`` lie outside the zones of China.
    SchemaError
        A required column is missing, a unit is there twice, or a geometry is no polygon.
    ValueError
        An option is out of range.

    Notes
    -----
    Kinds: ``no_geometry``, ``invalid_ring``, ``overlap``, ``gap``, ``hole`` (a gap inside one
    unit), ``outside`` (beyond ``within``), ``sliver`` and ``parts`` (a part apart from the
    largest, narrower than ``sliver_m`` or not), ``mismatch`` (borders whose vertices differ),
    ``township_none`` (less than half in any unit), ``township_two``, ``township_border``,
    ``no_section``, ``section_unknown_unit``, ``section_no_position``, ``section_outside``,
    ``section_not_at_outlet``, ``area``. ``width_m`` is the mean width of a strip, twice the
    area over the perimeter. Borders that match vertex by vertex are told from others by the
    coverage validation of JTS/GEOS (CoverageValidator); only units beside a doubtful border
    are noded and cut into faces.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from chaoyang_geo.units import check_units
    >>> units = gpd.GeoDataFrame(
    ...     {"unit_code": ["U1", "U2"]}, crs=4549,
    ...     geometry=[box(500000, 4600000, 501000, 4601000), box(500900, 4600000, 502000, 4601000)])
    >>> found = check_units(units)
    >>> found[["finding_kind", "severity", "unit_codes", "area_m2", "to_unit_code"]]
      finding_kind severity unit_codes   area_m2 to_unit_code
    0      overlap    error      U1;U2  100000.0           U1
    """
    _options(area_tolerance, sliver_m, min_area_m2, max_gap_m2, township_share, section_m,
             outlet_m, overlap)  # fmt: skip
    require(units, ["unit_code"], table="units")
    require_unique(units, "unit_code", table="units")
    require_crs(units, layer_name="units")
    _require_others(units, within, townships, sections, rivers)
    codes = as_text(units["unit_code"]).tolist()
    names = as_text(units["unit_name"]).tolist() if "unit_name" in units else codes
    shapes, reasons = read_polygons(units, table="units", code="unit_code")
    found = _shape_findings(units, shapes, reasons)
    if all(shape.is_empty for shape in shapes):
        return findings_frame(found, codes, names, None, units.crs)
    ruler = ruler_of(units, layer_name="units", snap_m=snap_m)
    ready = coverage(
        units, shapes, ruler, sliver_m=sliver_m, min_area_m2=min_area_m2, max_gap_m2=max_gap_m2,
        overlap=overlap,
    )  # fmt: skip
    if townships is not None:
        ready.townships, parts = read_townships(townships, codes, ready)
        found += township_findings(ready.townships, parts, ready, township_share)
    found += border_findings(ready, _whole(within, ruler))
    found += part_findings(ready)
    found += area_findings(ready, area_tolerance)
    if sections is not None:
        found += section_findings(
            ready, units, sections, rivers, unit_codes=codes, section_m=section_m,
            outlet_m=outlet_m,
        )  # fmt: skip
    return findings_frame(found, codes, names, ruler, units.crs)


def coverage(
    units: gpd.GeoDataFrame, shapes: Shapes, ruler: Ruler, *, sliver_m: float,
    min_area_m2: float, max_gap_m2: float, overlap: str,
) -> Coverage:  # fmt: skip
    """Return valid polygons of units ready for comparison."""
    import numpy as np
    import pandas as pd

    shapes = ruler.rounded(shapes)
    recorded = np.full(len(units), np.nan)
    if "area_km2" in units:
        recorded = pd.to_numeric(units["area_km2"], errors="coerce").to_numpy("float64") * 1e6
    return Coverage(
        shapes, ruler.project(shapes), ruler.sizes(shapes)[0], recorded, ruler, float(sliver_m),
        float(min_area_m2), float(max_gap_m2), overlap,
    )  # fmt: skip


def _options(
    area_tolerance: float, sliver_m: float, min_area_m2: float, max_gap_m2: float,
    township_share: float, section_m: float, outlet_m: float, overlap: str,
) -> None:  # fmt: skip
    one_of("overlap", overlap, OVERLAP_POLICIES)
    for name, value in {
        "area_tolerance": area_tolerance, "sliver_m": sliver_m, "min_area_m2": min_area_m2,
        "max_gap_m2": max_gap_m2, "section_m": section_m, "outlet_m": outlet_m,
    }.items():  # fmt: skip
        if not value >= 0:
            raise ValueError(f"{name}={value!r} is out of range; use a number of 0 or more.")
    if not 0 <= township_share <= 1:
        raise ValueError(f"township_share={township_share!r} is no share; use 0 to 1.")


def _require_others(
    units: gpd.GeoDataFrame, within: Any, townships: gpd.GeoDataFrame | None,
    sections: gpd.GeoDataFrame | None, rivers: gpd.GeoDataFrame | None,
) -> None:  # fmt: skip
    if within is not None:
        require_crs(within, layer_name="within")
    if townships is not None:
        require(townships, ["township_code"], table="townships")
        require_crs(townships, layer_name="townships")
    if sections is not None:
        needed = ["section_code"] if "section_codes" in units else ["section_code", "unit_code"]
        require(sections, needed, table="sections")
        require_crs(sections, layer_name="sections")
    if rivers is not None:
        require_crs(rivers, layer_name="rivers")


def _shape_findings(units: gpd.GeoDataFrame, shapes: Shapes, reasons: list[str]) -> list[Finding]:
    found = []
    for row, (shape, reason) in enumerate(zip(shapes, reasons, strict=True)):
        if reason:
            found.append(Finding(
                "invalid_ring", (row,), "invalid", shape, policy="make_valid", to=row,
                words=(f"单元{{units}}的图形不合规则（{reason}）",
                       f"The geometry of unit {{units}} is not valid ({reason})"),
            ))  # fmt: skip
        elif shape.is_empty:
            found.append(Finding(
                "no_geometry", (row,), "no_geometry",
                words=("单元{units}没有图形", "Unit {units} has no geometry"),
            ))  # fmt: skip
    return found


def _whole(within: gpd.GeoDataFrame | gpd.GeoSeries | None, ruler: Ruler) -> Any:
    """Return the union of ``within`` on the grid."""
    import numpy as np
    import shapely

    if within is None:
        return None
    layer = in_crs(within, ruler.crs, layer_name="within")
    frame = layer.to_frame("geometry") if layer.ndim == 1 else layer
    shapes, _ = read_polygons(frame, table="within", code="county_code")
    shapes = ruler.rounded(shapes)
    if shapely.coverage_is_valid(shapes):
        return shapely.coverage_union_all(shapes)
    return shapely.union_all(np.asarray(shapes, dtype=object), grid_size=ruler.grid)
