"""What customers write, said beside the weight of the KPI that measures its process step. No point moves by it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.evidence.strongest_causes import strongest
from baton.messages.message import LANGUAGES, Message, Name, bilingual
from models.advice.diagnosis.causes import CauseTables
from models.advice.diagnosis.places import kpi_name

__all__ = ["cause_sentences", "with_causes"]

_SENTENCES = {
    "supports": "cause_reason.supports",
    "contradicted": "cause_reason.contradicted",
    "watch": "cause_reason.watch",
    "costly": "cause_reason.costly",
}
_JOINED = {"en": " ", "zh": ""}


def with_causes(
    weights: pd.DataFrame, evidence: pd.DataFrame, causes: CauseTables, catalogue: Catalogue, /
) -> pd.DataFrame:
    """Add to each weight's reason what customers write about the process step that its KPI measures.

    Parameters
    ----------
    weights : pandas.DataFrame
        Rows of ``weights.parquet``.
    evidence : pandas.DataFrame
        Rows of ``cause_evidence.parquet``.

    Returns
    -------
    pandas.DataFrame
        The same rows; nothing but ``reason`` changes.
    """
    found = []
    for team, kpi, reason in zip(weights["team_id"], weights["kpi"], weights["reason"], strict=True):
        sentences = cause_sentences(strongest(evidence, str(team), str(kpi)), causes, catalogue)
        if sentences:
            added = bilingual(sentences)
            reason = {language: f"{reason[language]}{_JOINED[language]}{added[language]}" for language in LANGUAGES}
        found.append(reason)
    return weights.assign(reason=pd.Series(found, index=weights.index, dtype=object))


def cause_sentences(rows: list[dict[str, Any]], causes: CauseTables, catalogue: Catalogue, /) -> tuple[Message, ...]:
    """Say rows of ``cause_evidence`` as sentences of a reason."""
    return tuple(_sentence(row, causes, catalogue) for row in rows)


def _sentence(row: dict[str, Any], causes: CauseTables, catalogue: Catalogue, /) -> Message:
    cause = str(row["cause"])
    english, chinese = causes.names.get(cause, (cause.replace("_", " "),) * 2)
    place = "cause_reason.company" if row["team_id"] is None or pd.isna(row["team_id"]) else "cause_reason.team"
    price = Message("cause_gap.no_price")
    if row["price_basis"] == "excess":
        ends = {"low": float(row["excess_low"]), "high": float(row["excess_high"])}
        values = {"customers": int(row["customers"]), "excess": float(row["excess_customers"])}
        price = Message("cause_gap.price", values | ends)
    return Message(
        _SENTENCES[row["verdict"]],
        {
            "place": Message(place),
            "cause": Name(english, chinese),
            "before": float(row["share_before"]),
            "now": float(row["share"]),
            "since": f"{pd.Timestamp(row['since']):%Y-%m}",
            "kpi": kpi_name(str(row["kpi"]), catalogue),
            "price": price,
        },
    )
