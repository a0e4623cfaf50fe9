"""What a user would pick instead: the same levers, weighed by other rules."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from features.cases.table import CaseTable
from features.kpis.columns import context_columns, kpi_column, outcome_column

__all__ = ["ECONML", "PLAIN_RULES", "RULES", "Given", "econml", "given", "johnson", "lmg", "weigh"]

ECONML = "EconML, LinearDML"
"""Runs in an environment of its own, so that it is there only where one is given."""

PLAIN_RULES = ("fair plain rule", "single cases")
"""Those that the advice must not lose to: people compared, and single cases."""


@dataclass
class Given:
    """What every rule is given: the cases whose outcome is known, levers turned so that more is better.

    Parameters
    ----------
    kpis : list of str
    left : array of shape (cases,)
    values : array of shape (cases, KPIs)
        NaN unknown.
    person, cell : int arrays of shape (cases,)
        Who handled it; process × priority × month.
    """

    kpis: list[str]
    frame: pd.DataFrame
    left: np.ndarray
    values: np.ndarray
    person: np.ndarray
    cell: np.ndarray

    @cached_property
    def filled(self) -> np.ndarray:
        """Values standardised, unknown ones at the mean."""
        mean, sd = np.nanmean(self.values, axis=0), np.nanstd(self.values, axis=0)
        return np.nan_to_num((self.values - mean) / np.where(sd > 0, sd, 1.0))

    @cached_property
    def monthly(self) -> np.ndarray:
        """Means of people by month, levers then leaving: what a scorecard's table holds."""
        month = self.frame["period"].to_numpy()
        codes = pd.MultiIndex.from_arrays([self.person, month]).factorize()[0]
        table = np.column_stack([self.filled, self.left])
        return _means(table, codes)

    @cached_property
    def shap(self) -> np.ndarray:
        """SHAP values of the levers in some cases, from a model of leaving with the case mix in it."""
        return _shap(self)

    @cached_property
    def explained(self) -> Callable[[tuple[int, ...]], float]:
        """The share of the variance of leaving, of people by month, that some levers explain."""
        correlations = np.corrcoef(self.monthly.T)
        mine, answer = correlations[:-1, :-1], correlations[:-1, -1]

        def share(chosen: tuple[int, ...]) -> float:
            at = list(chosen)
            return float(answer[at] @ np.linalg.lstsq(mine[np.ix_(at, at)], answer[at], rcond=None)[0]) if at else 0.0

        return share


def given(cases: CaseTable, catalogue: Catalogue, kpis: list[str]) -> Given:
    """Gather what every rule is given."""
    frame = cases.frame[cases.frame[outcome_column("churn")].notna()].reset_index(drop=True)
    return Given(
        kpis=kpis,
        frame=frame,
        left=frame[outcome_column("churn")].to_numpy(dtype=float),
        values=np.column_stack([_turned(frame, catalogue, kpi) for kpi in kpis]),
        person=pd.factorize(frame["employee_id"])[0],
        cell=frame.groupby(["process", "priority", "period"], observed=True).ngroup().to_numpy(),
    )


def weigh(data: Given, econml_python: str | None = None) -> dict[str, dict[str, float]]:
    """Return the weights of every rule: name to KPI to weight, of any scale.

    Parameters
    ----------
    econml_python : str, optional
        The Python of an environment with EconML; without it that rule is left out.
    """
    found = {name: rule(data) for name, rule in RULES.items()}
    if econml_python is not None:
        found[ECONML] = econml(data, econml_python)
    return {
        name: dict(zip(data.kpis, np.nan_to_num(np.asarray(weights, float)).tolist(), strict=True))
        for name, weights in found.items()
    }


def _turned(frame: pd.DataFrame, catalogue: Catalogue, kpi: str, /) -> np.ndarray:
    return catalogue[kpi].sign * frame[kpi_column(kpi)].to_numpy(dtype=float, na_value=np.nan)


def _means(matrix: np.ndarray, codes: np.ndarray, /) -> np.ndarray:
    counts = np.maximum(np.bincount(codes), 1)
    return np.column_stack([np.bincount(codes, weights=column) / counts for column in matrix.T])


def _demeaned(matrix: np.ndarray, codes: np.ndarray, /) -> np.ndarray:
    return matrix - _means(matrix, codes)[codes]


def _person_sd(data: Given, /) -> np.ndarray:
    """Between-person SD of each KPI within process, priority and month, without the noise of cases."""
    around = _demeaned(data.filled, data.cell)
    counts = np.maximum(np.bincount(data.person), 1)
    means = _means(around, data.person)
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
    means = _means(around, data.person)
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
    return np.abs(data.shap).mean(axis=0)


def signed_shap(data: Given) -> np.ndarray:
    """How SHAP values go with the KPI: the slope, per SD between people, where it helps."""
    shap, part = data.shap, data.filled[_shap_rows(data)]
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
    import lightgbm

    frame = data.frame
    levers = pd.DataFrame(data.values, columns=data.kpis)
    mix = frame[[*context_columns(frame), "process", "priority", "channel"]]
    features = pd.concat([levers, mix], axis=1)
    features.columns = [f"f{at}" for at in range(features.shape[1])]
    settings = {"objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "verbosity": -1, "num_threads": 1}
    model = lightgbm.train(settings | {"seed": 1}, lightgbm.Dataset(features, data.left), num_boost_round=40)
    found = model.predict(features.iloc[_shap_rows(data)], pred_contrib=True)
    return np.asarray(found)[:, : len(data.kpis)]


def econml(data: Given, python: str) -> np.ndarray:
    """Double machine learning by EconML, one lever at a time, in the environment of another Python.

    Source: Chernozhukov et al. 2018; ``econml.dml.LinearDML``. Unknown values are at the mean, since it takes none.

    Raises
    ------
    RuntimeError
        If the other Python fails, with what it said.
    """
    frame = data.frame
    cases = frame[[*context_columns(frame), "process", "priority", "channel", "period"]].copy()
    cases["period"] = cases["period"].astype(str)
    for at, kpi in enumerate(data.kpis):
        cases[f"lever:{kpi}"] = data.filled[:, at]
    cases["left__"] = data.left
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cases.to_parquet(folder / "cases.parquet", index=False)
        script = Path(__file__).with_name("econml_fit.py")
        done = subprocess.run([python, str(script), place], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"EconML failed:\n{done.stderr[-2000:]}")
        effects = json.loads((folder / "effects.json").read_text("utf-8"))
    return np.maximum(-np.array([effects[kpi] for kpi in data.kpis]) * _person_sd(data), 0.0)


def entropy(data: Given) -> np.ndarray:
    """Entropy weights: the more people differ in a KPI, the more it weighs, whatever it does."""
    table = data.monthly[:, :-1]
    share = table - table.min(axis=0) + 1e-9
    share /= share.sum(axis=0)
    return 1.0 + (share * np.log(share)).sum(axis=0) / np.log(len(share))


def critic(data: Given) -> np.ndarray:
    """CRITIC (Diakoulaki, Mavrotas & Papayannakis 1995): spread, and how little a KPI goes with the others."""
    table = data.monthly[:, :-1]
    scaled = (table - table.min(axis=0)) / np.maximum(np.ptp(table, axis=0), 1e-12)
    return scaled.std(axis=0) * (1.0 - np.nan_to_num(np.corrcoef(scaled.T))).sum(axis=0)


def johnson(data: Given) -> np.ndarray:
    """Relative weights (Johnson 2000)."""
    correlations = np.nan_to_num(np.corrcoef(data.monthly.T))
    own, vectors = np.linalg.eigh(correlations[:-1, :-1])
    root = (vectors * np.sqrt(np.maximum(own, 1e-9))) @ vectors.T
    return root**2 @ np.linalg.solve(root, correlations[:-1, -1]) ** 2


def lmg(data: Given) -> np.ndarray:
    """Shares of explained variance averaged over all orders of the levers (Lindeman, Merenda & Gold 1980)."""
    size = len(data.kpis)
    known = {each: data.explained(each) for n in range(size + 1) for each in combinations(range(size), n)}
    found = np.zeros(size)
    for chosen, share in known.items():
        for lever in chosen:
            rest = tuple(each for each in chosen if each != lever)
            found[lever] += (share - known[rest]) / (size * comb(size - 1, len(rest)))
    return found


RULES: dict[str, Callable[[Given], np.ndarray]] = {
    "equal": equal,
    "entropy": entropy,
    "CRITIC": critic,
    "absolute correlation": correlation,
    "Johnson": johnson,
    "LMG": lmg,
    "mean |SHAP|": absolute_shap,
    "signed SHAP": signed_shap,
    "single cases": single_cases,
    "person fixed effects": person_effects,
    "fair plain rule": fair_plain,
}
