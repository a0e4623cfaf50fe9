"""What somebody would use instead: forecasts that a predictor must beat to be worth its trouble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from models.prediction.calibration import sigmoid
from models.prediction.encoding import Encoding
from models.prediction.linear import MAX_LEVELS, WINSOR

__all__ = ["Asked", "baseline_predictions", "strongest_feature"]

_RANKED_ROWS = 20_000
Kind = Literal["probability", "number"]


@dataclass(frozen=True)
class Asked:
    """What baselines predict, and from what.

    Parameters
    ----------
    kind : {"probability", "number"}
    single : int
        Position of the feature for ``last_value``: the last value or own mean, regressed to the mean by a fitted line.
    forecast : int or None
        Position of the feature for ``hierarchical``: a forecast in log-odds, taken as it is.
    """

    encoding: Encoding
    kind: Kind
    single: int
    seed: int
    forecast: int | None = None


def baseline_predictions(
    train: np.ndarray,
    label: np.ndarray,
    test: np.ndarray,
    *,
    asked: Asked,
) -> dict[str, np.ndarray]:
    """Predict the test rows by every baseline, each fitted on the training rows alone.

    Parameters
    ----------
    train, test : numpy.ndarray, shape (rows, features)
        As ``Encoding.matrix`` gives them.
    label : numpy.ndarray, shape (training rows,)

    Returns
    -------
    dict of str to numpy.ndarray
        ``base_rate``, ``last_value``, ``logistic_regression`` (for numbers ``linear_regression``), ``plain_lightgbm``;
        where the table has a forecast, ``hierarchical``.
    """
    encoding, kind, single = asked.encoding, asked.kind, asked.single
    one = Encoding(
        (encoding.features[single],),
        {name: values for name, values in encoding.categories.items() if name == encoding.features[single]},
    )
    linear = "logistic_regression" if kind == "probability" else "linear_regression"
    column = slice(single, single + 1)
    forecasts: dict[str, np.ndarray] = {}
    if asked.forecast is not None:
        forecasts["hierarchical"] = sigmoid(test[:, asked.forecast])
    return {
        "base_rate": np.full(len(test), label.mean()),
        "last_value": _regression(train[:, column], label, test[:, column], one, kind),
        **forecasts,
        linear: _regression(train, label, test, encoding, kind),
        "plain_lightgbm": _plain_lightgbm(train, label, test, encoding, kind, asked.seed),
    }


def strongest_feature(matrix: np.ndarray, label: np.ndarray, encoding: Encoding, /) -> int:
    """Return the position of the feature that alone orders the training rows best.

    It stands in for the last value where a table names none, as churn's does: nobody who is still here has left before.
    """
    rows = slice(None, None, max(1, len(label) // _RANKED_ROWS))
    strength = [
        _strength(matrix[rows, position], label[rows], name in encoding.categories)
        for position, name in enumerate(encoding.features)
    ]
    return int(np.argmax(strength))


def _strength(values: np.ndarray, label: np.ndarray, categorical: bool, /) -> float:
    """Share of the outcome's variance between ten bins, or between categories, cleared of chance."""
    if categorical:
        part = np.where(np.isnan(values), -1, values)
    else:
        edges = np.nanquantile(values, np.linspace(0.1, 0.9, 9)) if np.isfinite(values).any() else np.zeros(1)
        part = np.where(np.isnan(values), -1, np.searchsorted(np.unique(edges), values))
    _, of_row, rows = np.unique(part, return_inverse=True, return_counts=True)
    mean = np.bincount(of_row, weights=label) / rows
    between = float((rows * (mean - label.mean()) ** 2).sum())
    return between / max(float(((label - label.mean()) ** 2).sum()), 1e-12) - (len(rows) - 1) / len(label)


def _regression(train: np.ndarray, label: np.ndarray, test: np.ndarray, encoding: Encoding, kind: Kind) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression, Ridge

    design, of_test = _design(train, train, encoding), _design(train, test, encoding)
    if design.shape[1] == 0:
        return np.full(len(test), label.mean())
    if kind == "number":
        return np.asarray(Ridge(alpha=1.0).fit(design, label).predict(of_test))
    model: Any = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=100)
    return np.asarray(model.fit(design, label).predict_proba(of_test)[:, 1])


def _design(train: np.ndarray, rows: np.ndarray, encoding: Encoding, /) -> np.ndarray:
    """Standardised numbers with the median for unknown ones, a flag for unknown, and a flag per category."""
    columns = []
    for position, name in enumerate(encoding.features):
        seen, values = train[:, position], rows[:, position]
        if name in encoding.categories:
            for code in range(1, min(len(encoding.categories[name]), MAX_LEVELS)):
                columns.append(values == code)
        else:
            known = seen[~np.isnan(seen)]
            spread = float(known.std()) if len(known) else 0.0
            if spread > 0:
                filled = np.where(np.isnan(values), np.median(known), values)
                columns.append(np.clip((filled - known.mean()) / spread, -WINSOR, WINSOR))
        if 0 < np.isnan(seen).sum() < len(seen):
            columns.append(np.isnan(values))
    return np.column_stack(columns).astype(np.float64) if columns else np.zeros((len(rows), 0))


def _plain_lightgbm(
    train: np.ndarray, label: np.ndarray, test: np.ndarray, encoding: Encoding, kind: Kind, seed: int
) -> np.ndarray:
    """LightGBM as it comes: 100 trees of 31 leaves, no early stopping, no calibration."""
    import lightgbm as lgb

    parameters = {
        "objective": "binary" if kind == "probability" else "regression",
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    dataset = lgb.Dataset(train, label, categorical_feature=encoding.categorical, params=parameters)
    return np.asarray(lgb.train(parameters, dataset, 100).predict(test))
