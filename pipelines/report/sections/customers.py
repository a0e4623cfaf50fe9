"""Customers who are likely to leave: how risk is spread, and whom to call first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from baton.catalogue.schema import CONTEXT
from baton.charts.charts import Bar, Figure
from baton.charts.drawing import Pen
from baton.charts.plots import columns
from baton.outcomes import CASE_TABLE
from baton.wording.leaving import HIGH, chance_of, guessed_range, harmful_levers, is_wide, lowered, signs_of
from baton.wording.wording import Bilingual, money, percent, say, verbatim
from pipelines.report.data.results import Results
from pipelines.report.sections.retention.by_when import by_when

__all__ = ["all_customers", "caution", "risk_bands", "sign_shares", "top_customers"]

_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)
_LISTED = 12


def risk_bands(results: Results, pen: Pen, /) -> Figure | None:
    """Draw how many customers have which chance of leaving; where churn is unknown, cases of a poor result."""
    churn, cases = results.get("churn"), results.get(CASE_TABLE)
    days = results.company.snapshots.horizon_days
    if churn is not None:
        chance, high = churn["probability"].astype(float), percent(HIGH)
        share, above = _share_above(chance)
        across = say("risk.bands_across_flat") if results.flat else say("risk.bands_across", days=days)
        return _bands(
            chance,
            pen,
            title=say("risk.bands", share=share, n=above, band=high)
            if above
            else say("risk.bands_none", band=high, highest=percent(float(chance.max()))),
            note=say("risk.bands_note_flat") if results.flat else say("risk.bands_note", days=days),
            axes=(across, say("risk.bands_up")),
        )
    if cases is None or "probability" not in cases or cases["probability"].isna().all():
        return None
    chance = cases["probability"].dropna().astype(float)
    share, above = _share_above(chance)
    return _bands(
        chance,
        pen,
        title=say("risk.bands_cases", share=share, n=above, band=percent(HIGH))
        if above
        else say("risk.bands_none_cases", band=percent(HIGH), highest=percent(float(chance.max()))),
        note=say("risk.bands_note_cases"),
        axes=(say("risk.bands_across_cases"), say("risk.bands_up_cases")),
    )


def _share_above(chance: pd.Series, /) -> tuple[Bilingual, int]:
    """Which share of the expected events the high chances hold, and how many they are."""
    above, total = chance[chance >= HIGH], float(chance.sum())
    return percent(float(above.sum()) / total if total > 0 else 0.0), len(above)


def _bands(
    chance: pd.Series, pen: Pen, /, *, title: Bilingual, note: Bilingual, axes: tuple[Bilingual, Bilingual]
) -> Figure:
    counts = pd.cut(chance, list(_EDGES), include_lowest=True, right=False).value_counts(sort=False)
    counts.iloc[-1] += int((chance >= 1).sum())  # the last band is closed
    rows = []
    for (low, high), count in zip(pairwise(_EDGES), counts, strict=True):
        name = verbatim(f"{100 * low:.0f}\N{EN DASH}{100 * high:.0f}%")
        rows.append(Bar(name, float(count), verbatim(f"{int(count):,}"), "bad" if low >= HIGH else "plain"))
    return Figure(
        name="risk-bands",
        title=title,
        note=note,
        drawings=columns(rows, pen, *axes),
        header=(axes[0], axes[1]),
        rows=[(row.label, row.shown) for row in rows],
    )


def top_customers(
    results: Results, /
) -> tuple[Bilingual, Bilingual, Sequence[Bilingual], list[list[Bilingual]]] | None:
    """Return title, note, header and rows of the customers to call first; by money at stake where it is known.

    None where chances are not known better than by guessing: no single customer is to be called on that.
    """
    churn = results.get("churn")
    if churn is None:
        return None
    valued = "value_at_risk" in churn and churn["value_at_risk"].notna().any()
    ranked = churn.sort_values(["value_at_risk" if valued else "probability", "customer_id"], ascending=[False, True])
    listed_rows = ranked.head(_LISTED)
    customers = set(listed_rows["customer_id"])
    better = _better(results, customers)
    when = by_when(results, customers)
    rows = []
    for row in listed_rows.to_dict("records"):
        stake = row.get("value_at_risk")
        cells = [verbatim(row["customer_id"]), chance_of(row)]
        if when:
            cells.append(when.get(str(row["customer_id"]), say("word.unknown")))
        if valued:
            cells.append(
                money(float(stake), results.company.company.currency) if pd.notna(stake) else say("word.unknown")
            )
        cells.append(signs_of(results.names, row))
        rows.append([*cells, *([better.get(row["customer_id"], say("word.none"))] if better else [])])
    header = [
        *(say("risk.customer"), say("risk.chance"), *([say("staying.when")] if when else [])),
        *([say("risk.stake")] if valued else []),
        *(say("risk.reasons"), *([say("risk.what_if")] if better else [])),
    ]
    known = "_flat" if results.flat else ""
    wide = any(is_wide(row) for row in listed_rows.to_dict("records"))
    note = say("risk.top_note" if valued else f"risk.top_note_risk{known}")
    found = say("risk.what_if_note", note=note) if better else note
    return (
        say(f"risk.top_risk{known}" if known or not valued else "risk.top_value"),
        say("risk.range_note", note=found) if wide else found,
        header,
        rows,
    )


def _better(results: Results, customers: set[str], /) -> dict[str, Bilingual]:
    """Return what would lower the chances of some customers."""
    found = results.get("what_if")
    if found is None:
        return {}
    steps = found[found["customer_id"].isin(customers)].to_dict("records")
    return lowered(results.names, steps, harmful_levers(results.get("effects")))


def all_customers(results: Results, /) -> Bilingual | None:
    """Return where all customers are listed; None where the page lists them all."""
    churn = results.get("churn")
    return None if churn is None or len(churn) <= _LISTED else say("little.all_customers", total=len(churn))


def sign_shares(results: Results, /) -> pd.Series:
    """Return each feature's share of the attributions of all customers' chances, largest first; empty where none is."""
    churn = results.get("churn")
    sizes: dict[str, float] = {}
    for drivers in churn["drivers"] if churn is not None else ():
        for driver in drivers if drivers is not None else ():
            sizes[str(driver["kpi"])] = sizes.get(str(driver["kpi"]), 0.0) + abs(float(driver["attribution"]))
    found = pd.Series(sizes, dtype=float).drop(CONTEXT, errors="ignore")
    found = found[found > 0].sort_values(ascending=False, kind="stable")
    return found / found.sum() if len(found) else found


def caution(results: Results, /) -> Bilingual | None:
    """Return a warning where the chances of customers, or of cases, were predicted no better than by guessing."""
    outcome = results.guessed("churn") or results.guessed("case")
    return None if outcome is None else guessed_range(results.evaluation.get(outcome, {}))
