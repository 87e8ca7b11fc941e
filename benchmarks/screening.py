"""Sites over zones: screen_sites beside geopandas.overlay and geopandas.sjoin_nearest.

The contenders run in turn in one process on the same made-up layers, and their answers are
compared: areas and lengths of every site and zone, and the distance of every site to its nearest
zone. The first run of each is left out of the medians. Times of screen_sites are those of the
whole answer: repair, areas and lengths also on the ellipsoid, shares, distances, band, rules,
verdicts and reasons in two languages; nothing but the making of the layers is left out.

    python benchmarks/screening.py                              # the layer, merged, and ten layers
    python benchmarks/screening.py zones --zones 20_000 --runs 5
    python benchmarks/screening.py zones --question distances --rival-runs 1
    python benchmarks/screening.py merged --rival-runs 1        # overlay takes minutes
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from geometry import machine
from readings import put
from screening_data import CRS, merged, site_layer, zone_layer

from chaoyang_geo.screening import screen_sites

REACH_M = 1000.0
QUESTIONS = ("overlaps", "distances")
Times = list[tuple[float, float]]


def as_zones(layer: gpd.GeoDataFrame, name: str = "示例图层") -> gpd.GeoDataFrame:
    """Return a layer as a table of zones."""
    return layer.assign(
        zone_name="", zone_kind="eco_red_line", zone_grade="general", layer=name, version="1",
        version_date="2024-01-01",
    )  # fmt: skip


def as_sites(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer as a table of sites."""
    return layer.assign(site_name="示例", activity="solar_farm")


# --- overlaps and distances beside GeoPandas ----------------------------------------------------


def compare(
    zones: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    runs: int,
    rival_runs: int,
    title: str,
    questions: Sequence[str] = QUESTIONS,
) -> list[str]:
    """Screen sites over one layer, with and without distances; return rows of the table."""
    dimension = shapely.get_dimensions(sites.geometry.to_numpy())
    polygons, lines = sites[dimension == 2], sites[dimension == 1]
    our_zones, our_sites = as_zones(zones), as_sites(sites)

    def overlay() -> Any:
        return gpd.overlay(polygons, zones), gpd.overlay(lines, zones)

    def nearest() -> Any:
        return gpd.sjoin_nearest(sites, zones, max_distance=REACH_M, distance_col="distance_m")

    def overlaps_alone() -> Any:
        return screen_sites(our_sites, our_zones, max_distance_m=0).findings

    def with_distances() -> Any:
        return screen_sites(our_sites, our_zones, max_distance_m=REACH_M).findings

    rows = []
    for question, ours, rival, name, same in (
        ("overlaps", overlaps_alone, overlay, "overlay", same_sizes),
        ("distances to 1 km", with_distances, nearest, "sjoin_nearest", same_distances),
    ):
        if question.split()[0] not in questions:
            continue
        times, answers = in_turn({"screen_sites": ours, name: rival}, [runs, rival_runs])
        same(answers["screen_sites"], answers[name])
        own = middle(times["screen_sites"])
        for contender, taken in times.items():
            ratio = middle(taken) / own
            rows.append(row(f"{title} | {question} | {contender}", taken, f"{ratio:.1f}"))
    return rows


def same_sizes(found: pd.DataFrame, over: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> None:
    """Raise where an area or length of a site and a zone differs from that of the overlay."""
    keys = ["site_code", "zone_code"]
    for column, part, sizes in (
        ("overlap_m2", over[0], shapely.area(over[0].geometry.to_numpy())),
        ("overlap_m", over[1], shapely.length(over[1].geometry.to_numpy())),
    ):
        theirs = part[keys].assign(theirs=sizes).groupby(keys)["theirs"].sum()
        ours = found.loc[found[column] > 0].set_index(keys)[column].rename("ours")
        both = pd.concat([ours, theirs], axis=1).fillna(0.0)
        apart = (both["ours"] - both["theirs"]).abs()
        wrong = both[apart > 1e-3 + 1e-9 * both["theirs"]]
        if len(wrong):
            raise SystemExit(
                f"{column}: {len(wrong)} pairs differ from overlay, first:\n{wrong[:3]}"
            )
        if not len(both):
            raise SystemExit(f"{column}: nothing overlaps, so nothing was compared")


def same_distances(found: pd.DataFrame, joined: gpd.GeoDataFrame) -> None:
    """Raise where the nearest zone of a site is not as far as sjoin_nearest says."""
    theirs = joined.groupby("site_code")["distance_m"].min()
    ours = found.groupby("site_code")["distance_m"].min()
    if set(ours.index) != set(theirs.index):
        raise SystemExit("distances: other sites have a zone within reach than in sjoin_nearest")
    apart = (ours - theirs.loc[ours.index]).abs()
    if apart.max() > 1e-6:
        raise SystemExit(f"distances: differ by up to {apart.max()} m from sjoin_nearest")


# --- many sites, many layers --------------------------------------------------------------------


def many_layers(n_sites: int, n_layers: int, n_zones: int, runs: int) -> tuple[str, float]:
    """Screen many sites over many layers; return what it was, and the median seconds."""
    layers = []
    for number in range(n_layers):
        made = zone_layer(n_zones, seed=100 + number)
        layers.append(as_zones(made, f"示例图层{number + 1}"))
    sites = as_sites(site_layer(n_sites * 18 // 20, n_sites // 20, n_sites // 20, seed=5))
    times, answers = in_turn({"ten layers": lambda: screen_sites(sites, layers).findings}, [runs])
    vertices = sum(
        int(shapely.get_num_coordinates(each.geometry.to_numpy()).sum()) for each in layers
    )
    words = (
        f"{len(sites):,} sites (18 of 20 polygons, 1 a pipeline, 1 a point) by "
        f"{n_layers} layers of together "
        f"{sum(map(len, layers)):,} zones and {vertices:,} vertices, distances to 1 km: "
        f"{middle(times['ten layers']):.1f} s, {len(answers['ten layers']):,} findings"
    )
    return words, middle(times["ten layers"])


# --- measuring ----------------------------------------------------------------------------------


def in_turn(
    contenders: dict[str, Callable[[], Any]], runs: list[int]
) -> tuple[dict[str, Times], dict[str, Any]]:
    """Run contenders one after the other, again and again; the first round does not count.

    A contender with one run is not warmed up: its one run counts.
    """
    times: dict[str, Times] = {name: [] for name in contenders}
    answers: dict[str, Any] = {}
    for number in range(max(runs) + 1):
        for (name, work), wanted in zip(contenders.items(), runs, strict=True):
            if number > wanted or (wanted == 1 and number == 1):
                continue
            answers.pop(name, None)
            wall, processor = time.perf_counter(), time.process_time()
            answers[name] = work()
            taken = time.perf_counter() - wall, time.process_time() - processor
            sys.stderr.write(f"{name}: {taken[0]:.2f} s, processor {taken[1]:.2f} s\n")
            if number or wanted == 1:
                times[name].append(taken)
    return times, answers


def middle(times: Times) -> float:
    """Return the median of the seconds."""
    return statistics.median(wall for wall, _ in times)


def row(start: str, times: Times, ratio: str) -> str:
    """Return a line of the table."""
    wall = [seconds for seconds, _ in times]
    processor = statistics.median(seconds for _, seconds in times)
    return (
        f"| {start} | {statistics.median(wall):.2f} | {min(wall):.2f} | {max(wall):.2f} "
        f"| {processor:.2f} | {ratio} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = ("zones", "merged", "layers")
    parser.add_argument("which", nargs="*", metavar="which", help=f"{', '.join(kinds)}; else all")
    parser.add_argument("--zones", type=int, default=20_000)
    parser.add_argument("--polygons", type=int, default=5_000)
    parser.add_argument("--pipelines", type=int, default=500)
    parser.add_argument("--sites", type=int, default=10_000, help="of the many layers")
    parser.add_argument("--layers", type=int, default=10)
    parser.add_argument("--layer-zones", type=int, default=2_000, help="of each of the many layers")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--rival-runs", type=int, help="of GeoPandas; else as many, on the merged layer 1"
    )
    parser.add_argument("--question", choices=QUESTIONS, help="else both")
    parser.add_argument("--no-write", action="store_true", help="leave README.md alone")
    given = parser.parse_args()
    which = given.which or list(kinds)
    if not set(which) <= set(kinds):
        parser.error(f"which: choose from {', '.join(kinds)}")
    questions = [given.question] if given.question else QUESTIONS
    lines = [
        "| zones | question | contender | median s | min s | max s | CPU s | it / screen_sites |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    notes = []
    if "zones" in which or "merged" in which:
        zones = zone_layer(given.zones)
        sites = site_layer(given.polygons, given.pipelines)
        count = shapely.get_num_coordinates(zones.geometry.to_numpy())
        notes.append(
            f"{len(zones):,} zones with {int(count.sum()):,} vertices; {given.polygons:,} polygon sites and "
            f"{given.pipelines:,} pipelines of {sites.length.sum() / 1e3:,.0f} km; {CRS}"
        )
        if "zones" in which:
            rival_runs = given.rival_runs or given.runs
            lines += compare(zones, sites, given.runs, rival_runs, "as drawn", questions)
        if "merged" in which:
            giants = merged(zones)
            largest = int(shapely.get_num_coordinates(giants.geometry.to_numpy()).max())
            notes.append(f"merged: {len(giants):,} zones, the largest of {largest:,} vertices")
            rival_runs = given.rival_runs or 1
            lines += compare(giants, sites, given.runs, rival_runs, "merged", questions)
    if "layers" in which:
        words, _ = many_layers(given.sites, given.layers, given.layer_zones, given.runs)
        notes.append(words)
    rival_runs = given.rival_runs or "as many, on merged zones 1"
    notes.append(
        f"{given.runs} runs each in turn after one to warm up, of GeoPandas {rival_runs}; {machine()}"
    )
    lines += ["", ". ".join(notes) + "."]
    sys.stdout.write("\n".join(lines) + "\n")
    if not given.no_write:
        put("screening", lines)


if __name__ == "__main__":
    main()
