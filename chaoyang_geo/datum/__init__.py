"""Which datum coordinates have, and the shifted coordinates of Chinese web maps.

A leaf: it knows coordinates and nothing of water.
"""

from __future__ import annotations

from chaoyang_geo.datum.check import DATUM_COLUMNS as DATUM_COLUMNS
from chaoyang_geo.datum.check import UNDECIDED as UNDECIDED
from chaoyang_geo.datum.check import DatumVerdict as DatumVerdict
from chaoyang_geo.datum.check import check_datum as check_datum
from chaoyang_geo.datum.check import fix_datum as fix_datum
from chaoyang_geo.datum.shift import bd09_to_cgcs2000 as bd09_to_cgcs2000
from chaoyang_geo.datum.shift import bd09_to_gcj02 as bd09_to_gcj02
from chaoyang_geo.datum.shift import cgcs2000_to_bd09 as cgcs2000_to_bd09
from chaoyang_geo.datum.shift import cgcs2000_to_gcj02 as cgcs2000_to_gcj02
from chaoyang_geo.datum.shift import gcj02_to_bd09 as gcj02_to_bd09
from chaoyang_geo.datum.shift import gcj02_to_cgcs2000 as gcj02_to_cgcs2000
