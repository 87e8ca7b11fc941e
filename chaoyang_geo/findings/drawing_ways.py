"""What completes the map of a site: the way of its water, what is free, where it could go, stretches."""

from __future__ import annotations

import math
from typing import Any

from chaoyang_geo.findings.model import Dossier
from chaoyang_geo.findings.picture import Frame, Labels, Picture, around
from chaoyang_geo.findings.words import words_of
from chaoyang_geo.verdicts import enough_m, length_text

#: Colours: water, what is free, the moved site, a stretch in a zone.
WATER, FREE, MOVED, STRETCH = "#0b6fc2", "#1f8a4c", "#0f5c31", "#8c1d17"


def widened(
    bounds: tuple[float, float, float, float], dossier: Dossier
) -> tuple[float, float, float, float]:
    """Return a window in which the moved site is seen, too."""
    import shapely

    if dossier.ways.moved is None:
        return bounds
    west, south, east, north = shapely.bounds(dossier.ways.moved).tolist()
    edge = 0.15 * max(east - west, north - south, 60.0)
    return (
        min(bounds[0], west - edge), min(bounds[1], south - edge),
        max(bounds[2], east + edge), max(bounds[3], north + edge),
    )  # fmt: skip


def ends(dossier: Dossier) -> list[tuple[float, float, float, float]]:
    """Return the boxes of the ways along the river, for the overview."""
    import shapely

    return [tuple(shapely.bounds(way).tolist()) for way in dossier.ways.course]


def courses(picture: Picture, frame: Frame, dossier: Dossier) -> bool:
    """Draw the ways of the water that lie in a window; tell whether any does."""
    import shapely

    seen = False
    for way in dossier.ways.course:
        lines = frame.lines(frame.clipped(way))
        picture.path(lines, stroke="#ffffff", width=1.3)
        picture.path(lines, stroke=WATER, width=0.7)
        seen = seen or bool(lines)
    if dossier.ways.course:
        longest = max(dossier.ways.course, key=shapely.length)
        _head(picture, frame, longest, WATER)
    return seen


def places(picture: Picture, frame: Frame, dossier: Dossier) -> set[str]:
    """Draw what is free, the moved site with its arrow, and the stretches; say what was seen."""
    import shapely

    ways, seen = dossier.ways, set()
    taken = ways.free is not None and ways.free["conflict_m2"] > 0
    if ways.left is not None and taken:
        rings = frame.rings(frame.clipped(ways.left))
        picture.path(rings, fill=FREE, opacity=0.35, stroke=FREE, width=0.4)
        seen |= {"free"} if rings else set()
    if ways.moved is not None:
        if shapely.get_dimensions(ways.moved) == 2:
            edge = frame.lines(frame.clipped(shapely.boundary(ways.moved)))
            picture.path(edge, stroke=MOVED, width=0.6, dash=True)
        way = _shaft(dossier)
        lines = frame.lines(frame.clipped(way))
        picture.path(lines, stroke=MOVED, width=0.6)
        _head(picture, frame, way, MOVED)
        seen.add("shift")
    for piece, _ in ways.pieces:
        lines = frame.lines(frame.clipped(piece))
        picture.path(lines, stroke=STRETCH, width=1.9)
        picture.path(lines, stroke="#ffd400", width=0.5)
        seen |= {"stretch"} if lines else set()
    return seen


def keep_off(labels: Labels, dossier: Dossier) -> None:
    """Keep names off the moved site and its arrow."""
    import shapely

    if dossier.ways.moved is None:
        return
    frame = labels.frame
    inside = frame.clipped(shapely.union_all([dossier.ways.moved, _shaft(dossier)]))
    dense = shapely.get_coordinates(shapely.segmentize(inside, 2 * frame.scale))
    for x, y in frame.on_paper(dense).tolist():
        labels.keep_free(x - 1, y - 1, 2.0, 2.0)


def _shaft(dossier: Dossier) -> Any:
    """Return the way of a site's middle to where it is moved."""
    import shapely

    middles = [shapely.centroid(each) for each in (dossier.shape, dossier.ways.moved)]
    return shapely.linestrings([shapely.get_coordinates(middle)[0] for middle in middles])


def shift_length(labels: Labels, dossier: Dossier, lang: str) -> None:
    """Write beside the arrow how far the site would be moved, or beside the moved site."""
    import numpy as np
    import shapely

    ways, frame = dossier.ways, labels.frame
    if ways.shift is None or ways.moved is None:
        return
    middle = shapely.centroid(_shaft(dossier))
    places = []
    for shape in (middle, ways.moved):
        west, south, east, north = shapely.bounds(shape).tolist()
        left, top = frame.on_paper(np.array([(west, north)]))[0].tolist()
        places += around(left, top, (east - west) / frame.scale, (north - south) / frame.scale)
    far = length_text(enough_m(ways.shift["shift_m"]), lang)
    text = words_of(lang)["moved_by"].format(distance=far)
    labels.put(text, places, size=2.5, colour=MOVED, bold=True)


def stakes(labels: Labels, dossier: Dossier) -> None:
    """Write from where to where each stretch runs, the longest first, each only once."""
    import shapely

    told = set()
    for piece, text in sorted(dossier.ways.pieces, key=lambda each: -shapely.length(each[0])):
        inside = labels.frame.clipped(piece)
        if text in told or shapely.is_empty(inside):
            continue
        told.add(text)
        middle = shapely.point_on_surface(inside)
        x, y = labels.frame.on_paper(shapely.get_coordinates(middle))[0].tolist()
        labels.put(text, around(x, y, 0.0, 0.0), size=2.3, colour=STRETCH, bold=True, longest=30)


def _head(picture: Picture, frame: Frame, way: Any, colour: str) -> None:
    """Draw the head of an arrow at the end of a line, where that lies in the window."""
    import numpy as np
    import shapely

    points = frame.on_paper(shapely.get_coordinates(way))
    tip = points[-1]
    inside = (
        frame.x <= tip[0] <= frame.x + frame.width and frame.y <= tip[1] <= frame.y + frame.height
    )
    before = next((each for each in points[::-1] if math.dist(each, tip) > 0.8), None)
    if not inside or before is None:
        return
    along = (tip - before) / math.dist(before, tip)
    across = np.array([-along[1], along[0]])
    back = tip - 2.4 * along
    head = np.round(np.array([tip, back + 0.95 * across, back - 0.95 * across, tip]), 2)
    picture.path([head], fill=colour, stroke="#ffffff", width=0.15)
