"""A past retraining's figures computed anew from the same files, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from baton.company import Company
from baton.errors import ArtefactError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.progress import Progress, silent
from features.training.table import TrainingTable
from models.prediction.predictor import load_predictor
from models.registry.retrainings import Retrainings
from models.retraining.lineage import unseen_by
from models.retraining.rows import fingerprint
from pipelines.freshness import catalogue_digest, settings_digest
from pipelines.retraining.judged import compare
from pipelines.retraining.retrain import opened_chain, prepared
from pipelines.run import Chain
from pipelines.run_summary import versions

__all__ = ["Recomputed", "recompute"]


@dataclass(frozen=True)
class Recomputed:
    """Figures of a report, and the same computed anew.

    Parameters
    ----------
    then, now : mapping
        champion and challenger: their metrics.
    others : tuple of str
        What is not as it was then, though the rows are: ``code``, ``settings``, ``catalogue``, names of packages.
    """

    outcome: str
    version: int
    then: Mapping[str, Any]
    now: Mapping[str, Any]
    others: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every figure is the same to the last digit."""
        return self.then == self.now


@hides_filled_in
def recompute(
    company: Company, folder: RunFolder, outcome: str, version: int, progress: Progress = silent
) -> Recomputed:
    """Compute what a retraining has reported of a challenger once more; nothing is registered or promoted.

    Parameters
    ----------
    folder : RunFolder
        A run's; with the sources of then, its training tables are those of then.
    version : int
        Of the challenger.

    Raises
    ------
    ArtefactError
        If no retraining has judged the version, nothing was compared, or the rows are not those of then.
    """
    log = Retrainings(company)
    report = log.report(outcome, version)
    if not report.get("figures") or not report.get("origins"):
        raise ArtefactError(f"{outcome} version {version}: its retraining has compared nothing that could be repeated")
    chain = opened_chain(company, folder, progress)
    with chain.ledger.locked():
        prepared(chain)
        table = chain.tables().get(outcome)
        _refuse_other_rows(chain, table, report)
        assert table is not None
        champion = load_predictor(log.registry.sound(outcome, int(report["champion"])))
        unseen = unseen_by(log.registry, table, int(report["champion"]), champion)
        compared = compare(company, table, champion, unseen, progress)
    now = {} if compared is None else compared.figures()
    return Recomputed(outcome, version, report["figures"], now, _others(chain, company, report["lineage"]))


def _refuse_other_rows(chain: Chain, table: TrainingTable | None, report: Mapping[str, Any], /) -> None:
    then = report["lineage"]
    if table is not None and fingerprint(table) == then["rows"]:
        return
    before = then.get("data") or {}
    names = sorted({*before, *chain.fingerprints})
    changed = [name for name in names if before.get(name) != chain.fingerprints.get(name)]
    others = changed or list(_others(chain, chain.company, then)) or ["the clock"]
    raise ArtefactError(
        f"{report['outcome']} version {report['challenger']}: the training rows are not those of then, since these are "
        f"others: {', '.join(others)}; bring back the files and settings of then, in a folder of their own"
    )


def _others(chain: Chain, company: Company, then: Mapping[str, Any], /) -> tuple[str, ...]:
    now = {
        "code": chain.code,
        "settings": settings_digest(company),
        "catalogue": catalogue_digest(chain.catalogue),
        "seed": company.company.seed,
    }
    found = [name for name, value in now.items() if then.get(name) != value]
    packages = [name for name, value in versions().items() if (then.get("versions") or {}).get(name) != value]
    return (*found, *packages)
