"""The public surface is a list; a change to it is a decision, not an accident."""

import inspect
import subprocess
import sys

import chaoyang_geo as cg

SIGNATURES = {
    "CRSError": None,
    "MapLayers": None,
    "Plan": None,
    "SchemaError": None,
    "classify": "(readings, sections=None, *, standard='gb3838', water_type='river')",
    "classify_items": "(readings, sections=None, *, standard='gb3838', water_type='river')",
    "describe_readings": "(path_or_paths, *, year=None, columns=None)",
    "explain": "(row, *, lang='zh', standard='gb3838')",
    "flag_doubts": "(readings, *, history=None, limits=None, laboratory=None, near_hours=1.0, near_tolerance=0.0, jump_values=24, jump_min_values=8, jump_times_mad=6.0, jump_share=0.5, stuck_values=12, stuck_days=2.0, stuck_gap_hours=24.0, stuck_skip=(), contradiction_tolerance=0.1, target_class='Ⅲ', water_type='river', standard='gb3838')",  # noqa: E501
    "folium_map": "(layers)",
    "label": "(name, lang='zh')",
    "load_plan": "(name='chaoyang')",
    "map_layers": "(plan, assessments=None, *, items=None, lang='zh', title=None)",
    "match_places": "(names, *, within='2113')",
    "match_report": "(matched)",
    "match_sections": "(readings, sections, *, validate='m:1', corrections=None, min_score=0.6)",
    "mean_readings": "(readings, *, period='month', by=('section_code',), censored='half_limit')",
    "metric_crs": "(layer, *, layer_name='layer')",
    "origin_cell": "(readings)",
    "place_name": "(code)",
    "plan_names": "()",
    "quality_report": "(readings, *, by=('section_code', 'item'))",
    "read_readings": "(path_or_paths, *, year=None, columns=None)",
    "read_review": "(path, *, sections=None)",
    "stream_readings": "(path_or_paths, *, batch_rows=2000000, year=None, columns=None)",
    "substitute": "(readings, *, policy='half_limit', standard='gb3838', water_type='river')",
    "to_metric": "(layer, *, layer_name='layer')",
    "vocabulary": "()",
    "write_map": "(layers, path)",
    "write_quality_page": "(readings, path, *, lang='zh')",
    "write_readings": "(readings, path)",
    "write_review": "(matched, path, *, sections=None)",
}


def plain_signature(function):
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(inspect.Signature(bare))


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
