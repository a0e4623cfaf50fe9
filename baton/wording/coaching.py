"""Words on an offer of help: what to do and where it comes from, why, and what must be provided first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import escape

from baton.catalogue.schema import Catalogue
from baton.wording.wording import Bilingual, listed, say, translated, verbatim

__all__ = ["action_of", "needs_of", "words_of"]


def action_of(catalogue: Catalogue, row: Mapping[Any, Any], /) -> Bilingual:
    """Return the action's advice from the catalogue, and where it comes from; one that is not there by its id.

    Parameters
    ----------
    catalogue : Catalogue
        Has the actions.
    row : mapping
        Of ``coaching``.
    """
    found = next((action for action in catalogue.actions if action.id == row.get("action")), None)
    if found is None:
        return verbatim(str(row.get("action") or "").replace("_", " "))
    source = row.get("source")
    if not isinstance(source, dict):
        return translated(found.advice)
    return say("support.sourced", advice=translated(found.advice), source=words_of(source))


def words_of(value: Any, /) -> Bilingual:
    """Return words of a result table as a text."""
    if isinstance(value, dict):
        return Bilingual(escape(value.get("en") or ""), escape(value.get("zh") or value.get("en") or ""))
    return verbatim("" if value is None else value)


def needs_of(value: Any, /) -> Bilingual:
    """Return what must be provided first; needs come as texts, or as pairs of languages."""
    if value is None or isinstance(value, float):
        return say("word.none")
    if isinstance(value, str):
        return verbatim(value)
    if isinstance(value, dict):
        return (
            words_of(value)
            if not hasattr(value.get("en"), "__len__") or isinstance(value.get("en"), str)
            else Bilingual(
                listed([verbatim(text) for text in value["en"]]).en, listed([verbatim(text) for text in value["zh"]]).zh
            )
        )
    texts = [words_of(need) for need in value]
    return listed(texts) if texts else say("word.none")
