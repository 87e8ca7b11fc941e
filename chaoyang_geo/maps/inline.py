"""What goes inside a map file: Leaflet from its package, the page's own parts, and one safe write.

Leaflet 1.9.4 (BSD-2-Clause) comes from the PyPI package ``django-js-lib-leaflet``, of which only
the static files are read.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import re
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from chaoyang_geo.files import replacing

LEAFLET_VERSION = "1.9.4"
_DISTRIBUTION = "django-js-lib-leaflet"
_INSTALL = 'pip install "chaoyang_geo[maps]"'


def need(module: str, purpose: str) -> None:
    """Raise ``ImportError`` with the install line when a module of the extra is missing."""
    if importlib.util.find_spec(module) is None:
        raise ImportError(f"{purpose} needs {module}, which is not installed: {_INSTALL}")


def page_file(name: str) -> str:
    """Return the text of one of the page's own files."""
    return resources.files("chaoyang_geo.maps").joinpath("page", name).read_text("utf-8")


@cache
def _leaflet_bytes(name: str) -> bytes:
    need("js_lib_leaflet", "drawing a map")
    return resources.files("js_lib_leaflet").joinpath("static", "js_lib_leaflet", name).read_bytes()


def leaflet_js() -> str:
    """Return Leaflet's script, without the pointer to its source map."""
    text = _leaflet_bytes("leaflet.js").decode("utf-8")
    return re.sub(r"\s*//# sourceMappingURL=\S*\s*$", "\n", text)


def leaflet_css() -> str:
    """Return Leaflet's style sheet with its pictures inside it."""
    text = _leaflet_bytes("leaflet.css").decode("utf-8").replace("\r\n", "\n")
    text = re.sub(r"\s*behavior:\s*url\(#default#VML\);", "", text)
    return re.sub(r"url\((images/[\w.-]+)\)", lambda found: f"url({_picture(found[1])})", text)


def leaflet_icon_options() -> str:
    """Return the options of Leaflet's default marker as JSON, with its pictures inside."""
    pictures = {
        "iconUrl": "images/marker-icon.png",
        "iconRetinaUrl": "images/marker-icon-2x.png",
        "shadowUrl": "images/marker-shadow.png",
    }
    return json.dumps({key: _picture(name) for key, name in pictures.items()}, indent=1)


def leaflet_licence() -> str:
    """Return Leaflet's licence text, which every copy of it must carry."""
    need("js_lib_leaflet", "drawing a map")
    files = metadata.files(_DISTRIBUTION) or []
    for file in files:
        if file.name.upper().startswith("LICENSE"):
            return file.read_text("utf-8").replace("\r\n", "\n").replace("--", "- -")
    return "BSD-2-Clause, (c) 2010-2024 Volodymyr Agafonkin, (c) 2010-2011 CloudMade\n"


def _picture(name: str) -> str:
    return "data:image/png;base64," + base64.b64encode(_leaflet_bytes(name)).decode("ascii")


def safe_json(data: Any) -> str:
    """Write JSON that can stand inside a script element: no ``<``, no line separators.

    Examples
    --------
    >>> from chaoyang_geo.maps.inline import safe_json
    >>> print(safe_json({"name": "</script>"}))
    {"name":"\\u003c/script>"}
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def safe_script(text: str) -> str:
    """Return a script of the library's own so that it cannot end its script element early."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def content_hash(text: str) -> str:
    """Return the source expression of a Content-Security-Policy for an inline text."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a file whole or not at all: an interrupted write leaves the old file.

    Missing parent folders are made.

    Raises
    ------
    ValueError
        ``path`` is a folder, a device or a pipe.
    """
    with replacing(Path(path)) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)
