"""The command ``chaoyang-geo screen``: red lines over project sites, findings and map in one go."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

import chaoyang_geo as cg
from chaoyang_geo.cli_parts import (
    OUT,
    Json,
    Lang,
    painted,
    records,
    say,
    shown,
    steps,
    write_json,
)
from chaoyang_geo.cli_screen_words import WORDS
from chaoyang_geo.cli_screen_writing import announce, progress_of, untold_sites
from chaoyang_geo.cli_ways import (
    Ways,
    alternatives_of,
    bands_round,
    distances_of,
    downstream_of,
    kinds_of,
    names_of,
    water_of,
)
from chaoyang_geo.cli_zones import ReadZones, asked_layers, read_any, write_form
from chaoyang_geo.crs import CRSError, moved
from chaoyang_geo.findings import FORMATS
from chaoyang_geo.findings.folder import MANIFEST
from chaoyang_geo.findings.model import unchecked_kinds
from chaoyang_geo.findings.plain import plain_rows
from chaoyang_geo.findings.word import need_word
from chaoyang_geo.findings.write import PAGES
from chaoyang_geo.flags import flag_text
from chaoyang_geo.schema import SchemaError, as_text, one_of
from chaoyang_geo.screening.words import fold
from chaoyang_geo.verdicts import VERDICTS, kinds_text, state_name, verdict_name

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_CODES = (
    "site_code", "项目编码", "项目代码", "项目编号", "地块编号", "编码", "编号", "代码", "code", "id",
)  # fmt: skip
_NAMES = ("site_name", "项目名称", "工程名称", "地块名称", "名称", "name")
_ACTIVITIES = ("activity", "建设活动", "活动", "项目类型", "建设内容", "用途", "地块用途")
_SHOWN = 20  # sites on the terminal
_MOST_PROCESSES = 8  # each holds the zones in memory
_COLOURS = {
    "禁止": "bold red", "无法判断": "magenta", "压线需复核": "yellow", "限制": "dark_orange",
    "允许有条件": "blue", "允许": "green", "无冲突": "green",
}  # fmt: skip


def screen_command(
    sites: Annotated[
        Path | None,
        typer.Argument(
            help="项目：图层（文件.gpkg#图层）、有坐标的 Excel 或 CSV、勘测定界 .txt。"
            "Sites: a layer (FILE.gpkg#LAYER), a table, or a survey's .txt."
        ),
    ] = None,
    zones: Annotated[
        list[str] | None,
        typer.Argument(
            help="分区图层，可写“类型=文件”或“类型/等级=文件”，如 水源地/一级=a.shp；文件可写 a.gpkg#图层。"
            "Layers of zones: FILE, or KIND=FILE, KIND/GRADE=FILE; FILE may be FILE.gpkg#LAYER."
        ),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            help="规则：builtin 或自己的 .toml，可多次。Rules: builtin, or a .toml of your own."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="结论文件夹，缺省 screening。Folder for findings, Excel and map."),
    ] = None,
    zones_info: Annotated[
        Path | None,
        typer.Option(
            help="各图层的类型、等级、版本、日期等（.toml）。Kind, grade, version, date of the layers."
        ),
    ] = None,
    write_info: Annotated[
        Path | None,
        typer.Option(
            help="写出待填的 --zones-info 后停止。Write a --zones-info to fill in, and stop."
        ),
    ] = None,
    activity: Annotated[
        str,
        typer.Option(
            help="建设活动所在的列，或对全部项目适用的活动。Column of activities, or one for all."
        ),
    ] = "",
    code: Annotated[str, typer.Option(help="项目编码所在的列。Column with the code.")] = "",
    name: Annotated[str, typer.Option(help="项目名称所在的列。Column with the name.")] = "",
    tolerance_m: Annotated[
        float, typer.Option(help="精度不明时误差带的半宽（米）。Band where accuracy is unknown.")
    ] = 10.0,
    max_distance_m: Annotated[
        float, typer.Option(help="列出多少米以内的分区。How far zones are listed.")
    ] = 1000.0,
    on: Annotated[
        str, typer.Option(help="核查日期，缺省今天。Day of the screening; default today.")
    ] = "",
    valid_days: Annotated[int, typer.Option(help="结论有效天数。Days that a finding holds.")] = 180,
    unverified: Annotated[
        str, typer.Option(help="未核实的规则：mark 或 leave_out。Unverified rules.")
    ] = "mark",
    network: Annotated[
        str,
        typer.Option(
            help="追踪水去向的河流图层；缺省用项目所在规划的河流，none 不追踪。"
            "Rivers to follow the water along; default the plan's, or none."
        ),
    ] = "",
    downstream_of_kinds: Annotated[
        str,
        typer.Option("--downstream-of", help="追踪至哪些类型的分区。Kinds of zones to look for."),
    ] = "饮用水水源保护区",
    downstream_km: Annotated[
        float, typer.Option(help="沿河最多追踪多少公里。How far down the river.")
    ] = 50.0,
    alternatives: Annotated[
        bool,
        typer.Option(
            "--alternatives",
            help="备选：可用部分、最小平移、冲突区段。Free part, smallest shift, stretches.",
        ),
    ] = False,
    shift_within_m: Annotated[
        float, typer.Option(help="平移最多多少米。Longest shift that is looked for.")
    ] = 2000.0,
    distances_m: Annotated[
        str,
        typer.Option(
            help="距最近分区的等距带（米），如 500,1000,2000。Bands by distance to the nearest zone."
        ),
    ] = "",
    distances_of_kinds: Annotated[
        str, typer.Option("--distances-of", help="等距带按哪些类型的分区。Kinds of zones for them.")
    ] = "生态保护红线",
    formats: Annotated[
        str,
        typer.Option(help=f"写哪些格式，缺省 {','.join(FORMATS)}。Formats to write; default all."),
    ] = "",
    pages: Annotated[
        str,
        typer.Option(
            help="为哪些项目写页：all，或 conflicts（有冲突或存疑的）。Sites with a page: all, or conflicts."
        ),
    ] = "all",
    processes: Annotated[
        int,
        typer.Option(min=0, help="同时写页的进程数，缺省按处理器。Processes; default all."),
    ] = 0,
    example: Annotated[
        bool, typer.Option("--example", help="用自带的示例数据。Use the synthetic examples.")
    ] = False,
    plan: Annotated[
        str, typer.Option(help="底图所用规划；none 不画。Plan below the map, or none.")
    ] = "chaoyang",
    crs: Annotated[
        str, typer.Option(help="图层没有坐标系时说明，如 EPSG:4490。CRS of layers without one.")
    ] = "",
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """项目选址压线核查：结论、Excel 与地图。Screen project sites: findings, workbook and map."""
    one_of("--lang", lang, ("zh", "en"))
    words = WORDS[lang]
    wanted = _formats(formats, words)
    one_of("--pages", pages, PAGES)
    at_once = processes or min(os.cpu_count() or 1, _MOST_PROCESSES)
    # a fault in the rules is told before anything is read
    cg.rules_table(rules or ["builtin"], unverified=unverified)
    day = on or date.today().isoformat()
    watched = kinds_of(downstream_of_kinds, "--downstream-of")
    limits = distances_of(distances_m or ("500,1000,2000" if example else ""))
    banded = kinds_of(distances_of_kinds, "--distances-of")
    folder = out or Path("screening-example" if example else "screening")
    if example:
        if sites is not None or zones or zones_info is not None:
            raise ValueError("--example brings sites and zones of its own; leave out the files.")
        pack = cg.load_examples()
        given, read = pack.sites, ReadZones([pack.zones])
    else:
        if sites is None or not zones:
            raise ValueError(words["no_files"])
        asked = asked_layers(zones, zones_info)
        with steps(len(asked) + 1, quiet=as_json) as step:
            step(words["read"].format(name=sites.name))
            given = _sites(sites, crs=crs, code=code, name=name, activity=activity, words=words)
            read = ReadZones([])
            for layer in asked:
                step(words["read"].format(name=layer.path.name))
                read.add(layer, crs, words, quiet=write_info is not None)
        if write_info is not None:
            write_form(write_info, asked, read)
            say(words["wrote_info"].format(path=write_info))
            return
        if not len(given):
            warnings.warn(words["no_sites"].format(path=sites.name), stacklevel=2)
    ground = _base(plan, given)
    water = water_of(network, ground, crs, words, lang)
    # alternatives are looked for site by site
    with steps(4 + len(given) * (alternatives or example), quiet=as_json) as step:

        def screened(places: gpd.GeoDataFrame) -> cg.Screening:
            return cg.cap_approximate(
                cg.screen_sites(
                    places, read.frames, rules=rules or ["builtin"], tolerance_m=tolerance_m,
                    max_distance_m=max_distance_m, on=day, unreadable=read.unreadable,
                    unverified=unverified,
                )
            )  # fmt: skip

        step(words["screen"].format(n=len(given)))
        screening = screened(given)
        zones_all = _together(read.frames)
        ways = Ways()
        if zones_all is not None and (alternatives or example):
            ways = alternatives_of(
                screening,
                zones_all,
                within_m=shift_within_m,
                again=screened,
                step=step,
                words=words,
            )
        if water is not None:
            step(words["water"])
            ways.downstream = downstream_of(
                given, _zones_or_none(zones_all, given), water,
                kinds=watched, max_distance_km=downstream_km,
            )  # fmt: skip
        ways.names = names_of(ground, lang)
        if zones_all is not None and limits:
            step(words["bands"])
            ways.bands = bands_round(
                given, zones_all, kinds=banded, distances_m=limits, words=words
            )
        step(words["draw"])
        page = _map_page(screening, read.frames, ground, ways, lang)
    if not as_json:
        announce(screening, pages, wanted, at_once, words)
    named = words["map_file"]
    with ExitStack() as bar:
        files = cg.write_findings(
            screening,
            folder,
            zones=zones_all,
            lang=lang,
            valid_days=valid_days,
            formats=wanted,
            pages=pages,
            processes=at_once,
            extra_files={named: page.encode("utf-8")},
            progress=progress_of(bar, words, quiet=as_json),
            **ways.tables(),
        )
    if as_json:
        write_json(_summary(screening, folder, named, files, valid_days))
        return
    _show(screening, read, folder, named, files, lang)


def _formats(given: str, words: Mapping[str, str]) -> list[str]:
    """Return the formats to write: those asked for, else all for which the packages are there."""
    wanted = [part.strip() for part in given.split(",") if part.strip()]
    for each in wanted:
        one_of("--formats", each, FORMATS)
    try:
        need_word()
    except ImportError:
        if "docx" in wanted:
            raise
        if not wanted:
            warnings.warn(words["no_word"], stacklevel=2)
        return wanted or [each for each in FORMATS if each != "docx"]
    return wanted or list(FORMATS)


# --- sites ----------------------------------------------------------------------------------------


def _sites(
    path: Path, *, crs: str, code: str, name: str, activity: str, words: Mapping[str, str]
) -> gpd.GeoDataFrame:
    """Read the sites and find their code, name and activity."""
    frame = read_any(path, {}, "", crs, words)
    if frame.crs is None:
        raise CRSError(f"{path}: the layer says no CRS; say it: --crs EPSG:4490")
    codes = _column(frame, path, code, _CODES, "--code")
    names = _column(frame, path, name, _NAMES, "--name")
    width = len(str(len(frame)))
    if codes is None:
        warnings.warn(words["no_code"].format(path=path.name), stacklevel=2)
        texts = [f"{number:0{width}d}" for number in range(1, len(frame) + 1)]
    else:
        texts = as_text(frame[codes]).str.strip().tolist()
        _codes_of_their_own(texts, path, codes, frame)
    frame = frame.assign(
        site_code=texts,
        site_name=texts if names is None else frame[names].fillna("").astype("str").to_numpy(),
        activity=_activities(frame, path, activity, words),
    )
    return frame


def _codes_of_their_own(
    texts: Sequence[str], path: Path, column: str, frame: gpd.GeoDataFrame
) -> None:
    """Raise where a site has no code or that of another, naming the rows and what to do."""
    rows: dict[str, list[str]] = {}
    for row, text in enumerate(texts, 1):
        rows.setdefault(text, []).append(str(row))
    others = "、".join(str(each) for each in frame.columns if each != frame.geometry.name)
    mend = f"mend the file, or name another column with --code (columns: {others})."
    if (frame.geom_type.dropna() == "Point").all():
        mend += (
            " If the rows are the corners of one site, draw its polygon first: each row is a site."
        )
    if "" in rows:
        raise SchemaError(f"{path}: row {rows[''][0]} has no code in column {column!r}; {mend}")
    for text, found in rows.items():
        if len(found) > 1:
            raise SchemaError(
                f"{path}: {text!r} in column {column!r} is the code of rows {' and '.join(found[:5])}; "
                f"every site needs one of its own: {mend}"
            )


def _column(
    frame: gpd.GeoDataFrame, path: Path, given: str, usual: Sequence[str], option: str
) -> str | None:
    if given:
        if given not in frame.columns:
            columns = "、".join(str(column) for column in frame.columns)
            raise SchemaError(f"{path}: {option} {given}: no such column; there are: {columns}.")
        return given
    by_fold = {fold(column): str(column) for column in reversed(frame.columns)}
    return next((by_fold[fold(word)] for word in usual if fold(word) in by_fold), None)


def _activities(frame: gpd.GeoDataFrame, path: Path, given: str, words: Mapping[str, str]) -> Any:
    """Return the activity of every site: of a column, or the one that was given for all."""
    column = given if given in frame.columns else _column(frame, path, "", _ACTIVITIES, "")
    for_all = "" if given in frame.columns else given
    if (for_all and cg.find_activity(for_all) is None) or (column is None and not for_all):
        columns = "、".join(str(each) for each in frame.columns)
        said = f"--activity {given}: no column and no known activity" if given else (
            "no column says what the projects are"
        )  # fmt: skip
        raise SchemaError(
            f"{path}: {said}; give --activity with a column ({columns}), or an activity for all, "
            "e.g. --activity 光伏 (chaoyang_geo.activities_table() lists them)."
        )
    if column is None:
        return for_all
    if for_all:
        text = words["activity_for_all"].format(path=path.name, activity=given, column=column)
        warnings.warn(text, stacklevel=2)
        return for_all
    texts = frame[column].fillna("").astype("str").str.strip()
    _tell_unknown(path, column, texts.tolist(), words)
    return texts.to_numpy()


def _tell_unknown(path: Path, column: str, texts: Sequence[str], words: Mapping[str, str]) -> None:
    """Warn of activities that the vocabulary does not have: no rule can be found for them."""
    rows = [row for row, text in enumerate(texts, 1) if cg.find_activity(text) is None]
    if rows:
        each = [words["row"].format(row=row, text=f"“{texts[row - 1]}”") for row in rows[:5]]
        if len(rows) > 5:
            each.append(words["more_rows"].format(n=len(rows) - 5))
        text = words["unknown_activities"].format(
            path=path.name,
            column=column,
            rows=words["stop"].join(each),
            known=words["list"].join(cg.activities_table()[words["activity_name"]]),
        )
        warnings.warn(text, stacklevel=2)


# --- what is written and shown --------------------------------------------------------------------


def _together(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame | None:
    """Return all zones in one frame, for the maps of the pages."""
    import geopandas as gpd
    import pandas as pd

    if not frames:
        return None
    crs = frames[0].crs
    parts = [moved(frame, crs) for frame in frames if len(frame)]
    if not parts:
        return frames[0]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs)


def _zones_or_none(zones: gpd.GeoDataFrame | None, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the zones, or a table of no zones: where the water goes can be told without."""
    import geopandas as gpd

    if zones is not None:
        return zones
    columns = ("zone_code", "zone_name", "zone_kind", "zone_grade", "layer", "version")
    return gpd.GeoDataFrame({name: [] for name in columns}, geometry=[], crs=sites.crs)


def _base(plan: str, sites: gpd.GeoDataFrame) -> cg.Plan | None:
    """Return the plan for the map, where the sites lie in it."""
    if plan == "none":
        return None
    pack = cg.load_plan(plan)
    placed = sites.geometry.dropna()
    if not len(placed):
        return pack
    west, south, east, north = moved(placed, pack.counties.crs).total_bounds
    left, low, right, high = pack.counties.total_bounds
    return pack if west <= right and east >= left and south <= high and north >= low else None


def _map_page(
    screening: cg.Screening,
    zones: Sequence[gpd.GeoDataFrame],
    plan: cg.Plan | None,
    ways: Ways,
    lang: str,
) -> str:
    from chaoyang_geo.maps.viewer import render_page

    layers = cg.screening_layers(screening, zones=zones, plan=plan, lang=lang, **ways.tables())
    return render_page(layers)


def _counts(screening: cg.Screening) -> dict[str, int]:
    counts = screening.sites["verdict"].value_counts()
    return {verdict: int(counts[verdict]) for verdict in VERDICTS if counts.get(verdict, 0)}


def _summary(
    screening: cg.Screening, folder: Path, map_file: str, files: pd.DataFrame, valid_days: int
) -> dict[str, Any]:
    columns = ["site_code", "site_name", "activity", "verdict", "n_zones", "verdict_flag",
               "why_zh", "why_en"]  # fmt: skip
    import pandas as pd

    return {
        "folder": str(folder),
        "map": str(folder / map_file),
        "verdicts": _counts(screening),
        "sites": records(pd.DataFrame(screening.sites)[columns]),
        "layers": records(screening.checked),
        "options": {**screening.options, "valid_days": valid_days},
        "expires_on": _expires_on(folder),
        "not_checked": unchecked_kinds(plain_rows(screening.checked)),
        "n_files": len(files),
    }


def _expires_on(folder: Path) -> str:
    """Return the last day of the findings of a folder, as they say it."""
    return str(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["expires_on"])


def _show(
    screening: cg.Screening,
    read: ReadZones,
    folder: Path,
    map_file: str,
    files: pd.DataFrame,
    lang: str,
) -> None:
    words = WORDS[lang]
    invented = screening.checked["quality"].str.contains("synthetic").any()
    sites = screening.sites
    if invented or ("quality" in sites and sites["quality"].eq("synthetic").any()):
        say(words["synthetic"])
    counts = _counts(screening)
    listed = words["stop"].join(f"{verdict_name(v, lang)} {n}" for v, n in counts.items())
    say(
        words["screened"].format(
            n=len(screening.sites), day=screening.options["on"], counts=listed or words["none"]
        )
    )
    if len(screening.sites):
        OUT.print(_site_table(screening, words, lang))
        _tell_other_doubts(screening, folder, files, words)
    OUT.print(_layer_table(screening.checked, read.known_by, words, lang))
    missing = [row["zone_kind"] for row in unchecked_kinds(plain_rows(screening.checked))]
    if any(missing):
        kinds = kinds_text(";".join(filter(None, missing)), lang)
        say(words["not_checked"].format(kinds=kinds))
    say(words["expires"].format(day=_expires_on(folder)))
    pages = int((files["site_code"] != "").sum())
    say(words["wrote"].format(folder=folder, n=len(files), pages=pages))
    formats = set(files["file_format"])
    for file, each in (("index.html", "html"), ("findings.xlsx", "xlsx"), ("findings.json", "json"),
                       (map_file, "html")):  # fmt: skip
        if each in formats and (folder / file).exists():
            say(f"  {folder / file}")


def _tell_other_doubts(
    screening: cg.Screening, folder: Path, files: pd.DataFrame, words: Mapping[str, str]
) -> None:
    """Say how many sites have doubts beside those of their verdict, and where they are listed."""
    doubted = untold_sites(screening)
    listed = [name for name in ("index.html", "findings.xlsx", "findings.json")
              if files["file"].eq(name).any()]  # fmt: skip
    if doubted and listed:
        say(words["other_doubts"].format(n=len(doubted), where=folder / listed[0]))


def _site_table(screening: cg.Screening, words: Mapping[str, str], lang: str) -> Table:
    rank = {verdict: at for at, verdict in enumerate(VERDICTS)}
    ordered = screening.sites.assign(rank=screening.sites["verdict"].map(rank)).sort_values(
        "rank", kind="stable"
    )
    table = Table(title=words["worst"], title_justify="left")
    for head in ("site", "verdict", "why"):
        table.add_column(words[head], overflow="fold", no_wrap=head == "verdict" and lang == "zh")
    rows = ordered.drop(columns=ordered.geometry.name).head(_SHOWN).to_dict("records")
    for row in rows:
        verdict = str(row["verdict"])
        table.add_row(
            shown(row["site_name"] or row["site_code"]),
            painted(verdict_name(verdict, lang), _COLOURS[verdict]),
            shown(_reason(row, words, lang)),
        )
    if len(ordered) > _SHOWN:
        table.add_row("…", "", words["more"].format(n=len(ordered) - _SHOWN))
    return table


def _reason(row: Mapping[str, Any], words: Mapping[str, str], lang: str) -> str:
    """Return a reason without its verdict, and below it the doubts that it does not tell."""
    why = str(row[f"why_{lang}"])
    flags = [
        flag for flag in str(row["verdict_flag"]).split("；") if flag not in str(row["why_zh"])
    ]
    doubts = [flag_text(flag, lang) for flag in flags]
    more = words["stop"].join(text for text in doubts if text not in why)
    said = why.removeprefix(verdict_name(str(row["verdict"]), lang)).lstrip("：: ")
    return f"{said}\n{words['doubt']}{words['colon']}{more}" if more else said


def _layer_table(
    checked: pd.DataFrame, known_by: Mapping[str, str], words: Mapping[str, str], lang: str
) -> Table:
    table = Table(title=words["layers"], title_justify="left")
    for head in ("layer", "kind", "zones", "version", "state"):
        table.add_column(
            words[head], overflow="fold", justify="right" if head == "zones" else "left"
        )
    for row in checked.to_dict("records"):
        kinds = kinds_text(str(row["zone_kinds"]), lang)
        how = known_by.get(str(row["layer"]), "")
        state = state_name(str(row["layer_state"]), lang)
        flag = flag_text(row["layer_flag"], lang)
        unread = row["layer_state"] == "unreadable"
        version = row["version"] or ("" if unread else words["not_stated"])
        if flag and not flag.startswith(state):
            flag = f"{state}{words['colon']}{flag}"
        table.add_row(
            shown(row["layer"]),
            words["known_by"].format(kind=kinds, how=how) if how and kinds else kinds,
            f"{row['n_zones']}",
            shown(" ".join(text for text in (version, row["version_date"]) if text)),
            shown(flag or state),
            style=None if row["layer_state"] == "ok" else "magenta",
        )
    return table
