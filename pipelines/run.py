"""The whole chain on one company: stage, complaints, features, train, score, advise, register, report.

Each step is kept if nothing that it was made from has changed (``pipelines/steps.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.contract.brings import next_tables
from baton.errors import ArtefactError, TableError
from baton.files import RunFolder, write_json
from baton.filled_in import hides_filled_in
from baton.messages.message import Message
from baton.progress import Progress, silent
from features.ingest import settled, sources
from features.staging import stage as staging
from features.staging.warehouse import Warehouse
from features.training.default_outcomes import with_default_outcomes
from features.training.engines import build_on_engine, refuse_engine
from features.training.table import TrainingTable
from models.registry.promotion import Origin
from pipelines import clock, run_steps
from pipelines.before.set_aside import refuse_no_run
from pipelines.code_used import fingerprint_of
from pipelines.complaints import read as complaints
from pipelines.freshness import catalogue_digest, definitions_digest, meaning_digest, settings_digest
from pipelines.memory import seldom_collecting
from pipelines.outlook.course import Course
from pipelines.outlook.expected_time import expected
from pipelines.preflight import refuse_early
from pipelines.retraining.lineage import lineage_of
from pipelines.run_summary import RunSummary, left_out, left_out_lines, warnings_of, write_summary
from pipelines.steps import Ledger, Outcome, Step, digest, recorded_key

__all__ = ["Chain", "RunSummary", "recommend", "run", "score", "train"]


class Chain:
    """The steps of one company's run, to be called in order."""

    def __init__(
        self, company: Company, folder: RunFolder, progress: Progress = silent, previous: RunFolder | None = None
    ) -> None:
        self.now = clock.clock_now()  # what the tables say of later has not happened
        self.company = company
        self._given = company  # as its file has it: outcomes may be added where it asks for none
        self._noted: list[Message] = []
        self.folder, self.previous = folder, previous
        self.progress = progress
        self.catalogue: Catalogue = load_catalogue(company)
        self.code = digest({step.name: fingerprint_of(step) for step in run_steps.STEPS})
        self.fingerprints: dict[str, str] = {}
        self.ledger = Ledger(folder, {"company": company.company.model_dump()}, progress=progress)
        self._keys: dict[str, str] = {}

    def _made_from(self, step: Step, besides: dict[str, Any], /) -> dict[str, Any]:
        """What a step depends on: the steps it needs, of this call or an earlier one, its code, and what else."""
        needs = {name: self._keys.get(name) or recorded_key(self.folder, name) for name in step.needs}
        return {**needs, **besides, "code": fingerprint_of(step)}

    def _step(self, step: Step, besides: dict[str, Any], work: Callable[[Outcome], None], /) -> None:
        self._keys[step.name] = self.ledger.step(step, self._made_from(step, besides), work).key

    def stage(self, *, keep_models: bool = False) -> None:
        """Check the sources and write clean tables.

        Parameters
        ----------
        keep_models : bool
            Whether models of an earlier run are to answer: ratings must be on the scale that they were trained on.

        Raises
        ------
        TableError
            If faults stop the run.
        """
        from features.quality.concentration import concentration_warnings
        from features.quality.observation.gaps import gap_warnings

        company = self._given
        self.fingerprints = sources.fingerprint(company)
        described = company.model_dump(include={"tables", "faults", "privacy", "outcomes"}, mode="json")

        def work(outcome: Outcome) -> None:
            kept: Any = {"agreed": depends_on.get("scales"), "types": depends_on.get("types"), "now": self.now}
            report = staging.stage(company, self.catalogue, self.folder.staged, **kept)
            clock.note_since(self.folder, depends_on["clock"])
            outcome.rows.update(report.rows)
            outcome.warnings.extend([*self.catalogue.notes, *report.summary()])
            warehouse = self._warehouse()
            outcome.warnings.extend([*gap_warnings(warehouse), *concentration_warnings(warehouse)])

        read = {"inputs": self.fingerprints, "settings": described, "catalogue": definitions_digest(self.catalogue)}
        depends_on: dict[str, Any] = {**read, "clock": clock.since(self.folder, self.now)}
        self._step(run_steps.STAGE, depends_on, work)
        if keep_models and (otherwise := settled.settled_otherwise(self.folder)):
            self.ledger.records.pop()
            depends_on |= otherwise
            self._step(run_steps.STAGE, depends_on, work)
        warehouse = self._warehouse()
        self.company, noted = with_default_outcomes(company, self.catalogue, warehouse)
        self._noted = [noted] if noted is not None else []
        refuse_early(self.company, self.catalogue, warehouse)

    def figures(self) -> None:
        """Measure the plain figures: volumes, waits, ratings and customers as they are."""
        from pipelines.figures.measure import write_figures, zones_of

        company = self.company

        def work(outcome: Outcome) -> None:
            if rows := write_figures(company, self._warehouse(), self.folder):
                outcome.rows["figures"] = rows

        self._step(run_steps.FIGURES, {"min_group": company.policy.min_group, "zones": zones_of(company)}, work)

    def texts(self, *, keep_model: bool = False) -> None:
        """Say what customers write about.

        Parameters
        ----------
        keep_model : bool
            Answer with the model that an earlier run has learned, if there is one.
        """
        folder = self.folder

        def work(outcome: Outcome) -> None:
            found = complaints.read_causes(
                self.company, self.catalogue, self._warehouse(), folder, keep_model=kept, progress=self.progress
            )
            outcome.rows.update(found.rows)
            outcome.warnings.extend(found.warnings)

        besides = complaints.inputs(self.company)
        kept = keep_model and not self.ledger.is_done(run_steps.TEXTS, self._made_from(run_steps.TEXTS, besides))
        if kept:
            besides["model"] = "kept"
        self._step(run_steps.TEXTS, besides, work)

    def features(self) -> None:
        """Build the training tables, and refuse leaks."""
        from baton.outcomes import outcome_folder
        from features.training import leaks
        from pipelines.train import nothing_learned

        company, folder = self.company, self.folder
        described = company.model_dump(include={"snapshots", "outcomes", "accept", "privacy"}, mode="json")

        def work(outcome: Outcome) -> None:
            outcome.warnings.extend(self._noted)
            catalogue = complaints.catalogue_with_causes(self.catalogue, folder)
            places = (folder.staged, complaints.cases_with_causes(folder))
            built = build_on_engine(company, catalogue, self._warehouse(places[1]), places, self.progress)
            if not built.tables and not complaints.cause_evaluation(folder):
                raise TableError(nothing_learned(built.skipped, complaints.skipped_causes(folder)))
            for name, table in built.tables.items():
                outcome.warnings.extend(leaks.refuse(company, catalogue, table))
                table.save(outcome_folder(folder.training, name))
                outcome.rows[name] = len(table.frame)
                outcome.warnings.extend(
                    Message("text.of_outcome", {"outcome": name, "text": note}) for note in table.notes
                )
            write_json(folder.training / "skipped.json", {name: why.as_json() for name, why in built.skipped.items()})
            outcome.warnings.extend(
                Message("not_learned.left_out", {"outcome": name, "why": why}) for name, why in built.skipped.items()
            )

        self._step(run_steps.FEATURES, {"settings": described, "catalogue": definitions_digest(self.catalogue)}, work)

    def train(self) -> None:
        """Train and evaluate a predictor for every outcome."""
        from pipelines import train as verb

        def work(outcome: Outcome) -> None:
            causes = complaints.cause_evaluation(self.folder)
            settled.keep_settled(self.folder)
            result = verb.train(self.company, self.folder, self.tables(), self.progress, besides=causes)
            outcome.warnings.extend(result.warnings)

        self._step(run_steps.TRAIN, {}, work)

    def refuse_without_models(self) -> None:
        """Say what makes models, where there are none.

        Raises
        ------
        ArtefactError
            If nothing was trained into the folder.
        """
        if not self.folder.models.exists():
            raise ArtefactError(f"{self.folder.models}: no trained models; `baton train` makes them")

    def score(self) -> None:
        """Score the latest snapshot and attribute its risk to KPIs."""
        from pipelines import score as verb

        self.refuse_without_models()

        def work(outcome: Outcome) -> None:
            if self._learns:
                outcome.rows.update(verb.score(self.company, self.folder, warnings=outcome.warnings) or {})

        self._step(run_steps.SCORE, {"discount_rate": self.company.policy.discount_rate}, work)

    def price(self) -> None:
        """Price what customers write about by the customers at risk who wrote it."""

        def work(outcome: Outcome) -> None:
            rows = complaints.price(self.company, self._warehouse(), self.folder)
            if rows:
                outcome.rows["cause_prices"] = rows

        self._step(run_steps.PRICE, {"policy": self.company.policy.min_group}, work)

    def process(self) -> None:
        """Find where cases wait, from the event log."""
        from pipelines.bottlenecks import find_bottlenecks

        def work(outcome: Outcome) -> None:
            found = find_bottlenecks(self.company, self.catalogue, self._warehouse(), self.folder)
            outcome.rows.update(found.rows)
            outcome.warnings.extend(found.warnings)

        described = self.company.model_dump(include={"policy", "outcomes", "snapshots"}, mode="json")
        self._step(run_steps.PROCESS, {"settings": described, "catalogue": catalogue_digest(self.catalogue)}, work)

    def advise(self) -> None:
        """Estimate effects and recommend weights and coaching."""
        from features.cases import build as cases_built
        from features.training.snapshots import latest
        from pipelines import recommend as verb
        from pipelines.before.set_aside import another_company, set_aside
        from pipelines.pilots.measured import measured_files

        company, folder = self.company, self.folder
        stranger = another_company(company, folder)
        before = set_aside(company, folder, latest(self._warehouse()), self.previous) if self._learns else ""

        def work(outcome: Outcome) -> None:
            if not self._learns:
                return
            warehouse = self._warehouse()
            if "cases" not in warehouse and "measures" not in warehouse:
                outcome.warnings.append(Message("no_advice.no_cases"))
                return
            cases, organisation = cases_built.build(company, self.catalogue, warehouse)
            result = verb.recommend(company, self.catalogue, folder, cases, organisation, self.progress)
            outcome.rows.update(result.rows)
            outcome.warnings.extend([*([] if stranger is None or self.previous else [stranger]), *result.warnings])

        described = company.model_dump(include={"policy", "outcomes", "snapshots"}, mode="json")
        made_from = {"settings": described, "catalogue": catalogue_digest(self.catalogue), "before": before}
        made_from |= {"pilots": [path.read_text("utf-8") for path in measured_files(company)]}
        self._step(run_steps.ADVISE, made_from, work)

    def what_if(self) -> None:
        """Find what would lower the chances of customers at risk, by how far people can move KPIs as advice has it."""
        from pipelines.what_if import find

        def work(outcome: Outcome) -> None:
            if rows := find.what_if(self.company, self.catalogue, self.folder):
                outcome.rows["what_if"] = rows

        described = {"fixed": list(self.company.policy.fixed), "catalogue": catalogue_digest(self.catalogue)}
        self._step(run_steps.WHAT_IF, described, work)

    def register(self) -> None:
        """Log the run and its models in the registry."""
        from pipelines.tracking import track

        scales = settled.staged_scales(self.folder.staged)
        meaning = meaning_digest(self.company, self.catalogue, scales)
        origin = Origin(self.fingerprints, meaning, lineage_of(self._given, self.catalogue, self.code))

        def work(outcome: Outcome) -> None:
            outcome.warnings.extend(track(self.company, self.folder, origin))

        self._step(run_steps.REGISTER, {"meaning": origin.meaning}, work)

    def report(self) -> None:
        """Write the manager's page."""
        from pipelines.report import write as verb

        def work(outcome: Outcome) -> None:
            catalogue = complaints.catalogue_with_causes(self.catalogue, self.folder)
            verb.report(self.company, catalogue, self.folder, self.progress)

        self._step(run_steps.REPORT, {"catalogue": catalogue_digest(self.catalogue)}, work)

    @property
    def _learns(self) -> bool:
        """Whether there is an outcome to learn; a company may have nothing but texts."""
        return any(self.folder.training.glob("*/table.json"))

    def _warehouse(self, cases: Path | None = None) -> Warehouse:
        return staging.open_warehouse(self.folder.staged, cases=cases)

    def tables(self) -> dict[str, TrainingTable]:
        """Return the training tables by outcome."""
        folders = sorted(path for path in self.folder.training.iterdir() if path.is_dir())
        tables = [TrainingTable.load(path) for path in folders]
        return {table.outcome: table for table in tables}

    def finish(self) -> RunSummary:
        """Write ``run.json`` and return what was done."""
        skipped = left_out(self.folder, complaints.skipped_causes(self.folder))
        records = tuple(self.ledger.records)
        record = warnings_of(self._given, records)
        made_from = {
            "inputs": self.fingerprints,
            "code": self.code,
            "settings": settings_digest(self._given),
            "catalogue": catalogue_digest(self.catalogue),
        }
        more = next_tables(settled.staged_columns(self.folder.staged)), left_out_lines(self.folder)
        summary = RunSummary(self.folder.path, records, skipped, tuple(record), tuple(record.values()), *more)
        write_summary(self.company, self.folder, summary, made_from)
        return summary


Verb = Callable[[Chain], None]


def run(
    company: Company, folder: RunFolder, progress: Progress = silent, previous: RunFolder | None = None
) -> RunSummary:
    """Run the whole chain; steps whose inputs have not changed are kept.

    Parameters
    ----------
    folder : RunFolder
        Made if it is not there.
    previous : RunFolder, optional
        An earlier run whose advice is compared with, instead of the one that ``folder`` holds.

    Returns
    -------
    RunSummary

    Raises
    ------
    BatonError
        With one sentence that says what is wrong, where, and what to do.
    """
    verbs = (Chain.train, Chain.score, Chain.price, Chain.process, Chain.advise, Chain.what_if)
    return _through(company, folder, progress, (*verbs, Chain.register, Chain.report), previous)


def train(company: Company, folder: RunFolder, progress: Progress = silent) -> RunSummary:
    """Stage, build features, train, evaluate and register; no scores, no advice."""
    return _through(company, folder, progress, (Chain.train, Chain.register))


def score(company: Company, folder: RunFolder, progress: Progress = silent) -> RunSummary:
    """Score the data as they are now with the models that were trained before."""
    return _through(company, folder, progress, (Chain.score, Chain.price, Chain.process, Chain.what_if))


def recommend(
    company: Company, folder: RunFolder, progress: Progress = silent, previous: RunFolder | None = None
) -> RunSummary:
    """Estimate effects and recommend weights and coaching on the data as they are now, compared as in ``run``."""
    return _through(company, folder, progress, (Chain.advise, Chain.what_if, Chain.report), previous)


@hides_filled_in
def _through(
    company: Company, folder: RunFolder, progress: Progress, steps: tuple[Verb, ...], previous: RunFolder | None = None
) -> RunSummary:
    names = ["stage", "figures", "texts", "features", *(step.__name__ for step in steps)]
    course = Course(names, expected(company, folder, names), progress)
    chain = Chain(company, folder, course, previous)  # a fault in the catalogue is reported before anything is written
    refuse_engine(company.engine, map(chain.catalogue.__getitem__, chain.catalogue))
    keep = Chain.train not in steps
    asked = company.outcomes.churn or company.outcomes.decline or company.outcomes.case
    if keep and asked and Chain.score in steps:
        chain.refuse_without_models()  # before texts are learned from, which takes minutes
    refuse_no_run(previous)
    folder.create()
    with chain.ledger.locked(), seldom_collecting():
        chain.stage(keep_models=keep and chain.folder.models.exists())
        texts = "text" in settled.staged_columns(folder.staged).get("cases", ())
        course.counted(sum(chain.ledger.records[-1].rows.values()), texts=texts)
        chain.figures()
        chain.texts(keep_model=keep)
        for step in (Chain.features, *steps):
            step(chain)
        return chain.finish()
