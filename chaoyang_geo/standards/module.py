"""The class of the package ``standards``, which lets it be called."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from chaoyang_geo.standards.limit_tables import Standard
from chaoyang_geo.standards.printed import printed_standard

if TYPE_CHECKING:
    import pandas as pd

    from chaoyang_geo.standards import (
        explained,
        item_sets,
        limit_tables,
        rule_tables,
        substances,
        tables,
        user_standard,
    )


class StandardsModule(ModuleType):
    """A module that answers ``standards("gb3838")`` and is otherwise as any other."""

    if TYPE_CHECKING:
        # a type checker sees this class where Python sees the module, so the names of the
        # module are named here, too
        CORE_ITEMS = item_sets.CORE_ITEMS
        ITEM_SETS = item_sets.ITEM_SETS
        LIMIT_COLUMNS = tables.LIMIT_COLUMNS
        PRIORITY_ITEMS = item_sets.PRIORITY_ITEMS
        STATUSES = rule_tables.STATUSES
        atomic_weights = staticmethod(substances.atomic_weights)
        catalogue = staticmethod(limit_tables.catalogue)
        citation = staticmethod(limit_tables.citation)
        class_count = staticmethod(limit_tables.class_count)
        decimals = staticmethod(rule_tables.decimals)
        explain_limit = staticmethod(explained.explain_limit)
        find_item = staticmethod(substances.find_item)
        fold_unit = staticmethod(substances.fold_unit)
        item_key = staticmethod(substances.item_key)
        item_names = staticmethod(substances.item_names)
        item_set = staticmethod(item_sets.item_set)
        item_units = staticmethod(substances.item_units)
        items = staticmethod(substances.items)
        limits = staticmethod(limit_tables.limits)
        read_standard = staticmethod(user_standard.read_standard)
        river_states = staticmethod(rule_tables.river_states)
        rule_status = staticmethod(rule_tables.rule_status)
        rules = staticmethod(rule_tables.rules)
        spearman_critical = staticmethod(rule_tables.spearman_critical)
        tli_parameters = staticmethod(rule_tables.tli_parameters)
        tli_states = staticmethod(rule_tables.tli_states)
        unit_forms = staticmethod(substances.unit_forms)

    def __call__(self, standard: Standard = "gb3838", *, lang: str = "zh") -> pd.DataFrame:
        """Return a standard as a person reads it.

        Parameters
        ----------
        standard : str, path or DataFrame
            As for :func:`limits`.
        lang : {"zh", "en"}

        Returns
        -------
        DataFrame of text, one row per item and water type, in the order of the printed table
            ``no``, ``item`` (the key), ``item_name``, ``water_name``, ``requirement`` (不超过,
            不低于, 范围), ``unit``, the classes ``Ⅰ`` to ``Ⅴ`` as printed (``6~9`` for pH, ``—``
            for no limit; fewer where the standard has fewer, and ``limit_printed`` where it has one),
            ``note``, ``citation``, ``status``.

        Raises
        ------
        ValueError, SchemaError
            As :func:`limits`.

        Examples
        --------
        >>> from chaoyang_geo import standards
        >>> table = standards("gb3838")
        >>> table.loc[[1, 2], ["item_name", "requirement", "unit", "Ⅰ", "Ⅲ", "status"]]
          item_name requirement  unit    Ⅰ    Ⅲ status
        1        pH     范围（含两端）        6~9  6~9    已核实
        2       溶解氧         不低于  mg/L  7.5    5    已核实
        """
        return printed_standard(standard, lang=lang)
