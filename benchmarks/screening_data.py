"""A realistic layer of zones with fractal borders, and sites to lay over it; always the same.

Cells of a Voronoi diagram whose edges are bent by midpoint displacement, the same line for the
two cells that share it; about half of the cells are zones. Where two zones meet they share every
vertex, as in a layer that was drawn with topology. Merged, the zones become giants.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import Voronoi

CRS = "EPSG:4549"
WEST, SOUTH, SIDE_M = 380_000.0, 4_480_000.0, 240_000.0


def fractal_edges(vertices: Any, ends: Any, room: Any, levels: int, random: Any) -> Any:
    """Bend straight edges: at every level the middle of each piece moves across it."""
    lines = vertices[ends]  # edges, 2, xy
    length = np.hypot(*(lines[:, 1] - lines[:, 0]).T)
    roughness = np.minimum(0.17, 0.4 * room / np.maximum(length, 1e-9))[:, None, None]
    for _ in range(levels):
        first, second = lines[:, :-1], lines[:, 1:]
        across = (second - first)[:, :, ::-1] * [-1.0, 1.0]
        shift = random.uniform(-1, 1, first.shape[:2])[:, :, None] * roughness
        middle = (first + second) / 2 + across * shift
        woven = np.empty((len(lines), 2 * first.shape[1] + 1, 2))
        woven[:, ::2], woven[:, 1::2] = lines, middle
        lines = woven
    return lines


def zone_layer(n_zones: int, seed: int = 7) -> gpd.GeoDataFrame:
    """Return about ``n_zones`` zones with 150 vertices each, in metres."""
    random = np.random.default_rng(seed)
    n_cells = int(n_zones / 0.47)
    # clustered, so that sizes differ as they do in nature
    centres = random.uniform(0, SIDE_M, (max(4, n_cells // 40), 2))
    near = centres[random.integers(0, len(centres), n_cells // 2)]
    seeds = np.concatenate(
        [near + random.normal(0, SIDE_M / 30, near.shape), random.uniform(0, SIDE_M, near.shape)]
    )
    seeds = seeds[((seeds > 0) & (seeds < SIDE_M)).all(axis=1)] + [WEST, SOUTH]
    cells = Voronoi(seeds)
    ridge_ends = np.array(cells.ridge_vertices)
    inner = (ridge_ends >= 0).all(axis=1)
    ends, sides = ridge_ends[inner], cells.ridge_points[inner]
    a, b = cells.vertices[ends[:, 0]], cells.vertices[ends[:, 1]]
    length = np.hypot(*(b - a).T)
    seed_of = seeds[sides[:, 0]]
    off = np.abs((b - a)[:, 0] * (seed_of - a)[:, 1] - (b - a)[:, 1] * (seed_of - a)[:, 0])
    room = off / np.maximum(length, 1e-9)
    edges: list[Any] = [None] * len(ends)
    levels = np.where(length > np.quantile(length, 0.4), 5, 4)
    for level in (4, 5):
        here = np.flatnonzero(levels == level)
        bent = fractal_edges(cells.vertices, ends[here], room[here], level, random)
        for place, line in zip(here, bent, strict=True):
            edges[place] = line
    by_cell: dict[int, list[int]] = {}
    for number, pair in enumerate(sides):
        for cell in pair:
            by_cell.setdefault(int(cell), []).append(number)
    inside = np.flatnonzero([-1 not in cells.regions[region] for region in cells.point_region])
    # neighbouring cells tend to be alike, as habitats are
    wave = np.sin(seeds[:, 0] / 9_000) + np.sin(seeds[:, 1] / 7_000 + seeds[:, 0] / 31_000)
    wish = wave + random.normal(0, 0.6, len(seeds))
    chosen = inside[wish[inside] > np.quantile(wish[inside], 1 - n_zones / len(inside))]
    shapes = []
    for cell in chosen:
        ring = _ring(by_cell[int(cell)], ends, edges)
        shapes.append(None if ring is None else shapely.Polygon(ring))
    polygons = np.array(shapes, dtype=object)
    kept = shapely.is_valid(polygons) & ~shapely.is_missing(polygons)
    box = shapely.bounds(polygons)
    kept &= (box[:, 0] > WEST) & (box[:, 1] > SOUTH)
    kept &= (box[:, 2] < WEST + SIDE_M) & (box[:, 3] < SOUTH + SIDE_M)
    polygons = polygons[kept]
    crossing = ~shapely.is_empty(shapely.coverage_invalid_edges(polygons))
    polygons = polygons[~crossing]  # a bent edge that crossed another, with its neighbours
    codes = [f"Z{number:06d}" for number in range(len(polygons))]
    return gpd.GeoDataFrame({"zone_code": codes}, geometry=polygons, crs=CRS)


def _ring(numbers: list[int], ends: Any, edges: list[Any]) -> Any:
    """Join the edges of a cell to a ring."""
    left = {number: (int(ends[number, 0]), int(ends[number, 1])) for number in numbers}
    number, (start, at) = next(iter(left.items()))
    del left[number]
    parts = [edges[number][:-1]]
    while at != start:
        for number, (first, last) in left.items():
            if first == at:
                parts.append(edges[number][:-1])
                at = last
                break
            if last == at:
                parts.append(edges[number][::-1][:-1])
                at = first
                break
        else:
            return None
        del left[number]
    return np.concatenate(parts)


def merged(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Merge zones that touch, the usual shape of a provincial layer."""
    parts = shapely.get_parts(shapely.coverage_union_all(zones.geometry.to_numpy()))
    codes = [f"G{number:05d}" for number in range(len(parts))]
    return gpd.GeoDataFrame({"zone_code": codes}, geometry=parts, crs=zones.crs)


def site_layer(
    n_polygons: int, n_lines: int, n_points: int = 0, seed: int = 11
) -> gpd.GeoDataFrame:
    """Return polygon sites of 1 to 50 ha, pipelines of 5 to 60 km, and points."""
    random = np.random.default_rng(seed)
    middles = random.uniform(0.03, 0.97, (n_polygons, 2)) * SIDE_M + [WEST, SOUTH]
    corners = 12
    turn = np.sort(random.uniform(0, 2 * np.pi, (n_polygons, corners)), axis=1)
    radius = np.exp(random.normal(np.log(100), 0.6, (n_polygons, 1)))
    reach = radius * random.uniform(0.7, 1.3, (n_polygons, corners))
    rings = middles[:, None] + np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=2)
    polygons = shapely.polygons(rings)
    lines = []
    for _ in range(n_lines):
        steps = random.integers(20, 240)
        heading = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, 0.08, steps))
        walk = np.cumsum(250 * np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
        lines.append(
            shapely.LineString(random.uniform(0.1, 0.9, 2) * SIDE_M + [WEST, SOUTH] + walk)
        )
    points = shapely.points(random.uniform(0.03, 0.97, (n_points, 2)) * SIDE_M + [WEST, SOUTH])
    shapes = np.concatenate([polygons[shapely.is_valid(polygons)], np.array(lines, object), points])
    return gpd.GeoDataFrame(
        {"site_code": [f"S{number:06d}" for number in range(len(shapes))]},
        geometry=shapes,
        crs=CRS,
    )
