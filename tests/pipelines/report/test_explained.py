"""SHAP's pictures on the analysts' part of the page."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.charts.charts import Figure
from baton.charts.drawing import Pen
from baton.company import Company
from baton.files import RunFolder, write_json
from pipelines.report.data.results import read_results
from pipelines.report.sections.explained import explained_figures
from tests.pipelines.report.conftest import evaluation, explanations

ROWS = 60


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return explanations(ROWS)


@pytest.fixture
def drawn(company: Company, catalogue: Catalogue, run_folder: Callable[..., RunFolder]) -> Callable[..., list[Figure]]:
    def draw(**other: pd.DataFrame) -> list[Figure]:
        results = read_results(company, catalogue, run_folder(**other))
        return list(explained_figures(results, Pen(("en", "zh"))))

    return draw


def test_there_are_a_swarm_and_a_waterfall_in_both_languages(
    drawn: Callable[..., list[Figure]], rows: pd.DataFrame
) -> None:
    swarm, fall = drawn(explanations=rows)
    assert swarm.title.en == "Customers leaving: the prediction looks most at Service rating"
    assert swarm.title.zh == "客户流失：预测最看重“服务满意度”"
    assert swarm.drawings[0].count("h0") == ROWS * 4  # a dot per row and KPI
    assert "60 customers" in swarm.note.en and "log-odds" in swarm.drawings[0] and "对数几率" in swarm.drawings[0]
    assert [str(way.en) for _, _, way in swarm.rows] == ["lower the prediction", "raise the prediction", "–", "–"]
    assert fall.title.en == "Customers leaving: a typical customer at high risk, predicted 58%"
    assert "before calibration" in fall.note.en
    for figure in (swarm, fall):
        assert figure.alt is not None and "Service rating" in figure.alt.en and "服务满意度" in figure.alt.zh
        for drawing in figure.drawings:
            assert "Service rating" in drawing and "服务满意度" in drawing
            assert "style=" not in drawing  # the page's policy allows none


def test_the_bars_of_a_waterfall_lead_from_the_mean_to_the_row_s_own_score(
    drawn: Callable[..., list[Figure]], rows: pd.DataFrame
) -> None:
    _, fall = drawn(explanations=rows)
    (shown,) = [row for _, row in rows.groupby("row") if round(row["prediction"].iloc[0], 2) == 0.58]
    score = shown["bias"].iloc[0] + shown["attribution"].sum()
    assert f"{score:.2f}".replace("-", "−") in fall.drawings[0]
    bars = [
        [float(place.split(",")[0]) for place in found.split()]
        for found in re.findall(r'points="([^"]*)"', fall.drawings[0])
    ]
    sizes = shown.set_index("kpi")["attribution"].abs().sort_values(ascending=False)
    widths = sorted((max(places) - min(places) for places in bars), reverse=True)
    assert np.array(widths) / widths[0] == pytest.approx(sizes.to_numpy() / sizes.iloc[0], abs=0.02)
    assert [str(value.en) for _, value, _ in fall.rows] == ["1.14", "97%", "fibre", "not known"]


def test_values_stand_with_their_units(drawn: Callable[..., list[Figure]], rows: pd.DataFrame) -> None:
    rows = rows.assign(kpi=rows["kpi"].replace({"csat": "response_seconds", "plan": "tenure_days"}))
    _, fall = drawn(explanations=rows.assign(label=None, value=90.0))
    shown = {str(name.en): (str(value.en), str(value.zh)) for name, value, _ in fall.rows}
    assert shown["Response time"] == ("1.5 min", "1.5 分钟")
    assert shown["Time as a customer"] == ("90 days", "90 天")


def test_a_number_is_explained_in_its_own_unit(
    company: Company, catalogue: Catalogue, run_folder: Callable[..., RunFolder], rows: pd.DataFrame
) -> None:
    folder = run_folder(explanations=rows.assign(outcome="driver:csat", prediction=rows["prediction"] * 5))
    number = {"rows": 900, "r2": 0.4, "rmse": 0.5, "intervals": {"r2": [0.3, 0.5]}, "baselines": {}}
    write_json(folder.file("evaluation.json"), evaluation() | {"driver:csat": number})
    swarm, fall = explained_figures(read_results(company, catalogue, folder), Pen(("en", "zh")))
    assert "cases" in swarm.note.en and fall.title.en.endswith("a typical case with a high prediction, 2.90")
    assert "log-odds" not in "".join((*swarm.drawings, *fall.drawings, fall.note.en))


def test_what_is_no_better_than_guessing_is_not_explained(
    company: Company, catalogue: Catalogue, run_folder: Callable[..., RunFolder], rows: pd.DataFrame
) -> None:
    folder = run_folder(explanations=rows)
    entry = evaluation()["churn"] | {"auc": 0.5, "intervals": {"auc": [0.4, 0.6]}}  # type: ignore[operator]
    write_json(folder.file("evaluation.json"), {"churn": entry})
    assert explained_figures(read_results(company, catalogue, folder), Pen(("en",))) == ()


def test_drawing_leaves_no_trace_and_gives_the_same_picture_each_time(
    drawn: Callable[..., list[Figure]], rows: pd.DataFrame
) -> None:
    import matplotlib.pyplot as plt

    own = plt.figure()
    before = np.random.get_state(legacy=False)["state"]["key"]
    first = drawn(explanations=rows)
    assert plt.gcf() is own and plt.get_fignums() == [own.number]
    assert (np.random.get_state(legacy=False)["state"]["key"] == before).all()
    plt.close(own)
    np.random.seed(3)
    assert [figure.drawings for figure in drawn(explanations=rows)] == [figure.drawings for figure in first]
