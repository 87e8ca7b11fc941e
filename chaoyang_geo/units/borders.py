"""Where units overlap, leave a gap, reach out of the whole, or only fail to match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoyang_geo.rounding import short_number
from chaoyang_geo.units.faces import Faces, components, cut_faces, union_of
from chaoyang_geo.units.findings import Finding, size_text
from chaoyang_geo.units.gaps import STRIP, split_strip
from chaoyang_geo.units.shapes import polygonal, widths

if TYPE_CHECKING:
    import numpy.typing as npt

    from chaoyang_geo.units.shapes import Bools, Floats, Ints, Ruler, Shapes

#: A gap that is open to the outside is one where the outline is at most so many times the borders.
_OPEN = 1.25


@dataclass
class Coverage:
    """Units ready for comparison: valid, on the grid, in the caller's CRS and in metres."""

    shapes: Shapes
    metric: Shapes
    area: Floats
    recorded: Floats
    ruler: Ruler
    sliver_m: float
    min_area_m2: float
    max_gap_m2: float
    overlap: str
    townships: Townships | None = None


@dataclass
class Townships:
    """Townships on the grid; ``unit`` is the position of the unit that each belongs to, or -1."""

    shapes: Shapes
    codes: list[str]
    unit: Ints


def border_findings(units: Coverage, within: Any) -> list[Finding]:
    """Return overlaps, gaps, holes, what lies outside ``within``, and borders that do not match."""
    import shapely

    there = ~shapely.is_empty(units.shapes)
    if not there.any():
        return []
    # where long borders are straight is a matter of the CRS, so they are matched in the caller's
    edges = shapely.coverage_invalid_edges(units.shapes)
    caps: list[Any] = []
    if within is None and units.sliver_m > 0:
        near = shapely.coverage_invalid_edges(units.metric, gap_width=units.sliver_m)
        caps = _caps(near, units)
    faces, inside = _arranged(units, ~shapely.is_empty(edges), within, caps)
    found = _problem_faces(faces, inside, units, bounded=within is not None)
    return [*found, *_mismatches(edges, found, units)]


def _arranged(
    units: Coverage, involved: Bools, within: Any, caps: list[Any]
) -> tuple[Faces, Bools]:
    """Cut the borders into faces until all units at a doubtful face are there with their own."""
    import numpy as np
    import shapely

    tree = shapely.STRtree(units.shapes)
    there = ~shapely.is_empty(units.shapes)
    if within is not None:
        shapely.prepare(within)
    while True:
        clean = units.shapes[there & ~involved]
        lines = [*shapely.boundary(units.shapes[involved]), *caps]
        if len(clean):
            lines.append(shapely.boundary(shapely.coverage_union_all(clean)))
        if within is not None:
            lines.append(shapely.boundary(within))
        faces = cut_faces(lines, units.shapes, units.ruler)
        inside = np.ones(len(faces.shapes), bool)
        if within is not None:
            inside = shapely.contains(within, faces.points)
        doubtful = ((faces.count != 1) & inside) | ((faces.count > 0) & ~inside)
        # the borders of a union do not tell its units apart
        _, beside = tree.query(faces.shapes[doubtful], predicate="intersects")
        more = np.unique(beside)
        more = more[~involved[more]]
        if not len(more):
            return faces, np.asarray(inside, dtype=bool)
        involved = involved.copy()
        involved[more] = True


def _caps(near: Shapes, units: Coverage) -> list[Any]:
    """Return lines that close narrow gaps that are open at an end, no longer than ``sliver_m``."""
    import numpy as np
    import shapely

    limit = units.sliver_m
    own = np.flatnonzero(~shapely.is_empty(near))
    chains, of_unit = shapely.get_parts(shapely.line_merge(near[own]), return_index=True)
    owner = own[of_unit]
    tree = shapely.STRtree(units.metric)
    a, b = tree.query(chains, predicate="dwithin", distance=limit)
    other = owner[a] != b
    a, b = a[other], b[other]
    starts: list[Any] = []
    ends: list[Any] = []
    facing: list[int] = []
    borders = shapely.boundary(units.metric[b])
    shapely.prepare(borders)
    for chain, border, unit in zip(chains[a], borders, b.tolist(), strict=True):
        at = shapely.points(shapely.get_coordinates(chain))
        away = shapely.distance(at, border)
        close = np.flatnonzero((away <= limit) & (away > 0))
        for place in {int(close[0]), int(close[-1])} if len(close) else ():
            starts.append(at[place])
            ends.append(shapely.get_point(shapely.shortest_line(at[place], border), 1))
            facing.append(unit)
    if not starts:
        return []
    # a long border that is straight in the caller's CRS runs beside the one between the same
    # vertices in metres, so the far end is put on the border that is cut
    start, end = np.split(units.ruler.back(np.array(starts + ends, dtype=object)), 2)
    across = shapely.shortest_line(end, shapely.boundary(units.shapes[facing]))
    line = np.stack(
        [shapely.get_coordinates(start), shapely.get_coordinates(shapely.get_point(across, 1))],
        axis=1,
    )
    return list(shapely.linestrings(line))


def _problem_faces(faces: Faces, inside: Bools, units: Coverage, *, bounded: bool) -> list[Finding]:
    import numpy as np
    import shapely

    if not len(faces.shapes):
        return []
    gap = (faces.count == 0) & inside
    over = (faces.count > 1) & inside
    out = (faces.count > 0) & ~inside
    kinds = np.where(gap, "gap", np.where(over, "overlap", np.where(out, "outside", "")))
    keys = list(zip(kinds.tolist(), faces.owners, strict=True))
    label = components(gap | over | out, keys, faces)
    beside = _beside(label, faces)
    pieces: dict[tuple[Any, ...], list[tuple[Any, float, float]]] = {}
    lone: list[Finding] = []
    for number in np.unique(label[label >= 0]):
        members = np.flatnonzero(label == number)
        kind, owners = keys[members[0]]
        shape = union_of(faces.shapes[members])
        around = beside.get(int(number), {})
        if kind == "gap" and not around:
            continue  # touches no unit
        if kind == "gap" and (not bounded or len(around) == 1):
            rim_m = float(shapely.length(units.ruler.project(np.array([shape], dtype=object)))[0])
            held = sum(around.values())
            if not bounded and rim_m > _OPEN * held:
                continue  # a bay of the outer border, not a strip between units
            if len(around) == 1 and rim_m <= 1.001 * held:
                kind = "hole"
        cuts = [(shape, around)]
        if kind == "gap" and len(around) > 2:
            cuts = _between_two(shape, around, int(number), label, faces, units)
        for piece, beside_piece in cuts:
            for part, town in _by_township(piece, units):
                (area,), (rim,) = units.ruler.sizes(np.array([part], dtype=object))
                wide = float(widths(np.array([area]), np.array([rim]))[0])
                large = wide >= units.sliver_m and area > units.max_gap_m2
                one = _proposed(kind, owners, beside_piece, town, large, units)
                if wide < units.sliver_m:
                    key = (one.kind, one.units, one.to, one.policy)
                    pieces.setdefault(key, []).append((part, float(area), float(rim)))
                elif area >= units.min_area_m2:
                    one.shape, one.area_m2, one.length_m, one.width_m = part, area, rim / 2, wide
                    one.rule = "broad"
                    lone.append(_said(one))
    for (kind, owners, to, policy), strips in pieces.items():
        area, rim = sum(strip[1] for strip in strips), sum(strip[2] for strip in strips)
        if area < units.min_area_m2:
            continue
        parts = shapely.get_parts(np.array([strip[0] for strip in strips], dtype=object))
        shape = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
        lone.append(_said(Finding(
            kind, owners, "narrow", shape, area, rim / 2, 2 * area / rim, len(strips), policy, to
        )))  # fmt: skip
    return lone


def _beside(label: Ints, faces: Faces) -> dict[int, dict[int, float]]:
    """Return, for each group of faces, the units beside it and the length of border with each."""
    import numpy as np

    a, b, length = faces.borders
    kept = (label[a] >= 0) & (label[a] != label[b]) if len(a) else np.array([], bool)
    found: dict[int, dict[int, float]] = {}
    owners = faces.owners
    for face, other, shared in zip(a[kept].tolist(), b[kept].tolist(), length[kept], strict=True):
        own = found.setdefault(int(label[face]), {})
        for unit in owners[other]:
            own[unit] = own.get(unit, 0.0) + float(shared)
    return found


def _between_two(
    shape: Any,
    around: dict[int, float],
    number: int,
    label: Ints,
    faces: Faces,
    units: Coverage,
) -> list[tuple[Any, dict[int, float]]]:
    """Cut a long gap between more than two units into strips between two."""
    import numpy as np

    area, rim = units.ruler.sizes(np.array([shape], dtype=object))
    wide = widths(area, rim)[0]
    strip = rim[0] / 2 > STRIP * wide
    if not strip or (wide >= units.sliver_m and area[0] > units.max_gap_m2):
        return [(shape, around)]
    a, b, _ = faces.borders
    near = np.unique(b[(label[a] == number) & (label[b] != number)])
    near = near[faces.count[near] > 0]
    owners = [faces.owners[face] for face in near.tolist()]
    return split_strip(shape, faces.shapes[near], owners, units.ruler)


def _by_township(shape: Any, units: Coverage) -> list[tuple[Any, int]]:
    """Cut a place by township borders: its parts, and the unit of the township or -1."""
    import numpy as np
    import shapely

    towns = units.townships
    if towns is None:
        return [(shape, -1)]
    near = shapely.STRtree(towns.shapes).query(shape, predicate="intersects")
    near = near[towns.unit[near] >= 0]
    rest, found = shape, []
    for unit in np.unique(towns.unit[near]):
        towns_here = shapely.union_all(towns.shapes[near[towns.unit[near] == unit]])
        part = polygonal(
            np.array([shapely.intersection(rest, towns_here, grid_size=units.ruler.grid)])
        )[0]
        if not part.is_empty:
            found.append((part, int(unit)))
            rest = polygonal(
                np.array([shapely.difference(rest, towns_here, grid_size=units.ruler.grid)])
            )[0]
    if not rest.is_empty:
        found.append((rest, -1))
    return found


def _proposed(
    kind: str, owners: tuple[int, ...], around: dict[int, float], town: int, large: bool,
    units: Coverage,
) -> Finding:  # fmt: skip
    """Propose what is done with a gap, an overlap or a place outside."""
    if kind == "outside":
        return Finding(kind, owners, "narrow", policy="cut")
    if kind in ("gap", "hole"):
        touching = tuple(sorted(around))
        if large:
            return Finding(kind, touching, "broad")
        if town >= 0:
            return Finding(kind, touching, "narrow", policy="township", to=town)
        to = max(touching, key=lambda unit: (round(around[unit], 6), -unit))
        policy = "fill" if kind == "hole" else "longest_border"
        return Finding(kind, touching, "narrow", policy=policy, to=to)
    if town in owners:
        return Finding(kind, owners, "narrow", policy="township", to=town)
    policy, to = overlap_owner(units.overlap, owners, around, units)
    return Finding(kind, owners, "narrow", policy=policy, to=to)


def overlap_owner(
    policy: str, owners: tuple[int, ...], around: dict[int, float], units: Coverage
) -> tuple[str, int]:
    """Choose who keeps an overlap; without recorded areas ``recorded`` becomes ``smaller``."""
    if policy == "first":
        return policy, owners[0]
    if policy == "longest_border":
        return policy, max(owners, key=lambda unit: (round(around.get(unit, 0.0), 6), -unit))
    if policy == "recorded":
        lacking = [units.recorded[unit] - units.area[unit] for unit in owners]
        if all(value == value for value in lacking):
            return policy, owners[max(range(len(owners)), key=lambda k: (lacking[k], -k))]
        policy = "smaller"
    sign = 1.0 if policy == "smaller" else -1.0
    return policy, min(owners, key=lambda unit: (sign * round(float(units.area[unit]), 3), unit))


def _said(one: Finding) -> Finding:
    zh, en = size_text(one)
    one.words = {
        "gap": (f"单元{{units}}之间有空隙{zh}", f"Gap between units {{units}}: {en}"),
        "hole": (f"单元{{units}}内有空洞{zh}", f"Hole in unit {{units}}: {en}"),
        "overlap": (f"单元{{units}}相互重叠{zh}", f"Units {{units}} overlap: {en}"),
        "outside": (f"单元{{units}}越出总界{zh}", f"Unit {{units}} reaches outside: {en}"),
    }[one.kind]
    if one.kind == "gap" and len(one.units) == 1:
        one.words = (f"单元{{units}}与总界之间有空隙{zh}", f"Gap beside unit {{units}}: {en}")
    return one


def _mismatches(edges: Shapes, found: list[Finding], units: Coverage) -> list[Finding]:
    """Return pairs of units whose borders differ, but by less than counts as a gap or overlap."""
    import numpy as np
    import shapely

    own = np.flatnonzero(~shapely.is_empty(edges))
    if not len(own):
        return []
    explained = {pair for one in found for pair in _pairs(one.units)}
    lines = units.ruler.project(edges[own])
    a, b = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=0.01)
    out = []
    for k, m in zip(a[a < b].tolist(), b[a < b].tolist(), strict=True):
        i, j = int(own[k]), int(own[m])
        if (i, j) in explained:
            continue
        shape = shapely.line_merge(shapely.union_all(edges[[i, j]]))
        length = float(shapely.length(shapely.union_all(lines[[k, m]])))
        out.append(Finding(
            "mismatch", (i, j), "mismatch", shape, 0.0, length, 0.0, 1, "match_vertices",
            words=(f"单元{{units}}的公共边界有{short_number(length)} m顶点不一致",
                   f"The borders of units {{units}} do not match along {short_number(length)} m"),
        ))  # fmt: skip
    return out


def _pairs(units: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(a, b) for a in units for b in units if a < b]


def part_findings(units: Coverage) -> list[Finding]:
    """Return parts of a unit that lie apart from its largest one."""
    import numpy as np
    import shapely

    many = np.flatnonzero(shapely.get_num_geometries(units.shapes) > 1)
    if not len(many):
        return []
    parts, of = shapely.get_parts(units.shapes[many], return_index=True)
    area, rim = units.ruler.sizes(parts)
    wide = widths(area, rim)
    unit = many[of]
    order = np.lexsort([-area, unit])
    first = np.r_[True, unit[order][1:] != unit[order][:-1]]
    apart = np.sort(order[~first])
    found = []
    tree = shapely.STRtree(units.metric)
    metric = units.ruler.project(parts[apart])
    for k, shape in zip(apart.tolist(), metric, strict=True):
        own = int(unit[k])
        one = Finding("parts", (own,), "parts", parts[k], float(area[k]), float(rim[k] / 2),
                      float(wide[k]))  # fmt: skip
        zh, en = size_text(one)
        if wide[k] < units.sliver_m and area[k] < units.min_area_m2:
            continue
        if wide[k] < units.sliver_m:
            to = _neighbour(shape, own, tree, units.metric)
            one.kind, one.rule = "sliver", "sliver"
            if to >= 0:
                one.to, one.policy = to, "longest_border"
            one.words = (f"单元{{units}}有分离的碎片{zh}", f"Sliver of unit {{units}}: {en}")
        else:
            one.words = (
                f"单元{{units}}有与主体分离的部分{zh}",
                f"A part of unit {{units}} lies apart: {en}",
            )
        found.append(one)
    return found


def _neighbour(shape: Any, own: int, tree: Any, metric: npt.NDArray[Any]) -> int:
    """Return the other unit with the longest border along a part, or -1."""
    import numpy as np
    import shapely

    reach = 0.05
    near = tree.query(shape, predicate="dwithin", distance=reach)
    near = np.sort(near[near != own])
    if not len(near):
        return -1
    rim = shapely.boundary(shape)
    around = shapely.clip_by_rect(metric[near], *shapely.bounds(shapely.buffer(shape, 10.0)))
    length = shapely.length(shapely.intersection(rim, shapely.buffer(around, reach)))
    best = int(np.argmax(np.round(length, 3)))
    return int(near[best]) if length[best] > 4 * reach else -1
