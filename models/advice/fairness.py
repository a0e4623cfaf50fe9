"""Who would rise and who fall: last period scored again under a new card, by protected group.

Protected attributes come in here and nowhere else; they never reach an effect, a weight or a reason about a person.

Source: the four-fifths rule (29 CFR 1607.4 D), here on the share of a group that scores above the median.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.company import Privacy
from baton.privacy.meanings import private_match
from features.cases.table import Organisation
from features.staging.own_columns import attribute, plain
from models.advice.proportions import ratio_interval

__all__ = [
    "Impact",
    "impact",
    "movers",
    "no_groups",
    "no_scores",
    "protected_columns",
    "protected_groups",
    "scores",
    "scoring_rates",
]

Floats = NDArray[np.float64]

MIN_PROTECTED_GROUP = 10
SURE = 0.05
PERMUTATIONS = 400
MAX_LEVELS = 8
NO_HIGHER = 1e-9
"""Scores that differ by less differ by rounding."""


@dataclass(frozen=True)
class Impact:
    """What a card does to protected groups.

    Parameters
    ----------
    verdict : str
        ``pass``, ``fail`` or ``cannot be told``; the last is no pass. In weights also ``no worse than today``: a fail
        that today's card shares.
    ratio : float
        The smallest group's share above the median over the largest's, over all attributes; NaN unknown.
    attribute : str
        Where it is smallest.
    low, high : float
        Of the ratio of these two groups, 90 %; NaN unknown.
    rises, falls : float
        People whom the card moves above the median, below it; NaN unknown, or too few people.
    """

    verdict: str
    ratio: float
    attribute: str
    low: float = float("nan")
    high: float = float("nan")
    rises: float = float("nan")
    falls: float = float("nan")


def no_scores() -> pd.DataFrame:
    """Return ``scores`` of nobody."""
    text = pd.Series(dtype="str")
    return pd.DataFrame({"employee_id": text, "role": text, "kpi": text, "z": pd.Series(dtype="float64")})


def no_groups() -> pd.DataFrame:
    """Return ``protected_groups`` of nobody."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in ("employee_id", "attribute", "group")})


def scores(organisation: Organisation, catalogue: Catalogue, cycle_days: int) -> pd.DataFrame:
    """Return people's KPI values of the last cycle, comparable within their role.

    Returns
    -------
    pandas.DataFrame
        employee_id, role, kpi, z (deviation from the role's mean in standard deviations, more is better).
    """
    columns = ["employee_id", "role", "kpi", "z"]
    panel, people = organisation.panel, organisation.employees
    if panel.empty or people.empty:
        return no_scores()
    since = organisation.as_of - pd.Timedelta(days=cycle_days)
    recent = panel[(panel["unit"] == "employee") & (panel["to"] > since) & panel["value"].notna()]
    recent = recent[recent["kpi"].isin(list(catalogue))]
    weight = recent["n"].fillna(1.0).clip(lower=1.0)
    recent = recent.assign(weight=weight, weighted=recent["value"] * weight)
    sums = recent.groupby(["unit_id", "kpi"], as_index=False, observed=True)[["weighted", "weight"]].sum()
    roles = people.drop_duplicates("employee_id", keep="last").set_index("employee_id")
    role = roles["role"].fillna("") if "role" in roles else pd.Series("", index=roles.index)
    found = pd.DataFrame({"employee_id": sums["unit_id"].astype("str"), "kpi": sums["kpi"].astype("str")})
    found["role"] = found["employee_id"].map(role).fillna("").astype("str")
    # of no rows the signs would be text
    sign = found["kpi"].map({kpi.id: kpi.sign for kpi in catalogue.values()}).astype("float64")
    found["z"] = sums["weighted"] / sums["weight"] * sign
    grouped = found.groupby(["role", "kpi"])["z"]
    found["z"] = (found["z"] - grouped.transform("mean")) / grouped.transform("std").replace(0.0, np.nan)
    return found.dropna(subset=["z"])[columns].reset_index(drop=True)


def protected_columns(privacy: Privacy, columns: Iterable[str], /) -> tuple[str, ...]:
    """Return the columns of employees that are protected, by name or by meaning, those on the company's list first."""
    names = [plain(column) for column in columns]
    listed = [name for name in privacy.protected if name in names]
    found = {name: private_match(privacy, name, table="employees") for name in names if name not in listed}
    return (*listed, *(name for name, match in found.items() if match is not None and match.kind == "protected"))


def protected_groups(organisation: Organisation, protected: tuple[str, ...]) -> pd.DataFrame:
    """Return people's protected groups: employee_id, attribute, group; numbers are cut into thirds."""
    people = organisation.employees
    parts = []
    for name in protected:
        place = name if name in people else attribute(name)
        if place not in people:
            continue
        column = people[place]
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > MAX_LEVELS:
            column = pd.qcut(column, 3, labels=["low", "middle", "high"], duplicates="drop")
        part = pd.DataFrame({"employee_id": people["employee_id"], "attribute": name, "group": column.astype("str")})
        parts.append(part[column.notna()])
    return pd.concat(parts, ignore_index=True).astype("str") if parts else no_groups()


def impact(
    people: pd.DataFrame, groups: pd.DataFrame, role: str, weights: dict[str, float], minimum: float, min_group: int
) -> Impact:
    """Score everybody of a role under a card and compare the groups.

    Parameters
    ----------
    people : pandas.DataFrame
        From ``scores``.
    groups : pandas.DataFrame
        From ``protected_groups``.
    role : str
        Empty: everybody.
    weights : dict of str to float
        Points by KPI.
    minimum : float
        The smallest ratio that the policy allows.
    min_group : int
        Groups of fewer people, and of fewer than ten, are not compared.

    Returns
    -------
    Impact
        ``fail`` only where the smallest ratio of all attributes lies below ``minimum`` and is rarely as small when the
        same scores are permuted among the same people.
    """
    unknown = Impact("cannot be told", float("nan"), "")
    if people.empty or groups.empty:
        return unknown
    total, members = _scored(people, groups, role, weights)
    tables = {name: table for name, group in members.items() if len(table := _indicators(group, min_group)) > 1}
    if not tables:
        return unknown
    above = (total > total.median()).to_numpy(dtype=float)
    rng = np.random.default_rng(len(above))
    shuffled = rng.permuted(np.tile(above, (PERMUTATIONS, 1)), axis=1)
    ratios = {name: _ratios(table, np.vstack([above, shuffled])) for name, table in tables.items()}
    worst = min(ratios, key=lambda name: ratios[name][0])
    ratio = float(ratios[worst][0])
    low, high = _interval(tables[worst], above)
    if ratio >= minimum:
        return Impact("pass", ratio, worst, low, high)
    smallest = np.min(list(ratios.values()), axis=0)
    chance = float((smallest <= ratio + 1e-12).mean())
    return Impact("fail" if chance <= SURE else "cannot be told", ratio, worst, low, high)


def movers(
    people: pd.DataFrame, role: str, today: dict[str, float], proposed: dict[str, float], min_group: int
) -> tuple[float, float]:
    """Count whom a card moves across the median of a role, last cycle scored again.

    Parameters
    ----------
    people : pandas.DataFrame
        From ``scores``.
    role : str
        Empty: everybody.
    today, proposed : dict of str to float
        Points by KPI.
    min_group : int
        Fewer people are not counted.

    Returns
    -------
    tuple of float
        How many rise above it and how many fall to it or below, of those whom both cards score; NaN: not counted.
    """
    mine = people[people["role"] == role] if role else people
    both = pd.concat([_totals(mine, today), _totals(mine, proposed)], axis=1, join="inner").to_numpy(dtype=float)
    if not len(both) or len(both) < min_group:
        return float("nan"), float("nan")
    above = both > np.median(both, axis=0) + NO_HIGHER
    return float((above[:, 1] & ~above[:, 0]).sum()), float((above[:, 0] & ~above[:, 1]).sum())


def scoring_rates(
    people: pd.DataFrame, groups: pd.DataFrame, role: str, weights: dict[str, float], min_group: int
) -> pd.DataFrame:
    """Return how often each protected group scores above the median of a role under a card.

    Parameters
    ----------
    people : pandas.DataFrame
        From ``scores``.
    groups : pandas.DataFrame
        From ``protected_groups``.
    role : str
        Empty: everybody.
    weights : dict of str to float
        Points by KPI.
    min_group : int
        Groups of fewer people, and of fewer than ten, get no rate.

    Returns
    -------
    pandas.DataFrame
        attribute, group, people, rate (share above the median of all), ratio (over the highest rate of the attribute);
        all three NaN for a group that is too small, and where fewer than two are large enough.

    Source
    ------
    New York City, rules of Local Law 144 (6 RCNY § 5-300): scoring rate and impact ratio.
    """
    total, members = _scored(people, groups, role, weights)
    above = total > total.median()
    rows = []
    for column, group in members.items():
        counts = group.value_counts()
        rates = {
            str(name): float(above[group.index[group == name]].mean())
            for name, count in counts.items()
            if count >= max(MIN_PROTECTED_GROUP, min_group)
        }
        if len(rates) < 2:  # nothing to compare with; alone, a rate says something of those who are too few
            rates = {}
        highest = max(rates.values(), default=0.0)
        for name in sorted(map(str, counts.index)):
            rate = rates.get(name, float("nan"))
            count = float(counts[name]) if name in rates else float("nan")
            rows.append((column, name, count, rate, rate / highest if highest > 0 else float("nan")))
    return pd.DataFrame(rows, columns=["attribute", "group", "people", "rate", "ratio"])


def _scored(
    people: pd.DataFrame, groups: pd.DataFrame, role: str, weights: dict[str, float], /
) -> tuple[pd.Series, dict[str, pd.Series]]:
    """Return the score of everybody of a role under a card, and by attribute the group of each, NaN if not known."""
    mine = people[people["role"] == role] if role and (people["role"] == role).any() else people
    total = _totals(mine, weights)
    members = {
        str(attribute): part.drop_duplicates("employee_id").set_index("employee_id")["group"].reindex(total.index)
        for attribute, part in groups.groupby("attribute")
    }
    return total, members


def _totals(people: pd.DataFrame, weights: dict[str, float], /) -> pd.Series:
    """Return the score of everybody whom the card measures, by employee."""
    points = people["kpi"].map(weights).astype("float64").fillna(0.0)
    total = (people["z"] * points).groupby(people["employee_id"]).sum()
    return total[points.groupby(people["employee_id"]).sum() > 0]


def _interval(members: Floats, above: Floats, /) -> tuple[float, float]:
    """Bound the ratio of the smallest group's share above the median over the largest's."""
    counts, sizes = members @ above, members.sum(axis=1)
    smallest, largest = int(np.argmin(counts / sizes)), int(np.argmax(counts / sizes))
    if counts[largest] == 0:
        return float("nan"), float("nan")
    return ratio_interval(int(counts[smallest]), int(sizes[smallest]), int(counts[largest]), int(sizes[largest]))


def _indicators(group: pd.Series, min_group: int, /) -> Floats:
    """Return one row of memberships per group that is large enough."""
    counts = group.value_counts()
    large = counts.index[counts >= max(MIN_PROTECTED_GROUP, min_group)]
    return np.array([(group == name).to_numpy(dtype=float) for name in sorted(large)])


def _ratios(members: Floats, above: Floats, /) -> Floats:
    """Per row of ``above`` the smallest group's share above the median over the largest's."""
    shares = above @ members.T / members.sum(axis=1)
    largest = shares.max(axis=1)
    return np.divide(shares.min(axis=1), largest, out=np.ones(len(shares)), where=largest > 0)
