"""A standard as a person reads it: names, water and limits in words, as printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoyang_geo.schema import CLASSES, one_of
from chaoyang_geo.standards.limit_tables import (
    Standard,
    cited,
    count_classes,
    resolved,
    status_word,
)
from chaoyang_geo.standards.substances import item_names
from chaoyang_geo.standards.tables import LIMIT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

#: Types of water in words, Chinese and English.
WATERS: dict[str, tuple[str, str]] = {
    "all": ("河流、湖库", "rivers and lakes"),
    "river": ("河流", "rivers"),
    "lake": ("湖库", "lakes and reservoirs"),
}

_REQUIREMENTS = {
    "max": ("不超过", "at most"),
    "min": ("不低于", "at least"),
    "range": ("范围（含两端）", "within (ends included)"),
    "rule": ("见说明", "see note"),
}
_NO_LIMIT = "—"


def printed_standard(standard: Standard = "gb3838", *, lang: str = "zh") -> pd.DataFrame:
    """Return a standard as a person reads it; see :func:`chaoyang_geo.standards`."""
    import pandas as pd

    one_of("lang", lang, ("zh", "en"))
    at = 0 if lang == "zh" else 1
    rows, about = resolved(standard)
    n = count_classes(rows)
    # one limit makes no classes
    heads = list(CLASSES[:n]) if n > 1 else ["limit_printed"]
    names = item_names(lang)
    out = []
    for row in paired(rows):
        first = row["rows"][0]
        texts = {
            head: "~".join(limit_text(one, column) for one in row["rows"]) or _NO_LIMIT
            for head, column in zip(heads, LIMIT_COLUMNS, strict=False)
        }
        out.append(
            {
                "no": first["no"],
                "item": first["item"],
                "item_name": names[first["item"]],
                "water_name": WATERS[first["water_type"]][at],
                "requirement": _REQUIREMENTS[row["direction"]][at],
                "unit": unit_text(first["unit"], lang),
                **texts,
                "note": note_text(first, lang),
                "citation": cited(about, lang),
                "status": status_word(about, lang),
            }
        )
    return pd.DataFrame(out).astype("str")


def paired(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows in order, the two ends of a range as one, the lower end first.

    Each with its ``direction`` (``max``, ``min``, ``range`` or ``rule``) and its ``rows``.
    """
    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in rows.to_dict("records"):
        ends = groups.setdefault((str(row["item"]), str(row["water_type"])), {})
        ends[str(row["direction"])] = {str(name): value for name, value in row.items()}
    out: list[dict[str, Any]] = []
    for ends in groups.values():
        if "min" in ends and "max" in ends:
            out.append({"direction": "range", "rows": [ends.pop("min"), ends.pop("max")]})
        out += [{"direction": direction, "rows": [row]} for direction, row in ends.items()]
    return out


def limit_text(row: dict[str, Any], column: str) -> str:
    """Return one limit as printed, else in its shortest form; nothing where there is none."""
    value = row[column]
    if value != value:
        return ""
    return str(row.get(f"printed_{column}") or f"{value:.12g}")


def note_text(row: dict[str, Any], lang: str) -> str:
    """Return the note of a row in a language; a user's note that has no translation as it is."""
    note = str(row["note"])
    return note if lang == "zh" else str(row.get("note_en") or note)


def unit_text(unit: str, lang: str) -> str:
    """Return a unit in a language: only what is counted has a Chinese one."""
    return unit if lang == "zh" else unit.replace("个/", "per ")
