"""Where cases wait: bottlenecks, flows between steps and hand-overs between teams, from the event log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder
from baton.messages.message import Message
from baton.run_results import RunResults
from features.staging.warehouse import Warehouse

if TYPE_CHECKING:
    import pandas as pd

    from features.process.event_log import StepLog

__all__ = ["Bottlenecks", "find_bottlenecks"]

_KEPT = ("process", "step", "team_id", "hidden", "cases", "visits", "position")
_EXPLAINED = 0.8


@dataclass(frozen=True)
class Bottlenecks:
    """What was found.

    Parameters
    ----------
    rows : dict of str to int
        Rows per file.
    warnings : tuple of Message
        What a reader must know.
    """

    rows: dict[str, int]
    warnings: tuple[Message, ...] = ()


def find_bottlenecks(company: Company, catalogue: Catalogue, warehouse: Warehouse, folder: RunFolder, /) -> Bottlenecks:
    """Find where cases wait, and write it.

    Parameters
    ----------
    folder : RunFolder
        Receives ``bottlenecks.parquet``, ``flows.parquet``, ``handoffs.parquet`` and ``processes.parquet``; its
        ``churn.parquet``, if there, gives the value at risk.

    Returns
    -------
    Bottlenecks
        Empty where the company has no ``case_steps`` or no ``cases``.
    """
    from features.process import flows as case_flows
    from features.process.event_log import step_log
    from features.process.outcomes import case_outcomes, customers_of_long_waits

    results = RunResults(folder)
    if "case_steps" not in warehouse or "cases" not in warehouse:
        return Bottlenecks({})
    log = step_log(warehouse)
    min_group = company.policy.min_group
    case_flows.mark_long_waits(log, warehouse, min_group)
    outcome = case_outcomes(company, catalogue, warehouse, log)
    steps = case_flows.steps(log, min_group)
    customers = customers_of_long_waits(
        warehouse, log, results.find("churn", ["customer_id", "value_at_risk"]), outcome
    )
    steps = _named(steps).merge(customers, how="left", on=["process", "step", "team_id"])
    tables = {
        "bottlenecks": _without_small(steps),
        "flows": _named(case_flows.flows(log)),
        "handoffs": _named(case_flows.hand_overs(log)),
        "processes": _with_association(_named(case_flows.processes(log)), log, outcome),
    }
    rows = {name: results.write(name, frame) for name, frame in tables.items()}
    return Bottlenecks(rows, tuple(_warnings(log, tables["processes"], steps, min_group)))


def _named(frame: pd.DataFrame, /) -> pd.DataFrame:
    """Give names back as text: the engine counted them as numbers."""
    names = ("process", "step", "team_id", "source", "target", "source_team")
    return frame.assign(**{name: frame[name].astype("str") for name in names if name in frame})


def _without_small(steps: pd.DataFrame, /) -> pd.DataFrame:
    """Blank every figure of steps with too few people but how many cases pass."""
    measured = [name for name in steps.columns if name not in _KEPT]
    shown = steps.copy()
    for name in measured:
        if name == "case_ids":
            shown[name] = [[] if hidden else ids for ids, hidden in zip(shown[name], shown["hidden"], strict=True)]
        else:
            shown[name] = shown[name].mask(shown["hidden"])
    return shown


def _with_association(processes: pd.DataFrame, log: StepLog, outcome: str | None, /) -> pd.DataFrame:
    """Add what long waits go with, per process: an association, weighted to the same months."""
    from features.process.flows import LONG
    from features.process.outcomes import exposed_cases
    from models.effects.waiting import association

    columns = ("long", "others", "difference", "low", "high")
    found = (
        {}
        if outcome is None
        else {str(process): association(cases) for process, cases in exposed_cases(log, LONG).groupby("process")}
    )
    results = [found.get(process) for process in processes["process"]]
    added = {f"outcome_{name}": [None if one is None else getattr(one, name) for one in results] for name in columns}
    added |= {
        f"outcome_{name}": [0 if one is None else getattr(one, name) for one in results]
        for name in ("cases", "customers")
    }
    typed = {name: "float64" for name in added if name not in ("outcome_cases", "outcome_customers")}
    import pandas as pd

    extra = pd.DataFrame({"outcome": pd.array([outcome] * len(processes), dtype="str"), **added}, index=processes.index)
    return processes.join(extra.astype(typed))


def _warnings(log: StepLog, processes: pd.DataFrame, steps: pd.DataFrame, min_group: int, /) -> list[Message]:
    results = []
    if log.orphans:
        results.append(Message("waiting.orphans", {"n": log.orphans}))
    if log.passed_over:
        results.append(Message("waiting.unknown_marks", {"n": log.passed_over}))
    if log.unmarked:
        results.append(Message("waiting.unmarked"))
    if log.unended:
        results.append(Message("waiting.unended", {"n": log.unended, "total": log.visits}))
    if log.outside:
        results.append(Message("waiting.outside", {"n": log.outside, "total": log.visits}))
    closed = processes[processes["explained_share"].notna()]
    weak = closed[closed["explained_share"] < _EXPLAINED]
    if len(weak):
        results.append(Message("waiting.unexplained", {"n": len(weak), "total": len(processes), "share": _EXPLAINED}))
    hidden = int(steps.loc[steps["hidden"] & steps["team_id"].isna(), "step"].count())
    if hidden:
        results.append(Message("waiting.hidden", {"n": hidden, "least": min_group}))
    return results
