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

    def rings(self, shape: Any) -> list[Points]:
        """Return the rings of polygons on paper."""
        import shapely

        polygons = [part for part in _flat(shape) if part.geom_type == "Polygon"]
        return [
            self.on_paper(shapely.get_coordinates(ring))
            for polygon in polygons
            for ring in (polygon.exterior, *polygon.interiors)
        ]

    def lines(self, shape: Any) -> list[Points]:
        """Return the lines of a shape on paper."""
        import shapely

        lines = [part for part in _flat(shape) if part.geom_type in ("LineString", "LinearRing")]
        return [self.on_paper(shapely.get_coordinates(line)) for line in lines]


def _flat(shape: Any) -> list[Any]:
    """Return the simple parts of a shape, however deep it is nested."""
    import shapely

    if shape is None or shapely.is_empty(shape):
        return []
    if shape.geom_type.startswith("Multi") or shape.geom_type == "GeometryCollection":
        return [leaf for part in shapely.get_parts(shape) for leaf in _flat(part)]
    return [shape]


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
    """Return parallel lines across a shape in a window, ``gap`` millimetres apart on paper.

    The lines are tied to the ground and not to the shape, so that neighbours' hatches meet.
    """
    import numpy as np
    import shapely

    polygons = [part for part in _flat(shape) if part.geom_type == "Polygon"]
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(polygons)]
    if not rings:
        return []
    turn, step = math.radians(angle), gap * frame.scale
    points, ends = np.concatenate(rings), np.cumsum([len(ring) for ring in rings])
    # by hand and not by @, which may round the two ends of a ring differently
    along = points[:, 0] * math.cos(turn) + points[:, 1] * math.sin(turn)
    across = (points[:, 1] * math.cos(turn) - points[:, 0] * math.sin(turn)) / step
    edges = np.delete(np.arange(len(points) - 1), ends[:-1] - 1)
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
    pairs = frame.on_paper(where[np.lexsort((far, line))]).reshape(-1, 2, 2)
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
        frame = self.frame
        for x, y in middles:
            left, top = x - width / 2, y - height / 2
            inside = (
                left >= frame.x + 0.5
                and top >= frame.y + 0.5
                and left + width <= frame.x + frame.width - 0.5
                and top + height <= frame.y + frame.height - 0.5
            )
            if inside and not any(
                left < right and left + width > west and top < bottom and top + height > up
                for west, up, right, bottom in self._taken
            ):
                self._taken.append((left, top, left + width, top + height))
                self.picture.items.append(
                    Text(
                        round(left, 2),
                        round(top, 2),
                        round(width, 2),
                        size,
                        name,
                        ground=True,
                        **style,
                    )
                )
                return True
        if text not in self.picture.missing:
            self.picture.missing.append(text)
        return False


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
