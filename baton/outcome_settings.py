"""What a company file says about outcomes: ``[outcomes.churn]``, ``[[outcomes.decline]]`` and ``[outcomes.case]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, PrivateAttr, model_serializer, model_validator

from baton.section import Section

__all__ = ["OLD_NAME", "CaseOutcome", "Churn", "Decline", "Outcomes", "Unit"]

Unit = Literal["employee", "team", "stage", "process", "customer_kind"]

OLD_NAME = "driver"
"""How ``[outcomes.case]`` was called."""


class Churn(Section):
    """``[outcomes.churn]``: what leaving means."""

    rule: Literal["left_at", "inactive"] = "left_at"
    inactive_days: Annotated[int, Field(ge=1, le=3650)] = 90
    curve_days: tuple[Annotated[int, Field(ge=1, le=3650)], ...] = ()

    @model_serializer(mode="wrap")
    def _as_fingerprints_have_it(self, write: Callable[[Self], dict[str, Any]]) -> dict[str, Any]:
        # without what nobody has set: models of before this setting mean the same
        return {name: value for name, value in write(self).items() if name != "curve_days" or value}


class Decline(Section):
    """One ``[[outcomes.decline]]``: a unit and a metric whose fall is to be seen early."""

    unit: Unit
    metric: str
    horizon_days: Annotated[int, Field(ge=1, le=3650)] = 30
    drop_sd: Annotated[float, Field(gt=0)] = 0.25
    drop: Annotated[float, Field(gt=0)] | None = None
    min_cases: Annotated[int, Field(ge=1)] = 20


class CaseOutcome(Section):
    """``[outcomes.case]``: the outcome per case that KPIs should serve, where there is no churn."""

    metric: str
    low: float | None = None
    scale: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _within(self) -> CaseOutcome:
        if self.scale is not None and not self.scale[0] < self.scale[1]:
            raise ValueError(f"scale = {list(self.scale)}: the lowest value comes first, then the highest")
        if self.scale is not None and self.low is not None and not self.scale[0] <= self.low < self.scale[1]:
            raise ValueError(f"low = {self.low:g} lies outside scale = [{self.scale[0]:g}, {self.scale[1]:g}]")
        return self


class Outcomes(Section):
    """``[outcomes]``.

    ``[outcomes.driver]`` is the old name of ``[outcomes.case]`` and goes on being read.
    """

    churn: Churn | None = None
    decline: tuple[Decline, ...] = ()
    case: CaseOutcome | None = Field(default=None, validation_alias=AliasChoices("case", OLD_NAME))
    _by_old_name: bool = PrivateAttr(default=False)

    @property
    def by_old_name(self) -> bool:
        """Whether the company file says ``[outcomes.driver]``."""
        return self._by_old_name

    def low_of(self, metric: str, /) -> float | None:
        """Return up to which value a case's metric is a poor one; None where it is no outcome with a threshold."""
        return self.case.low if self.case is not None and self.case.metric == metric else None

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, given: Any, read: Callable[[Any], Self]) -> Self:
        old = isinstance(given, dict) and OLD_NAME in given
        if old and "case" in given:
            raise ValueError(f"case and {OLD_NAME} are the same, the new name and the old; keep case")
        found = read(given)
        found._by_old_name = found._by_old_name or old
        return found

    @model_serializer(mode="wrap")
    def _as_fingerprints_have_it(self, write: Callable[[Self], dict[str, Any]]) -> dict[str, Any]:
        # by the old name: what runs and registered models of before were made from is compared with it
        return {OLD_NAME if name == "case" else name: value for name, value in write(self).items()}
