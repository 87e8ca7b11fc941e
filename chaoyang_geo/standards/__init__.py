"""Standards as data: limits and item names live in CSV files beside this module.

Every standard carries its citation and a status; :func:`catalogue` lists them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from chaoyang_geo.schema import CLASSES, one_of

if TYPE_CHECKING:
    import pandas as pd

#: The items that the national platform judges, the "5" of the 5+X set in use since 2021.
CORE_ITEMS: tuple[str, ...] = ("ph", "do", "cod_mn", "nh3_n", "tp")

#: Limit columns of a standard, best class first; worse than the last is 劣Ⅴ.
LIMIT_COLUMNS: tuple[str, ...] = tuple(f"class_{rank}" for rank in range(1, len(CLASSES)))


def _read(file: str) -> pd.DataFrame:
    import pandas as pd

    path = resources.files(__package__).joinpath(file)
    with path.open("r", encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype=str, keep_default_na=False)


def catalogue() -> pd.DataFrame:
    """Return the standards that ship with the library, with citation and status.

    Returns
    -------
    DataFrame, one row per standard
        ``standard`` (the key), ``title_zh``, ``title_en``, ``table_zh``, ``table_en``,
        ``valid_from``, ``status`` (``verified`` or ``unverified``), ``status_note``.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.catalogue().loc[0, ["standard", "status"]].tolist()
    ['gb3838', 'verified']
    """
    return _read("catalogue.csv").drop(columns="file")


@cache
def _limits(standard: str) -> pd.DataFrame:
    entries = _read("catalogue.csv").set_index("standard")
    one_of("standard", standard, entries.index)
    table = _read(str(entries.loc[standard, "file"]))
    for column in LIMIT_COLUMNS:
        table[column] = table[column].replace("", "nan").astype("float64")
    table["in_class"] = table["in_class"] == "1"
    return table


def limits(standard: str = "gb3838") -> pd.DataFrame:
    """Return the limits of a standard.

    Source: GB 3838-2002 Table 1 (地表水环境质量标准基本项目标准限值).

    Returns
    -------
    DataFrame, one row per item, water type and direction
        ``item``, ``water_type`` (``all``, ``river``, ``lake``), ``direction`` (``max``: the
        value must not exceed the limit; ``min``: must not fall below it; ``rule``: no number),
        ``unit``, ``class_1`` to ``class_5`` (limits of Ⅰ to Ⅴ), ``in_class`` (whether the item
        enters the class of a section: 环办〔2011〕22号 leaves out 水温, 总氮 and 粪大肠菌群),
        ``note``. pH has two rows, one for each end of 6-9.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> tp = standards.limits("gb3838").query("item == 'tp'")
    >>> tp[["water_type", "class_3"]].values.tolist()
    [['river', 0.2], ['lake', 0.05]]
    """
    return _limits(standard).copy()


def citation(standard: str = "gb3838", *, lang: str = "zh") -> str:
    """Return title, table and status of a standard in one phrase.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.citation("gb3838")
    '《地表水环境质量标准》（GB 3838-2002）表1'
    """
    one_of("lang", lang, ("zh", "en"))
    entries = _read("catalogue.csv").set_index("standard")
    one_of("standard", standard, entries.index)
    entry = entries.loc[standard]
    text = f"{entry[f'title_{lang}']}{' ' if lang == 'en' else ''}{entry[f'table_{lang}']}"
    if entry["status"] != "verified":
        text += "（未核实）" if lang == "zh" else " (unverified)"
    return text


@cache
def _items() -> pd.DataFrame:
    return _read("items.csv")


def items() -> pd.DataFrame:
    """Return the items: key, Chinese and English name, symbol, usual unit, code, synonyms.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.items().set_index("item").loc["cod_mn", ["item_zh", "symbol"]].tolist()
    ['高锰酸盐指数', 'CODMn']
    """
    return _items().copy()


def item_names(lang: str = "zh") -> dict[str, str]:
    """Return the name of every item by its key.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.item_names()["tp"], standards.item_names("en")["tp"]
    ('总磷', 'total phosphorus')
    """
    one_of("lang", lang, ("zh", "en"))
    table = _items()
    return dict(zip(table["item"], table[f"item_{lang}"], strict=True))


def item_units() -> dict[str, str]:
    """Return the usual unit of every item by its key; pH has none."""
    table = _items()
    return dict(zip(table["item"], table["unit"], strict=True))


def _normal(text: str) -> str:
    """Fold width, case, spaces and punctuation, so that ``NH₃－N`` equals ``NH3-N``."""
    return re.sub(r"[\s\-_－·.,，、]", "", unicodedata.normalize("NFKC", text)).lower()


@cache
def fold_unit(text: str) -> str:
    """Return a unit in one spelling, to compare by: ``mg/l``, ``毫克/升`` and ``mg/L`` are one.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> [standards.fold_unit(unit) for unit in ("mg/L", "毫克/升", "mg·L-1", "无量纲", "µg/L")]
    ['mg/l', 'mg/l', 'mg/l', '', 'μg/l']
    """
    folded = re.sub(r"[\s()]", "", unicodedata.normalize("NFKC", text)).lower()
    folded = folded.replace("毫克", "mg").replace("微克", "μg").replace("升", "l")
    folded = re.sub(r"[·*.]l(?:-1|\^-1)$", "/l", folded)
    return "" if folded in ("无量纲", "无") else folded


@cache
def _item_index() -> dict[str, str]:
    index: dict[str, str] = {}
    for row in _items().itertuples():
        names = [row.item, row.item_zh, row.item_en, row.symbol, row.pollutant_code]
        for name in [*names, *str(row.synonyms).split(";")]:
            if name:
                index[_normal(str(name))] = str(row.item)
    return index


def find_item(text: str) -> str | None:
    """Return the key of an item from any of its names or its pollutant code, else ``None``.

    The unit, if any, must be taken off first.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> [standards.find_item(name) for name in ("高锰酸盐指数", "NH₃-N", "w21011", "断面名称")]
    ['cod_mn', 'nh3_n', 'tp', None]
    """
    return _item_index().get(_normal(text))
