"""Customers who are likely to leave: how risk is spread, and whom to call first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from baton.catalogue.schema import CONTEXT
from baton.charts.charts import Bar, Figure
from baton.charts.drawing import Pen
from baton.charts.plots import columns
from baton.informative import held_out_interval
from baton.outcomes import CASE_TABLE
from baton.wording.wording import Bilingual, listed, money, number, percent, ranged, say, verbatim
from pipelines.report.data.results import Results
from pipelines.report.sections.retention.by_when import by_when

__all__ = ["all_customers", "caution", "guessed_range", "risk_bands", "sign_shares", "top_customers"]

_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)
_HIGH = 0.2
_LISTED = 12
_REASONS = 3
_WIDE = 0.2  # of a range: narrower ones change nothing in whom to call
_MAX_DIGITS = 4  # a change that is smaller still is none that lowers a chance by a twentieth


def risk_bands(results: Results, pen: Pen, /) -> Figure | None:
    """Draw how many customers have which chance of leaving; where churn is unknown, cases of a poor result."""
    churn, cases = results.get("churn"), results.get(CASE_TABLE)
    days = results.company.snapshots.horizon_days
    if churn is not None:
        chance, high = churn["probability"].astype(float), percent(_HIGH)
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
        title=say("risk.bands_cases", share=share, n=above, band=percent(_HIGH))
        if above
        else say("risk.bands_none_cases", band=percent(_HIGH), highest=percent(float(chance.max()))),
        note=say("risk.bands_note_cases"),
        axes=(say("risk.bands_across_cases"), say("risk.bands_up_cases")),
    )


def _share_above(chance: pd.Series, /) -> tuple[Bilingual, int]:
    """Which share of the expected events the high chances hold, and how many they are."""
    above, total = chance[chance >= _HIGH], float(chance.sum())
    return percent(float(above.sum()) / total if total > 0 else 0.0), len(above)


def _bands(
    chance: pd.Series, pen: Pen, /, *, title: Bilingual, note: Bilingual, axes: tuple[Bilingual, Bilingual]
) -> Figure:
    counts = pd.cut(chance, list(_EDGES), include_lowest=True, right=False).value_counts(sort=False)
    counts.iloc[-1] += int((chance >= 1).sum())  # the last band is closed
    rows = []
    for (low, high), count in zip(pairwise(_EDGES), counts, strict=True):
        name = verbatim(f"{100 * low:.0f}\N{EN DASH}{100 * high:.0f}%")
        rows.append(Bar(name, float(count), verbatim(f"{int(count):,}"), "bad" if low >= _HIGH else "plain"))
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
    lowered, when = _lowered(results, customers), by_when(results, customers)
    rows = []
    for row in listed_rows.to_dict("records"):
        stake = row.get("value_at_risk")
        cells = [verbatim(row["customer_id"]), _chance(row)]
        if when:
            cells.append(when.get(str(row["customer_id"]), say("word.unknown")))
        if valued:
            cells.append(
                money(float(stake), results.company.company.currency) if pd.notna(stake) else say("word.unknown")
            )
        cells.append(_with_unlike(results, _reasons(results, row["drivers"]), row.get("unlike")))
        rows.append([*cells, *([lowered.get(row["customer_id"], say("word.none"))] if lowered else [])])
    header = [
        *(say("risk.customer"), say("risk.chance"), *([say("staying.when")] if when else [])),
        *([say("risk.stake")] if valued else []),
        *(say("risk.reasons"), *([say("risk.what_if")] if lowered else [])),
    ]
    known = "_flat" if results.flat else ""
    wide = any(_is_wide(row) for row in listed_rows.to_dict("records"))
    note = say("risk.top_note" if valued else f"risk.top_note_risk{known}")
    found = say("risk.what_if_note", note=note) if lowered else note
    return (
        say(f"risk.top_risk{known}" if known or not valued else "risk.top_value"),
        say("risk.range_note", note=found) if wide else found,
        header,
        rows,
    )


def _is_wide(row: Mapping[Any, Any], /) -> bool:
    """Whether so little is known of customers of the same score that the range must stand beside the chance."""
    low, high = row.get("probability_low"), row.get("probability_high")
    return low is not None and high is not None and float(high) - float(low) >= _WIDE  # NaN is not


def _chance(row: Mapping[Any, Any], /) -> Bilingual:
    chance = percent(float(row["probability"]))
    if not _is_wide(row):
        return chance
    return ranged(chance, percent(float(row["probability_low"])), percent(float(row["probability_high"])))


def _with_unlike(results: Results, reasons: Bilingual, unlike: Any, /) -> Bilingual:
    """Say beside the signs where a customer is unlike any that was learned from."""
    if unlike is None or not len(unlike):
        return reasons
    return say("risk.unlike", reasons=reasons, features=listed([results.kpi_name(str(name)) for name in unlike]))


def _lowered(results: Results, customers: set[str], /) -> dict[str, Bilingual]:
    """Return per customer what would lower the predicted chance; nothing that effects speak against."""
    found, effects = results.get("what_if"), results.get("effects")
    if found is None:
        return {}
    harmful: set[str] = set()
    if effects is not None:
        on_churn = effects[effects["outcome"] == "churn"]
        harmful = set(on_churn.loc[on_churn["low"] > 0, "kpi"])
    texts = {}
    for customer, steps in found[found["customer_id"].isin(customers)].groupby("customer_id", sort=False):
        # a change counts on top of those before it: after one that is left out, the chances are not known
        kept = steps.sort_values("step")[lambda frame: frame["kpi"].isin(harmful).cumsum() == 0]
        if kept.empty:
            continue
        each = [_change(results, str(row.kpi), float(row.value), float(row.changed_to)) for row in kept.itertuples()]
        chance = percent(float(kept["probability_after"].iloc[-1]))
        texts[str(customer)] = say("risk.what_if_chance", chance=chance, changes=listed(each))
    return texts


def _change(results: Results, kpi: str, value: float, to: float, /) -> Bilingual:
    """Return a change, with as many digits as its two values need to be seen to differ."""
    name, shown = results.kpi_name(kpi), [results.measured(kpi, each) for each in (value, to)]
    for digits in range(1, _MAX_DIGITS + 1):
        if shown[0] != shown[1]:
            break
        shown = [results.measured(kpi, each, digits=digits) for each in (value, to)]
    return say("risk.what_if_change", name=name, value=shown[0], to=shown[1])


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


def _reason(results: Results, driver: dict[str, Any], /) -> Bilingual:
    """A driver's name, with its value where that is a word."""
    name, value = results.kpi_name(str(driver["kpi"])), driver.get("label")
    return name if value is None or pd.isna(value) else say("feature.with_value", name=name, value=str(value))


def caution(results: Results, /) -> Bilingual | None:
    """Return a warning where the chances of customers, or of cases, were predicted no better than by guessing."""
    outcome = results.guessed("churn") or results.guessed("case")
    return None if outcome is None else guessed_range(results.evaluation.get(outcome, {}))


def guessed_range(entry: Mapping[str, Any], /) -> Bilingual:
    """Return the sentence on a prediction that is no better than guessing, with the interval that says so."""
    low, high = held_out_interval(entry)
    if low is None or high is None:
        return say("risk.guessed_untested")
    between = say("word.between", low=number(low, 2), high=number(high, 2))
    return say("risk.guessed_churn" if "auc" in entry else "risk.guessed_number", auc=between)


def _reasons(results: Results, drivers: Any, /) -> Bilingual:
    """The KPIs that raise this customer's chance most, largest first."""
    found = [driver for driver in drivers if float(driver["attribution"]) > 0] if drivers is not None else []
    found.sort(key=lambda driver: -float(driver["attribution"]))
    names = [_reason(results, driver) for driver in found[:_REASONS]]
    return listed(names) if names else say("word.none")
