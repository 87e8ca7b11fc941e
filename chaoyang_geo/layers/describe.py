"""What would be understood of a file of layers, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.layers.meaning import IGNORE
from chaoyang_geo.layers.read import find_layers, finished, meanings, opened, raw_layer
from chaoyang_geo.layers.repair import kinds
from chaoyang_geo.layers.tables import no_coordinates, read_sheets

if TYPE_CHECKING:
    import pandas as pd

LAYER_COLUMNS = (
    "layer_file", "layer_name", "layer_kind", "n_rows", "n_fields", "geometry_kinds", "n_no_geometry",
    "n_invalid", "encoding", "encoding_sure", "encoding_evidence", "crs", "crs_name", "crs_source",
    "bounds", "layer_flag",
)  # fmt: skip
FIELD_COLUMNS = (
    "layer_name", "field", "field_full", "column", "dtype", "n_filled", "example", "how", "field_flag",
)  # fmt: skip


@dataclass(frozen=True)
class LayerDescription:
    """What would be understood of a file: one row a layer, and one row a field.

    Attributes
    ----------
    layers : DataFrame
        A layer: file, name, kind, numbers of rows and fields, kinds of geometry, encoding with how
        sure it is and why, CRS and where it comes from, bounds, doubts.
    fields : DataFrame
        A field: as it stands in the file, its full name, the column it becomes, dtype, number of
        cells that are filled, an example, how it was named, doubts.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.layers import describe_layer
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "sections.csv"
    >>> _ = path.write_text("断面名称,经度,纬度\\n章吉营,120.46,41.5\\n", encoding="utf-8")
    >>> describe_layer(path).fields[["field", "column", "n_filled", "example"]]
      field        column  n_filled example
    0  断面名称  section_name         1     章吉营
    1    经度            经度         1  120.46
    2    纬度            纬度         1    41.5
    >>> folder.cleanup()
    """

    layers: pd.DataFrame
    fields: pd.DataFrame


def describe(
    path: Path, *, columns: Mapping[str, str] | None, crs: Any, encoding: str | None
) -> LayerDescription:
    """Describe every layer of a file; the words stand in ``describe_layer``."""
    import pandas as pd

    layers: list[dict[str, Any]] = []
    fields: list[dict[str, Any]] = []
    with opened(path) as sources:
        every = find_layers(sources, encoding, columns)
        if not every and len(sources) == 1 and sources[0].kind == "table":
            raise no_coordinates(sources[0], read_sheets(sources[0], encoding))
        for found in every:
            raw = raw_layer(found, encoding, columns, crs)
            in_file = list(raw.raw_headers or raw.headers)
            flags = list(raw.field_notes or [""] * len(in_file))
            mapped = meanings(raw, columns, found.where)
            frame, warn = finished(raw, found, mapped, crs=crs, mend=False)
            geometry = frame.geometry.to_numpy()
            counts = pd.Series(kinds(geometry)).value_counts()
            flag = frame["geometry_flag"]
            layers.append(
                {
                    "layer_file": found.source.name,
                    "layer_name": found.layer,
                    "layer_kind": found.kind,
                    "n_rows": len(frame),
                    "n_fields": len(in_file),
                    "geometry_kinds": ";".join(f"{k} {n}" for k, n in counts.items() if k),
                    "n_no_geometry": int((frame.geometry.isna() | frame.geometry.is_empty).sum()),
                    "n_invalid": int(flag.str.contains("未修复").sum()),
                    "encoding": raw.encoding.name if raw.encoding else "",
                    "encoding_sure": raw.encoding.sure if raw.encoding else "",
                    "encoding_evidence": raw.encoding.why if raw.encoding else "",
                    "crs": _code(frame.crs),
                    "crs_name": "" if frame.crs is None else frame.crs.name,
                    "crs_source": next(
                        (s["detail"] for s in frame.attrs["layer_report"] if s["step"] == "坐标系"),
                        "",
                    ),
                    "bounds": _bounds(frame.total_bounds),
                    "layer_flag": "；".join(doubt.zh for doubt in warn),
                }
            )
            for name, note, meaning, column in zip(
                in_file, flags, mapped, raw.columns, strict=True
            ):
                filled = column[column.notna()]
                fields.append(
                    {
                        "layer_name": found.layer,
                        "field": name,
                        "field_full": meaning.header,
                        "column": "" if meaning.name == IGNORE else meaning.name,
                        "dtype": str(column.dtype),
                        "n_filled": len(filled),
                        "example": "" if not len(filled) else str(filled.iloc[0])[:40],
                        "how": meaning.how,
                        "field_flag": note,
                    }
                )
    return LayerDescription(_frame(layers, LAYER_COLUMNS), _frame(fields, FIELD_COLUMNS))


def _frame(rows: list[dict[str, Any]], names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(names))
    for name in names:
        table[name] = table[name].astype("int64" if name.startswith("n_") else "str")
    return table


def _code(crs: Any) -> str:
    if crs is None:
        return ""
    authority = crs.to_authority()
    return ":".join(authority) if authority else "自定义"


def _bounds(bounds: Any) -> str:
    import numpy as np

    if not np.isfinite(bounds).all():
        return ""
    return ", ".join(f"{value:.10g}" for value in bounds)
