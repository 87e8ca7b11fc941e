"""Make the synthetic example zones and sites of the Chaoyang pack.

    python data/chaoyang/examples/make_examples.py

No red line, drinking-water zone or management unit of Chaoyang is public. What this file makes is
invented, and every row says so: ``quality`` is ``synthetic`` and every name begins with 示例. Only
the outline of the reservoir 白石水库, the control unit around it and the rivers are real or derived;
they are read from ``chaoyang.gpkg``. The zones of drinking water are what
``chaoyang_geo.water_source_zones`` draws for a large reservoir: primary and secondary by the
distances that HJ 338-2018 is said to have, **unverified**, the quasi zone by the distances below,
which are this example's own. Where the intake lies is not known: it is taken to be at the outlet.
They stay synthetic: nobody has approved them, and none of them is to be used.

The same pack gives the same bytes: random numbers are seeded, coordinates are rounded, and the
files are written as text here, not by a driver.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

import chaoyang_geo as cg

HERE = Path(__file__).resolve().parent
PACK = HERE.parent / "chaoyang.gpkg"
METRIC, STORED = "EPSG:4549", "EPSG:4490"
DECIMALS = 6  # of a degree: 0.1 m
SEED = 20_260_101

VERSION, VERSION_DATE = "示例1", "2026-01-01"
SYNTHETIC = "示例数据：为演示虚构，不是任何主管部门的成果"
DERIVED = (
    "示例数据：由水库轮廓（© OpenStreetMap contributors，ODbL 1.0）按距离推导；一级、二级的距离据称出自"
    "HJ 338-2018，准保护区的为本示例自定，均未经核实；取水口未知，假定在出库处；不是批准的保护区"
)
#: Distances of the quasi zone in metres: no rule is known to give any, so these are the example's.
QUASI = {"quasi_upstream_m": 5000.0, "quasi_water_m": math.inf, "quasi_land_m": 1000.0}
BANK_M = 60.0
ACCURACY_M = {"red": 10.0, "water": 20.0, "unit": 15.0, "bank": 15.0}

RED, WATER_LAYER = "示例_生态保护红线", "示例_饮用水水源保护区"
#: What a derived zone says besides, and other zones do not.
OF_WATER = ("status", "zone_distances", "water_source_name", "zone_flag")
UNIT_LAYER, BANK_LAYER = "示例_环境管控单元", "示例_河岸带"


def layer(name: str) -> gpd.GeoDataFrame:
    """Return a layer of the pack in metres."""
    return gpd.read_file(PACK, layer=name).to_crs(METRIC)


def blob(rng: np.random.Generator, x: float, y: float, radius_m: float) -> shapely.Geometry:
    """Return a closed curve that bends at many scales, as a border along ridges does."""
    turn = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    reach = np.ones_like(turn)
    for wave in range(2, 40):
        reach += 0.45 / wave**1.25 * rng.normal() * np.cos(wave * turn + rng.uniform(0, 2 * np.pi))
    reach = radius_m * np.clip(reach, 0.35, 1.9)
    ring = np.column_stack([x + reach * np.cos(turn), y + 0.75 * reach * np.sin(turn)])
    return shapely.make_valid(shapely.polygons(ring), method="structure", keep_collapsed=False)


def largest(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the largest polygon of a shape."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return max(parts, key=shapely.area)


def without_crumbs(shape: shapely.Geometry, smallest_m2: float = 20_000.0) -> shapely.Geometry:
    """Return a shape without the pieces that only arise by cutting."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.multipolygons([part for part in parts if part.area >= smallest_m2])


def water_zones(reservoirs: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the zones of one reservoir as the library draws them, the strictest first."""
    return cg.water_source_zones(
        reservoirs,
        cg.river_network(rivers),
        kind="large_reservoir",
        code="reservoir_code",
        name="reservoir_name",
        no_intake="outlet",
        **QUASI,
    )


def make_zones() -> gpd.GeoDataFrame:
    """Return the zones in metres, one row each."""
    rng = np.random.default_rng(SEED)
    reservoirs = layer("reservoirs").query("reservoir_code == 'CYR01'")
    reservoir = shapely.make_valid(reservoirs.geometry.item())
    unit = layer("units").set_index("unit_code").geometry["CY08"]
    rivers = layer("rivers")

    rows: list[dict[str, Any]] = []

    def add(
        name: str,
        kind: str,
        grade: str,
        where: str,
        which: str,
        shape: Any,
        source: str,
        drawn: dict[str, str] | None = None,
    ) -> None:
        rows.append(
            {
                "zone_code": f"EX{len(rows) + 1:02d}",
                "zone_name": name,
                "zone_kind": kind,
                "zone_grade": grade,
                "layer": where,
                "version": VERSION,
                "version_date": VERSION_DATE,
                "accuracy_m": ACCURACY_M[which],
                "source": source,
                "quality": "synthetic",
                **{name: (drawn or {}).get(name, "") for name in OF_WATER},
                "geometry": shape,
            }
        )

    hills = [("北山", 571_500.0, 4_627_500.0, 2600.0), ("西岭", 568_300.0, 4_618_900.0, 2000.0)]
    hills.append(("东沟", 582_300.0, 4_626_300.0, 1500.0))
    reds = []
    for place, x, y, radius_m in hills:
        whole = largest(blob(rng, x, y, radius_m).difference(reservoir.buffer(150.0)))
        core = largest(whole.buffer(-radius_m * 0.38).buffer(60.0))
        general = without_crumbs(whole.difference(core))
        reds.append(whole)
        if place != "东沟":
            add(f"示例{place}红线核心区", "eco_red_line", "core", RED, "red", core, SYNTHETIC)
            add(f"示例{place}红线", "eco_red_line", "general", RED, "red", general, SYNTHETIC)
        else:
            add(f"示例{place}红线", "eco_red_line", "general", RED, "red", whole, SYNTHETIC)

    water: dict[str, shapely.Geometry] = {}
    for row in water_zones(reservoirs, rivers).to_dict("records"):
        shape = without_crumbs(row["geometry"])
        water[row["zone_grade"]] = shape
        add(
            f"示例{row['zone_name']}", "drinking_water", row["zone_grade"], WATER_LAYER, "water",
            shape, DERIVED, row,
        )  # fmt: skip

    study = largest(unit.intersection(shapely.box(562_000, 4_610_000, 587_000, 4_632_000)))
    first = shapely.unary_union([*reds, water["primary"], water["secondary"]]).intersection(study)
    town = blob(rng, 571_300.0, 4_613_200.0, 1900.0).union(
        blob(rng, 565_500.0, 4_625_300.0, 1100.0)
    )
    key = town.intersection(study).difference(first)
    rest = study.difference(first.union(key))
    for name, grade, shape in (
        ("示例优先保护单元", "priority", first),
        ("示例重点管控单元", "key", key),
        ("示例一般管控单元", "general", rest),
    ):
        add(name, "management_unit", grade, UNIT_LAYER, "unit", without_crumbs(shape), SYNTHETIC)

    stem = shapely.unary_union(rivers.geometry[rivers["river_name"] == "大凌河"].to_numpy())
    bank = stem.intersection(study).buffer(BANK_M).difference(reservoir)
    add("示例大凌河河岸带", "river_bank", "", BANK_LAYER, "bank", without_crumbs(bank), SYNTHETIC)

    return gpd.GeoDataFrame(rows, crs=METRIC)


def make_sites(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the sites in metres; where a zone's border matters, the place is taken from it."""
    shape = zones.set_index("zone_name").geometry
    primary, secondary = shape["示例白石水库水源一级保护区"], shape["示例白石水库水源二级保护区"]
    core, general = shape["示例北山红线核心区"], shape["示例北山红线"]
    west = shape["示例西岭红线"]
    rest = shape["示例一般管控单元"]

    def inside(area: shapely.Geometry) -> shapely.Geometry:
        return shapely.centroid(shapely.maximum_inscribed_circle(largest(area)).buffer(1.0))

    def plot(at: shapely.Geometry, wide_m: float, high_m: float, turn: float) -> shapely.Geometry:
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [wide_m / 2, high_m / 2]
        cos, sin = np.cos(turn), np.sin(turn)
        return shapely.polygons(half @ [[cos, sin], [-sin, cos]] + [at.x, at.y])

    def across(area: shapely.Geometry, towards: float, out_m: float) -> shapely.Geometry:
        """Return the point ``out_m`` metres outside the border of an area in a direction."""
        middle = inside(area)
        far = shapely.Point(middle.x + 9e4 * np.cos(towards), middle.y + 9e4 * np.sin(towards))
        ring = shapely.polygons(shapely.get_exterior_ring(largest(area)))
        run = shapely.intersection(shapely.LineString([middle, far]), ring)
        end = shapely.Point(shapely.get_coordinates(run)[-1])
        return shapely.Point(end.x + out_m * np.cos(towards), end.y + out_m * np.sin(towards))

    def beside(area: shapely.Geometry, towards: float, gap_m: float) -> shapely.Geometry:
        """Return a plot outside an area, ``gap_m`` metres from it."""
        near, far = 0.0, 2000.0
        while far - near > 0.01:
            out = (near + far) / 2
            apart = shapely.distance(plot(across(area, towards, out), 300.0, 200.0, 0.4), area)
            near, far = (out, far) if apart < gap_m else (near, out)
        return plot(across(area, towards, far), 300.0, 200.0, 0.4)

    mine = plot(across(core, 0.4, 150.0), 620.0, 380.0, 0.5)
    pipe = shapely.LineString(
        [
            [566_400.0, 4_623_000.0], [568_100.0, 4_625_150.0], [570_050.0, 4_626_400.0],
            [571_900.0, 4_626_150.0], [574_300.0, 4_626_900.0], [577_800.0, 4_627_300.0],
        ]
    )  # fmt: skip
    far_away = shapely.Point(548_000.0, 4_640_000.0)
    shore = inside(secondary)
    rows = [
        ("示例一号排污口", "入河排污口", 5.0, inside(primary)),
        ("示例库边度假区", "旅游项目", 5.0, plot(shore, 420.0, 260.0, 0.3)),
        ("示例北山采石场", "采石场", 3.0, mine),
        ("示例输水管线", "输水管线", 5.0, pipe),
        ("示例北山生态修复", "生态修复", 3.0, plot(inside(general), 500.0, 320.0, 1.0)),
        ("示例水质自动站", "水质自动站", 5.0, inside(general.difference(inside(general).buffer(900.0)))),
        ("示例农产品加工厂", "加工厂", 3.0, plot(inside(rest), 300.0, 180.0, 0.2)),
        ("示例库西新城", "新城", 3.0, plot(across(secondary, np.pi, -250.0), 900.0, 600.0, 0.1)),
        ("示例西岭光伏场", "光伏", 10.0, beside(west, 3.4, 6.0)),
        ("示例远处仓库", "仓库", 3.0, plot(far_away, 200.0, 120.0, 0.0)),
        ("示例未定用途地块", "用途待定", 3.0, plot(inside(west), 260.0, 200.0, 0.7)),
        ("示例位置未报项目", "工业项目", np.nan, None),
    ]  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "site_code": [f"EXS{number:02d}" for number in range(1, len(rows) + 1)],
            "site_name": [row[0] for row in rows],
            "activity": [row[1] for row in rows],
            "accuracy_m": [row[2] for row in rows],
            "source": SYNTHETIC,
            "quality": "synthetic",
        },
        geometry=[row[3] for row in rows],
        crs=METRIC,
    )


def text_of(frame: gpd.GeoDataFrame) -> str:
    """Return a layer as GeoJSON text in CGCS2000 degrees, rounded to the stored grid."""
    stored = frame.to_crs(STORED)
    shapes = shapely.set_precision(stored.geometry.to_numpy(), 10.0**-DECIMALS)
    features = []
    for record, shape in zip(
        frame.drop(columns="geometry").to_dict("records"), shapes, strict=True
    ):
        values = {name: None if value != value else value for name, value in record.items()}
        where = None if shape is None else json.loads(shapely.to_geojson(shapely.normalize(shape)))
        if where is not None:
            where["coordinates"] = rounded(where["coordinates"])
        features.append({"type": "Feature", "properties": values, "geometry": where})
    lines = ",\n".join(
        json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in features
    )
    crs = '{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4490"}}'
    return f'{{"type":"FeatureCollection","crs":{crs},"features":[\n{lines}\n]}}\n'


def rounded(value: Any) -> Any:
    """Round every number of nested lists."""
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, DECIMALS)


def main(folder: Path = HERE) -> None:
    """Write ``zones.geojson`` and ``sites.geojson`` into a folder."""
    zones = make_zones()
    for name, frame in (("zones", zones), ("sites", make_sites(zones))):
        part = folder / f"{name}.part"
        part.write_text(text_of(frame), encoding="utf-8", newline="\n")
        os.replace(part, folder / f"{name}.geojson")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=HERE, help="where to write")
    main(parser.parse_args().folder)
