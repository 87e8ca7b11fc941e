"""Time ``import chaoyang_geo`` beside ``import geopandas``, each in a fresh interpreter.

Writes its table into benchmarks/README.md.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 15
README = Path(__file__).with_name("README.md")
START, END = "<!-- import:start -->", "<!-- import:end -->"


def seconds(module: str) -> float:
    """Time one import inside a fresh interpreter; the interpreter's own start is left out."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    modules = ("chaoyang_geo", "geopandas")
    for module in modules:
        seconds(module)  # warm the file cache
    times: dict[str, list[float]] = {module: [] for module in modules}
    for _ in range(RUNS):  # in turn, so that a slow moment hits both
        for module in modules:
            times[module].append(seconds(module))
    lines = ["| import | median s | min s | max s |", "|---|---:|---:|---:|"]
    for module, values in times.items():
        lines.append(
            f"| `{module}` | {statistics.median(values):.3f} | {min(values):.3f} | {max(values):.3f} |"
        )
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines += ["", f"{RUNS} runs each, in turn, fresh interpreters; {machine}."]
    text = README.read_text(encoding="utf-8")
    before, after = text.split(START)[0], text.split(END)[1]
    body = "\n".join(lines)
    README.write_text(f"{before}{START}\n\n{body}\n\n{END}{after}", encoding="utf-8")
    sys.stdout.write(body + "\n")


if __name__ == "__main__":
    main()
