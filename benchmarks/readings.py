"""Read, clean, class and average a long table of readings: pandas, polars and this library.

Writes a table of readings as laboratories write them (10 % of the values are text) into a
temporary folder, as CSV and as Parquet. Every contender turns the file into one row per
reading (value, censoring, detection limit, flag, class) and then into means of sections and
months; the means and the classes must be equal. Each runs in its own process, so that the peak
memory is its own; the processes run in turn, so that a slow minute of the machine is all of
theirs, each finds memory that was just in use, and the first run is left out of the median.

    python benchmarks/readings.py --rows 10_000_000
    python benchmarks/readings.py --rows 100_000_000 --stream
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

README = Path(__file__).with_name("README.md")
CONTENDERS = ("pandas", "polars", "chaoyang_geo", "chaoyang_geo, limits")
SECTIONS = 2_000
HEADER = ("断面编码", "监测时间", "监测项目", "监测值", "单位")
#: Item in the file, its key, its unit, decimals, and a usual value.
ITEMS = (
    ("水温", "water_temp", "℃", 1, 15.0),
    ("pH", "ph", "无量纲", 2, 8.0),
    ("溶解氧", "do", "mg/L", 2, 8.0),
    ("电导率", "conductivity", "μS/cm", 1, 500.0),
    ("浊度", "turbidity", "NTU", 1, 30.0),
    ("高锰酸盐指数", "cod_mn", "mg/L", 2, 4.0),
    ("氨氮", "nh3_n", "mg/L", 3, 0.5),
    ("总磷", "tp", "mg/L", 3, 0.12),
    ("总氮", "tn", "mg/L", 2, 3.0),
)
#: Limits of rivers, GB 3838-2002 Table 1; DO must not fall below its limits.
BOUNDS = {
    "do": (7.5, 6, 5, 3, 2),
    "cod_mn": (2, 4, 6, 10, 15),
    "nh3_n": (0.15, 0.5, 1, 1.5, 2),
    "tp": (0.02, 0.1, 0.2, 0.3, 0.4),
}
UNDECIDED = "检出限（或量程）跨越多个类别，不能判定"

# --- the table ----------------------------------------------------------------------------------


def texts_of(decimals: int, usual: float) -> tuple[list[str], int]:
    """Return the texts an item is written with, and how many of them are plain numbers."""
    step = 10**-decimals
    top = min(int(usual * 2.2 / step), 9_000)
    numbers = [f"{k * step:.{decimals}f}" for k in range(1, top + 1)]
    wide = [text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789."}) for text in numbers]
    return [*numbers, *wide, "0.025L", "<0.01", "--"], len(numbers)


def batches(rows: int, chunk: int = 1_000_000) -> Any:
    """Yield the table in order of time, section and item; the same for the same ``rows``."""
    random = np.random.default_rng(20250305)
    words, start, plain = [], [], []
    for _, _, _, decimals, usual in ITEMS:
        texts, numbers = texts_of(decimals, usual)
        start.append(len(words))
        plain.append(numbers)
        words += texts
    starts, plains = np.array(start), np.array(plain)
    per_time = SECTIONS * len(ITEMS)
    steps = -(-rows // per_time)
    every = max(1, 5 * 365 * 6 // steps)  # of the four-hour steps of five years
    sections = pa.array([f"2113{k:06d}" for k in range(SECTIONS)])
    moments = np.datetime64("2020-01-01T00:00", "m") + np.arange(5 * 366 * 6) * np.timedelta64(
        4, "h"
    )
    stamps = pa.array([str(moment).replace("T", " ") for moment in moments])
    for first in range(0, rows, chunk):
        row = np.arange(first, min(rows, first + chunk))
        item = row % len(ITEMS)
        section = row // len(ITEMS) % SECTIONS
        moment = row // per_time * every + section % every
        # a value near the middle of its range more often than far from it
        pick = (random.beta(3, 3, len(row)) * plains[item]).astype("int64")
        kind = random.integers(0, 40, len(row))  # 4 of 40: one in ten is text
        pick = np.where(kind == 0, pick + plains[item], pick)
        for offset in range(3):
            pick = np.where(kind == offset + 1, 2 * plains[item] + offset, pick)
        columns = (
            (section, sections),
            (moment, stamps),
            (item, pa.array([name for name, *_ in ITEMS])),
            (starts[item] + pick, pa.array(words)),
            (item, pa.array([unit for _, _, unit, _, _ in ITEMS])),
        )
        yield pa.table(
            [
                pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32")), values)
                for codes, values in columns
            ],
            names=list(HEADER),
        )


def write_table(folder: Path, rows: int) -> None:
    """Write the table once as CSV and once as Parquet; a table that is there is kept."""
    done = folder / f"{rows}.done"
    if done.exists():
        return
    plain = pa.schema([(name, pa.string()) for name in HEADER])
    bare = pacsv.WriteOptions(quoting_style="none", quoting_header="none")
    with (
        pacsv.CSVWriter(folder / f"{rows}.csv", plain, write_options=bare) as text,
        pq.ParquetWriter(folder / f"{rows}.parquet", plain) as columns,
    ):
        for batch in batches(rows):
            table = batch.cast(plain)
            text.write_table(table)
            columns.write_table(table)
    done.touch()


def write_folder(folder: Path, rows: int, each: int = 10_000_000) -> Path:
    """Write a folder of Parquet files of ``each`` rows."""
    into = folder / f"{rows}"
    into.mkdir(exist_ok=True)
    plain = pa.schema([(name, pa.string()) for name in HEADER])
    writer, number = None, 0
    for k, batch in enumerate(batches(rows)):
        if k % (each // 1_000_000) == 0:
            if writer:
                writer.close()
            writer = pq.ParquetWriter(into / f"part-{number:03d}.parquet", plain)
            number += 1
        if writer:
            writer.write_table(batch.cast(plain))
    if writer:
        writer.close()
    return into


# --- the contenders -----------------------------------------------------------------------------


def by_pandas(path: Path) -> tuple[Any, Any, float]:
    """Text is touched only where ``to_numeric`` fails; keys are categories; limits are looked up."""
    import pandas as pd

    began = time.perf_counter()
    kinds = dict.fromkeys(("断面编码", "监测项目", "单位"), "category")
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype={**kinds, "监测时间": "str", "监测值": "str"}, engine="pyarrow",
                            keep_default_na=False)  # fmt: skip
    else:
        frame = pd.read_parquet(path)
        frame = frame.astype(kinds)
    keys = {name: key for name, key, *_ in ITEMS}
    frame["item"] = frame["监测项目"].cat.rename_categories(keys)
    frame["time"] = pd.to_datetime(frame["监测时间"], format="%Y-%m-%d %H:%M")
    raw = frame["监测值"]
    value = pd.to_numeric(raw, errors="coerce").to_numpy("float64", na_value=np.nan).copy()
    odd = np.flatnonzero(np.isnan(value))
    text = raw.iloc[odd].str.normalize("NFKC").str.strip()
    parts = text.str.extract(r"^([<>]?)(\d+\.?\d*)([Ll]?)$")
    number = pd.to_numeric(parts[1], errors="coerce").to_numpy("float64", na_value=np.nan)
    below = ((parts[0] == "<") | parts[2].isin(["L", "l"])).to_numpy(bool, na_value=False)
    limit = np.full(len(frame), np.nan)
    limit[odd[below]] = number[below]
    value[odd[~below]] = number[~below]
    censored = np.zeros(len(frame), "int8")
    censored[odd[below]] = 1
    flag = np.full(len(odd), "", dtype=object)
    flag[below] = ("低于检出限" + parts[1][below]).to_numpy(object)
    gap = ~below & np.isnan(number)
    flag[gap] = ("缺测（原文“" + text[gap] + "”）").to_numpy(object)
    flags = pd.Series("", index=frame.index, dtype="str")
    flags.iloc[odd] = flag
    frame["value"], frame["detection_limit"], frame["reading_flag"] = value, limit, flags
    frame["censored"] = pd.Categorical.from_codes(censored, ["", "<"])

    item = frame["item"].cat.codes.to_numpy()
    names = list(frame["item"].cat.categories)
    bounds = np.array([BOUNDS.get(name, (np.nan,) * 5) for name in names])
    is_do, is_ph = item == names.index("do"), item == names.index("ph")
    high = np.where(censored == 1, limit, value)
    rank, at_zero = np.zeros(len(frame), "int8"), np.where(is_do, 5, 0)
    for column in range(5):
        bound = bounds[item, column]
        rank += np.where(is_do, high < bound, high > bound)
    rank[is_ph] = np.where((high[is_ph] < 6) | (high[is_ph] > 9), 5, 0)
    at_zero[is_ph] = 5
    judged = np.isin(item, [names.index(name) for name in ("ph", *BOUNDS)])
    unsure = (censored == 1) & (rank != at_zero)
    rank[~judged | np.isnan(high) | unsure] = -1
    frame["class"] = pd.Categorical.from_codes(rank, [*"ⅠⅡⅢⅣⅤ", "劣Ⅴ"], ordered=True)

    used = np.where(censored == 1, limit / 2, value)
    used[is_ph] = 10.0 ** -used[is_ph]
    month = frame["time"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    table = pd.DataFrame({"section_code": frame["断面编码"], "period": month, "item": frame["item"],
                          "mean": used, "n": ~np.isnan(used), "n_censored": censored == 1,
                          "n_missing": np.isnan(used)})  # fmt: skip
    means = table.groupby(["section_code", "period", "item"], observed=True).agg(
        {"mean": "mean", "n": "sum", "n_censored": "sum", "n_missing": "sum"}
    )
    means = means.reset_index()
    acid = means["item"] == "ph"
    means.loc[acid, "mean"] = -np.log10(means.loc[acid, "mean"])
    seconds = time.perf_counter() - began
    return means, lambda: frame.groupby(["item", "class"], observed=True).size(), seconds


def by_polars(path: Path) -> tuple[Any, Any, float]:
    """One lazy query for the rows, one for the means."""
    import polars as pl

    began = time.perf_counter()
    if path.suffix == ".csv":
        scan = pl.scan_csv(path, schema=dict.fromkeys(HEADER, pl.String))
    else:
        scan = pl.scan_parquet(path)
    keys = {name: key for name, key, *_ in ITEMS}
    raw = pl.col("监测值")
    plain = raw.cast(pl.Float64, strict=False)
    odd = pl.when(plain.is_null()).then(raw.str.normalize("NFKC").str.strip_chars())
    rows = scan.with_columns(
        pl.col("监测项目").replace_strict(keys, return_dtype=pl.Categorical).alias("item"),
        pl.col("断面编码").cast(pl.Categorical),
        pl.col("单位").cast(pl.Categorical),
        pl.col("监测时间").str.to_datetime("%Y-%m-%d %H:%M", time_unit="ms").alias("time"),
        plain.alias("plain"),
        odd.alias("odd"),
    ).with_columns(
        (pl.col("odd").str.starts_with("<") | pl.col("odd").str.ends_with("L")
         | pl.col("odd").str.ends_with("l")).fill_null(False).alias("below"),
        pl.col("odd").str.extract(r"^[<>]?(\d+\.?\d*)[Ll]?$").alias("digits"),
    ).with_columns(
        pl.col("digits").cast(pl.Float64, strict=False).alias("number")
    ).with_columns(
        pl.when(~pl.col("below")).then(pl.coalesce("plain", "number")).alias("value"),
        pl.when("below").then("number").alias("detection_limit"),
        pl.when("below").then(pl.lit("<")).otherwise(pl.lit("")).alias("censored"),
        pl.when("below").then(pl.lit("低于检出限") + pl.col("digits"))
        .when(pl.col("plain").is_null() & pl.col("number").is_null())
        .then(pl.lit("缺测（原文“") + pl.col("odd") + pl.lit("”）"))
        .otherwise(pl.lit("")).alias("reading_flag"),
    )  # fmt: skip
    item = pl.col("item")
    high = pl.coalesce("value", "detection_limit")
    at_zero = pl.when(item.cast(pl.String).is_in(["do", "ph"])).then(5).otherwise(0)
    rank: Any = pl.when(item == "ph").then(pl.when((high < 6) | (high > 9)).then(5).otherwise(0))
    for name, bounds in BOUNDS.items():
        over = [(high < b) if name == "do" else (high > b) for b in bounds]
        rank = rank.when(item == name).then(sum(x.cast(pl.Int32) for x in over))
    frame = (
        rows.with_columns(rank.otherwise(None).alias("rank"))
        .with_columns(
            pl.when(pl.col("below") & (pl.col("rank") != at_zero)).then(None)
            .when(high.is_not_null()).then("rank").cast(pl.Int8).alias("rank")
        )
        .select(*HEADER, "item", "time", "value", "detection_limit", "censored", "reading_flag", "rank")
        .collect()
    )  # fmt: skip
    used = pl.coalesce("value", pl.col("detection_limit") / 2)
    means = (
        frame.lazy()
        .select(
            pl.col("断面编码").alias("section_code"),
            pl.col("time").dt.truncate("1mo").alias("period"),
            "item",
            pl.when(item == "ph").then(10.0 ** -used).otherwise(used).alias("used"),
            (pl.col("censored") == "<").alias("is_censored"),
        )
        .group_by("section_code", "period", "item")
        .agg(
            pl.col("used").mean().alias("mean"),
            pl.col("used").count().alias("n"),
            pl.col("is_censored").sum().alias("n_censored"),
            pl.col("used").null_count().alias("n_missing"),
        )
        .with_columns(pl.when(item == "ph").then(-pl.col("mean").log10()).otherwise("mean").alias("mean"))
        .collect()
    )  # fmt: skip
    seconds = time.perf_counter() - began

    def counted() -> Any:
        counts = frame.drop_nulls("rank").group_by("item", "rank").len().to_pandas()
        counts["class"] = counts["rank"].map(dict(enumerate([*"ⅠⅡⅢⅣⅤ", "劣Ⅴ"])))
        counts["item"] = counts["item"].astype(str)
        return counts.set_index(["item", "class"])["len"]

    return means.to_pandas(), counted, seconds


def by_chaoyang_geo(path: Path, *, limits: bool = False) -> tuple[Any, Any, float]:
    """Use the public functions, as a user does."""
    from chaoyang_geo import classify_items, mean_readings, read_readings

    began = time.perf_counter()
    readings = classify_items(read_readings(path), limits=limits)
    read = time.perf_counter()
    means = mean_readings(readings)
    seconds = time.perf_counter() - began
    sys.stderr.write(
        f"read and classed {read - began:.2f} s, averaged {seconds + began - read:.2f} s\n"
    )
    return means, lambda: readings.groupby(["item", "item_class"], observed=True).size(), seconds


# --- running and comparing ----------------------------------------------------------------------


def peak_mib() -> float:
    """Return the peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the parent held before this process began
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text("utf-8"))
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def turn() -> None:
    """Wait until it is this process's turn."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def touch_memory(gib: int = 4) -> None:
    """Write to as much memory as any contender needs, and give it back.

    Memory that no process has had for a while costs several times as much on first touch, and
    each contender would find what the one before it has left.
    """
    np.full((gib << 30) // 8, 1.0)


def in_turn(commands: list[list[str]], runs: int) -> None:
    """Run processes that call ``turn`` before each of their runs, one at a time."""
    pipe = subprocess.PIPE
    children = [subprocess.Popen(each, stdin=pipe, stdout=pipe, text=True) for each in commands]
    ready = [child.stdout.readline() for child in children if child.stdout]
    for _ in range(runs):
        for child in children:
            if child.stdin and child.stdout:
                touch_memory()
                child.stdin.write("go\n")
                child.stdin.flush()
                ready.append(child.stdout.readline())  # empty when it has ended
    if any(child.wait() for child in children):
        raise SystemExit("a contender failed")


def run_one(contender: str, path: Path, runs: int, answer: Path) -> None:
    """Run one contender in this process and write its seconds, memory and results."""
    work = {
        "pandas": by_pandas,
        "polars": by_polars,
        "chaoyang_geo": by_chaoyang_geo,
        "chaoyang_geo, limits": partial(by_chaoyang_geo, limits=True),
    }[contender]
    times, cpu, peak = [], [], 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(runs + 1):
            gc.collect()
            turn()
            before = time.process_time()
            means, counts, seconds = work(path)
            busy = time.process_time() - before
            if number == 0:
                # of the first run: later ones hold the results of the one before
                peak = peak_mib()
            else:
                times.append(seconds)
                cpu.append(busy)
            if number < runs:
                del means, counts
    means = means[["section_code", "period", "item", "mean", "n", "n_censored", "n_missing"]].copy()
    for column in ("section_code", "item"):
        means[column] = means[column].astype(str)
    means["period"] = means["period"].astype("datetime64[s]")
    means = means.astype(dict.fromkeys(("n", "n_censored", "n_missing"), "int64"))
    means = means.sort_values(["section_code", "period", "item"], ignore_index=True)
    means.to_parquet(answer.with_suffix(".parquet"))
    found = counts().items()
    classes = sorted([str(item), str(name), int(n)] for (item, name), n in found if n)
    answer.write_text(
        json.dumps({"times": times, "cpu": cpu, "peak_mib": peak, "classes": classes}), "utf-8"
    )


def agree(folder: Path, first: str, other: str) -> None:
    """Stop when two contenders do not give the same means and classes."""
    import pandas as pd

    left, right = (pd.read_parquet(folder / f"{name}.parquet") for name in (first, other))
    pd.testing.assert_frame_equal(left, right, rtol=1e-9, check_dtype=False)
    ours, theirs = (json.loads((folder / f"{n}.json").read_text("utf-8")) for n in (first, other))
    if ours["classes"] != theirs["classes"]:
        raise SystemExit(
            f"{first} and {other} give other classes:\n{ours['classes']}\n{theirs['classes']}"
        )


def compare(folder: Path, rows: int, contenders: list[str], runs: int) -> list[str]:
    """Run every contender on both files and return the lines of the table."""
    lines = ["| from | contender | median s | min s | max s | pandas / it | CPU s | peak MiB |",
             "|---|---|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    for suffix in ("csv", "parquet"):
        path = folder / f"{rows}.{suffix}"
        medians: dict[str, float] = {}
        in_turn(
            [
                [sys.executable, __file__, "--one", name, "--file", str(path),
                 "--answer", str(folder / f"{name}.json"), "--runs", str(runs)]
                for name in contenders
            ],
            runs + 1,
        )  # fmt: skip
        for name in contenders:
            if name != contenders[0]:
                agree(folder, contenders[0], name)
            answer = folder / f"{name}.json"
            result = json.loads(answer.read_text("utf-8"))
            times = result["times"]
            medians[name] = statistics.median(times)
            ratio = f"{medians['pandas'] / medians[name]:.1f}" if "pandas" in medians else ""
            label = f"{suffix} ({path.stat().st_size / 1e6:.0f} MB)"
            lines.append(
                f"| {label} | {name} | {medians[name]:.2f} | {min(times):.2f} | {max(times):.2f} "
                f"| {ratio} | {statistics.median(result['cpu']):.2f} | {result['peak_mib']:.0f} |"
            )
            sys.stdout.write(lines[-1] + "\n")
            sys.stdout.flush()
    return lines


def run_stream(path: Path, answer: Path) -> None:
    """Average a folder of Parquet files batch by batch."""
    from chaoyang_geo import mean_readings, stream_readings

    began = time.perf_counter()
    means = mean_readings(stream_readings(path))
    seconds = time.perf_counter() - began
    result = {"seconds": seconds, "peak_mib": peak_mib(), "rows": len(means),
              "n": int(means["n"].sum() + means["n_missing"].sum())}  # fmt: skip
    answer.write_text(json.dumps(result), "utf-8")


def versions(*names: str) -> str:
    """List libraries with their versions; one that is not installed is said to be missing."""
    said = []
    for name in names:
        try:
            said.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            said.append(f"no {name}")
    return ", ".join(said)


def put(marker: str, lines: list[str]) -> None:
    """Write lines between the markers of benchmarks/README.md."""
    start, end = f"<!-- {marker}:start -->", f"<!-- {marker}:end -->"
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    body = "\n".join([start, "", *lines, "", end])
    README.write_text(pattern.sub(lambda _: body, text), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--stream", action="store_true", help="a folder of Parquet, in batches")
    parser.add_argument(
        "--folder", type=Path, help="keep the tables here instead of a temporary folder"
    )
    parser.add_argument("--no-write", action="store_true", help="leave README.md alone")
    for hidden in ("--one", "--file", "--answer"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one == "stream":
        run_stream(Path(given.file), Path(given.answer))
        return
    if given.one:
        run_one(given.one, Path(given.file), given.runs, Path(given.answer))
        return
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, "
        + versions("pandas", "polars", "pyarrow", "numpy", "numba")
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if given.stream:
            into = write_folder(folder, given.rows)
            answer = folder / "stream.json"
            command = [sys.executable, __file__, "--one", "stream", "--file", str(into)]
            subprocess.run([*command, "--answer", str(answer)], check=True)
            result = json.loads(answer.read_text("utf-8"))
            lines = [
                f"{given.rows:,} rows from a folder of Parquet files to {result['rows']:,} means of "
                f"section, month and item: {result['seconds']:.1f} s, peak {result['peak_mib']:.0f} MiB; "
                f"{machine}."
            ]
            marker = "stream"
        else:
            write_table(folder, given.rows)
            lines = compare(folder, given.rows, given.contenders, given.runs)
            lines += [
                "",
                f"{given.rows:,} rows, {given.runs} runs each after one to warm up; {machine}.",
            ]
            marker = "readings"
    sys.stdout.write("\n".join(lines) + "\n")
    if not given.no_write:
        put(marker, lines)


if __name__ == "__main__":
    main()
