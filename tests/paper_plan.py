"""A plan small enough for paper: two square units side by side, one section on each edge.

U1 甲 | U2 乙      U1 is read, U2 is not; its second section has no position.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely import LineString, Point, box

from chaoyang_geo.schema import CLASSES

CRS = "EPSG:4490"


@dataclass(frozen=True)
class PaperPlan:
    """The frames that a map reads, by the names of ``chaoyang_geo.plans.Plan``."""

    units: gpd.GeoDataFrame
    sections: gpd.GeoDataFrame
    rivers: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    reservoirs: gpd.GeoDataFrame
    unit_members: pd.DataFrame
    projects: pd.DataFrame
    sources: pd.DataFrame
    name: str = "paper"
    title_zh: str = "纸上规划"
    title_en: str = "Paper plan"

    def but(self, **changes: Any) -> PaperPlan:
        """Return the plan with other frames."""
        return replace(self, **changes)


def paper_plan() -> PaperPlan:
    """Return the plan, fresh each time."""
    derived = {"source": "推求", "quality": "derived"}
    units = gpd.GeoDataFrame(
        {
            "unit_code": ["U1", "U2"],
            "unit_name": ["甲", "乙"],
            "unit_name_en": ["Jia", "Yi"],
            "water_body": ["一河", "二河"],
            "basin": ["一河", "一河"],
            "section_codes": ["S1", "S2;S3"],
            "area_km2": [100.0, 100.0],
            "upstream_km2": [100.0, 200.0],
            **derived,
        },
        geometry=[box(120.0, 41.0, 120.1, 41.1), box(120.1, 41.0, 120.2, 41.1)],
        crs=CRS,
    )
    sections = gpd.GeoDataFrame(
        {
            "section_code": ["S1", "S2", "S3"],
            "section_name": ["甲断面", "乙断面", "丙断面"],
            "section_name_en": ["Jia", "Yi", "Bing"],
            "unit_code": ["U1", "U2", "U2"],
            "water_body": ["一河", "二河", "二河"],
            "target_class": ["Ⅲ", "Ⅲ", "Ⅲ"],
            "target_quality": ["assumed"] * 3,
            "position_accuracy_m": [5000.0, 5000.0, None],
            "position_flag": [None, None, "无位置 / no position"],
            **derived,
        },
        geometry=[Point(120.1, 41.05), Point(120.2, 41.05), None],
        crs=CRS,
    )
    rivers = gpd.GeoDataFrame(
        {
            "reach_code": ["R1", "R2"],
            "river_name": ["一河", None],
            "river_name_en": ["Yi River", None],
            "length_km": [8.0, 3.0],
            "upstream_km2": [200.0, 12000.0],
            **derived,
        },
        geometry=[
            LineString([(120.01, 41.05), (120.1, 41.05)]),
            LineString([(120.1, 41.05), (120.2, 41.05)]),
        ],
        crs=CRS,
    )
    counties = gpd.GeoDataFrame(
        {
            "county_code": ["211302"],
            "county_name": ["双塔区"],
            "county_name_en": ["Shuangta District"],
            "source": ["公布的线"],
            "quality": ["published"],
        },
        geometry=[box(120.0, 41.0, 120.2, 41.12)],
        crs=CRS,
    )
    reservoirs = gpd.GeoDataFrame(
        {
            "reservoir_code": ["W1"],
            "reservoir_name": ["小水库"],
            "reservoir_name_en": ["Little Reservoir"],
            "area_km2": [1.0],
            "source": ["© OpenStreetMap contributors（ODbL 1.0）"],
            "quality": ["published"],
        },
        geometry=[box(120.15, 41.04, 120.16, 41.06)],
        crs=CRS,
    )
    members = pd.DataFrame(
        {
            "unit_code": ["U1", "U1", "U2", "U1"],
            "county_name": ["双塔区", "双塔区", "双塔区", "龙城区"],
            "name_in_plan": ["东街道", "西街道", "南镇", "北工业园"],
            "township_name": ["东城街道", None, "南镇", "北镇"],
            "township_code": ["211302001", None, "211302100", "211303100"],
            "match_kind": ["merged", "unmatched", "exact", "park"],
        }
    )
    return PaperPlan(
        units,
        sections,
        rivers,
        counties,
        reservoirs,
        members,
        pd.DataFrame({"project_name": ["治河"], "unit_codes": ["U1;U2"]}),
        pd.DataFrame(),
    )


def assessments(**columns: Any) -> pd.DataFrame:
    """Return one assessed row of section S1, class Ⅳ, with other columns as given."""
    row: dict[str, Any] = {
        "section_code": "S1",
        "section_name": "甲断面",
        "time": pd.Timestamp("2025-10-08 08:00"),
        "class": "Ⅳ",
        "deciding_items": "tp",
        "target_class": "Ⅲ",
        "attained": False,
        "times_over": 0.25,
        "times_over_item": "tp",
        "items_missing": "nh3_n",
        "assess_flag": "",
        "source": "某站",
        "why_zh": "甲断面：总磷决定。",
        "why_en": "甲断面: total phosphorus decides.",
        **columns,
    }
    table = pd.DataFrame([row])
    table["class"] = table["class"].astype(pd.CategoricalDtype(list(CLASSES), ordered=True))
    return table


def items() -> pd.DataFrame:
    """Return the readings behind :func:`assessments`."""
    time = pd.Timestamp("2025-10-08 08:00")
    return pd.DataFrame(
        {
            "section_code": ["S1"] * 5,
            "time": [time] * 5,
            "item": ["tn", "tp", "do", "nh3_n", "ph"],
            "value": [3.5, 0.25, 8.0, None, 8.1],
            "unit": ["mg/L", "mg/L", "mg/L", "mg/L", ""],
            "censored": ["", "", "", "<", ""],
            "detection_limit": [None, None, None, 0.025, None],
            "item_class": [None, "Ⅳ", "Ⅰ", "Ⅰ", "Ⅰ"],
            "limit": [None, 0.3, 7.5, 0.15, 6.0],
            "next_limit": [None, 0.2, None, None, None],
            "reading_flag": [""] * 5,
            "item_flag": [""] * 5,
        }
    )


#: Names that run as script wherever a text is taken for markup or for a template.
PAYLOADS = (
    "<img src=x onerror=alert(1)>",
    "${alert(1)}",
    "</script><script>alert(1)</script>",
    "`+alert(1)+`",
    "{{ 7*7 }}{% raw %}\\",
    "'\"><svg onload=alert(1)>",
)
