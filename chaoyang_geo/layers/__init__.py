"""Vector layers in and out: any encoding, any of the usual kinds of file, nothing lost unsaid.

A layer read here has whole Chinese names and texts, columns named by the vocabulary, a geometry
that can be computed with, and two columns of doubts in words: ``geometry_flag`` and ``text_flag``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoyang_geo.layers.describe import LayerDescription
from chaoyang_geo.layers.describe import describe as _describe
from chaoyang_geo.layers.read import REPORT
from chaoyang_geo.layers.read import read as _read
from chaoyang_geo.layers.write import write as _write

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["LayerDescription", "describe_layer", "layer_report", "read_layer", "write_layer"]


def read_layer(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    crs: Any = None,
    layer: str | None = None,
    encoding: str | None = None,
    repair: bool = True,
) -> gpd.GeoDataFrame:
    """Read a vector layer: names and texts whole, columns by meaning, geometry usable.

    Shapefile, GeoPackage, FileGDB, GeoJSON, KML, DXF (ASCII), FlatGeobuf, GeoParquet, a folder or
    ``.zip`` of them, Excel or CSV tables with coordinates, and the boundary points of land surveys
    (勘测定界 .txt).

    Parameters
    ----------
    path : str or path
        ``.shp``, ``.gpkg``, ``.gdb``, ``.geojson``, ``.json``, ``.kml``, ``.kmz``, ``.dxf``, ``.fgb``,
        ``.parquet``, ``.geoparquet``, ``.zip``, a folder, or a table: ``.xlsx``, ``.xlsm``, ``.xls``,
        ``.ods``, ``.csv``, ``.txt``, ``.tsv``. A ``.txt`` with a part ``[属性描述]`` or ``[地块坐标]``
        is one of boundary points: a plot is a row, a ring within another is a hole.
    columns : mapping, optional
        Overrides the name of a column: header in the file (in full, where an alias table restores
        it) to a name, or ``"ignore"``. In a table also to what it holds: ``longitude``,
        ``latitude`` (degrees), ``east_m``, ``north_m`` (metres). Else headers are named by meaning
        (断面名称 becomes ``section_name``); what is not known keeps its name.
    crs : optional
        CRS of the coordinates where the file does not say it, or says it wrong: anything that
        pyproj takes. Nothing is moved.
    layer : str, optional
        Layer, sheet or file, where there are several.
    encoding : str, optional
        ``'GBK'``, ``'UTF-8'``, ...; else the bytes decide, against a wrong ``.cpg`` too.
    repair : bool, default True
        Repair invalid geometry; otherwise it is only flagged.

    Returns
    -------
    GeoDataFrame, n rows in file order, index 0 to n - 1
        The columns of the file, then ``geometry_flag`` (what is wrong with the geometry, or what was
        repaired), ``text_flag`` (texts cut off, or in another encoding than the rest) and
        ``geometry`` in the CRS of the file. Rows without geometry stay. What was done is in
        :func:`layer_report`. Codes are text; times are naive China Standard Time.

    Raises
    ------
    FileNotFoundError
        There is no such file; the message lists the layers beside it.
    ValueError
        The file is damaged, of unknown kind or unsafe (a zip with members outside its folder,
        symbolic links, archives in archives, more than 4 GiB or 200 times its size), has no layer
        or several and ``layer`` is not given, or its coordinates are not understood.
    SchemaError
        ``columns`` gives one name to two columns.
    CRSError
        ``crs`` is in metres and a table's coordinates in degrees, or the reverse, or lacks the
        zone that its eastings begin with.

    Warns
    -----
    UserWarning
        What was taken to be so and might not be: a ``.cpg`` against the bytes, an encoding in
        doubt, axes told by size (X points north in Chinese surveying), a zone told by the
        easting, a datum assumed, a missing CRS, a ``.prj`` or head of a survey file that names
        none.

    Notes
    -----
    The encoding is decided by which reading is legal and of more common characters (GB 2312-80).
    A zone before the easting gives the CGCS2000 zone of the EPSG registry (40 is EPSG:4528). The
    head of a survey file gives datum (2000国家大地坐标系, 80国家大地坐标系 or 1980西安坐标系,
    1954北京坐标系) and zone, where the coordinates agree with it. Invalid
    polygons are repaired by their rings (``shapely.make_valid(method="structure")``).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.layers import read_layer
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "sections.csv"
    >>> text = "断面名称,经度（CGCS2000）,纬度（CGCS2000）\\n章吉营,120°27′36″,41.5N\\n南大桥,,\\n"
    >>> _ = path.write_text(text, encoding="gbk")
    >>> sections = read_layer(path)
    >>> sections[["section_name", "geometry_flag", "geometry"]]
      section_name geometry_flag             geometry
    0          章吉营                POINT (120.46 41.5)
    1          南大桥           无坐标                 None
    >>> sections.crs.to_epsg()
    4490
    >>> folder.cleanup()
    """
    return _read(Path(path), columns=columns, crs=crs, layer=layer, encoding=encoding, mend=repair)


def describe_layer(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    crs: Any = None,
    encoding: str | None = None,
) -> LayerDescription:
    """Tell what :func:`read_layer` would understand of a file, every layer and field of it.

    Parameters
    ----------
    path : str or path
        As in :func:`read_layer`.
    columns, crs, encoding : optional
        As in :func:`read_layer`.

    Returns
    -------
    LayerDescription
        ``layers``, one row a layer, and ``fields``, one row a field.

    Raises
    ------
    FileNotFoundError, ValueError, SchemaError, CRSError
        As :func:`read_layer`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from chaoyang_geo.layers import describe_layer
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "sections.csv"
    >>> _ = path.write_text("断面名称,X,Y\\n章吉营,4604123.5,40538412.25\\n", encoding="gbk")
    >>> found = describe_layer(path)
    >>> found.layers[["encoding", "encoding_sure", "crs"]]
      encoding encoding_sure        crs
    0      GBK            确定  EPSG:4528
    >>> found.layers.loc[0, "layer_flag"].split("；")[0]
    '按我国测量惯例（X 指北）把 X 读作纵坐标、Y 读作横坐标'
    >>> folder.cleanup()
    """
    return _describe(Path(path), columns=columns, crs=crs, encoding=encoding)


def layer_report(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what :func:`read_layer` found and did, one row a step.

    Parameters
    ----------
    layer : GeoDataFrame
        As it came from :func:`read_layer`.

    Returns
    -------
    DataFrame
        ``step`` (文件, 编码, 坐标系, 列名, 几何, ...), ``n_rows`` that it concerns, ``detail``. Empty where
        the frame does not come from :func:`read_layer`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from chaoyang_geo.layers import layer_report
    >>> layer_report(gpd.GeoDataFrame(geometry=[])).columns.tolist()
    ['step', 'n_rows', 'detail']
    """
    import pandas as pd

    table = pd.DataFrame(layer.attrs.get(REPORT, []), columns=["step", "n_rows", "detail"])
    return table.astype({"step": "str", "n_rows": "int64", "detail": "str"})


def write_layer(
    layer: gpd.GeoDataFrame,
    path: str | os.PathLike[str],
    *,
    encoding: str | None = None,
    layer_name: str | None = None,
) -> Path:
    """Write a vector layer so that :func:`read_layer` gives it back, and say what is lost.

    A shapefile gets readable names: cut by whole characters within the ten bytes of a field and
    unique, with the full names and dtypes in an alias table beside it (``sections.fields.csv``). The
    files are put in place only when all are written; an interrupted write leaves the old ones. The
    index is not written.

    Parameters
    ----------
    layer : GeoDataFrame, n rows, any CRS
        A missing CRS is written as missing.
    path : str or path
        ``.shp``, ``.zip`` (a zipped shapefile), ``.gpkg``, ``.gdb``, ``.geojson``, ``.kml``, ``.fgb``,
        ``.parquet``. Other layers of a ``.gpkg`` or ``.gdb`` that is there stay.
    encoding : str, optional
        Of a shapefile: ``'GBK'``, ``'GB18030'`` or ``'UTF-8'``. Else GBK where all texts can be
        written in it (names of five characters, and what old desktop programs expect), else UTF-8.
        The ``.cpg`` is written.
    layer_name : str, optional
        Name of the layer in a ``.gpkg`` or ``.gdb``; default the name of the file.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    SchemaError
        Two columns have one name, or the kind of file cannot hold the columns.
    ValueError
        The ending is unknown, a shapefile would hold points and polygons at once, or a text
        cannot be written in ``encoding``; the message names column and row.
    CRSError
        KML and GeoJSON are in WGS 84 by their standards, and the layer has no CRS.

    Warns
    -----
    UserWarning
        What the file does not hold: texts cut to 254 bytes, times and large integers written as
        text (the alias table restores them), empty geometries, coordinates moved to WGS 84.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from chaoyang_geo.layers import read_layer, write_layer
    >>> folder = tempfile.TemporaryDirectory()
    >>> zones = gpd.GeoDataFrame({"生态保护红线类型": ["水源涵养"]}, geometry=[Point(120, 41)], crs=4490)
    >>> path = write_layer(zones, pathlib.Path(folder.name) / "红线.shp")
    >>> sorted(p.name for p in path.parent.iterdir())
    ['红线.cpg', '红线.dbf', '红线.fields.csv', '红线.prj', '红线.shp', '红线.shx']
    >>> read_layer(path).columns.tolist()
    ['生态保护红线类型', 'geometry_flag', 'text_flag', 'geometry']
    >>> gpd.read_file(path).columns.tolist()
    ['生态保护红', 'geometry']
    >>> folder.cleanup()
    """
    return _write(layer, Path(path), encoding=encoding, layer_name=layer_name)
