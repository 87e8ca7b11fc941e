"""Plan packs: a city's control units, sections and layers, bundled and ready to use."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.files import data_folder
from chaoyang_geo.schema import COLUMNS, class_dtype

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
)


@dataclass(frozen=True)
class Plan:
    """The tables and layers of one plan; every one has ``source`` and ``quality``.

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
        """Return every table and layer by name, in the order of the attributes."""
        names = [field.name for field in fields(self)][3:]
        return {name: getattr(self, name) for name in names}


def plan_names() -> list[str]:
    """Return the names of the bundled plans.

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
    titles = tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))
    return Plan(
        name=folder.name,
        title_zh=titles["title_zh"],
        title_en=titles["title_en"],
        **{layer: _layer(folder / f"{folder.name}.gpkg", layer, english) for layer in _LAYERS},
        **{table: _table(folder / f"{table}.csv", english) for table in _TABLES},
    )


def _layer(path: Path, layer: str, english: dict[str, str]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    return _typed(gpd.read_file(path, layer=layer), english)


def _table(path: Path, english: dict[str, str]) -> pd.DataFrame:
    table: pd.DataFrame = _typed(_read(path), english)
    return table


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    table: Any = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    return pd.DataFrame(table)


def _english(folder: Path) -> dict[str, str]:
    """Return romanised names and translated texts for English maps, as far as the pack has them."""
    english: dict[str, str] = {}
    for file, column in (("names_en.csv", "name"), ("texts_en.csv", "text")):
        if (folder / file).is_file():
            table = _read(folder / file)
            english.update(zip(table[column], table[f"{column}_en"], strict=True))
    return english


def _typed(frame: Any, english: dict[str, str]) -> Any:
    """Give every column the dtype of the vocabulary; codes are text."""
    import pandas as pd

    for name in frame.columns:
        kind = COLUMNS[name].dtype if name in COLUMNS else ""
        if kind == "class":
            frame[name] = frame[name].astype(class_dtype())
        elif kind == "datetime":
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
        elif kind in ("float64", "int64"):
            frame[name] = frame[name].astype(kind)
        elif kind == "str":
            frame[name] = frame[name].astype("str")
    for name in _NAMED:
        if english and name in frame.columns:
            frame[f"{name}_en"] = frame[name].map(english).astype("str")
    return frame
