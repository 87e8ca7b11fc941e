"""The class of a single reading, and how far it is from the next better one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.schema import (
    SchemaError,
    as_text,
    class_dtype,
    one_of,
    require,
    require_unique,
    text_array,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

#: Flag of a reading without a number; a gap is not a doubt about the class.
NO_NUMBER = "没有数值"


def classify_items(
    readings: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    standard: str = "gb3838",
    water_type: str = "river",
) -> pd.DataFrame:
    """Give every reading its own class.

    Required columns: ``readings``: ``item``, ``value``; used where present: ``unit``,
    ``censored``, ``detection_limit``, ``section_code``, ``row_kind`` (only samples are
    judged). ``sections``: ``section_code``, ``water_type`` (``river`` or ``lake``).

    Parameters
    ----------
    readings : DataFrame, n rows
        The long table of :func:`read_readings`, joined by :func:`match_sections`.
    sections : DataFrame, optional
        Registry that says whether a section lies on a river or a lake.
    standard : str
        Key of the standard, see :func:`chaoyang_geo.standards.catalogue`.
    water_type : {"river", "lake"}
        Limits for readings whose section is not in ``sections``; ``item_flag`` says so
        where it matters (TP).

    Returns
    -------
    DataFrame, n rows: the input with

        ``water_type``, ``in_class`` (whether the item enters the class of a section),
        ``item_class`` (ordered category; missing where there is no number or no limit),
        ``limit`` (of the class given; missing for 劣Ⅴ), ``next_limit`` (of the next better
        class; missing in class Ⅰ), ``distance_to_next`` (how far the value must move to
        reach it, in its unit), ``item_flag`` (why there is no class, or what was assumed).

    Raises
    ------
    SchemaError
        A required column is missing, or ``water_type`` in ``sections`` is neither river nor lake.
    ValueError
        Unknown ``standard`` or ``water_type``.

    Notes
    -----
    Limits: GB 3838-2002 Table 1. For a value below its detection limit the whole range
    from zero to the limit is judged: where both ends have one class, that is the class;
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
    import numpy as np
    import pandas as pd

    require(readings, ["item", "value"], table="readings")
    one_of("water_type", water_type, ("river", "lake"))
    limits = standards.limits(standard)
    result = readings.copy()
    n = len(result)
    types, type_known = _water_types(result, sections, water_type)
    items = text_array(result["item"])
    values = numbers_of(result, "value")
    units = np.array(
        [standards.fold_unit(unit) for unit in texts_of(result, "unit", n)], dtype=object
    )
    censored = texts_of(result, "censored", n)
    detection = numbers_of(result, "detection_limit")
    # "<0.05" lies below 0.05 and ">0.4" above 0.4: the bound itself does not belong
    below, above = np.nextafter(detection, -np.inf), np.nextafter(detection, np.inf)
    low = np.where(censored == "<", 0.0, np.where(censored == ">", above, values))
    high = np.where(censored == "<", below, np.where(censored == ">", np.inf, values))
    row_kinds = _row_kinds(result, n)
    impossible = (low < 0) | (np.isinf(values) & (censored == ""))

    rank = np.full(n, -1, dtype="int64")
    limit, next_limit, distance = (np.full(n, np.nan) for _ in range(3))
    in_class = np.zeros(n, dtype=bool)
    flags: npt.NDArray[np.object_] = np.full(n, "", dtype=object)
    known_items = set(limits["item"])
    names = standards.item_names()

    for item in pd.unique(items):
        of_item = items == item
        if item not in known_items:
            flags[of_item] = "标准中没有该指标的限值"
            continue
        for kind in ("river", "lake"):
            rows = of_item & (types == kind) & (row_kinds == "sample")
            if not rows.any():
                continue
            own = limits[(limits["item"] == item) & limits["water_type"].isin(("all", kind))]
            own = own[own["direction"].isin(("max", "min"))]
            if own.empty:
                what = "河流" if kind == "river" else "湖库"
                flags[rows] = f"{names[item]}：{what}没有分类限值"
                continue
            in_class |= rows & own["in_class"].iloc[0]
            unit = own["unit"].iloc[0]
            wrong = rows & (units != "") & (units != standards.fold_unit(unit))
            flags[wrong] = f"单位不是{unit or '无量纲'}，未作评价"
            flags[rows & impossible] = "数值为负或不是有限数，未作评价"
            rows &= ~wrong & ~impossible
            best = np.full(n, -1, dtype="int64")
            worst = np.full(n, -1, dtype="int64")
            for rule in own.itertuples():
                bounds = np.array([getattr(rule, c) for c in standards.LIMIT_COLUMNS])
                at_low = _rank(low, bounds, rule.direction)
                at_high = _rank(high, bounds, rule.direction)
                best = np.maximum(best, np.minimum(at_low, at_high))
                here = np.maximum(at_low, at_high)
                deciding = rows & (here > worst)
                worst = np.maximum(worst, here)
                _set_limits(deciding, here, values, bounds, (limit, next_limit, distance))
            seen = rows & ~np.isnan(low) & ~np.isnan(high)
            undecided = seen & (best != worst)
            decided = seen & ~undecided
            rank[decided] = worst[decided]
            flags[undecided] = "检出限（或量程）跨越多个类别，不能判定"
            flags[rows & ~seen] = NO_NUMBER
            if len(set(limits.loc[limits["item"] == item, "water_type"])) > 1:
                word = "河流" if kind == "river" else "湖库"
                flags[decided & ~type_known] = f"水体类型未登记，按{word}限值"

    flags[row_kinds != "sample"] = "不是样品，不作评价"
    without = rank < 0
    for column in (limit, next_limit, distance):
        column[without] = np.nan
    result["water_type"] = strings_of(types)
    result["in_class"] = in_class
    result["item_class"] = classes_of_rank(rank)
    result["limit"] = limit
    result["next_limit"] = next_limit
    result["distance_to_next"] = distance
    result["item_flag"] = strings_of(flags)
    return result


def texts_of(frame: pd.DataFrame, column: str, n: int) -> npt.NDArray[np.object_]:
    import numpy as np

    if column not in frame:
        return np.full(n, "", dtype=object)
    taken: npt.NDArray[np.object_] = text_array(frame[column])
    return taken


def _row_kinds(frame: pd.DataFrame, n: int) -> npt.NDArray[np.object_]:
    """Return what each row is; a mean or a total of the table is no sample."""
    kinds = texts_of(frame, "row_kind", n)
    kinds[kinds == ""] = "sample"
    return kinds


def numbers_of(frame: pd.DataFrame, column: str) -> Floats:
    import numpy as np
    import pandas as pd

    if column not in frame:
        return np.full(len(frame), np.nan)
    numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan)
    lost = np.flatnonzero(np.isnan(numbers) & frame[column].notna().to_numpy())
    if len(lost):
        raise SchemaError(
            f"readings: row {lost[0] + 1} of {column} holds {frame[column].iloc[lost[0]]!r}, which "
            "is no number; read the table with read_readings, which keeps such text apart."
        )
    return numbers


def strings_of(values: Iterable[object]) -> Any:
    import pandas as pd

    return pd.array([str(value) for value in values], dtype="str")


def classes_of_rank(rank: npt.NDArray[np.int64]) -> pd.Categorical:
    import pandas as pd

    return pd.Categorical.from_codes(rank, dtype=class_dtype())


def _water_types(
    readings: pd.DataFrame, sections: pd.DataFrame | None, default: str
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """Return the water type of each reading, and whether the registry said it."""
    import numpy as np

    n = len(readings)
    types = np.full(n, default, dtype=object)
    known = np.zeros(n, dtype=bool)
    if sections is None:
        return types, known
    require(sections, ["section_code", "water_type"], table="sections")
    require_unique(sections, "section_code", table="sections")
    require(readings, ["section_code"], table="readings", hint=MATCH_FIRST)
    by_code = registered(sections, "water_type")
    for code, kind in by_code.items():
        if kind not in ("river", "lake", ""):
            raise SchemaError(
                f"sections: section_code {code} has water_type {kind!r}; use 'river' or 'lake' "
                "(a reservoir is a lake)."
            )
    found = as_text(readings["section_code"]).map(by_code).fillna("").to_numpy(dtype=object)
    known = found != ""
    types[known] = found[known]
    return types, known


MATCH_FIRST = "Join the readings to the sections first: match_sections(readings, sections)."


def registered(sections: pd.DataFrame, column: str) -> dict[str, str]:
    """Return a column of the registry by section code, both as text."""
    codes, values = as_text(sections["section_code"]), as_text(sections[column])
    return dict(zip(codes, values, strict=True))


def _rank(values: Floats, bounds: Floats, direction: object) -> npt.NDArray[np.int64]:
    """Rank of each value, 0 = Ⅰ to 5 = 劣Ⅴ; on a limit the better class; NaN ranks last."""
    import numpy as np

    if direction == "min":
        return np.searchsorted(-bounds, -values, side="left")
    return np.searchsorted(bounds, values, side="left")


def _set_limits(
    rows: npt.NDArray[np.bool_],
    rank: npt.NDArray[np.int64],
    values: Floats,
    bounds: Floats,
    out: tuple[Floats, Floats, Floats],
) -> None:
    """Write limit, next better limit and distance to it for ``rows``."""
    import numpy as np

    limit, next_limit, distance = out
    padded = np.append(bounds, np.nan)
    limit[rows] = padded[rank[rows]]
    # classes may share a limit, so the next better limit is that of the class before this one
    before = np.where(rank > 0, bounds[np.maximum(rank - 1, 0)], np.nan)
    next_limit[rows] = before[rows]
    # 0.2 - 0.1 is 0.1 to the digits that anyone reads
    distance[rows] = np.round(np.abs(values[rows] - before[rows]), 9)
