"""Worked values of the formulas pages: groups of sections, targets, trends, indices, alerts."""

import re
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import box
from worked_tables import MONTH, group_of, listed, means_of, over_sections, registry, worked

import chaoyang_geo as cg


def rated(classes, means=None, kind="river", edge="heavy", **more):
    table = group_of(classes, kind, **more)
    sections = table[["section_code", "water_type", "basin"]]
    return cg.rate_basin(table, means, sections=sections, edge=edge).iloc[0]


# --- rivers, basins, units, counties ------------------------------------------------------------


@worked
def fewer_than_five():
    row = rated(["Ⅱ", "Ⅳ"], over_sections("tp", [0.1, 0.3]))
    return f"tp 0.1, 0.3: {row['class']}, {row['water_state']} ({row['rating_method']})"


@worked
def five_or_more():
    row = rated(["Ⅱ", "Ⅲ", "Ⅲ", "Ⅲ", "Ⅳ"])
    return f"4 / 5 = {row['share_1_3']:g} → {row['water_state']} ({row['rating_method']})"


@worked
def states_by_shares():
    found = []
    for good, bad in ((9, 0), (8, 1), (7, 1), (7, 2), (5, 4)):
        classes = ["Ⅲ"] * good + ["劣Ⅴ"] * bad + ["Ⅳ"] * (10 - good - bad)
        found.append(f"{good * 10} %, {bad * 10} % → {rated(classes)['water_state']}")
    return "; ".join(found)


@worked
def edge():
    classes = ["Ⅲ"] * 3 + ["劣Ⅴ"] * 2
    found = [rated(classes, edge=name)["water_state"] for name in ("heavy", "moderate")]
    return f'60 %, 40 % → {found[0]}; edge="moderate": {found[1]}'


@worked
def main_of_river():
    over = ["tp;nh3_n", "tp", "tp;cod", "", ""]
    row = rated(["Ⅳ", "Ⅳ", "Ⅳ", "Ⅱ", "Ⅱ"], items_over_3=over,
                items_over_3_times=["0.2;0.1", "0.1", "0.1;0.3", "", ""])  # fmt: skip
    return f"tp 3 / 5, cod 1 / 5 (0.3), nh3_n 1 / 5 (0.1) → {row['main_pollutants']}"


@worked
def lake_points():
    row = rated(["Ⅲ", "Ⅳ"], over_sections("tp", [0.04, 0.056]), kind="lake")
    return f"tp 0.04, 0.056: {row['class']}, {row['water_state']}"


@worked
def attainment_rate():
    attained = pd.array([True, True, True, False, None], dtype="boolean")
    row = rated(["Ⅱ", "Ⅲ", "Ⅲ", "Ⅳ", None], attained=attained)
    return f"{row['n_attained']} / {row['n_with_target']} = {row['attainment_rate']:g}"


@worked
def unit_worst():
    units = pd.DataFrame({"unit_code": ["U1"], "section_codes": ["S0;S1"]})
    table = group_of(["Ⅱ", "Ⅳ"], attained=[True, False])
    row = cg.assess_units(table, units).iloc[0]
    return f"Ⅱ, Ⅳ → {row['class']}, attained={row['attained']}"


@worked
def county_share():
    edges = [500000, 501000, 502000, 503000]
    units = gpd.GeoDataFrame({"unit_code": ["U1"]},
                             geometry=[box(500000, 4600000, 503000, 4601000)], crs=4549)  # fmt: skip
    squares = [box(a, 4600000, b, 4601000) for a, b in pairwise(edges)]
    counties = gpd.GeoDataFrame({"county_code": list("ABC")}, geometry=squares, crs=4549)
    found = cg.county_shares(units, counties)
    shown = listed(found["share_percent"])
    return f"1 / 3, 1 / 3, 1 / 3 → {shown} % = {found['share_percent'].sum():g} %"


@worked
def county_rate():
    table = pd.DataFrame({
        "county_code": "A", "unit_code": ["U1", "U2"], "share": [1.0, 0.25], "period": MONTH,
        "class": ["Ⅱ", "Ⅳ"], "attained": [True, False],
    })  # fmt: skip
    row = cg.rate_counties(table).iloc[0]
    return f"1 / 2 = {row['attainment_rate']:g}; 1 / 1.25 = {row['attainment_rate_weighted']:g}"


# --- targets ------------------------------------------------------------------------------------


@worked
def attained():
    table = group_of(["Ⅲ", "Ⅳ"], target_class="Ⅲ")
    found = cg.attain(table)
    shown = zip(found["class"], found["attained"], found["classes_short"], strict=True)
    return "; ".join(f"{a}: {b} ({c})" for a, b, c in shown)


@worked
def steady():
    table = means_of("tp", [0.1] * 12).assign(
        **{"class": "Ⅲ", "attained": [True] * 8 + [False] * 4}
    )
    words = [cg.steadiness(table, months=n)["steadiness"].item() for n in (8, 9)]
    return f"8 / 12: months=8 {words[0]}, months=9 {words[1]}"


def needed(item, value, months):
    return cg.needed_mean(means_of(item, [value] * months), sections=registry(), year=2025,
                          items=[item]).iloc[0]  # fmt: skip


@worked
def needed_max():
    row = needed("tp", 0.25, 6)
    return f"(12 × 0.2005 - 6 × 0.25) / 6 = {row['needed_high']:g}: {row['needed_verdict']}"


@worked
def needed_min():
    row = needed("do", 4.0, 6)
    return f"(12 × 4.95 - 6 × 4) / 6 = {row['needed_low']:g} (included={row['low_included']})"


@worked
def needed_ph():
    row = needed("ph", 7.0, 6)
    return f"(12 × 10^-5.5 - 6 × 10^-7) / 6: pH ≥ {row['needed_low']:.3f}"


@worked
def as_printed():
    class Plan:
        sections = registry(codes=[f"S{n}" for n in range(14)])
        indicators = pd.DataFrame({
            "indicator_no": [1], "indicator": ["地表水水质达到或优于Ⅲ类比例(%)"],
            "target_text": ["85.7"], "target_value": [85.7], "target_state": "set",
        })  # fmt: skip

    row = cg.indicator_progress(Plan, group_of(["Ⅲ"] * 12 + ["Ⅳ"] * 2)).iloc[0]
    return f"12 / 14 = {row['indicator_value']:.3f} % ≥ 85.7 %: {row['indicator_verdict']}"


# --- change and trend ---------------------------------------------------------------------------


def two_periods(before, now):
    return pd.DataFrame({
        "section_code": "S1", "class": [before, now],
        "period": pd.to_datetime(["2024-10-01", "2025-10-01"]),
    })  # fmt: skip


def changed(table, **options):
    return cg.compare_periods(table, with_="last_year", **options).iloc[-1]


@worked
def class_change():
    row = changed(two_periods("Ⅴ", "Ⅲ"))
    return f"Ⅴ → Ⅲ: {row['class_change']}, {row['change_zh']}"


@worked
def change_22():
    pairs = [("Ⅰ", "Ⅱ"), ("Ⅳ", "Ⅲ"), ("Ⅴ", "Ⅲ")]
    words = [changed(two_periods(*pair), words="22")["change_zh"] for pair in pairs]
    return "; ".join(f"{a} → {b}: {w}" for (a, b), w in zip(pairs, words, strict=True))


@worked
def shares_22():
    table = pd.DataFrame({
        "period": pd.to_datetime(["2024-01-01", "2025-01-01"]), "n_class_1": 0, "n_class_2": [2, 4],
        "n_class_3": [4, 4], "n_class_4": [2, 2], "n_class_5": 0, "n_class_6": [2, 0],
    })  # fmt: skip
    row = cg.compare_shares(table, by=[], with_="last_year", words="22").iloc[1]
    better, worse = row["change_1_3"], row["change_worse_5"]
    return f"ΔG = {better:g}, ΔD = {worse:g}: {better - worse:g} → {row['change_zh']}"


@worked
def percent():
    table = two_periods("Ⅲ", "Ⅲ").drop(columns="class").assign(item="tp", mean=[0.2, 0.15])
    row = changed(table)
    return f"0.2 → 0.15: {row['difference']:g}, {row['percent']:g} %"


FALLING = [0.30, 0.28, 0.25, 0.26, 0.22, 0.20]


def yearly(values, item="tp"):
    years = [f"{2019 + n}-01-01" for n in range(len(values))]
    return pd.DataFrame({"section_code": "S1", "item": item, "mean": values,
                         "period": pd.to_datetime(years)})  # fmt: skip


@worked
def spearman():
    row = cg.trend(yearly(FALLING)).iloc[0]
    return (
        f"{listed(FALLING)}: 1 - 6 × 68 / 210 = {row['statistic']:.3f}, |rs| ≥ 0.829 → "
        f"{row['trend_direction']} ({row['significance']})"
    )


@worked
def critical_table():
    common, legacy = (
        cg.standards.spearman_critical(source=name).set_index("n")["critical_0_05"][12]
        for name in ("common", "legacy")
    )
    return f'N = 12, 0.05: {common:g}; critical="legacy": {legacy:g}'


@worked
def beyond_the_table():
    row = cg.trend(means_of("tp", [0.1 + 0.001 * (7 * n % 32 + n / 2) for n in range(32)])).iloc[0]
    rs = row["statistic"]
    t = rs * (30 / (1 - rs**2)) ** 0.5
    return (
        f"N = 32, rs = {rs:.4f}: t = {t:.3f}, p = {row['p_value']:.4f} → {row['trend_direction']}"
    )


@worked
def trend_below():
    table = yearly([0.01, 0.01, 0.01, 0.03, 0.04, 0.05])
    below = table["mean"].eq(0.01)
    table = table.assign(n_censored=below.astype(int), mean_low=table["mean"].mask(below, 0),
                         mean_high=table["mean"].mask(below, 0.02))  # fmt: skip
    row = cg.trend(table, method="mann_kendall").iloc[0]
    return f"<0.02, <0.02, <0.02, 0.03, 0.04, 0.05: S = {row['statistic']:g}"


@worked
def mann_kendall():
    row = cg.trend(yearly(FALLING), method="mann_kendall").iloc[0]
    return f"{listed(FALLING)}: S = {row['statistic']:g}, p = {row['p_value']:.4f}"


@worked
def seasonal_kendall():
    values = [0.1 + 0.01 * (n % 12) + 0.02 * (n // 12) for n in range(36)]
    row = cg.trend(means_of("tp", values), method="seasonal_kendall").iloc[0]
    return f"12 × 3: S = {row['statistic']:g}, p = {row['p_value']:.2g} → {row['trend_direction']}"


@worked
def sen():
    row = cg.trend(yearly(FALLING)).iloc[0]
    return f"{listed(FALLING)}: {row['slope_per_year']:.4f} / a"


# --- indices ------------------------------------------------------------------------------------

CITY = {"total": "sum", "weighting": "counts", "items": ["tp"]}


@worked
def index_item():
    items, values = ["nh3_n", "do", "ph", "ph"], [1.5, 8.0, 8.0, 6.4]
    table = pd.DataFrame({"item": items, "mean": values})
    found = cg.pollution_index(table)["pollution_index"]
    pairs = zip(items, values, found, strict=True)
    return "; ".join(f"{item} {value:g}: {index:g}" for item, value, index in pairs)


@worked
def index_do_saturation():
    table = pd.DataFrame({"section_code": "S1", "period": MONTH, "item": ["do", "water_temp"],
                          "mean": [8.0, 20.0]})  # fmt: skip
    found = cg.pollution_index(table, registry(), do_form="hj1993")["pollution_index"].iloc[0]
    return f"T = 20, F = 468 / 51.6 = {468 / 51.6:.4f}; do 8: {found:.4f}"


@worked
def index_mean():
    table = pd.DataFrame({"section_code": "S1", "period": MONTH, "item": ["cod", "nh3_n"],
                          "mean": [10.0, 1.5]})  # fmt: skip
    row = cg.pollution_mean(table, items=["cod", "nh3_n"]).iloc[0]
    return f"(10 / 20 + 1.5 / 1) / 2 = {row['pollution_mean']:g}"


@worked
def cwqi_sum():
    items = ["ph", "do", "cod_mn", "nh3_n", "tp"]
    table = pd.DataFrame({"section_code": "S1", "period": MONTH, "item": items,
                          "mean": [8.0, 10.0, 3.0, 0.2, 0.1]})  # fmt: skip
    row = cg.cwqi(table, registry(), total="sum", items=items).iloc[0]
    return f"0.5 + 0.5 + 0.5 + 0.2 + 0.5 = {row['cwqi']:g}"


@worked
def cwqi_21():
    table = pd.DataFrame({"section_code": "S1", "period": MONTH, "item": ["tp"], "mean": [0.1]})
    row = cg.cwqi(table, registry(), total="sum").iloc[0]
    found = "—" if pd.isna(row["cwqi"]) else f"{row['cwqi']:g}"
    return f"{row['n_items']} / {len(cg.standards.item_set('21'))}: {found}"


def city(item, values, kinds, average):
    codes = [f"S{n}" for n in range(len(values))]
    table = over_sections(item, values)
    sections = pd.DataFrame({"section_code": codes, "water_type": kinds})
    options = {**CITY, "items": [item]}
    return cg.cwqi_city(table, sections, average=average, **options).iloc[0]


@worked
def cwqi_city():
    row = city("tp", [0.1, 0.3, 0.025], ["river", "river", "lake"], "concentrations")
    parts = f"({row['cwqi_river']:g} × 2 + {row['cwqi_lake']:g} × 1) / 3"
    return f"{parts} = {row['cwqi']:.4f}"


@worked
def cwqi_order():
    names = ("concentrations", "indices")
    found = [city("do", [5.0, 10.0], "river", name)["cwqi_river"] for name in names]
    return f"do 5, 10: 5 / 7.5 = {found[0]:.4f}; (1 + 0.5) / 2 = {found[1]:g}"


@worked
def cwqi_change():
    table = two_periods("Ⅲ", "Ⅲ").drop(columns="class").assign(cwqi=[5.0, 4.0])
    row = changed(table, value="cwqi")
    return f"5 → 4: {row['percent']:g} %, {row['change_zh']}"


LAKE = {"chl_a": 10.0, "tp": 0.05, "tn": 1.0, "transparency": 1.0, "cod_mn": 4.0}


def lake(values, **options):
    units = ["mg/m3", "mg/L", "mg/L", "m", "mg/L"]
    table = pd.DataFrame({"section_code": "S1", "period": MONTH, "item": list(values),
                          "unit": units, "mean": list(values.values())})  # fmt: skip
    return cg.trophic_index(table, registry("lake"), **options).iloc[0]


@worked
def tli_item():
    row = lake(LAKE)
    return f"chl_a 10: 10 × (2.5 + 1.086 ln 10) = {row['tli_chl_a']:.2f}"


@worked
def tli_sum():
    row = lake(LAKE)
    names = ["tli_chl_a", "tli_tp", "tli_tn", "tli_transparency", "tli_cod_mn"]
    return (
        f"{listed([row[name] for name in names], '.2f')} → {row['tli']:.2f} {row['trophic_state']}"
    )


@worked
def tli_edges():
    table = cg.standards.tli_states()
    bounds = {30: 0, 50: 0, 60: 0, 70: 0}
    for row in table.itertuples():
        for bound, inside in ((row.low, row.low_in), (row.high, row.high_in)):
            if inside:
                bounds[int(bound)] = row.state
    return "; ".join(f"{bound} {state}" for bound, state in bounds.items())


# --- alerts -------------------------------------------------------------------------------------


def alert(values, month, target="Ⅲ", **options):
    found = cg.alerts(means_of("tp", values), registry(target=target), period=month, **options)
    return found.iloc[0]


@worked
def alert_over():
    row = alert([0.3], "2025-01")
    return f"tp 0.3: (0.3 - 0.2) / 0.2 = {row['times_over']:g}, {row['alert_state']}"


@worked
def alert_near():
    row = alert([0.19], "2025-01")
    return f"tp 0.19 > 0.2 × 0.9: {row['alert_state']}"


@worked
def alert_months():
    values = [0.3, 0.25, np.nan, 0.3, 0.1]
    states = []
    for month in range(1, 6):
        row = alert(values, f"2025-{month:02d}")
        states.append(f"{row['alert_state']} {row['months']}")
    return f"0.3, 0.25, —, 0.3, 0.1: {', '.join(states)}"


@worked
def alert_words():
    found = [alert(values, month)["why_zh"] for values, month in
             (([0.3], "2025-01"), ([0.3, 0.1], "2025-02"))]  # fmt: skip
    words = [re.search("不?符合", text).group() for text in found]
    return f"tp 0.3: {words[0]}; tp 0.1: {words[1]}"


@worked
def alert_answers():
    sections = registry().assign(unit_code="U1")
    shares = pd.DataFrame({"unit_code": "U1", "county_name": ["A", "B"], "share": [0.7, 0.3]})
    row = cg.alerts(means_of("tp", [0.3]), sections, shares=shares).iloc[0]
    return f"0.7, 0.3 → {row['answers']}"
