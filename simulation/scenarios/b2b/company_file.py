"""The company file of a simulated B2B company, and the causal roles that its truth uses."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.scenarios.b2b.settings import B2bWorld
from simulation.scenarios.b2b.story import ECHOES, HORIZON_DAYS

__all__ = ["company_file", "roles"]

_TEXT = """\
# A simulated company of known truth (world: {world}); truth.json beside this file says what really matters in it.
# Run it:  baton run {{this file}} --out run

[company]
name = "{name}"
scenario = "b2b"
seed = {seed}
currency = "EUR"
languages = ["en", "zh"]

[tables]                       # CRM, project office, HR; suppliers are teams of the department "suppliers"
{tables}

[snapshots]                    # contracts run for one to three years: leaving shows at their ends
every = "1mo"
windows_days = [90, 365]
horizon_days = {horizon_days}
gap_days = 0

[outcomes.churn]
rule = "left_at"

[[outcomes.decline]]           # which supplier is about to deliver late?
unit = "team"
metric = "supplier_on_time_rate"
horizon_days = 90
drop_sd = 0.2
min_cases = 10

[kpis]
presets = ["b2b"]

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


def company_file(world: B2bWorld, seed: int, paths: Mapping[str, str], /) -> str:
    """Return the company file, ready to run.

    Parameters
    ----------
    paths : mapping of table to path
        Relative to the file.
    """
    tables = "\n".join(f'{name} = {{ path = "{path}" }}' for name, path in paths.items())
    return _TEXT.format(world=world.name, name=world.title, seed=seed, tables=tables, horizon_days=HORIZON_DAYS)


def roles(world: B2bWorld, /) -> dict[str, str]:
    """Return the true causal role of every KPI that the company has."""
    told = dict.fromkeys(world.levers, "lever") | dict.fromkeys(ECHOES, "outcome")
    return told | {"mandatory_training": "lever", "occupancy": "context", "supplier_complaint_share": "mediator"}
