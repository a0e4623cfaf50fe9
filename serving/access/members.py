"""Who belongs to which team in a run: employees as they were last assigned, customers as they were lately served."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

__all__ = ["RECENT_DAYS", "Members"]

RECENT_DAYS = 365
"""A customer is a team's for so long after the team's last case with them."""


class Members:
    """People and customers of the teams of one run; read at first use.

    Parameters
    ----------
    staged : Path
        The folder of a run's cleaned tables.
    """

    def __init__(self, staged: Path) -> None:
        self._staged = staged

    @cached_property
    def team_of(self) -> Mapping[str, str]:
        """Team by employee: the latest where a person has a history."""
        found = self._columns("employees", ["employee_id", "team_id", "valid_from"])
        if not {"employee_id", "team_id"} <= set(found.columns):
            return {}
        if "valid_from" in found.columns:
            found = found.sort_values("valid_from", kind="stable", na_position="first")
        found = found.dropna(subset=["employee_id"]).drop_duplicates("employee_id", keep="last").dropna()
        return dict(zip(found["employee_id"].astype(str), found["team_id"].astype(str), strict=True))

    @cached_property
    def role_of(self) -> Mapping[str, str]:
        """Role by employee, as on scorecards."""
        found = self._columns("employees", ["employee_id", "role", "valid_from"])
        if not {"employee_id", "role"} <= set(found.columns):
            return {}
        if "valid_from" in found.columns:
            found = found.sort_values("valid_from", kind="stable", na_position="first")
        found = found[["employee_id", "role"]].dropna().drop_duplicates("employee_id", keep="last")
        return dict(zip(found["employee_id"].astype(str), found["role"].astype(str), strict=True))

    @cached_property
    def teams_of_customer(self) -> Mapping[str, frozenset[str]]:
        """Teams by customer that had a case with them within ``RECENT_DAYS`` of the newest case."""
        found = self._columns("cases", ["customer_id", "team_id", "opened_at"])
        if not {"customer_id", "team_id", "opened_at"} <= set(found.columns):
            return {}
        found = found.dropna()
        recent = found["opened_at"] > found["opened_at"].max() - pd.Timedelta(days=RECENT_DAYS)
        pairs = found.loc[recent, ["customer_id", "team_id"]].astype(str).drop_duplicates()
        return {str(name): frozenset(teams) for name, teams in pairs.groupby("customer_id")["team_id"]}

    def _columns(self, name: str, wanted: list[str], /) -> pd.DataFrame:
        import pyarrow.parquet as pq

        path = self._staged / f"{name}.parquet"
        if not path.exists():
            return pd.DataFrame()
        file = pq.ParquetFile(path)
        return file.read(columns=[each for each in wanted if each in file.schema_arrow.names]).to_pandas()
