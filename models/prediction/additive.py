"""A ridge-penalised logistic regression on binned features, written as trees of one feature each.

Where rows are few, many weak signals add up to more than the few splits that boosting dares to make. Written as trees
the model is kept, scored, served and explained as boosted trees are: one tree per feature, so that exact TreeSHAP
gives each feature's own term less its mean.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["fit_additive"]

_MAX_BINS = 16
_MAX_LEVELS = 30
_WINSOR = 5.0


def fit_additive(
    matrix: np.ndarray, label: np.ndarray, *, categorical: Collection[int], weight: float, seed: int
) -> lgb.Booster:
    """Fit the regression and return it as a LightGBM model.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
        As ``Encoding.matrix`` gives it.
    label : numpy.ndarray, shape (rows,)
        0 or 1, both present.
    categorical : collection of int
        Positions of categorical features.
    weight : float
        Of the data against the penalty (scikit-learn's C): the smaller, the nearer to the base rate.
    seed : int
        Unused by the fit, which has one solution; kept in the model's parameters.

    Returns
    -------
    lightgbm.Booster
        Its raw score is the log-odds.
    """
    import lightgbm as lgb
    from sklearn.linear_model import LogisticRegression

    terms = [_term(matrix[:, place], place in categorical) for place in range(matrix.shape[1])]
    design = np.column_stack([term.values[term.bins] for term in terms]) if terms else np.zeros((len(label), 0))
    rate = float(label.mean())
    bias, slopes = float(np.log(rate / (1 - rate))), np.zeros(design.shape[1])
    if design.shape[1]:
        model: Any = LogisticRegression(C=weight, solver="newton-cholesky", max_iter=100, tol=1e-8).fit(design, label)
        bias, slopes = float(model.intercept_[0]), model.coef_[0]
    trees, at = [], 0
    for place, term in enumerate(terms):
        width = term.values.shape[1]
        heights = term.values @ slopes[at : at + width]
        at += width
        if np.ptp(heights) > 0:
            trees.append(_tree(place, term, heights))
    trees.insert(0, ["num_leaves=1", "num_cat=0", f"leaf_value={bias!r}", "is_linear=0", "shrinkage=1"])
    ranges = [f"[{np.nanmin(x):.17g}:{np.nanmax(x):.17g}]" if np.isfinite(x).any() else "none" for x in matrix.T]
    head = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={matrix.shape[1] - 1}",
        "objective=binary sigmoid:1",
        "feature_names=" + " ".join(f"Column_{place}" for place in range(matrix.shape[1])),
        "feature_infos=" + " ".join(ranges),
    ]
    blocks = ["\n".join([f"Tree={number}", *lines]) + "\n\n\n" for number, lines in enumerate(trees)]
    sizes = "tree_sizes=" + " ".join(str(len(block)) for block in blocks)
    tail = f"end of trees\n\nparameters:\n[objective: binary]\n[seed: {seed}]\nend of parameters\n\n"
    return lgb.Booster(
        model_str="\n".join([*head, sizes]) + "\n\n" + "".join(blocks) + tail + "pandas_categorical:null\n"
    )


@dataclass(frozen=True)
class _Term:
    """A feature in bins: upper edges of all but the last, each row's bin, and each bin's columns in the regression.

    Where rows are unknown, they are the last bin.
    """

    edges: np.ndarray
    bins: np.ndarray
    values: np.ndarray
    unknown: bool


def _term(column: np.ndarray, categorical: bool, /) -> _Term:
    gone = np.isnan(column)
    known = column[~gone]
    distinct = np.unique(known)
    cuts = np.arange(len(distinct) - 1)
    if categorical:
        cuts = cuts[:_MAX_LEVELS]  # codes are in order of frequency: the rest is one bin
    elif len(distinct) > _MAX_BINS:
        inner = np.quantile(known, np.linspace(0, 1, _MAX_BINS + 1)[1:-1], method="inverted_cdf")
        cuts = np.intersect1d(np.searchsorted(distinct, inner), cuts)
    # halfway to the next value, as LightGBM cuts, so that rounding on the way moves no row; no bin is empty
    halfway = (distinct[cuts] + distinct[cuts + 1]) / 2
    edges = np.where(halfway < distinct[cuts + 1], halfway, distinct[cuts])
    bins = np.searchsorted(edges, np.where(gone, 0.0, column), side="left")
    count = len(edges) + 1
    if categorical:
        values = np.eye(count)[:, 1:]
    else:
        rows = np.bincount(bins[~gone], minlength=count)
        means = np.bincount(bins[~gone], weights=known, minlength=count) / np.maximum(rows, 1)  # 0/1: nothing known
        centre = float(known.mean()) if len(known) else 0.0
        spread = float(known.std()) if len(known) else 0.0
        scaled = np.clip((means - centre) / spread, -_WINSOR, _WINSOR) if spread > 0 else np.zeros(count)
        values = scaled[:, None] if spread > 0 else np.zeros((count, 0))
    unknown = bool(gone.any() and len(known))
    if unknown:
        usual = int(np.searchsorted(edges, np.median(known))) if not categorical else 0
        values = np.vstack([values, values[usual]])
        values = np.column_stack([values, np.append(np.zeros(count), 1.0)])
        bins = np.where(gone, count, bins)
    elif gone.any():
        bins = np.zeros(len(column), dtype=np.int64)
    return _Term(edges, bins, values, unknown)


def _tree(place: int, term: _Term, heights: np.ndarray, /) -> list[str]:
    """Return a balanced tree over the bins as lines of LightGBM's text; the unknown branch off at the root."""
    rows = np.bincount(term.bins, minlength=len(heights)).astype(np.int64)
    nodes: list[list[Any]] = []  # threshold, decision, left, right, value, rows

    def grow(low: int, high: int) -> int:
        if high - low == 1:
            return -low - 1
        here, count = len(nodes), rows[low:high].sum()
        nodes.append([])
        apart = term.unknown and high == len(heights)
        middle = high - 1 if apart else (low + high) // 2
        threshold = 1e300 if apart else float(term.edges[middle - 1])
        mean = float(np.average(heights[low:high], weights=rows[low:high]))
        left, right = grow(low, middle), grow(middle, high)
        nodes[here] = [threshold, 8 if term.unknown else 2, left, right, mean, count]
        return here

    grow(0, len(heights))
    threshold, decision, left, right, mean, count = zip(*nodes, strict=True)
    return [
        f"num_leaves={len(heights)}",
        "num_cat=0",
        _line("split_feature", [place] * len(nodes)),
        _line("split_gain", [1] * len(nodes)),
        _line("threshold", threshold),
        _line("decision_type", decision),
        _line("left_child", left),
        _line("right_child", right),
        _line("leaf_value", heights.tolist()),
        _line("leaf_weight", rows.tolist()),
        _line("leaf_count", rows.tolist()),
        _line("internal_value", mean),
        _line("internal_weight", count),
        _line("internal_count", count),
        "is_linear=0",
        "shrinkage=1",
    ]


def _line(name: str, values: Sequence[float], /) -> str:
    return f"{name}=" + " ".join(f"{value:.17g}" for value in values)
