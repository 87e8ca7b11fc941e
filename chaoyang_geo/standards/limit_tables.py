"""The limits of a standard: one of ours by its key, or the user's own.

A standard has up to five classes, best first. A missing limit means that the standard has no
such class: a value beyond the last limit is worse than every class of the standard, and the
ordered category of classes then says 劣Ⅴ. In a standard of one limit a value therefore either
meets it or not, and no class should be read out of the verdict.
"""

from __future__ import annotations

import os
from dataclasses import KW_ONLY, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from chaoyang_geo.schema import one_of
from chaoyang_geo.standards.rule_tables import STATUSES
from chaoyang_geo.standards.tables import LIMIT_COLUMNS, LIMIT_SHAPE, numbers, table
from chaoyang_geo.standards.user_standard import SUFFIXES, checked_standard, read_standard

if TYPE_CHECKING:
    import pandas as pd

#: What an argument ``standard`` may be: a key of :func:`catalogue`, the path of a file that
#: :func:`read_standard` reads, or such a frame.
Standard: TypeAlias = "str | os.PathLike[str] | pd.DataFrame"


@dataclass(frozen=True)
class About:
    """What a standard calls itself, and how far it is checked."""

    title_zh: str
    title_en: str
    table_zh: str = ""
    table_en: str = ""
    _: KW_ONLY
    status: str = "user"
    own: bool = False  # the user's, not ours


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
    >>> standards.catalogue()[["standard", "status"]].values.tolist()
    [['gb3838', 'verified'], ['gb3838_table2', 'verified']]
    """
    return table("catalogue.csv").drop(columns="file")


def limits(standard: Standard = "gb3838") -> pd.DataFrame:
    """Return the limits of a standard.

    Parameters
    ----------
    standard : str, path or DataFrame
        ``gb3838``: GB 3838-2002 Table 1 (地表水环境质量标准基本项目标准限值). ``gb3838_table2``:
        its Table 2 (集中式生活饮用水地表水源地补充项目标准限值). Or the user's own standard: the
        path of a ``.csv``, ``.xlsx`` or ``.xls`` file that :func:`read_standard` reads, or
        the frame that it returned.

    Returns
    -------
    DataFrame, one row per item, water type and direction
        ``no`` (number in the printed table), ``item``, ``water_type`` (``all``, ``river``,
        ``lake``), ``direction`` (``max``: the value must not exceed the limit; ``min``: must not
        fall below it; ``rule``: no number), ``unit``, ``class_1`` to ``class_5`` (limits of Ⅰ to
        Ⅴ), ``in_class`` (whether the item enters the verdict: 环办〔2011〕22号 leaves 水温, 总氮
        and 粪大肠菌群 out of the class of a section), ``note``. pH has two rows, one for each end
        of 6-9.

    Raises
    ------
    ValueError
        Unknown ``standard``.
    SchemaError
        The user's standard is not one: the message names file, row and column.

    Notes
    -----
    A missing limit means that the standard has no such class. Classes are filled from Ⅰ
    without gaps, so a standard of one limit (as Table 2) has it in ``class_1`` alone: a value
    that meets it ranks Ⅰ, any other 劣Ⅴ, and these stand for "meets" and "does not meet".

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> tp = standards.limits("gb3838").query("item == 'tp'")
    >>> tp[["water_type", "class_3"]].values.tolist()
    [['river', 0.2], ['lake', 0.05]]
    >>> standards.limits("gb3838_table2")[["item", "class_1", "class_2"]].values.tolist()[:2]
    [['so4', 250.0, nan], ['cl', 250.0, nan]]
    """
    return resolved(standard)[0][list(LIMIT_SHAPE)].copy()


def class_count(standard: Standard = "gb3838") -> int:
    """Return how many classes a standard has: 5, or 1 where a value meets the limit or not.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.class_count("gb3838"), standards.class_count("gb3838_table2")
    (5, 1)
    """
    return count_classes(resolved(standard)[0])


def count_classes(rows: pd.DataFrame) -> int:
    """Return how many classes the rows of a standard have limits for."""
    return int(rows[list(LIMIT_COLUMNS)].notna().to_numpy().any(axis=0).sum())


def citation(standard: Standard = "gb3838", *, lang: str = "zh") -> str:
    """Return title, table and status of a standard in one phrase.

    The status is left out where it is ``verified``. A user's own standard says so.

    Examples
    --------
    >>> from chaoyang_geo import standards
    >>> standards.citation("gb3838")
    '《地表水环境质量标准》（GB 3838-2002）表1'
    """
    one_of("lang", lang, ("zh", "en"))
    about = resolved(standard)[1]
    phrase = cited(about, lang)
    if about.status == "verified" and not about.own:
        return phrase
    word = status_word(about, lang)
    return f"{phrase}（{word}）" if lang == "zh" else f"{phrase} ({word})"


def cited(about: About, lang: str) -> str:
    """Return title and table alone."""
    if lang == "zh":
        return f"{about.title_zh}{about.table_zh}"
    return f"{about.title_en} {about.table_en}".strip()


def status_word(about: About, lang: str) -> str:
    """Return the status in words; what a user says of a standard is quoted beside whose it is."""
    if not about.own:
        return STATUSES[about.status] if lang == "zh" else about.status
    word, comma = ("自定标准", "，") if lang == "zh" else ("user's own standard", ", ")
    return word if about.status == "user" else f"{word}{comma}{about.status}"


def resolved(standard: Standard) -> tuple[pd.DataFrame, About]:
    """Return the rows of a standard and what it calls itself; the rows are not to be changed."""
    import pandas as pd

    if isinstance(standard, pd.DataFrame):
        rows = checked_standard(standard)
        return rows, _about_user(rows, "用户提供的标准", "standard given by the user")
    is_file = isinstance(standard, str) and standard.lower().endswith(SUFFIXES)
    if is_file or isinstance(standard, os.PathLike):
        path = Path(standard).resolve()
        stat = path.stat()
        return _from_file(path, stat.st_mtime_ns, stat.st_size)
    keys = table("catalogue.csv")["standard"].tolist()
    one_of("standard", standard, [*keys, *(f"path/to/file{suffix}" for suffix in SUFFIXES)])
    return _bundled(str(standard))


@lru_cache(maxsize=16)
def _from_file(path: Path, changed: int, size: int) -> tuple[pd.DataFrame, About]:
    """Read a file once; ``changed`` and ``size`` make a file that was edited another one."""
    rows = read_standard(path)
    return rows, _about_user(rows, path.name, path.name)


def _about_user(rows: pd.DataFrame, name_zh: str, name_en: str) -> About:
    """Take title and status from the columns that state them for the whole table."""
    stated = {name: str(rows[name].iloc[0]) for name in ("title", "title_en", "status")}
    return About(
        stated["title"] or stated["title_en"] or name_zh,
        stated["title_en"] or stated["title"] or name_en,
        status=stated["status"] or "user",
        own=True,
    )


@cache
def _bundled(standard: str) -> tuple[pd.DataFrame, About]:
    entry = table("catalogue.csv").set_index("standard").loc[standard]
    rows = table(str(entry["file"])).copy()
    for column in LIMIT_COLUMNS:
        # as printed, for people: 1.0 is not 1
        rows[f"printed_{column}"] = rows[column]
        rows[column] = numbers(rows[column])
    rows["in_class"] = rows["in_class"] == "1"
    titles = [str(entry[name]) for name in ("title_zh", "title_en", "table_zh", "table_en")]
    return rows, About(*titles, status=str(entry["status"]))
