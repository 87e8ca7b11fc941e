"""Monthly classes of sections from ten million readings: this library beside pandas by hand.

From the Parquet file of texts to classes, and from the clean readings in memory as each user has
them: for pandas a frame of numbers, times and categories (the best case for it), for this library
the table of ``read_readings``. Both average to section, month and item (half the detection limit,
pH through the hydrogen ion), round by the decimals of the rule, judge, and take the worst item.
The classes must be equal. Each contender runs in its own process; the first run is left out of
the median.

    python benchmarks/assess.py --rows 10_000_000
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import readings as shared

CONTENDERS = ("pandas", "chaoyang_geo")
DECIMALS = {"ph": 0, "do": 1, "cod_mn": 1, "nh3_n": 2, "tp": 3}


def by_pandas(path: Path) -> tuple[Any, float, float]:
    """Group by category codes, limits looked up by item; no reason, no deciding item, no flag."""
    import pandas as pd

    began = time.perf_counter()
    frame = pd.read_parquet(path)
    text = frame["监测值"]
    keys = {name: key for name, key, *_ in shared.ITEMS}
    frame["item"] = frame["监测项目"].astype("category").cat.rename_categories(keys)
    frame["section_code"] = frame["断面编码"].astype("category")
    frame["time"] = pd.to_datetime(frame["监测时间"], format="%Y-%m-%d %H:%M")
    value = pd.to_numeric(text, errors="coerce").to_numpy("float64", na_value=np.nan).copy()
    odd = np.flatnonzero(np.isnan(value))
    parts = text.iloc[odd].str.normalize("NFKC").str.extract(r"^([<>]?)(\d+\.?\d*)([Ll]?)$")
    number = pd.to_numeric(parts[1], errors="coerce").to_numpy("float64", na_value=np.nan)
    below = ((parts[0] == "<") | parts[2].isin(["L", "l"])).to_numpy(bool, na_value=False)
    value[odd] = np.where(below, number / 2, number)
    frame["value"] = value
    ready = time.perf_counter()
    kept = frame["item"].isin(list(DECIMALS))
    table = frame.loc[kept, ["section_code", "time", "item", "value"]]
    table["item"] = table["item"].cat.remove_unused_categories()
    acid = (table["item"] == "ph").to_numpy()
    used = table["value"].to_numpy(copy=True)
    used[acid] = 10.0 ** -used[acid]
    table["value"] = used
    table["month"] = table["time"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    means = table.groupby(["section_code", "month", "item"], observed=True)["value"].mean()
    means = means.reset_index()
    acid = (means["item"] == "ph").to_numpy()
    mean = means["value"].to_numpy(copy=True)
    mean[acid] = -np.log10(mean[acid])
    for item, decimals in DECIMALS.items():
        here = (means["item"] == item).to_numpy()
        mean[here] = np.round(np.round(mean[here], 12), decimals)
    rank = np.zeros(len(means), "int8")
    for item, bounds in shared.BOUNDS.items():
        here = (means["item"] == item).to_numpy()
        limits = np.array(bounds)
        if item == "do":
            rank[here] = np.searchsorted(-limits, -mean[here], side="left")
        else:
            rank[here] = np.searchsorted(limits, mean[here], side="left")
    rank[acid] = np.where((mean[acid] < 6) | (mean[acid] > 9), 5, 0)
    means["rank"] = rank
    means = means[~np.isnan(mean)]
    result = means.groupby(["section_code", "month"], observed=True)["rank"].max().reset_index()
    ended = time.perf_counter()
    result["section_code"] = result["section_code"].astype("str")
    return result, ended - began, ended - ready


def by_chaoyang_geo(path: Path) -> tuple[Any, float, float]:
    """Use the public functions, with deciding items, multiples, gaps, confidence and flags."""
    from chaoyang_geo import assess_sections, read_readings

    began = time.perf_counter()
    table = read_readings(path)
    ready = time.perf_counter()
    found = assess_sections(table, period="month", why=False)
    ended = time.perf_counter()
    result = found[["section_code", "period"]].rename(columns={"period": "month"})
    result["rank"] = found["class"].cat.codes
    result = result[result["rank"] >= 0]  # pandas has no row for a month without a class
    return result, ended - began, ended - ready


def run_one(contender: str, path: Path, runs: int, answer: Path) -> None:
    """Run one contender in this process and write its seconds, memory and classes."""
    work = {"pandas": by_pandas, "chaoyang_geo": by_chaoyang_geo}[contender]
    whole, part, peak = [], [], 0.0
    for number in range(runs + 1):
        gc.collect()
        shared.turn()
        result, all_seconds, seconds = work(path)
        if number == 0:
            peak = shared.peak_mib()
        else:
            whole.append(all_seconds)
            part.append(seconds)
    result = result.sort_values(["section_code", "month"], ignore_index=True)
    result.to_parquet(answer.with_suffix(".parquet"))
    answer.write_text(json.dumps({"whole": whole, "part": part, "peak_mib": peak}), "utf-8")


def agree(folder: Path) -> None:
    """Stop when the contenders do not give the same classes."""
    import pandas as pd

    one, other = (pd.read_parquet(folder / f"{name}.parquet") for name in CONTENDERS)
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the tables here")
    parser.add_argument("--no-write", action="store_true", help="leave README.md alone")
    for hidden in ("--one", "--file", "--answer"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        run_one(given.one, Path(given.file), given.runs, Path(given.answer))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        shared.write_table(folder, given.rows)
        path = folder / f"{given.rows}.parquet"
        shared.in_turn(
            [
                [sys.executable, __file__, "--one", name, "--file", str(path),
                 "--answer", str(folder / f"{name}.json"), "--runs", str(given.runs)]
                for name in CONTENDERS
            ],
            given.runs + 1,
        )  # fmt: skip
        found = {
            name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in CONTENDERS
        }
        agree(folder)
    lines = ["| step | contender | median s | min s | max s | pandas / it | peak MiB |",
             "|---|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for step, key in (("text to classes", "whole"), ("clean readings to classes", "part")):
        first = statistics.median(found["pandas"][key])
        for name in CONTENDERS:
            times = found[name][key]
            median = statistics.median(times)
            lines.append(
                f"| {step} | {name} | {median:.2f} | {min(times):.2f} | {max(times):.2f} "
                f"| {first / median:.1f} | {found[name]['peak_mib']:.0f} |"
            )
    versions = shared.versions("pandas", "pyarrow", "numpy", "numba")
    lines += ["", f"{given.rows:,} rows, {given.runs} runs each after one to warm up; "
              f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
              f"Python {platform.python_version()}, {versions}."]  # fmt: skip
    sys.stdout.write("\n".join(lines) + "\n")
    if not given.no_write:
        shared.put("assess", lines)


if __name__ == "__main__":
    main()
