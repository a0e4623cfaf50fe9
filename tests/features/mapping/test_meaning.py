"""Headings whose words no list knows, by what an encoder reads in them; here one that reads a few words alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from features.mapping.column_guess import ColumnGuess
from features.mapping.extras import extras_of
from features.mapping.guesses import guess_columns
from features.mapping.looks import ColumnLook, Look
from features.mapping.meaning import with_meanings

# a made-up language, whose words an encoder trained on it would put beside these
SAME = {
    "zorbu": "ticket", "nalo": "number", "ret": "closed", "kip": "created", "faru": "customer", "mell": "satisfaction",
    "stan": "status", "etap": "stage", "sunol": "agent", "urb": "city", "kon": "date", "ank": "survey", "vasil": "name",
}  # fmt: skip
START = datetime(2025, 1, 1)


def embed(texts: Sequence[str]) -> np.ndarray:
    """Read a text as the words of its translation, in any order."""
    vectors = np.full((len(texts), 512), 1e-6, dtype=np.float32)
    for place, text in enumerate(texts):
        for word in text.split():
            seed = int.from_bytes(SAME.get(word, word).encode()) % 2**32
            vectors[place] += np.random.default_rng(seed).normal(size=512)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def times(name: str, days: int = 0) -> ColumnLook:
    first = START + timedelta(days=days)
    return ColumnLook(name, "TIMESTAMP", 500, 500, 480, times=1.0, first=first, last=first + timedelta(days=90))


def ids(name: str, distinct: int) -> ColumnLook:
    return ColumnLook(name, "VARCHAR", 500, 500, distinct, characters=6, words=1, values={"a1": 9, "a2": 8})


def numbers(name: str, high: float) -> ColumnLook:
    return ColumnLook(name, "BIGINT", 500, 500, int(high), numbers=1.0, low=1, high=high, median=3, values={"3": 99})


def guessed(*columns: ColumnLook) -> dict[str, ColumnGuess]:
    look = Look("export", "it", 500, columns)
    return {one.column: one for one in guess_columns("cases", with_meanings([look], embed)[0])}


def test_a_heading_that_no_list_knows_is_found_by_its_meaning_and_asked_about() -> None:
    columns = (ids("Zorbu nalo", 500), times("Zorbu kip"), times("Zorbu ret", 1), ids("Faru", 60))
    assert guess_columns("cases", Look("export", "it", 500, columns)) == ()
    found = guessed(*columns)
    sources = {name: guess.source for name, guess in found.items()}
    assert sources == {
        "case_id": "Zorbu nalo",
        "opened_at": "Zorbu kip",
        "closed_at": "Zorbu ret",
        "customer_id": "Faru",
    }
    assert {guess.certainty for guess in found.values()} == {"likely"}
    assert all(guess.why.startswith("by its meaning") for guess in found.values())


def test_a_known_name_stands_and_is_not_doubted_for_a_meaning() -> None:
    found = guessed(ids("Ticket ID", 500), times("Zorbu kip"), times("Created at"))
    assert (found["opened_at"].source, found["opened_at"].certainty) == ("Created at", "sure")
    assert found["case_id"].certainty == "sure"


def test_values_that_contradict_outweigh_a_meaning() -> None:
    assert guessed(numbers("Mell", 5))["csat"].source == "Mell"
    assert "csat" not in guessed(numbers("Mell", 5_000))
    assert "csat" not in guessed(numbers("Mell", 12))  # no survey has twelve points
    assert "customer_id" not in guessed(ids("Faru", 500))  # another one in each case
    assert "employee_id" not in guessed(ids("Sunol", 500))


def test_what_means_no_column_of_the_contract_is_left() -> None:
    assert guessed(ids("Zorbu stan", 5), ids("Etap", 4), ids("Faru urb", 60)) == {}


def test_meanings_are_the_same_however_the_columns_lie() -> None:
    columns = [ids("Zorbu nalo", 500), times("Zorbu kip"), ids("Faru", 60)]
    one, other = (
        with_meanings([Look("export", "it", 500, tuple(some))], embed)[0] for some in (columns, columns[::-1])
    )
    assert {column.name: column.alike for column in one.columns} == {c.name: c.alike for c in other.columns}
    assert [replace(column, alike={}, personal=0.0) for column in one.columns] == columns


def late(name: str, days: int, present: int = 500) -> ColumnLook:
    return replace(times(name, days), present=present)


def test_a_meaning_that_the_order_of_times_contradicts_is_not_taken() -> None:
    found = guessed(ids("Ticket ID", 500), late("Zorbu kip", 9), times("Closed at"))
    assert "opened_at" not in found  # it would begin after the first end
    assert guessed(ids("Ticket ID", 500), times("Zorbu kip"), late("Closed at", 9))["opened_at"].source == "Zorbu kip"
    twice = (ids("Ticket ID", 500), late("Zorbu kip", 9), times("First response at"), times("Closed at"))
    assert "opened_at" not in guessed(*twice)  # after the first answer as well as after the first end


def test_when_somebody_rated_is_known_where_there_is_a_rating() -> None:
    when = late("Ank kon", 2, present=200)
    assert "rated_at" not in guessed(ids("Ticket ID", 500), when)
    assert "rated_at" not in guessed(ids("Ticket ID", 500), when, numbers("CSAT score", 5))
    assert "rated_at" in guessed(ids("Ticket ID", 500), when, replace(numbers("CSAT score", 5), present=200))


def test_what_names_people_in_a_language_without_a_list_becomes_no_attribute() -> None:
    words = {f"v{number}": 9 for number in range(20)}
    name = ColumnLook("Faru vasil", "VARCHAR", 500, 500, 40, characters=6, words=1, values=words)
    answers = ColumnLook("Faru vasil", "VARCHAR", 500, 500, 2, characters=3, words=1, values={"no": 300, "yes": 200})
    plan = ColumnLook("Tarb", "VARCHAR", 500, 500, 4, characters=6, words=1, values=words)

    def left_out(column: ColumnLook) -> str:
        (look,) = with_meanings([Look("export", "it", 500, (column,))], embed)
        return next(extras_of("customers", look, ())).why_not

    assert left_out(name) == "its heading seems to mean who somebody is or where"
    assert left_out(answers) == left_out(plan) == ""


def test_an_amount_that_differs_in_every_row_is_no_id() -> None:
    value = replace(numbers("Zonk", 900), distinct=500, raw_type="VARCHAR", decimal=",")
    for column, why_not in ((value, ""), (replace(value, decimal=""), "all values differ: an id, as it seems")):
        assert next(extras_of("customers", Look("export", "it", 500, (column,)), ())).why_not == why_not
