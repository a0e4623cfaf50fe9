"""What a run has left in its folder, read for the page; any file may be absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from baton.catalogue.schema import Catalogue, Text
from baton.company import Company
from baton.contract.results import result_tables
from baton.errors import ArtefactError
from baton.files import RunFolder, read_json
from baton.informative import is_informative
from baton.messages.message import Message
from baton.outcomes import Kind, first_of_kind, kind_of, table_of
from baton.run_results import RUN, RunResults
from baton.wording.naming import Names
from baton.wording.wording import Bilingual, translated, verbatim
from features.ingest.settled import staged_columns

__all__ = ["Results", "read_results"]

_UNREAD = ("effect_draws", "stage_attributions", "cause_diagnosis")
"""Tables that the page does not show."""


@dataclass(frozen=True)
class Results:
    """A run's results.

    Parameters
    ----------
    evaluation : dict
        ``evaluation.json``; empty where it is absent.
    tables : dict of str to pandas.DataFrame
        The contract's result tables that are there and have rows, by name without ending.
    staged : frozenset of str
        Names of the source tables that the run had.
    columns : dict of str to frozenset of str
        The columns that their sources had.
    team_names : dict of str to str
    headcounts : dict of (str, str) to int
        People now working per team and role; the role ``""`` counts the whole team. Empty where nobody is known.
    team_of : dict of str to str
        Employees' teams.
    warnings : tuple of Message
        What the run's steps said.
    skipped : dict of str to Message
        Outcomes that were not learned, and why.
    joint_p_value : float or None
        How often chance alone would let the KPIs together seem to matter as much; None where that was not tested.
    temporal : bool
        Whether churn was learned from snapshots in time.
    versions : dict of str to str
    models : tuple of str
        The registered versions that the predictions come from, such as ``churn/3``.
    panel : pandas.DataFrame
        KPIs of units by month: unit, unit_id, team_id, from, kpi, value, n; empty where there is none.
    arrows : pandas.DataFrame
        The tested arrows of the strategy map; empty where there are none.
    shares : pandas.DataFrame
        How the latest customers split over teams: unit_id, team_id, share.
    departments : dict of str to str
        Teams' departments.
    causes : dict of str to dict
        What is known of each cause in the texts: names, owner, stage, what measures it.
    cause_examples : dict of str to tuple of str
        Masked texts per cause.
    cause_texts : dict of str to str
        Masked texts of cases behind a new cause.
    looked : frozenset of str
        Result tables that the run has made, with or without rows.
    withheld : dict of str to pandas.DataFrame
        Predictions that are no better than guessing, by table: they are no part of ``tables``, so that nothing is
        counted, priced, listed or explained by them.
    """

    company: Company
    catalogue: Catalogue
    evaluation: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    staged: frozenset[str] = frozenset()
    columns: dict[str, frozenset[str]] = field(default_factory=dict)
    team_names: dict[str, str] = field(default_factory=dict)
    headcounts: dict[tuple[str, str], int] = field(default_factory=dict)
    team_of: dict[str, str] = field(default_factory=dict)
    warnings: tuple[Message, ...] = ()
    skipped: dict[str, Message] = field(default_factory=dict)
    joint_p_value: float | None = None
    temporal: bool = True
    versions: dict[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    panel: pd.DataFrame = field(default_factory=pd.DataFrame)
    arrows: pd.DataFrame = field(default_factory=pd.DataFrame)
    shares: pd.DataFrame = field(default_factory=pd.DataFrame)
    departments: dict[str, str] = field(default_factory=dict)
    causes: dict[str, dict[str, Any]] = field(default_factory=dict)
    cause_examples: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cause_texts: dict[str, str] = field(default_factory=dict)
    looked: frozenset[str] = frozenset()
    withheld: dict[str, pd.DataFrame] = field(default_factory=dict)

    def get(self, name: str, /) -> pd.DataFrame | None:
        """Return a result table, or None where the run has none."""
        return self.tables.get(name)

    @property
    def as_of(self) -> pd.Timestamp | None:
        """The moment that the page is about."""
        known = {**self.withheld, **self.tables}
        times = [
            pd.Timestamp(known[name]["as_of"].max()) for kind in get_args(Kind) if (name := table_of(kind)) in known
        ]
        known = [time for time in times if not pd.isna(time)]
        return max(known) if known else None

    @property
    def flat(self) -> bool:
        """Whether churn comes from a table without time, whose outcomes are known already."""
        churn = self.get("churn")
        return churn is not None and (not self.temporal or bool(churn["as_of"].isna().all()))

    @property
    def by_chance(self) -> bool:
        """Whether chance alone explains the KPIs' effects well enough, so that none of them may be called clear."""
        return self.joint_p_value is not None and self.joint_p_value > self.company.policy.false_moves

    def warned(self, *keys: str) -> list[Message]:
        """Return the warnings with one of these keys."""
        return [each for each in self.warnings if each.key in keys]

    def no_better_than_guessing(self, outcome: str, /) -> bool:
        """Whether a prediction is not distinguished from guessing on data that it had not seen."""
        return not is_informative(self.evaluation.get(outcome, {}))

    def guessed(self, kind: Kind, /) -> str | None:
        """Return the outcome of a kind (churn, case) whose prediction is withheld, or None."""
        if table_of(kind) not in self.withheld:
            return None
        return first_of_kind(self.evaluation, kind) or table_of(kind)

    def cause_name(self, cause: str, /) -> Bilingual:
        """Return a cause's name in both languages; a label that the taxonomy does not know keeps its own."""
        known = self.causes.get(cause)
        return verbatim(cause) if known is None else translated(Text(en=known["en"], zh=known["zh"]))

    @property
    def names(self) -> Names:
        """What KPIs and features are called, and how their values are written."""
        return Names(self.catalogue, self.company.company.currency)

    def kpi_name(self, kpi: str, /) -> Bilingual:
        """Return a KPI's name; a feature that is no KPI keeps its own."""
        return self.names.kpi(kpi)

    def measured(self, kpi: str, value: float, /, *, digits: int | None = None) -> Bilingual:
        """Return a KPI's value with its unit, or that of a feature, which is in days where its name says so.

        Parameters
        ----------
        digits : int, optional
            Decimals, instead of those that a value of its size has; durations are in seconds then.
        """
        return self.names.measured(kpi, value, digits=digits)

    def team_name(self, team_id: object, /) -> Bilingual:
        """Return a team's name, else its id."""
        return verbatim(self.team_names.get(str(team_id), str(team_id)))

    def too_small(self, team_id: object, role: str = "", /) -> bool:
        """Whether a team (or the people of one role in it) is known to be under the policy's ``min_group``."""
        if not self.headcounts:
            return False
        return 0 < self.headcounts.get((str(team_id), role), 0) < self.company.policy.min_group


def read_results(company: Company, catalogue: Catalogue, folder: RunFolder, /) -> Results:
    """Read what a run has left.

    Raises
    ------
    ArtefactError
        If a file is there and cannot be read, or lacks a column of the contract.
    """
    left = RunResults(folder)
    tables = {name: left.find(name) for name in result_tables() if "/" not in name and name not in _UNREAD}
    found = {name: frame for name, frame in tables.items() if frame is not None and len(frame)}
    withheld = _withheld(found, left.evaluation)
    skipped, shares = folder.training / "skipped.json", folder.training / "churn" / "shares.parquet"
    left_out = read_json(skipped) if skipped.exists() else {}
    names, headcounts, team_of = _people(folder)
    return Results(
        company=company,
        catalogue=catalogue,
        evaluation=left.evaluation,
        tables=found,
        staged=frozenset(path.stem for path in folder.staged.glob("*.parquet")),
        columns=staged_columns(folder.staged),
        team_names=names,
        headcounts=headcounts,
        team_of=team_of,
        warnings=_warnings(left),
        skipped={name: Message.recorded(why) for name, why in left_out.items()},
        temporal=_temporal(folder),
        joint_p_value=_joint_p_value(folder) if _estimated(found.get("effects")) else None,
        versions=_versions(),
        models=tuple(str(known["model"]) for known in left.models.values()),
        panel=_or_nothing(left.find("advice/panel")),
        arrows=_or_nothing(left.find("advice/arrows")),
        shares=_or_nothing(_read(shares) if shares.exists() else None),
        departments=_departments(folder),
        causes=read_json(about) if (about := folder.texts / "about.json").exists() else {},
        cause_examples=_examples(left),
        cause_texts=_new_texts(folder, found.get("emerging_causes")),
        looked=frozenset(name for name, frame in tables.items() if frame is not None),
        withheld=withheld,
    )


def _withheld(found: dict[str, pd.DataFrame], tested: dict[str, Any], /) -> dict[str, pd.DataFrame]:
    """Remove predictions that are no better than guessing from the tables, and return the predictions."""
    guessed = {outcome for outcome, entry in tested.items() if not is_informative(entry)}
    for name in {"attributions", "explanations"} & set(found):
        rows = found[name]
        found[name] = rows[~rows["outcome"].isin(guessed)]
        if found[name].empty:
            del found[name]
    kinds = {kind_of(outcome) for outcome in guessed}
    if "churn" in kinds:
        found.pop("cause_prices", None)
    tables = {kind: table_of(kind) for kind in ("churn", "case")}  # declines are shown one by one
    return {name: found.pop(name) for kind, name in tables.items() if kind in kinds and name in found}


def _examples(left: RunResults, /) -> dict[str, tuple[str, ...]]:
    found = left.find("texts/examples")
    if found is None:
        return {}
    return {str(cause): tuple(rows["text"]) for cause, rows in found.groupby("cause", sort=False, observed=True)}


def _new_texts(folder: RunFolder, emerging: pd.DataFrame | None, /) -> dict[str, str]:
    """Masked texts of the cases that new causes name as examples."""
    if emerging is None:
        return {}
    wanted = {str(case) for cases in emerging["examples"] for case in cases}
    cases = pd.read_parquet(
        folder.staged / "cases.parquet", columns=["case_id", "text"], filters=[("case_id", "in", sorted(wanted))]
    ).dropna()
    return dict(zip(cases["case_id"].astype(str), cases["text"].str.slice(0, 220), strict=True))


def _read(path: Path, /, columns: list[str] | None = None) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path}: cannot be read ({error}); delete it and run again") from error


def _or_nothing(found: pd.DataFrame | None, /) -> pd.DataFrame:
    return pd.DataFrame() if found is None else found


def _departments(folder: RunFolder, /) -> dict[str, str]:
    teams = folder.staged / "teams.parquet"
    if not teams.exists():
        return {}
    frame = _read(teams)
    if "department" not in frame:
        return {}
    known = frame.dropna(subset=["team_id", "department"])
    return dict(zip(known["team_id"].astype(str), known["department"].astype(str), strict=True))


def _people(folder: RunFolder, /) -> tuple[dict[str, str], dict[tuple[str, str], int], dict[str, str]]:
    """Names of teams, people per team and role, and everybody's team."""
    names: dict[str, str] = {}
    teams = folder.staged / "teams.parquet"
    if teams.exists():
        frame = _read(teams, ["team_id", "name"]).dropna()
        repeated = frame["name"].duplicated(keep=False)
        shown = frame["name"].where(~repeated, frame["name"] + " (" + frame["team_id"] + ")")
        names = dict(zip(frame["team_id"].astype(str), shown.astype(str), strict=True))
    employees = folder.staged / "employees.parquet"
    if not employees.exists():
        return names, {}, {}
    people = _read(employees)
    if "valid_from" in people and people["valid_from"].notna().any():  # a history: everybody as they stand
        people = people.sort_values("valid_from", kind="stable", na_position="first")
        people = people.drop_duplicates("employee_id", keep="last")
    people = people[people["team_id"].notna()]
    team_of = dict(zip(people["employee_id"].astype(str), people["team_id"].astype(str), strict=True))
    present = people[people["left_at"].isna()]
    whole = present.groupby(present["team_id"].astype(str)).size()
    by_role = present.groupby([present["team_id"].astype(str), present["role"].fillna("").astype(str)]).size()
    headcounts = {(str(team), str(role)): int(count) for (team, role), count in by_role.items()}  # type: ignore[misc]
    headcounts |= {(str(team), ""): int(count) for team, count in whole.items()}
    return names, headcounts, team_of


def _warnings(left: RunResults, /) -> tuple[Message, ...]:
    """What the steps said; of this run, which is why their records go before an older ``run.json``."""
    records = [read_json(path) for path in sorted(left.folder.steps.glob("*.json"))]
    records = records or [left.document(RUN, {})]
    found: dict[str, Message] = {}
    for record in records:
        texts = record.get("warnings", [])
        for text, message in zip(texts, record.get("messages", [None] * len(texts)), strict=True):
            found.setdefault(str(text), Message.recorded(str(text) if message is None else message))
    return tuple(found.values())


def _temporal(folder: RunFolder, /) -> bool:
    place = folder.training / "churn" / "table.json"
    return bool(read_json(place).get("temporal", True)) if place.exists() else True


def _estimated(effects: pd.DataFrame | None, /) -> bool:
    """Whether there is an effect at all: where none could be measured, nothing was tested for chance."""
    return effects is not None and bool(effects["effect"].notna().any())


def _joint_p_value(folder: RunFolder, /) -> float | None:
    place = folder.advice / "inputs.json"
    found = read_json(place).get("joint_p_value") if place.exists() else None
    return None if found is None else float(found)


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("baton", "lightgbm", "shap", "scikit-learn", "duckdb"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a bare checkout has no version of its own
            continue
    return found
