"""What upsets a pilot: customers that both groups serve, people who changed sides, teams that are no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from baton.months import months_later
from pipelines.pilots.history import History
from pipelines.pilots.planned import Plan

if TYPE_CHECKING:
    from features.staging.warehouse import Warehouse

__all__ = ["MIN_SHARED", "Upset", "shared_before", "upset_in", "upset_of"]

MIN_SHARED = 0.1
"""From this share of shared customers on they are mentioned: an effect that spills over looks smaller than it is."""


@dataclass(frozen=True)
class Upset:
    """What happened besides the change.

    Parameters
    ----------
    shared, served : int
        Of the customers whom teams served while they had the change (``served``), how many teams without it served in
        the pilot too.
    moved : int
        People who worked mostly for one group before the pilot and mostly for the other in it.
    people : int
        How many were seen in both spans.
    changed_sides : tuple of str
        Teams of the plan of which most people seen before work in another team now: merged, split or renamed.
    """

    shared: int = 0
    served: int = 0
    moved: int = 0
    people: int = 0
    changed_sides: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Of the customers of teams with the change, those shared."""
        return self.shared / self.served if self.served else 0.0


def upset_of(history: History, plan: Plan, /) -> Upset:
    """Count what upset a pilot, in its months that are known; nothing where the tables do not say."""
    first, end = plan.dates[0], months_later(plan.dates[-1], 1)
    return upset_in(_cases(history.warehouse, first, end), plan)


def upset_in(cases: pd.DataFrame, plan: Plan, /) -> Upset:
    """Count what upset a pilot.

    Parameters
    ----------
    cases : pandas.DataFrame
        Of the plan's months: opened_at, team_id; customer_id and employee_id where they are known.
    plan : Plan
        Says who begins when.
    """
    if cases.empty:
        return Upset()
    starts = {
        team: plan.dates[start] if start >= 0 else None for team, start in zip(plan.teams, plan.starts, strict=True)
    }
    begin = plan.dates[plan.begin]
    shared, served = _shared(cases[cases["opened_at"] >= begin], starts)
    moved, people, changed = _moved(cases, begin, starts)
    return Upset(shared, served, moved, people, changed)


def shared_before(
    history: History, begins: Collection[str], others: Collection[str], months: int, /
) -> tuple[int, int]:
    """Return how many customers both groups served in the last whole months, and how many those that will begin served.

    Parameters
    ----------
    months : int
        As long as the pilot will be.
    """
    end = months_later(history.months[-1], 1)
    first = months_later(end, -months)
    cases = _cases(history.warehouse, first, end)
    starts = {**dict.fromkeys(begins, first), **dict.fromkeys(others)}
    return (0, 0) if cases.empty else _shared(cases, starts)


def _cases(warehouse: Warehouse, first: datetime, end: datetime, /) -> pd.DataFrame:
    wanted = [name for name in ("customer_id", "employee_id") if warehouse.has("cases", name)]
    if not warehouse.has("cases", "opened_at", "team_id"):
        return pd.DataFrame()
    table = warehouse["cases"].select("opened_at", "team_id", *wanted)
    found = table.filter(table["opened_at"] >= first, table["opened_at"] < end).to_pandas()
    return found.dropna(subset=["team_id"])


def _shared(cases: pd.DataFrame, starts: Mapping[str, datetime | None], /) -> tuple[int, int]:
    """Return how many customers both groups served, and how many those with the change served."""
    if "customer_id" not in cases:
        return 0, 0
    known = cases[cases["team_id"].isin(list(starts))].dropna(subset=["customer_id"])
    begun = known["team_id"].map(starts)
    with_change = begun.notna() & (known["opened_at"] >= begun.fillna(pd.Timestamp.max))
    treated = set(known.loc[with_change, "customer_id"])
    return len(treated & set(known.loc[~with_change, "customer_id"])), len(treated)


def _moved(
    cases: pd.DataFrame, begin: datetime, starts: Mapping[str, datetime | None], /
) -> tuple[int, int, tuple[str, ...]]:
    if "employee_id" not in cases:
        return 0, 0, ()
    known = cases.dropna(subset=["employee_id"])
    before, during = (_main_team(known[part]) for part in (known["opened_at"] < begin, known["opened_at"] >= begin))
    both = pd.DataFrame({"before": before, "during": during}).dropna()
    of_plan = both[both["before"].isin(list(starts))]
    side = {team: start is not None for team, start in starts.items()}
    crossed = of_plan["during"].isin(list(starts)) & (of_plan["before"].map(side) != of_plan["during"].map(side))
    elsewhere = (of_plan["before"] != of_plan["during"]).groupby(of_plan["before"]).mean()
    gone = tuple(sorted(str(team) for team in elsewhere.index[elsewhere > 0.5]))
    return int(crossed.sum()), len(of_plan), gone


def _main_team(cases: pd.DataFrame, /) -> pd.Series:
    """Return the team of most of a person's cases."""
    counted = cases.groupby(["employee_id", "team_id"]).size().rename("cases").reset_index()
    counted = counted.sort_values(["employee_id", "cases", "team_id"], ascending=[True, False, True], kind="stable")
    return counted.drop_duplicates("employee_id").set_index("employee_id")["team_id"]
