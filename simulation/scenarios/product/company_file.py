"""The company file of a simulated product company, and the causal roles that its truth uses."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.scenarios.product.settings import ProductWorld
from simulation.scenarios.product.story import SUPPORT_LEVERS

__all__ = ["company_file", "roles"]

_TEXT = """\
# A simulated company of known truth (world: {world}); truth.json beside this file says what really matters in it.
# Run it:  baton run {{this file}} --out run

[company]
name = "{name}"
scenario = "product"
seed = {seed}
currency = "EUR"
languages = ["en", "zh"]

[tables]                       # four systems: CRM, the product's own log, service desk, HR
{tables}

[snapshots]
every = "1mo"
windows_days = [7, 30, 90]
horizon_days = 90
gap_days = 0

[outcomes.churn]
rule = "left_at"

[[outcomes.decline]]           # whose new functions will fewer customers take into use?
unit = "team"
metric = "new_function_adoption"
horizon_days = 60
drop_sd = 0.1
min_cases = 40

[[outcomes.decline]]
unit = "team"
metric = "setup_completion_rate"
horizon_days = 60
drop_sd = 0.1
min_cases = 30

[[outcomes.decline]]
unit = "employee"
metric = "csat"
horizon_days = 60
drop_sd = 0.25
min_cases = 8

[text]
model = "auto"
labels = "root_cause"

[kpis]
presets = ["product"]

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

_REPORTING = ("csat", "nps", "quality_score")
_MEDIATORS = (
    "active_users", "active_days", "use_hours", "key_function_frequency", "function_depth", "errors_met",
    "first_week_loss", "first_value_hours", "recurring_revenue", "expansion_revenue",
)  # fmt: skip


def company_file(world: ProductWorld, seed: int, paths: Mapping[str, str], /) -> str:
    """Return the company file, ready to run.

    Parameters
    ----------
    paths : mapping of table to path
        Relative to the file.
    """
    tables = "\n".join(f'{name} = {{ path = "{path}" }}' for name, path in paths.items())
    return _TEXT.format(world=world.name, name=world.title, seed=seed, tables=tables)


def roles(world: ProductWorld, /) -> dict[str, str]:
    """Return the true causal role of every KPI that the company has."""
    found = dict.fromkeys((*world.levers, *SUPPORT_LEVERS, "mandatory_training"), "lever")
    return (
        found | dict.fromkeys(_MEDIATORS, "mediator") | dict.fromkeys(_REPORTING, "outcome") | {"occupancy": "context"}
    )
