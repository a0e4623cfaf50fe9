from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import ArtefactError
from baton.files import RunFolder, write_json
from baton.outcome_settings import Outcomes
from pipelines.report.write import report

Build = Callable[..., RunFolder]


def written(company: Company, catalogue: Catalogue, folder: RunFolder) -> str:
    return report(company, catalogue, folder).read_text(encoding="utf-8")


def words(page: str, language: str = "en") -> str:
    """The page's text in one language, without tags."""
    other = {"en": "zh", "zh": "en"}[language]
    page = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.S)
    page = re.sub(r"</?(td|th|tr|p|li|h\d|div|dt|dd|option|summary)\b[^>]*>", " ", page)
    page = re.sub(rf'<(span|text) class="t[^"]*" lang="{other}".*?</\1>', "", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page)))


@pytest.fixture
def page(whole_page: Path) -> str:
    return whole_page.read_text(encoding="utf-8")


def test_the_first_sentence_names_what_is_paid_for_and_costs_customers(page: str) -> None:
    headline = words(re.search(r"<h1.*?</h1>", page, re.S)[0])  # type: ignore[index]
    assert "2 of 2 scorecards should change: they pay for “Handling time” and “Cost per case”" in headline
    assert "指挥棒错位的指标" in words(page, "zh")


def test_the_first_screen_counts_customers_money_and_units_at_risk(page: str) -> None:
    text = words(page)
    assert (
        "Customers expected to leave about 60 of 200, within 90 days; EUR 48,400 a year at stake" in text
    )  # of its columns
    assert "about 6 of 22" in text
    assert "people, Service rating, within 30 days" in text


def test_a_card_shows_today_beside_the_next_cycle(page: str) -> None:
    row = re.search(r'<th scope="row"><span class="t" lang="en">First-contact resolution.*?</tr>', page, re.S)
    assert row is not None
    assert re.search(r"10.*20.*\+10.*93%", words(row[0]))


@pytest.mark.parametrize(
    ("absent", "sentence"),
    [
        ("churn", "Customers at risk were not predicted. Needed: the table customers"),
        ("decline", "Declining service was not predicted. Needed: the table cases"),
        ("weights", "Scorecard advice was not given. Needed: cases"),
        ("effects", "Effects were not estimated. They need the table cases"),
        ("attributions", "No prediction was trained, so there is nothing to explain"),
        ("coaching", "nobody and no team is flagged"),
    ],
)
def test_what_is_absent_is_reported_with_the_table_that_would_bring_it(
    company: Company, catalogue: Catalogue, run_folder: Build, absent: str, sentence: str, page: str
) -> None:
    assert sentence not in words(page)
    if absent in ("churn", "decline"):  # not asked for: where it is, the recorded reason stands instead
        company = company.model_copy(update={"outcomes": Outcomes()})
    assert sentence in words(written(company, catalogue, run_folder(without=(absent,))))


def test_a_run_without_any_result_still_makes_a_page(company: Company, catalogue: Catalogue, tmp_path: Path) -> None:
    text = words(written(company, catalogue, RunFolder(tmp_path / "empty").create()))
    assert "This run has not produced any result that can be shown yet." in text
    assert "nan" not in text.lower().split()


def test_an_outcome_that_was_left_out_is_named_with_its_reason(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    folder = run_folder()
    write_json(folder.training / "skipped.json", {"decline:employee:csat": "12 rows <are> too few"})
    assert "Decline of Service rating, person was left out: 12 rows <are> too few" in words(
        written(company, catalogue, folder)
    )


def test_names_from_the_data_are_escaped_everywhere(page: str) -> None:
    assert "<script>alert" not in page
    assert page.count("<script") == 1
    assert 'Night <script>alert("x")</script> & "co"' in words(page)
    assert "3 rows <dropped>" in words(page)


def test_the_policy_allows_this_pages_style_and_script_and_nothing_else(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]  # type: ignore[index]
    assert "default-src 'none'" in html.unescape(policy)
    assert "unsafe" not in policy
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)[1]  # type: ignore[index]
        fingerprint = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{directive} 'sha256-{fingerprint}'" in html.unescape(policy)
    assert not re.search(r'\sstyle="|\son[a-z]+="', page)


def test_nothing_on_the_page_points_outside_of_it(page: str) -> None:
    assert not re.search(r'(src|href|action|data)="(?!#)', page)
    assert "url(" not in page
    assert "@import" not in page
    assert "fetch(" not in page


def test_no_employee_is_named_and_no_count_shows_a_small_group(page: str) -> None:
    assert not re.search(r"\be\d\d\b", words(page) + words(page, "zh"))
    assert "Two people" not in page
    assert "97%" not in words(page)
    assert "1 scorecard of a group under 5 people is not shown here" in words(page)
    coaching = words(re.search(r'<section id="support".*?</section>', page, re.S)[0])  # type: ignore[index]
    assert re.search(r"First-contact resolution 7\b", coaching)
    assert "Promises kept 2" not in coaching
    assert " 9" not in coaching


def test_people_who_may_slip_are_counted_by_team_in_order_of_names(page: str) -> None:
    figure = re.search(r'<figure id="decline-employee-csat".*?</figure>', page, re.S)[0]  # type: ignore[index]
    rows = re.findall(r"<tbody>.*</tbody>", figure, re.S)[0]
    assert re.findall(r"about \d+ of \d+", words(rows)) == ["about 2 of 12", "about 4 of 10"]
    assert words(rows).index("Day shift") < words(rows).index("Night")


def test_an_expected_effect_is_called_a_scenario_unless_the_response_was_measured(
    company: Company, catalogue: Catalogue, run_folder: Build, card_weights: pd.DataFrame, page: str
) -> None:
    assert "Scenario, not a forecast If people answer" in words(page)
    assert "about 14 customers kept over one cycle of 90 days; 9 times in 10 between 3 and 27" in words(page)
    measured = words(written(company, catalogue, run_folder(weights=card_weights.assign(expected_basis="measured"))))
    assert "Response measured From how people answered" in measured
    assert "Scenario, not" not in measured
    unknown = card_weights.assign(expected_effect=None, expected_low=None, expected_high=None)
    text = words(written(company, catalogue, run_folder(weights=unknown)))
    assert "What this card would bring was not computed" in text
    assert "customers kept over" not in text


def test_a_card_that_stays_promises_nothing(
    company: Company, catalogue: Catalogue, run_folder: Build, card_weights: pd.DataFrame
) -> None:
    kept = card_weights.assign(verdict="keep", expected_effect=0.0, expected_low=0.0, expected_high=0.0)
    kept["recommended_weight"] = kept["current_weight"]
    text = words(written(company, catalogue, run_folder(weights=kept)))
    assert "Keep today's scorecards: the evidence is not strong enough" in text
    assert "Nothing moves on this card." in text
    assert "customers kept over" not in text


@pytest.mark.parametrize(
    ("stress", "share", "sentence"),
    [
        ("pass", 0.031, "customers end worse off than today in 3% of trials"),
        ("pass", 0.0, "customers end worse off than today in < 1% of trials"),
        ("guarded", 0.02, "as proposed here, with guards, in 2% of trials"),
        ("fail", 0.4, "left customers worse off than today in 40% of trials"),
        ("cannot be told", float("nan"), ""),
    ],
)
def test_a_card_says_how_it_did_on_people_who_answer_to_it(
    catalogue: Catalogue, company: Company, run_folder: Build, card_weights: pd.DataFrame, stress: str, share: float,
    sentence: str,
) -> None:  # fmt: skip
    tried = card_weights.assign(stress=stress, stress_loses=share)
    page = words(written(company, catalogue, run_folder(weights=tried)))
    assert sentence in page
    assert ("of trials" in page) == bool(sentence)


@pytest.mark.parametrize(
    ("impact", "sentence"),
    [
        ("pass", "times the highest (9 times in 10 between 0.60 and 1.12; the policy asks for 0.80) between"),
        ("fail", "Not proposed for fairness"),
        ("no worse than today", "It is too low, but no lower than today's."),
        ("cannot be told", "It could be chance, which is no pass."),
    ],
)
def test_a_card_says_what_it_does_to_protected_groups_and_whom_it_moves(
    catalogue: Catalogue, company: Company, run_folder: Build, card_weights: pd.DataFrame, impact: str, sentence: str
) -> None:
    scored = card_weights.assign(
        impact=impact, impact_ratio=0.82, impact_low=0.6, impact_high=1.12, rises=7.0, falls=6.0
    )
    text = words(written(company, catalogue, run_folder(weights=scored)))
    assert sentence in text
    moved = "7 would move from the lower half to the upper and 6 the other way"
    assert (moved in text) == (impact != "fail")
    unknown = scored.assign(
        impact_ratio=float("nan"),
        impact_low=float("nan"),
        impact_high=float("nan"),
        rises=float("nan"),
        falls=float("nan"),
    )
    text = words(written(company, catalogue, run_folder(weights=unknown)))
    assert "Fairness, last cycle" not in text
    assert "lower half" not in text


def test_a_card_without_todays_weights_is_labelled_hypothetical(
    company: Company, catalogue: Catalogue, run_folder: Build, card_weights: pd.DataFrame
) -> None:
    text = words(
        written(company, catalogue, run_folder(weights=card_weights.assign(current_weight=None, verdict="add")))
    )
    assert "these are sketches" in text
    assert "Hypothetical: no card of this team is known" in text
    assert "Today's scorecards are not known" in text


def test_where_prediction_and_effect_disagree_the_page_says_so_and_why(page: str) -> None:
    text = words(page)
    assert "Handling time: the prediction reads better values as good for customers, the effect says bad" in text
    assert re.search(r"Service rating: carries \d+% of the prediction, but it reports how customers felt", text)


def test_an_effect_that_failed_a_cross_check_is_marked_and_not_called_clear(page: str) -> None:
    assert "Use of the knowledge base †" in words(page)
    assert "1 KPI failed a cross-check (an effect where there can be none): Use of the knowledge base." in words(page)
    drawing = re.search(r'<figure id="effects".*?</svg>', page, re.S)[0]  # type: ignore[index]
    assert drawing.count("whisker good") == 2  # first-contact resolution and promises kept
    assert drawing.count("whisker bad") == 2


def test_no_effect_is_called_clear_where_chance_explains_them_all(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    folder = run_folder()
    write_json(folder.advice / "inputs.json", {"joint_p_value": 0.47})
    page = written(company, catalogue, folder)
    assert "No KPI has a significant effect on customers yet" in words(page)
    assert "matter no more than chance would let them seem to (p = 0.47)" in words(page)
    effects = re.search(r'<figure id="effects".*?</figure>', page, re.S)[0]  # type: ignore[index]
    assert "whisker good" not in effects
    assert "whisker bad" not in effects


def test_a_company_of_ratings_is_reported_in_cases_not_in_customers(
    catalogue: Catalogue, company: Company, run_folder: Build, effects: pd.DataFrame, card_weights: pd.DataFrame
) -> None:
    rated = company.model_copy(
        update={"outcomes": Company.model_validate({"outcomes": {"case": {"metric": "csat", "low": 2}}}).outcomes}
    )
    driver = pd.DataFrame({"case_id": ["1", "2"], "as_of": pd.Timestamp("2025-12-01"), "probability": [0.1, 0.3]})
    folder = run_folder(
        without=("churn", "decline", "evaluation", "explanations"),
        effects=effects.assign(outcome="driver:csat"),
        driver=driver,
        weights=card_weights.assign(expected_effect=None, expected_low=None, expected_high=None),
    )
    text = words(written(rated, catalogue, folder))
    assert "the better that looks, the worse it gets for customers" in text
    assert (
        "the customers' result gets better: about 11 fewer of 1,000 cases end with Service rating of 2 or less" in text
    )
    assert "20% of cases Service rating of 2 or less, 2 cases of the latest window" in text
    assert not re.search(r"customers (are )?kept|customers leav", text, re.I)


def test_a_table_without_time_promises_no_horizon(
    catalogue: Catalogue, company: Company, run_folder: Build, churn: pd.DataFrame
) -> None:
    absent = ("decline", "weights", "effects", "diagnosis", "coaching")
    folder = run_folder(without=absent, churn=churn.assign(as_of=pd.NaT, value_at_risk=None))
    text = words(written(company, catalogue, folder))
    assert "Who leaves, in this table: “Service rating”" in text
    assert "some of them have left already" in text
    assert "within 90 days" not in text
    assert "first customers to call" not in text


def guessed(folder: RunFolder) -> RunFolder:
    entry = {"rows": 90, "auc": 0.51, "intervals": {"auc": [0.4, 0.62]}, "reliability": []}
    keys = ("churn", "decline:team:first_contact_resolution", "decline:employee:csat")
    write_json(folder.file("evaluation.json"), dict.fromkeys(keys, entry))
    return folder


def test_a_prediction_no_better_than_guessing_points_at_nobody(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    page = written(company, catalogue, guessed(run_folder()))
    text = words(page)
    assert "it picked the right one with a chance of 0.40 to 0.62; a coin reaches 0.5." in text
    assert "the predictions are not yet better than guessing, so none is shown" in text
    assert "the prediction is no better than guessing, so nothing is counted" in text
    assert "The prediction is no better than guessing, so it explains nothing: no drivers are shown." in text
    assert 'id="decline-' not in page and 'id="risk-bands' not in page and 'id="drivers' not in page
    assert not re.search(r"first customers to call|at stake|likely to leave|leans on|is likely to lose", text)


def test_the_first_line_says_that_data_cannot_show_who_leaves_and_what_would_help(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    absent = ("decline", "weights", "effects", "diagnosis", "coaching")
    page = written(company, catalogue, guessed(run_folder(without=absent)))
    headline = words(re.search(r"<h1.*?</h1>", page, re.S).group()).strip()
    assert headline.startswith("These data cannot tell who will leave")
    assert "A longer history, more customers, or the tables that say how they are served may change that" in headline
    assert "现有数据无法判断谁会流失" in page
    assert not re.search(r"about \d+ of [\d,]+ customers|likely to leave", words(page), re.I)


def test_stages_that_no_scorecard_measures_are_named(page: str) -> None:
    assert "No scorecard measures anything in “Awareness and consultation”" in words(page)


def test_a_report_in_one_language_holds_no_other(catalogue: Catalogue, company: Company, run_folder: Build) -> None:
    english = company.model_copy(update={"company": company.company.model_copy(update={"languages": ("en",)})})
    page = written(english, catalogue, run_folder())
    body = page.split("</style>")[1].split("<script>")[0]
    assert 'lang="zh"' not in body
    assert "data-language" not in body


def test_the_first_language_of_the_company_file_is_the_pages(
    catalogue: Catalogue, company: Company, run_folder: Build
) -> None:
    chinese = company.model_copy(update={"company": company.company.model_copy(update={"languages": ("zh", "en")})})
    assert '<html lang="zh">' in written(chinese, catalogue, run_folder())


def test_the_same_run_gives_the_same_page(company: Company, catalogue: Catalogue, run_folder: Build) -> None:
    folder = run_folder()
    assert written(company, catalogue, folder) == written(company, catalogue, folder)


def test_a_broken_file_is_refused_and_the_old_page_stays(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    folder = run_folder()
    before = written(company, catalogue, folder)
    folder.file("weights.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(ArtefactError, match=r"weights\.parquet: cannot be read .* run again"):
        report(company, catalogue, folder)
    assert folder.file("report.html").read_text(encoding="utf-8") == before
    pd.DataFrame({"team_id": ["t1"]}).to_parquet(folder.file("weights.parquet"))
    with pytest.raises(ArtefactError, match="column 'role' is missing"):
        report(company, catalogue, folder)


def test_two_hundred_teams_still_make_a_page_that_opens_quickly(
    company: Company, catalogue: Catalogue, run_folder: Build, card_weights: pd.DataFrame
) -> None:
    one = card_weights.query("team_id == 't1'")
    many = pd.concat([one.assign(team_id=f"team {index}") for index in range(200)], ignore_index=True)
    assert len(written(company, catalogue, run_folder(weights=many)).encode()) < 2_000_000
