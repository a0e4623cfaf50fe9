"""Windows over values that come by calendar periods hold whole periods, as many in every window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from baton.months import months_later
from features.kpis import evaluate as metrics
from features.kpis.calendar_periods import months_of_a_value

FIRST = datetime(2023, 1, 1)


def rows(length: int = 1, count: int = 24, kpi: str = "kept") -> list[dict[str, Any]]:
    """The value of each period is its number."""
    bounds = [months_later(FIRST, length * at) for at in range(count + 1)]
    return [
        {"unit": "team", "unit_id": "t", "from": bounds[at], "to": bounds[at + 1], "kpi": kpi, "value": float(at)}
        for at in range(count)
    ]


def test_a_window_of_thirty_days_is_the_last_month_on_whatever_day_it_ends(make_warehouse: Any, make_kpi: Any) -> None:
    warehouse = make_warehouse({"measures": rows()})
    kept = make_kpi("kept", source="measures", expr="value", grains=["team"])
    moments = [datetime(2023, 6, 1) + timedelta(days=day) for day in range(400)]
    found = metrics.evaluate(warehouse, [kept], "team", moments, [7, 30, 90]).to_pyarrow().to_pandas()
    found = found.sort_values("as_of").set_index("as_of")
    last = (found.index.year - 2023) * 12 + found.index.month - 2  # the month before the one that a day is in
    assert len(found) == len(moments)
    assert set(found["kept__n"]) == {3}  # by days it was two, three or four
    pd.testing.assert_series_equal(found["kept__30d"], pd.Series(last, found.index, float), check_names=False)
    assert (found["kept__7d"] == found["kept__30d"]).all()
    assert (found["kept__90d"] == found["kept__30d"] - 1).all()
    assert set(found["kept__trend"]) == {1.0}


def test_quarters_and_months_in_one_table_have_windows_of_their_own(make_warehouse: Any, make_kpi: Any) -> None:
    warehouse = make_warehouse({"measures": [*rows(), *rows(3, 8, "asked")]})
    kpis = [make_kpi(name, source="measures", expr="value", grains=["team"]) for name in ("kept", "asked")]
    assert months_of_a_value(warehouse, kpis) == {"kept": 1, "asked": 3}
    moments = [datetime(2024, 5, 15), datetime(2024, 6, 30)]
    found = metrics.evaluate(warehouse, kpis, "team", moments, [30, 180]).to_pyarrow().to_pandas()
    found = found.sort_values("as_of")
    assert found["asked__30d"].tolist() == [4.0, 4.0] and found["asked__180d"].tolist() == [3.5, 3.5]
    assert found["asked__n"].tolist() == [2, 2] and found["kept__n"].tolist() == [6, 6]


@pytest.mark.parametrize("days", [1, 7, 28])
def test_windows_over_other_periods_are_of_days(make_warehouse: Any, make_kpi: Any, days: int) -> None:
    bounds = [FIRST + timedelta(days=days * at) for at in range(41)]
    given = [{"unit": "team", "unit_id": "t", "from": a, "to": b, "kpi": "kept", "value": 1.0}
             for a, b in zip(bounds, bounds[1:], strict=False)]  # fmt: skip
    kept = make_kpi("kept", source="measures", expr="value", grains=["team"])
    assert not months_of_a_value(make_warehouse({"measures": given}), [kept])
    found = metrics.evaluate(make_warehouse({"measures": given}), [kept], "team", [bounds[-1]], [56])
    assert found.to_pyarrow()["kept__n"].to_pylist() == [min(56 // days, 40)]
