"""A picture as a group of vector shapes in a Word document: sharp in print, no picture file.

Office Open XML: ECMA-376 part 1, 20.1 (DrawingML) and Microsoft's wordprocessingGroup and
wordprocessingShape of Word 2010; older readers show the text of the fallback.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise
from xml.sax.saxutils import escape, quoteattr

from chaoyang_geo.findings.picture import Path, Picture, Text

_EMU = 36_000  # of a millimetre
_POINT = 2.834_645_7  # of a millimetre
FONT = "微软雅黑"
_MOVE = '<a:moveTo><a:pt x="%d" y="%d"/></a:moveTo>'
_STEP = '<a:lnTo><a:pt x="%d" y="%d"/></a:lnTo>'
_NO_FILL = ' fill="none"'

_SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wpg="http://schemas.microsoft.com/office/word/2010/wordprocessingGroup" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def run_of(picture: Picture, *, title: str, fallback: str, scale: float = 1.0) -> str:
    """Return the XML of a run that holds the picture, ``scale`` times its size."""
    wide, high = _emu(picture.width * scale), _emu(picture.height * scale)
    shapes = "".join(_shape(item, number, scale) for number, item in enumerate(picture.items, 2))
    extent = f'<a:off x="0" y="0"/><a:ext cx="{wide}" cy="{high}"/>'
    inner = extent.replace("a:off", "a:chOff").replace("a:ext", "a:chExt")
    return (
        f'<w:r {_SPACES}><mc:AlternateContent><mc:Choice Requires="wpg"><w:drawing>'
        f'<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{wide}" cy="{high}"/>'
        f'<wp:effectExtent l="0" t="0" r="0" b="0"/>'
        f'<wp:docPr id="1" name="map" descr={quoteattr(title)}/><wp:cNvGraphicFramePr/>'
        '<a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingGroup">'
        f"<wpg:wgp><wpg:cNvGrpSpPr/><wpg:grpSpPr><a:xfrm>{extent}{inner}</a:xfrm></wpg:grpSpPr>"
        f"{shapes}</wpg:wgp></a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:t>{escape(fallback)}</w:t></mc:Fallback></mc:AlternateContent></w:r>"
    )


def _emu(mm: float) -> int:
    return max(round(mm * _EMU), 1)


def _shape(item: Path | Text, number: int, scale: float) -> str:
    head = f'<wps:wsp><wps:cNvPr id="{number}" name="s{number}"/>'
    return (
        head + (_path(item, scale) if isinstance(item, Path) else _text(item, scale)) + "</wps:wsp>"
    )


def _path(item: Path, scale: float) -> str:
    import numpy as np

    points, moves = item.steps(_MOVE, _STEP, "<a:close/>")
    points = points * scale
    low, high = points.min(axis=0), points.max(axis=0)
    wide, tall = _emu(high[0] - low[0]), _emu(high[1] - low[1])
    head = f'<a:path w="{wide}" h="{tall}"{"" if item.fill else _NO_FILL}>'
    # Word leaves open what two rings of a path cover, so areas that may lie over each other are
    # paths of their own
    each = pairwise(accumulate((0, *(item.areas or (len(moves),)))))
    text = "".join(f"{head}{''.join(moves[first:last])}</a:path>" for first, last in each)
    data = text % tuple(np.rint((points - low) * _EMU).astype(int).ravel().tolist())
    fill = "<a:noFill/>"
    if item.fill:
        alpha = "" if item.opacity >= 1 else f'<a:alpha val="{round(item.opacity * 100_000)}"/>'
        fill = f'<a:solidFill><a:srgbClr val="{item.fill[1:]}">{alpha}</a:srgbClr></a:solidFill>'
    line = "<a:ln><a:noFill/></a:ln>"
    if item.stroke:
        dash = '<a:prstDash val="dash"/>' if item.dash else ""
        line = (
            f'<a:ln w="{_emu(item.width * scale)}"><a:solidFill><a:srgbClr val="{item.stroke[1:]}"/>'
            f"</a:solidFill>{dash}<a:round/></a:ln>"
        )
    return (
        f'<wps:cNvSpPr/><wps:spPr><a:xfrm><a:off x="{_at(low[0])}" y="{_at(low[1])}"/>'
        f'<a:ext cx="{wide}" cy="{tall}"/></a:xfrm><a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/>'
        f'<a:rect l="0" t="0" r="r" b="b"/><a:pathLst>{data}'
        f"</a:pathLst></a:custGeom>{fill}{line}</wps:spPr><wps:bodyPr/>"
    )


def _at(mm: float) -> int:
    return round(mm * _EMU)


def _text(item: Text, scale: float) -> str:
    # a line of text needs more room than its letters, and a fixed height of line keeps it in
    wide = item.width + (2.0 if item.middle else 6.0)
    x = item.x - (1.0 if item.middle else 0.0)
    fill = "<a:noFill/>"
    if item.ground:
        fill = (
            '<a:solidFill><a:srgbClr val="FFFFFF"><a:alpha val="62000"/></a:srgbClr></a:solidFill>'
        )
        wide, x = item.width, item.x
    return (
        f'<wps:cNvSpPr txBox="1"/><wps:spPr><a:xfrm><a:off x="{_at(x * scale)}" y="{_at(item.y * scale)}"/>'
        f'<a:ext cx="{_emu(wide * scale)}" cy="{_emu(item.size * 1.4 * scale)}"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{fill}<a:ln><a:noFill/></a:ln></wps:spPr>'
        f"<wps:txbx><w:txbxContent>{_paragraph(item, scale)}</w:txbxContent></wps:txbx>"
        '<wps:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" anchor="ctr"><a:noAutofit/></wps:bodyPr>'
    )


def _paragraph(item: Text, scale: float) -> str:
    half_points = max(round(item.size * _POINT * 2 * scale), 2)
    line = round(item.size * _POINT * 20 * 1.3 * scale)
    bold = "<w:b/>" if item.bold else ""
    place = "center" if item.middle else "left"
    return (
        f'<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="{line}" w:lineRule="exact"/>'
        f'<w:jc w:val="{place}"/></w:pPr><w:r><w:rPr>{fonts()}{bold}<w:color w:val="{item.colour[1:]}"/>'
        f'<w:sz w:val="{half_points}"/></w:rPr><w:t xml:space="preserve">{escape(item.text)}</w:t></w:r></w:p>'
    )


def fonts() -> str:
    """Return the fonts of a run: one that every Chinese office has, another for Latin letters."""
    return f'<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="{FONT}" w:cs="Arial"/>'


def watermark(text: str, *, wide_mm: float, high_mm: float) -> str:
    """Return a run with a pale slanting text behind the page, as Word makes it (VML)."""
    size = f"width:{wide_mm * _POINT:.0f}pt;height:{high_mm * _POINT:.0f}pt"
    return (
        f'<w:r {_SPACES} xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">'
        "<w:pict>"
        '<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
        'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas>'
        + "".join(f'<v:f eqn="{each}"/>' for each in _FORMULAS)
        + '</v:formulas><v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/>'
        '<o:lock v:ext="edit" text="t" shapetype="t"/></v:shapetype>'
        f'<v:shape id="mark" type="#_x0000_t136" style="position:absolute;margin-left:0;margin-top:0;{size};'
        "rotation:328;z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        'mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#e8b4b0" stroked="f">'
        f'<v:fill opacity=".45"/><v:textpath style="font-family:&quot;{FONT}&quot;;font-size:1pt;font-weight:bold" '
        f"string={quoteattr(text)}/></v:shape></w:pict></w:r>"
    )


_FORMULAS: Iterable[str] = (
    "sum #0 0 10800", "prod #0 2 1", "sum 21600 0 @1", "sum 0 0 @2", "sum 21600 0 @3",
    "if @0 @3 0", "if @0 21600 @1", "if @0 0 @2", "if @0 @4 21600", "mid @5 @6", "mid @8 @5",
    "mid @7 @8", "mid @6 @7", "sum @6 0 @5",
)  # fmt: skip
