"""The page of common systems shows what the guesser does with their exports, and what it does is right."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

RIGHT = {
    "Zendesk": {
        "Id": "cases.case_id", "Requester id": "cases.customer_id", "Assignee": "cases.employee_id",
        "Group": "cases.team_id", "Created at": "cases.opened_at", "Solved at": "cases.closed_at",
        "Satisfaction Score": "cases.csat", "Reopens": "cases.reopened", "Via": "cases.channel",
    },
    "Freshdesk": {
        "Ticket ID": "cases.case_id", "Contact ID": "cases.customer_id", "Agent": "cases.employee_id",
        "Created time": "cases.opened_at", "Due by Time": "cases.due_at", "Resolved time": "cases.closed_at",
        "Initial response time": "cases.responded_at", "Survey results": "cases.csat", "Source": "cases.channel",
    },
    "ServiceNow": {
        "Number": "cases.case_id", "Caller": "cases.customer_id", "Assigned to": "cases.employee_id",
        "Assignment group": "cases.team_id", "Opened": "cases.opened_at", "Reassignment count": "cases.transferred",
        "Reopen count": "cases.reopened", "Contact type": "cases.channel", "Category": "cases.process",
    },
    "Jira Service Management": {
        "Issue key": "cases.case_id", "Reporter": "cases.customer_id", "Assignee": "cases.employee_id",
        "Created": "cases.opened_at", "Resolved": "cases.closed_at", "Description": "cases.text",
        "Satisfaction rating": "cases.csat", "Custom field (Team)": "cases.team_id",
    },
    "Genesys Cloud": {
        "Conversation ID": "cases.case_id", "ANI": "cases.customer_id", "Users - Interacted": "cases.employee_id",
        "Queue": "cases.team_id", "Date": "cases.opened_at", "Total Queue": "cases.wait_seconds",
        "Total Handle": "cases.handle_seconds", "Transfers": "cases.transferred", "Media Type": "cases.channel",
    },
    "Salesforce": {
        "Case Number": "cases.case_id", "Account ID": "customers.customer_id", "Date/Time Opened": "cases.opened_at",
        "Date/Time Closed": "cases.closed_at", "Case Owner": "cases.employee_id", "Case Reason": "cases.root_cause",
        "Case Origin": "cases.channel", "Annual Revenue": "customers.value", "Created Date": "customers.joined_at",
    },
    "HubSpot": {
        "Ticket ID": "cases.case_id", "Associated Company IDs": "cases.customer_id",
        "Ticket owner": "cases.employee_id", "HubSpot Team": "cases.team_id", "Create date": "cases.opened_at",
        "Close date": "cases.closed_at", "Record ID": "customers.customer_id", "Annual Revenue": "customers.value",
    },
    "Shopify": {
        "Email": "activity.customer_id", "Total": "activity.amount", "Lineitem name": "activity.item",
    },
    "Workday": {
        "Employee ID": "employees.employee_id", "Supervisory Organization": "employees.team_id",
        "Hire Date": "employees.hired_at", "Termination Date": "employees.left_at",
    },
    "北森 (Beisen)": {
        "工号": "employees.employee_id", "部门": "employees.team_id", "职位": "employees.role",
        "入职日期": "employees.hired_at", "离职日期": "employees.left_at",
    },
    "企业微信 (WeCom)": {
        "外部联系人id": "cases.customer_id", "添加时间": "customers.joined_at", "会话id": "cases.case_id",
        "接待人员": "cases.employee_id", "会话开始时间": "cases.opened_at", "首次人工回复时间": "cases.responded_at",
        "会话结束时间": "cases.closed_at", "满意度评价": "cases.csat",
    },
}  # fmt: skip
# what may never become anything: who somebody is, or what is known only afterwards
LEFT_OUT = {
    "Zendesk": {"Status", "Updated at", "Full resolution time in minutes"},
    "Shopify": {"Financial Status", "Cancelled at"},
    "Workday": {"Worker"},
    "北森 (Beisen)": {"姓名", "员工状态"},
}


@pytest.fixture(scope="module")
def sections(checkout: Path) -> dict[str, dict[str, str]]:
    """What each column becomes, by system, as the page says."""
    text = (checkout / "docs" / "sources.md").read_text("utf-8")
    found = {}
    for section in text.split("\n## ")[1:]:
        rows = [line.split("|")[1:3] for line in section.splitlines() if re.match(r"\| (?!column|---)", line)]
        found[section.splitlines()[0]] = {}
        for column, becomes in rows:
            found[section.splitlines()[0]].setdefault(column.strip(), "")
            found[section.splitlines()[0]][column.strip()] += becomes.strip()
    return found


@pytest.mark.parametrize("system", RIGHT)
def test_the_page_shows_a_right_mapping(system: str, sections: dict[str, dict[str, str]]) -> None:
    shown = sections[system]
    assert {column for column, target in RIGHT[system].items() if f"`{target}`" not in shown[column]} == set()
    assert {column for column in LEFT_OUT.get(system, ()) if shown[column] != "left out"} == set()


def test_no_system_is_without_an_answer_known_to_be_right(sections: dict[str, dict[str, str]]) -> None:
    assert set(sections) == set(RIGHT)


@pytest.mark.slow  # exports of eleven systems are guessed, a second each
def test_the_page_is_what_the_guesser_does(checkout: Path) -> None:
    written = (checkout / "docs" / "sources.md").read_text("utf-8")
    made = runpy.run_path(str(checkout / "docs" / "source_systems.py"))["sources_page"]()
    assert written == made, "run: python docs/generate.py"
