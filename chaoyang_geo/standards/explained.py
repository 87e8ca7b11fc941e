"""One limit in one sentence."""

from __future__ import annotations

from typing import Any

from chaoyang_geo.schema import CLASSES, find_class, one_of
from chaoyang_geo.standards.limit_tables import (
    Standard,
    cited,
    count_classes,
    resolved,
    status_word,
)
from chaoyang_geo.standards.printed import WATERS, limit_text, note_text, unit_text
from chaoyang_geo.standards.substances import find_item, item_names
from chaoyang_geo.standards.tables import LIMIT_COLUMNS, table

Row = dict[str, Any]

_WORDS = {
    "zh": {
        "max": "不超过{high}", "min": "不低于{low}", "range": "在{low}~{high}之间（含两端）",
        "above": "高于{high}", "below": "低于{low}", "outside": "低于{low}或高于{high}",
        "class": "{name}{cls}类（{water}）：{bound}{shared}，依据{source}{note}。",
        "shared": "，与{best}类限值相同，达到即为{best}类",
        "worse": "{name}劣{last}类（{water}）：{beyond}，依据{source}{note}。",
        "one": "{name}（{water}）：{bound}，只有一个限值，不分类别，依据{source}{note}。",
        "no_class": "{name}{cls}类（{water}）：没有该类的限值，只到{last}类，依据{source}{note}。",
        "rule": "{name}（{water}）：没有分类限值，依据{source}{note}。",
        "other": "{name}（{water}）：没有限值，其限值只适用于{other}，依据{source}{note}。",
        "none": "{name}（{water}）：{source}没有规定限值。",
        "no": "第{no}项", "status": "（{status}）", "note": "；{note}",
    },
    "en": {
        "max": "at most {high}", "min": "at least {low}", "range": "{low} to {high}, ends included",
        "above": "above {high}", "below": "below {low}", "outside": "below {low} or above {high}",
        "class": "{name}, class {cls} ({water}): {bound}{shared}, by {source}{note}.",
        "shared": ", the limit of class {best}, too, so that meeting it gives class {best}",
        "worse": "{name}, worse than class {last} ({water}): {beyond}, by {source}{note}.",
        "one": "{name} ({water}): {bound}, one limit without classes, by {source}{note}.",
        "no_class": "{name}, class {cls} ({water}): no limit for this class, only down to class "
        "{last}, by {source}{note}.",
        "rule": "{name} ({water}): no limits by class, by {source}{note}.",
        "other": "{name} ({water}): no limit, for it is limited in {other} only, by {source}{note}.",
        "none": "{name} ({water}): {source} sets no limit.",
        "no": ", item {no}", "status": " ({status})", "note": "; {note}",
    },
}  # fmt: skip


def explain_limit(
    item: str,
    quality_class: object = None,
    *,
    water_type: str = "river",
    standard: Standard = "gb3838",
    lang: str = "zh",
) -> str:
    """Say in one sentence what a standard asks of an item.

    Parameters
    ----------
    item : str
        Key or any known name of an item.
    quality_class : str or int
        A class in any spelling: Ⅲ, III, 3, Ⅲ类; 劣Ⅴ for what lies beyond the last. It may be
        left out for a standard of one limit, which has no classes.
    water_type : {"river", "lake"}
        A reservoir is a lake.
    standard : str, path or DataFrame
        As for :func:`limits`.
    lang : {"zh", "en"}

    Returns
    -------
    str
        Item, class, water, limit with unit and direction, table and number of the item in it,
        and the status of the standard. Where there is no such limit, the sentence says so.

    Raises
    ------
    ValueError
        Unknown ``item``, ``quality_class``, ``water_type``, ``standard`` or ``lang``.
    SchemaError
        As :func:`limits`.

    Notes
    -----
    Source: the standard itself; the sentence names its table and item, and its status.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.explain_limit("tp", water_type="lake", quality_class="Ⅲ")
    '总磷Ⅲ类（湖库）：不超过0.05 mg/L，依据《地表水环境质量标准》（GB 3838-2002）表1第8项（已核实）。'
    >>> print(standards.explain_limit("DO", 3, lang="en"))
    dissolved oxygen, class Ⅲ (rivers): at least 5 mg/L, by Environmental Quality Standards for
    Surface Water (GB 3838-2002) Table 1, item 3 (verified).
    """
    one_of("lang", lang, ("zh", "en"))
    one_of("water_type", water_type, ("river", "lake"))
    key = find_item(str(item))
    if key is None:
        one_of("item", item, table("items.csv")["item"])
    rows, about = resolved(standard)
    one_limit = count_classes(rows) == 1
    quality = find_class(quality_class)
    if quality is None and (quality_class is not None or not one_limit):
        one_of("quality_class", quality_class, CLASSES)
    of_item: list[Row] = rows[rows["item"] == key].to_dict("records")  # type: ignore[assignment]
    here = [row for row in of_item if row["water_type"] in ("all", water_type)]
    at = 0 if lang == "zh" else 1
    words = _WORDS[lang]
    name = item_names(lang)[str(key)]
    facts = {
        "name": name if lang == "en" or not name[-1].isascii() else f"{name} ",
        "water": WATERS[water_type][at],
        "other": WATERS["river" if water_type == "lake" else "lake"][at],
        "source": cited(about, lang),
        "note": "",
        "lang": lang,
    }
    if of_item and of_item[0]["no"]:
        facts["source"] += words["no"].format(no=of_item[0]["no"])
    facts["source"] += words["status"].format(status=status_word(about, lang))
    if not of_item:
        return words["none"].format(**facts)
    kind = _which_sentence(here, quality, one_limit=one_limit, facts=facts, words=words)
    note = note_text(here[0], lang) if here else ""
    if note and (kind == "rule" or _says_more(here, quality)):
        facts["note"] = words["note"].format(note=note)
    return words[kind].format(**facts)


def _which_sentence(
    here: list[Row],
    quality: str | None,
    *,
    one_limit: bool,
    facts: dict[str, str],
    words: dict[str, str],
) -> str:
    """Return which sentence holds, and write what it needs into ``facts``."""
    if not here:
        return "other"
    ends = {str(row["direction"]): row for row in here if row["direction"] != "rule"}
    if not ends:
        return "rule"
    columns = [
        name for name in LIMIT_COLUMNS if all(row[name] == row[name] for row in ends.values())
    ]
    last = CLASSES[len(columns) - 1]
    facts |= {"last": last, "cls": quality or "", "shared": ""}
    both = len(ends) == 2
    if one_limit:
        facts["bound"] = words["range" if both else next(iter(ends))].format(
            **_texts(ends, columns[0], facts["lang"])
        )
        return "one"
    rank = CLASSES.index(str(quality))
    if quality == CLASSES[-1]:
        beyond = "outside" if both else {"max": "above", "min": "below"}[next(iter(ends))]
        facts["beyond"] = words[beyond].format(**_texts(ends, columns[-1], facts["lang"]))
        return "worse"
    if rank >= len(columns):
        return "no_class"
    facts["bound"] = words["range" if both else next(iter(ends))].format(
        **_texts(ends, columns[rank], facts["lang"])
    )
    best = min(
        k for k in range(rank + 1) if all(r[columns[k]] == r[columns[rank]] for r in ends.values())
    )
    if best < rank:
        facts["shared"] = words["shared"].format(best=CLASSES[best])
    return "class"


def _texts(ends: dict[str, Row], column: str, lang: str) -> dict[str, str]:
    """Return the ends of what is allowed with their unit, the lower one of two without."""
    texts = {
        {"min": "low", "max": "high"}[
            direction
        ]: f"{limit_text(row, column)} {unit_text(row['unit'], lang)}".strip()
        for direction, row in ends.items()
    }
    if len(texts) == 2:
        texts["low"] = limit_text(ends["min"], column)
    return texts


def _says_more(here: list[Row], quality: str | None) -> bool:
    """Whether the note of an item is about this class, or about an item that does not enter."""
    return not here[0]["in_class"] or quality is None or f"{quality}类" in str(here[0]["note"])
