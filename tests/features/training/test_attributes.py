"""Numbers become features in which the order of adding cannot be seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.training.attributes import as_feature


@pytest.mark.parametrize("exact", [26.006875, 0.00123456785, 1234567.5, -17.435625])
def test_an_exact_half_in_the_eighth_digit_goes_one_way_whatever_the_last_digit_of_the_sum(exact: float) -> None:
    around = [
        exact,
        np.nextafter(exact, np.inf),
        np.nextafter(exact, -np.inf),
        exact * (1 + 4e-16),
        exact * (1 - 4e-16),
    ]
    assert as_feature(pd.Series(around)).nunique() == 1


def test_seven_digits_are_kept() -> None:
    assert as_feature(pd.Series([1.23456789, 9876543.21, 0.0, np.inf])).tolist()[:3] == [1.234568, 9876543.0, 0.0]
    assert as_feature(pd.Series([np.inf, np.nan])).isna().all()
