"""One step back: the champion before answers again, in the registry and in the run's folder."""

from __future__ import annotations

import shutil

from baton.company import Company
from baton.errors import ArtefactError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.messages.message import Message
from models.registry.retrainings import Retrainings
from pipelines.retraining.install import install, registered, scratch_of
from pipelines.retraining.retrain import Retrained, opened_chain, retraining_lock

__all__ = ["roll_back"]


@hides_filled_in
def roll_back(
    company: Company, folder: RunFolder, outcome: str = "", *, champion: int | None = None
) -> list[Retrained]:
    """Undo the last promotion, and log it.

    Parameters
    ----------
    outcome : str
        The outcome to go back for; empty: all whose champion a retraining has promoted.
    champion : int, optional
        The version that was seen to be champion, so that what is asked for twice is done once.

    Raises
    ------
    ArtefactError
        If nothing was promoted, there is no champion before, another is champion than was seen, or files are gone or
        changed.
    OutputError
        If a run or a retraining is writing.
    """
    log = Retrainings(company)
    asked = [outcome] if outcome else _promoted(log)
    if not asked:
        raise ArtefactError(
            f"{log.folder}: no champion of today was promoted by a retraining; name an outcome with --outcome, "
            "or see `baton models list`"
        )
    chain = opened_chain(company, folder, lambda *_: None)
    done, chosen = [], {}
    with retraining_lock(company), chain.ledger.locked():
        for name in asked:
            before = log.registry.champion(name)
            if champion is not None and (before is None or before.version != champion):
                now = "none" if before is None else f"version {before.version}"
                raise ArtefactError(f"{name}: version {champion} is no longer champion, {now} is; nothing was changed")
            version = log.registry.rollback(name)
            chosen[name] = registered(log, name, version)
            log.note(name, "promoted", None)
            log.note(name, "shadow", None)
            old = None if before is None else before.version
            why = Message("retraining.rolled_back", {"outcome": name, "old": old or "", "version": version})
            found = Retrained(name, "rolled_back", (why,), version, old)
            log.log(f"roll back {name}", found.as_json(), tags={"outcome": name, "status": found.status})
            done.append(found)
        try:
            install(folder, chain.ledger, chosen)
        finally:
            shutil.rmtree(scratch_of(folder).path, ignore_errors=True)
    return done


def _promoted(log: Retrainings, /) -> list[str]:
    champions = [known for known in log.registry.versions() if known.alias == "champion"]
    return [known.outcome for known in champions if log.noted(known.outcome, "promoted") == known.version]
