"""EconML on one company's cases; run by the Python of an environment that has it, never by Baton's.

``PYTHON benchmarks/truth/econml_fit.py FOLDER`` reads ``cases.parquet`` (``left__``, the levers as ``lever:NAME`` and
what is controlled for) and writes ``effects.json``: per lever what ``LinearDML`` (partially linear double machine
learning, Chernozhukov et al. 2018) says of one more unit. Levers are asked about one at a time, with all others among
the controls, by boosted trees.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

LEVER = "lever:"


def main(folder: Path, /) -> None:
    """Fit one model a lever, write."""
    import pandas as pd
    from econml.dml import LinearDML
    from lightgbm import LGBMRegressor

    warnings.filterwarnings("ignore")
    cases = pd.read_parquet(folder / "cases.parquet")
    left = cases.pop("left__").to_numpy()
    levers = [name for name in cases if name.startswith(LEVER)]
    named = [name for name in cases if not pd.api.types.is_numeric_dtype(cases[name])]
    table = pd.get_dummies(cases, columns=named, drop_first=True, dtype=float)
    table = table.fillna(table.mean())
    trees = {"n_estimators": 60, "num_leaves": 15, "learning_rate": 0.1, "n_jobs": 1, "verbose": -1, "random_state": 1}
    found = {}
    for lever in levers:
        controls = table.drop(columns=lever).to_numpy()
        model = LinearDML(model_y=LGBMRegressor(**trees), model_t=LGBMRegressor(**trees), cv=2, random_state=1)
        model.fit(left, table[lever].to_numpy(), X=None, W=controls)
        found[lever.removeprefix(LEVER)] = float(model.intercept_)
    (folder / "effects.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
