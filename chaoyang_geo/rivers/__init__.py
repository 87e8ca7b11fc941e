"""River networks: messy lines to a directed network, sections on it, and tracing along it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_WHERE = {
    "RiverNetwork": "network",
    "accumulate": "network",
    "river_network": "build",
    "assign_units": "belong",
    "units_of_sections": "belong",
    "snap_sections": "snap",
    "upstream": "trace",
    "downstream": "trace",
    "between": "ways",
    "travel_time": "ways",
    "upstream_of": "sources",
    "sections_along": "along",
    "interpolate_along": "along",
    "water_source_zones": "source_zones",
    "river_buffer": "banks",
    "river_reach_check": "reach_check",
}

__all__ = [*_WHERE]

if TYPE_CHECKING:
    from chaoyang_geo.rivers.along import interpolate_along as interpolate_along
    from chaoyang_geo.rivers.along import sections_along as sections_along
    from chaoyang_geo.rivers.banks import river_buffer as river_buffer
    from chaoyang_geo.rivers.belong import assign_units as assign_units
    from chaoyang_geo.rivers.belong import units_of_sections as units_of_sections
    from chaoyang_geo.rivers.build import river_network as river_network
    from chaoyang_geo.rivers.network import RiverNetwork as RiverNetwork
    from chaoyang_geo.rivers.network import accumulate as accumulate
    from chaoyang_geo.rivers.reach_check import river_reach_check as river_reach_check
    from chaoyang_geo.rivers.snap import snap_sections as snap_sections
    from chaoyang_geo.rivers.source_zones import water_source_zones as water_source_zones
    from chaoyang_geo.rivers.sources import upstream_of as upstream_of
    from chaoyang_geo.rivers.trace import downstream as downstream
    from chaoyang_geo.rivers.trace import upstream as upstream
    from chaoyang_geo.rivers.ways import between as between
    from chaoyang_geo.rivers.ways import travel_time as travel_time


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
