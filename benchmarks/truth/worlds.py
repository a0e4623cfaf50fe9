"""The worlds: companies that differ in form, so that each simple estimator fails in one of them.

They are written from what can be true of a company, not from what an estimator assumes. Each says in one line who is
misled in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.truth.kpis import LEVERS

__all__ = ["CHAIN", "SIZES", "WORLDS", "Size", "World"]

CHAIN = {
    ("handle_time", "solved"): -0.45,
    ("knowledge_use", "solved"): 0.35,
    ("response_time", "promise_kept"): 0.30,
    ("knowledge_use", "transfer"): 0.25,
}
"""What one SD of a parent in a case does to its child, in the child's own SD: haste lowers first-contact resolution."""


@dataclass(frozen=True)
class Size:
    """How large a company is: ``people`` in ``teams``, over ``months`` observed, for ``customers``.

    Of the cases drawn for a person and month a quarter falls to customers who are not there, and does not happen.
    """

    people: int
    teams: int
    months: int
    customers: int
    cases_per_month: float = 50.0


SIZES = {
    "large": Size(200, 20, 12, 16_000),
    "small": Size(60, 6, 10, 4_800),
    "tiny": Size(30, 3, 8, 2_000),
}


@dataclass(frozen=True)
class World:
    """The form of a company.

    Parameters
    ----------
    note : str
        Who is misled here.
    effects : mapping of str to float
        Instead of the levers' own.
    late_effects : mapping of str to float
        From half-way on.
    shape : {"linear", "interactions"}
        How what customers lived becomes risk.
    hidden : float
        Weight of the part of difficulty that no attribute shows; the whole has variance one.
    routing : float
        Correlation of a case's difficulty with the skill of who gets it, within process and month.
    routed_by_hidden : bool
        Whether dispatchers see the hidden part too.
    skill : float
        What one SD of an unmeasured skill does, in units of an effect; it goes with ``skill_with``.
    skill_with : tuple of str
        Levers that the unmeasured skill goes with.
    record_noise : float
        Standard deviation of errors of record over that of a case's chance; half of it is a share's false records.
    arrows : mapping of (parent, child) to float
    monthly : tuple of str
        KPIs that are known as monthly figures of people, from ten cases.
    known : mapping of str to float
        Share of cases whose value is known.
    survey : str
        A lever that customers are asked about: who answers depends on what they lived and on who served them.
    memory : float
        Share of what was lived that is left a week later.
    delay_weeks : int
        Before which nothing is felt.
    turnover : float
        Share of people who join, and who leave, and who change teams, while observed.
    contacts : float
        Cases per customer, against the size's own.
    groups : {"one", "alike", "differ"}
        Whether two halves of the teams have customers of their own, and whether those want the same.
    """

    note: str
    effects: Mapping[str, float] = field(default_factory=dict)
    late_effects: Mapping[str, float] = field(default_factory=dict)
    shape: Literal["linear", "interactions"] = "linear"
    hidden: float = 0.0
    routing: float = 0.0
    routed_by_hidden: bool = False
    skill: float = 0.0
    skill_with: tuple[str, ...] = ()
    record_noise: float = 0.0
    arrows: Mapping[tuple[str, str], float] = field(default_factory=dict)
    monthly: tuple[str, ...] = ("script",)
    known: Mapping[str, float] = field(default_factory=dict)
    survey: str = ""
    memory: float = 0.9
    delay_weeks: int = 0
    turnover: float = 0.0
    contacts: float = 1.0
    groups: Literal["one", "alike", "differ"] = "one"

    def effect(self, lever: str, /, *, group: int = 0, late: bool = False) -> float:
        """Return what one SD more in a case takes off the risk, for a group of customers at a time."""
        own = next(each.effect for each in LEVERS if each.kpi == lever)
        found = self.effects.get(lever, own)
        if late:
            found = self.late_effects.get(lever, found)
        if self.groups == "differ":
            found = _SECOND_GROUP.get(lever, found) if group else _FIRST_GROUP.get(lever, found)
        return found


_FIRST_GROUP = {"solved": 0.70, "promise_kept": 0.05, "response_time": 0.05, "follow_up": 0.10}
_SECOND_GROUP = {"solved": 0.10, "promise_kept": 0.60, "response_time": 0.40, "follow_up": 0.20}

_NOTHING = dict.fromkeys((lever.kpi for lever in LEVERS), 0.0)

WORLDS: dict[str, World] = {
    "linear": World("nobody: the easiest"),
    "interactions": World("straight lines: harm saturates, and a slow answer spoils what a solution is worth",
                          shape="interactions"),
    "hidden_difficulty": World("single cases: difficulty that no attribute shows moves lever and outcome together",
                               hidden=0.75),
    "routing": World("people compared: harder cases go to better people", routing=0.6),
    "null": World("whoever finds something: no lever matters", effects=_NOTHING),
}  # fmt: skip
