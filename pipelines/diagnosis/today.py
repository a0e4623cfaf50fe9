"""Today's cards, who works where, and which cases lie at which stage: read from the sources as a run reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import TableError
from baton.messages.message import Message

if TYPE_CHECKING:
    from features.staging.warehouse import Warehouse

__all__ = ["Today", "cards_today"]


@dataclass(frozen=True)
class Today:
    """What the sources say of today.

    Parameters
    ----------
    cards : pandas.DataFrame
        team_id, role, kpi, weight of the cards in force.
    teams : pandas.DataFrame
        team_id, name, department.
    served : pandas.DataFrame
        Stage, team_id (null: no team), n: cases; empty where no case has a stage.
    internal : bool
        Whether customers are colleagues.
    notes : tuple of Message
        The day the cards are of, and what is planned.
    """

    cards: pd.DataFrame
    teams: pd.DataFrame
    served: pd.DataFrame
    internal: bool
    notes: tuple[Message, ...]

    @property
    def team_names(self) -> dict[str, str]:
        """Names of teams by id, where they have one."""
        known = self.teams.dropna(subset=["name"])
        return dict(zip(known["team_id"].astype(str), known["name"].astype(str), strict=True))


def cards_today(company: Company, catalogue: Catalogue, /) -> Today:
    """Return the cards in force at the end of observation, by the way in that a run takes, and what is planned.

    Raises
    ------
    TableError
        If a fault stops a run, or no card holds yet.
    """
    from features.cases.cards import in_points
    from features.cases.table import cards_in_force
    from features.staging.cleaned import checked
    from features.staging.stage import refuse
    from features.training import snapshots

    with checked(company, catalogue) as found:
        refuse(found.report)
        warehouse = found.warehouse
        if warehouse is None or "scorecards" not in warehouse:
            raise TableError("tables.scorecards: no row is left, so there is nothing to diagnose; check the export")
        latest = snapshots.latest(warehouse)
        rows, shared = in_points(warehouse["scorecards"].to_pyarrow().to_pandas())
        teams, served, internal = _teams(warehouse), _served(warehouse), _internal(warehouse)
    # a company with no event has no day to look from: all its cards count
    as_of = pd.Timestamp(latest) if latest is not None else rows["valid_from"].max()
    today = cards_in_force(rows, as_of)
    planned = rows[rows["valid_from"] > as_of]
    notes = [Message("diagnosed.as_of", {"day": f"{as_of:%Y-%m-%d}"})]
    if shared:
        notes.append(Message("sample.cards_of_one", {"n": shared}))
    if len(planned):
        cards = planned[["team_id", "role", "valid_from"]].drop_duplicates()
        notes.append(Message("diagnosed.planned", {"n": len(cards), "day": f"{cards['valid_from'].min():%Y-%m-%d}"}))
    if today.empty:
        raise TableError(
            f"scorecards: every card holds only after {as_of:%Y-%m-%d}, where the observed time ends; check valid_from"
        )
    cards = today[["team_id", "role", "kpi", "weight"]].reset_index(drop=True)
    return Today(cards, teams, served, internal, tuple(notes))


def _teams(warehouse: Warehouse, /) -> pd.DataFrame:
    columns = ["team_id", "name", "department"]
    if "teams" not in warehouse:
        return pd.DataFrame(columns=columns)
    return warehouse["teams"].to_pyarrow().to_pandas().reindex(columns=columns).dropna(subset=["team_id"])


def _served(warehouse: Warehouse, /) -> pd.DataFrame:
    if not warehouse.has("cases", "stage"):
        return pd.DataFrame(columns=["stage", "team_id", "n"])
    from features.kpis.unit_rows import with_default_team

    cases = with_default_team(warehouse)
    cases = cases.filter(cases.stage.notnull())
    return cases.group_by(["stage", "team_id"]).agg(n=cases.count()).to_pyarrow().to_pandas()


def _internal(warehouse: Warehouse, /) -> bool:
    if not warehouse.has("customers", "kind"):
        return False
    customers = warehouse["customers"]
    kinds = customers.filter(customers.kind.notnull()).kind.value_counts(name="n").to_pyarrow().to_pandas()
    return bool(len(kinds)) and str(kinds.sort_values("n")["kind"].iloc[-1]) == "internal"
