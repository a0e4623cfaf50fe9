"""How the page says what a model was tested on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from baton.catalogue.schema import Catalogue
from baton.charts.drawing import Pen
from baton.company import Company
from baton.files import RunFolder, read_json, write_json
from baton.wording.wording import say
from models.prediction.splits import SplitKind
from pipelines.report.data.results import read_results
from pipelines.report.sections.trust import trust_section


@pytest.mark.parametrize(
    ("kind", "key"),
    [(SplitKind.IN_TIME, "trust.calibration_note"), (SplitKind.CROSS_VALIDATION, "trust.calibration_note_cv")],
)
def test_the_note_follows_the_kind_of_split_not_its_words(
    company: Company, catalogue: Catalogue, run_folder: Callable[..., RunFolder], kind: SplitKind, key: str
) -> None:
    folder = run_folder()
    entries = read_json(folder.file("evaluation.json"))
    for entry in entries.values():
        entry |= {"split": "in words that may change, even across borders", "split_kind": str(kind)}
    write_json(folder.file("evaluation.json"), entries)
    (figure,) = trust_section(read_results(company, catalogue, folder), Pen(("en", "zh"))).figures
    assert figure.note == say(key)
