"""What a cause's KPIs are measured by is read off today's cards, not off planned or old ones."""

from __future__ import annotations

from datetime import datetime

import ibis

from features.staging.warehouse import Warehouse
from pipelines.complaints.about import _on_cards


def test_only_cards_in_force_measure_something() -> None:
    engine = ibis.duckdb.connect(threads=1)
    run = engine.con.execute
    run("CREATE TABLE cases AS SELECT 'k' AS case_id, TIMESTAMP '2024-06-30 10:00' AS opened_at").fetchall()
    run(
        "CREATE TABLE scorecards AS SELECT 't' AS team_id, NULL::VARCHAR AS role, 100.0 AS weight, * FROM (VALUES "
        "('old', TIMESTAMP '2023-01-01'), ('now', TIMESTAMP '2024-01-01'), ('planned', TIMESTAMP '2025-01-01')"
        ") AS v(kpi, valid_from)"
    ).fetchall()
    tables = {name: engine.table(name) for name in ("cases", "scorecards")}
    warehouse = Warehouse(tables, {}, {"cases": datetime(2024, 6, 30, 10)})
    assert _on_cards(warehouse) == {"now"}
