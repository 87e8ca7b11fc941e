"""The long table as a person sees it, and as a program holds it: headers, words and dtypes.

What is written for people and what is read back from them follow the same rules, kept here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chaoyang_geo.readings.cells import without_tags
from chaoyang_geo.readings.long import READING_COLUMNS
from chaoyang_geo.schema import COLUMNS, SchemaError, class_dtype, label, require

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: The sheet of a workbook that holds a table of this library.
SHEET = "读数"
#: What a Parquet file of this library says of itself.
PARQUET_MARK = {b"chaoyang_geo": b"readings/1"}

ITEM_NAME = "指标名称"  # for people; the key of the item is what is read back
WORDS: dict[str, dict[str, str]] = {
    "state": {
        "number": "数值",
        "below": "低于检出限",
        "above": "高于量程",
        "not_sampled": "未监测",
        "fault": "仪器故障",
        "qc_failed": "质控不合格",
        "ice": "冰封",
        "dry": "断流",
        "blank": "空白",
        "text": "文字",
    },
    "row_kind": {
        "sample": "样品",
        "mean": "均值",
        "total": "合计",
        "max": "最大值",
        "min": "最小值",
        "note": "注",
    },
    "period": {
        "instant": "时刻",
        "day": "日",
        "dekad": "旬",
        "month": "月",
        "quarter": "季",
        "year": "年",
        "range": "时间段",
    },
}
TIMES = ("time", "period_end")
NUMBERS = ("value", "detection_limit", "origin_row")
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?")


def typed(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns of the long table first, in their dtypes."""
    import pandas as pd

    require(readings, READING_COLUMNS, table="readings")
    data: dict[str, Any] = {}
    for name in READING_COLUMNS:
        column = readings[name].reset_index(drop=True)
        if name in TIMES:
            data[name] = as_time(column)
        elif name == "origin_row":
            data[name] = pd.to_numeric(column).fillna(0).astype("int32")
        elif name in NUMBERS:
            data[name] = column.astype("float64")
        elif name == "published_class":
            data[name] = as_class(as_text(column))
        else:
            data[name] = as_text(column)
    for name in readings.columns.difference(list(READING_COLUMNS), sort=False):
        data[str(name)] = readings[name].reset_index(drop=True)
    return pd.DataFrame(data)


def as_text(column: pd.Series[Any]) -> pd.Categorical:
    """Return a column as a category of texts; a missing text is empty."""
    import numpy as np
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, found = column.cat.codes.to_numpy(), column.cat.categories
    else:
        if pd.api.types.is_numeric_dtype(column.dtype) and column.notna().any():
            raise SchemaError(
                f"readings: column {column.name} ({label(str(column.name))}) holds numbers and must "
                f"hold text, so that codes keep their zeros; read it with dtype=str."
            )
        codes, found = pd.factorize(column)
    texts = [str(text) for text in found]
    if len(set(texts)) == len(texts) and (codes >= 0).all():
        return pd.Categorical.from_codes(codes, pd.Index(texts, dtype="str"))
    merged, distinct = pd.factorize(np.array([*texts, ""], dtype=object))
    return pd.Categorical.from_codes(merged[codes], pd.Index(list(distinct), dtype="str"))


def as_class(text: pd.Categorical) -> pd.Categorical:
    """Return the class of each text; what is no class is missing."""
    import numpy as np
    import pandas as pd

    place = {name: number for number, name in enumerate(class_dtype().categories)}
    codes = np.array([*(place.get(str(one), -1) for one in text.categories), -1])
    return pd.Categorical.from_codes(codes[text.codes], dtype=class_dtype())


def as_time(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    times = pd.to_datetime(column) if column.dtype.kind != "M" else column
    if getattr(times.dt, "tz", None) is not None:
        times = times.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    return times.astype("datetime64[s]")


def heads_of(names: Iterable[str]) -> dict[str, str]:
    """Return the header of every column: its Chinese label, where that leads back to it."""
    heads = {name: label(name) for name in READING_COLUMNS}
    taken = {*heads.values(), ITEM_NAME}
    for name in names:
        if name in heads:
            continue
        head = label(name)
        owners = [column.name for column in COLUMNS.values() if column.zh == head]
        if owners != [name] or head in taken:
            head = name
        if head in taken:
            raise ValueError(
                f"the table has a column {name!r} beside the one that is headed so; rename it"
            )
        heads[name] = head
        taken.add(head)
    return heads


def text_codes(column: pd.Series[Any]) -> tuple[list[str], npt.NDArray[Any]]:
    text = as_text(column)
    return [str(one) for one in text.categories], text.codes


def number_rows(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    result: npt.NDArray[np.bool_] = (table["state"] == "number").to_numpy(dtype=bool)
    return result


def shown_results(table: pd.DataFrame) -> tuple[list[str], npt.NDArray[Any]]:
    """Return what stands for a result that is no number, as the laboratory wrote it."""
    import numpy as np
    import pandas as pd

    raw_texts, raw = text_codes(table["raw"])
    signs, sign = text_codes(table["censored"])
    limit = table["detection_limit"].to_numpy()
    limits, limit_code = np.unique(limit, return_inverse=True)
    pair = (raw.astype(np.int64) * len(signs) + sign) * len(limits) + limit_code
    pair[number_rows(table)] = -1
    codes, distinct = pd.factorize(pair)
    texts = [
        ""
        if one < 0
        else _result_text(
            raw_texts[one // len(limits) // len(signs)],
            signs[one // len(limits) % len(signs)],
            float(limits[one % len(limits)]),
        )
        for one in distinct.tolist()
    ]
    return texts, codes


def _result_text(raw: str, sign: str, limit: float) -> str:
    text = without_tags(raw) if "<" in raw and "span" in raw else raw
    if sign not in ("<", ">") or limit != limit:
        return text
    written = _NUMBER.findall(unicodedata.normalize("NFKC", text).replace(" ", "").replace(",", ""))
    if text and (not written or any(float(number) == limit for number in written)):
        return text
    return f"{limit:.12g}L" if sign == "<" else f">{limit:.12g}"
