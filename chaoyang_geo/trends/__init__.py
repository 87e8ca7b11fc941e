"""Is it better than before, and where does it go: change between two periods, trend over many."""

from chaoyang_geo.trends.change import compare_periods as compare_periods
from chaoyang_geo.trends.change import compare_shares as compare_shares
from chaoyang_geo.trends.series import trend as trend
