"""Control units on the ground: built from townships, checked, repaired, compared and shared out."""

from chaoyang_geo.units.check import check_units as check_units
from chaoyang_geo.units.compare import UnitComparison as UnitComparison
from chaoyang_geo.units.compare import compare_units as compare_units
from chaoyang_geo.units.dissolve import UnitBuild as UnitBuild
from chaoyang_geo.units.dissolve import dissolve_units as dissolve_units
from chaoyang_geo.units.repair import UnitRepair as UnitRepair
from chaoyang_geo.units.repair import repair_units as repair_units
from chaoyang_geo.units.shares import SHARE_COLUMNS as SHARE_COLUMNS
from chaoyang_geo.units.shares import area_shares as area_shares
from chaoyang_geo.units.shares import county_shares as county_shares
