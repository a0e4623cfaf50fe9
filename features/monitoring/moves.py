"""How many people work for another team than before: the sign of a re-organisation in the cases themselves."""

from __future__ import annotations

import ibis

from features.monitoring.series import PERIOD, Series, in_periods
from features.staging.warehouse import Warehouse

__all__ = ["moves"]


def moves(warehouse: Warehouse, rows_of_cases: Series, /) -> Series | None:
    """Return the share of people whose cases are mostly another team's than two periods of their work before.

    Two, since a change must last two periods to be an alarm: beside the period just before, a move is over by the next.

    Parameters
    ----------
    rows_of_cases : Series
        Gives the periods.

    Returns
    -------
    Series or None
        None where cases have no people or teams.
    """
    if not warehouse.has("cases", "opened_at", "employee_id", "team_id"):
        return None
    periods = rows_of_cases.periods
    cases = warehouse["cases"]
    cases = cases.filter(cases["employee_id"].notnull() & cases["team_id"].notnull())
    cases = in_periods(cases, "opened_at", periods)
    mostly = cases.group_by([PERIOD, "employee_id", "team_id"]).aggregate(n=cases.count())
    mostly = mostly.group_by([PERIOD, "employee_id"]).aggregate(team=mostly["team_id"].argmax(mostly["n"]))
    before = ibis.window(group_by="employee_id", order_by=PERIOD)
    moved = mostly.mutate(before=mostly["team"].lag(2).over(before)).filter(ibis._["before"].notnull())
    found = moved.group_by(PERIOD).aggregate(
        n=moved.count(), share=(moved["team"] != moved["before"]).cast("float64").mean()
    )
    table = found.to_pandas().set_index(PERIOD).reindex(range(len(periods.begins)))
    table = table.astype(float)
    n = table["n"].fillna(0).to_numpy()
    return Series("people", "team_id", "share", "moved", periods, table["share"].to_numpy(), n)
