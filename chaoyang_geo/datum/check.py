"""Which datum, axis order or zone the coordinates of a layer have, and how to mend them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from chaoyang_geo.crs import GEOGRAPHIC, require_crs
from chaoyang_geo.datum.hypotheses import (
    Hypothesis,
    are_metres,
    as_degrees,
    hypotheses_for,
    is_swapped,
    named,
    zone_of,
)
from chaoyang_geo.datum.reference import Reference, sample_of
from chaoyang_geo.rounding import short_number
from chaoyang_geo.schema import SchemaError

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_Layer = TypeVar("_Layer", "gpd.GeoDataFrame", "gpd.GeoSeries")

DATUM_COLUMNS: tuple[str, ...] = (
    "hypothesis", "hypothesis_zh", "hypothesis_en", "n_points", "residual_median_m",
    "residual_p95_m", "residual_mean_m", "share_explained", "rank", "datum_flag",
)  # fmt: skip

#: What is said where no hypothesis can be preferred.
UNDECIDED = "不能判定"

_FLOOR_M = (
    1.0  # metres added to both means of a ratio: below that a residual is the noise of digits
)
_AGREE = 0.8  # of the places that tell two hypotheses apart, as many must speak for the better one
_LEAST_EXPLAINED = 0.5  # of the places must lie within the tolerance under the best hypothesis
_SAME_DEGREES = 1e-8  # a millimetre: two hypotheses that say the same


@dataclass(frozen=True)
class DatumVerdict:
    """What :func:`check_datum` found.

    Attributes
    ----------
    hypotheses : DataFrame, one row per hypothesis, the best first
        ``hypothesis``, ``hypothesis_zh``, ``hypothesis_en``; ``n_points`` (places weighed);
        ``residual_median_m``, ``residual_p95_m`` (missing where no distance can be measured);
        ``residual_mean_m`` (each place counts at most ``reach_m``; what the order goes by);
        ``share_explained`` (0 to 1: places within ``tolerance_m``); ``rank``; ``datum_flag``.
    verdict : str
        Name of the hypothesis, or ``"不能判定"``.
    best, runner_up : str
        Names of the two best hypotheses, whether decided or not; empty without one.
    residual_m : float
        Median residual of the best.
    ratio : float
        How many times the mean residual of the runner-up is that of the best, both after 1 m
        is added.
    n_points, n_telling : int
        Places weighed, and those of them that tell the two best apart.
    reason_zh, reason_en : str
        Why it was decided so, or not decided.
    decided : bool
        Whether there is a verdict.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> from chaoyang_geo.datum import check_datum
    >>> borders = gpd.GeoSeries([shapely.box(120, 41, 120.5, 41.4).segmentize(0.02)], crs=4490)
    >>> found = check_datum(borders, against=borders)
    >>> found.decided, found.verdict, found.residual_m, len(found.hypotheses)
    (True, 'cgcs2000', 0.0, 9)
    """

    hypotheses: pd.DataFrame
    verdict: str
    best: str
    runner_up: str
    residual_m: float
    ratio: float
    n_points: int
    n_telling: int
    reason_zh: str
    reason_en: str

    @property
    def decided(self) -> bool:
        """Whether there is a verdict."""
        return self.verdict != UNDECIDED


def check_datum(
    layer: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    against: gpd.GeoDataFrame | gpd.GeoSeries,
    on: str | None = None,
    measure: str = "auto",
    tolerance_m: float = 200.0,
    reach_m: float = 1000.0,
    ratio: float = 1.5,
    least_points: int = 5,
    max_points: int = 2000,
) -> DatumVerdict:
    """Weigh what the coordinates of a layer may be against a layer that is known to be right.

    The hypotheses on degrees: as stated (CGCS2000 or WGS-84, which differ by less than a metre);
    GCJ-02; BD-09; shifted against GCJ-02 (corrected once too often, or the reference is itself
    GCJ-02); the first three with longitude and latitude swapped; degrees and minutes, or degrees,
    minutes and seconds, read as decimals. On metres: as stated, and the shifts projected as
    stated; the CGCS2000 zones without a prefix whose meridian lies within 6 degrees of the
    reference (those of 6 degrees have the same numbers), and the 3- and 6-degree zones that the
    eastings begin with; each with the axes swapped, too.

    Required columns: ``on``, in both layers, where it is given.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries of points, lines or polygons
        With any CRS or none: it is the question. Its vertices are weighed.
    against : GeoDataFrame or GeoSeries of points, lines or polygons, any CRS
        County borders, rivers, known sections.
    on : str, optional
        Column that names which shape of ``against`` a row belongs to, as ``"county_code"``:
        distances are to that shape, not to the nearest one.
    measure : {"auto", "edge", "inside", "point"}
        Distance to the lines (of polygons: to their borders), to the polygon (0 inside), or to
        the points of ``against``. Of itself points are measured against the inside of polygons,
        lines and polygons against their borders.
    tolerance_m : float, metres
        How far right coordinates may lie from the reference: the accuracy of both (county lines
        of two publishers lie 100 m apart in the median). A place tells two hypotheses apart when
        its distances under them differ by more.
    reach_m : float, metres
        Places that no hypothesis brings so near to the reference are no evidence (a layer may
        be larger than the reference), and no distance counts for more in a mean.
    ratio : float, 1 or more
        The mean residual of the runner-up must be so many times that of the best.
    least_points : int
        So many places at least must tell the two best apart.
    max_points : int
        Vertices that are weighed at most, evenly through the layer.

    Returns
    -------
    DatumVerdict
        Undecided (``"不能判定"``) when fewer than ``least_points`` places tell the two best
        apart, when fewer than four fifths of those speak for the best, when the best explains
        fewer than half of the places, or when the runner-up is close.

    Raises
    ------
    CRSError
        ``against`` has no CRS or no geometry.
    SchemaError
        ``on`` is missing, or ``against`` does not suit ``measure``.
    ValueError
        An option is out of range.

    Notes
    -----
    Points deep inside their county fit under every shift: only those near the border tell. The
    borders of polygons, or named reference points, tell more. The order is by the mean of the
    distances, each at most ``reach_m``, so that a few wrong rows decide nothing.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> from chaoyang_geo.datum import check_datum, cgcs2000_to_gcj02
    >>> right = gpd.GeoSeries([shapely.box(120, 41, 120.5, 41.4).segmentize(0.02)], crs=4490)
    >>> shifted = shapely.transform(
    ...     right.to_numpy(), cgcs2000_to_gcj02, interleaved=False)
    >>> found = check_datum(gpd.GeoSeries(shifted, crs=4490), against=right)
    >>> found.verdict, round(found.residual_m, 2), found.runner_up
    ('gcj02', 0.0, 'cgcs2000')
    >>> found.hypotheses.loc[1, "residual_median_m"].round(-1)
    np.float64(250.0)
    """
    import numpy as np

    _check_options(tolerance_m, reach_m, ratio, least_points, max_points)
    points = _all_points(layer)
    reference = Reference(against, measure=measure, on=on, points=points)
    which = reference.keyed(layer, on)
    sample = sample_of(layer, max_points)
    metres = are_metres(sample.x, sample.y)
    west, _, east, _ = reference.bounds
    options = hypotheses_for(metres, layer.crs is not None, sample.x, sample.y, west, east)
    degrees = [as_degrees(option.name, sample.x, sample.y, layer.crs) for option in options]
    alike = _alike(degrees)
    far = np.stack(
        [reference.distances(lon, lat, which[sample.row]) for lon, lat in degrees]
    )  # hypotheses x places
    weighed = (far <= reach_m).any(axis=0)
    return _judged(
        options, far[:, weighed], alike, len(sample.x), tolerance_m=tolerance_m, reach_m=reach_m,
        ratio=ratio, least_points=least_points,
    )  # fmt: skip


def fix_datum(
    layer: _Layer, hypothesis: str | DatumVerdict, *, layer_name: str = "layer"
) -> _Layer:
    """Return a layer with the coordinates that it has under a hypothesis.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries, n rows
    hypothesis : str or DatumVerdict
        One of the names that :func:`check_datum` weighs, or what it returned.
    layer_name : str
        Name of the argument, for the message.

    Returns
    -------
    GeoDataFrame or GeoSeries, n rows, same order and index
        For a zone the same numbers (swapped where the name says so) with the CRS of that zone.
        For degrees in the layer's own CRS where that one is in degrees, or where the metres were
        right but for the shift; otherwise in CGCS2000 degrees (EPSG:4490). Every vertex is moved
        by itself, so that a border that two polygons share stays shared. Heights are kept.

    Raises
    ------
    CRSError
        The layer has no CRS and its numbers are metres, so that ``hypothesis`` says too little.
    SchemaError
        A vertex cannot be what the hypothesis says, as 75 minutes; the row is named.
    ValueError
        Unknown hypothesis, or a verdict that is none.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from chaoyang_geo.datum import fix_datum
    >>> swapped = gpd.GeoSeries([Point(41.57, 120.45)], crs=4490)
    >>> fix_datum(swapped, "swapped").to_wkt().tolist()
    ['POINT (120.45 41.57)']
    >>> wrong_zone = gpd.GeoSeries([Point(537_500, 4_603_000)], crs="EPSG:4548")
    >>> fix_datum(wrong_zone, "EPSG:4549").crs.to_epsg()
    4549
    """
    import numpy as np
    import shapely

    if isinstance(hypothesis, DatumVerdict):
        if not hypothesis.decided:
            raise ValueError(
                f"hypothesis: the check came to no verdict ({hypothesis.reason_en}); name the "
                "hypothesis yourself if you know it."
            )
        hypothesis = hypothesis.verdict
    option = named(hypothesis)
    shapes = layer.geometry.to_numpy()
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    x, y = xy[:, 0].copy(), xy[:, 1].copy()
    zone = zone_of(option.name)
    if zone:
        turned = _moved(shapes, y, x) if is_swapped(option.name) else shapes
        return _with_geometry(layer, turned, zone)
    metres = are_metres(x, y)
    if metres:
        require_crs(layer, layer_name=layer_name)
    lon, lat = as_degrees(option.name, x, y, layer.crs)
    lost = np.flatnonzero(np.isnan(lon) & np.isfinite(x))
    if len(lost):
        at = lost[0]
        raise SchemaError(
            f"{layer_name}: row {row[at] + 1} has the vertex ({x[at]:.10g}, {y[at]:.10g}), which "
            f"cannot be {option.en}; take the row out, or check the hypothesis again."
        )
    fixed = _with_geometry(layer, _moved(shapes, lon, lat), GEOGRAPHIC)
    if layer.crs is not None and (metres or layer.crs.is_geographic):
        return fixed.to_crs(layer.crs)
    return fixed


def _moved(shapes: Any, x: Floats, y: Floats) -> Any:
    """Return shapes with other coordinates, vertex by vertex, and their own heights."""
    import numpy as np
    import shapely

    deep = shapely.has_z(shapes)
    if not deep.any():
        return shapely.transform(shapes, lambda _: np.column_stack([x, y]))
    heights = shapely.get_coordinates(shapes, include_z=True)[:, 2]
    moved = shapely.transform(shapes, lambda _: np.column_stack([x, y, heights]), include_z=True)
    moved[~deep] = shapely.force_2d(moved[~deep])
    return moved


def _with_geometry(layer: _Layer, shapes: Any, crs: str) -> _Layer:
    """Return a copy of a layer with other shapes and the CRS that they are in."""
    import geopandas as gpd

    series = gpd.GeoSeries(shapes, index=layer.index, crs=crs)
    if isinstance(layer, gpd.GeoDataFrame):
        name = layer.geometry.name
        return layer.assign(**{name: series}).set_geometry(name)
    return series.rename(layer.name)


def _check_options(
    tolerance_m: float, reach_m: float, ratio: float, least_points: int, max_points: int
) -> None:
    if not tolerance_m > 0:
        raise ValueError(f"tolerance_m={tolerance_m!r} must be a number of metres above 0.")
    if not reach_m >= tolerance_m:
        raise ValueError(f"reach_m={reach_m!r} must not be less than tolerance_m={tolerance_m!r}.")
    if not ratio >= 1:
        raise ValueError(f"ratio={ratio!r} must be 1 or more.")
    for name, number in (("least_points", least_points), ("max_points", max_points)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{name}={number!r} must be a whole number of 1 or more.")


def _all_points(layer: gpd.GeoDataFrame | gpd.GeoSeries) -> bool:
    import shapely

    dimensions = shapely.get_dimensions(layer.geometry.to_numpy())
    return bool((dimensions <= 0).all())  # -1: missing


def _alike(degrees: list[tuple[Floats, Floats]]) -> list[int]:
    """Return for each hypothesis the first one that says the same, itself if none does."""
    import numpy as np

    def same(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> bool:
        return all(
            np.allclose(a, b, rtol=0, atol=_SAME_DEGREES, equal_nan=True)
            for a, b in zip(one, other, strict=True)
        )

    def usable(pair: tuple[Floats, Floats]) -> bool:
        return bool(np.isfinite(pair[0]).any())

    return [
        next((j for j in range(k) if usable(pair) and same(degrees[j], pair)), k)
        for k, pair in enumerate(degrees)
    ]


def _judged(
    options: list[Hypothesis],
    far: Floats,
    alike: list[int],
    n_all: int,
    *,
    tolerance_m: float,
    reach_m: float,
    ratio: float,
    least_points: int,
) -> DatumVerdict:
    """Order the hypotheses by their mean residual and decide, or refuse to."""
    import numpy as np

    n = far.shape[1]
    capped = np.minimum(far, reach_m)
    means = capped.mean(axis=1) if n else np.full(len(options), np.nan)
    own = [k for k, first in enumerate(alike) if first == k and n and (far[k] < np.inf).any()]
    order = sorted(own, key=lambda k: (means[k], k))
    table = _table(options, far, means, alike, order, tolerance_m)
    left = f"，另有{n_all - n}个点距参照超过{reach_m:g} m，未计" if n_all > n else ""
    left_en = f"; {n_all - n} more lie beyond {reach_m:g} m of it" if n_all > n else ""

    def verdict(
        name: str, zh: str, en: str, n_telling: int = 0, times: float = np.nan
    ) -> DatumVerdict:
        best = order[0] if order else -1
        return DatumVerdict(
            hypotheses=table, verdict=name, best=options[best].name if order else "",
            runner_up=options[order[1]].name if len(order) > 1 else "",
            residual_m=float(np.median(far[best])) if order else float("nan"),
            ratio=times, n_points=n, n_telling=n_telling, reason_zh=zh + left, reason_en=en + left_en,
        )  # fmt: skip

    if not order:
        return verdict(
            UNDECIDED, "没有假设能使坐标落在参照附近", "no hypothesis comes near the reference"
        )
    best, second = order[0], order[1] if len(order) > 1 else None
    if second is None:
        other, against = np.full(n, reach_m), "其他假设"
        times = (reach_m + _FLOOR_M) / (means[best] + _FLOOR_M)
    else:
        other, against = capped[second], options[second].zh
        times = (means[second] + _FLOOR_M) / (means[best] + _FLOOR_M)
    gain = other - capped[best]
    telling = np.abs(gain) > tolerance_m
    n_telling, n_for = int(telling.sum()), int((gain > tolerance_m).sum())
    explained = float((far[best] <= tolerance_m).mean())
    zh, en, times = options[best].zh, options[best].en, float(times)
    if n_telling < least_points:
        return verdict(
            UNDECIDED, f"证据不足：{n}个点中只有{n_telling}个能区分“{zh}”与“{against}”，至少要{least_points}个",
            f"too little evidence: {n_telling} of {n} points tell {en} from the next best, "
            f"{least_points} are needed", n_telling, times,
        )  # fmt: skip
    if explained < _LEAST_EXPLAINED:
        return verdict(
            UNDECIDED, f"最好的假设“{zh}”只有{explained:.0%}的点在{tolerance_m:g} m以内",
            f"the best, {en}, brings only {explained:.0%} of the points within {tolerance_m:g} m",
            n_telling, times,
        )  # fmt: skip
    if times < ratio or n_for < _AGREE * n_telling:
        return verdict(
            UNDECIDED, f"“{zh}”与“{against}”相近：残差之比{times:.2f}，{n_telling}个点中{n_for}个支持前者",
            f"{en} and the next best are close: ratio of residuals {times:.2f}, {n_for} of "
            f"{n_telling} points speak for the first", n_telling, times,
        )  # fmt: skip
    median = float(np.median(far[best]))
    size = "0.01 m" if median < 0.01 else f"{short_number(median, 3)} m"
    far_zh, far_en = ("不足" + size, "below " + size) if median < 0.01 else (size, size)
    return verdict(
        options[best].name, f"{zh}：残差中位数{far_zh}，次优“{against}”的平均残差为其"
        f"{short_number(times, 3)}倍，{n_telling}个点能区分，{n_for}个支持",
        f"{en}: median residual {far_en}, the next best has {short_number(times, 3)} times its "
        f"mean, {n_for} of {n_telling} telling points agree", n_telling, times,
    )  # fmt: skip


def _table(
    options: list[Hypothesis],
    far: Floats,
    means: Floats,
    alike: list[int],
    order: list[int],
    tolerance_m: float,
) -> pd.DataFrame:
    """Return one row per hypothesis, the best first, then those that are not ranked."""
    import numpy as np
    import pandas as pd

    n = far.shape[1]
    rest = [k for k in range(len(options)) if k not in order]
    rows = [*order, *rest]

    def quantile(k: int, share: float) -> float:
        found = float(np.quantile(far[k], share, method="inverted_cdf")) if n else np.nan
        return found if np.isfinite(found) else np.nan

    def flag(k: int) -> str:
        if alike[k] != k:
            return f"与{options[alike[k]].name}的坐标相同，不另计"
        if not n:
            return "没有可比的点"
        lost = float(np.isinf(far[k]).mean())
        if lost == 1:
            return "该假设下没有点落在参照附近"
        return f"该假设下{lost:.0%}的点无法量算" if lost else ""

    table = pd.DataFrame({
        "hypothesis": [options[k].name for k in rows],
        "hypothesis_zh": [options[k].zh for k in rows],
        "hypothesis_en": [options[k].en for k in rows],
        "n_points": n,
        "residual_median_m": [quantile(k, 0.5) for k in rows],
        "residual_p95_m": [quantile(k, 0.95) for k in rows],
        "residual_mean_m": [float(means[k]) for k in rows],
        "share_explained": [float((far[k] <= tolerance_m).mean()) if n else np.nan for k in rows],
        "rank": pd.array([*range(1, len(order) + 1), *[pd.NA] * len(rest)], dtype="Int64"),
        "datum_flag": [flag(k) for k in rows],
    })  # fmt: skip
    texts = ("hypothesis", "hypothesis_zh", "hypothesis_en", "datum_flag")
    return table.astype(dict.fromkeys(texts, "str") | {"n_points": "int64"})[list(DATUM_COLUMNS)]
