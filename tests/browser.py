"""A headless Chromium without network, for the tests that open maps.

Found by the environment variable CHAOYANG_GEO_BROWSER, on the path, or as playwright's own. When
there is none the tests are skipped and say so; with CHAOYANG_GEO_REQUIRE_BROWSER=1 they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def absent(reason: str) -> NoReturn:
    """Skip the test, or fail it where a browser is required."""
    if os.environ.get("CHAOYANG_GEO_REQUIRE_BROWSER") == "1":
        pytest.fail(f"CHAOYANG_GEO_REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(reason)


def chromium_path() -> str | None:
    """Return the path of an installed Chromium, or ``None``."""
    for name in (os.environ.get("CHAOYANG_GEO_BROWSER"), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    return None


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium; skip or fail when there is none."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        absent("playwright is not installed: pip install playwright")
    with sync_playwright() as play:
        path = chromium_path() or play.chromium.executable_path
        if not Path(path).exists():
            absent("no Chromium was found; install one, or name it in CHAOYANG_GEO_BROWSER")
        try:
            browser = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        except Error as problem:
            absent(f"Chromium at {path} did not start: {str(problem).splitlines()[0]}")
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page and all that it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1600, height: int = 1000, offline: bool = True
) -> Iterator[Opened]:
    """Open a file, with networking off, and record requests, errors and dialogs."""
    context = browser.new_context(viewport={"width": width, "height": height}, offline=offline)
    found = Opened(context.new_page())
    page = found.page
    page.set_default_timeout(10_000)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("requestfailed", lambda request: found.failed.append(request.url))
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            found.errors.append(message.text) if message.type in ("error", "warning") else None
        ),
    )

    def dialog(one: object) -> None:
        found.errors.append("a dialog was opened: data ran as script")
        one.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", dialog)
    try:
        page.goto(path.resolve().as_uri())
        yield found
    finally:
        context.close()
