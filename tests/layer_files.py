"""Layer files as they occur, written byte by byte, so that no library decides their encoding."""

import struct
import zipfile

import geopandas as gpd
import shapely


def dbf_bytes(fields, rows, *, driver=0):
    """A dBase table: fields are (name bytes, width), rows are lists of bytes."""
    record = 1 + sum(width for _, width in fields)
    head = struct.pack(
        "<B3BIHH16xBBH", 3, 126, 1, 1, len(rows), 33 + 32 * len(fields), record, 0, driver, 0
    )
    for name, width in fields:
        head += name[:11].ljust(11, b"\0") + b"C" + b"\0" * 4 + bytes([width, 0]) + b"\0" * 14
    body = b"".join(
        b" "
        + b"".join(cell[:width].ljust(width) for cell, (_, width) in zip(row, fields, strict=True))
        for row in rows
    )
    return head + b"\r" + body + b"\x1a"


def shapefile(path, fields, rows, *, cpg=None, driver=0, points=None, crs="EPSG:4490"):
    """A shapefile of points whose table is exactly these bytes."""
    points = points or [(120 + k / 100, 41.5) for k in range(len(rows))]
    frame = gpd.GeoDataFrame({"k": range(len(rows))}, geometry=shapely.points(points), crs=crs)
    frame.to_file(path, driver="ESRI Shapefile")
    path.with_suffix(".dbf").write_bytes(dbf_bytes(fields, rows, driver=driver))
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")
    return path


def chinese_shapefile(path, codec, *, cpg=None, driver=0, names=("断面名称", "备注"), width=60):
    """Three sections with names and remarks in one encoding, names cut at ten bytes as GDAL cuts."""
    fields = [(name.encode(codec)[:10], width) for name in names]
    rows = [
        ["章吉营".encode(codec), "大凌河干流控制断面".encode(codec)],
        ["南大桥".encode(codec), "位于朝阳市双塔区".encode(codec)],
        [b"ASCII only", "喀喇沁左翼蒙古族自治县".encode(codec)],
    ]
    return shapefile(path, fields, rows, cpg=cpg, driver=driver)


class Named(zipfile.ZipInfo):
    """A member whose name is written as these bytes."""

    def __init__(self, name):
        super().__init__(name.decode("cp437"))
        self.name = name
        self.compress_type = zipfile.ZIP_DEFLATED

    def _encodeFilenameFlags(self):
        return self.name, self.flag_bits & ~0x800


def zip_of(path, members, *, name_codec="gbk"):
    """A zip whose names are bytes of another encoding, without the flag of UTF-8."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(Named(name.encode(name_codec)), data)
    return path


DXF = """0
SECTION
2
HEADER
9
$ACADVER
1
AC1015
9
$DWGCODEPAGE
3
{page}
0
ENDSEC
0
SECTION
2
ENTITIES
0
LWPOLYLINE
5
1F
100
AcDbEntity
8
控制单元界线
100
AcDbPolyline
90
3
70
0
10
40500000.0
20
4600000.0
10
40501000.0
20
4600000.0
10
40501000.0
20
4601000.0
0
TEXT
5
20
100
AcDbEntity
8
注记
100
AcDbText
10
40500500.0
20
4600500.0
40
50.0
1
章吉营断面
0
ENDSEC
0
EOF
"""

KML = """<?xml version="1.0" encoding="{encoding}"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>断面</name>
<Placemark><name>章吉营</name><ExtendedData><Data name="所在水体"><value>大凌河</value></Data></ExtendedData>
<Point><coordinates>120.46,41.57,0</coordinates></Point></Placemark>
</Document></kml>
"""
