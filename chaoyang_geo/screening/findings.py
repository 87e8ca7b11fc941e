"""One row per site and zone: the measures, the verdict of the rules, and the words for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoyang_geo.screening.activities import activity_words
from chaoyang_geo.screening.decide import UNJUDGED, Answer, Judge
from chaoyang_geo.screening.layers import ZoneTable
from chaoyang_geo.screening.measure import Pairs
from chaoyang_geo.screening.result import FINDING_COLUMNS
from chaoyang_geo.screening.say import finding_words, zone_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: Columns of the findings while they are made: ``row`` is the place of the site in its table.
WORKING_COLUMNS: dict[str, str] = {"row": "int64", **FINDING_COLUMNS}

_TEXTS = (
    "activity_zh", "zone_code", "zone_name", "zone_kind", "zone_grade", "layer", "version",
    "verdict", "clause", "rule_id", "rule_source", "rule_status", "rule_note", "finding_flag",
    "why_zh", "why_en",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Pairs with what makes them certain or doubtful."""

    pairs: Pairs
    row: Ints  # of the site in its table
    band: Floats
    sure: Bools
    unknown: Bools  # an accuracy of the two
    mended: set[int]  # zones whose geometry was repaired


def findings_table(
    measured: Measured,
    kept: Ints,
    table: ZoneTable,
    judge: Judge,
    activities: list[str | None],
    texts: dict[str, Shapes],
) -> pd.DataFrame:
    """Return the findings of the pairs that are kept."""
    import numpy as np
    import pandas as pd

    pairs, row = measured.pairs, measured.row[kept]
    relation, sure, band = pairs.relation[kept], measured.sure[kept], measured.band[kept]
    meets = np.isin(relation, ("inside", "overlaps"))
    # on the seam of two zones of one kind and grade: in both together, though in neither
    case = pairs.site[kept] * len(table.groups) + pairs.group[kept]
    meets |= sure & (relation == "touches") & ~np.isin(case, case[meets])
    close = pairs.distance[kept] <= band
    doubtful = ~sure & (meets | close)
    seam = sure & ~meets & close
    called: dict[tuple[int, ...], tuple[str, str]] = {}
    rows = []
    words = texts["activity"][row]
    for place, at, relation_, meets_, doubtful_, seam_, unknown, area, length, share, far, wide in zip(
        row.tolist(), kept.tolist(), relation.tolist(), meets.tolist(), doubtful.tolist(),
        seam.tolist(), measured.unknown[kept].tolist(), pairs.area[kept].tolist(),
        pairs.length[kept].tolist(), pairs.share_of_site[kept].tolist(),
        pairs.distance[kept].tolist(), band.tolist(), strict=True,
    ):  # fmt: skip
        zones = pairs.zones[at]
        if zones not in called:
            codes = sorted(table.codes[zone] for zone in zones)
            names = sorted({table.names[zone] for zone in zones} - {""})
            called[zones] = ";".join(codes), ";".join(names)
        code, name = called[zones]
        layer, kind, grade = table.groups[pairs.group[at]]
        activity = activities[place]
        answer = judge.answer(kind, grade, activity)
        verdict, spoken = _verdict(answer, meets_, doubtful_)
        flag = ("", "")
        if meets_ or doubtful_ or seam_:
            flag = _flags(
                answer if spoken else None,
                overlapping=len(zones),
                seam=seam_,
                allowed=verdict == "允许" and doubtful_,
                unknown_accuracy=doubtful_ and unknown,
                mended=not measured.mended.isdisjoint(zones),
            )
        rule = answer if spoken and answer.verdict != UNJUDGED else _NO_RULE
        zh = "" if activity is None else activity_words(activity)
        why = finding_words(
            zone=zone_words(kind, grade, name, code),
            relation=relation_,
            area_m2=area,
            length_m=length,
            share=share,
            distance_m=far,
            band_m=wide,
            verdict=verdict,
            doubtful=doubtful_,
            activity=(zh, activity_words(activity, "en")) if activity else ("", ""),
            rule=(rule.verdict, rule.rule_source, rule.clause, rule.status),
            flag=flag,
        )
        said = (
            zh, code, name, kind, grade, layer, table.version[layer], verdict,
            rule.clause, rule.rule_id, rule.rule_source, rule.status, rule.note, flag[0], *why,
        )  # fmt: skip
        rows.append(said)
    found = pd.DataFrame(rows, columns=list(_TEXTS), dtype="str")
    found["row"], found["relation"], found["activity"] = row, relation, words
    found["site_code"], found["site_name"] = texts["site_code"][row], texts["site_name"][row]
    numbers = {
        "overlap_m2": pairs.area,
        "overlap_m": pairs.length,
        "overlap_m2_geodesic": pairs.area_geodesic,
        "overlap_m_geodesic": pairs.length_geodesic,
        "share_of_site": pairs.share_of_site,
        "share_of_zone": pairs.share_of_zone,
        "distance_m": pairs.distance,
        "band_m": measured.band,
    }
    for column, values in numbers.items():
        found[column] = values[kept]
    return found[list(WORKING_COLUMNS)].astype(WORKING_COLUMNS)


_NO_RULE = Answer("")


def _verdict(answer: Answer, meets: bool, doubtful: bool) -> tuple[str, bool]:
    """Return the verdict on a site and a zone, and whether the rule's words belong to it."""
    if doubtful:
        if answer.verdict == "允许":  # allowed inside, no conflict outside: the line is no matter
            return ("允许", True) if meets else ("无冲突", False)
        return "压线需复核", True
    return (answer.verdict, True) if meets else ("无冲突", False)


def _flags(
    answer: Answer | None,
    *,
    overlapping: int,
    seam: bool,
    allowed: bool,
    unknown_accuracy: bool,
    mended: bool,
) -> tuple[str, str]:
    """Return what is doubtful about a finding, Chinese and English."""
    said = [
        (
            bool(answer and answer.flag),
            answer.flag if answer else "",
            answer.flag_en if answer else "",
        ),
        (
            overlapping > 1,
            f"{overlapping} 个分区在此重叠，合并计算",
            f"{overlapping} zones overlap here and count as one",
        ),
        (
            seam,
            "在误差带内与该分区相邻，但项目确在同类同级的另一分区内",
            "the zone lies within the band, but the site surely lies in another of its kind and grade",
        ),
        (
            allowed,
            "位置压线，但区内也允许",
            "on the line, but the activity is allowed inside, too",
        ),
        (
            unknown_accuracy,
            "位置精度不全，误差带按容差",
            "an accuracy is not known, the band is the tolerance",
        ),
        (mended, "分区图形自相交或重叠，已修复", "the zone's geometry was repaired"),
    ]
    return (
        "；".join(zh for holds, zh, _ in said if holds),
        "; ".join(en for holds, _, en in said if holds),
    )
