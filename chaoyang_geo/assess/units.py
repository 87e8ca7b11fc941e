"""The verdict on control units: the worst of their sections decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.cells import checked_units, unit_links
from chaoyang_geo.assess.rows import (
    assessment_rows,
    in_force,
    listed,
    named,
    periods_of,
    plain,
    texts,
    typed,
)
from chaoyang_geo.reasons import class_en, period_text
from chaoyang_geo.schema import CLASSES, split_codes

if TYPE_CHECKING:
    import pandas as pd

UNIT_COLUMNS: tuple[str, ...] = (
    "unit_code", "unit_name", "period", "period_end", "n_sections", "n_judged", "n_not_judged",
    "class", "worst_section_codes", "worst_sections", "deciding_items", "n_with_target",
    "n_attained", "attained", "section_verdicts", "section_verdicts_en", "unit_flag", "why_zh",
    "why_en",
)  # fmt: skip


def assess_units(
    assessments: pd.DataFrame, units: pd.DataFrame, *, sections: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Judge each control unit by the worst of its sections.

    Required columns: ``assessments``: ``section_code``, ``period``, ``class``; used where
    present: ``section_name``, ``period_end``, ``attained``, ``deciding_items``. ``units``:
    ``unit_code``; used where present: ``unit_name``, ``section_codes`` (joined by ``;``).
    ``sections``: ``section_code``; used where present: ``section_name``, ``unit_code``,
    ``valid_from``, ``valid_to``.

    Parameters
    ----------
    assessments : DataFrame
        One row per section and period; sections of no unit do not appear in the result.
    units : DataFrame or GeoDataFrame, n units
        A section may belong to several units; each is judged by it.
    sections : DataFrame, optional
        Registry: names, and the units of sections that ``units`` does not list.

    Returns
    -------
    DataFrame, one row per unit and period, units in their order
        ``unit_code``, ``unit_name``, ``period``, ``period_end``, ``n_sections`` = ``n_judged``
        + ``n_not_judged``, ``class`` (worst of the judged; missing without one),
        ``worst_section_codes``, ``worst_sections`` (which have it), ``deciding_items`` (of
        them), ``n_with_target``, ``n_attained``, ``attained`` (false when any section misses
        its target; true when every section was judged and attains; else missing),
        ``section_verdicts`` (each section in words) with ``section_verdicts_en``, ``unit_flag``,
        ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError
        A required column is missing, a unit is there twice, or a section has two rows in a
        period.

    Notes
    -----
    No rule text was found for a unit of several sections; the worst decides, as the worst item
    decides for a section, and every section is listed.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.assess.units import assess_units
    >>> units = pd.DataFrame({"unit_code": ["U1", "U2"], "section_codes": ["S1;S2", "S2"]})
    >>> assessments = pd.DataFrame({
    ...     "section_code": ["S1", "S2"], "period": pd.Timestamp("2025-10-01"),
    ...     "class": ["Ⅳ", "Ⅱ"], "attained": [False, True]})
    >>> found = assess_units(assessments, units)
    >>> found[["unit_code", "class", "worst_sections", "attained"]].values.tolist()
    [['U1', 'Ⅳ', 'S1', False], ['U2', 'Ⅱ', 'S2', True]]
    """
    import pandas as pd

    rows = assessment_rows(assessments)
    own = checked_units(units)
    registry = (
        None if sections is None else plain(sections, table="sections", needs=["section_code"])
    )
    links = unit_links(own, registry)
    notes = _link_notes(own, links, registry)
    cells, periods = _unit_cells(rows, links, registry)
    names = {lang: standards.item_names(lang) for lang in ("zh", "en")}
    unit_names = texts(own, "unit_name")
    out: list[dict[str, Any]] = []
    for unit, code in enumerate(own["unit_code"]):
        for at, (begin, end) in enumerate(
            zip(periods["period"], periods["period_end"], strict=True)
        ):
            row: dict[str, Any] = {
                "unit_code": code, "unit_name": unit_names[unit],
                "period": begin, "period_end": end,
            }  # fmt: skip
            out.append(row | _unit_verdict(row, cells.get((unit, at), []), notes[unit], names))
    return typed(pd.DataFrame(out, columns=list(UNIT_COLUMNS)), periods)


def _unit_cells(
    rows: pd.DataFrame, links: pd.DataFrame, registry: pd.DataFrame | None
) -> tuple[dict[tuple[int, int], list[dict[str, Any]]], pd.DataFrame]:
    """Return the sections of each unit in each period, and the periods."""
    import pandas as pd

    periods = periods_of(rows)
    numbered = periods.reset_index(names="at")
    rows = rows.merge(numbered, on=["period", "period_end"], how="left")
    cells = links.merge(numbered[["at"]], how="cross")
    cells = cells.merge(
        rows[["section_code", "at", "section_name", "key", "rank", "attained", "deciding_items"]],
        on=["section_code", "at"], how="left",
    )  # fmt: skip
    lost = cells["rank"].isna()
    cells["rank"] = cells["rank"].fillna(-1).astype("int64")
    cells["key"] = cells["section_code"]
    if registry is not None:
        names = dict(zip(registry["section_code"], texts(registry, "section_name"), strict=True))
        known = cells["section_code"].map(names).fillna("")
        cells["section_name"] = known.where(known != "", cells["section_name"].fillna(""))
        held = in_force(registry, periods["period"], periods["period_end"])
        alive = set(zip(held["at"], registry["section_code"].to_numpy()[held["row"]], strict=True))
        pairs = zip(cells["at"], cells["section_code"], strict=True)
        # a section that was not in force is not missing
        gone = pd.Series([pair not in alive and pair[1] in names for pair in pairs])
        cells = cells[~(lost & gone.to_numpy(dtype=bool))]
    goals: Any = cells["attained"].astype("object")
    cells = cells.assign(
        name=named(cells).to_numpy(dtype=object),
        deciding_items=cells["deciding_items"].fillna(""),
        goal=goals.where(goals.notna(), None),
    )
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for cell in cells.to_dict("records"):
        found.setdefault((cell["unit_row"], cell["at"]), []).append(
            {str(k): v for k, v in cell.items()}
        )
    return found, periods


def _link_notes(
    units: pd.DataFrame, links: pd.DataFrame, registry: pd.DataFrame | None
) -> list[list[str]]:
    """Say where a section is shared by units, and where units and registry disagree."""
    codes = units["unit_code"].tolist()
    notes: list[list[str]] = [[] for _ in codes]
    owners: dict[str, list[int]] = {}
    for section, unit in zip(links["section_code"], links["unit_row"], strict=True):
        owners.setdefault(section, []).append(unit)
    for section, of in owners.items():
        for unit in of if len(of) > 1 else []:
            others = listed([codes[other] for other in of if other != unit])
            notes[unit].append(f"断面{section}与单元{others}共用")
    if registry is not None:
        said = dict(zip(registry["section_code"], texts(registry, "unit_code"), strict=True))
        for section, of in owners.items():
            for unit in of:
                if section not in said:
                    notes[unit].append(f"断面表没有{section}")
                elif said[section] and said[section] not in [codes[one] for one in of]:
                    notes[unit].append(f"断面{section}在断面表登记于单元{said[section]}")
        place = {code: number for number, code in enumerate(codes)}
        for section, code in said.items():
            if code in place and place[code] not in owners.get(section, []):
                notes[place[code]].append(f"断面表将{section}登记于本单元，单元表未列")
    return notes


def _unit_verdict(
    row: dict[str, Any],
    cells: list[dict[str, Any]],
    notes: Sequence[str],
    names: dict[str, dict[str, str]],
) -> dict[str, Any]:
    """Judge one unit in one period by its sections."""
    judged = [cell for cell in cells if cell["rank"] >= 0]
    goals = [cell["goal"] for cell in judged if cell["goal"] is not None]
    rank = max((cell["rank"] for cell in judged), default=-1)
    worst = [cell for cell in judged if cell["rank"] == rank]
    attained = None
    if not all(goals):
        attained = False
    elif cells and len(goals) == len(cells):
        attained = True
    items = list(
        dict.fromkeys(key for cell in worst for key in split_codes(cell["deciding_items"]))
    )
    unjudged = [cell["name"] for cell in cells if cell["rank"] < 0]
    flags = list(notes)
    if not cells:
        flags.append("单元没有登记断面，不判类别")
    elif not judged:
        flags.append("断面均无评价结果，不判类别")
    elif unjudged:
        flags.append(f"{listed(unjudged)}无评价结果，类别可能更差")
    aimless = [cell["name"] for cell in judged if cell["goal"] is None]
    if aimless:
        flags.append(f"{listed(aimless)}没有目标或不能判定，达标与否不全")
    found = {
        "n_sections": len(cells), "n_judged": len(judged), "n_not_judged": len(unjudged),
        "class": CLASSES[rank] if judged else None,
        "worst_section_codes": ";".join(cell["section_code"] for cell in worst),
        "worst_sections": "、".join(cell["name"] for cell in worst),
        "deciding_items": ";".join(items),
        "n_with_target": len(goals), "n_attained": sum(goals), "attained": attained,
        "section_verdicts": "；".join(_said(cell, "zh") for cell in cells),
        "section_verdicts_en": "; ".join(_said(cell, "en") for cell in cells),
        "unit_flag": "；".join(flags),
    }  # fmt: skip
    for lang, write in (("zh", _why_zh), ("en", _why_en)):
        keyed = [names[lang].get(key, key) for key in items]
        found[f"why_{lang}"] = write(row | found, cells, worst, keyed)
    return found


def _said(cell: dict[str, Any], lang: str) -> str:
    """Put the verdict on one section in words."""
    if cell["rank"] < 0:
        return f"{cell['name']}无评价结果" if lang == "zh" else f"{cell['name']}: no result"
    words = {
        "zh": {True: "达标", False: "未达标", None: "达标与否未定"},
        "en": {True: "attains its target", False: "misses its target", None: "attainment open"},
    }[lang][cell["goal"]]
    grade = CLASSES[cell["rank"]]
    if lang == "zh":
        return f"{cell['name']}{grade}类，{words}"
    return f"{cell['name']}: {class_en(grade)}, {words}"


def _head(row: dict[str, Any], lang: str) -> str:
    when = period_text(row["period"], row["period_end"], lang=lang)
    return f"{row['unit_name'] or row['unit_code']} {when}"


def _why_zh(
    row: dict[str, Any],
    cells: Sequence[dict[str, Any]],
    worst: Sequence[dict[str, Any]],
    items: Sequence[str],
) -> str:
    if row["class"] is None:
        return f"{_head(row, 'zh')}：不判类别。"
    decided = f"（{'、'.join(items)}）" if items else ""
    goal = {True: "达标", False: "未达标", None: "达标与否不能判定"}[row["attained"]]
    by = "" if len(cells) == 1 else f"，由最差断面{'、'.join(c['name'] for c in worst)}决定"
    each = f"。{row['section_verdicts']}" if len(cells) > 1 else ""
    return f"{_head(row, 'zh')}：{row['class']}类{decided}{by}，{goal}{each}。"


def _why_en(
    row: dict[str, Any],
    cells: Sequence[dict[str, Any]],
    worst: Sequence[dict[str, Any]],
    items: Sequence[str],
) -> str:
    if row["class"] is None:
        return f"{_head(row, 'en')}: no class."
    decided = f" ({', '.join(items)})" if items else ""
    goal = {True: "target attained", False: "target missed", None: "attainment cannot be told"}
    by = "" if len(cells) == 1 else f", decided by {', '.join(c['name'] for c in worst)}"
    each = f". {row['section_verdicts_en']}" if len(cells) > 1 else ""
    return (
        f"{_head(row, 'en')}: {class_en(row['class'])}{decided}{by}; {goal[row['attained']]}{each}."
    )
