"""A company's catalogue: presets, its own files on top, and every contradiction reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from baton.catalogue.coherence import TAKEN
from baton.catalogue.load import PRESETS, load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company, Policy
from baton.errors import CatalogueError, ExpressionError

KPI = """
[[kpi]]
id = "{id}"
name = "{id}"
layer = "role"
perspective = "process"
source = "cases"
expr = "handle_seconds"
better = "lower"
unit = "seconds"
role = "lever"
{more}
"""


def notes_of(catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(note.text for note in catalogue.notes)


def kpi(name: str = "own_kpi", more: str = "", **replaced: str) -> str:
    text = KPI.format(id=name, more=more)
    for key, value in replaced.items():
        lines = [f'{key} = "{value}"' if line.startswith(f"{key} = ") else line for line in text.splitlines()]
        text = "\n".join(lines)
    return text + "\n"


def company(folder: Path, text: str, presets: tuple[str, ...] = ("service",), **sections: Any) -> Company:
    (folder / "kpis.toml").write_text(text, encoding="utf-8")
    return Company(
        path=folder / "company.toml",
        kpis={"presets": presets, "files": ("kpis.toml",)},  # type: ignore[arg-type]
        **sections,
    )


def test_a_company_without_files_gets_the_preset_and_the_four_stages() -> None:
    catalogue = load_catalogue(Company())
    assert len(catalogue) >= 36
    assert [stage.id for stage in catalogue.stages] == ["consultation", "delivery", "use", "renewal"]
    assert catalogue.notes == ()


def test_without_presets_only_the_companys_own_kpis_are_there(tmp_path: Path) -> None:
    catalogue = load_catalogue(company(tmp_path, kpi(), presets=()))
    assert list(catalogue) == ["own_kpi"]
    assert len(catalogue.stages) == 4
    assert catalogue["own_kpi"].name.zh == "own_kpi"


def test_an_own_kpi_takes_the_presets_place_and_that_is_reported(tmp_path: Path) -> None:
    catalogue = load_catalogue(company(tmp_path, kpi("response_seconds", role="mediator")))
    assert catalogue["response_seconds"].role == "mediator"
    assert len(catalogue) == len(load_catalogue(Company()))
    assert notes_of(catalogue) == ("kpis.toml: kpi response_seconds replaces that of preset service",)


def test_own_stages_and_actions_join_the_presets(tmp_path: Path) -> None:
    text = kpi(more='stage = "repair"') + (
        '[[stage]]\nid = "repair"\nname = { en = "Repair", zh = "维修" }\n'
        '[[action]]\nid = "own_action"\nkpi = "own_kpi"\nlevel = "team"\nname = "Do"\nadvice = "Do it."\n'
    )
    catalogue = load_catalogue(company(tmp_path, text))
    assert catalogue.stages[-1].id == "repair"
    assert [action.id for action in catalogue.actions_for("own_kpi", "team")] == ["own_action"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (kpi() + kpi(), "kpi 'own_kpi' is there twice"),
        (kpi(more="prespective = 1"), "unknown key 'prespective'; did you mean 'perspective'"),
        (kpi(more='description = { en = "x", cn = "x" }'), "unknown key 'description.cn'"),
        (kpi(more='guards = ["handel_seconds"]'), "guards: no KPI 'handel_seconds'; did you mean 'handle_seconds'"),
        (kpi(more='leads_to = ["nothing_like_it"]'), "leads_to: no KPI 'nothing_like_it'"),
        (kpi(more='leads_to = ["own_kpi"]'), "leads_to runs in a circle: own_kpi → own_kpi"),
        (
            kpi("first_kpi", 'leads_to = ["second_kpi"]') + kpi("second_kpi", 'leads_to = ["first_kpi"]'),
            "leads_to runs in a circle: first_kpi → second_kpi → first_kpi",
        ),
        (
            kpi("first_kpi", 'guards = ["second_kpi"]') + kpi("second_kpi", 'guards = ["first_kpi"]'),
            "guards runs in a circle",
        ),
        (kpi(more='stage = "usage"'), "no stage 'usage'; did you mean 'use'"),
        (kpi(more='known_at = "close_at"'), "known_at 'close_at' is no time column of cases; did you mean 'closed_at'"),
        (kpi(more='known_at = "csat"'), "known_at 'csat' is no time column of cases"),
        (kpi(role="driver"), "role: Input should be 'lever'"),
        (kpi(more='aggregate = "ratio"'), "denominator goes with"),
        (kpi(more="controllable = 2"), "controllable: Input should be less than or equal to 1"),
        (kpi("Own KPI"), "id: String should match pattern"),
        (kpi(more='metric = "churn_rate"'), "give either expr or metric"),
        ("[[kpis]]\nid = 'x'\n", "unknown table 'kpis'; did you mean 'kpi'"),
        ("[kpi]\nid = 'x'\n", "write [[kpi]] with two brackets"),
        ("[[kpi]\n", "no valid TOML"),
        ('[[stage]]\nid = "any"\nname = "Any"\n', "stage any: the name stands for the whole journey"),
        (
            kpi() + '[[action]]\nid = "a"\nkpi = "own_kip"\nlevel = "team"\nname = "x"\nadvice = "x"\n',
            "action a: no KPI 'own_kip'; did you mean 'own_kpi'",
        ),
    ],
)
def test_a_contradiction_is_refused_and_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        load_catalogue(company(tmp_path, text))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_one_id_in_two_of_the_companys_files_is_refused_and_both_are_named(tmp_path: Path) -> None:
    settings = company(tmp_path, kpi())
    (tmp_path / "more.toml").write_text(kpi(), encoding="utf-8")
    settings = settings.model_copy(
        update={"kpis": settings.kpis.model_copy(update={"files": ("kpis.toml", "more.toml")})}
    )
    with pytest.raises(CatalogueError, match=r"more\.toml: kpi 'own_kpi' is in kpis\.toml too"):
        load_catalogue(settings)


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_kpi_may_not_be_called_as_baton_calls_something_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        CatalogueError, match=rf"^kpis\.toml: KPI {name}: Baton uses this name .*another id, such as {name}_kpi"
    ):
        load_catalogue(company(tmp_path, kpi(name), presets=()))


@pytest.mark.parametrize(
    "more", ['guards = ["handel_seconds"]', 'leads_to = ["own_kpi"]', 'guards = ["own_kpi"]', 'stage = "usage"']
)
def test_what_is_refused_names_the_file_and_the_kpi(tmp_path: Path, more: str) -> None:
    with pytest.raises(CatalogueError, match=r"^kpis\.toml: .*own_kpi"):
        load_catalogue(company(tmp_path, kpi(more=more)))


def test_sql_that_reads_a_file_is_refused_before_any_table_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ExpressionError, match="KPI own_kpi, expr: function read_text is not allowed"):
        load_catalogue(company(tmp_path, kpi(expr="read_text('key')")))


def test_a_file_that_is_not_there_is_named_with_its_neighbour(tmp_path: Path) -> None:
    settings = company(tmp_path, kpi())
    (tmp_path / "kpis.toml").rename(tmp_path / "kpi.toml")
    with pytest.raises(CatalogueError, match=r"kpis\.toml: no such file; did you mean 'kpi\.toml'"):
        load_catalogue(settings)


def test_a_preset_whose_files_are_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("journey.toml", "studies.toml", "service_role.toml"):
        (tmp_path / name).write_bytes((PRESETS / name).read_bytes())
    monkeypatch.setattr("baton.catalogue.load.PRESETS", tmp_path)
    with pytest.raises(CatalogueError, match="'product' is not there yet .this version ships: service"):
        load_catalogue(Company(company={"scenario": "product"}))  # type: ignore[arg-type]


def test_an_own_kpi_on_a_sensitive_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="KPI own_kpi uses absence_days, a proxy of illness"):
        load_catalogue(company(tmp_path, kpi(source="work", expr="1 - absence_days / 30.0")))


def test_a_measure_with_a_sensitive_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="KPI overtime_hours uses overtime_hours"):
        load_catalogue(company(tmp_path, kpi("overtime_hours", source="measures", expr="value")))


def test_a_column_taken_off_the_sensitive_list_may_be_used(tmp_path: Path) -> None:
    settings = company(tmp_path, kpi(source="work", expr="overtime_hours"), privacy={"sensitive": ("absence_days",)})
    assert "own_kpi" in load_catalogue(settings)


def test_a_presets_sensitive_kpi_is_left_out_with_all_that_points_at_it() -> None:
    catalogue = load_catalogue(Company(privacy={"sensitive": ("handle_seconds",)}))  # type: ignore[arg-type]
    assert "handle_seconds" not in catalogue
    assert "handle_seconds" not in catalogue["first_contact_resolution"].guards
    assert not [action for action in catalogue.actions if action.kpi == "handle_seconds"]
    assert notes_of(catalogue) == (
        "KPI handle_seconds is left out: it uses handle_seconds, which [privacy] calls sensitive",
    )


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        (
            {"decline": [{"unit": "team", "metric": "cast"}]},
            "metric 'cast' is no KPI of the catalogue; did you mean 'csat'",
        ),
        ({"driver": {"metric": "csta"}}, "metric 'csta' is no KPI of the catalogue; did you mean 'csat'"),
        ({"driver": {"metric": "handle_seconds"}}, "is a lever; name a KPI of role outcome"),
    ],
)
def test_an_outcome_needs_a_metric_of_the_catalogue(outcomes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        load_catalogue(Company(outcomes=outcomes))  # type: ignore[arg-type]
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("worth", "sentence"),
    [
        ({"churn": 600}, "'churn' is of customers who leave, and there is no [outcomes.churn]; add it"),
        ({"cast": 5}, "'cast' is neither churn, value nor a KPI of the catalogue; did you mean 'csat'"),
        ({"handle_seconds": 1}, "'handle_seconds' is a lever: what customers get or a case costs has a price"),
    ],
)
def test_only_what_customers_get_has_a_price(worth: dict[str, float], sentence: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        load_catalogue(Company(policy={"worth": worth}))  # type: ignore[arg-type]
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("price", [0, -5, float("inf")])
def test_a_price_is_an_amount(price: float) -> None:
    with pytest.raises(ValidationError):
        Policy(worth={"churn": price})
