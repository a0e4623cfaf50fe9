"""By when half, or a quarter, of those with a customer's chance have left."""

from __future__ import annotations

from collections.abc import Collection

from baton.wording.wording import Bilingual, say
from pipelines.report.data.results import Results

__all__ = ["by_when"]

_HALF, _QUARTER = 0.5, 0.25


def by_when(results: Results, customers: Collection[str], /) -> dict[str, Bilingual]:
    """Return for each of some customers the first day of the curve by which so many are expected to have left.

    Returns
    -------
    dict of str to Bilingual
        Half, else a quarter; else that fewer leave as far as the curve reaches. Empty where there is no curve of more
        than the horizon's day.
    """
    curve = results.get("churn_curve")
    if curve is None or curve["days"].nunique() < 2:
        return {}
    rows = curve[curve["customer_id"].isin(customers) & curve["probability"].notna()].sort_values("days")
    found = {}
    for customer, own in rows.groupby("customer_id", sort=False):
        days, chance = own["days"].to_numpy(), own["probability"].to_numpy(dtype=float)
        if chance[-1] >= _HALF:
            text = say("staying.half", days=int(days[chance >= _HALF][0]))
        elif chance[-1] >= _QUARTER:
            text = say("staying.quarter", days=int(days[chance >= _QUARTER][0]))
        else:
            text = say("staying.fewer", days=int(days[-1]))
        found[str(customer)] = text
    return found
