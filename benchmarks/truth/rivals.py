"""What a user would pick instead: the same levers, weighed by other rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from features.cases.table import CaseTable
from features.kpis.columns import context_columns, kpi_column, outcome_column

__all__ = ["PLAIN_RULES", "RULES", "Given", "given", "weigh"]

PLAIN_RULES = ("fair plain rule", "single cases")
"""Those that the advice must not lose to: people compared, and single cases."""


class Given:
    """What every rule is given: the cases whose outcome is known, levers turned so that more is better.

    Parameters
    ----------
    kpis : list of str
    """

    def __init__(self, cases: CaseTable, catalogue: Catalogue, kpis: list[str]) -> None:
        frame = cases.frame[cases.frame[outcome_column("churn")].notna()].reset_index(drop=True)
        self.kpis = kpis
        self.frame = frame
        self.left = frame[outcome_column("churn")].to_numpy(dtype=float)
        self.values = np.column_stack([_turned(frame, catalogue, kpi) for kpi in kpis])
        self.person = pd.factorize(frame["employee_id"])[0]
        self.cell = frame.groupby(["process", "priority", "period"], observed=True).ngroup().to_numpy()

    @property
    def filled(self) -> np.ndarray:
        """Values standardised, unknown ones at the mean."""
        mean, sd = np.nanmean(self.values, axis=0), np.nanstd(self.values, axis=0)
        return np.nan_to_num((self.values - mean) / np.where(sd > 0, sd, 1.0))


def given(cases: CaseTable, catalogue: Catalogue, kpis: list[str]) -> Given:
    """Gather what every rule is given."""
    return Given(cases, catalogue, kpis)


def weigh(data: Given) -> dict[str, dict[str, float]]:
    """Return the weights of every rule: name to KPI to weight, of any scale."""
    return {
        name: dict(zip(data.kpis, np.nan_to_num(np.asarray(rule(data), float)).tolist(), strict=True))
        for name, rule in RULES.items()
    }


def _turned(frame: pd.DataFrame, catalogue: Catalogue, kpi: str, /) -> np.ndarray:
    return catalogue[kpi].sign * frame[kpi_column(kpi)].to_numpy(dtype=float, na_value=np.nan)


def _demeaned(matrix: np.ndarray, codes: np.ndarray, /) -> np.ndarray:
    counts = np.maximum(np.bincount(codes), 1)
    return np.column_stack(
        [column - (np.bincount(codes, weights=column) / counts)[codes] for column in np.atleast_2d(matrix.T)]
    )


def _person_sd(data: Given, /) -> np.ndarray:
    """Between-person SD of each KPI within process, priority and month, without the noise of cases."""
    around = _demeaned(data.filled, data.cell)
    counts = np.maximum(np.bincount(data.person), 1)
    means = np.column_stack([np.bincount(data.person, weights=column) / counts for column in around.T])
    within = ((around - means[data.person]) ** 2).sum(axis=0) / max(len(around) - len(counts), 1)
    return np.sqrt(np.maximum(np.average(means**2, axis=0, weights=counts) - within * len(counts) / len(around), 1e-6))


def equal(data: Given) -> np.ndarray:
    """The same for all."""
    return np.ones(len(data.kpis))


def correlation(data: Given) -> np.ndarray:
    """Absolute correlation with leaving, case by case."""
    return np.abs([np.corrcoef(column, data.left)[0, 1] if column.std() > 0 else 0.0 for column in data.filled.T])


def fair_plain(data: Given) -> np.ndarray:
    """Employee means within process × priority × month, regressed jointly, shrunk by their own noise."""
    around = _demeaned(np.column_stack([data.filled, data.left]), data.cell)
    counts = np.maximum(np.bincount(data.person), 1)
    means = np.column_stack([np.bincount(data.person, weights=column) / counts for column in around.T])
    root = np.sqrt(counts)[:, None]
    x, y = means[:, :-1] * root, means[:, -1] * root[:, 0]
    gram = x.T @ x
    slope = np.linalg.solve(gram + 1e-9 * np.trace(gram) * np.eye(len(gram)), x.T @ y)
    rest = y - x @ slope
    error = np.diag(np.linalg.pinv(gram)) * float(rest @ rest) / max(len(y) - x.shape[1], 1)
    sure = np.maximum(1.0 - error / np.maximum(slope**2, 1e-12), 0.0)
    return np.maximum(-slope * sure * _person_sd(data), 0.0)


def single_cases(data: Given) -> np.ndarray:
    """Leaving on what was done in a case, all levers jointly, within process × priority × month."""
    around = _demeaned(np.column_stack([data.filled, data.left]), data.cell)
    slope = np.linalg.lstsq(around[:, :-1], around[:, -1], rcond=None)[0]
    return np.maximum(-slope * _person_sd(data), 0.0)


def person_effects(data: Given) -> np.ndarray:
    """The same, each person compared with themselves."""
    around = np.column_stack([data.filled, data.left])
    for _ in range(3):
        around = _demeaned(_demeaned(around, data.cell), data.person)
    slope = np.linalg.lstsq(around[:, :-1], around[:, -1], rcond=None)[0]
    return np.maximum(-slope * _person_sd(data), 0.0)


def absolute_shap(data: Given) -> np.ndarray:
    """Mean |SHAP| of a model of leaving, case mix in the model."""
    return np.abs(_shap(data)).mean(axis=0)


def signed_shap(data: Given) -> np.ndarray:
    """How SHAP values go with the KPI: the slope, per SD between people, where it helps."""
    shap, part = _shap(data), data.filled[_shap_rows(data)]
    slope = np.array(
        [
            float(s @ (v - v.mean())) / max(float(((v - v.mean()) ** 2).sum()), 1e-9)
            for s, v in zip(shap.T, part.T, strict=True)
        ]
    )
    return np.maximum(-slope * _person_sd(data), 0.0)


def _shap_rows(data: Given, /) -> np.ndarray:
    return np.random.default_rng(1).permutation(len(data.left))[:4000]


def _shap(data: Given, /) -> np.ndarray:
    cached = getattr(data, "_shap_values", None)
    if cached is not None:
        return cached
    import lightgbm

    frame = data.frame
    mix = frame[context_columns(frame)]
    levers = pd.DataFrame(data.values, columns=data.kpis)
    features = pd.concat([levers, mix, frame[["process", "priority", "channel"]].astype("category")], axis=1)
    features.columns = [f"f{at}" for at in range(features.shape[1])]
    settings = {
        "objective": "binary",
        "num_leaves": 15,
        "learning_rate": 0.1,
        "verbosity": -1,
        "num_threads": 1,
        "seed": 1,
    }
    model = lightgbm.train(settings, lightgbm.Dataset(features, data.left), num_boost_round=40)
    part = features.iloc[_shap_rows(data)]
    found = np.asarray(model.predict(part, pred_contrib=True))[:, : len(data.kpis)]
    data._shap_values = found  # type: ignore[attr-defined]
    return found


RULES: dict[str, Callable[[Given], np.ndarray]] = {
    "equal": equal,
    "absolute correlation": correlation,
    "mean |SHAP|": absolute_shap,
    "signed SHAP": signed_shap,
    "single cases": single_cases,
    "person fixed effects": person_effects,
    "fair plain rule": fair_plain,
}
