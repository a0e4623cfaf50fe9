"""The description is whole: whatever is asked in whatever role, the answer is one that it names, in the shape it names.

``BATON_CALLS=100 python -m pytest tests/serving/access/test_description.py`` makes so many calls of each operation in
each role and each of two ways (such as fit, and such as do not), instead of a few.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable

from serving.access.routes import ACTIONS_OF
from serving.answering.work import ANSWERS, ROUTES
from serving.examples import ANSWER_EXAMPLES, REQUEST_EXAMPLES
from tests.serving.access.conftest import House
from tests.serving.access.test_matrix import USERS

CALLS = int(os.environ.get("BATON_CALLS", "2"))
HEALTH = ("/livez", "/healthz", "/readyz", "/metrics", "/docs.json")  # without parts: asked once
SLOW = ("/assess_conversation",)  # each reads a conversation
FOR_PEOPLE = {"/", "/report", "/schema.json"}  # pages for a browser, and BentoML's own description


@pytest.fixture(scope="module")
def described(served: Any, house: House) -> dict[str, Any]:
    return served.get("/docs.json", headers=house.headers("ana")).json()


def test_every_path_is_described_with_examples(described: dict[str, Any]) -> None:
    pages = {path for path in ACTIONS_OF if path.startswith("/pages")}
    assert set(ACTIONS_OF) - FOR_PEOPLE - pages <= set(described["paths"])
    assert "/mcp" in described["paths"]
    assert set(REQUEST_EXAMPLES) == set(ANSWER_EXAMPLES) == set(ROUTES)
    for path in ROUTES:
        operation = described["paths"][path]["post"]
        assert operation["requestBody"]["content"]["application/json"]["example"] == REQUEST_EXAMPLES[path]
        assert operation["responses"]["200"]["content"]["application/json"]["example"] == ANSWER_EXAMPLES[path]
    for item in described["paths"].values():
        for operation in item.values():
            assert {"421", "503"} <= set(operation["responses"])


@pytest.mark.parametrize("path", list(ROUTES))
def test_examples_are_what_they_are_examples_of(path: str) -> None:
    ROUTES[path].model_validate_json(json.dumps(REQUEST_EXAMPLES[path]))
    kept = ANSWERS[path].model_validate(ANSWER_EXAMPLES[path]).model_dump(mode="json", exclude_unset=True)
    assert kept == ANSWER_EXAMPLES[path]


def fits(content: Any, schema: dict[str, Any], described: dict[str, Any]) -> bool:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({**schema, "components": described["components"]}).is_valid(content)


def fault_of(answer: Any, responses: dict[str, Any], described: dict[str, Any]) -> str:
    """What is wrong with an answer; empty where it is as described."""
    if answer.status_code >= 500 or str(answer.status_code) not in responses:
        return f"{answer.status_code}: {answer.text[:200]}"
    found = responses[str(answer.status_code)].get("content", {})
    kind = answer.headers.get("content-type", "").split(";")[0]
    if not found:
        return f"has a body: {answer.text[:200]}" if answer.content.strip() else ""
    if kind not in found:
        return f"{answer.status_code} is {kind}"
    if kind == "application/json" and not fits(answer.json(), found[kind]["schema"], described):
        return f"{answer.status_code} does not fit: {answer.text[:200]}"
    return ""


def ask(served: Any, case: Any, headers: dict[str, str]) -> Any:
    import schemathesis

    kwargs = case.as_transport_kwargs(base_url="http://localhost")
    given_headers = {name: value for name, value in kwargs["headers"].items() if name.lower() == "idempotency-key"}
    body: dict[str, Any] = {}
    if not isinstance(case.body, schemathesis.core.NotSet):
        content = case.body if isinstance(case.body, bytes) else json.dumps(case.body, default=repr)
        body, given_headers = {"content": content}, given_headers | {"content-type": "application/json"}
    return served.request(
        kwargs["method"], kwargs["url"], params=kwargs.get("params"), headers=given_headers | headers, **body
    )


def many(strategy: Any, use: Callable[[Any], None]) -> None:
    """Use so many examples of a strategy, the same each time."""

    @seed(5)
    @settings(max_examples=CALLS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def one(case: Any) -> None:
        use(case)

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that has no parts
        one()


def calls(
    operations: list[tuple[str, str]], user: str, served: Any, house: House, described: dict[str, Any]
) -> tuple[Counter[int], list[str]]:
    """Ask in a role, with what fits the description and what does not; how often each code came."""
    import schemathesis
    from schemathesis import GenerationMode

    schema, codes, faults = schemathesis.openapi.from_dict(described), Counter[int](), list[str]()

    def asked(case: Any) -> None:
        answer = ask(served, case, house.headers(user))
        codes[answer.status_code] += 1
        responses = described["paths"][case.path][case.method.lower()]["responses"]
        if fault := fault_of(answer, responses, described):
            faults.append(f"{case.method} {case.path} {str(case.body)[:200]} {case.query}: {fault}")

    for path, method in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            many(schema[path][method.upper()].as_strategy(generation_mode=mode), asked)
    return codes, faults


@pytest.fixture(scope="module", autouse=True)
def without_pace() -> Iterator[None]:
    """Nobody asks too often here: 429 is tried elsewhere, and would hide all else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.access.door.Limits.of", lambda *_: 1_000_000_000)
        yield


@pytest.mark.parametrize("user", USERS)
def test_every_answer_in_every_role_is_one_that_is_described(
    user: str, served: Any, house: House, described: dict[str, Any]
) -> None:
    operations = [(path, method) for path, item in described["paths"].items() for method in item]
    codes, faults = calls(
        [each for each in operations if CALLS > 10 or each[0] not in SLOW], user, served, house, described
    )
    assert faults == []
    assert codes.total() >= CALLS * (len(operations) - len(SLOW) - len(HEALTH))
    print(user, codes.total(), {int(code): count for code, count in sorted(codes.items())})  # noqa: T201
