"""What the tables say about each section and unit, gathered once for popups and labels.

No drawing and no judging: classes come from the assessments as they are, and a place without
a reading stays without a class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import pandas as pd

from chaoyang_geo import standards
from chaoyang_geo.maps.model import Badge
from chaoyang_geo.maps.style import NO_READING, class_key, class_name, class_word
from chaoyang_geo.maps.words import has_chinese, in_lang, words
from chaoyang_geo.schema import CLASSES, require, split_codes

if TYPE_CHECKING:
    import geopandas as gpd

Row = Mapping[str, Any]


class PlanTables(Protocol):
    """What a map needs of a plan; ``chaoyang_geo.plans.Plan`` has it all."""

    @property
    def name(self) -> str: ...
    @property
    def title_zh(self) -> str: ...
    @property
    def title_en(self) -> str: ...
    @property
    def units(self) -> gpd.GeoDataFrame: ...
    @property
    def sections(self) -> gpd.GeoDataFrame: ...
    @property
    def rivers(self) -> gpd.GeoDataFrame: ...
    @property
    def counties(self) -> gpd.GeoDataFrame: ...
    @property
    def reservoirs(self) -> gpd.GeoDataFrame: ...
    @property
    def unit_members(self) -> pd.DataFrame: ...
    @property
    def projects(self) -> pd.DataFrame: ...
    @property
    def sources(self) -> pd.DataFrame: ...


def is_missing(value: Any) -> bool:
    """Return whether a cell is empty: ``None``, NaN, NaT, NA or blank text."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def text(value: Any, lang: str = "zh") -> str:
    """Write a cell for people; missing is an empty text.

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
        return value.strftime("%Y-%m-%d" if value == value.normalize() else "%Y-%m-%d %H:%M")
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


def period(times: Iterable[pd.Timestamp]) -> str:
    """Write the span of some times, without repeating the day.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.maps.facts import period
    >>> period([pd.Timestamp("2026-08-21 20:00"), pd.Timestamp("2026-08-21 19:00")])
    '2026-08-21 19:00–20:00'
    """
    known = sorted(time for time in times if not pd.isna(time))
    if not known:
        return ""
    first, last = text(known[0]), text(known[-1])
    if first == last:
        return first
    shared = first[:10] == last[:10] and len(first) > 10 and len(last) > 10
    return f"{first}–{last[11:] if shared else last}"


@dataclass(frozen=True)
class Facts:
    """The plan's tables, indexed for look-up, in one language."""

    lang: str
    words: Mapping[str, str]
    sections: Mapping[str, Row]
    units: Mapping[str, Row]
    unit_sections: Mapping[str, tuple[str, ...]]
    latest: Mapping[str, Row]
    later: Mapping[str, pd.Timestamp]
    several_times: bool
    unknown: tuple[str, ...]
    items: Mapping[tuple[str, Any], tuple[Row, ...]]
    members: Mapping[str, tuple[Row, ...]]
    project_counts: Mapping[str, int]
    item_names: Mapping[str, str]
    item_symbols: Mapping[str, str]
    item_bounds: Mapping[str, Mapping[str, float]]

    def name(self, row: Row, column: str) -> str:
        """Return a name in the language of the map: ``<column>_en`` when there is one."""
        english = row.get(f"{column}_en") if self.lang == "en" else None
        return text(row.get(column)) if is_missing(english) else text(english)

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

    def class_badge(self, value: str | None, *, unread: str = "no_reading") -> Badge:
        """Return the class as a coloured word with its state."""
        if value is None:
            return Badge(self.words[unread], NO_READING)
        joint = " · " if self.lang == "zh" else ", "
        word = f"{class_name(value, self.lang)}{joint}{class_word(value, self.lang)}"
        return Badge(word, class_key(value))

    def short_class(self, value: str | None) -> str:
        """Return the class as it is written on the map."""
        return self.words["no_reading"] if value is None else class_name(value, self.lang)


def gather(
    plan: PlanTables,
    assessments: pd.DataFrame | None,
    items: pd.DataFrame | None,
    lang: str,
) -> Facts:
    """Index the plan, the assessments and the readings by section and unit."""
    require(plan.units, ["unit_code", "unit_name"], table="units")
    require(plan.sections, ["section_code", "section_name", "unit_code"], table="sections")
    sections = {str(row["section_code"]): row for row in rows(plan.sections)}
    units = {str(row["unit_code"]): row for row in rows(plan.units)}
    unit_sections = {
        code: tuple(
            dict.fromkeys(
                split_codes(unit.get("section_codes"))
                + [key for key, row in sections.items() if row["unit_code"] == code]
            )
        )
        for code, unit in units.items()
    }
    assessed = pd.DataFrame() if assessments is None else assessments
    if assessments is not None:
        require(assessments, ["section_code", "time", "class"], table="assessments")
    symbols = standards.items()
    latest, later, several, unknown = _latest(rows(assessed), sections)
    return Facts(
        lang=lang,
        words=words(lang),
        sections=sections,
        units=units,
        unit_sections=unit_sections,
        latest=latest,
        later=later,
        several_times=several,
        unknown=unknown,
        items=_items(items),
        members=_members(plan.unit_members),
        project_counts=_project_counts(plan.projects),
        item_names=standards.item_names(lang),
        item_symbols=dict(zip(symbols["item"], symbols["symbol"], strict=True)),
        item_bounds=_item_bounds(),
    )


def _item_bounds() -> dict[str, dict[str, float]]:
    """Return for each item its directions (``min``, ``max``) with the limit of class Ⅰ."""
    bounds: dict[str, dict[str, float]] = {}
    for row in standards.limits("gb3838").to_dict("records"):
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
    return pd.Timestamp.min if pd.isna(row["time"]) else pd.Timestamp(row["time"])


def _items(items: pd.DataFrame | None) -> dict[tuple[str, Any], tuple[Row, ...]]:
    if items is None:
        return {}
    require(items, ["section_code", "time", "item", "value"], table="items")
    order = {key: position for position, key in enumerate(standards.item_names("zh"))}
    found: dict[tuple[str, Any], list[Row]] = {}
    for row in rows(items):
        if not is_missing(row["section_code"]):
            found.setdefault((str(row["section_code"]), row["time"]), []).append(row)
    # Items that enter the class first, each group in the order of the standard.
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
