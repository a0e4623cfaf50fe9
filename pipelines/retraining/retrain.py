"""Retrain: decide, train a challenger, hold it against the champion, and promote it or say which gate failed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from baton.company import Company
from baton.errors import ArtefactError, BusyError, TooLittleDataError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.messages.message import Message
from baton.outcomes import outcome_folder
from baton.progress import Progress, silent
from features.ingest import settled
from features.training.table import TrainingTable
from models.prediction.predictor import load_predictor
from models.registry.champions import registry_folder
from models.registry.promotion import Origin
from models.registry.retrainings import Retrainings
from models.retraining.gates import as_json
from models.retraining.lineage import read_lineage, rows_of, unseen_by
from models.retraining.rows import newest_label
from pipelines.freshness import meaning_digest
from pipelines.monitoring.left import leave
from pipelines.monitoring.watch import Watch, watch
from pipelines.retraining.decide import Decision, Known, decide
from pipelines.retraining.install import Chosen, install, registered, scratch_of
from pipelines.retraining.judged import Challenger, Champion, Judged, judge
from pipelines.retraining.lineage import lineage_of
from pipelines.retraining.shadow import judge_shadow, keep_shadow, of_shadow
from pipelines.run import Chain
from pipelines.train import train

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Asked", "Retrained", "opened_chain", "prepared", "retrain", "retraining_lock"]


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Parameters
    ----------
    force : bool
        Train a challenger though it is not time, or data look faulty; gates hold all the same.
    dry_run : bool
        Compare, and register and promote nothing.
    shadow : bool
        Let a challenger that passes predict beside the champion first.
    """

    force: bool = False
    dry_run: bool = False
    shadow: bool = False


@dataclass(frozen=True)
class Retrained:
    """What became of one outcome.

    Parameters
    ----------
    outcome : str
    status : str
        ``promoted``, ``shadow`` (it begins), ``in_shadow``, ``failed`` (a gate), ``same``, ``not_learned``, or a
        ``Decision``'s status; with ``dry_run`` ``would_promote`` for the first two.
    why : tuple of Message
        Why it was trained, or was not.
    champion, challenger : int or None
        Versions; None where there is none, or nothing was registered.
    judged : Judged or None
        None where nothing was compared.
    """

    outcome: str
    status: str
    why: tuple[Message, ...] = ()
    champion: int | None = None
    challenger: int | None = None
    judged: Judged | None = None
    lineage: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def stays(self) -> bool:
        """Whether a champion stays although another one was wanted."""
        return self.status in {"failed", "not_learned", "held", "older", "waiting"}

    def as_json(self) -> dict[str, Any]:
        """Return the report of the outcome."""
        judged = self.judged
        return {
            "outcome": self.outcome,
            "status": self.status,
            "why": [each.as_json() | {"text": each.text} for each in self.why],
            "champion": self.champion,
            "challenger": self.challenger,
            "gates": [] if judged is None else [as_json(gate) for gate in judged.gates],
            "failed": [] if judged is None else list(judged.failed),
            "figures": {} if judged is None else judged.figures,
            "origins": [] if judged is None else list(judged.origins),
            "decided_before": None if judged is None or judged.why is None else judged.why.text,
            # hashes of units lie beside the model; a report is read by people
            "lineage": {name: value for name, value in self.lineage.items() if name != "units"},
        }


@contextmanager
def retraining_lock(company: Company, /) -> Iterator[None]:
    """Keep a second retraining of the company out, whatever folder it writes to.

    Raises
    ------
    BusyError
        If one is running.
    """
    lock = FileLock(registry_folder(company) / "retrain.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(f"{registry_folder(company)}: a retraining is running; wait for it to end") from None
    try:
        yield
    finally:
        lock.release()


def opened_chain(company: Company, folder: RunFolder, progress: Progress, /) -> Chain:
    """Return the chain of a run whose models were trained before.

    Raises
    ------
    ArtefactError
        If there is no run, or no model is registered.
    """
    chain = Chain(company, folder, progress)
    chain.refuse_without_models()
    return chain


def prepared(chain: Chain, /) -> None:
    """Bring the newest data as far as training tables, as ``baton score`` does; the chain's ledger is locked."""
    chain.stage(keep_models=True)
    chain.figures()
    chain.texts(keep_model=True)
    chain.features()


@hides_filled_in
def retrain(
    company: Company, folder: RunFolder, asked: Asked | None = None, progress: Progress = silent
) -> list[Retrained]:
    """Train challengers where it is time, and promote those that pass the gates.

    Parameters
    ----------
    folder : RunFolder
        Of a run; its staged tables and training tables become those of today's sources. The models in it are replaced
        where a challenger is promoted, and stay otherwise.

    Returns
    -------
    list of Retrained
        One per outcome.

    Raises
    ------
    ArtefactError
        If there is no run, or no model is registered.
    BusyError
        If a run or another retraining is writing.
    """
    asked = asked or Asked()
    chain = opened_chain(company, folder, progress)
    log = Retrainings(company)
    with retraining_lock(company), chain.ledger.locked():
        prepared(chain)
        monitored = watch(company, folder, progress) if company.retraining.on_drift else None
        if monitored is not None:
            leave(folder, monitored)
        round_ = _Round(chain, log, asked, monitored, progress)
        try:
            found = [round_.outcome(table) for table in chain.tables().values()]
            install(folder, chain.ledger, round_.chosen)
        finally:
            shutil.rmtree(scratch_of(folder).path, ignore_errors=True)
    return found


class _Round:
    """One call: what all outcomes have in common."""

    def __init__(
        self, chain: Chain, log: Retrainings, asked: Asked, monitored: Watch | None, progress: Progress
    ) -> None:
        self.chain, self.log, self.asked, self.monitored, self.progress = chain, log, asked, monitored, progress
        self.company, self.folder = chain.company, chain.folder
        self.chosen: dict[str, Chosen] = {}
        scales = settled.staged_scales(chain.folder.staged)
        self.meaning = meaning_digest(chain.company, chain.catalogue, scales)

    def outcome(self, table: TrainingTable, /) -> Retrained:
        """Decide, and do what was decided, for one outcome."""
        registry, name = self.log.registry, table.outcome
        version = registry.champion(name)
        if version is None:
            missing = Message("retraining.no_champion", {"outcome": name})
            return self._without_comparison(table, missing, None)
        try:
            champion = Champion(version, load_predictor(registry.sound(name, version.version)))
        except ArtefactError as error:
            values = {"outcome": name, "old": version.version, "why": error.message}
            return self._without_comparison(table, Message("retraining.unusable", values), version.version)
        if (shadow := self.log.noted(name, "shadow")) is not None:
            return self._shadow(table, champion, int(shadow))
        found = self._decided(table, champion)
        if found.status != "due":
            return Retrained(name, found.status, found.why, version.version)
        return self._challenge(table, champion, found)

    def _decided(self, table: TrainingTable, champion: Champion, /) -> Decision:
        version = champion.version
        learned = read_lineage(self.log.registry, table.outcome, version.version).get("units")
        known = Known(champion.predictor.about, learned, self.log.noted(table.outcome, "last") or {})
        return decide(table, known, self.company.retraining, self.monitored, force=self.asked.force)

    def _trained(self, table: TrainingTable, /) -> tuple[Path, dict[str, Any]]:
        work = scratch_of(self.folder)
        result = train(self.company, work, {table.outcome: table}, self.progress)
        return outcome_folder(work.models, table.outcome), result.evaluation[table.outcome]

    def _challenge(self, table: TrainingTable, champion: Champion, decision: Decision, /) -> Retrained:
        name, old = table.outcome, champion.version.version
        try:
            place, entry = self._trained(table)
        except TooLittleDataError as error:
            return Retrained(name, "not_learned", (*decision.why, error.why), old)
        assert decision.unseen is not None
        trained = Challenger(place, entry, self.meaning, decision.unseen)
        judged = judge(self.company, self.folder, table, champion, trained, self.progress)
        lineage = self._lineage(table)
        if self.asked.dry_run:
            status = "would_promote" if judged.passed else "failed"
            return Retrained(name, status, decision.why, old, None, judged, lineage)
        version = self._registered(table, place, entry, lineage)
        shadow = self.asked.shadow or self.company.retraining.shadow
        status = "failed" if not judged.passed else "shadow" if shadow and judged.why is None else "promoted"
        self._note(table, 0 if status == "promoted" else int(decision.unseen.rows.sum()))
        if version == old:
            return Retrained(name, "same", decision.why, old, version, judged, lineage)
        if status == "promoted":
            self._promote(name, Chosen(version, place, entry, self.meaning))
        elif status == "shadow":
            self.log.note(name, "shadow", version)
            keep_shadow(self.folder, table, version, champion.predictor, load_predictor(place))
        return self._logged(Retrained(name, status, decision.why, old, version, judged, lineage))

    def _shadow(self, table: TrainingTable, champion: Champion, version: int, /) -> Retrained:
        """Keep what a challenger in shadow says of the current rows, and judge it once outcomes are known."""
        name, old = table.outcome, champion.version.version
        try:
            place = self.log.registry.sound(name, version)
        except ArtefactError as error:
            self.log.note(name, "shadow", None)
            values = {"outcome": name, "version": version, "why": error.message}
            return Retrained(name, "failed", (Message("retraining.shadow_gone", values),), old, version)
        challenger = load_predictor(place)
        by_champion = unseen_by(self.log.registry, table, old, champion.predictor).rows
        unseen = by_champion & unseen_by(self.log.registry, table, version, challenger).rows
        if not self.asked.dry_run:
            keep_shadow(self.folder, table, version, champion.predictor, challenger)
        compared = of_shadow(self.folder, table, champion.predictor, challenger, version=version, unseen=unseen)
        known, settings = 0 if compared is None else len(compared.rows), self.company.retraining
        if compared is None or known < settings.min_rows or compared.events < settings.min_events:
            values = {"version": version, "n": known, "needed": settings.min_rows}
            return Retrained(name, "in_shadow", (Message("retraining.in_shadow", values),), old, version)
        judged = judge_shadow(self.company, compared)
        if self.asked.dry_run:
            return Retrained(name, "would_promote" if judged.passed else "failed", (), old, version, judged)
        self.log.note(name, "shadow", None)
        if judged.passed:
            self._promote(name, registered(self.log, name, version))
        done = Message("retraining.after_shadow", {"version": version, "n": known})
        status = "promoted" if judged.passed else "failed"
        return self._logged(Retrained(name, status, (done,), old, version, judged))

    def _without_comparison(self, table: TrainingTable, why: Message, old: int | None, /) -> Retrained:
        """Train a model where there is no champion that could be compared with: removed by hand, damaged, or none."""
        try:
            place, entry = self._trained(table)
        except TooLittleDataError as error:
            return Retrained(table.outcome, "not_learned", (why, error.why), old)
        lineage = self._lineage(table)
        if self.asked.dry_run:
            return Retrained(table.outcome, "would_promote", (why,), old, None, None, lineage)
        version = self._registered(table, place, entry, lineage)
        self._note(table, 0)
        self._promote(table.outcome, Chosen(version, place, entry, self.meaning))
        return self._logged(Retrained(table.outcome, "promoted", (why,), old, version, None, lineage))

    def _lineage(self, table: TrainingTable, /) -> dict[str, Any]:
        chain = self.chain
        described = lineage_of(self.company, chain.catalogue, chain.code)
        return {"data": dict(chain.fingerprints), "meaning": self.meaning, **described, **rows_of(table)}

    def _registered(self, table: TrainingTable, place: Path, entry: dict[str, Any], lineage: dict[str, Any], /) -> int:
        kept = {name: value for name, value in lineage.items() if name not in {"data", "meaning"}}
        parameters = {"seed": self.company.company.seed, "split": entry.get("split", ""), "rows": entry.get("rows", 0)}
        origin = Origin(self.chain.fingerprints, self.meaning, kept)
        return self.log.registry.log(table.outcome, place, entry=entry, origin=origin, parameters=parameters)[0]

    def _promote(self, outcome: str, chosen: Chosen, /) -> None:
        self.log.registry.promote(outcome, chosen.version, force=True)
        self.log.note(outcome, "shadow", None)
        self.log.note(outcome, "promoted", chosen.version)
        self.chosen[outcome] = chosen

    def _note(self, table: TrainingTable, new: int, /) -> None:
        newest, until = newest_label(table), None if self.monitored is None else self.monitored.until
        self.log.note(
            table.outcome,
            "last",
            {
                "labelled_to": None if newest is None else newest.isoformat(),
                "monitored_until": None if until is None else until.isoformat(),
                "new": new,
            },
        )

    def _logged(self, done: Retrained, /) -> Retrained:
        tags = {"outcome": done.outcome, "status": done.status}
        run_id = self.log.log(f"retrain {done.outcome}", done.as_json(), tags=tags)
        if done.challenger is not None:
            self.log.attach(done.outcome, done.challenger, run_id, passed=done.status != "failed")
        return done
