"""Chinese water management: from messy tables and layers to an explained verdict on a map.

The public names are loaded on first use, so that importing the package is quick::

    import chaoyang_geo as cg

    plan = cg.load_plan("chaoyang")
    readings = cg.match_sections(cg.read_readings("2025-10.xlsx"), plan.sections)
    classes = cg.classify(readings, plan.sections)
    cg.write_map(cg.map_layers(plan, classes), "2025-10.html")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "CRSError": "crs",
    "metric_crs": "crs",
    "to_metric": "crs",
    "SchemaError": "schema",
    "vocabulary": "schema",
    "label": "schema",
    "match_places": "names",
    "place_name": "names",
    "Plan": "plans",
    "load_plan": "plans",
    "plan_names": "plans",
    "read_readings": "readings",
    "describe_readings": "readings",
    "origin_cell": "readings",
    "stream_readings": "readings.bulk",
    "write_readings": "readings.write",
    "substitute": "readings.substitute",
    "match_sections": "sections",
    "match_report": "sections",
    "write_review": "sections.review",
    "read_review": "sections.review",
    "DoubtRules": "doubt",
    "flag_doubts": "doubt",
    "quality_report": "doubt.report",
    "write_quality_page": "doubt.page",
    "standards": "standards",
    "read_standard": "standards",
    "explain_limit": "standards",
    "mean_readings": "periods",
    "classify_items": "assess",
    "classify": "assess",
    "assess_sections": "assess",
    "five_plus_x": "assess.sets",
    "attain": "assess.targets",
    "steadiness": "assess.targets",
    "needed_mean": "assess.needed",
    "rate_basin": "assess.rating",
    "assess_units": "assess.units",
    "assess_counties": "assess.counties",
    "rate_counties": "assess.counties",
    "indicator_progress": "assess.indicators",
    "county_shares": "units",
    "compare_periods": "trends",
    "compare_shares": "trends",
    "trend": "trends",
    "cwqi": "indices",
    "cwqi_city": "indices",
    "trophic_index": "indices",
    "pollution_index": "indices",
    "pollution_mean": "indices",
    "AlertState": "alerting",
    "advance_alerts": "alerting",
    "alerts": "alerting",
    "rebuild_alerts": "alerting",
    "read_alert_state": "alerting",
    "write_alert_state": "alerting",
    "river_network": "rivers",
    "RiverNetwork": "rivers",
    "accumulate": "rivers",
    "snap_sections": "rivers",
    "assign_units": "rivers",
    "units_of_sections": "rivers",
    "upstream": "rivers",
    "downstream": "rivers",
    "upstream_of": "rivers",
    "between": "rivers",
    "sections_along": "rivers",
    "travel_time": "rivers",
    "interpolate_along": "rivers",
    "check_units": "units",
    "repair_units": "units",
    "dissolve_units": "units",
    "compare_units": "units",
    "UnitBuild": "units",
    "UnitComparison": "units",
    "UnitRepair": "units",
    "check_datum": "datum",
    "fix_datum": "datum",
    "DatumVerdict": "datum",
    "gcj02_to_cgcs2000": "datum",
    "cgcs2000_to_gcj02": "datum",
    "bd09_to_cgcs2000": "datum",
    "cgcs2000_to_bd09": "datum",
    "gcj02_to_bd09": "datum",
    "bd09_to_gcj02": "datum",
    "read_layer": "layers",
    "write_layer": "layers",
    "LayerDescription": "layers",
    "describe_layer": "layers",
    "layer_report": "layers",
    "area_shares": "units",
    "pair_sections": "borders",
    "border_pairs": "borders",
    "explain_crs": "crs",
    "explain": "reasons",
    "MapLayers": "maps.layers",
    "map_layers": "maps.layers",
    "write_map": "maps.viewer",
    "folium_map": "maps.notebook",
    "read_zones": "screening",
    "rules_table": "screening",
    "read_rules": "screening",
    "activities_table": "screening",
    "find_activity": "screening",
    "screen_sites": "screening",
    "Screening": "screening",
    "write_findings": "findings",
    "approximate_sites": "findings",
    "cap_approximate": "findings",
    "load_examples": "findings",
    "example_names": "findings",
    "water_source_zones": "rivers",
    "river_buffer": "rivers",
    "river_reach_check": "rivers",
    "free_parts": "alternatives",
    "smallest_shift": "alternatives",
    "conflict_stretches": "alternatives",
    "zone_distance_contours": "alternatives",
    "zone_distance_raster": "alternatives",
    "write_distance_tif": "alternatives",
    "screening_layers": "maps.screening",
}

__all__ = [*_WHERE, "__version__"]

if TYPE_CHECKING:
    from chaoyang_geo.alerting import AlertState as AlertState
    from chaoyang_geo.alerting import advance_alerts as advance_alerts
    from chaoyang_geo.alerting import alerts as alerts
    from chaoyang_geo.alerting import read_alert_state as read_alert_state
    from chaoyang_geo.alerting import rebuild_alerts as rebuild_alerts
    from chaoyang_geo.alerting import write_alert_state as write_alert_state
    from chaoyang_geo.alternatives import conflict_stretches as conflict_stretches
    from chaoyang_geo.alternatives import free_parts as free_parts
    from chaoyang_geo.alternatives import smallest_shift as smallest_shift
    from chaoyang_geo.alternatives import write_distance_tif as write_distance_tif
    from chaoyang_geo.alternatives import zone_distance_contours as zone_distance_contours
    from chaoyang_geo.alternatives import zone_distance_raster as zone_distance_raster
    from chaoyang_geo.assess import assess_sections as assess_sections
    from chaoyang_geo.assess import classify as classify
    from chaoyang_geo.assess import classify_items as classify_items
    from chaoyang_geo.assess.counties import assess_counties as assess_counties
    from chaoyang_geo.assess.counties import rate_counties as rate_counties
    from chaoyang_geo.assess.indicators import indicator_progress as indicator_progress
    from chaoyang_geo.assess.needed import needed_mean as needed_mean
    from chaoyang_geo.assess.rating import rate_basin as rate_basin
    from chaoyang_geo.assess.sets import five_plus_x as five_plus_x
    from chaoyang_geo.assess.targets import attain as attain
    from chaoyang_geo.assess.targets import steadiness as steadiness
    from chaoyang_geo.assess.units import assess_units as assess_units
    from chaoyang_geo.borders import border_pairs as border_pairs
    from chaoyang_geo.borders import pair_sections as pair_sections
    from chaoyang_geo.crs import CRSError as CRSError
    from chaoyang_geo.crs import explain_crs as explain_crs
    from chaoyang_geo.crs import metric_crs as metric_crs
    from chaoyang_geo.crs import to_metric as to_metric
    from chaoyang_geo.datum import DatumVerdict as DatumVerdict
    from chaoyang_geo.datum import bd09_to_cgcs2000 as bd09_to_cgcs2000
    from chaoyang_geo.datum import bd09_to_gcj02 as bd09_to_gcj02
    from chaoyang_geo.datum import cgcs2000_to_bd09 as cgcs2000_to_bd09
    from chaoyang_geo.datum import cgcs2000_to_gcj02 as cgcs2000_to_gcj02
    from chaoyang_geo.datum import check_datum as check_datum
    from chaoyang_geo.datum import fix_datum as fix_datum
    from chaoyang_geo.datum import gcj02_to_bd09 as gcj02_to_bd09
    from chaoyang_geo.datum import gcj02_to_cgcs2000 as gcj02_to_cgcs2000
    from chaoyang_geo.doubt import DoubtRules as DoubtRules
    from chaoyang_geo.doubt import flag_doubts as flag_doubts
    from chaoyang_geo.doubt.page import write_quality_page as write_quality_page
    from chaoyang_geo.doubt.report import quality_report as quality_report
    from chaoyang_geo.findings import approximate_sites as approximate_sites
    from chaoyang_geo.findings import cap_approximate as cap_approximate
    from chaoyang_geo.findings import example_names as example_names
    from chaoyang_geo.findings import load_examples as load_examples
    from chaoyang_geo.findings import write_findings as write_findings
    from chaoyang_geo.indices import cwqi as cwqi
    from chaoyang_geo.indices import cwqi_city as cwqi_city
    from chaoyang_geo.indices import pollution_index as pollution_index
    from chaoyang_geo.indices import pollution_mean as pollution_mean
    from chaoyang_geo.indices import trophic_index as trophic_index
    from chaoyang_geo.layers import LayerDescription as LayerDescription
    from chaoyang_geo.layers import describe_layer as describe_layer
    from chaoyang_geo.layers import layer_report as layer_report
    from chaoyang_geo.layers import read_layer as read_layer
    from chaoyang_geo.layers import write_layer as write_layer
    from chaoyang_geo.maps.layers import MapLayers as MapLayers
    from chaoyang_geo.maps.layers import map_layers as map_layers
    from chaoyang_geo.maps.notebook import folium_map as folium_map
    from chaoyang_geo.maps.screening import screening_layers as screening_layers
    from chaoyang_geo.maps.viewer import write_map as write_map
    from chaoyang_geo.names import match_places as match_places
    from chaoyang_geo.names import place_name as place_name
    from chaoyang_geo.periods import mean_readings as mean_readings
    from chaoyang_geo.plans import Plan as Plan
    from chaoyang_geo.plans import load_plan as load_plan
    from chaoyang_geo.plans import plan_names as plan_names
    from chaoyang_geo.readings import describe_readings as describe_readings
    from chaoyang_geo.readings import origin_cell as origin_cell
    from chaoyang_geo.readings import read_readings as read_readings
    from chaoyang_geo.readings.bulk import stream_readings as stream_readings
    from chaoyang_geo.readings.substitute import substitute as substitute
    from chaoyang_geo.readings.write import write_readings as write_readings
    from chaoyang_geo.reasons import explain as explain
    from chaoyang_geo.rivers import RiverNetwork as RiverNetwork
    from chaoyang_geo.rivers import accumulate as accumulate
    from chaoyang_geo.rivers import assign_units as assign_units
    from chaoyang_geo.rivers import between as between
    from chaoyang_geo.rivers import downstream as downstream
    from chaoyang_geo.rivers import interpolate_along as interpolate_along
    from chaoyang_geo.rivers import river_buffer as river_buffer
    from chaoyang_geo.rivers import river_network as river_network
    from chaoyang_geo.rivers import river_reach_check as river_reach_check
    from chaoyang_geo.rivers import sections_along as sections_along
    from chaoyang_geo.rivers import snap_sections as snap_sections
    from chaoyang_geo.rivers import travel_time as travel_time
    from chaoyang_geo.rivers import units_of_sections as units_of_sections
    from chaoyang_geo.rivers import upstream as upstream
    from chaoyang_geo.rivers import upstream_of as upstream_of
    from chaoyang_geo.rivers import water_source_zones as water_source_zones
    from chaoyang_geo.schema import SchemaError as SchemaError
    from chaoyang_geo.schema import label as label
    from chaoyang_geo.schema import vocabulary as vocabulary
    from chaoyang_geo.screening import Screening as Screening
    from chaoyang_geo.screening import activities_table as activities_table
    from chaoyang_geo.screening import find_activity as find_activity
    from chaoyang_geo.screening import read_rules as read_rules
    from chaoyang_geo.screening import read_zones as read_zones
    from chaoyang_geo.screening import rules_table as rules_table
    from chaoyang_geo.screening import screen_sites as screen_sites
    from chaoyang_geo.sections import match_report as match_report
    from chaoyang_geo.sections import match_sections as match_sections
    from chaoyang_geo.sections.review import read_review as read_review
    from chaoyang_geo.sections.review import write_review as write_review
    from chaoyang_geo.standards import explain_limit as explain_limit
    from chaoyang_geo.standards import read_standard as read_standard
    from chaoyang_geo.standards import standards as standards
    from chaoyang_geo.trends import compare_periods as compare_periods
    from chaoyang_geo.trends import compare_shares as compare_shares
    from chaoyang_geo.trends import trend as trend
    from chaoyang_geo.units import UnitBuild as UnitBuild
    from chaoyang_geo.units import UnitComparison as UnitComparison
    from chaoyang_geo.units import UnitRepair as UnitRepair
    from chaoyang_geo.units import area_shares as area_shares
    from chaoyang_geo.units import check_units as check_units
    from chaoyang_geo.units import compare_units as compare_units
    from chaoyang_geo.units import county_shares as county_shares
    from chaoyang_geo.units import dissolve_units as dissolve_units
    from chaoyang_geo.units import repair_units as repair_units


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
