"""The vocabulary: every column with its dtype, unit, Chinese label and meaning.

A function names the columns it requires, and :func:`require` checks them in one
place; a map or a report takes its labels from :func:`label`. Codes are compared as
text (:func:`as_text`), so a code that begins with a zero stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class SchemaError(ValueError):
    """A table lacks a column, or a column holds what it must not hold."""


@dataclass(frozen=True)
class Column:
    """One entry of the vocabulary."""

    name: str
    dtype: str
    unit: str
    zh: str
    en: str
    meaning: str


_ENTRIES = """
unit_code            | str      |     | 控制单元编码 | unit code | code of the control unit, unique in its plan
unit_name            | str      |     | 控制单元 | control unit | name of the control unit, misprints corrected
unit_name_printed    | str      |     | 控制单元（原文） | unit as printed | name of the control unit as the plan prints it
water_body           | str      |     | 所在水体 | water body | river, lake or reservoir, misprints corrected
water_body_printed   | str      |     | 所在水体（原文） | water body as printed | water body as the plan prints it
basin                | str      |     | 流域 | basin | river basin: the main river that the water body drains to
section_codes        | str      |     | 断面编码 | section codes | codes of the unit's sections, joined by ;
area_km2             | float64  | km2 | 面积（km²） | area (km²) | area in the CGCS2000 3-degree zone
upstream_km2         | float64  | km2 | 上游集水面积（km²） | upstream area (km²) | all land that drains to this place
section_code         | str      |     | 断面编码 | section code | code of the monitoring section, unique in its plan
section_name         | str      |     | 断面 | section | name of the monitoring section
aliases              | str      |     | 别名 | aliases | other names of the same place, joined by ;
level                | str      |     | 断面级别 | level | national, provincial or municipal; missing where no source says
water_type           | str      |     | 水体类型 | water type | river or lake (a reservoir is a lake): which limits of GB 3838 hold
target_class         | class    |     | 目标类别 | target class | class that the section must reach
target_quality       | str      |     | 目标来源性质 | quality of the target | quality of target_class alone
position_accuracy_m  | float64  | m   | 位置精度（m） | position accuracy (m) | how far the true place may lie from the point
position_flag        | str      |     | 位置说明 | position flag | why the position is missing or doubtful
county_code          | str      |     | 区县代码 | county code | six-digit division code
county_name          | str      |     | 区县 | county | county-level division
township_code        | str      |     | 乡镇代码 | township code | nine-digit statistical code
township_name        | str      |     | 乡镇 | township | present official name of the township
name_in_plan         | str      |     | 规划原文名称 | name in the plan | name as the plan prints it
match_kind           | str      |     | 匹配方式 | match kind | how the printed name was matched to the code
match_note           | str      |     | 匹配说明 | match note | why, in words
source               | str      |     | 来源 | source | where the row comes from
quality              | str      |     | 数据性质 | quality | official, published, derived, assumed or synthetic
reach_code           | str      |     | 河段编码 | reach code | code of the river reach
river_name           | str      |     | 河流 | river | name of the river; missing where no source names it
to_code              | str      |     | 下游河段编码 | next reach | reach_code that this reach flows into; missing at the end of the network
length_km            | float64  | km  | 长度（km） | length (km) | length of the line
reservoir_code       | str      |     | 水库编码 | reservoir code | code of the reservoir
reservoir_name       | str      |     | 水库 | reservoir | name of the reservoir
time                 | datetime |     | 监测时间 | time | sampling time, China Standard Time (UTC+8)
item                 | str      |     | 监测指标 | item | key of the item, see chaoyang_geo.standards.items()
value                | float64  |     | 监测值 | value | the measured number; missing when censored or not measured
unit                 | str      |     | 单位 | unit | unit of value
censored             | str      |     | 截尾符号 | censored | '' for a number, '<' below detection, '>' above range
detection_limit      | float64  |     | 检出限 | detection limit | limit that the censored value lies below or above
raw                  | str      |     | 原始文本 | raw text | cell as it was found
reading_flag         | str      |     | 读数说明 | reading flag | why a value is missing or doubtful
origin               | str      |     | 出处 | origin | file, sheet and row of the value
province             | str      |     | 省份 | province | province of the station
published_class      | class    |     | 发布类别 | published class | class that the publisher printed
match_state          | str      |     | 匹配状态 | match state | matched, ambiguous or unmatched
match_flag           | str      |     | 匹配提示 | match flag | why a row was not matched, or doubtfully
item_class           | class    |     | 单项类别 | item class | class of this single reading
item_flag            | str      |     | 单项提示 | item flag | why a reading has no class
limit                | float64  |     | 标准限值 | limit | limit of the class that the reading was given
next_limit           | float64  |     | 上一类别限值 | next limit | limit of the next better class
class                | class    |     | 水质类别 | class | water-quality class of GB 3838-2002, worst item decides
deciding_items       | str      |     | 定类因子 | deciding items | items with the worst class, worst first, joined by ;
deciding_values      | str      |     | 定类因子监测值 | deciding values | values of deciding_items with units, joined by ;
deciding_limits      | str      |     | 上一类别限值 | next better limits | limits of the next better class, one for each deciding item, joined by ;
times_over           | float64  |     | 超标倍数 | exceedance multiple | (C - S) / S over the limit of the target class, largest item; missing when nothing exceeds
times_over_item      | str      |     | 超标倍数因子 | item of the multiple | item that times_over belongs to
distance_to_next     | float64  |     | 距上一类别差值 | distance to next class | by how much the first deciding item must improve to reach the next better class, in its unit
attained             | boolean  |     | 是否达标 | attained | class at or better than the target class
n_readings           | int64    |     | 参评读数个数 | readings used | number of readings that entered the class
items_missing        | str      |     | 缺测指标 | items missing | items of the evaluated set without a reading, joined by ;
items_undecided      | str      |     | 未能判定指标 | items undecided | items with a reading that no single class fits, joined by ;
assess_flag          | str      |     | 评价说明 | assessment flag | what limits the verdict, in words
why_zh               | str      |     | 判定理由 | reason (Chinese) | the reason of the class in one Chinese paragraph
why_en               | str      |     | 判定理由（英文） | reason (English) | the reason of the class in one English paragraph
indicator_no         | int64    |     | 序号 | no. | number of the indicator as printed
domain               | str      |     | 领域 | domain | field of the indicator as printed
indicator            | str      |     | 指标 | indicator | name of the indicator as printed
target_text          | str      |     | 目标值（原文） | target as printed | target as printed; missing where the cell is empty
target_value         | float64  |     | 目标值 | target value | target as a number; missing where the plan prints none or several
target_unit          | str      |     | 目标单位 | target unit | unit of target_value
target_state         | str      |     | 目标状态 | target state | set, pending (待下达), several or qualitative
binding              | str      |     | 指标类别 | binding | 约束性 or 非约束性, as printed
remark               | str      |     | 备注 | remark | remark as printed
project_code         | str      |     | 项目编码 | project code | code of the project in this pack
project_group        | str      |     | 工程类别 | project group | heading of the plan's table
project_subgroup     | str      |     | 重点工程 | project sub-group | first column of the plan's table, as printed
project_name         | str      |     | 重点项目 | project | second column of the plan's table, as printed
county_codes         | str      |     | 区县代码 | county codes | county codes that the name says, joined by ;
township_names       | str      |     | 乡镇 | townships | townships that the name says, joined by ;
unit_codes           | str      |     | 控制单元编码 | unit codes | control units that follow from the name, joined by ;
place_note           | str      |     | 位置依据 | place note | what in the name says where it is, or that nothing does
stretch_code         | str      |     | 河段编码 | stretch code | code of the plan's named stretch
stretch_name         | str      |     | 规划河段 | stretch | stretch as the plan names it
measures             | str      |     | 主要措施 | measures | measures that the plan names, joined by ;
zone_code            | str      |     | 分区编码 | zone code | code of the zone
zone_name            | str      |     | 分区名称 | zone | name of the zone
place_code           | str      |     | 行政区划代码 | division code | six-digit code down to counties, nine-digit for townships
place_name           | str      |     | 行政区名称 | place | official name of the division
place_level          | str      |     | 行政级别 | place level | province, city, county or township
score                | float64  |     | 匹配得分 | score | 1 for an identical official name, less for every step away from it
reason               | str      |     | 匹配理由 | reason | why this answer, in words
candidates           | str      |     | 候选 | candidates | other places that the name may mean, as code and name, joined by ;
county_in_plan       | str      |     | 区县（原文） | county as printed | county as the plan prints it
former_code          | str      |     | 原统计代码 | former code | code of the printed name in the 2017 statistical list; missing where it is the present one
place_quality        | str      |     | 位置来源性质 | quality of the place | quality of the columns that say where, alone; missing where they are empty
from_section_code    | str      |     | 起始断面编码 | from section | section at the upstream end; missing where the plan names none
to_section_code      | str      |     | 终止断面编码 | to section | section at the downstream end; missing where the plan names none
zone_function        | str      |     | 主导功能 | zone function | functions that the name of the zone tells, joined by ;
source_code          | str      |     | 来源编码 | source code | code of the source in this pack
title                | str      |     | 名称 | title | title of the source
publisher            | str      |     | 发布者 | publisher | who published it
version              | str      |     | 版本或日期 | version or date | version or date of the source
licence              | str      |     | 许可 | licence | terms under which it may be used
what_for             | str      |     | 用途 | used for | tables and layers that rest on it
position_doubt_m     | float64  | m   | 位置存疑（m） | doubt (m) | distance by which the name of the section speaks against its search point
search_lon           | float64  | deg | 搜索点经度 | search longitude | longitude near which the river cell of a section is sought, CGCS2000
search_lat           | float64  | deg | 搜索点纬度 | search latitude | latitude near which the river cell of a section is sought, CGCS2000
upstream_km2_min     | float64  | km2 | 集水面积下限（km²） | least upstream area (km²) | least upstream area that the river cell may have
upstream_km2_max     | float64  | km2 | 集水面积上限（km²） | greatest upstream area (km²) | greatest upstream area that the river cell may have
unit_name_en         | str      |     | 控制单元（英文） | control unit (English) | romanised unit_name
section_name_en      | str      |     | 断面（英文） | section (English) | romanised section_name
county_name_en       | str      |     | 区县（英文） | county (English) | romanised county_name
river_name_en        | str      |     | 河流（英文） | river (English) | romanised river_name
reservoir_name_en    | str      |     | 水库（英文） | reservoir (English) | romanised reservoir_name
water_body_en        | str      |     | 所在水体（英文） | water body (English) | romanised water_body
name_in_plan_en      | str      |     | 规划原文名称（英文） | name in the plan (English) | romanised name_in_plan
township_name_en     | str      |     | 乡镇（英文） | township (English) | romanised township_name
source_en            | str      |     | 来源（英文） | source (English) | source in English
title_en             | str      |     | 名称（英文） | title (English) | title in English
licence_en           | str      |     | 许可（英文） | licence (English) | licence in English
in_class             | bool     |     | 是否参评 | enters the class | whether the item enters the class of a section
name                 | str      |     | 名称 | name | name as given
name_en              | str      |     | 英文名 | English name | romanised name
period               | str      |     | 时段 | period | what a value stands for: instant, day, dekad, month, quarter, year or range
period_end           | datetime |     | 时段终点 | end of period | first moment after the period, China Standard Time; missing for an instant
state                | str      |     | 结果状态 | state | number, below, above, not_sampled, fault, qc_failed, ice, dry, blank or text
raw_unit             | str      |     | 原始单位 | unit as found | unit text as found in the header or the column
row_kind             | str      |     | 行类型 | row kind | sample, mean, total, max, min or note: only a sample is a reading
origin_row           | int64    |     | 出处行号 | row of origin | row of the cell as Excel counts it
origin_column        | str      |     | 出处列 | column of origin | column of the cell in Excel's letters
doubt_flag           | str      |     | 存疑说明 | doubt | why a reading is doubtful, in sentences, joined by ；
doubts               | str      |     | 存疑类型 | kinds of doubt | keys of the kinds of doubt, joined by ;
laboratory           | str      |     | 检测单位 | laboratory | who measured the value
section_code_given   | str      |     | 原始断面编码 | code as given | section code that the reading itself states
former_names         | str      |     | 曾用名 | former names | earlier names of the same place, joined by ;
valid_from           | datetime |     | 生效日期 | valid from | first day on which the row is in force; missing where open
valid_to             | datetime |     | 失效日期 | valid to | last day on which the row is in force; missing where open
registry_from        | datetime |     | 登记生效日期 | registry row from | valid_from of the registry's row in force; with section_code the key of that row
corrected_code       | str      |     | 更正编码 | corrected code | section code that a person chose; 无 for a section that the registry does not hold
first_time           | datetime |     | 首次时间 | first time | time of the first of these readings
last_time            | datetime |     | 末次时间 | last time | time of the last of these readings
scope                | str      |     | 统计范围 | scope | all rows, or one section as the readings name it
n_rows               | int64    |     | 行数 | rows | number of rows of readings
n_matched            | int64    |     | 已匹配 | matched | number of rows that were matched
n_ambiguous          | int64    |     | 有歧义 | ambiguous | number of rows that may mean several sections
n_unmatched          | int64    |     | 未匹配 | unmatched | number of rows that were not matched
substituted          | str      |     | 替代规则 | substituted | policy that gave a value below detection its number; '' where none did
limit_doubt          | str      |     | 检出限疑问 | doubtful limit | why a detection limit is too high to decide a class
basis                | str      |     | 计量基准 | basis | as what a mass is reported: N, NO3, P, PO4
"""

COLUMNS: dict[str, Column] = {
    parts[0]: Column(*parts)
    for parts in (
        [cell.strip() for cell in line.split("|")] for line in _ENTRIES.strip().splitlines()
    )
}

#: The classes of GB 3838-2002, best first.
CLASSES: tuple[str, ...] = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")

_CLASS_BY_TEXT = {
    **{name: name for name in CLASSES},
    **{str(rank): name for rank, name in enumerate(CLASSES, 1)},
    **dict(zip(("I", "II", "III", "IV", "V", "劣V"), CLASSES, strict=True)),
}

#: How far a row may be trusted, best first.
QUALITIES: tuple[str, ...] = ("official", "published", "derived", "assumed", "synthetic")


def class_dtype() -> pd.CategoricalDtype:
    """Return the ordered category of water-quality classes, Ⅰ (best) to 劣Ⅴ.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import class_dtype
    >>> pd.Series(["Ⅲ", "Ⅱ"], dtype=class_dtype()).max()
    'Ⅲ'
    """
    import pandas as pd

    return pd.CategoricalDtype(list(CLASSES), ordered=True)


def vocabulary() -> pd.DataFrame:
    """Return the whole vocabulary as a table, one row per column name.

    Returns
    -------
    DataFrame
        Columns ``name``, ``dtype``, ``unit``, ``zh``, ``en``, ``meaning``.

    Examples
    --------
    >>> from chaoyang_geo.schema import vocabulary
    >>> vocabulary().set_index("name").loc["area_km2", "zh"]
    '面积（km²）'
    """
    import pandas as pd

    return pd.DataFrame([vars(column) for column in COLUMNS.values()])


def label(name: str, lang: str = "zh") -> str:
    """Return the label of a column for people; an unknown column labels itself.

    Examples
    --------
    >>> from chaoyang_geo.schema import label
    >>> label("class"), label("class", "en"), label("my_column")
    ('水质类别', 'class', 'my_column')
    """
    one_of("lang", lang, ("zh", "en"))
    column = COLUMNS.get(name)
    if column is None:
        return name
    return column.zh if lang == "zh" else column.en


def require(frame: pd.DataFrame, columns: Iterable[str], *, table: str, hint: str = "") -> None:
    """Raise :class:`SchemaError` when ``frame`` lacks one of ``columns``.

    ``hint`` is a sentence that says what to do; without one, a column that the vocabulary
    does not know is taken for the one that may have to be renamed.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import require
    >>> require(pd.DataFrame({"a": []}), ["section_code"], table="sections")
    Traceback (most recent call last):
    ...
    chaoyang_geo.schema.SchemaError: sections: column section_code (断面编码) is missing; \
the table has: a. Rename the column that holds it, e.g. frame.rename(columns={'a': 'section_code'}).
    """
    present = [str(name) for name in frame.columns]
    missing = [name for name in columns if name not in present]
    if not missing:
        return
    named = ", ".join(f"{name} ({label(name)})" for name in missing)
    plural = "columns" if len(missing) > 1 else "column"
    verb = "are" if len(missing) > 1 else "is"
    stranger = next((name for name in present if name not in COLUMNS), None)
    mend = f" {hint}" if hint else ""
    if stranger is not None and not hint:
        rename = f"frame.rename(columns={{{stranger!r}: {missing[0]!r}}})"
        mend = f" Rename the column that holds it, e.g. {rename}."
    raise SchemaError(
        f"{table}: {plural} {named} {verb} missing; "
        f"the table has: {', '.join(present) or 'no columns'}.{mend}"
    )


def require_unique(frame: pd.DataFrame, column: str, *, table: str) -> None:
    """Raise :class:`SchemaError` when a code stands twice in ``column``.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import require_unique
    >>> sections = pd.DataFrame({"section_code": ["S1", "S1"]})
    >>> require_unique(sections, "section_code", table="sections")
    Traceback (most recent call last):
    ...
    chaoyang_geo.schema.SchemaError: sections: section_code must be unique; twice there: S1.
    """
    codes = as_text(frame[column])
    if (codes == "").any():
        row = int((codes == "").to_numpy().argmax()) + 1
        raise SchemaError(f"{table}: row {row} has no {column}; every row needs one.")
    if codes.duplicated().any():
        twice = ", ".join(sorted(set(codes[codes.duplicated()])))
        raise SchemaError(f"{table}: {column} must be unique; twice there: {twice}.")


def as_text(values: Any) -> pd.Series:
    """Return codes or names as text, whatever the dtype; missing is ``''``.

    Numbers that stand for codes are written without a decimal point.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import as_text
    >>> as_text(pd.Series([211324.0, None])).tolist(), as_text(["0211", 7]).tolist()
    (['211324', ''], ['0211', '7'])
    """
    import pandas as pd

    series = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype="object")
    return pd.Series(text_array(series), index=series.index, dtype="str")


def text_array(values: pd.Series) -> Any:
    """Return the same as :func:`as_text` as an array of objects, each distinct text made once."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = [
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in distinct
    ]
    return np.array([*texts, ""], dtype=object)[codes]  # -1, missing, takes the last


def as_times(values: Any) -> pd.Series:
    """Return times as naive China Standard Time; a time zone is converted, not cut off.

    Examples
    --------
    >>> import pandas as pd
    >>> from chaoyang_geo.schema import as_times
    >>> as_times(pd.Series(["2026-08-21 20:00"]))[0]
    Timestamp('2026-08-21 20:00:00')
    >>> as_times(pd.Series([pd.Timestamp("2026-08-21 12:00", tz="UTC"), pd.NaT]))[0]
    Timestamp('2026-08-21 20:00:00')
    """
    import pandas as pd

    series = values if isinstance(values, pd.Series) else pd.Series(values)
    texts = series.dtype == "str" or series.dtype == "object"
    # texts may be dates here and dates with hours there
    times = pd.to_datetime(series, format="ISO8601" if texts else None)
    if times.dt.tz is not None:
        times = times.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    return times


def find_class(text: object) -> str | None:
    """Return the class that a text means, else ``None``: Ⅲ, III, 3, Ⅲ类 are one.

    Examples
    --------
    >>> from chaoyang_geo.schema import find_class
    >>> [find_class(text) for text in ("Ⅲ类", "III", "3", "劣V", "6", "--")]
    ['Ⅲ', 'Ⅲ', 'Ⅲ', '劣Ⅴ', '劣Ⅴ', None]
    """
    return _CLASS_BY_TEXT.get(str(text).strip().removesuffix("类"))


def as_classes(values: Any, *, table: str, column: str) -> pd.Categorical:
    """Return texts as ordered classes; a text that is no class is an error, missing stays.

    Examples
    --------
    >>> from chaoyang_geo.schema import as_classes
    >>> as_classes(["III", None, ""], table="sections", column="target_class").tolist()
    ['Ⅲ', nan, nan]
    """
    import pandas as pd

    texts = as_text(values)
    found = [find_class(text) for text in texts]
    for number, (text, name) in enumerate(zip(texts, found, strict=True), 1):
        if name is None and text.strip():
            raise SchemaError(
                f"{table}: row {number} of {column} holds {text!r}, which is no class; "
                f"use one of {', '.join(CLASSES)}."
            )
    return pd.Categorical(found, dtype=class_dtype())


def one_of(argument: str, value: object, allowed: Iterable[object]) -> None:
    """Raise ``ValueError`` naming the argument, the value and the allowed options.

    Examples
    --------
    >>> from chaoyang_geo.schema import one_of
    >>> one_of("lang", "fr", ("zh", "en"))
    Traceback (most recent call last):
    ...
    ValueError: lang='fr' is not an option; use one of: 'zh', 'en'
    """
    options = list(allowed)
    if value not in options:
        listed = ", ".join(repr(option) for option in options)
        raise ValueError(f"{argument}={value!r} is not an option; use one of: {listed}")


def split_codes(text: object) -> list[str]:
    """Split a ``;``-joined cell; a missing cell is an empty list.

    Examples
    --------
    >>> from chaoyang_geo.schema import split_codes
    >>> split_codes("CYS11; CYS12"), split_codes(None), split_codes(float("nan"))
    (['CYS11', 'CYS12'], [], [])
    """
    if not isinstance(text, str):
        return []
    return [part.strip() for part in text.split(";") if part.strip()]
