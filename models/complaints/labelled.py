"""Which labelled texts causes are learned from, and whether they are learned or predicted from descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from baton.messages.message import Message
from features.text.spelling import join_spellings
from features.text.text_set import TextSet
from models.complaints.cold_start import uses_taxonomy_names
from models.complaints.learning_curve import enough_texts
from models.complaints.training_set import without_rare_labels

if TYPE_CHECKING:
    from baton.taxonomy import Taxonomy

__all__ = ["LabelledTexts", "labelled_texts", "require_learnable"]


@dataclass(frozen=True)
class LabelledTexts:
    """The texts of a company, and those of them that teach.

    Parameters
    ----------
    texts : TextSet
        All, spellings of one label joined.
    labelled : TextSet
        Those to learn from.
    by_description : bool
        Whether labels are too few to learn from alone, so that causes are predicted from the taxonomy's descriptions.
    notes : tuple of Message
    """

    texts: TextSet
    labelled: TextSet
    by_description: bool
    notes: tuple[Message, ...]


def labelled_texts(texts: TextSet, taxonomy: Taxonomy, seed: int, /) -> LabelledTexts:
    """Choose the texts to learn from."""
    labels, notes = join_spellings([label if isinstance(label, str) else None for label in texts.labels])
    frame = texts.frame.assign(label=pd.Series(labels, index=texts.frame.index, dtype=object))
    texts = TextSet(frame, texts.notes)
    readable = frame["label"].notna() & (frame["weight"] > 0) & frame["text"].str.strip().ne("")
    labelled, left_out = enough_texts(texts.rows(readable.to_numpy()), seed)
    all_notes = (*notes, left_out) if left_out else tuple(notes)
    return LabelledTexts(texts, labelled, not len(labelled) or uses_taxonomy_names(labelled, taxonomy), all_notes)


def require_learnable(texts: TextSet, taxonomy: Taxonomy, seed: int, /) -> None:
    """Refuse texts whose causes cannot be predicted, before anything is learned.

    Raises
    ------
    TooLittleDataError
        If labels are there, and only one of them can be learned.
    """
    found = labelled_texts(texts, taxonomy, seed)
    if not found.by_description:
        without_rare_labels(found.labelled.frame)
