"""What is doubtful in a network, in words: one row per finding, with its place and size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoyang_geo.crs import moved

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

#: kind: (name, severity, flag on the reach, Chinese, English sentence). ``{size}`` is metres.
KINDS: dict[str, tuple[str, str, str, str, str]] = {
    "no_line": (
        "无图形",
        "error",
        "无图形",
        "河段{code}没有可用的图形，未接入河网",
        "reach {code} has no usable line and is left out of the network",
    ),
    "in_parts": (
        "图形断开",
        "error",
        "图形断成几段",
        "河段{code}的图形断成互不相接的几段，未接入河网；可用 split=True 拆成多行",
        "the line of reach {code} is in parts that do not meet; it is left out: split=True "
        "makes a row of each part",
    ),
    "zero_length": (
        "零长度",
        "warning",
        "长度近于零",
        "河段{code}两端在同一节点，长{size} m，未接入河网",
        "reach {code}, {size} m long, begins and ends at one node and is left out",
    ),
    "ring": (
        "自成环",
        "warning",
        "首尾相接成环",
        "河段{code}首尾相接成环，长{size} m，未接入河网",
        "reach {code} is a ring of {size} m and is left out",
    ),
    "duplicate": (
        "重复",
        "warning",
        "与{other}重复",
        "河段{code}与{other}重复，长{size} m，未接入河网",
        "reach {code}, {size} m long, repeats {other} and is left out",
    ),
    "reversed": (
        "画向相反",
        "warning",
        "画向与流向相反，已调头",
        "河段{code}的画向与流向相反，长{size} m，已调头",
        "reach {code}, {size} m long, is drawn against the flow and was turned",
    ),
    "both_ways": (
        "流向不一",
        "error",
        "中段两侧流向不一",
        "河段{code}在汇入点两侧流向不一，长{size} m；可用 split=True 拆开",
        "reach {code}, {size} m long, would flow both ways from a node in its middle; split=True "
        "makes two rows of it",
    ),
    "loop": (
        "环路",
        "warning",
        "为断开环路调头",
        "河段{code}处在环路上，长{size} m，为断开环路已调头",
        "reach {code}, {size} m long, lies on a loop and was turned to break it",
    ),
    "link_cut": (
        "环路断开",
        "warning",
        "环路在此断开",
        "河段{code}流入{other}会成环，此连接已断开，两者相距{size} m",
        "reach {code} into {other} would close a loop; this link, {size} m wide, was cut",
    ),
    "braid": (
        "分汊",
        "note",
        "分汊的支汊",
        "水流在此分汊，主汊为{other}，支汊{code}长{size} m",
        "the river forks here: {other} is the main arm, {code}, {size} m long, the side arm",
    ),
    "snapped": (
        "端点归并",
        "note",
        "端点归并{size} m",
        "河段{code}的端点与{size} m外的节点归并",
        "an end of reach {code} was joined to the node {size} m away",
    ),
    "junction": (
        "汇于中段",
        "note",
        "汇于{other}中段",
        "河段{code}的端点落在{other}的中段，相距{size} m，按汇入处理",
        "an end of reach {code} lies on the middle of {other}, {size} m off, and joins it there",
    ),
    "crossing": (
        "相交无节点",
        "warning",
        "与{other}相交而无节点",
        "河段{code}与{other}相交处没有节点，视为不相通",
        "reaches {code} and {other} cross without a node and are taken as not connected",
    ),
    "disconnected": (
        "不相连",
        "warning",
        "与其余河网不相连",
        "河段{code}所在的部分与其余河网不相连，距最近的河段{other} {size} m",
        "the part that ends in reach {code} is not connected; the nearest other reach is {other}, "
        "{size} m away",
    ),
    "many_meet": (
        "多河终止",
        "warning",
        "多条河段在此终止",
        "河段{code}等多条河段在此终止而无一流出，如非入海入湖，出口河段可能画反",
        "several reaches, {code} among them, end here and none leaves; unless this is a sea or "
        "lake, the reach that leaves may be drawn against the flow",
    ),
    "no_outlet": (
        "未给出口",
        "warning",
        "未给出口，按画向",
        "河段{code}所在的部分没有给定出口，出口按画向推定",
        "no outlet was given for the part that ends in reach {code}; the drawing decides",
    ),
    "no_elevation": (
        "缺高程",
        "note",
        "缺高程",
        "河段{code}缺高程，流向按其余河段和画向推定",
        "reach {code} has no elevation; its neighbours and the drawing decide",
    ),
    "unknown_code": (
        "下游编码不在表中",
        "warning",
        "下游编码{other}不在表中",
        "河段{code}的下游编码{other}不在表中，视为出口",
        "reach {code} flows into {other}, which is not in the table; it is taken as an outlet",
    ),
    "code_gap": (
        "编码与图形不符",
        "warning",
        "与下游{other}相距{size} m",
        "河段{code}按编码流入{other}，图形却相距{size} m",
        "reach {code} flows into {other} by its code, but the lines are {size} m apart",
    ),
}

_ALONE = (
    "河段{code}所在的部分与其余河网不相连，{size} m内没有其他河段",
    "the part that ends in reach {code} is not connected; no other reach lies within {size} m",
)


@dataclass
class Notes:
    """Findings as they are made; ``table`` turns them into a frame."""

    kind: list[str] = field(default_factory=list)
    row: list[Any] = field(default_factory=list)
    other: list[Any] = field(default_factory=list)
    size: list[Any] = field(default_factory=list)
    place: list[Any] = field(default_factory=list)

    def add(
        self, kind: str, rows: Any, places: Any, *, sizes: Any = None, others: Any = None
    ) -> None:
        """Take findings of one kind: reaches by position, points, metres, other reaches."""
        import numpy as np

        rows = np.asarray(rows, dtype=np.int64)
        if not len(rows):
            return
        n = len(rows)
        self.kind.append(kind)
        self.row.append(rows)
        self.place.append(np.asarray(places, dtype=object))
        self.size.append(np.full(n, np.nan) if sizes is None else np.asarray(sizes, dtype=float))
        self.other.append(
            np.full(n, "", dtype=object) if others is None else np.asarray(others, dtype=object)
        )

    def table(self, codes: Any, rank: Ints, zone: str, crs: Any, alone_m: float) -> Any:
        """Return the findings as a GeoDataFrame in ``crs``, and the flag of each reach."""
        import geopandas as gpd
        import numpy as np
        import pandas as pd

        rows = np.concatenate([*self.row, np.empty(0, dtype=np.int64)])
        kinds = np.repeat(np.array(self.kind, dtype=object), [len(part) for part in self.row])
        other = np.concatenate([*self.other, np.empty(0, dtype=object)])
        size = np.concatenate([*self.size, np.empty(0)])
        place = np.concatenate([*self.place, np.empty(0, dtype=object)])
        number = {kind: k for k, kind in enumerate(KINDS)}
        ordinal = np.array([number[kind] for kind in kinds], dtype=np.int64)
        by = np.lexsort((size, other.astype(str), rank[rows], ordinal))
        rows, kinds, other, size, place = rows[by], kinds[by], other[by], size[by], place[by]
        flags: dict[int, list[str]] = {}
        zh, en = [], []
        for row, kind, name, metres in zip(
            rows.tolist(), kinds.tolist(), other.tolist(), size.tolist(), strict=True
        ):
            _, _, flag, in_zh, in_en = KINDS[kind]
            if kind == "disconnected" and not name:
                in_zh, in_en, metres = *_ALONE, alone_m
            words = {"code": codes[row], "other": name, "size": _metres(metres)}
            zh.append(in_zh.format(**words))
            en.append(in_en.format(**words))
            own, text = flags.setdefault(row, []), flag.format(**words)
            if text not in own:
                own.append(text)
        points = gpd.GeoSeries(place, crs=zone or crs)
        frame = gpd.GeoDataFrame(
            {
                "finding_kind": pd.Series(kinds, dtype="str"),
                "finding_name": pd.Series([KINDS[kind][0] for kind in kinds], dtype="str"),
                "severity": pd.Series([KINDS[kind][1] for kind in kinds], dtype="str"),
                "reach_code": pd.Series(np.asarray(codes, dtype=object)[rows], dtype="str"),
                "other_code": pd.Series(other, dtype="str"),
                "length_m": size,
                "finding_zh": pd.Series(zh, dtype="str"),
                "finding_en": pd.Series(en, dtype="str"),
            },
            geometry=moved(points, crs) if zone else points,
            crs=crs,
        )
        texts = np.full(len(codes), "", dtype=object)
        for row, own in flags.items():
            texts[row] = "；".join(own)
        return frame, texts


def _metres(value: float) -> str:
    """Write metres for print: millimetres below one metre, no decimals from 100 m."""
    if value != value:
        return "?"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.3f}"
