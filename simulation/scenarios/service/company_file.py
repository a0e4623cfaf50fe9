"""The company file of a simulated company, and the causal roles that its truth uses."""

from __future__ import annotations

import json
from collections.abc import Mapping

from simulation.scenarios.service.settings import World
from simulation.scenarios.service.truth import DUTIES, ECHOES

__all__ = ["company_file", "roles"]

_TEXT = """\
# A simulated company of known truth (world: {world}); truth.json beside this file says what really matters in it.
# Run it:  baton run {{this file}} --out run

[company]
name = "{name}"
scenario = "service"
seed = {seed}
currency = "EUR"
languages = ["en", "zh"]

[tables]                       # three systems: CRM, service desk, HR
{tables}

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

[policy]                       # the defaults, written out
min_weight = 5
max_weight = 40
step = 5
max_change = 10
min_share = {{ customer = 30 }}
outcome_max = 30
min_group = 5
confidence = 0.8
false_moves = 0.05
cycle_days = 90
risk_aversion = 1.0
fixed = ["mandatory_training"]

[privacy]
pseudonymise = true
key = "employees.key"
sensitive = ["absence_days", "overtime_hours", "hours"]
protected = ["gender", "birth_year"]
"""


def company_file(world: World, seed: int, paths: Mapping[str, str], /) -> str:
    """Return the company file, ready to run.

    Parameters
    ----------
    paths : mapping of table to path
        Relative to the file.
    """
    tables = "\n".join(f'{name} = {{ path = "{path}" }}' for name, path in paths.items())
    presets = json.dumps(world.presets)
    return _TEXT.format(world=world.name, name=world.title, seed=seed, tables=tables, presets=presets)


def roles(world: World, /) -> dict[str, str]:
    """Return the true causal role of every KPI that the company has."""
    found = {kpi: str(lever.role) for kpi, lever in world.levers.items()} | dict.fromkeys(ECHOES, "outcome")
    return found | dict.fromkeys(DUTIES, "lever") | {"occupancy": "context"}
