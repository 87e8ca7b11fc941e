"""The commands on geometry: ``check-units``, ``check-datum``, ``trace``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

import chaoyang_geo as cg
from chaoyang_geo.cli_parts import (
    OUT,
    Json,
    Lang,
    PlanName,
    english_names,
    frame_table,
    records,
    say,
    shown,
    write_json,
    write_table,
)
from chaoyang_geo.schema import one_of, require

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Layer = Annotated[
    Path, typer.Argument(help="图层文件：.shp .gpkg .geojson .kml .zip .xlsx 等。A layer.")
]
Crs = Annotated[
    str, typer.Option(help="图层没有坐标系时说明，如 EPSG:4490。CRS of a layer without one.")
]
Out = Annotated[
    Path | None, typer.Option(help="另存 .gpkg、.geojson 等，或 .xlsx、.csv。Also write.")
]
_TABLES = (".xlsx", ".csv", ".json")
_SHOWN = 40  # rows of a table on the terminal


def _read(path: Path, crs: str) -> gpd.GeoDataFrame:
    return cg.read_layer(path, crs=crs or None)


def _write(frame: Any, path: Path) -> None:
    """Write a layer, or its table where the file is a table."""
    if path.suffix.lower() in _TABLES:
        write_table(frame.drop(columns=[c for c in ("geometry", "place") if c in frame]), path)
    else:
        cg.write_layer(frame, path)


def check_units_command(
    units: Layer,
    within: Annotated[
        Path | None, typer.Option(help="应当铺满的范围，如市界。The area they must fill.")
    ] = None,
    townships: Annotated[Path | None, typer.Option(help="乡镇界。Township borders.")] = None,
    sections: Annotated[Path | None, typer.Option(help="断面点位。Monitoring sections.")] = None,
    rivers: Annotated[Path | None, typer.Option(help="河流。Rivers.")] = None,
    code: Annotated[
        str, typer.Option(help="单元编码所在的列。Column with the code of the unit.")
    ] = "unit_code",
    crs: Crs = "",
    out: Out = None,
    repair: Annotated[
        Path | None, typer.Option(help="修补后的单元另存到此。Write the repaired units here.")
    ] = None,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """检查控制单元：缝隙、重叠、碎片、断面与面积。Check control units, and propose repairs."""
    one_of("--lang", lang, ("zh", "en"))
    words = _WORDS[lang]
    layer = _read(units, crs)
    if code != "unit_code":
        require(layer, [code], table=units.name)
        layer = layer.rename(columns={code: "unit_code"})
    require(layer, ["unit_code"], table=units.name, hint="Say which column it is: --code 编码")
    around = {
        name: _read(path, crs)
        for name, path in (("within", within), ("townships", townships))
        if path is not None
    }
    points = {
        name: _read(path, crs)
        for name, path in (("sections", sections), ("rivers", rivers))
        if path is not None
    }
    found = cg.check_units(layer, **around, **points)
    if out is not None:
        _write(found, out)
    mended = cg.repair_units(layer, findings=found, **around) if repair is not None else None
    if mended is not None and repair is not None:
        cg.write_layer(mended.units, repair)
    if as_json:
        write_json({"findings": records(_plain(found)), "n_units": len(layer)})
        return
    if not len(found):
        say(words["sound"].format(n=len(layer)))
    else:
        counts = found["severity"].value_counts()
        listed = {name: int(counts.get(name, 0)) for name in ("error", "warning", "note")}
        say(words["found"].format(n=len(layer), m=len(found), **listed))
        OUT.print(_findings(found, words, lang))
    if mended is not None:
        moved = float(mended.moved["area_m2"].sum())
        say(words["mended"].format(n=len(mended.moved), km2=moved / 1e6, left=len(mended.left)))
    for path in (out, repair):
        if path is not None:
            say(words["wrote"].format(path=path))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(frame.drop(columns=[c for c in ("geometry", "place") if c in frame]))


def _findings(found: pd.DataFrame, words: dict[str, str], lang: str) -> Table:
    table = Table(title=words["findings"], title_justify="left")
    for head in ("severity", "units", "finding", "repair"):
        table.add_column(words[head], overflow="fold")
    for row in found.head(_SHOWN).to_dict("records"):
        severity = str(row["severity"])
        table.add_row(
            f"[{_COLOURS[severity]}]{words[severity]}[/]",
            shown(row["unit_codes"]),
            shown(row[f"finding_{lang}"]),
            shown(row[f"repair_{lang}"]),
        )
    if len(found) > _SHOWN:
        table.add_row("…", "", words["more"].format(n=len(found) - _SHOWN), "")
    return table


_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


def check_datum_command(
    layer: Layer,
    against: Annotated[
        Path | None,
        typer.Option(help="可靠的对照图层；缺省用规划的区县界。A layer known to be right."),
    ] = None,
    on: Annotated[
        str, typer.Option(help="两个图层里同名要素的列，如 county_name。Column that pairs rows.")
    ] = "",
    plan: PlanName = "chaoyang",
    crs: Crs = "",
    fix: Annotated[
        Path | None, typer.Option(help="改正后的图层另存到此。Write the corrected layer here.")
    ] = None,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """判断坐标是否偏移（GCJ-02、BD-09、轴序、带号）。Tell what the coordinates really are."""
    one_of("--lang", lang, ("zh", "en"))
    words = _WORDS[lang]
    given = _read(layer, crs)
    reference = cg.load_plan(plan).counties if against is None else _read(against, crs)
    verdict = cg.check_datum(given, against=reference, on=on or None)
    if fix is not None:
        cg.write_layer(cg.fix_datum(given, verdict), fix)
    if as_json:
        write_json({
            "verdict": verdict.verdict, "best": verdict.best, "runner_up": verdict.runner_up,
            "residual_m": verdict.residual_m, "hypotheses": records(verdict.hypotheses),
        })  # fmt: skip
        return
    columns = [
        "rank",
        f"hypothesis_{lang}",
        "residual_median_m",
        "residual_p95_m",
        "share_explained",
    ]
    table = verdict.hypotheses[[name for name in columns if name in verdict.hypotheses]].head(8)
    OUT.print(frame_table(table.round(3), words["datum"], lang))
    say(verdict.reason_zh if lang == "zh" else verdict.reason_en)
    if fix is not None:
        say(words["wrote"].format(path=fix))


def trace_command(
    section: Annotated[str, typer.Argument(help="断面编码或名称。Code or name of a section.")],
    plan: PlanName = "chaoyang",
    rivers: Annotated[
        Path | None, typer.Option(help="自己的河流图层。Your own rivers instead of the plan's.")
    ] = None,
    sections: Annotated[
        Path | None, typer.Option(help="自己的断面图层。Your own sections.")
    ] = None,
    max_distance_m: Annotated[
        float, typer.Option(help="断面离河最远多少米。How far a section may lie from its river.")
    ] = 2000.0,
    tolerance_m: Annotated[
        float, typer.Option(help="河段端点相距多少米算相连。Snapping of river ends.")
    ] = 50.0,
    crs: Crs = "",
    out: Out = None,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """断面上游有什么：断面、控制单元、河长。What lies upstream and downstream of a section."""
    one_of("--lang", lang, ("zh", "en"))
    words = _WORDS[lang]
    pack = cg.load_plan(plan)
    lines = pack.rivers if rivers is None else _read(rivers, crs)
    points = pack.sections if sections is None else _read(sections, crs)
    require(points, ["section_code"], table="sections")
    code = _section_code(points, section)
    network = cg.river_network(lines, tolerance_m=tolerance_m)
    name = "water_body" if "water_body" in points else None
    snapped = cg.snap_sections(points, network, max_distance_m=max_distance_m, name=name,
                               name_not_found="nearest")  # fmt: skip
    here = snapped[snapped["section_code"] == code]
    placed = snapped[snapped["reach_code"].fillna("") != ""]
    if not (placed["section_code"] == code).any():
        flag = here["snap_flag"].iloc[0] or here["snap_state"].iloc[0]
        raise ValueError(f"{section}: the section lies on no river ({flag}), so nothing is traced.")
    here = placed[placed["section_code"] == code]
    above = cg.upstream_of(network, here, placed, code="section_code")
    # what has this section upstream of it lies downstream
    below = cg.upstream_of(network, placed, here, code="section_code")
    totals = cg.upstream(network, here, what="lines" if out else "totals")
    lands = {"units": cg.upstream_of(network, here, pack.units, code="unit_code", by="area")}
    if out is not None:
        _write(totals, out)
    if as_json:
        write_json({
            "section_code": code, "river_km_upstream": float(totals["river_km_upstream"].iloc[0]),
            "upstream": records(_plain(above)), "downstream": records(_plain(below)),
            "units": records(_plain(lands["units"])),
        })  # fmt: skip
        return
    names = dict(zip(points["section_code"], points.get("section_name", points["section_code"]),
                     strict=True))  # fmt: skip
    unit_names = dict(zip(pack.units["unit_code"], pack.units["unit_name"], strict=True))
    if lang == "en":
        english = english_names(pack)
        names, unit_names = (
            {key: english.get(str(name), str(name)) for key, name in found.items()}
            for found in (names, unit_names)
        )
    km = float(totals["river_km_upstream"].iloc[0])
    say(words["traced"].format(name=names[code], n=len(above), km=km))
    for title, table, column in (
        ("above", above, "upstream_section_code"), ("below", below, "section_code"),
    ):  # fmt: skip
        OUT.print(_distances(table, words, title, column, names))
    OUT.print(_lands(lands["units"], words, unit_names))
    if out is not None:
        say(words["wrote"].format(path=out))


def _section_code(points: pd.DataFrame, given: str) -> str:
    """Find a section by code, name or alias; one name in two places is not guessed."""
    codes = points["section_code"].astype("str")
    if (codes == given).any():
        return given
    found = points["section_name"] == given if "section_name" in points else codes == given
    if "aliases" in points:
        found |= points["aliases"].fillna("").str.split(";").map(lambda names: given in names)
    hits = codes[found].tolist()
    if len(hits) != 1:
        listed = "、".join(hits or codes.head(20).tolist())
        why = "several sections have this name" if hits else "no section has this code or name"
        raise ValueError(f"{given}: {why}; give one of the codes: {listed}.")
    return str(hits[0])


def _distances(
    table: pd.DataFrame, words: dict[str, str], title: str, column: str, names: dict[str, str]
) -> Table:
    drawn = Table(title=words[title], title_justify="left")
    for head in ("section", "distance"):
        drawn.add_column(words[head], justify="right" if head == "distance" else "left")
    for row in table.to_dict("records"):
        drawn.add_row(shown(names.get(str(row[column]), row[column])), f"{row['distance_km']:.1f}")
    if not len(table):
        drawn.add_row(words["none"], "")
    return drawn


def _lands(table: pd.DataFrame, words: dict[str, str], names: dict[str, str]) -> Table:
    drawn = Table(title=words["lands"], title_justify="left")
    for head in ("unit", "area", "share", "distance"):
        drawn.add_column(words[head], justify="left" if head == "unit" else "right")
    for row in table.to_dict("records"):
        drawn.add_row(
            shown(names.get(str(row["unit_code"]), row["unit_code"])),
            f"{row['area_km2']:.0f}",
            f"{100 * row['share']:.0f}%",
            f"{row['distance_km']:.1f}",
        )
    return drawn


_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "sound": "{n} 个单元，没有发现问题。",
        "found": "{n} 个单元，{m} 处问题：错误 {error}，警告 {warning}，提示 {note}。",
        "findings": "问题与建议",
        "severity": "程度",
        "error": "错误",
        "warning": "警告",
        "note": "提示",
        "units": "单元",
        "finding": "问题",
        "repair": "建议",
        "more": "另有 {n} 处，见输出文件",
        "mended": "修补 {n} 处，移动 {km2:.3f} km²；{left} 处未修。",
        "wrote": "已写入 {path}。",
        "datum": "坐标假设",
        "traced": "{name}：上游有 {n} 个断面，河长 {km:.1f} km。",
        "above": "上游断面",
        "below": "下游断面",
        "lands": "上游控制单元（按单元内河长折算面积）",
        "section": "断面",
        "unit": "控制单元",
        "distance": "沿河距离（km）",
        "area": "面积（km²）",
        "share": "占单元",
        "none": "（无）",
    },
    "en": {
        "sound": "{n} units, nothing wrong was found.",
        "found": "{n} units, {m} findings: {error} errors, {warning} warnings, {note} notes.",
        "findings": "findings and repairs",
        "severity": "severity",
        "error": "error",
        "warning": "warning",
        "note": "note",
        "units": "units",
        "finding": "finding",
        "repair": "repair",
        "more": "{n} more, see the written file",
        "mended": "{n} places mended, {km2:.3f} km² moved; {left} left.",
        "wrote": "Wrote {path}.",
        "datum": "hypotheses on the coordinates",
        "traced": "{name}: {n} sections upstream, {km:.1f} km of river.",
        "above": "sections upstream",
        "below": "sections downstream",
        "lands": "control units upstream (area by length of river)",
        "section": "section",
        "unit": "control unit",
        "distance": "km along the river",
        "area": "area (km²)",
        "share": "of the unit",
        "none": "(none)",
    },
}
