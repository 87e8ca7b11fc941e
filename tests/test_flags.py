"""Flags in English, the order of findings, and the mending of shapes."""

import ast
import re
import sys
from itertools import permutations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, LineString, Point, Polygon

import chaoyang_geo
from chaoyang_geo import flags
from chaoyang_geo.flags import flag, flag_text, joined
from chaoyang_geo.screening import screen_sites
from chaoyang_geo.shapes import finite, made_valid
from chaoyang_geo.verdicts import VERDICTS, finding_key, severity

sys.path.insert(0, str(Path(__file__).parent))
from screening_paper import box, sites, zones

PACKAGE = Path(chaoyang_geo.__file__).parent
CHINESE = re.compile("[一-鿿]")
SQUARE = box(0, 0, 1000, 1000)
# what may stand in the braces: names in letters, so that Chinese left over is seen
FILLED = {
    "n": "3", "m": "2", "m2": "1.5", "least": "10", "most": "500", "kind": "生态保护红线（核心保护区）",
    "verdict": "限制", "grades": "核心保护区禁止，一般控制区允许有条件", "extent": "控制单元",
    "sources": "一级、准",
}  # fmt: skip


def filled(template):
    names = re.findall(r"{(\w+)}", template)
    return template.format(**{name: FILLED.get(name, f"N-{name}") for name in names})


# flags ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [*flags._SCREENING.values(), *flags._OTHERS], ids=lambda p: p[0])
def test_every_sentence_has_its_english(pair):
    chinese = filled(pair[0])
    english = flag_text(chinese, "en")
    assert not CHINESE.search(english), english
    assert flag_text(chinese, "zh") == chinese
    for name in re.findall(r"{(\w+)}", pair[1]):
        assert FILLED.get(name, f"N-{name}") in english or CHINESE.search(FILLED[name])
    around = joined("无图形", chinese, "活动不在词表")
    assert flag_text(around, "en") == (
        f"no geometry; {english}; the activity is not in the vocabulary"
    )


def test_names_stay_as_they_are_and_may_hold_the_joint():
    text = joined(flag("beyond", layer="甲；乙"), flag("layer_empty", layer="丙"))
    assert flag_text(text, "en") == (
        "lies outside the extent of the layer 甲；乙, which may not cover the place; "
        "the layer 丙 is empty"
    )
    assert flag_text("用户自己的话；无图形", "en") == "用户自己的话; no geometry"
    with pytest.raises(ValueError):
        flag_text("", "fr")


def test_grades_and_verdicts_inside_a_flag_are_english_too():
    assert flag_text(filled(flags._SCREENING["grade_decides"][0]), "en").endswith(
        "(core zone forbidden, general control zone allowed on conditions)"
    )
    assert "primary zone, quasi zone" in flag_text("一级、准保护区没有距离，未划", "en")


def test_screening_says_no_doubt_in_words_of_its_own():
    """Sentences of screening stand in one table, so that none lacks its English."""
    known = {pair[0] for pair in flags._SCREENING.values()}
    for path in (PACKAGE / "screening").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in known, f"{path.name}:{node.lineno}"


def test_flags_of_a_screening_are_told_in_english():
    bow = Polygon([(100, 100), (300, 300), (300, 100), (100, 300)])
    site = sites(bow, None, Point(5000, 5000), LineString([(1, 1), (1, 1)]), Point(1004, 500))
    site.loc[2, "activity"] = "用途待定"
    layers = [
        zones(SQUARE, SQUARE, None, grade="general", layer="A"),
        zones(SQUARE, grade="", layer="B"),
        zones(SQUARE, kind="town", grade="", layer="C", version_date="2030-01-01"),
    ]
    found = screen_sites(site, layers, on="2026-01-01", unreadable={"D": "broken"})
    texts = {*found.findings["finding_flag"], *found.sites["verdict_flag"]}
    texts |= {*found.checked["layer_flag"]}
    assert len(texts) > 8
    for text in texts:
        assert not CHINESE.search(flag_text(text, "en")), text
    assert not found.findings["why_en"].str.contains("分区|图形|精度").any()


# activities in English ----------------------------------------------------------------------------


def test_activities_stand_in_english_and_unknown_ones_as_they_were_written():
    site = sites(Point(500, 500), Point(600, 500), Point(700, 500), activity="光伏")
    site["activity"] = ["光伏", "用途待定", None]
    found = screen_sites(site, zones(SQUARE))
    for table in (found.sites, found.findings):
        assert table["activity_en"].tolist() == ["solar farm", "用途待定", ""]
        assert table["activity_zh"].tolist() == ["光伏发电", "", ""]
        assert table["activity_en"].dtype == table["activity_zh"].dtype == "str"


# the order of findings ----------------------------------------------------------------------------


def ranked(site, layers, **options):
    return screen_sites(site, layers, **options).findings


def keys(table):
    columns = ["verdict", "rule_verdict", "distance_m", "zone_kind", "zone_grade"]
    return [finding_key(*row) for row in table[columns].itertuples(index=False)]


def test_of_two_edge_cases_the_one_whose_rule_forbids_leads():
    unit = zones(SQUARE, kind="management_unit", grade="priority", layer="A")
    line = zones(box(0, 0, 996, 1000), layer="Z")
    for layers in permutations([unit, line]):
        screening = screen_sites(sites(Point(1004, 500)), list(layers))
        found = screening.findings
        # the unit is nearer, and its layer comes first by name
        assert found["verdict"].tolist() == ["压线需复核"] * 2
        assert found["rule_verdict"].tolist() == ["禁止", "允许有条件"]
        assert found["zone_kind"].tolist() == ["eco_red_line", "management_unit"]
        assert "生态保护红线" in screening.sites["why_zh"].iloc[0]


def test_of_what_cannot_be_judged_the_one_that_may_be_forbidden_leads():
    town = zones(SQUARE, kind="town", grade="", layer="A")
    line = zones(SQUARE, grade="", layer="Z")  # forbidden in the core, on conditions elsewhere
    found = ranked(sites(Point(500, 500), activity="公路"), [town, line])
    assert found["verdict"].tolist() == ["无法判断"] * 2
    assert found["rule_verdict"].tolist() == ["禁止", ""]
    assert found["rule_id"].tolist() == ["", ""]
    assert found["layer"].tolist() == ["Z", "A"]


def test_of_equal_rules_a_red_line_stands_before_a_unit():
    unit = zones(SQUARE, kind="management_unit", grade="priority", layer="A")
    line = zones(SQUARE, layer="Z")
    found = ranked(sites(Point(500, 500), activity="公路"), [unit, line])
    assert found["verdict"].tolist() == found["rule_verdict"].tolist() == ["允许有条件"] * 2
    assert found["zone_kind"].tolist() == ["eco_red_line", "management_unit"]


def test_zones_without_a_conflict_stand_by_their_distance():
    found = ranked(sites(Point(1500, 500)), [zones(SQUARE, layer="A"), zones(
        box(1600, 0, 1700, 1000), kind="town", grade="", layer="Z")])  # fmt: skip
    assert found["distance_m"].tolist() == [100, 500]
    assert found["rule_verdict"].tolist() == ["", ""]


def test_findings_of_the_examples_stand_in_the_one_order_and_the_site_takes_the_first():
    pack = chaoyang_geo.load_examples()
    screening = screen_sites(pack.sites, pack.zones)
    for code, rows in screening.findings.groupby("site_code"):
        assert keys(rows) == sorted(keys(rows))
        site = screening.sites.set_index("site_code").loc[code]
        first = rows.iloc[0]
        if first["verdict"] != "无冲突":
            assert site["verdict"] == first["verdict"]
            assert site["why_zh"].startswith(first["why_zh"])
    leading = screening.findings.drop_duplicates("site_code").set_index("site_code")
    assert leading.loc["EXS09", "zone_kind"] == "eco_red_line"
    assert leading.loc["EXS09", "rule_verdict"] == "禁止"


def test_what_is_no_verdict_may_be_anything():
    assert [severity(each) for each in VERDICTS] == list(range(len(VERDICTS)))
    assert severity("") == severity("abc") == severity("无法判断")


# shapes -------------------------------------------------------------------------------------------


def test_a_ring_that_overlaps_itself_covers_what_it_goes_around():
    twice = Polygon([(0, 0), (4, 0), (4, 3), (1, 3), (1, 1), (3, 1), (3, 4), (0, 4)])
    lobes = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    given = np.array([twice, lobes, box(0, 0, 1, 1), None, Point(1, 1)], dtype=object)
    before = given.copy()
    found, mended = made_valid(given)
    assert mended.tolist() == [True, True, False, False, False]
    assert shapely.is_valid(found[:3]).all()
    assert found[1].area == pytest.approx(2)
    assert all(one is other for one, other in zip(given, before, strict=True))


def test_a_polygon_without_area_becomes_empty_or_a_line():
    flat = Polygon([(0, 0), (4, 0), (2, 0)])
    assert made_valid([flat])[0][0].is_empty
    kept = made_valid([flat], collapsed=True)[0][0]
    assert kept.area == 0 < kept.length


def test_shapes_are_finite_or_not_whatever_they_are():
    good = [Point(), None, GeometryCollection([Point(1, 1)]), box(0, 0, 1, 1)]
    bad = [Point(np.nan, 1), LineString([(0, 0), (1, np.inf)])]
    shapes = np.array([*good, *bad], dtype=object)
    assert finite(shapes).tolist() == [True] * 4 + [False] * 2


def test_all_rooms_mend_alike():
    from chaoyang_geo.alternatives.ground import mended_sites
    from chaoyang_geo.rivers.corridor import mended
    from chaoyang_geo.screening.repair import repair_polygons, repair_sites

    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    layer = gpd.GeoDataFrame(geometry=[bow, box(0, 0, 1, 1)], crs="EPSG:4549")
    shapes = layer.geometry.to_numpy()
    ways = [
        repair_polygons(shapes)[0], repair_sites(shapes)[0], mended_sites(layer)[0],
        mended(layer.geometry),
    ]  # fmt: skip
    for way in ways[1:]:
        assert shapely.equals_exact(way, ways[0]).all()
