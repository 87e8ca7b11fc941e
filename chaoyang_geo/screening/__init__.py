"""Red lines and other zones over project sites, with verdicts that name rule, layer and doubt."""

from chaoyang_geo.screening.activities import activities_table as activities_table
from chaoyang_geo.screening.activities import find_activity as find_activity
from chaoyang_geo.screening.result import Screening as Screening
from chaoyang_geo.screening.rules import RULE_SETS as RULE_SETS
from chaoyang_geo.screening.rules import read_rules as read_rules
from chaoyang_geo.screening.rules import rules_table as rules_table
from chaoyang_geo.screening.screen import screen_sites as screen_sites
from chaoyang_geo.screening.zones import content_hash as content_hash
from chaoyang_geo.screening.zones import read_zones as read_zones
