"""What makes one simulated world differ from another: numbers, kept as data beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from simulation.engine.worlds import Part, load_world_as

__all__ = ["Lever", "World", "load_world", "world_names"]

_FOLDER = Path(__file__).resolve().parent / "worlds"
_CONTENT = frozenset({"internal_steps", "internal_texts", "steps", "text_style", "texts"})
# what a company does itself, instead of what the company below does
_REPLACED = ("processes", "roles")


class Volume(Part):
    """How much happens."""

    cases_per_customer_month: float
    customers_per_employee: float
    contact_spread: float


class Difficulty(Part):
    """What a hard case does, per standard deviation."""

    hidden_share: float
    on_handle: float
    on_first_contact: float
    on_transfer: float
    on_goodwill: float
    on_leaving: float
    on_rating: float


class Routing(Part):
    """Who gets the hard cases."""

    strength: float


class Omitted(Part):
    """A skill that nobody measures."""

    correlation: float
    on_leaving: float


class Lever(Part):
    """One thing that people do better or worse.

    Parameters
    ----------
    scale : {"share", "log", "money", "count", "level"}
        ``log``: the deviation of the log of seconds from what the case needs; ``level``: a figure in its own unit.
    mean, person_sd, team_sd, newcomer : float
        In the lever's own scale; ``newcomer`` is how far somebody on the first day is off.
    controllability : float
        How far a person can move it, 0 to 1.
    on_leaving : float
        Change of the log-odds of leaving per unit, by itself; what it leads to comes on top.
    better : {"higher", "lower"}
    unit : {"employee", "team"}
        Who owns it.
    monthly : bool
        A figure of the month, felt in every case of it and recorded in ``measures``; no case carries it.
    role : {"lever", "mediator"}
        Whether it is moved by itself, or by another lever.
    """

    scale: Literal["share", "log", "money", "count", "level"]
    mean: float
    person_sd: float
    team_sd: float
    newcomer: float
    controllability: float
    on_leaving: float
    better: Literal["higher", "lower"]
    unit: Literal["employee", "team"] = "employee"
    monthly: bool = False
    role: Literal["lever", "mediator"] = "lever"

    @property
    def sign(self) -> int:
        """+1 where higher is better, −1 where lower is."""
        return 1 if self.better == "higher" else -1

    @property
    def spread(self) -> float:
        """SD between persons of all teams."""
        return (self.person_sd**2 + self.team_sd**2) ** 0.5


class Arrows(Part):
    """Levers that move levers."""

    handle_on_first_contact: float
    knowledge_on_first_contact: float
    training_on_first_contact: float
    coaching_on_promise: float
    first_contact_on_reopen: float
    response_on_on_time: float
    transfer_on_on_time: float
    first_contact_on_on_time: float
    fatigue_on_first_contact: float
    fatigue_on_promise: float
    incidents_on_incident_hours: float = 0.0


class Cards(Part):
    """How people answer to their scorecards."""

    answer: float


class Slumps(Part):
    """Falls of service that are planted: tired people, and teams whose tool fails.

    Parameters
    ----------
    person_share, team_share : float
        Of posts and teams, over the simulated time.
    tiredness : float
        SDs of fatigue that a slump brings, before the service falls and while it does.
    team_knowledge, team_first_contact : float
        What a failing tool takes from a team.
    months : int
        How long it lasts.
    """

    person_share: float
    team_share: float
    tiredness: float
    team_knowledge: float
    team_first_contact: float
    months: int


class Leaving(Part):
    """How leaving builds up; ``both_wrong`` comes on top where a case is neither solved nor its promise kept."""

    quarterly: float
    memory_per_week: float
    shape: Literal["logit", "linear"]
    short_calls_saturate: bool
    both_wrong: float = 0.0
    case_noise: float
    customer_spread: float
    season: float
    price_rise: float
    competition: float


class Ratings(Part):
    """What customers say when asked."""

    answer_share: float
    per_log_odds: float
    noise: float
    nps_share: float


class Process(Part):
    """One kind of case."""

    stage: str
    role: str
    share: float
    handle_seconds: float
    first_contact: float
    difficulty: float
    promise: str


class RoleSetting(Part):
    """One kind of post: its teams, and its scorecard before and after the company turned to cost."""

    name: str
    department: str
    stage: str
    share: float
    before: dict[str, float]
    card: dict[str, float]


class NewCause(Part):
    """What customers begin to write of, after a share of the observed time: a share of the texts from then on."""

    name: str
    starts: float = Field(gt=0, lt=1)
    share: float = Field(gt=0, lt=1)
    en: list[str]
    zh: list[str]


class World(Part):
    """One world: everything that its company, its people and its customers follow.

    ``drift`` multiplies direct effects from the middle of the observed time on; where it is set, the truth is that of
    the last day. ``texts`` and ``steps`` name the files beside this one that hold what customers write and how cases
    go. ``kind`` is the customers' kind, ``customer_prefix`` begins their ids, and ``words`` says what this company
    calls the segments, plans and sites of the telecom. ``team_sizes``, where given, says how many teams there are and
    how many people each has; roles take turns.
    """

    name: str
    title: str
    null: bool = False
    volume: Volume
    difficulty: Difficulty
    routing: Routing
    omitted: Omitted
    levers: dict[str, Lever]
    arrows: Arrows
    cards: Cards
    slumps: Slumps
    drift: dict[str, float] = Field(default_factory=dict)
    leaving: Leaving
    ratings: Ratings
    processes: dict[str, Process]
    roles: dict[str, RoleSetting]
    texts: str = "texts"
    steps: str = "steps"
    kind: Literal["external", "internal"] = "external"
    customer_prefix: str = "C"
    words: dict[str, str] = Field(default_factory=dict)
    presets: tuple[str, ...] = ("service",)
    new_cause: NewCause | None = None
    team_sizes: tuple[int, ...] = ()

    def effect(self, lever: str, /) -> float:
        """Return the direct effect of a lever on the log-odds of leaving: zero where no KPI matters."""
        return 0.0 if self.null else self.levers[lever].on_leaving


def world_names() -> tuple[str, ...]:
    """Return the names of the worlds there are."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml") if path.stem not in _CONTENT))


def load_world(name: str, /) -> World:
    """Read the settings of a world.

    Parameters
    ----------
    name : str
        One of ``world_names()``.

    Raises
    ------
    CompanyFileError
        If there is no such world, or its settings contradict the structure.

    Examples
    --------
    >>> load_world("linear").leaving.shape
    'linear'
    """
    return load_world_as(World, _FOLDER, name, world_names(), replaced=_REPLACED)
