"""Where customers wait: the way of a case as a picture, and two sentences on what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from baton.charts.charts import Figure
from baton.charts.drawing import Pen
from baton.charts.process_drawing import MapArrow, MapStep, process_drawings
from baton.wording.wording import Bilingual, duration, listed, money, number, percent, say, verbatim

if TYPE_CHECKING:
    import pandas as pd

    from baton.company import Company

__all__ = ["ProcessSection", "WaitResults", "middle_wait", "process_section"]

_MAX_PROCESSES = 3
_MAX_STEPS = 8
_MIN_CASES_SHARE = 0.02  # of a process' cases: rarer steps and arrows are not drawn
_MUCH = 0.2
_COLUMNS = ("step", "cases", "median", "long", "share", "back", "handed")


class WaitResults(Protocol):
    """What a run has left on processes, as far as it may be shown: the report has all of it."""

    @property
    def company(self) -> Company:
        """Whose run it is."""
        ...

    def get(self, name: str, /) -> pd.DataFrame | None:
        """Return a result table with the rows that may be shown; None where there are none."""
        ...

    def team_name(self, team_id: object, /) -> Bilingual:
        """Return what people call a team."""
        ...

    def too_small(self, team_id: object, /) -> bool:
        """Whether a team is not named here."""
        ...


@dataclass(frozen=True)
class ProcessSection:
    """The section.

    Parameters
    ----------
    findings : tuple of Bilingual
        For a manager: where customers wait longest, whose hand-over, what to do.
    notes : tuple of Bilingual
        Who met it, what it goes with, how far the log explains the cases' time.
    figures : tuple of Figure
        A map of each of the processes with the most waiting, with its table.
    """

    findings: tuple[Bilingual, ...]
    notes: tuple[Bilingual, ...]
    figures: tuple[Figure, ...]


def process_section(results: WaitResults, pen: Pen, /) -> ProcessSection | None:
    """Return the section on where cases wait, or None where the run has no event log.

    Parameters
    ----------
    results : WaitResults
        With the tables ``bottlenecks``, ``flows``, ``handoffs`` and ``processes``.
    """
    steps, processes = results.get("bottlenecks"), results.get("processes")
    flows = results.get("flows")
    if steps is None or processes is None or flows is None:
        return None
    whole = steps[steps["team_id"].isna()]
    worst = whole.sort_values("wait_seconds_total", ascending=False).iloc[0]
    if not worst["wait_seconds_total"] > 0:
        return None
    about = processes.set_index("process").loc[worst["process"]]
    ranked = [name for name in processes["process"].astype(str) if name != worst["process"]]  # most waiting first
    ranked.insert(0, str(worst["process"]))
    return ProcessSection(
        _findings(results, worst, about, len(ranked)),
        tuple(_notes(results, worst, about)),
        tuple(
            _figure(pen, place, name, whole[whole["process"] == name], flows[flows["process"] == name])
            for place, name in enumerate(ranked[:_MAX_PROCESSES])
        ),
    )


def middle_wait(step: Any, /) -> float:
    """Return the median wait; where the log does not record waiting, the median time until the step."""
    waited = float(step["wait_seconds_median"])
    return waited if waited == waited else float(step["elapsed_seconds_median"])


def _process(name: str, several: bool, /) -> Bilingual:
    return say("process.named_process", name=name) if name and several else say("process.one_process")


def _findings(results: WaitResults, worst: pd.Series, about: pd.Series, count: int, /) -> tuple[Bilingual, ...]:
    waited = bool(about["timed_share"] > 1 / 2)
    first = say(
        "process.finding" if waited else "process.finding_elapsed",
        step=verbatim(worst["step"]),
        process=_process(str(worst["process"]), count > 1),
        median=duration(middle_wait(worst)),
        long=duration(float(worst["long_seconds"])),
    )
    share = say("process.finding_share", share=percent(float(worst["share_of_time"])))
    return first, share, _what_to_do(results, worst, waited)


def _what_to_do(results: WaitResults, worst: pd.Series, waited: bool, /) -> Bilingual:
    pairs = results.get("handoffs")
    if pairs is not None:
        here = pairs[(pairs["process"] == worst["process"]) & (pairs["step"] == worst["step"])]
        if len(here) and here["wait_seconds_total"].sum() > worst["wait_seconds_total"] / 2:
            pair = here.sort_values("wait_seconds_total", ascending=False).iloc[0]
            teams = (pair["source_team"], pair["team_id"])
            if any(map(results.too_small, teams)):
                return say("process.handed_unnamed")
            source, target = map(results.team_name, teams)
            return say("process.handed", source=source, target=target)
    named = len(worst["case_ids"]) > 0
    if worst["rework_share"] >= _MUCH:
        often = max(round(1 / float(worst["rework_share"])), 1)
        return say("process.returning" if named else "process.returning_unnamed", n=often)
    if waited:
        return say("process.queueing" if named else "process.queueing_unnamed")
    return say("process.slow" if named else "process.slow_unnamed")


def _notes(results: WaitResults, worst: pd.Series, about: pd.Series, /) -> list[Bilingual]:
    notes = []
    if worst["customers"] > 0:
        notes.append(say("process.customers", customers=say("word.customers", n=int(worst["customers"]))))
    if worst["value_at_risk"] > 0:
        currency = results.company.company.currency
        notes.append(say("process.risk", money=money(float(worst["value_at_risk"]), currency)))
    if worst["left_share"] == worst["left_share"] and worst["left_share_others"] == worst["left_share_others"]:
        left, others = (percent(float(worst[name]), 1) for name in ("left_share", "left_share_others"))
        notes.append(say("process.left", left=left, others=others, days=results.company.snapshots.horizon_days))
    if len(worst["case_ids"]):
        notes.append(say("process.cases", cases=listed([verbatim(case) for case in worst["case_ids"]])))
    notes.append(say("process.told_waiting" if about["timed_share"] > 1 / 2 else "process.told_elapsed"))
    if about["explained_share"] == about["explained_share"]:
        notes.append(say("process.explained", share=percent(float(about["explained_share"]))))
    wrong = int(about["begins_early_cases"] + about["ends_early_cases"] + about["ends_late_cases"])
    if wrong:
        notes.append(say("process.disagree", n=wrong, cases=int(about["cases"])))
    return notes


def _figure(pen: Pen, place: int, name: str, steps: pd.DataFrame, flows: pd.DataFrame, /) -> Figure:
    busiest = steps.sort_values(["cases", "wait_seconds_total"], ascending=False).head(_MAX_STEPS)
    busiest = busiest[busiest["cases"] >= _MIN_CASES_SHARE * steps["cases"].max()].sort_values(["position", "step"])
    total = float(busiest["wait_seconds_total"].max()) or 1.0
    nodes = [
        MapStep(
            verbatim(step["step"]),
            say("process.hidden")
            if step["hidden"]
            else say(
                "process.waits" if step["wait_seconds_median"] >= 0 else "process.takes",
                time=duration(middle_wait(step)),
            ),
            0.0 if step["hidden"] else float(step["wait_seconds_total"]) / total,
        )
        for _, step in busiest.iterrows()
    ]
    return Figure(
        name=f"process-{place + 1}",
        title=say("process.map_title", process=_process(name, True)),
        note=say("process.map_note"),
        drawings=process_drawings(f"process-{place + 1}", nodes, _arrows(busiest["step"].tolist(), flows), pen),
        header=[say(f"process.column_{column}") for column in _COLUMNS],
        rows=[_row(step) for _, step in busiest.iterrows()],
    )


def _arrows(steps: list[str], flows: pd.DataFrame, /) -> list[MapArrow]:
    places = {step: index + 1 for index, step in enumerate(steps)}
    arrows = []
    for _, flow in flows.iterrows():
        opening, closing = flow["source"] != flow["source"], flow["target"] != flow["target"]
        start = 0 if opening or flow["source"] is None else places.get(flow["source"])
        stop = len(steps) + 1 if closing or flow["target"] is None else places.get(flow["target"])
        if start is not None and stop is not None and start != stop:
            arrows.append(MapArrow(start, stop, int(flow["transitions"])))
    busiest = max((arrow.transitions for arrow in arrows), default=0)
    kept = [arrow for arrow in arrows if arrow.transitions >= 2 * _MIN_CASES_SHARE * busiest]
    return sorted(kept, key=lambda arrow: -arrow.transitions)[: 2 * _MAX_STEPS]


def _row(step: pd.Series, /) -> list[Bilingual]:
    cases = number(float(step["cases"]))
    if step["hidden"]:
        return [verbatim(step["step"]), cases, say("process.hidden"), *[verbatim("")] * 4]
    return [
        verbatim(step["step"]),
        cases,
        duration(middle_wait(step)),
        duration(float(step["long_seconds"])),
        *(percent(float(step[name])) for name in ("share_of_time", "rework_share", "handoff_share")),
    ]
