"""Which sections a group has in a period: assessed rows laid over the registry and the units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.assess.rows import assessment_rows, in_force, periods_of, plain, texts
from chaoyang_geo.schema import SchemaError, require_unique, split_codes

if TYPE_CHECKING:
    import pandas as pd

_FROM_REGISTRY = ("section_name", "water_type", "water_body", "target_quality")


def cells_of(
    assessments: pd.DataFrame,
    sections: pd.DataFrame | None,
    units: pd.DataFrame | None,
    by: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per group, section and period, and the periods.

    With a registry, a section that has no row in a period is there without a class. ``at``
    is the place of the period; the columns of :func:`assessment_rows` come along, and
    ``water_type``, ``water_body`` and those of ``by`` (empty where nothing says them).
    """
    rows = assessment_rows(assessments)
    for name in {"water_type", "water_body", *by} - set(rows.columns):
        rows[name] = texts(assessments, name)
    periods = periods_of(rows)
    numbered = periods.reset_index(names="at")
    rows = rows.merge(numbered, on=["period", "period_end"], how="left")
    registry = None
    if sections is not None:
        registry = plain(sections, table="sections", needs=["section_code"])
        rows = _with_registry(rows, registry, periods, by)
    rows["water_type"] = _water_types(rows)
    return _with_groups(rows, assessments, registry, units, by), periods


def _with_registry(
    rows: pd.DataFrame, registry: pd.DataFrame, periods: pd.DataFrame, by: Sequence[str]
) -> pd.DataFrame:
    """Lay the assessed rows over the registry; a section without a row gets an empty one."""
    import numpy as np
    import pandas as pd

    held = in_force(registry, periods["period"], periods["period_end"])
    wanted = list(dict.fromkeys([*_FROM_REGISTRY, *by, "unit_code"]))
    known: dict[str, Any] = {"at": held["at"].to_numpy()}
    place = held["row"].to_numpy()
    known["key"] = registry["section_code"].to_numpy(dtype=object)[place]
    for name in wanted:
        if name in registry:
            known[f"{name}_here"] = texts(registry, name)[place]
    both = rows.merge(pd.DataFrame(known), on=["key", "at"], how="outer", sort=False)
    lost = both["rank"].isna()
    both["rank"] = both["rank"].fillna(-1).astype("int64")
    both["section_code"] = both["section_code"].where(~lost, both["key"])
    for name in ("period", "period_end"):
        both[name] = periods[name].to_numpy()[both["at"].to_numpy(dtype=np.int64)]
    for name in wanted:
        if f"{name}_here" in both:
            own = both[name].fillna("") if name in both else ""
            said = both[f"{name}_here"].fillna("")
            both[name] = said.where(said != "", own)
    for name in both.columns:
        if both[name].dtype in ("object", "str"):
            both[name] = both[name].fillna("")
    return both.sort_values(["at", "key"], kind="stable").reset_index(drop=True)


def _water_types(rows: pd.DataFrame) -> Any:
    found = rows["water_type"].to_numpy(dtype=object)
    for kind in set(found) - {"river", "lake", ""}:
        code = rows["key"].to_numpy(dtype=object)[found == kind][0]
        raise SchemaError(
            f"sections: section {code} has water_type {kind!r}; use 'river' or 'lake' "
            "(a reservoir is a lake)."
        )
    return found


def unit_links(units: pd.DataFrame, registry: pd.DataFrame | None) -> pd.DataFrame:
    """Return which section answers for which unit: ``section_code``, ``unit_row``, each once.

    The unit's own ``section_codes`` win; a unit without them takes the sections whose
    ``unit_code`` names it.
    """
    import pandas as pd

    given = units["section_codes"].tolist() if "section_codes" in units else [""] * len(units)
    listed = [split_codes(cell) for cell in given]
    codes = units["unit_code"].tolist()
    if registry is not None and "unit_code" in registry:
        of_unit: dict[str, list[str]] = {}
        owners = texts(registry, "unit_code")
        for section, unit in zip(registry["section_code"], owners, strict=True):
            of_unit.setdefault(unit, []).append(section)
        listed = [own or of_unit.get(code, []) for own, code in zip(listed, codes, strict=True)]
    pairs = [(code, row) for row, own in enumerate(listed) for code in dict.fromkeys(own)]
    links = pd.DataFrame(pairs, columns=["section_code", "unit_row"])
    return links.astype({"section_code": "object", "unit_row": "int64"})


def checked_units(units: pd.DataFrame) -> pd.DataFrame:
    """Return the units as a plain table, each code once."""
    found = plain(units, table="units", needs=["unit_code"])
    require_unique(found, "unit_code", table="units")
    return found


def _with_groups(
    rows: pd.DataFrame,
    assessments: pd.DataFrame,
    registry: pd.DataFrame | None,
    units: pd.DataFrame | None,
    by: Sequence[str],
) -> pd.DataFrame:
    """Fill the columns of ``by``: what the sections do not say, or ``unit_code``, by the units."""
    import pandas as pd

    there = set(assessments.columns) | (set() if registry is None else set(registry.columns))
    own = None if units is None else checked_units(units)
    by_unit = [
        name for name in by
        if own is not None and name in own and (name == "unit_code" or name not in there)
    ]  # fmt: skip
    lost = [name for name in by if name not in there and name not in by_unit]
    if lost:
        raise SchemaError(
            f"by={lost[0]!r} is a column of neither assessments nor sections"
            f"{'' if units is None else ' nor units'}; give the table that has it, as in "
            "sections=plan.sections, units=plan.units, or by=None for all sections together."
        )
    if not by_unit or own is None:
        return rows
    links = unit_links(own, registry)
    linked = rows.drop(columns=by_unit).merge(links, on="section_code", how="left")
    place = linked["unit_row"].fillna(-1).astype("int64").to_numpy()
    for name in by_unit:
        values = pd.Series([*texts(own, name), ""], dtype="object")
        linked[name] = values.to_numpy()[place]  # -1, no unit, takes the last
    # a section of two units of one group is one section of that group
    return linked.drop_duplicates(["key", "at", *by]).reset_index(drop=True)
