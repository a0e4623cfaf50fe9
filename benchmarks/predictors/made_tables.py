"""Made-up tables of known structure: lines, steps, products of signs, clusters, and rows that nearly repeat others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from models.prediction.calibration import sigmoid

__all__ = ["made_tables"]

Made = tuple[pd.DataFrame, np.ndarray]
Sizes = tuple[tuple[int, float], ...]  # rows, base rate


def made_tables() -> Iterator[tuple[str, pd.DataFrame, np.ndarray]]:
    """Yield name, features and label of each."""
    kinds: dict[str, tuple[Callable[[np.random.Generator, int, float], Made], Sizes]] = {
        "line": (_line, ((1_000, 0.1), (5_600, 0.05), (20_000, 0.17))),
        "curves": (_curves, ((1_000, 0.1), (5_600, 0.25), (20_000, 0.02))),
        "signs": (_signs, ((1_000, 0.2), (5_600, 0.17), (20_000, 0.1))),
        "clusters": (_clusters, ((1_000, 0.4), (5_600, 0.17), (20_000, 0.05))),
        "twins": (_twins, ((2_000, 0.17), (5_630, 0.17))),
        "nothing": (_nothing, ((3_000, 0.15),)),
    }
    for kind, (make, sizes) in kinds.items():
        for rows, rate in sizes:
            features, label = make(np.random.default_rng(rows), rows, rate)
            yield f"{kind}, {rows:,}", features, label


def _drawn(random: np.random.Generator, score: np.ndarray, rate: float) -> np.ndarray:
    """Draw outcomes so that their share is about the rate."""
    from scipy.optimize import brentq

    shift = brentq(lambda moved: float(sigmoid(score + moved).mean()) - rate, -60.0, 60.0)
    return (random.random(len(score)) < sigmoid(score + shift)).astype(float)


def _frame(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[f"f{number:02}" for number in range(values.shape[1])])


def _line(random: np.random.Generator, rows: int, rate: float) -> Made:
    values = random.normal(size=(rows, 30))
    values[random.random(values.shape) < 0.05] = np.nan
    score = np.nan_to_num(values) @ random.normal(size=30) / 4
    return _frame(values), _drawn(random, score, rate)


def _curves(random: np.random.Generator, rows: int, rate: float) -> Made:
    """Friedman's first function (1991), as log-odds."""
    x = random.random((rows, 12))
    score = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return _frame(x), _drawn(random, score - score.mean(), rate)


def _signs(random: np.random.Generator, rows: int, rate: float) -> Made:
    x = random.normal(size=(rows, 15))
    score = 4 * np.sign(x[:, 0] * x[:, 1] * x[:, 2]) + 2 * np.sign(x[:, 3] * x[:, 4]) + x[:, 5]
    return _frame(x), _drawn(random, score, rate)


def _clusters(random: np.random.Generator, rows: int, rate: float) -> Made:
    from sklearn.datasets import make_classification

    values, label = make_classification(
        rows, 18, n_informative=10, n_clusters_per_class=16, weights=[1 - rate], class_sep=1.5, random_state=rows
    )
    return _frame(values), label.astype(float)


def _twins(random: np.random.Generator, rows: int, rate: float) -> Made:
    """A shop's customers of whom nearly each stands twice, with small changes and the same outcome."""
    half = rows // 2
    table = pd.DataFrame(
        {
            "tenure": random.gamma(1.2, 9, half).round(),
            "complaint": (random.random(half) < 0.28).astype(float),
            "cashback": random.normal(177, 49, half).round(2),
            "orders": random.poisson(3, half).astype(float),
            "days_since_order": random.poisson(4.5, half).astype(float),
            "distance": random.gamma(3.5, 4.5, half).round(),
            "devices": random.integers(1, 7, half).astype(float),
            "satisfaction": random.integers(1, 6, half).astype(float),
            "addresses": random.poisson(4, half).astype(float),
            "category": random.choice(["laptop", "mobile", "fashion", "grocery"], half),
            "status": random.choice(["single", "married", "divorced"], half),
        }
    )
    score = 2 * table["complaint"] - table["tenure"] / 4 + table["devices"] / 8 + table["distance"] / 50
    score = score + 1.2 * (table["status"] == "single") + random.normal(0, 2, half)
    label = (score > np.quantile(score, 1 - rate)).to_numpy(dtype=float)
    twin = table.assign(
        cashback=table["cashback"] + random.normal(0, 3, half).round(2) * (random.random(half) < 0.5),
        distance=table["distance"] + (random.random(half) < 0.3),
    )
    order = random.permutation(2 * half)
    return pd.concat([table, twin]).iloc[order].reset_index(drop=True), np.concatenate([label, label])[order]


def _nothing(random: np.random.Generator, rows: int, rate: float) -> Made:
    return _frame(random.normal(size=(rows, 20))), (random.random(rows) < rate).astype(float)
