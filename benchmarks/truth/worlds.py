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
    cases_per_month: float = 60.0


SIZES = {
    "large": Size(200, 20, 12, 32_000),
    "small": Size(60, 6, 10, 9_600),
    "tiny": Size(30, 3, 8, 4_000),
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
    lines : bool
        Whether there are a first, a second and a third line: processes to which cases come by what is seen of their
        difficulty, and people by their skill.
    skill : float
        What one SD of an unmeasured skill does, in units of an effect; it goes with ``skill_with``.
    skill_with : tuple of str
        Levers that the unmeasured skill goes with.
    record_noise : float
        Standard deviation of errors of record over that of a case's chance; a fifth of it is a share's false records.
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
    lines: bool = False
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

_LATER = {"solved": 0.12, "promise_kept": 0.10, "response_time": 0.60, "follow_up": 0.50}
_FIGURES = ("knowledge_use", "response_time", "promise_kept", "follow_up", "script")

WORLDS: dict[str, World] = {
    "linear": World("nobody: the easiest"),
    "interactions": World(
        "straight lines: harm levels off, and a slow answer spoils what a solution is worth", shape="interactions"
    ),
    "hidden_difficulty": World(
        "single cases: difficulty that no attribute shows moves lever and outcome together", hidden=0.75
    ),
    "routing_mild": World("people compared, a little: harder cases go rather to better people", routing=0.25),
    "routing": World("people compared: harder cases go to better people", routing=0.6),
    "routing_hidden": World(
        "both: harder cases go to better people, and part of the difficulty is hidden", routing=0.6, hidden=0.6
    ),
    "routing_by_hidden": World(
        "everybody: who assigns cases sees what no attribute shows", routing=0.6, hidden=0.6, routed_by_hidden=True
    ),
    "routing_lines": World(
        "who compares within queues alone: easy cases go to a first line, hard ones to a third, and so do people",
        routing=0.8,
        lines=True,
    ),
    "unmeasured_skill": World(
        "people compared: an unmeasured skill goes with script and knowledge; a person's own cases do not mislead",
        skill=0.45,
        skill_with=("script", "knowledge_use"),
    ),
    "noisy_records": World("single cases: records are wrong, and effects come out too small", record_noise=1.0),
    "chain": World("who controls for everything: levers cause levers", arrows=CHAIN),
    "monthly": World("single cases: five levers are known as people's monthly figures alone", monthly=_FIGURES),
    "rare": World(
        "who drops rows: the strongest levers are known for few cases",
        known={"solved": 0.08, "promise_kept": 0.05, "follow_up": 0.15},
    ),
    "late": World(
        "who counts to the horizon: what was lived is felt a month later, and for long", memory=0.95, delay_weeks=4
    ),
    "turnover": World(
        "who takes people for fixed: they join, leave and move; newcomers cost more than levers show", turnover=0.3
    ),
    "shared": World(
        "who takes cases for independent: customers come often, back within days, to whoever is free", contacts=3.0
    ),
    "survey": World(
        "who takes answers as they come: one lever is known from customers who answer", survey="promise_kept"
    ),
    "teams_differ": World(
        "one card for all: two halves of the teams have customers who want other things", groups="differ"
    ),
    "teams_alike": World(
        "a card for each: two halves of the teams have customers of their own, who want the same", groups="alike"
    ),
    "drift": World("who averages over time: effects change half-way", late_effects=_LATER),
    "null": World("whoever finds something: no lever matters", effects=_NOTHING),
    "null_hidden": World(
        "whoever finds something in single cases: no lever matters, difficulty is hidden", effects=_NOTHING, hidden=0.75
    ),
    "null_routing": World(
        "whoever finds something between people: no lever matters, harder cases go to better people",
        effects=_NOTHING,
        routing=0.6,
    ),
}
