"""What is written on a cell and not in it: comments, and a line drawn through the text."""

from __future__ import annotations

import re
import zipfile
from html import unescape
from posixpath import join, normpath

from chaoyang_geo.readings.cells import Place
from chaoyang_geo.readings.limits import comment

_MOST_BYTES = 16 << 20
_COMMENT = re.compile(
    r"<(?:\w+:)?comment\b[^>]*?\bref=\"([A-Z]{1,3})(\d{1,7})\"[^>]*>(.*?)</(?:\w+:)?comment>",
    re.DOTALL,
)
_TEXT = re.compile(r"<(?:\w+:)?t\b[^>]*>([^<]*)</(?:\w+:)?t>")


def comments_of(archive: zipfile.ZipFile, sheet: str) -> dict[Place, str]:
    """Return the comments on the cells of a sheet of a workbook, by place."""
    found: dict[Place, str] = {}
    for part in comment_parts(archive, sheet):
        content = _read(archive, part).decode("utf-8", "replace")
        for letters, row, inner in _COMMENT.findall(content):
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            if words := comment(unescape("".join(_TEXT.findall(inner)))):
                found[int(row) - 1, column - 1] = words
    return found


def comment_parts(archive: zipfile.ZipFile, sheet: str) -> list[str]:
    """Return the parts that hold the comments of a sheet and are not too large to be read."""
    folder, _, name = sheet.rpartition("/")
    try:
        links = _read(archive, f"{folder}/_rels/{name}.rels").decode("utf-8", "replace")
    except KeyError:
        return []
    parts = []
    for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        given = dict(re.findall(r'(\w+)="([^"]*)"', link))
        if given.get("Type", "").endswith("/comments"):
            target = given.get("Target", "")
            parts.append(
                target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))
            )
    there = {part.filename: part.file_size for part in archive.infolist()}
    return [part for part in parts if there.get(part, _MOST_BYTES + 1) <= _MOST_BYTES]


def struck_styles(styles: bytes) -> set[int]:
    """Return the numbers of the styles whose text is crossed out."""
    fonts = re.search(rb"<(?:\w+:)?fonts\b.*?</(?:\w+:)?fonts>", styles, re.DOTALL)
    cells = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    if fonts is None or cells is None or b"strike" not in fonts[0]:
        return set()
    inner = re.findall(rb"<(?:\w+:)?font\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?font>)", fonts[0], re.DOTALL)
    struck = {
        str(number).encode()
        for number, font in enumerate(inner)
        if re.search(rb'<(?:\w+:)?strike\b(?!\s*val="(?:0|false)")', font)
    }
    tags = re.findall(rb"<(?:\w+:)?xf\b[^>]*>", cells[0])
    return {
        number
        for number, tag in enumerate(tags)
        if (font := re.search(rb'\bfontId="(\d+)"', tag)) and font[1] in struck
    }


def _read(archive: zipfile.ZipFile, part: str) -> bytes:
    if archive.getinfo(part).file_size > _MOST_BYTES:
        raise KeyError(part)
    return archive.read(part)
