"""Doubt: readings that deserve a second look, each with the reason in a sentence.

Nothing is removed and no value is changed. A doubt is not an error: floods do make jumps, and
calm lakes do keep one temperature for a day. The sentence says what was compared with what, so
that a person can decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chaoyang_geo.doubt.page import write_quality_page
from chaoyang_geo.doubt.report import quality_report
from chaoyang_geo.doubt.rules import DoubtRules
from chaoyang_geo.doubt.words import KINDS
from chaoyang_geo.schema import CLASSES, one_of, require

if TYPE_CHECKING:
    import pandas as pd

    from chaoyang_geo.doubt.table import Table

__all__ = ["KINDS", "DoubtRules", "flag_doubts", "quality_report", "write_quality_page"]

_RULES = DoubtRules()


def flag_doubts(
    readings: pd.DataFrame,
    *,
    rules: DoubtRules = _RULES,
    history: pd.DataFrame | None = None,
    limits: pd.DataFrame | None = None,
    laboratory: str | None = None,
    target_class: str = "Ⅲ",
    water_type: str = "river",
    standard: str = "gb3838",
) -> pd.DataFrame:
    r"""Say which readings are doubtful, and why, without removing or changing any.

    Required columns: ``item``, ``value``, ``time``. Used where present: ``section_code``, or
    ``section_name`` with ``province``; ``unit``, ``period``, ``state`` or ``censored``,
    ``detection_limit``, ``row_kind``, ``origin``, ``origin_row``, ``origin_column``,
    ``laboratory``, ``sampling_layer``, ``target_class``, ``water_type``. Rows without section or time are judged by
    their value alone; rows that are no sample (means, totals, notes) are not judged.

    Parameters
    ----------
    readings : DataFrame, n rows
        The long table of :func:`read_readings`; match the sections first, so that one section
        has one code.
    rules : DoubtRules
        The thresholds; ``DoubtRules(jump_times_mad=4)`` changes one of them.
    history : DataFrame, optional
        Earlier readings of the same sections: they are compared with, not judged. Without it a
        section's history is what ``readings`` holds of it.
    limits : DataFrame, optional
        Believable ranges: ``item``, ``low``, ``high``, optionally ``unit``, ``least_jump``,
        ``jump_by``, ``why``; default :func:`chaoyang_geo.standards.plausible.plausible`.
    laboratory : str, optional
        Column that names who measured; default ``laboratory``, else the file of ``origin``.
    target_class : {"Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ"}
        Class whose limit a detection limit must not exceed, where the column says nothing.
    water_type : {"river", "lake"}
        Whose limits, where the column says nothing.
    standard : str
        Key of the standard, see :func:`chaoyang_geo.standards.catalogue`.

    Returns
    -------
    DataFrame, n rows: the input, same order and index, with

        ``doubt_flag`` (category; Chinese sentences joined by ；, ``''`` if there is none) and
        ``doubts`` (category; the kinds joined by ``;``, in the order of the table below).

    Raises
    ------
    SchemaError
        A required column is missing.
    ValueError
        An option is unknown.
    TypeError
        ``rules`` is no :class:`DoubtRules`.

    Notes
    -----
    ============================  ===========================================================
    kind                          rule
    ============================  ===========================================================
    ``duplicate``                 same section, item, unit, time and result
    ``near_duplicate``            same result less than ``near_hours`` apart, or on the same day
                                  where one has no hour
    ``two_laboratories``          one sample, different results from different sources
    ``conflict``                  one time, different results from one source
    ``impossible``                outside ``limits``; engineering bounds, from no standard
    ``jump``                      \|v - median\| > ``jump_times_mad`` x 1.4826 MAD of the values
                                  before, and not small
    ``stuck``                     one number ``stuck_values`` times over ``stuck_days``, but for
                                  water as cold as under ice
    ``contradiction``             a part larger than its whole: NH3-N, NO3-N, NO2-N > TN,
                                  PO4-P > TP, CODMn > COD, BOD5 > COD
    ``blunt_limit``               below a detection limit that is above the class limit
    ============================  ===========================================================

    Days, instants, ranges within a day and rows without a period are compared with each other;
    longer periods, and the layers of the water (``sampling_layer``), only with their like. Values
    below detection enter the history of a jump at their limit. A chain of readings that are each
    closer than ``near_hours`` is a series, not one sample.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import flag_doubts
    >>> readings = pd.DataFrame({
    ...     "section_code": ["S1", "S1", "S1"], "time": pd.Timestamp("2025-10-08 08:00"),
    ...     "item": ["ph", "nh3_n", "tn"], "value": [14.2, 2.0, 1.5], "unit": ["", "mg/L", "mg/L"]})
    >>> flagged = flag_doubts(readings)
    >>> flagged["doubts"].tolist()
    ['impossible', 'contradiction', 'contradiction']
    >>> flagged.loc[0, "doubt_flag"]
    'pH14.2超出可信范围0~14（pH标度为0~14，工程经验界限）'
    """
    from chaoyang_geo import standards
    from chaoyang_geo.doubt import values
    from chaoyang_geo.doubt.repeats import Samples
    from chaoyang_geo.doubt.series import History
    from chaoyang_geo.doubt.table import table_of
    from chaoyang_geo.standards.plausible import part_whole, plausible

    require(readings, ["item", "value", "time"], table="readings")
    if not isinstance(rules, DoubtRules):
        raise TypeError(
            f"rules={rules!r} is no DoubtRules; write rules=DoubtRules(near_hours=2), naming what "
            "differs from the defaults"
        )
    one_of("target_class", target_class, CLASSES[:-1])
    one_of("water_type", water_type, ("river", "lake"))
    one_of("standard", standard, standards.catalogue()["standard"])
    if laboratory is not None:
        require(readings, [laboratory], table="readings")
    bounds = plausible() if limits is None else limits
    require(bounds, ["item", "low", "high"], table="limits")

    table = table_of(readings, laboratory=laboratory)
    samples = Samples(table, near_hours=rules.near_hours, near_tolerance=rules.near_tolerance)
    past = _with_history(table, history)
    found: dict[str, Iterator[tuple[int, str]]] = {
        "duplicate": samples.duplicates(),
        "near_duplicate": samples.near_duplicates(rules.near_hours),
        "two_laboratories": samples.two_laboratories(),
        "conflict": samples.conflicts(),
        "impossible": values.impossible(table, bounds),
        "jump": History(*past).jumps(
            bounds=bounds,
            window=rules.jump_values,
            min_values=rules.jump_min_values,
            times_mad=rules.jump_times_mad,
            share=rules.jump_share,
        ),
        "stuck": History(*past).stuck(
            min_values=rules.stuck_values,
            min_days=rules.stuck_days,
            gap_hours=rules.stuck_gap_hours,
            skip=rules.stuck_skip,
            freezing=rules.stuck_freezing_celsius,
        ),
        "contradiction": values.contradictions(
            table, part_whole(), tolerance=rules.contradiction_tolerance
        ),
        "blunt_limit": values.blunt_limits(
            table, readings, standard=standard, water_type=water_type, target_class=target_class
        ),
    }
    return _with_flags(readings, found)


def _with_history(table: Table, history: pd.DataFrame | None) -> tuple[Table, int]:
    """Return history and readings as one table, and where the readings begin."""
    import numpy as np
    import pandas as pd

    from chaoyang_geo.doubt.table import table_of

    if history is None or not len(history):
        return table, 0
    require(history, ["item", "value", "time"], table="history")
    needed = (
        *("section_code", "section_name", "province", "item", "unit", "period", "time", "value"),
        *("detection_limit", "row_kind", "sampling_layer", "period_end"),
    )
    parts = []
    for one in (table_of(history, laboratory=None), table):
        part: dict[str, object] = {"state": np.array(["number", "below", "above", ""])[one.kind]}
        for name in needed:
            if name in one.frame:
                column = one.frame[name]
                is_category = isinstance(column.dtype, pd.CategoricalDtype)
                part[name] = (column.astype(object) if is_category else column).to_numpy()
        parts.append(pd.DataFrame(part))
    both = pd.concat(parts, ignore_index=True)
    return table_of(both, laboratory=None), len(history)


def _with_flags(
    readings: pd.DataFrame, found: dict[str, Iterator[tuple[int, str]]]
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    sentences: dict[int, str] = {}
    kinds = np.zeros(len(readings), np.int64)
    for bit, kind in enumerate(KINDS):
        for row, sentence in found[kind]:
            before = sentences.get(row)
            sentences[row] = sentence if before is None else f"{before}；{sentence}"
            kinds[row] |= 1 << bit
    masks, codes = np.unique(kinds, return_inverse=True)
    names = [
        ";".join(kind for bit, kind in enumerate(KINDS) if mask & (1 << bit))
        for mask in masks.tolist()
    ]
    distinct: dict[str, int] = {"": 0}
    flags = np.zeros(len(readings), np.int64)
    for row, sentence in sentences.items():
        flags[row] = distinct.setdefault(sentence, len(distinct))
    result = readings.copy()
    result["doubt_flag"] = pd.Categorical.from_codes(
        flags, categories=pd.Index(list(distinct), dtype="str")
    )
    result["doubts"] = pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype="str"))
    return result
