"""One row per site and zone: the measures, the verdict of the rules, and the words for both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoyang_geo.flags import flag, flag_text, joined
from chaoyang_geo.screening.activities import activity_words
from chaoyang_geo.screening.doubt import at_seams
from chaoyang_geo.screening.layers import ZoneTable
from chaoyang_geo.screening.measure import NEAR, OVERLAPS, Measures
from chaoyang_geo.screening.result import FINDING_COLUMNS
from chaoyang_geo.screening.rules import RULE_STATUSES, Answer, Judge
from chaoyang_geo.screening.words import (
    NO_CONFLICT,
    ON_THE_LINE,
    RELATIONS,
    UNJUDGED,
    VERDICTS_EN,
    kind_en,
    kind_zh,
)
from chaoyang_geo.verdicts import (
    HECTARE_M2,
    KILOMETRE_M,
    area_number,
    finding_key,
    length_number,
    share_text,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Shapes = npt.NDArray[np.object_]
    Texts = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_ALLOWED = "允许"


@dataclass(frozen=True)
class Measured(Measures):
    """One row per site and zone, whatever CGCS2000 zone it was measured in.

    ``row`` is the place of the site in its table, ``called`` the place of the zone, or of zones
    that count as one, in ``codes`` and ``names``; ``n_zones`` says how many they are.
    """

    row: Ints
    called: Ints
    n_zones: Ints
    band: Floats
    sure: Bools  # the conflict holds wherever the site lies within the band
    unknown: Bools  # an accuracy of the two
    mended: Bools  # a geometry of the zone was repaired
    codes: Texts
    names: Texts


@dataclass(frozen=True)
class SiteTexts:
    """What the sites are called, and what they do: ``activity`` is the place in ``activities``."""

    site_code: Any
    site_name: Any
    words: Any  # for the activity, as given
    activity: Ints
    activities: list[str | None]

    @cached_property
    def english(self) -> Any:
        """Activities in English; one that is not in the vocabulary as it was written."""
        import numpy as np
        import pandas as pd

        names = [activity_words(key, "en") if key else "" for key in self.activities]
        known = np.array([bool(key) for key in self.activities], bool)[self.activity]
        english = pd.Series(pd.array([*names, ""], dtype="str").take(self.activity))
        return english.where(known, self.words).array


@dataclass(frozen=True)
class Findings:
    """The table of findings, with the numbers that the verdicts on sites are made from."""

    table: pd.DataFrame
    row: Ints
    verdict: Ints  # place in VERDICTS
    distance: Floats
    zone_zh: Any  # Arrow columns
    zone_en: Any
    why_zh: Any
    why_en: Any


def findings_table(found: Measured, table: ZoneTable, judge: Judge, sites: SiteTexts) -> Findings:
    """Return the findings; sites in their order, the most severe finding of each first."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    case, cases = _cases(found, table, judge, sites)
    # before and after the distance: what sorts the findings of one site
    keys = [finding_key(each.verdict, each.rule_verdict, 0.0, *each.zone) for each in cases]
    before, after = (
        np.array([key[part] for key in keys], dtype=np.int64).reshape(-1, 2)[case].T
        for part in (slice(0, 2), slice(3, 5))
    )
    rank = before[0]
    layers, layer = np.unique([group[0] for group in table.groups], return_inverse=True)
    called, place = np.unique(found.called, return_inverse=True)
    by_code = np.argsort(np.argsort(found.codes[called].astype("U"), kind="stable"))
    layer_of = layer[found.group] if len(layers) else found.group
    order = np.lexsort(
        (by_code[place], layer_of, *after[::-1], found.distance, *before[::-1], found.row)
    )
    case, row, group, relation = (
        case[order],
        found.row[order],
        found.group[order],
        found.relation[order],
    )

    code = pa.array(found.codes[called], pa.string()).take(place[order])
    name = pa.array(found.names[called], pa.string()).take(place[order])
    zone_zh, zone_en = _zone_words(table, group, name, code)
    why_zh, why_en = _why(found, order, zone_zh, zone_en, case, cases)

    def per_case(values: Iterable[str]) -> Any:
        return pd.array(_taken(values, case), dtype="str")

    def per_group(values: Iterable[str]) -> Any:
        return pd.array(_taken(values, group), dtype="str")

    values: dict[str, Any] = {
        "site_code": sites.site_code.take(row),
        "site_name": sites.site_name.take(row),
        "activity": sites.words.take(row),
        "activity_zh": per_case(each.activity_zh for each in cases),
        "activity_en": sites.english.take(row),
        "zone_code": pd.array(code, dtype="str"),
        "zone_name": pd.array(name, dtype="str"),
        "zone_kind": per_group(kind for _, kind, _ in table.groups),
        "zone_grade": per_group(grade for _, _, grade in table.groups),
        "layer": per_group(layer for layer, _, _ in table.groups),
        "version": per_group(table.version[layer] for layer, _, _ in table.groups),
        "relation": pd.array(_taken(RELATIONS, relation), dtype="str"),
        "overlap_m2": found.area[order],
        "overlap_m": found.length[order],
        "overlap_m2_geodesic": found.area_geodesic[order],
        "overlap_m_geodesic": found.length_geodesic[order],
        "share_of_site": found.share_of_site[order],
        "share_of_zone": found.share_of_zone[order],
        "distance_m": found.distance[order],
        "band_m": found.band[order],
        "verdict": per_case(each.verdict for each in cases),
        "rule_verdict": per_case(each.rule_verdict for each in cases),
        "clause": per_case(each.rule.clause for each in cases),
        "rule_id": per_case(each.rule.rule_id for each in cases),
        "rule_source": per_case(each.rule.rule_source for each in cases),
        "rule_status": per_case(each.rule.status for each in cases),
        "rule_note": per_case(each.rule.note for each in cases),
        "finding_flag": per_case(each.flag_zh for each in cases),
        "why_zh": pd.array(why_zh, dtype="str"),
        "why_en": pd.array(why_en, dtype="str"),
    }
    rows = pd.DataFrame({column: values[column] for column in FINDING_COLUMNS})
    away = found.distance[order]
    return Findings(rows, row, rank[order], away, zone_zh, zone_en, why_zh, why_en)


def _taken(values: Iterable[str], places: Ints | Bools) -> Any:
    """Return texts by their places as an Arrow column; each distinct one is made once."""
    import pyarrow as pa

    return pa.array([*values, ""], pa.string()).take(pa.array(places.astype("int64")))


def distinct(*columns: Ints | Bools) -> tuple[Ints, Ints]:
    """Return where each different row of these columns first stands, and which one each row is."""
    import numpy as np
    import pandas as pd

    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        number = pd.factorize(number * (int(column.max(initial=0)) + 1) + column)[0]
    _, first, number = np.unique(number, return_index=True, return_inverse=True)
    return first, number


@dataclass(frozen=True)
class _Case:
    """What all findings have in common that differ in their measures alone."""

    zone: tuple[str, str]  # kind and grade
    verdict: str
    rule: Answer
    rule_verdict: str
    activity_zh: str
    flag_zh: str
    doubtful: bool
    end_zh: str  # the end of the reason: what the rule says, and the flag
    end_en: str


def _cases(
    found: Measured, table: ZoneTable, judge: Judge, sites: SiteTexts
) -> tuple[Ints, list[_Case]]:
    """Return the case of each finding, and the cases."""
    import numpy as np

    meets = found.relation <= OVERLAPS
    # on the seam of two zones of one kind and grade: in both together, though in neither
    alike = table.alike[found.group] if len(table.groups) else found.group
    both = found.row * (int(alike.max(initial=0)) + 1) + alike
    between = found.sure & at_seams(found.relation, found.distance) & ~np.isin(both, both[meets])
    meets |= between
    close = found.distance <= found.band
    doubtful = ~found.sure & (meets | close)
    seam = found.sure & ~meets & close
    concerned = meets | doubtful | seam
    area, length = found.area_geodesic, found.length_geodesic
    off = (area > 1) & (np.abs(found.area - area) > 1e-3 * area)
    off |= (length > 1) & (np.abs(found.length - length) > 1e-3 * length)
    columns = (
        found.group, sites.activity[found.row], meets, between, doubtful, seam,
        np.where(concerned, found.n_zones, 1), doubtful & found.unknown,
        concerned & found.mended, off,
    )  # fmt: skip
    first, number = distinct(*columns)
    cases = []
    for group, activity, *rest in zip(*(values[first].tolist() for values in columns), strict=True):
        key, (_, kind, grade) = sites.activities[activity], table.groups[group]
        cases.append(_case(key, (kind, grade), judge.answer(kind, grade, key), *rest))
    return number, cases


def _case(
    key: str | None,
    zone: tuple[str, str],
    answer: Answer,
    meets: bool,
    between: bool,
    doubtful: bool,
    seam: bool,
    n_zones: int,
    unknown: bool,
    mended: bool,
    off: bool,
) -> _Case:
    verdict, spoken = _verdict(answer, meets, doubtful)
    said = (
        (n_zones > 1, "overlap"),
        (between, "between"),
        (seam, "seam"),
        (verdict == _ALLOWED and doubtful, "allowed_anyway"),
        (unknown, "band_by_tolerance"),
        (mended, "mended_zone"),
        (off, "off_ellipsoid"),
    )
    flags = (flag(word, n=n_zones) for holds, word in said if holds)
    flag_zh = joined(answer.flag if spoken else "", *flags)
    flag_en = flag_text(flag_zh, "en")
    rule = answer if spoken and answer.verdict != UNJUDGED else Answer("")
    end_zh = end_en = ""
    if rule.verdict and key:
        if_zh, if_en = ("若在区内，", "if inside, ") if doubtful else ("", "")
        end_zh = (
            f"；{if_zh}“{activity_words(key)}”{rule.verdict}，依据{rule.rule_source} {rule.clause}"
            f"（{RULE_STATUSES[rule.status]}）"
        )
        end_en = (
            f"; {if_en}the rule on “{activity_words(key, 'en')}” says: "
            f"{VERDICTS_EN[rule.verdict]}, by {rule.rule_source}, {rule.clause} ({rule.status})"
        )
    end_zh += f"；{flag_zh}。" if flag_zh else "。"
    end_en += f"; {flag_en}." if flag_en else "."
    zh = activity_words(key) if key else ""
    severest = answer.severest if spoken else ""
    return _Case(zone, verdict, rule, severest, zh, flag_zh, doubtful, end_zh, end_en)


def _verdict(answer: Answer, meets: bool, doubtful: bool) -> tuple[str, bool]:
    """Return the verdict on a site and a zone, and whether the rule's words belong to it."""
    if doubtful and answer.verdict != _ALLOWED:
        return ON_THE_LINE, True
    # allowed inside, no conflict outside: the line is no matter
    return (answer.verdict, True) if meets else (NO_CONFLICT, False)


# words ------------------------------------------------------------------------------------------


_UNITS_ZH = ("", " 米", " 公里", " 平方米", " 公顷")
_UNITS_EN = ("", " m", " km", " m²", " ha")


def lengths_in_words(m: Floats) -> tuple[Texts, Texts]:
    """Return lengths for people, Chinese and English: from one kilometre on in kilometres."""
    import numpy as np

    numbers = np.array([length_number(each) for each in m.tolist()], dtype=object)
    place = 1 + (m >= KILOMETRE_M)
    return numbers + np.array(_UNITS_ZH, object)[place], numbers + np.array(_UNITS_EN, object)[
        place
    ]


def _zone_words(table: ZoneTable, group: Ints, name: Any, code: Any) -> tuple[Any, Any]:
    """Return how zones are called, Chinese and English: their kind, and their name or code."""
    import numpy as np
    import pyarrow.compute as pc

    called = pc.if_else(pc.equal(name, ""), code, name)
    known = np.asarray(pc.not_equal(called, ""))
    zh = _taken((kind_zh(kind, grade) for _, kind, grade in table.groups), group)
    en = _taken((kind_en(kind, grade) for _, kind, grade in table.groups), group)
    return (
        _joined(zh, _taken(("", "“"), known), called, _taken(("", "”"), known)),
        _joined(en, _taken(("", " “"), known), called, _taken(("", "”"), known)),
    )


def _joined(*parts: Any) -> Any:
    """Return columns of texts, and texts, one after the other."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*parts, "")


def _why(
    found: Measured, order: Ints, zone_zh: Any, zone_en: Any, case: Ints, cases: list[_Case]
) -> tuple[Any, Any]:
    """Return why each finding has its verdict, Chinese and English."""
    import numpy as np
    import pyarrow as pa

    relation = found.relation[order]
    area, length = found.area[order], found.length[order]
    shared = relation <= OVERLAPS
    # what is measured: nothing, a distance, an area, a length
    what = np.select([relation == NEAR, shared & (area > 0), shared & (length > 0)], [1, 2, 3], 0)
    value = np.choose(what, [np.zeros(len(what)), found.distance[order], area, length])
    large = value >= np.where(what == 2, HECTARE_M2, KILOMETRE_M)
    unit = np.where(what == 0, 0, 1 + large + 2 * (what == 2))
    numbers = np.full(len(what), "", dtype=object)
    for told, of in ((what == 2, area_number), ((what == 1) | (what == 3), length_number)):
        numbers[told] = [of(each) for each in value[told].tolist()]
    number = pa.array(numbers, pa.string())
    part = what >= 2
    share = np.full(len(what), "", dtype=object)
    share[part] = [share_text(each) for each in found.share_of_site[order][part].tolist()]
    percent = pa.array(share, pa.string())
    doubtful = np.array([one.doubtful for one in cases], dtype=bool)[case]
    widths, width = np.unique(np.where(doubtful, found.band[order], -1.0), return_inverse=True)
    band_zh, band_en = lengths_in_words(np.maximum(widths, 0))
    within_zh = "；在误差带 " + band_zh + "以内，位置不足以定界"
    within_en = "; within the band of doubt of " + band_en + " the position does not decide"
    within_zh[widths < 0], within_en[widths < 0] = "", ""
    zh = _joined(
        _taken((f"{one.verdict}：" for one in cases), case), zone_zh, "：",
        _taken((zh for zh, _ in RELATIONS.values()), relation),
        _taken(("", "，相距 ", "，重叠 ", "，穿越 "), what), number, _taken(_UNITS_ZH, unit),
        _taken(("", "（占项目 "), part), percent, _taken(("", "）"), part),
        _taken(within_zh, width), _taken((one.end_zh for one in cases), case),
    )  # fmt: skip
    en = _joined(
        _taken((f"{VERDICTS_EN[one.verdict]}: " for one in cases), case), zone_en, ": the site ",
        _taken((en for _, en in RELATIONS.values()), relation),
        _taken(("", ", ", ", overlap ", ", crossing "), what), number, _taken(_UNITS_EN, unit),
        _taken(("", " away", "", ""), what), _taken(("", " ("), part), percent, _taken(("", " of the site)"), part),
        _taken(within_en, width), _taken((one.end_en for one in cases), case),
    )  # fmt: skip
    return zh, en
