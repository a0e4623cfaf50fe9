"""What a run would refuse only after minutes, found at once: by `validate`, and by a run before its first costly step.

One list of checks serves both: whether each outcome's labels suffice, and whether a column of the company's own gives
away the outcome. What needs KPIs over windows (a KPI that gives away the outcome) is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import BatonError, TableError, TooLittleDataError
from baton.messages.message import Message
from baton.outcomes import Outcome
from features.kpis.columns import kpi_column
from features.quality.faults import Fault
from features.staging.warehouse import Warehouse

__all__ = ["Preflight", "preflight", "refuse_early"]

_MAX_AUDITED_ROWS = 100_000
"""A table of more rows is looked through for leaks in the run alone: in `validate` it would take too long."""


@dataclass(frozen=True)
class Preflight:
    """What was found.

    Parameters
    ----------
    refused : tuple of Fault
        What stops a run.
    skipped : tuple of Message
        Outcomes that would be left out, and why.
    """

    refused: tuple[Fault, ...] = ()
    skipped: tuple[Message, ...] = ()


def refuse_early(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> None:
    """Raise what the chain would raise later.

    Raises
    ------
    BatonError
        As the step that cannot be done would.
    """
    skipped: dict[str, Message] = {}
    for _, name, check in _checks(company, catalogue, warehouse):
        try:
            check()
        except TooLittleDataError as error:
            if getattr(error, "refuses", False):
                raise
            skipped[name] = error.why
    _refuse_nothing(company, warehouse, skipped)


def preflight(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> Preflight:
    """Collect what a run would refuse, and what it would leave out.

    Parameters
    ----------
    warehouse : Warehouse
        The clean tables.
    """
    refused: list[Fault] = []
    skipped: dict[str, Message] = {}
    for place, name, check in _checks(company, catalogue, warehouse):
        try:
            check()
        except BatonError as error:
            if isinstance(error, TooLittleDataError) and not getattr(error, "refuses", False):
                skipped[name] = error.why
            else:
                refused.append(_fault(place, error))
                if place == "kpis":
                    break  # what follows computes them
    if not refused:
        try:
            _refuse_nothing(company, warehouse, skipped)
        except BatonError as error:
            refused.append(_fault("outcomes", error, asked=_asked(company) > 0 or "snapshots" in warehouse))
    return Preflight(
        tuple(refused),
        tuple(Message("text.of_outcome", {"outcome": name, "text": why}) for name, why in skipped.items()),
    )


def _fault(place: str, error: BatonError, /, *, asked: bool = True) -> Fault:
    """What cannot be done stops; that nothing is asked for yet is only said here, though a run refuses it."""
    if asked:
        return Fault(place, "", "cannot_run", "error", 1, (), "stop", error.message)
    return Fault(place, "", "cannot_run", "warning", 1, (), "keep", error.message)


def _asked(company: Company, /) -> int:
    """Return how many outcomes the company file asks for."""
    outcomes = company.outcomes
    return (outcomes.churn is not None) + len(outcomes.decline) + (outcomes.case is not None)


def _checks(
    company: Company, catalogue: Catalogue, warehouse: Warehouse, /
) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Yield checks that raise: where, the outcome's name, what to call."""
    from features.kpis.computable import refuse_uncomputable
    from features.training import decline as matrix_decline
    from models.advice.policy import check_policy

    wanted = company.outcomes
    yield "policy", "policy", lambda: check_policy(company.policy)
    yield "text", "text", lambda: _texts(company, warehouse)
    yield "kpis", "kpis", lambda: refuse_uncomputable(warehouse, catalogue.values())
    if wanted.churn is not None:
        yield "outcomes.churn", "churn", lambda: _churn(company, catalogue, warehouse)
    for settings in wanted.decline:
        name = str(Outcome("decline", settings.unit, settings.metric))
        yield (
            "outcomes.decline",
            name,
            lambda settings=settings: matrix_decline.labels_of(company, catalogue, warehouse, settings),
        )
    if wanted.case is not None:
        name = str(Outcome("case", metric=wanted.case.metric))
        yield "outcomes.case", name, lambda: _case_outcome(company, catalogue, warehouse)
    if "snapshots" in warehouse:
        yield "snapshots", "snapshots", lambda: _flat(company, catalogue, warehouse)


def _churn(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> None:
    """Raise what the training table of churn would, from labels and standing columns alone."""
    from features.training import churn as matrix_churn
    from features.training import leaks, snapshots

    if "customers" not in warehouse and "activity" not in warehouse:
        if "snapshots" not in warehouse:
            raise matrix_churn.no_table_of_leaving()
        return
    moments = matrix_churn.moments_of(company, warehouse)
    rows = snapshots.churn_labels(company, warehouse, moments)
    known = rows.filter(rows.label.notnull()).select("customer_id", "label").to_pyarrow().to_pandas()
    matrix_churn.require_enough_customers(known)
    if len(known) <= _MAX_AUDITED_ROWS:
        without_kpis = Catalogue((), ())
        leaks.refuse(company, catalogue, matrix_churn.churn_table(company, without_kpis, warehouse))


def _case_outcome(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> None:
    """Raise what the training table of case outcomes would, from the cases' own columns alone."""
    from features.kpis import evaluate
    from features.training import case_outcome, leaks

    metric = case_outcome.metric_of(company, catalogue, warehouse)
    label = evaluate.case_values(warehouse, [metric])[kpi_column(metric.id)]
    if label.count().to_pyarrow().as_py() <= _MAX_AUDITED_ROWS:
        table = case_outcome.case_outcome_table(company, catalogue, warehouse, of_units=False)
        leaks.refuse(company, catalogue, table)


def _flat(company: Company, catalogue: Catalogue, warehouse: Warehouse, /) -> None:
    from features.training import flat as matrix_flat
    from features.training import leaks

    if matrix_flat.outcome_of(warehouse) == "churn" and company.outcomes.churn is not None:
        return  # churn is learned from events, where they are
    rows = int(warehouse["snapshots"].count().to_pyarrow().as_py())
    if rows <= _MAX_AUDITED_ROWS:
        leaks.refuse(company, catalogue, matrix_flat.flat_table(company, catalogue, warehouse))


def _texts(company: Company, warehouse: Warehouse, /) -> None:
    """Raise what reading the texts would, from their settings alone."""
    from baton.taxonomy import load_taxonomy
    from features.text.reading import refuse_missing_columns
    from pipelines.complaints.settings import check_settings

    check_settings(company, warehouse)
    if warehouse.has("cases", "text"):
        load_taxonomy(company)
        refuse_missing_columns(company, warehouse)


def _why_no_causes(company: Company, warehouse: Warehouse, /) -> Message | None:
    """Return why no causes could be predicted from texts, before anything is learned; None: they could."""
    from baton.taxonomy import load_taxonomy
    from models.complaints.labelled import require_learnable
    from pipelines.complaints.corrected import labels_read
    from pipelines.complaints.read import NO_TEXTS

    texts, _ = labels_read(company, warehouse)
    if texts is None or not len(texts):
        return NO_TEXTS
    try:
        require_learnable(texts, load_taxonomy(company), company.company.seed)
    except TooLittleDataError as error:
        return error.why
    return None


def _refuse_nothing(company: Company, warehouse: Warehouse, skipped: dict[str, Message], /) -> None:
    """Raise where no outcome is left, and no text whose causes could be learned."""
    from pipelines.train import nothing_learned

    flat = "snapshots" in warehouse and "snapshots" not in skipped
    if len(skipped) < _asked(company) or flat:
        return
    causes: dict[str, Message] = {}
    if "cases" in warehouse:
        no_causes = _why_no_causes(company, warehouse)
        if no_causes is None:
            return
        causes["root_cause"] = no_causes
    raise TableError(nothing_learned(skipped, causes))
