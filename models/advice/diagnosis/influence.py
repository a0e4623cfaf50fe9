"""KPIs on today's cards that nobody can influence, or that are too noisy for a person's score.

Source: Adams 2009 (reliability of profiles); Shrout & Fleiss 1979 (interval of an intraclass correlation).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from baton.messages.message import Message, Value
from baton.months import DAYS_PER_MONTH
from models.advice.diagnosis.finding import Finding, by_points
from models.advice.diagnosis.places import cards_with, kpi_name
from models.advice.inputs import AdviceInputs
from models.effects.not_measured import NotMeasured
from models.effects.signal import spearman_brown

__all__ = ["MIN_RELIABILITY", "Measurement", "cases_needed", "influence_findings", "reliability_interval"]

MIN_RELIABILITY = 0.7
"""Below it more than half of a person's place is chance (Adams 2009): no person's score rests on it."""
MIN_CONTROLLABLE = 0.5
"""Below it others, or chance, decide more of a KPI than those who are scored on it."""
_ALIKE = frozenset({NotMeasured.PEOPLE_ALIKE, NotMeasured.TEAMS_ALIKE, NotMeasured.CONSTANT})
_MAX_NEEDED = 100_000
"""Cases beyond which no number is given: no person ever has them."""


@dataclass(frozen=True)
class Measurement:
    """What a run knows of how well KPIs are measured.

    Parameters
    ----------
    reliability : pandas.DataFrame
        ``advice/reliability``; empty where there is no run.
    panel : pandas.DataFrame
        ``advice/panel``: its months say how long units were observed.
    min_group : int
        Of fewer people nothing is said.
    """

    reliability: pd.DataFrame
    panel: pd.DataFrame
    min_group: int = 1

    def of(self, kpi: str, unit: str, /) -> dict[str, float] | None:
        """Return units, n (median, a cycle), total (median, all months), icc and reliability of one KPI."""
        if self.reliability.empty:
            return None
        rows = self.reliability[(self.reliability["kpi"] == kpi) & (self.reliability["unit"] == unit)]
        if rows.empty or (unit == "employee" and len(rows) < self.min_group):
            return None
        icc, n = float(rows["icc"].iloc[0]), float(rows["n"].median())
        months = 0.0
        if len(self.panel):
            here = self.panel[(self.panel["kpi"] == kpi) & (self.panel["unit"] == unit) & self.panel["value"].notna()]
            months = float(here.groupby("unit_id").size().median()) if len(here) else 0.0
        total = max(float(rows["n_per_day"].median()) * DAYS_PER_MONTH * months, n)
        return {"units": len(rows), "n": n, "total": total, "icc": icc, "reliability": spearman_brown(icc, n)}


def cases_needed(icc: float, reliability: float = MIN_RELIABILITY, /) -> float:
    """Return how many cases a score needs to be as reliable as that; infinite where units do not differ.

    Examples
    --------
    >>> round(cases_needed(0.05))
    44
    >>> round(spearman_brown(0.05, cases_needed(0.05)), 3)
    0.7
    """
    return reliability * (1 - icc) / ((1 - reliability) * icc) if icc > 0 else float("inf")


def reliability_interval(found: dict[str, float], /) -> tuple[float, float]:
    """Return the 90 % interval of a reliability at a cycle's volume, from how many units it was estimated.

    Parameters
    ----------
    found : dict
        Of ``Measurement.of``.

    Examples
    --------
    >>> low, high = reliability_interval({"units": 40, "n": 60, "total": 60, "icc": 0.05, "reliability": 0.759})
    >>> round(low, 2), round(high, 2)
    (0.66, 0.84)

    Source
    ------
    Shrout & Fleiss 1979: F = 1 / (1 − R) over its quantiles, with so many cases that only the units' number counts.
    """
    from scipy.stats import chi2

    freedom = max(found["units"] - 1.0, 1.0)
    ratio = 1.0 / max(1.0 - spearman_brown(found["icc"], found["total"]), 1e-9)
    ends = []
    for level in (0.95, 0.05):
        over = max(ratio * freedom / float(chi2.ppf(level, freedom)) - 1.0, 0.0)
        ends.append(spearman_brown(over / (over + found["total"]), found["n"]))
    return ends[0], ends[1]


def influence_findings(
    table: pd.DataFrame, inputs: AdviceInputs, catalogue: Catalogue, measurement: Measurement, policy: Policy, /
) -> list[Finding]:
    """Find KPIs on cards that nobody can influence, and those too noisy for whom they score.

    Parameters
    ----------
    table : pandas.DataFrame
        Of ``diagnosis_table``.

    Returns
    -------
    list of Finding
        At most one per KPI; mandatory KPIs are not up for advice and have none.
    """
    known = inputs.kpis.set_index("kpi")
    found = []
    for kpi, rows in table.groupby("kpi", sort=True):
        name = str(kpi)
        if name in policy.fixed or name not in catalogue:
            continue
        one = _Asked(name, rows, table, inputs, catalogue, measurement)
        why = str(known["why_key"].get(name, ""))
        item = one.without_owner() or one.alike(why) or one.too_noisy() or one.hardly_controlled()
        if item is not None:
            found.append(item)
    return by_points(found)


@dataclass(frozen=True)
class _Asked:
    """One KPI, and the rows of the cards that have it."""

    kpi: str
    rows: pd.DataFrame
    table: pd.DataFrame
    inputs: AdviceInputs
    catalogue: Catalogue
    measurement: Measurement

    def _finding(self, kind: str, words: tuple[Message, Message, Message], **values: Any) -> Finding:
        what, sure, following = words
        return Finding(
            kind=kind,
            what=what,
            where=cards_with(self.rows, self.table, self.inputs),
            sure=sure,
            next=following,
            points=float(self.rows["weight"].sum()),
            values={"kpi": self.kpi, "cards": len(self.rows), **values},
        )

    @property
    def _name(self) -> dict[str, Value]:
        return {"kpi": kpi_name(self.kpi, self.catalogue)}

    def without_owner(self) -> Finding | None:
        """Whether neither a person nor a team owns it."""
        if self.catalogue[self.kpi].owner is not None:
            return None
        words = (
            Message("influence.no_owner", self._name),
            Message("influence.sure_by_definition"),
            Message("influence.next_no_owner", self._name),
        )
        return self._finding("no_owner", words)

    def alike(self, why: str, /) -> Finding | None:
        """Whether those who own it do not differ in it beyond chance."""
        owner = self.catalogue[self.kpi].owner or "team"
        found = self.measurement.of(self.kpi, owner)
        tested = why in _ALIKE
        if not tested and (found is None or why == "" or self._differs(found)):
            return None
        key = "influence.people_alike" if owner == "employee" else "influence.teams_alike"
        if why == NotMeasured.CONSTANT:
            key = "influence.constant"
        numbers = {name: found[name] for name in ("units", "icc", "reliability")} if found is not None else {}
        sure = Message("influence.sure_alike")
        if found is not None:
            sure = Message(
                "influence.sure_alike_of", {"n": int(found["units"]), "high": reliability_interval(found)[1]}
            )
        words = (Message(key, self._name), sure, Message("influence.next_alike", self._name))
        return self._finding("alike", words, **numbers)

    @staticmethod
    def _differs(found: dict[str, float], /) -> bool:
        return reliability_interval(found)[0] > 0

    def too_noisy(self) -> Finding | None:
        """Whether its score is more chance than difference at the volume of those who are scored on it."""
        person = self.catalogue[self.kpi].owner == "employee"
        found = self.measurement.of(self.kpi, "employee" if person else "team")
        if found is None or found["reliability"] >= MIN_RELIABILITY:
            return None
        low, high = reliability_interval(found)
        together = self.measurement.of(self.kpi, "team") if person else None
        needed = cases_needed(found["icc"])
        values: dict[str, Value] = {**self._name, "reliability": found["reliability"], "n": max(round(found["n"]), 1)}
        what = "influence.noisy_person" if person else "influence.noisy_team"
        if needed <= _MAX_NEEDED:
            what = "influence.noisy_person_needs" if person else "influence.noisy_team_needs"
            values["needed"] = ceil(needed)
        sure = Message(
            "influence.sure_below" if high < MIN_RELIABILITY else "influence.sure_open",
            {"low": low, "high": high, "asked": MIN_RELIABILITY},
        )
        numbers = {name: found[name] for name in ("units", "n", "icc", "reliability")}
        numbers |= {"low": low, "high": high, "cases_needed": needed if np.isfinite(needed) else float("nan")}
        numbers["team_reliability"] = together["reliability"] if together is not None else float("nan")
        return self._finding("too_noisy", (Message(what, values), sure, self._instead(together)), **numbers)

    def _instead(self, together: dict[str, float] | None, /) -> Message:
        if together is not None and together["reliability"] >= MIN_RELIABILITY:
            return Message("influence.next_team", {**self._name, "reliability": together["reliability"]})
        return Message("influence.next_information", self._name)

    def hardly_controlled(self) -> Finding | None:
        """Whether the catalogue says that people can hardly move it."""
        share = self.catalogue[self.kpi].controllable
        if share is None or share >= MIN_CONTROLLABLE or self.catalogue[self.kpi].role != "lever":
            return None
        words = (
            Message("influence.hardly_controlled", {**self._name, "share": share}),
            Message("influence.sure_catalogue"),
            Message("influence.next_controlled", self._name),
        )
        return self._finding("hardly_controlled", words, controllable=share)
