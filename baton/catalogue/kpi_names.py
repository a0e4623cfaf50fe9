"""KPIs by the names that people use: letter case, abbreviations, names in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path

from baton.catalogue.load import load_kpis
from baton.catalogue.schema import Kpi
from baton.company import Company, load_company
from baton.errors import BatonError

__all__ = ["ABBREVIATIONS", "kpi_meant", "open_company", "plain_name", "with_kpi_ids"]

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
    "qa_score": ("quality_score",),
    "qm_score": ("quality_score",),
    "quality": ("quality_score",),
    "质检分": ("quality_score",),
    "质检得分": ("quality_score",),
    "准时率": ("on_time_rate", "on_time_delivery_rate"),
    "按时率": ("on_time_rate", "on_time_delivery_rate"),
    "on_time": ("on_time_rate", "on_time_delivery_rate"),
    "abandonment_rate": ("abandoned_call_share",),
    "abandon_rate": ("abandoned_call_share",),
    "放弃率": ("abandoned_call_share",),
    "answer_rate": ("answered_call_share",),
    "接通率": ("answered_call_share",),
    "backlog": ("open_cases",),
    "积压工单": ("open_cases",),
    "千人投诉率": ("complaints_per_1000_customers",),
    "expansion_mrr": ("expansion_revenue",),
    "contraction_mrr": ("contraction_revenue",),
}
"""What the field's abbreviations stand for; one with several is read only where the catalogue has just one of them."""


def kpi_meant(name: str, catalogue: Mapping[str, Kpi], others: Collection[str] = ()) -> str | None:
    """Return the KPI that a name means, or None where it is none or could be several.

    Parameters
    ----------
    name : str
        As a person wrote it.
    catalogue : mapping of str to Kpi
        By id.
    others : collection of str
        Ids beside the catalogue's, such as mandatory KPIs.

    Examples
    --------
    >>> from baton.catalogue.load import load_catalogue
    >>> from baton.company import Company, load_company
    >>> catalogue = load_catalogue(Company())
    >>> [kpi_meant(name, catalogue) for name in ("CSAT", "Fcr", "一次解决率", "First-contact resolution", "coffee")]
    ['csat', 'first_contact_resolution', 'first_contact_resolution', 'first_contact_resolution', None]
    """
    wanted = plain_name(name)
    ids = [*catalogue, *(other for other in others if other not in catalogue)]
    found = {kpi_id for kpi_id in ids if plain_name(kpi_id) == wanted}
    found = found or {
        kpi.id for kpi in catalogue.values() if wanted in (plain_name(kpi.name.en), plain_name(kpi.name.zh))
    }
    found = found or {kpi_id for kpi_id in ABBREVIATIONS.get(wanted, ()) if kpi_id in catalogue}
    return found.pop() if len(found) == 1 else None


def open_company(path: str | Path, /) -> Company:
    """Read a company file (``load_company``), with the catalogue's ids wherever it names KPIs in other words."""
    return with_kpi_ids(load_company(path))


def with_kpi_ids(company: Company, /) -> Company:
    """Return the settings with the catalogue's ids where ``[outcomes]`` and ``[policy] fixed`` name KPIs otherwise.

    Returns
    -------
    Company
        Names that are no KPI's, or could be several, stay: whoever needs them refuses them. So they do where the
        catalogue cannot be read.

    Examples
    --------
    >>> company = Company.model_validate({"outcomes": {"case": {"metric": "CSAT"}}, "policy": {"fixed": ["AHT"]}})
    >>> found = with_kpi_ids(company)
    >>> found.outcomes.case.metric, found.policy.fixed
    ('csat', ('handle_seconds',))
    """
    outcomes, fixed = company.outcomes, company.policy.fixed
    names = [*fixed, *(settings.metric for settings in outcomes.decline)]
    names += [outcomes.case.metric] if outcomes.case is not None else []
    if all(plain_name(name) == name and name not in ABBREVIATIONS for name in names):
        return company  # ids as they should be written, or nothing that could be read as one
    try:
        kpis = load_kpis(company)
    except BatonError:
        return company  # reported when the catalogue is needed
    meant = {name: name if name in kpis else kpi_meant(name, kpis) or name for name in names}
    case = outcomes.case
    if case is not None:
        case = case.model_copy(update={"metric": meant[case.metric]})
    decline = tuple(settings.model_copy(update={"metric": meant[settings.metric]}) for settings in outcomes.decline)
    return company.model_copy(
        update={
            "outcomes": outcomes.model_copy(update={"case": case, "decline": decline}),
            "policy": company.policy.model_copy(update={"fixed": tuple(meant[name] for name in fixed)}),
        }
    )


def plain_name(name: str, /) -> str:
    """Return a name without what people write differently: letter case, full width, blanks, hyphens, brackets.

    Examples
    --------
    >>> plain_name("First-contact Resolution (%)"), plain_name("ＡＨＴ")
    ('first_contact_resolution', 'aht')
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\s_\-–—/().%]+", "_", text).strip("_")
