"""What a column means: Chinese and English headers to the names of the vocabulary.

The words lie in ``synonyms.csv`` beside this module. A header that was cut to the ten bytes of a
shapefile, in any kind of file, is understood where only one known word begins so.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from chaoyang_geo.schema import COLUMNS, SchemaError

#: Words of synonyms.csv that are no columns of the vocabulary but say where a row lies.
COORDINATES = (
    "longitude", "latitude", "east_m", "north_m", "coord_x", "coord_y", "coord_pair", "wkt",
    "longitude_minute", "longitude_second", "latitude_minute", "latitude_second",
)  # fmt: skip
IGNORE = "ignore"

# words of datum and unit in a header of coordinates
_DATUM = re.compile(
    r"cgcs2000|wgs-?84|国家2000|2000国家|gcj-?02|bd-?09|火星|百度|高德|腾讯|(?:19)?80西安|西安(?:19)?80"
    r"|xian(?:19)?80|(?:19)?54北京|北京(?:19)?54|beijing(?:19)?54|十进制|度分秒"
    r"|(?<=\()(?:2000|°|m|米)(?=\))"
)


@dataclass(frozen=True)
class Meaning:
    """What a header was taken for: the column's name in the result, and how it was found."""

    header: str
    name: str
    how: str


def fold(header: str) -> str:
    """Fold a header: full width, case, blanks and underscores make no difference."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    return re.sub(r"[\s_\-·:：*]", "", folded)


@cache
def synonyms() -> dict[str, str]:
    """Return the name by folded word."""
    path = resources.files(__package__).joinpath("synonyms.csv")
    found: dict[str, str] = {}
    with path.open("r", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            for word in row["words"].split(";"):
                found[fold(word)] = row["name"]
    for word, name in list(found.items()):
        if name.endswith(("_code", "_name")) and not word.isascii():
            for prefix in ("所属", "所在"):
                found.setdefault(f"{prefix}{word}", name)
    return found


def role_of(header: str) -> str:
    """Return the name that a header stands for, or ''.

    Examples
    --------
    >>> from chaoyang_geo.layers.meaning import role_of
    >>> role_of("断面名称"), role_of("控制单元代码"), role_of("经度（°）"), role_of("备注")
    ('section_name', 'unit_code', 'longitude', '')
    """
    folded = fold(header)
    known = synonyms()
    if folded in known:
        return known[folded]
    # the datum is read off by itself; here it only stands in the way
    bare = re.sub(r"\((?:坐标系?|大地坐标系?)\)|\(\)", "", _DATUM.sub("", folded))
    name = known.get(bare, "")
    return name if name in COORDINATES else ""


def _role_of_cut(header: str, n_bytes: int) -> str:
    """Return the one name whose words begin with a header that fills a shapefile's ten bytes."""
    if n_bytes < 9 or header.isascii():
        return ""
    folded = fold(header)
    if len(folded) < 3:
        return ""
    names = {name for word, name in synonyms().items() if word.startswith(folded)}
    return names.pop() if len(names) == 1 else ""


def _gbk_bytes(header: str) -> int:
    """Return how long a header is in GBK: a file made from a shapefile keeps its cut names."""
    n_bytes = len(header.encode("gbk", "replace"))
    return n_bytes if n_bytes == 10 else 0


def map_columns(
    headers: Sequence[str],
    columns: Mapping[str, str] | None,
    *,
    where: str,
    cut_bytes: Sequence[int] | None = None,
) -> list[Meaning]:
    """Return what each header is taken for; nothing is renamed to a name that is taken.

    Raises
    ------
    SchemaError
        ``columns`` gives one name to two headers.
    """
    overrides = dict(columns or {})
    given = [overrides[h] for h in headers if h in overrides and overrides[h] != IGNORE]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SchemaError(
            f"{where}: columns= gives the name {twice[0]} to more than one column; "
            'leave one of them out with "ignore".'
        )
    taken = {*given, *(h for h in headers if h in COLUMNS and h not in overrides)}
    found: list[Meaning] = []
    for at, header in enumerate(headers):
        if header in overrides:
            found.append(Meaning(header, overrides[header], "columns="))
            continue
        role = role_of(header)
        how = "按含义"
        if not role:
            n_bytes = _gbk_bytes(header) if cut_bytes is None else cut_bytes[at]
            role, how = _role_of_cut(header, n_bytes), "按含义（名称被截断）"
        if header in COLUMNS or not role or role in COORDINATES:
            found.append(Meaning(header, header, ""))
        elif role in taken:
            found.append(Meaning(header, header, f"含义同 {role}，但已有此列"))
        else:
            taken.add(role)
            found.append(Meaning(header, role, how))
    return found


def unused(columns: Mapping[str, str] | None, headers: Iterable[str]) -> list[str]:
    """Return the headers that ``columns`` names and no table has."""
    present = set(headers)
    return [header for header in columns or {} if header not in present]


def unique_names(names: Sequence[str]) -> list[str]:
    """Give a name that stands twice a number, so that every column has its own."""
    found: list[str] = []
    seen = set(names)
    used: set[str] = set()
    for name in names:
        new, number = name, 1
        while new in used or (new != name and new in seen):
            number += 1
            new = f"{name}_{number}"
        used.add(new)
        found.append(new)
    return found
