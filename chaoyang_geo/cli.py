"""The command ``chaoyang-geo``: maps, classes and plans without writing Python."""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

import chaoyang_geo as cg
from chaoyang_geo.cli_assess import assess_command
from chaoyang_geo.cli_geo import check_datum_command, check_units_command, trace_command
from chaoyang_geo.cli_parts import (
    ERR,
    OUT,
    STYLES,
    Json,
    Lang,
    PlanName,
    Year,
    as_typed,
    frame_table,
    item_names,
    painted,
    records,
    said,
    say,
    shown,
    steps,
    warn_unmatched,
    write_json,
    write_table,
)
from chaoyang_geo.cli_readings import readings_command
from chaoyang_geo.cli_screen import screen_command
from chaoyang_geo.schema import one_of

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    name="chaoyang-geo",
    help="流域控制单元水质：读数、评价、地图。Water quality of control units: readings, classes, maps.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes cut a Chinese sentence, which has no blanks, at the width of a column
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="版本。Version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="出错时显示完整追踪。Traceback on errors.")
    ] = False,
) -> None:
    if version:
        say(f"chaoyang_geo {cg.__version__}")
        raise typer.Exit


@app.command("map")
def map_command(
    plan: PlanName = "chaoyang",
    readings: Annotated[
        list[Path] | None,
        typer.Option(
            help="读数文件，可多次给出；缺省用规划自带的。Readings; default: the plan's own."
        ),
    ] = None,
    year: Year = None,
    lang: Lang = "zh",
    out: Annotated[
        Path | None, typer.Option(help="输出 HTML，缺省 maps/<规划>.html。Output file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """绘制一张离线地图（单个 HTML）。Draw one offline map, a single HTML file."""
    one_of("--lang", lang, ("zh", "en"))
    words = _WORDS[lang]
    with steps(4, quiet=as_json) as step:
        step(words["load"])
        pack = cg.load_plan(plan)
        step(words["read"])
        table = cg.read_readings(list(readings), year=year) if readings else pack.readings
        matched = cg.match_sections(table, pack.sections)
        warn_unmatched(matched, words)
        matched = matched[matched["match_state"] == "matched"]
        step(words["classify"])
        items = cg.classify_items(matched, pack.sections)
        classes = cg.classify(matched, pack.sections)
        step(words["draw"])
        layers = cg.map_layers(pack, classes, items=items, lang=lang)
        suffix = "" if lang == "zh" else f"-{lang}"
        path = cg.write_map(layers, out or Path("maps") / f"{pack.name}{suffix}.html")
    counts = classes["class"].value_counts().sort_index()
    shown = {str(name): int(count) for name, count in counts.items() if count}
    if as_json:
        summary = {
            "path": str(path),
            "bytes": path.stat().st_size,
            "units": len(pack.units),
            "sections": len(pack.sections),
            "assessments": len(classes),
            "classes": shown,
        }
        write_json(summary)
        return
    listed = "，".join(f"{name} {count}" for name, count in shown.items()) or "-"
    kb = path.stat().st_size // 1024
    say(words["wrote"].format(path=path, kb=kb))
    say(words["classed"].format(n=len(classes), classes=listed))


@app.command()
def classify(
    files: Annotated[list[Path], typer.Argument(help="读数文件。Readings: .xlsx .csv .json")],
    plan: PlanName = "chaoyang",
    year: Year = None,
    water_type: Annotated[
        str, typer.Option(help="未登记断面的水体类型：river 或 lake。For unregistered sections.")
    ] = "river",
    lang: Lang = "zh",
    out: Annotated[
        Path | None, typer.Option(help="另存为 .csv、.xlsx 或 .json。Also write the table.")
    ] = None,
    as_json: Json = False,
) -> None:
    """评价读数文件中每个断面的水质类别。Class of every section in a file of readings."""
    one_of("--lang", lang, ("zh", "en"))
    if out is not None:
        one_of("--out (file type)", out.suffix.lower(), (".csv", ".xlsx", ".json"))
        if any(file.exists() and out.exists() and file.samefile(out) for file in files):
            raise ValueError(f"--out {out}: this is the file of readings itself; name another.")
    words = _WORDS[lang]
    with steps(2, quiet=as_json) as step:
        step(words["read"])
        readings = cg.read_readings(list(files), year=year)
        sections = cg.load_plan(plan).sections
        matched = cg.match_sections(readings, sections)
        step(words["classify"])
        result = cg.classify(matched, sections, water_type=water_type)
    if out is not None:
        write_table(result, out)
    if as_json:
        write_json(records(result))
        return
    OUT.print(_class_table(result, lang))
    states = matched.drop_duplicates(said(matched))["match_state"].value_counts()
    counts = {state: int(states.get(state, 0)) for state in _MATCH_STATES}
    say(words["matched"].format(n=int(states.sum()), **counts))
    both = result.dropna(subset=["class", "published_class"])
    if len(both):
        same = int((both["class"].astype(str) == both["published_class"].astype(str)).sum())
        say(words["agree"].format(same=same, n=len(both)))
    if out is not None:
        say(words["wrote_table"].format(path=out))


@app.command("plan")
def plan_command(
    name: Annotated[str, typer.Argument(help="规划名称或文件夹。Name or folder.")] = "chaoyang",
    table: Annotated[str | None, typer.Option(help="只看一张表。One table in full.")] = None,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """查看规划的各表。The tables of a plan at a glance."""
    one_of("--lang", lang, ("zh", "en"))
    pack = cg.load_plan(name)
    tables = pack.tables()
    if table is not None:
        one_of("--table", table, tables)
        frame = _without_geometry(tables[table])
        if as_json:
            write_json(records(frame))
        else:
            OUT.print(frame_table(frame, table, lang))
        return
    summary = [
        {
            "table": key,
            "rows": len(frame),
            "columns": len(frame.columns),
            "quality": _qualities(frame, lang),
        }
        for key, frame in tables.items()
    ]
    if as_json:
        write_json({"plan": pack.name, "tables": summary})
        return
    overview = Table(title=pack.title_zh if lang == "zh" else pack.title_en)
    heads = (
        ("表", "行数", "数据性质", "列")
        if lang == "zh"
        else ("table", "rows", "quality", "columns")
    )
    for head, justify in zip(heads, ("left", "right", "left", "left"), strict=True):
        overview.add_column(
            head, justify="right" if justify == "right" else "left", overflow="fold"
        )
    for row, frame in zip(summary, tables.values(), strict=True):
        columns = _COMMAS[lang].join(cg.label(c, lang) for c in frame.columns if c != "geometry")
        overview.add_row(str(row["table"]), str(row["rows"]), str(row["quality"]), columns)
    OUT.print(overview)


app.command("readings")(readings_command)
app.command("assess")(assess_command)
app.command("check-units")(check_units_command)
app.command("check-datum")(check_datum_command)
app.command("trace")(trace_command)
app.command("screen")(screen_command)

_COMMAS = {"zh": "、", "en": ", "}
_MATCH_STATES = ("matched", "ambiguous", "unmatched")
_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "load": "读取规划",
        "read": "读取读数",
        "classify": "评价水质类别",
        "draw": "绘制地图",
        "wrote": "已写入 {path}（{kb} KB），用浏览器打开即可，无需联网。",
        "wrote_table": "已写入 {path}。",
        "classed": "评价 {n} 个断面时次：{classes}。",
        "matched": "断面 {n} 个：匹配 {matched}，不确定 {ambiguous}，未匹配 {unmatched}。",
        "agree": "与发布类别一致 {same}/{n}。",
        "unmatched": "{n} 个断面不在规划登记表中，未绘入地图：{names}。",
        "warning": "注意",
        "error": "错误",
        "debug": "（加 --debug 查看详情）",
    },
    "en": {
        "load": "loading the plan",
        "read": "reading the readings",
        "classify": "classifying",
        "draw": "drawing the map",
        "wrote": "Wrote {path} ({kb} KB); open it in a browser, no network needed.",
        "wrote_table": "Wrote {path}.",
        "classed": "Classified {n} section-times: {classes}.",
        "matched": "{n} sections: {matched} matched, {ambiguous} ambiguous, {unmatched} unmatched.",
        "agree": "Agrees with the published class in {same} of {n}.",
        "unmatched": "{n} sections are not in the plan's registry and were not drawn: {names}.",
        "warning": "note",
        "error": "error",
        "debug": "(--debug shows more)",
    },
}


def _class_table(result: pd.DataFrame, lang: str) -> Table:
    columns = ["section_name", "time", "class", "deciding_items", "deciding_values"]
    columns += [
        "target_class",
        "published_class",
        "assess_flag" if lang == "zh" else "items_missing",
    ]
    columns = [name for name in columns if name in result]
    table = Table()
    for name in columns:
        table.add_column(cg.label(name, lang), overflow="fold")
    names = item_names(lang)
    for row in result[columns].to_dict("records"):
        texts = [shown(row[name]) for name in columns]
        cells: list[str | Text] = [*texts]
        for index, (name, text) in enumerate(zip(columns, texts, strict=True)):
            if name in ("deciding_items", "items_missing"):
                cells[index] = _COMMAS[lang].join(names.get(i, i) for i in text.split(";") if i)
            elif name == "deciding_values":
                cells[index] = text.replace(";", _COMMAS[lang])
            elif name == "class" and text:
                cells[index] = painted(text, STYLES[text])
        table.add_row(*cells)
    return table


def _qualities(frame: pd.DataFrame, lang: str) -> str:
    if "quality" not in frame:
        return ""
    return _COMMAS[lang].join(
        f"{name} {count}" for name, count in frame["quality"].value_counts().items()
    )


def _without_geometry(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="geometry") if "geometry" in frame else frame


def main(arguments: list[str] | None = None) -> None:
    """Run the command; user errors end in one line and exit code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    # people append it to the command that failed, so it counts anywhere
    given = [*(["--debug"] if debug else []), *(part for part in given if part != "--debug")]
    lang = "en" if "en" in given or "--lang=en" in given else "zh"
    words = _WORDS[lang]
    colon = "：" if lang == "zh" else ": "

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        text = (getattr(message, "zh", "") if lang == "zh" else "") or str(message)
        ERR.print(f"{words['warning']}{colon}{as_typed(text)}", style="yellow", soft_wrap=True)

    warnings.showwarning = show
    warnings.simplefilter("always", UserWarning)
    for stream in (sys.stdout, sys.stderr):
        # a pipe on Windows has a code page without Ⅱ and ²
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
    try:
        code = app(args=given, standalone_mode=False)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # whatever it was, a planner gets a line and not a traceback
        if debug:
            raise
        ERR.print(
            f"{words['error']}{colon}{_sentence(error, words)}",
            style="red",
            soft_wrap=True,
        )
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(error: Exception, words: dict[str, str]) -> str:
    """Say what went wrong in one line; what nobody foresaw says where to see more."""
    usage = getattr(error, "format_message", None)
    text = " ".join(str(usage() if usage else error).split())
    if usage or isinstance(error, (ValueError, OSError, ImportError)):
        return text
    return f"{type(error).__name__} {text} {words['debug']}"


if __name__ == "__main__":
    main()
