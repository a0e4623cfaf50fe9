"""The scale of ratings: declared, or inferred from the whole column; what KPIs make of it; two scales in one column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Company, load_company
from baton.errors import CompanyFileError, TableError
from features.kpis import evaluate as metrics
from features.kpis.on_scale import on_scale
from features.quality.checks import check
from features.quality.faults import CheckReport
from features.staging.cleaned import Checked, checked
from features.staging.stage import stage

STARS = np.tile([1, 1, 2, 2, 3, 4, 4, 5, 5, 5], 30)
LOW = 0.4
"""The share of 1 and 2 among the stars."""

START = datetime(2025, 1, 1)


def written(
    folder: Path, ratings: Sequence[object], *, options: str = "", settings: str = "", channel: str = "phone"
) -> Path:
    """Write a company of one team whose ratings follow each other day by day."""
    lines = [
        f"K{n},{START + timedelta(hours=6 * n)},{START + timedelta(hours=6 * n + 1)},T1,{channel},{rating}"
        for n, rating in enumerate(ratings)
    ]
    (folder / "cases.csv").write_text("case_id,opened_at,closed_at,team_id,channel,csat\n" + "\n".join(lines))
    (folder / "company.toml").write_text(
        f'[tables]\ncases = {{ path = "cases.csv"{options} }}\n{settings}\n', encoding="utf-8"
    )
    return folder / "company.toml"


def report_of(path: Path, catalogue: Catalogue | None = None) -> CheckReport:
    company = load_company(path)
    return check(company, load_catalogue(company) if catalogue is None else catalogue)


def value_of(path: Path, kpi_id: str) -> float:
    company = load_company(path)
    catalogue = load_catalogue(company)
    with checked(company, catalogue) as found:
        return mean_of(found, catalogue[kpi_id])


def mean_of(found: Checked, kpi: Kpi) -> float:
    assert found.warehouse is not None
    return float(metrics.case_values(found.warehouse, [kpi])[f"kpi:{kpi.id}"].mean().to_pyarrow().as_py())


def words(*by_star: str) -> list[str]:
    return [by_star[star - 1] for star in STARS]


SCALES = {
    "1 to 5": (STARS, (1, 5)),
    "1 to 7": (np.round(1 + (STARS - 1) * 1.5), (1, 7)),
    "0 to 10": (np.round((STARS - 1) * 2.5), (0, 10)),
    "1 to 10": (np.round(1 + (STARS - 1) * 2.25), (1, 10)),
    "0 to 100": ((STARS - 1) * 25, (0, 100)),
    "1 to 3": (np.minimum(np.maximum(STARS - 1, 1), 3), (1, 3)),
    "thumbs": ((STARS > 2) * 1, (0, 1)),
    "share": ((STARS - 1) / 4, (0, 1)),
    "Good, Bad": (words("Bad", "bad", "Good", "Good", "good "), (0, 1)),
    "满意": (words("不满意", "不满意", "满意", "满意", "满意"), (0, 1)),
    "gut": (words("schlecht", "Schlecht", "neutral", "gut", "Gut"), (1, 3)),
    "zufrieden": (
        words("sehr unzufrieden", "unzufrieden", "neutral", "zufrieden", "sehr zufrieden"),
        (1, 5),
    ),
    "👍": (words("👎", "👎🏽", "👍", "👍", "👍🏻"), (0, 1)),
    "5 stars": (words("1 star", "2 stars", "3 stars", "4 stars", "5 stars"), (1, 5)),
    "★": (words("★☆☆☆☆", "★★☆☆☆", "★★★☆☆", "★★★★☆", "★★★★★"), (1, 5)),
    "4/5": (words("1/5", "2/5", "3/5", "4/5", "5/5"), (1, 5)),
}


@pytest.mark.parametrize("name", SCALES)
def test_the_share_of_low_ratings_does_not_depend_on_the_scale(tmp_path: Path, name: str) -> None:
    ratings, scale = SCALES[name]
    company = load_company(written(tmp_path, ratings))
    catalogue = load_catalogue(company)
    with checked(company, catalogue) as found:
        report = found.report
        low = mean_of(found, catalogue["low_rating_share"])
    assert [fault.as_message().text for fault in report.faults if fault.column == "csat"] == []
    assert any(
        note.startswith(f"cases.csat is taken as a scale from {scale[0]} to {scale[1]}") for note in report.notes
    )
    assert low == pytest.approx(LOW)


def test_every_grain_and_window_follows(tmp_path: Path) -> None:
    company = load_company(written(tmp_path, (STARS - 1) * 25))
    catalogue = load_catalogue(company)
    with checked(company, catalogue) as found:
        assert found.warehouse is not None
        rows = metrics.evaluate(
            found.warehouse, [catalogue["low_rating_share"]], "team", [START + timedelta(days=200)], [365]
        ).to_pyarrow()
    assert rows["low_rating_share__365d"].to_pylist() == [pytest.approx(LOW)]


def test_the_mean_stays_on_the_company_s_own_scale(tmp_path: Path) -> None:
    path = written(tmp_path, (STARS - 1) * 25)
    assert value_of(path, "csat") == pytest.approx((STARS.mean() - 1) * 25)


def test_a_declared_scale_holds_where_nobody_gave_the_highest_rating(tmp_path: Path) -> None:
    # 3 of 7 is low, 3 of 5 is not
    path = written(tmp_path, STARS, options=", scales = { csat = [1, 7] }")
    assert value_of(path, "low_rating_share") == pytest.approx((STARS <= 3).mean())
    assert "nobody gave more than 4" in " ".join(report_of(written(tmp_path, np.minimum(STARS, 4))).notes)


@pytest.mark.parametrize(
    ("ratings", "scale", "doubt"),
    [
        ([1, 2, 3, 4, 5, 6] * 10, "1 to 7", "nobody gave more than 6"),
        ([0, 1, 3, 5] * 10, "0 to 5", "0 may stand for `not rated`"),
        ([2, 8, 10] * 10, "0 to 10", "nobody gave 0"),
        ([1, 3, 5] * 30 + [6], "1 to 5", ""),
        ([1, 3, 5] * 200 + [6, 7] * 3, "1 to 7", ""),
        ([1, 2, 3] * 3, "1 to 5", "nobody gave more than 3"),
    ],
)
def test_what_was_taken_is_reported_with_what_else_it_may_be(
    tmp_path: Path, ratings: list[int], scale: str, doubt: str
) -> None:
    (note,) = (note for note in report_of(written(tmp_path, ratings)).notes if "is taken as a scale" in note)
    assert note.startswith(f"cases.csat is taken as a scale from {scale}")
    assert (f"({doubt})" in note) == bool(doubt)
    assert "tables.cases.scales" in note


def test_ratings_of_no_known_scale_leave_the_kpi_out_with_a_word(tmp_path: Path) -> None:
    report = report_of(written(tmp_path, [1000, 2000, 3000] * 20))
    assert any(
        note.startswith("KPI low_rating_share is left out") and "fits no known scale" in note for note in report.notes
    )
    company = load_company(tmp_path)
    catalogue = load_catalogue(company)
    with checked(company, catalogue) as found:
        assert found.warehouse is not None
        names = {kpi.id for kpi in metrics.available(found.warehouse, catalogue.values(), "team")}
    assert "csat" in names
    assert "low_rating_share" not in names


OWN = """
[[kpi]]
id = "unhappy"
name = "Unhappy"
layer = "role"
perspective = "customer"
source = "cases"
expr = "csat <= 2"
better = "lower"
unit = "share"
role = "outcome"
"""


@pytest.mark.parametrize(("scale", "reported"), [("", True), ("scale = { csat = [1, 5] }\n", False)])
def test_a_kpi_of_the_company_s_own_that_does_not_say_its_scale_is_named(
    tmp_path: Path, scale: str, reported: bool
) -> None:
    (tmp_path / "kpis.toml").write_text(OWN + scale)
    path = written(tmp_path, (STARS - 1) * 25, settings='[kpis]\nfiles = ["kpis.toml"]')
    asked = [note for note in report_of(path).notes if note.startswith("KPI unhappy compares cases.csat with numbers")]
    assert bool(asked) == reported
    assert value_of(path, "unhappy") == pytest.approx(LOW if not reported else (STARS <= 1).mean())


@pytest.mark.parametrize(
    ("expr", "scale", "target", "expected"),
    [
        ("csat >= 4", (1, 5), (0, 10), '"csat" > 6.25'),
        ("2 >= csat", (1, 5), (0, 100), '"csat" <= 37.5'),
        ("csat < 3", (1, 5), (1, 3), '"csat" <= 1.75'),
        ("csat = 5", (1, 5), (0, 10), '("csat" > 8.75 AND "csat" <= 11.25)'),
        ("csat between 4 and 5", (1, 5), (0, 100), '"csat" BETWEEN 62.5 AND 112.5'),
        (
            "csat in (1, 2)",
            (1, 5),
            (1, 3),
            '(("csat" > 0.75 AND "csat" <= 1.25) OR ("csat" > 1.25 AND "csat" <= 1.75))',
        ),
        ("csat is null", (1, 5), (0, 10), '"csat" IS NULL'),
        ("csat", (1, 5), (0, 10), '"csat"'),
        ("(csat - 1) / 4", (1, 5), (0, 10), '(((("csat" - 0) * 0.4) + 1) - 1) / 4'),
    ],
)
def test_numbers_beside_a_rating_keep_their_place_on_another_scale(
    make_kpi: Callable[..., Kpi], expr: str, scale: tuple[int, int], target: tuple[int, int], expected: str
) -> None:
    moved = on_scale(make_kpi("k", expr=expr, scale={"csat": scale}), {"csat": target})
    assert moved is not None
    assert moved.expr == expected
    assert on_scale(moved, {"csat": target}) == moved


def test_promoters_follow_the_scale_and_ready_scores_are_left_out() -> None:
    nps = load_catalogue(Company())["nps"]
    of_five = on_scale(nps, {"nps": (1, 5)})
    assert of_five is not None
    assert '"nps" > 4.4' in str(of_five.expr)  # 5 of 5
    assert '"nps" <= 3.6' in str(of_five.expr)  # 1 to 3 of 5
    assert on_scale(nps, {"nps": (-100, 100)}) is None


EARLY, LATE = STARS, np.round((STARS - 1) * 2.5)
MIXED = {
    "until a day": ([*EARLY, *LATE], "before 2025-03-17"),
    "from a day": ([*LATE, *EARLY], "from 2025-03-17"),
    "thumbs until a day": ([*(EARLY > 2) * 1, *EARLY], "before 2025-03-17"),
    "percent from a day": ([*LATE, *(EARLY - 1) * 25], "before 2025-03-17"),
}


@pytest.mark.parametrize("name", MIXED)
def test_two_scales_one_after_the_other_stop_a_run(tmp_path: Path, name: str) -> None:
    ratings, where = MIXED[name]
    report = report_of(written(tmp_path, ratings))
    (fault,) = (fault for fault in report.faults if fault.kind == "mixed_scale")
    assert fault.stops
    assert where in fault.message


def test_two_scales_by_channel_are_reported(tmp_path: Path) -> None:
    path = written(tmp_path, [*zip_alternating(EARLY, LATE)])
    place = tmp_path / "cases.csv"
    lines = place.read_text().splitlines()
    place.write_text("\n".join(line.replace(",phone,", ",chat,") if n % 2 else line for n, line in enumerate(lines)))
    (fault,) = (fault for fault in report_of(path).faults if fault.kind == "mixed_scale")
    assert "where channel is chat lie between 1 and 5" in fault.message


def zip_alternating(first: np.ndarray, second: np.ndarray) -> list[float]:
    return [value for pair in zip(first, second, strict=True) for value in pair]


@pytest.mark.parametrize(
    "ratings", [[*STARS] * 2, [*np.minimum(STARS, 3), *STARS], [*np.zeros(60), *LATE], [5] * 60 + [*STARS]]
)
def test_a_bad_season_is_no_other_scale(tmp_path: Path, ratings: list[float]) -> None:
    assert [fault for fault in report_of(written(tmp_path, ratings)).faults if fault.kind == "mixed_scale"] == []


def test_mixed_scales_can_be_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, [*EARLY, *LATE], settings='[faults]\nmixed_scale = "null"')
    company = load_company(path)
    with checked(company, load_catalogue(company)) as found:
        assert found.warehouse is not None
        assert found.warehouse["cases"].csat.count().to_pyarrow().as_py() == 0


def test_models_in_use_keep_their_scale(tmp_path: Path) -> None:
    company = load_company(written(tmp_path, LATE))
    catalogue = load_catalogue(company)
    with pytest.raises(TableError, match="trained on ratings from 1 to 5, these are from 0 to 10"):
        stage(company, catalogue, tmp_path / "staged", agreed={"cases": {"csat": (1.0, 5.0)}})
    # a file in which nobody gave much is on the scale of the training
    company = load_company(written(tmp_path, np.minimum(STARS, 4)))
    stage(company, catalogue, tmp_path / "staged", agreed={"cases": {"csat": (1.0, 7.0)}})


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ("", ", scales = { csat = [5, 1] }", "the lowest value comes first"),
        (
            '[outcomes.case]\nmetric = "csat"\nscale = [1, 5]',
            ", scales = { csat = [0, 10] }",
            "contradict each other",
        ),
        ('[outcomes.case]\nmetric = "csat"\nlow = 7\nscale = [1, 5]', "", "lies outside scale"),
    ],
)
def test_scales_that_contradict_themselves_are_refused(
    tmp_path: Path, settings: str, options: str, message: str
) -> None:
    with pytest.raises(CompanyFileError, match=message):
        load_company(written(tmp_path, STARS, options=options, settings=settings))
