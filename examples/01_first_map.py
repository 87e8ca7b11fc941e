"""From published readings to an offline map: the whole chain in ten lines.

Run it anywhere: ``python examples/01_first_map.py [FOLDER]``.
"""

import sys
from pathlib import Path

import chaoyang_geo as cg

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

plan = cg.load_plan("chaoyang")
readings = cg.match_sections(plan.readings, plan.sections)  # or cg.read_readings("2025-10.xlsx")
items = cg.classify_items(readings, plan.sections)
classes = cg.classify(readings, plan.sections)
for row in classes.to_dict("records"):
    print(cg.explain(row))

layers = cg.map_layers(plan, classes, items=items)
print(cg.write_map(layers, folder / "chaoyang.html"))

english = cg.map_layers(plan, classes, items=items, lang="en")
print(cg.write_map(english, folder / "chaoyang-en.html"))
