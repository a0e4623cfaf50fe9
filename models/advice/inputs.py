"""Everything that weights are solved from, so that they can be solved again under another policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import DEFAULT_CONTROLLABLE, Catalogue
from baton.files import read_json, write_json
from baton.messages.message import Message
from baton.run_results import read_result, write_result
from features.cases.table import CaseTable, Organisation
from models.advice.controllability.learned import Controllability
from models.advice.fairness import no_groups, no_scores, protected_columns, protected_groups, scores
from models.advice.settings import Settings
from models.advice.stability.before import no_before
from models.effects.estimators.by_team import with_difference
from models.effects.findings import Effects
from models.effects.not_measured import NotMeasured
from models.effects.tables import by_team_table

__all__ = ["AdviceInputs", "catalogue_rows", "gather"]

Floats = NDArray[np.float64]

_TABLES = {
    "kpis": "kpis", "draws": "draws", "cards": "cards", "headcounts": "crews", "scores": "scores", "groups": "groups",
    "by_team": "effects_by_team", "before": "before",
}  # fmt: skip
"""Where each table lies in the folder; ``headcounts`` goes by the name that it was first saved under."""


@dataclass(frozen=True)
class AdviceInputs:
    """What the weights of all cards are solved from.

    Parameters
    ----------
    kpis : pandas.DataFrame
        One row per KPI of the catalogue: kpi, name_en, name_zh, role, perspective, stage, unit, better, controllable,
        guards (list: KPIs not to be pushed without this one), leads_to (list: KPIs that it moves), owner (employee,
        team or empty), effect, low, high, refuted, why_key and why_values (the message that says why there is no
        effect; empty where there is one), joint_p (the joint test over the owner's levers), icc, between_sd.
    draws : pandas.DataFrame
        One row per draw, one column per lever with an effect.
    cards : pandas.DataFrame
        team_id, role, kpi, weight: today's cards; empty where none is known.
    headcounts : pandas.DataFrame
        team_id, role, kpi, n_per_day (a typical person's; the team's for what teams own), people (on the card; 0 where
        nobody is known by name), share (of all cases, or of customers' activity).
    scores : pandas.DataFrame
        employee_id, role, kpi, z: people's last cycle, for the fairness audit alone.
    groups : pandas.DataFrame
        employee_id, attribute, group: protected groups, for the fairness audit alone.
    by_team : pandas.DataFrame
        team_id, kpi, effect, low, high, difference, difference_sd: teams whose effects differ from the company's.
    outcome : str or None
        The outcome that effects are on.
    helpful : int
        -1 where a helpful effect is negative.
    kind : str
        ``probability`` or ``number``.
    horizon_days : int
        How far ahead the outcome looks.
    customers_at_risk : int
    joint_p_value : float
        The smallest of the owners'.
    team_names : mapping of str to str
    response_per_point : float
        Between-person standard deviations that one more point moves a fully controllable KPI by.
    response_low, response_high : float
    response_measured : bool
        Whether past changes of cards showed that; else it is a scenario.
    piloted : mapping of str to mapping
        By KPI that pilots tried: ``response``, ``low`` and ``high``, between-person standard deviations that one more
        point moves this KPI by (90 %), and ``pilots``. Of these KPIs it holds instead of the response of all.
    widths : mapping of str to float
        By basis how far its intervals are widened already, by what came true of earlier statements.
    notes : tuple of Message
    currency : str
        That amounts are given in.
    before : pandas.DataFrame
        Rows of ``advice/before.parquet``: what the advice before proposed; empty where none is known.
    before_policy : mapping
        The policy that it was made under: under another one nothing of it stands.
    kept : dict
        What was worked out from these inputs, for those who ask again; it is neither given nor written.
    """

    kpis: pd.DataFrame
    draws: pd.DataFrame
    cards: pd.DataFrame
    headcounts: pd.DataFrame
    outcome: str | None
    helpful: int
    kind: str
    horizon_days: int
    customers_at_risk: int
    joint_p_value: float
    scores: pd.DataFrame = field(default_factory=no_scores)
    groups: pd.DataFrame = field(default_factory=no_groups)
    by_team: pd.DataFrame = field(default_factory=lambda: by_team_table(None))
    team_names: Mapping[str, str] = field(default_factory=dict)
    response_per_point: float = 0.025
    response_low: float = 0.0
    response_high: float = 0.05
    response_measured: bool = False
    piloted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    widths: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()
    currency: str = ""
    before: pd.DataFrame = field(default_factory=no_before)
    before_policy: Mapping[str, Any] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def save(self, folder: Path, /) -> None:
        """Write the inputs into a folder as Parquet and JSON."""
        for name, file in _TABLES.items():
            write_result(folder / f"{file}.parquet", f"advice/{file}", getattr(self, name))
        described: dict[str, Any] = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in (*_TABLES, "team_names", "notes", "kept")
        }
        notes = [note.as_json() for note in self.notes]
        write_json(folder / "inputs.json", described | {"team_names": dict(self.team_names), "notes": notes})

    def answering(self, learned: Controllability, /) -> AdviceInputs:
        """Return the same with what past changes of cards show of how far people can move KPIs."""
        known = learned.table.set_index("kpi")["controllability"]
        kpis = self.kpis.assign(controllable=self.kpis["kpi"].map(known).fillna(self.kpis["controllable"]))
        widths = {basis: each.factor for basis, each in learned.widths.items()}
        piloted = {kpi: _widened(each, widths.get("pilots")) for kpi, each in learned.piloted.items()}
        middle, low, high = learned.response or (self.response_per_point, self.response_low, self.response_high)
        basis = "scenario" if learned.response is None else "measured"
        low, high = _wide(low, high, widths.get(basis))
        return replace(
            self, kpis=kpis, notes=(*self.notes, *learned.notes), piloted=piloted, widths=widths,
            response_per_point=middle, response_low=low, response_high=high,
            response_measured=learned.response is not None,
        )  # fmt: skip

    def basis(self, moved: Collection[str], /) -> str:
        """Return what the answer of people to points is known from, on a card that moves these KPIs.

        Returns
        -------
        {"scenario", "measured", "pilots", "pilots_in_part"}
            ``measured``: on past changes of cards.
        """
        tried = [kpi in self.piloted for kpi in moved]
        if any(tried):
            return "pilots" if all(tried) else "pilots_in_part"
        return "measured" if self.response_measured else "scenario"

    def of_team(self, team: str, /) -> AdviceInputs:
        """Return the same with the effects of one team's own people and customers, where they differ."""
        own = self.by_team[self.by_team["team_id"] == team].set_index("kpi")
        own = own[own.index.isin(self.draws.columns)]
        if own.empty:
            return self
        kpis, draws = self.kpis.set_index("kpi", drop=False), self.draws.copy()
        for lever, row in own.iterrows():
            before = draws[lever].to_numpy(dtype=float)
            draws[lever] = with_difference(before, team, str(lever), row["difference"], row["difference_sd"])
        kpis["company_effect"] = kpis["effect"].where(kpis.index.isin(own.index))
        for name in ("effect", "low", "high"):
            kpis.loc[own.index, name] = own[name]
        return replace(self, kpis=kpis.reset_index(drop=True), draws=draws, by_team=self.by_team.iloc[:0])

    @classmethod
    def load(cls, folder: Path, /) -> AdviceInputs:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If it is not there, or is of another version of Baton.
        """
        described = read_json(folder / "inputs.json")
        tables = {
            name: read_result(folder / f"{file}.parquet", f"advice/{file}").to_pandas()
            for name, file in _TABLES.items()
            if name != "before" or (folder / f"{file}.parquet").exists()  # an older run knows of none
        }
        for name in ("guards", "leads_to"):
            # an older run has not kept what leads to what
            found = tables["kpis"].get(name, [()] * len(tables["kpis"]))
            tables["kpis"][name] = [list(each) for each in found]
        notes = (
            Message(NotMeasured.RECORDED, {"text": note}) if isinstance(note, str) else Message.from_json(note)
            for note in described["notes"]
        )
        return cls(**tables, **(described | {"notes": tuple(notes)}))


def _wide(low: float, high: float, factor: float | None, /) -> tuple[float, float]:
    """Widen an interval around its middle."""
    if factor is None:
        return low, high
    middle, half = (low + high) / 2, factor * (high - low) / 2
    return middle - half, middle + half


def _widened(answer: Mapping[str, float], factor: float | None, /) -> dict[str, float]:
    low, high = _wide(answer["low"], answer["high"], factor)
    return {**answer, "low": low, "high": high}


def gather(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    effects: Effects,
    reliability: pd.DataFrame,
    settings: Settings,
) -> AdviceInputs:
    """Gather what weights are solved from.

    Parameters
    ----------
    reliability : pandas.DataFrame
        From ``models.effects.reliability.measure``.
    settings : Settings
        Its columns for the fairness audit, its cycle and its currency are read.

    Returns
    -------
    AdviceInputs
    """
    found = effects.primary
    columns: dict[str, Floats] = {}
    if found is not None:
        columns = {lever: found.draws[:, at] for at, lever in enumerate(found.levers)}
    cards = organisation.current_cards if len(organisation.scorecards) else organisation.scorecards
    cards = cards.reindex(columns=["team_id", "role", "kpi", "weight"]).dropna(subset=["team_id", "kpi"])
    cards["role"] = cards["role"].fillna("").astype("str")
    names = organisation.teams.set_index("team_id")["name"] if len(organisation.teams) else pd.Series(dtype="str")
    outcome = None if found is None or not found.levers else found.outcome
    return AdviceInputs(
        kpis=_kpi_rows(catalogue, effects, reliability),
        draws=pd.DataFrame(columns),
        cards=cards.reset_index(drop=True),
        headcounts=_headcounts(
            cases, organisation, cards, reliability, {k.id for k in catalogue.values() if k.owner == "team"}
        ),
        outcome=outcome,
        helpful=-1 if found is None else found.helpful,
        kind="probability" if found is None else found.kind,
        horizon_days=cases.horizon_days,
        customers_at_risk=cases.customers_at_risk,
        joint_p_value=min(found.p_values.values(), default=1.0) if found is not None else 1.0,
        scores=scores(organisation, catalogue, settings.policy.cycle_days),
        by_team=effects.by_team,
        groups=protected_groups(organisation, protected_columns(settings.privacy, organisation.employees.columns)),
        team_names={str(team): str(name) for team, name in names.items() if pd.notna(name)},
        notes=()
        if found is None
        else tuple(dict.fromkeys((*found.notes, *found.roles.notes(catalogue), *found.teams.notes.values()))),
        currency=settings.currency,
        before=settings.before.serving(outcome),
        before_policy=settings.before.policy,
    )


def catalogue_rows(catalogue: Catalogue) -> pd.DataFrame:
    """Return the catalogue's KPIs as ``AdviceInputs.kpis``, with nothing measured."""
    rows = [
        {
            "kpi": kpi.id,
            "name_en": kpi.name.en,
            "name_zh": kpi.name.zh,
            "role": kpi.role,
            "perspective": kpi.perspective,
            "stage": kpi.stage,
            "unit": kpi.unit,
            "better": kpi.better,
            "controllable": DEFAULT_CONTROLLABLE if kpi.controllable is None else kpi.controllable,
            "guards": list(kpi.guards),
            "leads_to": list(kpi.leads_to),
            "owner": kpi.owner or "",
            "effect": np.nan,
            "low": np.nan,
            "high": np.nan,
            "refuted": False,
            "why_key": str(NotMeasured.NO_OUTCOME_SERVED),
            "why_values": "{}",
            "joint_p": 1.0,
            "icc": np.nan,
            "between_sd": np.nan,
        }
        for kpi in catalogue.values()
    ]
    return pd.DataFrame(rows)


def _kpi_rows(catalogue: Catalogue, effects: Effects, reliability: pd.DataFrame, /) -> pd.DataFrame:
    rows = catalogue_rows(catalogue).set_index("kpi", drop=False)
    found = effects.primary
    if found is not None:
        table = effects.table[effects.table["outcome"] == found.outcome].set_index("kpi")
        known = table.index[table["effect"].notna()]
        for name in ("effect", "low", "high"):
            rows.loc[known, name] = table.loc[known, name]
        rows.loc[known, "refuted"] = table.loc[known, "refuted"].astype(bool)
        for name in ("why_key", "why_values"):
            rows[name] = table[name].reindex(rows.index).where(~rows.index.isin(known), "")
        rows["joint_p"] = rows["owner"].map(found.p_values).fillna(1.0).astype("float64")
    unit = rows["owner"].where(rows["owner"] == "team", "employee")
    signal = reliability[reliability["unit"] == reliability["kpi"].map(unit)]
    signal = signal.drop_duplicates("kpi").set_index("kpi")
    for name in ("icc", "between_sd"):
        rows[name] = signal[name].reindex(rows.index).astype("float64") if len(signal) else np.nan
    return rows.reset_index(drop=True)


def _headcounts(
    cases: CaseTable, organisation: Organisation, cards: pd.DataFrame, reliability: pd.DataFrame, of_teams: set[str], /
) -> pd.DataFrame:
    """Who works under each card, how much of each KPI they have, and how much of the company's work that is."""
    columns = ["team_id", "role", "kpi", "n_per_day", "people", "share"]
    owned = reliability[(reliability["unit"] == "team") & reliability["kpi"].isin(of_teams)]
    people = reliability[(reliability["unit"] == "employee") & ~reliability["kpi"].isin(set(owned["kpi"]))]
    if people.empty and owned.empty:
        return pd.DataFrame(columns=columns)
    roles = _roles(organisation)
    people = people.assign(role=people["unit_id"].map(roles).fillna(""))
    served = cases.frame.groupby("employee_id")["case_id"].count()
    exposed = _team_shares(cases)
    keys = list(cards[["team_id", "role"]].drop_duplicates().itertuples(index=False, name=None))
    carded = {team for team, _ in keys}
    named = people[["team_id", "role"]].dropna().drop_duplicates()
    keys += [key for key in named.itertuples(index=False, name=None) if key[0] not in carded]
    carded = {team for team, _ in keys}
    keys += [(team, "") for team in sorted(set(owned["team_id"]) - carded)]
    rows: list[dict[str, Any]] = []
    for team, role in keys:
        own_people = people[people["team_id"] == team]
        if role and (own_people["role"] == role).any():
            own_people = own_people[own_people["role"] == role]
        members = own_people["unit_id"].unique()
        share = float(served.reindex(members).sum() / max(len(cases.frame), 1))
        volumes = own_people.groupby("kpi")["n_per_day"].median().to_dict()
        mine = owned[owned["team_id"] == team].set_index("kpi")["n_per_day"].to_dict()
        listed = len(members) or _listed(organisation, team, role)
        for kpi, n_per_day in {**volumes, **mine}.items():
            met = share if len(members) else float(exposed.get(team, 0.0))
            rows.append({"team_id": team, "role": role, "kpi": kpi, "n_per_day": float(n_per_day),
                         "people": listed, "share": met})  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _listed(organisation: Organisation, team: str, role: str, /) -> int:
    """How many people are known to be in a team."""
    people = organisation.employees
    if people.empty or "team_id" not in people:
        return 0
    mine = people[people["team_id"] == team]
    mine = mine[mine["left_at"].isna()] if "left_at" in mine else mine
    if role and "role" in mine and (mine["role"] == role).any():
        mine = mine[mine["role"] == role]
    return int(mine["employee_id"].nunique())


def _team_shares(cases: CaseTable, /) -> dict[str, float]:
    """Each team's share of what customers do, else of the cases."""
    found = cases.frame["team_id"].value_counts(normalize=True).to_dict() if len(cases.frame) else {}
    if cases.exposures is not None and len(cases.exposures.frame):
        met = cases.exposures.shares.groupby("team_id", observed=True)["share"].sum() / len(cases.exposures.frame)
        found |= met.to_dict()
    return {str(team): float(share) for team, share in found.items()}


def _roles(organisation: Organisation, /) -> pd.Series:
    employees = organisation.employees
    if employees.empty or "role" not in employees:
        return pd.Series(dtype="str")
    return employees.drop_duplicates("employee_id", keep="last").set_index("employee_id")["role"]
