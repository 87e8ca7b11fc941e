"""The reason of a verdict, in one paragraph, Chinese or English.

A leaf: it turns the columns of one assessment row into words and computes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chaoyang_geo import standards
from chaoyang_geo.reasons.doubts import doubts_text as doubts_text
from chaoyang_geo.schema import CLASSES, SchemaError, one_of, split_codes

WORST = len(CLASSES) - 1  # place of 劣Ⅴ

#: State of a section by its class (环办〔2011〕22号).
STATES: dict[str, tuple[str, str]] = {
    "Ⅰ": ("优", "excellent"),
    "Ⅱ": ("优", "excellent"),
    "Ⅲ": ("良好", "good"),
    "Ⅳ": ("轻度污染", "lightly polluted"),
    "Ⅴ": ("中度污染", "moderately polluted"),
    "劣Ⅴ": ("重度污染", "heavily polluted"),
}


def class_en(grade: str) -> str:
    """Call a class of the national five, or what none of them meets, in English.

    Examples
    --------
    >>> from chaoyang_geo.reasons import class_en
    >>> class_en("Ⅲ"), class_en("劣Ⅴ")
    ('class Ⅲ', 'worse than class Ⅴ')
    """
    return f"worse than class {CLASSES[WORST - 1]}" if grade == CLASSES[WORST] else f"class {grade}"


def explain(row: Any, *, lang: str = "zh", standard: str = "gb3838") -> str:
    """Write the reason of a class in one paragraph.

    Required columns: ``class``, ``deciding_items``, ``deciding_values``, ``deciding_limits``,
    ``target_class``, ``items_missing``; used where present: the others of an assessment.

    Parameters
    ----------
    row : mapping or Series
        One row of :func:`chaoyang_geo.classify` or :func:`chaoyang_geo.assess_sections`.
    lang : {"zh", "en"}
    standard : str
        Key of the standard that the class was judged by.

    Returns
    -------
    str
        Section, time, class, deciding items with values and the limits of the next better
        class, multiple, target, what is missing, what would change the class, and the rule.

    Raises
    ------
    SchemaError
        ``row`` is not one row of an assessment.
    ValueError
        Unknown ``lang`` or ``standard``.

    Notes
    -----
    Nothing is computed: the numbers are those of the row, with their units. The paragraph itself
    cites the standard and the clause of each deciding item, 环办〔2011〕22号 and how means are
    rounded (环办监测函〔2020〕82号) with its status.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import classify, explain
    >>> readings = pd.DataFrame({
    ...     "section_name": "章吉营", "time": pd.Timestamp("2025-10-08 08:00"),
    ...     "item": ["ph", "do", "cod_mn", "nh3_n", "tp"], "value": [8.1, 9.0, 3.0, 0.2, 0.25],
    ...     "unit": ["", "mg/L", "mg/L", "mg/L", "mg/L"]})
    >>> text = explain(classify(readings).iloc[0])
    >>> for sentence in text.split("。"):
    ...     print(sentence)
    章吉营 2025-10-08 08:00：Ⅳ类（轻度污染）
    定类因子：总磷0.25 mg/L（上一类别限值0.2，差0.05）
    未登记目标类别
    总磷降到0.2，类别即可好转
    依据《地表水环境质量标准》（GB 3838-2002）表1第8项，单因子评价（环办〔2011〕22号），瞬时值不修约
    <BLANKLINE>
    """
    get = getattr(row, "get", None)
    missing = [name for name in _NEEDED if get is None or get(name, _NEEDED) is _NEEDED]
    if missing or getattr(row, "ndim", 1) != 1:
        raise SchemaError(
            f"row: {type(row).__name__} is not one row of classify or assess_sections "
            f"(missing: {', '.join(missing) or 'it has several rows'}); "
            "give one row, e.g. classify(readings).iloc[0]."
        )
    return explainer(lang=lang, standard=standard)(row)


_NEEDED = ("class", "deciding_items", "deciding_values", "deciding_limits", "target_class",
           "items_missing")  # fmt: skip


def explainer(*, lang: str, standard: str) -> Callable[[Mapping[str, Any]], str]:
    """Return the function that explains one row; names and citation are looked up once."""
    one_of("lang", lang, ("zh", "en"))
    names = standards.item_names(lang)
    rule = standards.citation(standard, lang=lang)
    limits = standards.limits(standard)
    clause = dict(zip(limits["item"], limits["no"].astype("str"), strict=True))
    write = _chinese if lang == "zh" else _english
    words = _Words(standards.class_count(standard), lang)
    return lambda row: write(row, names, rule + _clauses(row, clause, lang), words)


@dataclass(frozen=True)
class _Words:
    """How the classes of a standard are called; what none of fewer than five meets ranks 劣Ⅴ."""

    n_classes: int
    lang: str

    def grade(self, grade: str) -> str:
        zh = self.lang == "zh"
        if self.n_classes == 1:
            found = (
                ("达到限值", "within the limits") if grade == "Ⅰ" else ("超过限值", "over a limit")
            )
            return found[0] if zh else found[1]
        if grade == CLASSES[WORST] and (self.n_classes < WORST or not zh):
            last = CLASSES[min(self.n_classes, WORST) - 1]
            return f"劣于{last}类" if zh else f"worse than class {last}"
        return f"{grade}类" if zh else f"class {grade}"

    def state(self, grade: str) -> str:
        """Add the state of the water, which the rule has for the national five classes."""
        if self.n_classes < WORST:
            return self.grade(grade)
        zh, en = STATES[grade]
        return (
            f"{self.grade(grade)}（{zh}）" if self.lang == "zh" else f"{self.grade(grade)} ({en})"
        )

    def best(self) -> str:
        zh, one = self.lang == "zh", self.n_classes == 1
        if zh:
            return f"参评各项均{'' if one else '达'}{self.grade('Ⅰ')}"
        return f"Every item judged is {'' if one else 'in '}{self.grade('Ⅰ')}"

    def between(self, best: str, worst: str, *, mean: bool) -> str:
        """Say what stays open; to a mean each value below detection adds half its limit."""
        zh = self.lang == "zh"
        half = ("（均值按其一半计）" if zh else " (half of each enters a mean)") if mean else ""
        if self.n_classes == 1:
            return (f"受检出限{half}或量程影响，是否达到限值不能判定" if zh
                    else f"Detection limits{half} or ranges leave open whether the limits are met")  # fmt: skip
        if zh:
            return f"受检出限{half}或量程影响，类别可能为{best}至{self.grade(worst)}"
        last = worst if self.grade(worst) == f"class {worst}" else self.grade(worst)
        return f"Detection limits{half} or ranges leave the class between {best} and {last}"


def _clauses(row: Mapping[str, Any], clause: Mapping[str, str], lang: str) -> str:
    """Name the entries of the table that the deciding items are judged by."""
    numbers = [clause[item] for item in split_codes(row["deciding_items"]) if clause.get(item)]
    if not numbers:
        return ""
    if lang == "zh":
        return f"第{'、'.join(numbers)}项"
    return f" item{'s' * (len(numbers) > 1)} {', '.join(numbers)}"


def _is_missing(value: Any) -> bool:
    # None, NaN, NaT and pd.NA, without importing pandas into a leaf of words
    return value is None or str(value) in ("nan", "NaT", "<NA>", "")


def _head(row: Mapping[str, Any], lang: str) -> str:
    name = row.get("section_name") or row.get("section_code") or ""
    if "period" in row:
        when = period_text(_moment(row["period"]), _moment(row.get("period_end")), lang=lang)
    else:
        time = _moment(row.get("time"))
        when = "" if _is_missing(time) else f"{time:%Y-%m-%d %H:%M}"
    return f"{name} {when}".strip()


def _moment(value: Any) -> Any:
    """Return a time; one that was read back from a file as text is understood."""
    return dt.datetime.fromisoformat(value) if isinstance(value, str) and value else value


def period_text(begin: Any, end: Any, *, lang: str = "zh") -> str:
    """Write a period; ``end`` is the first moment after it.

    Examples
    --------
    >>> import datetime as dt
    >>> from chaoyang_geo.reasons import period_text
    >>> [period_text(dt.datetime(2025, 7, 1), end)
    ...  for end in (dt.datetime(2025, 8, 1), dt.datetime(2025, 10, 1), dt.datetime(2025, 7, 11))]
    ['2025年7月', '2025年第3季度', '2025-07-01至2025-07-10']
    """
    if _is_missing(begin):
        return ""
    zh = lang == "zh"
    if _is_missing(end):
        return f"{begin:%Y-%m-%d}"
    months = (end.year - begin.year) * 12 + end.month - begin.month
    if begin.day == end.day == 1:
        if months == 1:
            return f"{begin.year}年{begin.month}月" if zh else f"{begin:%Y-%m}"
        if months == 3 and begin.month % 3 == 1:
            quarter = begin.month // 3 + 1
            return f"{begin.year}年第{quarter}季度" if zh else f"{begin.year} Q{quarter}"
        if months == 12 and begin.month == 1:
            return f"{begin.year}年" if zh else f"{begin.year}"
    last = end - dt.timedelta(days=1)
    if last <= begin:
        return f"{begin:%Y-%m-%d}"
    return f"{begin:%Y-%m-%d}{'至' if zh else ' to '}{last:%Y-%m-%d}"


def _mends(row: Mapping[str, Any], names: Mapping[str, str], lang: str) -> list[str]:
    """Say for each deciding item what would bring the next better class."""
    mends = []
    items = split_codes(row["deciding_items"])
    limits = str(row["deciding_limits"]).split(";") if items else []
    for item, limit in zip(items, limits, strict=True):
        if limit:
            verb = _MENDS.get(item, _MENDS[""])[0 if lang == "zh" else 1]
            mends.append(verb.format(name=names.get(item, item), limit=limit))
    return mends


#: How an item gets better: most must fall, dissolved oxygen must rise, pH must come back.
_MENDS = {
    "do": ("{name}升到{limit}", "{name} rises to {limit}"),
    "ph": ("{name} 回到{limit}", "{name} comes back to {limit}"),
    "": ("{name}降到{limit}", "{name} falls to {limit}"),
}


def _range(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the best and the worst class that detection limits allow, where they differ."""
    best, worst = row.get("class_best"), row.get("class_worst")
    if _is_missing(best) or _is_missing(worst) or best == worst:
        return None
    return str(best), str(worst)


def _deciding(row: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Return name, value with unit, next better limit and the gap to it of each deciding item."""
    items = split_codes(row["deciding_items"])
    if not items:
        return []
    values = str(row["deciding_values"]).split(";")
    limits = str(row["deciding_limits"]).split(";")
    out = []
    for item, value, limit in zip(items, values, limits, strict=True):
        number = value.split(" ")[0]
        try:
            gap = f"{abs(float(number) - float(limit)):.6g}" if limit else ""
        except ValueError:  # a censored value, <0.05, has no gap
            gap = ""
        out.append((names.get(item, item), value, limit, gap))
    return out


def named_before(name: str) -> str:
    """Return the name of an item as it stands before a number: ``pH 9``, ``总磷0.2``.

    Examples
    --------
    >>> from chaoyang_geo.reasons import named_before
    >>> named_before("pH") + "9", named_before("总磷") + "0.2"
    ('pH 9', '总磷0.2')
    """
    return f"{name} " if name[-1:].isascii() else name


def times_text(times: float) -> str:
    """Write a multiple with two decimals; one that would become 0 keeps a digit.

    Examples
    --------
    >>> from chaoyang_geo.reasons import times_text
    >>> times_text(0.3), times_text(0.002), times_text(0.0)
    ('0.30', '0.002', '0.00')
    """
    text = f"{times:.2f}"
    return f"{float(f'{times:.1g}'):.9f}".rstrip("0") if times and float(text) == 0 else text


def _verdict(row: Mapping[str, Any]) -> bool | None:
    """Return whether the target is attained; ``None`` where that is open."""
    value = row.get("attained")
    return None if _is_missing(value) else str(value) in ("True", "true", "1", "1.0")


def _over(row: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the item that exceeds its limit by the largest multiple, and that multiple."""
    if _is_missing(row.get("times_over")):
        return None
    item = str(row["times_over_item"])
    return names.get(item, item), times_text(float(row["times_over"]))


def _target_zh(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if _is_missing(row["target_class"]):
        return "未登记目标类别"
    goal = f"目标{row['target_class']}类"
    goal += "（假定）" if row.get("target_quality") == "assumed" else ""
    verdict, over = _verdict(row), _over(row, names)
    if verdict is None:
        return f"是否达到{goal}不能判定"
    by = f"，{over[0]}超标{over[1]}倍" if over else ""
    return f"{'达到' if verdict else '未达到'}{goal}{by}"


def _target_en(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if _is_missing(row["target_class"]):
        return "No target class is recorded"
    goal = class_en(str(row["target_class"]))
    goal = f"target {goal}" if goal.startswith("class") else f"target ({goal})"
    goal += " (assumed)" if row.get("target_quality") == "assumed" else ""
    verdict, over = _verdict(row), _over(row, names)
    if verdict is None:
        return f"Whether it meets the {goal} cannot be told"
    by = f", {over[0]} exceeds its limit by {over[1]} times" if over else ""
    return f"{'Meets' if verdict else 'Misses'} the {goal}{by}"


#: Why there is no result, by the column that counts it.
_GAPS = {
    "n_dry": ("断流", "dry"),
    "n_ice": ("冰封", "frozen"),
    "n_not_sampled": ("未监测", "not sampled"),
}


def _no_class(
    row: Mapping[str, Any], names: Mapping[str, str], lang: str, words: _Words
) -> list[str]:
    """Say that there is no class, and what is known all the same."""
    zh = lang == "zh"
    counts = {
        name: 0 if _is_missing(row.get(name)) else int(float(str(row.get(name)))) for name in _GAPS
    }
    gaps = [
        f"{_GAPS[name][0]}{n}次" if zh else f"{_GAPS[name][1]}: {n}"
        for name, n in counts.items() if n
    ]  # fmt: skip
    why = ("（{}）" if zh else " ({})").format(("、" if zh else ", ").join(gaps)) if gaps else ""
    found = [
        f"没有可评价的读数{why}，不定类" if zh else
        f"no reading that can be judged{why}, so no class"
    ]  # fmt: skip
    undecided = _named(row, "items_undecided", names)
    if undecided:
        found.append(
            f"{'、'.join(undecided)}有读数但不能判定类别" if zh else
            f"Measured, but no single class fits: {', '.join(undecided)}"
        )  # fmt: skip
    between = _range(row)
    return [*found, words.between(*between, mean="period" in row)] if between else found


def _source_sentences(row: Mapping[str, Any], names: Mapping[str, str], lang: str) -> list[str]:
    """Say how a source of drinking water stands to Table 2; nothing of other sections."""
    over, missing = (_named(row, f"source_items_{kind}", names) for kind in ("over", "missing"))
    known = not _is_missing(row.get("source_attained"))
    if not (over or missing or known):
        return []
    table = standards.citation("gb3838_table2", lang=lang)
    if lang == "zh":
        parts = [f"{'、'.join(over)}超过限值"] if over else []
        parts += [f"缺测{'、'.join(missing)}"] if missing else []
        return [f"饮用水水源另按{table}：{'，'.join(parts) or '各项均未超过限值'}"]
    parts = [f"{', '.join(over)} over the limit"] if over else []
    parts += [f"not measured: {', '.join(missing)}"] if missing else []
    said = "; ".join(parts) or "every item within its limit"
    return [f"As a source of drinking water by {table}: {said}"]


def _chinese(row: Mapping[str, Any], names: Mapping[str, str], rule: str, words: _Words) -> str:
    head = _head(row, "zh")
    if _is_missing(row["class"]):
        return f"{head}：{'。'.join(_no_class(row, names, 'zh', words))}。"
    sentences = []
    deciding = [
        f"{named_before(name)}{value}" + (f"（上一类别限值{limit}，差{gap}）" if gap else "")
        for name, value, limit, gap in _deciding(row, names)
    ]
    sentences.append(f"定类因子：{'、'.join(deciding)}" if deciding else words.best())
    sentences.append(_target_zh(row, names))
    missing = _named(row, "items_missing", names)
    if missing:
        sentences.append(f"缺测{'、'.join(missing)}，类别可能更差")
    undecided = _named(row, "items_undecided", names)
    if undecided:
        sentences.append(f"{'、'.join(undecided)}有读数但不能判定类别，类别可能更差")
    sentences += _source_sentences(row, names, "zh")
    between = _range(row)
    if between:
        sentences.append(words.between(*between, mean="period" in row))
    mends = _mends(row, names, "zh")
    if mends:
        sentences.append(f"{'、'.join(mends)}，类别即可好转")
    rounding = (
        "均值按环办监测函〔2020〕82号的小数位数（见于单一来源）修约后评价"
        if "period" in row
        else "瞬时值不修约"
    )
    sentences.append(f"依据{rule}，单因子评价（环办〔2011〕22号），{rounding}")
    return f"{head}：{words.state(row['class'])}。{'。'.join(sentences)}。"


def _named(row: Mapping[str, Any], column: str, names: Mapping[str, str]) -> list[str]:
    """Return the names of the items that a column lists."""
    return [names.get(item, item) for item in split_codes(row.get(column))]


def _english(row: Mapping[str, Any], names: Mapping[str, str], rule: str, words: _Words) -> str:
    head = _head(row, "en")
    if _is_missing(row["class"]):
        return f"{head}: {'. '.join(_no_class(row, names, 'en', words))}."
    sentences = []
    deciding = [
        f"{name} {value}"
        + (f" (limit of the next better class {limit}, {gap} away)" if gap else "")
        for name, value, limit, gap in _deciding(row, names)
    ]
    sentences.append(f"Deciding: {', '.join(deciding)}" if deciding else words.best())
    sentences.append(_target_en(row, names))
    missing = _named(row, "items_missing", names)
    if missing:
        sentences.append(f"Not measured: {', '.join(missing)}; the class may be worse")
    undecided = _named(row, "items_undecided", names)
    if undecided:
        sentences.append(
            f"Measured, but no single class fits: {', '.join(undecided)}; the class may be worse"
        )
    sentences += _source_sentences(row, names, "en")
    between = _range(row)
    if between:
        sentences.append(words.between(*between, mean="period" in row))
    mends = _mends(row, names, "en")
    if mends:
        sentences.append(f"The class gets better when {' and '.join(mends)}")
    rounding = (
        "means are first rounded to the decimals of Circular 82 of 2020 (known from one source)"
        if "period" in row
        else "instantaneous values not rounded"
    )
    sentences.append(f"Rule: {rule}, the worst item decides (Circular 22 of 2011), {rounding}")
    return f"{head}: {words.state(row['class'])}. {'. '.join(sentences)}."
