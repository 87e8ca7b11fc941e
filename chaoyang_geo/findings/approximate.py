"""Projects whose place is known only to a township, control unit or county.

A plan names its projects, rarely their place. What is known is an area, so an area it stays: never
a point. What a screening with it can find: :mod:`chaoyang_geo.capping`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from chaoyang_geo.crs import GEOGRAPHIC, moved, require_crs
from chaoyang_geo.schema import as_text, require, split_codes
from chaoyang_geo.verdicts import APPROXIMATE, APPROXIMATE_KEY

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_EXTENTS = {"township": "乡镇", "unit": "控制单元", "county": "区县"}
#: What the name of a project tells of its activity, first match first: word in it, activity.
_ACTIVITY_WORDS = (
    ("污水处理厂", "污水处理厂"), ("生活污水", "污水处理"), ("污水", "污水处理"),
    ("水源地", "水源保护"), ("湿地", "湿地建设"), ("防洪", "防洪工程"), ("旅游", "旅游"),
    ("畜禽", "规模化畜禽养殖场"), ("矿山生态修复", "矿山修复"), ("生态修复", "生态修复"),
    ("生态治理", "生态修复"), ("环境综合治理", "生态修复"), ("执法", "执法"), ("监测", "监测"),
)  # fmt: skip


class PlanLike(Protocol):
    """What is read of a plan."""

    @property
    def projects(self) -> pd.DataFrame:
        """One row per project."""

    @property
    def units(self) -> gpd.GeoDataFrame:
        """One row per control unit."""

    @property
    def counties(self) -> gpd.GeoDataFrame:
        """One row per county."""


def approximate_sites(
    plan: PlanLike, *, townships: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """Return the key projects of a plan as sites with an area for a place, never a point.

    One row per project, in the order and with the index of ``plan.projects``. Where the township
    is known and its outline is given, that is the area; else the control unit within the county,
    else the county. A project whose name tells no place has no geometry and says so.

    Parameters
    ----------
    plan : Plan
        Needs ``projects`` (``project_code``, ``project_name``, ``county_codes``,
        ``township_names``, ``unit_codes``), ``units`` and ``counties``.
    townships : GeoDataFrame of polygons, any CRS, optional
        With ``county_code`` and ``township_name``. The bundled plans have none.

    Returns
    -------
    GeoDataFrame, same rows, EPSG:4490
        ``site_code``, ``site_name``, ``activity`` (what the name of the project tells, a word of
        the vocabulary of activities, else ``''``), ``activity_flag``, ``place_quality``
        (``approximate``, ``''`` without a place), ``place_extent`` (``township``, ``unit``,
        ``county``, ``''``), ``place_flag``, ``source``, ``quality``, geometry polygon.

    Raises
    ------
    SchemaError
        A column is missing.
    CRSError
        ``townships`` has no CRS.

    Notes
    -----
    The outline of a unit is a catchment derived from terrain: a township may reach beyond it.
    :func:`cap_approximate` keeps the verdict on such a site at 压线需复核.

    Examples
    --------
    >>> from chaoyang_geo import load_plan
    >>> from chaoyang_geo.findings import approximate_sites
    >>> sites = approximate_sites(load_plan("chaoyang"))
    >>> sites["place_extent"].value_counts().sort_index().to_dict()
    {'': 33, 'county': 14, 'unit': 14}
    >>> sorted(set(sites.geometry.dropna().geom_type))
    ['MultiPolygon', 'Polygon']
    """
    import geopandas as gpd
    import pandas as pd

    projects = plan.projects
    needed = ("project_code", "project_name", "county_codes", "township_names", "unit_codes")
    require(projects, needed, table="plan.projects")
    units = _by_code(plan.units, "unit_code")
    counties = _by_code(plan.counties, "county_code")
    outlines = _townships(townships)
    rows = []
    for row in projects.to_dict("records"):
        lists = [
            split_codes(row[name]) for name in ("county_codes", "township_names", "unit_codes")
        ]
        extent, shape = _place(*lists, outlines=outlines, units=units, counties=counties)
        activity, activity_flag = _activity(str(row["project_name"]))
        places = "、".join(lists[1]) if lists[1] else ""
        doubt = (
            f"{APPROXIMATE}：以{_EXTENTS[extent]}范围代表" if extent else "名称未说明位置，无图形"
        )
        if extent and extent != "township" and places:
            doubt += f"；名称写明{places}，但没有乡镇界线"
        rows.append(
            {
                "site_code": row["project_code"],
                "site_name": row["project_name"],
                "activity": activity,
                "activity_flag": activity_flag,
                "place_quality": APPROXIMATE_KEY if extent else "",
                "place_extent": extent,
                "place_flag": doubt,
                "source": row.get("source"),
                "quality": "derived" if extent else row.get("quality"),
                "geometry": shape,
            }
        )
    columns = ["site_code", "site_name", "activity", "activity_flag", "place_quality",
               "place_extent", "place_flag", "source", "quality"]  # fmt: skip
    table = pd.DataFrame(rows, columns=[*columns, "geometry"], index=projects.index)
    for name in columns:
        table[name] = as_text(table[name]).to_numpy()
    return gpd.GeoDataFrame(
        table.astype(dict.fromkeys(columns, "str")), geometry="geometry", crs="EPSG:4490"
    )


def _by_code(layer: gpd.GeoDataFrame, column: str) -> dict[str, Any]:
    require(layer, (column,), table=column.removesuffix("_code"))
    shapes = moved(layer.geometry, GEOGRAPHIC)
    return dict(zip(as_text(layer[column]), shapes, strict=True))


def _townships(layer: gpd.GeoDataFrame | None) -> dict[tuple[str, str], Any]:
    if layer is None:
        return {}
    require_crs(layer, layer_name="townships")
    require(layer, ("county_code", "township_name"), table="townships")
    keys = zip(as_text(layer["county_code"]), as_text(layer["township_name"]), strict=True)
    return dict(zip(keys, moved(layer.geometry, GEOGRAPHIC), strict=True))


def _place(
    county_codes: list[str],
    township_names: list[str],
    unit_codes: list[str],
    *,
    outlines: dict[tuple[str, str], Any],
    units: dict[str, Any],
    counties: dict[str, Any],
) -> tuple[str, Any]:
    """Return how far the place of a project is known and the area that stands for it."""
    import shapely

    named = [outlines.get((county, name)) for name in township_names for county in county_codes]
    found = [shape for shape in named if shape is not None]
    if township_names and len(found) == len(township_names):
        return "township", shapely.union_all(found)
    within = [counties[code] for code in county_codes if code in counties]
    land = [units[code] for code in unit_codes if code in units]
    if land:
        area = shapely.union_all(land)
        both = shapely.intersection(area, shapely.union_all(within)) if within else area
        parts = [part for part in shapely.get_parts(both) if part.geom_type == "Polygon"]
        # a recorded unit outside the recorded county would be no place at all
        return "unit", shapely.union_all(parts) if parts else area
    return ("county", shapely.union_all(within)) if within else ("", None)


def _activity(name: str) -> tuple[str, str]:
    for word, activity in _ACTIVITY_WORDS:
        if word in name:
            return activity, f"建设活动由名称中的“{word}”推定"
    return "", "名称未说明建设活动"
