"""The scales that numbers should keep to: the contract's, the company file's, or, for CSAT, the one its values tell."""

from __future__ import annotations

from baton.company import Driver
from features.intake import Intake, TypedTable

__all__ = ["scales"]

_CSAT_SCALES = ((1.0, 5.0), (0.0, 10.0), (0.0, 100.0))
_HOLDS = 0.95

Scale = tuple[float | None, float | None]


def scales(intake: Intake, table: TypedTable, driver: Driver | None, notes: list[str], /) -> dict[str, Scale]:
    """Return the scale of each number column of a contract table.

    CSAT comes in several scales: the first of 1..5, 0..10 and 0..100 that holds 95 % of the values is taken, unless
    ``[outcomes.driver]`` says ``scale`` for this metric; what was inferred is added to ``notes``.
    """
    found: dict[str, Scale] = {
        column.name: (column.low, column.high)
        for column in table.spec.columns
        if column.low is not None or column.high is not None
    }
    if table.spec.name != "cases":
        return found
    if driver is not None and driver.scale is not None and driver.metric in table.spec.names:
        found[driver.metric] = driver.scale
    if "csat" in table.plans and "csat" not in found:
        scale = _csat(intake, table, notes)
        if scale is not None:
            found["csat"] = scale
    return found


def _csat(intake: Intake, table: TypedTable, notes: list[str], /) -> Scale | None:
    listed = ", ".join(f"count(*) FILTER (csat BETWEEN {low} AND {high})" for low, high in _CSAT_SCALES)
    total, *held = intake.rows(f"SELECT count(csat), {listed} FROM {table.relation}")[0]
    if not total:
        return None
    for scale, count in zip(_CSAT_SCALES, held, strict=True):
        if count >= _HOLDS * total:
            notes.append(
                f"cases.csat is taken as a scale from {scale[0]:g} to {scale[1]:g}; else set outcomes.driver.scale"
            )
            return scale
    notes.append(
        "cases.csat fits none of the scales 1-5, 0-10 and 0-100 and was not checked; set outcomes.driver.scale"
    )
    return None
