"""The company file of a simulated company, and the causal roles that its truth uses."""

from __future__ import annotations

import json
from collections.abc import Mapping

from simulation.engine.company_file import FileContent
from simulation.engine.company_file import company_file as filled
from simulation.scenarios.service.settings import World
from simulation.scenarios.service.truth import ECHOES, MANDATORY_KPIS

__all__ = ["company_file", "roles"]

_SYSTEMS = "three systems: CRM, service desk, HR"
_OWN = """\
[snapshots]
every = "1mo"
windows_days = [7, 30, 90]
horizon_days = 90
gap_days = 0

[outcomes.churn]
rule = "left_at"

[[outcomes.decline]]           # whose customers will be less satisfied next month?
unit = "employee"
metric = "csat"
horizon_days = 60
drop_sd = 0.25
min_cases = 15

[[outcomes.decline]]
unit = "team"
metric = "first_contact_resolution"
horizon_days = 30
drop_sd = 0.1
min_cases = 20

[[outcomes.decline]]
unit = "process"
metric = "csat"
horizon_days = 30
drop_sd = 0.1
min_cases = 20

[kpis]
presets = {presets}

[text]
model = "tfidf"                # these texts are made from templates; "auto" also tries transformers, in minutes
"""


def company_file(world: World, seed: int, paths: Mapping[str, str], /) -> str:
    """Return the company file, ready to run.

    Parameters
    ----------
    paths : mapping of table to path
        Relative to the file.
    """
    own = _OWN.format(presets=json.dumps(world.presets))
    return filled(FileContent("service", world.name, world.title, _SYSTEMS, own), seed, paths)


def roles(world: World, /) -> dict[str, str]:
    """Return the true causal role of every KPI that the company has."""
    found = {kpi: str(lever.role) for kpi, lever in world.levers.items()} | dict.fromkeys(ECHOES, "outcome")
    return found | dict.fromkeys(MANDATORY_KPIS, "lever") | {"occupancy": "context"}
