"""KPIs on scorecards and in measures by the names that people use: letter case, abbreviations, names in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace

from baton.catalogue.schema import Catalogue
from features.intake import FILE, ROW, Intake, TypedTable
from features.sql_text import literal

__all__ = ["ABBREVIATIONS", "kpi_meant", "with_kpi_names"]

ABBREVIATIONS: Mapping[str, tuple[str, ...]] = {
    "aht": ("handle_seconds",),
    "average_handle_time": ("handle_seconds",),
    "average_handling_time": ("handle_seconds",),
    "平均处理时长": ("handle_seconds",),
    "fcr": ("first_contact_resolution",),
    "一次解决率": ("first_contact_resolution",),
    "首次解决率": ("first_contact_resolution",),
    "asa": ("wait_seconds",),
    "average_speed_of_answer": ("wait_seconds",),
    "平均等待时长": ("wait_seconds",),
    "frt": ("response_seconds",),
    "first_response_time": ("response_seconds",),
    "首次响应时长": ("response_seconds",),
    "ttr": ("resolution_seconds", "restore_seconds"),
    "mttr": ("resolution_seconds", "restore_seconds"),
    "time_to_resolution": ("resolution_seconds",),
    "sla": ("on_time_rate", "promise_kept"),
    "customer_satisfaction": ("csat",),
    "客户满意度": ("csat",),
    "满意度": ("csat",),
    "net_promoter_score": ("nps",),
    "净推荐值": ("nps",),
    "ces": ("customer_effort_score",),
    "clv": ("customer_lifetime_value",),
    "cltv": ("customer_lifetime_value",),
    "ltv": ("customer_lifetime_value",),
    "客户终身价值": ("customer_lifetime_value",),
    "arpu": ("customer_spend", "recurring_revenue"),
    "mrr": ("recurring_revenue",),
    "ftf": ("first_time_fix_rate",),
    "ftfr": ("first_time_fix_rate",),
    "otd": ("on_time_delivery_rate",),
    "qa": ("quality_score",),
}
"""What the field's abbreviations stand for; one with several is read only where the catalogue has just one of them."""


def kpi_meant(name: str, catalogue: Catalogue, others: Collection[str] = ()) -> str | None:
    """Return the KPI that a name means, or None where it is none or could be several.

    Parameters
    ----------
    name : str
        As a person wrote it.
    catalogue : Catalogue
    others : collection of str
        Ids beside the catalogue's, such as duties.

    Examples
    --------
    >>> from baton.catalogue.load import load_catalogue
    >>> from baton.company import Company
    >>> catalogue = load_catalogue(Company())
    >>> [kpi_meant(name, catalogue) for name in ("CSAT", "Fcr", "一次解决率", "First-contact resolution", "coffee")]
    ['csat', 'first_contact_resolution', 'first_contact_resolution', 'first_contact_resolution', None]
    """
    wanted = _plain(name)
    ids = [*catalogue, *(other for other in others if other not in catalogue)]
    found = {kpi_id for kpi_id in ids if _plain(kpi_id) == wanted}
    found = found or {kpi.id for kpi in catalogue.values() if wanted in (_plain(kpi.name.en), _plain(kpi.name.zh))}
    found = found or {kpi_id for kpi_id in ABBREVIATIONS.get(wanted, ()) if kpi_id in catalogue}
    return found.pop() if len(found) == 1 else None


def with_kpi_names(intake: Intake, catalogue: Catalogue, notes: list[str], /) -> None:
    """Read the KPIs of scorecards and measures as the catalogue's; each that was written otherwise is noted."""
    duties = intake.company.policy.fixed
    known = {*catalogue, *duties}
    for name in ("scorecards", "measures"):
        table = intake.tables.get(name)
        if table is None or "kpi" not in table.plans or not known:
            continue
        written = [row[0] for row in intake.rows(f"SELECT DISTINCT kpi FROM {table.relation} WHERE kpi IS NOT NULL")]
        meant = {word: kpi_meant(word, catalogue, duties) for word in sorted(written) if word not in known}
        read = {word: kpi for word, kpi in meant.items() if kpi is not None}
        if not read:
            continue
        intake.tables[name] = _renamed(intake, table, read)
        for word, kpi in read.items():
            unit = f" (unit: {catalogue[kpi].unit})" if kpi in catalogue else ""
            notes.append(f"{name}.kpi: {word!r} is read as {kpi}{unit}")


def _renamed(intake: Intake, table: TypedTable, read: Mapping[str, str], /) -> TypedTable:
    relation = f"named_{table.relation}"
    cases = " ".join(f"WHEN {literal(word)} THEN {literal(kpi)}" for word, kpi in read.items())
    intake.connection.execute(
        f"CREATE TABLE {relation} AS SELECT * REPLACE (CASE kpi {cases} ELSE kpi END AS kpi) FROM {table.relation}"
    )
    intake.connection.execute(f"CREATE VIEW unnumbered_{relation} AS SELECT * EXCLUDE ({FILE}, {ROW}) FROM {relation}")
    return replace(table, relation=relation)


def _plain(name: str, /) -> str:
    """Return a name without what people write differently: letter case, full width, blanks, hyphens, brackets."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\s_\-–—/().%]+", "_", text).strip("_")
