"""What the cells of a raster add up to inside polygons; cells at the border count in part."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoyang_geo.crs import CRSError
from chaoyang_geo.schema import SchemaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from chaoyang_geo.units.shapes import Floats, Ints, Shapes

_INSTALL = 'pip install "chaoyang_geo[raster]"'
_BLOCK = 4_000_000  # cells at a time
_NOTHING = 1e-9  # part of a cell below which it is the noise of sums


class Cells:
    """A raster of one quantity, people or hectares in each cell; used as a context manager."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            import rasterio  # type: ignore[import-not-found, import-untyped, unused-ignore]
        except ImportError as error:
            raise ImportError(f"a raster as weight needs rasterio: {_INSTALL}") from error
        self.name = Path(path).name
        if not Path(path).exists():
            raise FileNotFoundError(f"weight: there is no file {path}.")
        try:
            self._file = rasterio.open(path)
        except rasterio.errors.RasterioIOError as error:
            raise ValueError(f"weight: {self.name} cannot be read as a raster: {error}") from error
        if self._file.crs is None:
            self._file.close()
            raise CRSError(
                f"weight: {self.name} has no CRS, so it is not known where its cells lie; write it "
                "into the file, e.g. gdal_edit -a_srs EPSG:4490."
            )
        self.crs: str = self._file.crs.to_wkt()

    def __enter__(self) -> Cells:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def sums(self, shapes: Shapes, crs: Any) -> tuple[Floats, Floats]:
        """Return the sum in each polygon, and the part of it that the raster does not reach.

        Notes
        -----
        A cell counts with the part of it that lies inside, its quantity being spread evenly.
        The edges of a polygon are cut at the borders of cells; each piece adds what lies right of it
        in its row, downward pieces with one sign and upward ones with the other, so that the sums
        along the row are the covered parts of the cells.
        """
        import geopandas as gpd
        import numpy as np
        import shapely

        a, b, west, d, e, north = self._file.transform[:6]
        inverse = np.linalg.inv([[a, b], [d, e]]).T
        on_grid = shapely.transform(
            gpd.GeoSeries(shapes, crs=crs).to_crs(self.crs).to_numpy(),
            lambda xy: (xy - (west, north)) @ inverse,
        )
        found = [self._sum(shape) for shape in on_grid]
        return np.array([one[0] for one in found]), np.array([one[1] for one in found])

    def _sum(self, shape: Any) -> tuple[float, float]:
        import numpy as np
        import shapely

        size = shape.area
        held = shapely.intersection(shape, shapely.box(0, 0, self._file.width, self._file.height))
        if not held.area:
            return 0.0, 1.0
        west, north, east, south = (int(edge) for edge in np.floor(shapely.bounds(held)))
        width = min(east + 1, self._file.width) - west
        edges = _edges_by_cell(held)
        column, row = edges.column - west, edges.row
        total = 0.0
        rows = max(1, _BLOCK // width)
        for top in range(north, min(south + 1, self._file.height), rows):
            values = self._values(west, top, width, rows)
            own = (row >= top) & (row < top + len(values))
            at = (row[own] - top) * (width + 2) + column[own]
            cells = len(values) * (width + 2)
            # what lies right of an edge: a part of its own cell, and all cells after it
            right = np.bincount(at, edges.height[own] * (1 - edges.inside[own]), minlength=cells)
            right += np.bincount(at + 1, edges.height[own] * edges.inside[own], minlength=cells)
            covered = np.abs(right.reshape(len(values), -1).cumsum(axis=1))[:, :width]
            total += float((values * np.where(covered > _NOTHING, covered, 0.0)).sum())
        return total, max(0.0, 1 - held.area / size)

    def _values(self, column: int, row: int, width: int, height: int) -> Floats:
        """Read cells; those without a value count nothing.

        Raises
        ------
        SchemaError
            A cell is negative: a quantity cannot be, and an undeclared code for no data is.
        """
        import numpy as np
        from rasterio.windows import Window  # type: ignore[import-not-found, import-untyped, unused-ignore]

        window = Window(
            column, row, min(width, self._file.width - column), min(height, self._file.height - row)
        )
        read = self._file.read(1, window=window, masked=True)
        values: npt.NDArray[np.float64] = np.nan_to_num(
            np.ma.filled(read.astype("float64"), 0.0), posinf=0.0, neginf=0.0
        )
        if (values < 0).any():
            at_row, at_column = np.argwhere(values < 0)[0]
            raise SchemaError(
                f"weight: {self.name} holds {values[at_row, at_column]:g} in row {row + at_row + 1}, "
                f"column {column + at_column + 1}; a weight is 0 or more. If that means no data, "
                "declare it, e.g. gdal_edit -a_nodata."
            )
        return values


class _Edges(NamedTuple):
    """Pieces of edges, each in one cell: how far down it goes, and how far inside the cell."""

    column: Ints
    row: Ints
    height: Floats
    inside: Floats


def _edges_by_cell(shape: Any) -> _Edges:
    """Cut the edges of a polygon where they pass from cell to cell, whole numbers being borders."""
    import numpy as np
    import shapely

    rings = shapely.get_rings(
        shapely.get_parts(shapely.normalize(shape))
    )  # holes run the other way
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    begin, step = xy[:-1][same], np.diff(xy, axis=0)[same]
    edges, shares = [np.arange(len(begin))] * 2, [np.zeros(len(begin)), np.ones(len(begin))]
    for axis in (0, 1):
        ends = begin[:, axis], begin[:, axis] + step[:, axis]
        first, last = np.floor(np.minimum(*ends)) + 1, np.ceil(np.maximum(*ends)) - 1
        count = np.maximum(last - first + 1, 0).astype("int64")
        edge = np.repeat(np.arange(len(begin)), count)
        number = np.arange(len(edge)) - np.repeat(count.cumsum() - count, count)
        edges.append(edge)
        shares.append((first[edge] + number - begin[edge, axis]) / step[edge, axis])
    edge, share = np.concatenate(edges), np.clip(np.concatenate(shares), 0, 1)
    order = np.lexsort((share, edge))
    edge, share = edge[order], share[order]
    one = np.flatnonzero(edge[1:] == edge[:-1])
    two = one + 1
    middle = begin[edge[one]] + step[edge[one]] * ((share[one] + share[two]) / 2)[:, None]
    cell = np.floor(middle)
    return _Edges(
        cell[:, 0].astype("int64"), cell[:, 1].astype("int64"),
        step[edge[one], 1] * (share[two] - share[one]), middle[:, 0] - cell[:, 0],
    )  # fmt: skip
