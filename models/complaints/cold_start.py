"""Zero-shot causes: predicted from the taxonomy's descriptions before there are labels, or with very few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baton.company import Text
from baton.messages.message import Message
from features.text.text_set import TextSet
from models.complaints.abstention import SelectiveRule
from models.complaints.classifiers.text_model import TextModel
from models.complaints.classifiers.zero_shot import ZeroShotModel
from models.complaints.cross_fitting import remembering
from models.complaints.selection import Choice
from models.prediction.splits import SplitKind

if TYPE_CHECKING:
    from baton.taxonomy import Taxonomy

__all__ = ["ZeroShot", "untested_entry", "untested_rule", "uses_taxonomy_names", "zero_shot"]

_FEW_PER_CAUSE = 30
_ENOUGH_TO_TEST = 60


@dataclass(frozen=True)
class ZeroShot:
    """The taxonomy's causes, and what labels have taught about them.

    Parameters
    ----------
    fit : callable
        The same descriptions with other labelled texts.
    testable : bool
        Whether there are labels enough to say how often it is right.
    """

    model: ZeroShotModel
    fit: Callable[[TextSet], TextModel]
    testable: bool

    def choice(self, labelled: TextSet, /) -> Choice:
        """Return it as the model chosen."""
        nothing = np.zeros((0, len(self.model.classes)))
        return Choice(self.model, labelled.rows(np.zeros(0, dtype=np.int64)), nothing, {}, ())


def uses_taxonomy_names(labelled: TextSet, taxonomy: Taxonomy, /) -> bool:
    """Tell whether labels are corrections in the taxonomy's own words, and too few to learn from them alone."""
    counts = labelled.frame["label"].value_counts()
    above = {cause.parent for cause in taxonomy}
    return all(name in taxonomy and name not in above for name in counts.index) and counts.median() < _FEW_PER_CAUSE


def zero_shot(
    labelled: TextSet, taxonomy: Taxonomy, settings: Text, seed: int, texts: TextSet | None = None, /
) -> ZeroShot:
    """Know the taxonomy's causes by their descriptions, and by the labels there are; ``texts`` is all that is written.

    Raises
    ------
    CompanyFileError
        If the encoder that the settings name is not there.
    """
    plain = remembering(ZeroShotModel.describe(taxonomy, settings, texts))

    def fit(texts: TextSet) -> TextModel:
        return plain.learn(texts, seed)

    model = ZeroShotModel.describe(taxonomy, settings, texts)
    return ZeroShot(model.learn(labelled, seed), fit, len(labelled) >= _ENOUGH_TO_TEST)


def untested_rule(model: ZeroShotModel, settings: Text, /) -> SelectiveRule:
    """Return when to answer where nothing says how often the model is right."""
    return SelectiveRule.unproven(model.classes, settings.risk)


def untested_entry(texts: TextSet, labelled: TextSet, settings: Text, /) -> dict[str, Any]:
    """Return the entry of ``evaluation.json`` where nothing could be tested."""
    metrics = dict.fromkeys(("base_rate", "macro_f1", "accuracy", "ece", "accuracy_at_70", "coverage"))
    few = Message("root_cause.labelled", {"n": len(labelled)}) if len(labelled) else Message("root_cause.unlabelled")
    return {
        "rows": 0,
        "texts": len(texts),
        "split": f"none: {few.text}",
        "split_kind": str(SplitKind.UNTESTED),
        **metrics,
        "risk": settings.risk,
        "intervals": {name: [None, None] for name in metrics if name != "base_rate"},
        "baselines": {},
        "causes": {},
        "coverage_accuracy": [],
        "model": ZeroShotModel.name,
        "compared": {},
        "notes": [Message("root_cause.by_description", {"labelled": few})],
    }
