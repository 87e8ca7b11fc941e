"""Standards as data: limits, rules and item names live in CSV files beside this module.

Every standard carries its citation and a status; :func:`catalogue` lists them. Every rule of
evaluation carries its source and a status; :func:`rules` lists them. The module itself can be
called: ``chaoyang_geo.standards("gb3838")`` is the standard as a person reads it; see
``chaoyang_geo.standards.__call__``.
"""

from __future__ import annotations

import sys
from typing import cast

from chaoyang_geo.standards.explained import explain_limit as explain_limit
from chaoyang_geo.standards.item_sets import CORE_ITEMS as CORE_ITEMS
from chaoyang_geo.standards.item_sets import ITEM_SETS as ITEM_SETS
from chaoyang_geo.standards.item_sets import PRIORITY_ITEMS as PRIORITY_ITEMS
from chaoyang_geo.standards.item_sets import item_set as item_set
from chaoyang_geo.standards.limit_tables import Standard as Standard
from chaoyang_geo.standards.limit_tables import catalogue as catalogue
from chaoyang_geo.standards.limit_tables import citation as citation
from chaoyang_geo.standards.limit_tables import class_count as class_count
from chaoyang_geo.standards.limit_tables import limits as limits
from chaoyang_geo.standards.module import StandardsModule
from chaoyang_geo.standards.rule_tables import STATUSES as STATUSES
from chaoyang_geo.standards.rule_tables import decimals as decimals
from chaoyang_geo.standards.rule_tables import river_states as river_states
from chaoyang_geo.standards.rule_tables import rule_status as rule_status
from chaoyang_geo.standards.rule_tables import rules as rules
from chaoyang_geo.standards.rule_tables import spearman_critical as spearman_critical
from chaoyang_geo.standards.rule_tables import tli_parameters as tli_parameters
from chaoyang_geo.standards.rule_tables import tli_states as tli_states
from chaoyang_geo.standards.substances import atomic_weights as atomic_weights
from chaoyang_geo.standards.substances import find_item as find_item
from chaoyang_geo.standards.substances import fold_unit as fold_unit
from chaoyang_geo.standards.substances import item_key as item_key
from chaoyang_geo.standards.substances import item_names as item_names
from chaoyang_geo.standards.substances import item_units as item_units
from chaoyang_geo.standards.substances import items as items
from chaoyang_geo.standards.substances import unit_forms as unit_forms
from chaoyang_geo.standards.tables import LIMIT_COLUMNS as LIMIT_COLUMNS
from chaoyang_geo.standards.user_standard import read_standard as read_standard

# One name for the package and for the question "what does this standard say?": Python lets a
# module have a class of its own, and everything else about the module stays as it is.
sys.modules[__name__].__class__ = StandardsModule
standards = cast(StandardsModule, sys.modules[__name__])
