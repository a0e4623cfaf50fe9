"""What KPIs, features and their values are called, for whoever shows them: the report and the service's pages."""

from __future__ import annotations

from dataclasses import dataclass

from baton.catalogue.schema import CONTEXT, Catalogue
from baton.wording.wording import (
    Bilingual,
    duration,
    known_text,
    money,
    number,
    percent,
    say,
    translated,
    verbatim,
)

__all__ = ["Names"]


@dataclass(frozen=True)
class Names:
    """Names of a company's KPIs and features, and how their values are written.

    Parameters
    ----------
    catalogue : Catalogue
        Names and units of KPIs.
    currency : str
        What money is in.
    """

    catalogue: Catalogue
    currency: str

    def kpi(self, kpi: str, /) -> Bilingual:
        """Return a KPI's name; a feature that is no KPI keeps its own."""
        if kpi == CONTEXT:
            return say("word.context")
        if kpi in self.catalogue:
            return translated(self.catalogue[kpi].name)
        if known_text(f"feature.{kpi}"):
            return say(f"feature.{kpi}")
        return verbatim(kpi.removeprefix("attribute__").replace("_", " "))

    def measured(self, kpi: str, value: float, /, *, digits: int | None = None) -> Bilingual:
        """Return a KPI's value with its unit, or that of a feature, which is in days where its name says so.

        Parameters
        ----------
        digits : int, optional
            Decimals, instead of those that a value of its size has; durations are in seconds then.
        """
        unit = self.catalogue[kpi].unit if kpi in self.catalogue else "days" if kpi.endswith("_days") else ""
        if unit == "share":
            return percent(value, digits or 0)
        if digits is not None:
            exact = number(value, digits)
            if unit == "money":
                return say("measured.money", value=exact, currency=self.currency)
            if unit == "seconds":
                return say("process.seconds", n=exact)
            return say(f"measured.{unit}", value=exact) if known_text(f"measured.{unit}") else exact
        if unit == "money":
            small = abs(value) < 100  # an hourly cost, a price: decimals count
            if small:
                return say("measured.money", value=number(value, 2), currency=self.currency)
            return money(value, self.currency)
        if unit == "seconds" and value >= 0:
            return duration(value)
        plain = number(value, 0 if abs(value) >= 20 or value == round(value) else 1 if abs(value) >= 2 else 2)
        key = f"measured.{unit}"
        return say(key, value=plain) if known_text(key) else plain
