"""The registry of models: every predictor that was trained, and per outcome which one is champion.

MLflow's embedded store beside the company file (``.baton/mlflow.db``), models as LightGBM's text and JSON. The digest
of each version's files is kept in the store, and compared whenever the version is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.errors import ArtefactError, BatonError, DamagedModelError, OutputError, PromotionError
from baton.informative import is_informative
from baton.messages.message import Message
from baton.outcomes import folder_name
from models.integrity.isolation import require_sound
from models.integrity.manifest import Manifest, verify_manifest
from models.integrity.model_file import model_file
from models.registry.promotion import Origin, Promotion, Version, beforehand, verdict
from models.registry.store import INPUTS_FILE, MODEL, open_store, packed
from models.registry.versions import metrics_of, tested_tag, version_of

__all__ = ["Registry", "registry_folder", "verdicts_file"]

_CHAMPION, _CHALLENGER = "champion", "challenger"
_HISTORY = "former_champions"


def registry_folder(company: Company, /) -> Path:
    """Return where a company's registry lies: beside its company file, not in the results."""
    return company.folder / ".baton"


def verdicts_file(company: Company, /) -> Path:
    """Return the file of the digests of models that were found sound, each in a process of its own."""
    return registry_folder(company) / "sound_models.json"


class Registry:
    """The models of one company.

    Parameters
    ----------
    create : bool
        Whether to make the registry if there is none.

    Attributes
    ----------
    client : object
        Of the store, for whatever else is kept in it: opening another takes a moment.

    Raises
    ------
    ArtefactError
        If there is none and it is not to be made.
    OutputError
        If it cannot be made.
    """

    def __init__(self, company: Company, /, *, create: bool = False) -> None:
        self.folder = registry_folder(company)
        self._verdicts = verdicts_file(company)
        self.company = company.company.name
        if not create and not (self.folder / "mlflow.db").exists():
            raise ArtefactError(f"{self.folder}: no models are registered there; `baton run` registers them")
        try:
            if create:
                self.folder.mkdir(parents=True, exist_ok=True)
                os.chmod(self.folder, 0o700)
            self.client = open_store(self.folder)
        except BatonError:
            raise
        except OSError as error:
            raise OutputError(
                f"{self.folder}: the registry cannot be written ({error.strerror or error}); make the folder writable"
            ) from error

    def log(
        self,
        outcome: str,
        predictor_folder: Path,
        /,
        *,
        entry: Mapping[str, Any],
        origin: Origin,
        parameters: Mapping[str, Any],
    ) -> tuple[int, bool]:
        """Register a predictor, unless the newest version is the same, from the same data that mean the same.

        Parameters
        ----------
        outcome : str
            Such as ``churn`` or ``decline:employee:csat``.
        predictor_folder : Path
            As the predictor has saved it.
        entry : mapping
            The outcome's entry of ``evaluation.json``.
        origin : Origin
            The data, and what they mean.
        parameters : mapping
            Settings to be found again in the registry.

        Returns
        -------
        tuple of (int, bool)
            The version, and whether it is new. The first of an outcome becomes champion, others challenger.
        """
        made_from = {
            "content": _content(verify_manifest(predictor_folder)),
            "data": _digest(json.dumps(dict(origin.data), sort_keys=True)),
            "meaning": origin.meaning,
        }
        require_sound([predictor_folder], self._verdicts)
        known = self.versions(outcome)
        for version in reversed(known[-1:]):
            tags = self._tags(outcome, version.version)
            if all(tags.get(name, "") == value for name, value in made_from.items()):
                self._crown_first(outcome, version.version)
                return version.version, False
        run = self.client.create_run(self.experiment(), run_name=outcome, tags={"outcome": outcome})
        run_id = run.info.run_id
        try:
            for name, value in parameters.items():
                self.client.log_param(run_id, name, value)
            for name, value in metrics_of(entry).items():
                self.client.log_metric(run_id, name, value)
            with packed(predictor_folder) as place:
                self.client.log_artifacts(run_id, str(place), MODEL)
                files = verify_manifest(self._artefacts(run_id), verify_manifest(place).digest).digest
            self.client.log_dict(run_id, dict(entry), "evaluation.json")
            inputs = {"data": dict(origin.data), "meaning": origin.meaning, **origin.lineage}
            self.client.log_dict(run_id, inputs, INPUTS_FILE)
        except Exception:
            # a version is made of whole runs only; what is left of this one is no model's
            with contextlib.suppress(Exception):
                self.client.set_terminated(run_id, "FAILED")
            shutil.rmtree(self._artefacts(run_id).parent, ignore_errors=True)
            raise
        name = folder_name(outcome)
        if not known and not self.client.search_registered_models(f"name='{name}'"):
            self.client.create_registered_model(name, tags={"outcome": outcome, "company": self.company})
        test_set, metrics = str(entry.get("test_fingerprint", "")), json.dumps(metrics_of(entry))
        tags = {
            "outcome": outcome,
            **made_from,
            "informative": "yes" if is_informative(entry) else "no",
            "files": files,
            "rows": str(entry.get("rows", 0)),
            "figures": metrics,
            "test_set": test_set,
            tested_tag(test_set): metrics,
        }
        made = self.client.create_model_version(name, f"{run.info.artifact_uri}/{MODEL}", run_id, tags=tags)
        self.client.set_terminated(run_id)
        if known:
            self.client.set_registered_model_alias(name, _CHALLENGER, str(made.version))
        self._crown_first(outcome, int(made.version))
        return int(made.version), True

    def log_metrics(self, name: str, metrics: Mapping[str, float], parameters: Mapping[str, str], /) -> None:
        """Log metrics of something that is not to be registered, as a run of its own."""
        run = self.client.create_run(self.experiment(), run_name=name)
        for parameter, value in parameters.items():
            self.client.log_param(run.info.run_id, parameter, value)
        for metric, value in metrics.items():
            self.client.log_metric(run.info.run_id, metric, value)
        self.client.set_terminated(run.info.run_id)

    def runs(self) -> list[dict[str, Any]]:
        """Return every logged run, newest first: name, started_at (UTC), and its metrics."""
        found = self.client.search_runs([self.experiment()], order_by=["attributes.start_time DESC"])
        return [
            {
                "name": run.info.run_name,
                "started_at": datetime.fromtimestamp(run.info.start_time / 1000, UTC).isoformat(timespec="seconds"),
                **run.data.metrics,
            }
            for run in found
        ]

    def versions(self, outcome: str | None = None, /) -> list[Version]:
        """Return the registered versions, of one outcome or of all, oldest first."""
        found = []
        for model in self.client.search_registered_models():
            named = model.tags.get("outcome", model.name)
            if outcome is not None and named != outcome:
                continue
            alias_of = {int(version): alias for alias, version in model.aliases.items()}
            for entry in self.client.search_model_versions(f"name='{model.name}'"):
                found.append(version_of(named, entry, alias_of.get(int(entry.version), "")))
        return sorted(found, key=lambda version: (version.outcome, version.version))

    def champion(self, outcome: str, /) -> Version | None:
        """Return the champion of an outcome, or None."""
        return next((version for version in self.versions(outcome) if version.alias == _CHAMPION), None)

    def note_test(self, outcome: str, version: int, test_set: str, metrics: Mapping[str, float], /) -> None:
        """Keep a version's metrics on another test set than its own, so that it can be compared there."""
        self.client.set_model_version_tag(
            folder_name(outcome), str(version), tested_tag(test_set), json.dumps(dict(metrics))
        )

    def compare(self, outcome: str, version: int, /) -> Promotion:
        """Tell whether a version is better than the champion, on a test set that both have been tested on.

        Metrics are compared only where the data mean the same.

        Raises
        ------
        ArtefactError
            If there is no such version.
        """
        challenger, champion = self._known(outcome, version), self.champion(outcome)
        if champion is None:
            return Promotion(True, Message("registry.no_champion"))
        clear = beforehand(challenger, champion)
        if clear is not None:
            return clear
        same = self._tags(outcome, champion.version).get(tested_tag(challenger.test_set))
        if not challenger.test_set or same is None:
            return Promotion(False, Message("registry.other_rows"))
        return verdict(challenger.metrics, json.loads(same))

    def promote(self, outcome: str, version: int, /, *, force: bool = False) -> Promotion:
        """Make a version champion.

        Parameters
        ----------
        outcome : str
            Such as ``churn`` or ``decline:employee:csat``.
        version : int
        force : bool
            Even if it is not better than the champion on the same test set.

        Returns
        -------
        Promotion

        Raises
        ------
        ArtefactError
            If there is no such version.
        PromotionError
            If it is not better, and not forced.
        """
        found, champion = self.compare(outcome, version), self.champion(outcome)
        if champion is not None and champion.version == version:
            return found
        if not found.better and not force:
            values = {"outcome": outcome, "version": version, "why": found.why}
            raise PromotionError(Message("registry.refused", values))
        self.sound(outcome, version)
        former = [*self._former(outcome), *([] if champion is None else [champion.version])]
        self._crown(outcome, version, former)
        return found

    def rollback(self, outcome: str, /) -> int:
        """Make the champion before the present one champion again, and return its version.

        Raises
        ------
        ArtefactError
            If there was none before.
        """
        former = self._former(outcome)
        if not former:
            raise ArtefactError(f"{outcome}: no champion before the present one; `baton models list` shows all")
        self.sound(outcome, former[-1])
        self._crown(outcome, former[-1], former[:-1])
        return former[-1]

    def place(self, outcome: str, version: int, /) -> Path:
        """Return the folder of a version's predictor.

        Raises
        ------
        ArtefactError
            If there is no such version, or its files are gone.
        DamagedModelError
            If its files are not those that were registered.
        """
        self._known(outcome, version)
        entry = self.client.get_model_version(folder_name(outcome), str(version))
        folder = self._artefacts(str(entry.run_id))
        if not (folder / "predictor.json").exists():
            raise ArtefactError(f"{folder}: version {version} of {outcome} is registered, but its files are gone")
        recorded = entry.tags.get("files", "")
        if not recorded:
            raise DamagedModelError(
                f"{outcome} version {version}: was registered by an earlier Baton, without a record of its files, "
                "and is not used; `baton run` registers a new one"
            )
        try:
            verify_manifest(folder, recorded)
        except DamagedModelError as error:
            raise DamagedModelError(f"{outcome} version {version}: {error}") from error
        return folder

    def sound(self, outcome: str, version: int, /) -> Path:
        """Return the folder of a version's predictor, once it was found sound in a process of its own.

        Raises
        ------
        DamagedModelError
            If it is not.
        """
        folder = self.place(outcome, version)
        require_sound([folder], self._verdicts)
        return folder

    def _artefacts(self, run_id: str, /) -> Path:
        # taken from the run's id, not from the recorded address: the company's folder may have been moved
        return self.folder / "artefacts" / run_id / "artifacts" / MODEL

    def _known(self, outcome: str, version: int, /) -> Version:
        versions = self.versions(outcome)
        for known in versions:
            if known.version == version:
                return known
        if versions:
            raise ArtefactError(
                f"{outcome}: no version {version}; there are {', '.join(str(v.version) for v in versions)}"
            )
        outcomes = sorted({known.outcome for known in self.versions()})
        raise ArtefactError(f"outcome {outcome!r}: no registered model; there are {', '.join(outcomes) or 'none'}")

    def _former(self, outcome: str, /) -> list[int]:
        name = folder_name(outcome)
        if not self.versions(outcome):
            self._known(outcome, 0)
        return json.loads(self.client.get_registered_model(name).tags.get(_HISTORY, "[]"))

    def _crown_first(self, outcome: str, version: int, /) -> None:
        """Make a version champion where there is none; a killed run may have left versions without one."""
        if self.champion(outcome) is None:
            self._crown(outcome, version, [])

    def _crown(self, outcome: str, version: int, former: list[int], /) -> None:
        name = folder_name(outcome)
        aliases = self.client.get_registered_model(name).aliases
        self.client.set_registered_model_tag(name, _HISTORY, json.dumps(former))
        self.client.set_registered_model_alias(name, _CHAMPION, str(version))
        if str(aliases.get(_CHALLENGER)) == str(version):
            self.client.delete_registered_model_alias(name, _CHALLENGER)

    def _tags(self, outcome: str, version: int, /) -> Mapping[str, str]:
        return self.client.get_model_version(folder_name(outcome), str(version)).tags

    def experiment(self) -> str:
        """Return the experiment that runs are logged in."""
        place = (self.folder / "artefacts").resolve().as_uri()
        for experiment in self.client.search_experiments():
            if experiment.artifact_location == place:
                return experiment.experiment_id
        # the folder is new, or has been moved since the last run
        return self.client.create_experiment(f"baton {_digest(place)[:8]}", artifact_location=place)


def _content(manifest: Manifest, /) -> str:
    return _digest(manifest.text(model_file(manifest.folder).name) + manifest.text("predictor.json"))


def _digest(text: str, /) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
