"""The commands on geometry: ``check-units``, ``check-datum``, ``trace``."""

from __future__ import annotations

import warnings
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
    numbered,
    painted,
    records,
    say,
    shown,
    write_json,
    write_table,
)
from chaoyang_geo.schema import as_text, one_of, require

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
    layer = _units(units, crs, code)
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
    if townships is not None:
        around["townships"] = _keyed(around["townships"], "township", townships.name)
    if sections is not None:
        points["sections"] = _with_unit(points["sections"], layer, sections.name, words)
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
        left = cg.check_units(mended.units, **around, **points)
        say(words["mended"].format(n=len(mended.moved), km2=moved / 1e6, left=len(left)))
    for path in (out, repair):
        if path is not None:
            say(words["wrote"].format(path=path))


def _keyed(layer: gpd.GeoDataFrame, kind: str, table: str, hint: str = "") -> gpd.GeoDataFrame:
    """Return a layer in which each row has a code; where there is none, its name is it."""
    code, name = f"{kind}_code", f"{kind}_name"
    if code not in layer and name in layer:
        return layer.assign(**{code: as_text(layer[name])})
    require(layer, [code], table=table, hint=hint or f"Give it the column {code} or {name}.")
    return layer


def _units(path: Path, crs: str, code: str) -> gpd.GeoDataFrame:
    """Read units; the column with their codes may be named as in the file, or as it is read."""
    layer = _read(path, crs)
    if code != "unit_code" and code not in layer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said when it was read above
            layer = cg.read_layer(path, columns={code: "unit_code"}, crs=crs or None)
        if "unit_code" not in layer:
            require(layer, [code], table=path.name, hint="--code takes a column of the file.")
    elif code != "unit_code":
        layer = layer.drop(columns="unit_code", errors="ignore").rename(columns={code: "unit_code"})
    return _keyed(layer, "unit", path.name, hint="Say which column it is: --code 编码")


def _with_unit(
    points: gpd.GeoDataFrame, units: gpd.GeoDataFrame, table: str, words: dict[str, str]
) -> gpd.GeoDataFrame:
    """Return sections with a code and their unit: by its name, else the one that they lie in."""
    points = _keyed(points, "section", table)
    if "unit_code" in points or "section_codes" in units:
        return points
    if "unit_name" in points and "unit_name" in units:
        codes = dict(zip(as_text(units["unit_name"]), as_text(units["unit_code"]), strict=True))
        names = as_text(points["unit_name"])
        return points.assign(unit_code=[codes.get(name, name) for name in names])
    warnings.warn(words["by_place"].format(table=table), stacklevel=2)
    return cg.units_of_sections(points, units, border_m=0).drop(
        columns=["unit_basis", "belongs_flag"]
    )


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
            painted(words[severity], _COLOURS[severity]),
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
    if not verdict.decided:
        say(words["undecided"])
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
    units: Annotated[
        Path | None, typer.Option(help="自己的控制单元或乡镇图层。Your own units or townships.")
    ] = None,
    outlet: Annotated[
        str,
        typer.Option(
            help="出口：经度,纬度 或河段编码；画向不可靠时用。Outlet: lon,lat or a reach code."
        ),
    ] = "",
    crs: Crs = "",
    out: Out = None,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """断面上游有什么：断面、控制单元、河长。What lies upstream and downstream of a section."""
    one_of("--lang", lang, ("zh", "en"))
    words = _WORDS[lang]
    pack = cg.load_plan(plan)
    lines = pack.rivers if rivers is None else numbered(_read(rivers, crs), lang)
    points = (
        pack.sections
        if sections is None
        else _keyed(_read(sections, crs), "section", sections.name)
    )
    land, land_code = (
        (pack.units, "unit_code") if units is None else _areas(_read(units, crs), units.name)
    )
    code = _section_code(points, section)
    # a river drawn as one row of several parts is taken as so many reaches
    network = cg.river_network(
        lines, tolerance_m=tolerance_m, outlet=_outlet(outlet), split=rivers is not None
    )
    name = next((name for name in ("water_body", "river_name") if name in points), None)
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
    lands = cg.upstream_of(network, here, land, code=land_code, by="area")
    if out is not None:
        _write(totals, out)
    if as_json:
        write_json({
            "section_code": code, "river_km_upstream": float(totals["river_km_upstream"].iloc[0]),
            "upstream": records(_plain(above)), "downstream": records(_plain(below)),
            "units": records(_plain(lands)),
            "network": network.findings["finding_kind"].value_counts().to_dict(),
        })  # fmt: skip
        return
    names = dict(zip(points["section_code"], points.get("section_name", points["section_code"]),
                     strict=True))  # fmt: skip
    land_name = land_code.replace("_code", "_name")
    land_names = dict(zip(land[land_code], land.get(land_name, land[land_code]), strict=True))
    if lang == "en":
        english = english_names(pack)
        names, land_names = (
            {key: english.get(str(name), str(name)) for key, name in found.items()}
            for found in (names, land_names)
        )
    if rivers is not None:
        say(_network_told(network, words, lang))
    km = float(totals["river_km_upstream"].iloc[0])
    say(words["traced"].format(name=names[code], n=len(above), km=km))
    say(_placed(here.iloc[0], network, words))
    for title, table, column in (
        ("above", above, "upstream_section_code"), ("below", below, "section_code"),
    ):  # fmt: skip
        OUT.print(_distances(table, words, title, column, names))
    if len(lands) or rivers is None or units is not None:
        OUT.print(_lands(lands, land_code, words, land_names))
    if out is not None:
        say(words["wrote"].format(path=out))


def _outlet(text: str) -> Any:
    """Read an outlet: a point in degrees, reach codes joined by commas, or none."""
    import geopandas as gpd
    from shapely import Point

    parts = [part.strip() for part in text.replace("，", ",").replace(";", ",").split(",")]
    if not any(parts):
        return None
    if len(parts) == 2 and all("." in part for part in parts):
        try:
            return gpd.GeoSeries([Point(*map(float, parts))], crs="EPSG:4490")
        except ValueError:
            pass  # two codes with dots
    return [part for part in parts if part]


def _areas(areas: gpd.GeoDataFrame, table: str) -> tuple[gpd.GeoDataFrame, str]:
    """Return a layer of units, townships or counties, and the column with their codes."""
    kinds = ("unit", "township", "county")
    known = [kind for kind in kinds if f"{kind}_code" in areas or f"{kind}_name" in areas]
    kind = known[0] if known else "unit"
    return _keyed(areas, kind, table), f"{kind}_code"


def _network_told(network: cg.RiverNetwork, words: dict[str, str], lang: str) -> str:
    """Say in a line what the network was built of, and what was doubtful."""
    found = network.findings[network.findings["severity"] != "note"]
    names = found["finding_name" if lang == "zh" else "finding_kind"].value_counts()
    listed = words["comma"].join(f"{str(k).replace('_', ' ')} {n}" for k, n in names.items())
    km = float(network.length_m.sum()) / 1e3
    told = words["network"].format(
        n=len(network.reaches), km=km, found=listed or words["sound_net"]
    )
    some = found[f"finding_{lang}"].head(5).tolist()
    more = [words["more_net"].format(n=len(found) - 5)] if len(found) > 5 else []
    return "\n".join([told, *(f"  - {text}" for text in some + more)])


def _placed(here: Any, network: cg.RiverNetwork, words: dict[str, str]) -> str:
    """Say on which reach a section was put, how far off, and what is doubtful about it."""
    reach = network.reaches.set_index("reach_code").loc[here["reach_code"]]
    river = shown(reach["river_name"]) if "river_name" in reach else ""
    flag = shown(here["snap_flag"])
    return words["placed"].format(
        reach=here["reach_code"], river=f" {river}" if river else "", m=here["offset_m"],
        flag=words["flag"].format(flag=flag) if flag else "",
    )  # fmt: skip


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


def _lands(table: pd.DataFrame, code: str, words: dict[str, str], names: dict[str, str]) -> Table:
    drawn = Table(title=words[f"lands_{code}"], title_justify="left")
    for head in (code, "area", "share", "distance"):
        drawn.add_column(words[head], justify="left" if head == code else "right")
    for row in table.to_dict("records"):
        drawn.add_row(
            shown(names.get(str(row[code]), row[code])),
            f"{row['area_km2']:.0f}",
            f"{100 * row['share']:.0f}%",
            f"{row['distance_km']:.1f}",
        )
    if not len(table):
        drawn.add_row(words["none"], "", "", "")
    return drawn


_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "by_place": "{table}：断面没有写明属于哪个单元，按所在或紧邻的单元计。",
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
        "mended": "修补 {n} 处，移动 {km2:.3f} km²；修后再查，还有 {left} 处。",
        "wrote": "已写入 {path}。",
        "datum": "坐标假设",
        "undecided": "不能判定。可用线、面图层代替点，用 --against 换本地的对照图层，或用 --on 指明同名要素的列。",
        "traced": "{name}：上游有 {n} 个断面，河长 {km:.1f} km。",
        "placed": "断面放在河段 {reach}{river} 上，离河 {m:.0f} m{flag}。",
        "flag": "；{flag}",
        "above": "上游断面",
        "below": "下游断面",
        "lands_unit_code": "上游控制单元（按单元内河长折算面积）",
        "lands_township_code": "上游乡镇（按乡镇内河长折算面积）",
        "lands_county_code": "上游区县（按区县内河长折算面积）",
        "section": "断面",
        "unit_code": "控制单元",
        "township_code": "乡镇",
        "county_code": "区县",
        "network": "河网：{n} 个河段，{km:.1f} km；{found}。",
        "sound_net": "没有发现问题",
        "comma": "、",
        "more_net": "另有 {n} 处",
        "distance": "沿河距离（km）",
        "area": "面积（km²）",
        "share": "占其面积",
        "none": "（无）",
    },
    "en": {
        "by_place": "{table}: the sections do not say which unit they belong to, so each was taken "
        "for the unit that it lies in or beside.",
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
        "mended": "{n} places mended, {km2:.3f} km² moved; checked again, {left} findings are left.",
        "wrote": "Wrote {path}.",
        "datum": "hypotheses on the coordinates",
        "undecided": "No verdict. Lines or polygons tell more than points; --against names a layer "
        "from here, --on the column of the same features.",
        "traced": "{name}: {n} sections upstream, {km:.1f} km of river.",
        "placed": "The section was put on reach {reach}{river}, {m:.0f} m off{flag}.",
        "flag": "; {flag}",
        "above": "sections upstream",
        "below": "sections downstream",
        "lands_unit_code": "control units upstream (area by length of river)",
        "lands_township_code": "townships upstream (area by length of river)",
        "lands_county_code": "counties upstream (area by length of river)",
        "section": "section",
        "unit_code": "control unit",
        "township_code": "township",
        "county_code": "county",
        "network": "The network: {n} reaches, {km:.1f} km; {found}.",
        "sound_net": "nothing wrong was found",
        "comma": ", ",
        "more_net": "{n} more",
        "distance": "km along the river",
        "area": "area (km²)",
        "share": "of its area",
        "none": "(none)",
    },
}
