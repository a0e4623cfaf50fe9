"""What a simulated B2B world is made of: numbers, kept as data beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from simulation.engine.worlds import Part, load_world_as

__all__ = ["TEXTS", "B2bWorld", "PartnerLever", "load_world", "world_names"]

_FOLDER = Path(__file__).resolve().parent
TEXTS = _FOLDER / "texts.toml"
"""What customers write, and why."""


class Volume(Part):
    """How many there are, and how unequal."""

    customers_per_employee: float
    customers_per_supplier: float
    max_suppliers: int
    suppliers_per_account: int
    largest_share: float
    value_spread: float
    median_value: float
    contact_spread: float
    visits_per_month: float
    months_until_handover: float


class Memory(Part):
    """How slowly it is forgotten, per month."""

    service: float
    visits: float


class PartnerLever(Part):
    """One thing that people or suppliers do better or worse.

    Parameters
    ----------
    owner : str
        Name of the role that has it.
    scale : {"share", "log", "count"}
        ``log``: the deviation of the log from ``base``.
    mean, person_sd, team_sd, month_sd : float
        In the lever's own scale; a supplier is a team without persons.
    on_leaving : float
        Change of the log-odds of leaving per unit and thing lived, by itself; what it leads to comes on top.
    """

    owner: str
    scale: Literal["share", "log", "count"]
    mean: float
    person_sd: float
    team_sd: float
    month_sd: float
    controllability: float
    on_leaving: float
    better: Literal["higher", "lower"]
    base: float = 1.0

    @property
    def sign(self) -> int:
        """+1 where higher is better, −1 where lower is."""
        return 1 if self.better == "higher" else -1

    @property
    def spread(self) -> float:
        """SD between units of all teams."""
        return (self.person_sd**2 + self.team_sd**2) ** 0.5


class Cards(Part):
    """How far people answer to their cards."""

    answer: float


class Slumps(Part):
    """Suppliers' bad months."""

    share: float
    months: int
    on_time: float
    defects: float


class Leave(Part):
    """What makes accounts leave apart from what people and suppliers do."""

    yearly: float
    early: float
    case_noise: float
    difficulty: float
    difficulty_on_share: float
    hidden: float
    price_rise: float
    competition: float
    tenure: float
    contract: dict[str, float]


class Process(Part):
    """A kind of case."""

    stage: str
    role: str
    per_month: float
    due_days: float


class RoleCards(Part):
    """A role, its share of the posts, and its card before and now."""

    name: str
    department: str
    stage: str
    share: float
    before: dict[str, float]
    card: dict[str, float]


class B2bWorld(Part):
    """One world."""

    name: str
    title: str
    null: bool = False
    slow: tuple[str, ...]
    volume: Volume
    memory: Memory
    levers: dict[str, PartnerLever]
    arrows: dict[str, dict[str, float]]
    cards: Cards
    slumps: Slumps
    leaving: Leave
    processes: dict[str, Process]
    roles: dict[str, RoleCards]

    def effect(self, lever: str, /) -> float:
        """Return the direct effect of a lever on the log-odds of leaving: zero where no KPI matters."""
        return 0.0 if self.null else self.levers[lever].on_leaving


def world_names() -> tuple[str, ...]:
    """Return the names of the worlds there are.

    Examples
    --------
    >>> world_names()
    ('b2b', 'b2b_null')
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("b2b*.toml")))


def load_world(name: str, /) -> B2bWorld:
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
    >>> load_world("b2b_null").effect("visits_per_account")
    0.0
    """
    return load_world_as(B2bWorld, _FOLDER, name, world_names())
