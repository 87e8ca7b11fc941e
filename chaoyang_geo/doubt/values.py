"""A value against what it can be: bounds, its own whole, and the limit it is to be judged by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from chaoyang_geo import standards
from chaoyang_geo.doubt.table import ABOVE, BELOW, NONE, Floats, Ints, Table, combine, labels
from chaoyang_geo.schema import CLASSES

if TYPE_CHECKING:
    import pandas as pd


def impossible(table: Table, bounds: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Yield the rows outside the believable range of their item.

    An item without bounds in its unit is judged by one rule alone: what is measured per
    litre cannot be negative.
    """
    names = [str(item) for item in bounds["item"]]
    units = [str(unit) for unit in bounds["unit"]] if "unit" in bounds else [""] * len(names)
    rule_of = {
        (item, unit): number for number, (item, unit) in enumerate(zip(names, units, strict=True))
    }
    any_unit = {item: number for number, item in enumerate(names)}
    pair = combine(table.item.codes, table.unit_code)
    present, first, place = np.unique(pair, return_index=True, return_inverse=True)
    rules = np.full(len(present), -1, np.int64)
    per_litre = np.zeros(len(present), bool)
    for at, row in enumerate(first):
        item, unit = table.item.at(row), table.unit.at(row)
        # no unit stated, in the row or in the bounds: the item's usual one
        known = any_unit.get(item, -1)
        rules[at] = rule_of.get(
            (item, unit), known if not unit or known < 0 or not units[known] else -1
        )
        per_litre[at] = unit.endswith("/L")
    rule = rules[place]
    low = np.append(bounds["low"].to_numpy("float64"), np.nan)[rule]
    high = np.append(bounds["high"].to_numpy("float64"), np.nan)[rule]
    low = np.where((rule < 0) & per_litre[place], 0.0, low)
    judged = table.is_sample & (table.kind != NONE)
    too_low = judged & (table.number < low)
    # a limit above the range says nothing about a value that lies below it
    too_high = judged & (table.number > high) & (table.kind != BELOW)
    whys = [str(why) for why in bounds["why"]] if "why" in bounds else [""] * len(names)
    for row in np.flatnonzero(too_low | too_high).tolist():
        why = whys[rule[row]] if rule[row] >= 0 else "每升的含量不为负"
        yield (
            row,
            f"{table.item_name(row)}{table.result(row)}超出可信范围"
            f"{_range(low[row], high[row])}{f'（{why}' if why else '（'}{'，' if why else ''}工程经验界限）",
        )


def _range(low: float, high: float) -> str:
    if np.isnan(high):
        return f"（不小于{low:.10g}）"
    return f"{low:.10g}~{high:.10g}"


def contradictions(
    table: Table, pairs: pd.DataFrame, *, tolerance: float
) -> Iterator[tuple[int, str]]:
    """Yield the rows where a part is larger than its whole, at one section and time."""
    sample = np.where(
        table.is_sample & table.has_time & (table.kind != NONE),
        combine(table.section, table.unit_code, table.period.codes + 1, table.layer.codes + 1),
        -1,
    )
    low = np.where(table.kind == BELOW, np.nan, table.number)  # the least that a part can be
    high = np.where(table.kind == ABOVE, np.nan, table.number)  # the most that a whole can be
    code_of = {str(text): code for code, text in enumerate(table.item.texts)}
    for part_name, whole_name in zip(pairs["part"], pairs["whole"], strict=True):
        if str(part_name) not in code_of or str(whole_name) not in code_of:
            continue
        codes = (code_of[str(part_name)], code_of[str(whole_name)])
        rows = np.flatnonzero(np.isin(table.item.codes, codes) & (sample >= 0))
        if not len(rows):
            continue
        is_part = table.item.codes[rows] == codes[0]
        rows = rows[~np.isnan(np.where(is_part, low[rows], high[rows]))]
        is_part = table.item.codes[rows] == codes[0]
        moment = _moments(sample[rows], table.time[rows])
        parts, wholes = rows[is_part], rows[~is_part]
        most = _extreme(moment[is_part], low[parts], parts, largest=True)
        least = _extreme(moment[~is_part], high[wholes], wholes, largest=False)
        yield from _contradicting(
            table, parts, moment[is_part], least, tolerance=tolerance, part=True
        )
        yield from _contradicting(
            table, wholes, moment[~is_part], most, tolerance=tolerance, part=False
        )


def _moments(sample: Ints, time: Ints) -> Ints:
    return combine(sample, time - time.min()) if len(time) else sample


def _extreme(moment: Ints, value: Floats, rows: Ints, *, largest: bool) -> tuple[Ints, Ints]:
    """Return the moments in order, and the row with the largest or smallest value of each."""
    order = np.lexsort((-value if largest else value, moment))
    known, first = np.unique(moment[order], return_index=True)
    return known, rows[order][first]


def _contradicting(
    table: Table,
    rows: Ints,
    moment: Ints,
    other: tuple[Ints, Ints],
    *,
    tolerance: float,
    part: bool,
) -> Iterator[tuple[int, str]]:
    known, other_rows = other
    if not len(known):
        return
    place = np.minimum(np.searchsorted(known, moment), len(known) - 1)
    partner = other_rows[place]
    own, others = table.number[rows], table.number[partner]
    small, large = (others, own) if part else (own, others)
    against = (known[place] == moment) & (large > small * (1 + tolerance))
    allowed = f"，已容许{tolerance:.0%}的误差" if tolerance else ""
    for row, its_partner in zip(rows[against], partner[against], strict=True):
        part_row, whole_row = (row, its_partner) if part else (its_partner, row)
        yield (
            int(row),
            f"{table.item_name(part_row)}{table.result(part_row)}大于同断面同时间的"
            f"{table.item_name(whole_row)}{table.result(whole_row)}，部分大于整体{allowed}",
        )


def blunt_limits(
    table: Table, frame: pd.DataFrame, *, standard: str, water_type: str, target_class: str
) -> Iterator[tuple[int, str]]:
    """Yield the rows below a detection limit that lies above the class limit in question."""
    rows = np.flatnonzero(table.is_sample & (table.kind == BELOW))
    if not len(rows):
        return
    limits = standards.limits(standard)
    limits = limits[limits["direction"] == "max"]
    limit_of = {(str(row["item"]), str(row["water_type"])): row for _, row in limits.iterrows()}
    types, targets = labels(frame, "water_type"), labels(frame, "target_class")
    # each distinct question once: which item, unit, kind of water and class
    question = combine(
        table.item.codes[rows],
        table.unit_code[rows],
        types.codes[rows] + 1,
        targets.codes[rows] + 1,
    )
    _, first, place = np.unique(question, return_index=True, return_inverse=True)
    class_limit = np.full(len(first), np.nan)
    names = []
    for at, row in enumerate(rows[first]):
        target = targets.at(row) if targets.at(row) in CLASSES else target_class
        names.append(target)
        item = table.item.at(row)
        entry = limit_of.get((item, types.at(row) or water_type), limit_of.get((item, "all")))
        if entry is None or target not in CLASSES[:-1]:
            continue
        if table.unit.at(row) in ("", entry["unit"]):
            class_limit[at] = entry[f"class_{CLASSES.index(target) + 1}"]
    limit = class_limit[place]
    for over in np.flatnonzero(table.number[rows] > limit).tolist():
        row, target = int(rows[over]), names[place[over]]
        unit = table.unit.at(row)
        yield (
            row,
            f"{table.item_name(row)}检出限{table.number[row]:.10g}{f' {unit}' if unit else ''}"
            f"高于{target}类限值{limit[over]:.10g}，未检出不能说明是否达到{target}类",
        )
