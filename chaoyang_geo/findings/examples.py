"""The synthetic example zones and sites of a bundled pack."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaoyang_geo.crs import GEOGRAPHIC
from chaoyang_geo.files import data_folder
from chaoyang_geo.schema import one_of

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class ExampleLayers:
    """Invented zones and sites, ``quality`` synthetic, EPSG:4490, ready for a screening.

    Attributes
    ----------
    zones : GeoDataFrame
        A zone of one of the example layers, polygon.
    sites : GeoDataFrame
        A project site: point, line or polygon; one has no geometry.
    """

    zones: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame


def example_names() -> list[str]:
    """Return the names of the packs that have examples.

    Returns
    -------
    list of str
        Sorted; each is a ``name`` that :func:`load_examples` takes.

    Examples
    --------
    >>> from chaoyang_geo.findings import example_names
    >>> example_names()
    ['chaoyang']
    """
    return sorted(
        path.parent.parent.name for path in data_folder().glob("*/examples/zones.geojson")
    )


def load_examples(name: str = "chaoyang") -> ExampleLayers:
    """Load the synthetic example zones and sites of a pack.

    No red line, water-source zone or management unit of the city is public: these are invented,
    for learning and for tests, and say so in every row and name.

    Parameters
    ----------
    name : str
        Name of a bundled pack, see :func:`example_names`.

    Returns
    -------
    ExampleLayers
        Fresh frames. ``zones``: ``zone_code``, ``zone_name``, ``zone_kind``, ``zone_grade``,
        ``layer``, ``version``, ``version_date``, ``content_hash`` (SHA-256 of the layer's lines
        in the file, sorted), ``accuracy_m``, ``source``, ``quality``, and of drinking-water zones
        ``status``, ``zone_distances``, ``water_source_name``, ``zone_flag``. ``sites``: ``site_code``,
        ``site_name``, ``activity``, ``accuracy_m``, ``source``, ``quality``.

    Raises
    ------
    ValueError
        There are no examples of that name; the message lists those there are.

    Examples
    --------
    >>> from chaoyang_geo.findings import load_examples
    >>> examples = load_examples("chaoyang")
    >>> len(examples.zones), len(examples.sites), set(examples.zones["quality"])
    (12, 12, {'synthetic'})
    """
    one_of("name", name, example_names())
    folder = data_folder() / name / "examples"
    zones, lines = _layer(folder / "zones.geojson")
    by_layer: dict[str, list[str]] = {}
    for layer, line in zip(zones["layer"], lines, strict=True):
        by_layer.setdefault(layer, []).append(line)
    hashes = {
        layer: hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
        for layer, rows in by_layer.items()
    }
    zones.insert(zones.columns.get_loc("accuracy_m"), "content_hash", zones["layer"].map(hashes))
    zones["content_hash"] = zones["content_hash"].astype("str")
    return ExampleLayers(zones, _layer(folder / "sites.geojson")[0])


def _layer(path: Path) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return a layer and the line of the file of each row."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    text = path.read_text(encoding="utf-8")
    read = json.loads(text)
    lines = [line.rstrip(",") for line in text.split("\n")[1:-2]]
    table = pd.DataFrame([each["properties"] for each in read["features"]])
    for column in table.columns:
        table[column] = table[column].astype("float64" if column == "accuracy_m" else "str")
    shapes = [
        None if each["geometry"] is None else shapely.geometry.shape(each["geometry"])
        for each in read["features"]
    ]
    return gpd.GeoDataFrame(table, geometry=shapes, crs=GEOGRAPHIC), lines
