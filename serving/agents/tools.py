"""What tools answer: the service's own answers under the service's own rules, whatever way an agent has come."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from baton.errors import BatonError
from serving.access.principal import Principal
from serving.access.routes import refusal_of
from serving.agents.catalogue import INSTRUCTIONS, TOOLS, AgentTool
from serving.answering.work import Answering
from serving.refusals import DEFECT, error_body, faults_of

if TYPE_CHECKING:
    from mcp.server import Server
    from mcp_types import CallToolResult, ListToolsResult, Tool

__all__ = ["ABOUT", "Tools", "agent_server"]

_LOG = logging.getLogger("baton.serving")
_BY_NAME = {tool.name: tool for tool in TOOLS}
ABOUT = "about_this_service"
"""The tool that says which models answer."""

_ABOUT_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
_READY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "models": {"type": "array", "items": {"type": "object"}},
        "note": {"type": "string"},
    },
    "required": ["ready"],
}


class Tools:
    """Answers calls of tools.

    Parameters
    ----------
    answering : Answering
        What answers over HTTP too.
    readiness : callable
        Returns code and body of ``/readyz``.
    """

    def __init__(self, answering: Answering, readiness: Callable[[], tuple[int, dict[str, Any]]], /) -> None:
        self._answering = answering
        self._readiness = readiness

    async def call(
        self, name: str, arguments: Mapping[str, Any], who: Callable[[], Principal | None], /
    ) -> tuple[int, dict[str, Any]]:
        """Return the code and the body that the same request would get over HTTP.

        Parameters
        ----------
        who : callable
            Returns who asks; None where a token is needed and the one given is not valid any more.
        """
        try:
            return await self._answered(name, arguments, who())
        except BatonError as error:  # the database of users cannot be asked: nobody is let in by its being away
            return 503, error_body("", str(error))
        except Exception:
            # nothing of it may leave but that there was one: arguments hold customers' words
            _LOG.exception("a defect in the tool %s", name)
            return 500, error_body("", DEFECT)

    async def _answered(
        self, name: str, arguments: Mapping[str, Any], principal: Principal | None, /
    ) -> tuple[int, dict[str, Any]]:
        if principal is None:
            return 401, error_body("", "the token is not valid, or not any more; `baton access grant` gives one")
        if name == ABOUT:
            return self._readiness()
        tool = _BY_NAME[name]
        refusal = refusal_of(principal, tool.path)
        if refusal:
            return 403, error_body("", refusal)
        foreign = next((given for given in arguments if given in tool.fixed), None)
        if foreign is not None:
            return 400, error_body(foreign, f"is not to be given to {name}")
        missing = next((wanted for wanted in tool.needed if arguments.get(wanted) is None), None)
        if missing is not None:
            return 400, error_body(missing, "Field required")
        try:
            # as JSON, so that it is read exactly as a body is
            request = tool.request.model_validate_json(json.dumps({**arguments, **tool.fixed}))
        except ValidationError as error:
            return 400, faults_of(tool.request, error)
        code, content = await self._answering.answer(request, principal)
        return code, json.loads(content)


def agent_server(tools: Tools, who: Callable[[Any], Principal | None], /) -> Server[Any]:
    """Return the server of the Model Context Protocol.

    Parameters
    ----------
    who : callable
        Returns who asks, from the library's context of a request.
    """
    from mcp.server import Server
    from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent

    async def listed(context: Any, _: Any) -> ListToolsResult:
        try:
            principal = who(context)
        except BatonError:
            principal = None
        seen = [tool for tool in TOOLS if principal is not None and tool.shown_to(principal)]
        return ListToolsResult(tools=[_about(), *(_described(tool) for tool in seen)])

    async def called(context: Any, asked: CallToolRequestParams) -> CallToolResult:
        if asked.name != ABOUT and asked.name not in _BY_NAME:
            from mcp import MCPError
            from mcp_types import INVALID_PARAMS

            known = ", ".join((ABOUT, *_BY_NAME))
            raise MCPError(INVALID_PARAMS, f"there is no such tool; there are {known}")
        code, body = await tools.call(asked.name, asked.arguments or {}, lambda: who(context))
        if code >= 400:
            body = {"code": code, **body}
        text = TextContent(type="text", text=json.dumps(body, ensure_ascii=False))
        return CallToolResult(content=[text], structured_content=body, is_error=code >= 400)

    return Server(
        "baton",
        title="Baton",
        version=_version(),
        instructions=INSTRUCTIONS,
        on_list_tools=listed,
        on_call_tool=called,
    )


def _described(tool: AgentTool, /) -> Tool:
    from mcp_types import Tool

    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=_reads(),
    )


def _about() -> Tool:
    from mcp_types import Tool

    return Tool(
        name=ABOUT,
        title="Which models answer",
        description="Which outcomes are predicted, by which model versions, and what is to be known of them.",
        input_schema=_ABOUT_SCHEMA,
        output_schema=_READY_SCHEMA,
        annotations=_reads(),
    )


def _reads() -> Any:
    from mcp_types import ToolAnnotations

    return ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("baton")
    except PackageNotFoundError:
        return ""
