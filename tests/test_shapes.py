"""Every nasty file gives the table that stands beside it, or a clear refusal."""

import json
import math
import re
import sys
import time
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaoyang_geo.readings import (
    DESCRIBE_COLUMNS,
    READING_COLUMNS,
    describe_readings,
    origin_cell,
    read_readings,
)

sys.path.insert(0, str(Path(__file__).parent))
import nasty


def shown(row, cell):
    result = "" if math.isnan(row.value) else f"{row.value:g}"
    if row.censored:
        result = f"{row.censored}{row.detection_limit:g}"
    time = "" if pd.isna(row.time) else f"{row.time:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    section = row.section_name or row.section_code
    return [
        section,
        time,
        row.item,
        result,
        cell.rpartition("!")[2],
        row.row_kind,
        row.reading_flag,
    ]


@pytest.mark.parametrize("case", nasty.CASES, ids=lambda case: case.name)
def test_a_nasty_file_gives_the_table_beside_it(case, tmp_path):
    path = case.build(tmp_path)
    options = {k: v for k, v in case.options.items() if k in ("year", "columns")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_readings(path, **options)
    messages = " ".join(str(warning.message) for warning in caught)
    assert bool(caught) == bool(case.warns), messages
    assert re.search(case.warns, messages)
    assert_is_long_table(table)
    found = [
        shown(row, cell) for row, cell in zip(table.itertuples(), origin_cell(table), strict=True)
    ]
    expected = [
        [part.strip() for part in line.split("|")]
        for line in case.expected.strip("\n").splitlines()
    ]
    assert len(found) == len(expected), found
    for have, want in zip(found, expected, strict=True):
        want = [*want, *["sample", ""][len(want) - 5 :]]
        if case.options.get("any_time"):
            assert have[1].startswith(want[1]), have
            have[1] = want[1]
        assert have[:6] == want[:6]
        assert want[6] in have[6]
        if have[3] and not want[6] and want[5] == "sample" and have[3][0] not in "<>":
            assert have[6] == "", "a plain number on a plain row carries no flag"
    described = describe_readings(path, **options)
    assert described.columns.tolist() == list(DESCRIBE_COLUMNS)
    assert {"reading", "value"} & set(described["role"])


def assert_is_long_table(table):
    columns = table.columns.tolist()
    assert columns[: len(READING_COLUMNS)] == list(READING_COLUMNS)
    assert columns[len(READING_COLUMNS) :] in ([], ["water_body"])
    assert table.index.tolist() == list(range(len(table)))
    types = table.dtypes.astype(str).to_dict()
    assert types.pop("time") == types.pop("period_end") == "datetime64[s]"
    assert types.pop("value") == types.pop("detection_limit") == "float64"
    assert types.pop("origin_row") == "int32"
    assert set(types.values()) == {"category"}
    for name in types:
        assert not table[name].isna().any() or name == "published_class", name
    assert (table["value"].notna() == (table["state"] == "number")).all()


@pytest.mark.parametrize(
    ("build", "message"), nasty.REFUSED, ids=lambda x: getattr(x, "__name__", "")
)
def test_a_harmful_or_broken_file_is_refused_in_words(build, message, tmp_path):
    path = build(tmp_path)
    begun = time.monotonic()
    with pytest.raises((ValueError, OSError), match=message):
        read_readings(path)
    assert time.monotonic() - begun < 20


def test_there_are_at_least_forty_nasty_files():
    assert len(nasty.CASES) >= 40


def test_a_link_to_a_file_is_followed_and_a_forbidden_file_is_named(tmp_path, monkeypatch):
    path = nasty.csv_plain(tmp_path)
    (tmp_path / "link.csv").symlink_to(path)
    assert len(read_readings(tmp_path / "link.csv")) == 2

    def forbid(self, *arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(PermissionError, match="may not be read"):
        read_readings(path)


def test_empty_in_empty_out():
    assert_is_long_table(read_readings([]))
    assert describe_readings([]).columns.tolist() == list(DESCRIBE_COLUMNS)


def test_describe_shows_every_column_and_what_comes_from_outside(tmp_path):
    table = describe_readings(nasty.xlsx_a_form_with_blocks(tmp_path))
    first = table[table["table"] == 1]
    assert first[first["column"] == ""]["role"].tolist() == ["section_name", "time"]
    assert first[first["column"] != ""]["role"].tolist() == ["item", "value", "unit"]
    assert first["n_filled"].tolist()[2] == 3  # the note below counts as a cell
    unread = describe_readings(nasty.an_empty_text(tmp_path))
    assert unread["note"].tolist() == ["空表"]


def test_a_mapping_must_name_roles_items_and_headers_that_are_there(tmp_path):
    path = nasty.csv_plain(tmp_path)
    with pytest.raises(ValueError, match="columns.*P.*phosphor"):
        read_readings(path, columns={"P": "phosphor"})
    with pytest.warns(UserWarning, match="no table has: 没有的列"):
        read_readings(path, columns={"没有的列": "ignore"})
    assert read_readings(path, columns={"氨氮": "总氮"})["item"].tolist() == ["tp", "tn"]


def test_several_files_of_different_shape_are_one_table(tmp_path):
    for name in "abcd":
        (tmp_path / name).mkdir()
    paths = [
        nasty.csv_plain(tmp_path / "a"),
        nasty.xlsx_title_and_merged_everything(tmp_path / "b"),
        nasty.parquet_long(tmp_path / "c"),
        nasty.xls_old_format_with_merged_title(tmp_path / "d"),
    ]
    table = read_readings(paths)
    assert_is_long_table(table)
    assert len(table) == 10
    assert table["origin"].nunique() == 4


names = st.text("章吉营王家沟大桥凌河", min_size=2, max_size=5)
cells = st.one_of(
    st.floats(0.001, 999).map(lambda x: f"{x:.3g}"),
    st.sampled_from(["0.025L", "<0.01", "--", "", "未检出", "断流", ">24000", "１．２", "0.1*"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=st.lists(st.tuples(names, cells, cells, cells), min_size=1, max_size=8),
    titles=st.integers(0, 3),
    blanks=st.integers(0, 2),
    delimiter=st.sampled_from([",", "\t", ";"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    as_book=st.booleans(),
)
def test_rows_in_are_rows_out(rows, titles, blanks, delimiter, encoding, as_book, tmp_path):
    lines = [["某市地表水水质监测结果", "", "", "", ""]] * titles + [[""] * 5] * blanks
    lines += [["断面名称", "监测时间", "总磷(mg/L)", "氨氮(mg/L)", "化学需氧量(mg/L)"]]
    first = len(lines) + 1
    lines += [[name, "2025-10-08", *results] for name, *results in rows]
    if as_book:
        path = nasty.book(tmp_path, {"Sheet1": [[cell or None for cell in line] for line in lines]})
    else:
        content = "\n".join(delimiter.join(line) for line in lines) + "\n"
        path = nasty.text(tmp_path, content, encoding=encoding)
    table = read_readings(path)
    assert table["raw"].tolist() == [cell for _, *results in rows for cell in results]
    assert table["section_name"].tolist() == [name for name, *_ in rows for _ in range(3)]
    assert table["origin_row"].tolist() == [first + k for k in range(len(rows)) for _ in range(3)]
    assert (table["row_kind"] == "sample").all()
    plain = table["state"] == "number"
    assert (table.loc[~plain, "reading_flag"] != "").all()


def test_a_sheet_with_formats_out_to_the_last_column_is_read(tmp_path):
    path = nasty.csv_plain(tmp_path)
    path = nasty.book(
        tmp_path, {"Sheet1": [["断面", "日期", "总磷(mg/L)"], ["章吉营", "2025-10-08", 0.1]]}
    )
    workbook = openpyxl.load_workbook(path)
    workbook["Sheet1"]["XFD1048576"].font = openpyxl.styles.Font(bold=True)
    workbook.save(path)
    assert len(read_readings(path)) == 1
    # as writers differ: with a closing tag, or without
    for empty in (b'<c r="XFD1048576" s="1"/>', b'<c r="XFD1048576" s="1"></c>'):
        with zipfile.ZipFile(path) as archive:
            parts = {part: archive.read(part) for part in archive.namelist()}
        sheet = parts["xl/worksheets/sheet1.xml"]
        cell = rb'<c r="XFD1048576"[^>]*(/>|></c>)'
        parts["xl/worksheets/sheet1.xml"] = re.sub(cell, empty, sheet)
        with zipfile.ZipFile(path, "w") as archive:
            for part, data in parts.items():
                archive.writestr(part, data)
        assert len(read_readings(path)) == 1


def run(capsys, *arguments):
    from chaoyang_geo.cli import main

    try:
        main(["readings", *map(str, arguments)])
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_shows_what_was_understood_and_writes_the_clean_table(tmp_path, capsys):
    path = nasty.xlsx_a_monthly_report(tmp_path)
    clean = tmp_path / "clean.parquet"
    code, out, err = run(capsys, path, "--out", clean)
    assert code == 0
    for words in (
        "识别结果",
        "高锰酸盐",
        "不读",
        "断面 3 个，指标 2 个",
        "均值、合计、限值等 2 条",
        "质量报告",
        "F5",
    ):
        assert words in out, words
    assert "填表人" in err
    pd.testing.assert_frame_equal(
        read_readings(clean)[[*READING_COLUMNS, "water_body"]], quiet(read_readings, path)
    )
    code, out, _ = run(capsys, path, "--lang", "en", "--describe")
    assert code == 0
    assert "not read" in out
    assert "quality report" not in out


def quiet(function, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def test_the_command_speaks_json_and_takes_a_mapping(tmp_path, capsys):
    path = nasty.csv_own_words_with_a_mapping(tmp_path)
    columns = [
        f"--column={pair}" for pair in ("地方=section_name", "哪天=time", "P=总磷", "杂=ignore")
    ]
    code, out, _ = run(capsys, path, *columns, "--json")
    assert code == 0
    content = json.loads(out)
    assert content["summary"] == {
        "readings": 1, "samples": 1, "sections": 1, "items": 1,
        "begin": "2025-10-08 00:00", "end": "2025-10-08 00:00", "states": {"number": 1},
    }  # fmt: skip
    assert content["first"][0]["item"] == "tp"
    code, _, err = run(capsys, path, "--column", "地方")
    assert (code, "header and meaning with =" in err) == (2, True)
    code, _, err = run(capsys, tmp_path / "none.csv")
    assert (code, "there is no such file" in err) == (2, True)
