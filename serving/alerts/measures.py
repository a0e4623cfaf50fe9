"""The values that rules look at: of customers and teams, as the service would answer them, by the run or as of now."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from baton.alerts.settings import Rule
from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.errors import CompanyFileError
from baton.nearest import did_you_mean
from serving.access.principal import LOCAL
from serving.access.sight import Sight
from serving.answering.payloads import ChurnRequest, ChurnRow
from serving.answering.predictions import answer_churn
from serving.live.asking import Live, tables_behind
from serving.live.now import TODAY

if TYPE_CHECKING:
    from serving.loading import LoadedRun, Served

__all__ = ["DECLINE", "Measures", "Values", "kpi_of", "require_measures"]

DECLINE = "decline:"
_AT_ONCE = 200  # customers, as of now
_MAX_DRIVERS = 3


@dataclass(frozen=True)
class Values:
    """Values by subject, and what is to be known of them.

    Parameters
    ----------
    as_of : str or None
        When they hold, UTC.
    behind : tuple of str
        Tables that end before.
    """

    of: Mapping[str, float]
    as_of: str | None = None
    behind: tuple[str, ...] = ()


def kpi_of(measure: str, /) -> tuple[str, int]:
    """Return the KPI of a team's measure and the days it is over.

    Examples
    --------
    >>> kpi_of("csat"), kpi_of("csat__7d"), kpi_of("decline:csat")
    (('csat', 1), ('csat', 7), ('csat', 1))
    """
    kpi, _, window = measure.removeprefix(DECLINE).partition("__")
    return kpi, int(window.removesuffix("d")) if window else TODAY


def require_measures(company: Company, /) -> None:
    """Refuse rules about KPIs or windows that there are not.

    Raises
    ------
    CompanyFileError
        With the rule's name.
    """
    rules = [rule for rule in company.alerts.rule if rule.about == "team"]
    known = load_catalogue(company) if rules else {}
    for rule in rules:
        place = f"alerts.rule {rule.name!r}: measure {rule.measure!r}"
        try:
            kpi, days = kpi_of(rule.measure)
        except ValueError:
            raise CompanyFileError(f"{place}: is a KPI such as csat, csat__7d or decline:csat") from None
        if kpi not in known:
            raise CompanyFileError(f"{place}: there is no such KPI{did_you_mean(kpi, known)}")
        windows = (TODAY, *company.snapshots.windows_days)
        if days not in windows:
            raise CompanyFileError(f"{place}: no such window; there are {', '.join(f'{day}d' for day in windows)}")


class Measures:
    """What rules look at in one run.

    Parameters
    ----------
    live : Live
        Answers as of now.
    """

    def __init__(self, run: LoadedRun, live: Live, /) -> None:
        self._run = run
        self._live = live
        self._all = Sight(LOCAL, run.members, run.company.policy.min_group)

    def customers_of_run(self, rule: Rule, /) -> Values | None:
        """Return the values of all customers by the run; None where its chances are no better than guessing."""
        served = self._informative("churn")
        if served is None:
            return None
        chances = _chances(served)
        if rule.measure == "value_at_risk":
            chances = {name: chance * self._worth[name] for name, chance in chances.items() if name in self._worth}
        return Values(chances, served.as_of)

    def customers_now(self, rule: Rule, ids: Collection[str], /) -> Values | None:
        """Return the values of some customers as of now."""
        if self._informative("churn") is None or not ids:
            return None
        found: dict[str, float] = {}
        as_of, behind = None, ()
        for answer in self._asked_now(sorted(ids), explain=False):
            as_of, behind = answer["as_of"], _behind(answer)
            rows = {row["customer_id"]: row["probability"] for row in answer["rows"]}
            found |= {name: chance for name, chance in rows.items() if chance is not None}
        if rule.measure == "value_at_risk":
            found = {name: chance * self._worth[name] for name, chance in found.items() if name in self._worth}
        return Values(found, as_of, behind)

    def teams_now(self, rule: Rule, ids: Collection[str], /) -> Values | None:
        """Return a KPI of teams as of now; None where the run's tables do not carry it."""
        kpi, days = kpi_of(rule.measure)
        found = self._live.teams(self._run, ids)
        if kpi not in found.kpis:
            return None
        values = {team: row.get(f"{kpi}__{days}d") for team, row in found.values.items()}
        known = {team: float(value) for team, value in values.items() if value is not None and math.isfinite(value)}
        return Values(known, f"{found.as_of.isoformat()}Z", found.behind)

    def declines(self, rule: Rule, /) -> Values | None:
        """Return the chances of teams to decline, by the run; None where they are no better than guessing."""
        served = self._informative(f"decline:team:{kpi_of(rule.measure)[0]}")
        return None if served is None else Values(_chances(served), served.as_of)

    def drivers(self, ids: Collection[str], now: Collection[str], /) -> dict[str, list[dict[str, Any]]]:
        """Return what drives customers' chances most, by the run or, of those in ``now``, as of now."""
        live, rest = sorted(set(ids) & set(now)), sorted(set(ids) - set(now))
        answers = list(self._asked_now(live, explain=True))
        for start in range(0, len(rest), _AT_ONCE):
            rows = [ChurnRow(customer_id=name) for name in rest[start : start + _AT_ONCE]]
            answers.append(answer_churn(self._run, ChurnRequest(rows=rows, explain=True), self._all))
        return {
            row["customer_id"]: [self._named(driver["kpi"]) for driver in _raising(row.get("drivers") or ())]
            for answer in answers
            for row in answer["rows"]
        }

    def named(self, kpi: str, /) -> dict[str, str]:
        """Return what a KPI is called."""
        found = self._catalogue.get(kpi)
        return {"en": kpi, "zh": kpi} if found is None else {"en": found.name.en, "zh": found.name.zh}

    def _named(self, kpi: str, /) -> dict[str, Any]:
        return {"kpi": kpi, "name": self.named(kpi)}

    @cached_property
    def key(self) -> str:
        """What is another for another run, or other models."""
        known = json.dumps([self._run.results.run, self._run.models()], sort_keys=True, default=str)
        return hashlib.sha256(known.encode()).hexdigest()[:32]

    @cached_property
    def _catalogue(self) -> Mapping[str, Any]:
        return load_catalogue(self._run.company)

    def _asked_now(self, ids: list[str], /, *, explain: bool) -> list[dict[str, Any]]:
        parts = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
        requests = [
            ChurnRequest(rows=[ChurnRow(customer_id=name) for name in part], live=True, explain=explain)
            for part in parts
        ]
        return [self._live.churn(self._run, request, self._all) for request in requests]

    def _informative(self, outcome: str, /) -> Served | None:
        served = self._run.served.get(outcome)
        return served if served is not None and served.standing.informative else None

    @cached_property
    def _worth(self) -> dict[str, float]:
        """What each customer is worth a year, by the run."""
        if "churn" not in self._run.results:
            return {}
        table = self._run.results.arrow("churn").select(["customer_id", "probability", "value_at_risk"]).to_pydict()
        rows = zip(table["customer_id"], table["probability"], table["value_at_risk"], strict=True)
        return {name: risk / chance for name, chance, risk in rows if risk is not None and chance and risk == risk}


def _chances(served: Served, /) -> dict[str, float]:
    """Return what the service answers for each id: the run's own scores, else the champion's on the same features."""
    found = {name: float(row["probability"]) for name, row in served.scored.items()}
    rest = served.current.loc[[name for name in served.current.index if name not in found]]
    if len(rest):
        found |= dict(zip(rest.index.astype(str), served.predictor.predict(rest).tolist(), strict=True))
    return {name: chance for name, chance in found.items() if math.isfinite(chance)}


def _raising(drivers: Collection[Mapping[str, Any]], /) -> list[Mapping[str, Any]]:
    """Return the drivers that raise the chance, the strongest first; what stands for no KPI has no name for people."""
    found = [row for row in drivers if (row.get("attribution") or 0) > 0 and not str(row["kpi"]).startswith("_")]
    return sorted(found, key=lambda row: -row["attribution"])[:_MAX_DRIVERS]


def _behind(answer: Mapping[str, Any], /) -> tuple[str, ...]:
    moment = datetime.fromisoformat(answer["as_of"].removesuffix("Z"))
    return tuple(tables_behind(answer["live"], moment))
