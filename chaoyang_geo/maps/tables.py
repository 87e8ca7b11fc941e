"""The door of the map: what comes in becomes text codes, naive Beijing times and checked classes.

Everything behind this door may compare codes and times as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from chaoyang_geo.crs import to_geographic
from chaoyang_geo.schema import (
    CLASSES,
    SchemaError,
    as_text,
    as_times,
    require,
    require_unique,
)

if TYPE_CHECKING:
    import geopandas as gpd


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


@dataclass(frozen=True)
class Tables:
    """The tables of a plan with codes as text and layers in degrees (EPSG:4490)."""

    name: str
    title_zh: str
    title_en: str
    units: gpd.GeoDataFrame
    sections: gpd.GeoDataFrame
    rivers: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    reservoirs: gpd.GeoDataFrame
    unit_members: pd.DataFrame
    projects: pd.DataFrame
    sources: pd.DataFrame


def plan_tables(plan: PlanTables) -> Tables:
    """Return the plan's tables as the map compares and draws them.

    Raises
    ------
    SchemaError
        A column is missing, or a unit or section code stands twice.
    CRSError
        A layer has no CRS.
    """
    require(plan.units, ["unit_code", "unit_name"], table="units")
    require(plan.sections, ["section_code", "section_name", "unit_code"], table="sections")
    require_unique(plan.units, "unit_code", table="units")
    require_unique(plan.sections, "section_code", table="sections")

    def layer(frame: gpd.GeoDataFrame, table: str, *codes: str) -> gpd.GeoDataFrame:
        placed = to_geographic(frame, layer_name=table) if len(frame) else frame
        return _with_text_codes(placed, codes)

    return Tables(
        name=plan.name,
        title_zh=plan.title_zh,
        title_en=plan.title_en,
        units=layer(plan.units, "units", "unit_code", "section_codes"),
        sections=layer(plan.sections, "sections", "section_code", "unit_code"),
        rivers=layer(plan.rivers, "rivers", "reach_code"),
        counties=layer(plan.counties, "counties", "county_code"),
        reservoirs=layer(plan.reservoirs, "reservoirs", "reservoir_code"),
        unit_members=_with_text_codes(plan.unit_members, ["unit_code"]),
        projects=_with_text_codes(plan.projects, ["unit_codes"]),
        sources=plan.sources,
    )


def assessment_table(assessments: pd.DataFrame | None) -> pd.DataFrame:
    """Return the assessments with text codes, naive Beijing times and nothing but classes.

    An assessment of a period has the period's begin as its time.

    Raises
    ------
    SchemaError
        A column is missing, a class is no class, or a time no time.
    """
    if assessments is None:
        return pd.DataFrame()
    assessments = _at_begin(assessments)
    require(assessments, ["section_code", "time", "class"], table="assessments")
    _check_classes(assessments["class"], table="assessments", column="class")
    return _with_times(assessments, table="assessments")


def item_table(items: pd.DataFrame | None) -> pd.DataFrame:
    """Return the items like :func:`assessment_table`, so that both meet at the same time.

    Raises
    ------
    SchemaError
        As :func:`assessment_table`.
    """
    if items is None:
        return pd.DataFrame()
    items = _at_begin(items)
    if "mean_rounded" in items and "value" not in items:
        items = items.assign(value=items["mean_rounded"])
    require(items, ["section_code", "time", "item", "value"], table="items")
    if "item_class" in items.columns:
        _check_classes(items["item_class"], table="items", column="item_class")
    return _with_times(items, table="items")


def _at_begin(frame: pd.DataFrame) -> pd.DataFrame:
    """Place what stands for a period at its begin."""
    if "period" in frame and "time" not in frame:
        return frame.assign(time=frame["period"])
    return frame


def all_midnight(times: Iterable[Any]) -> bool:
    """Return whether some times are known and every known one is 00:00: then they are dates.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.maps.tables import all_midnight
    >>> day, hour = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-01 20:00")
    >>> all_midnight([day, pd.NaT]), all_midnight([day, hour]), all_midnight([])
    (True, False, False)
    """
    known = [time for time in times if not pd.isna(time)]
    return bool(known) and all(time == time.normalize() for time in known)


def _with_text_codes(frame: Any, codes: Iterable[str]) -> Any:
    return frame.assign(**{code: as_text(frame[code]) for code in codes if code in frame.columns})


def _with_times(frame: pd.DataFrame, *, table: str) -> pd.DataFrame:
    times = as_times(frame["time"], table=table)
    return frame.assign(section_code=as_text(frame["section_code"]), time=times)


def _check_classes(values: pd.Series, *, table: str, column: str) -> None:
    """Refuse a text that is no class: it would be drawn as if there were no reading."""
    strangers = [
        value for value in dict.fromkeys(as_text(values)) if value.strip() and value not in CLASSES
    ]
    if strangers:
        shown = ", ".join(repr(value) for value in strangers[:3])
        raise SchemaError(
            f"{table}: {column} holds {shown}, which is no class; "
            f"use one of {', '.join(CLASSES)}, or leave it missing."
        )
