"""Why a KPI has no effect, as keys of the catalogue of messages."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["NO_EFFECT", "NotMeasured"]


class NotMeasured(StrEnum):
    """Why the effect of a lever was not measured; the key of its sentence."""

    FIXED = "not_measured.fixed"
    UNKNOWN = "not_measured.unknown"
    RECORDED = "not_measured.recorded"
    NO_VALUES = "not_measured.no_values"
    NO_OWNER = "not_measured.no_owner"
    FEW_CASES = "not_measured.few_cases"
    CONSTANT = "not_measured.constant"
    FEW_PEOPLE = "not_measured.few_people"
    PEOPLE_ALIKE = "not_measured.people_alike"
    NO_OUTCOME = "not_measured.no_outcome"
    NO_TEAM_VALUES = "not_measured.no_team_values"
    TEAMS_ALIKE = "not_measured.teams_alike"
    FEW_TEAMS = "not_measured.few_teams"
    FEW_TEAMS_UNCHANGING = "not_measured.few_teams_unchanging"
    NOT_SEPARATE = "not_measured.not_separate"
    NOT_ON_CARD = "not_measured.not_on_card"
    NOT_ON_ALL = "not_measured.not_on_all"
    NO_OUTCOME_SERVED = "not_measured.no_outcome_served"


NO_EFFECT = {"outcome": "no_effect.outcome", "mediator": "no_effect.mediator", "context": "no_effect.context"}
"""Per role why no effect is asked for."""
