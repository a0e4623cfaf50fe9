"""The event log of a service company's cases: who did which step, when it began and when it was done."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulation.scenarios.service.cases import CHANNEL_RESPONSE_SECONDS
from simulation.scenarios.service.records import case_end_days, case_rows, employee_ids
from simulation.scenarios.service.truth import Story, handle_seconds, team_name

__all__ = ["StepsWritten", "case_steps"]

_FOLDER = Path(__file__).resolve().parent / "worlds"
_DAY_SECONDS = 86400.0
_WAIT_SPREAD = 0.6
_ORDER = ("answer", "transfer", "first", "second", "reopen", "again", "close")


@dataclass(frozen=True)
class StepsWritten:
    """An event log and where it really waits.

    Parameters
    ----------
    frame : pandas.DataFrame
        case_id, at, activity, team_id, employee_id, lifecycle (``start`` or ``complete``), in the order of each case.
    bottlenecks : list of dict
        Per process the step with the longest waiting in all: process, activity, waiting_hours (mean per case of the
        process that is closed), visits, share (of the process's waiting).
    """

    frame: pd.DataFrame
    bottlenecks: list[dict[str, Any]]


@dataclass(frozen=True)
class _Visits:
    """Arrays (cases, ways); what did not happen is False in ``happened``."""

    happened: np.ndarray
    start: np.ndarray
    complete: np.ndarray
    wait: np.ndarray
    post: np.ndarray
    step: np.ndarray
    names: np.ndarray


def case_steps(story: Story, cases: pd.DataFrame, seed: int, /) -> StepsWritten:
    """Lay out the path of every case between its opening and its closing.

    The first answer begins when the case was responded to, the last step ends when it was closed, and the work in
    between adds up to its handling time. A transferred case is taken over by another team of the same role; a
    re-opened one is worked on a second time. What lies behind the end of observation is not written.

    Parameters
    ----------
    cases : pandas.DataFrame
        As ``records.cases`` gives them for the same story.

    Returns
    -------
    StepsWritten
    """
    rng = np.random.default_rng([seed, 10])
    rows = case_rows(story)
    visits = _lay_out(story, rows, rng)
    ends = float(story.calendar.observed_days[1])
    teams = np.array([team_name(number) for number in range(len(story.people.team_role))], object)
    ids = employee_ids(story.people.person_team.size).astype(object)
    place = np.broadcast_to(np.arange(len(_ORDER)), visits.happened.shape)
    case = np.broadcast_to(np.arange(rows.size)[:, None], visits.happened.shape)
    began = visits.happened & (visits.start < ends) & (visits.complete > visits.start)
    ended = visits.happened & (visits.complete < ends)
    at = np.concatenate([visits.start[began], visits.complete[ended]])
    number = np.concatenate([case[began], case[ended]])
    order = np.lexsort((np.repeat([0, 1], [began.sum(), ended.sum()]), np.r_[place[began], place[ended]], number))
    number, at = number[order], at[order]
    post = np.concatenate([visits.post[began], visits.post[ended]])[order]
    step = np.concatenate([visits.step[began], visits.step[ended]])[order]
    known = post >= 0
    month = story.draws.month[rows][number]
    frame = pd.DataFrame(
        {
            "case_id": cases["case_id"].to_numpy(object)[number],
            "at": story.calendar.times(at),
            "activity": visits.names[step],
            "team_id": np.where(known, teams[story.people.post_team[post]], None),  # pyright: ignore[reportCallIssue, reportArgumentType]
            "employee_id": np.where(known, ids[story.people.person[post, month]], None),  # pyright: ignore[reportCallIssue, reportArgumentType]
            "lifecycle": np.repeat(["start", "complete"], [began.sum(), ended.sum()])[order],
        }
    )
    frame = frame.astype(dict.fromkeys(("case_id", "activity", "team_id", "employee_id", "lifecycle"), "str"))
    return StepsWritten(frame, _bottlenecks(story, rows, visits, visits.complete[:, -1] < ends))


def _lay_out(story: Story, rows: np.ndarray, rng: np.random.Generator, /) -> _Visits:
    draws, lived = story.draws, story.lived
    names, step, wait, work, share, performer = _settings(story)
    process, own = draws.process[rows], draws.post[rows]
    shape = (rows.size, len(_ORDER))
    happened = rng.random(shape) < share[process]
    happened[:, _ORDER.index("transfer")] = lived.transferred[rows]
    for way in ("reopen", "again"):
        happened[:, _ORDER.index(way)] = lived.reopened[rows]
    # a case comes back to its first step if it had one, else to the second
    first, second, again = (_ORDER.index(way) for way in ("first", "second", "again"))
    step = step[process].copy()
    step[:, again] = np.where(happened[:, first], step[:, first], step[:, second])
    happened[:, again] &= happened[:, first] | happened[:, second]
    post = _performers(story, rows, performer[process], own, rng)
    post[:, again] = np.where(happened[:, first], post[:, first], post[:, second])
    opened, closed = draws.opened_day[rows], case_end_days(story, rows)
    whole = closed - opened
    response = CHANNEL_RESPONSE_SECONDS[draws.channel[rows]] * np.exp(lived.response_log[rows]) / _DAY_SECONDS
    answered = opened + np.minimum(response, 0.95 * whole)
    handle = np.minimum(handle_seconds(story.world, draws, lived)[rows] / _DAY_SECONDS, closed - answered)
    noise = np.exp(_WAIT_SPREAD * rng.standard_normal(shape))
    waited = _shared(np.where(happened, wait[process] * noise, 0.0), closed - answered - handle)
    worked = _shared(np.where(happened, work[process], 0.0), handle)
    complete = answered[:, None] + np.cumsum(waited + worked, axis=1)
    # rounding must not carry the last step beyond the closing
    complete[:, -1] = closed
    waited[:, 0] = answered - opened
    return _Visits(happened, complete - worked, complete, waited, post, step, names)


def _shared(weight: np.ndarray, total: np.ndarray, /) -> np.ndarray:
    """Split each row's total in proportion to its weights."""
    return weight / weight.sum(axis=1, keepdims=True) * total[:, None]


def _settings(story: Story, /) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Names of steps; per process and way: number of the step, wait, work, share, role (−1: handler, −2: nobody)."""
    content = tomllib.loads((_FOLDER / f"{story.world.steps}.toml").read_text(encoding="utf-8"))
    roles, known = list(story.world.roles), {}
    shape = (len(story.world.processes), len(_ORDER))
    step, performer = np.zeros(shape, int), np.full(shape, -1)
    wait, work, share = np.zeros(shape), np.zeros(shape), np.ones(shape)
    for row, process in enumerate(story.world.processes):
        own: dict[str, Any] = dict(zip(("first", "second"), content["processes"][process], strict=False))
        for place, way in enumerate(_ORDER):
            setting = own.get(way) or content["ways"].get(way)
            if setting is None:
                share[row, place] = 0.0
                continue
            step[row, place] = known.setdefault(setting.get("activity", ""), len(known))
            wait[row, place], work[row, place] = setting["wait"], setting["work"]
            share[row, place] = setting.get("share", 1.0)
            if "by" in setting:
                performer[row, place] = roles.index(setting["by"])
    performer[:, _ORDER.index("reopen")] = -2
    return np.array(list(known), object), step, wait, work, share, performer


def _performers(
    story: Story, rows: np.ndarray, performer: np.ndarray, own: np.ndarray, rng: np.random.Generator, /
) -> np.ndarray:
    """Return the post that does each step (cases, ways); −1: nobody of ours."""
    people = story.people
    post = np.where(performer == -1, own[:, None], -1)
    chance = rng.random(post.shape)
    for number, role in enumerate(story.world.roles):
        posts = np.flatnonzero(people.role == role)
        asked = performer == number
        post[asked] = posts[(chance[asked] * posts.size).astype(int)]
        # who takes over sits in another team, where the role has one
        place = _ORDER.index("transfer")
        taken = np.flatnonzero(people.role[own] == role)
        post[taken, place] = posts[(chance[taken, place] * posts.size).astype(int)]
        same = taken[people.post_team[post[taken, place]] == people.post_team[own[taken]]]
        for team in np.unique(people.post_team[own[same]]):
            others = posts[people.post_team[posts] != team]
            inside = same[people.post_team[own[same]] == team]
            if others.size:
                post[inside, place] = others[(chance[inside, place] * others.size).astype(int)]
    return post


def _bottlenecks(story: Story, rows: np.ndarray, visits: _Visits, over: np.ndarray, /) -> list[dict[str, Any]]:
    process, found = story.draws.process[rows], []
    waited = np.where(visits.happened, visits.wait, 0.0) * 24.0
    for number, name in enumerate(story.world.processes):
        inside = over & (process == number)
        if not inside.any():
            continue
        happened, step = visits.happened[inside], visits.step[inside]
        total = np.bincount(step.ravel(), weights=waited[inside].ravel(), minlength=visits.names.size)
        longest = int(total.argmax())
        found.append(
            {
                "process": name,
                "activity": str(visits.names[longest]),
                "waiting_hours": float(total[longest] / inside.sum()),
                "visits": int((happened & (step == longest)).sum()),
                "share": float(total[longest] / total.sum()),
            }
        )
    return found
