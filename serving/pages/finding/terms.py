"""The terms of the pages, each with its meaning, and which of them stand on which page."""

from __future__ import annotations

from dataclasses import dataclass

from baton.wording.wording import Bilingual, say

__all__ = ["TERMS", "Term", "terms_of"]


@dataclass(frozen=True)
class Term:
    """A term.

    Parameters
    ----------
    id : str
        Its anchor in the glossary.
    name, meaning : Bilingual
        In words that a newcomer understands.
    """

    id: str
    name: Bilingual
    meaning: Bilingual


def _term(term: str, name: str, meaning: str, /) -> Term:
    return Term(term, say(name), say(meaning))


TERMS: dict[str, Term] = {
    term.id: term
    for term in (
        _term("advice", "glossary.advice", "glossary.advice_means"),
        _term("attribution", "glossary.attribution", "glossary.attribution_means"),
        _term("auc", "glossary.auc", "glossary.auc_means"),
        _term("calibration", "glossary.calibration", "glossary.calibration_means"),
        _term("cause", "glossary.cause", "glossary.cause_means"),
        _term("champion", "glossary.champion", "glossary.champion_means"),
        _term("chance", "glossary.chance", "glossary.chance_means"),
        _term("coaching", "glossary.coaching", "glossary.coaching_means"),
        _term("contest", "glossary.contest", "glossary.contest_means"),
        _term("cycle", "glossary.cycle", "glossary.cycle_means"),
        _term("decision", "glossary.decision", "glossary.decision_means"),
        _term("effect", "glossary.effect", "glossary.effect_means"),
        _term("gaming", "glossary.gaming", "glossary.gaming_means"),
        _term("interval", "glossary.interval", "glossary.interval_means"),
        _term("kpi", "glossary.kpi", "glossary.kpi_means"),
        _term("lever", "glossary.lever", "glossary.lever_means"),
        _term("median", "glossary.median", "glossary.median_means"),
        _term("misaligned", "glossary.misaligned", "glossary.misaligned_means"),
        _term("moment", "glossary.moment", "glossary.moment_means"),
        _term("pilot", "glossary.pilot", "glossary.pilot_means"),
        _term("points", "glossary.points", "glossary.points_means"),
        _term("guessing", "glossary.guessing", "glossary.guessing_means"),
        _term("min_group", "glossary.min_group", "glossary.min_group_means"),
        _term("save_rate", "glossary.save_rate", "glossary.save_rate_means"),
        _term("scorecard", "glossary.scorecard", "glossary.scorecard_means"),
        _term("sign", "glossary.sign", "glossary.sign_means"),
        _term("signal", "glossary.signal", "glossary.signal_means"),
        _term("stage", "glossary.stage", "glossary.stage_means"),
        _term("stake", "glossary.stake", "glossary.stake_means"),
        _term("sure", "glossary.sure", "glossary.sure_means"),
        _term("target", "glossary.target", "glossary.target_means"),
        _term("verdict", "glossary.verdict", "glossary.verdict_means"),
    )
}
"""By id."""

_ON_PAGE: dict[str, tuple[str, ...]] = {
    "/pages/teams": ("advice", "points", "cycle", "sure", "interval", "median"),
    "/pages/card": ("points", "advice", "effect", "attribution", "interval", "sure", "verdict", "target", "gaming"),
    "/pages/customers": ("chance", "stake", "sign", "lever", "save_rate", "guessing"),
    "/pages/customer": ("chance", "stake", "sign", "lever"),
    "/pages/live": ("signal", "chance"),
    "/pages/causes": ("cause", "interval", "stake", "min_group"),
    "/pages/cause": ("cause", "decision", "kpi"),
    "/pages/journey": ("stage", "kpi", "points", "moment", "misaligned", "median", "min_group"),
    "/pages/coaching": ("coaching", "min_group"),
    "/pages/decisions": ("decision", "contest"),
    "/pages/decision": ("decision", "contest", "points"),
    "/pages/pilots": ("pilot", "effect", "interval"),
    "/pages/models": ("champion", "auc", "interval", "calibration", "guessing"),
    "/pages/mine": ("scorecard", "points", "median", "min_group", "coaching", "contest"),
}


def terms_of(path: str, /) -> list[Term]:
    """Return the terms that a page explains at its foot."""
    return [TERMS[term] for term in _ON_PAGE.get(path, ())]
