"""A picture as SVG that stands in a page: no style attribute, no script, nothing fetched."""

from __future__ import annotations

from html import escape

from chaoyang_geo.findings.picture import Path, Picture, Text


def svg(picture: Picture, *, title: str) -> str:
    """Return a picture as an SVG element of its true size in millimetres."""
    body = "\n".join(
        _path(item) if isinstance(item, Path) else _text(item) for item in picture.items
    )
    return (
        f'<svg class="map" xmlns="http://www.w3.org/2000/svg" role="img" width="{picture.width:g}mm" '
        f'height="{picture.height:g}mm" '
        f'viewBox="-0.3 -0.3 {picture.width + 0.6:g} {picture.height + 0.6:g}">\n'
        f"<title>{escape(title)}</title>\n{body}\n</svg>"
    )


def _path(item: Path) -> str:
    # areas of one look may lie over each other, and are drawn once where they do
    rule = "" if item.areas else ' fill-rule="evenodd"'
    fill = f'fill="{item.fill}"{rule}{_opacity(item.opacity)}' if item.fill else 'fill="none"'
    stroke = ""
    if item.stroke:
        dash = ' stroke-dasharray="1.4 1"' if item.dash else ""
        stroke = (
            f' stroke="{item.stroke}" stroke-width="{item.width:g}" stroke-linejoin="round"{dash}'
        )
    return f'<path d="{_data(item)}" {fill}{stroke}/>'


def _opacity(value: float) -> str:
    return "" if value >= 1 else f' fill-opacity="{value:g}"'


def _data(item: Path) -> str:
    points, texts = item.steps("M%g %g", "L%g %g", "Z")
    return "".join(texts) % tuple(points.ravel().tolist())


def _text(item: Text) -> str:
    x = item.x + item.width / 2 if item.middle else item.x
    base = item.y + item.size * 1.02
    anchor = ' text-anchor="middle"' if item.middle else ""
    bold = ' font-weight="600"' if item.bold else ""
    halo = ' class="halo"' if item.ground else ""
    return (
        f'<text x="{x:.2f}" y="{base:.2f}" font-size="{item.size:g}" fill="{item.colour}"'
        f"{anchor}{bold}{halo}>{escape(item.text)}</text>"
    )
