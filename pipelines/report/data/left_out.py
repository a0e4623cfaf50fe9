"""Why something is not on the page: what the run has recorded, never a guess at it."""

from __future__ import annotations

import pandas as pd

from baton.messages.message import Message
from baton.outcomes import Kind, kind_of
from baton.wording.wording import Bilingual, listed, say, sentences, translated_message
from pipelines.report.data.results import Results

__all__ = ["effects_missing", "is_asked", "outcome_left_out", "weights_missing"]

_MAX_REASONS = 3
_WHY = ["why_key", "why_values"]


def is_asked(results: Results, kind: Kind, /) -> bool:
    """Whether the company file asks for an outcome of a kind."""
    return bool(getattr(results.company.outcomes, kind))


def outcome_left_out(results: Results, kind: Kind, /) -> Bilingual | None:
    """Return why an outcome of a kind was not learned, as the run recorded it; None where it says nothing.

    Parameters
    ----------
    kind : {"churn", "decline", "case"}
    """
    reasons_of = {name: why for name, why in results.skipped.items() if kind_of(name) == kind}
    for warning in results.warned("not_learned.not_learned", "not_learned.left_out"):
        outcome, why = warning.values["outcome"], warning.values["why"]
        if isinstance(why, Message) and kind_of(str(outcome)) == kind:
            reasons_of.setdefault(str(outcome), why)
    reasons = [translated_message(why) for why in dict.fromkeys(reasons_of.values())]
    return sentences(reasons[:_MAX_REASONS]) if reasons else None


def effects_missing(results: Results, /) -> Bilingual:
    """Return why no effect was estimated."""
    effects = results.get("effects")
    levers = pd.DataFrame() if effects is None else effects[(effects["role"] == "lever") & effects["effect"].isna()]
    if len(levers):
        counts = levers.groupby(_WHY)["kpi"].nunique().sort_values(ascending=False, kind="stable")
        reasons = [
            say("why.reason_counted", reason=translated_message(Message.from_columns(key, values)), n=int(count))
            for (key, values), count in counts.head(_MAX_REASONS).items()  # type: ignore[misc]
        ]
        return say("why.effects_reasons", reasons=listed(reasons))
    warned = results.warned("no_advice.no_effects", "no_advice.no_cases")
    if warned:
        return say("why.effects_reasons", reasons=listed([translated_message(message) for message in warned]))
    return say("why.no_effects")


def weights_missing(results: Results, /) -> Bilingual:
    """Return why no card is advised."""
    warned = results.warned("no_advice.no_weights", "no_advice.no_cases")
    if warned:
        return say("missing.weights_because", reason=listed([translated_message(message) for message in warned]))
    return say("missing.weights")
