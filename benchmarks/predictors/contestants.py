"""What a user would pick instead of Baton's predictor, each fitted on the same rows and asked about the same others."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.training.table import TrainingTable
from models.folds import group_folds
from models.prediction.encoding import Encoding
from models.prediction.predictor import predictor_class

__all__ = ["CONTESTANTS", "Asked", "flaml", "timed"]

SEED = 7
MIN_AUTOML_SECONDS = 5.0  # in less it may have no model to show
MAX_AUTOML_SECONDS = 60.0


@dataclass(frozen=True)
class Asked:
    """Rows to learn from and rows to foresee.

    Parameters
    ----------
    train, test : numpy.ndarray of bool, shape (labelled rows,)
    """

    table: TrainingTable
    train: np.ndarray
    test: np.ndarray

    @property
    def known(self) -> pd.DataFrame:
        """Rows learned from."""
        return self.table.labelled[self.train]

    @property
    def unseen(self) -> pd.DataFrame:
        """Features of the rows to foresee."""
        return self.table.labelled.loc[self.test, list(self.table.features)]

    def matrices(self) -> tuple[Encoding, np.ndarray, np.ndarray, np.ndarray]:
        """Return the encoding of the training rows, their matrix and label, and the matrix of the others."""
        known = self.known
        encoding = Encoding.learn(known, self.table.features)
        label = known["label"].to_numpy(dtype=float)
        return encoding, encoding.matrix(known[list(self.table.features)]), label, encoding.matrix(self.unseen)


def _baton(asked: Asked) -> np.ndarray:
    from dataclasses import replace

    return predictor_class(asked.table.outcome).fit(replace(asked.table, frame=asked.known), SEED).predict(asked.unseen)


def _plain_lightgbm(asked: Asked) -> np.ndarray:
    """LGBMClassifier as it comes: 100 trees of 31 leaves."""
    from lightgbm import LGBMClassifier

    encoding, matrix, label, unseen = asked.matrices()
    model: Any = LGBMClassifier(random_state=SEED, n_jobs=1, verbosity=-1)
    model.fit(matrix, label, categorical_feature=encoding.categorical)
    return model.predict_proba(unseen)[:, 1]


def _stopped_lightgbm(asked: Asked) -> np.ndarray:
    """The same, its number of trees by early stopping on a fifth of the groups."""
    import lightgbm as lgb

    encoding, matrix, label, unseen = asked.matrices()
    held = group_folds(asked.known["group"].astype(str).to_numpy(), label, 5, SEED) == 0
    model: Any = lgb.LGBMClassifier(n_estimators=1_000, random_state=SEED, n_jobs=1, verbosity=-1)
    stop = lgb.early_stopping(50, verbose=False)
    how: Any = {"categorical_feature": encoding.categorical, "callbacks": [stop]}
    model.fit(matrix[~held], label[~held], eval_set=[(matrix[held], label[held])], **how)
    return model.predict_proba(unseen)[:, 1]


def _hist_gradient_boosting(asked: Asked) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingClassifier

    encoding, matrix, label, unseen = asked.matrices()
    model = HistGradientBoostingClassifier(categorical_features=encoding.categorical, random_state=SEED)
    return model.fit(matrix, label).predict_proba(unseen)[:, 1]


def _logistic_regression(asked: Asked) -> np.ndarray:
    """As most write it: medians, standard scores, one column per category."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoding, matrix, label, unseen = asked.matrices()
    numbers = [at for at in range(matrix.shape[1]) if at not in encoding.categorical]
    known = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    parts = make_column_transformer(
        (known, numbers), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), encoding.categorical)
    )
    model = make_pipeline(parts, LogisticRegression(max_iter=1_000))
    return model.fit(matrix, label).predict_proba(unseen)[:, 1]


def flaml(asked: Asked, python: str, seconds: float, /) -> np.ndarray:
    """FLAML in its own environment, for so many seconds, or twice as long where it has no model by then."""
    encoding, matrix, label, unseen = asked.matrices()
    script = Path(__file__).parents[1] / "real" / "flaml_fit.py"

    def frame(values: np.ndarray) -> pd.DataFrame:
        found = pd.DataFrame(values, columns=list(encoding.features))
        codes = {name: found[name].fillna(-1).astype("int64").astype("category") for name in encoding.categories}
        return found.assign(**codes)

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        group = asked.known["group"].astype(str).to_numpy()
        frame(matrix).assign(label__=label, group__=group).to_parquet(folder / "train.parquet", index=False)
        frame(unseen).to_parquet(folder / "test.parquet", index=False)
        budget = max(seconds, MIN_AUTOML_SECONDS)
        while True:
            command = [python, str(script), place, f"{budget:.0f}", str(SEED)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
            if budget > MAX_AUTOML_SECONDS:
                raise RuntimeError(f"the AutoML failed: {done.stderr[-500:]}")
            budget *= 2  # on a busy machine it may have no model yet
        return np.array(json.loads((folder / "predicted.json").read_text())["predicted"])


CONTESTANTS: dict[str, Callable[[Asked], np.ndarray]] = {
    "Baton": _baton,
    "LightGBM": _plain_lightgbm,
    "LightGBM, stopped": _stopped_lightgbm,
    "HistGradientBoosting": _hist_gradient_boosting,
    "logistic regression": _logistic_regression,
}


def timed(asked: Asked, contestant: Callable[[Asked], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return predictions and processor seconds."""
    before = time.process_time()
    predicted = contestant(asked)
    return predicted, time.process_time() - before
