"""What retraining has noted in the registry: a run with its report for each, and what comes of it per outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.errors import ArtefactError
from baton.files import read_json
from baton.outcomes import folder_name
from models.registry.champions import Registry, registry_folder
from models.registry.store import open_store

__all__ = ["Retrainings"]

_REPORT = "report.json"
_RUN = "retraining"


class Retrainings:
    """Retrainings of one company's models.

    Raises
    ------
    ArtefactError
        If no models are registered.
    """

    def __init__(self, company: Company, /) -> None:
        self.registry = Registry(company)
        self.folder = registry_folder(company)
        self._client = open_store(self.folder)

    def note(self, outcome: str, key: str, value: Any, /) -> None:
        """Note something about an outcome, such as when it was last tried."""
        self._client.set_registered_model_tag(folder_name(outcome), f"{_RUN}.{key}", json.dumps(value))

    def noted(self, outcome: str, key: str, /) -> Any:
        """Return what was noted; None where nothing was."""
        name = folder_name(outcome)
        models = self._client.search_registered_models(f"name='{name}'")
        text = models[0].tags.get(f"{_RUN}.{key}") if models else None
        return None if text is None else json.loads(text)

    def log(self, name: str, report: Mapping[str, Any], /, *, tags: Mapping[str, str]) -> str:
        """Log a retraining or a roll back as a run of its own with its report, and return the run's id."""
        run = self._client.create_run(self.registry.experiment(), run_name=name, tags={"kind": _RUN, **tags})
        run_id = str(run.info.run_id)
        for model, metrics in (report.get("figures") or {}).items():
            for metric, value in metrics.items():
                if value is not None:
                    self._client.log_metric(run_id, f"{model}.{metric}", float(value))
        for gate in report.get("gates") or ():
            if gate["value"] is not None:
                self._client.log_metric(run_id, f"gate.{gate['name']}", float(gate["value"]))
        self._client.log_dict(run_id, dict(report), _REPORT)
        self._client.set_terminated(run_id)
        return run_id

    def attach(self, outcome: str, version: int, run_id: str, /, *, passed: bool) -> None:
        """Set beside a version the run that has judged it."""
        name = folder_name(outcome)
        self._client.set_model_version_tag(name, str(version), _RUN, run_id)
        self._client.set_model_version_tag(name, str(version), "gates", "passed" if passed else "failed")

    def report(self, outcome: str, version: int, /) -> dict[str, Any]:
        """Return the report of the retraining that has judged a version.

        Raises
        ------
        ArtefactError
            If there is no such version, or no retraining has judged it.
        """
        known = [found.version for found in self.registry.versions(outcome)]
        if version not in known:
            there = ", ".join(map(str, known)) or "none"
            raise ArtefactError(f"{outcome}: no version {version}; there are {there}")
        run_id = self._client.get_model_version(folder_name(outcome), str(version)).tags.get(_RUN)
        if run_id is None:
            raise ArtefactError(f"{outcome} version {version}: no retraining has judged it, so there is no report")
        return read_json(self._place(run_id))

    def _place(self, run_id: str, /) -> Path:
        return self.folder / "artefacts" / run_id / "artifacts" / _REPORT
