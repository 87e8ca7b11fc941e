"""What the commands share: options, progress, tables on the terminal and in files."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import chaoyang_geo as cg
from chaoyang_geo.files import replacing
from chaoyang_geo.schema import CLASSES, as_text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# a pipe or a file has no width of its own; wide enough that no cell is cut. What is printed comes
# from people's files: "[mg/L]" is no markup and ":b:" no emoji, in a cell as little as in a title
_AS_IT_IS: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
OUT = Console(width=None if sys.stdout.isatty() else 200, **_AS_IT_IS)
ERR = Console(stderr=True, **_AS_IT_IS)

# an argument of the library as it stands in its sentences, crs="EPSG:4549" or crs=, but no file's name
_CRS = re.compile(r"\bcrs=(?:([\"'])(.+?)\1|(?!\w))")


def as_typed(text: str) -> str:
    """Return a sentence of the library with its argument ``crs=`` as the option of the command."""
    return _CRS.sub(lambda found: f"--crs {found[2] or ''}".strip(), text)


Lang = Annotated[str, typer.Option(help="zh 或 en。zh or en.")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。JSON for machines.")]
PlanName = Annotated[str, typer.Option(help="规划名称或文件夹。Name or folder of the plan.")]
Year = Annotated[
    int | None, typer.Option(help="时间没有年份时补的年份。Year of times written without one.")
]


@contextmanager
def steps(count: int, *, quiet: bool) -> Iterator[Any]:
    """Show the running step on the terminal's error channel; silent for machines."""
    if quiet or not ERR.is_terminal:
        yield lambda text: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task("", total=count)
        begun = False

        def step(text: str) -> None:
            nonlocal begun
            progress.update(task, description=text, advance=1 if begun else 0)
            begun = True

        yield step


def said(matched: pd.DataFrame) -> list[str]:
    """Name the columns in which the readings themselves say which station they are from."""
    columns = ("section_code_given", "section_name", "province")
    return [name for name in columns if name in matched]


def say(text: str) -> None:
    """Print a line whole: the terminal breaks it where it ends."""
    OUT.print(text, soft_wrap=True)


def painted(text: str, colour: str) -> Text:
    """Return a cell of a table in a colour."""
    return Text(text, style=colour)


def warn_unmatched(matched: pd.DataFrame, words: dict[str, str]) -> None:
    """Warn of stations that the registry does not have."""
    # a mean or a note has no station of its own
    samples = (
        matched["row_kind"].astype("str").isin(("sample", "")) if "row_kind" in matched else True
    )
    rows = matched[(matched["match_state"] != "matched") & samples]
    names_of = zip(rows["section_name"], rows["section_code_given"], strict=True)
    lost = list(dict.fromkeys(name or code for name, code in names_of))
    if lost:
        names = "、".join(lost[:8]) + ("…" if len(lost) > 8 else "")
        warnings.warn(words["unmatched"].format(n=len(lost), names=names), stacklevel=2)


# terminal colours nearest to the official ones: blue, green, yellow, orange, red
STYLES = dict(
    zip(CLASSES, ("blue", "bright_blue", "green", "yellow", "dark_orange", "red"), strict=True)
)


def item_names(lang: str) -> dict[str, str]:
    """Return the names of items by key."""
    from chaoyang_geo import standards

    return standards.item_names(lang)


def shown(value: Any) -> str:
    """Write a cell of a table on the terminal; what is missing is empty."""
    if value is None or str(value) in ("nan", "NaT", "<NA>"):
        return ""
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M"))
    return str(value)


def frame_table(frame: pd.DataFrame, title: str, lang: str) -> Table:
    """Draw a frame as a table on the terminal, with its labels."""
    table = Table(title=title)
    for name in frame.columns:
        table.add_column(cg.label(str(name), lang), overflow="fold")
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(shown(value) for value in row))
    return table


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a table into JSON values: times in ISO, missing as null."""
    text = frame.to_json(orient="records", date_format="iso", date_unit="s", force_ascii=False)
    return list(json.loads(text))


def write_json(value: Any) -> None:
    """Write JSON for other programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_table(result: pd.DataFrame, path: Path) -> None:
    """Write a table by the kind of its file, at once or not at all."""
    with replacing(path) as temporary:
        suffix = path.suffix.lower()
        if suffix == ".csv":
            # Excel in China opens UTF-8 only with a byte-order mark
            result.to_csv(temporary, index=False, encoding="utf-8-sig")
        elif suffix == ".xlsx":
            write_sheet(result, temporary)
        else:
            text = json.dumps(records(result), ensure_ascii=False, indent=2)
            temporary.write_text(text, encoding="utf-8")


def write_tables(sheets: dict[str, pd.DataFrame], path: Path) -> None:
    """Write tables as the sheets of one workbook, at once or not at all."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, frame in sheets.items():
        _fill(book.create_sheet(name), frame)
    with replacing(path) as temporary:
        book.save(temporary)


def write_sheet(result: pd.DataFrame, path: Path) -> None:
    """Write a workbook of one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    _fill(book.worksheets[0], result)
    book.save(path)


def _fill(sheet: Any, frame: pd.DataFrame) -> None:
    """Fill a sheet in which every text stays text: a name that begins with = is no formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for number, row in enumerate([list(frame.columns), *frame.itertuples(index=False)], 1):
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


def english_names(pack: cg.Plan) -> dict[str, str]:
    """Return the English names of the plan, the longest first: one name may hold another."""
    found: dict[str, str] = {}
    for frame, column in (
        (pack.units, "unit_name"),
        (pack.sections, "section_name"),
        (pack.sections, "water_body"),
        (pack.counties, "county_name"),
        (pack.rivers, "river_name"),
        (pack.indicators, "indicator"),
        (pack.indicators, "target_text"),
    ):
        if {column, f"{column}_en"} <= set(frame.columns):
            pairs = frame[[column, f"{column}_en"]].dropna().itertuples(index=False)
            found.update({str(name): str(english) for name, english in pairs})
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


_NOT_NUMBERED = {
    "zh": "河流图层的 {lost} 不能指明每个河段及其下一河段，改按行号编码，流向由画线方向决定。",
    "en": "rivers: {lost} do not name each reach and the next one; the rows are numbered instead, and "
    "the lines decide the direction.",
}


def numbered(lines: gpd.GeoDataFrame, lang: str) -> gpd.GeoDataFrame:
    """Number reaches that have no code of their own; codes of whole rivers are none of reaches."""
    if "river_name" not in lines:
        called = [name for name in lines if str(name).casefold() in ("名称", "name")]
        lines = lines.rename(columns=dict.fromkeys(called[:1], "river_name"))
    if "reach_code" in lines:
        codes = as_text(lines["reach_code"])
        if not (codes.duplicated() | (codes == "")).any():
            return lines
    lost = [name for name in ("reach_code", "to_code") if name in lines]
    if lost:
        names = ("、" if lang == "zh" else " and ").join(lost)
        warnings.warn(_NOT_NUMBERED[lang].format(lost=names), stacklevel=2)
    numbers = [str(number) for number in range(1, len(lines) + 1)]
    return lines.drop(columns=lost).assign(reach_code=numbers)
