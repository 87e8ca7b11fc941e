"""The layer in depth that a sample was taken from: 表层, 底层, 0.5 m."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from chaoyang_geo.readings.header import Words

_WORD = r"[表中底上下]层(?:水样?|水体|样)?"
_LINE = "[左中右](?:岸|侧|线|垂线)?|中泓线?"
_LAYER = re.compile(rf"(?:{_WORD}|[表底]|surface|middle|bottom|{_LINE})", re.IGNORECASE)
# 总磷(表层), 表层总磷, 总磷-表层; 地表层 is no layer of water
_WITHIN = re.compile(
    rf"[-_/]?[(（\[【]\s*(?P<a>{_WORD})\s*[)）\]】]|(?<!地)(?P<b>{_WORD})[-_/:：]?"
)
_TITLE = re.compile(r"(?<!地)([表中底]层)(?=水|样)")
_SHORT = {
    **{"表": "表层", "表层": "表层", "surface": "表层", "中": "中层", "中层": "中层", "middle": "中层"},
    **{"底": "底层", "底层": "底层", "bottom": "底层", "mid": "中层", "上层": "上层", "下层": "下层"},
}  # fmt: skip
_DEPTH = re.compile(
    r"(?:水下|水面下|距水面)?(\d+(?:\.\d+)?(?:[-~]\d+(?:\.\d+)?)?)(m|cm|米|厘米)?(?:处|深)?"
)
_NONE = re.compile(r"[-—–/\\\s]*|无")


def is_layer(text: str) -> bool:
    """Tell the name of a layer from other words of a header."""
    return _LAYER.fullmatch(text.strip()) is not None


def layer_of(text: str) -> str:
    """Return a layer in one way of writing; what is no such word stays as it is.

    Examples
    --------
    >>> from chaoyang_geo.readings.layers import layer_of
    >>> [layer_of(text) for text in ("表", "底层水样", "水面下0.5m", "/")]
    ['表层', '底层', '水面下0.5m', '']
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NONE.fullmatch(plain):
        return ""
    bare = re.sub(r"(?:水样?|水体|样)$", "", plain).lower()
    return _SHORT.get(bare, plain)


def line_of(text: str) -> str:
    """Return the vertical of a cross-section, 左 as 左线; '' where none is stated."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NONE.fullmatch(plain):
        return ""
    return f"{plain}线" if plain in ("左", "中", "右") else plain


def depth_of(text: str, unit: str) -> str:
    """Return a depth with its unit, in metres where it is known.

    Examples
    --------
    >>> from chaoyang_geo.readings.layers import depth_of
    >>> [depth_of(text, "m") for text in ("0.5", "50cm", "0~0.5", "表层", "-")]
    ['0.5 m', '0.5 m', '0-0.5 m', '表层', '']
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NONE.fullmatch(plain):
        return ""
    found = _DEPTH.fullmatch(re.sub(r"\s", "", plain).lower())
    if found is None:
        return layer_of(plain)
    said = found[2] or unicodedata.normalize("NFKC", unit).strip().lower()
    numbers = re.split("[-~]", found[1])
    if said in ("cm", "厘米"):
        numbers = [f"{float(number) / 100:.12g}" for number in numbers]
    return "-".join(numbers) + (" m" if said in ("m", "米", "cm", "厘米") else "")


def without_layer(texts: Sequence[str], words: Words) -> tuple[list[str], str]:
    """Part the texts over one column into what says the item and the layer: 总磷(表层)."""
    plain, layer = [], ""
    for text in texts:
        if is_layer(text):
            plain_text = text.strip()
            # 中 stands between 表 and 底, or between 左 and 右: it is kept as it is
            layer = layer or (plain_text if plain_text == "中" else layer_of(plain_text))
            continue
        found = _WITHIN.search(text)
        rest = text[: found.start()] + text[found.end() :] if found else ""
        if found and words.understand(rest).role == "reading":
            layer = layer or layer_of(found["a"] or found["b"])
            is_mapped = words.understand(text).note.startswith("按 columns=")
            text = text if is_mapped else rest
        plain.append(text)
    return plain, layer


def layer_in_header(header: str) -> tuple[str, str]:
    """Part the header of a column that names no item: 章吉营 表层."""
    found = _WITHIN.search(header)
    if found is None:
        return header, ""
    rest = " ".join((header[: found.start()] + header[found.end() :]).split())
    return rest, layer_of(found["a"] or found["b"])


def layer_in_title(text: str) -> str:
    """Return the layer that a title speaks of: 水库表层水质监测结果."""
    found = set(_TITLE.findall(text))
    return found.pop() if len(found) == 1 else ""


def joined_layer(parts: Sequence[str]) -> str:
    """Join what columns, rows and what stands around the table say of the layer."""
    return " ".join(dict.fromkeys(part for part in parts if part))
