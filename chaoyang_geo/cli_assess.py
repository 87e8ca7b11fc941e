"""The command ``chaoyang-geo assess``: periods judged, the city's table, alerts and reasons."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

import chaoyang_geo as cg
from chaoyang_geo.assess.indicators import MEASURES
from chaoyang_geo.assess.periods import sources_of
from chaoyang_geo.cli_parts import (
    OUT,
    STYLES,
    Json,
    Lang,
    PlanName,
    Year,
    english_names,
    item_names,
    painted,
    records,
    say,
    shown,
    steps,
    warn_unmatched,
    write_json,
    write_table,
    write_tables,
)
from chaoyang_geo.codes import coded
from chaoyang_geo.reasons import doubts_text, period_text, times_text
from chaoyang_geo.schema import one_of, split_codes
from chaoyang_geo.verdicts import quality_name

if TYPE_CHECKING:
    import pandas as pd


#: Periods that a monthly mean may go through.
_WITHIN_MONTHS = ("day", "ten_days", "dekad")


@dataclass
class Assessed:
    """Everything that the command says, of every period."""

    sections: pd.DataFrame
    units: pd.DataFrame
    basins: pd.DataFrame
    city: pd.DataFrame
    alerts: pd.DataFrame
    indicators: pd.DataFrame
    english: dict[str, str] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: table for name, table in vars(self).items() if name != "english"}

    def named(self, value: Any) -> str:
        """Write a name, or several joined by 、 with their shares, in the language of the report."""
        text = shown(value)
        if not self.english:
            return text
        for name, english in self.english.items():
            text = text.replace(name, english)
        for mark, english in (("、", ", "), ("；", "; "), ("：", ": ")):
            text = text.replace(mark, english)
        return re.sub(r"(?<=[A-Za-z])(?=[0-9])", " ", text)

    def latest(self, name: str) -> pd.DataFrame:
        """Return the rows of a table that are of its latest period."""
        table: pd.DataFrame = getattr(self, name)
        return table[table["period"] == table["period"].max()] if len(table) else table


def assess_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="读数文件；缺省用规划自带的。Readings; default: the plan's own."),
    ] = None,
    plan: PlanName = "chaoyang",
    period: Annotated[
        str,
        typer.Option(
            help="day、week、ten_days、month、quarter、year 或 10D 等。Period of the means."
        ),
    ] = "month",
    via: Annotated[
        str, typer.Option(help="先求哪些时段的均值，如 day,month。Means taken first.")
    ] = "",
    state: Annotated[
        Path | None,
        typer.Option(help="预警记忆文件（.json），读后更新。Memory of the alerts, updated."),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="接近限值的余量，占限值的比例。What counts as near a limit.")
    ] = 0.1,
    year: Year = None,
    lang: Lang = "zh",
    out: Annotated[
        Path | None,
        typer.Option(help="另存为 .xlsx（各表一页）、.csv 或 .json（断面表）。Also write tables."),
    ] = None,
    map_out: Annotated[
        Path | None, typer.Option("--map", help="另绘离线地图（.html）。Also draw the offline map.")
    ] = None,
    as_json: Json = False,
) -> None:
    """按时段评价断面、单元、流域和全市，给出预警与理由。Assess periods, with alerts and reasons."""
    one_of("--lang", lang, ("zh", "en"))
    if out is not None:
        one_of("--out (file type)", out.suffix.lower(), (".xlsx", ".csv", ".json"))
        if any(file.exists() and out.exists() and file.samefile(out) for file in files or []):
            raise ValueError(f"--out {out}: this is the file of readings itself; name another.")
    words = _WORDS[lang]
    with steps(4, quiet=as_json) as step:
        step(words["read"])
        pack = cg.load_plan(plan)
        table = cg.read_readings(list(files), year=year) if files else pack.readings
        matched = cg.match_sections(table, pack.sections)
        warn_unmatched(matched, words)
        step(words["assess"])
        known = matched[matched["match_state"] == "matched"]
        stages = [name.strip() for name in via.split(",") if name.strip()]
        keys = [name for name in ("section_code", "registry_from") if name in known]
        means = cg.mean_readings(known, period=period, by=keys, via=stages)
        # who answers is asked by month, whatever the period of the table
        short = [name for name in stages if name in _WITHIN_MONTHS]
        monthly = (
            means if period == "month"
            else cg.mean_readings(known, period="month", by=keys, via=short)
        )  # fmt: skip
        result = _assessed(pack, known, means, monthly, margin=margin, state=state)
        step(words["draw"])
        if map_out is not None:
            _write_map(pack, result, means, map_out, lang)
        step(words["write"])
        result.english = english_names(pack) if lang == "en" else {}
        if out is not None:
            _write(result, out, lang)
    if as_json:
        write_json({name: records(frame) for name, frame in result.tables().items()})
        return
    _print(result, words, lang)
    for path in (out, map_out, state):
        if path is not None:
            say(words["wrote"].format(path=path))


def _assessed(
    pack: cg.Plan,
    readings: pd.DataFrame,
    means: pd.DataFrame,
    monthly: pd.DataFrame,
    *,
    margin: float,
    state: Path | None,
) -> Assessed:
    import pandas as pd

    sections = cg.assess_sections(means, pack.sections)
    for name, column in sources_of(readings, coded(sections["section_code"])).items():
        sections[name] = column
    both = {"means": means, "sections": pack.sections, "units": pack.units}
    # shares of all together; the state by type of water, for no rule rates them together
    city = pd.concat(
        [cg.rate_basin(sections, by=None, apart=apart, **both) for apart in (False, True)]
    )
    return Assessed(
        sections=sections,
        units=cg.assess_units(sections, pack.units, sections=pack.sections),
        basins=cg.rate_basin(sections, by="basin", **both),
        city=city.sort_values("period", kind="stable", ignore_index=True),
        alerts=cg.alerts(
            monthly,
            pack.sections,
            shares=cg.county_shares(pack.units, pack.counties),
            margin=margin,
            path=state,
        ),
        indicators=cg.indicator_progress(pack, sections, means),
    )


def _write_map(pack: cg.Plan, result: Assessed, means: pd.DataFrame, path: Path, lang: str) -> None:
    items = cg.classify_items(means.rename(columns={"mean_rounded": "value"}), pack.sections)
    cg.write_map(cg.map_layers(pack, result.sections, items=items, lang=lang), path)


def _write(result: Assessed, path: Path, lang: str) -> None:
    """Write the tables: a workbook in words for people, other files with keys for programs."""
    if path.suffix.lower() != ".xlsx":
        write_table(result.sections, path)
        return
    sheets = {
        _WORDS[lang][name]: _in_words(frame, result, lang)
        for name, frame in result.tables().items()
    }
    write_tables(sheets, path)


#: Columns of a workbook that hold keys of items, and others whose keys have words of their own.
_ITEM_COLUMNS = (
    "item", "deciding_items", "times_over_item", "items_over_target", "times_over_3_item",
    "items_over_3", "main_pollutants", "items_missing", "items_undecided", "source_items_over",
    "source_items_missing",
)  # fmt: skip
_KEY_COLUMNS = ("water_type", "confidence", "target_state", "measure", "attained",
                "source_attained")  # fmt: skip
_ENGLISH_COLUMNS = ("class", "class_best", "class_worst", "water_state", "rating_method", "binding",
                    "target_class")  # fmt: skip
_NAME_COLUMNS = ("section_name", "unit_name", "basin", "worst_sections", "section_verdicts_en",
                 "answers", "indicator", "target_text", "why_en")  # fmt: skip
#: Columns that stand there in two languages, Chinese and English.
_TWINS = (
    ("why_zh", "why_en"), ("source", "source_en"), ("section_verdicts", "section_verdicts_en"),
    ("alert_state_zh", "alert_state"), ("indicator_verdict", "indicator_verdict_en"),
)  # fmt: skip
_WITHOUT_LANGUAGE = re.compile(r"\s*[（(](English|Chinese|英文|中文)[）)]$")


def _in_words(frame: pd.DataFrame, result: Assessed, lang: str) -> pd.DataFrame:
    """Return a table as people read it: names for keys, labels for columns, one language."""
    import pandas as pd

    other = 0 if lang == "en" else 1
    dropped = [pair[other] for pair in _TWINS if set(pair) <= set(frame.columns)]
    if lang == "en" and "main_by_section" in frame:
        dropped.append("main_by_section")  # words in Chinese alone; the reason says them, too
    out: dict[str, Any] = {}
    for name in frame.columns.drop(dropped):
        write = _cell_writer(str(name), result, lang)
        label = _WITHOUT_LANGUAGE.sub("", cg.label(str(name), lang))
        out[label] = (
            frame[name] if write is None
            else pd.Series([write(row) for row in frame.to_dict("records")], frame.index, object)
        )  # fmt: skip
    return pd.DataFrame(out)


def _cell_writer(
    name: str, result: Assessed, lang: str
) -> Callable[[dict[Any, Any]], str | None] | None:
    """Return how the cells of a column are written; ``None`` where they stand as they are."""
    words, joint = _WORDS[lang], "、" if lang == "zh" else ", "
    if name in _ITEM_COLUMNS:
        names = item_names(lang)
        return lambda row: _listed(shown(row[name]), names, lang)
    if name in ("deciding_values", "deciding_limits", "items_over_3_times", "main_rates"):
        return lambda row: joint.join(split_codes(row[name]))
    if name == "target_quality":
        return lambda row: quality_name(shown(row[name]), lang)
    if name in _KEY_COLUMNS or (lang == "en" and name in _ENGLISH_COLUMNS):
        return lambda row: words.get(shown(row[name]), shown(row[name]))
    if name.endswith("_flag"):
        return lambda row: result.named(doubts_text(row[name], lang))
    if lang == "zh":
        return None
    if name == "period_name":
        return lambda row: period_text(row["period"], row["period_end"], lang="en")
    if name == "alert_state":
        return lambda row: shown(row[name]).replace("_", " ")
    return (lambda row: result.named(row[name])) if name in _NAME_COLUMNS else None


# --- on the terminal ----------------------------------------------------------------------------


def _print(result: Assessed, words: dict[str, str], lang: str) -> None:
    if not len(result.sections):
        say(words["nothing"])
        return
    latest = result.latest("sections")
    first = latest.iloc[0]
    when = period_text(first["period"], first["period_end"], lang=lang)
    OUT.print(_ratings(result, words, lang, when))
    _say_doubts(result, words, lang)
    OUT.print(_units(result, words, lang, when))
    if len(result.alerts):
        OUT.print(_alerts(result, words, lang))
    else:
        say(words["quiet"])
    OUT.print(_indicators(result, words, lang))
    for row in result.latest("indicators").to_dict("records"):
        why = str(row[f"why_{lang}"])
        if lang == "en" and row["progress_flag"]:  # the Chinese reason holds its doubts
            why = f"{why[:-1]} ({result.named(doubts_text(row['progress_flag'], lang))})."
        say(f"· {why}")
    say(words["reasons"])
    for row in latest.to_dict("records"):
        why = str(row[f"why_{lang}"])
        name = str(row["section_name"])
        say(f"· {result.english.get(name, name)}{why.removeprefix(name)}")
        number = words["rests"].format(n=row["n_readings"], items=row["n_items"])
        doubts = result.named(doubts_text(row["assess_flag"], lang, besides=str(row["why_zh"])))
        say(f"  {number}" + (f"{words['doubts']}{doubts}" if doubts else ""))


def _say_doubts(result: Assessed, words: dict[str, str], lang: str) -> None:
    """Say below the ratings what limits those that were made, and what was not judged."""
    for name in ("city", "basins"):
        for row in result.latest(name).to_dict("records"):
            if not row["n_judged"] and name == "basins":
                continue  # the city names the sections that were not judged
            group = words["whole"] if name == "city" else result.named(row["basin"])
            water = words[str(row["water_type"])]
            said = result.named(doubts_text(row["rate_flag"], lang))
            if said:
                say(words["of_group"].format(group=group, water=water, said=said))


def _table(title: str, heads: list[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _percent(value: Any) -> str:
    return "" if value != value or value is None else f"{100 * float(value):.1f}%"


def _listed(keys: Any, names: dict[str, str], lang: str) -> str:
    joint = "、" if lang == "zh" else ", "
    return joint.join(names.get(key, key) for key in str(keys).split(";") if key)


def _ratings(result: Assessed, words: dict[str, str], lang: str, when: str) -> Table:
    """Draw the city's table: all sections, then the basins."""
    heads = ["group", "water", "n", "share_good", "share_bad", "state", "pollutants", "attained"]
    table = _table(f"{words['city_table']}{words['space']}{when}", [words[name] for name in heads])
    names = item_names(lang)
    for name in ("city", "basins"):
        for row in result.latest(name).to_dict("records"):
            group = words["whole"] if name == "city" else result.named(row["basin"])
            table.add_row(
                group,
                words.get(str(row["water_type"]), ""),
                f"{row['n_judged']}/{row['n_sections']}",
                _percent(row["share_1_3"]),
                _percent(row["share_worse_5"]),
                shown(row["water_state"]) if lang == "zh" else words.get(shown(row["water_state"]), ""),
                _listed(row["main_pollutants"], names, lang),
                _percent(row["attainment_rate"]),
            )  # fmt: skip
    return table


def _units(result: Assessed, words: dict[str, str], lang: str, when: str) -> Table:
    heads = ["unit", "class", "attains", "deciding", "said"]
    table = _table(f"{words['units']}{words['space']}{when}", [words[name] for name in heads])
    names = item_names(lang)
    for row in result.latest("units").to_dict("records"):
        name = shown(row["class"])
        attained = {"True": words["yes"], "False": words["no"]}.get(str(row["attained"]), "—")
        table.add_row(
            result.named(row["unit_name"]),
            painted(words.get(name, name), STYLES[name]) if name else "—",
            attained,
            _listed(row["deciding_items"], names, lang),
            result.named(row["section_verdicts" if lang == "zh" else "section_verdicts_en"]),
        )
    return table


def _alerts(result: Assessed, words: dict[str, str], lang: str) -> Table:
    heads = ["section", "item", "alert", "months", "mean", "limit", "over", "answers", "note"]
    table = _table(words["alerts"], [words[name] for name in heads])
    names = item_names(lang)
    for row in _without_verdict_together(result.alerts):
        over = row["times_over"]
        table.add_row(
            result.named(row["section_name"]),
            _listed(row["item"], names, lang),
            shown(row["alert_state_zh" if lang == "zh" else "alert_state"]).replace("_", " "),
            str(row["months"]) if row["months"] else "",
            f"{row['mean']:g}" if row["mean"] == row["mean"] else "",
            f"{row['alert_limit']:g}" if row["alert_limit"] == row["alert_limit"] else "",
            times_text(over) if over == over else "",
            result.named(row["answers"]),
            result.named(doubts_text(row["alert_flag"], lang)),
        )
    return table


def _without_verdict_together(alerts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the alerts; of each section, what could not be judged is one row of several items."""
    rows: list[dict[str, Any]] = []
    of_section: dict[str, dict[str, Any]] = {}
    for found in alerts.to_dict("records"):
        row = {str(name): value for name, value in found.items()}
        first = of_section.get(row["section_code"])
        if row["alert_state"] == "not_judged" and first is not None:
            first["item"] += f";{row['item']}"
            first["alert_limit"] = float("nan")
            continue
        if row["alert_state"] == "not_judged":
            of_section[row["section_code"]] = row
        rows.append(row)
    return rows


def _indicators(result: Assessed, words: dict[str, str], lang: str) -> Table:
    heads, table = ["indicator", "target", "value", "verdict"], result.indicators
    shown_table = _table(words["indicators"], [words[name] for name in heads])
    for row in table[table["period"].isna() | (table["period"] == table["period"].max())].to_dict(
        "records"
    ):
        value = row["indicator_value"]
        shown_table.add_row(
            result.named(row["indicator"]),
            result.named(row["target_text"]) or words.get(shown(row["target_state"]), ""),
            f"{value:g}" if value == value else "",
            shown(row["indicator_verdict" if lang == "zh" else "indicator_verdict_en"]),
        )
    return shown_table


_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "space": "　",
        "read": "读取读数",
        "assess": "评价",
        "draw": "绘制地图",
        "write": "写表",
        "wrote": "已写入 {path}。",
        "unmatched": "{n} 个断面不在规划登记表中，未评价：{names}。",
        "nothing": "没有可评价的读数。",
        "sections": "断面",
        "units": "控制单元",
        "basins": "流域",
        "city": "全市",
        "alerts": "预警",
        "indicators": "规划指标",
        "city_table": "全市与各流域水质",
        "whole": "全市",
        "group": "范围",
        "water": "水体",
        "river": "河流",
        "lake": "湖库",
        "all": "河流和湖库",
        "n": "已评/断面",
        "share_good": "Ⅰ~Ⅲ类比例",
        "share_bad": "劣Ⅴ类比例",
        "state": "水质状况",
        "pollutants": "主要污染指标",
        "attained": "达标率",
        "unit": "控制单元",
        "class": "类别",
        "attains": "达标",
        "deciding": "定类因子",
        "said": "各断面",
        "yes": "是",
        "no": "否",
        "section": "断面",
        "item": "指标",
        "alert": "状态",
        "months": "月数",
        "mean": "月均值",
        "limit": "目标限值",
        "over": "超标倍数",
        "answers": "责任区县",
        "quiet": "没有预警。",
        "indicator": "指标",
        "target": "目标",
        "value": "现值",
        "verdict": "判定",
        "pending": "待下达",
        "reasons": "判定理由",
        "rests": "据{items}项均值、{n}个读数。",
        "doubts": "评价说明：",
        "of_group": "· {group}（{water}）：{said}。",
        "note": "说明",
        "firm": "可靠",
        "could_be_worse": "可能更差",
        "could_be_better": "可能更好",
        "could_change": "可能改变",
        "set": "已定",
        "several": "多个数值",
        "qualitative": "定性",
        "True": "是",
        "False": "否",
        **{name: pair[0] for name, pair in MEASURES.items()},
    },
    "en": {
        "space": " ",
        "劣Ⅴ": "worse than Ⅴ",
        "read": "reading the readings",
        "assess": "assessing",
        "draw": "drawing the map",
        "write": "writing tables",
        "wrote": "Wrote {path}.",
        "unmatched": "{n} sections are not in the plan's registry and were not assessed: {names}.",
        "nothing": "There is no reading to assess.",
        "sections": "sections",
        "units": "control units",
        "basins": "basins",
        "city": "city",
        "alerts": "alerts",
        "indicators": "plan indicators",
        "city_table": "the city and its basins",
        "whole": "whole city",
        "group": "group",
        "water": "water",
        "river": "rivers",
        "lake": "lakes",
        "all": "rivers and lakes",
        "n": "judged/sections",
        "share_good": "share of Ⅰ-Ⅲ",
        "share_bad": "share worse than Ⅴ",
        "state": "state",
        "优": "excellent",
        "良好": "good",
        "轻度污染": "lightly polluted",
        "中度污染": "moderately polluted",
        "重度污染": "heavily polluted",
        "pollutants": "main pollutants",
        "attained": "attainment rate",
        "unit": "control unit",
        "class": "class",
        "attains": "attained",
        "deciding": "deciding items",
        "said": "sections",
        "yes": "yes",
        "no": "no",
        "section": "section",
        "item": "item",
        "alert": "state",
        "months": "months",
        "mean": "monthly mean",
        "limit": "limit of the target",
        "over": "multiple",
        "answers": "counties that answer",
        "quiet": "There is no alert.",
        "indicator": "indicator",
        "target": "target",
        "value": "value",
        "verdict": "verdict",
        "pending": "not yet set",
        "reasons": "reasons",
        "rests": "Rests on {items} means of {n} readings.",
        "doubts": " Notes: ",
        "of_group": "· {group} ({water}): {said}.",
        "note": "note",
        "firm": "firm",
        "could_be_worse": "could be worse",
        "could_be_better": "could be better",
        "could_change": "could change",
        "set": "set",
        "several": "several values",
        "qualitative": "qualitative",
        "True": "yes",
        "False": "no",
        "均值": "mean",
        "比例": "shares",
        "约束性": "binding",
        "非约束性": "not binding",
        **{name: pair[1] for name, pair in MEASURES.items()},
    },
}
