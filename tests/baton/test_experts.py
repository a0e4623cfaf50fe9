"""Pairwise judgements: Saaty's examples, and what is refused with the pair or the three that it is about."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Policy, load_company
from baton.errors import CatalogueError, CompanyFileError
from baton.experts.ahp import consistency_ratio, weights_of, worst_triad


def _matrix(names: list[str], upper: list[float]) -> np.ndarray:
    matrix = np.eye(len(names))
    for (one, two), times in zip(combinations(range(len(names)), 2), upper, strict=True):
        matrix[one, two], matrix[two, one] = times, 1 / times
    return matrix


DRINKS = _matrix(
    ["coffee", "wine", "tea", "beer", "sodas", "milk", "water"],
    [9, 5, 2, 1, 1, 1 / 2, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 4, 1 / 3, 1 / 9, 1 / 2, 1, 1 / 3, 2, 1 / 2,
     1 / 3],
)  # fmt: skip
SCHOOL = _matrix(
    ["learning", "friends", "school life", "vocational", "college", "music"],
    [4, 3, 1, 3, 4, 7, 3, 1 / 5, 1, 1 / 5, 1 / 5, 1 / 6, 1, 1 / 3, 3],
)


def test_drinks_have_the_published_weights_and_consistency() -> None:
    # Saaty 2008, table 2: relative consumption of drinks
    assert weights_of(DRINKS).round(3).tolist() == [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    assert round(consistency_ratio(DRINKS), 3) == 0.022


def test_choosing_a_school_has_the_published_weights_and_is_too_inconsistent() -> None:
    # Saaty 1980: 0.32, 0.14, 0.03, 0.13, 0.24, 0.14 and a consistency ratio of 0.24, by rounded powers of the matrix
    assert weights_of(SCHOOL) == pytest.approx([0.32, 0.14, 0.03, 0.13, 0.24, 0.14], abs=0.006)
    assert consistency_ratio(SCHOOL) == pytest.approx(0.24, abs=0.015)


def test_judgements_that_agree_have_no_inconsistency_and_the_worst_three_are_found() -> None:
    weights = np.array([0.5, 0.3, 0.2])
    assert consistency_ratio(weights[:, None] / weights) == pytest.approx(0, abs=1e-9)
    assert weights_of(weights[:, None] / weights) == pytest.approx(weights)
    odd = _matrix(list("abcd"), [2, 4, 8, 2, 1 / 4, 2])
    assert worst_triad(odd) in [(0, 1, 3), (1, 2, 3)]


@pytest.mark.parametrize(
    ("judgements", "words"),
    [
        ('"a > b" = 3\n"a > c" = 5', r'"b > c" is missing; every pair'),
        ('"a > b" = 3\n"b > a" = 3', r'"a > b" is 3 and "b > a" is 3; one must be 1 over the other'),
        ('"a > b" = 0', r'"a > b" is 0.0; give a number from 1/9 to 9'),
        ('"a > b" = -2', r'"a > b" is -2.0; give a number from 1/9 to 9'),
        ('"a > b" = 12', r'"a > b" is 12.0; give a number'),
        ('"a > b" = "1/0"', r'"a > b" is \'1/0\'; give a number'),
        ('"a > b" = "much"', r'"a > b" is \'much\'; give a number'),
        ('"a > a" = 2', r"compares a KPI with itself"),
        ('"a" = 2', r"'a' names no two KPIs"),
        ("", r"compare two KPIs or more"),
        (
            '"a > b" = 3\n"b > c" = 3\n"a > c" = "1/3"',
            r'consistency ratio 1\.\d\d, at most 0.10 is accepted.*"a > c" should be near 9, not 1/3',
        ),
    ],
)
def test_what_is_wrong_with_judgements_is_named(judgements: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text(f'[[policy.prior]]\nrole = "agent"\n[policy.prior.judgements]\n{judgements}\n', "utf-8")
    with pytest.raises(CompanyFileError, match=r"policy\.prior\.0: .*" + words):
        load_company(file)


def test_a_role_judged_twice_is_refused() -> None:
    block = {"role": "agent", "judgements": {"a > b": 3}}
    with pytest.raises(ValueError, match="role 'agent' has judgements twice"):
        Policy.model_validate({"prior": [block, block]})


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("first_contact_resolutoin > handle_seconds", "is not in the catalogue.*first_contact_resolution"),
        ("csat > handle_seconds", "'csat' is of role outcome"),
    ],
)
def test_judgements_of_what_is_no_lever_are_refused(pair: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text(f'[[policy.prior]]\n[policy.prior.judgements]\n"{pair}" = 3\n', "utf-8")
    with pytest.raises(CatalogueError, match=r"\[\[policy.prior\]\] 1: judgements: KPI .*" + words):
        load_catalogue(load_company(file))


def test_fractions_may_be_written_as_such_and_a_general_block_serves_every_other_role() -> None:
    policy = Policy.model_validate(
        {"prior": [{"judgements": {"a > b": "1/3"}}, {"role": "clerk", "judgements": {"a > b": 3}}]}
    )
    general, clerk = policy.prior_of("agent"), policy.prior_of("clerk")
    assert general is not None
    assert clerk is not None
    assert general.weights == pytest.approx({"a": 0.25, "b": 0.75})
    assert clerk.weights == pytest.approx({"a": 0.75, "b": 0.25})
