"""Derive the place columns of ``projects.csv`` from the printed names.

    python data/chaoyang/tables.py

Only the printed name is read: a county, township or water body that it names is looked up in
``unit_members.csv`` and ``src/units.csv``; nothing is guessed from elsewhere. Where the name
tells no place, the columns stay empty and ``place_note`` says so.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
Row = dict[str, str]

#: Short names without 县 or 市 that the plan prints.
COUNTY_SHORT = {"凌源第二": "凌源市", "建平城市": "建平县"}

#: Variants of a township name that the plan's list of projects prints.
TOWNSHIP_VARIANTS = {
    "刘杖子乡": "刘杖子镇",
    "城关镇街道": "城关街道",
    "贾家店": "国营朝阳县贾家店农场",
}

#: The reservoir's unit: the plan (四（四）1) calls the stretch above 凌鸿大桥 its control zone,
#: and the reservoir itself lies in the unit that this section closes.
RESERVOIR_UNITS = {"阎王鼻子水库": "CY05"}

#: Waters that lie within one township and are no control unit's water body.
SMALL_WATERS = ("古山子河",)

#: Named places that no table of this pack locates.
UNKNOWN_PLACES = ("柳城经济技术开发区", "凤凰新城", "什家河", "海里", "中心城区")

#: Names whose end the printed table cuts off.
CUT_OFF = {"CYP12", "CYP13", "CYP18", "CYP36"}


def read(path: Path) -> list[Row]:
    """Read a table with every cell as text."""
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def write(path: Path, rows: list[Row]) -> None:
    """Write a table; an interrupted write leaves the old file."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(part, path)


def stem(name: str) -> str:
    """Return a township's name without the word for its kind."""
    return re.sub("(蒙古族乡|街道|镇|乡)$", "", name)


def find_counties(name: str, members: list[Row]) -> tuple[list[str], str]:
    """Return the county codes that ``name`` says and the name without these words."""
    rest = name
    for short, full in COUNTY_SHORT.items():
        rest = rest.replace(short, full)
    found: dict[int, str] = {}
    for printed, code in {m["county_in_plan"]: m["county_code"] for m in members}.items():
        for hit in re.finditer(printed, rest):
            found[hit.start()] = code
        rest = rest.replace(printed, "＃" * len(printed))
    return list(dict.fromkeys(found[place] for place in sorted(found))), rest


def find_townships(rest: str, counties: list[str], members: list[Row]) -> list[tuple[str, Row]]:
    """Return the townships that ``rest`` names: the printed word and the member, in order.

    Full names come first, longest first. A name without its kind (松岭门 for 松岭门蒙古族乡)
    counts only within a named county and with three characters or more, and not before 河.
    """
    if counties:
        members = [m for m in members if m["county_code"] in counties]
    words: dict[str, list[Row]] = {}
    for member in members:
        words.setdefault(member["name_in_plan"], []).append(member)
    # The present name of a merged township counts where the plan does not print it itself.
    for member in members:
        if member["township_name"] not in {m["name_in_plan"] for m in members}:
            words.setdefault(member["township_name"], []).append(member)
    if counties:
        for variant, name in TOWNSHIP_VARIANTS.items():
            words[variant] = words.get(name, [])
    found: dict[int, tuple[str, Row]] = {}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        at = rest.find(word)
        # A name that several townships bear says nothing without its county.
        if at >= 0 and len({(m["county_code"], m["unit_code"]) for m in words[word]}) == 1:
            found[at] = (word, words[word][0])
            rest = rest.replace(word, "＃" * len(word))
    if counties:
        for member in sorted(members, key=lambda m: -len(m["name_in_plan"])):
            short = stem(member["name_in_plan"])
            hit = re.search(re.escape(short) + "(?!河)", rest)
            if len(short) >= 3 and hit:
                found[hit.start()] = (short, member)
                rest = rest.replace(short, "＃" * len(short))
    return [found[place] for place in sorted(found)]


def find_water(rest: str, units: list[Row]) -> str:
    """Return the longest name of a water body in ``rest``, or an empty text."""
    waters = {u["water_body"] for u in units} | set(RESERVOIR_UNITS) | set(SMALL_WATERS)
    return next((w for w in sorted(waters, key=lambda w: (-len(w), w)) if w in rest), "")


def derive_place(name: str, members: list[Row], units: list[Row]) -> Row:
    """Return the place columns of one project from its printed name.

    Parameters
    ----------
    name : str
        Name of the project as the plan prints it.
    members, units : list of rows
        ``unit_members.csv`` and ``src/units.csv``.

    Returns
    -------
    dict
        ``county_codes``, ``township_names``, ``water_body``, ``unit_codes``, ``place_note``,
        ``place_quality``; a unit is named only where the name leaves exactly one answer for
        each township or water body.
    """
    counties, rest = find_counties(name, members)
    printed = find_townships(rest, counties, members)
    townships = [member for _, member in printed]
    water = find_water(rest, units)
    unit_names = {u["unit_code"]: u["unit_name"] for u in units}
    county_names = {m["county_code"]: m["county_in_plan"] for m in members}

    def named(codes: list[str]) -> str:
        return "、".join(f"{code} {unit_names[code]}" for code in codes)

    found: list[str] = []
    if townships:
        found = list(dict.fromkeys(m["unit_code"] for m in townships))
        said = "、".join(
            m["township_name"] + ("" if word == m["township_name"] else f"（原文“{word}”）")
            for word, m in printed
        )
        note = f"名称写明乡镇 {said}，属 {named(found)}"
        if not counties:
            counties = list(dict.fromkeys(m["county_code"] for m in townships))
            note += "；区县由全市唯一的乡镇名得出"
    elif water in RESERVOIR_UNITS:
        found = [RESERVOIR_UNITS[water]]
        note = f"名称写明水体 {water}，位于 {named(found)}（规划 四（四）1：凌鸿大桥以上）"
    elif water and water not in SMALL_WATERS:
        inside = {m["unit_code"] for m in members if m["county_code"] in counties}
        found = [
            u["unit_code"]
            for u in units
            if u["water_body"] == water and (not counties or u["unit_code"] in inside)
        ]
        note = f"名称写明水体 {water}，对应 {named(found)}"
        if len(found) != 1:
            note, found = f"名称写明水体 {water}，对应的控制单元不唯一", []
    elif counties:
        inside = {m["unit_code"] for m in members if m["county_code"] in counties}
        said = "、".join(county_names[code] for code in counties)
        if len(inside) == 1:
            found = sorted(inside)
            note = f"名称只说到区县 {said}，全部属 {named(found)}"
        else:
            note = f"名称只说到区县 {said}，跨 {len(inside)} 个控制单元，不指定"
    else:
        place = next((word for word in UNKNOWN_PLACES if word in rest), "")
        if place:
            note = f"名称提到“{place}”，未能定位到区县或乡镇"
        elif "朝阳市" in rest or "全市" in rest:
            note = "名称只说到全市"
        else:
            note = "名称未说明位置"
    if townships and water and water not in SMALL_WATERS:
        agree = all(units_water(code, units) == water for code in found)
        note += f"；水体 {water} 与该单元" + ("一致" if agree else "的所在水体不同")
    return {
        "county_codes": ";".join(counties),
        "township_names": ";".join(dict.fromkeys(m["township_name"] for m in townships)),
        "water_body": water,
        "unit_codes": ";".join(found),
        "place_note": note,
        "place_quality": "derived" if counties or townships or water else "",
    }


def units_water(code: str, units: list[Row]) -> str:
    """Return the water body of a unit."""
    return next(u["water_body"] for u in units if u["unit_code"] == code)


def derive_projects(projects: list[Row], members: list[Row], units: list[Row]) -> list[Row]:
    """Return the projects with their place columns derived anew; same rows, same order."""
    result = []
    for project in projects:
        place = derive_place(project["project_name"], members, units)
        if project["project_code"] in CUT_OFF:
            place["place_note"] += "；名称在原文中被截断"
        result.append({**project, **place})
    return result


def main() -> None:
    """Rewrite ``projects.csv``."""
    rows = derive_projects(
        read(HERE / "projects.csv"),
        read(HERE / "unit_members.csv"),
        read(HERE / "src" / "units.csv"),
    )
    write(HERE / "projects.csv", rows)
    placed = sum(bool(row["unit_codes"]) for row in rows)
    sys.stdout.write(f"projects.csv: {len(rows)} projects, {placed} with a control unit\n")


if __name__ == "__main__":
    main()
