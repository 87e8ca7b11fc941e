"""The map of a finding: true sizes, names, hatches, the same on page and in Word."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from chaoyang_geo.findings import write_findings
from chaoyang_geo.findings.picture import Path as Drawn
from chaoyang_geo.findings.picture import Text, fitting, hatch

sys.path.insert(0, str(Path(__file__).parent))

from findings_paper import Page, X, Y, paper, part, picture, zones


def areas_of(drawing, colour):
    for item in drawing.items:
        if isinstance(item, Drawn) and item.fill == colour:
            yield sum(shapely.Polygon(ring).area for ring in item.parts)


def test_a_site_has_its_true_size_on_paper():
    drawing = picture(paper(), layer=zones())
    # the square of 100 m, at the scale that is printed under the map
    on_paper = next(areas_of(drawing, "#ffd400"))
    assert on_paper * (drawing.scale / 1000) ** 2 == pytest.approx(10_000, rel=0.01)


def test_the_scale_bar_is_as_long_as_it_says():
    for at in (0, 1):
        drawing = picture(paper(), at=at, layer=zones())
        bars = [
            item.parts[0] for item in drawing.items
            if isinstance(item, Drawn) and item.width == 0.2 and item.stroke and item.fill in ("#14212a", "#ffffff")
        ]  # fmt: skip
        length = max(bar[:, 0].max() for bar in bars) - min(bar[:, 0].min() for bar in bars)
        texts = [item.text for item in drawing.items if isinstance(item, Text)]
        said = texts[texts.index("0") + 1]
        number = float(said.split()[0]) * (1000 if "公里" in said else 1)
        assert length * drawing.scale / 1000 == pytest.approx(number, rel=0.01)


def test_everything_lies_on_the_paper():
    drawing = picture(paper(), layer=zones())
    for item in drawing.items:
        if isinstance(item, Drawn):
            points = np.concatenate(item.parts)
            assert points.min() >= -0.05
            assert (points.max(axis=0) <= (drawing.width + 0.05, drawing.height + 0.05)).all()


def test_a_name_without_room_is_listed_and_not_lost(tmp_path):
    many = pd.concat(
        [zones(f"a zone with quite a long name {n}").assign(zone_code=f"Z{n}") for n in range(60)]
    )
    drawing = picture(paper(), layer=many)
    told = [item.text for item in drawing.items if isinstance(item, Text) and item.ground]
    assert drawing.missing and len(told) + len(drawing.missing) >= 61
    write_findings(paper(), tmp_path / "f", zones=many, valid_days=9, formats="html")
    text = Page((tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")).text
    assert "图中未注记：" in text and drawing.missing[-1] in text


boxes = st.tuples(
    st.floats(-2000, 2000), st.floats(-2000, 2000), st.floats(20, 3000), st.floats(20, 3000)
)


@settings(max_examples=25)
@given(st.lists(boxes, min_size=1, max_size=12), st.floats(1, 400))
def test_names_never_cover_each_other_or_leave_the_map(many, size):
    layer = gpd.GeoDataFrame(
        {
            "zone_code": [f"Z{n}" for n in range(len(many))],
            "zone_name": [f"示例分区{n}" for n in range(len(many))],
            "zone_kind": "town",
            "zone_grade": "",
        },
        geometry=[box(X + x, Y + y, X + x + w, Y + y + h) for x, y, w, h in many],
        crs=4549,
    )
    screening = paper()
    screening.sites.geometry = [box(X, Y, X + size, Y + size), Point(X, Y), None]
    for at in (0, 1):
        drawing = picture(screening, at=at, layer=layer)
        names = [item for item in drawing.items if isinstance(item, Text) and item.ground]
        shapes = [box(t.x, t.y, t.x + t.width, t.y + t.size * 1.35) for t in names]
        for first in range(len(shapes)):
            assert shapely.covers(box(0, 0, 122, 96), shapes[first])
            for second in range(first):
                assert shapes[first].intersection(shapes[second]).area < 1e-2


@given(st.floats(0, 179), st.floats(0.8, 6), boxes)
def test_hatches_lie_within_their_shape(angle, gap, place):
    x, y, w, h = place
    shape = shapely.Point(X + x, Y + y).buffer(max(w, h))
    frame = fitting((0, 0, 100, 100), shape.bounds)
    paper_shape = shapely.Polygon(frame.rings(shape)[0]).buffer(0.05)
    lines = [shapely.LineString(line) for line in hatch(shape, frame, angle=angle, gap=gap)]
    assert all(paper_shape.covers(line) for line in lines)
    # the area of a disc is the length of its chords times their distance
    assert sum(line.length for line in lines) * gap == pytest.approx(np.pi * 50**2, rel=0.12)


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 135])
def test_a_hatch_is_as_long_as_its_lines_run_through_the_shape(angle):
    # a hole, a notch and two parts; a vertex lies on a line of the hatch
    block = shapely.Polygon(
        [(0, 0), (40, 0), (40, 40), (22, 40), (20, 15), (18, 40), (0, 40)],
        [[(5, 5), (5, 12), (12, 12), (12, 5)]],
    )
    shape = shapely.MultiPolygon([block, box(50, 3, 61, 33)])
    frame = fitting((0, 0, 70, 50), (0, 0, 70, 50))
    lines = hatch(shape, frame, angle=angle, gap=3.0)
    # of lines so dense that their length is the area over their distance
    dense = hatch(shape, frame, angle=angle, gap=0.03)
    length = sum(np.hypot(*(line[1] - line[0])) for line in dense)
    assert length * 0.03 == pytest.approx(shape.area, rel=0.01)
    on_ground = [line * (1, -1) + (0, 50) for line in lines]
    assert len(lines) > 10
    # rounded to a hundredth of a millimetre
    assert all(shape.buffer(0.02).covers(LineString(line)) for line in on_ground)


STILL = [(X, Y - 400), (X, Y - 400)]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (LineString(STILL), "点"),
        (shapely.MultiLineString([STILL, [(X, Y - 400), (X + 200, Y - 400)]]), "线，200 米"),
        (Point(np.inf, Y), "无图形"),
        (LineString([(X, Y), (X, np.inf)]), "无图形"),
    ],
)
def test_a_line_without_length_is_drawn_as_a_point_and_what_is_nowhere_is_not_drawn(
    tmp_path, shape, said
):
    screening = paper()
    placed = screening.sites.set_geometry([*screening.sites.geometry[:1], shape, None], crs=4549)
    write_findings(
        replace(screening, sites=placed), tmp_path / "f", zones=zones(), valid_days=9,
        formats=("html", "docx"),
    )  # fmt: skip
    html = (tmp_path / "f" / "sites" / "0002_B.html").read_text("utf-8")
    assert f"<th>图形与规模</th><td>{said}</td>" in html
    assert ("<svg" in html) == (said != "无图形")


def test_a_zone_that_lies_nowhere_is_left_out_of_the_map(tmp_path):
    swapped = zones("swapped").to_crs(4490).set_geometry([box(41.5, 120.4, 41.6, 120.6)])
    both = pd.concat([zones().to_crs(4490), swapped.assign(zone_code="Z2")])
    write_findings(paper(), tmp_path / "f", zones=both, valid_days=9, formats="html")
    html = (tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")
    assert ">zone</text>" in html and "swapped" not in html


def test_a_hole_stays_open_and_parts_are_drawn():
    ring = box(X - 300, Y - 300, X + 300, Y + 300).difference(box(X - 50, Y - 50, X + 150, Y + 150))
    layer = gpd.GeoDataFrame(
        {"zone_code": ["Z"], "zone_name": ["z"], "zone_kind": ["town"], "zone_grade": [""]},
        geometry=[shapely.union_all([ring, box(X + 400, Y, X + 450, Y + 50)])],
        crs=4549,
    )
    drawing = picture(paper(), layer=layer)
    filled = [item for item in drawing.items if isinstance(item, Drawn) and item.fill == "#6b5b95"]
    assert any(len(item.parts) >= 2 for item in filled)


def test_word_and_page_draw_the_same_shapes(written):
    folder, _ = written
    html = (folder / "sites" / "0001_A.html").read_text("utf-8")
    xml = part(folder / "sites" / "0001_A.docx")
    drawn = picture(paper(), layer=zones())
    paths = sum(isinstance(item, Drawn) for item in drawn.items)
    assert html.count("<path ") == xml.count("<a:custGeom>") == paths
    assert xml.count("<wps:wsp>") == len(drawn.items)
    alphas = [float(v) for v in re.findall(r'<a:alpha val="(\d+)"/>', xml)]
    assert alphas  # fills are transparent in Word too


def test_another_crs_gives_the_same_map():
    screening = paper()
    degrees = replace(screening, sites=screening.sites.to_crs(4490))
    one, other = picture(screening, layer=zones()), picture(degrees, layer=zones().to_crs(4490))
    assert one.scale == other.scale
    assert next(areas_of(one, "#ffd400")) == pytest.approx(
        next(areas_of(other, "#ffd400")), rel=0.01
    )


def test_hatches_of_zones_that_overlap_are_those_of_each():
    frame = fitting((0, 0, 60, 60), (0, 0, 60, 60))
    one, other = box(5, 5, 35, 35), box(20, 20, 50, 50)
    both = hatch(np.array([one, other]), frame, angle=45, gap=3.0)
    alone = [line for shape in (one, other) for line in hatch(shape, frame, angle=45, gap=3.0)]
    assert sorted(line.tolist() for line in both) == sorted(line.tolist() for line in alone)


def test_zones_of_one_kind_are_one_shape_that_is_filled_where_they_overlap(tmp_path):
    ring = box(X - 60, Y - 60, X + 160, Y + 160).difference(box(X - 10, Y - 10, X + 20, Y + 20))
    layer = pd.concat([zones(), zones().set_geometry([ring], crs=4549).assign(zone_code="Z2")])
    drawing = picture(paper(), layer=layer)
    drawn = next(item for item in drawing.items if isinstance(item, Drawn) and item.areas)
    assert sorted(drawn.areas) == [1, 2]
    turns = [shapely.LinearRing(part).is_ccw for part in drawn.parts]
    assert sorted(turns) in ([False, False, True], [False, True, True])
    write_findings(paper(), tmp_path / "f", zones=layer, valid_days=9, formats=("html", "docx"))
    html = (tmp_path / "f" / "sites" / "0001_A.html").read_text("utf-8")
    # the rule of SVG that fills what two rings of one turn cover
    assert re.search(r'Z" fill="#cf4a41" fill-opacity', html)
    assert part(tmp_path / "f" / "sites" / "0001_A.docx").count("</a:path><a:path ") >= 1


def test_a_zone_of_another_layer_with_the_same_code_is_not_the_one_that_was_found():
    near = zones().assign(layer="red", zone_kind="town", zone_grade="")
    near = near.set_geometry([box(X + 200, Y, X + 300, Y + 100)], crs=4549)
    nearer = near.assign(layer="water").set_geometry([box(X + 120, Y, X + 130, Y + 100)], crs=4549)
    screening = paper()
    found = screening.findings.iloc[:1].assign(relation="near", distance_m=100.0, overlap_m2=0.0)
    drawing = picture(replace(screening, findings=found), layer=pd.concat([near, nearer]))
    way = [item for item in drawing.items if isinstance(item, Drawn) and item.dash
           and item.stroke == "#14212a"]  # fmt: skip
    length = max(np.hypot(*(item.parts[0][-1] - item.parts[0][0])) for item in way)
    assert length * drawing.scale / 1000 == pytest.approx(100, rel=0.02)
