"""Standards as data: limits and item names live in CSV files beside this module.

Every standard carries its citation and a status; :func:`catalogue` lists them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
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
    """Return the items: 24 + 5 of GB 3838-2002, what stations add, and their chemical kin.

    Returns
    -------
    DataFrame, one row per item
        ``item`` (the key), ``item_zh``, ``item_en``, ``symbol``, ``unit`` (the usual one, to
        which readings are converted), ``basis`` (as what it is reported: ``N``, ``NO3``),
        ``pollutant_code`` (empty where no source was checked), ``synonyms`` (joined by ``;``).

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.items().set_index("item").loc["cod_mn", ["item_zh", "symbol"]].tolist()
    ['高锰酸盐指数', 'CODMn']
    """
    return _items().copy()


def unit_forms() -> pd.DataFrame:
    """Return the units that are understood, one row each.

    Returns
    -------
    DataFrame
        ``unit`` (as the library writes it), ``kind`` (units of one kind convert), ``factor``
        (to the first unit of the kind), ``forms`` (other ways to write it, joined by ``;``).

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.unit_forms().set_index("unit").loc["μg/L", "factor"].item()
    0.001
    """
    table = _read("units.csv")
    table["factor"] = table["factor"].astype("float64")
    return table


def atomic_weights() -> dict[str, float]:
    """Return the atomic weight of each element that the reporting bases need (IUPAC).

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.atomic_weights()["N"]
    14.007
    """
    table = _read("atomic_weights.csv")
    return dict(zip(table["symbol"], table["weight"].astype("float64"), strict=True))


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


_DASHES = str.maketrans(dict.fromkeys("-_‐‑‒–—―−－·•・.,，、 ", ""))
_NO_MEANING = {"", "湖库"}  # in brackets after a name


def _normal(text: str) -> str:
    """Fold width, case, spaces and punctuation, so that ``NH₃－N`` equals ``NH3-N``."""
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return re.sub(r"\s", "", folded).lower().replace("[", "(").replace("]", ")")


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
        own = [row.item, row.item_zh, row.item_en, row.symbol, row.pollutant_code]
        names = [_normal(str(name)) for name in (*own, *str(row.synonyms).split(";")) if name]
        latin = [name for name in names if name.isascii()]
        other = [name for name in names if not name.isascii()]
        pairs = [one + two for a in latin for b in other for one, two in ((a, b), (b, a))]
        for name in pairs:
            index.setdefault(name, str(row.item))
        index.update(dict.fromkeys(names, str(row.item)))
    return index


@cache
def _bases() -> dict[str, tuple[str, str]]:
    """Item to its basis and its element: ``no3`` is the nitrogen item reported as NO3."""
    table = _items()
    return {
        str(row.item): (str(row.basis).lower(), str(row.item).removesuffix("_n").removesuffix("_p"))
        for row in table.itertuples()
    }


def _with_basis(item: str | None, basis: str) -> str | None:
    """Return the item of the same substance that is reported as ``basis``, if there is one."""
    if item is None or not basis:
        return item
    basis = basis.rstrip("+").lower()
    basis = {"so42": "so4", "po43": "po4", "s2": "s"}.get(basis, basis)
    bases = _bases()
    own, substance = bases[item]
    if not own or own == basis:  # for an item without a basis there is nothing to mistake
        return item
    kin = {"nh3": "nh4"}.get(substance, substance)
    return kin if basis == kin and kin in bases and bases[kin][0] == basis else None


def find_item(text: str) -> str | None:
    """Return the key of an item from any of its names or its pollutant code, else ``None``.

    Width, case, spaces, dashes and subscripts do not matter; nothing else is guessed.
    A bracket may repeat the name (``氨氮(NH₃-N)``) or say the basis: ``硝酸盐(以NO3计)`` is
    the item ``no3``, which is not ``no3_n``. The unit, if any, must be taken off first.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> [standards.find_item(name) for name in ("高锰酸盐指数", "NH₃-N", "w21011", "断面名称")]
    ['cod_mn', 'nh3_n', 'tp', None]
    >>> [standards.find_item(name) for name in ("硝酸盐(以N计)", "硝酸盐（以NO₃⁻计）")]
    ['no3_n', 'no3']
    """
    return _find_item(text) if len(text) <= 100 else None


@lru_cache(maxsize=4096)
def _find_item(text: str) -> str | None:
    index = _item_index()
    name = _normal(text)
    found = index.get(name)
    if found is not None:
        return found
    stated = re.fullmatch(r"(.+?)(?:\((?:以([^()]+)计|as([^()]+))\)|以([^()]+)计)", name)
    if stated:
        return _with_basis(_find_item(stated[1]), stated[2] or stated[3] or stated[4])
    bracketed = re.fullmatch(r"(.+?)\(([^()]*(?:\([^()]*\))?)\)", name)
    if bracketed is None:
        return None
    found = index.get(bracketed[1])
    inner = bracketed[2]
    return found if inner in _NO_MEANING or index.get(inner) == found else None
