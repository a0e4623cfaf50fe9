"""Champion and challenger are compared on rows that neither has learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.training.table import TrainingTable
from models.retraining.rows import fingerprint, hashes_of, newest_label, unseen_rows


def table(*, temporal: bool = True, months: int = 8, units: int = 30) -> TrainingTable:
    as_of = pd.date_range("2025-01-01", periods=months, freq="MS").repeat(units)
    unit = [f"c{number}" for number in range(units)] * months
    frame = pd.DataFrame({"unit_id": unit, "as_of": as_of, "label": 0.0, "group": unit, "visits": 1.0})
    if not temporal:
        frame["as_of"] = pd.NaT
        frame["group"] = frame["unit_id"] = [f"c{number}" for number in range(len(frame))]
    return TrainingTable(
        outcome="churn",
        kind="probability",
        unit="customer",
        frame=frame,
        features=("visits",),
        kpi_of={},
        latest=None if not temporal else frame["as_of"].max(),
        temporal=temporal,
        horizon_days=31,
    )


def test_labels_of_the_champions_last_rows_are_over_before_it_is_compared() -> None:
    rows = table()
    unseen = unseen_rows(rows, {"to": "2025-03-01T00:00:00"}, None)
    first = rows.labelled["as_of"][unseen.rows].min()
    assert (unseen.known, first) == (True, pd.Timestamp("2025-04-01"))
    for block in unseen.blocks(rows, 3, 7):
        trained, tested = rows.labelled["as_of"][block.train], rows.labelled["as_of"][block.test]
        assert trained.max() + pd.Timedelta(days=31) <= tested.min()


def test_each_row_is_in_one_block_whatever_the_number_of_origins() -> None:
    rows = table()
    unseen = unseen_rows(rows, {"to": "2025-02-01T00:00:00"}, None)
    for origins in (1, 2, 3, 12):
        blocks = unseen.blocks(rows, origins, 7)
        assert (np.sum([block.test for block in blocks], axis=0) == unseen.rows).all()
        assert len(blocks) == min(origins, 5)


def test_without_time_units_that_the_champion_has_seen_are_left_out() -> None:
    old, now = table(temporal=False, months=4), table(temporal=False, months=6)
    unseen = unseen_rows(now, {"to": None}, hashes_of(old))
    assert unseen.rows.tolist() == [False] * 120 + [True] * 60
    blocks = unseen.blocks(now, 3, 7)
    assert len(blocks) == 5
    assert (np.sum([block.test for block in blocks], axis=0) == unseen.rows).all()
    assert not any((block.train & block.test).any() for block in blocks)


@pytest.mark.parametrize("temporal", [True, False])
def test_nothing_is_new_where_it_is_not_recorded_what_was_learned_from(temporal: bool) -> None:
    unseen = unseen_rows(table(temporal=temporal), {"to": None}, None)
    assert (unseen.known, unseen.rows.any()) == (False, False)


def test_units_of_a_table_with_time_are_not_hashed() -> None:
    assert hashes_of(table()) is None
    assert newest_label(table()) == pd.Timestamp("2025-08-01")
    assert newest_label(table(temporal=False)) is None


def test_a_fingerprint_changes_with_any_value() -> None:
    one, other = table(), table()
    assert fingerprint(one) == fingerprint(other)
    other.frame.loc[3, "visits"] = 2.0
    assert fingerprint(one) != fingerprint(other)
