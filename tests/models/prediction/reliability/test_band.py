"""The range of a chance holds the share of events among rows of its score; what is unlike anything seen is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.prediction.encoding import Encoding
from models.prediction.reliability.band import Band, fit_band
from models.prediction.reliability.unlike import Familiar, learn_familiar


def made(rows: int, seed: int, slope: float = 1.0, each: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chances as predicted, what came (with ``slope`` times the log-odds), and groups."""
    random = np.random.default_rng(seed)
    score = random.normal(-1.5, 1.0, rows)
    label = (random.random(rows) < 1 / (1 + np.exp(-slope * score))).astype(float)
    chance = 1 / (1 + np.exp(-score))
    return np.repeat(chance, each), np.repeat(label, each), np.repeat(np.arange(rows), each)


@pytest.mark.parametrize("slope", [1.0, 0.7])
def test_the_range_holds_the_true_share_at_least_as_often_as_it_says_and_is_no_wider_than_useful(slope: float) -> None:
    held, widths, asked = [], [], np.array([0.03, 0.1, 0.2, 0.4, 0.6])
    true = 1 / (1 + ((1 - asked) / asked) ** slope)
    for seed in range(60):
        band = fit_band(*made(800, seed, slope))
        assert band is not None
        low, high = band.ends(asked)
        held.append((low <= true) & (true <= high))
        widths.append((high - low)[2])
    assert np.mean(held) >= 0.88
    assert np.mean(widths) < 0.16


def test_the_range_is_wide_where_little_was_seen_and_the_chance_lies_within() -> None:
    few, many = fit_band(*made(200, 0)), fit_band(*made(20_000, 0))
    assert few is not None and many is not None
    asked = np.array([0.01, 0.1, 0.3, 0.9])
    for band in (few, many):
        low, high = band.ends(asked)
        assert ((low <= asked) & (asked <= high)).all()
    widths = [np.subtract(*reversed(band.ends(asked))) for band in (few, many)]
    assert (widths[0] > 3 * widths[1])[:3].all()


def test_rows_of_one_customer_make_the_range_no_narrower() -> None:
    once, often = fit_band(*made(400, 0)), fit_band(*made(400, 0, each=5))
    assert once is not None and often is not None
    asked = np.array([0.1, 0.3])
    widths = [np.subtract(*reversed(band.ends(asked))) for band in (once, often)]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_what_differs_from_snapshot_to_snapshot_widens_the_range() -> None:
    chance, label, group = made(20_000, 0)
    alike, differing = fit_band(chance, label, group), fit_band(chance, label, group, 0.3**2)
    assert alike is not None and differing is not None
    asked = np.array([0.2])
    assert np.subtract(*reversed(differing.ends(asked))) > 2 * np.subtract(*reversed(alike.ends(asked)))


def test_too_few_events_give_no_range_and_a_range_that_is_kept_comes_back() -> None:
    assert fit_band(np.full(100, 0.05), np.r_[np.ones(9), np.zeros(91)], np.arange(100)) is None
    band = fit_band(*made(400, 0))
    assert band is not None
    assert Band.from_json(band.to_json()) == band
    with pytest.raises(ValueError, match="cannot be"):
        Band.from_json({**band.to_json(), "between": float("inf")})


def rows(count: int, seed: int, each: int = 3) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(count, 20)), columns=[f"f{n}" for n in range(20)])
    frame["plan"] = pd.Categorical(random.choice(["gold", "plain", "basic"], count))
    return frame.assign(group=[f"c{n // each}" for n in range(count)], as_of=pd.Timestamp("2025-01-01"))


def learned(frame: pd.DataFrame) -> tuple[Familiar, Encoding]:
    encoding = Encoding.learn(frame, [*frame.columns.drop(["group", "as_of"])])
    return learn_familiar(frame, encoding), encoding


@pytest.mark.parametrize("count", [300, 3000])
def test_of_rows_like_those_seen_about_one_in_a_hundred_is_called_unlike(count: int) -> None:
    alarms = []
    for seed in range(10):
        familiar, encoding = learned(rows(count, seed))
        alarms.append(np.mean([bool(names) for names in familiar.unlike(rows(1000, 100 + seed), encoding)]))
    assert np.mean(alarms) < 0.02


def test_what_lies_far_beyond_the_range_or_is_a_new_category_is_named_the_furthest_first() -> None:
    familiar, encoding = learned(rows(600, 0))
    odd = rows(3, 1)
    odd.loc[0, ["f3", "f7"]] = [9.0, 40.0]
    odd["plan"] = odd["plan"].astype("object")
    odd.loc[1, "plan"] = "platinum"
    odd.loc[2, ["f3", "plan"]] = [np.nan, None]
    assert familiar.unlike(odd, encoding) == [["f7", "f3"], ["plan"], []]


def test_a_little_more_than_ever_is_not_unlike_since_time_goes_on() -> None:
    frame = rows(600, 0)
    frame["tenure_days"] = np.linspace(0, 1000, 600)
    familiar, encoding = learned(frame)
    later = rows(1, 1).assign(tenure_days=1060.0)
    later[[f"f{n}" for n in range(20)]] = 0.0
    assert familiar.unlike(later, encoding) == [[]]
    assert familiar.unlike(later.assign(tenure_days=2000.0), encoding) == [["tenure_days"]]
    assert Familiar.from_json(familiar.to_json()) == familiar


def test_what_goes_beyond_with_time_is_not_held_against_single_customers() -> None:
    months = [
        rows(200, month).assign(as_of=pd.Timestamp("2025-01-01") + pd.Timedelta(days=30 * month)) for month in range(6)
    ]
    frame = pd.concat(months, ignore_index=True)
    frame["tenure_days"] = np.random.default_rng(0).uniform(0, 1, len(frame)) * 30 * (frame.index // 200 + 1)
    familiar, encoding = learned(frame)
    assert familiar.growing == ("tenure_days",)
    later = rows(200, 9).assign(tenure_days=400.0)
    assert np.mean([bool(names) for names in familiar.unlike(later, encoding)]) < 0.05
    assert familiar.unlike(later.assign(f3=20.0), encoding)[0][0] == "f3"
    assert Familiar.from_json(familiar.to_json()) == familiar
