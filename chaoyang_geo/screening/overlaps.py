"""How much of each site lies in each zone record: area, length, or the point itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.screening.distances import Borders
from chaoyang_geo.screening.noding import cut_lines

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: Nearer than this, metres, is touching; what is thinner than this in common is nothing.
TOUCH_M = 0.001


@dataclass(frozen=True)
class Atoms:
    """Sites in single polygons, stretches of line and points, each with its site and size."""

    shapes: Shapes
    site: Ints
    dimension: Ints
    size: Floats  # m2, m or 1


@dataclass(frozen=True)
class Overlaps:
    """One row per atom and zone record that meet: what they have in common, and its size.

    ``size`` is 0 where they only touch. A line or point lies in the record as a whole.
    """

    atom: Ints
    record: Ints
    size: Floats
    shape: Shapes


def parts_of(sites: Shapes) -> tuple[Shapes, Ints]:
    """Take sites apart into single shapes; a line of no length becomes a point."""
    import numpy as np
    import shapely

    parts, site = shapely.get_parts(sites, return_index=True)
    nested = shapely.get_type_id(parts) > 3
    while nested.any():  # a collection may hold collections
        inner, owner = shapely.get_parts(parts[nested], return_index=True)
        site = np.concatenate([site[~nested], site[nested][owner]])
        parts = np.concatenate([parts[~nested], inner])
        nested = shapely.get_type_id(parts) > 3
    kept = ~shapely.is_empty(parts)
    parts, site = parts[kept], site[kept]
    still = (shapely.get_dimensions(parts) == 1) & (shapely.length(parts) == 0)
    parts[still] = shapely.get_point(parts[still], 0)
    return parts, site


def atoms_of(parts: Shapes, site: Ints, borders: Borders) -> Atoms:
    """Return the parts of sites, lines cut where they meet borders."""
    import numpy as np
    import shapely

    dimension = shapely.get_dimensions(parts).astype(np.int64)
    lines, rest = np.flatnonzero(dimension == 1), np.flatnonzero(dimension != 1)
    stretches, owner = cut_lines(parts[lines], borders)
    shapes = np.concatenate([parts[rest], stretches])
    dimension = np.concatenate([dimension[rest], np.ones(len(stretches), np.int64)])
    site = np.concatenate([site[rest], site[lines][owner]])
    return Atoms(shapes, site, dimension, sizes(shapes, dimension))


def sizes(shapes: Shapes, dimension: Ints) -> Floats:
    """Return area, length or number of points of shapes, by their dimension."""
    import numpy as np
    import shapely

    size = np.where(dimension == 2, shapely.area(shapes), shapely.length(shapes))
    count = shapely.get_num_geometries(shapes)
    found: Floats = np.where(dimension == 0, count, size).astype(np.float64)
    return found


def overlaps(atoms: Atoms, tree: Any, pieces: Shapes, record: Ints, borders: Borders) -> Overlaps:
    """Lay atoms over the pieces of zone records, of which ``tree`` is the index.

    A polygon strictly inside a piece needs no intersection; for the others it is computed. A
    stretch of line lies where its middle lies.
    """
    import numpy as np
    import shapely

    spot = atoms.shapes.copy()
    line = atoms.dimension == 1
    spot[line] = shapely.line_interpolate_point(spot[line], 0.5, normalized=True)
    atom, piece = tree.query(spot, predicate="intersects")
    shape, dimension = atoms.shapes[atom], atoms.dimension[atom]
    size = atoms.size[atom].copy()
    areas = np.flatnonzero(dimension == 2)
    shapely.prepare(pieces[np.unique(piece[areas])])
    cut = areas[~shapely.contains_properly(pieces[piece[areas]], shape[areas])]
    common = shapely.intersection(shape[cut], pieces[piece[cut]])
    shape[cut] = common
    area = shapely.area(common)
    size[cut] = area
    found = _per_record(atom, record[piece], dimension, size, shape)
    flat = atoms.dimension[found.atom] == 2
    found.size[flat & (found.size <= 0.5 * TOUCH_M * shapely.length(found.shape))] = 0.0
    thin = np.flatnonzero(~flat)
    found.size[thin[_on_border(spot[found.atom[thin]], found.record[thin], borders)]] = 0.0
    return found


def _per_record(atom: Ints, record: Ints, dimension: Ints, size: Floats, shape: Shapes) -> Overlaps:
    """Join what an atom has in common with the pieces of one record."""
    import numpy as np
    import shapely

    order = np.lexsort((record, atom))
    atom, record, dimension = atom[order], record[order], dimension[order]
    size, shape = size[order], shape[order]
    new = (np.diff(atom, prepend=-1) != 0) | (np.diff(record, prepend=-1) != 0)
    starts = np.flatnonzero(new)
    number = np.cumsum(new) - 1
    count = np.bincount(number, minlength=len(starts))
    total = np.bincount(number, size, len(starts)).astype(np.float64)
    whole = shape[starts]
    flat = dimension[starts] == 2
    total[~flat] = size[starts[~flat]]  # on the cut between two pieces: in both, once
    several = np.flatnonzero((count > 1) & flat)
    if len(several):
        inner = np.flatnonzero(np.isin(number, several))
        together = shapely.geometrycollections(
            shape[inner], indices=np.repeat(np.arange(len(several)), count[several])
        )
        whole[several] = shapely.union_all(together[:, None], axis=1)
    return Overlaps(atom[starts], record[starts], total, whole)


def _on_border(points: Shapes, record: Ints, borders: Borders) -> Bools:
    """Tell which points lie on the border of their record."""
    import numpy as np

    on = np.zeros(len(points), bool)
    point, chunk = borders.tree.query(points, predicate="dwithin", distance=TOUCH_M)
    on[point[borders.record[chunk] == record[point]]] = True
    return on
