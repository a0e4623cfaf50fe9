"""The answers, as plain functions of a loaded run and a request."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from baton.company import Policy
from baton.errors import ArtefactError, RequestError, UnknownIdError
from baton.messages.message import bilingual
from baton.nearest import did_you_mean
from baton.outcomes import kind_of
from serving.access.counts import coarse
from serving.access.sight import Sight
from serving.answering.payloads import (
    ChurnRequest,
    ChurnRow,
    CoachingRequest,
    DeclineRequest,
    DeclineRow,
    TrialRequest,
    WeightsRequest,
    field_path,
)
from serving.limits import checked_rows
from serving.loading import LoadedRun, Served, plain_rows

if TYPE_CHECKING:
    from models.prediction.encoding import Rows

__all__ = [
    "answer_churn",
    "answer_coaching",
    "answer_decline",
    "answer_trial",
    "answer_weights",
    "churn_of",
    "computed",
    "standing_of",
    "with_curves",
]

_FINEST_STEP = 1.0


def answer_churn(run: LoadedRun, request: ChurnRequest, sight: Sight, /) -> dict[str, Any]:
    """Return the probability that each customer leaves; who is not seen is answered like somebody unknown.

    Raises
    ------
    ArtefactError
        If the run has no churn outcome.
    DeniedError
        If who asks may not predict from features.
    RequestError
        If a feature is unknown or of the wrong type.
    """
    served = churn_of(run)
    if any(row.features is not None for row in request.rows):
        sight.require("churn_of_features", "predict from features")
    named = (row.customer_id for row in request.rows)
    ids = [name if name is None or sight.customer(name) else None for name in named]
    found = _predict(served, request.rows, ids, request.explain, range(len(request.rows)))
    if request.curve:
        found = with_curves(served, found)
    rows = [{"customer_id": row.customer_id, **answer} for row, answer in zip(request.rows, found, strict=True)]
    return {"model": served.model, "as_of": served.as_of, **standing_of([served]), "rows": rows}


def churn_of(run: LoadedRun, /) -> Served:
    """Return what predicts churn.

    Raises
    ------
    ArtefactError
        If the run has no such outcome.
    """
    served = run.served.get("churn")
    if served is None:
        raise ArtefactError("this run predicts no churn: the company file asks for none, or data were too few")
    return served


def with_curves(served: Served, answers: Sequence[dict[str, Any]], /) -> list[dict[str, Any]]:
    """Add the chances by several days; none where no day of leaving is known, or the model is guessing."""
    curve = served.predictor.curve if served.standing.informative else None
    if curve is None:
        return [answer if answer["probability"] is None else {**answer, "curve": []} for answer in answers]
    known = [answer["probability"] for answer in answers if answer["probability"] is not None]
    chances = iter(curve.chances(np.array(known, dtype=np.float64)).tolist())
    return [
        answer
        if answer["probability"] is None
        else {
            **answer,
            "curve": [
                {"days": days, "probability": chance} for days, chance in zip(curve.days, next(chances), strict=True)
            ],
        }
        for answer in answers
    ]


def standing_of(used: Sequence[Served], /) -> dict[str, Any]:
    """Return whether the models that answered are better than guessing, and what is to be known of them."""
    note = "; ".join(served.standing.note for served in used if served.standing.note)
    standing = {"informative": all(served.standing.informative for served in used)}
    return {**standing, "note": note} if note else standing


def answer_decline(run: LoadedRun, request: DeclineRequest, sight: Sight, /) -> dict[str, Any]:
    """Return the probability that each unit's service declines; what is not seen is answered like something unknown.

    Raises
    ------
    ArtefactError
        If the run has no decline outcome.
    DeniedError
        If who asks may not ask for units of this kind, or predict from features.
    RequestError
        If a unit, metric or feature is unknown, or a row leaves open which decline is meant.
    """
    declines = {name: served for name, served in run.served.items() if kind_of(name) == "decline"}
    if not declines:
        raise ArtefactError(
            "this run predicts no decline: the company file has no [[outcomes.decline]], or data were too few"
        )
    if any(row.features is not None for row in request.rows):
        sight.require("decline_of_features", "predict from features")
    chosen = [_chosen(declines, row, place) for place, row in enumerate(request.rows)]
    answers: list[dict[str, Any]] = [{} for _ in request.rows]
    used = [served for name, served in declines.items() if name in chosen]
    for served in used:
        places = [place for place, name in enumerate(chosen) if name == served.outcome]
        rows = [request.rows[place] for place in places]
        named = [row.unit_id for row in rows]
        ids = [name if name is None or sight.unit(served.unit, name) else None for name in named]
        for place, row, found in zip(places, rows, _predict(served, rows, ids, request.explain, places), strict=True):
            known = {"unit": served.unit, "unit_id": row.unit_id, "metric": served.metric}
            answers[place] = {**known, "informative": served.standing.informative, **found}
    moments = {served.as_of for served in used}
    return {
        "model": ", ".join(served.model for served in used),
        "as_of": max((moment for moment in moments if moment is not None), default=None),
        **standing_of(used),
        "rows": answers,
    }


def _chosen(declines: dict[str, Served], row: DeclineRow, place: int, /) -> str:
    """Return the outcome that a row asks for."""
    units = sorted({served.unit for served in declines.values()})
    if row.unit is not None and row.unit not in units:
        raise RequestError(f"no decline of this unit is predicted; there are {', '.join(units)}", f"rows[{place}].unit")
    fitting = {name: served for name, served in declines.items() if row.unit in (None, served.unit)}
    metrics = sorted({served.metric or "" for served in fitting.values()})
    if row.metric is not None:
        fitting = {name: served for name, served in fitting.items() if served.metric == row.metric}
        if not fitting:
            raise RequestError(
                f"no decline of this metric is predicted; there are {', '.join(metrics)}", f"rows[{place}].metric"
            )
    if len(fitting) > 1:
        open_field = "unit" if row.unit is None and len({served.unit for served in fitting.values()}) > 1 else "metric"
        choices = units if open_field == "unit" else metrics
        raise RequestError(f"say which is meant: {', '.join(choices)}", f"rows[{place}].{open_field}")
    return next(iter(fitting))


def _predict(
    served: Served,
    rows: Sequence[ChurnRow | DeclineRow],
    ids: Sequence[str | None],
    explain: bool,
    places: Sequence[int],
    /,
) -> list[dict[str, Any]]:
    """Answer rows of one outcome: the run's own answers for its ids, else the champion's on their features."""
    answers: list[dict[str, Any]] = [{} for _ in rows]
    looked_up = []
    for at, (row, unit_id) in enumerate(zip(rows, ids, strict=True)):
        if row.features is not None:
            continue
        if unit_id is not None and unit_id in served.scored:
            known = served.scored[unit_id]
            shown = {"drivers": known["drivers"] if served.standing.informative else []} if explain else {}
            answers[at] = {"probability": known["probability"], **shown}
        elif unit_id in served.current.index:
            looked_up.append(at)
        else:
            moment = "known" if served.as_of is None else f"at risk at {served.as_of}"
            answers[at] = {"probability": None, "error": f"no {served.unit} with this id is {moment}"}
    given = [(at, row.features) for at, row in enumerate(rows) if row.features is not None]
    if given:
        fields = [f"rows[{places[at]}].features" for at, _ in given]
        checked = checked_rows(served.predictor.encoding, served.bounds, [features for _, features in given], fields)
        found = computed(served, [features for features, _ in checked], explain)
        for (at, _), (_, unknown), answer in zip(given, checked, found, strict=True):
            answers[at] = {**answer, "unknown_values": unknown} if unknown else answer
    if looked_up:
        frame = served.current.loc[[ids[at] for at in looked_up]]
        for at, answer in zip(looked_up, computed(served, frame, explain), strict=True):
            answers[at] = answer
    return answers


def computed(served: Served, rows: Rows, explain: bool, /) -> list[dict[str, Any]]:
    """Return probabilities by the model that answers, with what drives them where that is asked for."""
    from models.prediction.attribution import drivers, kpi_values, per_kpi

    predictor = served.predictor
    answers: list[dict[str, Any]] = [{"probability": float(value)} for value in predictor.predict(rows)]
    if explain and not served.standing.informative:
        return [{**answer, "drivers": []} for answer in answers]
    if explain:
        import pyarrow as pa

        summed = per_kpi(predictor.contributions(rows), predictor.kpi_of, name_context=True)
        shown = rows if isinstance(rows, pd.DataFrame) else _shown(served, rows)
        found = plain_rows(pa.table({"drivers": drivers(summed, kpi_values(shown, predictor.kpi_of))}))
        for answer, row in zip(answers, found, strict=True):
            answer["drivers"] = row["drivers"]
    return answers


def _shown(served: Served, rows: Sequence[Mapping[str, Any]], /) -> pd.DataFrame:
    """Return the values as given, for the drivers to show; no prediction is made from them."""
    columns: dict[str, Any] = {}
    for name in served.predictor.encoding.features:
        values = [row.get(name) for row in rows]
        if name in served.predictor.encoding.categories:
            columns[name] = pd.Series(values, dtype="object")
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return pd.DataFrame(columns)


def answer_weights(run: LoadedRun, request: WeightsRequest, sight: Sight, /) -> dict[str, Any]:
    """Return the recommended weights of one team's scorecards.

    Raises
    ------
    ArtefactError
        If the run gives no advice.
    UnknownIdError
        If there is no such team.
    RequestError
        If the policy asked for is no policy.
    PolicyError
        If its limits contradict each other.
    """
    if request.policy is None:
        rows = run.rows("weights", "team_id", request.team_id)
    else:
        sight.require("weights_under_policy", "ask for cards under another policy")
        if not sight.team("weights_under_policy", request.team_id):  # before it is solved, which takes time
            raise UnknownIdError("no scorecard is advised for a team with this id", "team_id")
        rows = run.solved_again(request.team_id, _policy(run.company.policy, request.policy))
    rows = [row for row in rows if sight.card_of(row)]
    if not rows:
        raise UnknownIdError("no scorecard is advised for a team with this id", "team_id")
    return {"rows": rows if sight.principal.is_local else [coarse(row, run.company.policy.min_group) for row in rows]}


def _policy(company: Policy, asked: dict[str, Any], /) -> Policy:
    """Return the company's policy with some limits changed."""
    try:
        policy = Policy.model_validate(company.model_dump() | asked)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = f"no such limit{did_you_mean(str(fault['loc'][-1]), Policy.model_fields)}"
        raise RequestError(message, field_path(("policy", *fault["loc"]))) from None
    if policy.min_group != company.min_group:
        # another bound, tried again and again, reveals how many people a team has
        raise RequestError(
            f"is the company's {company.min_group} and may not be another here: it protects single people",
            "policy.min_group",
        )
    if policy.step < min(_FINEST_STEP, company.step):
        raise RequestError(f"may not be finer than {min(_FINEST_STEP, company.step):g} points", "policy.step")
    return policy


def answer_trial(run: LoadedRun, request: TrialRequest, sight: Sight, /) -> dict[str, Any]:
    """Return what a card of one's own would do over one cycle, and which limits it breaks.

    Raises
    ------
    ArtefactError
        If the run gives no advice.
    UnknownIdError
        If there is no such team, or it leaves open which card is meant.
    PolicyError
        If a KPI is unknown or the points do not sum to 100.
    """
    from models.advice.sandbox import try_card

    inputs = run.advice
    if not sight.team("try_weights", request.team_id) or request.team_id not in set(inputs.cards["team_id"]):
        raise UnknownIdError("no card is known for a team with this id", "team_id")
    tried = try_card(inputs, run.company.policy, request.team_id, request.weights, role=request.role)
    figures = {name: _finite(getattr(tried, name)) for name in ("expected", "low", "high")}
    breaches = [bilingual(message) for message in tried.messages]
    return {"team_id": tried.team_id, "role": tried.role, **figures, "basis": tried.basis, "breaches": breaches}


def _finite(value: float, /) -> float | None:
    return value if math.isfinite(value) else None


def answer_coaching(run: LoadedRun, request: CoachingRequest, sight: Sight, /) -> dict[str, Any]:
    """Return the offers of help for one employee, or for a team's people and processes.

    Raises
    ------
    ArtefactError
        If the run gives no coaching.
    UnknownIdError
        If there is no such employee or team.
    """
    if request.employee_id is not None:
        # only as people stand in the results: an id of the company's own would reveal whose row a pseudonym is
        employee = request.employee_id
        rows = run.rows("coaching", "employee_id", employee)
        sight.require("coaching_of_person", "ask for a person's coaching")
        known = run.knows_employee(employee)
        known = known and sight.person("coaching_of_person", employee)
        field = "employee_id"
    else:
        team = request.team_id or ""
        rows = run.rows("coaching", "team_id", team)
        sight.require("coaching_of_team", "ask for a team's coaching")
        known = run.knows_team(team)
        known = known and sight.team("coaching_of_team", team)
        field = "team_id"
    rows = [seen for row in rows if (seen := sight.coaching(row)) is not None]
    if not rows and not known:
        raise UnknownIdError("the run knows nobody with this id", field)
    return {"rows": rows}
