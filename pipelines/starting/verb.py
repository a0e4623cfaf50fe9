"""``baton init --from``: look at exports, guess what they are, write a company file, check it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from baton.errors import CompanyFileError, OutputError, SourceError
from baton.files import write_atomically
from baton.nearest import did_you_mean
from features.ingest.table_files import is_table_file
from features.mapping.exports import locked_connection, looks_of_database, looks_of_folder
from features.mapping.guesses import why_no_table
from features.mapping.lines import TablePlan
from features.mapping.looks import Look
from features.mapping.meaning import with_meanings
from features.mapping.plans import plans_for
from features.mapping.wide.tables import OF_EVENTS, why_not_wide
from features.quality.faults import CheckReport
from pipelines.initialise import SCENARIOS
from pipelines.starting.company_text import company_text, missing

__all__ = ["Guessed", "Started", "guess", "start_from"]


@dataclass(frozen=True)
class Guessed:
    """What exports seem to be.

    Parameters
    ----------
    target : Path
        The company file that is to be written.
    exports : str
        Where they lie.
    looks : tuple of Look
        All that was looked at.
    trouble : tuple of str
        What could not be read, with the reason.
    """

    target: Path
    exports: str
    plans: tuple[TablePlan, ...]
    looks: tuple[Look, ...]
    trouble: tuple[str, ...]

    def with_plans(self, plans: Sequence[TablePlan], /) -> Guessed:
        """Return it with other plans, as somebody corrected them."""
        return replace(self, plans=tuple(plans))


@dataclass(frozen=True)
class Started:
    """What was found and written.

    Parameters
    ----------
    company : Path
        The company file.
    unused : tuple of str
        Exports that are no table of the contract, or say nothing that is not known.
    trouble : tuple of str
        Exports that could not be read, with the reason.
    missing : tuple of str
        What is not there, and what it would bring.
    report : CheckReport
        What ``baton validate`` says of it.
    """

    company: Path
    plans: tuple[TablePlan, ...]
    unused: tuple[str, ...]
    trouble: tuple[str, ...]
    missing: tuple[str, ...]
    report: CheckReport


def guess(folder: Path, exports: str, *, progress: Callable[[str, int, int], None] | None = None) -> Guessed:
    """Look at exports and guess what they are; nothing is written.

    Parameters
    ----------
    folder : Path
        Where the company file is to lie.
    exports : str
        A folder, a file, or the address of a database (``postgres://…``).
    progress : callable, optional
        Called with step, done and total.

    Raises
    ------
    OutputError
        If there is a company file already.
    SourceError
        If there is nothing to look at, or nothing of it is a table of the contract.
    """
    target = folder / "company.toml"
    if target.exists():
        raise OutputError(f"{target}: is there already and stays as it is; choose another folder")
    source = None if "://" in exports else Path(exports)
    if source is not None and not source.exists():
        raise SourceError(f"{source}: no such file or folder; name the folder of the exports, or a database's address")
    announce = (lambda file: progress(f"look at {file}", 0, 0)) if progress is not None else None
    with tempfile.TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True) as scratch:
        connection = locked_connection(_files(source), Path(scratch))
        try:
            if source is None:
                looks, trouble = looks_of_database(exports, connection, progress=announce)
            else:
                looks, trouble = looks_of_folder(source, connection, Path(scratch), progress=announce)
            looks = _read(looks)
            plans = plans_for(looks, connection)
        finally:
            connection.close()
    if not plans:
        seen = _listed(looks) or "; ".join(trouble) or "there is no table"
        raise SourceError(
            f"{exports}: nothing there looks like a table of the contract ({seen}); `baton init` without --from writes "
            "a commented file to fill in"
        )
    return Guessed(target, exports, tuple(plans), tuple(looks), tuple(trouble))


def start_from(
    guessed: Guessed,
    *,
    scenario: str | None = None,
    name: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Started:
    """Write the company file of guesses, and check it.

    Parameters
    ----------
    scenario : str, optional
        The KPI preset to start from; announce by the tables if not given.
    name : str, optional
        Of the company; the folder's if not given.
    progress : callable, optional
        Called with step, done and total.

    Raises
    ------
    CompanyFileError
        If there is no preset for the scenario.
    OutputError
        If the file cannot be written.
    """
    if scenario is not None and scenario not in SCENARIOS:
        raise CompanyFileError(f"scenario {scenario!r}: there is no such preset{did_you_mean(scenario, SCENARIOS)}")
    target, plans = guessed.target, list(guessed.plans)
    is_url = "://" in guessed.exports
    source = Path(guessed.exports)
    base = None if is_url else source.parent if source.is_file() else source
    text = company_text(
        plans,
        (target.parent, base),
        name or target.parent.resolve().name,
        scenario or _scenario(plans),
        guessed.exports if is_url else None,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(target, hint="free space or choose another folder") as temporary:
        temporary.write_text(text, encoding="utf-8")
    if progress is not None:
        progress("validate", 0, 0)
    unused = _unused(list(guessed.looks), plans)
    return Started(target, guessed.plans, unused, guessed.trouble, tuple(missing(plans)), _checked(target))


def _read(looks: list[Look], /) -> list[Look]:
    """Return looks whose headings an encoder has read, for words that no list knows; unchanged where there is none."""
    from models.encoders.encoders import MULTILINGUAL
    from models.encoders.packaged import packaged_encoder

    try:
        encoder = packaged_encoder(MULTILINGUAL)
    except CompanyFileError:
        return looks
    return with_meanings(looks, encoder.embed)


def _files(source: Path | None, /) -> list[Path]:
    if source is None:
        return []
    return [source] if source.is_file() else [path for path in source.rglob("*") if is_table_file(path)]


def _checked(target: Path, /) -> CheckReport:
    from baton.catalogue.kpi_names import open_company
    from pipelines.validate import validate

    return validate(open_company(target))


def _scenario(plans: list[TablePlan], /) -> str:
    """Return the preset that fits the tables: usage of a product, or service."""
    kinds = {
        value.casefold()
        for plan in plans
        if plan.table == "activity"
        for line in plan.lines
        if line.column == "kind" and line.source
        for value in plan.look.column(line.source).values
    }
    return "product" if kinds & {"feature_use", "login", "session", "trial"} else "service"


def _unused(looks: list[Look], plans: list[TablePlan], /) -> tuple[str, ...]:
    used = {plan.look.relation for plan in plans} | {
        look.relation for plan in plans for look in (plan.joined or {}).values()
    }
    wide = {plan.look.relation for plan in plans if plan.table in {"measures", *OF_EVENTS}}
    reasons = {look.relation: why_not_wide(look) for look in looks if look.relation not in wide}
    reasons |= {
        look.relation: why_no_table(look) for look in looks if look.relation not in used and not reasons[look.relation]
    }
    return tuple(
        f"{_where(look)}: {reasons[look.relation]}" if reasons.get(look.relation) else _where(look)
        for look in looks
        if look.relation not in used or reasons.get(look.relation)
    )


def _where(look: Look, /) -> str:
    place = look.place
    sheet = f", sheet {place['sheet']!r}" if "sheet" in place else ""
    return f"{place.get('path') or place.get('table') or look.name}{sheet}"


def _listed(looks: list[Look], /) -> str:
    reasons = (why_not_wide(look) for look in looks[:5])
    named = [f"{_where(look)}: {why}" if why else _where(look) for look, why in zip(looks, reasons, strict=False)]
    return ", ".join(named) + (" …" if len(looks) > 5 else "")
