"""Ways out of a conflict with a zone: what is free, where to move, which stretch, how far."""

from chaoyang_geo.alternatives.bands import zone_distance_contours as zone_distance_contours
from chaoyang_geo.alternatives.free import free_parts as free_parts
from chaoyang_geo.alternatives.raster import write_distance_tif as write_distance_tif
from chaoyang_geo.alternatives.raster import zone_distance_raster as zone_distance_raster
from chaoyang_geo.alternatives.shift import smallest_shift as smallest_shift
from chaoyang_geo.alternatives.stretches import conflict_stretches as conflict_stretches
