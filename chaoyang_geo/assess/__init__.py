"""The water-quality class of readings and sections, each able to say why.

Single-factor assessment: the worst item decides (环办〔2011〕22号). Limits come from
GB 3838-2002 Table 1; water temperature, total nitrogen and fecal coliform stay out of
the class. What equals a limit still meets it. Instantaneous readings are judged as they
are, without rounding.
"""

from chaoyang_geo.assess.items import classify_items
from chaoyang_geo.assess.periods import PERIOD_COLUMNS, assess_sections
from chaoyang_geo.assess.sections import ASSESSMENT_COLUMNS, classify

__all__ = ["ASSESSMENT_COLUMNS", "PERIOD_COLUMNS", "assess_sections", "classify", "classify_items"]
