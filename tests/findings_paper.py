"""A screening on paper that findings are written from, and how they are read again."""

import zipfile
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, box

from chaoyang_geo.findings.drawing import Ground, site_picture
from chaoyang_geo.findings.model import casebook
from chaoyang_geo.findings.words import words_of

X, Y = 500_000.0, 4_600_000.0
HOSTILE = (
    "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&=cmd|' /C calc'!A0"
)
NASTY = "=1+1\x00\x0b\ufffe甲\u202e乙"


@dataclass(frozen=True)
class Screening:
    """Stands for the result of a screening: the same tables, made by hand."""

    findings: pd.DataFrame
    sites: gpd.GeoDataFrame
    checked: pd.DataFrame
    rules: pd.DataFrame
    options: dict[str, Any]


def finding(site, zone, **values):
    row = {
        "site_code": site, "site_name": "", "activity": "", "activity_zh": "", "zone_code": zone,
        "zone_name": f"zone {zone}", "zone_kind": "eco_red_line", "zone_grade": "general",
        "layer": "red", "version": "2023", "relation": "overlaps", "overlap_m2": 0.0, "overlap_m": 0.0,
        "overlap_m2_geodesic": 0.0, "overlap_m_geodesic": 0.0, "share_of_site": 0.0,
        "share_of_zone": 0.0, "distance_m": 0.0, "band_m": 10.0, "verdict": "禁止",
        "clause": "art. 1", "rule_id": "r-1", "rule_source": "Act", "rule_status": "verified",
        "rule_note": "", "finding_flag": "", "why_zh": "禁止：理由。", "why_en": "forbidden: reason.",
    }  # fmt: skip
    return {**row, **values}


def paper(quality="official", name="site", zone_name="zone"):
    """Return a screening of three sites on paper: over a zone, beside it, without a shape.

    Site A is a square of 100 m whose eastern half lies in the zone; site B is a pipe of 300 m,
    200 m outside; site C has no shape.
    """
    sites = gpd.GeoDataFrame(
        {
            "site_code": ["A", "B", "C"],
            "site_name": [name, "pipe", "somewhere"],
            "activity": ["mining", "pipeline", "unknown"],
            "activity_zh": ["mining", "pipeline", ""],
            "verdict": ["禁止", "无冲突", "无法判断"],
            "n_zones": [1, 0, 0],
            "verdict_flag": ["", "", ""],
            "why_zh": ["禁止：理由。", "无冲突：已核查。", "无法判断：无图形。"],
            "why_en": [
                "forbidden: reason.",
                "no conflict: checked.",
                "cannot be judged: no shape.",
            ],
            "layers_checked": ["red"] * 3,
            "accuracy_m": [3.0, np.nan, np.nan],
            "quality": quality,
        },
        geometry=[
            box(X, Y, X + 100, Y + 100),
            LineString([(X, Y - 200), (X, Y - 500)]),
            None,
        ],
        crs=4549,
    )
    found = [
        finding(
            "A", "Z1", zone_name=zone_name, overlap_m2=5000.0, overlap_m2_geodesic=4998.0,
            share_of_site=0.5, share_of_zone=0.0125,
        ),
        finding(
            "B", "Z1", zone_name=zone_name, relation="near", distance_m=206.2, verdict="无冲突",
            clause="", rule_id="", rule_source="", rule_status="",
        ),
    ]  # fmt: skip
    checked = pd.DataFrame(
        {
            "layer": ["red", "water"],
            "zone_kinds": ["eco_red_line", "drinking_water"],
            "n_zones": [1, 0],
            "version": ["2023", "1"],
            "version_date": ["2023-05-01", ""],
            "content_hash": ["ab" * 32, ""],
            "accuracy_m": [10.0, np.nan],
            "source": ["the office", ""],
            "quality": [quality, quality],
            "layer_state": ["ok", "empty"],
            "layer_flag": ["", ""],
        }
    )
    rules = pd.DataFrame(
        {"rule_set": ["s"], "rule_id": ["r-1"], "zone_kind": ["eco_red_line"], "zone_grade": ["*"],
         "activity": ["*"], "verdict": ["禁止"], "clause": ["art. 1"], "rule_source": ["Act"],
         "status": ["verified"], "note": [""]}
    )  # fmt: skip
    options = {
        "on": "2026-11-22", "tolerance_m": 10.0, "max_distance_m": 1000.0, "rule_sets": "s",
        "rules_hash": "cd" * 32, "crs": "EPSG:4549", "metric_crs": "EPSG:4549",
    }  # fmt: skip
    return Screening(pd.DataFrame(found), sites, checked, rules, options)


def zones(name="zone"):
    return gpd.GeoDataFrame(
        {"zone_code": ["Z1"], "zone_name": [name], "zone_kind": ["eco_red_line"], "zone_grade": ["general"]},
        geometry=[box(X + 50, Y - 300, X + 1050, Y + 100)],
        crs=4549,
    )  # fmt: skip


def picture(screening, at=0, layer=None, lang="zh"):
    case = casebook(screening, None, 30)
    return site_picture(case.sites[at], Ground(layer), words_of(lang), lang)


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self._style = [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        self._style = tag == "style"

    def handle_endtag(self, tag):
        self._style = False

    def handle_data(self, data):
        if not self._style:
            self.text += data


def part(path, name="word/document.xml"):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")
