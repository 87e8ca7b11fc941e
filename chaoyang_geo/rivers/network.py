"""What a river network is: reaches, nodes, findings, and who flows into whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoyang_geo.schema import SchemaError, as_text, one_of, require

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RiverNetwork:
    """A directed river network; row ``i`` of every table and array is the same reach.

    Made by :func:`river_network`. ``reaches``, ``nodes`` and ``findings`` are tables for
    people; the arrays are what tracing and accumulation work on.

    Attributes
    ----------
    reaches : GeoDataFrame, n rows, CRS of the input
        The input with its index and order, geometry turned downstream, and the columns that
        :func:`river_network` describes.
    nodes : GeoDataFrame, m points, CRS of the input
        ``node``, ``node_kind``, ``degree``, ``component``; row number = number of the node.
    findings : GeoDataFrame, k points, CRS of the input
        What is doubtful, by kind: ``finding_kind``, ``finding_name``, ``severity``,
        ``reach_code``, ``other_code``, ``length_m`` (of the reach, gap or shift), ``finding_zh``,
        ``finding_en``; the point is its place, None where a reach has no line.
    matrix : scipy.sparse.csr_array, n x n
        ``matrix[i, j] == 1`` where water of reach ``i`` goes straight on into reach ``j``;
        acyclic; all arms of a braid.
    down : int array, n
        Position of the main reach downstream, -1 at an outlet and for a reach left out.
    enters_m : float array, n, metres
        Where on reach ``down`` this reach comes in, from its upper end: 0 at its upper end,
        more where it joins in the middle; missing where ``down`` is -1.
    order : int array, n
        All positions, upstream before downstream.
    metric : object array of shapely LineStrings, n, drawn downstream, in ``metric_crs``
        None where a reach has no usable line.
    metric_crs : str
        CGCS2000 3-degree zone in which everything was measured; empty without any geometry.
    length_m : float array, n, metres
        0 where a reach has no usable line.
    tolerance_m : float
        Ends nearer than this were joined.
    ordered_by : str
        ``to_code``, ``elevation``, ``outlet`` or ``geometry``: what decided the direction.
    codes : Index of str, n
        The reach codes as text, in the order of the rows.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import river_network
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B"], "to_code": ["B", ""]}, crs=4549,
    ...     geometry=[LineString([(500000, 4601000), (501000, 4601000)]),
    ...               LineString([(501000, 4601000), (503000, 4601000)])])
    >>> network = river_network(lines)
    >>> len(network), network.down.tolist(), network.length_m.tolist(), network.ordered_by
    (2, [1, -1], [1000.0, 2000.0], 'to_code')
    """

    reaches: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    findings: gpd.GeoDataFrame
    matrix: Any
    down: npt.NDArray[np.int64]
    enters_m: npt.NDArray[np.float64]
    order: npt.NDArray[np.int64]
    metric: npt.NDArray[np.object_]
    metric_crs: str
    length_m: npt.NDArray[np.float64]
    tolerance_m: float
    ordered_by: str

    def __len__(self) -> int:
        """Return the number of reaches."""
        return len(self.down)

    @cached_property
    def codes(self) -> pd.Index:
        """The reach codes as text, in the order of the rows."""
        import pandas as pd

        codes: pd.Index = pd.Index(self.reaches["reach_code"].to_numpy(dtype=object))
        return codes

    def index_of(self, codes: Any) -> npt.NDArray[np.int64]:
        """Return the position of each reach code, -1 where the network has no such reach.

        Parameters
        ----------
        codes : sequence of codes, text or numbers

        Returns
        -------
        int array, one position per code
        """
        import numpy as np
        import pandas as pd

        wanted = pd.Index(as_text(codes).to_numpy(dtype=object))
        found: npt.NDArray[np.int64] = self.codes.get_indexer(wanted).astype(np.int64)
        return found


def accumulate(
    network: RiverNetwork,
    column: str | Any,
    *,
    split: str = "main",
    missing: str = "spread",
) -> pd.Series:
    """Sum a quantity of each reach over everything upstream, the reach itself included.

    The value of a row is the sum at the lower end of the reach. What enters in the middle of a
    reach counts at its lower end.

    Parameters
    ----------
    network : RiverNetwork, n reaches
    column : str, or n numbers in the order of the rows
        A column of ``network.reaches``, e.g. the area or load of each reach alone.
    split : {"main", "equal"}, default "main"
        Where a river forks: everything to the main arm, or the same to each arm. Either way
        each reach counts once in all: the sum over the outlets is the sum of the column.
    missing : {"spread", "zero"}, default "spread"
        A missing value makes everything downstream missing, or counts as 0.

    Returns
    -------
    Series of float, n rows, index of ``network.reaches``
        Named ``upstream_`` and the column; missing for reaches left out of the network.

    Raises
    ------
    SchemaError
        The column is missing or holds no numbers.
    ValueError
        Unknown ``split`` or ``missing``.

    Notes
    -----
    ``x = own + shares.T @ x``, one sparse triangular solution in the order downstream.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from chaoyang_geo.rivers import accumulate, river_network
    >>> lines = gpd.GeoDataFrame(
    ...     {"reach_code": ["A", "B", "C"], "area_km2": [3.0, 4.0, 1.0]}, crs=4549,
    ...     geometry=[LineString([(500000, 4601000), (501000, 4600000)]),
    ...               LineString([(502000, 4601000), (501000, 4600000)]),
    ...               LineString([(501000, 4600000), (501000, 4598000)])])
    >>> accumulate(river_network(lines), "area_km2").tolist()
    [3.0, 4.0, 8.0]
    """
    import numpy as np
    import pandas as pd

    from chaoyang_geo.rivers.order import gathered

    one_of("split", split, ("main", "equal"))
    one_of("missing", missing, ("spread", "zero"))
    name, own = _numbers(network, column)
    used = network.reaches["component"].to_numpy() > 0
    shares = _shares(network, split)
    gap = np.isnan(own)
    total = gathered(shares, network.order, np.where(gap | ~used, 0.0, own))
    if missing == "spread" and (gap & used).any():
        holes = gathered(shares, network.order, (gap & used).astype(np.float64))
        total[holes > 0] = np.nan
    total[~used] = np.nan
    return pd.Series(total, index=network.reaches.index, name=f"upstream_{name}")


def _numbers(network: RiverNetwork, column: Any) -> tuple[str, npt.NDArray[np.float64]]:
    """Return the name and the values of a column as floats."""
    import numpy as np
    import pandas as pd

    if isinstance(column, str):
        require(network.reaches, [column], table="network.reaches")
        name, values = column, network.reaches[column]
    else:
        values = pd.Series(column)
        name = str(values.name) if values.name is not None else "value"
    if len(values) != len(network):
        raise SchemaError(
            f"{name}: {len(values)} values for {len(network)} reaches; give one for each row."
        )
    numbers = pd.to_numeric(values, errors="coerce")
    bad = (numbers.isna() & values.notna()).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        raise SchemaError(
            f"network.reaches: row {row + 1} of {name} holds {values.iloc[row]!r}, which is no "
            "number; only numbers can be added up."
        )
    return name, numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def _shares(network: RiverNetwork, split: str) -> Any:
    """Return which share of each reach goes on into which."""
    import numpy as np
    from scipy.sparse import csr_array, diags_array  # type: ignore[import-untyped]

    n = len(network)
    if split == "equal":
        arms = np.maximum(np.diff(network.matrix.indptr), 1)
        return csr_array(diags_array(1.0 / arms) @ network.matrix.astype(np.float64))
    has = np.flatnonzero(network.down >= 0)
    return csr_array((np.ones(len(has)), (has, network.down[has])), shape=(n, n))
