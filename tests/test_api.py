"""The public surface is a list; a change to it is a decision, not an accident."""

import inspect
import re
import subprocess
import sys

import chaoyang_geo as cg

SIGNATURES = {
    "AlertState": None,
    "CRSError": None,
    "DoubtRules": None,
    "MapLayers": None,
    "Plan": None,
    "SchemaError": None,
    "advance_alerts": "(means, sections, previous=None, *, period=None, standard='gb3838')",
    "alerts": "(means, sections, previous=None, *, period=None, margin=0.1, ph_margin=0.2, shares=None, path=None, show='alerts', standard='gb3838')",  # noqa: E501
    "assess_counties": "(assessments, units, shares, *, sections=None)",
    "assess_sections": "(readings, sections=None, *, period=None, standard='gb3838', water_type='river', items=None, why=True)",  # noqa: E501
    "assess_units": "(assessments, units, *, sections=None)",
    "attain": "(assessments, targets=None, *, sections=None)",
    "classify": "(readings, sections=None, *, standard='gb3838', water_type='river', items=None, why=True)",
    "classify_items": "(readings, sections=None, *, standard='gb3838', water_type='river')",
    "compare_periods": "(table, *, with_='previous', by=('section_code',), value='mean', words='neutral', standard='gb3838')",  # noqa: E501
    "compare_shares": "(ratings, *, by, with_='previous', words='neutral')",
    "county_shares": "(units, counties, *, weight=None, sliver=0.005, decimals=1)",
    "cwqi": "(means, sections, *, total, items=None, by=('section_code',), standard='gb3838')",
    "cwqi_city": "(means, sections, *, total, average, weighting, by=(), items=None, standard='gb3838')",
    "describe_readings": "(path_or_paths, *, year=None, columns=None)",
    "explain": "(row, *, lang='zh', standard='gb3838')",
    "explain_limit": "(item, quality_class=None, *, water_type='river', standard='gb3838', lang='zh')",
    "five_plus_x": "(assessments, *, year)",
    "flag_doubts": "(readings, *, rules=DoubtRules(), history=None, limits=None, laboratory=None, target_class='Ⅲ', water_type='river', standard='gb3838')",  # noqa: E501
    "folium_map": "(layers)",
    "indicator_progress": "(plan, assessments, means=None, *, drinking_sources=(), periods='latest', sections=None)",
    "label": "(name, lang='zh')",
    "load_plan": "(name='chaoyang')",
    "map_layers": "(plan, assessments=None, *, items=None, lang='zh', title=None)",
    "match_places": "(names, *, within='2113')",
    "match_report": "(matched)",
    "match_sections": "(readings, sections, *, validate='m:1', corrections=None, min_score=0.6)",
    "mean_readings": "(readings, *, period='month', by=('section_code',), censored='half_limit', via=(), water_periods=None, origin=None, precedence='rule', method=None, min_n=None)",  # noqa: E501
    "metric_crs": "(layer, *, layer_name='layer')",
    "needed_mean": "(means, targets=None, sections=None, *, year, standard='gb3838', items=None, through=None, months_left=None, year_mean='months')",  # noqa: E501
    "origin_cell": "(readings)",
    "place_name": "(code)",
    "plan_names": "()",
    "pollution_index": "(means, sections=None, *, against='Ⅲ', do_form='ratio', water_type=None, standard='gb3838')",
    "pollution_mean": "(means, sections=None, *, items, against='Ⅲ', do_form='ratio', water_type=None, by=('section_code',), standard='gb3838')",  # noqa: E501
    "quality_report": "(readings, *, by=('section_code', 'item'))",
    "rate_basin": "(assessments, means=None, *, by='basin', sections=None, units=None, standard='gb3838', items=None, edge='heavy', count='judged', apart=True)",  # noqa: E501
    "rate_counties": "(county_units, *, least_share=0.0)",
    "read_alert_state": "(path)",
    "read_readings": "(path_or_paths, *, year=None, columns=None)",
    "read_review": "(path, *, sections=None)",
    "read_standard": "(path)",
    "rebuild_alerts": "(means, sections, *, period=None, standard='gb3838')",
    "standards": "(standard='gb3838', *, lang='zh')",
    "steadiness": "(assessments, *, months, least_months=1, yearly=None, missing='unknown')",
    "stream_readings": "(path_or_paths, *, batch_rows=2000000, year=None, columns=None)",
    "substitute": "(readings, *, policy='half_limit', standard='gb3838', water_type='river')",
    "to_metric": "(layer, *, layer_name='layer')",
    "trend": "(means, *, method='spearman', by=('section_code',), alpha=0.05, min_n=None, critical='common', standard='gb3838')",  # noqa: E501
    "trophic_index": "(means, sections, *, edge=None, by=('section_code',))",
    "vocabulary": "()",
    "write_alert_state": "(state, path)",
    "write_map": "(layers, path)",
    "write_quality_page": "(readings, path, *, lang='zh')",
    "write_readings": "(readings, path)",
    "write_review": "(matched, path, *, sections=None)",
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
