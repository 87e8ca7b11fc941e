"""The water-quality class of readings and sections, each able to say why.

Single-factor assessment: the worst item decides (环办〔2011〕22号). Limits come from
GB 3838-2002 Table 1; water temperature, total nitrogen and fecal coliform stay out of
the class. A value exactly on a limit keeps the better class. Instantaneous readings are
judged as they are, without rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.reasons import explainer
from chaoyang_geo.schema import CLASSES, SchemaError, class_dtype, one_of, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

#: The multiple over a limit is never computed for these (环办〔2011〕22号).
WITHOUT_MULTIPLE: frozenset[str] = frozenset({"ph", "do", "water_temp"})

#: Columns of an assessment, in order.
ASSESSMENT_COLUMNS: tuple[str, ...] = (
    "section_code",
    "section_name",
    "province",
    "time",
    "class",
    "deciding_items",
    "deciding_values",
    "deciding_limits",
    "distance_to_next",
    "times_over",
    "times_over_item",
    "target_class",
    "target_quality",
    "attained",
    "n_readings",
    "items_missing",
    "assess_flag",
    "published_class",
    "source",
    "source_en",
    "why_zh",
    "why_en",
)

#: Flag of a reading without a number; a gap is not a doubt about the class.
NO_NUMBER = "没有数值"

_WORSE = len(CLASSES) - 1  # rank of 劣Ⅴ; ranks count from 0 = Ⅰ


def classify_items(
    readings: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    standard: str = "gb3838",
    water_type: str = "river",
) -> pd.DataFrame:
    """Give every reading its own class.

    Required columns: ``readings``: ``item``, ``value``; used where present: ``unit``,
    ``censored``, ``detection_limit``, ``section_code``. ``sections``: ``section_code``,
    ``water_type`` (``river`` or ``lake``).

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
    items = result["item"].astype(str).to_numpy(dtype=object)
    values = result["value"].to_numpy(dtype="float64", na_value=np.nan)
    units = _texts(result, "unit", n)
    censored = _texts(result, "censored", n)
    detection = (
        result["detection_limit"].to_numpy(dtype="float64", na_value=np.nan)
        if "detection_limit" in result
        else np.full(n, np.nan)
    )
    low = np.where(censored == "<", 0.0, np.where(censored == ">", detection, values))
    high = np.where(censored == "<", detection, np.where(censored == ">", np.inf, values))

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
            rows = of_item & (types == kind)
            if not rows.any():
                continue
            own = limits[(limits["item"] == item) & limits["water_type"].isin(("all", kind))]
            own = own[own["direction"].isin(("max", "min"))]
            if own.empty:
                what = "河流" if kind == "river" else "湖库"
                flags[rows] = f"{names[item]}：{what}没有分类限值"
                continue
            wrong = rows & (units != "") & (units != own["unit"].iloc[0])
            flags[wrong] = f"单位不是{own['unit'].iloc[0] or '无量纲'}，未作评价"
            rows &= ~wrong
            in_class |= rows & own["in_class"].iloc[0]
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

    without = rank < 0
    for column in (limit, next_limit, distance):
        column[without] = np.nan
    result["water_type"] = _strings(types)
    result["in_class"] = in_class
    result["item_class"] = _categories(rank)
    result["limit"] = limit
    result["next_limit"] = next_limit
    result["distance_to_next"] = distance
    result["item_flag"] = _strings(flags)
    return result


def _texts(frame: pd.DataFrame, column: str, n: int) -> npt.NDArray[np.object_]:
    import numpy as np

    if column not in frame:
        return np.full(n, "", dtype=object)
    return frame[column].fillna("").astype(str).to_numpy(dtype=object)


def _strings(values: Iterable[object]) -> Any:
    import pandas as pd

    return pd.array([str(value) for value in values], dtype="str")


def _categories(rank: npt.NDArray[np.int64]) -> pd.Categorical:
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
    require(readings, ["section_code"], table="readings")
    registered = dict(zip(sections["section_code"], sections["water_type"], strict=True))
    for code, kind in registered.items():
        if kind not in ("river", "lake"):
            raise SchemaError(
                f"sections: section_code {code} has water_type {kind!r}; use 'river' or 'lake' "
                "(a reservoir is a lake)."
            )
    found = readings["section_code"].map(registered)
    known = found.notna().to_numpy()
    types[known] = found[known].to_numpy(dtype=object)
    return types, known


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


def classify(
    readings: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    standard: str = "gb3838",
    water_type: str = "river",
) -> pd.DataFrame:
    """Class of each section at each sampling time: the worst item decides.

    Required columns: ``readings``: ``item``, ``value``, ``time`` and ``section_code`` or
    ``section_name``. ``sections``: ``section_code``, ``water_type``; used where present:
    ``section_name``, ``target_class``, ``target_quality``.

    Parameters
    ----------
    readings : DataFrame
        The long table of :func:`read_readings`, joined by :func:`match_sections`.
    sections : DataFrame, optional
        Registry with water type and target. Without it (or for readings of other
        sections) there is no target, and ``water_type`` holds.
    standard, water_type
        As in :func:`classify_items`.

    Returns
    -------
    DataFrame, one row per section and sampling time, in order of first appearance
        ``section_code``, ``section_name``, ``province`` (if the readings have it), ``time``,
        ``class``, ``deciding_items`` (keys, the one farthest from the next better class
        first), ``deciding_values``, ``deciding_limits`` (of the next better class), ``times_over``
        with ``times_over_item`` ((C - S) / S over the limit of the target class, largest item;
        missing when none exceeds; never for pH, DO), ``distance_to_next`` (of the first
        deciding item, in its unit), ``target_class``, ``target_quality``, ``attained``,
        ``n_readings``, ``items_missing`` (of pH, DO, CODMn, NH3-N, TP), ``assess_flag``,
        ``published_class`` (if there), ``source`` (of the readings, else their files), ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError, ValueError
        As :func:`classify_items`.

    Notes
    -----
    Source: 环办〔2011〕22号 (single factor; 21 items of GB 3838-2002 Table 1, without water
    temperature, total nitrogen and fecal coliform; states of the classes).

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import classify
    >>> readings = pd.DataFrame({
    ...     "section_code": "S1", "section_name": "章吉营", "time": pd.Timestamp("2025-10-08 08:00"),
    ...     "item": ["ph", "do", "cod_mn", "nh3_n", "tp"], "value": [8.1, 9.0, 3.0, 0.2, 0.25]})
    >>> sections = pd.DataFrame({
    ...     "section_code": ["S1"], "water_type": ["river"], "target_class": ["Ⅲ"]})
    >>> row = classify(readings, sections).iloc[0]
    >>> print(row["class"], row["deciding_items"], row["times_over"], row["distance_to_next"])
    Ⅳ tp 0.25 0.05
    """
    import pandas as pd

    require(readings, ["time"], table="readings")
    if "section_code" not in readings.columns:
        require(readings, ["section_name"], table="readings")
    items = classify_items(readings, sections, standard=standard, water_type=water_type)
    items = items.reset_index(drop=True)
    table = _with_targets(items, sections, standard)
    keys = [name for name in ("section_code", "section_name", "province") if name in table]
    for key in keys:
        table[key] = table[key].fillna("").astype("str")
    group, first = _groups(table, keys)
    result = table.loc[first, [*keys, "time"]].reset_index(drop=True)
    result["time"] = pd.to_datetime(result["time"])
    if sections is not None and "section_name" in sections and "section_code" in result:
        registered = dict(zip(sections["section_code"], sections["section_name"], strict=True))
        result["section_name"] = (
            result["section_code"]
            .map(registered)
            .fillna(result["section_name"] if "section_name" in result else result["section_code"])
        )
    _add_verdict(result, table, group, first)
    for column in ("target_class", "target_quality", "published_class"):
        if column in table:
            result[column] = table.loc[first, column].reset_index(drop=True)
    result["class"] = result["class"].astype(class_dtype())
    result["attained"] = _attained(result)
    result["source"] = _joined(_sources(table), group, len(first))
    if "source_en" in table:
        result["source_en"] = _joined(table["source_en"].fillna(""), group, len(first))
    rows: list[Any] = result.to_dict("records")
    for lang in ("zh", "en"):
        write = explainer(lang=lang, standard=standard)
        result[f"why_{lang}"] = _strings(write(row) for row in rows)
    columns = [name for name in ASSESSMENT_COLUMNS if name in result]
    return result[columns]


def _groups(
    table: pd.DataFrame, keys: list[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Number the section-times in order of appearance; return each row's number and first rows."""
    import numpy as np
    import pandas as pd

    # a matched section is one section, whatever name the readings gave it
    matched = table["section_code"] != "" if "section_code" in keys else None
    parts = []
    for key in keys:
        texts = table[key]
        if matched is not None and key != "section_code":
            texts = texts.where(~matched, "")
        parts.append(pd.factorize(texts)[0])
    parts.append(pd.factorize(table["time"], use_na_sentinel=False)[0])
    number: Any = np.zeros(len(table), dtype="int64")
    for part in parts:
        # factorising after each step keeps the product of the parts within 64 bits
        both = number * (part.max(initial=0) + 1) + part
        number = pd.factorize(both)[0]
    first = np.flatnonzero(~pd.Series(number).duplicated().to_numpy())
    return number, first


def _add_verdict(
    result: pd.DataFrame,
    table: pd.DataFrame,
    group: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
) -> None:
    """Write class, deciding items, multiple, distance and what is missing into ``result``."""
    import numpy as np
    import pandas as pd

    n = len(first)
    rank = table["item_class"].cat.codes.to_numpy().astype("int64")
    judged = table["in_class"].to_numpy() & (rank >= 0)
    worst = np.full(n, -1, dtype="int64")
    np.maximum.at(worst, group[judged], rank[judged])
    result["class"] = _categories(worst)
    result["n_readings"] = np.bincount(group[judged], minlength=n)

    # the farther from the next better limit, relative to it, the more an item decides
    deciding = np.flatnonzero(judged & (rank == worst[group]) & (rank > 0))
    distance = table["distance_to_next"].to_numpy()
    next_limit = table["next_limit"].to_numpy()
    share = np.nan_to_num(distance[deciding] / next_limit[deciding])
    deciding = deciding[np.lexsort((deciding, -share, group[deciding]))]
    items = table["item"].to_numpy()
    twice = pd.DataFrame({"group": group[deciding], "item": items[deciding]}).duplicated()
    deciding = deciding[~twice.to_numpy()]
    of = group[deciding]
    chosen = table.iloc[deciding]
    result["deciding_items"] = _joined(chosen["item"], of, n)
    result["deciding_values"] = _joined(_value_texts(chosen), of, n, keep_all=True)
    limits = pd.Series([f"{x:g}" if x == x else "" for x in next_limit[deciding]], dtype="str")
    result["deciding_limits"] = _joined(limits, of, n, keep_all=True)
    leads = ~pd.Series(of).duplicated().to_numpy()
    result["distance_to_next"] = np.nan
    result.loc[of[leads], "distance_to_next"] = distance[deciding][leads]

    target = table["_target_limit"].to_numpy()
    over = np.round((table["value"].to_numpy(dtype="float64") - target) / target, 9)
    beyond = np.flatnonzero(judged & (over > 0))
    beyond = beyond[np.lexsort((beyond, -over[beyond], group[beyond]))]
    leads = ~pd.Series(group[beyond]).duplicated().to_numpy()
    result["times_over"] = np.nan
    result["times_over_item"] = _strings([""] * n)
    result.loc[group[beyond][leads], "times_over"] = over[beyond][leads]
    result.loc[group[beyond][leads], "times_over_item"] = items[beyond][leads]

    present = np.zeros((n, len(standards.CORE_ITEMS)), dtype=bool)
    for column, item in enumerate(standards.CORE_ITEMS):
        present[group[judged & (items == item)], column] = True
    missing = [
        [i for i, p in zip(standards.CORE_ITEMS, row, strict=True) if not p] for row in present
    ]
    result["items_missing"] = _strings(";".join(row) for row in missing)
    result["assess_flag"] = _assess_flags(table, group, judged, missing, worst)


def _joined(
    texts: pd.Series, group: npt.NDArray[np.int64], n: int, *, keep_all: bool = False
) -> Any:
    """Join texts by group with ``;``, in order; equal texts once unless ``keep_all``."""
    lists: list[list[str]] = [[] for _ in range(n)]
    for number, text in zip(group.tolist(), texts.tolist(), strict=True):
        if keep_all or (text and text not in lists[number]):
            lists[number].append(str(text))
    return _strings(";".join(parts) for parts in lists)


def _value_texts(chosen: pd.DataFrame) -> pd.Series:
    import pandas as pd

    n = len(chosen)
    units = _texts(chosen, "unit", n)
    signs = _texts(chosen, "censored", n)
    bounds = chosen["detection_limit"] if "detection_limit" in chosen else chosen["value"]
    texts = [
        f"{sign}{bound if sign else value:.12g} {unit}".strip()
        for value, sign, bound, unit in zip(chosen["value"], signs, bounds, units, strict=True)
    ]
    return pd.Series(texts, dtype="str")


def _sources(table: pd.DataFrame) -> pd.Series:
    """Say where each reading comes from: its stated source, else its file."""
    import pandas as pd

    if "source" in table:
        return table["source"].fillna("").astype("str")
    if "origin" in table:
        files = [str(text)[1 : str(text).find("]")] for text in table["origin"]]
        return pd.Series(files, dtype="str")
    return pd.Series([""] * len(table), dtype="str")


def _attained(result: pd.DataFrame) -> Any:

    reached = result["class"].cat.codes <= result["target_class"].cat.codes
    unknown = result["class"].isna() | result["target_class"].isna()
    return reached.astype("boolean").mask(unknown)


def _assess_flags(
    table: pd.DataFrame,
    group: npt.NDArray[np.int64],
    judged: npt.NDArray[np.bool_],
    missing: list[list[str]],
    worst: npt.NDArray[np.int64],
) -> Any:
    import numpy as np
    import pandas as pd

    names = standards.item_names()
    parts: list[list[str]] = []
    for lacking, rank in zip(missing, worst, strict=True):
        if rank < 0:
            parts.append(["没有可评价的读数，不定类"])
        elif lacking:
            parts.append([f"缺测{'、'.join(names[item] for item in lacking)}，类别可能更差"])
        else:
            parts.append([])
    twice = pd.DataFrame({"group": group, "item": table["item"].to_numpy()})[judged]
    for number, item in twice[twice.duplicated()].drop_duplicates().to_numpy().tolist():
        parts[number].append(f"{names[item]}同一时间有多个读数，取最差")
    flags = table["item_flag"].to_numpy(dtype=object)
    noted = np.flatnonzero(table["in_class"].to_numpy() & (flags != "") & (flags != NO_NUMBER))
    for number, text in dict.fromkeys((int(group[i]), str(flags[i])) for i in noted):
        parts[number].append(text)
    return _strings("；".join(texts) for texts in parts)


def _with_targets(
    items: pd.DataFrame, sections: pd.DataFrame | None, standard: str
) -> pd.DataFrame:
    """Add target class, its quality, and the limit of the target for every reading."""
    import numpy as np
    import pandas as pd

    table = items.copy()
    for column in ("target_class", "target_quality"):
        if sections is not None and column in sections:
            values = dict(zip(sections["section_code"], sections[column], strict=True))
            table[column] = table["section_code"].map(values)
        else:
            table[column] = pd.Series(pd.NA, index=table.index, dtype="object")
    stated = table["target_class"].dropna().astype(str)
    wrong = sorted(set(stated[stated != ""]) - set(CLASSES[:_WORSE]))
    if wrong:
        raise SchemaError(
            f"sections: target_class {wrong[0]!r} is no class of GB 3838; use one of "
            f"{', '.join(CLASSES[:_WORSE])}."
        )
    table["target_class"] = table["target_class"].astype(class_dtype())

    limits = standards.limits(standard)
    limits = limits[limits["direction"] == "max"]
    by_key = {
        (row.item, kind): [getattr(row, column) for column in standards.LIMIT_COLUMNS]
        for row in limits.itertuples()
        for kind in (("river", "lake") if row.water_type == "all" else (row.water_type,))
    }
    target = table["target_class"].cat.codes.to_numpy()
    found = [
        by_key[key][code]
        if code >= 0 and key in by_key and key[0] not in WITHOUT_MULTIPLE
        else np.nan
        for key, code in zip(
            zip(table["item"], table["water_type"], strict=True), target, strict=True
        )
    ]
    table["_target_limit"] = np.array(found, dtype="float64")
    return table
