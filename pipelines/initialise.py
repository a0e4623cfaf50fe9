"""Start a company: write a commented company file and an empty catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import baton
from baton.catalogue.load import available_presets
from baton.catalogue.nearest import did_you_mean
from baton.errors import CompanyFileError, OutputError
from baton.files import write_atomically

__all__ = ["SCENARIOS", "initialise"]

SCENARIOS = ("service", "product", "b2b")
"""What a company may start from."""

_TEMPLATES = Path(baton.__file__).parent / "templates"


def initialise(folder: Path, scenario: str = "service") -> list[Path]:
    """Write ``company.toml`` and ``kpis.toml`` into a folder; nothing that is there is overwritten.

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
        with write_atomically(target) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return targets
