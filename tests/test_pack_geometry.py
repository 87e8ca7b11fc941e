"""The geometry of the Chaoyang pack: what must hold for every layer."""

from __future__ import annotations

import importlib.util
import itertools
import sqlite3
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from chaoyang_geo import check_units, compare_units, river_network, snap_sections
from chaoyang_geo.rivers import units_of_sections

ROOT = Path(__file__).parents[1]
PACK = ROOT / "data" / "chaoyang"
GPKG = PACK / "chaoyang.gpkg"
METRIC = "EPSG:4549"
ROUNDING_M = 0.2  # coordinates are stored to 1e-6 of a degree

COUNTIES = ["211302", "211303", "211321", "211322", "211324", "211381", "211382"]
NAMED = {
    "大凌河",
    "大凌河西支",
    "第二牤牛河",
    "老虎山河",
    "牤牛河",
    "小凌河",
    "老哈河",
    "蹦河",
    "青龙河",
}
COLUMNS = {
    "counties": {"county_code", "county_name", "area_km2"},
    "units": {"unit_code", "unit_name", "section_codes", "area_km2", "upstream_km2"},
    "rivers": {"reach_code", "river_name", "to_code", "length_km", "upstream_km2"},
    "sections": {"section_code", "unit_code", "upstream_km2", "position_accuracy_m"},
    "reservoirs": {"reservoir_code", "reservoir_name", "area_km2"},
}


def _read(layer: str) -> gpd.GeoDataFrame:
    return gpd.read_file(GPKG, layer=layer)


@pytest.fixture(scope="module")
def counties() -> gpd.GeoDataFrame:
    return _read("counties")


@pytest.fixture(scope="module")
def units() -> gpd.GeoDataFrame:
    return _read("units")


@pytest.fixture(scope="module")
def rivers() -> gpd.GeoDataFrame:
    return _read("rivers")


@pytest.fixture(scope="module")
def sections() -> gpd.GeoDataFrame:
    return _read("sections")


@pytest.fixture(scope="module")
def figures() -> pd.DataFrame:
    return pd.read_csv(PACK / "figures.csv", dtype=str, keep_default_na=False)


def _vertices(geometries: object) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(geometries).tolist()))


def _inner_borders(frame: gpd.GeoDataFrame) -> list[shapely.LineString]:
    """Return the lines that two units share, in metres."""
    polygons = list(frame.to_crs(METRIC).geometry)
    lines = []
    for a, b in itertools.combinations(polygons, 2):
        shared = shapely.get_parts(shapely.intersection(a.boundary, b.boundary))
        merged = shapely.line_merge(
            shapely.multilinestrings([g for g in shared if g.geom_type == "LineString"])
        )
        lines += [g for g in shapely.get_parts(merged) if not g.is_empty]
    return lines


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize("layer", list(COLUMNS))
def test_layer_has_its_columns_crs_source_and_quality(layer: str) -> None:
    frame = _read(layer)
    assert set(frame.columns) >= COLUMNS[layer] | {"source", "quality"}
    assert frame.crs.to_epsg() == 4490
    assert frame["source"].str.strip().ne("").all()
    qualities = {"official", "published", "derived", "assumed", "synthetic"}
    assert set(frame["quality"]) <= qualities
    present = frame.geometry.dropna()
    assert present.is_valid.all()
    lonlat = shapely.get_coordinates(present.values)
    assert np.array_equal(lonlat, np.round(lonlat, 6))


def test_file_is_small_and_its_stamp_is_pinned() -> None:
    assert GPKG.stat().st_size < 1_500_000
    with sqlite3.connect(GPKG) as db:
        stamps = {row[0] for row in db.execute("select last_change from gpkg_contents")}
    db.close()
    assert stamps == {"2026-01-01T00:00:00.000Z"}


# ---------------------------------------------------------------- counties and units


def test_counties_carry_the_official_names(counties: gpd.GeoDataFrame) -> None:
    divisions = pd.read_csv(ROOT / "data" / "china" / "divisions.csv", dtype=str)
    official = divisions.set_index("code")["name"]
    assert counties["county_code"].tolist() == COUNTIES
    assert counties["county_name"].tolist() == official[COUNTIES].tolist()


def test_county_areas_add_up_to_the_published_city(counties: gpd.GeoDataFrame) -> None:
    assert counties.is_valid_coverage()
    area = counties.to_crs(METRIC).area / 1e6
    assert area.to_numpy() == pytest.approx(counties["area_km2"].to_numpy(), abs=0.001)
    assert area.sum() == pytest.approx(19_700, rel=0.01)


def test_thirteen_units_form_a_clean_coverage(units: gpd.GeoDataFrame) -> None:
    assert units["unit_code"].tolist() == [f"CY{i:02d}" for i in range(1, 14)]
    assert units.is_valid_coverage()
    union = units.union_all()
    # No overlap: the areas add up. No gap: the union has no hole.
    assert shapely.area(units.geometry.values).sum() == pytest.approx(union.area, rel=1e-12)
    assert not [hole for part in shapely.get_parts(union) for hole in part.interiors]
    area = units.to_crs(METRIC).area / 1e6
    assert area.to_numpy() == pytest.approx(units["area_km2"].to_numpy(), abs=0.001)


def test_shared_borders_have_identical_vertices(units: gpd.GeoDataFrame) -> None:
    boundaries = units.boundary
    for i, j in itertools.combinations(range(len(units)), 2):
        shared = shapely.intersection(boundaries.iloc[i], boundaries.iloc[j])
        on_border = _vertices(shared)
        assert on_border <= _vertices(boundaries.iloc[i])
        assert on_border <= _vertices(boundaries.iloc[j])


def test_units_lie_in_the_city_and_cover_it(
    units: gpd.GeoDataFrame, counties: gpd.GeoDataFrame
) -> None:
    city, union = counties.union_all(), units.union_all()
    metric = gpd.GeoSeries([union.difference(city), union, city], crs=units.crs).to_crs(METRIC)
    outside, covered, whole = metric.area
    assert outside < 1  # m2
    assert covered / whole >= 0.97


def test_outer_borders_of_units_are_the_counties_own(
    units: gpd.GeoDataFrame, counties: gpd.GeoDataFrame
) -> None:
    outline = counties.union_all().boundary
    outer = shapely.get_coordinates(units.union_all().boundary)
    touching = shapely.dwithin(outline, shapely.points(outer), 1e-6)
    assert touching.sum() > 500
    assert _vertices(shapely.points(outer[touching])) <= _vertices(counties.geometry.values)


def _spacing_and_turns(lines: list[shapely.LineString]) -> tuple[np.ndarray, np.ndarray]:
    """Return per inner vertex how far it turns, in degrees, and its two segments, in metres."""
    segments, turns = [], []
    for line in lines:
        step = np.diff(shapely.get_coordinates(line), axis=0)
        length = np.hypot(*step.T)
        heading = np.degrees(np.arctan2(step[:, 1], step[:, 0]))
        turns.append(np.abs((np.diff(heading) + 180) % 360 - 180))
        segments.append(np.column_stack([length[:-1], length[1:]]))
    return np.concatenate(turns), np.vstack(segments)


@pytest.mark.parametrize("layer", ["units", "rivers"])
def test_curves_have_a_vertex_every_60_metres(
    layer: str, units: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame
) -> None:
    lines = {"units": _inner_borders(units), "rivers": list(rivers.to_crs(METRIC).geometry)}[layer]
    turns, segments = _spacing_and_turns(lines)
    assert (turns > 1).sum() > 2000
    # Straight runs may be longer: what turns by less than that is straight to the eye.
    assert np.percentile(segments[turns > 1], 95) <= 60
    assert np.percentile(segments[turns > 0.5], 95) <= 60
    assert np.percentile(segments, 50) <= 60
    # Not a vertex more than the curve needs, either: the map is one file.
    assert np.percentile(segments, 5) >= 20
    # A staircase would turn by 90 degrees at every other vertex.
    assert np.percentile(turns, 99) < 5


# ---------------------------------------------------------------- rivers


def test_rivers_reach_their_next_reach(rivers: gpd.GeoDataFrame) -> None:
    assert rivers["reach_code"].is_unique
    assert set(rivers.geom_type) == {"LineString"}
    by_code = rivers.set_index("reach_code")
    flowing = rivers[rivers["to_code"].notna()]
    assert set(flowing["to_code"]) <= set(by_code.index)
    for row in flowing.itertuples():
        target = by_code.loc[row.to_code]
        assert row.geometry.coords[-1] == target.geometry.coords[0], row.reach_code
        assert row.upstream_km2 <= target["upstream_km2"], row.reach_code


def test_no_reach_ends_loose_at_another(rivers: gpd.GeoDataFrame) -> None:
    starts = {line.coords[0] for line in rivers.geometry}
    ends = rivers[rivers["to_code"].isna()]
    assert not [row.reach_code for row in ends.itertuples() if row.geometry.coords[-1] in starts]


def test_rivers_have_no_cycle(rivers: gpd.GeoDataFrame) -> None:
    to = rivers.set_index("reach_code")["to_code"].dropna().to_dict()
    for code in rivers["reach_code"]:
        seen = set()
        while code in to:
            assert code not in seen
            seen.add(code)
            code = to[code]


def test_named_rivers_are_there_and_each_is_one_line(rivers: gpd.GeoDataFrame) -> None:
    assert set(rivers["river_name"].dropna()) == NAMED
    for name, own in rivers[rivers["river_name"].notna()].groupby("river_name"):
        below = set(own["to_code"].dropna()) & set(own["reach_code"])
        assert len(below) == len(own) - 1, name


def test_the_lines_alone_give_the_same_network(rivers: gpd.GeoDataFrame) -> None:
    network = river_network(rivers.drop(columns="to_code"), order="geometry", tolerance_m=0)
    assert set(network.findings["finding_kind"]) == {"disconnected"}
    assert network.reaches["to_code"].fillna("").tolist() == rivers["to_code"].fillna("").tolist()
    assert not network.reaches["reversed"].any()


def test_tributaries_join_the_daling(rivers: gpd.GeoDataFrame) -> None:
    name = rivers.set_index("reach_code")["river_name"]
    for tributary in ("大凌河西支", "第二牤牛河", "老虎山河", "牤牛河"):
        own = rivers[rivers["river_name"] == tributary]
        last = own[~own["to_code"].isin(own["reach_code"])]
        assert name[last["to_code"].iloc[0]] == "大凌河"


def test_lengths_are_metric(rivers: gpd.GeoDataFrame) -> None:
    length = rivers.to_crs(METRIC).length / 1e3
    assert length.to_numpy() == pytest.approx(rivers["length_km"].to_numpy(), abs=0.001)


def test_a_reach_crosses_no_border_between_units(
    rivers: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> None:
    parts = gpd.overlay(
        rivers[["reach_code", "geometry"]].to_crs(METRIC),
        units[["unit_code", "geometry"]].to_crs(METRIC),
        keep_geom_type=True,
    )
    parts = parts[parts.length > ROUNDING_M]
    assert parts.groupby("reach_code")["unit_code"].nunique().max() == 1


# ---------------------------------------------------------------- sections


def test_only_dongshangen_has_no_position(sections: gpd.GeoDataFrame) -> None:
    assert sections["section_code"].tolist() == [f"CYS{i:02d}" for i in range(1, 15)]
    missing = sections[sections.geometry.isna()]
    assert missing["section_name"].tolist() == ["东山根"]
    assert missing["position_accuracy_m"].isna().all()
    assert sections["position_flag"].str.strip().ne("").all()
    known = sections[sections.geometry.notna()]
    assert set(known["quality"]) == {"derived"}
    assert (known["position_accuracy_m"] >= 5000).all()


def test_sections_lie_on_the_border_of_their_unit_and_end_a_reach(
    sections: gpd.GeoDataFrame, units: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame
) -> None:
    polygon = units.to_crs(METRIC).set_index("unit_code").geometry
    ends = {line.coords[-1] for line in rivers.geometry}
    for s in sections[sections.geometry.notna()].to_crs(METRIC).itertuples():
        assert polygon[s.unit_code].boundary.distance(s.geometry) < ROUNDING_M, s.section_name
    for s in sections[sections.geometry.notna()].itertuples():
        assert s.geometry.coords[0] in ends, s.section_name


def test_sections_snap_to_the_end_of_a_reach_and_close_their_unit(
    sections: gpd.GeoDataFrame, units: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame
) -> None:
    network = river_network(rivers)
    known = sections[sections.geometry.notna()]
    placed = snap_sections(
        known, network, max_distance_m=ROUNDING_M, aliases={"白石水库": "大凌河"}
    )
    assert set(placed["snap_state"]) == {"snapped"}
    length = network.reaches.set_index("reach_code")["length_m"][placed["reach_code"]]
    assert placed["measure_m"].to_numpy() == pytest.approx(length.to_numpy(), abs=ROUNDING_M)
    closed = units_of_sections(placed, units, network=network, border_m=ROUNDING_M)
    assert closed["unit_by_place"].tolist() == known["unit_code"].tolist()


def test_the_doctor_finds_only_land_that_drains_past_the_sections(
    sections: gpd.GeoDataFrame, units: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame,
    counties: gpd.GeoDataFrame,
) -> None:  # fmt: skip
    found = check_units(
        units, within=counties, sections=sections.drop(columns="position_accuracy_m"),
        rivers=rivers, max_gap_m2=10e6, section_m=ROUNDING_M, outlet_m=ROUNDING_M, min_area_m2=0,
    )  # fmt: skip
    assert found["finding_kind"].tolist() == ["gap"] * 6 + ["section_no_position"]
    assert (found["repair_policy"] == "review").all()


def test_units_and_sections_name_each_other(
    sections: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> None:
    listed = {
        (row.unit_code, code) for row in units.itertuples() for code in row.section_codes.split(";")
    }
    assert listed == set(zip(sections["unit_code"], sections["section_code"], strict=True))


def test_upstream_areas_lie_in_their_windows(sections: gpd.GeoDataFrame) -> None:
    source = pd.read_csv(PACK / "src" / "sections.csv").set_index("section_code")
    for s in sections[sections.geometry.notna()].itertuples():
        low, high = source.loc[s.section_code, ["upstream_km2_min", "upstream_km2_max"]]
        assert low <= s.upstream_km2 <= high, s.section_name


def test_upstream_area_grows_down_the_daling(sections: gpd.GeoDataFrame) -> None:
    area = sections.set_index("section_name")["upstream_km2"]
    order = ["北洞村", "凌鸿大桥", "章吉营", "白石水库", "王家沟"]
    assert area[order].is_monotonic_increasing
    assert area["凌鸿大桥"] > area[["北洞村", "大凌河西支入河口", "水泉村桥", "李家湾大桥"]].sum()


# ---------------------------------------------------------------- a rebuild


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of affine, by pyflwdir
def test_a_rebuild_gives_the_same_layers(
    units: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame, sections: gpd.GeoDataFrame
) -> None:
    cache = ROOT / ".cache" / "chaoyang"
    if len(list(cache.glob("*-*"))) < 3:
        pytest.skip("the three archives are not in .cache/chaoyang; build.py fetches them")
    for package in ("pyflwdir", "netCDF4"):
        pytest.importorskip(package)
    spec = importlib.util.spec_from_file_location("pack_build", PACK / "build.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules["pack_build"] = script
    spec.loader.exec_module(script)
    layers = script.build(cache).layers
    assert set(compare_units(units, layers["units"], same_share=1 - 1e-6).units["change_kind"]) == {
        "不变"
    }
    fresh = layers["rivers"]
    for column in ("reach_code", "river_name", "to_code"):
        assert fresh[column].fillna("").tolist() == rivers[column].fillna("").tolist()
    assert fresh["length_km"].tolist() == pytest.approx(rivers["length_km"].tolist(), abs=0.002)
    apart = sections.to_crs(METRIC).distance(layers["sections"].to_crs(METRIC))
    assert apart.max() < ROUNDING_M


# ---------------------------------------------------------------- reservoirs and figures


def test_reservoirs_name_openstreetmap(counties: gpd.GeoDataFrame) -> None:
    reservoirs = _read("reservoirs")
    assert dict(zip(reservoirs["reservoir_code"], reservoirs["reservoir_name"], strict=True)) == {
        "CYR01": "白石水库",
        "CYR02": "阎王鼻子水库",
    }
    assert reservoirs["source"].str.contains("OpenStreetMap").all()
    assert reservoirs["source"].str.contains("ODbL").all()
    assert reservoirs.within(counties.union_all()).all()


def test_figures_agree_with_the_layers(
    figures: pd.DataFrame, units: gpd.GeoDataFrame, counties: gpd.GeoDataFrame
) -> None:
    value = figures.set_index(["figure", "subject"])["value"].astype(float)
    for unit in units.itertuples():
        assert value["unit_area", unit.unit_name] == pytest.approx(unit.area_km2, abs=0.051)
    share = 100 * units["area_km2"].sum() / counties["area_km2"].sum()
    assert value["covered_share", "朝阳市"] == pytest.approx(share, abs=0.0051)
    pieces = value["uncovered_piece"].sum()
    rest = counties["area_km2"].sum() - units["area_km2"].sum()
    assert pieces == pytest.approx(rest, abs=0.05 * len(value["uncovered_piece"]) + 0.01)


def test_plane_and_geodesic_areas_agree(figures: pd.DataFrame) -> None:
    value = figures.set_index(["figure", "subject"])["value"].astype(float)
    plane, geodesic = value["unit_area"], value["unit_area_geodesic"]
    assert plane.to_numpy() == pytest.approx(geodesic[plane.index].to_numpy(), rel=5e-4)


def test_figures_say_how_dense_the_curves_are(figures: pd.DataFrame) -> None:
    value = figures.set_index(["figure", "subject"])["value"].astype(float)
    assert (value["vertex_spacing_at_turns_p95"] <= 60).all()


def test_readme_prints_the_figures(figures: pd.DataFrame) -> None:
    text = (PACK / "README.md").read_text(encoding="utf-8")
    block = text.split("<!-- figures:start -->")[1].split("<!-- figures:end -->")[0]
    rows = [[c.strip() for c in r.strip("|").split("|")] for r in block.splitlines() if "|" in r]
    for f in figures.itertuples():
        shown = [r for r in rows if f.subject in r]
        printed = f"{f.value} {f.unit}".strip()
        assert any(f.value in r or printed in r for r in shown), (f.figure, f.subject)
