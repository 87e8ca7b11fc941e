"""The vocabulary: every column with its dtype, unit, Chinese label and meaning.

A function names the columns it requires, and :func:`require` checks them in one
place; a map or a report takes its labels from :func:`label`. Codes are compared as
text (:func:`as_text`), so a code that begins with a zero stays what it is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from numbers import Number
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class SchemaError(ValueError):
    """A table lacks a column, or a column holds what it must not hold."""


@dataclass(frozen=True)
class Column:
    """One entry of the vocabulary."""

    name: str
    dtype: str
    unit: str
    zh: str
    en: str
    meaning: str


def _vocabulary() -> dict[str, Column]:
    path = resources.files(__package__).joinpath("vocabulary.csv")
    with path.open("r", encoding="utf-8") as stream:
        return {row["name"]: Column(**row) for row in csv.DictReader(stream)}


#: The vocabulary, from ``vocabulary.csv`` beside this module.
COLUMNS: dict[str, Column] = _vocabulary()

#: The classes of GB 3838-2002, best first.
CLASSES: tuple[str, ...] = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")

_CLASS_BY_TEXT = {
    **{name: name for name in CLASSES},
    **{str(rank): name for rank, name in enumerate(CLASSES, 1)},
    **dict(zip(("I", "II", "III", "IV", "V", "劣V"), CLASSES, strict=True)),
}

#: How far a row may be trusted, best first.
QUALITIES: tuple[str, ...] = ("official", "published", "derived", "assumed", "synthetic")


def class_dtype() -> pd.CategoricalDtype:
    """Return the ordered category of water-quality classes, Ⅰ (best) to 劣Ⅴ.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import class_dtype
    >>> pd.Series(["Ⅲ", "Ⅱ"], dtype=class_dtype()).max()
    'Ⅲ'
    """
    import pandas as pd

    return pd.CategoricalDtype(list(CLASSES), ordered=True)


def vocabulary() -> pd.DataFrame:
    """Return the whole vocabulary as a table, one row per column name.

    Returns
    -------
    DataFrame
        Columns ``name``, ``dtype``, ``unit``, ``zh``, ``en``, ``meaning``.

    Examples
    --------
    >>> from chaoyang_geo.schema import vocabulary
    >>> vocabulary().set_index("name").loc["area_km2", "zh"]
    '面积（km²）'
    """
    import pandas as pd

    return pd.DataFrame([vars(column) for column in COLUMNS.values()])


def label(name: str, lang: str = "zh") -> str:
    """Return the label of a column for people; an unknown column labels itself.

    Parameters
    ----------
    name : str
        Name of a column.
    lang : {"zh", "en"}

    Returns
    -------
    str
        The column ``zh`` or ``en`` of :func:`vocabulary`, with the unit where it has one.

    Raises
    ------
    ValueError
        Unknown ``lang``.

    Examples
    --------
    >>> from chaoyang_geo.schema import label
    >>> label("class"), label("class", "en"), label("my_column")
    ('水质类别', 'class', 'my_column')
    """
    one_of("lang", lang, ("zh", "en"))
    column = COLUMNS.get(name)
    if column is None:
        return name
    return column.zh if lang == "zh" else column.en


def require(frame: pd.DataFrame, columns: Iterable[str], *, table: str, hint: str = "") -> None:
    """Raise :class:`SchemaError` when ``frame`` lacks one of ``columns``.

    ``hint`` is a sentence that says what to do; without one, a column that the vocabulary
    does not know is taken for the one that may have to be renamed.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import require
    >>> require(pd.DataFrame({"a": []}), ["section_code"], table="sections")
    Traceback (most recent call last):
    ...
    chaoyang_geo.schema.SchemaError: sections: column section_code (断面编码) is missing; \
the table has: a. Rename the column that holds it, e.g. frame.rename(columns={'a': 'section_code'}).
    """
    columns = list(columns)
    present = [str(name) for name in frame.columns]
    missing = [name for name in columns if name not in present]
    if not missing:
        _require_once(present, columns, table=table)
        return
    named = ", ".join(f"{name} ({label(name)})" for name in missing)
    plural = "columns" if len(missing) > 1 else "column"
    verb = "are" if len(missing) > 1 else "is"
    stranger = next((name for name in present if name not in COLUMNS), None)
    mend = f" {hint}" if hint else ""
    if stranger is not None and not hint:
        rename = f"frame.rename(columns={{{stranger!r}: {missing[0]!r}}})"
        mend = f" Rename the column that holds it, e.g. {rename}."
    raise SchemaError(
        f"{table}: {plural} {named} {verb} missing; "
        f"the table has: {', '.join(present) or 'no columns'}.{mend}"
    )


def _require_once(present: list[str], columns: list[str], *, table: str) -> None:
    if len(set(present)) == len(present):
        return
    twice = next((name for name in columns if present.count(name) > 1), None)
    if twice is not None:
        raise SchemaError(
            f"{table}: column {twice} ({label(twice)}) is there {present.count(twice)} times; keep "
            "one of them, or rename the others."
        )


def require_unique(frame: pd.DataFrame, column: str, *, table: str) -> None:
    """Raise :class:`SchemaError` when a code stands twice in ``column``.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import require_unique
    >>> sections = pd.DataFrame({"section_code": ["S1", "S1"]})
    >>> require_unique(sections, "section_code", table="sections")
    Traceback (most recent call last):
    ...
    chaoyang_geo.schema.SchemaError: sections: section_code must be unique; twice there: S1.
    """
    codes = as_text(frame[column])
    if (codes == "").any():
        row = int((codes == "").to_numpy().argmax()) + 1
        raise SchemaError(f"{table}: row {row} has no {column}; every row needs one.")
    if codes.duplicated().any():
        twice = ", ".join(sorted(set(codes[codes.duplicated()])))
        raise SchemaError(f"{table}: {column} must be unique; twice there: {twice}.")


def as_text(values: Any) -> pd.Series:
    """Return codes or names as text, whatever the dtype; missing is ``''``.

    Numbers that stand for codes are written without a decimal point.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import as_text
    >>> as_text(pd.Series([211324.0, None])).tolist(), as_text(["0211", 7]).tolist()
    (['211324', ''], ['0211', '7'])
    """
    import pandas as pd

    series = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype="object")
    if series.dtype == "str":
        return series.fillna("").rename(None)
    return pd.Series(text_array(series), index=series.index, dtype="str")


def text_array(values: pd.Series) -> Any:
    """Return the same as :func:`as_text` as an array of objects, each distinct text made once."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = [
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in np.asarray(distinct, dtype=object)  # Arrow texts are slow one by one
    ]
    return np.array([*texts, ""], dtype=object)[codes]  # -1, missing, takes the last


def as_times(values: Any, *, table: str = "") -> pd.Series:
    """Return times as naive China Standard Time; a time zone is converted, not cut off.

    Texts are ISO 8601, also with slashes (``2025/10/31 18:00``); dates and times may stand
    side by side, with and without a zone.

    Raises
    ------
    SchemaError
        A number, which would be taken for a moment after 1970, or a text that is no time.
        The message names row, column and value; ``table`` stands before them.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import as_times
    >>> as_times(pd.Series(["2026-08-21 20:00"]))[0]
    Timestamp('2026-08-21 20:00:00')
    >>> as_times(pd.Series([pd.Timestamp("2026-08-21 12:00", tz="UTC"), pd.NaT]))[0]
    Timestamp('2026-08-21 20:00:00')
    """
    import numpy as np
    import pandas as pd

    series = values if isinstance(values, pd.Series) else pd.Series(values)
    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "M":
        return series
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return _in_china(pd.to_datetime(series))
    codes, found = pd.factorize(series)
    times, wrong = _moments(found)
    if wrong is not None:
        row = int((codes == wrong).argmax()) + 1
        column = "time" if series.name is None else str(series.name)
        where = f"{table}: row {row}" if table else f"row {row}"
        raise SchemaError(f"{where} of {column} holds {_no_time(found[wrong], column)}")
    # -1, missing, takes the last
    filled = np.concatenate([times.to_numpy(), np.array(["NaT"], times.to_numpy().dtype)])[codes]
    return pd.Series(filled, index=series.index, name=series.name)


def _in_china(times: pd.Series) -> pd.Series:
    if times.dt.tz is not None:
        times = times.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    return times


_NO_TIME = ("", "nan", "nat", "none", "null", "<na>")
_ZONED = re.compile(r".*[T ]\d.*?(?:Z|[+-]\d{2}(?::?\d{2})?)", re.I)


def _moments(found: Any) -> tuple[pd.Series, int | None]:
    """Return distinct values as times, and the place of the first that is none."""
    import pandas as pd

    if pd.api.types.infer_dtype(found) == "string":
        try:
            return _in_china(pd.to_datetime(pd.Series(found), format="ISO8601")), None
        except ValueError:  # blanks, zones that differ, or no time
            pass
    values = found.astype("object").tolist()
    wrong = next((k for k, value in enumerate(values) if isinstance(value, Number)), None)
    if wrong is not None:
        return pd.Series([], dtype="datetime64[s]"), wrong
    texts = [value.strip() if isinstance(value, str) else value for value in values]
    is_gap = [isinstance(text, str) and text.lower() in _NO_TIME for text in texts]
    every = pd.Series(texts, dtype="object").mask(pd.Series(is_gap, dtype="bool"))
    zoned = pd.Series([_has_zone(text) for text in texts], dtype="bool")
    parts = [
        _in_china(pd.to_datetime(every[here], format="ISO8601", errors="coerce", utc=utc))
        for here, utc in ((zoned, True), (~zoned, False))
    ]
    times = pd.concat([part.astype("datetime64[us]") for part in parts]).sort_index()
    lost = (times.isna() & every.notna()).to_numpy()
    return times, int(lost.argmax()) if lost.any() else None


def _has_zone(value: Any) -> bool:
    if isinstance(value, str):
        return _ZONED.fullmatch(value) is not None
    return getattr(value, "tzinfo", None) is not None


def _no_time(value: Any, column: str) -> str:
    """Say what stands where a time should, and what to do about it."""
    if not isinstance(value, Number):
        return (
            f"{str(value)!r}, which is no time; write it as 2025-10-31 or 2025-10-31 18:00, or read "
            "the table with read_readings, which understands more."
        )
    number, of = float(value), f"frame[{column!r}]"  # type: ignore[arg-type]
    shown = f"{value:.15g}" if isinstance(value, float) else str(value)
    mend = f"pandas.to_datetime({of}, unit='s') if it counts seconds"
    if 19000101 <= number <= 21001231:
        mend = f"pandas.to_datetime({of}.astype('Int64').astype('string'), format='%Y%m%d')"
    elif 10_000 <= number <= 80_000:
        mend = f"pandas.to_datetime({of}, unit='D', origin='1899-12-30') if it is a day of Excel"
    return (
        f"{shown}, which is a number and no time; convert the column first, e.g. {mend}, or "
        "write the times as text, 2025-10-31 18:00."
    )


def numbers_of(frame: pd.DataFrame, column: str, *, table: str, hint: str) -> Any:
    """Return a column as float64, missing as NaN; a text that is no number is an error, not a gap.

    ``hint`` says what to do, as the rest of the sentence.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import numbers_of
    >>> numbers_of(pd.DataFrame({"value": [1, None]}), "value", table="readings", hint="").tolist()
    [1.0, nan]
    >>> numbers_of(pd.DataFrame({"value": ["1", "0.02L"]}), "value", table="readings",
    ...            hint="read the table with read_readings.")
    Traceback (most recent call last):
    ...
    chaoyang_geo.schema.SchemaError: readings: row 2 of value holds '0.02L', which is no number; \
read the table with read_readings.
    """
    import numpy as np
    import pandas as pd

    values = frame[column]
    if values.dtype == "float64":
        return values.to_numpy()
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.dtype.categories.dtype)
    wrong = values.notna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):  # which to_numeric counts from 1970
        numbers = np.full(len(values), np.nan)
    else:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)
    lost = np.flatnonzero(np.isnan(numbers) & wrong)
    if len(lost):
        raise SchemaError(
            f"{table}: row {lost[0] + 1} of {column} holds {str(values.iloc[lost[0]])!r}, which is "
            f"no number; {hint}"
        )
    return numbers


def find_class(text: object) -> str | None:
    """Return the class that a text means, else ``None``: Ⅲ, III, 3, Ⅲ类 are one.

    Examples
    --------
    >>> from chaoyang_geo.schema import find_class
    >>> [find_class(text) for text in ("Ⅲ类", "III", "3", "劣V", "6", "--")]
    ['Ⅲ', 'Ⅲ', 'Ⅲ', '劣Ⅴ', '劣Ⅴ', None]
    """
    return _CLASS_BY_TEXT.get(str(text).strip().removesuffix("类"))


def as_classes(values: Any, *, table: str, column: str) -> pd.Categorical:
    """Return texts as ordered classes; a text that is no class is an error, missing stays.

    Examples
    --------
    >>> from chaoyang_geo.schema import as_classes
    >>> as_classes(["III", None, ""], table="sections", column="target_class").tolist()
    ['Ⅲ', nan, nan]
    """
    import pandas as pd

    texts = as_text(values)
    found = [find_class(text) for text in texts]
    for number, (text, name) in enumerate(zip(texts, found, strict=True), 1):
        if name is None and text.strip():
            raise SchemaError(
                f"{table}: row {number} of {column} holds {text!r}, which is no class; "
                f"use one of {', '.join(CLASSES)}."
            )
    return pd.Categorical(found, dtype=class_dtype())


def one_of(argument: str, value: object, allowed: Iterable[object]) -> None:
    """Raise ``ValueError`` naming the argument, the value and the allowed options.

    Examples
    --------
    >>> from chaoyang_geo.schema import one_of
    >>> one_of("lang", "fr", ("zh", "en"))
    Traceback (most recent call last):
    ...
    ValueError: lang='fr' is not an option; use one of: 'zh', 'en'
    """
    options = list(allowed)
    if value not in options:
        listed = ", ".join(repr(option) for option in options)
        raise ValueError(f"{argument}={value!r} is not an option; use one of: {listed}")


_JOINTS = re.compile("[;；,，、]")


def split_codes(text: object) -> list[str]:
    """Split a ``;``-joined cell, or one joined as people do; a missing cell is an empty list.

    Examples
    --------
    >>> from chaoyang_geo.schema import split_codes
    >>> split_codes("CYS11; CYS12"), split_codes("S1、S2，S3"), split_codes(None)
    (['CYS11', 'CYS12'], ['S1', 'S2', 'S3'], [])
    """
    parts = (
        text
        if isinstance(text, (list, tuple))
        else _JOINTS.split(text)
        if isinstance(text, str)
        else []
    )
    return [str(part).strip() for part in parts if str(part).strip()]
