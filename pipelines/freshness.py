"""Whether a run is still of today's sources, company file and catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder
from baton.messages.message import Message
from baton.run_results import RUN, RunResults
from features.ingest import sources
from pipelines.steps import digest

__all__ = ["catalogue_digest", "changes_since", "definitions_digest", "meaning_digest", "settings_digest"]


def settings_digest(company: Company, /) -> str:
    """Return a fingerprint of all that the company file says, wherever the file lies."""
    return digest(company.model_dump(mode="json", exclude={"path"}))


def catalogue_digest(catalogue: Catalogue, /) -> str:
    """Return a fingerprint of KPIs, coaching actions and journey stages."""
    kpis = [kpi.model_dump(mode="json") for kpi in catalogue.values()]
    actions = [action.model_dump(mode="json") for action in catalogue.actions]
    return digest([kpis, actions, [stage.model_dump(mode="json") for stage in catalogue.stages]])


def definitions_digest(catalogue: Catalogue, /) -> str:
    """Return a fingerprint of what KPIs are and are called, whatever is said about them and about coaching."""
    kpis = [kpi.model_dump(mode="json", exclude={"description", "needs"}) for kpi in catalogue.values()]
    return digest([kpis, [stage.id for stage in catalogue.stages]])


def meaning_digest(company: Company, catalogue: Catalogue, scales: Mapping[str, Any], /) -> str:
    """Return a fingerprint of what the data mean to a predictor, whatever the data are.

    Covered are the mapping of every table (its SQL, how its file is read, time zone, scales), treatments of faults,
    outcomes, snapshots and windows, and the definitions of KPIs; not where a file lies, until when it was observed, or
    what things are called.

    Parameters
    ----------
    scales : mapping
        Of ratings, as declared or found.
    """
    mapping = company.model_dump(mode="json", include={"tables", "faults", "snapshots", "outcomes"})
    for table in mapping["tables"].values():
        for place in ("path", "source", "observed_until"):
            table.pop(place, None)
    named = {"name", "description", "needs"}
    kpis = sorted((kpi.model_dump(mode="json", exclude=named) for kpi in catalogue.values()), key=lambda kpi: kpi["id"])
    return digest([mapping, kpis, dict(scales)])


def changes_since(company: Company, catalogue: Catalogue, folder: RunFolder, /) -> list[Message]:
    """Say what is no longer as a run found it.

    Returns
    -------
    list of Message
        Tables, the company file, the KPI catalogue; the run itself where it was not finished. Empty: all is as it was.

    Raises
    ------
    SourceError
        If a table cannot be opened.
    """
    then = RunResults(folder).document(RUN, {})
    if not then:
        return [Message("changed.run")]
    now = sources.fingerprint(company)
    before = then.get("inputs") or {}
    tables = [name for name in sorted({*now, *before}) if now.get(name) != before.get(name)]
    changed = [Message("changed.table", {"table": name}) for name in tables]
    if then.get("settings") != settings_digest(company):
        changed.append(Message("changed.company"))
    if then.get("catalogue") != catalogue_digest(catalogue):
        changed.append(Message("changed.catalogue"))
    return changed
