"""Sites and zones in one CGCS2000 zone: which meet, by how much, how far the others are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoyang_geo.screening.distances import Borders, border_distances, borders_of
from chaoyang_geo.screening.geodesic import geodesic_sizes
from chaoyang_geo.screening.merge import merged_rows
from chaoyang_geo.screening.overlaps import (
    TOUCH_M,
    Atoms,
    Overlaps,
    atoms_of,
    overlaps,
    parts_of,
    sizes,
)
from chaoyang_geo.screening.pieces import cut_areas

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ground:
    """Zone records in metres, also in pieces; ``zone`` and ``group`` are numbers.

    A zone is the records of one code; a group is the zones of one layer, kind and grade.
    """

    crs: str
    shapes: Shapes
    zone: Ints
    group_of_zone: Ints
    pieces: Shapes
    piece_record: Ints
    borders: Borders
    _areas: dict[tuple[int, ...], float] = field(default_factory=dict)

    @cached_property
    def tree(self) -> Any:
        """Index of the pieces."""
        import shapely

        return shapely.STRtree(self.pieces)

    @cached_property
    def _records(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for record, zone in enumerate(self.zone.tolist()):
            found.setdefault(zone, []).append(record)
        return found

    def area(self, zones: tuple[int, ...]) -> float:
        """Return the area of zones together, m2, nothing counted twice."""
        import shapely

        if zones not in self._areas:
            shapes = self.shapes[[record for zone in zones for record in self._records[zone]]]
            united = shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
            self._areas[zones] = float(shapely.area(united))
        return self._areas[zones]


@dataclass(frozen=True)
class Pairs:
    """One row per site and zone that meet or come within reach; zones that overlap are one."""

    site: Ints
    zones: list[tuple[int, ...]]
    group: Ints
    relation: Shapes
    area: Floats
    length: Floats
    area_geodesic: Floats
    length_geodesic: Floats
    share_of_site: Floats
    share_of_zone: Floats
    distance: Floats
    border: Floats  # from the border of the site to that of the zone; infinite beyond reach
    shape: Shapes  # what is in common, the site itself where it lies inside; None where nothing


def ground_of(crs: str, shapes: Shapes, zone: Ints, group_of_zone: Ints) -> Ground:
    """Prepare zone records (valid polygons in metres) for many sites."""
    import numpy as np
    import shapely

    parts, record = shapely.get_parts(shapes, return_index=True)
    areas = shapely.get_type_id(parts) == 3
    parts, record = parts[areas], record[areas].astype(np.int64)
    pieces, part = cut_areas(parts)
    borders = borders_of(parts, record, zone[record])
    return Ground(crs, shapes, zone, group_of_zone, pieces, record[part], borders)


def measure_pairs(sites: Shapes, ground: Ground, *, reach_m: Floats) -> Pairs:
    """Return the pairs of sites and zones that meet or come within ``reach_m`` of each site."""
    import numpy as np

    parts, part_site = parts_of(sites)
    atoms = atoms_of(parts, part_site, ground.borders)
    found = overlaps(atoms, ground.tree, ground.pieces, ground.piece_record, ground.borders)
    site, zone, border = border_distances(
        parts, part_site, ground.borders, reach_m=float(np.max(reach_m, initial=TOUCH_M))
    )
    near = border <= np.maximum(reach_m[site], TOUCH_M)
    n_zones = len(ground.group_of_zone)
    met = atoms.site[found.atom] * n_zones + ground.zone[found.record]
    keys = np.union1d(met, site[near] * n_zones + zone[near])
    row = np.searchsorted(keys, met)
    distance = np.full(len(keys), np.inf)
    distance[np.searchsorted(keys, site[near] * n_zones + zone[near])] = border[near]
    number = merged_rows(ground.group_of_zone[keys % n_zones], row, found, atoms)
    return _rows(sites, ground, atoms, found, keys, distance, row, number)


def _rows(
    sites: Shapes,
    ground: Ground,
    atoms: Atoms,
    found: Overlaps,
    keys: Ints,
    distance: Floats,
    row: Ints,
    number: Ints,
) -> Pairs:
    import numpy as np
    import shapely

    n_zones = len(ground.group_of_zone)
    n = int(number.max()) + 1 if len(number) else 0
    first = np.full(n, len(keys), dtype=np.int64)
    np.minimum.at(first, number, np.arange(len(keys)))
    site = keys[first] // n_zones
    zones: list[tuple[int, ...]] = [(zone,) for zone in (keys[first] % n_zones).tolist()]
    for key in np.flatnonzero(first[number] != np.arange(len(keys))).tolist():
        zones[number[key]] = (*zones[number[key]], int(keys[key] % n_zones))
    border = np.full(n, np.inf)
    np.minimum.at(border, number, distance)
    place = number[row]
    touched = (np.bincount(place, minlength=n) > 0) | (border <= TOUCH_M)
    used = found.size > 0
    positive = np.bincount(place[used], minlength=n) > 0
    shape = _united(place[used], found.shape[used], n)
    measured = _measured(place, found, atoms, shape, n)
    whole = sizes(sites, shapely.get_dimensions(sites))
    top = shapely.get_dimensions(sites)[site]
    own = np.choose(top, measured[::-1]) if n else np.zeros(0)
    share = np.where(positive, np.minimum(1.0, own / whole[site]), 0.0)
    inside = positive & (share > 1 - 1e-9)
    share[inside] = 1.0
    shape[inside] = sites[site[inside]]
    of_zone = np.full(n, np.nan)
    for at in np.flatnonzero(positive & (top == 2)).tolist():
        of_zone[at] = min(1.0, measured[0][at] / ground.area(zones[at]))
    relation = np.select([inside, positive, touched], ["inside", "overlaps", "touches"], "near")
    geodesic = geodesic_sizes(shape, ground.crs)
    return Pairs(
        site, zones, ground.group_of_zone[keys[first] % n_zones], relation.astype(object),
        measured[0], measured[1], *geodesic, share, of_zone,
        np.where(touched, 0.0, border), border, shape,
    )  # fmt: skip


def _united(place: Ints, shapes: Shapes, n: int) -> Shapes:
    """Return what each row has in common; stretches of one line lie beside each other."""
    import numpy as np
    import shapely

    united = np.full(n, None, dtype=object)
    if not len(place):
        return united
    order = np.argsort(place, kind="stable")
    rows, starts, count = np.unique(place[order], return_index=True, return_counts=True)
    united[rows] = shapes[order[starts]]
    many = count > 1
    lines = np.repeat(many, count)
    if many.any():
        united[rows[many]] = shapely.geometrycollections(
            shapes[order[lines]], indices=np.repeat(np.arange(int(many.sum())), count[many])
        )
    return united


def _measured(
    place: Ints, found: Overlaps, atoms: Atoms, shape: Shapes, n: int
) -> tuple[Floats, Floats, Floats]:
    """Return area, length and number of points of each row, nothing counted twice."""
    import numpy as np
    import shapely

    dimension = atoms.dimension[found.atom]
    area, length, points = (
        np.bincount(place, np.where(dimension == d, found.size, 0.0), n).astype(np.float64)
        for d in (2, 1, 0)
    )
    # an atom in several records of a row: these may overlap
    key = place * (len(atoms.site) + 1) + found.atom
    used = found.size > 0
    again, count = np.unique(key[used], return_counts=True)
    for row in np.unique(again[count > 1] // (len(atoms.site) + 1)).tolist():
        at = np.flatnonzero((place == row) & used)
        at = at[np.unique(found.atom[at], return_index=True)[1]]
        line, point = dimension[at] == 1, dimension[at] == 0
        length[row], points[row] = found.size[at[line]].sum(), found.size[at[point]].sum()
        flat = np.flatnonzero((place == row) & used)
        flat = flat[dimension[flat] == 2]
        kept = [*found.shape[at[line | point]]]
        if len(flat):
            united = shapely.union_all(found.shape[flat])
            area[row] = float(shapely.area(united))
            kept.append(united)
        shape[row] = shapely.geometrycollections(kept)
    return area, length, points
