"""The class of a section at a sampling time: the worst item decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.items import (
    MATCH_FIRST,
    NO_NUMBER,
    classes_of_rank,
    classify_items,
    numbers_of,
    registered,
    strings_of,
    texts_of,
)
from chaoyang_geo.reasons import explainer
from chaoyang_geo.schema import CLASSES, as_classes, as_text, as_times, class_dtype, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

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
    "items_undecided",
    "assess_flag",
    "published_class",
    "source",
    "source_en",
    "why_zh",
    "why_en",
)

_WORSE = len(CLASSES) - 1  # rank of 劣Ⅴ; ranks count from 0 = Ⅰ


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
        ``section_code``, ``section_name``, ``province`` (if the readings have it), ``time`` (China
        Standard Time, naive; times with a zone are converted),
        ``class``, ``deciding_items`` (keys, the one farthest from the next better class
        first), ``deciding_values``, ``deciding_limits`` (of the next better class), ``times_over``
        with ``times_over_item`` ((C - S) / S over the limit of the target class, largest item;
        missing when none exceeds; never for pH, DO), ``distance_to_next`` (of the first
        deciding item, in its unit), ``target_class``, ``target_quality``, ``attained``,
        ``n_readings``, ``items_missing`` (of pH, DO, CODMn, NH3-N, TP: nothing measured),
        ``items_undecided`` (measured, but no single class fits), ``assess_flag``,
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
    require(readings, ["time"], table="readings")
    if "section_code" not in readings.columns:
        require(readings, ["section_name"], table="readings")
        if sections is not None:
            require(readings, ["section_code"], table="readings", hint=MATCH_FIRST)
    items = classify_items(readings, sections, standard=standard, water_type=water_type)
    items = items.reset_index(drop=True)
    table = _with_targets(items, sections, standard)
    keys = [name for name in ("section_code", "section_name", "province") if name in table]
    for key in keys:
        table[key] = as_text(table[key])
    if "section_code_given" in table:
        # a code that the registry does not know still tells stations apart
        known = table["section_code"] != ""
        table["section_code"] = table["section_code"].where(
            known, as_text(table["section_code_given"])
        )
    table["time"] = as_times(table["time"])
    group, first = _groups(table, keys)
    result = table.loc[first, [*keys, "time"]].reset_index(drop=True)
    if sections is not None and "section_name" in sections and "section_code" in result:
        named = result["section_code"].map(registered(sections, "section_name"))
        own = result["section_name" if "section_name" in result else "section_code"]
        result["section_name"] = named.fillna(own).astype("str")
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
        result[f"why_{lang}"] = strings_of(write(row) for row in rows)
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
    if "origin" in table and table["time"].isna().any():
        # samples whose time was not understood are told apart by the row they stand in
        rows = as_text(table["origin"])
        if "origin_row" in table:
            rows = rows + "!" + as_text(table["origin_row"])
        parts.append(pd.factorize(rows.where(table["time"].isna(), ""))[0])
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
    result["class"] = classes_of_rank(worst)
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
    result["deciding_values"] = _joined(_valuetexts_of(chosen), of, n, keep_all=True)
    limits = pd.Series([f"{x:g}" if x == x else "" for x in next_limit[deciding]], dtype="str")
    result["deciding_limits"] = _joined(limits, of, n, keep_all=True)
    leads = ~pd.Series(of).duplicated().to_numpy()
    result["distance_to_next"] = np.nan
    result.loc[of[leads], "distance_to_next"] = distance[deciding][leads]

    target = table["_target_limit"].to_numpy()
    at_least = (table["censored"] == ">").to_numpy() if "censored" in table else False
    values = np.where(at_least, numbers_of(table, "detection_limit"), numbers_of(table, "value"))
    over = np.round((values - target) / target, 9)
    beyond = np.flatnonzero(judged & (over > 0))
    beyond = beyond[np.lexsort((beyond, -over[beyond], group[beyond]))]
    leads = ~pd.Series(group[beyond]).duplicated().to_numpy()
    result["times_over"] = np.nan
    result["times_over_item"] = strings_of([""] * n)
    result.loc[group[beyond][leads], "times_over"] = over[beyond][leads]
    result.loc[group[beyond][leads], "times_over_item"] = items[beyond][leads]

    measured = table["in_class"].to_numpy() & ~np.isnan(values)
    if "censored" in table:
        measured |= table["in_class"].to_numpy() & table["censored"].isin(("<", ">")).to_numpy()
    present = np.zeros((n, len(standards.CORE_ITEMS)), dtype=bool)
    for column, item in enumerate(standards.CORE_ITEMS):
        present[group[measured & (items == item)], column] = True
    open_items = np.flatnonzero(measured & (rank < 0))
    result["items_undecided"] = _joined(table["item"].iloc[open_items], group[open_items], n)
    missing = [
        [i for i, p in zip(standards.CORE_ITEMS, row, strict=True) if not p] for row in present
    ]
    result["items_missing"] = strings_of(";".join(row) for row in missing)
    result["assess_flag"] = _assess_flags(table, group, judged, missing, worst)


def _joined(
    texts: pd.Series, group: npt.NDArray[np.int64], n: int, *, keep_all: bool = False
) -> Any:
    """Join texts by group with ``;``, in order; equal texts once unless ``keep_all``."""
    lists: list[list[str]] = [[] for _ in range(n)]
    for number, text in zip(group.tolist(), texts.tolist(), strict=True):
        if keep_all or (text and text not in lists[number]):
            lists[number].append(str(text))
    return strings_of(";".join(parts) for parts in lists)


def _valuetexts_of(chosen: pd.DataFrame) -> pd.Series:
    import pandas as pd

    n = len(chosen)
    units = texts_of(chosen, "unit", n)
    signs = texts_of(chosen, "censored", n)
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
    found = [(int(group[i]), f"{names[str(table['item'].iloc[i])]}{flags[i]}") for i in noted]
    # a doubt about a reading that was judged is a doubt about the verdict
    for column in ("reading_flag", "match_flag"):
        if column in table:
            doubts = as_text(table[column]).to_numpy(dtype=object)
            found += [(int(group[i]), doubts[i]) for i in np.flatnonzero(judged & (doubts != ""))]
    for number, text in dict.fromkeys(found):
        parts[number].append(text)
    if "censored" in table:
        at_least = judged & (table["censored"] == ">").to_numpy()
        for number in dict.fromkeys(group[at_least].tolist()):
            parts[number].append("有读数高于量程，超标倍数为下限")
    return strings_of("；".join(dict.fromkeys(texts)) for texts in parts)


def _with_targets(
    items: pd.DataFrame, sections: pd.DataFrame | None, standard: str
) -> pd.DataFrame:
    """Add target class, its quality, and the limit of the target for every reading."""
    import numpy as np
    import pandas as pd

    table = items.copy()
    for column in ("target_class", "target_quality"):
        if sections is not None and column in sections:
            values = registered(sections, column)
            table[column] = as_text(table["section_code"]).map(values).fillna("").astype("str")
        else:
            table[column] = pd.Series("", index=table.index, dtype="str")
    if sections is not None and "target_class" in sections:
        as_classes(sections["target_class"], table="sections", column="target_class")
    table["target_class"] = as_classes(
        table["target_class"], table="readings", column="target_class"
    )

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
        if 0 <= code < _WORSE and key in by_key and key[0] not in WITHOUT_MULTIPLE
        else np.nan
        for key, code in zip(
            zip(table["item"], table["water_type"], strict=True), target, strict=True
        )
    ]
    table["_target_limit"] = np.array(found, dtype="float64")
    return table
