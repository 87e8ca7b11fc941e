"""The class of a section at a sampling time: the worst item decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo import standards
from chaoyang_geo.assess.items import (
    chosen_items,
    judge_readings,
    left_out,
    numbers_of,
    start,
)
from chaoyang_geo.assess.registry import MATCH_FIRST, Registry, text_codes
from chaoyang_geo.assess.verdict import (
    VERDICT_COLUMNS,
    Values,
    assess_flags,
    joined,
    strings,
    verdicts,
    worst_open,
)
from chaoyang_geo.codes import Coded, combinations, pairs, spread
from chaoyang_geo.periods.layers import stated_layers
from chaoyang_geo.reasons import explainer
from chaoyang_geo.schema import CLASSES, as_classes, as_times, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from chaoyang_geo.standards.limit_tables import Standard

    Ints = npt.NDArray[np.int64]

#: Columns of an assessment, in order.
ASSESSMENT_COLUMNS: tuple[str, ...] = (
    "section_code",
    "section_name",
    "province",
    "time",
    "water_type",
    *VERDICT_COLUMNS[: VERDICT_COLUMNS.index("n_readings")],
    "target_class",
    "target_quality",
    "attained",
    *VERDICT_COLUMNS[VERDICT_COLUMNS.index("n_readings") :],
    "confidence",
    "assess_flag",
    "published_class",
    "source",
    "source_en",
    "why_zh",
    "why_en",
)


def classify(
    readings: pd.DataFrame,
    sections: pd.DataFrame | None = None,
    *,
    standard: Standard = "gb3838",
    water_type: str = "river",
    items: str | Sequence[str] | pd.DataFrame | None = None,
    why: bool = True,
) -> pd.DataFrame:
    """Class of each section at each sampling time: the worst item decides.

    Required columns: ``readings``: ``item``, ``value``, ``time`` and ``section_code`` or
    ``section_name``. ``sections``: ``section_code``, ``water_type``; used where present:
    ``section_name``, ``target_class``, ``target_quality``.

    Of several readings of an item at one time the worst counts, and ``assess_flag`` says so: with
    the layers or verticals that they are from, where ``sampling_layer`` states several (表层, 底层).

    Parameters
    ----------
    readings : DataFrame
        The long table of :func:`read_readings`, joined by :func:`match_sections`. For the class
        of one layer, its readings alone: ``readings[readings["sampling_layer"] == "表层"]``.
    sections : DataFrame, optional
        Registry with water type and target. Without it (or for readings of other
        sections) there is no target, and ``water_type`` holds.
    standard, water_type
        As in :func:`classify_items`.
    items : str, sequence of str, or DataFrame, optional
        The items that enter the class: the name of a set of :func:`chaoyang_geo.standards.item_set`,
        item keys, or a set for each section as :func:`five_plus_x` gives (``section_code``,
        ``items_evaluated``; other sections have the core five). By default every
        item of the standard that enters the class; of the core five it is then said which are
        missing.
    why : bool
        Whether to write the reasons ``why_zh`` and ``why_en``; :func:`explain` writes them later.

    Returns
    -------
    DataFrame, one row per section and sampling time, in order of first appearance
        ``section_code``, ``section_name``, ``province`` (if the readings have it), ``time`` (China
        Standard Time, naive; times with a zone are converted), ``water_type``,
        ``class``, ``class_best`` and ``class_worst`` (what values below detection or above range
        allow),  ``deciding_items`` (keys, the one farthest from the next better class
        first), ``deciding_values``, ``deciding_limits`` (of the next better class), ``times_over``
        with ``times_over_item`` ((C - S) / S over the limit of the target class, largest item;
        missing when none exceeds; never for pH, DO), ``times_over_3`` with ``times_over_3_item`` (the
        same over class Ⅲ), ``items_over_3`` with ``items_over_3_times`` (all that is worse than Ⅲ),
        ``main_pollutants`` (the first three: cyanide and heavy metals first, then by class and
        multiple), ``distance_to_next`` (of the first
        deciding item, in its unit), ``target_class``, ``target_quality``, ``attained``,
        ``n_readings``, ``items_missing`` (of pH, DO, CODMn, NH3-N, TP: nothing measured),
        ``items_undecided`` (measured, but no single class fits), ``confidence`` (``firm``; or
        ``could_be_worse``, ``could_be_better``, ``could_change`` by a detection limit or a missing
        item), ``assess_flag``,
        ``published_class`` (if there), ``source`` (of the readings, else their files), ``why_zh``, ``why_en``.

    Raises
    ------
    SchemaError, ValueError
        As :func:`classify_items`.

    Notes
    -----
    An item that no single class fits counts with the best class that it allows (TP ``>0.3`` is Ⅴ
    or worse), where others have a number or that class is beyond Ⅲ; ``confidence`` and
    ``class_worst`` say the rest, and ``attained`` is open where it could still miss the target.

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
    import numpy as np

    require(readings, ["time"], table="readings")
    if "section_code" not in readings.columns:
        require(readings, ["section_name"], table="readings")
        if sections is not None:
            require(readings, ["section_code"], table="readings", hint=MATCH_FIRST)
    registry = start(readings, sections, standard, water_type)
    judged = judge_readings(readings, registry, standard=standard, water_type=water_type)
    keys = _keys(readings)
    time = as_times(readings["time"]).to_numpy()
    group, first = _groups(readings, list(keys.values()), time)
    sign = text_codes(readings["censored"]) if "censored" in readings else blank(len(readings))
    bound = numbers_of(readings, "detection_limit")
    value = numbers_of(readings, "value")
    above = np.flatnonzero(spread(np.array([t == ">" for t in sign.texts] or [False]), sign.codes))
    if len(above):
        value = value.copy()
        value[above] = bound[above]
    values = Values(judged, group, len(first), value, sign, bound,
                    target_ranks(registry),
                    **chosen_items(items, keys.get("section_code"), standard),
                    layer=stated_layers(readings))  # fmt: skip
    head = _head(readings, keys, first)
    head["time"] = time[first]
    given = [text_codes(readings[c]) for c in ("reading_flag", "match_flag") if c in readings]
    given += items_left_out(items, standard, len(readings))
    result = assessed(head, values, registry, first, doubts=given)
    if "published_class" in readings:
        result["published_class"] = as_classes(
            readings["published_class"].iloc[first], table="readings", column="published_class"
        )
    n = len(first)
    result["source"] = _joined_source(sources(readings), group, n)
    if "source_en" in readings:
        result["source_en"] = _joined_source(text_codes(readings["source_en"]), group, n)
    return finished(result, ASSESSMENT_COLUMNS, why=why, standard=standard)


def finished(
    result: pd.DataFrame, columns: Sequence[str], *, why: bool, standard: Any
) -> pd.DataFrame:
    """Write the reasons, and put the columns in order."""
    if why:
        rows: list[Any] = result.to_dict("records")
        for lang in ("zh", "en"):
            write = explainer(lang=lang, standard=standard)
            result[f"why_{lang}"] = strings([write(row) for row in rows])
    return result[[name for name in columns if name in result]]


def assessed(
    head: pd.DataFrame,
    values: Values,
    registry: Registry,
    first: Ints,
    *,
    doubts: Sequence[Coded],
) -> pd.DataFrame:
    """Put verdict, target and doubts beside the keys of the groups."""
    import numpy as np
    import pandas as pd

    verdict = verdicts(values)
    result = pd.concat([head, verdict], axis=1)
    row = registry.rows_of_readings()[first]
    judged = values.judged
    water = [text.rstrip("?") for text in judged.per_combination(2)]
    result["water_type"] = strings(Coded(water, judged.codes[first]))
    if registry.has("section_name") and "section_code" in head:
        named = np.array([*registry.texts("section_name"), ""], dtype=object)[row]
        own = head["section_name" if "section_name" in head else "section_code"].to_numpy(object)
        result["section_name"] = strings(np.where(row >= 0, named, own))
    targets = as_classes(
        [*registry.texts("target_class"), ""], table="sections", column="target_class"
    )
    result["target_class"] = targets.take(row)
    # row -1, none, takes the last
    result["target_quality"] = strings(Coded([*registry.texts("target_quality"), ""], row))
    result["attained"] = _attained(result, worst_open(values))
    result["confidence"] = _confidence(result)
    result["assess_flag"] = assess_flags(values, verdict, doubts)
    if registry.sections is not None:
        strange = (row < 0) & result["class"].notna().to_numpy()
        kinds = text_codes(result["water_type"])
        is_strange = Coded(["", "strange"], strange.astype(np.int8))
        result["assess_flag"] = strings(pairs(
            [text_codes(result["assess_flag"]), kinds, is_strange],
            lambda parts: "；".join(filter(None, [parts[0], _STRANGE[parts[1]]]))
            if parts[2] else parts[0],
        ))  # fmt: skip
    return result


_STRANGE = {
    "river": "断面不在登记表中，按河流评价",
    "lake": "断面不在登记表中，按湖库评价",
}


def target_ranks(registry: Registry) -> npt.NDArray[np.int8]:
    """Return the rank of the target class of every reading, -1 without one."""
    import numpy as np

    ranks = as_classes(
        [*registry.texts("target_class"), ""], table="sections", column="target_class"
    ).codes
    per_key = ranks.astype(np.int8)[registry.row]  # row -1, none, takes the last
    return spread(per_key, registry.codes)


def blank(n: int) -> Coded:
    """Return a column of empty texts."""
    import numpy as np

    return Coded([""], np.zeros(n, np.int8))


def items_left_out(items: Any, standard: Any, n: int) -> list[Coded]:
    """Word for ``n`` rows which of the items that the caller named enter no class."""
    out = left_out(items, standard)
    if not out:
        return []
    names = standards.item_names()
    said = f"{'、'.join(names[item] for item in out)}不参与定类"
    return [Coded([said], blank(n).codes)]


def section_columns(readings: pd.DataFrame) -> dict[str, Coded]:
    """Return the columns that name a section; a code that the registry lacks still tells it apart."""
    found = {
        name: text_codes(readings[name])
        for name in ("section_name", "province")
        if name in readings
    }
    return (
        {"section_code": section_codes(readings), **found} if "section_code" in readings else found
    )


def section_codes(readings: pd.DataFrame) -> Coded:
    """Return the code of the section of each reading, else the one that was given."""
    code = text_codes(readings["section_code"])
    if "section_code_given" not in readings:
        return code
    return pairs([code, text_codes(readings["section_code_given"])], lambda t: t[0] or t[1])


def _keys(readings: pd.DataFrame) -> dict[str, Coded]:
    """Return what tells sections apart: a code is one section, whatever names it was given."""
    found = section_columns(readings)
    code = found.get("section_code")
    if code is None:
        return found
    others = {
        name: pairs([code, column], lambda t: "" if t[0] else t[1])
        for name, column in found.items()
        if name != "section_code"
    }
    return {"section_code": code, **others}


def _head(readings: pd.DataFrame, keys: dict[str, Coded], first: Ints) -> pd.DataFrame:
    """Return what the first reading of each group says of its section."""
    import pandas as pd

    columns = section_columns(readings)
    return pd.DataFrame(
        {name: strings(Coded(columns[name].texts, columns[name].codes[first])) for name in keys}
    )


def _groups(readings: pd.DataFrame, keys: Sequence[Coded], time: Any) -> tuple[Ints, Ints]:
    """Number the section-times in order of appearance; return each row's number and first rows."""
    import numpy as np
    import pandas as pd

    section, _ = combinations(keys)
    moments = time.astype("datetime64[us]").view(np.int64)
    parts = [pd.factorize(moments)[0]]
    untimed = np.isnat(time)
    if untimed.any() and "origin" in readings:
        # samples whose time was not understood are told apart by the row they stand in
        places = [text_codes(readings[c]) for c in ("origin", "origin_row") if c in readings]
        place = combinations(places)[0].astype(np.int64) + 1
        parts.append(np.where(untimed, place, 0))
    number = numbered([section, *parts])
    return number, first_rows(number)


def numbered(parts: Sequence[Any]) -> Ints:
    """Number the combinations of columns of whole numbers in the order of their first rows."""
    import numpy as np
    import pandas as pd

    number: Any = np.zeros(len(parts[0]), np.int64)
    for part in parts:
        codes, found = pd.factorize(part)
        # factorising after each step keeps the product of the parts within 64 bits
        number = pd.factorize(number * max(len(found), 1) + codes)[0]
    return number  # type: ignore[no-any-return]


def first_rows(group: Ints) -> Ints:
    """Return the first row of every group, for groups that are numbered as they appear."""
    import numpy as np

    newest = np.maximum.accumulate(group)
    return np.flatnonzero(np.diff(newest, prepend=-1) > 0)


def _joined_source(column: Coded, group: Ints, n: int) -> Any:
    import numpy as np

    width = max(len(column.texts), 1)
    _, rows = np.unique(group * width + column.codes, return_index=True)
    rows.sort()
    return strings(joined(group[rows], Coded(column.texts, column.codes[rows]), n, once=True))


def sources(readings: pd.DataFrame) -> Coded:
    """Say where each reading comes from: its stated source, else its file."""
    if "source" in readings:
        return text_codes(readings["source"])
    if "origin" not in readings:
        return blank(len(readings))
    origin = text_codes(readings["origin"])
    return Coded([text[1 : text.find("]")] for text in origin.texts], origin.codes)


def _attained(result: pd.DataFrame, worst_undecided: npt.NDArray[np.int8]) -> Any:
    """Compare class and target.

    Open where an undecided item could miss what the others meet, and where no core item was
    measured: that fluoride is good says nothing of a river.
    """
    import numpy as np

    target = result["target_class"].cat.codes.to_numpy()
    reached = result["class"].cat.codes.to_numpy() <= target
    unknown = (result["class"].isna() | result["target_class"].isna()).to_numpy()
    missing = text_codes(result["items_missing"])
    core = set(standards.CORE_ITEMS)
    without_core = np.array([core <= set(text.split(";")) for text in missing.texts] or [False])
    is_open = (worst_undecided > target) | spread(without_core, missing.codes)
    return pd_boolean(reached, unknown | (reached & is_open))


def pd_boolean(values: Any, missing: Any) -> Any:
    """Return truth values of which some are missing."""
    import pandas as pd

    return pd.arrays.BooleanArray(values, missing)


def _confidence(result: pd.DataFrame) -> Any:
    """Say whether a detection limit or a missing item could change the class."""
    rank, best, worst = (
        result[name].cat.codes.to_numpy() for name in ("class", "class_best", "class_worst")
    )
    gaps = ((result["items_missing"] != "") | (result["items_undecided"] != "")).to_numpy()
    could_be_worse = (worst > rank) | (gaps & (rank < len(CLASSES) - 1))
    words = ["firm", "could_be_worse", "could_be_better", "could_change", ""]
    number = could_be_worse + 2 * (best < rank)
    number[rank < 0] = 4
    return strings(Coded(words, number))
