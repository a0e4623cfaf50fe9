"""The page names the registered versions that its predictions come from."""

from __future__ import annotations

from pathlib import Path

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.files import RunFolder, write_json
from pipelines.report.data.results import read_results
from pipelines.report.sections.method import method_section


def test_the_versions_of_a_run_are_on_the_page_of_the_run(tmp_path: Path) -> None:
    company, folder = Company(), RunFolder(tmp_path)
    catalogue = load_catalogue(company)
    assert method_section(read_results(company, catalogue, folder)).models == ""
    named = {"churn": {"model": "churn/2", "champion": "churn/1"}, "driver:csat": {"model": "driver:csat/1"}}
    write_json(folder.file("models.json"), named)
    assert method_section(read_results(company, catalogue, folder)).models == "churn/2, driver:csat/1"
