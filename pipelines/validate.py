"""Checks a company's sources and what its file asks of them; nothing is written."""

from __future__ import annotations

from dataclasses import replace

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.filled_in import hides_filled_in
from features.quality.faults import CheckReport
from features.quality.remedies import with_remedies
from features.staging.cleaned import checked
from features.training.default_outcomes import with_default_outcomes
from pipelines.preflight import preflight

__all__ = ["validate"]


@hides_filled_in
def validate(company: Company, /) -> CheckReport:
    """Check the sources against the contract, and whether a run would do what the company file asks.

    Returns
    -------
    CheckReport
        Every fault in one pass, the rows per table, and what is left out for want of a table. What a run would refuse
        is looked for where no fault stops it before; nothing is trained.

    Raises
    ------
    BatonError
        If the catalogue or the company file contradicts itself. Faults of the data are in the report.
    """
    catalogue = load_catalogue(company)
    with checked(company, catalogue) as found:
        if found.warehouse is None:
            return replace(found.report, faults=with_remedies(found.report.faults, company.faults))
        asking, noted = with_default_outcomes(company, catalogue, found.warehouse)
        found_before = preflight(asking, catalogue, found.warehouse)
    return replace(
        found.report,
        faults=with_remedies((*found_before.refused, *found.report.faults), company.faults),
        switched_off=(*found.report.switched_off, *found_before.skipped),
        decided=(*found.report.decided, *([noted] if noted is not None else [])),
    )
