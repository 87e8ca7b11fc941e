"""The map files opened in a real browser, without network."""

from __future__ import annotations

import http.server
import json
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
from shapely import GeometryCollection, LineString, MultiPoint, Point

from chaoyang_geo import classify, classify_items, load_plan
from chaoyang_geo.maps.layers import MapLayers, map_layers
from chaoyang_geo.maps.notebook import folium_map
from chaoyang_geo.maps.viewer import write_map
from chaoyang_geo.maps.words import has_chinese

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium, opened
from paper_plan import PAYLOADS, assessments, items, paper_plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

READY = "html[data-ready=yes]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def chaoyang() -> Any:
    plan = load_plan("chaoyang")
    classes = classify(plan.readings, plan.sections)
    return plan, classes, classify_items(plan.readings, plan.sections)


@pytest.fixture(scope="module")
def map_file(chaoyang: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan, classes, measured = chaoyang
    path = tmp_path_factory.mktemp("zh") / "chaoyang.html"
    return write_map(map_layers(plan, classes, items=measured), path)


def ready(page: Page) -> None:
    page.wait_for_selector(READY, state="attached")


def click_feature(page: Page, key: str) -> str:
    """Click a feature where nothing lies over it, and return the text of its popup."""
    spot = page.evaluate(
        """key => {
            const one = window.ChaoyangMap.features[key], map = window.ChaoyangMap.map;
            const frame = map.getContainer().getBoundingClientRect();
            const centre = one.drawn.getBounds().getCenter();
            const places = one.data.at.map(at => L.latLng(at[1], at[0])).concat([centre]);
            const spots = places.map(place => {
                const point = map.latLngToContainerPoint(place);
                return [frame.left + point.x, frame.top + point.y];
            });
            return spots.find(spot => {
                const hit = document.elementFromPoint(spot[0], spot[1]);
                return hit && hit.getAttribute('data-key') === key;
            });
        }""",
        key,
    )
    assert spot is not None, f"{key} lies under something everywhere"
    page.mouse.click(*spot)
    page.wait_for_selector(".leaflet-popup .cg-popup-body")
    text = page.locator(".leaflet-popup .cg-popup-body").inner_text()
    page.evaluate("window.ChaoyangMap.map.closePopup(); window.ChaoyangMap.home()")
    page.wait_for_selector(".leaflet-popup", state="detached")
    return text


def test_opens_offline_and_asks_for_nothing(browser: Browser, map_file: Path) -> None:
    assert map_file.stat().st_size < 1_000_000
    with opened(browser, map_file) as found:
        ready(found.page)
        found.page.wait_for_timeout(300)
        assert found.requests == [map_file.as_uri()]
        assert found.failed == []
        assert found.errors == []


def test_thirteen_units_can_be_clicked(browser: Browser, map_file: Path) -> None:
    with opened(browser, map_file) as found:
        ready(found.page)
        units = found.page.locator("path.cg-unit.leaflet-interactive")
        keys = [units.nth(number).get_attribute("data-key") for number in range(units.count())]
        assert keys == [f"CY{number:02d}" for number in range(1, 14)]
        names = {str(key): click_feature(found.page, str(key)).split("\n")[0] for key in keys}
        assert names["CY09"].startswith("王家沟")
        assert names["CY10"].startswith("东山根、松岭门")
        assert len(set(names.values())) == 13
        assert found.errors == []


def test_popup_says_why(browser: Browser, map_file: Path, chaoyang: Any) -> None:
    _, classes, _ = chaoyang
    row = classes.set_index("section_code").loc["CYS09"]
    with opened(browser, map_file) as found:
        ready(found.page)
        text = click_feature(found.page, "CY09")
        assert f"{row['class']}类" in text
        assert row["why_zh"] in text
        assert "2026-08-21 20:00" in text and row["source"] in text
        assert re.search(r"总磷\s+0\.025 mg/L\s+Ⅱ类\s+≤ 0\.1", text)
        assert "组成乡镇" in text
        unread = click_feature(found.page, "CY10")
        assert "无监测数据" in unread and "没有数据不等于水质好" in unread


def test_labels_do_not_overlap(browser: Browser, map_file: Path) -> None:
    with opened(browser, map_file) as found:
        ready(found.page)
        for step in (0, 1, 2):
            found.page.evaluate(
                "step => { const m = window.ChaoyangMap.map; window.ChaoyangMap.home();"
                "m.setZoom(m.getZoom() + step, {animate: false}); }",
                step,
            )
            # Turned names have larger boxes than letters; level ones must keep clear.
            boxes = found.page.evaluate(
                """() => [...document.querySelectorAll('.cg-label:not(.cg-off)')]
                    .filter(node => !node.className.includes('river'))
                    .map(node => { const b = node.getBoundingClientRect();
                        return [b.left, b.top, b.right, b.bottom, node.innerText]; })"""
            )
            assert len(boxes) > 13
            for number, one in enumerate(boxes):
                for other in boxes[:number]:
                    apart = (
                        one[2] <= other[0]
                        or other[2] <= one[0]
                        or one[3] <= other[1]
                        or other[3] <= one[1]
                    )
                    assert apart, (one, other)
        first = found.page.locator(".cg-label-unit:not(.cg-off)")
        assert first.count() == 13


def test_layer_list_switches_layers(browser: Browser, map_file: Path) -> None:
    with opened(browser, map_file) as found:
        ready(found.page)
        assert found.page.locator("path.cg-river").count() > 5
        found.page.locator("input[data-layer=rivers]").uncheck()
        assert found.page.locator("path.cg-river").count() == 0
        assert found.page.locator(".cg-label-river:not(.cg-off)").count() == 0
        found.page.locator("input[data-layer=rivers]").check()
        assert found.page.locator("path.cg-river").count() > 5


def test_list_leads_to_the_unit(browser: Browser, map_file: Path) -> None:
    with opened(browser, map_file) as found:
        ready(found.page)
        found.page.locator("[data-unit=CY13]").click()
        found.page.wait_for_selector(".leaflet-popup .cg-popup-body")
        assert found.page.locator(".cg-popup-body h3").inner_text() == "虎头石"


def test_several_points_and_mixed_shapes_of_one_row_are_drawn(
    browser: Browser, tmp_path: Path
) -> None:
    points = MultiPoint([(120.05, 41.08), (120.1, 41.08)])
    mixed = GeometryCollection(
        [Point(120.15, 41.08), LineString([(120.16, 41.08), (120.19, 41.08)])]
    )
    rows = gpd.GeoDataFrame({"n": ["几个点", "点和线"]}, geometry=[points, mixed], crs="EPSG:4490")
    layers = map_layers(paper_plan()).add(rows, name="我的", name_column="n")
    with opened(browser, write_map(layers, tmp_path / "map.html")) as found:
        ready(found.page)
        assert found.page.locator("path.cg-own").count() == 4
        found.page.locator("path.cg-own").nth(1).click()
        assert found.page.locator(".cg-popup-body h3").inner_text() == "几个点"
        assert found.errors == []


def test_keyboard_opens_a_popup(browser: Browser, map_file: Path) -> None:
    with opened(browser, map_file) as found:
        ready(found.page)
        found.page.locator("path.cg-unit[data-key=CY06]").focus()
        found.page.keyboard.press("Enter")
        assert found.page.locator(".cg-popup-body h3").inner_text() == "章吉营"


def test_hover_shows_the_name(browser: Browser, map_file: Path) -> None:
    with opened(browser, map_file) as found:
        ready(found.page)
        found.page.locator("path.cg-section[data-key=CYS09]").hover()
        assert found.page.locator(".cg-tooltip").inner_text().startswith("王家沟")


def test_fits_a_phone(browser: Browser, map_file: Path) -> None:
    with opened(browser, map_file, width=390, height=844) as found:
        ready(found.page)
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 390
        popup = click_feature(found.page, "CY11")
        assert popup.startswith("大北海")


def test_english_map_speaks_english(browser: Browser, chaoyang: Any, tmp_path: Path) -> None:
    plan, classes, measured = chaoyang
    path = write_map(map_layers(plan, classes, items=measured, lang="en"), tmp_path / "en.html")
    with opened(browser, path) as found:
        ready(found.page)
        page = found.page
        places = ["#panel", "#head h1", ".cg-notes", "#map .leaflet-control-container"]
        for place in places:
            for text in page.locator(place).all_inner_texts():
                # The only Chinese left is names: the credit of a source stands as it is printed.
                assert not has_chinese(text.replace("贡献者", "")), text
        for key in ("CY05", "CY09", "CY10"):
            text = click_feature(page, key)
            assert not has_chinese(text), text
        labels = page.locator(".cg-label-unit .cg-label-more").all_inner_texts()
        assert set(labels) == {"Class II", "no readings"}
        assert page.evaluate("document.documentElement.lang") == "en"


def dangerous(payload: str) -> MapLayers:
    plan = paper_plan()
    units = plan.units.assign(unit_name=payload, water_body=payload)
    sections = plan.sections.assign(section_name=payload)
    bad = plan.but(units=units, sections=sections)
    table = assessments(section_name=payload, why_zh=payload, source=payload)
    layers = map_layers(bad, table, items=items().assign(reading_flag=payload), title=payload)
    sites = gpd.GeoDataFrame({payload: [payload]}, geometry=[Point(120.05, 41.08)], crs="EPSG:4490")
    return layers.add(sites, name=payload, group=payload, name_column=payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_is_shown_as_text(browser: Browser, tmp_path: Path, payload: str) -> None:
    path = write_map(dangerous(payload), tmp_path / "map.html")
    with opened(browser, path) as found:
        ready(found.page)
        assert click_feature(found.page, "U1").count(payload) >= 3
        assert payload in click_feature(found.page, "own-1-1")
        assert payload in found.page.locator("#panel").inner_text()
        assert found.page.title() == payload
        assert found.page.locator(".cg-label-name").first.inner_text() == payload
        found.page.wait_for_timeout(100)
        assert found.errors == [] and found.requests == [path.as_uri()]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_folium_shows_payload_as_text(browser: Browser, tmp_path: Path, payload: str) -> None:
    path = folium_map(dangerous(payload)).save(tmp_path / "map.html")
    with opened(browser, path) as found:
        page = found.page
        page.wait_for_selector("path.leaflet-interactive")
        page.wait_for_timeout(200)
        page.locator(".leaflet-cg-own-pane path").hover()
        assert payload in page.locator(".cg-tooltip").inner_text()
        page.locator(".leaflet-cg-own-pane path").click()
        assert payload in page.locator(".cg-popup-body").inner_text()
        assert payload in (page.locator(".leaflet-control-layers-list").text_content() or "")
        assert found.errors == [] and found.requests == [path.as_uri()]


def test_folium_map_with_an_own_popup(browser: Browser, tmp_path: Path) -> None:
    folium = pytest.importorskip("folium")
    drawn = folium_map(map_layers(paper_plan(), assessments()))
    folium.Marker([41.09, 120.19], popup="我的点", tooltip="点").add_to(drawn)
    path = drawn.save(tmp_path / "map.html")
    with opened(browser, path) as found:
        page, popup = found.page, found.page.locator(".leaflet-popup-content")
        for _ in range(5):  # a click while the map still moves meets nothing
            page.wait_for_timeout(200)
            page.locator(".leaflet-marker-icon").click()
            page.wait_for_timeout(500)
            if popup.count():
                break
        assert "我的点" in popup.inner_text()
        assert found.errors == [] and found.requests == [path.as_uri()]


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """Listen on this computer: the address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()


# Addresses that no reader of the page can find, because scripts put them together.
LEAKS = """
  var far = FAR.join('');
  new Image().src = far + 'image.png';
  fetch(far + 'fetch').catch(function () {});
  navigator.sendBeacon(far + 'beacon');
  function add(tag, more) {
    document.documentElement.appendChild(Object.assign(document.createElement(tag), more));
  }
  add('div', {innerHTML: '<img src="' + far + 'markup.png"><iframe src="' + far + 'frame">' +
    '</iframe><p style="background:url(' + far + 'style.png)">a</p>'});
  add('script', {src: far + 'script.js'});
  ['stylesheet', 'prefetch', 'icon'].forEach(function (rel) {
    add('link', {rel: rel, href: far + rel});
  });
"""


@pytest.mark.parametrize("guarded", [True, False])
def test_folium_page_lets_nothing_out(
    browser: Browser, tmp_path: Path, listener: tuple[str, list[str]], guarded: bool
) -> None:
    folium = pytest.importorskip("folium")
    address, asked = listener
    drawn = folium_map(map_layers(paper_plan(), assessments()))
    inner = f'<b>内页</b><img src="{address}inner.png">'
    frame = folium.Popup(folium.IFrame(inner, width=200, height=80))
    folium.Marker([41.09, 120.19], popup=frame).add_to(drawn)
    leaks = LEAKS.replace("FAR", json.dumps(list(address)))
    drawn.get_root().header.add_child(folium.Element(f"<script>{leaks}</script>"))
    path = drawn.save(tmp_path / "map.html")
    if not guarded:  # the same page without its policy proves that the leaks are real ones
        page = path.read_text("utf-8")
        path.write_text(re.sub('<meta http-equiv="Content-Security[^>]*>', "", page), "utf-8")
    with opened(browser, path, offline=False) as found:
        found.page.locator(".leaflet-marker-icon").click()
        inside = found.page.frame_locator(".leaflet-popup-content iframe")
        assert inside.locator("b").inner_text() == "内页"
        found.page.wait_for_timeout(500)
    if guarded:
        assert asked == []
    else:
        assert {"/image.png", "/fetch", "/markup.png", "/frame", "/inner.png"} <= set(asked)


def test_folium_map_in_a_notebook_cell(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "cell.html"
    drawn = folium_map(map_layers(paper_plan(), assessments()))
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{drawn._repr_html_()}", "utf-8")
    with opened(browser, path) as found:
        frame = found.page.frame_locator("iframe")
        frame.locator("path.leaflet-interactive").first.wait_for()
        assert frame.locator(".cg-label-unit").count() == 2
        assert found.errors == []
        assert [url for url in found.requests if not url.startswith(("file:", "about:"))] == []
