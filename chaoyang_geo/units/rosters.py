"""Which township of a layer each row of a roster of units means."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from chaoyang_geo.names import match_places
from chaoyang_geo.schema import as_text, split_codes

if TYPE_CHECKING:
    import pandas as pd

_SUFFIX = re.compile("(?:街道办事处|街道|苏木|镇|乡)$")
_NAMES = ("name_in_plan", "township_name")

#: Ways in which a row is matched, the surest first.
MATCHES: tuple[str, ...] = ("former_code", "code", "name", "alias", "ambiguous", "none")


def match_townships(
    members: pd.DataFrame, townships: pd.DataFrame, *, within: str | None
) -> pd.DataFrame:
    """Match every row of a roster with a township of a layer, within its county.

    By code (the code that the printed township had, then its present one), then by name, then
    by alias, short name or changed 乡 and 镇.

    Parameters
    ----------
    members : DataFrame, n rows
        ``township_code``, ``former_code``, ``name_in_plan``, ``township_name``, ``county_code``,
        ``county_name`` are used where present.
    townships : DataFrame
        ``township_code``, ``township_name``, ``aliases`` (joined by ``;``), ``county_code``
        are used where present; one row per township.
    within : str, optional
        Division code that county names lie in.

    Returns
    -------
    DataFrame, n rows, index of ``members``
        ``row`` (position in ``townships``, -1 without one), ``matched_by``, ``match_flag``.
    """
    import pandas as pd

    layer = _Layer(townships)
    counties = _counties(members, within)
    given = {name: _column(members, name) for name in
             ("township_code", "former_code", *_NAMES)}  # fmt: skip
    answers: list[tuple[int, str, str]] = []
    for k in range(len(members)):
        codes = short_code(given["township_code"][k]), short_code(given["former_code"][k])
        names = list(dict.fromkeys(fold(given[name][k]) for name in _NAMES if given[name][k]))
        answers.append(_match(layer, codes, names, counties[k]))
    return pd.DataFrame(
        answers, columns=["row", "matched_by", "match_flag"], index=members.index
    ).astype({"row": "int64", "matched_by": "str", "match_flag": "str"})


def fold(name: str) -> str:
    """Return a name without spaces, in plain widths."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name))


def short_code(code: str) -> str:
    """Return the 9 digits of a township code written with 12."""
    return code[:9] if len(code) == 12 and code.isdigit() and code.endswith("000") else code


def _column(frame: pd.DataFrame, name: str) -> list[str]:
    return as_text(frame[name]).tolist() if name in frame else [""] * len(frame)


def _counties(members: pd.DataFrame, within: str | None) -> list[str]:
    """Return the county code of every row, from its code or its name; empty where unknown."""
    codes = [code[:6] for code in _column(members, "county_code")]
    towns = _column(members, "township_code")
    names = _column(members, "county_name")
    found: dict[str, str] = {}
    wanted = sorted({n for n, c, t in zip(names, codes, towns, strict=True) if n and not (c or t)})
    if wanted:
        table = match_places(wanted, within=within)
        found = dict(zip(table["name"], table["place_code"].str[:6], strict=True))
    return [
        code or (town[:6] if town[:6].isdigit() else "") or found.get(name, "")
        for code, town, name in zip(codes, towns, names, strict=True)
    ]


class _Layer:
    """Townships by code, and by folded name, alias and short name within their county."""

    def __init__(self, townships: pd.DataFrame) -> None:
        self.codes = [short_code(code) for code in _column(townships, "township_code")]
        self.names = [fold(name) for name in _column(townships, "township_name")]
        counties = _column(townships, "county_code")
        self.county = [
            c[:6] or (code[:6] if code[:6].isdigit() else "")
            for c, code in zip(counties, self.codes, strict=True)
        ]
        self.by_code = {code: row for row, code in enumerate(self.codes) if code}
        self.by_name: dict[str, list[int]] = {}
        self.by_alias: dict[str, list[int]] = {}
        self.by_core: dict[str, list[int]] = {}
        for row, (name, text) in enumerate(
            zip(self.names, _column(townships, "aliases"), strict=True)
        ):
            if name:
                self.by_name.setdefault(name, []).append(row)
                self.by_core.setdefault(core(name), []).append(row)
            for alias in split_codes(text):
                self.by_alias.setdefault(fold(alias), []).append(row)

    def inside(self, rows: list[int], county: str) -> list[int]:
        """Keep the rows of a county; where either side names none, all of them."""
        if not county:
            return rows
        return [row for row in rows if self.county[row] in (county, "")]


def core(name: str) -> str:
    """Return a township's name without 镇, 乡 or 街道, where two characters are left."""
    short = _SUFFIX.sub("", name)
    return short if len(short) >= 2 else name


def _match(
    layer: _Layer, codes: tuple[str, str], names: list[str], county: str
) -> tuple[int, str, str]:
    code, former = codes
    if former and former in layer.by_code:
        return layer.by_code[former], "former_code", f"按原编码{former}匹配，图层仍有此乡镇"
    if code and code in layer.by_code:
        row = layer.by_code[code]
        if former:
            return row, "code", f"原编码{former}不在图层中，按现编码{code}匹配"
        known = layer.names[row]
        if names and known and known not in names and core(known) not in map(core, names):
            return row, "code", f"编码相同，名称不同：图层为{known}"
        return row, "code", ""
    lost = f"编码{code}不在图层中，" if code else ""
    for name in names:
        rows = layer.inside(layer.by_name.get(name, []), county)
        if len(rows) == 1:
            return rows[0], "name", f"{lost}按名称匹配" if lost else ""
        if rows:
            return _ambiguous(name, rows, layer)
    for name in names:
        rows = layer.inside(layer.by_alias.get(name, []), county)
        why = f"{lost}“{name}”是别名"
        if not rows:
            rows, why = _by_places(name, layer, county, lost)
        if not rows:
            rows = layer.inside(layer.by_core.get(core(name), []), county)
            why = f"{lost}“{name}”与图层名称只差建制"
        if len(rows) == 1:
            return rows[0], "alias", f"{why}：图层为{layer.names[rows[0]] or layer.codes[rows[0]]}"
        if rows:
            return _ambiguous(name, rows, layer)
    if not code and not names:
        return -1, "none", "没有编码和名称"
    where = f"{county}内" if county else ""
    return -1, "none", f"{lost}图层{where}没有“{'、'.join(names) or code}”"


def _ambiguous(name: str, rows: list[int], layer: _Layer) -> tuple[int, str, str]:
    shown = "、".join(f"{layer.codes[row]}{layer.names[row]}" for row in rows[:6])
    return -1, "ambiguous", f"“{name}”可指{shown}，请给编码或区县"


def _by_places(name: str, layer: _Layer, county: str, lost: str) -> tuple[list[int], str]:
    """Ask the list of divisions what a name means within the county."""
    if not (len(county) == 6 and county.isdigit() and _known(county)):
        return [], ""
    answer: Any = match_places([name], within=county).iloc[0]
    if answer["match_state"] != "matched" or answer["place_level"] != "township":
        return [], ""
    row = layer.by_code.get(str(answer["place_code"]))
    rows = [row] if row is not None else layer.inside(
        layer.by_name.get(fold(str(answer["place_name"])), []), county
    )  # fmt: skip
    return rows, f"{lost}“{name}”：{answer['reason']}"


def _known(county: str) -> bool:
    from chaoyang_geo.names import place_name
    from chaoyang_geo.schema import SchemaError

    try:
        place_name(county)
    except SchemaError:
        return False
    return True
