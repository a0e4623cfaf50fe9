"""The company file of a simulated product company, and the causal roles that its truth uses."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.engine.company_file import FileContent
from simulation.engine.company_file import company_file as filled
from simulation.scenarios.product.settings import ProductWorld
from simulation.scenarios.product.story import SUPPORT_LEVERS

__all__ = ["company_file", "roles"]

_SYSTEMS = "four systems: CRM, the product's own log, service desk, HR"
_OWN = """\
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
    return filled(FileContent("product", world.name, world.title, _SYSTEMS, _OWN), seed, paths)


def roles(world: ProductWorld, /) -> dict[str, str]:
    """Return the true causal role of every KPI that the company has."""
    found = dict.fromkeys((*world.levers, *SUPPORT_LEVERS, "mandatory_training"), "lever")
    return (
        found | dict.fromkeys(_MEDIATORS, "mediator") | dict.fromkeys(_REPORTING, "outcome") | {"occupancy": "context"}
    )
