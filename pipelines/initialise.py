"""Start a company: write a commented company file and an empty catalogue."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import baton
from baton.catalogue.load import available_presets
from baton.contract.source_words import matters_first, table_words
from baton.contract.sources import TABLES
from baton.errors import CompanyFileError, OutputError
from baton.files import write_atomically
from baton.nearest import did_you_mean

__all__ = ["SCENARIOS", "initialise"]

SCENARIOS = ("service", "product", "b2b")
"""What a company may start from."""

_SWITCHED_ON = frozenset({"customers", "cases", "employees"})  # without files beside it, the file names these
_ENDINGS = (".csv", ".parquet", ".xlsx")  # the first that is there is taken
_TABLE = re.compile(r"([a-z_]+) *= *\{ path")
_TEMPLATES = Path(baton.__file__).parent / "templates"


def initialise(folder: Path, scenario: str = "service") -> list[Path]:
    """Write ``company.toml`` and ``kpis.toml`` into a folder; nothing that is there is overwritten.

    Where the folder holds files named like tables (``cases.csv``), these are switched on and the others off, as is
    leaving where no table records it.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    scenario : str
        The KPI preset to start from.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    CompanyFileError
        If there is no preset for the scenario.
    OutputError
        If one of the files is there already, or the folder cannot be written.
    """
    # a preset without a scenario (internal customers) is named beside one, under [kpis] presets
    presets = [name for name in SCENARIOS if name in available_presets()]
    if scenario not in presets:
        raise CompanyFileError(
            f"scenario {scenario!r}: there is no preset for it in this version{did_you_mean(scenario, presets)}"
        )
    targets = [folder / "company.toml", folder / "kpis.toml"]
    for target in targets:
        if target.exists():
            raise OutputError(f"{target}: is there already and stays as it is; choose another folder")
    for target in targets:
        text = (_TEMPLATES / target.name).read_text(encoding="utf-8")
        if target.name == "company.toml":
            chosen = json.dumps(scenario)
            text = text.replace('scenario = "service" ', f"scenario = {chosen} ").replace(
                'presets = ["service"] ', f"presets = [{chosen}] "
            )
            text = text.replace("[tables]\n", f"[tables]\n{_tables(scenario)}", 1)
            text = _of_what_is_there(text, folder)
        with write_atomically(target, hint="free space or choose another folder") as temporary:
            temporary.write_text(text, encoding="utf-8")
    return targets


def _tables(scenario: str, /) -> str:
    """Return an entry for each table, what matters most in the scenario first, below what it needs and may have."""
    first = matters_first(scenario)
    lines = []
    for name in (*first, *(other for other in TABLES if other not in first)):
        spec, words = TABLES[name], table_words()[name]
        needs = _wrapped(f"needs {', '.join(_named(name, column) for column in spec.required)}")
        others = [_named(name, column) for column in spec.names if column not in spec.required]
        has = _wrapped(f"can have {', '.join(others)}") if others else []
        entry = f'{name} = {{ path = "{name}.csv" }}'
        lines += [f"# -- {name}: {words.brings['en']}", *needs, *has]
        lines.append(entry if name in _SWITCHED_ON else f"# {entry}")
    return "\n".join(lines) + "\n"


def _named(table: str, column: str, /) -> str:
    words = table_words()[table].columns[column].words
    if words == ("journey",):
        words = ("consultation", "delivery", "use", "renewal")
    return f"{column} ({' | '.join(words)})" if words else column


def _wrapped(text: str, /) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent="#    ", subsequent_indent="#      ")


def _of_what_is_there(text: str, folder: Path, /) -> str:
    """Switch on the tables whose files lie in the folder, and off what they cannot bear; without any, leave all."""
    files = {path.name.lower(): path.name for path in folder.iterdir()} if folder.is_dir() else {}
    there = {name: files[f"{name}{end}"] for end in reversed(_ENDINGS) for name in TABLES if f"{name}{end}" in files}
    if not there:
        return text
    lines, section = [], ""
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        section = bare.split("]")[0] + "]" if bare.startswith("[") else section
        entry = _TABLE.match(bare)
        if section == "[tables]" and entry is not None and entry[1] in TABLES:
            name = entry[1]
            bare = bare.replace(f'"{name}.csv"', json.dumps(there.get(name, f"{name}.csv")))
            line = bare if name in there else f"# {bare}"
        elif section == "[outcomes.churn]" and not {"customers", "activity"} & set(there) and line.strip():
            line = f"# {bare}"
        elif section == "[outcomes.churn]" and bare.startswith("rule") and "customers" not in there:
            line = bare.replace('"left_at"', '"inactive"', 1)
        lines.append(line)
    return "\n".join(lines) + "\n"
