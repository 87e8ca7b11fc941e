"""The items that are measured: their names, units and reporting bases."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from chaoyang_geo.schema import one_of
from chaoyang_geo.standards.tables import numbers, table

if TYPE_CHECKING:
    import pandas as pd


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
    return table("items.csv").copy()


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
    forms = table("units.csv").copy()
    forms["factor"] = numbers(forms["factor"])
    return forms


def atomic_weights() -> dict[str, float]:
    """Return the atomic weight of each element that the reporting bases need (IUPAC).

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.atomic_weights()["N"]
    14.007
    """
    weights = table("atomic_weights.csv")
    return dict(zip(weights["symbol"], weights["weight"].astype("float64"), strict=True))


def item_names(lang: str = "zh") -> dict[str, str]:
    """Return the name of every item by its key.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.item_names()["tp"], standards.item_names("en")["tp"]
    ('总磷', 'total phosphorus')
    """
    one_of("lang", lang, ("zh", "en"))
    return dict(_by_item(f"item_{lang}"))


def item_units() -> dict[str, str]:
    """Return the usual unit of every item by its key; pH has none."""
    return dict(_by_item("unit"))


@cache
def _by_item(column: str) -> dict[str, str]:
    rows = table("items.csv")
    return dict(zip(rows["item"], rows[column], strict=True))


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
    for row in table("items.csv").itertuples():
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
    return {
        str(row.item): (str(row.basis).lower(), str(row.item).removesuffix("_n").removesuffix("_p"))
        for row in table("items.csv").itertuples()
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


def item_key(text: str) -> str:
    """Return the key of an item however it is spelled; of one that is not known, the text itself.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> [standards.item_key(name) for name in ("cod", "化学需氧量", " COD ", " caffeine")]
    ['cod', 'cod', 'cod', 'caffeine']
    """
    if text in _by_item("unit"):
        return text
    return find_item(text) or text.strip()
