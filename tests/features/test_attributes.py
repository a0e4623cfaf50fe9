"""Which extra columns become attributes."""

from __future__ import annotations

from pathlib import Path

from baton.catalogue.schema import Catalogue, Kpi, Text
from baton.company import load_company
from features import staging
from features.attributes import attribute_columns


def met(known_at: str | None) -> Catalogue:
    kpi = Kpi(
        id="promise_met", name=Text(en="Promise", zh="承诺"), layer="role", perspective="customer", source="cases",
        expr="promise > 0", known_at=known_at, better="higher", unit="share", role="outcome",
    )  # fmt: skip
    return Catalogue((kpi,), ())


def test_a_column_that_a_kpi_knows_only_later_is_no_attribute(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(
        "case_id,opened_at,closed_at,promise,topic\n1,2024-01-01,2024-01-02,1,a\n2,2024-01-01,2024-01-02,0,b\n",
        encoding="utf-8",
    )
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n', encoding="utf-8")
    company = load_company(tmp_path)
    staging.stage(company, met("closed_at"), tmp_path / "staged")
    warehouse = staging.open_warehouse(tmp_path / "staged")
    assert attribute_columns(company, warehouse, "cases", met("closed_at")) == ["topic"]
    assert attribute_columns(company, warehouse, "cases", met("opened_at")) == ["promise", "topic"]
    assert attribute_columns(company, warehouse, "cases") == ["promise", "topic"]
