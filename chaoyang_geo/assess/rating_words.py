"""What a rating says: its doubts in Chinese, its reason in one Chinese or English paragraph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaoyang_geo.assess.rows import WATERS, listed, percent, status_of
from chaoyang_geo.reasons import STATES, class_en, named_before, period_text

_STATE_EN = dict(STATES.values())

#: Why a group has no rating, in both languages, by :meth:`Rating.silence`.
_SILENT = {
    "nothing": ("没有参评断面，不判状况", "no section was judged, so no state"),
    "together": ("河流与湖库合计，只列比例，不判状况",
                 "rivers and lakes together: shares only, no state"),
    "lakes": ("含多个湖库，未见合并评价规则，不判状况；可按water_body分别评价",
              "several lakes, which no rule rates together, so no state"),
    "means": ("按均值法评价需要各断面均值（means），未提供，不判状况",
              "the mean method needs the means of the sections, which were not given, so no state"),
    "lacking": ("均值表缺断面，不判状况", "the means lack sections, so no state"),
    "values": ("均值表没有可评价的项目，不判状况", "the means hold no item that can be judged"),
    "edge": ("按所选 edge=\"missing\" 不判状况", "left open, as edge=\"missing\" asks"),
}  # fmt: skip


@dataclass
class Rating:
    """How one group was rated."""

    method: str
    cells: list[dict[str, Any]]
    state: str = ""
    on_edge: bool = False
    quality_class: str = ""
    deciding: str = ""
    values: str = ""
    main: list[str] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=list)  # sections beyond Ⅲ, of judged
    tied: list[str] = field(default_factory=list)  # left out of three though as frequent
    own: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    needs_means: bool = False
    lacking: list[str] = field(default_factory=list)  # judged sections without means
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    between: tuple[str, str] | None = None

    @property
    def judged(self) -> list[dict[str, Any]]:
        """Return the sections that were judged."""
        return [cell for cell in self.cells if cell["rank"] >= 0]

    def silence(self, water: str) -> str:
        """Return why there is no state, empty where there is one."""
        if self.state:
            return ""
        if not self.judged:
            return "nothing"
        if water == "all":
            return "together"
        if not self.method:
            return "lakes"
        if self.on_edge:
            return "edge"
        if self.needs_means:
            return "means"
        return "lacking" if self.lacking else "values"


def flag_of(
    rating: Rating, counts: Mapping[str, Any], names: Mapping[str, str], lost: Sequence[str]
) -> str:
    """Say what limits a rating, in Chinese."""
    parts = []
    silence = rating.silence(counts["water_type"])
    if silence:
        parts.append(_SILENT[silence][0])
    unjudged = [cell["name"] for cell in rating.cells if cell["rank"] < 0]
    if unjudged:
        parts.append(f"未参评{len(unjudged)}个：{listed(unjudged)}")
    if rating.lacking:
        parts.append(f"没有可用均值：{listed(rating.lacking)}")
    if rating.on_edge:
        status = status_of("river_ge5_edge", lang="zh")
        parts.append(f"Ⅰ~Ⅲ类恰60%且劣Ⅴ类恰40%，条文无对应，取{rating.state or '空'}（{status}）")
    n_sections, n_judged = counts["n_sections"], counts["n_judged"]
    if rating.method == "比例" and n_judged == 5:
        status = status_of("river_ge5_five", lang="zh")
        parts.append(f"恰为5个断面，按比例法（{status}）")
    if rating.method and counts["water_type"] == "river" and n_judged < 5 <= n_sections:
        parts.append(f"登记{n_sections}个、参评{n_judged}个，按{rating.method}法")
    if rating.method == "均值" and counts["water_type"] == "lake" and n_judged > 1:
        status = status_of("lake_multi_point", lang="zh")
        parts.append(f"湖库取各点位算术平均（{status}）")
        if any(cell["water_body"] == "" for cell in rating.judged):
            parts.append("点位所在水体未登记，按同一湖库计")
    parts += rating.notes
    if rating.missing:
        items = "、".join(names.get(key, key) for key in rating.missing)
        parts.append(f"均值缺{items}，类别可能更差")
    if rating.between:
        parts.append(f"受检出限影响，类别在{rating.between[0]}与{rating.between[1]}之间")
    if rating.tied:
        items = "、".join(names.get(key, key) for key in rating.tied)
        parts.append(f"{items}超标率与第三位相同，未列")
    assumed = [cell["name"] for cell in rating.cells if cell["assumed"]]
    if assumed:
        parts.append(f"水体类型未登记，按河流：{listed(assumed)}")
    parts += _target_flags(rating, lost)
    if "items_over_3" in lost and rating.state not in ("", "优", "良好"):
        parts.append("评价表没有items_over_3列，未列主要污染指标")
    return "；".join(parts)


def _target_flags(rating: Rating, lost: Sequence[str]) -> list[str]:
    parts = []
    goals = [cell for cell in rating.judged if cell["has_target"]]
    if "attained" in lost:
        parts.append("评价表没有attained列，未计达标率")
    elif rating.judged and len(goals) < len(rating.judged):
        parts.append(
            f"{len(rating.judged) - len(goals)}个参评断面没有目标或不能判定达标，未计入达标率"
        )
    n_assumed = sum(cell["target_quality"] == "assumed" for cell in goals)
    if n_assumed:
        parts.append(f"{n_assumed}个断面的目标为假定")
    return parts


def own_words(rating: Rating, names: Mapping[str, str], lang: str = "zh") -> str:
    """List each section's own main pollutants with their multiples."""
    comma, colon, stop = ("、", "：", "；") if lang == "zh" else (", ", ": ", "; ")
    brackets = "（{}）" if lang == "zh" else " ({})"
    out = []
    for section, pairs in rating.own:
        items = [
            names.get(key, key) + (brackets.format(times) if times else "") for key, times in pairs
        ]
        out.append(f"{section}{colon}{comma.join(items)}")
    return stop.join(out)


def reason_of(
    rating: Rating, counts: Mapping[str, Any], label: str, names: Mapping[str, str], *, lang: str
) -> str:
    """Write the reason of a rating in one paragraph."""
    write = _chinese if lang == "zh" else _english
    return write(rating, counts, label, names)


def _values(rating: Rating, names: Mapping[str, str], lang: str) -> list[str]:
    keys, values = rating.deciding.split(";"), rating.values.split(";")
    return [
        f"{names.get(key, key)} {value}"
        if lang == "en"
        else f"{named_before(names.get(key, key))}{value}"
        for key, value in zip(keys, values, strict=True) if key
    ]  # fmt: skip


def _chinese(
    rating: Rating, counts: Mapping[str, Any], label: str, names: Mapping[str, str]
) -> str:
    n, judged, water = counts["n_sections"], counts["n_judged"], counts["water_type"]
    when = period_text(counts["period"], counts["period_end"])
    head = f"{label}（{WATERS[water][0]}）{when}" if label else f"{WATERS[water][0]}{when}"
    good = sum(counts[f"n_class_{rank}"] for rank in (1, 2, 3))
    parts = [f"共{n}个断面，参评{judged}个"]
    if judged:
        worse = counts["n_class_6"]
        parts.append(
            f"Ⅰ~Ⅲ类{good}个，占{percent(good, judged)}；劣Ⅴ类{worse}个，占{percent(worse, judged)}"
        )
    silence = rating.silence(water)
    if silence:
        parts.append(_SILENT[silence][0])
    elif rating.method == "比例":
        status = status_of("river_state_shares", lang="zh")
        parts.append(f"按断面水质类别比例法（环办〔2011〕22号，{status}）为{rating.state}")
    elif judged == 1:
        parts.append(f"只有一个参评断面，即其类别{rating.quality_class}类，为{rating.state}")
    else:
        rule = "lake_multi_point" if water == "lake" else "river_lt5"
        decided = "、".join(_values(rating, names, "zh"))
        parts.append(
            f"按各项目断面均值（环办〔2011〕22号，{status_of(rule, lang='zh')}）"
            f"为{rating.quality_class}类，{rating.state}" + (f"，定类{decided}" if decided else "")
        )
    if rating.counts:
        listed_rates = "、".join(
            f"{names.get(key, key)}（超标率{percent(a, b)}）"
            for key, (a, b) in zip(rating.main, rating.counts, strict=True)
        )
        parts.append(f"主要污染指标：{listed_rates}")
    elif rating.own:
        parts.append(f"各断面主要污染指标：{own_words(rating, names)}")
    if counts["n_with_target"]:
        met, of = counts["n_attained"], counts["n_with_target"]
        parts.append(f"达标{met}个，达标率{percent(met, of)}")
    return f"{head}：{'。'.join(parts)}。"


def _english(
    rating: Rating, counts: Mapping[str, Any], label: str, names: Mapping[str, str]
) -> str:
    n, judged, water = counts["n_sections"], counts["n_judged"], counts["water_type"]
    when = period_text(counts["period"], counts["period_end"], lang="en")
    head = f"{label} ({WATERS[water][1]}) {when}" if label else f"{WATERS[water][1]} {when}"
    good = sum(counts[f"n_class_{rank}"] for rank in (1, 2, 3))
    parts = [f"{n} section{'s' * (n != 1)}, {judged} judged"]
    if judged:
        worse = counts["n_class_6"]
        parts.append(
            f"Ⅰ-Ⅲ: {good} ({percent(good, judged)}); worse than Ⅴ: {worse} "
            f"({percent(worse, judged)})"
        )
    silence = rating.silence(water)
    if silence:
        parts.append(_SILENT[silence][1].capitalize())
    elif rating.method == "比例":
        status = status_of("river_state_shares")
        parts.append(
            f"By the shares of classes (Circular 22 of 2011, {status}): {_STATE_EN[rating.state]}"
        )
    elif judged == 1:
        parts.append(
            f"One section alone, hence {class_en(rating.quality_class)}: {_STATE_EN[rating.state]}"
        )
    else:
        rule = "lake_multi_point" if water == "lake" else "river_lt5"
        decided = ", ".join(_values(rating, names, "en"))
        parts.append(
            f"By the mean of each item (Circular 22 of 2011, {status_of(rule)}): "
            f"{class_en(rating.quality_class)}, {_STATE_EN[rating.state]}"
            + (f", decided by {decided}" if decided else "")
        )
    if rating.counts:
        listed_rates = ", ".join(
            f"{names.get(key, key)} ({percent(a, b)} of sections beyond Ⅲ)"
            for key, (a, b) in zip(rating.main, rating.counts, strict=True)
        )
        parts.append(f"Main pollutants: {listed_rates}")
    elif rating.own:
        parts.append(f"Main pollutants by section: {own_words(rating, names, 'en')}")
    if counts["n_with_target"]:
        met, of = counts["n_attained"], counts["n_with_target"]
        parts.append(f"{met} of {of} attain their target ({percent(met, of)})")
    return f"{head}: {'. '.join(parts)}."
