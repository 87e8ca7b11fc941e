"""The alias table beside a shapefile: full names and dtypes of fields whose names were cut.

``sections.fields.csv`` beside ``sections.shp``, for people and for :func:`read_layer`: the field
as it stands in the file, its full name, its dtype, the encoding of the file, and what was lost.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from chaoyang_geo.layers.sources import sidecar

ENDING = ".fields.csv"
_HEADS = ("字段名", "完整名称", "类型", "编码", "标签", "说明")
_NAMES = {
    "field": ("字段名", "字段", "字段名称", "field"),
    "name": ("完整名称", "全称", "别名", "字段别名", "name", "alias"),
    "dtype": ("类型", "dtype"),
    "encoding": ("编码", "encoding"),
}


@dataclass(frozen=True)
class Alias:
    """A field as it stands in the file, and what it was before."""

    field: str
    name: str
    dtype: str = ""
    encoding: str = ""
    label: str = ""
    note: str = ""


def alias_table(aliases: list[Alias]) -> str:
    """Return the alias table as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(_HEADS)
    writer.writerows((a.field, a.name, a.dtype, a.encoding, a.label, a.note) for a in aliases)
    return stream.getvalue()


def read_aliases(path: Path) -> dict[str, Alias]:
    """Return the aliases beside a layer by field in lower case; none where there is no table.

    Raises
    ------
    ValueError
        The table lacks the field or its full name.
    """
    beside = sidecar(path, ENDING)
    if beside is None:
        return {}
    data = beside.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    if not rows:
        return {}
    present = {role: next((n for n in names if n in rows[0]), "") for role, names in _NAMES.items()}
    if not present["field"] or not present["name"]:
        raise ValueError(
            f"{beside}: the alias table needs the columns 字段名 and 完整名称; it has: "
            f"{', '.join(str(name) for name in rows[0])}. Mend it, or take it away."
        )
    aliases = {}
    for row in rows:
        cells = {role: row.get(name) or "" for role, name in present.items() if name}
        if cells["field"] and cells["name"]:
            alias = Alias(
                cells["field"], cells["name"], cells.get("dtype", ""), cells.get("encoding", "")
            )
            aliases[alias.field.lower()] = alias
    return aliases
