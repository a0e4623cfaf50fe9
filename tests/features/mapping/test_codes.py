"""Whom a file is about by the codes that other files hold, and what is bought of suppliers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.ingest.table_files import is_table_file
from features.mapping.exports import locked_connection, looks_of_folder
from features.mapping.lines import TablePlan
from features.mapping.meaning import with_meanings
from features.mapping.plans import plans_for

START = datetime(2025, 1, 3, 9)


def moment(number: int, hours: float = 0) -> str:
    return (START + timedelta(hours=7 * number + hours)).strftime("%Y-%m-%d %H:%M")


def embed(texts: Sequence[str]) -> np.ndarray:
    """Read "zibb" as a channel, and every other word as itself."""
    vectors = np.full((len(texts), 512), 1e-6, dtype=np.float32)
    for place, text in enumerate(texts):
        for word in text.split():
            seed = int.from_bytes((b"channel" if word == "zibb" else word.encode())[:24]) % 2**32
            vectors[place] += np.random.default_rng(seed).normal(size=512)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def plans_of(folder: Path, **files: list[dict[str, object]]) -> dict[str, TablePlan]:
    exports, scratch = folder / "exports", folder / "scratch"
    exports.mkdir()
    scratch.mkdir()
    for name, rows in files.items():
        lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
        (exports / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    connection = locked_connection([path for path in exports.iterdir() if is_table_file(path)], scratch)
    looks, _ = looks_of_folder(exports, connection, scratch)
    return {plan.table: plan for plan in plans_for(with_meanings(looks, embed), connection)}


def visits(code: str) -> list[dict[str, object]]:
    return [{"Ticket Number": f"T-{n:05}", "Created": moment(n), "Closed": moment(n, 5), "Priority": "abc"[n % 3],
             "Zibb": f"{code}{n % 12}"} for n in range(400)]  # fmt: skip


def people(code: str) -> list[dict[str, object]]:
    return [{"Krol": f"{code}{n}", "Name": f"Ann {n}", "Job title": "agent", "Hire date": f"2020-01-{n + 1:02}"}
            for n in range(14)]  # fmt: skip


def test_a_code_that_no_heading_names_is_found_on_both_sides_by_its_values(tmp_path: Path) -> None:
    found = plans_of(tmp_path, tickets=visits("SR-"), staff=people("SR-"))
    assert found["employees"].columns["employee_id"] == "Krol"
    assert found["cases"].columns["employee_id"] == "Zibb"
    assert "channel" not in found["cases"].columns  # which it means, and its values outweigh


@pytest.mark.parametrize(("one", "other"), [("SR-", "XY-"), ("", "")])
def test_other_codes_and_running_numbers_prove_nothing(one: str, other: str, tmp_path: Path) -> None:
    found = plans_of(tmp_path, tickets=visits(one), staff=people(other))
    assert found["employees"].columns["employee_id"] == "Name"
    assert "employee_id" not in found["cases"].columns


HEADINGS = {
    "de": "Bestellnummer, Lieferantennummer, Bestelldatum, Liefertermin, Lieferdatum, Betrag",
    "fr": "N° commande, Code fournisseur, Date de commande, Date de livraison prévue, Date de livraison, Montant",
    "es": "Número de pedido, Código de proveedor, Fecha de pedido, Fecha prevista de entrega, Fecha de entrega, Importe",
}


@pytest.mark.parametrize("headings", HEADINGS.values(), ids=HEADINGS)
def test_what_is_bought_of_a_supplier_is_a_delivery_and_not_what_a_customer_did(headings: str, tmp_path: Path) -> None:
    names = headings.split(", ")
    rows = [
        (f"4500{n:05}", f"L{n % 40}", moment(n), moment(n, 200), moment(n, 150 + n % 90), 1.5 + n % 90)
        for n in range(400)
    ]
    found = plans_of(tmp_path, purchases=[dict(zip(names, row, strict=True)) for row in rows])
    assert "activity" not in found
    wanted = {"case_id": names[0], "customer_id": names[1], "due_at": names[3], "closed_at": names[4]}
    assert found["cases"].columns.items() >= wanted.items()


def test_what_a_customer_ordered_stays_what_a_customer_did(tmp_path: Path) -> None:
    rows = [{"Bestellnummer": f"B{n:05}", "Kundennummer": f"K{n % 40}", "Bestelldatum": moment(n), "Betrag": 1.5 + n % 90}
            for n in range(400)]  # fmt: skip
    found = plans_of(tmp_path, bestellungen=rows)
    assert found["activity"].columns["customer_id"] == "Kundennummer"
    assert "cases" not in found


def test_orders_of_customers_with_a_promised_date_are_deliveries_as_well(tmp_path: Path) -> None:
    rows = [{"Bestellnummer": f"B{n:05}", "Kundennummer": f"K{n % 40}", "Bestelldatum": moment(n), "Betrag": 1.5 + n % 90,
             "Liefertermin": moment(n, 90), "Lieferdatum": moment(n, 70 + n % 40)} for n in range(400)]  # fmt: skip
    found = plans_of(tmp_path, bestellungen=rows)
    assert found["activity"].columns["customer_id"] == "Kundennummer"
    assert found["cases"].columns["due_at"] == "Liefertermin"
