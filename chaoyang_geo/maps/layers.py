"""What is drawn, in which colour and words: from a plan and its assessments to the map's layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chaoyang_geo.crs import to_geographic
from chaoyang_geo.maps import geometry as shapes
from chaoyang_geo.maps import margins, popups, style
from chaoyang_geo.maps.facts import Facts, Row, gather, is_missing, rows, text
from chaoyang_geo.maps.model import Feature, Layer, LegendEntry, MapContent
from chaoyang_geo.maps.tables import PlanTables, all_midnight
from chaoyang_geo.schema import SchemaError, one_of, require, split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True)
class MapLayers(MapContent):
    """A map before it is drawn: give it to ``write_map`` or ``folium_map``.

    Made by :func:`map_layers` and :func:`screening_layers`; never changed, :meth:`add` returns a
    new one. It can be read before it is drawn: every word, colour and count of the map is in it.

    Attributes
    ----------
    title, subtitle : str
    lang : {"zh", "en"}
    layers : tuple of Layer
        The lowest first. Each has ``key``, ``name``, ``group``, ``role``, ``visible`` and its
        ``features``: geometry in degrees, style, label and the popup that a click shows.
        ``missing`` names the rows that have no geometry to draw.
    styles : mapping of str to Style
        Colours, lines and signs by the ``style`` of features and legend entries.
    legends : tuple of Legend
    notes : tuple of str
        What a reader must know: what is synthetic, what is not drawn, what was simplified.
    attribution : tuple of (str, str)
        Each source with its licence, or with what it is the source of.
    credits : tuple of str
        The "© somebody" that stands on the map itself.
    words : mapping of str to str
        Words of the page by key.
    listing : Listing, optional
        The table beside the map.
    focus : (west, south, east, north), optional
        Degrees that the map shows first; without it the plan's own layers.

    Examples
    --------
    >>> from chaoyang_geo import load_plan, map_layers
    >>> layers = map_layers(load_plan("chaoyang"), lang="en")
    >>> [(layer.key, len(layer.features)) for layer in layers.layers][0]
    ('units', 13)
    """

    def add(
        self,
        frame: gpd.GeoDataFrame | gpd.GeoSeries,
        *,
        name: str,
        group: str | None = None,
        name_column: Hashable | None = None,
        columns: Sequence[Hashable] | None = None,
        colour: str | None = None,
        visible: bool = True,
    ) -> MapLayers:
        """Add a layer of your own: points, lines or polygons.

        One row is one feature; a click shows its columns. A row without geometry, or with a
        coordinate that is no finite number of degrees, is not drawn, and the map's notes count
        and name it. Times are written as they are, without hours where a column has none.

        Parameters
        ----------
        frame : GeoDataFrame or GeoSeries, any geometry type, any CRS (missing CRS is an error)
        name : str
            Name of the layer in the layer list and the legend.
        group : str, optional
            Group in the layer list; default "其他图层" / "Other layers".
        name_column : column name, optional
            Column that names a feature on hover; default the index.
        columns : sequence of column names, optional
            Columns that a click shows; default all but the geometry.
        colour : str, optional
            ``#rrggbb``; default the next of a palette.
        visible : bool
            Whether the layer is switched on at first.

        Returns
        -------
        MapLayers
            A new one; this one stays as it is.

        Raises
        ------
        CRSError
            ``frame`` has no CRS.
        SchemaError
            ``name_column`` or one of ``columns`` is missing, or two columns have one name.
        ValueError
            ``colour`` is not ``#rrggbb``.
        TypeError
            ``frame`` has no geometry.

        Examples
        --------
        >>> import geopandas as gpd
        >>> from shapely import Point
        >>> from chaoyang_geo import load_plan, map_layers
        >>> sites = gpd.GeoDataFrame({"site_name": ["甲厂"]}, geometry=[Point(120, 41)], crs=4490)
        >>> layers = map_layers(load_plan("chaoyang"))
        >>> layers.add(sites, name="项目", name_column="site_name").layers[-1].features[0].name
        '甲厂'
        """
        table = _with_text_columns(to_geographic(_as_frame(frame, name), layer_name=name), name)
        title_column = None if name_column is None else str(name_column)
        asked = None if columns is None else [str(column) for column in columns]
        require(table, [*([title_column] if title_column else []), *(asked or ())], table=name)
        plain = _plain_columns(table)
        shown = plain if asked is None else [column for column in asked if column in plain]
        dates = [column for column in shown if _holds_dates(table[column])]
        count = sum(layer.role == "own" for layer in self.layers)
        key = f"own-{count + 1}"
        tint = style.check_colour(colour or style.PALETTE[count % len(style.PALETTE)])
        features: list[Feature] = []
        missing: list[str] = []
        drawn = zip(rows(table), table.index, table.geometry, strict=True)
        for number, (row, index, shape) in enumerate(drawn, 1):
            title = text(index if title_column is None else row[title_column], self.lang)
            title = title or self.words["unnamed"]
            if not shapes.is_drawable(shape):
                missing.append(title)
                continue
            popup = popups.own_popup(
                row, title=title, kind=name, columns=shown, lang=self.lang, dates=dates
            )
            features.append(
                Feature(f"{key}-{number}", title, shapes.geojson(shape), key, popup=popup)
            )
        layer = Layer(
            key=key,
            name=name,
            group=group or self.words["group_own"],
            role="own",
            features=tuple(features),
            visible=visible,
            missing=tuple(missing),
        )
        kinds = Counter(_kind(feature) for feature in features) or Counter(["polygon"])
        entry = LegendEntry(key, name, kinds.most_common(1)[0][0])
        notes = margins.missing_note(self, layer)
        return replace(
            self,
            layers=(*self.layers, layer),
            styles={**self.styles, key: style.Style(tint, 0.35, tint, 1.8, radius=5.5)},
            legends=margins.with_entry(self.legends, entry, self.words["legend_other"]),
            notes=(*self.notes[:-1], *notes, *self.notes[-1:]),
        )


def map_layers(
    plan: PlanTables,
    assessments: pd.DataFrame | None = None,
    *,
    items: pd.DataFrame | None = None,
    lang: str = "zh",
    title: str | None = None,
) -> MapLayers:
    """Say what the map of a plan shows, in which colour and words.

    A unit takes the worst latest class of its sections. A unit none of whose sections has a
    reading is hatched grey, never class Ⅰ; a unit of which only some sections have one says so.
    A section without a position is not drawn, and the notes name it.

    Parameters
    ----------
    plan : Plan
        Its ``units``, ``sections``, ``rivers``, ``counties`` and ``reservoirs`` are drawn (any
        CRS; missing CRS is an error), ``unit_members`` and ``projects`` stand in the popups.
    assessments : DataFrame, optional
        One row per section and sampling time, as from ``classify``: ``section_code``, ``time``,
        ``class``, and for the reasons ``deciding_items``, ``why_zh``, ``why_en``, ``source``,
        ``target_class``, ``attained`` and so on. Of several times the latest is shown.
    items : DataFrame, optional
        The readings with their own class, as from ``classify_items``; they fill the table of
        items in the popups.
    lang : str
        ``"zh"`` or ``"en"``. English takes names from ``*_en`` columns where the plan has them.
    title : str, optional
        Title of the map; default from the plan.

    Returns
    -------
    MapLayers

    Raises
    ------
    SchemaError
        A table lacks a column that is needed.
    CRSError
        A layer has no CRS.
    ValueError
        ``lang`` is no language of the maps.

    Examples
    --------
    >>> from chaoyang_geo import classify, load_plan, map_layers
    >>> plan = load_plan("chaoyang")
    >>> layers = map_layers(plan, classify(plan.readings, plan.sections))
    >>> layers.title, [layer.name for layer in layers.layers]
    ('朝阳市流域控制单元水质图', ['控制单元', '监测断面', '河流', '水库', '区县界'])
    """
    one_of("lang", lang, ("zh", "en"))
    facts = gather(plan, assessments, items, lang)
    words = facts.words
    layers = (
        _units(facts),
        _sections(facts),
        _rivers(facts),
        _reservoirs(facts),
        _counties(facts),
    )
    plan_title = plan.title_zh if lang == "zh" else plan.title_en
    attribution = margins.attribution(facts)
    content = MapLayers(
        title=title or plan_title,
        subtitle=margins.subtitle(facts),
        lang=lang,
        layers=tuple(layer for layer in layers if layer.features or layer.missing),
        styles=style.base_styles(),
        legends=margins.legends(facts, layers),
        notes=margins.notes(facts),
        attribution=attribution,
        credits=margins.credits(attribution, lang),
        words=words,
    )
    extra = [
        note
        for layer in content.layers
        if layer.role != "section"
        for note in margins.missing_note(content, layer)
    ]
    return replace(content, notes=(*content.notes[:-1], *extra, *content.notes[-1:]))


def base_layers(facts: Facts) -> tuple[Layer, ...]:
    """Return what lies below data of another kind: rivers, reservoirs, county borders."""
    return (_rivers(facts), _reservoirs(facts), _counties(facts))


def _layer(
    frame: gpd.GeoDataFrame,
    facts: Facts,
    make: Callable[[Row, dict[str, object]], Feature],
    *,
    key: str,
    group: str,
    role: str,
    name_column: str,
    interactive: bool = True,
    ground: str = "",
) -> Layer:
    """Turn every row that has a geometry into a feature; remember the names of the others."""
    features: list[Feature] = []
    missing: list[str] = []
    for row, shape in zip(rows(frame), frame.geometry if len(frame) else (), strict=True):
        if shapes.is_drawable(shape):
            features.append(make(row, shapes.geojson(shape)))
        else:
            missing.append(facts.name(row, name_column) or facts.words["unnamed"])
    return Layer(
        key=key,
        name=facts.words[f"layer_{key}"],
        group=facts.words[group],
        role=role,
        features=tuple(features),
        interactive=interactive,
        ground=ground,
        missing=tuple(missing),
    )


def _units(facts: Facts) -> Layer:
    units = facts.plan.units
    places = _label_places(units, "unit_code", table="units")

    def make(row: Row, shape: dict[str, object]) -> Feature:
        code = str(row["unit_code"])
        name, value = facts.name(row, "unit_name"), facts.unit_class(code)
        unread = facts.unread(*facts.unit_sections[code])
        return Feature(
            key=code,
            name=name,
            geometry=shape,
            style=f"unit-{style.class_key(value)}",
            popup=popups.unit_popup(facts, code),
            label=(name, facts.short_class(value, unread)),
            label_at=places[code],
            badge=facts.class_badge(value, unread),
            summary=_deciding(facts, code, value),
        )

    return _layer(
        units,
        facts,
        make,
        key="units",
        group="group_quality",
        role="unit",
        name_column="unit_name",
    )


def _deciding(facts: Facts, unit_code: str, value: str | None) -> str:
    """Name the deciding items of the sections that give the unit its class."""
    worst = [code for code in facts.read_sections(unit_code) if facts.section_class(code) == value]
    keys = [text(facts.latest[code].get("deciding_items")) for code in worst]
    names = facts.item_names if facts.lang == "zh" else facts.item_symbols
    found = dict.fromkeys(item for key in keys for item in split_codes(key))
    return facts.names(names.get(item, item) for item in found)


def _sections(facts: Facts) -> Layer:
    def make(row: Row, shape: dict[str, object]) -> Feature:
        code = str(row["section_code"])
        name, value = facts.section_name(code), facts.section_class(code)
        return Feature(
            key=code,
            name=name,
            geometry=shape,
            style=f"section-{style.class_key(value)}",
            popup=popups.section_popup(facts, code),
            label=(name,),
            badge=facts.class_badge(value, facts.unread(code)),
        )

    return _layer(
        facts.plan.sections,
        facts,
        make,
        key="sections",
        group="group_quality",
        role="section",
        name_column="section_name",
    )


def _rivers(facts: Facts) -> Layer:
    words, rivers = facts.words, facts.plan.rivers
    places: dict[str, tuple[shapes.LabelPlace, ...]] = {}
    if len(rivers):
        require(rivers, ["reach_code", "river_name"], table="rivers")
        named = rivers.dropna(subset=["river_name"])
        for river, group in named.groupby("river_name"):
            drawable = [shape for shape in group.geometry if shapes.is_drawable(shape)]
            places[str(river)] = shapes.line_label_places(drawable)

    def make(row: Row, shape: dict[str, object]) -> Feature:
        name = facts.name(row, "river_name") or words["unnamed_river"]
        columns = [
            (words["length"], popups.amount(row.get("length_km"), "km", digits=1)),
            (words["upstream"], popups.amount(row.get("upstream_km2"), "km²")),
        ]
        # The name is written once per river, not once per reach.
        at = places.pop(text(row.get("river_name")), ())
        upstream = row.get("upstream_km2")
        width = style.river_width(None if is_missing(upstream) else float(str(upstream)))
        return Feature(
            key=str(row["reach_code"]),
            name=name,
            geometry=shape,
            style="river",
            popup=popups.plain_popup(
                facts, row, title=name, kind=words["layer_rivers"], columns=columns
            ),
            label=(name,) if at else (),
            label_at=at,
            width=width,
        )

    return _layer(
        rivers,
        facts,
        make,
        key="rivers",
        group="group_water",
        role="river",
        name_column="river_name",
    )


def _reservoirs(facts: Facts) -> Layer:
    words, reservoirs = facts.words, facts.plan.reservoirs
    places = _label_places(reservoirs, "reservoir_code", table="reservoirs")

    def make(row: Row, shape: dict[str, object]) -> Feature:
        name = facts.name(row, "reservoir_name") or words["unnamed"]
        columns = [(words["area"], popups.amount(row.get("area_km2"), "km²", digits=1))]
        return Feature(
            key=str(row["reservoir_code"]),
            name=name,
            geometry=shape,
            style="reservoir",
            popup=popups.plain_popup(
                facts, row, title=name, kind=words["layer_reservoirs"], columns=columns
            ),
            label=(name,),
            label_at=places[str(row["reservoir_code"])],
        )

    return _layer(
        reservoirs,
        facts,
        make,
        key="reservoirs",
        group="group_water",
        role="reservoir",
        name_column="reservoir_name",
    )


def _counties(facts: Facts) -> Layer:
    counties = facts.plan.counties
    places = _label_places(counties, "county_code", table="counties")

    def make(row: Row, shape: dict[str, object]) -> Feature:
        name = facts.name(row, "county_name")
        code = str(row["county_code"])
        return Feature(code, name, shape, "county", label=(name,), label_at=places[code])

    return _layer(
        counties,
        facts,
        make,
        key="counties",
        group="group_places",
        role="county",
        name_column="county_name",
        interactive=False,
        ground="ground",
    )


def _label_places(
    frame: gpd.GeoDataFrame, code: str, *, table: str
) -> dict[str, tuple[shapes.LabelPlace, ...]]:
    if not len(frame):
        return {}
    require(frame, [code], table=table)
    return {
        str(key): shapes.polygon_label_places(shape) if shapes.is_drawable(shape) else ()
        for key, shape in zip(frame[code], frame.geometry, strict=True)
    }


def _as_frame(frame: gpd.GeoDataFrame | gpd.GeoSeries, name: str) -> gpd.GeoDataFrame:
    """Return a layer as a frame; refuse with a sentence what has no geometry."""
    import geopandas as gpd

    if isinstance(frame, gpd.GeoSeries):
        return gpd.GeoDataFrame(geometry=frame)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise TypeError(
            f"{name}: a layer is a GeoDataFrame with a geometry column, or a GeoSeries; "
            f"this is a {type(frame).__name__} without one. Give it its geometry with "
            "geopandas.GeoDataFrame(frame, geometry=..., crs=...)."
        )
    return frame


def _with_text_columns(frame: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Name every column by text: labels, checks and look-ups then mean the same."""
    shape = frame.geometry.name
    named = frame if isinstance(shape, str) else frame.rename_geometry(str(shape))
    named = named.rename(columns=str)
    twice = named.columns[named.columns.duplicated()]
    if len(twice):
        raise SchemaError(f"{name}: two columns are called {twice[0]}; rename one of them.")
    return named


def _holds_dates(values: pd.Series) -> bool:
    """Return whether a column holds times that are all 00:00."""
    return values.dtype.kind == "M" and all_midnight(values)


def _plain_columns(frame: gpd.GeoDataFrame) -> list[str]:
    return [str(name) for name in frame.columns if name != frame.geometry.name]


def _kind(feature: Feature) -> str:
    kind = str(feature.geometry["type"])
    return "point" if "Point" in kind else "line" if "Line" in kind else "polygon"
