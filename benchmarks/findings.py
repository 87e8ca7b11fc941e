"""What the findings of many sites cost: pages, Word files, workbook, JSON, map.

Made-up zones and sites (synthetic) as in screening.py: ten layers that each cover about half of the
land, so that a map shows far more zones than those of most counties. Each format is written alone,
then all together; the screening itself is left out.

    python benchmarks/findings.py                       # 200 sites, each format alone
    python benchmarks/findings.py --sites 1_000 --processes 2 --formats html,docx,xlsx,json
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from geometry import machine
from screening import as_sites, as_zones
from screening_data import site_layer, zone_layer

import chaoyang_geo as cg
from chaoyang_geo.findings import FORMATS
from chaoyang_geo.maps.viewer import render_page

KINDS = (
    ("eco_red_line", "general"), ("eco_red_line", "core"), ("nature_reserve", "core"),
    ("drinking_water", "primary"), ("drinking_water", "secondary"), ("management_unit", "priority"),
    ("management_unit", "key"), ("river_bank", ""), ("permanent_cropland", ""), ("town", ""),
)  # fmt: skip


def screened(n_sites: int, n_zones: int) -> tuple[Any, list[gpd.GeoDataFrame]]:
    """Screen made-up sites over ten made-up layers."""
    layers = []
    for number, (kind, grade) in enumerate(KINDS):
        layer = as_zones(
            zone_layer(n_zones // len(KINDS), seed=100 + number), f"示例图层{number + 1}"
        )
        names = "示例区" + layer["zone_code"]
        layers.append(
            layer.assign(zone_name=names, zone_kind=kind, zone_grade=grade, quality="synthetic")
        )
    sites = as_sites(site_layer(n_sites * 18 // 20, n_sites // 20, n_sites // 20, seed=5))
    sites = sites.assign(site_name="示例项目" + sites["site_code"], quality="synthetic")
    return cg.screen_sites(sites, layers, on="2026-11-22"), layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--zones", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--formats", default="", help="written together; default each alone, then all"
    )
    asked = parser.parse_args()
    screening, layers = screened(asked.sites, asked.zones)
    zones = gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), crs=layers[0].crs)
    runs = [(each,) for each in FORMATS] + [FORMATS]
    if asked.formats:
        runs = [tuple(asked.formats.split(","))]
    lines = ["| sites | what | processes | seconds | MB |", "|---:|---|---:|---:|---:|"]
    for formats in runs:
        with tempfile.TemporaryDirectory() as place:
            begun = time.perf_counter()
            files = cg.write_findings(
                screening, Path(place) / "findings", zones=zones, valid_days=180, formats=formats,
                processes=asked.processes,
            )  # fmt: skip
            taken, size = time.perf_counter() - begun, files["n_bytes"].sum() / 1e6
        what = ", ".join(formats)
        lines.append(
            f"| {len(screening.sites):,} | {what} | {asked.processes} | {taken:.1f} | {size:.0f} |"
        )
    begun = time.perf_counter()
    page = render_page(cg.screening_layers(screening, zones=layers)).encode()
    taken = time.perf_counter() - begun
    lines.append(f"| {len(screening.sites):,} | map | 1 | {taken:.1f} | {len(page) / 1e6:.0f} |")
    print("\n".join(lines))
    print(f"\n{len(screening.findings):,} findings, {len(zones):,} zones; {machine()}")


if __name__ == "__main__":
    main()
