"""What a run would refuse only after minutes, found at once: by `validate`, and by a run before its first costly step.

One list of checks serves both. What needs the features of events (a leak in them) is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import BatonError, TableError, TooLittleDataError
from features.faults import Fault
from features.warehouse import Warehouse

__all__ = ["Preflight", "preflight", "refuse_early"]

_MAX_FLAT_ROWS = 100_000
"""A flat table of more rows is looked through for leaks in the run alone: in `validate` it would take too long."""


@dataclass(frozen=True)
class Preflight:
    """What was found.

    Parameters
    ----------
    refused : tuple of Fault
        What stops a run.
    skipped : tuple of str
        Outcomes that would be left out, and why.
    """

    refused: tuple[Fault, ...] = ()
    skipped: tuple[str, ...] = ()


def refuse_early(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> None:
    """Raise what the chain would raise later.

    Raises
    ------
    BatonError
        As the step that cannot be done would.
    """
    skipped: dict[str, str] = {}
    for _, name, check in _checks(company, catalogue, warehouse):
        try:
            check()
        except TooLittleDataError as error:
            if getattr(error, "refuses", False):
                raise
            skipped[name] = str(error)
    _refuse_nothing(company, warehouse, skipped)


def preflight(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> Preflight:
    """Collect what a run would refuse, and what it would leave out.

    Parameters
    ----------
    company : Company
    catalogue : Catalogue
    warehouse : Warehouse
        The clean tables.
    """
    refused: list[Fault] = []
    skipped: dict[str, str] = {}
    for place, name, check in _checks(company, catalogue, warehouse):
        try:
            check()
        except BatonError as error:
            if isinstance(error, TooLittleDataError) and not getattr(error, "refuses", False):
                skipped[name] = str(error)
            else:
                refused.append(_fault(place, error))
    if not refused:
        try:
            _refuse_nothing(company, warehouse, skipped)
        except BatonError as error:
            refused.append(_fault("outcomes", error, asked=_asked(company) > 0 or "snapshots" in warehouse))
    return Preflight(tuple(refused), tuple(f"{name}: {_plain(name, why)}" for name, why in skipped.items()))


def _fault(place: str, error: BatonError, /, *, asked: bool = True) -> Fault:
    """What cannot be done stops; that nothing is asked for yet is only said here, though a run refuses it."""
    if asked:
        return Fault(place, "", "cannot_run", "error", 1, (), "stop", str(error))
    return Fault(place, "", "cannot_run", "warning", 1, (), "keep", str(error))


def _asked(company: Company, /) -> int:
    """Return how many outcomes the company file asks for."""
    outcomes = company.outcomes
    return (outcomes.churn is not None) + len(outcomes.decline) + (outcomes.driver is not None)


def _plain(name: str, why: str, /) -> str:
    return why.removeprefix(f"{name}: ")


def _checks(
    company: Company, catalogue: Catalogue, warehouse: Warehouse, /
) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Yield checks that raise: where, the outcome's name, what to call."""
    from features import matrix_decline, matrix_driver
    from features.kpis.computable import refuse_uncomputable
    from models.recommender.policy import check_policy
    from pipelines.texts import check_settings

    wanted = company.outcomes
    yield "policy", "policy", lambda: check_policy(company.policy)
    yield "text", "text", lambda: check_settings(company, warehouse)
    yield "kpis", "kpis", lambda: refuse_uncomputable(warehouse, catalogue.values())
    if wanted.churn is not None:
        yield "outcomes.churn", "churn", lambda: _churn(company, warehouse)
    for settings in wanted.decline:
        name = f"decline:{settings.unit}:{settings.metric}"
        yield (
            "outcomes.decline",
            name,
            lambda settings=settings, name=name: matrix_decline.metric_of(catalogue, warehouse, settings, name),
        )
    if wanted.driver is not None:
        name = f"driver:{wanted.driver.metric}"
        yield "outcomes.driver", name, lambda: matrix_driver.metric_of(company, catalogue, warehouse)
    if "snapshots" in warehouse:
        yield "snapshots", "snapshots", lambda: _flat(company, catalogue, warehouse)


def _churn(company: Company, warehouse: Warehouse, /) -> None:
    """Raise what the training table of churn would, from the labels alone."""
    from features import matrix_churn, snapshots
    from features.learnable import require_enough

    if "customers" not in warehouse and "activity" not in warehouse:
        if "snapshots" not in warehouse:
            raise matrix_churn.no_table_of_leaving()
        return
    moments = matrix_churn.moments_of(company, warehouse)
    rows = snapshots.churn_labels(company, warehouse, moments)
    known = rows.filter(rows.label.notnull())
    counted = known.group_by("label").aggregate(n=known.count()).to_pyarrow().to_pylist()
    labels = np.repeat([row["label"] for row in counted], [row["n"] for row in counted])
    require_enough("churn", pd.Series(labels), "probability", of_all=True, unit="customer snapshots")


def _flat(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> None:
    from features import leaks, matrix_flat

    if matrix_flat.outcome_of(warehouse) == "churn" and company.outcomes.churn is not None:
        return  # churn is learned from events, where they are
    rows = int(warehouse["snapshots"].count().to_pyarrow().as_py())
    if rows <= _MAX_FLAT_ROWS:
        leaks.refuse(company, matrix_flat.flat_table(company, catalogue, warehouse))


def _refuse_nothing(company: Company, warehouse: Warehouse, skipped: dict[str, str], /) -> None:
    """Raise where no outcome is left, and no text whose causes could be learned."""
    from pipelines.texts import NO_TEXTS
    from pipelines.train import nothing_learned

    flat = "snapshots" in warehouse and "snapshots" not in skipped
    if len(skipped) < _asked(company) or flat or warehouse.has("cases", "text"):
        return
    raise TableError(nothing_learned(skipped, {"root_cause": NO_TEXTS} if "cases" in warehouse else {}))
