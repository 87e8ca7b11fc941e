#!/usr/bin/env python
"""Feed random tables to the reader: header cells, sheets, and whole CSV files.

A table may be refused, with a ValueError that says why; anything else ends the run.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["chaoyang_geo"]):
    from chaoyang_geo.readings import READING_COLUMNS, read_readings
    from chaoyang_geo.readings.describe import describe_readings
    from chaoyang_geo.readings.header import Words, split_unit

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz_header_"))


def check_cells(text):
    words = Words()
    cells = [cell for row in text.splitlines()[:20] for cell in row.split(",")[:20]]
    for cell in cells:
        words.understand(cell)
        name, unit = split_unit(cell)
        assert len(name) + len(unit) <= len(cell), cell
    words.column(cells[:3])


def check_file(data):
    path = FOLDER / "table.csv"
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for read in (describe_readings, read_readings):
            try:
                frame = read(path, year=2025) if read is read_readings else read(path)
            except ValueError as error:
                assert str(error), data
                continue
            if read is read_readings:
                columns = list(frame.columns)
                assert columns in (list(READING_COLUMNS), [*READING_COLUMNS, "water_body"])
                number = frame["state"].astype(str) == "number"
                assert (frame["value"].notna() == number).all(), data


def one_input(data):
    check_cells(data.decode("utf-8", errors="replace"))
    check_file(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
