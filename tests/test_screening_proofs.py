"""Screening: what a signer relies on, each shown on paper by the figure itself."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod
from shapely import LineString, MultiPoint, MultiPolygon, Point

from chaoyang_geo.flags import flag, flag_text
from chaoyang_geo.screening import content_hash, read_zones, screen_sites
from chaoyang_geo.screening.words import KINDS

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import CRS, at, box, sites, zones

SQUARE = box(0, 0, 1000, 1000)
ELLIPSOID = Geod(a=6378137.0, rf=298.257222101)  # CGCS2000, GB 22021-2008


def found(site, *zone, options=None, **columns):
    """Return the one finding of one site."""
    table = screen_sites(sites(site), zones(*zone, **columns), **(options or {})).findings
    assert len(table) == 1
    return table.iloc[0]


# the ellipsoid ----------------------------------------------------------------------------------


@pytest.mark.parametrize("west", [117.2, 118.7, 119.9, 121.4])
def test_areas_and_lengths_on_the_ellipsoid_are_those_of_another_library(west):
    # short edges: the straight line of the plane and the geodesic are one to a part in a million
    outer = shapely.segmentize(shapely.box(west, 41.2, west + 0.05, 41.24), 0.002)
    hole = shapely.segmentize(shapely.box(west + 0.01, 41.21, west + 0.03, 41.22), 0.002)
    island = shapely.segmentize(shapely.box(west + 0.06, 41.2, west + 0.065, 41.21), 0.002)
    shape = MultiPolygon([outer.difference(hole), island])
    line = shapely.segmentize(LineString([(west, 41.2), (west + 0.05, 41.25)]), 0.002)
    site = sites(SQUARE, LineString([(0, 0), (1, 1)])).set_geometry([shape, line], crs="EPSG:4490")
    around = shapely.segmentize(shapely.box(west - 0.1, 41, west + 0.2, 41.5), 0.01)
    zone = zones(SQUARE).set_geometry([around], crs="EPSG:4490")
    table = screen_sites(site, zone).findings
    area = abs(ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(shape))[0])
    assert table["overlap_m2_geodesic"].iloc[0] == pytest.approx(area, rel=2e-6)
    length = ELLIPSOID.geometry_length(line)
    assert table["overlap_m_geodesic"].iloc[1] == pytest.approx(length, rel=2e-6)
    # the plane agrees to a part in a thousand, and is not simply the same figure
    assert table["overlap_m2"].iloc[0] == pytest.approx(area, rel=1e-3)
    assert table["overlap_m2"].iloc[0] != table["overlap_m2_geodesic"].iloc[0]


def test_of_a_part_of_a_site_the_ellipsoid_measures_that_part():
    half = found(box(900, 0, 1100, 100), SQUARE)
    whole = found(box(800, 0, 1000, 100), box(-500, -500, 2000, 2000))
    assert half["overlap_m2_geodesic"] == pytest.approx(whole["overlap_m2_geodesic"] / 2, rel=1e-6)
    two = zones(box(0, 0, 60, 500), box(40, 0, 100, 500))  # the middle 20 m count once
    one = screen_sites(sites(box(0, 0, 100, 100)), two).findings.iloc[0]
    assert one["overlap_m2_geodesic"] == pytest.approx(1e4, rel=1e-3)
    line = screen_sites(sites(LineString([(0, 50), (100, 50)])), two).findings.iloc[0]
    assert (line["overlap_m"], line["overlap_m_geodesic"]) == (
        pytest.approx(100),
        pytest.approx(100, rel=1e-3),
    )


# holes, parts, rings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "zone", "relation", "overlap"),
    [
        # a hole of the zone is no zone, and an island in it is
        (box(450, 450, 550, 550), SQUARE.difference(box(300, 300, 700, 700)), "near", 0),
        (
            box(250, 450, 350, 550),
            SQUARE.difference(box(300, 300, 700, 700)),
            "overlaps",
            50 * 100,
        ),
        (
            box(450, 450, 550, 550),
            MultiPolygon([SQUARE.difference(box(300, 300, 700, 700)), box(400, 400, 500, 600)]),
            "overlaps",
            50 * 100,
        ),
        # a hole of the site is no site
        (box(100, 100, 900, 900).difference(box(200, 200, 800, 800)), box(300, 300, 700, 700),
         "near", 0),
        (box(100, 100, 900, 900).difference(box(200, 200, 800, 800)), box(150, 300, 700, 700),
         "overlaps", 50 * 400),
    ],
)  # fmt: skip
def test_a_hole_is_no_ground(site, zone, relation, overlap):
    row = found(site, zone)
    assert row["relation"] == relation
    assert row["overlap_m2"] == pytest.approx(overlap)
    assert row["share_of_zone"] == pytest.approx(overlap / zone.area) or relation == "near"


# the hash ---------------------------------------------------------------------------------------


def test_the_hash_knows_names_of_columns_and_heights():
    layer = gpd.GeoDataFrame({"HXMC": ["甲"]}, geometry=[at(SQUARE)], crs=CRS)
    renamed = layer.rename(columns={"HXMC": "名称"})
    high = layer.set_geometry([shapely.force_3d(at(SQUARE), 5.0)])
    assert len({content_hash(each) for each in (layer, renamed, high)}) == 3


def test_the_hash_of_what_was_read_stands_in_the_layers_and_is_that_of_the_file():
    layer = gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[at(SQUARE)], crs=CRS)
    zone = read_zones(layer, kind="红线", grade="一般", version="2023", version_date="2023-09-28")
    screening = screen_sites(sites(Point(500, 500)), zone)
    assert screening.checked["content_hash"].tolist() == [content_hash(layer)]
    assert screening.findings["version"].tolist() == ["2023"]
    assert screening.findings["layer"].tolist() == screening.checked["layer"].tolist()


# doubt ------------------------------------------------------------------------------------------


def test_a_repaired_zone_is_said_on_its_findings_and_its_layer():
    bow = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    layer = gpd.GeoDataFrame({"名称": ["甲", "乙"]}, geometry=[at(bow), at(box(5e3, 0, 6e3, 1e3))],
                             crs=CRS)  # fmt: skip
    zone = read_zones(layer, kind="红线", grade="一般", version="1", version_date="")
    screening = screen_sites(sites(Point(900, 500), Point(5500, 500)), zone)
    assert screening.findings["finding_flag"].str.contains("已修复").tolist() == [True, False]
    assert "1 个分区" in screening.checked["layer_flag"].iloc[0]
    assert "已修复" in screening.checked["layer_flag"].iloc[0]


def test_of_zones_that_overlap_one_that_was_repaired_is_enough_to_say_so():
    bow = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    for shapes, said in (((SQUARE, bow), True), ((bow, SQUARE), True), ((SQUARE, SQUARE), False)):
        row = screen_sites(sites(box(880, 450, 980, 550)), zones(*shapes)).findings.iloc[0]
        assert row["zone_code"] == "Z0;Z1"
        assert (flag("mended_zone") in row["finding_flag"]) is said


def test_what_is_not_known_of_a_layer_is_said_of_it():
    bare = screen_sites(sites(Point(5, 5)), zones(SQUARE, grade="")).checked["layer_flag"].iloc[0]
    told = zones(SQUARE, accuracy_m=5.0)
    assert screen_sites(sites(Point(5, 5)), told).checked["layer_flag"].tolist() == [""]
    plain = screen_sites(sites(Point(5, 5)), zones(SQUARE)).checked["layer_flag"].iloc[0]
    assert plain and plain in bare and len(bare) > len(plain)


@pytest.mark.parametrize(
    ("where", "beyond"),
    [
        (Point(-5, 500), True),
        (Point(1005, 500), True),
        (Point(500, -5), True),
        (Point(500, 1005), True),
        (Point(500, 500), False),
        (box(-5, -5, 5, 5), False),
    ],
)
def test_a_site_beyond_any_edge_of_a_layer_is_told_so(where, beyond):
    flag = screen_sites(sites(where), zones(SQUARE)).sites["verdict_flag"].iloc[0]
    assert ("未覆盖" in flag) is beyond


def test_layers_that_may_not_cover_a_site_are_named_in_one_sentence():
    layers = [zones(SQUARE).assign(layer=name) for name in "甲乙"]
    far = screen_sites(sites(Point(9_000, 500)), layers).sites["verdict_flag"].iloc[0]
    assert far == "位于图层“乙”、“甲”的范围之外，这些图层可能未覆盖此处"
    assert flag_text(far, "en") == (
        "lies outside the extents of the layers “乙”, “甲”, which may not cover the place"
    )


def test_the_name_of_a_layer_that_holds_a_comma_of_lists_stays_as_it_is():
    layers = [zones(SQUARE).assign(layer=name) for name in ("甲、乙", "丙；丁")]
    far = screen_sites(sites(Point(9_000, 500)), layers).sites["verdict_flag"].iloc[0]
    assert flag_text(far, "en") == (
        "lies outside the extents of the layers “丙；丁”, “甲、乙”, which may not cover the place"
    )


def test_of_rows_of_one_code_the_least_accurate_counts_and_an_unknown_one_is_unknown():
    halves = zones(box(0, 0, 500, 1000), box(500, 0, 1000, 1000), codes=["Z", "Z"])
    site = sites(Point(1008, 500))
    site["accuracy_m"] = 0.0
    for accuracy, band in (([2.0, 9.0], 9.0), ([9.0, 2.0], 9.0), ([2.0, np.nan], 3.0)):
        halves["accuracy_m"] = accuracy
        row = screen_sites(site, halves, tolerance_m=3).findings.iloc[0]
        assert row["band_m"] == band


def test_of_zones_that_overlap_the_least_accurate_makes_the_band():
    two = zones(box(0, 0, 600, 1000), box(400, 0, 1000, 1000))
    site = sites(box(450, 400, 550, 500))
    site["accuracy_m"] = 0.0
    for accuracy, band in (([2.0, 9.0], 9.0), ([9.0, 2.0], 9.0), ([2.0, np.nan], 10.0)):
        two["accuracy_m"] = accuracy
        assert screen_sites(site, two).findings["band_m"].tolist() == [band]


def test_points_of_a_site_are_counted_and_not_each_a_site():
    row = found(MultiPoint([(100, 100), (500, 500), (900, 900), (2000, 500)]), SQUARE)
    assert (row["relation"], row["share_of_site"]) == ("overlaps", 0.75)


# the words --------------------------------------------------------------------------------------


def test_the_reason_says_how_many_more_zones_there_are():
    site = sites(Point(500, 500))
    for n, zh, en in (
        (1, "", ""),
        (2, "另涉及 1 个分区。", " 1 more zone is concerned."),
        (3, "另涉及 2 个分区。", " 2 more zones are concerned."),
    ):
        layers = [zones(SQUARE, layer=f"L{k}") for k in range(n)]
        row = screen_sites(site, layers).sites.iloc[0]
        assert row["n_zones"] == n
        assert row["why_zh"].endswith(zh) and ("另涉及" in row["why_zh"]) is (n > 1)
        assert row["why_en"].endswith(en) and ("more zone" in row["why_en"]) is (n > 1)


@pytest.mark.parametrize(
    ("site", "zh", "en"),
    [
        (box(0, 0, 99, 100), "重叠 9,900.0 平方米（占项目 100 %）", "overlap 9,900.0 m² (100 %"),
        (box(0, 0, 100, 100), "重叠 1.00 公顷（占项目 100 %）", "overlap 1.00 ha (100 %"),
        (
            LineString([(0, 5), (999, 5)]),
            "穿越 999 米（占项目 100 %）",
            "crossing 999 m (100 %",
        ),
        (
            LineString([(0, 5), (1000, 5)]),
            "穿越 1 公里（占项目 100 %）",
            "crossing 1 km (100 %",
        ),
        (Point(-999, 500), "相距 999 米", "999 m away"),
        (Point(-1000, 500), "相距 1 公里", "1 km away"),
    ],
)
def test_figures_stand_in_the_reason_in_the_unit_that_suits_them(site, zh, en):
    row = found(site, box(0, 0, 2000, 1000))
    assert zh in row["why_zh"] and en in row["why_en"]


# how far is looked ------------------------------------------------------------------------------


def test_zones_are_listed_up_to_the_distance_that_is_asked_for_and_not_beyond():
    near, far = box(400, 0, 450, 50), box(0, 600, 50, 650)
    site = sites(box(0, 0, 50, 50))
    for limit, listed in ((349.9, []), (350.1, ["Z0"]), (549.9, ["Z0"]), (550.1, ["Z0", "Z1"])):
        table = screen_sites(site, zones(near, far), max_distance_m=limit)
        assert table.findings["zone_code"].tolist() == listed
        assert ("相距" in table.sites["why_zh"].iloc[0]) is bool(listed)


def test_the_distance_is_that_of_the_shapes_and_not_of_their_boxes():
    # the box of the slanted zone comes as near as 350 m, its border 601 m
    slant = shapely.Polygon([(400, 0), (1000, 0), (1000, 600)])
    site = sites(box(0, 500, 50, 550))
    for limit, listed in ((400, []), (601, []), (602, ["Z0"])):
        table = screen_sites(site, zones(slant), max_distance_m=limit).findings
        assert table["zone_code"].tolist() == listed
    assert table["distance_m"].iloc[0] == pytest.approx(850 / 2**0.5)


# the band ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", range(32))
def test_a_way_out_in_any_direction_is_a_doubt(step):
    # a hut in a wide zone, and ten metres away, in one direction, a hole that takes it up
    turn = 2 * np.pi * step / 32
    east, north = 10 * np.cos(turn), 10 * np.sin(turn)
    hole = box(east - 1.2, north - 1.2, east + 1.2, north + 1.2)
    hut = box(-1, -1, 1, 1)
    wide = box(-100, -100, 100, 100)
    assert screen_sites(sites(hut), zones(wide)).sites["verdict"].tolist() == ["禁止"]
    holed = screen_sites(sites(hut), zones(wide.difference(hole)))
    assert holed.sites["verdict"].tolist() == ["压线需复核"]


def test_a_way_out_that_is_shorter_than_the_band_is_a_doubt():
    # moved by the whole band the hut is in the ring, by half of it in the gap
    core, ring = Point(0, 0).buffer(3), Point(0, 0).buffer(14).difference(Point(0, 0).buffer(7))
    hut = box(-1, -1, 1, 1)
    for shape, verdict in ((core.union(ring), "压线需复核"), (Point(0, 0).buffer(14), "禁止")):
        assert screen_sites(sites(hut), zones(shape)).sites["verdict"].tolist() == [verdict]


# layers -----------------------------------------------------------------------------------------


def test_why_a_layer_could_not_be_read_stands_beside_it():
    for given, reason in (({"湿地.shp": "文件损坏"}, True), (["湿地.shp"], False)):
        table = screen_sites(sites(Point(500, 500)), zones(SQUARE), unreadable=given).checked
        bad = table[table["layer"] == "湿地.shp"].iloc[0]
        assert bad["layer_state"] == "unreadable"
        assert ("文件损坏" in bad["layer_flag"]) is reason and bad["layer_flag"]


def test_a_band_that_is_made_by_the_tolerance_is_said_where_it_decides():
    site, zone = sites(Point(995, 500)), zones(SQUARE)
    for of_site, of_zone, said in ((np.nan, 3.0, True), (6.0, np.nan, True), (6.0, 3.0, False)):
        site["accuracy_m"], zone["accuracy_m"] = of_site, of_zone
        row = screen_sites(site, zone).findings.iloc[0]
        assert row["verdict"] == "压线需复核"
        assert (flag("band_by_tolerance") in row["finding_flag"]) is said
    # where nothing is in doubt, nothing is said of it
    assert flag("band_by_tolerance") not in found(Point(500, 500), SQUARE)["finding_flag"]


def test_the_zone_beyond_a_seam_says_that_the_seam_makes_no_doubt():
    halves = zones(box(0, 0, 500, 1000), box(500, 0, 1000, 1000))
    table = screen_sites(sites(Point(495, 500)), halves).findings
    assert table["relation"].tolist() == ["inside", "near"]
    assert [flag("seam") in text for text in table["finding_flag"]] == [False, True]
    assert table["verdict"].tolist() == ["禁止", "无冲突"]


# the rule ---------------------------------------------------------------------------------------


def test_a_finding_carries_its_rule_as_the_set_has_it():
    layers = [
        zones(SQUARE, kind=kind, grade=grade, layer=f"{kind}/{grade}")
        for kind, each in KINDS.items()
        for grade in each.grades or [""]
    ]
    activities = ["采矿", "公路", "入河排污口", "巡护", "网箱养殖", "光伏"]
    table = sites(*[Point(500, 500)] * len(activities), activity=activities)
    screening = screen_sites(table, layers)
    rules = screening.rules.drop_duplicates("rule_id").set_index("rule_id")
    ruled = screening.findings[screening.findings["rule_id"] != ""]
    assert len(ruled) > 20 and ruled["rule_status"].nunique() > 1
    columns = {"clause": "clause", "rule_source": "rule_source", "rule_status": "status",
               "rule_note": "note", "rule_verdict": "verdict"}  # fmt: skip
    for ours, theirs in columns.items():
        assert ruled[ours].tolist() == rules.loc[ruled["rule_id"], theirs].tolist()
    for row in ruled.itertuples():
        assert row.rule_source in row.why_zh and row.clause in row.why_zh
        assert f"({row.rule_status})" in row.why_en


def test_collections_within_a_collection_are_taken_apart():
    pair = MultiPolygon([box(900, 0, 1100, 100), box(2000, 0, 2200, 100)])
    inner = shapely.GeometryCollection([pair, LineString([(0, 500), (100, 500)])])
    row = found(shapely.GeometryCollection([inner, Point(500, 500)]), SQUARE)
    assert row["overlap_m2"] == pytest.approx(10_000)
    assert row["overlap_m2_geodesic"] == pytest.approx(10_000, rel=1e-3)
    assert row["overlap_m"] == pytest.approx(100)
    assert (row["relation"], row["share_of_site"]) == ("overlaps", pytest.approx(0.25))


def test_a_line_of_no_length_among_others_adds_nothing():
    dot = [(500, 500), (500, 500)]
    row = found(shapely.MultiLineString([dot, [(900, 500), (1100, 500)]]), SQUARE)
    assert (row["overlap_m"], row["share_of_site"]) == (pytest.approx(100), pytest.approx(0.5))
    lone = shapely.MultiLineString([dot, [(600, 500), (600, 500)]])
    table = screen_sites(sites(lone), zones(SQUARE))
    assert table.sites["verdict"].tolist() == ["禁止"]
    assert table.sites["verdict_flag"].tolist() == ["线长为零，按点核查"]


@pytest.mark.parametrize(
    ("kind", "off_km", "said"),
    [("line", 250, False), ("line", 310, True), ("area", 185, False), ("area", 220, True)],
)
def test_plane_and_ellipsoid_are_said_to_differ_from_one_in_a_thousand_on(kind, off_km, said):
    # the middle of the site lies on the meridian of its zone, what is measured far from it: there
    # a length is too long by x^2 / 2 R^2, an area by x^2 / R^2
    x = 1000.0 * off_km
    long = LineString([(-4e5, 0), (4e5, 0)])
    site = long if kind == "line" else shapely.segmentize(long.buffer(50, cap_style="flat"), 1000)
    row = found(site, box(x - 500, -500, x + 500, 500))
    plane, true = ("overlap_m", "overlap_m_geodesic") if kind == "line" else (
        "overlap_m2", "overlap_m2_geodesic"
    )  # fmt: skip
    ratio = 1 + (x / 6.378e6) ** 2 / (2 if kind == "line" else 1)
    assert row[plane] / row[true] == pytest.approx(ratio, abs=2e-5)
    assert (flag("off_ellipsoid") in row["finding_flag"]) is said


def test_source_and_quality_of_zones_are_those_given_or_those_of_the_columns():
    layer = gpd.GeoDataFrame(
        {"source": ["甲局", "乙局"], "quality": ["official", "derived"]},
        geometry=[at(SQUARE), at(box(5e3, 0, 6e3, 1e3))], crs=CRS,
    )  # fmt: skip
    options = {"kind": "红线", "grade": "一般", "version": "1", "version_date": ""}
    own = read_zones(layer, **options)
    assert own["source"].tolist() == ["甲局", "乙局"]
    assert own["quality"].tolist() == ["official", "derived"]
    told = read_zones(layer, source="丙局", quality="synthetic", **options)
    assert set(told["source"]) == {"丙局"} and set(told["quality"]) == {"synthetic"}
    for zone, source, quality in (
        (own, "乙局;甲局", "derived;official"),
        (told, "丙局", "synthetic"),
    ):
        checked = screen_sites(sites(Point(500, 500)), zone).checked.iloc[0]
        assert (checked["source"], checked["quality"]) == (source, quality)


def test_lines_of_no_length_are_all_looked_at():
    dots = shapely.MultiLineString([[(5000, 5000)] * 2, [(500, 500)] * 2])
    for site in (dots, dots.reverse(), shapely.MultiLineString(list(dots.geoms)[::-1])):
        table = screen_sites(sites(site), zones(SQUARE))
        assert table.sites["verdict"].tolist() == ["禁止"]
        assert table.findings["share_of_site"].tolist() == pytest.approx([0.5])
