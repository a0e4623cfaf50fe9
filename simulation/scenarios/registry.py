"""The kinds of company that can be simulated."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.engine.written import Live
from simulation.scenarios.b2b import company as b2b
from simulation.scenarios.product import company as product
from simulation.scenarios.service import company as service

__all__ = ["SCENARIOS", "Scenario"]


@dataclass(frozen=True)
class Scenario:
    """A kind of company that can be simulated.

    Parameters
    ----------
    live : Live
        Lives through such a company.
    customers, months : int
        What is simulated unless somebody says otherwise.
    """

    live: Live
    customers: int
    months: int


SCENARIOS = {
    "service": Scenario(service.live, 20_000, 12),
    "product": Scenario(product.live, 4_000, 18),
    "b2b": Scenario(b2b.live, 600, 48),
}
"""What ``--scenario`` takes."""
