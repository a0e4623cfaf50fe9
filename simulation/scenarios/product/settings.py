"""What makes one world of a product company differ from another: numbers, kept as data beside this file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from simulation.engine.worlds import Part, load_world_as, read_part
from simulation.scenarios.service.settings import World

__all__ = ["TEXTS", "ProductLever", "ProductWorld", "load_world", "world_names"]

_FOLDER = Path(__file__).resolve().parent
TEXTS = _FOLDER / "texts.toml"
"""What customers of the product company write."""


class ProductLever(Part):
    """One thing that product teams do better or worse.

    Parameters
    ----------
    scale : {"share", "log", "count"}
        ``log``: the deviation of the log from that of ``base``.
    mean, team_sd, month_sd : float
        Mean over teams; SD between teams; SD of a team's months around its own mean.
    controllability : float
        How far a team can move it, 0 to 1.
    on_leaving : float
        Change of the log-odds of leaving per unit lived, by itself; what it leads to comes on top.
    better : {"higher", "lower"}
    base : float
        Of a ``log`` lever, in the KPI's own unit.
    """

    scale: Literal["share", "log", "count"]
    mean: float
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
        """SD over teams and months, in the lever's scale."""
        return (self.team_sd**2 + self.month_sd**2) ** 0.5


class Volume(Part):
    """How much happens; each number's meaning stands beside it in ``product.toml``."""

    customers_per_team: float
    customers_per_employee: float
    max_teams: int
    teams_per_account: float
    developers_per_team: int
    rows_per_week: float
    offers_per_function: float
    suggestions_per_month: float
    setups_per_month: float
    reported_errors: float
    use_falls: float


class Cards(Part):
    """The product teams' scorecard before and after the turn to shipping, and how teams answer."""

    answer: float
    before: dict[str, float]
    card: dict[str, float]


class Slumps(Part):
    """Relaunches that lose the users: a planted fall of adoption and set-up."""

    share: float
    months: int
    adoption: float
    setup: float


class Pull(Part):
    """What makes accounts leave apart from product and support, in log-odds of leaving in a week."""

    contract: dict[str, float]
    plan: dict[str, float]
    industry_spread: float
    modules: float
    hidden: float
    tenure: float
    price_rise: float
    competition: float


class Modules(Part):
    """What product teams own, one each."""

    names: tuple[str, ...]


class ProductWorld(Part):
    """One world of a product company.

    Parameters
    ----------
    null : bool
        Whether no KPI matters.
    slow : tuple of str
        Levers that work by what has been built up over months.
    arrows : dict of str to dict of str to float
        Moved lever → moving lever → change per unit.
    support : World
        Support, in the terms of the service engine.
    """

    name: str
    title: str
    null: bool = False
    slow: tuple[str, ...]
    volume: Volume
    levers: dict[str, ProductLever]
    arrows: dict[str, dict[str, float]]
    cards: Cards
    slumps: Slumps
    pull: Pull
    modules: Modules
    support: World = Field(repr=False)

    def effect(self, lever: str, /) -> float:
        """Return the direct effect of a lever on the log-odds of leaving: zero where no KPI matters."""
        return 0.0 if self.null else self.levers[lever].on_leaving


def world_names() -> tuple[str, ...]:
    """Return the names of the worlds there are.

    Examples
    --------
    >>> world_names()
    ('product', 'product_null')
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("product*.toml")))


def load_world(name: str, /) -> ProductWorld:
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
    >>> load_world("product_null").effect("defect_rate")
    0.0
    """
    return load_world_as(ProductWorld, _FOLDER, name, world_names(), completed=partial(_with_support, name))


def _with_support(name: str, content: dict[str, Any], /) -> dict[str, Any]:
    """Add support, which lives by the rules of the service scenario."""
    support = World(name=name, null=content.get("null", False), **read_part(_FOLDER, "support"))
    return {"support": support, **content}
