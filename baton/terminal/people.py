"""Whom a command line means: it alone knows whose pseudonym is whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baton.company import Company

__all__ = ["pseudonym_of"]


def pseudonym_of(company: Company, employee: str, /) -> str:
    """Return how the results name an employee: by a pseudonym, unless the company file says otherwise."""
    employee = employee.strip()
    if not company.privacy.pseudonymise or employee.startswith("p-"):
        return employee
    from features.staging.pseudonyms import load_key, pseudonym

    return pseudonym(load_key(company.resolve(company.privacy.key)), employee)
