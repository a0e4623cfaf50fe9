"""What retraining has noted in the registry: a run with its report for each, and what comes of it per outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.errors import ArtefactError
from baton.files import owner_only, read_json, write_json
from baton.outcomes import folder_name
from models.registry.champions import Registry, registry_folder

__all__ = ["Retrainings", "Tried", "newest_retrainings"]

_REPORT = "report.json"
_RUN = "retraining"


@dataclass(frozen=True)
class Tried:
    """The newest retraining or roll back of an outcome.

    Parameters
    ----------
    run_id : str
        Of the run in MLflow that has the whole report.
    at : datetime
        UTC without zone.
    report : mapping
        As ``Retrained.as_json``: status, why, champion, challenger, gates, figures, origins.
    """

    run_id: str
    at: datetime
    report: Mapping[str, Any]

    @property
    def in_shadow(self) -> bool:
        """Whether a challenger has predicted beside the champion since."""
        return self.report.get("status") == "shadow"


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
        self._client = self.registry.client

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
        """Log a retraining or a roll back as a run of its own with its report, and return the run's id.

        Of each outcome the newest lies beside the registry too, to be read without it.
        """
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
        at = datetime.fromtimestamp(run.info.start_time / 1000, UTC).replace(tzinfo=None)
        place = _newest(self.folder) / f"{folder_name(str(report['outcome']))}.json"
        with owner_only():
            place.parent.mkdir(exist_ok=True)
            write_json(place, {"run_id": run_id, "at": at.isoformat(timespec="seconds"), "report": dict(report)})
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


def newest_retrainings(company: Company, /) -> dict[str, Tried]:
    """Return the newest retraining or roll back of each outcome, without opening the registry.

    Raises
    ------
    ArtefactError
        If a file is none that retraining has left.
    """
    found = {}
    for path in sorted(_newest(registry_folder(company)).glob("*.json")):
        kept = read_json(path)
        try:
            tried = Tried(str(kept["run_id"]), datetime.fromisoformat(kept["at"]), dict(kept["report"]))
            found[str(tried.report["outcome"])] = tried
        except (KeyError, TypeError, ValueError) as error:
            raise ArtefactError(
                f"{path}: this is not what retraining has left ({error}); remove it, and the next retraining of the "
                "outcome writes it again"
            ) from error
    return found


def _newest(folder: Path, /) -> Path:
    return folder / "retrainings"
