"""Which way water goes: outlets, direction of every piece, and orders over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

#: A metre against the expected direction counts as much as this many metres with it.
_AGAINST = 1000.0


def parts(tail: Ints, head: Ints, n_nodes: int) -> Ints:
    """Return the connected part of each node."""
    import numpy as np
    from scipy.sparse import coo_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(n_nodes, n_nodes))
    labels: Ints = connected_components(graph.tocsr(), directed=False)[1].astype(np.int64)
    return labels


def voted_outlets(tail: Ints, head: Ints, weight: Floats, part: Ints) -> Bools:
    """Return the node of each part that the drawing leads to.

    The only node that nothing leaves, where every piece leads to it as drawn; else the node
    with the least weight drawn away from it; of equals one that nothing leaves, then one with a
    single reach, then the most western.
    """
    import numpy as np

    m = len(part)
    away = _away(tail, head, weight, part)
    leaves, enters = np.bincount(tail, minlength=m), np.bincount(head, minlength=m)
    degree = enters + leaves
    sure = _only_sinks(tail, head, (leaves == 0) & (enters > 0), part)
    by = np.lexsort((degree != 1, leaves > 0, np.round(away, 3), ~sure, part))
    chosen = np.zeros(m, dtype=bool)
    chosen[by[np.unique(part[by], return_index=True)[1]]] = True
    return chosen & (degree > 0)


def _only_sinks(tail: Ints, head: Ints, sink: Bools, part: Ints) -> Bools:
    """Return the sinks that are alone in their part and that all of it leads to."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    m = len(part)
    alone = sink & (np.bincount(part[sink], minlength=m)[part] == 1)
    above = np.flatnonzero(alone)
    a, b = np.concatenate([head, np.full(len(above), m)]), np.concatenate([tail, above])
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(m + 1, m + 1)).tocsr()
    reached = np.zeros(m + 1, dtype=bool)
    reached[breadth_first_order(graph, m, return_predecessors=False)] = True
    missed = np.bincount(part[~reached[:m]], minlength=m) > 0
    sure: Bools = alone & ~missed[part]
    return sure


def _away(tail: Ints, head: Ints, weight: Floats, part: Ints) -> Floats:
    """Return by how much less weight is drawn away from a node than from the first of its part.

    Along a tree the weights add up. Across a ring or braid the difference is that of the
    potential nearest to all its pieces (least squares): arms that are drawn alike count, a
    circle leads nowhere.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    m = len(part)
    first = np.unique(part, return_index=True)[1]
    above = np.full(len(first), m)  # one more node holds the parts together
    a, b = np.concatenate([tail, above]), np.concatenate([head, first])
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(m + 1, m + 1)).tocsr()
    reached, parent = breadth_first_order(graph, m, directed=False)
    parent = parent.astype(np.int64)
    # the piece between each node and its parent; of parallel ones the first
    child = np.where(parent[tail] == head, tail, np.where(parent[head] == tail, head, -1))
    rows = np.flatnonzero(child >= 0)
    of_tree = rows[np.unique(child[rows], return_index=True)[1]]
    node = child[of_tree]
    alone = _bridges(tail, head, of_tree, node, parent, reached[::-1].astype(np.int64))
    ringed = np.ones(len(tail), dtype=bool)
    ringed[of_tree[alone]] = False
    level = _potential(tail[ringed], head[ringed], weight[ringed], m)
    # what it costs to move the outlet from the parent of a node to the node
    cost = np.zeros(m)
    cost[node] = np.where(tail[of_tree] == node, weight[of_tree], -weight[of_tree])
    inner = node[~alone]
    cost[inner] = level[inner] - level[parent[inner]]
    parent = parent[:m]
    parent[parent == m] = -1
    return along_tree(parent, cost)


def _bridges(tail: Ints, head: Ints, of_tree: Ints, node: Ints, parent: Ints, order: Ints) -> Bools:
    """Return which pieces of a spanning tree no other piece goes around.

    Each other piece has a random number, added where it begins and taken away where it ends;
    what is left below a piece of the tree is 0 when no other piece leaves from there.
    """
    import numpy as np
    from scipy.sparse import csr_array

    m = len(parent)
    other = np.ones(len(tail), dtype=bool)
    other[of_tree] = False
    number = np.random.default_rng(0).integers(1, 2**31, size=int(other.sum())).astype(float)
    begun = np.bincount(tail[other], weights=number, minlength=m)
    value: Floats = begun.astype(float) - np.bincount(head[other], weights=number, minlength=m)
    has = np.flatnonzero(parent >= 0)
    tree = csr_array((np.ones(len(has)), (has, parent[has])), shape=(m, m))
    bridges: Bools = gathered(tree, order, value)[node] == 0
    return bridges


def _potential(tail: Ints, head: Ints, weight: Floats, m: int) -> Floats:
    """Return the potential that falls by ``weight`` along each piece, in the least-squares sense.

    Solves the normal equations, a graph Laplacian with one node of each ring held at 0.
    """
    import numpy as np
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu  # type: ignore[import-untyped]

    out = np.zeros(m)
    if not len(tail):
        return out
    used, place = np.unique(np.concatenate([tail, head]), return_inverse=True)
    k, a, b = len(used), place[: len(tail)], place[len(tail) :]
    ring = parts(a, b, k)
    held = np.unique(ring, return_index=True)[1]
    diagonal = np.bincount(place, minlength=k).astype(float)
    diagonal[held] += 1.0
    own = np.arange(k)
    values = np.concatenate([diagonal, -np.ones(2 * len(a))])
    rows, columns = np.concatenate([own, a, b]), np.concatenate([own, b, a])
    system = csc_array((values, (rows, columns)), shape=(k, k))
    fall = np.bincount(a, weights=weight, minlength=k) - np.bincount(b, weights=weight, minlength=k)
    out[used] = splu(system, permc_spec="MMD_AT_PLUS_A").solve(fall)
    return out


def along_tree(parent: Ints, value: Floats) -> Floats:
    """Sum ``value`` from each node to the root of its tree, the root's own included."""
    import numpy as np

    total, jump = value.astype(np.float64), parent.copy()
    going = np.flatnonzero(jump >= 0)
    while len(going):
        to = jump[going]
        total[going] += total[to]  # the right side is read before anything is written
        jump[going] = jump[to]
        going = going[jump[going] >= 0]
    return total


def low_outlets(height: Floats, degree: Ints, part: Ints, flat_m: float) -> Bools:
    """Return the lowest node of each part; within ``flat_m`` of it a dead end is preferred."""
    import numpy as np

    known = np.where(np.isnan(height), np.inf, height)
    lowest = np.full(part.max(initial=-1) + 1, np.inf)
    np.minimum.at(lowest, part, known)
    near = known <= lowest[part] + flat_m
    by = np.lexsort((known, ~(near & (degree == 1)), ~near, part))
    chosen = np.zeros(len(part), dtype=bool)
    chosen[by[np.unique(part[by], return_index=True)[1]]] = True
    return chosen & (degree > 0) & np.isfinite(lowest[part])


def downhill(
    tail: Ints, head: Ints, length_m: Floats, against_m: Floats, outlets: Ints, n_nodes: int
) -> tuple[Bools, Bools]:
    """Turn as little as possible so that every piece leads to an outlet and nothing circles.

    Parameters
    ----------
    tail, head : where each piece begins and ends in its expected direction
    length_m : float array, metres
    against_m : float array
        How much speaks for the expected direction of a piece; 0 is nothing.
    outlets : positions of nodes; every part has at least one

    Returns
    -------
    turned, cut : bool arrays
        Pieces to turn because their expected direction leads away from every outlet, and
        those to turn because they would close a circle.

    Notes
    -----
    Shortest ways from the outlets (Dijkstra), where a step against the expected direction is
    dear, give every node a way down; only the pieces on such ways that oppose it are turned.
    What still circles (strongly connected) is turned towards the nearer outlet.
    """
    import numpy as np

    cost = np.concatenate([length_m, length_m + _AGAINST * against_m])
    lower, upper = np.concatenate([head, tail]), np.concatenate([tail, head])
    graph, arc = _least(lower, upper, cost, n_nodes)
    turned = np.zeros(len(tail), dtype=bool)
    used = _ways(graph, arc, outlets)[1]
    turned[used[used >= len(tail)] - len(tail)] = True
    now_tail, now_head = np.where(turned, head, tail), np.where(turned, tail, head)
    cut = _circles(now_tail, now_head, length_m, outlets, n_nodes)
    return turned & ~cut, cut & ~turned


def _least(lower: Ints, upper: Ints, cost: Floats, n_nodes: int) -> tuple[Any, Ints]:
    """Return the graph upwards with the least of parallel arcs, and the arc of each entry."""
    import numpy as np
    from scipy.sparse import csr_array

    by = np.lexsort((cost, upper, lower))
    first = np.ones(len(by), dtype=bool)
    same = (lower[by][1:] == lower[by][:-1]) & (upper[by][1:] == upper[by][:-1])
    first[1:] = ~same
    arc = by[first]
    starts = np.searchsorted(lower[arc], np.arange(n_nodes + 1))
    graph = csr_array((cost[arc], upper[arc], starts), shape=(n_nodes, n_nodes))
    return graph, arc


def _ways(graph: Any, arc: Ints, outlets: Ints) -> tuple[Floats, Ints]:
    """Return the cost from the nearest outlet to each node, and the arcs of the ways used."""
    import numpy as np
    from scipy.sparse.csgraph import dijkstra

    distance, before, _ = dijkstra(
        graph, directed=True, indices=outlets, min_only=True, return_predecessors=True
    )
    node = np.flatnonzero(before >= 0)
    n = graph.shape[0]
    row = np.repeat(np.arange(n), np.diff(graph.indptr))
    entry = np.searchsorted(row * n + graph.indices, before[node].astype(np.int64) * n + node)
    return distance, arc[entry]


def _circles(tail: Ints, head: Ints, length_m: Floats, outlets: Ints, n_nodes: int) -> Bools:
    """Return the pieces to turn so that nothing circles; every node keeps a way down."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(n_nodes, n_nodes)).tocsr()
    strong = connected_components(graph, directed=True, connection="strong")[1]
    inside = strong[tail] == strong[head]
    cut = np.zeros(len(tail), dtype=bool)
    if not inside.any():
        return cut
    upwards, arc = _least(head, tail, length_m, n_nodes)
    distance = _ways(upwards, arc, outlets)[0]
    nearer = distance[tail] < distance[head]
    level = (distance[tail] == distance[head]) & (tail < head)
    cut = inside & (nearer | level)
    return _restored(tail, head, cut, inside, strong, length_m)


#: Circles with more pieces than this are cut by distance alone.
_SMALL = 400


def _restored(
    tail: Ints, head: Ints, cut: Bools, inside: Bools, strong: Ints, length_m: Floats
) -> Bools:
    """Turn back what need not be turned, the longest first, circle by circle."""
    import numpy as np

    out = cut.copy()
    groups, size = np.unique(strong[tail[inside]], return_counts=True)
    small = np.isin(strong[tail], groups[size <= _SMALL]) & inside
    rows = np.flatnonzero(small)
    ahead: dict[int, list[int]] = {}
    for row in rows.tolist():
        a, b = int(tail[row]), int(head[row])
        if cut[row]:
            a, b = b, a
        ahead.setdefault(a, []).append(b)
    asked = rows[cut[rows]]
    for row in asked[np.lexsort((head[asked], tail[asked], -length_m[asked]))].tolist():
        a, b = int(tail[row]), int(head[row])
        ahead[b].remove(a)
        if _leads(ahead, b, a):
            ahead[b].append(a)
        else:
            ahead.setdefault(a, []).append(b)
            out[row] = False
    return out


def _leads(ahead: dict[int, list[int]], start: int, goal: int) -> bool:
    seen, stack = {start}, [start]
    while stack:
        node = stack.pop()
        if node == goal:
            return True
        fresh = [other for other in ahead.get(node, []) if other not in seen]
        seen.update(fresh)
        stack.extend(fresh)
    return False


def topological(matrix: Any) -> Ints:
    """Return the rows of an acyclic matrix, upstream before downstream, by sweeps from above.

    Raises
    ------
    ValueError
        The matrix has a circle.
    """
    import numpy as np

    n = matrix.shape[0]
    pointer, ahead = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    waiting = np.bincount(ahead, minlength=n)
    front = np.flatnonzero(waiting == 0)
    swept: list[Ints] = []
    while len(front):
        swept.append(front)
        count = pointer[front + 1] - pointer[front]
        total = int(count.sum())
        shift = np.repeat(pointer[front] - (np.cumsum(count) - count), count)
        reached = ahead[np.arange(total) + shift]
        np.subtract.at(waiting, reached, 1)
        front = np.unique(reached[waiting[reached] == 0])
    order = np.concatenate(swept) if swept else np.empty(0, dtype=np.int64)
    if len(order) != n:
        raise ValueError("The matrix has a circle, so there is no order downstream.")
    return order


def gathered(weights: Any, order: Ints, own: Floats) -> Floats:
    """Solve ``x = own + weights.T @ x``: the sum over all that drains to each row, itself too.

    ``weights[i, j]`` is the share of ``i`` that goes on into ``j``; in the order downstream the
    system is triangular.
    """
    import numpy as np
    from scipy.sparse import csr_array, identity
    from scipy.sparse.linalg import spsolve_triangular

    n = len(order)
    if not n:
        return own.astype(np.float64)
    sorted_ = weights[order][:, order]
    system = csr_array(identity(n, format="csr") - sorted_.T)
    out = np.empty(n)
    out[order] = spsolve_triangular(system, own[order].astype(np.float64), unit_diagonal=True)
    return out


def strahler(down: Ints, matrix: Any, order: Ints, used: Bools, springs: Bools) -> Ints:
    """Return the order of Strahler along main branches; 0 for rows that are not ``used``.

    A reach that nothing enters at its upper end, one of the ``springs``, has order 1; where two
    or more of the highest order k meet, the reach below has k + 1. A side arm that only takes water from its own
    river has the order of that river and does not raise it where it comes back.

    Notes
    -----
    Strahler (1957), Trans. AGU 38(6). Order by order instead of reach by reach: "at least
    k + 1" begins where two of at least k meet and holds for all below.
    """
    import numpy as np
    from scipy.sparse import csr_array

    n = len(down)
    has = np.flatnonzero(down >= 0)
    tree = csr_array((np.ones(len(has)), (has, down[has])), shape=(n, n))
    # what joins a spring in its middle meets the water of its upper part
    own = springs & (np.bincount(down[has], minlength=n) > 0)
    reached = (gathered(tree, order, (used & springs).astype(float)) > 0) & used
    out = reached.astype(np.int64)
    level = 1
    while True:
        high = has[reached[has]]
        meeting = np.bincount(down[high], minlength=n)
        seeds = (meeting + own if level == 1 else meeting) >= 2
        if not seeds.any():
            break
        level += 1
        reached = gathered(tree, order, seeds.astype(float)) > 0
        out[reached] = level
    return _side_arms(out, matrix, used)


def _side_arms(out: Ints, matrix: Any, used: Bools) -> Ints:
    """Give arms without a spring of their own the order of the river that feeds them."""
    import numpy as np

    rest = np.flatnonzero(used & (out == 0))
    if not len(rest):
        return out
    above = matrix.T.tocsr()
    source = np.arange(len(out))
    for row in rest.tolist():
        feeding = above.indices[above.indptr[row] : above.indptr[row + 1]]
        source[row] = feeding[np.argmax(out[feeding])] if len(feeding) else row
    while True:
        further = source[source]
        if (further == source).all():
            break
        source = further
    filled = out.copy()
    filled[rest] = np.maximum(out[source[rest]], 1)
    return filled


def cut_links(start: Ints, stop: Ints, gap_m: Floats, rank: Ints, n: int) -> Bools:
    """Return the links to cut so that nothing circles: per circle the one with the widest gap.

    Of equal gaps the link out of the reach of the highest ``rank`` is cut.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    cut: Bools = start == stop
    while True:
        kept = np.flatnonzero(~cut)
        graph = coo_array((np.ones(len(kept)), (start[kept], stop[kept])), shape=(n, n)).tocsr()
        strong = connected_components(graph, directed=True, connection="strong")[1]
        circling = kept[strong[start[kept]] == strong[stop[kept]]]
        if not len(circling):
            return cut
        circle = strong[start[circling]]
        by = np.lexsort((-rank[start[circling]], -np.round(gap_m[circling], 3), circle))
        cut[circling[by[np.unique(circle[by], return_index=True)[1]]]] = True
