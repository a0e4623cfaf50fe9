"""Checks a company's sources; nothing is written."""

from __future__ import annotations

from baton.catalogue.load import load_catalogue
from baton.company import Company
from features.checks import check
from features.faults import CheckReport

__all__ = ["validate"]


def validate(company: Company, /) -> CheckReport:
    """Check the sources against the contract.

    Parameters
    ----------
    company : Company

    Returns
    -------
    CheckReport
        Every fault in one pass, the rows per table, and what is left out for want of a table.

    Raises
    ------
    BatonError
        If the catalogue or the company file contradicts itself. Faults of the data are in the report.
    """
    return check(company, load_catalogue(company))
