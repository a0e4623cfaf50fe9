"""What of the advice before stands, and what it is compared by."""

from __future__ import annotations

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder
from baton.run_results import RunResults
from models.advice.stability.basis import Basis
from models.advice.stability.before import Before, proposed
from models.advice.stability.given import Given
from pipelines.code_used import fingerprint_of
from pipelines.steps import Step, digest

__all__ = ["basis_of", "given_before", "identity_of", "standing"]

_ESTIMATES = Step("effects", code=("models.effects.estimate", "features.cases.build"))


def basis_of(company: Company, catalogue: Catalogue, as_of: pd.Timestamp, cases: int, /) -> Basis:
    """Return what an advice is made from.

    Parameters
    ----------
    cases : int
        Behind it.
    """
    named = {"name", "description", "needs"}
    return Basis(
        company=company.company.name,
        **identity_of(company),
        as_of=as_of.isoformat(),
        cases=cases,
        policy=company.policy.model_dump(mode="json"),
        settings=digest(company.model_dump(mode="json", include={"outcomes", "snapshots"})),
        method=fingerprint_of(_ESTIMATES),
        kpis={kpi.id: digest(kpi.model_dump(mode="json", exclude=named)) for kpi in catalogue.values()},
    )


def identity_of(company: Company, /) -> dict[str, str]:
    """Return fingerprints of where a company file lies and of where its tables come from, as a ``Basis`` has them."""
    tables = company.model_dump(mode="json", include={"tables", "sources"})
    return {"place": digest(str(company.path)), "sources": digest({"folder": str(company.folder), "tables": tables})}


def given_before(folder: RunFolder, now: Basis, /) -> Given | None:
    """Return the advice that was set aside; None where there is none that was given to this company on older data.

    Raises
    ------
    ArtefactError
        If it is there and cannot be read.
    """
    basis = Basis.find(folder.advice)
    if basis is None or not basis.is_of(now) or pd.Timestamp(basis.as_of) >= pd.Timestamp(now.as_of):
        return None
    results = RunResults(folder)
    return Given(results.table("weights"), results.table("advice/kpis"), results.table("advice/effects_by_team"), basis)


def standing(before: Given | None, now: Basis, /) -> Before:
    """Return what of an advice can stand: where outcomes and periods are the same, KPIs that are defined as then."""
    if before is None or before.basis.settings != now.settings:
        return Before()
    same = {kpi for kpi, made in now.kpis.items() if before.basis.kpis.get(kpi) == made}
    return Before(proposed(before.weights, same), before.basis.policy, before.basis.outcome)
