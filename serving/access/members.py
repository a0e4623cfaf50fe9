"""Who belongs to which team in a run: employees as they were last assigned, customers as they were lately served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from datetime import date
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
        """Team by employee: the latest where a person has a history, else that of the case they handled last."""
        cases = self._columns("cases", ["employee_id", "team_id", "opened_at"])
        by_case: dict[str, str] = {}
        if {"employee_id", "team_id", "opened_at"} <= set(cases.columns):
            by_case = _last(cases.dropna().sort_values("opened_at", kind="stable"), "team_id")
        return {**by_case, **self._of_employee("team_id")}

    @cached_property
    def teams(self) -> frozenset[str]:
        """Every team that a table names."""
        found = [self._columns(table, ["team_id"]) for table in ("teams", "employees", "cases", "scorecards")]
        return frozenset(str(team) for part in found if "team_id" in part for team in part["team_id"].dropna().unique())

    @cached_property
    def name_of(self) -> Mapping[str, str]:
        """What people call a team, by its id."""
        found = self._columns("teams", ["team_id", "name"]).dropna()
        if not {"team_id", "name"} <= set(found.columns):
            return {}
        return dict(zip(found["team_id"].astype(str), found["name"].astype(str), strict=True))

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """How many people who have not left work in each team."""
        found = self._columns("employees", ["employee_id", "left_at"])
        gone = set(found.loc[found["left_at"].notna(), "employee_id"].astype(str)) if "left_at" in found else set()
        return Counter(team for person, team in self.team_of.items() if person not in gone)

    @cached_property
    def role_of(self) -> Mapping[str, str]:
        """Role by employee, as on scorecards."""
        return self._of_employee("role")

    def on_card(self, employee: str, team: str, role: str, /) -> bool:
        """Whether somebody is measured by the card of a team and role.

        A card of a role that nobody in the team has measures the whole team, as where weights are solved.
        """
        if self.team_of.get(employee) != team:
            return False
        return role in ("", self.role_of.get(employee, "")) or (team, role) not in self._filled

    @cached_property
    def _filled(self) -> frozenset[tuple[str | None, str]]:
        return frozenset((self.team_of.get(employee), role) for employee, role in self.role_of.items())

    @cached_property
    def teams_of_customer(self) -> Mapping[str, Set[str]]:
        """Teams by customer that had a case with them within ``RECENT_DAYS`` of the newest case."""
        found = self._columns("cases", ["customer_id", "team_id", "opened_at"])
        if not {"customer_id", "team_id", "opened_at"} <= set(found.columns):
            return {}
        found = found.dropna()
        recent = found["opened_at"] > found["opened_at"].max() - pd.Timedelta(days=RECENT_DAYS)
        pairs = found.loc[recent, ["customer_id", "team_id"]].astype(str).drop_duplicates()
        teams: dict[str, set[str]] = {}
        for customer, team in zip(pairs["customer_id"], pairs["team_id"], strict=True):
            teams.setdefault(customer, set()).add(team)
        return teams

    @cached_property
    def last_case(self) -> Mapping[str, tuple[date, str]]:
        """Day (UTC) of the last case by customer, and its team; an empty one where it is not known."""
        found = self._columns("cases", ["customer_id", "team_id", "opened_at"])
        if not {"customer_id", "opened_at"} <= set(found.columns):
            return {}
        found = found.dropna(subset=["customer_id", "opened_at"]).sort_values("opened_at", kind="stable")
        last = found.drop_duplicates("customer_id", keep="last")
        teams = last["team_id"].fillna("").astype(str) if "team_id" in last else [""] * len(last)
        of_case = zip(last["opened_at"].dt.date, teams, strict=True)
        return dict(zip(last["customer_id"].astype(str), of_case, strict=True))

    def settle(self) -> None:
        """Read all that is read on first use."""
        for read in ("team_of", "role_of", "name_of", "sizes", "teams_of_customer", "last_case", "_filled"):
            getattr(self, read)

    def _of_employee(self, column: str, /) -> dict[str, str]:
        found = self._columns("employees", ["employee_id", column, "valid_from"])
        if not {"employee_id", column} <= set(found.columns):
            return {}
        if "valid_from" in found.columns:
            found = found.sort_values("valid_from", kind="stable", na_position="first")
        return _last(found.dropna(subset=["employee_id", column]), column)

    def _columns(self, name: str, wanted: list[str], /) -> pd.DataFrame:
        import pyarrow.parquet as pq

        path = self._staged / f"{name}.parquet"
        if not path.exists():
            return pd.DataFrame()
        file = pq.ParquetFile(path)
        return file.read(columns=[each for each in wanted if each in file.schema_arrow.names]).to_pandas()


def _last(frame: pd.DataFrame, column: str, /) -> dict[str, str]:
    """Return a column by employee, as the last row of each has it."""
    last = frame.drop_duplicates("employee_id", keep="last")
    return dict(zip(last["employee_id"].astype(str), last[column].astype(str), strict=True))
