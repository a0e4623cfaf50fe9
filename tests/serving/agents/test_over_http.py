"""Tools over HTTP: an agent sees what its user sees over the API, to the letter, and nothing more."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from serving.agents.catalogue import TOOLS
from serving.agents.tools import ABOUT, Tools
from serving.answering.work import ROUTES
from tests.serving.access.conftest import House
from tests.serving.access.test_matrix import CELLS, ROUTE, USERS, body_of
from tests.serving.access.test_matrix import ask as ask_api
from tests.serving.agents.conftest import Ask

TOOL = {
    "churn": "predict_churn",
    "team": "predict_decline",
    "person": "predict_decline",
    "weights": "recommend_weights",
    "policy": "solve_weights_under_policy",
    "trial": "try_weights",
    "coaching_team": "recommend_coaching",
    "coaching": "recommend_coaching",
    "texts": "classify_complaints",
    "conversation": "assess_conversation",
    "live": "predict_churn",
    "kpis": "live_kpis",
}
FACES = [{"customer_id": "c1"}, {"customer_id": "c3"}]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
BOTH = {"accept": "application/json, text/event-stream"}


def body(result: Any) -> tuple[int, Any]:
    """Code and body as over HTTP; what is structured is what the text says."""
    assert json.loads(result.content[0].text) == result.structured_content
    if not result.is_error:
        return 200, result.structured_content
    answered = dict(result.structured_content)
    return answered.pop("code"), answered


@pytest.mark.parametrize(("user", "mode"), [*((user, "auto") for user in USERS), ("lin", "legacy")])
def test_every_cell_of_the_matrix_is_answered_as_over_the_api(
    user: str, mode: str, ask: Ask, served: Any, house: House
) -> None:
    # conversations take long: once is enough
    cells = [cell for cell in CELLS if cell[0] in TOOL and (mode == "auto" or cell[0] != "conversation")]

    async def use(client: Any) -> list[Any]:
        return [body(await client.call_tool(TOOL[what], body_of(what, which, house))) for what, which in cells]

    found = dict(zip(cells, ask(user, use, mode=mode), strict=True))
    expected = {cell: ask_api(served, house, user, *cell) for cell in cells}
    assert found == {cell: (answer.status_code, answer.json()) for cell, answer in expected.items()}


def test_the_matrix_has_every_tool() -> None:
    assert {tool.name for tool in TOOLS} - set(TOOL.values()) == {"explain_churn", "explain_decline"}
    assert {tool.path for tool in TOOLS} == set(ROUTES) - {"/events"} == {ROUTE[what] for what in TOOL}


@pytest.mark.parametrize(
    ("user", "unseen"),
    [
        ("ana", set()),
        ("lin", set()),
        ("etl", {"solve_weights_under_policy", "try_weights", "recommend_coaching"}),
        ("emil", {"predict_churn", "explain_churn", "live_kpis", "solve_weights_under_policy", "try_weights", "classify_complaints", "assess_conversation"}),
        ("aud", {tool.name for tool in TOOLS}),
    ],
)  # fmt: skip
def test_tools_are_shown_to_whom_they_can_answer(user: str, unseen: set[str], ask: Ask) -> None:
    async def use(client: Any) -> Any:
        return (await client.list_tools()).tools

    found = ask(user, use)
    assert {tool.name for tool in found} == {ABOUT, *(tool.name for tool in TOOLS)} - unseen
    for tool in found:
        assert tool.annotations.read_only_hint is True
        assert len(tool.description) > 60
        assert tool.output_schema["type"] == "object"
        assert "explain" not in tool.input_schema["properties"]


def test_explaining_names_drivers_and_predicting_does_not(ask: Ask) -> None:
    async def use(client: Any) -> list[Any]:
        return [await client.call_tool(f"{verb}_churn", {"rows": FACES}) for verb in ("explain", "predict")]

    explained, predicted = (result.structured_content["rows"] for result in ask("lin", use))
    assert {driver["kpi"] for driver in explained[0]["drivers"]} == {"wait_seconds", "segment"}
    assert "drivers" not in predicted[0]
    assert explained[1] == predicted[1]  # mara's customer


@pytest.mark.parametrize(
    ("tool", "arguments", "field", "part"),
    [
        ("predict_churn", {"rows": [{"customer": "c1"}]}, "rows[0].customer", "unknown field"),
        ("predict_churn", {"rows": FACES, "explain": True}, "explain", "not to be given"),
        ("predict_churn", {}, "rows", "required"),
        ("predict_churn", {"rows": [{"features": {"wait_second__30d": 1}}]}, "rows[0].features.wait_second__30d", "did you mean"),
        ("predict_churn", {"rows": [{"customer_id": 2**53 + 1}]}, "rows[0].customer_id", "write ids above 2^53 as text"),
        ("predict_churn", {"rows": [{"features": {"wait_seconds__30d": 1e308}}]}, "rows[0].features.wait_seconds__30d", ""),
        ("solve_weights_under_policy", {"team_id": "t1"}, "policy", "required"),
        ("solve_weights_under_policy", {"team_id": "t1", "policy": {"min_group": 1}}, "policy.min_group", "protects single people"),
        ("try_weights", {"team_id": "t1", "weights": {"wait_seconds": 60}}, "weights", "100"),
        ("assess_conversation", {"turns": []}, "turns", "may not be empty"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_tools_error_with_field_and_message(
    tool: str, arguments: dict[str, Any], field: str, part: str, ask: Ask
) -> None:
    async def use(client: Any) -> Any:
        return await client.call_tool(tool, arguments)

    code, answered = body(ask("ana", use))
    assert (code, answered["error"]["field"]) == (400, field)
    assert part.lower() in answered["error"]["message"].lower()


def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol_that_names_those_that_do(ask: Ask) -> None:
    from mcp import MCPError

    async def use(client: Any) -> Any:
        with pytest.raises(MCPError, match="there are about_this_service, predict_churn"):
            await client.call_tool("drop_table", {})

    ask("ana", use)


def test_a_view_of_a_persons_row_is_in_the_audit_log_as_over_the_api(ask: Ask, house: House) -> None:
    from serving.access.keeper import Keeper
    from serving.audit.reading import Asked, read

    def views() -> list[Any]:
        with Keeper(house.company).state.reading() as session:
            return list(read(session, Asked(action="view_person", user="lin"), limit=1000))

    async def use(client: Any) -> None:
        await client.call_tool("recommend_coaching", {"employee_id": house.people["e1"]})
        await client.call_tool("recommend_coaching", {"employee_id": house.people["e3"]})

    before = len(views())
    ask("lin", use)
    (row,) = views()[: len(views()) - before]
    assert (row.person, row.detail) == (house.people["e1"], {"kind": "/recommend_coaching"})


def test_which_models_x_to_everybody_with_a_token(ask: Ask, served: Any) -> None:
    async def use(client: Any) -> Any:
        return await client.call_tool(ABOUT, {})

    assert ask("aud", use).structured_content == served.get("/readyz").json()


def post(served: Any, content: Any, **headers: str) -> Any:
    given = {
        "content-type": "application/json",
        **BOTH,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return served.post("/mcp", content=content if isinstance(content, bytes) else json.dumps(content), headers=given)


def test_gate_and_door_stand_before_it(served: Any, house: House) -> None:
    token = house.headers("ana")["authorization"]
    assert post(served, INITIALIZE).status_code == 401
    assert post(served, INITIALIZE, authorization="Bearer nobody").status_code == 401
    assert post(served, INITIALIZE, authorization=token, host="evil.example").status_code == 421
    assert post(served, INITIALIZE, authorization=token, origin="http://evil.example").status_code == 403
    assert post(served, INITIALIZE, authorization=token, origin="null").status_code == 403
    assert post(served, INITIALIZE, authorization=token, origin="http://localhost:3000").status_code == 200
    assert post(served, INITIALIZE, authorization=token, content_type="text/plain").status_code == 415
    assert post(served, b"x" * (4 * 1024**2 + 1), authorization=token).status_code == 413
    assert served.get("/mcp", headers=house.headers("ana")).status_code == 405
    assert served.delete("/mcp", headers=house.headers("ana")).headers["allow"] == "POST"
    assert served.post("/mcp/else", json=INITIALIZE, headers=house.headers("ana") | BOTH).status_code == 404
    assert served.post("/mcp/", json=INITIALIZE, headers=house.headers("ana") | BOTH).status_code == 200


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'"x"', b'{"jsonrpc": "2.0"}', b"\xff", b'{"jsonrpc": "2.0", "id": 1}']
)
def test_what_is_no_message_of_the_protocol_is_refused_in_json(content: bytes, served: Any, house: House) -> None:
    answer = post(served, content, authorization=house.headers("ana")["authorization"])
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] < 0


def test_a_defect_gives_nothing_away(caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    from serving.access.principal import LOCAL

    class Broken:
        async def answer(self, *_: Any) -> Any:
            raise ValueError("Mrs Lee wrote")

    tools = Tools(Broken(), lambda: (200, {}))  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR, "baton.serving"):
        code, answered = asyncio.run(tools.call("classify_complaints", {"texts": ["x"]}, lambda: LOCAL))
    assert (code, answered["error"]["message"]) == (500, "a defect of the service; see its log")
