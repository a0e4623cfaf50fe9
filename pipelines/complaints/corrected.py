"""Labels as people have corrected them on the pages, in the place of the source's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baton.company import Company
from baton.messages.message import Message
from baton.retraining.corrections import read_corrections

if TYPE_CHECKING:
    from features.staging.warehouse import Warehouse
    from features.text.text_set import TextSet

__all__ = ["Provenance", "labels_read"]


@dataclass(frozen=True)
class Provenance:
    """Where labels come from that are not the source's own.

    Parameters
    ----------
    used : int
        Labels that people have given.
    conflicts : int
        Of these, in how many cases the source has another label.
    gone : int
        Corrections of cases that are not there any more, or have no text.
    newest : int
        Number of the newest correction that was read.
    """

    used: int = 0
    conflicts: int = 0
    gone: int = 0
    newest: int = 0

    @property
    def notes(self) -> tuple[Message, ...]:
        """What a reader of the results must know."""
        found = []
        if self.used:
            found.append(Message("root_cause.corrected", {"n": self.used, "conflicts": self.conflicts}))
        if self.gone:
            found.append(Message("root_cause.corrected_gone", {"n": self.gone}))
        return tuple(found)

    def as_entry(self) -> dict[str, Any]:
        """Return what ``evaluation.json`` keeps of it; empty where nobody has corrected a label."""
        if not self.newest:
            return {}
        counts = {"used": self.used, "conflicts": self.conflicts, "gone": self.gone, "newest": self.newest}
        return {"corrections": counts}


def labels_read(company: Company, warehouse: Warehouse, /) -> tuple[TextSet | None, Provenance]:
    """Return the cases with a text, labelled as people have corrected them, and where those labels come from.

    A correction counts more than the source's own label: who made it has read the text. It counts in full, whatever
    the source says of its annotators' confidence.

    Returns
    -------
    tuple of (TextSet or None, Provenance)
        None where no case has a text.

    Raises
    ------
    CompanyFileError
        As ``read_texts``.
    ArtefactError
        If the corrections cannot be read.
    """
    from features.text.reading import read_texts
    from features.text.spelling import spelling_key
    from features.text.text_set import TextSet

    texts, rows = read_texts(company, warehouse), read_corrections(company)
    if texts is None or not rows:
        return texts, Provenance()
    by_case = {row.case_id: row.cause for row in rows}
    frame = texts.frame.copy()
    there = frame["text_id"].isin(by_case)
    corrected = frame.loc[there, "text_id"].map(by_case)
    before = frame.loc[there, "label"]
    known = before.notna()
    differ = [spelling_key(old) != spelling_key(new) for old, new in zip(before[known], corrected[known], strict=True)]
    frame.loc[there, "label"] = corrected.astype(object)
    frame.loc[there, "weight"] = 1.0
    used = int(frame.loc[there, "text_id"].nunique())
    found = Provenance(used, sum(differ), len(by_case) - used, max(row.number for row in rows))
    return TextSet(frame, (*texts.notes, *found.notes)), found
