"""The command ``chaoyang-geo``: maps, classes and plans without writing Python."""

from __future__ import annotations

import io
import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import chaoyang_geo as cg
from chaoyang_geo.cli_readings import readings_command
from chaoyang_geo.files import replacing
from chaoyang_geo.schema import CLASSES, one_of

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    name="chaoyang-geo",
    help="流域控制单元水质：读数、评价、地图。Water quality of control units: readings, classes, maps.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

# a pipe or a file has no width of its own; wide enough that no cell is cut
_out = Console(width=None if sys.stdout.isatty() else 200)
_err = Console(stderr=True)

Lang = Annotated[str, typer.Option(help="zh 或 en。zh or en.")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。JSON for machines.")]
PlanName = Annotated[str, typer.Option(help="规划名称或文件夹。Name or folder of the plan.")]
Year = Annotated[
    int | None, typer.Option(help="时间没有年份时补的年份。Year of times written without one.")
]


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="版本。Version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="出错时显示完整追踪。Traceback on errors.")
    ] = False,
) -> None:
    if version:
        _out.print(f"chaoyang_geo {cg.__version__}", highlight=False)
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
    with _steps(4, quiet=as_json) as step:
        step(words["load"])
        pack = cg.load_plan(plan)
        step(words["read"])
        table = cg.read_readings(list(readings), year=year) if readings else pack.readings
        matched = cg.match_sections(table, pack.sections)
        _warn_unmatched(matched, words)
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
        _json(summary)
        return
    listed = "，".join(f"{name} {count}" for name, count in shown.items()) or "-"
    kb = path.stat().st_size // 1024
    _say(words["wrote"].format(path=path, kb=kb))
    _say(words["classed"].format(n=len(classes), classes=listed))


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
    with _steps(2, quiet=as_json) as step:
        step(words["read"])
        readings = cg.read_readings(list(files), year=year)
        sections = cg.load_plan(plan).sections
        matched = cg.match_sections(readings, sections)
        step(words["classify"])
        result = cg.classify(matched, sections, water_type=water_type)
    if out is not None:
        _write_table(result, out)
    if as_json:
        _json(_records(result))
        return
    _out.print(_class_table(result, lang))
    states = matched.drop_duplicates(_said(matched))["match_state"].value_counts()
    _out.print(
        words["matched"].format(
            n=int(states.sum()), **{s: int(states.get(s, 0)) for s in _MATCH_STATES}
        ),
        highlight=False,
    )
    both = result.dropna(subset=["class", "published_class"])
    if len(both):
        same = int((both["class"].astype(str) == both["published_class"].astype(str)).sum())
        _say(words["agree"].format(same=same, n=len(both)))
    if out is not None:
        _say(words["wrote_table"].format(path=out))


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
            _json(_records(frame))
        else:
            _out.print(_frame_table(frame, table, lang))
        return
    summary = [
        {
            "table": key,
            "rows": len(frame),
            "columns": len(frame.columns),
            "quality": _qualities(frame),
        }
        for key, frame in tables.items()
    ]
    if as_json:
        _json({"plan": pack.name, "tables": summary})
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
        columns = "、".join(cg.label(c, lang) for c in frame.columns if c != "geometry")
        overview.add_row(str(row["table"]), str(row["rows"]), str(row["quality"]), columns)
    _out.print(overview)


app.command("readings")(readings_command)

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


@contextmanager
def _steps(steps: int, *, quiet: bool) -> Iterator[Any]:
    """Show the running step on the terminal's error channel; silent for machines."""
    if quiet or not _err.is_terminal:
        yield lambda text: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task("", total=steps)
        begun = False

        def step(text: str) -> None:
            nonlocal begun
            progress.update(task, description=text, advance=1 if begun else 0)
            begun = True

        yield step


def _said(matched: pd.DataFrame) -> list[str]:
    """Name the columns in which the readings themselves say which station they are from."""
    columns = ("section_code_given", "section_name", "province")
    return [name for name in columns if name in matched]


def _say(text: str) -> None:
    """Print a line as it is: a path may hold what looks like markup."""
    _out.print(text, highlight=False, markup=False, soft_wrap=True)


def _warn_unmatched(matched: pd.DataFrame, words: dict[str, str]) -> None:
    rows = matched[matched["match_state"] != "matched"]
    names_of = zip(rows["section_name"], rows["section_code_given"], strict=True)
    lost = list(dict.fromkeys(name or code for name, code in names_of))
    if lost:
        names = "、".join(lost[:8]) + ("…" if len(lost) > 8 else "")
        warnings.warn(words["unmatched"].format(n=len(lost), names=names), stacklevel=2)


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
    names = _item_names(lang)
    for row in result[columns].to_dict("records"):
        cells = [_cell(row[name]) for name in columns]
        for index, name in enumerate(columns):
            if name in ("deciding_items", "items_missing"):
                cells[index] = "、".join(names.get(i, i) for i in cells[index].split(";") if i)
            elif name == "deciding_values":
                cells[index] = cells[index].replace(";", "、")
            elif name == "class" and cells[index]:
                cells[index] = f"[{_STYLES[cells[index]]}]{cells[index]}[/]"
        table.add_row(*cells)
    return table


# terminal colours nearest to the official ones: blue, green, yellow, orange, red
_STYLES = dict(
    zip(CLASSES, ("blue", "bright_blue", "green", "yellow", "dark_orange", "red"), strict=True)
)


def _item_names(lang: str) -> dict[str, str]:
    from chaoyang_geo import standards

    return standards.item_names(lang)


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None or str(value) in ("nan", "NaT", "<NA>"):
        return ""
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M"))
    return escape(str(value))


def _frame_table(frame: pd.DataFrame, title: str, lang: str) -> Table:
    table = Table(title=title)
    for name in frame.columns:
        table.add_column(cg.label(str(name), lang), overflow="fold")
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(_cell(value) for value in row))
    return table


def _qualities(frame: pd.DataFrame) -> str:
    if "quality" not in frame:
        return ""
    return "、".join(f"{name} {count}" for name, count in frame["quality"].value_counts().items())


def _without_geometry(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="geometry") if "geometry" in frame else frame


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a table into JSON values: times in ISO, missing as null."""
    text = frame.to_json(orient="records", date_format="iso", date_unit="s", force_ascii=False)
    return list(json.loads(text))


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _write_table(result: pd.DataFrame, path: Path) -> None:
    with replacing(path) as temporary:
        suffix = path.suffix.lower()
        if suffix == ".csv":
            # Excel in China opens UTF-8 only with a byte-order mark
            result.to_csv(temporary, index=False, encoding="utf-8-sig")
        elif suffix == ".xlsx":
            _write_sheet(result, temporary)
        else:
            text = json.dumps(_records(result), ensure_ascii=False, indent=2)
            temporary.write_text(text, encoding="utf-8")


def _write_sheet(result: pd.DataFrame, path: Path) -> None:
    """Write a sheet in which every text stays text: a name that begins with = is no formula."""
    import openpyxl
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for number, row in enumerate([list(result.columns), *result.itertuples(index=False)], 1):
        for column, value in enumerate(row, 1):
            if value is None or str(value) in ("nan", "NaT", "<NA>"):
                continue
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
                cell.data_type = "s"
            else:
                cell.value = value.item() if hasattr(value, "item") else value
    sheet.freeze_panes = "A2"
    book.save(path)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; user errors end in one line and exit code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    # people append it to the command that failed, so it counts anywhere
    given = [*(["--debug"] if debug else []), *(part for part in given if part != "--debug")]
    lang = "en" if "en" in given or "--lang=en" in given else "zh"
    words = _WORDS[lang]

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        _err.print(
            f"{words['warning']}：{message}",
            style="yellow",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )

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
        _err.print(
            f"{words['error']}：{_sentence(error, words)}",
            style="red",
            highlight=False,
            markup=False,
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
