"""The synthetic examples: rebuilt byte for byte, marked in every row, every verdict occurs."""

import math
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely import box

from chaoyang_geo.findings import (
    approximate_sites,
    cap_approximate,
    example_names,
    load_examples,
)
from chaoyang_geo.rivers import river_network, water_source_zones
from chaoyang_geo.screening import screen_sites
from chaoyang_geo.screening.words import KINDS, VERDICTS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "data" / "chaoyang" / "examples"


@pytest.fixture(scope="module")
def examples():
    return load_examples("chaoyang")


@pytest.fixture(scope="module")
def screening(examples):
    return screen_sites(examples.sites, examples.zones, on="2026-11-22")


def test_a_rebuild_gives_the_same_bytes(tmp_path):
    script = FOLDER / "make_examples.py"
    command = [sys.executable, "-W", "error", str(script), "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("zones.geojson", "sites.geojson"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_every_row_says_that_it_is_an_example(examples):
    for frame, name in ((examples.zones, "zone_name"), (examples.sites, "site_name")):
        assert set(frame["quality"]) == {"synthetic"}
        assert frame[name].str.startswith("示例").all()
        assert frame["source"].str.startswith("示例数据").all()
        assert frame.crs == "EPSG:4490"
    assert examples.zones["layer"].str.startswith("示例").all()


def test_distances_of_water_zones_are_said_to_be_unverified(examples):
    water = examples.zones[examples.zones["zone_kind"] == "drinking_water"]
    assert set(water["zone_grade"]) == {"primary", "secondary", "quasi"}
    assert water["source"].str.contains("未经核实").all()
    assert water["source"].str.contains("ODbL").all()


def test_zones_are_sound_polygons_of_known_kinds_and_grades(examples):
    zones = examples.zones
    assert zones.geometry.is_valid.all() and (shapely.get_dimensions(zones.geometry) == 2).all()
    for kind, grade in zip(zones["zone_kind"], zones["zone_grade"].fillna(""), strict=True):
        assert grade in (*KINDS[kind].grades, "")
    # grades of one kind do not overlap each other
    plane = zones.to_crs(4549)
    for kind in ("eco_red_line", "drinking_water", "management_unit"):
        part = plane[plane["zone_kind"] == kind].geometry
        assert part.area.sum() == pytest.approx(part.union_all().area, rel=1e-6)


def test_water_zones_are_what_the_library_draws_round_the_real_reservoir(examples, plan):
    own = examples.zones[examples.zones["zone_kind"] == "drinking_water"].set_index("zone_grade")
    drawn = water_source_zones(
        plan.reservoirs[plan.reservoirs["reservoir_code"] == "CYR01"],
        river_network(plan.rivers),
        kind="large_reservoir",
        code="reservoir_code",
        name="reservoir_name",
        no_intake="outlet",
        quasi_upstream_m=5000.0,
        quasi_water_m=math.inf,
        quasi_land_m=1000.0,
    ).set_index("zone_grade")
    assert list(own.index) == list(drawn.index) == ["primary", "secondary", "quasi"]
    shapes, made = own.geometry.to_crs(4549), drawn.geometry.to_crs(4549)
    # stored to a tenth of a metre, without crumbs of less than two hectares
    assert (shapes.symmetric_difference(made).area < 1e-3 * made.area + 2e4).all()
    assert own["status"].tolist() == drawn["status"].tolist()
    assert set(own["status"][["primary", "secondary"]]) == {"unverified"}
    assert own["zone_distances"].tolist() == drawn["zone_distances"].tolist()
    assert own["zone_flag"].str.contains("假定在河流出库处").all()
    reservoir = plan.reservoirs.to_crs(4549).set_index("reservoir_code").geometry["CYR01"]
    assert shapes.union_all().buffer(1.0).contains(reservoir)


def test_every_verdict_occurs(screening):
    assert set(screening.sites["verdict"]) == set(VERDICTS)
    assert 8 <= len(screening.sites) <= 12


def test_points_lines_and_polygons_occur(examples):
    shapes = examples.sites.geometry
    assert {"Point", "LineString", "Polygon"} <= set(shapes.dropna().geom_type)
    assert shapes.isna().sum() == 1


def test_the_hash_of_a_layer_follows_its_content(examples):
    hashes = examples.zones.groupby("layer")["content_hash"].nunique()
    assert (hashes == 1).all()
    assert examples.zones["content_hash"].nunique() == examples.zones["layer"].nunique()
    assert examples.zones["content_hash"].str.fullmatch("[0-9a-f]{64}").all()


def test_frames_are_fresh():
    first = load_examples()
    first.zones["zone_name"] = "changed"
    assert not (load_examples().zones["zone_name"] == "changed").any()


def test_an_unknown_name_lists_those_there_are():
    assert example_names() == ["chaoyang"]
    with pytest.raises(ValueError, match="'chaoyang'"):
        load_examples("shenyang")


# --- the plan's own projects ---------------------------------------------------------------------


def test_projects_keep_their_rows_and_are_never_points(plan):
    sites = approximate_sites(plan)
    assert sites.index.equals(plan.projects.index)
    assert sites["site_code"].tolist() == plan.projects["project_code"].tolist()
    assert set(sites.geometry.dropna().geom_type) <= {"Polygon", "MultiPolygon"}
    placed = sites["place_extent"] != ""
    assert (placed == sites.geometry.notna()).all()
    assert (sites.loc[placed, "place_quality"] == "approximate").all()
    assert sites.loc[placed, "place_flag"].str.startswith("约略位置").all()
    assert (sites.loc[~placed, "place_flag"] == "名称未说明位置，无图形").all()


def test_an_area_lies_within_the_recorded_county(plan):
    sites = approximate_sites(plan).to_crs(4549)
    counties = plan.counties.to_crs(4549).set_index("county_code").geometry
    for shape, codes in zip(sites.geometry, plan.projects["county_codes"], strict=True):
        if shape is not None and isinstance(codes, str):
            county = counties[codes.split(";")].union_all()
            assert shape.difference(county.buffer(1.0)).area < 1.0


def test_a_township_with_an_outline_stands_for_the_place(plan):
    outline = box(119.9, 41.2, 120.0, 41.3)
    townships = gpd.GeoDataFrame(
        {"county_code": ["211321"], "township_name": ["七道岭镇"]}, geometry=[outline], crs=4490
    )
    sites = approximate_sites(plan, townships=townships).set_index("site_code")
    assert sites.loc["CYP15", "place_extent"] == "township"
    assert sites.loc["CYP15", "geometry"].equals(outline)
    # of a project in four townships one outline is not enough
    assert sites.loc["CYP12", "place_extent"] == "unit"


def test_activities_are_words_of_the_vocabulary(plan):
    from chaoyang_geo.screening import find_activity

    sites = approximate_sites(plan)
    told = sites[sites["activity"] != ""]
    assert len(told) > 20 and told["activity"].map(find_activity).notna().all()
    assert told["activity_flag"].str.startswith("建设活动由名称").all()


def test_an_approximate_site_is_never_judged_firmly(plan):
    sites = approximate_sites(plan)
    county = plan.counties.set_index("county_code").geometry["211321"]
    zones = gpd.GeoDataFrame(
        {
            "zone_code": ["Z"],
            "zone_name": ["示例红线"],
            "zone_kind": ["eco_red_line"],
            "zone_grade": ["core"],
            "layer": ["示例"],
        },
        geometry=[county],
        crs=4490,
    )
    firm = screen_sites(sites, zones, on="2026-11-22")
    assert (firm.sites["verdict"] == "禁止").any()
    capped = cap_approximate(firm)
    vague = capped.sites["place_quality"] == "approximate"
    assert set(capped.sites.loc[vague, "verdict"]) <= {"压线需复核", "无法判断", "无冲突"}
    was_firm = (firm.sites["verdict"] == "禁止").to_numpy()
    assert (capped.sites.loc[was_firm, "verdict"] == "压线需复核").all()
    assert capped.sites.loc[was_firm, "why_zh"].str.contains("若位于区内则为：禁止").all()
    assert capped.sites.loc[was_firm, "verdict_flag"].str.startswith("约略位置").all()
    # nothing is lost, the input is not changed, and twice is once
    assert capped.findings.index.equals(firm.findings.index)
    assert (firm.sites["verdict"] == "禁止").any()
    again = cap_approximate(capped)
    assert again.sites.equals(capped.sites) and again.findings.equals(capped.findings)


def test_an_exact_site_keeps_its_verdict(screening):
    assert cap_approximate(screening) is screening
