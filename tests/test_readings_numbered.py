"""A compiled pass over CSV gives the cells that Arrow's parser gives, and leaves the rest to it."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaoyang_geo import loops, read_readings
from chaoyang_geo.readings import bulk, columns, numbered

COLUMNS = {"section_code": 0, "time": 1, "item": 3, "value": 2}
CELLS = ["", "总磷", "0.025L", "a", "1234567", "12345678", "123456789", "高锰酸盐指数（以O计）", "é",
         "2025-03-05 04:00", "2025-03-05 04:01", "x" * 40, "\x80", "\0", "\0\0", "断流", "~", "-",
         "2113000000000001", "2113000000000002"]  # fmt: skip


def compiled():
    pytest.importorskip("numba")
    made = loops._compiled(loops.number_cells)
    assert made is not None
    return made


def plain(*arrays):
    with np.errstate(over="ignore"):  # what wraps in a register warns in Python
        return loops.number_cells(*arrays)


def table_of(rows, *, delimiter=",", line_end="\n", encoding="utf-8", last_end=True, loop=None):
    text = line_end.join(delimiter.join(row) for row in rows) + (line_end if last_end else "")
    return numbered.numbered_cells(
        bytearray(text.encode(encoding)), COLUMNS, loop or compiled(), width=5, encoding=encoding,
        delimiter=delimiter,
    )  # fmt: skip


def cells_of(table):
    return {name: table.column(name).to_pylist() for name in table.column_names}


def expected_cells(rows):
    return {role: [row[column] for row in rows] for role, column in COLUMNS.items()}


cell = st.one_of(
    st.sampled_from(CELLS),
    st.text(st.characters(exclude_characters=',;\t"\r\n', exclude_categories=["Cs"]), max_size=20),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(cell, min_size=5, max_size=5), min_size=1, max_size=20),
    st.integers(1, 4),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "gb18030"]),
    st.booleans(),
    st.booleans(),
)
@example([["a", "b", "c", "d", ""]], 1, ",", "\n", "utf-8", False, True)
@example(
    [["x" * 40, "b", "c", "d", "e"], ["b", "x", "c", "d", "e"]], 2, ",", "\n", "utf-8", True, True
)
def test_every_cell_is_read_as_it_stands(rows, repeats, delimiter, line_end, encoding, last, fast):
    rows = rows * repeats
    table = table_of(
        rows, delimiter=delimiter, line_end=line_end, encoding=encoding, last_end=last,
        loop=compiled() if fast else plain,
    )  # fmt: skip
    assert cells_of(table) == expected_cells(rows)
    for name in table.column_names:
        distinct = table.column(name).chunk(0).dictionary.to_pylist()
        assert distinct == list(dict.fromkeys(cells_of(table)[name]))  # in order of appearance


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c,d\n",  # too few cells
        "a,b,c,d,e,f\n",  # too many
        "a,b,c,d,e\n\na,b,c,d,e\n",  # an empty line
        "a,b,c,d,e\r\na,b,c,d,e\n",  # line ends of two kinds
        "a,b,c,d,e\ra,b,c,d,e\n",
        "a,b,c,d\r,e\n",
        "a,b,c,d,e\n" * 3 + "a\n",
    ],
)
def test_what_is_not_regular_is_left_to_arrow(text):
    for loop in (compiled(), plain):
        found = numbered.numbered_cells(
            bytearray(text.encode()), COLUMNS, loop, width=5, encoding="utf-8", delimiter=","
        )
        assert found is None


def test_too_many_distinct_texts_are_left_to_arrow(monkeypatch):
    monkeypatch.setattr(numbered, "MANY_TEXTS", 8)
    rows = [[str(k), "t", "v", "i", ""] for k in range(9)]
    assert cells_of(table_of(rows[:8])) == expected_cells(rows[:8])
    assert table_of(rows) is None


@pytest.mark.parametrize("text", [",,,,\n,,,,\n,\n", ",,,,\r\n,,,,\r\n,,,\r\n"])
def test_a_row_that_breaks_off_is_written_within_the_tables(text):
    """Python looks where it writes, the compiled loop does not."""
    found = numbered.numbered_cells(
        bytearray(text.encode()), COLUMNS, plain, width=5, encoding="utf-8", delimiter=","
    )
    assert found is None


def test_a_bar_may_be_half_of_a_character():
    """In GBK 亅 is 81 7C: a row that lacks a cell would seem to have it."""
    found = numbered.numbered_cells(
        bytearray("总磷|甲亅\n".encode("gb18030")), {"item": 0, "value": 2}, compiled(), width=3,
        encoding="gb18030", delimiter="|",
    )  # fmt: skip
    assert found is None


def test_bytes_that_are_no_text_are_left_to_arrow():
    found = numbered.numbered_cells(
        bytearray(b"a,b,\xff\xff,d,e\n"),
        COLUMNS,
        compiled(),
        width=5,
        encoding="gb18030",
        delimiter=",",
    )
    assert found is None


def test_a_cell_is_not_taken_for_one_that_begins_like_it():
    """Neither by the guess nor by the slot that both would have."""
    rows = [["p", "t", "v", "x", ""], ["p", "t", "v", "xy", ""]] * 3
    rows += [
        ["p" * 9, "t" * 17, "v" * 8, "x" * 16, ""],
        ["p" * 8, "t" * 16, "v" * 9, "x" * 17, ""],
    ] * 3
    rows += [["p" * 16 + "q", "t", "v", "x", ""], ["p" * 16 + "r", "t", "v", "x", ""]] * 2
    for loop in (compiled(), plain):
        assert cells_of(table_of(rows, loop=loop)) == expected_cells(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_large_file_reads_alike_with_and_without_the_loop(tmp_path, monkeypatch, encoding):
    """In pieces, one of them with quotes and one with line ends of two kinds."""
    compiled()
    random = np.random.default_rng(3)
    out = io.StringIO()
    out.write("断面编码,监测时间,监测项目,监测值,单位\n")
    for k in range(6_000):
        item, unit = [("水温", "℃"), ("pH", "无量纲"), ("总磷", "mg/L")][k % 3]
        value = random.choice(["0.02L", "7.11", "--", f"{random.random():.3f}", "１．２"])
        value = f'"{value}"' if 2_000 <= k < 2_100 else value
        out.write(f"S{k // 3 % 7},2025-03-{1 + k // 300:02d} 04:00,{item},{value},{unit}")
        out.write("\r\n" if 4_000 <= k < 4_100 and k % 2 else "\n")
    path = tmp_path / "long.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    monkeypatch.setattr(bulk, "BIG_BYTES", 0)
    expected = read_readings(path)  # too few rows for the loop

    monkeypatch.setattr(loops, "MANY_ROWS", 0)
    monkeypatch.setattr(
        bulk, "csv_batches", lambda *a, **k: columns.csv_batches(*a, **k, segment_bytes=20_000)
    )
    asked = []
    whole = numbered.numbered_cells

    def counted(*given, **options):
        asked.append(whole(*given, **options))
        return asked[-1]

    monkeypatch.setattr(columns, "numbered_cells", counted)
    found = read_readings(path)
    pd.testing.assert_frame_equal(found, expected)
    assert sum(table is not None for table in asked) > 3  # the loop read most pieces
    assert sum(table is None for table in asked) >= 1  # and left one to Arrow
