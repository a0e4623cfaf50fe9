"""Customers who are likely to leave: how risk is spread, and whom to call first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from pipelines.reporting.charts import Bar, Figure
from pipelines.reporting.drawing import Pen
from pipelines.reporting.plots import columns
from pipelines.reporting.results import Results
from pipelines.reporting.wording import Bilingual, listed, money, number, percent, say, verbatim

__all__ = ["caution", "risk_bands", "top_customers"]

_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)
_HIGH = 0.2
_LISTED = 12
_REASONS = 3


def risk_bands(results: Results, pen: Pen, /) -> Figure | None:
    """Draw how many customers have which chance of leaving."""
    churn = results.get("churn")
    if churn is None:
        return None
    chance, days = churn["probability"].astype(float), results.company.snapshots.horizon_days
    counts = pd.cut(chance, list(_EDGES), include_lowest=True, right=False).value_counts(sort=False)
    counts.iloc[-1] += int((chance >= 1).sum())  # the last band is closed
    rows = []
    for (low, high), count in zip(pairwise(_EDGES), counts, strict=True):
        name = verbatim(f"{100 * low:.0f}\N{EN DASH}{100 * high:.0f}%")
        rows.append(Bar(name, float(count), verbatim(f"{int(count):,}"), "bad" if low >= _HIGH else "plain"))
    above = chance[chance >= _HIGH]
    share = percent(float(above.sum() / chance.sum())) if chance.sum() > 0 else percent(0)
    return Figure(
        name="risk-bands",
        title=say("risk.bands", share=share, n=len(above), band=percent(_HIGH)),
        note=say("risk.bands_note", days=days),
        drawings=columns(rows, pen, say("risk.bands_across", days=days), say("risk.bands_up")),
        header=(say("risk.band_column"), say("risk.customers_column")),
        rows=[(row.label, row.shown) for row in rows],
    )


def top_customers(
    results: Results, /
) -> tuple[Bilingual, Bilingual, Sequence[Bilingual], list[list[Bilingual]]] | None:
    """Return title, note, header and rows of the customers to call first; by money at stake where it is known.

    None where chances are not known better than by guessing: no single customer is to be called on that.
    """
    churn = results.get("churn")
    if churn is None or results.no_better_than_guessing("churn"):
        return None
    valued = "value_at_risk" in churn and churn["value_at_risk"].notna().any()
    ranked = churn.sort_values(["value_at_risk" if valued else "probability", "customer_id"], ascending=[False, True])
    rows = []
    for row in ranked.head(_LISTED).to_dict("records"):
        stake = row.get("value_at_risk")
        cells = [verbatim(row["customer_id"]), percent(float(row["probability"]))]
        if valued:
            cells.append(
                money(float(stake), results.company.company.currency) if pd.notna(stake) else say("word.unknown")
            )
        rows.append([*cells, _reasons(results, row["drivers"])])
    header = [say("risk.customer"), say("risk.chance"), *([say("risk.stake")] if valued else []), say("risk.reasons")]
    return (
        say("risk.top_value" if valued else "risk.top_risk"),
        say("risk.top_note" if valued else "risk.top_note_risk"),
        header,
        rows,
    )


def _reason(results: Results, driver: dict[str, Any], /) -> Bilingual:
    """A driver's name, with its value where that is a word."""
    name, value = results.kpi_name(str(driver["kpi"])), driver.get("label")
    return name if value is None or pd.isna(value) else say("feature.with_value", name=name, value=str(value))


def caution(results: Results, /) -> Bilingual | None:
    """Return a warning where customers' chances were predicted no better than by guessing."""
    if results.get("churn") is None or not results.no_better_than_guessing("churn"):
        return None
    low, high = results.evaluation["churn"]["intervals"]["auc"]
    return say("risk.guessed_churn", auc=say("word.between", low=number(low, 2), high=number(high, 2)))


def _reasons(results: Results, drivers: Any, /) -> Bilingual:
    """The KPIs that raise this customer's chance most, largest first."""
    found = [driver for driver in drivers if float(driver["attribution"]) > 0] if drivers is not None else []
    found.sort(key=lambda driver: -float(driver["attribution"]))
    names = [_reason(results, driver) for driver in found[:_REASONS]]
    return listed(names) if names else say("word.none")
