"""The command ``chaoyang-geo readings``: what a file of readings holds, and the clean table."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from chaoyang_geo.cli_parts import OUT, records, say, write_json
from chaoyang_geo.schema import label, one_of

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 10
_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "understood": "识别结果：{file}",
        "table": "表",
        "column": "列",
        "header": "表头",
        "meaning": "理解为",
        "unit": "单位",
        "samples": "样例",
        "n_filled": "有值",
        "note": "说明",
        "read": "读入 {n} 条：断面 {sections} 个，指标 {items} 个，{begin} 至 {end}。",
        "kinds": "其中样品 {samples} 条，均值、合计、限值等 {others} 条（不作样品）。",
        "none": "没有读数。",
        "states": "结果：{states}。",
        "quality": "质量报告",
        "flags": "提示",
        "doubt": "存疑",
        "count": "条数",
        "first": "前 {n} 条",
        "wrote": "已写入 {path}。",
        "result": "结果",
        "cell": "单元格",
        "not understood": "不认识",
        "ignore": "不读",
        "sound": "没有存疑的读数，也没有提示。",
        "other sections": "其余 {n} 个断面指标组合",
    },
    "en": {
        "understood": "understood: {file}",
        "table": "table",
        "column": "column",
        "header": "header",
        "meaning": "taken for",
        "unit": "unit",
        "samples": "samples",
        "n_filled": "filled",
        "note": "note",
        "read": "Read {n} readings: {sections} sections, {items} items, {begin} to {end}.",
        "kinds": "Of these {samples} are samples, {others} means, totals or limits (no samples).",
        "none": "No readings.",
        "states": "Results: {states}.",
        "quality": "quality report",
        "flags": "flag",
        "doubt": "doubt",
        "count": "readings",
        "first": "first {n}",
        "wrote": "Wrote {path}.",
        "result": "result",
        "cell": "cell",
        "not understood": "not understood",
        "ignore": "not read",
        "sound": "No reading is doubtful or flagged.",
        "other sections": "{n} other pairs of section and item",
    },
}
_STATES_ZH = dict(
    zip(
        "number below above not_sampled fault qc_failed ice dry blank text".split(),
        "数值 低于检出限 高于量程 未监测 仪器故障 质控不合格 冰封 断流 空白 文字".split(),
        strict=True,
    )
)


def readings_command(
    files: Annotated[
        list[Path],
        typer.Argument(help="读数文件。Readings: .xlsx .xlsb .xls .ods .csv .txt .parquet .json"),
    ],
    year: Annotated[
        int | None, typer.Option(help="时间没有年份时补的年份。Year of times written without one.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="指定某列的含义，如 --column 地点=section_name，可多次给出。A header's meaning.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="另存整理后的表：.parquet、.xlsx 或 .csv。The clean table.")
    ] = None,
    describe_only: Annotated[
        bool, typer.Option("--describe", help="只看识别结果，不读入。Only what is understood.")
    ] = False,
    lang: Annotated[str, typer.Option(help="zh 或 en。zh or en.")] = "zh",
    as_json: Annotated[
        bool, typer.Option("--json", help="输出 JSON，供程序读取。JSON for machines.")
    ] = False,
) -> None:
    """整理读数文件：识别结果、质量报告、整理后的表。Clean a file of readings, and say what was done."""
    from chaoyang_geo.doubt import flag_doubts, quality_report
    from chaoyang_geo.readings import describe_readings, read_readings
    from chaoyang_geo.readings.write import write_readings

    one_of("--lang", lang, ("zh", "en"))
    if out is not None:
        one_of("--out (file type)", out.suffix.lower(), (".parquet", ".xlsx", ".csv"))
    words = _WORDS[lang]
    mapping = dict(_pair(text) for text in columns or [])
    with warnings.catch_warnings():
        # the file is looked at twice; what is wrong with it need be said once
        warnings.simplefilter("ignore", UserWarning)
        described = describe_readings(files, year=year, columns=mapping)
    if not as_json:
        for file, part in described.groupby("file", sort=False):
            OUT.print(_described_table(part, words, str(file), lang))
    if describe_only:
        if as_json:
            write_json({"understood": records(described)})
        return
    readings = flag_doubts(read_readings(files, year=year, columns=mapping))
    report = quality_report(readings)
    if out is not None:
        write_readings(readings, out)
    if as_json:
        write_json(
            {
                "understood": records(described),
                "summary": _summary(readings),
                "quality": records(report),
                "first": records(readings.head(_ROWS)),
                "path": str(out) if out is not None else None,
            }
        )
        return
    for line in _sentences(readings, words, lang):
        say(line)
    OUT.print(_quality_table(readings, words, lang))
    OUT.print(_first_table(readings, words, lang))
    if out is not None:
        say(words["wrote"].format(path=out))


def _pair(text: str) -> tuple[str, str]:
    header, sign, meaning = text.rpartition("=")
    if not sign or not header.strip() or not meaning.strip():
        raise ValueError(
            f"--column {text!r}: write header and meaning with = between, "
            "e.g. --column 地点=section_name or --column P=tp."
        )
    return header.strip(), meaning.strip()


# roles of columns that are not columns of the long table
_ROLES_ZH = {
    "clock": "时刻",
    "station_state": "站点情况",
    "limit": "检出限",
    "mark": "检出标识",
    "reading": "读数",
}


def _described_table(part: pd.DataFrame, words: dict[str, str], file: str, lang: str) -> Table:

    from chaoyang_geo import standards

    items = standards.item_names(lang)

    shown = Table(title=words["understood"].format(file=file), title_justify="left")
    for name in ("table", "column", "header", "meaning", "unit", "samples", "n_filled", "note"):
        shown.add_column(
            words[name], justify="right" if name == "n_filled" else "left", overflow="fold"
        )
    before = ""
    for record in part.to_dict("records"):
        row = SimpleNamespace(**{str(name): value for name, value in record.items()})
        table = f"{row.sheet} {row.table}".strip() if row.table else str(row.sheet)
        role = _ROLES_ZH.get(row.role, label(row.role, lang)) if lang == "zh" else row.role
        meaning = (role if row.role == "mark" else items.get(row.item, row.item)) or role
        meaning = meaning or (words["not understood"] if row.header else "")
        style = "" if row.role not in ("", "ignore") else "dim" if row.role else "yellow"
        if row.role == "ignore":
            meaning = words["ignore"]
        cells = [
            table if table != before else "",
            row.column,
            row.header,
            meaning,
            row.unit,
            row.samples,
        ]
        before = table
        filled = str(row.n_filled) if row.column else ""
        shown.add_row(*(str(cell) for cell in cells), filled, str(row.note), style=style)
    return shown


def _summary(readings: pd.DataFrame) -> dict[str, Any]:
    section = readings["section_code"].astype("str") + "|" + readings["section_name"].astype("str")
    times = readings["time"].dropna()
    return {
        "readings": len(readings),
        "samples": int((readings["row_kind"] == "sample").sum()),
        "sections": int(section[section != "|"].nunique()),
        "items": int(readings["item"].astype("str").replace("", None).nunique()),
        "begin": f"{times.min():%Y-%m-%d %H:%M}" if len(times) else "",
        "end": f"{times.max():%Y-%m-%d %H:%M}" if len(times) else "",
        "states": {str(k): int(n) for k, n in readings["state"].value_counts().items() if n},
    }


def _sentences(readings: pd.DataFrame, words: dict[str, str], lang: str) -> list[str]:
    summary = _summary(readings)
    if not summary["readings"]:
        return [words["none"]]
    lines = [words["read"].format(**{**summary, "n": summary["readings"]})]
    others = summary["readings"] - summary["samples"]
    if others:
        lines.append(words["kinds"].format(samples=summary["samples"], others=others))
    names = _STATES_ZH if lang == "zh" else {}
    joint = "，" if lang == "zh" else ", "
    states = joint.join(
        f"{names.get(s, s.replace('_', ' '))} {n}" for s, n in summary["states"].items()
    )
    lines.append(words["states"].format(states=states))
    return lines


def _quality_table(readings: pd.DataFrame, words: dict[str, str], lang: str) -> Table | str:
    """Count kinds of doubt and flags, the most frequent first."""
    from chaoyang_geo.doubt import KINDS, quality_report

    report = quality_report(readings)
    total = report[report["report_row"] == "total"].iloc[-1]
    doubts = {key: int(total.get(f"n_{key}", 0)) for key in KINDS}
    prefix = "reading_flag: "
    flags = {
        str(n)[len(prefix) :]: int(total[n]) for n in report.columns if str(n).startswith(prefix)
    }
    if not any(doubts.values()) and not any(flags.values()):
        return words["sound"]
    shown = Table(title=words["quality"], title_justify="left")
    shown.add_column("")
    shown.add_column("", overflow="fold")
    shown.add_column(words["count"], justify="right")
    for kind, counts in ((words["doubt"], doubts), (words["flags"], flags)):
        for name, count in sorted(counts.items(), key=lambda pair: -pair[1])[:20]:
            if count:
                text = KINDS[name][0 if lang == "zh" else 1] if name in KINDS else name
                shown.add_row(kind, text, str(count))
    return shown


def _first_table(readings: pd.DataFrame, words: dict[str, str], lang: str) -> Table:

    from chaoyang_geo import standards
    from chaoyang_geo.readings import origin_cell

    first = readings.head(_ROWS)
    shown = Table(title=words["first"].format(n=len(first)), title_justify="left")
    for name in ("section_name", "time", "item"):
        shown.add_column(label(name, lang))
    shown.add_column(words["result"], justify="right")
    for name in ("unit", "reading_flag"):
        shown.add_column(label(name, lang), overflow="fold")
    shown.add_column(words["cell"])
    names = standards.item_names(lang)
    for record, cell in zip(first.to_dict("records"), origin_cell(first), strict=True):
        row = SimpleNamespace(**{str(name): value for name, value in record.items()})
        time = "" if str(row.time) == "NaT" else f"{row.time:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
        result = f"{row.value:g}" if row.value == row.value else str(row.raw)
        if row.censored and row.detection_limit == row.detection_limit:
            result = f"{row.censored}{row.detection_limit:g}"
        cells = [
            row.section_name or row.section_code,
            time,
            names.get(str(row.item), row.item),
            result,
        ]
        cells += [row.unit, row.reading_flag, cell]
        shown.add_row(*(str(text) for text in cells))
    return shown
