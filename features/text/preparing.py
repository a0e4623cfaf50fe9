"""Makes a text ready for every model: cleaned, personal data masked, its language detected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from features.text.cleaning import clean
from features.text.language import detect
from features.text.masking import mask

__all__ = ["prepare"]


def prepare(texts: Sequence[Any], /, *, masked: bool = False) -> pd.DataFrame:
    """Prepare texts; repeated ones are worked on once.

    Parameters
    ----------
    texts : sequence of str or None
    masked : bool
        The texts are cleaned and masked already, as those of a staged table are.

    Returns
    -------
    pandas.DataFrame
        One row per text, in order: ``text`` (str, cleaned and masked), ``language`` (str), ``mixed`` (bool), ``empty``
        (bool).
    """
    known: dict[str, tuple[str, str, bool, bool]] = {}
    rows = []
    for text in texts:
        raw = text if isinstance(text, str) else ""
        if raw not in known:
            ready = raw if masked else mask(clean(raw))
            known[raw] = (ready, *detect(ready), not any(character.isalnum() for character in ready))
        rows.append(known[raw])
    return pd.DataFrame(rows, columns=["text", "language", "mixed", "empty"]).astype({"mixed": bool, "empty": bool})
