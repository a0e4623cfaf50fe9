"""The company file of a simulated B2B company, and the causal roles that its truth uses."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.engine.company_file import FileContent
from simulation.engine.company_file import company_file as filled
from simulation.scenarios.b2b.settings import B2bWorld
from simulation.scenarios.b2b.story import ECHOES, HORIZON_DAYS

__all__ = ["company_file", "roles"]

_SYSTEMS = 'CRM, project office, HR; suppliers are teams of the department "suppliers"'
_OWN = """\
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
"""


def company_file(world: B2bWorld, seed: int, paths: Mapping[str, str], /) -> str:
    """Return the company file, ready to run.

    Parameters
    ----------
    paths : mapping of table to path
        Relative to the file.
    """
    own = _OWN.format(horizon_days=HORIZON_DAYS)
    return filled(FileContent("b2b", world.name, world.title, _SYSTEMS, own), seed, paths)


def roles(world: B2bWorld, /) -> dict[str, str]:
    """Return the true causal role of every KPI that the company has."""
    roles = dict.fromkeys(world.levers, "lever") | dict.fromkeys(ECHOES, "outcome")
    return roles | {"mandatory_training": "lever", "occupancy": "context", "supplier_complaint_share": "mediator"}
