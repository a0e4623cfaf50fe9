"""Controllability and response as they are known now: the catalogue's belief, blended with what the record shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import DEFAULT_CONTROLLABLE, Catalogue
from baton.contract.results import cast
from baton.messages.message import Message, Name
from features.cases.table import CaseTable, Organisation
from models.advice.controllability.belief import Z_90, Believed, learned_from, shipped
from models.advice.controllability.past_cards import Changes, Responses, compared, responses
from models.advice.controllability.tried import PilotAnswer, Width, answers_of, widths_of
from models.advice.settings import Settings
from models.effects.estimators.design import Design, Question, build_design, usable_levers

__all__ = ["Controllability", "learn_controllability", "measured_response", "nothing_learned"]

Floats = NDArray[np.float64]

MEASURED_ERROR = 0.3
"""Of responsiveness, as a multiple of what is believed: with a larger standard deviation it stays a scenario."""


def nothing_learned() -> pd.DataFrame:
    """Return the table where no card changed and no coaching was recorded."""
    return cast("advice/controllability", [])


@dataclass(frozen=True)
class Controllability:
    """How far people can move KPIs, and how they respond to points.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of ``advice/controllability.parquet``: one per lever that the record was asked about.
    response : tuple of float, optional
        Between-person standard deviations that one more point moves a fully controllable KPI by: mean, and the ends of
        its 90 % interval; None where past changes of cards do not show it.
    piloted : mapping of str to mapping
        By KPI that pilots tried: ``response``, ``low`` and ``high`` (between-person standard deviations per point of
        this KPI, 90 %), ``pilots``.
    names : mapping of str to Name
        What these KPIs are called.
    widths : mapping of str to Width
        By basis (scenario, measured, pilots) how far intervals are widened, by what came true before.
    """

    table: pd.DataFrame = field(default_factory=nothing_learned)
    response: tuple[float, float, float] | None = None
    piloted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    names: Mapping[str, Name] = field(default_factory=dict)
    widths: Mapping[str, Width] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[Message, ...]:
        """What a reader of the advice must know of it."""
        verdicts, learned = set(self.table["verdict"]), self.table[self.table["controllability_basis"] == "cards"]
        found = []
        if "differed" in verdicts:
            found.append(Message("controllability.differed"))
        elif len(learned):
            found.append(Message("controllability.learned", {"n": len(learned)}))
        if self.response is not None:
            much, low, high = (10 * each for each in self.response)
            found.append(Message("controllability.response", {"much": much, "low": low, "high": high}))
        for kpi, each in self.piloted.items():
            much, low, high = (10 * each[name] for name in ("response", "low", "high"))
            values = {"kpi": self.names[kpi], "n": int(each["pilots"]), "much": much, "low": low, "high": high}
            found.append(Message("controllability.piloted", values))
        return (*found, *(_width_words(each) for each in self.widths.values()))


def learn_controllability(
    cases: CaseTable,
    organisation: Organisation,
    catalogue: Catalogue,
    settings: Settings,
    reliability: pd.DataFrame | None = None,
    /,
) -> Controllability:
    """Learn from past changes of cards, and from pilots, how far people can move each KPI.

    Parameters
    ----------
    reliability : pandas.DataFrame, optional
        From ``models.effects.reliability.measure``: by how much people differ; without it pilots say nothing.

    Returns
    -------
    Controllability
        With an empty table where no card that was in force has changed, and no pilot was measured.
    """
    levers = usable_levers(cases, catalogue, settings.policy.fixed)[0]
    scorecards = organisation.scorecards
    tried = {} if reliability is None else answers_of(settings.tried, catalogue, reliability)
    names, found = (), _no_record()
    if levers and len(scorecards) and _changed(scorecards, organisation.as_of):
        design = build_design(cases, catalogue, Question(None, levers))
        names, found = design.levers, _widened(_by_cards(design, cases, organisation, catalogue, settings))
    if not len(names) and not tried:
        return Controllability(widths=widths_of(settings.tried))
    response = _response_of(found, [_declared(catalogue, name) for name in names]) if len(names) else None
    names = (*names, *(name for name in tried if name not in names))
    declared = np.array([_declared(catalogue, name) for name in names])
    both = _with_pilots(found, names, tried)
    known = _known(both, declared)
    return Controllability(
        _table(names, both, declared, known, set(tried)),
        response,
        _piloted(names, known, tried),
        {name: Name(catalogue[name].name.en, catalogue[name].name.zh) for name in tried},
        widths_of(settings.tried),
    )


def _no_record() -> Responses:
    return Responses("none", np.empty(0), np.empty((0, 0)), np.empty(0, np.int64))


def _known(found: Responses, declared: Floats, /) -> Believed:
    believed = Believed(declared, np.diag(np.full(declared.size, shipped().error ** 2)))
    unit = shipped().sd_per_point
    return learned_from(believed, np.nan_to_num(found.estimate) / unit, found.covariance / unit**2, shipped().points)


def _response_of(found: Responses, declared: Sequence[float], /) -> tuple[float, float, float] | None:
    return measured_response(found, _known(found, np.array(declared)))


def _with_pilots(found: Responses, names: Sequence[str], tried: Mapping[str, PilotAnswer], /) -> Responses:
    """Let what pilots measured take the place of what past cards say of a KPI, which may hold the same change."""
    old, size = found.estimate.size, len(names)
    estimate, covariance = np.full(size, np.nan), np.diag(np.full(size, np.inf))
    teams = np.zeros(size, np.int64)
    estimate[:old], covariance[:old, :old], teams[:old] = found.estimate, found.covariance, found.teams
    for name, each in tried.items():
        at = names.index(name)
        covariance[at], covariance[:, at] = 0.0, 0.0
        estimate[at], covariance[at, at], teams[at] = each.estimate, each.variance, each.teams
    return replace(found, estimate=estimate, covariance=covariance, teams=teams)


def _piloted(names: Sequence[str], known: Believed, tried: Mapping[str, PilotAnswer], /) -> dict[str, dict[str, float]]:
    if known.answers is None or known.answers_sd is None:
        return {}
    unit, found = shipped().sd_per_point, {}
    for name, each in tried.items():
        middle, reach = known.answers[names.index(name)] * unit, Z_90 * known.answers_sd[names.index(name)] * unit
        values = {"response": middle, "low": middle - reach, "high": middle + reach}
        found[name] = {**{key: float(value) for key, value in values.items()}, "pilots": float(each.pilots)}
    return found


def _width_words(width: Width, /) -> Message:
    values = {"n": width.predictions, "true": width.true, "factor": width.factor}
    if width.factor >= 1:
        return Message("controllability.widened", values)
    return Message("controllability.narrowed", values)


def _changed(scorecards: pd.DataFrame, as_of: pd.Timestamp, /) -> bool:
    held = scorecards[scorecards["valid_from"] <= as_of]
    return bool((held.fillna({"role": ""}).groupby(["team_id", "role"])["valid_from"].nunique() > 1).any())


def _declared(catalogue: Catalogue, lever: str, /) -> float:
    declared = catalogue[lever].controllable
    return DEFAULT_CONTROLLABLE if declared is None else declared


def _by_cards(
    design: Design, cases: CaseTable, organisation: Organisation, catalogue: Catalogue, settings: Settings, /
) -> Responses:
    frame = cases.frame.iloc[design.rows].reset_index(drop=True)
    people = tuple(str(name) for name in pd.factorize(frame["employee_id"])[1])
    cards, card = _cards_of(organisation, frame, people)
    held = organisation.scorecards[organisation.scorecards["valid_from"] <= organisation.as_of]
    changes = Changes(held, card, cards, frame["opened_at"], settings.policy.cycle_days)
    declared = np.array([_declared(catalogue, lever) for lever in design.levers])
    return responses(compared(design, changes), design.size, declared)


def _cards_of(
    organisation: Organisation, frame: pd.DataFrame, people: tuple[str, ...], /
) -> tuple[tuple[tuple[str, str], ...], NDArray[np.int64]]:
    """Return all cards, and which one each person works under: that of the team of most cases, and of the post."""
    rows = organisation.scorecards
    cards = tuple(dict.fromkeys(zip(rows["team_id"].astype(str), rows["role"].fillna("").astype(str), strict=True)))
    place = {name: at for at, name in enumerate(cards)}
    served = (
        frame.dropna(subset=["employee_id", "team_id"])
        .groupby("employee_id")["team_id"]
        .agg(lambda teams: teams.value_counts().index[0])
    )
    roles = organisation.employees
    known = roles.drop_duplicates("employee_id", keep="last").set_index("employee_id") if len(roles) else roles
    posts = known["role"].to_dict() if "role" in known else {}
    found = np.full(len(people), -1, np.int64)
    for at, name in enumerate(people):
        team, post = str(served.get(name, "")), posts.get(name)
        own = (team, post if isinstance(post, str) else "")
        found[at] = place.get(own, place.get((team, ""), -1))
    return cards, found


def _widened(found: Responses, /) -> Responses:
    """Let errors of few teams count as Student's t has them."""
    from scipy.stats import t

    factor = float(t.ppf(0.95, max(found.freedom, 1)) / Z_90) ** 2
    return replace(found, covariance=found.covariance * factor)


def measured_response(found: Responses, known: Believed, /) -> tuple[float, float, float] | None:
    """Return the response per point of a fully controllable KPI with its 90 % interval; None where it is not known.

    Parameters
    ----------
    found : Responses
        What the record shows.
    known : Believed
        After the record: what all KPIs share, as a multiple of the belief.

    Returns
    -------
    tuple of float, optional
        Between-person standard deviations per point: mean, low, high; never below zero.
    """
    if found.verdict != "learned" or not known.common[1] <= MEASURED_ERROR:
        return None
    middle, _, low, high = known.common
    # cards are seldom changed by lot: what made them change may have moved figures too, and no interval knows of it
    unseen = Z_90 * shipped().selection
    reach = [np.hypot(end - middle, unseen) for end in (low, high)]
    middle, low, high = (
        shipped().sd_per_point * max(each, 0.0) for each in (middle, middle - reach[0], middle + reach[1])
    )
    return middle, low, high


def _table(
    names: Sequence[str], found: Responses, declared: Floats, known: Believed, tried: set[str], /
) -> pd.DataFrame:
    low, high = known.ends()
    error = np.sqrt(np.diag(found.covariance))
    rows = []
    for at, lever in enumerate(names):
        seen = bool(np.isfinite(found.estimate[at]))
        measured = {"response": 10 * found.estimate[at], "response_low": 10 * (found.estimate[at] - Z_90 * error[at]),
                    "response_high": 10 * (found.estimate[at] + Z_90 * error[at])}  # fmt: skip
        rows.append(
            {
                "kpi": lever,
                "declared": declared[at],
                "controllability": float(np.clip(known.mean[at], shipped().least, 1.0)) if seen else declared[at],
                "low": low[at] if seen else np.nan,
                "high": high[at] if seen else np.nan,
                "controllability_basis": "pilots" if lever in tried else "cards" if seen else "catalogue",
                "verdict": _verdict(found, seen, lever in tried),
                "teams": int(found.teams[at]),
                **(measured if seen else dict.fromkeys(measured, np.nan)),
            }
        )
    return cast("advice/controllability", rows)


def _verdict(found: Responses, seen: bool, tried: bool, /) -> str:
    if tried:
        return "learned"
    return found.verdict if seen or found.verdict != "learned" else "few"
