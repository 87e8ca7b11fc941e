"""One number for the water: pollution indices, CWQI, and the trophic level of lakes."""

from chaoyang_geo.indices.city import cwqi as cwqi
from chaoyang_geo.indices.city import cwqi_city as cwqi_city
from chaoyang_geo.indices.single import pollution_index as pollution_index
from chaoyang_geo.indices.single import pollution_mean as pollution_mean
from chaoyang_geo.indices.trophic import trophic_index as trophic_index
