"""Sections at a border: what comes in, what goes out, and the difference made in between."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chaoyang_geo.bounds import item_senses, number_column, unit_factors
from chaoyang_geo.codes import coded
from chaoyang_geo.schema import (
    CLASSES,
    SchemaError,
    as_classes,
    as_text,
    as_times,
    class_dtype,
    require,
    require_unique,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

INFLOW, OUTFLOW = "入境", "出境"

#: A ratio of these says nothing: a logarithm, and a scale with an arbitrary zero.
_NO_PERCENT = frozenset({"ph", "water_temp", "orp", "water_level"})
_KEYS = ("inflow_code", "outflow_code")
_HEAD = ("inflow_code", "inflow_name", "outflow_code", "outflow_name", "between_km2")
_WORDS = re.compile(r"[;；,，、/\s]+")


def pair_sections(sections: pd.DataFrame, *, to: str = "to_section_code") -> pd.DataFrame:
    """Pair each section where water comes in with the first one downstream where it goes out.

    Required columns: ``section_code``, ``border`` (入境, 出境, or both as 入境;出境 or 出入境: a
    section between two regions that goes out of one and into the other), and the column ``to``.

    Parameters
    ----------
    sections : DataFrame
    to : str
        Column with the code of the next section downstream; empty at the last one.

    Returns
    -------
    DataFrame, one row per inflow section in its order, then one per outflow section without one
        ``inflow_code``, ``outflow_code`` (empty where there is none) and ``pair_flag``, which
        says why. Several inflow sections may have one outflow section.

    Raises
    ------
    SchemaError
        A column is missing, a code is there twice, ``border`` holds something else, or the
        sections run in a circle.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.borders import pair_sections
    >>> sections = pd.DataFrame({
    ...     "section_code": ["A", "B", "C", "D"], "border": ["入境", "", "出境", "入境"],
    ...     "to_section_code": ["B", "C", "", "B"]})
    >>> pair_sections(sections)[["inflow_code", "outflow_code"]].values.tolist()
    [['A', 'C'], ['D', 'C']]
    """
    import pandas as pd

    hint = "" if to == "to_section_code" else f"Name the column of the next section: to={to!r}."
    require(sections, ["section_code", "border", to], table="sections", hint=hint)
    require_unique(sections, "section_code", table="sections")
    codes = as_text(sections["section_code"]).str.strip().tolist()
    kinds = [_kind(text, row) for row, text in enumerate(as_text(sections["border"]), 1)]
    comes = {code for code, kind in zip(codes, kinds, strict=True) if INFLOW in kind}
    goes = {code for code, kind in zip(codes, kinds, strict=True) if OUTFLOW in kind}
    below = dict(zip(codes, as_text(sections[to]).str.strip(), strict=True))
    rows = [(code, *_first_outflow(code, below, comes, goes)) for code in codes if code in comes]
    paired = {outflow for _, outflow, _ in rows}
    rows += [
        ("", code, "上游没有入境断面") for code in codes if code in goes and code not in paired
    ]
    return pd.DataFrame(rows, columns=[*_KEYS, "pair_flag"], dtype="str")


def _kind(text: str, row: int) -> set[str]:
    """Return which of the two words a text holds."""
    found: set[str] = set()
    for word in _WORDS.split(text.strip()):
        word = word.removesuffix("断面")
        if word in (INFLOW, OUTFLOW):
            found.add(word)
        elif word == "出入境":
            found |= {INFLOW, OUTFLOW}
        elif word:
            raise SchemaError(
                f"sections: row {row} of border holds {text!r}; use {INFLOW}, {OUTFLOW}, both "
                "joined by ; or leave it empty."
            )
    return found


def _first_outflow(
    code: str, below: dict[str, str], comes: set[str], goes: set[str]
) -> tuple[str, str]:
    """Follow the sections downstream; return the outflow section, and why there is none."""
    passed = [code]
    here = below[code]
    while here:
        if here in passed:
            raise SchemaError(
                f"sections: {' → '.join([*passed, here])} run in a circle; mend the column of the "
                "next section downstream."
            )
        if here not in below:
            return "", f"下游断面{here}不在断面表内"
        if here in goes:
            return here, ""
        if here in comes:
            return "", f"到下一个入境断面{here}之前没有出境断面"
        passed.append(here)
        here = below[here]
    return "", "下游没有出境断面"


def border_pairs(
    sections: pd.DataFrame,
    table: pd.DataFrame,
    *,
    pairs: pd.DataFrame | None = None,
    to: str = "to_section_code",
    value: str = "mean",
    standard: Any = "gb3838",
) -> pd.DataFrame:
    """Compare what goes out of a region with what comes in, pair by pair and period by period.

    Required columns: ``sections``: ``section_code``, and without ``pairs`` those of
    :func:`pair_sections`; used where present: ``section_name``, ``upstream_km2``. ``table``:
    ``section_code``, ``period``, and ``class`` (assessments) or ``value`` (means, with ``item``);
    used where present: ``period_end``, ``unit``, ``mean_low``, ``mean_high``, ``item_class``,
    ``class_best``, ``class_worst``. ``pairs``: ``inflow_code``, ``outflow_code``; further columns
    are kept.

    Parameters
    ----------
    sections : DataFrame
        Registry.
    table : DataFrame
        The result of :func:`assess_sections` (compared by class), of :func:`mean_readings`, or
        any table of numbers by section and period; with a class of every item both are compared.
    pairs : DataFrame, optional
        Which inflow section belongs to which outflow section. Either code may be empty.
    to, value, standard
        As in :func:`pair_sections`; the column of numbers; says whether a rising item is worse.

    Returns
    -------
    DataFrame, one row per pair, period and item, pairs in their order
        ``inflow_code``, ``inflow_name``, ``outflow_code``, ``outflow_name``, ``between_km2``
        (upstream area of the outflow section less that of all its inflow sections), the further
        columns of ``pairs``, ``period``, ``period_end``; for numbers ``item``, ``unit`` (that of
        the outflow section), ``inflow_value``, ``outflow_value``, ``difference_between``,
        ``percent_between`` (missing for pH and temperatures, and where nothing comes in); for
        classes ``inflow_class``, ``outflow_class``, ``class_change_between`` (classes better,
        negative: worse); ``between_zh``, ``between_en``; ``pair_flag``. A pair of which nothing
        is known has one row.

    Raises
    ------
    SchemaError
        A column is missing; a pair names an unknown section, the same one twice, or none; a
        section stands twice in a period for an item; the pairs run in a circle.

    Notes
    -----
    The difference is one of concentrations (or classes), not of loads: water that joins in
    between dilutes as well as it carries. A pair is compared only where both sections have the
    same period; no neighbouring period stands in.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.borders import border_pairs
    >>> sections = pd.DataFrame({
    ...     "section_code": ["A", "B"], "section_name": ["上桥", "下桥"], "upstream_km2": [900, 1500]})
    >>> pairs = pd.DataFrame({"inflow_code": ["A"], "outflow_code": ["B"]})
    >>> means = pd.DataFrame({
    ...     "section_code": ["A", "B"], "period": pd.Timestamp("2025-10-01"), "item": "tp",
    ...     "unit": "mg/L", "mean": [0.1, 0.15]})
    >>> row = border_pairs(sections, means, pairs=pairs).iloc[0]
    >>> print(row["between_km2"], row["difference_between"], row["between_zh"])
    600.0 0.05 出境较入境上升50.0%，变差
    """
    import pandas as pd

    require(sections, ["section_code"], table="sections")
    require_unique(sections, "section_code", table="sections")
    if pairs is None:
        pairs = pair_sections(sections, to=to)
    heads = _heads(sections, pairs)
    numbers = value in table or "class" not in table
    rows = _rows(table, value, numbers)
    joined = _joined(heads, rows)
    out = (
        heads.drop(columns=["note", "flag"]).take(joined["pair"].to_numpy()).reset_index(drop=True)
    )
    out["period"] = joined["period"]
    out["period_end"] = joined["period_end"].where(joined["period_end"] != joined["period"])
    flags = [heads["flag"].take(joined["pair"].to_numpy()).to_numpy(dtype=object)]
    flags += [heads["note"].take(joined["pair"].to_numpy()).to_numpy(dtype=object)]
    flags.append(_why_not(joined, rows))
    words: list[tuple[Any, Any]] = []
    if numbers:
        words.append(_numbers(out, joined, flags, standard, "unit" in table, "item" in table))
    if "rank" in rows:
        words.append(_classes(out, joined, flags))
    for lang, name, link in ((0, "between_zh", "；"), (1, "between_en", "; ")):
        out[name] = pd.array(_linked([pair[lang] for pair in words], link), dtype="str")
    out["pair_flag"] = pd.array(_linked(flags, "；"), dtype="str")
    return out


def _heads(sections: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the checked pairs with names and the area in between."""
    import pandas as pd

    require(pairs, list(_KEYS), table="pairs")
    known = as_text(sections["section_code"]).str.strip()
    codes = {name: as_text(pairs[name]).str.strip().to_numpy(dtype=object) for name in _KEYS}
    registered = set(known)
    seen: set[tuple[str, str]] = set()
    for row, pair in enumerate(zip(*codes.values(), strict=True), 1):
        strange = [code for code in pair if code and code not in registered]
        if strange:
            raise SchemaError(
                f"pairs: row {row} names section {strange[0]}, which is not in sections; add it "
                "there or mend the code."
            )
        if pair[0] == pair[1]:
            what = f"section {pair[0]} twice" if pair[0] else "no section"
            raise SchemaError(f"pairs: row {row} names {what}; a pair needs two sections.")
        if pair in seen:
            raise SchemaError(f"pairs: row {row} repeats {pair[0]} and {pair[1]}; give it once.")
        seen.add(pair)
    heads = pd.DataFrame(index=pd.RangeIndex(len(pairs)))
    names = as_text(sections["section_name"]) if "section_name" in sections else known
    by_code = dict(zip(known, names, strict=True))
    for side in ("inflow", "outflow"):
        own = codes[f"{side}_code"]
        heads[f"{side}_code"] = pd.array(own, dtype="str")
        heads[f"{side}_name"] = pd.array([by_code.get(code, "") for code in own], dtype="str")
    inflows, outflows = codes.values()
    heads["between_km2"], notes = _between(sections, known, inflows, outflows)
    for name in pairs.columns:
        if name not in heads and name != "pair_flag":
            heads[name] = pairs[name].to_numpy()
    heads["flag"] = as_text(pairs["pair_flag"]).to_numpy() if "pair_flag" in pairs else ""
    n_inflows = pd.Series(outflows).where(inflows != "", None).value_counts()
    many = [
        f"该出境断面有{n_inflows[code]}个入境断面，变化不能归于其中一个"
        if code and n_inflows.get(code, 0) > 1
        else ""
        for code in outflows
    ]
    heads["note"] = _linked([notes, many], "；")
    return heads


def _between(
    sections: pd.DataFrame, known: pd.Series, inflows: Any, outflows: Any
) -> tuple[Floats, list[str]]:
    """Return the area between the inflow sections and the outflow section of each pair."""
    import numpy as np
    import pandas as pd

    n = len(outflows)
    if "upstream_km2" not in sections:
        return np.full(n, np.nan), [""] * n
    area = dict(zip(known, number_column(sections, "upstream_km2", table="sections"), strict=True))
    above = pd.Series([area.get(code, np.nan) for code in inflows], dtype="float64")
    # an unknown inflow area leaves the area in between unknown
    total = above.groupby(outflows).transform(lambda own: own.sum(skipna=False)).to_numpy("float64")
    found = np.array([area.get(code, np.nan) for code in outflows]) - total
    notes = ["出境断面的集水面积不大于入境断面，未计区间面积" if km2 <= 0 else "" for km2 in found]
    return np.where(found > 0, found, np.nan), notes


def _rows(table: pd.DataFrame, value: str, numbers: bool) -> pd.DataFrame:
    """Return the table with columns of known kinds: code, period, end, item, and what there is."""
    import numpy as np
    import pandas as pd

    hint = "Give means or assessments, or name the column of numbers: value='cwqi'."
    needed = ["section_code", "period", *([value] if numbers else ["class"])]
    require(table, needed, table="table", hint=hint)
    rows = pd.DataFrame({"code": as_text(table["section_code"]).str.strip().to_numpy(dtype=object)})
    rows["period"] = as_times(table["period"]).astype("datetime64[s]").to_numpy()
    if rows["period"].isna().any():
        row = int(rows["period"].isna().to_numpy().argmax()) + 1
        raise SchemaError(f"table: row {row} has no period; every row needs one.")
    ends = as_times(table["period_end"] if "period_end" in table else table["period"])
    # without an end the begin stands in, so that two such periods are the same
    rows["period_end"] = ends.astype("datetime64[s]").to_numpy()
    rows["period_end"] = rows["period_end"].fillna(rows["period"])
    texts = {"item": "item", "unit": "unit"} if numbers else {}
    for name in ("item", "unit"):
        rows[name] = (
            as_text(table[name]).to_numpy(dtype=object) if name in texts and name in table else ""
        )
    if numbers:
        rows["value"] = number_column(table, value, table="table")
        for name in ("low", "high"):
            bound = f"mean_{name}"
            own = value in ("mean", "mean_rounded") and bound in table
            rows[name] = number_column(table, bound, table="table") if own else rows["value"]
    name = next((name for name in ("item_class", "class") if name in table), "")
    if name:
        rows["rank"] = as_classes(table[name], table="table", column=name).codes.astype(np.int64)
        for bound in ("class_best", "class_worst"):
            own = bound in table and name == "class"
            ranks = (
                as_classes(table[bound], table="table", column=bound).codes if own else rows["rank"]
            )
            rows[bound] = np.where(ranks >= 0, ranks, rows["rank"])
    keys = ["code", "period", "period_end", "item"]
    twice = rows.duplicated(keys).to_numpy()
    if twice.any():
        row = int(twice.argmax())
        one = rows.iloc[row]
        raise SchemaError(
            f"table: row {row + 1} repeats section_code {one['code']}, period "
            f"{one['period']:%Y-%m-%d}{', item ' + one['item'] if one['item'] else ''}; give one row "
            "for each, in one unit."
        )
    return rows


def _joined(heads: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair, period and item, with what either section has (``_i``, ``_o``)."""
    import numpy as np
    import pandas as pd

    keys = ["pair", "period", "period_end", "item"]
    sides = []
    for side in ("inflow", "outflow"):
        own = pd.DataFrame(
            {"pair": np.arange(len(heads)), "code": heads[f"{side}_code"].astype(object)}
        )
        own = own[own["code"] != ""].merge(rows, on="code").drop(columns="code")
        sides.append(own.assign(there=True))
    both = sides[0].merge(sides[1], on=keys, how="outer", suffixes=("_i", "_o"))
    bare = np.setdiff1d(np.arange(len(heads)), both["pair"].to_numpy())
    if len(bare):
        both = both.merge(pd.DataFrame({"pair": bare}), on="pair", how="outer")
    both["item"] = both["item"].fillna("")
    for side in ("_i", "_o"):
        both[f"there{side}"] = both[f"there{side}"].eq(True)
        both[f"unit{side}"] = both[f"unit{side}"].fillna("")
        for name in ("rank", "class_best", "class_worst"):
            if name in rows:
                both[name + side] = both[name + side].fillna(-1).astype(np.int64)
    order = {item: k for k, item in enumerate(dict.fromkeys(rows["item"]))}
    place = both["item"].map(order).fillna(-1).to_numpy()
    ends = both["period_end"].to_numpy()
    ordered = np.lexsort((place, ends, both["period"].to_numpy(), both["pair"].to_numpy()))
    both = both.take(ordered).reset_index(drop=True)
    for side in ("inflow", "outflow"):
        both[f"{side}_code"] = (
            heads[f"{side}_code"].take(both["pair"].to_numpy()).to_numpy(dtype=object)
        )
    return both


def _why_not(joined: pd.DataFrame, rows: pd.DataFrame) -> Any:
    """Say for every row why one of the two sections has nothing to compare."""
    import numpy as np
    import pandas as pd

    out: list[Any] = []
    for side, zh, sign in (("inflow", "入境断面", "_i"), ("outflow", "出境断面", "_o")):
        words = np.full(len(joined), "", dtype=object)
        gaps = joined[~joined[f"there{sign}"]]

        def found(names: list[str], gaps: Any = gaps, side: str = side) -> Bools:
            own = gaps[[f"{side}_code", *names]].set_axis(["code", *names], axis=1)
            of_them = rows.loc[rows["code"].isin(set(own["code"])), ["code", *names]]
            has: Bools = pd.MultiIndex.from_frame(own).isin(pd.MultiIndex.from_frame(of_them))
            return has

        if len(gaps):
            code = gaps[f"{side}_code"]
            words[gaps.index] = np.select(
                [code == "", ~code.isin(set(rows["code"])), ~found(["period"]),
                 ~found(["period", "period_end"])],
                [f"没有{zh}", f"{zh}没有数据", f"{zh}没有本时段的数据，时段不匹配",
                 f"{zh}的时段长短不同，时段不匹配"],
                default=f"{zh}本时段没有该指标",
            )  # fmt: skip
        out.append(words)
    return _linked(out, "；")


def _numbers(
    out: pd.DataFrame,
    joined: pd.DataFrame,
    flags: list[Any],
    standard: Any,
    units: bool,
    items: bool,
) -> tuple[Any, Any]:
    """Add the columns of numbers; return what they say in words."""
    import numpy as np
    import pandas as pd

    unit_in, unit_out = joined["unit_i"], joined["unit_o"]
    wanted = unit_out.where(joined["there_o"] & (unit_out != ""), unit_in)
    factor = unit_factors(coded(unit_in), wanted.to_numpy(dtype=object))
    both = (joined["there_i"] & joined["there_o"]).to_numpy()
    other = both & np.isnan(factor)
    inflow = {
        name: joined[f"{name}_i"].to_numpy("float64") * factor for name in ("value", "low", "high")
    }
    outflow = {name: joined[f"{name}_o"].to_numpy("float64") for name in ("value", "low", "high")}
    # a number in a unit that cannot be turned stays what it is, and is not compared
    inflow["value"] = np.where(other, np.nan, inflow["value"])
    known = ~np.isnan(inflow["value"]) & ~np.isnan(outflow["value"])
    # 0.3 - 0.1 is 0.2 to the digits that anyone reads
    difference = np.where(known, np.round(outflow["value"] - inflow["value"], 12), np.nan)
    least, most = outflow["low"] - inflow["high"], outflow["high"] - inflow["low"]
    unsure = known & np.isfinite(least) & np.isfinite(most) & (np.sign(least) != np.sign(most))
    item = joined["item"].to_numpy(dtype=object)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        percent = np.round(100 * difference / np.abs(inflow["value"]), 9)
    # of next to nothing there are no percents
    ratio = known & np.isfinite(percent) & ~np.isin(item, list(_NO_PERCENT))
    percent = np.where(ratio, percent, np.nan)
    if items:
        out["item"] = pd.array(item, dtype="str")
    if units:
        out["unit"] = pd.array(wanted.to_numpy(dtype=object), dtype="str")
    out["inflow_value"], out["outflow_value"] = inflow["value"], outflow["value"]
    out["difference_between"], out["percent_between"] = difference, percent
    missing_in = both & ~other & np.isnan(inflow["value"])
    missing_out = both & np.isnan(outflow["value"])
    flags.append(np.where(other, "两断面单位不能换算，未比较", "").astype(object))
    flags.append(np.where(missing_in, "入境断面没有数值，未比较", "").astype(object))
    flags.append(np.where(missing_out, "出境断面没有数值，未比较", "").astype(object))
    flags.append(np.where(unsure, "受检出限影响，升降不能判定", "").astype(object))
    senses = item_senses(standard)
    sense = np.array([senses.get(name, 0) for name in coded(joined["item"]).texts], np.int64)
    sense = sense[coded(joined["item"]).codes] if len(joined) else np.zeros(0, np.int64)
    shown = np.where(ratio, np.round(np.abs(percent), 1), np.abs(difference))
    said = pd.DataFrame({"way": np.sign(difference), "size": shown, "ratio": ratio, "sense": sense})
    return _spread(said, known & ~unsure, _number_words)


def _number_words(way: float, size: float, is_percent: float, sense: float) -> tuple[str, str]:
    if way == 0:
        return "出境与入境持平", "out as in"
    text = f"{size:.1f}%" if is_percent else f"{size:.4g}"
    zh = f"出境较入境{'上升' if way > 0 else '下降'}{text}"
    en = f"{'up' if way > 0 else 'down'} {text} in between"
    if sense:
        worse = way * sense > 0
        zh += "，变差" if worse else "，变好"
        en += ", worse" if worse else ", better"
    return zh, en


def _classes(out: pd.DataFrame, joined: pd.DataFrame, flags: list[Any]) -> tuple[Any, Any]:
    """Add the columns of classes; return what they say in words."""
    import numpy as np
    import pandas as pd

    rank_in, rank_out = joined["rank_i"].to_numpy(), joined["rank_o"].to_numpy()
    known = (rank_in >= 0) & (rank_out >= 0)
    change = rank_in - rank_out
    out["inflow_class"] = pd.Categorical.from_codes(rank_in, dtype=class_dtype())
    out["outflow_class"] = pd.Categorical.from_codes(rank_out, dtype=class_dtype())
    out["class_change_between"] = pd.array(np.where(known, change, 0), dtype="Int64")
    out.loc[~known, "class_change_between"] = pd.NA
    least = joined["class_best_i"].to_numpy() - joined["class_worst_o"].to_numpy()
    most = joined["class_worst_i"].to_numpy() - joined["class_best_o"].to_numpy()
    turned = (np.sign(least) != np.sign(change)) | (np.sign(most) != np.sign(change))
    both = (joined["there_i"] & joined["there_o"]).to_numpy()
    for side, ranks in (("入境", rank_in), ("出境", rank_out)):
        flags.append(np.where(both & (ranks < 0), f"{side}断面未定类，未比较", "").astype(object))
    flags.append(np.where(known & turned, "检出限或缺测可能改变类别变化", "").astype(object))
    said = pd.DataFrame({"a": rank_in, "b": rank_out})
    return _spread(said, known, _class_words)


def _class_words(before: float, after: float) -> tuple[str, str]:
    inflow, outflow = CLASSES[int(before)], CLASSES[int(after)]
    if before == after:
        return f"类别不变（{inflow}类）", f"class unchanged ({inflow})"
    steps = int(abs(after - before))
    way, way_en = ("好转", "better") if after < before else ("变差", "worse")
    return (
        f"入境{inflow}类，出境{outflow}类，{way}{steps}个类别",
        f"class {inflow} in, {outflow} out, {steps} class{'es' if steps > 1 else ''} {way_en}",
    )


def _spread(said: pd.DataFrame, rows: Bools, words: Any) -> tuple[Any, Any]:
    """Put each distinct combination into words once; return Chinese and English of every row."""
    import numpy as np

    zh, en = np.full(len(said), "", dtype=object), np.full(len(said), "", dtype=object)
    chosen = said[rows]
    groups = chosen.groupby(list(said.columns), sort=False).ngroup().to_numpy()
    texts = [words(*values) for values in chosen.drop_duplicates().to_numpy("float64").tolist()]
    if texts:
        zh[rows] = np.array([text[0] for text in texts], dtype=object)[groups]
        en[rows] = np.array([text[1] for text in texts], dtype=object)[groups]
    return zh, en


def _linked(columns: list[Any], link: str) -> Any:
    """Join the texts of every row that are not empty."""
    import numpy as np

    joined = np.array(columns[0], dtype=object)
    for column in columns[1:]:
        added = np.asarray(column, dtype=object)
        rows = np.flatnonzero(added != "")
        joined[rows] = [f"{old}{link}{new}" if old else new for old, new in
                        zip(joined[rows], added[rows], strict=True)]  # fmt: skip
    return joined
