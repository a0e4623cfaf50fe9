"""Tools over standard input and output: the command itself, started by the SDK's own client."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.files import RunFolder
from serving.access.granting import take
from tests.serving.access.conftest import House

COMMAND = ["-m", "baton.cli", "mcp"]


def environment(checkout: Path, token: str = "") -> dict[str, str]:
    return {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1", **({"BATON_TOKEN": token} if token else {})}


def ask(company: Company, checkout: Path, use: Any, token: str = "") -> Any:
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters

    async def main() -> Any:
        arguments = [*COMMAND, str(company.folder)]
        server = StdioServerParameters(command=sys.executable, args=arguments, env=environment(checkout, token))
        async with Client(server) as client:
            return await use(client)

    return asyncio.run(main())


def test_an_agent_asks_for_the_user_of_its_token_until_it_is_revoked(house: House, checkout: Path) -> None:
    from serving.access.granting import Request, give

    given = give(house.company, Request("agent", "manager", teams=("t3",)))

    async def use(client: Any) -> list[Any]:
        answers = [await client.call_tool("recommend_weights", {"team_id": team}) for team in ("t3", "t1")]
        take(house.company, "agent")
        await asyncio.sleep(2.1)  # what was found of a token is taken to hold for two seconds
        return [*answers, await client.call_tool("recommend_weights", {"team_id": "t3"})]

    own, foreign, late = ask(house.company, checkout, use, given.token)
    assert {row["team_id"] for row in own.structured_content["rows"]} == {"t3"}
    assert (foreign.is_error, foreign.structured_content["code"]) == (True, 404)
    assert (late.is_error, late.structured_content["code"]) == (True, 401)


def test_without_access_it_answers_whoever_sits_at_this_machine(
    company: Company, run_folder: RunFolder, checkout: Path
) -> None:
    assert run_folder.path.is_dir()

    async def use(client: Any) -> Any:
        return await client.call_tool("predict_churn", {"rows": [{"customer_id": "c3"}]})

    (row,) = ask(company, checkout, use).structured_content["rows"]
    assert 0 < row["probability"] < 1


def test_with_access_it_does_not_start_without_a_valid_token(house: House, checkout: Path) -> None:
    for token in ("", "nobody"):
        done = subprocess.run(
            [sys.executable, *COMMAND, str(house.company.folder)],
            env=environment(checkout, token), cwd=checkout, capture_output=True, text=True, check=False, input="",
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert "BATON_TOKEN holds no valid token; `baton access grant` gives one" in done.stderr
