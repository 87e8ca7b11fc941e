"""The map of one site: where it lies, which zones it meets, how far the others are."""

from __future__ import annotations

import math
from typing import Any

from chaoyang_geo.findings import drawing_ways
from chaoyang_geo.findings.land import Ground, Zone, codes_of
from chaoyang_geo.findings.model import Dossier, conflicts
from chaoyang_geo.findings.picture import (
    Frame,
    Labels,
    Picture,
    Text,
    around,
    deepest,
    fitting,
    hatch,
    shortened,
    text_width,
)  # fmt: skip
from chaoyang_geo.verdicts import (
    SYNTHETIC,
    drawn_at,
    known,
    legend_name,
    length_text,
    look_of,
)

WIDTH, HEIGHT = 172.0, 96.0
_MAIN = (0.0, 0.0, 122.0, HEIGHT)
_OVERVIEW = (125.0, 4.5, 47.0, 36.0)
_LEGEND = (125.0, 44.0, 47.0, HEIGHT - 44.0)
_SCALES = (
    500, 1000, 2000, 2500, 5000, 7500, 10_000, 15_000, 20_000, 25_000, 50_000, 75_000, 100_000,
    150_000, 200_000, 250_000, 300_000, 400_000, 500_000, 600_000, 750_000, 1_000_000, 1_500_000,
    2_000_000, 3_000_000,
)  # fmt: skip
_INK, _SITE, _PAPER = "#14212a", "#ffd400", "#fbfaf6"
_SMALLEST_M = 260.0  # the main map shows at least this much of the ground from side to side
_WIDEST_M = 80_000.0  # the overview at most this much
_MOST_NAMES = 120  # of zones for which a place is looked for; a map holds far fewer


def site_picture(
    dossier: Dossier, ground: Ground, words: dict[str, str], lang: str
) -> Picture | None:
    """Draw the map of a site: main map, overview and legend; None without a shape."""
    import shapely

    if dossier.shape is None:
        return None
    picture = Picture(WIDTH, HEIGHT)
    main = fitting(_MAIN, drawing_ways.widened(_main_bounds(dossier), dossier), scales=_SCALES)
    picture.scale = round(main.scale * 1000)
    zones = _zones(picture, main, ground, dossier)
    seen = {(zone.kind, zone.grade) for zone, _ in zones}
    band = _band(dossier)
    band = band if band / main.scale >= 0.4 else 0.0  # nobody sees a thinner one
    drawn = {"course"} if drawing_ways.courses(picture, main, dossier) else set()
    _site(picture, main, dossier, band)
    drawn |= drawing_ways.places(picture, main, dossier)
    labels = Labels(picture, main)
    labels.keep_free(main.x, main.y + main.height - 9.5, 46.0, 9.5)
    labels.keep_free(main.x + main.width - 9.0, main.y, 9.0, 13.0)
    if dossier.synthetic:
        labels.keep_free(main.x + main.width - 44.0, main.y + main.height - 9.5, 44.0, 9.5)
    drawing_ways.keep_off(labels, dossier)
    _names(labels, dossier, zones, lang)
    _scale_bar(picture, main, lang)
    _north(picture, main, words)
    if dossier.synthetic:
        _mark(picture, main, lang)
    picture.box(*_MAIN, stroke=_INK, width=0.3)

    x, y, wide, high = _OVERVIEW
    picture.items.append(Text(x, 0.0, wide, 2.7, words["overview"], bold=True, middle=False))
    wider = fitting(_OVERVIEW, _overview_bounds(dossier, ground, main))
    around_it = _zones(picture, wider, ground, dossier, gap=0.55)
    seen |= {(zone.kind, zone.grade) for zone, _ in around_it}
    drawn |= {"course"} if drawing_ways.courses(picture, wider, dossier) else set()
    centre = shapely.point_on_surface(dossier.shape)
    if main.width * main.scale / wider.scale >= 3.0:
        corner = wider.on_paper(_corners(main))
        picture.path([corner], stroke=_INK, width=0.35)
    else:
        _dot(picture, wider, centre, 1.1)
    picture.box(x, y, wide, high, stroke=_INK, width=0.25)
    _legend(picture, dossier, seen, band, drawn, words, lang)
    return picture


def _corners(frame: Frame) -> Any:
    import numpy as np

    west, south, east, north = frame.bounds
    return np.array([(west, south), (east, south), (east, north), (west, north), (west, south)])


def _main_bounds(dossier: Dossier) -> tuple[float, float, float, float]:
    """Return the window of the main map: the site, and as much round it as tells where it is."""
    import shapely

    west, south, east, north = shapely.bounds(dossier.shape)
    size = max(east - west, north - south)
    near = [
        row["distance_m"]
        for row in dossier.findings
        if known(row["distance_m"]) and row["distance_m"] > 0
    ]
    reach = max(0.75 * size, _SMALLEST_M / 2)
    if near:
        # the nearest zone outside is shown if that does not make the site a dot
        reach = max(reach, min(1.25 * min(near), 5 * max(size, _SMALLEST_M / 2)))
    if size > 5_000:
        reach = 0.12 * size
    return west - reach, south - reach, east + reach, north + reach


def _overview_bounds(
    dossier: Dossier, ground: Ground, main: Frame
) -> tuple[float, float, float, float]:
    """Return the window of the overview: the zones in conflict, as far as it stays readable."""
    import numpy as np
    import shapely

    west, south, east, north = main.bounds
    met = codes_of(conflicts(dossier))
    boxes = [
        shapely.bounds(zone.shape)
        for zone in ground.within(dossier.metric, main.bounds)
        if zone.is_one_of(met)
    ]
    wide, high_m = east - west, north - south
    around_site = (west - wide, south - high_m, east + wide, north + high_m)
    extent = ground.extent(dossier.metric)
    if extent is not None:
        # land without any zone tells nothing
        around_site = (
            max(around_site[0], min(extent[0], west)), max(around_site[1], min(extent[1], south)),
            min(around_site[2], max(extent[2], east)), min(around_site[3], max(extent[3], north)),
        )  # fmt: skip
    boxes.append(around_site)
    boxes += drawing_ways.ends(dossier)
    if len(boxes) == 1 and extent is not None:
        boxes.append(extent)  # where the zones are that the site is not in
    low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
    centre = shapely.point_on_surface(dossier.shape)
    half = max(_WIDEST_M / 2, east - west, north - south)
    margin = 0.04 * max(high - low)
    return (
        max(low[0] - margin, centre.x - half), max(low[1] - margin, centre.y - half),
        min(high[0] + margin, centre.x + half), min(high[1] + margin, centre.y + half),
    )  # fmt: skip


def _zones(
    picture: Picture, frame: Frame, ground: Ground, dossier: Dossier, *, gap: float = 1.0
) -> list[tuple[Zone, Any]]:
    """Draw what of the zones lies in a window; return each with what is seen of it."""
    picture.box(frame.x, frame.y, frame.width, frame.height, fill=_PAPER)
    return ground.drawn(picture, frame, dossier.metric, gap=gap)


def _site(picture: Picture, frame: Frame, dossier: Dossier, band: float) -> None:
    import shapely

    if band > 0:
        ring = shapely.boundary(shapely.buffer(dossier.shape, band))
        lines = frame.lines(frame.clipped(ring))
        picture.path(lines, stroke="#7a1fa2", width=0.3, dash=True)
    dimension = shapely.get_dimensions(dossier.shape)
    west, south, east, north = shapely.bounds(dossier.shape)
    if dimension == 2:
        rings = frame.rings(frame.clipped(dossier.shape))
        picture.path(rings, fill=_SITE, opacity=0.3 if dossier.extent else 0.6)
        edge = frame.lines(frame.clipped(shapely.boundary(dossier.shape)))
        picture.path(edge, stroke=_INK, width=0.55, dash=bool(dossier.extent))
        if max(east - west, north - south) / frame.scale < 1.5:
            _dot(picture, frame, shapely.point_on_surface(dossier.shape), 1.3)
    elif dimension == 1:
        lines = frame.lines(frame.clipped(dossier.shape))
        picture.path(lines, stroke=_INK, width=1.3)
        picture.path(lines, stroke=_SITE, width=0.7)
    else:
        for point in shapely.get_parts(dossier.shape):
            _dot(picture, frame, point, 1.5)


def _dot(picture: Picture, frame: Frame, point: Any, radius: float) -> None:
    import numpy as np
    import shapely

    middle = frame.on_paper(shapely.get_coordinates(point))[0]
    turn = np.linspace(0, 2 * np.pi, 25)
    ring = np.round(middle + radius * np.column_stack([np.cos(turn), np.sin(turn)]), 2)
    picture.path([ring], fill=_SITE, stroke=_INK, width=0.45)


def _band(dossier: Dossier) -> float:
    """Return the widest band of doubt of the zones that are met or near, 0 for none."""
    bands = [row["band_m"] for row in dossier.findings if known(row["band_m"])]
    return max(bands, default=0.0)


def _names(labels: Labels, dossier: Dossier, zones: list[tuple[Zone, Any]], lang: str) -> None:
    """Write the name of the site, then those of the zones, the most severe first."""
    import shapely

    frame = labels.frame
    labels.put(dossier.name or dossier.code, _site_places(labels, dossier), bold=True, size=3.0)
    drawing_ways.stakes(labels, dossier)
    drawing_ways.shift_length(labels, dossier, lang)
    rank: dict[tuple[str, str], int] = {}
    for at, row in enumerate(dossier.findings):
        for named in codes_of([row]):
            rank.setdefault(named, at)
    last = len(dossier.findings)

    def rank_of(zone: Zone) -> int:
        return rank.get((zone.layer, zone.code), last)

    tried = 0
    for zone, part in sorted(zones, key=lambda each: rank_of(each[0])):
        pieces = frame.polygons([part])[0]
        piece = max(pieces, key=shapely.area)
        if piece.area < 2.0 * frame.scale**2 and rank_of(zone) == last:
            continue  # a corner of a stranger that is hardly seen
        tried += 1
        places = deepest(piece, frame) if tried <= _MOST_NAMES else []
        colour = look_of(zone.kind, zone.grade).colour
        labels.put(zone.name or zone.code, places, colour=colour)
    if dossier.ways.moved is None:  # two lengths beside one site would be taken for each other
        _nearest(labels, dossier, [zone for zone, _ in zones], lang)


def _site_places(labels: Labels, dossier: Dossier) -> list[tuple[float, float]]:
    """Return places for the name of the site, and keep other names off the site itself."""
    import shapely

    frame = labels.frame
    inside = frame.clipped(dossier.shape)
    if shapely.get_dimensions(dossier.shape) == 1:
        # a long line leaves room beside it: only the line itself is kept free
        parts = shapely.get_parts(inside)
        parts = parts[shapely.length(parts) > 0]  # what has no length cannot be cut up
        dense = shapely.segmentize(parts, 2 * frame.scale)
        for x, y in frame.on_paper(shapely.get_coordinates(dense)).tolist():
            labels.keep_free(x - 1, y - 1, 2.0, 2.0)
        longest = max(parts, key=shapely.length)
        middle = shapely.line_interpolate_point(longest, 0.5, normalized=True)
        x, y = frame.on_paper(shapely.get_coordinates(middle))[0].tolist()
        return around(x, y, 0.0, 0.0)
    west, south, east, north = shapely.bounds(inside).tolist()
    box = frame.on_paper(_box_points(west, south, east, north))
    left, top = box.min(axis=0).tolist()
    wide, high = (box.max(axis=0) - box.min(axis=0)).tolist()
    if wide > 40 and high > 12:
        return deepest(inside, frame)  # the name stands in a large site
    labels.keep_free(left - 1.5, top - 1.5, wide + 3.0, high + 3.0)
    return around(left, top, wide, high)


def _nearest(labels: Labels, dossier: Dossier, zones: list[Zone], lang: str) -> None:
    """Draw the way to the nearest zone outside, with its length."""
    import shapely

    outside = [
        row for row in dossier.findings if row["relation"] == "near" and known(row["distance_m"])
    ]
    if not outside:
        return
    row = min(outside, key=lambda each: (each["distance_m"], each["zone_code"]))
    met = codes_of([row])
    shapes = [zone.shape for zone in zones if zone.is_one_of(met)]
    if not shapes:
        return
    ways = [shapely.shortest_line(dossier.shape, shape) for shape in shapes]
    way = min(ways, key=shapely.length)
    frame = labels.frame
    lines = frame.lines(shapely.clip_by_rect(way, *frame.bounds))
    if not lines or shapely.length(way) / frame.scale < 2.0:
        return
    labels.picture.path(lines, stroke=_INK, width=0.3, dash=True)
    x, y = lines[0].mean(axis=0)
    labels.put(length_text(row["distance_m"], lang), around(float(x), float(y), 0.0, 0.0), size=2.5)


def _box_points(west: float, south: float, east: float, north: float) -> Any:
    import numpy as np

    return np.array([(west, south), (east, north)])


def _scale_bar(picture: Picture, frame: Frame, lang: str) -> None:
    """Draw a bar of a round length of at most 30 mm."""
    most = 30.0 * frame.scale
    power = 10.0 ** math.floor(math.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most)
    wide = length / frame.scale
    x, y = frame.x + 4.0, frame.y + frame.height - 4.0
    picture.box(frame.x + 1.2, y - 6.3, wide + 14.0, 8.6, fill="#ffffff", opacity=0.82)
    half = wide / 2
    picture.box(x, y - 1.0, half, 1.2, fill=_INK, stroke=_INK, width=0.2)
    picture.box(x + half, y - 1.0, half, 1.2, fill="#ffffff", stroke=_INK, width=0.2)
    for at, text in ((0.0, "0"), (wide, length_text(length, lang).replace(".00", ""))):
        size = text_width(text, 2.5) + 2.0
        picture.items.append(Text(round(x + at - size / 2, 2), y - 5.2, round(size, 2), 2.5, text))


def _north(picture: Picture, frame: Frame, words: dict[str, str]) -> None:
    import numpy as np

    x, y = frame.x + frame.width - 5.0, frame.y + 2.0
    picture.box(x - 3.4, y - 1.0, 6.8, 12.2, fill="#ffffff", opacity=0.82)
    arrow = np.array([(x, y), (x + 1.9, y + 6.4), (x, y + 4.9), (x - 1.9, y + 6.4), (x, y)])
    picture.path([arrow], fill=_INK, stroke=_INK, width=0.15)
    picture.items.append(Text(x - 3.0, y + 6.7, 6.0, 2.9, words["north"], bold=True))


def _mark(picture: Picture, frame: Frame, lang: str) -> None:
    """Write on the map itself that it is no real one: it may be cut out of its page."""
    text = SYNTHETIC[0] if lang == "zh" else SYNTHETIC[1]
    size = 5.0 if lang == "zh" else 3.4
    # capitals are wider than other letters
    wide = text_width(text, size) * (1.0 if lang == "zh" else 1.15) + 2.5
    x, y = frame.x + frame.width - wide - 1.5, frame.y + frame.height - 1.5 * size - 1.5
    picture.box(x, y, wide, 1.5 * size, fill="#ffffff", opacity=0.82, stroke="#b3261e", width=0.4)
    text_y = round(y + 0.1 * size, 2)
    picture.items.append(
        Text(round(x, 2), text_y, round(wide, 2), size, text, bold=True, colour="#b3261e")
    )


def _legend(
    picture: Picture,
    dossier: Dossier,
    seen: set[tuple[str, str]],
    band: float,
    drawn: set[str],
    words: dict[str, str],
    lang: str,
) -> None:
    x, y, wide, high = _LEGEND
    picture.items.append(Text(x, y - 0.7, wide, 2.7, words["legend"], bold=True, middle=False))
    classes = sorted(seen, key=lambda pair: drawn_at(*pair), reverse=True)
    entries: list[tuple[str, str, str]] = [("site", "", "")]
    if band > 0:
        entries.append(("band", "", ""))
    entries += [(what, "", "") for what in ("free", "shift", "stretch", "course") if what in drawn]
    entries += [("zone", *pair) for pair in classes]
    step = min(4.9, (high - 4.5) / len(entries))
    for at, (what, kind, grade) in enumerate(entries):
        top = y + 4.2 + at * step
        tall = step - 1.1
        if what == "zone":
            text = legend_name(kind, grade, lang)
            _swatch(picture, x, top, 7.0, tall, kind, grade)
        elif what == "site":
            text = words["this_area"] if dossier.extent else words["this_site"]
            dashed = bool(dossier.extent)
            picture.box(
                x, top, 7.0, tall, fill=_SITE, opacity=0.6, stroke=_INK, width=0.4, dash=dashed
            )
        elif what != "band":
            text = words[f"the_{what}"]
            _way_swatch(picture, x, top, 7.0, tall, what)
        else:
            text = words["band"].format(band=f"±{length_text(band, lang)}")
            middle = top + tall / 2
            picture.path(
                [_box_points(x, middle, x + 7.0, middle)], stroke="#7a1fa2", width=0.3, dash=True
            )
        size = min(2.5, step * 0.62, (wide - 8.5) / max(text_width(shortened(text, 60), 1.0), 1e-9))
        drop = (tall - size * 1.3) / 2
        picture.items.append(
            Text(
                x + 8.2,
                round(top + drop, 2),
                wide - 8.2,
                round(size, 2),
                shortened(text, 60),
                middle=False,
            )
        )


def _way_swatch(picture: Picture, x: float, y: float, wide: float, high: float, what: str) -> None:
    middle = [_box_points(x, y + high / 2, x + wide, y + high / 2)]
    if what == "free":
        picture.box(x, y, wide, high, fill=drawing_ways.FREE, opacity=0.35,
                    stroke=drawing_ways.FREE, width=0.4)  # fmt: skip
    elif what == "shift":
        picture.box(x, y, wide, high, stroke=drawing_ways.MOVED, width=0.5, dash=True)
    elif what == "stretch":
        picture.path(middle, stroke=drawing_ways.STRETCH, width=1.9)
        picture.path(middle, stroke="#ffd400", width=0.5)
    else:
        picture.path(middle, stroke=drawing_ways.WATER, width=0.8)


def _swatch(
    picture: Picture, x: float, y: float, wide: float, high: float, kind: str, grade: str
) -> None:
    import shapely

    look = look_of(kind, grade)
    frame = Frame(x, y, wide, high, 0.0, 0.0, 1.0)
    picture.box(x, y, wide, high, fill=look.colour, opacity=look.opacity)
    for angle, gap in look.hatches:
        lines = hatch(shapely.box(0, 0, wide, high), frame, angle=angle, gap=min(gap, 2.4))
        picture.path(lines, stroke=look.colour, width=0.14)
    picture.box(x, y, wide, high, stroke=look.colour, width=look.width)
