"""Words on customers who may leave: how probable, what speaks for it, and what would change the prediction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from baton.informative import held_out_interval
from baton.wording.naming import Names
from baton.wording.wording import Bilingual, listed, number, percent, ranged, say

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "HIGH",
    "SIGNS",
    "chance_of",
    "guessed_range",
    "harmful_levers",
    "is_wide",
    "likely",
    "lowered",
    "raising",
    "signs_of",
]

HIGH = 0.2
"""From which chance on a customer is counted as likely to leave."""
SIGNS = 3
"""How many signs are named of a customer."""
_CERTAIN = 0.99
_WIDE = 0.2  # of a range: narrower ones change nothing in whom to call
_MAX_DIGITS = 4  # a change that is smaller still is none that lowers a chance by a twentieth


def guessed_range(entry: Mapping[str, Any], /) -> Bilingual:
    """Return the sentence on a prediction that is no better than guessing, with the interval that says so.

    Parameters
    ----------
    entry : mapping
        Of ``evaluation.json``.
    """
    low, high = held_out_interval(entry)
    if low is None or high is None:
        return say("risk.guessed_untested")
    between = say("word.between", low=number(low, 2), high=number(high, 2))
    return say("risk.guessed_churn" if "auc" in entry else "risk.guessed_number", auc=between)


def likely(share: float, /) -> Bilingual:
    """Return a chance as people read it; none is certain, however it rounds.

    Examples
    --------
    >>> likely(0.996).en, likely(0.361).en
    (Markup('over 99%'), Markup('36%'))
    """
    if share > _CERTAIN:
        return say("pages_frame.almost_certain")
    return say("pages_frame.hardly") if share < 1 - _CERTAIN else percent(share)


def is_wide(row: Mapping[Any, Any], /) -> bool:
    """Whether so little is known of customers of the same score that the range must stand beside the chance.

    Parameters
    ----------
    row : mapping
        Of ``churn``.
    """
    low, high = row.get("probability_low"), row.get("probability_high")
    return low is not None and high is not None and float(high) - float(low) >= _WIDE  # NaN is not


def chance_of(row: Mapping[Any, Any], /) -> Bilingual:
    """Return a customer's chance of leaving, with its range where that is wide."""
    chance = percent(float(row["probability"]))
    if not is_wide(row):
        return chance
    return ranged(chance, percent(float(row["probability_low"])), percent(float(row["probability_high"])))


def raising(drivers: Iterable[Mapping[str, Any]] | None, /) -> list[Mapping[str, Any]]:
    """Return the drivers that raise a chance most, largest first.

    Examples
    --------
    >>> [each["kpi"] for each in raising([{"kpi": "a", "attribution": 0.1}, {"kpi": "b", "attribution": -1.0},
    ...                                   {"kpi": "c", "attribution": 0.3}])]
    ['c', 'a']
    """
    found = [driver for driver in drivers if float(driver["attribution"]) > 0] if drivers is not None else []
    return sorted(found, key=lambda driver: -float(driver["attribution"]))[:SIGNS]


def signs_of(names: Names, row: Mapping[Any, Any], /) -> Bilingual:
    """Return what raises a customer's chance, and where the customer is unlike any that was learned from."""
    signs = [_sign(names, driver) for driver in raising(row["drivers"])]
    reasons = listed(signs) if signs else say("word.none")
    unlike = row.get("unlike")
    if unlike is None or not len(unlike):
        return reasons
    return say("risk.unlike", reasons=reasons, features=listed([names.kpi(str(name)) for name in unlike]))


def harmful_levers(effects: pd.DataFrame | None, /) -> frozenset[str]:
    """Return the levers that make more customers leave by ``effects``: no prediction is shown that says otherwise."""
    if effects is None:
        return frozenset()
    on_churn = effects[effects["outcome"] == "churn"]
    return frozenset(on_churn.loc[on_churn["low"] > 0, "kpi"])


def lowered(names: Names, what_if: Iterable[Mapping[Any, Any]], harmful: Collection[str], /) -> dict[str, Bilingual]:
    """Return by customer what would lower the predicted chance; nothing that effects speak against.

    Parameters
    ----------
    what_if : iterable of mapping
        Rows of ``what_if``.
    """
    steps: dict[str, list[Mapping[Any, Any]]] = {}
    for row in sorted(what_if, key=lambda row: row["step"]):
        steps.setdefault(str(row["customer_id"]), []).append(row)
    texts = {}
    for customer, of_customer in steps.items():
        # a change counts on top of those before it: after one that is left out, the chances are not known
        kept = list(takewhile(lambda row: row["kpi"] not in harmful, of_customer))
        if kept:
            each = [_change(names, str(row["kpi"]), float(row["value"]), float(row["changed_to"])) for row in kept]
            chance = percent(float(kept[-1]["probability_after"]))
            texts[customer] = say("risk.what_if_chance", chance=chance, changes=listed(each))
    return texts


def _sign(names: Names, driver: Mapping[str, Any], /) -> Bilingual:
    """A driver's name, with its value where that is a word."""
    name, value = names.kpi(str(driver["kpi"])), driver.get("label")
    is_word = value is not None and value == value  # NaN is none
    return say("feature.with_value", name=name, value=str(value)) if is_word else name


def _change(names: Names, kpi: str, value: float, to: float, /) -> Bilingual:
    """Return a change, with as many digits as its two values need to be seen to differ."""
    shown = [names.measured(kpi, each) for each in (value, to)]
    for digits in range(1, _MAX_DIGITS + 1):
        if shown[0] != shown[1]:
            break
        shown = [names.measured(kpi, each, digits=digits) for each in (value, to)]
    return say("risk.what_if_change", name=names.kpi(kpi), value=shown[0], to=shown[1])
