"""The fields of a shapefile: short names, what each column becomes, and what it loses.

A dBase field has a name of ten bytes and a text of 254, no times, and numbers as digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.layers.aliases import Alias
from chaoyang_geo.layers.doubt import Doubt
from chaoyang_geo.schema import SchemaError, label

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

NAME_BYTES, TEXT_BYTES, MAX_FIELDS, MAX_RECORD = 10, 254, 255, 65_000
_AS_BITS = Doubt("真假写作 1 和 0", "true and false are written as 1 and 0")
_LARGE = Doubt("大整数写作文字", "large integers are written as text")
_SPANS = Doubt("时长写作文字", "spans of time are written as text")
_TIMES = Doubt("时间写作文字", "times are written as text")
_STRANGE = Doubt("非文字的值写作文字", "values that are no text are written as text")
_EMPTY = Doubt("空文字与缺失值不再区分", "empty texts and missing values become one")
_MAX_INT = 10**17  # more digits are read as floating numbers by most programs


@dataclass
class Field:
    """A column as a field: its short name, its cells, and what is lost."""

    column: str
    name: str
    dtype: str
    cells: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]
    notes: tuple[Doubt, ...] = ()


def short_names(names: Sequence[str], codec: str) -> list[str]:
    """Cut names to ten bytes by whole characters, unique whatever the case.

    Examples
    --------
    >>> from chaoyang_geo.layers.fields import short_names
    >>> short_names(["生态保护红线类型", "生态保护红线面积", "section_name"], "gb18030")
    ['生态保护红', '生态保护_1', 'section_na']
    >>> short_names(["生态保护红线类型"], "utf-8")
    ['生态保']
    """
    found: list[str] = []
    whole = {name.lower() for name in names if len(name.encode(codec, "replace")) <= NAME_BYTES}
    used: set[str] = set()
    for k, name in enumerate(names, 1):
        plain = "".join(c if c.isprintable() else "_" for c in name).strip() or f"field_{k}"
        short, number = _cut(plain, NAME_BYTES, codec), 0
        # a name that fits keeps it: another that was cut to the same gives way
        while short.lower() in used or (short != name and short.lower() in whole):
            number += 1
            tail = f"_{number}"
            short = _cut(plain, NAME_BYTES - len(tail), codec) + tail
        used.add(short.lower())
        found.append(short)
    return found


def _cut(text: str, n_bytes: int, codec: str) -> str:
    encoded = text.encode(codec)
    if len(encoded) <= n_bytes:
        return text
    return encoded[:n_bytes].decode(codec, "ignore")


def best_codec(frame: pd.DataFrame) -> str:
    """Return gbk where all names and texts can be written in it, else utf-8."""
    import pandas as pd

    def fits(text: str) -> bool:
        try:
            text.encode("gbk")
        except UnicodeEncodeError:
            return False
        return True

    if not all(fits(str(name)) for name in frame.columns):
        return "utf-8"
    for at in range(frame.shape[1]):
        column = frame.iloc[:, at]
        if column.dtype.kind in "iufbM":
            continue
        distinct = pd.unique(column.dropna().astype(str))
        if not all(fits(text) for text in distinct if not text.isascii()):
            return "utf-8"
    return "gbk"


def fields_of(frame: pd.DataFrame, codec: str, *, where: str) -> list[Field]:
    """Return the columns of a frame as fields of a shapefile.

    Raises
    ------
    SchemaError
        There are too many columns, or a record would be too long.
    ValueError
        A text cannot be written in the encoding.
    """
    names = [str(name) for name in frame.columns]
    for name in names:
        _encoded(name, codec, f"{where}: the column name {name!r}")
    if len(names) > MAX_FIELDS:
        raise SchemaError(
            f"{where}: a shapefile holds {MAX_FIELDS} fields, the layer has {len(names)}; write a .gpkg."
        )
    found = [
        _field(frame.iloc[:, at], name, short, codec, where)
        for at, (name, short) in enumerate(zip(names, short_names(names, codec), strict=True))
    ]
    longest = sum(_width(field) for field in found)
    if longest > MAX_RECORD:
        raise SchemaError(
            f"{where}: a row would take {longest:,} bytes, a shapefile holds {MAX_RECORD:,}; write a .gpkg."
        )
    return found


def _width(field: Field) -> int:
    if field.cells.dtype != object:
        return 24
    return max((len(text) for text in set(field.cells[~field.missing].tolist())), default=1)


def _field(column: pd.Series, name: str, short: str, codec: str, where: str) -> Field:
    import numpy as np

    missing = column.isna().to_numpy()
    kind, dtype = column.dtype.kind, str(column.dtype)
    if kind == "b":
        if missing.any():
            cells = column.astype("Int8").fillna(0).to_numpy("int32")
            return Field(name, short, dtype, cells, missing, (_AS_BITS,))
        return Field(name, short, dtype, column.to_numpy("bool"), missing)
    if kind in "iu":
        whole = column.fillna(0) if missing.any() else column
        if not len(whole) or max(abs(int(whole.min())), abs(int(whole.max()))) < _MAX_INT:
            return Field(name, short, dtype, whole.to_numpy("int64"), missing)
        return _text_field(
            column.map(str, na_action="ignore"), name, short, dtype, codec, where, (_LARGE,)
        )
    if kind == "f":
        numbers = column.to_numpy("float64", na_value=np.nan)
        infinite = np.isinf(numbers)
        n = int(infinite.sum())
        notes = (Doubt(f"无穷大 {n} 个写作空值", f"{n} infinite numbers are written as missing"),)
        return Field(
            name, short, dtype, np.where(infinite, np.nan, numbers), missing | infinite,
            notes if n else (),
        )  # fmt: skip
    if kind == "M":
        return _times(column, name, short, dtype, codec, where)
    if kind == "m":
        return _text_field(
            column.map(str, na_action="ignore"), name, short, dtype, codec, where, (_SPANS,)
        )
    texts = column.map(
        lambda cell: cell if isinstance(cell, str) else str(cell), na_action="ignore"
    )
    strange = (
        dtype == "object" and not column.dropna().map(lambda cell: isinstance(cell, str)).all()
    )
    why = (_STRANGE,) if strange else ()
    return _text_field(
        texts, name, short, "category" if dtype == "category" else dtype, codec, where, why
    )


def _times(column: pd.Series, name: str, short: str, dtype: str, codec: str, where: str) -> Field:
    """Write days as dates, and times as text, for the file has no times."""
    missing = column.isna().to_numpy()
    given = column.dropna()
    if "," not in dtype and len(given) and (given == given.dt.normalize()).all():
        return Field(name, short, dtype, column.to_numpy("datetime64[D]"), missing)
    return _text_field(column.map(lambda t: t.isoformat(), na_action="ignore"), name, short, dtype, codec, where,
                       (_TIMES,) if len(given) else ())  # fmt: skip


def _text_field(
    column: pd.Series, name: str, short: str, dtype: str, codec: str, where: str,
    notes: tuple[Doubt, ...],
) -> Field:  # fmt: skip
    """Encode texts, each distinct one once; the bytes go out as Latin-1, one character a byte."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(column.astype(object), use_na_sentinel=True)
    cut, altered = np.zeros(len(distinct) + 1, bool), np.zeros(len(distinct) + 1, bool)
    texts = np.empty(len(distinct) + 1, dtype=object)
    texts[-1] = ""
    for k, text in enumerate(distinct):
        clean = str(text).replace("\0", "").strip(" ")
        altered[k] = clean != text
        try:
            encoded = clean.encode(codec)
        except UnicodeEncodeError:
            row = int(np.flatnonzero(codes == k)[0]) + 1
            encoded = _encoded(clean, codec, f"{where}: row {row} of {name}")
        if len(encoded) > TEXT_BYTES:
            cut[k] = True
            encoded = encoded[:TEXT_BYTES].decode(codec, "ignore").encode(codec)
        texts[k] = encoded.decode("latin-1")
    if cut.any():
        n = int(cut[codes].sum())
        notes += (Doubt(f"超过 {TEXT_BYTES} 字节的 {n} 个文字被截断",
                        f"{n} texts of more than {TEXT_BYTES} bytes are cut"),)  # fmt: skip
    if altered.any():
        n = int(altered[codes].sum())
        notes += (Doubt(f"{n} 个文字首尾的空格（或空字符）去掉",
                        f"blanks around {n} texts are taken off"),)  # fmt: skip
    missing = codes < 0
    empty = (texts[codes] == "") & ~missing
    if empty.any() and missing.any():
        notes += (_EMPTY,)
    return Field(name, short, dtype, texts[codes], missing, notes)


def _encoded(text: str, codec: str, what: str) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        character = error.object[error.start : error.end]
        raise ValueError(
            f"{what} holds {character!r} (U+{ord(character[0]):04X}), which {codec.upper()} cannot write; "
            "use encoding='UTF-8' or 'GB18030', or leave encoding= out."
        ) from error


def aliases_of(fields: Sequence[Field], encoding: str) -> list[Alias]:
    """Return the alias table of the fields."""
    return [
        Alias(
            f.name,
            f.column,
            f.dtype,
            encoding,
            "" if label(f.column) == f.column else label(f.column),
            "；".join(note.zh for note in f.notes),
        )
        for f in fields
    ]
