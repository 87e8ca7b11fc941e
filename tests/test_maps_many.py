"""A map of very many zones and sites says and shows what a small one does, in a small file."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, box

from chaoyang_geo.maps import inline, many, notebook, screening_drawn
from chaoyang_geo.maps.layers import MapLayers
from chaoyang_geo.maps.screening import screening_layers
from chaoyang_geo.maps.viewer import render_page, write_map
from chaoyang_geo.screening import read_zones, screen_sites

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium, opened

E, N = 500_000.0, 4_600_000.0
HOSTILE = "</script><script>alert(1)</script>，<img src=x onerror=alert(2)>；${alert(3)}"


def square(x: float, y: float, size: float) -> Any:
    return box(E + x, N + y, E + x + size, N + y + size)


def drawn() -> MapLayers:
    """Return a map of one zone and four sites: an area, a point, a line, and two points in one."""
    zones = read_zones(
        gpd.GeoDataFrame({"名称": [HOSTILE]}, geometry=[square(0, 0, 1000)], crs=4549),
        kind="红线", grade="核心保护区", version="2023，修订", version_date="2023-09-28",
        accuracy_m=5.0, quality="official", source="某厅",
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"site_code": list("ABCD"), "site_name": [HOSTILE, "乙", "丙", "丁"],
         "activity": ["光伏", "公路", "输水管线", "公路"], "accuracy_m": 1.0},
        geometry=[
            square(200, 200, 200), Point(E + 1300, N), LineString([(E, N + 600), (E + 900, N + 600)]),
            MultiPoint([(E + 1200, N + 100), (E + 1250, N + 100)]),
        ],
        crs=4549,
    )  # fmt: skip
    screening = screen_sites(sites, zones, on="2026-11-22")
    return screening_layers(screening, zones=zones)


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name on the map, as where sites and zones are many."""
    monkeypatch.setattr(screening_drawn, "_MAX_NAMES", 0)


def block(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)
    return None if found is None else json.loads(found[1])


def told(data: Any, number: int) -> str:
    stored = data["texts"][number]
    return stored if isinstance(stored, str) else "".join(told(data, each) for each in stored)


def test_a_small_map_has_no_second_block(nameless: None) -> None:
    page = render_page(drawn())
    assert block(page, "many") is None and "many" not in re.findall(r'id="(\w+)"', page)


def test_names_on_the_map_and_rare_geometries_stay_where_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(many, "_MANY", 0)
    layers = drawn()
    rest, data = many.parted(layers)
    left = [feature for layer in rest.layers for feature in layer.features]
    out = {feature[0] for layer in data["layers"] for feature in layer["features"]}
    assert {one.key for one in left if not one.label} == {"site-3-outline"}
    assert {one.geometry["type"] for one in left if not one.label} == {"MultiPoint"}
    assert out == {"site-0-outline", "site-2-outline"}
    assert [layer.key for layer in rest.layers] == [layer.key for layer in layers.layers]


def test_each_text_is_stored_once_and_a_sign_shares_the_popup_of_its_outline(
    nameless: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "_MANY", 0)
    layers = drawn()
    page = render_page(layers)
    data = block(page, "many")
    texts = [stored for stored in data["texts"] if isinstance(stored, str)]
    assert len(texts) == len(set(texts))
    by_key = {feature[0]: feature for layer in data["layers"] for feature in layer["features"]}
    assert by_key["site-0"][4] == by_key["site-0-outline"][4]
    assert len(data["popups"]) == 5  # four sites and the zone
    popup = data["popups"][by_key["site-0"][4]]
    assert told(data, popup[0]) == HOSTILE
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    policy = page.split('content="', 1)[1].split('"', 1)[0]
    assert len(scripts) == 4 and inline.content_hash(scripts[3]) in policy
    assert page.count("<script>alert") == 0


@given(st.text("甲a1 ，；：、。（“\n,;:(", max_size=60))
def test_a_text_is_put_together_again_as_it_was(text: str) -> None:
    store = many._Store()
    number = store._text(text)
    data = store.data([])
    assert told(data, number) == text and store._text(text) == number


def test_the_outline_of_a_site_tells_the_same_as_its_sign_in_a_notebook_too() -> None:
    layers = drawn()
    said, numbers = notebook._texts(layers)
    assert len(said) == 5
    for layer in layers.layers:
        keys = {
            feature.key: at for feature, at in zip(layer.features, numbers[layer.key], strict=True)
        }
        if "site-0" in keys:
            assert keys["site-0"] == keys["site-0-outline"]
            assert said[keys["site-0"]]["popup"]["title"] == HOSTILE


#: The text of every popup by key of the feature.
POPUPS = """() => Object.fromEntries(Object.entries(ChaoyangMap.features).map(
    ([key, one]) => [key, ChaoyangGeo.popup(one.data.popup).outerHTML +
                          ChaoyangGeo.tooltip(one.data).outerHTML]))"""
#: Where on the screen the middle of a feature is.
SPOT = """key => {
    const map = ChaoyangMap.map, frame = map.getContainer().getBoundingClientRect();
    const at = map.latLngToContainerPoint(ChaoyangMap.features[key].drawn.getBounds().getCenter());
    return [frame.left + at.x, frame.top + at.y];
}"""


def test_the_canvas_page_says_what_the_ordinary_one_does_and_can_be_clicked(
    nameless: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    layers = drawn()
    plain = write_map(layers, tmp_path / "plain.html")
    monkeypatch.setattr(many, "_MANY", 0)
    path = write_map(layers, tmp_path / "many.html")
    with chromium() as browser:
        with opened(browser, plain) as found:
            found.page.wait_for_selector("html[data-ready=yes]", state="attached")
            wanted = found.page.evaluate(POPUPS)
        with opened(browser, path) as found:
            page = found.page
            page.wait_for_selector("html[data-many=yes]", state="attached")
            assert len(wanted) == 8 and page.evaluate(POPUPS) == wanted
            assert page.locator("canvas").count() == 2 and page.locator("path.cg-zone").count() == 0

            def click(key: str) -> str:
                page.mouse.click(*page.evaluate(SPOT, key))
                return page.locator(".leaflet-popup h3").inner_text()

            def close() -> None:
                page.evaluate("ChaoyangMap.map.closePopup(); ChaoyangMap.home()")
                page.wait_for_selector(".leaflet-popup", state="detached")

            assert click("site-1") == "乙"
            close()
            assert click("site-2") == "丙"  # the sign of a line that lies over the zone
            close()
            for switch in page.locator("input[data-layer^=sites]").all():
                switch.uncheck()
            page.mouse.click(*page.evaluate(SPOT, "site-2"))
            assert page.locator(".leaflet-popup h3").inner_text() == HOSTILE
            assert page.locator(".leaflet-popup .cg-table td").first.inner_text() == HOSTILE
            close()
            for switch in page.locator("input[data-layer^=sites]").all():
                switch.check()
            page.mouse.move(*page.evaluate(SPOT, "site-1"))
            assert page.locator(".cg-tooltip b").inner_text() == "乙"
            page.locator(".cg-listing .cg-link").first.click()
            page.wait_for_selector(".leaflet-popup .cg-popup-body")
            assert page.locator(".leaflet-popup h3").inner_text() == HOSTILE
            assert found.errors == [] and found.requests == [path.as_uri()]


def two_kinds() -> MapLayers:
    """Return a map of two zones that overlap, one too small to see, and a site within a county."""
    shapes = {
        "红线": [square(0, 0, 2000), square(3500, 3500, 5)],
        "自然保护地": [square(1000, 0, 2000)],
    }
    zones = pd.concat(
        [
            read_zones(
                gpd.GeoDataFrame({"名称": [kind] * len(parts)}, geometry=parts, crs=4549),
                kind=kind, grade="核心保护区", version="2023", version_date="2023-09-28",
            )
            for kind, parts in shapes.items()
        ],
        ignore_index=True,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"site_code": ["A"], "site_name": ["某县"], "activity": ["公路"],
         "place_quality": ["approximate"]},
        geometry=[square(-3000, -3000, 9000)], crs=4549,
    )  # fmt: skip
    layers = screening_layers(screen_sites(sites, zones, on="2026-11-22"), zones=zones)
    assert [layer.key for layer in layers.layers if layer.role == "zone"] == ["zones-0", "zones-1"]
    return layers


#: What is drawn on the canvas of the zones, the lowest first.
ORDER = """() => {
    const keys = new Map(Object.entries(ChaoyangMap.features).map(([key, one]) => [one.data.path, key]));
    const found = [];
    let one = ChaoyangMap.features['zone-0'].data.path._renderer._drawFirst;
    for (; one; one = one.next) { found.push(keys.get(one.layer)); }
    return found;
}"""
#: How much ink there is at a feature.
INK = """key => {
    const map = ChaoyangMap.map, at = ChaoyangMap.features[key].drawn.getBounds().getCenter();
    const canvas = map.getPane('cg-zone').querySelector('canvas');
    const frame = canvas.getBoundingClientRect(), box = map.getContainer().getBoundingClientRect();
    const spot = map.latLngToContainerPoint(at), fine = canvas.width / frame.width;
    const x = (spot.x + box.left - frame.left) * fine, y = (spot.y + box.top - frame.top) * fine;
    return canvas.getContext('2d').getImageData(x - 1, y - 1, 3, 3).data.some(one => one > 0);
}"""

#: How wide a feature is, in pixels.
SIZE = """key => ChaoyangMap.features[key].data.path._rawPxBounds.getSize().x"""
#: The pointer comes and is gone at once.
LEAVE = """([x, y]) => {
    const frame = ChaoyangMap.map.getContainer();
    frame.dispatchEvent(new MouseEvent('mousemove', { clientX: x, clientY: y }));
    frame.dispatchEvent(new MouseEvent('mouseleave'));
}"""


def test_what_lies_over_what_is_as_on_the_ordinary_page(
    nameless: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(many, "_MANY", 0)
    path = write_map(two_kinds(), tmp_path / "many.html")
    with chromium() as browser, opened(browser, path) as found:
        page = found.page
        page.wait_for_selector("html[data-many=yes]", state="attached")
        page.wait_for_timeout(100)
        before = page.evaluate(ORDER)
        assert len(before) == 3
        small = min(before, key=lambda key: page.evaluate(SIZE, key))
        assert page.evaluate(INK, small), "a zone of less than a pixel is a dot"
        # the zones lie over the county that stands for the site, so a click is theirs
        page.mouse.click(*page.evaluate(SPOT, before[-1]))
        assert page.locator(".leaflet-popup h3").inner_text() in ("红线", "自然保护地")
        page.evaluate("ChaoyangMap.map.closePopup()")
        for key in ("zones-0", "zones-1"):
            switch = page.locator(f"input[data-layer={key}]")
            switch.uncheck()
            switch.check()
            page.wait_for_timeout(100)
            assert page.evaluate(ORDER) == before
        # the pointer leaves before its tooltip is due
        page.evaluate(LEAVE, page.evaluate(SPOT, before[-1]))
        page.wait_for_timeout(100)
        assert page.locator(".cg-upper").count() == 0
        assert found.errors == []


def test_a_role_that_is_all_switched_off_is_printed_without_an_error(
    nameless: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(many, "_MANY", 0)
    layers = two_kinds()
    hidden = tuple(replace(layer, visible=False) for layer in layers.layers)
    path = write_map(replace(layers, layers=hidden), tmp_path / "many.html")
    with chromium() as browser, opened(browser, path) as found:
        found.page.wait_for_selector("html[data-many=yes]", state="attached")
        found.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert found.errors == []
