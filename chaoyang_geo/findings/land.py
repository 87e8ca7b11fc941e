"""The zones that the maps of sites are drawn from: placed, simplified and sorted once for all sites."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import require_crs
from chaoyang_geo.edges import redrawn
from chaoyang_geo.findings.picture import Frame, Picture, hatch
from chaoyang_geo.schema import as_text, require
from chaoyang_geo.shapes import finite, made_valid
from chaoyang_geo.verdicts import clean, drawn_at, look_of

if TYPE_CHECKING:
    import geopandas as gpd

_COLUMNS = ("zone_code", "zone_name", "zone_kind", "zone_grade")
_FINEST_MM = 0.06  # detail that paper cannot show
_CROWDED = 250  # zones in a window, beyond which thick borders would hide what is in them
_HAIR_MM = 0.12


@dataclass(frozen=True)
class Zone:
    """What is told of a zone; ``row`` is its place in the order of drawing."""

    row: int
    shape: Any
    code: str
    name: str
    kind: str
    grade: str
    layer: str

    def is_one_of(self, named: set[tuple[str, str]]) -> bool:
        """Tell whether a zone is among these layers and codes; without a layer the code decides."""
        return (self.layer, self.code) in named


def codes_of(findings: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return layer and code of the zones of findings, each code also without its layer."""
    return {
        (layer, code)
        for row in findings
        for code in row["zone_code"].split(";")
        for layer in (row["layer"], "")
    }


def check_zones(zones: gpd.GeoDataFrame | None) -> None:
    """Raise ``CRSError`` or ``SchemaError`` where zones cannot be drawn."""
    if zones is not None:
        require_crs(zones, layer_name="zones")
        require(zones, _COLUMNS, table="zones")


class Ground:
    """The zones, once for every metric system that a site is drawn in."""

    def __init__(self, zones: gpd.GeoDataFrame | None) -> None:
        self.zones = zones
        self._ready: dict[str, _Land] = {}
        check_zones(zones)

    def __getstate__(self) -> dict[str, Any]:
        """Hand another process the zones alone: it prepares what it needs."""
        return {"zones": self.zones, "_ready": {}}

    def within(self, metric: str, bounds: Sequence[float]) -> list[Zone]:
        """Return the zones whose boxes meet a window, in the order of drawing."""
        land = self._in(metric)
        return [] if land is None else land.within(bounds)

    def extent(self, metric: str) -> tuple[float, float, float, float] | None:
        """Return the box of all zones, None where there are none."""
        land = self._in(metric)
        return None if land is None else land.extent

    def drawn(
        self, picture: Picture, frame: Frame, metric: str, *, gap: float = 1.0
    ) -> list[tuple[Zone, Any]]:
        """Draw what of the zones lies in a window; return each with what is seen of it."""
        land = self._in(metric)
        return [] if land is None else _drawn(picture, frame, land, gap)

    def _in(self, metric: str) -> _Land | None:
        if self.zones is None:
            return None
        if metric not in self._ready:
            self._ready[metric] = _Land(self.zones, metric)
        return self._ready[metric]


class _Land:
    """The zones in a metric system."""

    def __init__(self, layer: gpd.GeoDataFrame, metric: str) -> None:
        import numpy as np
        import shapely

        placed = np.array(redrawn(layer.geometry, metric).to_numpy(), dtype=object)
        placed[~finite(placed)] = None  # longitude and latitude swapped, it lies nowhere
        shapes, _ = made_valid(placed)
        names = [*_COLUMNS, *(["layer"] if "layer" in layer else [])]
        columns = [[clean(value) for value in as_text(layer[name])] for name in names]
        if "layer" not in layer:
            columns.append([""] * len(layer))
        there = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes))).tolist()
        # a kind and grade after the other: each is drawn in one go
        there.sort(
            key=lambda at: (
                drawn_at(columns[2][at], columns[3][at]), columns[2][at], columns[3][at],
                columns[0][at], columns[4][at],
            )
        )  # fmt: skip
        self.shapes = shapes[there]
        self.zones = [
            Zone(row, shapes[at], *(column[at] for column in columns))
            for row, at in enumerate(there)
        ]
        self.boxes = shapely.bounds(self.shapes).reshape(-1, 4)
        self.extent: tuple[float, float, float, float] | None = None
        if there:
            west, south, east, north = shapely.total_bounds(self.shapes).tolist()
            self.extent = west, south, east, north
        self._tree = shapely.STRtree(self.shapes)
        self._simple: dict[int, Any] = {}

    def within(self, bounds: Sequence[float]) -> list[Zone]:
        import shapely

        return [self.zones[row] for row in sorted(self._tree.query(shapely.box(*bounds)).tolist())]

    def simple(self, rows: Any, tolerance: float) -> Any:
        """Return zones without detail below a tolerance, metres; it is rounded down to a power of
        two, so that each zone is simplified once for all the maps of about the same scale.
        """
        import numpy as np
        import shapely

        level = math.floor(math.log2(tolerance))
        if level not in self._simple:
            self._simple[level] = np.full(len(self.shapes), None, dtype=object)
        done = self._simple[level]
        new = rows[shapely.is_missing(done[rows])]
        done[new] = _simplified(self.shapes[new], 2.0**level)
        return done[rows]


def _simplified(shapes: Any, tolerance: float) -> Any:
    """Simplify shapes; where the quick way fails, by the one that keeps the topology."""
    import shapely

    simple = shapely.simplify(shapes, tolerance, preserve_topology=False)
    bad = shapely.is_empty(simple) | ~shapely.is_valid(simple)
    simple[bad] = shapely.simplify(shapes[bad], tolerance)
    return simple


def _drawn(picture: Picture, frame: Frame, land: _Land, gap: float) -> list[tuple[Zone, Any]]:
    import numpy as np
    import shapely

    zones = land.within(frame.bounds)
    if not zones:
        return []
    rows = np.array([zone.row for zone in zones])
    shapes = land.simple(rows, _FINEST_MM * frame.scale)
    boxes = land.boxes[rows]
    west, south, east, north = frame.bounds
    inside = (boxes[:, :2] >= (west, south)).all(axis=1) & (boxes[:, 2:] <= (east, north)).all(
        axis=1
    )
    seen, edges = shapes.copy(), shapely.boundary(shapes)
    seen[~inside] = shapely.clip_by_rect(shapes[~inside], west, south, east, north)
    edges[~inside] = shapely.clip_by_rect(edges[~inside], west, south, east, north)
    parts, owner = frame.polygons(seen)
    there = np.zeros(len(zones), dtype=bool)
    there[owner] = True
    crowded = int(there.sum()) > _CROWDED
    pairs = [(zone.kind, zone.grade) for zone in zones]
    starts = [at for at in range(len(pairs)) if at == 0 or pairs[at] != pairs[at - 1]]
    for first, last in zip(starts, [*starts[1:], len(pairs)], strict=True):
        here = parts[(owner >= first) & (owner < last)]
        if not len(here):
            continue
        look = look_of(*pairs[first])
        rings, areas = frame.areas(here)
        picture.path(rings, areas=areas, fill=look.colour, opacity=look.opacity)
        for angle, distance in look.hatches:
            lines = hatch(here, frame, angle=angle, gap=max(distance * gap, 0.8))
            picture.path(lines, stroke=look.colour, width=0.14)
        width = min(look.width, _HAIR_MM) if crowded else look.width
        border = frame.lines(edges[first:last][there[first:last]])
        picture.path(border, stroke=look.colour, width=width)
    return [(zones[at], seen[at]) for at in np.flatnonzero(there).tolist()]
