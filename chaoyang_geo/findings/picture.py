"""A small map as a list of shapes in millimetres of paper, drawn the same by SVG and by Word."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """Closed rings or open lines, in millimetres, y downwards."""

    parts: tuple[Any, ...]  # arrays of shape (n, 2)
    fill: str = ""
    opacity: float = 1.0
    stroke: str = ""
    width: float = 0.2
    dash: bool = False
    areas: tuple[int, ...] = ()  # how many of the parts are the rings of each area; () they are one

    def steps(self, move: str, step: str, end: str) -> tuple[Points, list[str]]:
        """Return the vertices that a pen is led to, and of each part a text with a place for each:
        where it is set down, led on, and led back to where a ring began.
        """
        import numpy as np

        sizes = np.array([len(part) for part in self.parts])
        points, ends = np.concatenate(self.parts), np.cumsum(sizes)
        closed = (sizes > 2) & (points[ends - sizes] == points[ends - 1]).all(axis=1)
        texts = [
            move + step * (size - 2) + end if ring else move + step * (size - 1)
            for size, ring in zip(sizes.tolist(), closed.tolist(), strict=True)
        ]
        return np.delete(points, ends[closed] - 1, axis=0), texts


@dataclass(frozen=True)
class Text:
    """A line of text in a box whose upper left corner is (x, y)."""

    x: float
    y: float
    width: float
    size: float  # of an em, millimetres
    text: str
    bold: bool = False
    colour: str = "#14212a"
    middle: bool = True
    ground: bool = False  # stands over shapes, so it needs a pale ground


@dataclass
class Picture:
    """A drawing of a size in millimetres."""

    width: float
    height: float
    items: list[Path | Text] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # names for which there was no room
    scale: int = 0  # of the main map, 1 to this

    def path(self, parts: Iterable[Any], **style: Any) -> None:
        """Add a path, unless it has no parts."""
        kept = tuple(part for part in parts if len(part) > 1)
        if kept:
            self.items.append(Path(kept, **style))

    def box(self, x: float, y: float, wide: float, high: float, **style: Any) -> None:
        """Add a rectangle."""
        import numpy as np

        east, south = x + wide, y + high
        corners = [(x, y), (east, y), (east, south), (x, south), (x, y)]
        self.path([np.array(corners, dtype=float)], **style)


@dataclass(frozen=True)
class Frame:
    """A window on the ground, in metres, that fills a rectangle on paper."""

    x: float
    y: float
    width: float
    height: float
    west: float
    south: float
    scale: float  # metres on the ground per millimetre of paper

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The window in metres."""
        return (
            self.west,
            self.south,
            self.west + self.width * self.scale,
            self.south + self.height * self.scale,
        )

    def on_paper(self, points: Points) -> Points:
        """Return points of the ground in millimetres of paper, to a hundredth."""
        import numpy as np

        east, north = points[:, 0] - self.west, points[:, 1] - self.south
        paper = np.column_stack(
            [self.x + east / self.scale, self.y + self.height - north / self.scale]
        )
        return np.round(paper, 2) + 0.0

    def clipped(self, shape: Any) -> Any:
        """Return what of a shape lies in the window, without detail that paper cannot show."""
        import shapely

        inside = shapely.clip_by_rect(shape, *self.bounds)
        return shapely.simplify(inside, 0.06 * self.scale)

    def polygons(self, shapes: Any) -> tuple[Any, Any]:
        """Return the polygons of shapes, and which shape each is a part of."""
        import numpy as np
        import shapely

        parts, owner = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
        while (shapely.get_type_id(parts) > 3).any():
            parts, inner = shapely.get_parts(parts, return_index=True)
            owner = owner[inner]
        kept = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
        return parts[kept], owner[kept]

    def areas(self, polygons: Any) -> tuple[list[Points], tuple[int, ...]]:
        """Return the rings of polygons on paper, outer and inner ones in opposite turns, and how
        many each polygon has.
        """
        import numpy as np
        import shapely

        rings, owner = shapely.get_rings(shapely.orient_polygons(polygons), return_index=True)
        return self._on_paper(rings), tuple(np.bincount(owner, minlength=len(polygons)).tolist())

    def rings(self, shape: Any) -> list[Points]:
        """Return the rings of polygons on paper."""
        return [] if shape is None else self.areas(self.polygons([shape])[0])[0]

    def lines(self, shapes: Any) -> list[Points]:
        """Return the lines of a shape, or of many, on paper."""
        import shapely

        parts = shapely.get_parts(shapes if hasattr(shapes, "__len__") else [shapes])
        while (shapely.get_type_id(parts) > 3).any():
            parts = shapely.get_parts(parts)
        parts = parts[(shapely.get_type_id(parts) == 1) | (shapely.get_type_id(parts) == 2)]
        return self._on_paper(parts)

    def _on_paper(self, lines: Any) -> list[Points]:
        """Return the vertices of lines on paper, of each line its own."""
        import numpy as np
        import shapely

        lines = lines[~shapely.is_empty(lines)]
        if not len(lines):
            return []
        points = self.on_paper(shapely.get_coordinates(lines))
        return np.split(points, np.cumsum(shapely.get_num_coordinates(lines))[:-1])


def fitting(
    place: tuple[float, float, float, float],
    bounds: Sequence[float],
    *,
    scales: Sequence[int] = (),
) -> Frame:
    """Return the frame at a place on paper (x, y, width, height) that shows bounds in its middle.

    With ``scales`` the scale is the first of them that is small enough.
    """
    x, y, width, height = place
    west, south, east, north = bounds
    needed = max((east - west) / width, (north - south) / height, 1e-6)
    scale = next((each / 1000 for each in scales if each / 1000 >= needed), needed)
    middle = ((west + east) / 2, (south + north) / 2)
    return Frame(
        x, y, width, height, middle[0] - width * scale / 2, middle[1] - height * scale / 2, scale
    )


def hatch(shape: Any, frame: Frame, *, angle: float, gap: float) -> list[Any]:
    """Return parallel lines across a shape, or across each of many, in a window, ``gap`` millimetres apart on paper.

    The lines are tied to the ground and not to the shape, so that neighbours' hatches meet.
    """
    import numpy as np
    import shapely

    polygons = frame.polygons(shape if hasattr(shape, "__len__") else [shape])[0]
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    if not len(rings):
        return []
    points, ring = shapely.get_coordinates(rings, return_index=True)
    turn, step = math.radians(angle), gap * frame.scale
    # by hand and not by @, which may round the two ends of a ring differently
    along = points[:, 0] * math.cos(turn) + points[:, 1] * math.sin(turn)
    across = (points[:, 1] * math.cos(turn) - points[:, 0] * math.sin(turn)) / step
    edges = np.flatnonzero(ring[:-1] == ring[1:])
    before, after = across[edges], across[edges + 1]
    # a line that runs through a vertex meets one of its two edges, so that each is met in pairs
    first = np.ceil(np.minimum(before, after))
    n_met = (np.ceil(np.maximum(before, after)) - first).astype(int)
    met = np.repeat(np.arange(len(edges)), n_met)
    line = first[met] + np.arange(len(met)) - (np.cumsum(n_met) - n_met)[met]
    share = ((line - before[met]) / (after[met] - before[met]))[:, None]
    start, end = points[edges[met]], points[edges[met] + 1]
    where = start + share * (end - start)
    far = along[edges[met]] + share[:, 0] * (along[edges[met] + 1] - along[edges[met]])
    owner = polygon[ring[edges[met]]]
    pairs = frame.on_paper(where[np.lexsort((far, line, owner))]).reshape(-1, 2, 2)
    return list(pairs[(pairs[:, 0] != pairs[:, 1]).any(axis=1)])


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is: a Chinese character is one em, a Latin one half.

    Examples
    --------
    >>> from chaoyang_geo.findings.picture import text_width
    >>> text_width("示例ab", 2.0)
    6.4
    """
    return round(sum(1.0 if ord(each) > 0x2E80 else 0.6 for each in text) * size, 3)


def shortened(text: str, longest: int = 18) -> str:
    """Return a name for a map, cut where it is too long."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


class Labels:
    """Places names so that none covers another."""

    def __init__(self, picture: Picture, frame: Frame) -> None:
        self.picture, self.frame = picture, frame
        self._taken: list[tuple[float, float, float, float]] = []

    def keep_free(self, x: float, y: float, width: float, height: float) -> None:
        """Keep a rectangle free of names."""
        self._taken.append((x, y, x + width, y + height))

    def put(self, text: str, middles: Iterable[tuple[float, float]], **style: Any) -> bool:
        """Write a name at the first of these places that is free; else remember it as missing."""
        name = shortened(text, int(style.pop("longest", 18)))
        size = float(style.pop("size", 2.7))
        width, height = text_width(name, size) + 0.8, size * 1.35
        place = self._free_place(list(middles), width, height)
        if place is not None:
            left, top = place
            self._taken.append((left, top, left + width, top + height))
            at = (round(left, 2), round(top, 2), round(width, 2))
            self.picture.items.append(Text(*at, size, name, ground=True, **style))
            return True
        if text not in self.picture.missing:
            self.picture.missing.append(text)
        return False

    def _free_place(
        self, middles: list[tuple[float, float]], width: float, height: float
    ) -> tuple[float, float] | None:
        """Return the corner of a box round the first of these places that is free."""
        import numpy as np

        if not middles:
            return None
        frame = self.frame
        low = np.array(middles) - (width / 2, height / 2)
        high = low + np.array([width, height])
        end = (frame.x + frame.width - 0.5, frame.y + frame.height - 0.5)
        good = (low >= (frame.x + 0.5, frame.y + 0.5)).all(axis=1) & (high <= end).all(axis=1)
        if self._taken:
            west, up, east, down = np.array(self._taken).T[:, None]
            x, y, right, bottom = low[:, :1], low[:, 1:], high[:, :1], high[:, 1:]
            good &= ~((x < east) & (right > west) & (y < down) & (bottom > up)).any(axis=1)
        first = np.flatnonzero(good)
        return tuple(low[first[0]].tolist()) if len(first) else None


def deepest(
    shape: Any, frame: Frame, *, columns: int = 26, rows: int = 20
) -> list[tuple[float, float]]:
    """Return places on paper within a shape, those farthest from its border first."""
    import numpy as np
    import shapely

    west, south, east, north = shapely.bounds(shape)
    if not math.isfinite(west):
        return []
    x = np.linspace(west, east, columns + 2)[1:-1]
    y = np.linspace(south, north, rows + 2)[1:-1]
    grid = np.array(np.meshgrid(x, y)).reshape(2, -1)
    inside = shapely.contains_xy(shape, grid[0], grid[1])
    if not inside.any():
        middle = shapely.point_on_surface(shape)
        grid, inside = np.array([[middle.x], [middle.y]]), np.array([True])
    points = shapely.points(grid[0][inside], grid[1][inside])
    depth = shapely.distance(points, shapely.boundary(shape))
    order = np.argsort(-np.round(depth, 3), kind="stable")
    paper = frame.on_paper(shapely.get_coordinates(points)[order])
    return [(float(a), float(b)) for a, b in paper]


def around(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """Return places for the middle of a name round a rectangle, the nearest first."""
    middle = (x + width / 2, y + height / 2)
    places = []
    for step in (2.4, 4.5, 8.0, 13.0):
        for dx, dy in (
            (0, -1),
            (0, 1),
            (1, -0.6),
            (-1, -0.6),
            (1, 0.6),
            (-1, 0.6),
            (1, 0),
            (-1, 0),
        ):
            wide = 0.0 if dx == 0 else dx * (width / 2 + step + 11.0)
            places.append((middle[0] + wide, middle[1] + dy * (height / 2 + step)))
    return places
