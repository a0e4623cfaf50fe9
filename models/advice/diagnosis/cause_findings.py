"""Growing and costly causes that no card measures, and those that are evidence for a KPI's weight, in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message, Name, Value
from models.advice.diagnosis.causes import CauseTables
from models.advice.diagnosis.finding import Finding
from models.advice.diagnosis.places import kpi_name, listed, stage_name

__all__ = ["evidence_findings", "new_causes", "unmeasured_causes"]

_WORDS = {
    "supports": "cause_gap.supports",
    "contradicted": "cause_gap.contradicted",
    "watch": "cause_gap.watch",
    "costly": "cause_gap.costs",
}


def unmeasured_causes(evidence: pd.DataFrame, causes: CauseTables, catalogue: Catalogue, /) -> list[Finding]:
    """Find causes that grow or cost customers beyond chance, and whose process step no card measures.

    Parameters
    ----------
    evidence : pandas.DataFrame
        Of ``cause_evidence``.

    Returns
    -------
    list of Finding
        Kinds ``growing_unmeasured`` (first) and ``costly_unmeasured``; in each those first that cost most.
    """
    whole = evidence[evidence["team_id"].isna()]
    carded = set(whole.loc[whole["points"].notna(), "cause"])
    found = []
    for row in whole[~whole["cause"].isin(carded)].drop_duplicates("cause").to_dict("records"):
        if not (row["growing"] or row["costly"]):
            continue
        kind = "growing_unmeasured" if row["growing"] else "costly_unmeasured"
        what = "cause_gap.growing" if row["growing"] else "cause_gap.costly"
        found.append(
            Finding(
                kind=kind,
                what=Message(what, {"cause": _name(row["cause"], causes)}),
                where=_step(row, causes, catalogue),
                sure=_sure(row),
                next=_next(row["cause"], causes, catalogue),
                points=0.0,
                values=_numbers(row),
            )
        )
    return sorted(found, key=lambda one: (one.kind != "growing_unmeasured", -(one.values["excess_customers"] or 0.0)))


def new_causes(causes: CauseTables, /) -> list[Finding]:
    """Find what customers began to write of and no list of causes knows, so that no KPI can measure it."""
    found = []
    for row in causes.emerging.to_dict("records"):
        nearest = row["nearest_cause"]
        where = Message("cause_gap.of_texts_alone", {"share": float(row["share"])})
        if isinstance(nearest, str) and nearest:
            where = Message("cause_gap.of_texts", {"share": float(row["share"]), "nearest": _name(nearest, causes)})
        words = [str(word) for word in row["words"]]
        found.append(
            Finding(
                kind="new_unmeasured",
                what=Message(
                    "cause_gap.new",
                    {
                        "date": f"{pd.Timestamp(row['first_week']):%Y-%m-%d}",
                        "n": int(row["texts"]),
                        "words": listed(words),
                    },
                ),
                where=where,
                sure=Message("cause_gap.sure_new", {"p": float(row["p_value"])}),
                next=Message("cause_gap.next_new"),
                points=0.0,
                values={"cause": row["cause"], "texts": int(row["texts"]), "words": words, "p_value": row["p_value"]},
            )
        )
    return found


def evidence_findings(evidence: pd.DataFrame, causes: CauseTables, catalogue: Catalogue, /) -> list[Finding]:
    """Say which causes are evidence for the weight of the KPI that measures their process step.

    Parameters
    ----------
    evidence : pandas.DataFrame
        Of ``cause_evidence``; rows of the company are said, those of teams stand in the table.

    Returns
    -------
    list of Finding
        One per cause and KPI on a card, those that support more weight first; the kind is the verdict.
    """
    whole = evidence[evidence["team_id"].isna() & evidence["kpi"].notna() & evidence["points"].notna()]
    found = []
    for row in whole[whole["verdict"] != "none"].to_dict("records"):
        kpi = {"kpi": kpi_name(row["kpi"], catalogue)}
        found.append(
            Finding(
                kind=row["verdict"],
                what=Message(_WORDS[row["verdict"]], {"cause": _name(row["cause"], causes), **kpi}),
                where=_step(row, causes, catalogue),
                sure=_sure(row),
                next=Message("cause_gap.next_weigh", {**kpi, "points": round(float(row["points"]), 1)}),
                points=float(row["points"]),
                values={"kpi": row["kpi"], **_numbers(row)},
            )
        )
    order = list(_WORDS)
    return sorted(found, key=lambda one: (order.index(one.kind), -(one.values["excess_customers"] or 0.0)))


def _name(cause: object, causes: CauseTables, /) -> Name:
    english, chinese = causes.names.get(str(cause), (str(cause).replace("_", " "),) * 2)
    return Name(english, chinese)


def _step(row: dict[str, Any], causes: CauseTables, catalogue: Catalogue, /) -> Message:
    share = Message("cause_gap.share", {"before": float(row["share_before"]), "now": float(row["share"])})
    known = causes.diagnosis[causes.diagnosis["cause"] == row["cause"]].to_dict("records")
    if not known or not isinstance(known[0]["process"], str) or not isinstance(known[0]["stage"], str):
        return Message("cause_gap.unowned", {"share": share})
    owner = causes.owners.get(str(row["cause"])) or (str(known[0]["owner"] or "–"),) * 2
    return Message(
        "cause_gap.step",
        {
            "process": known[0]["process"],
            "stage": stage_name(known[0]["stage"], catalogue),
            "owner": Name(*owner),
            "share": share,
        },
    )


def _sure(row: dict[str, Any], /) -> Message:
    price = Message("cause_gap.no_price")
    if row["price_basis"] == "excess":
        values: dict[str, Value] = {
            "customers": int(row["customers"]),
            "excess": float(row["excess_customers"]),
            "low": float(row["excess_low"]),
            "high": float(row["excess_high"]),
        }
        price = Message("cause_gap.price", values)
    if not row["growing"]:
        return Message("cause_gap.sure_price", {"price": price})
    growth: dict[str, Value] = {
        name.removeprefix("growth_"): float(row[name]) for name in ("growth", "growth_low", "growth_high")
    }
    return Message("cause_gap.sure_growth", growth | {"price": price})


def _next(cause: object, causes: CauseTables, catalogue: Catalogue, /) -> Message:
    (known,) = causes.diagnosis[causes.diagnosis["cause"] == cause].to_dict("records")
    asked = [str(kpi) for kpi in known["kpis"]]
    here = [kpi_name(kpi, catalogue) for kpi in asked if kpi in catalogue]
    if here:
        return Message("cause_gap.next_kpis", {"kpis": listed(here)})
    return Message("cause_gap.next_library", {"kpis": listed(asked)}) if asked else Message("cause_gap.next_none")


_NUMBERS = (
    "cause", "share_before", "share", "growth", "growth_low", "growth_high", "growing", "customers",
    "excess_customers", "excess_low", "excess_high", "value_at_risk", "costly", "price_basis", "effect", "verdict",
)  # fmt: skip


def _numbers(row: dict[str, Any], /) -> dict[str, Any]:
    """Return a row's numbers; unknown ones are null."""
    return {name: None if row[name] is None or row[name] != row[name] else row[name] for name in _NUMBERS}
