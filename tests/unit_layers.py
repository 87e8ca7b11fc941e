"""Layers of units for the tests: squares on paper, and coverages that are broken at random."""

import geopandas as gpd
import numpy as np
import shapely
from shapely import box

X, Y = 500_000, 4_600_000
METRIC = "EPSG:4549"


def square(x0, y0, x1, y1, step=1000.0):
    """A rectangle in steps of a kilometre from a corner inside China."""
    return box(X + x0 * step, Y + y0 * step, X + x1 * step, Y + y1 * step)


def layer(shapes, crs=METRIC, code="unit_code", **columns):
    """One row for each key of ``shapes``."""
    return gpd.GeoDataFrame(
        {code: list(shapes), **columns},
        geometry=gpd.GeoSeries(list(shapes.values()), crs=METRIC), crs=METRIC,
    ).to_crs(crs)  # fmt: skip


def tiles(n=3, size=2.0):
    """``n`` by ``n`` squares side by side, a clean coverage."""
    return {
        f"U{row}{column}": square(column * size, row * size, (column + 1) * size, (row + 1) * size)
        for row in range(n)
        for column in range(n)
    }


def cells(seed, n=12, size=10_000.0):
    """A clean coverage of ``n`` irregular cells of a square."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, size, (n, 2)).round(1)
    whole = box(0, 0, size, size)
    found = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(at), extend_to=whole, ordered=True)
    )
    # one noding for all, so that neighbours share their vertices
    lines = [*shapely.boundary(found), whole.boundary]
    faces = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.union_all(lines, grid_size=0.01)))
    )
    inside = shapely.contains(whole.buffer(0.01), faces)
    shapes = shapely.transform(faces[inside], lambda xy: np.round(np.add(xy, [X, Y]), 2))
    return {f"U{k:02d}": shape for k, shape in enumerate(shapes)}


def broken(shapes, seed, *, kinds=("shift", "grow", "bite", "shrink"), by_m=40.0, n=4):
    """Move, grow, shrink and bite some units of a coverage, so that borders no longer agree."""
    rng = np.random.default_rng(seed)
    out = dict(shapes)
    for code in rng.choice(list(out), size=min(n, len(out)), replace=False).tolist():
        kind = kinds[int(rng.integers(len(kinds)))]
        shape, far = out[code], float(rng.uniform(0.2, 1.0)) * by_m
        if kind == "shift":
            angle = float(rng.uniform(0, 2 * np.pi))
            step = np.array([np.cos(angle), np.sin(angle)]) * far
            shape = shapely.transform(shape, lambda xy, step=step: xy + step)
        elif kind == "grow":
            shape = shapely.buffer(shape, far, join_style="mitre")
        elif kind == "shrink":
            shape = shapely.buffer(shape, -far, join_style="mitre")
        else:
            at = shapely.get_coordinates(shape)[0]
            shape = shapely.difference(shape, shapely.buffer(shapely.points(at), 5 * far))
        if not shape.is_empty:
            out[code] = shape
    return out
