"""What an agent may ask for: the service's questions as tools, their inputs and answers those of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from baton.company import Policy
from serving.access.principal import Principal
from serving.access.routes import refusal_of
from serving.access.rules import may_at_all
from serving.answering.work import ANSWERS, ROUTES

__all__ = ["INSTRUCTIONS", "TOOLS", "AgentTool"]

INSTRUCTIONS = (
    "Baton joins a company's customer, service and employee data. Its tools predict which customers leave and where "
    "service declines, name what carries a prediction, advise what scorecards should pay for, and read complaints and "
    "conversations. Nothing is changed by any of them: decisions are people's. Start with about_this_service. Where an "
    "answer has informative: false or a verdict of missing evidence, do nothing because of the number, and say so. A "
    "person's prediction is an offer of help to that person and their lead, and no judgement. What you may not see is "
    "answered like what does not exist."
)


@dataclass(frozen=True)
class AgentTool:
    """One tool.

    Parameters
    ----------
    name, title, description : str
    path : str
        Of the route that answers the same over HTTP; its request and answer are the tool's.
    fixed : mapping of str to any
        Fields of the request that the tool sets itself; an agent cannot give them.
    needed : tuple of str
        Fields that the tool needs besides those that the request needs.
    action : str
        Of the rules, where the tool needs another than its path; it is shown to whoever may do that for anything.
    """

    name: str
    title: str
    description: str
    path: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    action: str = ""

    def shown_to(self, principal: Principal, /) -> bool:
        """Whether a user may use the tool for anything at all."""
        return not refusal_of(principal, self.path) and (not self.action or may_at_all(principal, self.action))

    @property
    def request(self) -> type[BaseModel]:
        """What is asked."""
        return ROUTES[self.path]

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """JSON schema of what an agent gives."""
        schema = self.request.model_json_schema()
        properties = {name: part for name, part in schema["properties"].items() if name not in self.fixed}
        definitions = dict(schema.get("$defs", {}))
        if "policy" in properties:
            properties["policy"], more = _policy_schema()
            definitions |= more
        required = [*schema.get("required", []), *self.needed]
        given: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        given |= {"required": required} if required else {}
        return given | ({"$defs": definitions} if definitions else {})

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """JSON schema of the structured answer."""
        return ANSWERS[self.path].model_json_schema()


def _policy_schema() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of a policy whose limits may all be left out, and the definitions that it refers to."""
    schema = Policy.model_json_schema()
    limits = {name: part for name, part in schema["properties"].items() if name != "min_group"}
    for part in limits.values():
        part.pop("default", None)  # what is left out is as in the company's own policy, which may differ
    described = "Limits that are to differ from the company's policy; weights in points of 100."
    found = {"type": "object", "description": described, "properties": limits, "additionalProperties": False}
    return found, schema.get("$defs", {})


TOOLS: tuple[AgentTool, ...] = (
    AgentTool(
        "predict_churn",
        "Who is about to leave",
        "Probability that each customer leaves within the horizon, by customer_id as of the latest snapshot, or for "
        "anybody by features. A row holds either customer_id or features; answers come in the order of the rows. A "
        "customer that is unknown or not yours to see has probability null and an error in its own row.",
        "/predict_churn",
        {"explain": False},
    ),
    AgentTool(
        "live_kpis",
        "How a team is doing today",
        "A team's KPIs since midnight (UTC) and over the windows that end today, from the run's tables and the events "
        "that other systems have sent since. Where a table ends before the others, note says so: what happened there "
        "since counts as nothing.",
        "/live_kpis",
    ),
    AgentTool(
        "explain_churn",
        "What carries a customer's prediction",
        "As predict_churn, with the five drivers that carry each probability most: KPI, its value, and its attribution "
        "in log-odds. Drivers say what the model rests on, not what would happen if a value were changed. Explain at "
        "most some hundred rows at a time: it takes about ten times as long as predicting.",
        "/predict_churn",
        {"explain": True},
    ),
    AgentTool(
        "predict_decline",
        "Where service is about to decline",
        "Probability that a unit's service declines within the horizon. unit is team, employee, stage, process or "
        "customer_kind, unit_id its id (employees by pseudonym); metric says which where a unit has several. A "
        "person's probability is an offer of help for that person and their lead; make no ranking of people of it.",
        "/predict_decline",
        {"explain": False},
    ),
    AgentTool(
        "explain_decline",
        "What carries a unit's prediction",
        "As predict_decline, with the drivers that carry each probability most: KPI, value, attribution in log-odds.",
        "/predict_decline",
        {"explain": True},
    ),
    AgentTool(
        "recommend_weights",
        "What a team's scorecards should pay for",
        "The recommended weight of each KPI on a team's scorecards under the company's policy, beside today's weight, "
        "with the verdict, the expected effect on customers kept, and the reason in English and Chinese. It is an "
        "advice: a manager decides, and a second person approves.",
        "/recommend_weights",
        {"policy": None},
    ),
    AgentTool(
        "solve_weights_under_policy",
        "The same cards under another policy",
        "Solve a team's scorecards again under limits that differ from the company's, such as {'max_change': 5}; what "
        "is left out is as in the company file. Nothing is saved.",
        "/recommend_weights",
        needed=("policy",),
        action="weights_under_policy",
    ),
    AgentTool(
        "try_weights",
        "What a card of one's own would do",
        "What weights of your own (points per KPI, 100 together) would do over one cycle: customers kept against "
        "today's card with a 90 % interval, and which limits of the policy they break. Null where no effect is known. "
        "role says which card where a team has several. Nothing is saved.",
        "/simulate_weights",
    ),
    AgentTool(
        "recommend_coaching",
        "Who needs help with what",
        "Offers of help for one employee (employee_id, a pseudonym) or for a team's people and processes (team_id), "
        "each with the cases behind it and what must be provided first. Give either of the two. for_person is for the "
        "person, for_lead for their lead alone. No rows: no help is called for.",
        "/recommend_coaching",
    ),
    AgentTool(
        "classify_complaints",
        "What complaints are about",
        "The cause of each text in the company's own taxonomy. Where abstained is true the cause is a guess that must "
        "not be acted on; reason says why. Personal data are masked before the model reads, and nothing is stored.",
        "/classify_complaints",
    ),
    AgentTool(
        "assess_conversation",
        "How a conversation is going",
        "Risk, level and signals of a conversation while the customer is still there, with advice in order of urgency. "
        "Send all turns so far, oldest first. Only the customer's words are scored; nobody's performance is rated.",
        "/assess_conversation",
    ),
)
"""All tools but ``about_this_service``, which answers what ``/readyz`` does."""
