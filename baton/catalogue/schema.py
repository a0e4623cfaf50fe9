"""What a KPI, a coaching action and a catalogue are.

A KPI is a metric: one definition, evaluated at every grain and over every window, so that a model's feature, a
scorecard line and an attribution are the same thing under one name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from baton.messages.message import Message

__all__ = [
    "CONTEXT",
    "DEFAULT_CONTROLLABLE",
    "Action",
    "Aggregate",
    "Catalogue",
    "Grain",
    "Kpi",
    "Role",
    "Stage",
    "Study",
    "Text",
]

CONTEXT = "_context"
"""The name under which attributions of features that are no KPI are summed."""

DEFAULT_CONTROLLABLE = 0.6
"""How far people can move a KPI whose catalogue entry does not say."""

Grain = Literal["customer", "employee", "team", "stage", "process"]
Role = Literal["lever", "mediator", "outcome", "context"]
Layer = Literal["strategic", "operational", "role"]
Perspective = Literal["customer", "financial", "process", "learning"]
Aggregate = Literal["mean", "sum", "count", "min", "max", "share", "median", "p90", "count_distinct", "ratio"]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]


class Text(BaseModel):
    """A text that people read, in the two languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    en: Annotated[str, Field(min_length=1)]
    zh: Annotated[str, Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        # users who write one language only get it in both
        return {"en": value, "zh": value} if isinstance(value, str) else value


class Stage(BaseModel):
    """A stage of the customer's journey."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Identifier
    name: Text


class Kpi(BaseModel):
    """One KPI of the catalogue: a metric with its meaning.

    Parameters
    ----------
    id : str
        Lower-case words joined by underscores; the name of feature, scorecard line and attribution alike.
    name, description : Text
        In English and Chinese.
    layer, perspective, stage : str
        Where it stands: strategic, operational or role; balanced-scorecard perspective; journey stage or ``any``.
    source : str
        The contract table it is computed from.
    expr : str
        One scalar SQL expression (DuckDB dialect) over the source's columns. For ``measures`` it may be left out: it is
        ``value`` over the rows whose ``kpi`` is this id.
    metric : str, optional
        Instead of ``expr``: the name of a metric written in Python (``features/kpis/named_metrics.py``).
    denominator : str, optional
        For ``aggregate = "ratio"``: the expression whose sum divides the sum of ``expr``.
    scale : dict of str to (low, high)
        Per column of ratings, the scale that the numbers in ``expr`` are meant for; on another scale they follow.
    known_at : str
        The time column of the source at which a row's value is known.
    aggregate : str
        How rows become one value.
    grains : tuple of str
        Those at which it means something. The finest of ``employee``, ``team`` owns it.
    better : {"higher", "lower"}
    unit : str
        ``share``, ``seconds``, ``points``, ``money``, ``count`` …
    role : {"lever", "mediator", "outcome", "context"}
        Does it act on the customer, or only report what happened?
    controllable : float, optional
        Prior 0..1: how far the role can move it.
    guards, leads_to : tuple of str
        KPIs that must not be pushed without this one; KPIs that this one moves.
    needs : tuple of Text
        What people must be given before they are measured on it.
    moment_of_truth : bool
        Whether the customer decides about staying here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    name: Text
    description: Text | None = None
    layer: Layer
    perspective: Perspective
    stage: str = "any"
    source: Literal["customers", "activity", "cases", "case_steps", "work", "measures", "snapshots"]
    expr: str | None = None
    metric: str | None = None
    denominator: str | None = None
    scale: dict[str, tuple[float, float]] = Field(default_factory=dict)
    known_at: str | None = None
    aggregate: Aggregate = "mean"
    grains: tuple[Grain, ...] = ("customer", "employee", "team", "stage", "process")
    better: Literal["higher", "lower"]
    unit: str
    role: Role
    controllable: Annotated[float, Field(ge=0, le=1)] | None = None
    guards: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()
    needs: tuple[Text, ...] = ()
    moment_of_truth: bool = False

    @model_validator(mode="before")
    @classmethod
    def _value_of_measures(cls, given: object) -> object:
        # what somebody has already computed lies in one column
        if isinstance(given, dict) and given.get("source") == "measures" and not {"expr", "metric"} & given.keys():
            return {**given, "expr": "value"}
        return given

    @model_validator(mode="after")
    def _whole(self) -> Kpi:
        if (self.expr is None) == (self.metric is None):
            raise ValueError(f"KPI {self.id}: give either expr or metric")
        if (self.aggregate == "ratio") != (self.denominator is not None):
            raise ValueError(f'KPI {self.id}: denominator goes with aggregate = "ratio", and only with it')
        for name, (low, high) in self.scale.items():
            if not low < high:
                raise ValueError(f"KPI {self.id}: scale.{name} gives the lowest rating first, then the highest")
        if not self.grains:
            raise ValueError(f"KPI {self.id}: grains is empty")
        return self

    def __hash__(self) -> int:
        """Equal KPIs have one id; a scale, which is a dictionary, has no hash of its own."""
        return hash(self.id)

    @property
    def sign(self) -> int:
        """+1 where higher is better, −1 where lower is."""
        return 1 if self.better == "higher" else -1

    @property
    def owner(self) -> Literal["employee", "team"] | None:
        """The unit that owns it: the employee, else the team, else nobody."""
        if "employee" in self.grains:
            return "employee"
        return "team" if "team" in self.grains else None


class Action(BaseModel):
    """A coaching action: what can be done about a gap in a KPI.

    Parameters
    ----------
    study : str, optional
        The study that stands behind it; left out, it is practice of which no study is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Identifier
    kpi: str
    level: Literal["employee", "team", "process"]
    name: Text
    advice: Text
    needs: tuple[Text, ...] = ()
    study: Identifier | None = None


class Study(BaseModel):
    """A study of what closes gaps.

    Parameters
    ----------
    citation : str
        Who wrote it and where.
    found : Text
        The size of the effect, and on whom.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Identifier
    citation: Annotated[str, Field(min_length=1)]
    year: Annotated[int, Field(ge=1900, le=2100)]
    doi: str | None = None
    found: Text


class Catalogue(Mapping[str, Kpi]):
    """The KPIs of one company by id, with its journey stages and coaching actions.

    Parameters
    ----------
    kpis : tuple of Kpi
    stages : tuple of Stage
        In the order of the journey.
    actions : tuple of Action
    notes : tuple of Message
        What a reader must know: KPIs that the company's file replaced, KPIs that were left out and why.
    studies : tuple of Study
        What actions name as their source.
    """

    def __init__(
        self,
        kpis: tuple[Kpi, ...],
        stages: tuple[Stage, ...],
        actions: tuple[Action, ...] = (),
        notes: tuple[Message, ...] = (),
        studies: tuple[Study, ...] = (),
    ) -> None:
        self.stages = stages
        self.studies = {study.id: study for study in studies}
        self.actions = actions
        self.notes = notes
        self._kpis = {kpi.id: kpi for kpi in kpis}

    def __getitem__(self, kpi_id: str) -> Kpi:
        return self._kpis[kpi_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kpis)

    def __len__(self) -> int:
        return len(self._kpis)

    def with_role(self, role: Role, /) -> tuple[Kpi, ...]:
        """Return the KPIs of one causal role, in catalogue order."""
        return tuple(kpi for kpi in self._kpis.values() if kpi.role == role)

    def actions_for(self, kpi_id: str, level: str, /) -> tuple[Action, ...]:
        """Return the actions for a gap in one KPI at one level."""
        return tuple(action for action in self.actions if action.kpi == kpi_id and action.level == level)
