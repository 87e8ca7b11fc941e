"""Plan packs: a city's control units, sections and layers, bundled and ready to use."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.files import data_folder
from chaoyang_geo.schema import COLUMNS, SchemaError, as_classes, require

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_LAYERS = ("units", "sections", "rivers", "counties", "reservoirs")
_TABLES = (
    "unit_members",
    "indicators",
    "projects",
    "reaches",
    "function_zones",
    "readings",
    "sources",
)
# columns without which a table cannot be used; every table has a quality besides
_KEYS = {
    "units": ("unit_code", "unit_name"),
    "sections": ("section_code", "section_name", "unit_code", "water_type"),
    "rivers": ("reach_code", "river_name", "to_code"),
    "counties": ("county_code", "county_name"),
    "reservoirs": ("reservoir_code", "reservoir_name"),
    "unit_members": ("unit_code", "name_in_plan", "township_code"),
    "indicators": ("indicator_no", "indicator"),
    "projects": ("project_code", "project_name"),
    "reaches": ("stretch_code", "stretch_name"),
    "function_zones": ("zone_code", "zone_name"),
    "readings": ("section_code", "time", "item", "value"),
    "sources": ("source_code", "title"),
}
# columns that get an English twin, *_en, where the pack has one
_NAMED = (
    "unit_name",
    "section_name",
    "county_name",
    "river_name",
    "reservoir_name",
    "water_body",
    "name_in_plan",
    "township_name",
    "source",
    "title",
    "licence",
    "indicator",
    "target_text",
)
# where the line of a printed cell broke: the file keeps the blank of its source, people do not read it
_BREAK = re.compile(r"(?<=[、，；：。])[ \t\u3000]+")


@dataclass(frozen=True)
class Plan:
    """The tables and layers of one plan; every one says its ``quality``.

    Layers are in EPSG:4490 (CGCS2000 degrees). What a row is, and where it comes from,
    is written in the README of the pack.

    Attributes
    ----------
    name : str
        Key of the pack.
    title_zh, title_en : str
        Title for maps.
    units : GeoDataFrame
        A control unit, polygon.
    sections : GeoDataFrame
        A monitoring section, point; missing where no position is known.
    rivers : GeoDataFrame
        A reach, line drawn downstream, with ``to_code``.
    counties, reservoirs : GeoDataFrame
        Polygons.
    unit_members : DataFrame
        A township name of the plan's table of control units, as printed, with its code.
    indicators : DataFrame
        An indicator of the plan.
    projects : DataFrame
        A key project of the plan.
    reaches : DataFrame
        A stretch of river that the plan names, with its measures.
    function_zones : DataFrame
        An ecological function zone.
    readings : DataFrame
        A published reading, long table of :func:`chaoyang_geo.read_readings`.
    sources : DataFrame
        A source of the pack.

    Examples
    --------
    >>> from chaoyang_geo import load_plan
    >>> plan = load_plan("chaoyang")
    >>> plan.name, plan.units.crs.to_epsg(), sorted(set(plan.units["quality"]))
    ('chaoyang', 4490, ['derived'])
    """

    name: str
    title_zh: str
    title_en: str
    units: gpd.GeoDataFrame
    sections: gpd.GeoDataFrame
    rivers: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    reservoirs: gpd.GeoDataFrame
    unit_members: pd.DataFrame
    indicators: pd.DataFrame
    projects: pd.DataFrame
    reaches: pd.DataFrame
    function_zones: pd.DataFrame
    readings: pd.DataFrame
    sources: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table and layer by name, in the order of the attributes.

        Returns
        -------
        dict of str to DataFrame
            The frames themselves, no copies; layers are GeoDataFrames.

        Examples
        --------
        >>> from chaoyang_geo import load_plan
        >>> list(load_plan("chaoyang").tables())[:3]
        ['units', 'sections', 'rivers']
        """
        names = [field.name for field in fields(self)][3:]
        return {name: getattr(self, name) for name in names}


def plan_names() -> list[str]:
    """Return the names of the bundled plans.

    Returns
    -------
    list of str
        Sorted; each is a ``name`` that :func:`load_plan` takes.

    Examples
    --------
    >>> from chaoyang_geo import plan_names
    >>> plan_names()
    ['chaoyang']
    """
    return sorted(path.parent.name for path in data_folder().glob("*/plan.toml"))


def load_plan(name: str | Path = "chaoyang") -> Plan:
    """Load a plan: a bundled one by name, or another city's from its folder.

    Parameters
    ----------
    name : str or path
        Name of a bundled pack, see :func:`plan_names`, or the folder of another: ``plan.toml``
        with the titles, ``<folder name>.gpkg`` with the layers, and the tables as CSV.

    Returns
    -------
    Plan
        Fresh frames; changing them changes nothing else.

    Raises
    ------
    ValueError
        There is no such plan; the message lists those there are.
    FileNotFoundError
        A table of the folder is missing.
    SchemaError
        A table lacks a column, or a column holds what it must not; file and column are named.

    Examples
    --------
    >>> from chaoyang_geo import load_plan
    >>> plan = load_plan("chaoyang")
    >>> len(plan.units), len(plan.unit_members), len(plan.sections)
    (13, 177, 14)
    >>> plan.sections.loc[plan.sections.geometry.isna(), "section_name"].tolist()
    ['东山根']
    """
    known = plan_names()
    if str(name) in known:
        folder = data_folder() / str(name)
    elif (Path(name) / "plan.toml").is_file():
        folder = Path(name).resolve()
    else:
        raise ValueError(
            f"plan {str(name)!r} is not bundled; there is: {', '.join(known)}. For another city "
            "give the path of a folder with plan.toml and the same tables and layers."
        )
    english = _english(folder)
    titles = _titles(folder / "plan.toml")
    return Plan(
        name=folder.name,
        title_zh=titles["title_zh"],
        title_en=titles["title_en"],
        **{layer: _layer(folder / f"{folder.name}.gpkg", layer, english) for layer in _LAYERS},
        **{table: _table(folder / f"{table}.csv", english) for table in _TABLES},
    )


def _titles(path: Path) -> dict[str, str]:
    try:
        titles = tomllib.loads(path.read_text(encoding="utf-8"))
        return {key: str(titles[key]) for key in ("title_zh", "title_en")}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        raise ValueError(
            f'{path}: it must hold the lines title_zh = "..." and title_en = "..." ({error}).'
        ) from error


def _layer(path: Path, layer: str, english: dict[str, str]) -> gpd.GeoDataFrame:
    import geopandas as gpd
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        frame = gpd.read_file(path, layer=layer)
    except (DataSourceError, DataLayerError) as error:
        raise ValueError(
            f"{path}: the layer {layer} cannot be read ({error}); a plan needs a GeoPackage of "
            f"its folder's name with the layers {', '.join(_LAYERS)}."
        ) from error
    return _typed(frame, english, table=layer, where=f"{path.name}, layer {layer}")


def _table(path: Path, english: dict[str, str]) -> pd.DataFrame:
    table: pd.DataFrame = _typed(_read(path), english, table=path.stem, where=path.name)
    return table


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        table: Any = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: this is no table in CSV UTF-8 ({error}).") from error
    return pd.DataFrame(table)


def _english(folder: Path) -> dict[str, str]:
    """Return romanised names and translated texts for English maps, as far as the pack has them."""
    english: dict[str, str] = {}
    for file, column in (("names_en.csv", "name"), ("texts_en.csv", "text")):
        if (folder / file).is_file():
            table = _read(folder / file)
            require(table, [column, f"{column}_en"], table=file)
            english.update(zip(table[column], table[f"{column}_en"], strict=True))
    return english


def _typed(frame: Any, english: dict[str, str], *, table: str, where: str) -> Any:
    """Give every column the dtype of the vocabulary; codes are text."""
    import pandas as pd

    require(frame, [*_KEYS[table], "quality"], table=where)
    for name in frame.columns:
        kind = COLUMNS[name].dtype if name in COLUMNS else ""
        try:
            if kind == "class":
                frame[name] = as_classes(frame[name], table=where, column=name)
            elif kind == "datetime":
                frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
            elif kind in ("float64", "int64"):
                frame[name] = frame[name].astype(kind)
            elif kind == "str":
                frame[name] = frame[name].astype("str")
        except SchemaError:
            raise
        except (ValueError, TypeError) as error:
            raise SchemaError(f"{where}: column {name} must hold {kind} ({error}).") from error
    for name in _NAMED:
        if name not in frame.columns:
            continue
        if english:  # which knows the texts as the file has them
            frame[f"{name}_en"] = frame[name].map(english).astype("str")
        frame[name] = frame[name].str.replace(_BREAK, "", regex=True)
    return frame
