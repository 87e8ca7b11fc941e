"""What the tables say about each section and unit, gathered once for popups and labels.

No drawing and no judging: classes come from the assessments as they are, and a place without
a reading stays without a class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from chaoyang_geo import standards
from chaoyang_geo.maps.model import Badge
from chaoyang_geo.maps.style import NO_READING, class_key, class_name, class_word
from chaoyang_geo.maps.tables import (
    PlanTables,
    Tables,
    all_midnight,
    assessment_table,
    item_table,
    plan_tables,
)
from chaoyang_geo.maps.words import has_chinese, in_lang, words
from chaoyang_geo.reasons import period_text
from chaoyang_geo.schema import CLASSES, split_codes

Row = Mapping[str, Any]


def is_missing(value: Any) -> bool:
    """Return whether a cell is empty: ``None``, NaN, NaT, NA or blank text."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def text(value: Any, lang: str = "zh", *, dates: bool = False) -> str:
    """Write a cell for people; missing is an empty text.

    A time has its hour and minute, and its offset where it has a time zone; with ``dates`` it is
    a day alone.

    Examples
    --------
    >>> from chaoyang_geo.maps.facts import text
    >>> text(10.408), text(723.35), text(7.0), text(None), text(17517.04)
    ('10.408', '723.35', '7', '', '17517.04')
    """
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return words(lang)["yes" if value else "no"]
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if dates else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, float) or hasattr(value, "dtype"):
        return f"{value:.10g}" if isinstance(value, float) else str(value)
    return in_lang(str(value), lang)


def rows(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame as dicts, without the geometry."""
    geometry = getattr(frame, "_geometry_column_name", None)
    table = pd.DataFrame(frame)
    if geometry in table.columns:
        table = table.drop(columns=geometry)
    return cast("list[Row]", table.to_dict("records"))


def period(times: Iterable[pd.Timestamp], *, dates: bool | None = None) -> str:
    """Write the span of some times, without repeating the day.

    ``dates`` says whether they are days alone; by default they are when each is 00:00.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.maps.facts import period
    >>> period([pd.Timestamp("2026-08-21 20:00"), pd.Timestamp("2026-08-21 19:00")])
    '2026-08-21 19:00–20:00'
    >>> period([pd.Timestamp("2026-08-21"), pd.Timestamp("2026-08-21 20:00")])
    '2026-08-21 00:00–20:00'
    """
    known = sorted(time for time in times if not pd.isna(time))
    if not known:
        return ""
    dates = all_midnight(known) if dates is None else dates
    first, last = text(known[0], dates=dates), text(known[-1], dates=dates)
    if first == last:
        return first
    shared = first[:10] == last[:10] and len(first) > 10 and len(last) > 10
    return f"{first}–{last[11:] if shared else last}"


@dataclass(frozen=True)
class Facts:
    """The plan's tables, indexed for look-up, in one language.

    ``dates_only`` says that every sampling time is 00:00, so that they are written as days;
    ``periods`` names the periods that the assessments stand for, by their begin;
    ``english`` has the romanised names of rivers and water bodies.
    """

    lang: str
    plan: Tables
    words: Mapping[str, str]
    sections: Mapping[str, Row]
    units: Mapping[str, Row]
    unit_sections: Mapping[str, tuple[str, ...]]
    latest: Mapping[str, Row]
    later: Mapping[str, pd.Timestamp]
    several_times: bool
    dates_only: bool
    periods: Mapping[pd.Timestamp, str]
    unknown: tuple[str, ...]
    items: Mapping[tuple[str, Any], tuple[Row, ...]]
    members: Mapping[str, tuple[Row, ...]]
    project_counts: Mapping[str, int]
    item_names: Mapping[str, str]
    item_symbols: Mapping[str, str]
    item_units: Mapping[str, str]
    item_bounds: Mapping[str, Mapping[str, float]]
    in_class: frozenset[str]
    english: Mapping[str, str]

    def name(self, row: Row, column: str) -> str:
        """Return a name in the language of the map: ``<column>_en`` when there is one."""
        name = text(row.get(column), self.lang)
        if self.lang != "en":
            return name
        return text(row.get(f"{column}_en")) or self.english.get(name, name)

    def time(self, value: pd.Timestamp) -> str:
        """Write a sampling time with its zone, as a day where the times are days, or a period."""
        if value in self.periods:
            return self.periods[value]
        shown = text(value, dates=self.dates_only)
        return shown + self.words["china_time"] if shown and not self.dates_only else shown

    def period(self, times: Iterable[pd.Timestamp]) -> str:
        """Write the span of some sampling times like :meth:`time`."""
        if self.periods:
            known = sorted({time for time in times if time in self.periods})
            ends = dict.fromkeys(self.periods[time] for time in (*known[:1], *known[-1:]))
            return self.words["to"].join(ends)
        shown = period(times, dates=self.dates_only)
        return shown + self.words["china_time"] if shown and not self.dates_only else shown

    def section_name(self, code: str) -> str:
        """Return the name of a section, or its code where the plan has no such section."""
        row = self.sections.get(code)
        return code if row is None else self.name(row, "section_name") or code

    def names(self, names: Iterable[str], *, limit: int = 0) -> str:
        """Join names with the comma of the language; beyond ``limit`` say that there are more."""
        listed = list(names)
        more = self.words["and_more"] if limit and len(listed) > limit else ""
        return self.words["comma"].join(listed[:limit] if limit else listed) + more

    def flag(self, value: object, fallback: str = "") -> str:
        """Return a flag in the language of the map; English has ``fallback`` for a Chinese one."""
        shown = text(value, self.lang)
        chinese = self.lang == "en" and has_chinese(shown)
        return fallback if not shown or chinese else shown

    def items_text(self, cell: object) -> str:
        """Return the names of ``;``-joined item keys."""
        return self.names(self.item_names.get(key, key) for key in split_codes(cell))

    def section_class(self, code: str) -> str | None:
        """Return the latest class of a section, ``None`` without one."""
        value = self.latest.get(code, {}).get("class")
        return value if isinstance(value, str) and value in CLASSES else None

    def read_sections(self, unit_code: str) -> tuple[str, ...]:
        """Return the unit's sections that have a class."""
        return tuple(code for code in self.unit_sections[unit_code] if self.section_class(code))

    def unit_class(self, unit_code: str) -> str | None:
        """Return the worst latest class of the unit's sections, ``None`` when none is read."""
        classes = [self.section_class(code) for code in self.unit_sections[unit_code]]
        found = [CLASSES.index(value) for value in classes if value is not None]
        return CLASSES[max(found)] if found else None

    def unread(self, *codes: str) -> str:
        """Return the word for sections without a class: with rows, or with none at all."""
        return self.words[
            "no_class" if any(code in self.latest for code in codes) else "no_reading"
        ]

    def class_badge(self, value: str | None, unread: str) -> Badge:
        """Return the class as a coloured word with its state, ``unread`` without one."""
        if value is None:
            return Badge(unread, NO_READING)
        joint = " · " if self.lang == "zh" else ", "
        word = f"{class_name(value, self.lang)}{joint}{class_word(value, self.lang)}"
        return Badge(word, class_key(value))

    def short_class(self, value: str | None, unread: str) -> str:
        """Return the class as it is written on the map, ``unread`` without one."""
        return unread if value is None else class_name(value, self.lang)


def gather(
    plan: PlanTables,
    assessments: pd.DataFrame | None,
    items: pd.DataFrame | None,
    lang: str,
) -> Facts:
    """Index the plan, the assessments and the readings by section and unit."""
    tables = plan_tables(plan)
    sections = {str(row["section_code"]): row for row in rows(tables.sections)}
    units = {str(row["unit_code"]): row for row in rows(tables.units)}
    unit_sections = {
        code: tuple(
            dict.fromkeys(
                split_codes(unit.get("section_codes"))
                + [key for key, row in sections.items() if row["unit_code"] == code]
            )
        )
        for code, unit in units.items()
    }
    assessed = assessment_table(assessments)
    symbols = standards.items()
    latest, later, several, unknown = _latest(rows(assessed), sections)
    limits = standards.limits("gb3838")
    return Facts(
        lang=lang,
        plan=tables,
        words=words(lang),
        sections=sections,
        units=units,
        unit_sections=unit_sections,
        latest=latest,
        later=later,
        several_times=several,
        dates_only=len(assessed) > 0 and all_midnight(assessed["time"]),
        periods=_periods(assessed, lang),
        unknown=unknown,
        items=_items(item_table(items)),
        members=_members(tables.unit_members),
        project_counts=_project_counts(tables.projects),
        item_names=standards.item_names(lang),
        item_symbols=dict(zip(symbols["item"], symbols["symbol"], strict=True)),
        item_units=dict(zip(symbols["item"], symbols["unit"].fillna(""), strict=True)),
        item_bounds=_item_bounds(limits),
        in_class=frozenset(str(item) for item in limits.loc[limits["in_class"], "item"]),
        english=_english_names(tables),
    )


def _periods(assessed: pd.DataFrame, lang: str) -> dict[pd.Timestamp, str]:
    """Return the name of each period by its begin; none where the rows are samplings."""
    if not {"period", "period_end"} <= set(assessed.columns):
        return {}
    spans = assessed[["period", "period_end"]].drop_duplicates().itertuples(index=False)
    return {begin: period_text(begin, end, lang=lang) for begin, end in spans}


def _english_names(tables: Tables) -> dict[str, str]:
    """Return the romanised names of rivers and water bodies: a basin is named after one."""
    found: dict[str, str] = {}
    for frame, column in (
        (tables.rivers, "river_name"),
        (tables.units, "water_body"),
        (tables.sections, "water_body"),
    ):
        if {column, f"{column}_en"} <= set(frame.columns):
            pairs = frame[[column, f"{column}_en"]].dropna()
            for name, english in pairs.itertuples(index=False):
                found.setdefault(str(name), str(english))
    return found


def _item_bounds(limits: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return for each item its directions (``min``, ``max``) with the limit of class Ⅰ."""
    bounds: dict[str, dict[str, float]] = {}
    for row in limits.to_dict("records"):
        bounds.setdefault(str(row["item"]), {})[str(row["direction"])] = float(row["class_1"])
    return bounds


def _latest(
    assessed: list[Row], sections: Mapping[str, Row]
) -> tuple[dict[str, Row], dict[str, pd.Timestamp], bool, tuple[str, ...]]:
    """Pick the latest row with a class per section, else the latest row at all."""
    by_section: dict[str, list[Row]] = {}
    unknown: list[str] = []
    for row in assessed:
        code = text(row["section_code"])
        if code in sections:
            by_section.setdefault(code, []).append(row)
        else:
            unknown.append(text(row.get("section_name")) or code or "—")
    latest: dict[str, Row] = {}
    later: dict[str, pd.Timestamp] = {}
    for code, candidates in by_section.items():
        ordered = sorted(candidates, key=_when)
        classed = [row for row in ordered if row["class"] in CLASSES]
        latest[code] = classed[-1] if classed else ordered[-1]
        if classed and _when(ordered[-1]) > _when(classed[-1]):
            later[code] = ordered[-1]["time"]
    several = any(len(candidates) > 1 for candidates in by_section.values())
    return latest, later, several, tuple(unknown)


def _when(row: Row) -> pd.Timestamp:
    return pd.Timestamp.min if pd.isna(row["time"]) else row["time"]


def _items(items: pd.DataFrame) -> dict[tuple[str, Any], tuple[Row, ...]]:
    order = {key: position for position, key in enumerate(standards.item_names("zh"))}
    found: dict[tuple[str, Any], list[Row]] = {}
    for row in rows(items):
        if row["section_code"]:
            found.setdefault((row["section_code"], row["time"]), []).append(row)
    # Items that have a class first, each group in the order of the standard.
    return {
        key: tuple(
            sorted(
                group,
                key=lambda row: (
                    is_missing(row.get("item_class")),
                    order.get(str(row["item"]), len(order)),
                ),
            )
        )
        for key, group in found.items()
    }


def _members(members: pd.DataFrame) -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row in rows(members):
        found.setdefault(str(row.get("unit_code")), []).append(row)
    return {key: tuple(group) for key, group in found.items()}


def _project_counts(projects: pd.DataFrame) -> dict[str, int]:
    counts: dict[str, int] = {}
    if "unit_codes" in projects.columns:
        for cell in projects["unit_codes"]:
            for code in split_codes(cell):
                counts[code] = counts.get(code, 0) + 1
    return counts
