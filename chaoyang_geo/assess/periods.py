"""The class of a section in a period: the means of its items are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.items import chosen_items
from chaoyang_geo.assess.judges import Judged, Numbers, item_keys, judge
from chaoyang_geo.assess.registry import Registry, registry_of, text_codes, water_types
from chaoyang_geo.assess.sections import (
    ASSESSMENT_COLUMNS,
    assessed,
    blank,
    finished,
    first_rows,
    items_left_out,
    numbered,
    section_codes,
    section_columns,
    sources,
    target_ranks,
)
from chaoyang_geo.assess.verdict import Values, joined, strings
from chaoyang_geo.codes import (
    Coded,
    category,
    combinations,
    distinct_texts,
    in_order,
    pairs,
    spread,
)
from chaoyang_geo.periods import mean_readings
from chaoyang_geo.periods.layers import stated_layers
from chaoyang_geo.reasons.doubts import SENTENCE_END
from chaoyang_geo.rounding import round_half_even
from chaoyang_geo.schema import SchemaError, as_text, as_times, one_of, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.standards.limit_tables import Standard

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

_COUNTS = ("n_missing", "n_dry", "n_ice", "n_not_sampled")

#: Columns of an assessment over periods, in order.
PERIOD_COLUMNS: tuple[str, ...] = (
    *ASSESSMENT_COLUMNS[: ASSESSMENT_COLUMNS.index("time")],
    "period",
    "period_end",
    "period_name",
    *ASSESSMENT_COLUMNS[ASSESSMENT_COLUMNS.index("time") + 1 : ASSESSMENT_COLUMNS.index("items_missing")],
    "n_items",
    *_COUNTS,
    *ASSESSMENT_COLUMNS[ASSESSMENT_COLUMNS.index("items_missing") :],
    "source_items_over",
    "source_items_missing",
    "source_attained",
)  # fmt: skip

_SUPPLEMENT = "gb3838_table2"


def assess_sections(
    readings: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    period: str | None = None,
    standard: Standard = "gb3838",
    water_type: str = "river",
    items: str | Sequence[str] | pd.DataFrame | None = None,
    why: bool = True,
) -> pd.DataFrame:
    """Class of each section in each period: the worst mean of an item decides.

    Required columns: ``readings``: as :func:`mean_readings` with ``section_code``, or its
    result. ``sections``: ``section_code``, ``water_type``; used where present:
    ``section_name``, ``target_class``, ``target_quality``, ``valid_from``, ``drinking_water``.

    Parameters
    ----------
    readings : DataFrame
        The long table of :func:`read_readings`, joined by :func:`match_sections`; or the means
        of :func:`mean_readings`, which has the options of averaging, with ``by`` at least
        ``section_code``.
    sections : DataFrame, optional
        Registry with water type and target. Without it (or for readings of other sections)
        there is no target, and ``water_type`` holds. Sections with a true ``drinking_water``
        are judged by GB 3838-2002 Table 2 as well.
    period : str, optional
        Period of readings, as for :func:`mean_readings`; ``month`` if not said. Means have
        their own.
    standard, water_type, items, why
        As for :func:`classify`. Of ``items`` those count that enter a class by the standard;
        ``assess_flag`` names the others, such as total nitrogen by GB 3838-2002.

    Returns
    -------
    DataFrame, one row per section and period, in order of both (two, where the registry has
    another row for the section within the period: it was moved, or its target changed)
        the columns of :func:`classify` with ``period``, ``period_end`` (the first moment after
        it) and ``period_name`` in place of ``time``. ``n_readings`` counts the readings in the
        means that were judged, ``n_items`` these means; ``n_missing`` the readings without a
        result, and ``n_dry``, ``n_ice``, ``n_not_sampled`` the most of one item that fell out
        for that. ``class_best`` and ``class_worst``: the class with values below detection as 0
        and as their limit. ``source_items_over``, ``source_items_missing`` and
        ``source_attained`` (with ``drinking_water``): items of Table 2 over their limit, without
        a mean, and whether all are within.

    Raises
    ------
    SchemaError, ValueError
        As :func:`classify` and :func:`mean_readings`; ``period`` for a table of means.

    Notes
    -----
    Source: 环办〔2011〕22号 (single factor). The means are rounded by the decimals of 环办监测函
    〔2020〕82号 (half to even, one step) before they are compared with limits; of items that it
    does not name they are compared as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import assess_sections
    >>> readings = pd.DataFrame({
    ...     "section_code": "S1", "time": pd.to_datetime(["2025-10-05", "2025-10-15", "2025-10-25"]),
    ...     "item": "tp", "value": [0.1, 0.2, 0.3], "unit": "mg/L"})
    >>> sections = pd.DataFrame({
    ...     "section_code": ["S1"], "section_name": ["章吉营"], "water_type": ["river"],
    ...     "target_class": ["Ⅲ"]})
    >>> row = assess_sections(readings, sections).iloc[0]
    >>> print(row["period_name"], row["class"], row["attained"], row["n_readings"])
    2025年10月 Ⅲ True 3
    """
    import numpy as np
    import pandas as pd

    if "mean_rounded" in readings:
        if period is not None:
            raise ValueError(
                f"period={period!r}: the table holds means, which have their own periods; give it "
                "to mean_readings instead."
            )
        means = readings
    else:
        require(readings, ["section_code"], table="readings")
        means = mean_readings(
            _with_keys(readings, sections),
            period="month" if period is None else period,
            by=_key_names(readings),
        )
    require(means, ["section_code", "period", "period_end", "item", "mean_rounded", "mean_low",
                    "mean_high", "n"], table="means")  # fmt: skip
    one_of("water_type", water_type, ("river", "lake"))
    gaps = np.flatnonzero(means["n"].isna().to_numpy())
    if len(gaps):
        raise SchemaError(
            f"means: row {gaps[0] + 1} has no n, the number of readings in the mean; take the "
            "table from mean_readings."
        )
    registry = registry_of(means, sections)
    found = _Means.of(means)
    judged = judge_means(means, found, registry, standard=standard, water_type=water_type)
    keys = section_columns(means)
    group, first = _groups(means, list(keys.values()))
    values = Values(judged, group, len(first), found.value, found.sign, found.value,
                    target_ranks(registry), **chosen_items(items, keys.get("section_code"), standard),
                    twice="同一时段有多个均值，取最差", layer=stated_layers(means))  # fmt: skip
    of_group = {name: Coded(column.texts, column.codes[first]) for name, column in keys.items()}
    head = pd.DataFrame({name: strings(column) for name, column in of_group.items()})
    for name in ("period", "period_end"):
        head[name] = means[name].to_numpy()[first]
    if "period_name" in means:
        names = text_codes(means["period_name"])
        head["period_name"] = strings(Coded(names.texts, names.codes[first]))
    doubts = [_doubts(means, group, values.counts, len(first))]
    doubts += items_left_out(items, standard, len(means))
    result = assessed(head, values, registry, first, doubts=doubts)
    if means is not readings:
        for name, column in sources_of(readings, of_group["section_code"]).items():
            result[name] = column
    result["n_items"] = result["n_readings"]
    counted = values.counts
    weights = means["n"].to_numpy("float64")[counted]
    result["n_readings"] = np.bincount(group[counted], weights, len(first)).astype("int64")
    for name, column in _counts(means, group, values.enters, len(first)).items():
        result[name] = column
    for name, column in _source_verdicts(means, sections, group, len(first)).items():
        result[name] = column
    result = finished(result, PERIOD_COLUMNS, why=why, standard=standard)
    return _in_order(result, of_group["section_code"])


def _in_order(result: pd.DataFrame, section: Coded) -> pd.DataFrame:
    """Return the assessments in order of section and period, as means mostly come."""
    import numpy as np

    place = {text: number for number, text in enumerate(sorted(section.texts))}
    code = np.array([place[text] for text in section.texts] or [0])[section.codes]
    order = np.lexsort((result["period"].to_numpy(), code))
    if (order[1:] > order[:-1]).all():
        return result
    return result.iloc[order].reset_index(drop=True)


@dataclass
class _Means:
    """The rounded means, and between what they lie."""

    value: Floats  # the lower end where values above range leave the upper one open
    rows: Ints  # that have a range
    low: Floats
    high: Floats
    beyond: npt.NDArray[np.bool_]  # of those rows: values above range are not in the mean
    sign: Coded

    @classmethod
    def of(cls, means: pd.DataFrame) -> _Means:
        import numpy as np

        n = len(means)
        ends = [means[name].to_numpy("float64") for name in ("mean_low", "mean_high")]
        above, below = (
            means[name].to_numpy("int64") > 0 if name in means else np.zeros(n, bool)
            for name in ("n_above", "n_censored")
        )
        value = means["mean_rounded"].to_numpy("float64")
        # a mean that no value below detection enters has no range; with pH the ends change places
        ranged = (ends[0] != ends[1]) & ~np.isnan(ends[0]) & ~np.isnan(ends[1])
        unsaid = np.isnan(value) & below & ~ranged
        rows = np.flatnonzero(ranged | above | unsaid)
        item = text_codes(means["item"])
        places = standards.decimals()
        keys = item_keys(item)
        decimals = np.array([places.get(key, np.nan) for key in keys.texts] or [np.nan], np.float64)
        kept = decimals[keys.codes[rows]]
        one, other = in_order(lambda end: round_half_even(end[rows], kept), ends)
        is_open = above[rows] & np.isnan(ends[1][rows])  # nothing above its lower end is known
        low = np.fmin(one, other)
        high = np.where(is_open, np.inf, np.fmax(one, other))
        beyond = above[rows]
        if beyond.any():
            value = value.copy()
            value[rows[beyond]] = low[beyond]
        sign = np.zeros(n, np.int8)
        sign[unsaid], sign[above] = 1, 2
        return cls(value, rows, low, high, beyond, Coded(["", "<", ">"], sign))


def judge_means(
    means: pd.DataFrame, found: _Means, registry: Registry, *, standard: Any, water_type: str
) -> Judged:
    """Judge the rounded means; what detection limits leave open is judged as a range beside.

    A mean that leaves out values above range is only known to lie above its lower end.
    """
    n = len(means)
    unit = text_codes(means["unit"]) if "unit" in means else blank(n)
    columns = [text_codes(means["item"]), unit, water_types(registry, water_type), blank(n)]
    own = found.value[found.rows]
    certain = ~found.beyond & (own == own)  # NaN equals nothing
    numbers = Numbers(found.value, found.rows, found.low, found.high, certain)
    return judge(standard, columns, numbers)


def _key_names(readings: pd.DataFrame) -> list[str]:
    names = ("section_code", "section_name", "province", "registry_from")
    return [name for name in names if name in readings]


def _with_keys(readings: pd.DataFrame, sections: pd.DataFrame | None) -> pd.DataFrame:
    """Name every section alike, so that its readings are averaged together."""
    import pandas as pd

    columns = section_columns(readings)
    code = columns["section_code"]
    registry = registry_of(readings, sections)
    if "section_name" in columns:
        named = registry.texts("section_name") if registry.has("section_name") else None
        if named is None:
            own = _first_names(code, columns["section_name"])
        else:
            known = registry.of_readings(named)
            own = pairs([known, _first_names(code, columns["section_name"])],
                        lambda texts: texts[0] or texts[1])  # fmt: skip
        columns["section_name"] = own
    if "province" in columns:
        columns["province"] = _first_names(code, columns["province"])
    found = {name: category(column.texts, column.codes) for name, column in columns.items()}
    rest = readings.drop(columns=[name for name in found if name in readings])
    return pd.concat([pd.DataFrame(found, index=readings.index, copy=False), rest], axis=1)


def _first_names(code: Coded, name: Coded) -> Coded:
    """Give all readings of a code the first name it has; without a code each keeps its own."""
    codes, found = combinations([code, name])
    first: dict[str, str] = {}
    texts = [(code.texts[a], name.texts[b]) for a, b in found]
    for of_code, of_name in texts:
        if of_code and not first.get(of_code):
            first[of_code] = of_name
    return Coded([first[a] if a else b for a, b in texts], codes)


def _groups(means: pd.DataFrame, keys: Sequence[Coded]) -> tuple[Ints, Ints]:
    """Number the section-periods in order of appearance; return each row's number and first rows."""
    import numpy as np

    times = [as_times(means[name]).to_numpy() for name in ("period", "period_end")]
    parts = [time.astype("datetime64[s]").view(np.int64) for time in times]
    parts.append(combinations(keys)[0])
    if "registry_from" in means:
        parts.append(text_codes(means["registry_from"]).codes)
    # the items of a section and period mostly stand together: number such runs of rows
    begins = np.zeros(len(means), bool)
    begins[:1] = True
    for part in parts:
        begins[1:] |= part[1:] != part[:-1]
    starts = np.flatnonzero(begins)
    number = numbered([part[starts] for part in parts])
    return np.repeat(number, np.diff(starts, append=len(means))), starts[first_rows(number)]


def sources_of(readings: pd.DataFrame, wanted: Coded) -> dict[str, Any]:
    """Say for each section where its readings come from; those without a code are left open."""
    code = section_codes(readings)
    columns = {"source": sources(readings)}
    if "source_en" in readings:
        columns["source_en"] = text_codes(readings["source_en"])
    out: dict[str, Any] = {}
    for name, column in columns.items():
        found: dict[str, list[str]] = {}
        column = distinct_texts(column)
        for a, b in combinations([code, column])[1]:
            text = column.texts[b]
            if text:
                found.setdefault(code.texts[a], []).append(text)
        texts = [";".join(found.get(key, []) if key else []) for key in wanted.texts]
        out[name] = strings(Coded(texts, wanted.codes))
    return out


def _doubts(means: pd.DataFrame, group: Ints, counts: Any, n: int) -> Coded:
    """Return what the means of each group that count have to say, each sentence once.

    The sentence names its items, and stands at the first row of the group that says anything.
    """
    import numpy as np
    import pandas as pd

    if "mean_flag" not in means:
        return blank(len(means))
    flag = text_codes(means["mean_flag"])
    told = np.array([text != "" for text in flag.texts] or [False])
    rows = np.flatnonzero(counts & spread(told, flag.codes))
    if not len(rows):
        return blank(len(means))
    number: dict[str, int] = {}
    parts = [
        [number.setdefault(part, len(number)) for part in SENTENCE_END.split(text) if part]
        for text in flag.texts
    ]
    own = [parts[code] for code in flag.codes[rows].tolist()]
    row = np.repeat(rows, [len(codes) for codes in own])
    part = np.array([code for codes in own for code in codes], np.int64)
    width = len(number)
    run, both = pd.factorize(group[row] * width + part)
    names, item = standards.item_names(), text_codes(means["item"])
    called = Coded([names.get(key, key) for key in item.texts], item.codes[row])
    items = joined(run, called, len(both), by="、", once=True)
    sentences = pairs([items, Coded(list(number), both % width)], "".join)
    whole = joined(both // width, sentences, n, by="；")
    codes = np.zeros(len(means), np.int64)
    lead, at = np.unique(group[rows], return_index=True)
    codes[rows[at]] = whole.codes[lead]
    return Coded(whole.texts, codes)


def _counts(means: pd.DataFrame, group: Ints, enters: Any, n: int) -> dict[str, Ints]:
    """Count what has no result: in all, and how often the river was dry, frozen or not sampled."""
    import numpy as np

    out: dict[str, Ints] = {}
    for name in _COUNTS:
        if name not in means:
            continue
        column = means[name].to_numpy("int64")
        rows = np.flatnonzero((column > 0) & enters)
        out[name] = np.zeros(n, np.int64)
        if name == "n_missing":
            np.add.at(out[name], group[rows], column[rows])
        else:  # every item of a sampling that was not taken says so
            np.maximum.at(out[name], group[rows], column[rows])
    return out


_TRUE = {"true", "1", "yes", "y", "是"}
_FALSE = {"", "false", "0", "no", "n", "否"}


def _truth(text: str, row: int) -> bool:
    folded = text.strip().lower()
    if folded not in _TRUE | _FALSE:
        raise SchemaError(
            f"sections: row {row} of drinking_water holds {text!r}; write true or false (是, 否)."
        )
    return folded in _TRUE


def _drinks(sections: pd.DataFrame) -> list[bool]:
    """Tell which rows of a registry are sources of drinking water."""
    if "drinking_water" not in sections:
        return [False] * len(sections)
    return [_truth(text, row) for row, text in enumerate(as_text(sections["drinking_water"]), 1)]


def sources_in(sections: pd.DataFrame) -> list[str]:
    """Return the codes of the sources of drinking water of a registry, each once."""
    codes = zip(as_text(sections["section_code"]), _drinks(sections), strict=True)
    return list(dict.fromkeys(str(code) for code, drinks in codes if drinks))


def _source_verdicts(
    means: pd.DataFrame, sections: pd.DataFrame | None, group: Ints, n: int
) -> dict[str, Any]:
    """Judge sources of drinking water by Table 2 as well: each of its items must meet its limit."""
    import numpy as np
    import pandas as pd

    if sections is None or "drinking_water" not in sections:
        return {}
    wanted = standards.item_set("drinking")
    registry = registry_of(means, sections)
    is_source = registry.of_readings(["source" if drink else "" for drink in _drinks(sections)])
    rows = np.flatnonzero(
        spread(np.array([bool(text) for text in is_source.texts] or [False]), is_source.codes)
    )
    sources = means.iloc[rows].reset_index(drop=True)
    judged = judge_means(sources, _Means.of(sources), registry_of(sources, None),
                         standard=_SUPPLEMENT, water_type="lake")  # fmt: skip
    item = text_codes(sources["item"])
    of, known = group[rows], judged.rank >= 0
    over = np.flatnonzero(judged.rank > 0)
    there = np.zeros((n, len(wanted)), dtype=bool)
    place = [wanted.index(key) if key in wanted else -1 for key in item.texts]
    column = np.array(place or [-1], dtype=np.int64)[item.codes]
    there[of[known & (column >= 0)], column[known & (column >= 0)]] = True
    counted = np.zeros(n, dtype=bool)
    counted[of] = True
    missing = [
        ";".join(key for key, seen in zip(wanted, row, strict=True) if not seen) for row in there
    ]
    exceeded = joined(of[over], Coded(item.texts, item.codes[over]), n, once=True)
    none_over = exceeded.codes == 0
    lacking = np.array(missing, dtype=object)
    lacking[~counted] = ""
    attained = pd.array(none_over, dtype="boolean")
    attained[~counted | (none_over & (lacking != ""))] = pd.NA
    return {
        "source_items_over": strings(exceeded),
        "source_items_missing": strings(lacking),
        "source_attained": attained,
    }
