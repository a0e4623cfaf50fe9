"""The first screen of a run that has nothing but texts."""

from __future__ import annotations

from baton.outcomes import CASE_TABLE
from baton.wording.causes import CausesSection
from baton.wording.wording import say
from pipelines.report.data.results import Results
from pipelines.report.sections.first_screen import FirstScreen, with_more

__all__ = ["first_of_texts"]


def first_of_texts(results: Results, first: FirstScreen, section: CausesSection, /) -> FirstScreen:
    """Return the first screen of a run that has nothing but texts; of any other, the one that it has."""
    if any(results.get(name) is not None for name in ("churn", "decline", CASE_TABLE, "weights")):
        return first
    headline, *others = section.findings
    answers = (
        (say("answer.what"), (*others, say("causes.read_on"))),
        (say("answer.sure"), section.notes[:2]),
        *([(say("little.more"), more)] if (more := with_more(results)) else []),
    )
    return FirstScreen(headline, (), answers)
