"""Joins labels that differ only in how they are spelt."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

from baton.characters import normalise
from baton.messages.message import Message
from features.text.masking import mask

__all__ = ["join_spellings", "shown_label", "spelling_key"]

_LONGEST_LABEL = 40


def spelling_key(label: str, /) -> str:
    """Return what spellings of one label have in common.

    Examples
    --------
    >>> spelling_key("Late Flight") == spelling_key("late_flight ")
    True
    >>> spelling_key("帳單錯誤") == spelling_key("账单错误")
    True
    """
    folded = unicodedata.normalize("NFKC", normalise(label)).casefold()
    return "".join(character for character in folded if character.isalnum())


def shown_label(label: str, /) -> str:
    """Return a label as messages may show it: masked, and not at length.

    Examples
    --------
    >>> shown_label("call 020 7946 0018")
    'call [phone]'
    """
    masked = mask(label)
    return masked if len(masked) <= _LONGEST_LABEL else f"{masked[: _LONGEST_LABEL - 1]}…"


def join_spellings(labels: Sequence[str | None], /) -> tuple[list[str | None], tuple[Message, ...]]:
    """Give each label its most frequent spelling.

    Returns
    -------
    tuple
        The labels (None stays None; blanks become None), and a note per label that was spelt in several ways.

    Examples
    --------
    >>> join_spellings(["Billing", "billing", "Billing", None])[0]
    ['Billing', 'Billing', 'Billing', None]
    """
    stripped = [label.strip() if isinstance(label, str) and label.strip() else None for label in labels]
    counted = Counter(label for label in stripped if label is not None)
    ways: dict[str, list[str]] = defaultdict(list)
    for label in sorted(counted, key=lambda name: (-counted[name], name)):
        ways[spelling_key(label) or label].append(label)
    chosen = {label: spellings[0] for spellings in ways.values() for label in spellings}
    notes = tuple(
        Message("root_cause.spelt_too", {"label": quoted[0], "others": quoted[1:]})
        for spellings in ways.values()
        if len(quoted := tuple(repr(shown_label(label)) for label in spellings)) > 1
    )
    return [None if label is None else chosen[label] for label in stripped], notes
