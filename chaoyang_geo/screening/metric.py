"""Sites measured against zones in metres: each in the CGCS2000 zone of its own middle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import meridian_code, require_zone, transform
from chaoyang_geo.flags import without_zone
from chaoyang_geo.screening.doubt import bands, certain_conflicts
from chaoyang_geo.screening.findings import Measured
from chaoyang_geo.screening.ground import (
    Ground,
    blocks,
    borders_of,
    diagonals,
    ground_of,
    in_crs,
    in_threads,
    shared_out,
)
from chaoyang_geo.screening.layers import ZoneTable
from chaoyang_geo.screening.measure import Measures, Sites, measure_pairs, sites_of
from chaoyang_geo.screening.repair import (
    GONE,
    INVALID,
    outlined,
    repair_polygons,
)
from chaoyang_geo.shapes import valid, valid_again

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shapes = npt.NDArray[np.object_]
    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Merged = dict[int, tuple[int, ...]]


def metric_groups(
    crs: Any, shapes: Shapes, flags: Shapes, usable: Bools
) -> tuple[list[tuple[str, Ints]], Shapes, Bools]:
    """Return the CGCS2000 zones of the sites' middles, each with the rows of its sites.

    Besides, the flags and what can be screened without the sites that lie in no zone.
    """
    import numpy as np

    rows = np.flatnonzero(usable)
    meridian = require_zone(shapes[rows], crs, rows=rows, layer_name="sites")
    flags, usable = flags.copy(), usable.copy()
    flags[rows] = without_zone(flags[rows], meridian)
    usable[rows] = np.isfinite(meridian)
    groups = [
        (meridian_code(int(each)), rows[meridian == each])
        for each in np.unique(meridian[np.isfinite(meridian)]).tolist()
    ]
    return groups, flags, usable


@dataclass(frozen=True)
class Work:
    """What the measuring of all sites has in common: sites, zones, and how far to look."""

    crs: Any  # of the sites
    shapes: Shapes
    accuracy: Floats
    table: ZoneTable
    tolerance_m: float
    max_distance_m: float

    def measured(self, groups: list[tuple[str, Ints]]) -> Measured:
        """Return the findings of the sites of each CGCS2000 zone; ``groups`` are their rows."""
        import numpy as np

        none = [(meridian_code(120), np.zeros(0, np.int64))]
        found = [part for crs, rows in groups or none for part in self._in_zone(crs, rows)]
        return _together(found, self.table)

    def _in_zone(self, crs: str, rows: Ints) -> list[tuple[Measured, Merged]]:
        """Return the findings of the sites of these rows, measured in ``crs``, part by part.

        Every thread has sites of its own, and all have the zones together. Besides each part, by
        place in it, the zones of the findings that concern several.
        """
        import numpy as np

        table = self.table
        parts = [rows[places] for places in shared_out(len(rows))]
        sites = in_threads(lambda part: self._sites(crs, part), parts)
        near = in_threads(lambda one: _near(one, crs, table), sites)
        chosen = np.zeros(len(table.group_of_zone), bool)
        for _, row, around in near:
            chosen[table.zone[row]] = chosen[table.zone[around]] = True
        records = np.flatnonzero(table.usable & chosen[table.zone])
        ground, place, mended = self._ground(crs, records)

        def found(k: int) -> tuple[Measured, Merged]:
            box, row, _ = near[k]
            fit = place[row] >= 0
            return self._findings(parts[k], sites[k], ground, (box[fit], place[row[fit]]), mended)

        return in_threads(found, range(len(parts)))

    def _sites(self, crs: str, rows: Ints) -> Sites:
        """Return the sites of these rows, ready to be measured."""
        import numpy as np

        widest = np.zeros(len(rows))
        known = self.table.accuracy[~np.isnan(self.table.accuracy)]
        for worst in (np.max(known, initial=0.0), np.nan):
            band = bands(self.accuracy[rows], np.full(len(rows), worst), self.tolerance_m)
            widest = np.maximum(widest, band)
        given = self.shapes[rows]
        shapes = in_crs(given, self.crs, crs)
        if shapes is not given:
            shapes = valid_again(shapes)
        return sites_of(shapes, np.full(len(rows), self.max_distance_m), widest)

    def _ground(self, crs: str, records: Ints) -> tuple[Ground, Ints, Bools]:
        """Return zone records in metres, valid ones.

        Besides, the place there of each record of the table, -1 for none, and which zones were
        mended.
        """
        import numpy as np

        table = self.table
        drawn = in_crs(table.shapes[records], table.crs, crs)
        with ThreadPoolExecutor(1) as pool:  # nearly always there is nothing to mend
            borders = pool.submit(borders_of, drawn)
            bad = np.flatnonzero(~valid(drawn))
            checked = in_threads(repair_polygons, blocks(drawn[bad]))
            shapes, repaired = drawn.copy(), np.full(len(drawn), "", dtype=object)
            shapes[bad], repaired[bad] = (
                np.concatenate(each) for each in zip(*checked, strict=True)
            )
            as_drawn = None if (repaired != "").any() else borders.result()
        gone = repaired == GONE  # only by its coordinates in metres
        shapes[gone] = outlined(drawn[gone])
        good = np.isin(repaired, ("", INVALID, GONE))
        records, shapes, repaired = records[good], shapes[good], repaired[good]
        place = np.full(len(table.zone), -1)
        place[records] = np.arange(len(records))
        mended = np.zeros(len(table.group_of_zone), bool)
        mended[table.zone[records[(repaired != "") | table.mended[records]]]] = True
        ground = ground_of(
            crs, shapes, table.zone[records], table.group_of_zone, table.kind_of_zone, as_drawn
        )
        return ground, place, mended

    def _findings(
        self, rows: Ints, sites: Sites, ground: Ground, near: tuple[Ints, Ints], mended: Bools
    ) -> tuple[Measured, Merged]:
        """Return the findings of the sites of these rows; see :meth:`_in_zone`."""
        import numpy as np

        table = self.table
        pairs, common = measure_pairs(sites, ground, near)
        of_site, of_zone = self.accuracy[rows[pairs.site]], table.accuracy[pairs.zone]
        repairs, n_zones = mended[pairs.zone], np.ones(len(pairs.zone), np.int64)
        for row, zones in pairs.merged.items():
            of_zone[row] = np.max(table.accuracy[list(zones)])  # unknown where one of them is
            repairs[row], n_zones[row] = mended[list(zones)].any(), len(zones)
        band = bands(of_site, of_zone, self.tolerance_m)
        sure = certain_conflicts(sites.shapes, pairs, common, ground, band)
        kept = np.flatnonzero(
            (pairs.distance == 0) | (pairs.distance <= np.maximum(self.max_distance_m, band))
        )
        place = np.full(len(pairs.zone), -1)
        place[kept] = np.arange(len(kept))
        merged = {int(place[row]): zones for row, zones in pairs.merged.items() if place[row] >= 0}
        measures = {field.name: getattr(pairs, field.name)[kept] for field in fields(Measures)}
        return Measured(
            **measures,
            row=rows[pairs.site[kept]],
            called=pairs.zone[kept],
            n_zones=n_zones[kept],
            band=band[kept],
            sure=sure[kept],
            unknown=np.isnan(of_site + of_zone)[kept],
            mended=repairs[kept],
            codes=table.codes,
            names=table.names,
        ), merged


def _together(found: list[tuple[Measured, Merged]], table: ZoneTable) -> Measured:
    """Join what was measured part by part; zones that count as one get one name."""
    import numpy as np

    values = {
        field.name: np.concatenate([getattr(part, field.name) for part, _ in found])
        for field in fields(Measured)
        if field.name not in ("codes", "names")
    }
    called: dict[tuple[int, ...], int] = {}
    begin = 0
    for part, merged in found:
        for place, zones in merged.items():
            number = called.setdefault(zones, len(table.codes) + len(called))
            values["called"][begin + place] = number
        begin += len(part.row)
    codes = [";".join(sorted(table.codes[list(zones)])) for zones in called]
    names = [";".join(sorted({*table.names[list(zones)]} - {""})) for zones in called]
    return Measured(
        **values,
        codes=np.append(table.codes, np.array(codes, dtype=object)),
        names=np.append(table.names, np.array(names, dtype=object)),
    )


def _near(sites: Sites, crs: str, table: ZoneTable) -> tuple[Ints, Ints, Ints]:
    """Return pairs of a box of the sites and a record of a zone that may come within reach.

    The third answer are records at the boxes around large sites, that are in no pair.
    """
    import numpy as np
    from pyproj import CRS

    low, high = sites.around
    to = table.crs
    if to != CRS.from_user_input(crs):
        middle = (low + high) / 2
        x = np.stack([(low, middle, high)[i][:, 0] for i in (0, 1, 2, 0, 2, 0, 1, 2)])
        y = np.stack([(low, middle, high)[i][:, 1] for i in (0, 0, 0, 1, 1, 2, 2, 2)])
        around = np.stack(transform(crs, to)(x, y), axis=2)
        low, high = np.fmin.reduce(around, axis=0), np.fmax.reduce(around, axis=0)
        # what is straight here is bent there
        few = 1e-4 if to.is_geographic else 10.0 / to.axis_info[0].unit_conversion_factor
        margin = 0.005 * (high - low).max(axis=1, initial=0)[:, None] + few
        low, high = low - margin, high + margin
    box, hit = table.tree.query(diagonals(low, high))
    row = table.usable_rows[hit]
    chunk = box < len(sites.low)  # the others are around whole polygons
    return box[chunk].astype(np.int64), row[chunk], row[~chunk]
