"""Large shapes in small pieces: areas of zones to lay sites over, short chunks of borders.

A zone of 100,000 vertices costs as much for a site that touches one corner of it as for one that
lies across it. Cut into pieces of a few hundred vertices, only the pieces at the site are looked
at; the areas add up to the same. Distances are to borders as they were drawn, in short chunks, so
that a cut is never taken for a border.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]

_WHOLE = 768  # vertices of a polygon that is not cut
_PIECE = 256  # vertices of a piece at most


def cut_areas(polygons: Shapes) -> tuple[Shapes, Ints]:
    """Cut large polygons into pieces; return the pieces and the polygon of each.

    The pieces of a polygon cover it without overlap: where their areas do not add up to its
    own, to 9 digits, the polygon stays whole.
    """
    import numpy as np
    import shapely

    large = np.flatnonzero(shapely.get_num_coordinates(polygons) > _WHOLE)
    pieces: list[Any] = []
    owners: list[int] = []
    uncut = np.ones(len(polygons), bool)
    for place in large:
        found = _halved(polygons[place])
        area = shapely.area(polygons[place])
        good = abs(float(shapely.area(found).sum()) - area) <= 1e-9 * area
        if good and shapely.is_valid(found).all():
            uncut[place] = False
            pieces.extend(found)
            owners.extend([int(place)] * len(found))
    whole = np.flatnonzero(uncut)
    shapes = np.concatenate([polygons[whole], np.array(pieces, dtype=object)])
    return shapes, np.concatenate([whole, np.array(owners, dtype=np.int64)])


def _halved(polygon: Any) -> list[Any]:
    """Cut a polygon in two along its shorter way, and the halves again, until all are small."""
    import shapely

    todo, done = [polygon], []
    while todo:
        shape = todo.pop()
        if shapely.get_num_coordinates(shape) <= _PIECE:
            done.append(shape)
            continue
        west, south, east, north = shape.bounds
        if east - west > north - south:
            middle = (west + east) / 2
            halves = ((west, south, middle, north), (middle, south, east, north))
        else:
            middle = (south + north) / 2
            halves = ((west, south, east, middle), (west, middle, east, north))
        if not min(west, south) < middle < max(east, north):
            done.append(shape)
            continue
        for half in halves:
            clipped = shapely.clip_by_rect(shape, *half)
            todo.extend(part for part in shapely.get_parts(clipped) if part.geom_type == "Polygon")
    return [shape for shape in done if not shape.is_empty]


def chunks(shapes: Shapes, *, n_segments: int) -> tuple[Shapes, Ints]:
    """Cut borders and lines into chunks of so many segments; points stay.

    Returns the chunks (lines, points) and the shape of each. Neighbouring chunks share a vertex.
    """
    import numpy as np
    import shapely

    kinds = shapely.get_type_id(shapes)
    points = np.flatnonzero(kinds == 0)
    areas, lines = np.flatnonzero(kinds == 3), np.flatnonzero((kinds == 1) | (kinds == 2))
    rings, ring_owner = shapely.get_rings(shapes[areas], return_index=True)
    runs = np.concatenate([rings, shapes[lines]])
    owner = np.concatenate([areas[ring_owner], lines])
    if not len(runs):
        return shapes[points], points
    coordinates = shapely.get_coordinates(runs)
    count = shapely.get_num_coordinates(runs)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    n_chunks = np.maximum(1, -(-(count - 1) // n_segments))
    run = np.repeat(np.arange(len(runs)), n_chunks)
    step = np.arange(len(run)) - np.repeat(np.cumsum(n_chunks) - n_chunks, n_chunks)
    begin = first[run] + step * n_segments
    end = np.minimum(begin + n_segments, first[run] + count[run] - 1)
    size = end - begin + 1
    chunk = np.repeat(np.arange(len(run)), size)
    offset = np.arange(len(chunk)) - np.repeat(np.cumsum(size) - size, size)
    found = shapely.linestrings(coordinates[begin[chunk] + offset], indices=chunk)
    return (
        np.concatenate([found, shapes[points]]),
        np.concatenate([owner[run], points]),
    )


def short_lines(lines: Shapes, *, longest_m: float) -> Shapes:
    """Return lines whose segments are no longer than ``longest_m``, so that their boxes are tight."""
    import shapely

    short: Shapes = shapely.segmentize(lines, longest_m)
    return short
