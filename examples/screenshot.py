"""Photograph a map file with headless Chromium, without network.

    python examples/screenshot.py maps/chaoyang.html maps/chaoyang.png

Needs playwright (``pip install playwright``) and a Chromium on this computer; ``--browser`` or
the environment variable CHAOYANG_GEO_BROWSER names it when it is not found by itself.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")


def find_browser(given: str | None = None) -> str | None:
    """Return the path of a Chromium: the given one, the environment's, or one on the path."""
    for candidate in (given, os.environ.get("CHAOYANG_GEO_BROWSER"), *NAMES):
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    return None


def photograph(
    html: Path,
    png: Path,
    *,
    browser: str,
    width: int = 1600,
    height: int = 1000,
    click: str | None = None,
    zoom: float | None = None,
    full_page: bool = False,
) -> None:
    """Open ``html`` with networking off and write what it shows to ``png``.

    ``click`` is the code of a control unit whose popup is opened first; ``zoom`` a zoom level.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.context.set_offline(True)
        page.goto(html.resolve().as_uri())
        page.wait_for_selector("html[data-ready=yes]", state="attached")
        if zoom is not None:
            page.evaluate("z => window.ChaoyangMap.map.setZoom(z, {animate: false})", zoom)
        if click is not None:
            page.locator(f'[data-unit="{click}"]').click()
        page.wait_for_timeout(600)
        png.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=png, full_page=full_page)
        chromium.close()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("html", type=Path)
    parser.add_argument("png", type=Path)
    parser.add_argument("--browser")
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument("--click", help="code of a control unit whose popup is opened first")
    parser.add_argument("--zoom", type=float)
    parser.add_argument("--full-page", action="store_true")
    given = parser.parse_args()
    browser = find_browser(given.browser)
    if browser is None:
        sys.stderr.write("no Chromium found; name one with --browser or CHAOYANG_GEO_BROWSER\n")
        return 2
    if not given.html.is_file():
        sys.stderr.write(f"{given.html} is not there; draw it first\n")
        return 2
    photograph(
        given.html,
        given.png,
        browser=browser,
        width=given.width,
        height=given.height,
        click=given.click,
        zoom=given.zoom,
        full_page=given.full_page,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
