"""The company file of a simulated company: what every scenario says alike, around what it says itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FileContent", "company_file"]

_BEGINNING = """\
# A simulated company of known truth (world: <<world>>); truth.json beside this file says what really matters in it.
# Run it:  baton run {this file} --out run

[company]
name = "<<name>>"
scenario = "<<scenario>>"
seed = <<seed>>
currency = "EUR"
languages = ["en", "zh"]

[tables]                       # <<systems>>
<<tables>>

"""

_END = """
[policy]                       # the defaults, written out
min_weight = 5
max_weight = 40
step = 5
max_change = 10
min_share = { customer = 30 }
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


@dataclass(frozen=True)
class FileContent:
    """What a scenario says of its company.

    Parameters
    ----------
    scenario : str
    world, title : str
        The world's id, and the company's name.
    systems : str
        From which systems the tables come.
    own : str
        From snapshots to KPIs: what the scenario says itself.
    """

    scenario: str
    world: str
    title: str
    systems: str
    own: str


def company_file(content: FileContent, seed: int, paths: Mapping[str, str], /) -> str:
    """Return a company file, ready to run.

    Parameters
    ----------
    paths : mapping of table to path
        Relative to the file.
    """
    tables = "\n".join(f'{name} = {{ path = "{path}" }}' for name, path in paths.items())
    text = _BEGINNING
    filled = {
        "world": content.world,
        "name": content.title,
        "scenario": content.scenario,
        "seed": seed,
        "systems": content.systems,
        "tables": tables,
    }
    for blank, value in filled.items():
        text = text.replace(f"<<{blank}>>", str(value))
    return text + content.own + _END
