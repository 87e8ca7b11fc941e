"""Points to polygons, and sections snapped and traced: this library beside GeoPandas and networkx.

Both contenders of a comparison run in turn in one process on the same made-up data, and their
answers are compared: they must be equal where the rival has one. Nothing is left out of the
times but the making of the data; the first run of each is left out of the medians.

    python benchmarks/geometry.py points --points 1_000_000 --polygons 2_800
    python benchmarks/geometry.py trace --sections 10_000 --reaches 500_000
    python benchmarks/geometry.py downstream --sites 10_000 --reaches 500_000
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from readings import put

METRIC = 4549

# --- points to polygons -------------------------------------------------------------------------


def wiggly(start: np.ndarray, end: np.ndarray, rng: np.random.Generator, depth: int) -> np.ndarray:
    """Return a line from start to end whose middle is displaced again and again."""
    line = np.array([start, end])
    for _ in range(depth):
        step = np.diff(line, axis=0)
        middle = (line[:-1] + line[1:]) / 2
        across = np.column_stack([-step[:, 1], step[:, 0]])
        middle += across * rng.uniform(-0.12, 0.12, (len(middle), 1))
        mixed = np.empty((2 * len(line) - 1, 2))
        mixed[::2], mixed[1::2] = line, middle
        line = mixed
    return line


def county_like(n: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return about n polygons that share wiggly borders and leave no gap."""
    seeds = shapely.multipoints(rng.uniform((0, 0), (4_000_000, 3_000_000), (n, 2)))
    cells = shapely.get_parts(
        shapely.voronoi_polygons(seeds, extend_to=shapely.box(0, 0, 4e6, 3e6))
    )
    cells = shapely.intersection(cells, shapely.box(0, 0, 4e6, 3e6))
    lines = shapely.get_parts(shapely.node(shapely.multilinestrings(shapely.boundary(cells))))
    bent = [wiggly(*shapely.get_coordinates(line)[[0, -1]], rng, 6) for line in lines]
    crossed = shapely.node(shapely.multilinestrings([shapely.LineString(line) for line in bent]))
    shapes = shapely.get_parts(shapely.polygonize(shapely.get_parts(crossed)))
    codes = [f"{number:06d}" for number in rng.permutation(len(shapes)) + 100_000]
    return gpd.GeoDataFrame({"county_code": codes}, geometry=shapes, crs=METRIC)


def compare_points(n_points: int, n_polygons: int, runs: int) -> list[str]:
    """Locate points in polygons."""
    from chaoyang_geo.rivers.belong import assign_units

    rng = np.random.default_rng(5)
    counties = county_like(n_polygons, rng)
    corners = shapely.get_coordinates(counties.geometry.values)
    on_border = corners[rng.integers(0, len(corners), 1000)]
    inside = rng.uniform((0, 0), (4e6, 3e6), (n_points - len(on_border), 2))
    points = gpd.GeoDataFrame(
        {"n": np.arange(n_points)},
        geometry=shapely.points(np.vstack([inside, on_border])),
        crs=METRIC,
    )

    def ours() -> Any:
        return assign_units(points, counties, code="county_code")

    def within() -> Any:
        return gpd.sjoin(points, counties, predicate="within", how="left")

    def intersects() -> Any:
        return gpd.sjoin(points, counties, predicate="intersects", how="left")

    times, results = in_turn({"assign_units": ours, "sjoin within": within}, runs)
    once, other = timed(intersects)
    mine, theirs = results["assign_units"], results["sjoin within"]
    if len(mine) != n_points or not mine.index.equals(points.index):
        raise SystemExit("assign_units: not one row for each point")
    # within has one row for a point inside, and one without a county for a point on a border
    theirs = theirs["county_code"].fillna("")
    differ = (theirs != "") & (theirs != mine["county_code"])
    if differ.any():
        raise SystemExit(f"{int(differ.sum())} points differ from sjoin within")
    smallest = other.groupby(level=0)["county_code"].min().fillna("")
    if not (smallest == mine["county_code"]).all():
        raise SystemExit("border points: not the smallest code that sjoin intersects finds")
    count = len(shapely.get_coordinates(counties.geometry.values))
    vertices = f"{len(counties):,} polygons, {count / len(counties):,.0f} vertices each on average"
    lines = ["| contender | median s | min s | max s | rows for a point on a border |",
             "|---|---:|---:|---:|---:|"]  # fmt: skip
    for name, seconds in times.items():
        rows = "exactly 1, with a code" if name == "assign_units" else "1, without a code"
        lines.append(row(name, seconds, rows))
    lines.append(row("sjoin intersects (once)", [once], f"{len(other) - n_points:,} rows too many"))
    ratio = statistics.median(times["sjoin within"]) / statistics.median(times["assign_units"])
    lines += ["", f"assign_units takes 1/{ratio:.1f} of the time of sjoin within. {n_points:,} points, "
              f"1,000 of them on corners of borders; {vertices}; {runs} runs each in turn after one "
              f"to warm up; {machine()}."]  # fmt: skip
    return lines


# --- snap and trace -----------------------------------------------------------------------------


def made_rivers(n: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return n reaches that drain a slope: each goes on straight or to the right, none cross."""
    across = int(np.sqrt(2 * n))
    along = n // across
    i, j = (a.ravel() for a in np.indices((along, across)))
    right = rng.integers(0, 2, len(i))
    ahead = np.minimum(j + right, across - 1)
    # the lattice leans to the left by half a step a row, so that it stays a rectangle
    step = 400.0
    middle = 500_000 - (across / 2 - along / 4) * step  # on the meridian of the zone
    x0, x1 = (j - i / 2) * step + middle, (ahead - (i + 1) / 2) * step + middle
    y0, y1 = 4_700_000 - i * step, 4_700_000 - (i + 1) * step
    t = np.linspace(0, 1, 6)
    x, y = x0[:, None] + (x1 - x0)[:, None] * t, y0[:, None] + (y1 - y0)[:, None] * t
    x[:, 1:-1] += rng.normal(0, 20, (len(i), 4))
    number = i * across + j
    down = (i + 1) * across + ahead
    to = np.where(i + 1 < along, down.astype(str), "")
    order = rng.permutation(len(i))
    lines = shapely.linestrings(np.stack([x, y], axis=-1))
    return gpd.GeoDataFrame(
        {"reach_code": number.astype(str)[order], "to_code": to[order]},
        geometry=lines[order], crs=METRIC,
    )  # fmt: skip


def made_sections(rivers: gpd.GeoDataFrame, n: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return n points some metres beside reaches, away from their ends."""
    lines = rivers.geometry.values[rng.integers(0, len(rivers), n)]
    on = shapely.line_interpolate_point(lines, rng.uniform(0.3, 0.7, n), normalized=True)
    xy = shapely.get_coordinates(on) + rng.normal(0, 15, (n, 2))
    codes = [f"S{number:05d}" for number in range(n)]
    return gpd.GeoDataFrame({"section_code": codes}, geometry=shapely.points(xy), crs=METRIC)


def compare_trace(n_sections: int, n_reaches: int, runs: int, looped: int) -> list[str]:
    """Snap sections, add up the river upstream of each, and list the sections upstream of it."""
    import networkx as nx

    from chaoyang_geo.rivers import river_network
    from chaoyang_geo.rivers.numbering import _NUMBERED
    from chaoyang_geo.rivers.snap import snap_sections
    from chaoyang_geo.rivers.sources import upstream_of
    from chaoyang_geo.rivers.trace import upstream

    rng = np.random.default_rng(7)
    rivers = made_rivers(n_reaches, rng)
    sections = made_sections(rivers, n_sections, rng)
    built, network = timed(lambda: river_network(rivers, tolerance_m=1, order="to_code"))
    codes, to = rivers["reach_code"].tolist(), rivers["to_code"].tolist()
    lines = rivers.geometry.values
    length = dict(zip(codes, shapely.length(lines).tolist(), strict=True))

    def graph() -> Any:
        made = nx.DiGraph()
        made.add_nodes_from(codes)
        made.add_weighted_edges_from(
            (b, a, length[b])
            for a, b in zip(codes, to, strict=True)
            if b  # upstream
        )
        return made

    def ours() -> Any:
        _NUMBERED.clear()  # numbering belongs to the work
        snapped = snap_sections(sections, network, max_distance_m=200, name=None)
        totals = upstream(network, snapped, what="totals")
        return snapped, totals, upstream_of(network, snapped, snapped, code="section_code")

    def trace_by_networkx(reach: list[str], measure: list[float]) -> Any:
        tree = graph()
        here: dict[str, list[int]] = {}
        for number, name in enumerate(reach):
            here.setdefault(name, []).append(number)
        total, pairs = [], []
        for number, (name, m) in enumerate(zip(reach, measure, strict=True)):
            above = nx.single_source_dijkstra_path_length(tree, name)
            total.append((sum(length[r] for r in above if r != name) + m) / 1e3)
            for r, way in above.items():
                for other in here.get(r, ()):
                    if other != number and (r != name or measure[other] <= m):
                        # the way leads from lower end to lower end
                        more = length[r] - measure[other] - (length[name] - m)
                        pairs.append((number, other, way + more))
        return total, pairs

    def usual() -> Any:
        joined = gpd.sjoin_nearest(sections, rivers, max_distance=200)
        joined = joined[~joined.index.duplicated()]
        near = rivers.geometry.loc[joined["index_right"]].values
        measure = shapely.line_locate_point(near, joined.geometry.values)
        return trace_by_networkx(joined["reach_code"].tolist(), measure.tolist())

    def loop() -> Any:
        """Search all reaches for each section: of some sections only."""
        return [int(shapely.distance(lines, p).argmin()) for p in sections.geometry.values[:looped]]

    contenders = {"chaoyang_geo": ours, "sjoin_nearest and networkx": usual}
    times, results = in_turn(contenders, runs)
    loop_s, nearest = timed(loop)
    snapped, totals, pairs = results["chaoyang_geo"]
    total, listed = results["sjoin_nearest and networkx"]
    if snapped["reach_code"].tolist()[:looped] != rivers["reach_code"].iloc[nearest].tolist():
        raise SystemExit("snapped to another reach than the nearest-loop finds")
    np.testing.assert_allclose(totals["river_km_upstream"], total, atol=1e-6)
    if len(pairs) != len(listed):
        raise SystemExit(f"{len(pairs)} pairs, networkx finds {len(listed)}")
    theirs = sorted((f"S{a:05d}", f"S{b:05d}", d / 1e3) for a, b, d in listed)
    mine = pairs.sort_values(["section_code", "upstream_section_code"])
    same = mine["section_code"].tolist() == [t[0] for t in theirs]
    same &= mine["upstream_section_code"].tolist() == [t[1] for t in theirs]
    if not same:
        raise SystemExit("other pairs than networkx")
    np.testing.assert_allclose(mine["distance_km"], [t[2] for t in theirs], atol=1e-6)
    trace_only, _ = timed(lambda: trace_by_networkx(
        snapped["reach_code"].tolist(), snapped["measure_m"].tolist()))  # fmt: skip
    whole_loop = loop_s / looped * n_sections + trace_only
    median = {name: statistics.median(seconds) for name, seconds in times.items()}
    own = median["chaoyang_geo"]
    lines_out = ["| contender | median s | min s | max s | it / chaoyang_geo |",
                 "|---|---:|---:|---:|---:|"]  # fmt: skip
    for name, seconds in times.items():
        lines_out.append(row(name, seconds, f"{median[name] / own:.1f}"))
    lines_out.append(
        f"| nearest loop and networkx (scaled) | {whole_loop:.0f} | | | {whole_loop / own:.0f} |"
    )
    lines_out += ["", f"{n_sections:,} sections, {len(rivers):,} reaches, {len(pairs):,} pairs of a "
                  f"section and one upstream; {runs} runs each in turn after one to warm up. The "
                  f"nearest loop measured {looped} sections ({loop_s:.1f} s) and is scaled to all; to it the "
                  f"graph and tracing of networkx ({trace_only:.1f} s) are added. All start from clean reaches "
                  f"with to_code: networkx makes its graph, this library numbers its network; "
                  f"river_network (nodes, findings, orders) took {built:.1f} s before. {machine()}."]  # fmt: skip
    return lines_out


# --- downstream to zones ------------------------------------------------------------------------

LIMIT_KM = 50.0


def made_zones(rivers: gpd.GeoDataFrame, n: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return n rectangles of 0.3 to 3 km among the rivers; some overlap."""
    west, south, east, north = rivers.total_bounds
    middle = rng.uniform((west, south), (east, north), (n, 2))
    half = rng.uniform(150, 1500, (n, 2))
    return gpd.GeoDataFrame(
        {
            "zone_code": [f"Z{number:05d}" for number in range(n)],
            "zone_name": [f"synthetic {number}" for number in range(n)],
            "zone_kind": "drinking_water",
            "zone_grade": rng.choice(["primary", "secondary"], n),
        },
        geometry=shapely.box(*(middle - half).T, *(middle + half).T),
        crs=METRIC,
    )


def zones_by_reach(
    rivers: gpd.GeoDataFrame, zones: gpd.GeoDataFrame
) -> dict[str, list[tuple[str, float, float]]]:
    """Return the zones of each reach, and from where to where they lie on it, in metres."""
    pairs = gpd.sjoin(rivers, zones, predicate="intersects")
    lines = pairs.geometry.values
    boxes = zones.geometry.loc[pairs["index_right"]].values
    parts, owner = shapely.get_parts(shapely.intersection(lines, boxes), return_index=True)
    ends = [shapely.line_locate_point(lines[owner], shapely.get_point(parts, k)) for k in (0, -1)]
    found: dict[str, list[tuple[str, float, float]]] = {}
    for reach, zone, low, high in zip(
        pairs["reach_code"].to_numpy()[owner].tolist(),
        pairs["zone_code"].to_numpy()[owner].tolist(),
        np.minimum(*ends).tolist(),
        np.maximum(*ends).tolist(),
        strict=True,
    ):
        found.setdefault(reach, []).append((zone, low, high))
    return found


def compare_downstream(n_sites: int, n_reaches: int, n_zones: int, runs: int) -> list[str]:
    """Follow the water of sites down the river to the zones that it enters, and how far that is."""
    import networkx as nx

    from chaoyang_geo.rivers import river_network, river_reach_check
    from chaoyang_geo.rivers.numbering import _NUMBERED

    rng = np.random.default_rng(11)
    rivers = made_rivers(n_reaches, rng)
    sites = made_sections(rivers, n_sites, rng).rename(columns={"section_code": "site_code"})
    zones = made_zones(rivers, n_zones, rng)
    built, network = timed(lambda: river_network(rivers, tolerance_m=1, order="to_code"))
    codes, to = rivers["reach_code"].tolist(), rivers["to_code"].tolist()
    length = dict(zip(codes, shapely.length(rivers.geometry.values).tolist(), strict=True))
    limit = LIMIT_KM * 1000

    def ours() -> Any:
        _NUMBERED.clear()  # numbering belongs to the work
        return river_reach_check(sites, zones, network, max_distance_km=LIMIT_KM, tie_m=0)

    def loop() -> Any:
        """Put sites on reaches, and search downstream from one site after the other."""
        joined = gpd.sjoin_nearest(sites, rivers, max_distance=2000)
        joined = joined[~joined.index.duplicated()]
        near = rivers.geometry.loc[joined["index_right"]].values
        measures = shapely.line_locate_point(near, joined.geometry.values).tolist()
        graph = nx.DiGraph()
        graph.add_nodes_from(codes)
        # from lower end to lower end
        graph.add_weighted_edges_from(
            (a, b, length[b]) for a, b in zip(codes, to, strict=True) if b
        )
        entered = zones_by_reach(rivers, zones)
        within = gpd.sjoin(sites, zones, predicate="intersects")
        inside = set(zip(within["site_code"], within["zone_code"], strict=True))
        longest = max(length.values())
        found = [(site, zone, 0.0) for site, zone in inside]
        for site, reach, measure in zip(
            joined["site_code"].tolist(), joined["reach_code"].tolist(), measures, strict=True
        ):
            rest = length[reach] - measure
            ways: dict[str, float] = {}
            below = nx.single_source_dijkstra_path_length(graph, reach, limit - rest + longest)
            for passed, far in below.items():
                for zone, low, high in entered.get(passed, ()):
                    if passed != reach:
                        way = rest + far - length[passed] + low
                    elif high >= measure:
                        way = max(low - measure, 0.0)
                    else:
                        continue
                    if way <= limit and way < ways.get(zone, np.inf):
                        ways[zone] = way
            found += [(site, zone, way / 1000) for zone, way in ways.items()
                      if (site, zone) not in inside]  # fmt: skip
        return found

    contenders = {"river_reach_check": ours, "sjoin_nearest and a loop with networkx": loop}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    times, results = in_turn(
        {name: counted(work, cpu[name]) for name, work in contenders.items()}, runs
    )
    mine = results["river_reach_check"]
    mine = mine[mine["zone_code"] != ""].sort_values(["site_code", "zone_code"])
    theirs = sorted(results["sjoin_nearest and a loop with networkx"])
    pairs = list(zip(mine["site_code"], mine["zone_code"], strict=True))
    if pairs != [(site, zone) for site, zone, _ in theirs]:
        raise SystemExit("other sites and zones than networkx finds")
    np.testing.assert_allclose(mine["distance_km"], [km for _, _, km in theirs], atol=1e-6)
    median = {name: statistics.median(seconds[1:]) for name, seconds in cpu.items()}
    lines = ["| contender | median s | min s | max s | CPU s | it / river_reach_check (CPU) |",
             "|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for name, seconds in times.items():
        ratio = median[name] / median["river_reach_check"]
        lines.append(row(name, seconds, f"{median[name]:.2f} | {ratio:.1f}"))
    lines += ["", f"{n_sites:,} sites, {len(rivers):,} reaches, {len(zones):,} zones, "
              f"{LIMIT_KM:g} km down; {len(pairs):,} pairs of a site and a zone, kilometres equal; "
              f"{runs} runs each in turn after one to warm up. Only ours gives rivers on the way, "
              "reasons in two languages and flags; river_network (nodes, findings, orders) took "
              f"{built:.1f} s before; {machine()}."]  # fmt: skip
    return lines


# --- measuring ----------------------------------------------------------------------------------


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a function took, and its result."""
    gc.collect()
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def counted(work: Callable[[], Any], spent: list[float]) -> Callable[[], Any]:
    """Return a function that also notes the processor time of each of its runs."""

    def run() -> Any:
        began = time.process_time()
        result = work()
        spent.append(time.process_time() - began)
        return result

    return run


def in_turn(
    contenders: dict[str, Callable[[], Any]], runs: int
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Run contenders one after the other, again and again; the first round does not count."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    results: dict[str, Any] = {}
    for number in range(runs + 1):
        for name, work in contenders.items():
            results.pop(name, None)
            seconds, results[name] = timed(work)
            sys.stderr.write(f"{name}: {seconds:.2f} s\n")
            if number:
                times[name].append(seconds)
    return times, results


def row(name: str, seconds: list[float], last: str) -> str:
    """Return a line of the table."""
    middle = statistics.median(seconds)
    return f"| {name} | {middle:.2f} | {min(seconds):.2f} | {max(seconds):.2f} | {last} |"


def machine() -> str:
    """Describe the machine and the versions."""
    names = ("geopandas", "shapely", "numpy", "pandas")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=("points", "trace", "downstream"), nargs="+")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--polygons", type=int, default=2_800)
    parser.add_argument("--sections", type=int, default=10_000)
    parser.add_argument("--sites", type=int, default=10_000)
    parser.add_argument("--zones", type=int, default=3_000)
    parser.add_argument("--reaches", type=int, default=500_000)
    parser.add_argument("--looped", type=int, default=20, help="sections of the nearest loop")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-write", action="store_true", help="leave README.md alone")
    given = parser.parse_args()
    for which in given.which:
        if which == "points":
            lines = compare_points(given.points, given.polygons, given.runs)
        elif which == "downstream":
            lines = compare_downstream(given.sites, given.reaches, given.zones, given.runs)
        else:
            lines = compare_trace(given.sections, given.reaches, given.runs, given.looped)
        sys.stdout.write("\n".join(lines) + "\n")
        if not given.no_write:
            put(f"geometry-{which}", lines)


if __name__ == "__main__":
    main()
