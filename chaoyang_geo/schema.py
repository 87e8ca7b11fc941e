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
class_best           | class    |     | 可能最好类别 | best class | best class that values below detection or above range allow
class_worst          | class    |     | 可能最差类别 | worst class | worst class that values below detection or above range allow
times_over_3         | float64  |     | 超Ⅲ类倍数 | multiple over Ⅲ | (C - S) / S over the limit of class Ⅲ, largest item; missing when nothing exceeds
times_over_3_item    | str      |     | 超Ⅲ类倍数因子 | item of the multiple over Ⅲ | item that times_over_3 belongs to
items_over_3         | str      |     | 超Ⅲ类指标 | items over Ⅲ | items worse than class Ⅲ in the order of the rule for main pollutants, joined by ;
items_over_3_times   | str      |     | 各指标超Ⅲ类倍数 | multiples over Ⅲ | multiple of each of items_over_3, joined by ;; empty for pH and DO
main_pollutants      | str      |     | 主要污染指标 | main pollutants | first three of items_over_3
confidence           | str      |     | 可靠程度 | confidence | firm, could_be_worse, could_be_better or could_change: what a detection limit or a missing item could do
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
mean                 | float64  |     | 均值 | mean | mean over the period, unrounded, in unit; pH through the hydrogen ion
mean_rounded         | float64  |     | 修约均值 | rounded mean | mean by the decimals of 环办监测函〔2020〕82号, half to even; the mean itself where the rule names none
mean_low             | float64  |     | 均值下限 | least mean | mean with values below detection taken as 0
mean_high            | float64  |     | 均值上限 | largest mean | mean with values below detection taken as their limit
n                    | int64    |     | 数据个数 | values | number of values in the mean
n_censored           | int64    |     | 未检出个数 | below detection | number of values in the mean that lie below detection
n_above              | int64    |     | 高于量程个数 | above range | number of values above range, which are not in the mean
n_missing            | int64    |     | 缺测个数 | missing | number of readings without a result
mean_flag            | str      |     | 均值说明 | mean flag | why a mean is missing or doubtful
period_name          | str      |     | 时段名称 | period | name of the period in Chinese: 2025年10月上旬, 2025—2026年枯水期
n_parts              | int64    |     | 参与平均的数值个数 | numbers averaged | numbers that the last mean was taken of: readings, or means of shorter periods
n_dry                | int64    |     | 断流次数 | dry | readings missing because the river was dry
n_ice                | int64    |     | 冰封次数 | frozen | readings missing because the water was frozen
n_not_sampled        | int64    |     | 未监测次数 | not sampled | readings missing because nothing was sampled
n_other              | int64    |     | 另一监测方式个数 | other method | readings left out because those of the other method, automatic or manual, go first
n_short              | int64    |     | 时段有效数不足个数 | in short periods | readings left out because their day or month has fewer than the least number
method               | str      |     | 监测方式 | method | how a reading was measured: automatic, manual, or '' where it is not known
mean_method          | str      |     | 均值监测方式 | method of the mean | automatic, manual, or both joined by ;: what the mean rests on; '' where it is not known
mean_valid           | boolean  |     | 均值是否有效 | mean valid | whether the mean rests on the least number asked for; missing where none was asked for
mean_rule            | str      |     | 均值规则 | rule of the mean | how the mean was taken, by which rule, and how far that rule is checked
no                   | str      |     | 序号 | no. | number of the item in the printed table
item_name            | str      |     | 指标名称 | item | name of the item in words
water_name           | str      |     | 适用水体 | water | waters that a limit holds for, in words
direction            | str      |     | 限值方向 | direction | max: must not exceed the limit; min: must not fall below it; rule: no number
requirement          | str      |     | 要求 | requirement | what the value must do with the limit, in words
class_1              | float64  |     | Ⅰ类限值 | limit of Ⅰ | limit of class Ⅰ, or the one limit of a standard without classes
class_2              | float64  |     | Ⅱ类限值 | limit of Ⅱ | limit of class Ⅱ; missing where the standard has no such class
class_3              | float64  |     | Ⅲ类限值 | limit of Ⅲ | limit of class Ⅲ; missing where the standard has no such class
class_4              | float64  |     | Ⅳ类限值 | limit of Ⅳ | limit of class Ⅳ; missing where the standard has no such class
class_5              | float64  |     | Ⅴ类限值 | limit of Ⅴ | limit of class Ⅴ; missing where the standard has no such class
Ⅰ                    | str      |     | Ⅰ类 | class Ⅰ | limit of class Ⅰ as printed
Ⅱ                    | str      |     | Ⅱ类 | class Ⅱ | limit of class Ⅱ as printed
Ⅲ                    | str      |     | Ⅲ类 | class Ⅲ | limit of class Ⅲ as printed
Ⅳ                    | str      |     | Ⅳ类 | class Ⅳ | limit of class Ⅳ as printed
Ⅴ                    | str      |     | Ⅴ类 | class Ⅴ | limit of class Ⅴ as printed
limit_printed        | str      |     | 标准限值（原文） | limit as printed | the one limit of a standard without classes, as printed
note                 | str      |     | 说明 | note | what the printed table says beside the numbers
note_en              | str      |     | 说明（英文） | note (English) | note in English
citation             | str      |     | 依据 | citation | title and table of the standard
status               | str      |     | 核实状态 | status | verified, single source, derived, unverified, not found or user
rule                 | str      |     | 规则编号 | rule | id of a rule of evaluation, see chaoyang_geo.standards.rules()
rule_zh              | str      |     | 规则 | rule (Chinese) | what the rule says, in our words
rule_en              | str      |     | 规则（英文） | rule (English) | what the rule says, in our words
used_by              | str      |     | 使用函数 | used by | functions that follow the rule, joined by ;
n_sections           | int64    |     | 断面个数 | sections | number of sections of the group, judged or not
n_judged             | int64    |     | 参评个数 | judged | number of sections (of a county: units) with a class
n_not_judged         | int64    |     | 未参评个数 | not judged | number of sections without a class: dry, not sampled or without data
n_class_1            | int64    |     | Ⅰ类个数 | class Ⅰ | number of judged sections in class Ⅰ
n_class_2            | int64    |     | Ⅱ类个数 | class Ⅱ | number of judged sections in class Ⅱ
n_class_3            | int64    |     | Ⅲ类个数 | class Ⅲ | number of judged sections in class Ⅲ
n_class_4            | int64    |     | Ⅳ类个数 | class Ⅳ | number of judged sections in class Ⅳ
n_class_5            | int64    |     | Ⅴ类个数 | class Ⅴ | number of judged sections in class Ⅴ
n_class_6            | int64    |     | 劣Ⅴ类个数 | worse than Ⅴ | number of judged sections worse than class Ⅴ
share_1_3            | float64  | 1   | Ⅰ~Ⅲ类比例 | share of Ⅰ-Ⅲ | part of the judged sections in classes Ⅰ to Ⅲ, 0 to 1
share_worse_5        | float64  | 1   | 劣Ⅴ类比例 | share worse than Ⅴ | part of the judged sections worse than class Ⅴ, 0 to 1
rating_method        | str      |     | 评价方法 | rating method | 均值 (mean over sections) or 比例 (shares of classes); empty where no rule rates the group
water_state          | str      |     | 水质状况 | state of the water | 优, 良好, 轻度污染, 中度污染 or 重度污染; missing where it cannot be said
main_rates           | str      |     | 主要污染指标超标率 | exceedance rates | share of judged sections beyond class Ⅲ for each of main_pollutants, joined by ;
main_by_section      | str      |     | 各断面主要污染指标 | main pollutants by section | each section's own main pollutants with their multiples, in words
n_with_target        | int64    |     | 有目标个数 | with target | number of judged sections (of a county: units) that have a target
n_attained           | int64    |     | 达标个数 | attained | number of sections, units or months that attain their target
attainment_rate      | float64  | 1   | 达标率 | attainment rate | n_attained over those judged against a target, 0 to 1
rate_flag            | str      |     | 状况评价说明 | rating flag | what limits the rating of a group of sections, in words
worst_section_codes  | str      |     | 最差断面编码 | worst sections (codes) | codes of the sections with the class of the unit, joined by ;
worst_sections       | str      |     | 最差断面 | worst sections | names of the sections with the class of the unit
section_verdicts     | str      |     | 各断面结论 | verdicts by section | class and attainment of each section of the unit, in words
unit_flag            | str      |     | 单元评价说明 | unit flag | what limits the verdict on the unit, in words
share                | float64  | 1   | 份额 | share | part of the unit that lies in the county, 0 to 1
share_percent        | float64  | %   | 份额（%） | share (%) | share in percent for print; adds up to exactly 100 in each unit
share_flag           | str      |     | 份额说明 | share flag | what makes a share doubtful, in words
county_flag          | str      |     | 区县评价说明 | county flag | what limits the verdict on the county, in words
n_units              | int64    |     | 单元个数 | units | number of control units that the county answers for, wholly or in part
units_weighted       | float64  | 1   | 单元个数（按份额） | units by share | sum of the county's shares of its units
judged_weighted      | float64  | 1   | 参评单元（按份额） | judged by share | sum of the county's shares of units with a class
attained_weighted    | float64  | 1   | 达标单元（按份额） | attained by share | sum of the county's shares of units that attain
attainment_rate_weighted | float64 | 1 | 达标率（按份额） | attainment rate by share | attained_weighted over the shares of units judged against a target, 0 to 1
worst_units          | str      |     | 最差单元 | worst units | units with the worst class of the county
target_source        | str      |     | 目标出处 | source of the target | table that gave the target: of years, registry or assessments
classes_short        | int64    |     | 相差类别数 | classes short | by how many classes the target is missed; 0 when attained
attain_flag          | str      |     | 达标说明 | attainment flag | what limits the verdict on the target, in words
year                 | int64    |     | 年份 | year | calendar year
n_months             | int64    |     | 月数 | months | number of months of the year with a value or a verdict
n_missed             | int64    |     | 未达标月数 | months missed | number of months that miss the target
n_unknown            | int64    |     | 无结论月数 | months unknown | number of months of twelve without a verdict
year_attained        | boolean  |     | 年度是否达标 | year attained | whether the year as a whole attains its target
months_required      | int64    |     | 稳定达标月数 | months required | attained months that count as steady; the user's choice
steadiness           | str      |     | 达标稳定性 | steadiness | 稳定达标, 不稳定达标 or 不达标 by steady_definition; missing where it is open
steady_definition    | str      |     | 稳定达标定义 | definition of steady | the definition that steadiness rests on, in words
steady_flag          | str      |     | 稳定性说明 | steadiness flag | what keeps the steadiness open or doubtful, in words
n_left               | int64    |     | 余下月数 | months left | number of months of the year that will still be measured
mean_so_far          | float64  |     | 已有月份均值 | mean so far | mean over the months done, not rounded, in unit
mean_so_far_rounded  | float64  |     | 已有月份均值（修约） | mean so far, rounded | mean_so_far by the decimals of the rule
limit_low            | float64  |     | 限值下限 | lower limit | value that the target class must not fall below, in unit
limit_high           | float64  |     | 限值上限 | upper limit | value that the target class must not exceed, in unit
needed_low           | float64  |     | 余下月份均值下限 | needed at least | mean of the remaining months must not fall below it; missing where it is free
needed_high          | float64  |     | 余下月份均值上限 | needed at most | mean of the remaining months must not exceed it; missing where it is free
low_included         | boolean  |     | 下限可取 | lower end included | whether exactly needed_low is enough
high_included        | boolean  |     | 上限可取 | upper end included | whether exactly needed_high is enough
best_seen            | float64  |     | 历史最好月 | best month seen | best monthly mean on record, in unit
worst_seen           | float64  |     | 历史最差月 | worst month seen | worst monthly mean on record, in unit
possible             | boolean  |     | 是否可能 | possible | whether the year can still meet the limit
needed_verdict       | str      |     | 年度目标可达性 | verdict on the year | what is still possible for the year, in a word
needed_basis         | str      |     | 年均值依据 | basis of the year's mean | rules that make the year's mean, each with its status
needed_flag          | str      |     | 可达性说明 | flag on the year | what limits the answer, in words
measure              | str      |     | 可用数据 | measure | what of the water-quality data answers the indicator; empty where nothing does
baseline_value       | float64  |     | 基准值 | baseline | value of the indicator in the base year, as the plan prints it
indicator_value      | float64  | %   | 指标现值（%） | value (%) | value of the indicator by the data, not rounded
n_met                | int64    |     | 符合个数 | met | number of sections that meet what the indicator asks
indicator_verdict    | str      |     | 指标结论 | verdict | met, not met, too few data, target not set, or not answered by these data
progress_flag        | str      |     | 指标说明 | indicator flag | what limits the verdict on the indicator, in words
first_period         | datetime |     | 首个时段 | first period | begin of the first period that counts
last_period          | datetime |     | 末个时段 | last period | begin of the last period that counts
statistic            | float64  |     | 统计量 | statistic | rs of Spearman's test, or Kendall's S
p_value              | float64  |     | 显著性概率p | p value | chance of such a statistic without a trend; p_sides says of one side or both
p_sides              | int64    |     | 单双侧 | sides of p | 1 or 2
criterion            | str      |     | 判据 | criterion | what the statistic was compared with; empty where nothing was tested
slope_per_year       | float64  |     | Sen斜率（每年） | Sen slope a year | median of the slopes between pairs of periods, in unit a year
slope_low            | float64  |     | Sen斜率下限 | least slope | least slope of the ways to count values below detection
slope_high           | float64  |     | Sen斜率上限 | greatest slope | greatest slope of the ways to count values below detection
lag_1                | float64  |     | 残差滞后相关 | lag-1 correlation | correlation of residuals of neighbouring periods
significance         | str      |     | 显著性 | significance | 极显著 at 0.01, 显著 at 0.05, 不显著; empty where nothing was decided
meaning              | str      |     | 水质变化 | meaning | whether the trend is better or worse for the water; empty without one
trend_flag           | str      |     | 趋势说明 | trend flag | what limits the verdict on the trend
base_period          | datetime |     | 基期 | base period | begin of the period that is compared with; missing where there is none
base_class           | class    |     | 基期类别 | base class | class in the base period
class_change         | Int64    |     | 类别变化 | change of class | classes better than in the base period; negative: worse
base_value           | float64  |     | 基期值 | base value | number in the base period
difference           | float64  |     | 变化量 | difference | number less that of the base period
percent              | float64  | %   | 变化率（%） | change (%) | difference over the base value
change_1_3           | float64  |     | Ⅰ~Ⅲ类比例变化（百分点） | change of the share of Ⅰ-Ⅲ (points) | share of classes Ⅰ-Ⅲ less that of the base period
change_worse_5       | float64  |     | 劣Ⅴ类比例变化（百分点） | change of the share of 劣Ⅴ (points) | share worse than Ⅴ less that of the base period
change_zh            | str      |     | 变化 | change (Chinese) | the change in Chinese words; empty without a base
change_en            | str      |     | 变化（英文） | change (English) | the change in English words; empty without a base
change_rule          | str      |     | 变化规则 | rule of the change | rule that the words follow, with its status; empty where none is used
change_flag          | str      |     | 变化说明 | change flag | why nothing was compared, or what makes it doubtful
index_limit          | float64  |     | 指数所用限值 | limit of the index | limit that the index is taken against, in the unit of the standard
pollution_index      | float64  |     | 单因子指数 | pollution index | single-factor index: above 1 the limit is not kept
pollution_mean       | float64  |     | 综合污染指数 | comprehensive pollution index | mean of the pollution indices of named items
cwqi                 | float64  |     | 水质指数CWQI | CWQI | city water-quality index; smaller is better
cwqi_river           | float64  |     | 河流CWQI | CWQI of rivers | index of the river sections of a city
cwqi_lake            | float64  |     | 湖库CWQI | CWQI of lakes | index of the lake points of a city
tli                  | float64  |     | 综合营养状态指数 | trophic level index | TLI(Σ) of a lake or reservoir
tli_chl_a            | float64  |     | 叶绿素a营养状态指数 | TLI of chlorophyll-a | index of this item alone
tli_tp               | float64  |     | 总磷营养状态指数 | TLI of TP | index of this item alone
tli_tn               | float64  |     | 总氮营养状态指数 | TLI of TN | index of this item alone
tli_transparency     | float64  |     | 透明度营养状态指数 | TLI of transparency | index of this item alone
tli_cod_mn           | float64  |     | 高锰酸盐指数营养状态指数 | TLI of CODMn | index of this item alone
trophic_state        | str      |     | 营养状态 | trophic state | 贫营养 to 重度富营养; empty without one
trophic_state_en     | str      |     | 营养状态（英文） | trophic state (English) | trophic_state in English
n_items              | int64    |     | 参与项数 | items used | number of the wanted items that have an index
largest_item         | str      |     | 最大指数指标 | item of the largest index | item whose index is largest
largest_index        | float64  |     | 最大单项指数 | largest index | largest index of an item
n_river              | int64    |     | 河流断面数 | river sections | number of river sections that entered
n_lake               | int64    |     | 湖库点位数 | lake points | number of lake points that entered
n_left_out           | int64    |     | 未计入断面数 | sections left out | number of sections that could not enter
index_rule           | str      |     | 指数规则 | rule of the index | form, source and status of the index
index_flag           | str      |     | 指数说明 | index flag | why there is no index, or what makes it doubtful
alert_state          | str      |     | 预警状态 | alert state | new, continuing, interrupted, cleared, near, not_judged or ok
alert_state_zh       | str      |     | 预警状态（中文） | alert state (Chinese) | alert_state in Chinese
months               | int64    |     | 累计超标月数 | months over | months over the limit in this exceedance; months without data do not count
since                | datetime |     | 超标起始 | since | first month of the exceedance; missing without one
last_over            | datetime |     | 最近超标 | last over | latest month over the limit; missing without one
alert_limit          | float64  |     | 目标限值 | limit of the target | limit of the target class, for pH the nearer end
answers              | str      |     | 责任区县 | counties that answer | counties of the control unit by share
alert_flag           | str      |     | 预警说明 | alert flag | what makes the alert doubtful, or why nothing was judged
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
