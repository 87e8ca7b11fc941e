"""Worked values of the formulas pages: standards, classes, means."""

import re

import numpy as np
import pandas as pd
from worked_tables import readings, registry, worked

import chaoyang_geo as cg


def one_class(item, value, kind="river", **more):
    table = readings({item: value}, **more).astype({"value": "float64"})
    return cg.classify_items(table, water_type=kind).iloc[0]


def judged(values, kind="river", target="Ⅲ", **options):
    return cg.classify(readings(values), registry(kind, target), **options).iloc[0]


def averaged(item, values, times=None, **options):
    """Means of readings written as cells: 0.1, <0.02, or >0.4."""
    cells = [str(value) for value in values]
    signs = [cell[0] if cell[0] in "<>" else "" for cell in cells]
    times = times or [f"2025-10-{day:02d}" for day in range(1, len(cells) + 1)]
    more = {name: options.pop(name) for name in ("method", "state") if name in options}
    table = pd.DataFrame({
        "section_code": "S1", "time": pd.to_datetime(times), "item": item,
        "value": [np.nan if sign else float(c) for sign, c in zip(signs, cells, strict=True)],
        "censored": signs,
        "detection_limit": [float(c[1:]) if sign else np.nan for sign, c in zip(signs, cells, strict=True)], **more,
    })  # fmt: skip
    return cg.mean_readings(table, **options).iloc[0]


# --- standards and units ------------------------------------------------------------------------


@worked
def limit():
    table = cg.standards("gb3838").set_index(["item", "water_name"])
    found = table.loc["tp"]["Ⅲ"].tolist()
    return f"tp, Ⅲ: {found[0]} mg/L (river), {found[1]} mg/L (lake)"


@worked
def own_standard(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("item,direction,unit,limit\ntp,max,μg/L,150\n", encoding="utf-8")
    own = cg.read_standard(path)
    table = readings({"tp": 0.151})
    over = cg.classify_items(table, standard=own)["item_class"].iloc[0]
    return f"150 μg/L = {own['class_1'].item():g} mg/L; tp 0.151 → {over}"


def read_one(tmp_path, header, cell):
    path = tmp_path / "table.csv"
    text = f"断面名称,监测时间,{header}\n章吉营,2025-10-08,{cell}\n"
    path.write_text(text, encoding="utf-8")
    return cg.read_readings(path).iloc[0]


@worked
def unit(tmp_path):
    row = read_one(tmp_path, "总磷(μg/L)", 200)
    return f"tp 200 μg/L = {row['value']:g} {row['unit']}"


@worked
def speciation(tmp_path):
    row = read_one(tmp_path, "氨氮(mg/L 以NH4计)", 1.288)
    return f"1.288 mg/L NH4 = {row['value']:.4f} {row['unit']} N"


# --- class of a reading -------------------------------------------------------------------------


@worked
def item_class():
    found = [one_class("tp", 0.11, kind)["item_class"] for kind in ("river", "lake")]
    return f"tp 0.11: {found[0]} (river), {found[1]} (lake)"


@worked
def tie():
    found = [one_class(item, value)["item_class"] for item, value in (("tp", 0.2), ("cod", 15))]
    return f"tp 0.2 → {found[0]}; cod 15 → {found[1]}"


@worked
def do_ph():
    pairs = (("do", 5), ("do", 4.9), ("ph", 9), ("ph", 9.1))
    return "; ".join(f"{item} {v:g} → {one_class(item, v)['item_class']}" for item, v in pairs)


@worked
def distance():
    row = one_class("tp", 0.25)
    return f"tp 0.25: |0.25 - {row['next_limit']:g}| = {row['distance_to_next']:g}"


@worked
def below_limit():
    cells = [0.01, 0.05]
    found = [
        one_class("tp", None, censored="<", detection_limit=cell)["item_class"] for cell in cells
    ]
    shown = ["—" if pd.isna(value) else value for value in found]
    return "; ".join(f"tp <{cell:g} → {a}" for cell, a in zip(cells, shown, strict=True))


@worked
def reference_items():
    row = one_class("tn", 1.6, "lake")
    return f"tn 1.6 (lake) → {row['item_class']}, in_class={row['in_class']}"


# --- class of a section -------------------------------------------------------------------------


@worked
def worst_item():
    row = judged({"ph": 8.0, "do": 9.0, "cod_mn": 3.0, "nh3_n": 0.2, "tp": 0.25})
    return f"cod_mn Ⅱ, nh3_n Ⅱ, tp Ⅳ → {row['class']} ({row['deciding_items']})"


@worked
def items_21():
    row = judged({"tp": 0.05, "tn": 9.0, "water_temp": 35.0, "fecal_coliform": 90000.0}, "lake")
    return f"{len(cg.standards.item_set('21'))}; tp 0.05, tn 9 (lake) → {row['class']}"


@worked
def five_plus_x():
    values = {"ph": 8.0, "do": 9.0, "cod_mn": 3.0, "nh3_n": 0.2, "tp": 0.1, "f": 1.2}
    core = cg.standards.item_set("5")
    found = [judged(values, items=items)["class"] for items in ("5", [*core, "f"])]
    return f"f 1.2 (Ⅳ): 5 → {found[0]}; 5+f → {found[1]}"


@worked
def nine_plus_x():
    return f"9: {', '.join(cg.standards.item_set('9'))}"


@worked
def state_word():
    found = []
    for value in (0.01, 0.05, 0.15, 0.25, 0.35, 0.45):
        found.append(re.search(r"：(\S+?)类（(.+?)）", cg.explain(judged({"tp": value}))).groups())
    return "; ".join(f"{name} {word}" for name, word in found)


@worked
def colour():
    from chaoyang_geo.maps.style import CLASS_COLOURS

    return "; ".join(f"{name} {value}" for name, value in CLASS_COLOURS.items())


@worked
def multiple_3():
    row = judged({"tp": 0.25, "do": 2.5}, target="Ⅱ")
    return f"tp 0.25: (0.25 - 0.2) / 0.2 = {row['times_over_3']:g}; do 2.5: —"


@worked
def multiple_target():
    row = judged({"tp": 0.25}, target="Ⅱ")
    return f"tp 0.25, Ⅱ: (0.25 - 0.1) / 0.1 = {row['times_over']:g}"


@worked
def main_pollutants():
    row = judged({"cod_mn": 7.0, "nh3_n": 1.8, "tp": 0.25, "bod5": 5.6, "do": 9.0})
    return f"nh3_n 1.8 (Ⅴ), cod_mn 7 (0.17), tp 0.25 (0.25), bod5 5.6 (0.40) → {row['main_pollutants']}"


@worked
def main_first():
    row = judged({"tp": 0.45, "hg": 0.0002})
    return f"tp 0.45 (劣Ⅴ), hg 0.0002 (Ⅳ) → {row['main_pollutants']}"


@worked
def main_none():
    row = judged({"tp": 0.2})
    return f"Ⅲ → {row['main_pollutants'] or '—'}"


@worked
def confidence():
    table = readings({"tp": 0.1, "nh3_n": np.nan}, censored=["", "<"], detection_limit=[np.nan, 2])
    row = cg.classify(table, registry()).iloc[0]
    return f"tp 0.1, nh3_n <2: {row['class_best']}–{row['class_worst']}, {row['confidence']}"


@worked
def rounded_class():
    table = pd.DataFrame({
        "section_code": "S1", "time": pd.to_datetime(["2025-10-05", "2025-10-15", "2025-10-25"]),
        "item": "tp", "value": [0.1, 0.2, 0.3],
    })  # fmt: skip
    row = cg.assess_sections(table, registry()).iloc[0]
    at_once = one_class("tp", 0.2004)["item_class"]
    return f"(0.1 + 0.2 + 0.3) / 3 → {row['class']}; tp 0.2004 (instant) → {at_once}"


@worked
def table_2():
    sections = registry("lake").assign(drinking_water=True)
    values = {"so4": 250.0, "cl": 30.0, "no3_n": 10.1, "fe": 0.1, "mn": 0.1}
    row = cg.assess_sections(readings(values), sections).iloc[0]
    return f"so4 250, no3_n 10.1, mn 0.1 → {row['source_items_over']}: {row['source_attained']}"


# --- means --------------------------------------------------------------------------------------


@worked
def half_limit():
    row = averaged("tp", ["<0.02", 0.05])
    return (
        f"(0.02 / 2 + 0.05) / 2 = {row['mean']:g}; {row['mean_low']:g}–{row['mean_high']:g} "
        f"(n={row['n']}, {row['n_censored']} <)"
    )


def above(item, cells):
    row = averaged(item, cells)
    low, high = (f"{x:.3g}" if x == x else "—" for x in (row["mean_low"], row["mean_high"]))
    return f"{row['mean']:.3g}; {low}–{high} (n={row['n']}, {row['n_above']} >)"


@worked
def above_range():
    return "0.1, >0.4 → " + above("tp", [0.1, ">0.4"])


@worked
def above_range_ph():
    return "pH 8, >9 → " + above("ph", [8, ">9"])


@worked
def load_zero():
    table = readings({"tp": np.nan}, censored="<", detection_limit=0.02)
    found = cg.substitute(table, policy="zero")["value"].item()
    return f"tp <0.02 → {found:g}"


@worked
def ph_mean():
    row = averaged("ph", [7, 8])
    return f"pH 7, 8 → {row['mean']:.4f} → {row['mean_rounded']:g}"


@worked
def half_even():
    pairs = [("cod_mn", [4.0, 4.1]), ("cod_mn", [4.1, 4.2]), ("tp", [0.2, 0.201])]
    rows = [averaged(item, values) for item, values in pairs]
    return "; ".join(f"{row['item']} {row['mean']:g} → {row['mean_rounded']:g}" for row in rows)


@worked
def not_to_zero():
    row = averaged("tp", [0.0002])
    return f"tp {row['mean']:g} → {row['mean_rounded']:g}"


@worked
def decimals():
    places = cg.standards.decimals()
    return ", ".join(f"{item} {places[item]}" for item in ("ph", "do", "cod_mn", "nh3_n", "tp"))


@worked
def automatic_first():
    rows = [
        averaged(item, [0.1, 0.2, 0.9], method=["automatic", "automatic", "manual"])
        for item in ("tp", "tn", "f")
    ]
    return "; ".join(f"{row['item']} {row['mean']:g} (-{row['n_other']})" for row in rows)


@worked
def dry():
    row = averaged("tp", [0.1, "nan"], state=["number", "dry"])
    return f"tp 0.1, 断流 → {row['mean']:g} (n={row['n']}, n_dry={row['n_dry']})"


@worked
def samples():
    found = [averaged("tp", values)["mean"] for values in ([0.1], [0.1, 0.3])]
    return f"0.1 → {found[0]:g}; 0.1, 0.3 → {found[1]:g}"


@worked
def quarter():
    times = ["2025-07-05", "2025-07-20", "2025-08-05", "2025-09-05"]
    cells = [0.1, 0.3, 0.4, 0.6]
    found = [averaged("tp", cells, times, period="quarter", via=via) for via in (("month",), ())]
    return f"(0.1, 0.3), 0.4, 0.6: via month {found[0]['mean']:g}; else {found[1]['mean']:g}"


@worked
def least_number():
    times = [f"2025-{month:02d}-05" for month in range(1, 9)]
    row = averaged("tp", [0.1] * 8, times, period="year", via=("month",), min_n={"year": 10})
    return f"{row['n_parts']} < 10: {row['mean']:g}, mean_valid={row['mean_valid']}"
