"""Which section a reading belongs to: by code, else by name or alias within its province."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoyang_geo import names
from chaoyang_geo.schema import as_text, require, require_unique, split_codes

if TYPE_CHECKING:
    import pandas as pd


def match_sections(readings: pd.DataFrame, sections: pd.DataFrame) -> pd.DataFrame:
    """Join readings to the sections of a registry: by code, else by name or alias.

    The province, where both tables say it, is the context: the same name in another
    province is another section. Unmatched and ambiguous rows stay, with a flag.

    Required columns: ``readings``: ``section_name`` or ``section_code``; ``sections``:
    ``section_code``, ``section_name``; used where present: ``aliases``, ``province`` in
    both tables.

    Parameters
    ----------
    readings : DataFrame, n rows
    sections : DataFrame or GeoDataFrame, m rows

    Returns
    -------
    DataFrame, n rows: the input with ``section_code`` of the registry where matched
        (elsewhere as it was), and
        ``match_state`` (``matched``, ``ambiguous``, ``unmatched``), ``match_flag`` (why not,
        or why doubtful), ``candidates`` (codes and names, joined by ``;``).

    Raises
    ------
    SchemaError
        A required column is missing, or the registry holds a section code twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo import match_sections
    >>> sections = pd.DataFrame({"section_code": ["S1"], "section_name": ["凌鸿大桥"],
    ...                          "aliases": ["南大桥"], "province": ["辽宁省"]})
    >>> readings = pd.DataFrame({"section_name": ["南大桥", "南大桥", "新华"],
    ...                          "province": ["辽宁", "贵州省", "云南省"]})
    >>> match_sections(readings, sections)[["section_code", "match_state"]]
      section_code match_state
    0           S1     matched
    1                unmatched
    2                unmatched
    """
    import numpy as np
    import pandas as pd

    require(sections, ["section_code", "section_name"], table="sections")
    if "section_code" not in readings.columns:
        require(readings, ["section_name"], table="readings")
    require_unique(sections, "section_code", table="sections")

    registry = _Registry.of(sections)
    keys = [name for name in ("section_code", "section_name", "province") if name in readings]
    asked = pd.DataFrame({key: as_text(readings[key]) for key in keys})
    numbers, distinct = pd.factorize(pd.MultiIndex.from_frame(asked))
    answers = [registry.find(dict(zip(keys, row, strict=True))) for row in distinct]
    result = readings.copy()
    for position, column in enumerate(("section_code", "match_state", "match_flag", "candidates")):
        texts = np.array([answer[position] for answer in answers], dtype=object)
        result[column] = pd.array(texts[numbers], dtype="str")
    return result


@dataclass
class _Registry:
    """Sections by code and by every name they go by."""

    names: dict[str, str]  # code: name
    provinces: dict[str, str]  # code: folded province
    by_name: dict[str, list[str]]  # folded name or alias: codes

    @classmethod
    def of(cls, sections: pd.DataFrame) -> _Registry:
        registry = cls({}, {}, {})
        nothing = [""] * len(sections)
        columns = ("section_code", "section_name", "aliases", "province")
        rows = zip(*(as_text(sections.get(name, nothing)) for name in columns), strict=True)
        for code, name, others, province in rows:
            registry.names[str(code)] = str(name)
            registry.provinces[str(code)] = _fold_province(province)
            for called in {_fold(called) for called in (name, *split_codes(others))}:
                registry.by_name.setdefault(called, []).append(str(code))
        return registry

    def find(self, row: dict[str, str]) -> tuple[str, str, str, str]:
        code, name = row.get("section_code", ""), row.get("section_name", "")
        province = _fold_province(row.get("province", ""))
        named = self.by_name.get(_fold(name), []) if name else []
        if code in self.names:
            if name and named and code not in named:
                return (
                    code,
                    "matched",
                    f"编码对应“{self.names[code]}”，与名称“{name}”不符，以编码为准",
                    "",
                )
            return code, "matched", "", ""
        flag = f"登记表中没有编码{code}" if code else ""
        here = [c for c in named if not province or self.provinces[c] in ("", province)]
        candidates = ";".join(f"{c} {self.names[c]}" for c in here)
        if len(here) == 1:
            return here[0], "matched", flag and f"{flag}，按名称匹配", ""
        if len(here) > 1:
            why = f"“{name}”在登记表中对应{len(here)}个断面，请给出编码或省份"
            return code, "ambiguous", "；".join(part for part in (flag, why) if part), candidates
        if named:
            why = f"“{name}”在登记表中属于其他省份"
        elif name:
            why = f"登记表中没有断面“{name}”，请核对名称或在 aliases 中补充"
        else:
            why = "读数没有断面名称"
        return code, "unmatched", "；".join(part for part in (flag, why) if part), ""


def _fold(name: object) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", str(name))).lower()


def _fold_province(province: object) -> str:
    text = _fold(province) if isinstance(province, str) else ""
    return names.short_province(text)
