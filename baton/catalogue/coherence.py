"""Whether KPIs, stages and actions fit each other and the company file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from baton.catalogue.schema import Action, Kpi, Stage, Study
from baton.company import Company
from baton.contract.sources import TABLES
from baton.errors import CatalogueError
from baton.nearest import did_you_mean
from baton.outcomes import LEAVING

__all__ = ["TAKEN", "check_coherence", "check_studies"]

_GLUED = frozenset({"attribute", "customer", "employee"})
_FEATURES = frozenset(
    {"channel", "hour", "newcomer_share", "priority", "process", "season_month", "stage", "tenure_days", "weekday"}
)
TAKEN = _GLUED | _FEATURES | {"bias"}
"""Ids that no KPI may have: Baton glues the first before names of columns (``attribute__x``, where a KPI's features are
called ``<id>__30d``), calls features of its own like the second, and sums what belongs to no KPI under the last.
"""


def check_coherence(
    kpis: Mapping[str, Kpi],
    stages: Mapping[str, Stage],
    actions: Sequence[Action],
    company: Company,
    /,
    places: Mapping[tuple[str, str], str] | None = None,
) -> None:
    """Check what KPIs, stages, actions and the company file say of each other.

    Parameters
    ----------
    places : mapping of (kind, id) to str, optional
        The file or preset that each comes from, named in what is refused.

    Raises
    ------
    CatalogueError
        At the first contradiction, naming the KPI and the nearest name that would do.
    """
    if "any" in stages:
        raise CatalogueError("stage any: the name stands for the whole journey; give the stage another id")
    found = places or {}
    for kpi in kpis.values():
        _check_kpi(kpi, kpis, stages, _where(found, "kpi", kpi.id))
    for arrows in ("leads_to", "guards"):
        _check_circles(kpis, arrows, found)
    for action in actions:
        if action.kpi not in kpis:
            where = _where(found, "action", action.id)
            raise CatalogueError(f"{where}action {action.id}: no KPI {action.kpi!r}{did_you_mean(action.kpi, kpis)}")
    _check_outcomes(kpis, company)
    _check_priors(kpis, company)
    _check_worth(kpis, company)


def check_studies(
    actions: Sequence[Action], studies: Mapping[str, Study], places: Mapping[tuple[str, str], str], /
) -> None:
    """Check that the studies which actions name are there.

    Raises
    ------
    CatalogueError
        At the first that is not, naming the nearest.
    """
    for action in actions:
        if action.study is not None and action.study not in studies:
            where = _where(places, "action", action.id)
            raise CatalogueError(
                f"{where}action {action.id}: no study {action.study!r}{did_you_mean(action.study, studies)}; add a "
                "[[study]], or leave `study` out where it is practice"
            )


def _where(places: Mapping[tuple[str, str], str], kind: str, name: str, /) -> str:
    return f"{places[kind, name]}: " if (kind, name) in places else ""


def _check_kpi(kpi: Kpi, kpis: Mapping[str, Kpi], stages: Mapping[str, Stage], where: str, /) -> None:
    if kpi.id in TAKEN:
        raise CatalogueError(
            f"{where}KPI {kpi.id}: Baton uses this name for something else beside KPIs; "
            f"give the KPI another id, such as {kpi.id}_kpi"
        )
    if kpi.stage != "any" and kpi.stage not in stages:
        nearest = did_you_mean(kpi.stage, [*stages, "any"])
        raise CatalogueError(f"{where}KPI {kpi.id}: no stage {kpi.stage!r}{nearest}; or add a [[stage]]")
    for key in ("guards", "leads_to"):
        for other in getattr(kpi, key):
            if other not in kpis:
                raise CatalogueError(f"{where}KPI {kpi.id}, {key}: no KPI {other!r}{did_you_mean(other, kpis)}")
    if kpi.known_at is not None:
        times = _times(kpi.source)
        if kpi.known_at not in times:
            raise CatalogueError(
                f"{where}KPI {kpi.id}: known_at {kpi.known_at!r} is no time column of {kpi.source}"
                f"{did_you_mean(kpi.known_at, times)}"
            )


def _times(source: str, /) -> list[str]:
    times = [column.name for column in TABLES[source].columns if column.type == "time"]
    # customers' attributes may carry a history of their own (contract, section 1)
    return [*times, "valid_from"] if source == "customers" else times


def _check_circles(kpis: Mapping[str, Kpi], arrows: str, places: Mapping[tuple[str, str], str], /) -> None:
    done: set[str] = set()

    def follow(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            raise CatalogueError(
                f"{_where(places, 'kpi', name)}{arrows} runs in a circle: {circle}; take one arrow out"
            )
        if name in done:
            return
        for other in getattr(kpis[name], arrows):
            follow(other, (*path, name))
        done.add(name)

    for name in kpis:
        follow(name, ())


def _check_outcomes(kpis: Mapping[str, Kpi], company: Company, /) -> None:
    for number, decline in enumerate(company.outcomes.decline, start=1):
        if decline.metric not in kpis:
            raise CatalogueError(
                f"[[outcomes.decline]] {number}: metric {decline.metric!r} is no KPI of the catalogue"
                f"{did_you_mean(decline.metric, kpis)}"
            )
    case = company.outcomes.case
    if case is None:
        return
    outcomes = [kpi.id for kpi in kpis.values() if kpi.role == "outcome"]
    if case.metric not in kpis:
        raise CatalogueError(
            f"[outcomes.case] metric {case.metric!r} is no KPI of the catalogue{did_you_mean(case.metric, outcomes)}"
        )
    if case.metric not in outcomes:
        raise CatalogueError(
            f"[outcomes.case] metric {case.metric!r} is a {kpis[case.metric].role}; name a KPI of role outcome"
        )


def _check_worth(kpis: Mapping[str, Kpi], company: Company, /) -> None:
    reported = [kpi.id for kpi in kpis.values() if kpi.role in ("outcome", "mediator")]
    for name in company.policy.worth:
        if name in LEAVING:
            if company.outcomes.churn is None:
                raise CatalogueError(
                    f"[policy] worth: {name!r} is of customers who leave, and there is no [outcomes.churn]; "
                    f"add it, or take {name!r} out"
                )
        elif name not in kpis:
            near = did_you_mean(name, [*LEAVING, *reported])
            raise CatalogueError(f"[policy] worth: {name!r} is neither churn, value nor a KPI of the catalogue{near}")
        elif name not in reported:
            raise CatalogueError(
                f"[policy] worth: {name!r} is a {kpis[name].role}: what customers get or a case costs has a price, "
                "not what people do for it; name a KPI of role outcome or mediator"
            )


def _check_priors(kpis: Mapping[str, Kpi], company: Company, /) -> None:
    levers = [kpi.id for kpi in kpis.values() if kpi.role == "lever"]
    for number, prior in enumerate(company.policy.prior, start=1):
        where = f"[[policy.prior]] {number}: judgements: KPI"
        for name in prior.kpis:
            if name not in kpis:
                raise CatalogueError(f"{where} {name!r} is not in the catalogue{did_you_mean(name, levers)}")
            if kpis[name].role != "lever":
                raise CatalogueError(
                    f"{where} {name!r} is of role {kpis[name].role}, which nobody does himself; compare levers alone"
                )
            if name in company.policy.fixed:
                raise CatalogueError(
                    f"{where} {name!r} is in policy.fixed, which keeps its points; leave it out of one"
                )
