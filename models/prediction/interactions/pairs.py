"""Shapley interactions of trees, pair by pair: what two KPIs add together beyond what each adds alone.

``shap`` computes them as well, but reads no splits on categories, which LightGBM makes: its sums then miss the
prediction. Here they are exact for every split.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.prediction.fitted_model import BlendedModel, TreeModel
from models.prediction.interactions.tree_paths import LeafPath, leaf_paths

if TYPE_CHECKING:
    from models.prediction.predictor import BoostedPredictor

__all__ = ["interaction_values", "strongest_pairs"]


def interaction_values(predictor: BoostedPredictor, matrix: np.ndarray, groups: Sequence[str], /) -> np.ndarray:
    """Return what each pair of groups of features adds to each prediction together.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
        As ``predictor.encoding.matrix`` gives it.
    groups : sequence of str, length features
        Whose each feature is, such as its KPI.

    Returns
    -------
    numpy.ndarray, shape (rows, groups, groups)
        Groups in the order of their first feature; log-odds before calibration, or the number's own unit. Symmetric:
        half of what a pair adds stands at either place, as ``shap`` has it. The diagonal is 0: interactions within a
        group are part of the group. Linear models have none.

    Source
    ------
    Fujimoto, Kojadinovic & Marichal (2006), the Shapley interaction index; Lundberg et al. (2020), its use on trees,
    each path weighed by the rows learned from; Yu et al. (2022), "Linear TreeShap": products over a path's features.
    """
    names = list(dict.fromkeys(groups))
    place = np.array([names.index(name) for name in groups])
    found = np.zeros((len(matrix), len(names), len(names)))
    model = predictor.model
    trees, share = (model.boosted, 1.0 - model.share) if isinstance(model, BlendedModel) else (model, 1.0)
    if isinstance(trees, TreeModel):
        for path in leaf_paths(trees.booster, matrix):
            _add(found, path, place)
    return share * found


def _add(found: np.ndarray, path: LeafPath, place: np.ndarray, /) -> None:
    """Add what pairs of features on one path add."""
    owners, size = place[path.features], len(path.features)
    if len(np.unique(owners)) < 2:
        return
    together = _of_path(path)
    for one in range(size):
        for other in range(size):
            if owners[one] != owners[other]:
                found[:, owners[one], owners[other]] += together[:, one, other]


def _of_path(path: LeafPath, /) -> np.ndarray:
    """Return the halves of each pair's interaction (rows, on the way, on the way).

    A known feature lets a row through or not, an unknown one lets its share through: a product over features. Its mean
    over all orders is the integral of products of ``t · passes + (1 - t) · shares`` over t from 0 to 1: polynomials,
    for which Gauss-Legendre quadrature is exact.
    """
    size = len(path.features)
    nodes, weights = np.polynomial.legendre.leggauss(max(1, size // 2))
    known, passes = (nodes[:, None, None] + 1.0) / 2.0, path.passes[None]
    mixed = known * passes + (1.0 - known) * path.shares
    gains = (passes - path.shares) / np.maximum(mixed, 1e-300)
    whole = 0.5 * weights[:, None] * mixed.prod(axis=2)
    return 0.5 * path.value * np.einsum("qr,qri,qrj->rij", whole, gains, gains)


def strongest_pairs(values: np.ndarray, names: Sequence[str], most: int, /) -> pd.DataFrame:
    """Return the pairs that move predictions most.

    Parameters
    ----------
    values : numpy.ndarray, shape (rows, groups, groups)
        As ``interaction_values`` gives them.
    names : sequence of str
        Of the groups.
    most : int
        How many pairs.

    Returns
    -------
    pandas.DataFrame
        kpi, other_kpi, mean_abs_interaction (both halves together), the strongest first; pairs that no row shows are
        left out.

    Examples
    --------
    >>> values = np.zeros((2, 3, 3))
    >>> values[:, 0, 2] = values[:, 2, 0] = [0.1, -0.3]
    >>> strongest_pairs(values, ["csat", "plan", "wait"], 2).to_dict("records")
    [{'kpi': 'csat', 'other_kpi': 'wait', 'mean_abs_interaction': 0.4}]
    """
    size = 2.0 * np.abs(values).mean(axis=0) if len(values) else np.zeros(values.shape[1:])
    pairs = [(size[one, other], one, other) for one in range(len(names)) for other in range(one + 1, len(names))]
    found = sorted((pair for pair in pairs if pair[0] > 0), key=lambda pair: (-pair[0], pair[1], pair[2]))[:most]
    rows = [(names[one], names[other], float(strength)) for strength, one, other in found]
    return pd.DataFrame(rows, columns=["kpi", "other_kpi", "mean_abs_interaction"])
