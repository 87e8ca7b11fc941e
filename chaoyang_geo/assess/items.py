"""The class of a single reading, and how far it is from the next better one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.judges import GAP, OUTCOMES, Judged, Numbers, judge
from chaoyang_geo.assess.registry import Registry, registry_of, text_codes, water_types
from chaoyang_geo.codes import Coded, category, distinct_texts, each_block, rows_of, spread
from chaoyang_geo.periods.cells import GAPS
from chaoyang_geo.schema import (
    SchemaError,
    as_text,
    class_dtype,
    one_of,
    require,
    require_unique,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.standards.limit_tables import Standard

    Floats = npt.NDArray[np.float64]


def classify_items(
    readings: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    standard: Standard = "gb3838",
    water_type: str = "river",
    limits: bool = True,
) -> pd.DataFrame:
    """Give every reading its own class.

    Required columns: ``readings``: ``item``, ``value``; used where present: ``unit``,
    ``censored``, ``detection_limit``, ``section_code``, ``row_kind`` (only samples are
    judged). ``sections``: ``section_code``, ``water_type`` (``river`` or ``lake``); where it
    has a section more than once, with ``valid_from``, the readings need ``registry_from``.

    Parameters
    ----------
    readings : DataFrame, n rows
        The long table of :func:`read_readings`, joined by :func:`match_sections`.
    sections : DataFrame, optional
        Registry that says whether a section lies on a river or a lake.
    standard : str, path or DataFrame
        A key of :func:`chaoyang_geo.standards.catalogue`, or a standard of one's own, see
        :func:`chaoyang_geo.read_standard`.
    water_type : {"river", "lake"}
        Limits for readings whose section is not in ``sections``; ``item_flag`` says so
        where it matters (TP).
    limits : bool
        Whether ``limit``, ``next_limit`` and ``distance_to_next`` are given: three columns of
        numbers that millions of readings may do without.

    Returns
    -------
    DataFrame, n rows: the input with

        ``water_type``, ``in_class`` (whether the item enters the class of a section),
        ``item_class`` (ordered category; missing where there is no number or no limit),
        ``limit`` (of the class given; missing for 劣Ⅴ), ``next_limit`` (of the next better
        class; missing in class Ⅰ), ``distance_to_next`` (how far the value must move to
        reach it, in its unit), ``item_flag`` (why there is no class, or what was assumed).
        Texts are categories. Columns of the input are shared, not copied.

    Raises
    ------
    SchemaError
        A required column is missing, or ``water_type`` in ``sections`` is neither river nor lake.
    ValueError
        Unknown ``standard`` or ``water_type``.

    Notes
    -----
    Limits: GB 3838-2002 Table 1. For a value below its detection limit the whole range
    from zero to the limit is judged: where all of it has one class, that is the class;
    else it cannot be decided and stays missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import classify_items
    >>> readings = pd.DataFrame({"item": ["tp", "do", "ph", "tn"], "value": [0.2, 4.9, 9.3, 8.0]})
    >>> classify_items(readings)[["item", "item_class", "next_limit", "distance_to_next"]]
      item item_class  next_limit  distance_to_next
    0   tp          Ⅲ         0.1               0.1
    1   do          Ⅳ         5.0               0.1
    2   ph         劣Ⅴ         9.0               0.3
    3   tn        NaN         NaN               NaN
    """
    import pandas as pd

    registry = start(readings, sections, standard, water_type)
    judged = judge_readings(readings, registry, standard=standard, water_type=water_type)
    found = pd.DataFrame(item_columns(judged, limits=limits), index=readings.index, copy=False)
    before = [name for name in found if name in readings]
    return pd.concat([readings.drop(columns=before), found], axis=1)


def start(
    readings: pd.DataFrame, sections: pd.DataFrame | None, standard: Any, water_type: str
) -> Registry:
    """Check what is given, and find the sections of the readings."""
    require(readings, ["item", "value"], table="readings")
    one_of("water_type", water_type, ("river", "lake"))
    standards.limits(standard)
    return registry_of(readings, sections)


def judge_readings(
    readings: pd.DataFrame, registry: Registry, *, standard: Any, water_type: str
) -> Judged:
    """Judge every reading; a value below detection or above range is judged as a range."""
    import numpy as np

    n = len(readings)
    empty = Coded([""], np.zeros(n, np.int8))
    unit, sign, kind = (
        text_codes(readings[name]) if name in readings else empty
        for name in ("unit", "censored", "row_kind")
    )
    check_marks(sign)
    values = numbers_of(readings, "value")
    if "state" in readings:
        kind = _with_gaps(kind, text_codes(readings["state"]), values, sign)
    columns = [text_codes(readings["item"]), unit, water_types(registry, water_type), kind]
    is_range = np.array([text in ("<", ">") for text in sign.texts] or [False])
    rows = rows_of(sign.codes, is_range)
    below = np.array([text == "<" for text in sign.texts] or [False])[sign.codes[rows]]
    bound = numbers_of(readings, "detection_limit")[rows]
    # "<0.05" lies below 0.05 and ">0.4" above 0.4: the bound itself does not belong
    low = np.where(below, 0.0, np.nextafter(bound, np.inf))
    high = np.where(below, np.nextafter(bound, -np.inf), np.inf)
    # above an unknown end lies anything; below an unknown limit, nothing is known
    low, high = np.where(np.isnan(low), 0.0, low), np.where(below & np.isnan(bound), np.nan, high)
    return judge(standard, columns, Numbers(values, rows, low, high))


def check_marks(sign: Coded) -> None:
    """Refuse a mark that is neither below detection nor above range: it is not guessed."""
    import numpy as np

    for code, text in enumerate(sign.texts):
        if text not in ("", "<", ">") and (rows := np.flatnonzero(sign.codes == code)).size:
            raise SchemaError(
                f"readings: row {rows[0] + 1} of censored holds {text!r}; write '<' for below "
                "detection, '>' for above range, or nothing. read_readings makes this column."
            )


def _with_gaps(kind: Coded, state: Coded, values: Floats, sign: Coded) -> Coded:
    """Mark the rows that have a value although their state says that there is none."""
    import numpy as np

    is_gap = np.array([text in GAPS for text in state.texts] or [False])
    rows = rows_of(state.codes, is_gap)
    marked = np.array([bool(text) for text in sign.texts] or [False])[sign.codes[rows]]
    rows = rows[marked | ~np.isnan(values[rows])]
    if not len(rows):
        return kind
    codes = kind.codes.astype(np.int32)
    codes[rows] = len(kind.texts)
    return Coded([*kind.texts, GAP], codes)


def item_columns(judged: Judged, *, limits: bool = True) -> dict[str, Any]:
    """Return the columns that judging adds to a table, texts as categories."""
    import numpy as np
    import pandas as pd

    flags = judged.bench.flags
    labels = list(dict.fromkeys(["", *(text for of_outcome in flags for text in of_outcome)]))
    number = {label: k for k, label in enumerate(labels)}
    width = OUTCOMES
    table = np.array([number[t] for of_outcome in flags for t in of_outcome] or [0], np.int16)
    flag = np.empty(len(judged.codes), np.int16)

    def work(here: slice) -> None:
        cell = judged.codes[here].astype(np.int32) * width
        cell += judged.outcome[here]
        np.take(table, cell, out=flag[here], mode="clip")

    each_block(len(flag), work)
    water = [text.rstrip("?") for text in judged.per_combination(2)]
    columns = {
        "water_type": category(water, judged.codes),
        "in_class": spread(judged.bench.in_class, judged.codes),
        "item_class": pd.Categorical.from_codes(judged.rank, dtype=class_dtype(), validate=False),
    }
    if limits:
        columns["limit"] = judged.limit
        columns["next_limit"] = judged.next_limit
        columns["distance_to_next"] = judged.distance
    columns["item_flag"] = category(labels, flag)
    return columns


def numbers_of(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column of numbers; a text that is no number is an error, not a gap."""
    import numpy as np
    import pandas as pd

    if column not in frame:
        return np.full(len(frame), np.nan)
    if frame[column].dtype == "float64":
        return frame[column].to_numpy()
    numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan)
    lost = np.flatnonzero(np.isnan(numbers) & frame[column].notna().to_numpy())
    if len(lost):
        raise SchemaError(
            f"readings: row {lost[0] + 1} of {column} holds {frame[column].iloc[lost[0]]!r}, which "
            "is no number; read the table with read_readings, which keeps such text apart."
        )
    return numbers


def chosen_items(
    items: str | Sequence[str] | pd.DataFrame | None,
    codes: Coded | None,
    standard: Any = None,
) -> dict[str, Any]:
    """Return what shall enter the class: a named set, keys, or a set for each section.

    Of a set only the items are taken that enter a class by the standard, where one is given: an
    item that never enters is not missing, either.
    """
    if items is None:
        return {}
    import pandas as pd

    out = left_out(items, standard)
    if not isinstance(items, pd.DataFrame):
        kept = tuple(item for item in standards.item_set(items) if item not in out)
        if not kept:
            raise ValueError(
                f"items: none of {', '.join(out)} enters the class of a section by this standard; "
                "name others, or give a standard of your own with in_class 1, see read_standard."
            )
        return {"items": kept}
    table = items
    require_unique(table, "section_code", table="items")
    if codes is None:
        raise SchemaError(
            "readings: column section_code is missing, and items names sets by section; "
            "join the readings first: match_sections(readings, sections)."
        )
    own = {
        code: ";".join(item for item in standards.item_set(text.split(";")) if item not in out)
        for code, text in zip(
            as_text(table["section_code"]), as_text(table["items_evaluated"]), strict=True
        )
    }
    core = ";".join(standards.CORE_ITEMS)
    sets = Coded([own.get(code, core) if code else core for code in codes.texts], codes.codes)
    return {"sets": distinct_texts(sets)}


def left_out(items: str | Sequence[str] | pd.DataFrame | None, standard: Any) -> list[str]:
    """Return the items of a set that do not enter the class of a section by the standard."""
    if items is None or standard is None:
        return []
    import pandas as pd

    if isinstance(items, pd.DataFrame):
        require(items, ["section_code", "items_evaluated"], table="items")
        texts = as_text(items["items_evaluated"])
        wanted = dict.fromkeys(key for text in texts for key in standards.item_set(text.split(";")))
    else:
        wanted = dict.fromkeys(standards.item_set(items))
    limits = standards.limits(standard)
    entering = set(limits.loc[limits["in_class"].astype(bool), "item"])
    return [item for item in wanted if item not in entering]
