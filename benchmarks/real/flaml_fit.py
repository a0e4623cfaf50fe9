"""FLAML on one training table; run by the Python of an environment that has it, never by Baton's.

``PYTHON benchmarks/real/flaml_fit.py FOLDER SECONDS SEED`` reads ``train.parquet`` (features, ``label__``,
``group__``) and ``test.parquet`` (features) and writes ``predicted.json``: the probabilities (or numbers) and what was
chosen. It knows which rows belong together, so that its own folds leak nothing; the metric it is tuned on is the one
Baton is tuned on.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(folder: Path, seconds: float, seed: int, /) -> None:
    """Fit for the time given, predict, write."""
    import flaml
    import pandas as pd

    train, test = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "test.parquet")
    label, group = train.pop("label__"), train.pop("group__")
    numbers = label.nunique() > 2
    begun = time.perf_counter()
    learner = flaml.AutoML()
    learner.fit(
        train, label, task="regression" if numbers else "classification", metric="rmse" if numbers else "log_loss",
        time_budget=seconds, seed=seed, n_jobs=1, verbose=0, split_type="group", groups=group,
    )  # fmt: skip
    spent = time.perf_counter() - begun
    predicted = learner.predict(test) if numbers else learner.predict_proba(test)[:, 1]
    result = {"version": flaml.__version__, "chosen": learner.best_estimator, "seconds": spent}
    (folder / "predicted.json").write_text(json.dumps(result | {"predicted": [float(value) for value in predicted]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
