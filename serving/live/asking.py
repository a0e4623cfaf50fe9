"""What is asked as of now: the events that have come are taken first, then a customer or a team is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from baton.errors import ArtefactError, UnknownIdError
from baton.months import midnight_after
from features.ingest.settled import SIDECAR
from serving.access.sight import Sight
from serving.answering.payloads import ChurnRequest, LiveKpisRequest
from serving.answering.predictions import churn_of, computed, standing_of, with_curves
from serving.events.store import EventStore
from serving.live.now import TODAY, Now
from serving.loading import LoadedRun

__all__ = ["Live", "TeamsNow", "Touched", "tables_behind", "with_note"]

_NO_EVENTS = frozenset({"customers"})
_AT_MOST = 2_000  # answers of one engine: what it frees and does not give back adds up


@dataclass(frozen=True)
class Touched:
    """Whom and what events have touched.

    Parameters
    ----------
    customers, teams : frozenset of str
    cases : mapping of str to (datetime, str)
        By customer when the newest of the cases was opened that events have changed, and whose it is.
    newest : int
        The number of the newest event that was taken.
    """

    customers: frozenset[str]
    teams: frozenset[str]
    cases: Mapping[str, tuple[datetime, str]]
    newest: int


@dataclass(frozen=True)
class TeamsNow:
    """Values of teams as of now, by the names of ``metrics.feature_names``.

    Parameters
    ----------
    behind : tuple of str
        Tables that end before ``as_of``.
    kpis : frozenset of str
        The KPIs that the run's tables carry for teams.
    """

    as_of: datetime
    behind: tuple[str, ...]
    kpis: frozenset[str]
    values: Mapping[str, dict[str, Any]]


@dataclass
class _Open:
    """A run as of now, and which events it has taken."""

    run: LoadedRun
    now: Now
    events: list[Any]
    asked: int = 0

    @property
    def newest(self) -> int:
        return self.events[-1].number if self.events else 0


class Live:
    """Answers of one company as of now; what asks at once takes turns.

    Parameters
    ----------
    events : callable
        Returns where events are kept.
    """

    def __init__(self, events: Callable[[], EventStore], /) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._open: _Open | None = None

    def churn(self, run: LoadedRun, request: ChurnRequest, sight: Sight, /) -> dict[str, Any]:
        """Return the probability that each customer leaves, as of now.

        Raises
        ------
        ArtefactError
            If the run has no churn outcome, or has left no tables.
        """
        served = churn_of(run)
        asked = [row.customer_id or "" for row in request.rows]
        seen = {name for name in asked if sight.customer(name)}
        with self._lock:
            now = self._now(run)
            known = now.customers(seen)
            state, at = self._state(now), now.as_of
            counted = now.state.by_customer
        found = known.loc[[name for name in asked if name in known.index]]
        features = found[served.predictor.encoding.present_in(found)]
        answers = iter(computed(served, features, request.explain) if len(features) else [])
        rows = [
            {**next(answers), "events": counted[name]}
            if name in known.index
            else {"probability": None, "error": f"no customer with this id is at risk at {_written(at)}"}
            for name in asked
        ]
        rows = with_curves(served, rows) if request.curve else rows
        rows = [{"customer_id": name, **row} for name, row in zip(asked, rows, strict=True)]
        standing = with_note(standing_of([served]), state, at)
        return {"model": served.model, "as_of": _written(at), **standing, "live": state, "rows": rows}

    def kpis(self, run: LoadedRun, request: LiveKpisRequest, sight: Sight, /) -> dict[str, Any]:
        """Return a team's KPIs of today, and over the windows that end today.

        Raises
        ------
        ArtefactError
            If the run has left no tables.
        UnknownIdError
            If there is no such team, or it is not theirs to see.
        """
        team = request.team_id
        if not (run.knows_team(team) and sight.team_figures("live_kpis", team)):
            raise UnknownIdError("the run knows no team with this id", "team_id")
        with self._lock:
            now = self._now(run)
            values = now.team(team)
            state, at = self._state(now), now.as_of
        days = run.company.snapshots.windows_days
        kpis = [
            {
                "kpi": kpi.id,
                "name": {"en": kpi.name.en, "zh": kpi.name.zh},
                "unit": kpi.unit,
                "better": kpi.better,
                "today": _number(values.get(f"{kpi.id}__{TODAY}d")),
                "windows": {str(window): _number(values.get(f"{kpi.id}__{window}d")) for window in sorted(days)},
                "n": int(values.get(f"{kpi.id}__n") or 0),
            }
            for kpi in now.of_teams
        ]
        return {"team_id": team, "as_of": _written(at), **with_note({}, state, at), "live": state, "kpis": kpis}

    def teams(self, run: LoadedRun, teams: Collection[str], /) -> TeamsNow:
        """Return every KPI of some teams.

        Raises
        ------
        ArtefactError
            If the run has left no tables.
        """
        found: dict[str, dict[str, Any]] = {}
        for team in sorted(teams):
            with self._lock:  # one by one: who asks meanwhile need not wait for all of them
                found[team] = self._now(run).team(team)
        with self._lock:
            now = self._now(run)
            kpis = frozenset(kpi.id for kpi in now.of_teams)
            return TeamsNow(now.as_of, tuple(tables_behind(self._state(now), now.as_of)), kpis, found)

    def touched(self, run: LoadedRun, after: int, /) -> Touched:
        """Return whom and what events beyond a number have touched, of those that count.

        Raises
        ------
        ArtefactError
            If the run has left no tables.
        """
        with self._lock:
            now, opened = self._now(run), self._open
            cases = {str(row["case_id"]): row for row in now.state.rows.get("cases", ())}
            counts = now.state.by_customer
            events = [] if opened is None else [event for event in opened.events if event.number > after]
            newest = 0 if opened is None else opened.newest
        customers, teams = set[str](), set[str]()
        for event in events:
            case = cases.get(str(event.row.get("case_id")), {})
            customer = event.row.get("customer_id") or case.get("customer_id")
            if customer is not None and counts[str(customer)]:
                customers.add(str(customer))
            teams |= {str(row["team_id"]) for row in (event.row, case) if row.get("team_id") is not None}
        last: dict[str, tuple[datetime, str]] = {}
        for row in cases.values():
            customer, team, opened_at = row.get("customer_id"), row.get("team_id"), row.get("opened_at")
            if customer is not None and team is not None and opened_at is not None:
                last[str(customer)] = max(last.get(str(customer), (opened_at, str(team))), (opened_at, str(team)))
        return Touched(frozenset(customers), frozenset(teams), last, newest)

    def warm(self, run: LoadedRun, /) -> None:
        """Write the queries of a run's day before anybody asks: that takes seconds, and asking does not."""
        with self._lock:
            self._now(run).warm(customers="churn" in run.served)

    def _now(self, run: LoadedRun, /) -> Now:
        store, opened = self._events(), self._open
        if opened is None or opened.run is not run or opened.asked >= _AT_MOST:
            opened = self._open = _Open(run, _opened(run), [])
        opened.asked += 1
        fresh = store.after(opened.newest)
        if fresh:
            opened.events.extend(fresh)
            opened.now.take(opened.events)
            read = set(opened.now.state.read)
            if read:
                store.forget(read)
                opened.events[:] = [event for event in opened.events if event.number not in read]
        return opened.now

    @staticmethod
    def _state(now: Now, /) -> dict[str, Any]:
        until = {name: _written(end) for name, end in sorted(now.state.until.items())}
        return {
            "run_as_of": None if now.latest is None else _written(now.latest),
            "until": until,
            "events": {name: now.state.counted.get(name, 0) for name in until},
        }


def _opened(run: LoadedRun, /) -> Now:
    if not (run.folder.staged / SIDECAR).exists():
        raise ArtefactError("the run has left no tables to be looked at as of now; run again")
    served = run.served.get("churn")
    features = None if served is None else frozenset(served.predictor.encoding.features)
    return Now(run.company, run.folder, features)


def with_note(standing: dict[str, Any], state: dict[str, Any], as_of: datetime, /) -> dict[str, Any]:
    """Add which tables end before the day that is answered for: what is in none of them counts as not having happened.

    Customers are no table of what happens: it is whole as of the run, however old its newest row is.
    """
    behind = tables_behind(state, as_of)
    if not behind:
        return standing
    listed = ", ".join(f"{name} is known until {state['until'][name]}" for name in behind)
    note = f"{listed}: what happened there since counts as nothing; send it as events"
    before = standing.get("note")
    return {**standing, "note": f"{before}; {note}" if before else note}


def tables_behind(state: dict[str, Any], as_of: datetime, /) -> list[str]:
    """Return the tables that end before the day that is answered for."""
    ends = {
        name: datetime.fromisoformat(end.removesuffix("Z"))
        for name, end in state["until"].items()
        if name not in _NO_EVENTS
    }
    return [name for name, end in ends.items() if midnight_after(end) < as_of]


def _written(moment: datetime, /) -> str:
    return f"{moment.isoformat()}Z"


def _number(value: Any, /) -> float | None:
    return None if value is None or value != value or abs(value) == float("inf") else float(value)
