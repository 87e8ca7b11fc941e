"""The map of a screening: zones by kind and grade, sites by verdict, and what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chaoyang_geo.capping import ScreeningLike, cap_approximate
from chaoyang_geo.crs import to_geographic, zone_meridians
from chaoyang_geo.maps import geometry as shapes
from chaoyang_geo.maps import margins, style
from chaoyang_geo.maps.facts import gather
from chaoyang_geo.maps.layers import MapLayers, base_layers
from chaoyang_geo.maps.model import Layer, Legend, LegendEntry, Listing
from chaoyang_geo.maps.screening_drawn import (
    Drawn,
    land_of,
    padded,
    styles_of,
    unit_lines,
    zone_style,
)
from chaoyang_geo.maps.screening_popups import (
    Site,
    Told,
    listed_findings,
    severity,
    site_of,
    verdict_badge,
)
from chaoyang_geo.maps.screening_rows import Row, rows, text
from chaoyang_geo.maps.screening_ways import STYLES as WAY_STYLES
from chaoyang_geo.maps.screening_ways import band_layer, way_layers, way_legend
from chaoyang_geo.maps.screening_words import screening_words
from chaoyang_geo.maps.tables import PlanTables
from chaoyang_geo.maps.words import words as common_words
from chaoyang_geo.schema import as_text, one_of, require, require_unique
from chaoyang_geo.verdicts import (
    KINDS,
    SYNTHETIC,
    VERDICT_KEYS,
    VERDICTS,
    drawn_at,
    kind_name,
    known,
    legend_name,
    length_text,
    state_name,
    unversioned,
    verdict_name,
)

if TYPE_CHECKING:
    import geopandas as gpd

_SITES = ("site_code", "site_name", "activity", "verdict", "why_zh", "why_en")
_FINDINGS = (
    "site_code", "zone_code", "zone_name", "zone_kind", "zone_grade", "layer", "version",
    "relation", "overlap_m2", "overlap_m", "share_of_site", "distance_m", "band_m", "verdict",
    "clause", "rule_id", "rule_source", "rule_status", "why_zh", "why_en",
)  # fmt: skip
_CHECKED = ("layer", "zone_kinds", "version", "layer_state", "layer_flag")

#: Sites that the list beside the map holds.
_MAX_LISTED = 300
_WEAK = ("unverified", "derived", "single source")


def screening_layers(
    screening: ScreeningLike,
    *,
    sites: gpd.GeoDataFrame | None = None,
    zones: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame] = (),
    plan: PlanTables | None = None,
    downstream: gpd.GeoDataFrame | None = None,
    free: gpd.GeoDataFrame | None = None,
    shifts: gpd.GeoDataFrame | None = None,
    stretches: gpd.GeoDataFrame | None = None,
    bands: gpd.GeoDataFrame | None = None,
    names: Mapping[str, str] | None = None,
    lang: str = "zh",
    title: str | None = None,
) -> MapLayers:
    """Say what the map of a screening shows, in which colour, pattern and words.

    Every site has the sign of its verdict, which differs from the others in shape and colour, and
    a click tells why; polygons and lines have their outline too. A site of which only an area is
    known is drawn as that area and never as a point; its verdict is at most 压线需复核. Sites without
    a usable shape are named in the notes and in the list. Where data is synthetic the title, the
    layers and the notes say so.

    Required columns: ``screening.sites``, ``findings`` and ``checked`` as
    :func:`chaoyang_geo.screen_sites` makes them; ``zones``: ``zone_code``, ``zone_name``,
    ``zone_kind``, ``zone_grade``, ``layer``, used where present ``version``, ``version_date``,
    ``accuracy_m``, ``source``, ``quality``, ``zone_flag``, ``content_hash``.

    Parameters
    ----------
    screening : Screening
    sites : GeoDataFrame, any CRS, optional
        Shapes of the sites by ``site_code``; without it those of ``screening.sites``.
    zones : GeoDataFrame of polygons, any CRS, or several
        The zones that were screened.
    plan : Plan, optional
        Its rivers, reservoirs, counties and the borders of its control units lie below.
    downstream : GeoDataFrame, any CRS, optional
        Ways of the water: ``river_reach_check(..., geometry="way")``.
    free, shifts, stretches : GeoDataFrame, any CRS, optional
        Of :func:`chaoyang_geo.free_parts`, :func:`chaoyang_geo.smallest_shift`,
        :func:`chaoyang_geo.conflict_stretches`.
    bands : GeoDataFrame, any CRS, optional
        Of :func:`chaoyang_geo.zone_distance_contours`: a layer that is off until it is switched on.
    names : mapping, optional
        What sections, units and rivers are called, by code or name in the data.
    lang : {"zh", "en"}
        Names, clauses and notes of the data stay as they are.
    title : str, optional
        Title of the map.

    Returns
    -------
    MapLayers
        For :func:`chaoyang_geo.write_map` or :func:`chaoyang_geo.folium_map`.

    Raises
    ------
    SchemaError
        A column is missing, or a site code is there twice.
    CRSError
        A layer has no CRS.
    ValueError
        ``lang`` is no language of the maps.

    Notes
    -----
    A page opens at once with about 150,000 vertices of zones. Where there are more, zones far
    from every site are left out, then borders are simplified; the notes say what was done. Areas
    and distances are those of the screening, which knows nothing of that. With more
    than 2,000 sites a popup lists the four zones that matter most. Of ways along rivers the shortest
    are drawn, up to 400,000 vertices. From 1,001 shapes of sites or of zones on the page draws them
    on a canvas, where the outline of a site is left out as long as its sign is larger.

    Examples
    --------
    >>> from chaoyang_geo.findings import load_examples
    >>> from chaoyang_geo.maps.screening import screening_layers
    >>> from chaoyang_geo.screening import screen_sites
    >>> examples = load_examples()
    >>> screening = screen_sites(examples.sites, examples.zones, on="2026-11-22")
    >>> layers = screening_layers(screening, zones=examples.zones)
    >>> layers.title
    '建设项目空间准入核查图（示例数据）'
    >>> [layer.name for layer in layers.layers if layer.role == "zone"][-1]
    '示例_生态保护红线（示例数据）'
    """
    one_of("lang", lang, ("zh", "en"))
    judged = screening.sites
    require(judged, _SITES, table="screening.sites")
    require(screening.findings, _FINDINGS, table="screening.findings")
    require(screening.checked, _CHECKED, table="screening.checked")
    require_unique(judged, "site_code", table="screening.sites")
    screening = cap_approximate(screening)
    words = screening_words(lang)
    checked = rows(screening.checked)
    told = _told(screening, checked, words, lang)
    found = _sites(screening)
    placed = _places(judged, sites)
    land = land_of(zones, [shape for shape in placed.values() if shape is not None])
    drawn = Drawn(told, found, placed, land)
    zone_layers = drawn.zone_layers(_synthetic_layers(checked))
    verdict_layers, area_layer = drawn.site_layers()
    base: tuple[Layer, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    shared = common_words(lang)
    if plan is not None:
        facts = gather(plan, None, None, lang)
        base = (*base_layers(facts), unit_lines(facts.plan.units, words, shared))
        sources = margins.attribution(facts)
    ways, n_ways_left_out = way_layers(
        told, downstream=downstream, free=free, shifts=shifts, stretches=stretches,
        names=names or {},
    )  # fmt: skip
    land_bands, band_styles, band_entries = band_layer(bands, told)
    layers = [*land_bands, *zone_layers, *base, *area_layer, *ways, *verdict_layers]
    attribution = (*drawn.sources(), *sources)
    synthetic = _synthetic_things(found, checked, words)
    mark = words["synthetic"]
    named = title or (
        words["marked"].format(text=words["title"], mark=mark) if synthetic else words["title"]
    )
    return MapLayers(
        title=named,
        subtitle=_subtitle(found, screening, told),
        lang=lang,
        layers=tuple(layer for layer in layers if layer.features),
        styles={
            **style.base_styles(),
            **styles_of(land.frame, len(found)),
            **WAY_STYLES,
            **band_styles,
        },
        legends=_legends(found, land.frame, layers, band_entries, told, shared),
        notes=_notes(screening, found, drawn, synthetic, n_ways_left_out, told, shared),
        attribution=attribution,
        credits=margins.credits(attribution, lang),
        words=shared,
        listing=_listing(found, drawn.keys, told),
        focus=_focus(found, placed, land.frame),
    )


# --- what is told ---------------------------------------------------------------------------------


def _told(
    screening: ScreeningLike, checked: Sequence[Row], words: Mapping[str, str], lang: str
) -> Told:
    options = screening.options
    reach = options.get("max_distance_m")
    present = {
        kind
        for row in checked
        if row["layer_state"] in ("ok", "partial")
        for kind in str(row["zone_kinds"]).split(";")
    }
    joint = "、" if lang == "zh" else ", "
    return Told(
        lang=lang,
        words=words,
        day=text(options.get("on")),
        reach=length_text(float(reach), lang) if reach is not None and known(reach) else "",
        n_findings=listed_findings(len(screening.sites)),
        unchecked=joint.join(kind_name(kind, "", lang) for kind in KINDS if kind not in present),
    )


def _sites(screening: ScreeningLike) -> list[Site]:
    by_site: dict[str, list[Row]] = {}
    for row in rows(screening.findings):
        by_site.setdefault(text(row["site_code"]), []).append(row)
    return [site_of(row, by_site.get(text(row["site_code"]), ())) for row in rows(screening.sites)]


def _places(judged: gpd.GeoDataFrame, sites: gpd.GeoDataFrame | None) -> dict[str, Any]:
    """Return the shape of every site in degrees by code, ``None`` where nothing can be drawn."""
    import numpy as np

    layer = judged if sites is None else sites
    require(layer, ["site_code"], table="sites")
    require_unique(layer, "site_code", table="sites")
    placed = to_geographic(layer, layer_name="sites")
    # what lies outside the CGCS2000 zones was not screened; drawn, it would set the view
    screened = np.isfinite(zone_meridians(placed.geometry.to_numpy(), placed.crs))
    known_shapes = {
        code: shape if good and shapes.is_drawable(shape) else None
        for code, shape, good in zip(
            as_text(layer["site_code"]), placed.geometry, screened, strict=True
        )
    }
    return {code: known_shapes.get(code) for code in as_text(judged["site_code"])}


def _focus(
    found: Sequence[Site], placed: Mapping[str, Any], land: gpd.GeoDataFrame
) -> tuple[float, float, float, float] | None:
    """Return what the map shows first: the sites, else the areas that stand for them, else zones."""
    import numpy as np
    import shapely

    for vague in (False, True):
        near = [placed[text(site.row["site_code"])] for site in found if site.approximate is vague]
        there = np.array([shape for shape in near if shape is not None], dtype=object)
        if len(there):
            return padded(shapely.total_bounds(there))
    return padded(land.total_bounds) if len(land) else None


def _legends(
    found: Sequence[Site],
    land: gpd.GeoDataFrame,
    layers: Sequence[Layer],
    bands: Sequence[LegendEntry],
    told: Told,
    shared: Mapping[str, str],
) -> tuple[Legend, ...]:
    words, lang = told.words, told.lang
    counts = Counter(site.verdict for site in found)
    verdicts = tuple(
        LegendEntry(
            f"site-{VERDICT_KEYS[verdict]}",
            verdict_name(verdict, lang),
            "point",
            (counts[verdict],),
        )
        for verdict in VERDICTS
    )
    legends = [Legend("verdicts", words["legend_verdicts"], verdicts, (words["head_sites"],))]
    classes = Counter(
        (str(kind), str(grade))
        for kind, grade in land.drop_duplicates(["layer", "zone_code"])[
            ["zone_kind", "zone_grade"]
        ].itertuples(index=False)
    )
    ordered = sorted(classes, key=lambda each: drawn_at(*each), reverse=True)
    if ordered:
        entries = tuple(
            LegendEntry(zone_style(*each), legend_name(*each, lang), "polygon", (classes[each],))
            for each in ordered
        )
        legends.append(Legend("zones", words["legend_zones"], entries, (words["head_zones"],)))
    ways = way_legend(layers, words)
    if ways:
        legends.append(Legend("ways", words["legend_ways"], tuple(ways)))
    if bands:
        title = words["legend_bands"].format(name=words["ways_bands"])
        legends.append(Legend("bands", title, tuple(bands)))
    keys = {layer.key: layer for layer in layers if layer.features}
    others = [
        entry
        for key, entry in (
            ("sites-area", LegendEntry("area-approximate", words["legend_approximate"], "polygon")),
            ("rivers", LegendEntry("river", shared["layer_rivers"], "line", width=1.6)),
            ("reservoirs", LegendEntry("reservoir", shared["layer_reservoirs"], "polygon")),
            ("counties", LegendEntry("county", shared["layer_counties"], "line")),
            ("unit-lines", LegendEntry("unit-line", words["layer_units"], "line")),
        )
        if key in keys
    ]
    if others:
        legends.append(Legend("other", shared["legend_other"], tuple(others)))
    return tuple(legends)


# --- what stands around the map -------------------------------------------------------------------


def _subtitle(found: Sequence[Site], screening: ScreeningLike, told: Told) -> str:
    words, lang = told.words, told.lang
    counts = Counter(site.verdict for site in found)
    # the name of a verdict may hold a comma of its own
    verdicts = words["between_verdicts"].join(
        [
            words["with_count"].format(name=verdict_name(verdict, lang), n=counts[verdict])
            for verdict in VERDICTS
            if counts[verdict]
        ]
    )
    parts = [
        words["counts"].format(n=len(found), verdicts=verdicts),
        words["on"].format(day=told.day) if told.day else words["no_day"],
        words["layers"].format(n=len(screening.checked)),
    ]
    return ("；" if lang == "zh" else "; ").join(parts)


def _synthetic_layers(checked: Sequence[Row]) -> dict[str, bool]:
    return {
        text(row["layer"]): "synthetic" in text(row.get("quality")).split(";")
        or SYNTHETIC[0] in text(row["layer"])
        for row in checked
    }


def _synthetic_things(
    found: Sequence[Site], checked: Sequence[Row], words: Mapping[str, str]
) -> list[str]:
    """Name what is invented: layers, and the sites."""
    things = [layer for layer, invented in _synthetic_layers(checked).items() if invented]
    return [*things, *([words["thing_sites"]] if any(site.synthetic for site in found) else [])]


def _notes(
    screening: ScreeningLike,
    found: Sequence[Site],
    drawn: Drawn,
    synthetic: Sequence[str],
    n_ways_left_out: int,
    told: Told,
    shared: Mapping[str, str],
) -> tuple[str, ...]:
    words, lang = told.words, told.lang
    notes = []
    if synthetic:
        notes.append(words["note_synthetic"].format(things=told.listed(synthetic)))
    if told.unchecked:
        notes.append(words["note_unchecked"].format(kinds=told.unchecked))
    checked = rows(screening.checked)
    for row in checked:
        if row["layer_state"] != "ok":
            state = state_name(str(row["layer_state"]), lang)
            notes.append(words["note_layer"].format(layer=text(row["layer"]), state=state))
    bare = unversioned(checked)
    if bare:
        notes.append(words["note_version"].format(layers=told.listed(bare)))
    for quality in ("derived", "assumed"):
        layers = [
            text(row["layer"]) for row in checked if quality in text(row.get("quality")).split(";")
        ]
        if layers:
            notes.append(words[f"note_{quality}"].format(layers=told.listed(layers)))
    missing = [site.name for site in drawn.missing()]
    if missing:
        more = shared["and_more"] if len(missing) > 12 else ""
        names = told.listed(missing[:12]) + more
        notes.append(words["note_missing"].format(n=len(missing), names=names))
    vague = sum(site.approximate for site in found)
    if vague:
        notes.append(words["note_approximate"].format(n=vague))
    if screening.findings["rule_status"].isin(_WEAK).any():
        notes.append(words["note_rules"])
    if drawn.land.n_far:
        notes.append(words["note_near"].format(n=drawn.land.n_far))
    if drawn.land.simplified_m:
        notes.append(words["note_simplified"].format(metres=f"{drawn.land.simplified_m:.0f}"))
    if n_ways_left_out:
        notes.append(words["note_ways"].format(n=n_ways_left_out))
    notes.append(words["note_use"])
    if words["note_english"]:
        notes.append(words["note_english"])
    return (*notes, shared["note_review"])


def _listing(found: Sequence[Site], keys: Mapping[str, str], told: Told) -> Listing:
    words = told.words
    ordered = sorted(
        found, key=lambda site: (severity(site.verdict), text(site.row["site_code"]) not in keys)
    )
    body = tuple(
        (
            keys.get(text(site.row["site_code"]), ""),
            (site.name, verdict_badge(site.verdict, told.lang), _concerned(site, keys, told)),
        )
        for site in ordered[:_MAX_LISTED]
    )
    heads = (words["list_site"], words["list_verdict"], words["list_zones"])
    note = words["list_more"].format(n=_MAX_LISTED) if len(ordered) > _MAX_LISTED else ""
    return Listing(words["listing"], heads, body, note)


def _concerned(site: Site, keys: Mapping[str, str], told: Told) -> str:
    """Name the zone that matters most, and say how many others there are."""
    if text(site.row["site_code"]) not in keys:
        return told.words["not_drawn"]
    names = list(
        dict.fromkeys(text(row["zone_name"]) or text(row["zone_code"]) for row in site.concerned)
    )
    if not names:
        return "—"
    if len(names) == 1:
        return names[0]
    n = len(names) if told.lang == "zh" else len(names) - 1
    return told.words["and_others"].format(name=names[0], n=n)
