"""The public surface is a list; a change to it is a decision, not an accident."""

import inspect
import re
import subprocess
import sys

import chaoyang_geo as cg

SIGNATURES = {
    "AlertState": None,
    "CRSError": None,
    "DatumVerdict": None,
    "DoubtRules": None,
    "LayerDescription": None,
    "MapLayers": None,
    "Plan": None,
    "RiverNetwork": None,
    "SchemaError": None,
    "Screening": None,
    "UnitBuild": None,
    "UnitComparison": None,
    "UnitRepair": None,
    "accumulate": "(network, column, *, split='main', missing='spread')",
    "activities_table": "()",
    "advance_alerts": "(means, sections, previous=None, *, period=None, standard='gb3838')",
    "alerts": "(means, sections, previous=None, *, period=None, margin=0.1, ph_margin=0.2, shares=None, path=None, show='alerts', standard='gb3838')",  # noqa: E501
    "approximate_sites": "(plan, *, townships=None)",
    "area_shares": "(units, zones, *, code='township_code', name='township_name', weight=None, sliver=0.005, decimals=1)",  # noqa: E501
    "assess_counties": "(assessments, units, shares, *, sections=None)",
    "assess_sections": "(readings, sections=None, *, period=None, standard='gb3838', water_type='river', items=None, why=True)",  # noqa: E501
    "assess_units": "(assessments, units, *, sections=None)",
    "assign_units": "(points, polygons, *, code='unit_code', into=None, border='smallest code', network=None, look_up_m=1000.0)",  # noqa: E501
    "attain": "(assessments, targets=None, *, sections=None)",
    "bd09_to_cgcs2000": "(lon, lat)",
    "bd09_to_gcj02": "(lon, lat)",
    "between": "(network, a, b, *, sections=None, points=None, code='section_code', tributaries=False)",
    "border_pairs": "(sections, table, *, pairs=None, to='to_section_code', value='mean', standard='gb3838')",
    "cap_approximate": "(screening)",
    "cgcs2000_to_bd09": "(lon, lat)",
    "cgcs2000_to_gcj02": "(lon, lat)",
    "check_datum": "(layer, *, against, on=None, measure='auto', tolerance_m=200.0, reach_m=1000.0, ratio=1.5, least_points=5, max_points=2000)",  # noqa: E501
    "check_units": "(units, *, within=None, townships=None, sections=None, rivers=None, area_tolerance=0.01, sliver_m=50.0, min_area_m2=1.0, max_gap_m2=1000000.0, township_share=0.02, section_m=200.0, outlet_m=1000.0, overlap='smaller', snap_m=0.001)",  # noqa: E501
    "classify": "(readings, sections=None, *, standard='gb3838', water_type='river', items=None, why=True)",
    "classify_items": "(readings, sections=None, *, standard='gb3838', water_type='river', limits=True)",
    "compare_periods": "(table, *, with_='previous', by=('section_code',), value='mean', words='neutral', standard='gb3838')",  # noqa: E501
    "compare_shares": "(ratings, *, by, with_='previous', words='neutral')",
    "compare_units": "(a, b, *, names=None, min_area_m2=1.0, same_share=0.999)",
    "conflict_stretches": "(sites, zones, *, by='zone', stake_decimals=0)",
    "county_shares": "(units, counties, *, weight=None, sliver=0.005, decimals=1)",
    "cwqi": "(means, sections, *, total, items=None, by=('section_code',), standard='gb3838')",
    "cwqi_city": "(means, sections, *, total, average, weighting, by=(), items=None, standard='gb3838')",
    "describe_layer": "(path, *, columns=None, crs=None, encoding=None)",
    "describe_readings": "(path_or_paths, *, year=None, columns=None)",
    "dissolve_units": "(townships, members, *, by='unit_code', within='2113')",
    "downstream": "(network, places, *, what='reaches', sections=None)",
    "example_names": "()",
    "explain": "(row, *, lang='zh', standard='gb3838')",
    "explain_crs": "(crs, *, lang='zh')",
    "explain_limit": "(item, quality_class=None, *, water_type='river', standard='gb3838', lang='zh')",
    "find_activity": "(text)",
    "five_plus_x": "(assessments, *, year)",
    "fix_datum": "(layer, hypothesis, *, layer_name='layer')",
    "flag_doubts": "(readings, *, rules=DoubtRules(), history=None, limits=None, laboratory=None, target_class='Ⅲ', water_type='river', standard='gb3838')",  # noqa: E501
    "folium_map": "(layers)",
    "free_parts": "(sites, zones, *, min_area_m2=1.0, clearance_m=0.0, tolerance_m=0.01)",
    "gcj02_to_bd09": "(lon, lat)",
    "gcj02_to_cgcs2000": "(lon, lat)",
    "indicator_progress": "(plan, assessments, means=None, *, drinking_sources=(), periods='latest', sections=None)",
    "interpolate_along": "(network, sections, values, *, every_m, outside=False)",
    "label": "(name, lang='zh')",
    "layer_report": "(layer)",
    "load_examples": "(name='chaoyang')",
    "load_plan": "(name='chaoyang')",
    "map_layers": "(plan, assessments=None, *, items=None, lang='zh', title=None)",
    "match_places": "(names, *, within='2113')",
    "match_report": "(matched)",
    "match_sections": "(readings, sections, *, validate='m:1', corrections=None, min_score=0.6)",
    "mean_readings": "(readings, *, period='month', by=('section_code',), censored='half_limit', via=(), water_periods=None, origin=None, precedence='rule', method=None, min_n=None)",  # noqa: E501
    "metric_crs": "(layer, *, layer_name='layer', prefix=False, width=3)",
    "needed_mean": "(means, targets=None, sections=None, *, year, standard='gb3838', items=None, through=None, months_left=None, year_mean='months')",  # noqa: E501
    "origin_cell": "(readings)",
    "pair_sections": "(sections, *, to='to_section_code')",
    "place_name": "(code)",
    "plan_names": "()",
    "pollution_index": "(means, sections=None, *, against='Ⅲ', do_form='ratio', water_type=None, standard='gb3838')",
    "pollution_mean": "(means, sections=None, *, items, against='Ⅲ', do_form='ratio', water_type=None, by=('section_code',), standard='gb3838')",  # noqa: E501
    "quality_report": "(readings, *, by=('section_code', 'item'))",
    "rate_basin": "(assessments, means=None, *, by='basin', sections=None, units=None, standard='gb3838', items=None, edge='heavy', count='judged', apart=True)",  # noqa: E501
    "rate_counties": "(county_units, *, least_share=0.0)",
    "read_alert_state": "(path)",
    "read_layer": "(path, *, columns=None, crs=None, layer=None, encoding=None, repair=True)",
    "read_readings": "(path_or_paths, *, year=None, columns=None)",
    "read_review": "(path, *, sections=None)",
    "read_rules": "(path)",
    "read_standard": "(path)",
    "read_zones": "(layer, *, kind=None, grade=None, version, version_date, accuracy_m=None, source=None, quality=None, name=None, columns=None)",  # noqa: E501
    "rebuild_alerts": "(means, sections, *, period=None, standard='gb3838')",
    "repair_units": "(units, *, policy=None, within=None, townships=None, findings=None, sliver_m=50.0, min_area_m2=1.0, max_gap_m2=1000000.0, snap_m=0.001)",  # noqa: E501
    "river_buffer": "(waters, *, width_m, water_width_m=0.0, by='name', code=None, name=None, layer=None, version='推导，未经批准', version_date='')",  # noqa: E501
    "river_network": "(lines, *, tolerance_m=1.0, order='auto', outlet=None, elevation=None, code='reach_code', name='river_name', to_code='to_code', flat_m=1.0, several_outlets=False, split=False, crossings=True)",  # noqa: E501
    "river_reach_check": "(sites, zones, network, *, sections=None, units=None, counties=None, max_distance_km=50.0, max_snap_m=2000.0, tie_m=1.0, rows='all', geometry='site')",  # noqa: E501
    "rules_table": "(rules='builtin', *, unverified='mark')",
    "screen_sites": "(sites, zones, *, rules='builtin', tolerance_m=10.0, max_distance_m=1000.0, on=None, unreadable=(), unverified='mark')",  # noqa: E501
    "screening_layers": "(screening, *, sites=None, zones=(), plan=None, downstream=None, free=None, shifts=None, stretches=None, bands=None, names=None, lang='zh', title=None)",  # noqa: E501
    "sections_along": "(network, sections, *, code='section_code')",
    "smallest_shift": "(sites, zones, *, within_m=500.0, clearance_m=0.0, tolerance_m=0.01)",
    "snap_sections": "(sections, rivers, *, max_distance_m, name='water_body', aliases=None, name_not_found='leave', unit=None, tie_m=1.0, geometry='given')",  # noqa: E501
    "standards": "(standard='gb3838', *, lang='zh')",
    "steadiness": "(assessments, *, months, least_months=1, yearly=None, missing='unknown')",
    "stream_readings": "(path_or_paths, *, batch_rows=2000000, year=None, columns=None)",
    "substitute": "(readings, *, policy='half_limit', standard='gb3838', water_type='river')",
    "to_metric": "(layer, *, layer_name='layer')",
    "travel_time": "(network, a, b, *, velocity_m_s, sections=None)",
    "trend": "(means, *, method='spearman', by=('section_code',), alpha=0.05, min_n=None, critical='common', standard='gb3838')",  # noqa: E501
    "trophic_index": "(means, sections, *, edge=None, by=('section_code',))",
    "units_of_sections": "(sections, units, *, network=None, code='unit_code', border_m=50.0, look_up_m=1000.0)",
    "upstream": "(network, places, *, what='reaches', sections=None)",
    "upstream_of": "(network, sections, others, *, code, by='distance', max_distance_km=None)",
    "vocabulary": "()",
    "water_source_zones": "(sources, rivers=None, *, kind, code='water_source_code', name='water_source_name', primary_upstream_m=None, primary_downstream_m=None, primary_water_m=None, primary_land_m=None, secondary_upstream_m=None, secondary_downstream_m=None, secondary_water_m=None, secondary_land_m=None, quasi_upstream_m=None, quasi_downstream_m=None, quasi_water_m=None, quasi_land_m=None, intakes=None, no_intake='leave', catchments=None, river_width_m=0.0, tributaries=True, max_snap_m=500.0, layer='饮用水水源保护区（推导）', version='推导，未经批准', version_date='')",  # noqa: E501
    "write_alert_state": "(state, path)",
    "write_distance_tif": "(raster, path)",
    "write_findings": "(screening, folder, *, sites=None, zones=None, downstream=None, free=None, shifts=None, stretches=None, bands=None, names=None, lang='zh', valid_days, formats=('html', 'docx', 'xlsx', 'json'), pages='all', processes=1, extra_files=None, progress=None)",  # noqa: E501
    "write_layer": "(layer, path, *, encoding=None, layer_name=None)",
    "write_map": "(layers, path)",
    "write_quality_page": "(readings, path, *, lang='zh')",
    "write_readings": "(readings, path)",
    "write_review": "(matched, path, *, sections=None)",
    "zone_distance_contours": "(zones, *, within, distances_m=(500.0, 1000.0, 2000.0), tolerance_m=0.1)",
    "zone_distance_raster": "(zones, *, within, cell_m=100.0)",
}


def plain_signature(function):
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    # the defaults of the rules are those of their class
    return re.sub(
        r"DoubtRules\(.*\), history", "DoubtRules(), history", str(inspect.Signature(bare))
    )


def test_the_public_names():
    assert sorted(set(cg.__all__) - {"__version__"}) == sorted(SIGNATURES)
    assert set(SIGNATURES) <= set(dir(cg))


def test_the_public_signatures():
    for name, expected in SIGNATURES.items():
        if expected is not None:
            assert plain_signature(getattr(cg, name)) == expected, name


def test_every_public_name_is_documented_with_an_example():
    for name in SIGNATURES:
        thing = getattr(cg, name)
        assert thing.__doc__, name
        if inspect.isfunction(thing) and name != "to_metric":
            assert "Examples" in thing.__doc__, name


def test_our_errors_are_value_errors():
    assert issubclass(cg.SchemaError, ValueError)
    assert issubclass(cg.CRSError, ValueError)


def test_an_unknown_name_is_an_attribute_error():
    try:
        cg.no_such_thing  # noqa: B018
    except AttributeError as error:
        assert "no_such_thing" in str(error)
    else:
        raise AssertionError("no AttributeError")


def test_importing_the_package_loads_nothing_heavy():
    heavy = "folium matplotlib rasterio pandas geopandas numpy xarray pyflwdir".split()
    code = (
        "import sys, chaoyang_geo; "
        f"print([name for name in {heavy!r} if name in sys.modules], end='')"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]"


def test_using_the_core_loads_no_optional_package():
    code = (
        "import sys, chaoyang_geo as cg; p = cg.load_plan(); cg.classify(p.readings, p.sections); "
        "print([n for n in ('folium', 'matplotlib', 'rasterio', 'pyflwdir') if n in sys.modules], end='')"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]"
