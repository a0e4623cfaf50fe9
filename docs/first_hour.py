"""Made-up exports for the pages of the first hour, and what the pages show of them.

``python docs/first_hour.py exports KIND FOLDER`` writes the exports that a page speaks of (kinds: service-desk, shop,
saas, b2b); ``python docs/first_hour.py`` makes outputs and pictures of all pages again (it needs Chromium).
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
PAGES = DOCS / "first-hour"
KINDS = ("service-desk", "shop", "saas", "b2b")
CHROMIUM = "/usr/bin/chromium"
WIDTH = 118
NAMES = "Ada Ben Cleo Dana Eli Finn Greta Hugo Iris Jon Kim Lea Max Nora Otto Pia Quinn Rosa Sam Tara".split()
_SIMULATED: Mapping[str, dict[str, Any]] = {
    "service-desk": {"scenario": "service", "customers": 2500, "months": 14, "seed": 11},
    "shop": {"scenario": "service", "customers": 400, "months": 14, "seed": 21},
    "saas": {"scenario": "product", "customers": 150, "months": 14, "seed": 12},
    "b2b": {"scenario": "b2b", "customers": 150, "months": 24, "seed": 13},
}


def write_exports(kind: str, folder: Path) -> None:
    """Write the made-up exports of a kind of company, with the headings that its systems have."""
    from pipelines.simulate import simulate

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="baton-docs-") as place:
        company = Path(place) / "company"
        simulate(company, **_SIMULATED[kind])
        _WRITERS[kind](company, folder)


def _query(company: Path, sql: str) -> Any:
    """Return rows of a query over the company's tables, which have the names of their files."""
    import duckdb

    connection = duckdb.connect()
    for path in sorted(company.rglob("*")):
        if path.suffix in {".csv", ".parquet"}:
            connection.execute(f"create view {path.stem} as select * from '{path}'")
    names = ", ".join(f"'{name}'" for name in NAMES)
    connection.execute(f"create macro person(id) as ([{names}])[1 + (right(id, 3)::int % 20)] || ' ' || right(id, 2)")
    connection.execute("create macro shown(moment) as strftime(moment::timestamp, '%d/%m/%Y %H:%M')")
    return connection.execute(sql).df()


def _service_desk(company: Path, folder: Path) -> None:
    _query(
        company,
        """
        select row_number() over (order by opened_at) + 10400 as "Ticket ID", customer_id as "Requester",
          shown(opened_at) as "Created", shown(responded_at) as "First response", shown(closed_at) as "Solved",
          shown(due_at) as "SLA due", process as "Ticket type", priority as "Priority", channel as "Channel",
          t.name as "Group", person(employee_id) as "Assignee", csat as "Satisfaction rating (1-5)",
          shown(rated_at) as "Rated at", if(resolved_first, 'Yes', 'No') as "One-touch", reopened as "Reopens",
          transferred as "Reassignments", round(wait_seconds / 60, 1) as "Wait (min)",
          round(handle_seconds / 60, 1) as "Talk time (min)", if(closed_at is null, 'Open', 'Solved') as "Status"
        from cases left join teams as t using (team_id) order by opened_at
    """,
    ).to_csv(folder / "tickets.csv", index=False)
    _query(
        company,
        """
        select customer_id as "Customer no", strftime(joined_at, '%Y-%m-%d') as "Customer since",
          strftime(left_at, '%Y-%m-%d') as "Cancelled on", segment as "Segment", plan as "Product",
          value as "Annual revenue (EUR)" from customers
    """,
    ).to_csv(folder / "crm_customers.csv", index=False)
    people = """
        select person(employee_id) as "Agent", t.name as "Team", role as "Position", strftime(hired_at, '%Y-%m-%d')
          as "Hire date", strftime(left_at, '%Y-%m-%d') as "Last day", gender as "Gender"
        from employees left join teams as t using (team_id)
    """
    _workbook(folder / "hr.xlsx", {
        "Agents": ("Headcount report", _query(company, people)),
        "Scorecards": ("Scorecards in force", _query(company, _CARDS)),
    })  # fmt: skip


_CARDS = """
    select t.name as "Team", role as "Position", kpi as "KPI", weight as "Weight",
      strftime(valid_from, '%Y-%m-%d') as "Valid from"
    from scorecards left join teams as t using (team_id)
"""


def _shop(company: Path, folder: Path) -> None:
    _query(
        company,
        """
        select '#' || (1000 + row_number() over (order by "at")) as "Name",
          lower(customer_id) || '@example.com' as "Email",
          'paid' as "Financial Status", strftime("at", '%Y-%m-%d %H:%M:%S +0000') as "Paid at", 'EUR' as "Currency",
          round(amount, 2) as "Total", strftime("at", '%Y-%m-%d %H:%M:%S +0000') as "Created at",
          item as "Lineitem name" from activity where kind = 'payment' order by "at"
    """,
    ).to_csv(folder / "orders_export.csv", index=False)
    _query(
        company,
        """
        select row_number() over (order by opened_at) as "Ticket ID", lower(customer_id) || '@example.com' as "Email",
          strftime(opened_at, '%Y-%m-%d %H:%M') as "Created time", strftime(responded_at, '%Y-%m-%d %H:%M')
          as "Initial response time", strftime(closed_at, '%Y-%m-%d %H:%M') as "Resolved time", process as "Type",
          channel as "Source", priority as "Priority", t.name as "Group", person(employee_id) as "Agent",
          case csat when 5 then 'Extremely Happy' when 4 then 'Happy' when 3 then 'Neutral' when 2 then 'Unhappy'
          when 1 then 'Extremely Unhappy' end as "Survey results",
          if(closed_at is null, 'Open', 'Resolved') as "Status"
        from cases left join teams as t using (team_id) order by opened_at
    """,
    ).to_csv(folder / "tickets.csv", index=False)


def _saas(company: Path, folder: Path) -> None:
    _query(
        company,
        """
        select customer_id as "Account ID", strftime(joined_at, '%Y-%m-%d') as "Signup date",
          strftime(left_at, '%Y-%m-%d') as "Churn date", plan as "Plan", industry as "Industry", seats as "Seats",
          value as "ARR" from customers
    """,
    ).to_csv(folder / "accounts.csv", index=False)
    _query(
        company,
        """
        select customer_id as "Account ID", strftime("at", '%Y-%m-%dT%H:%M:%SZ') as "Event time", kind as "Event",
          item as "Feature", amount as "Usage count" from activity
        where kind in ('login', 'feature_use', 'key_feature_use', 'error') order by "at"
    """,
    ).to_csv(folder / "feature_usage.csv", index=False)
    _query(
        company,
        """
        select case_id as "Ticket ID", customer_id as "Account ID", strftime(opened_at, '%Y-%m-%dT%H:%M:%SZ')
          as "Submitted at", strftime(responded_at, '%Y-%m-%dT%H:%M:%SZ') as "First response at",
          strftime(closed_at, '%Y-%m-%dT%H:%M:%SZ') as "Closed at", process as "Category", priority as "Priority",
          t.name as "Team", person(employee_id) as "Assignee", csat as "CSAT"
        from cases left join teams as t using (team_id) order by opened_at
    """,
    ).to_csv(folder / "support_tickets.csv", index=False)


def _b2b(company: Path, folder: Path) -> None:
    _query(
        company,
        """
        select customer_id as "Account ID", strftime(joined_at, '%Y-%m-%d') as "Customer Since Date",
          strftime(left_at, '%Y-%m-%d') as "Contract Ended", segment as "Segment", industry as "Industry",
          value as "Annual Revenue", region as "Region" from customers
    """,
    ).to_csv(folder / "accounts.csv", index=False)
    _query(
        company,
        """
        select case_id as "Case Number", customer_id as "Account ID", strftime(opened_at, '%m/%d/%Y %I:%M %p')
          as "Date/Time Opened", strftime(responded_at, '%m/%d/%Y %I:%M %p') as "First Response Date",
          strftime(closed_at, '%m/%d/%Y %I:%M %p') as "Date/Time Closed", strftime(due_at, '%m/%d/%Y %I:%M %p')
          as "Target Date", process as "Type", channel as "Case Origin", priority as "Priority", t.name as "Team",
          person(employee_id) as "Case Owner", csat as "Customer Satisfaction"
        from cases left join teams as t using (team_id) order by opened_at
    """,
    ).to_csv(folder / "cases.csv", index=False)
    _query(
        company,
        """
        select customer_id as "Account ID", strftime("at", '%Y-%m-%d') as "Order Date", kind as "Transaction Type",
          amount as "Net Amount", item as "Product" from activity order by "at"
    """,
    ).to_csv(folder / "orders.csv", index=False)
    _workbook(folder / "scorecards.xlsx", {"Scorecards": ("Scorecards in force", _query(company, _CARDS))})


_WRITERS: Mapping[str, Callable[[Path, Path], None]] = {
    "service-desk": _service_desk, "shop": _shop, "saas": _saas, "b2b": _b2b,
}  # fmt: skip


def _workbook(path: Path, sheets: Mapping[str, tuple[str, Any]]) -> None:
    """Write sheets as HR systems export them: a title and a blank line above the table."""
    import pandas as pd

    with pd.ExcelWriter(path) as writer:
        for name, (title, frame) in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False, startrow=2)
            writer.sheets[name].write(0, 0, title)


def said(folder: Path, *arguments: str, width: int = WIDTH) -> str:
    """Return what a command of Baton shows at a terminal of some width, with its colours; progress is left out."""
    main, other = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "from baton.cli import main; main()", *arguments]
    environment["PYTHONPATH"] = str(DOCS.parent)
    process = subprocess.Popen(
        command, cwd=folder, stdout=other, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment
    )
    os.close(other)
    parts = []
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    process.wait()
    os.close(main)
    text = b"".join(parts).decode().replace("\r\n", "\n")
    text = re.sub(r"[^\n]*\r", "", text)  # a bar of progress that was drawn over, and its end
    return "".join(line for line in text.splitlines(keepends=True) if " elapsed)" not in line)


def tables_of(output: str) -> str:
    """Return the part of what ``validate`` says that the pages print: rows and KPIs per table, and the verdict."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)
    lines = [line.rstrip() for line in plain.splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith("Tables"))
    end = next(place for place, line in enumerate(lines) if place > start and line.startswith("└"))
    verdict = [line for line in lines if line.startswith(("Nothing stops", "The faults"))]
    return "\n".join([*lines[start : end + 1], *verdict])


def picture(output: str, path: Path, title: str, lines: int) -> None:
    """Draw the first lines of what a terminal showed as SVG, with the reader's own fonts."""
    import io

    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(output.splitlines()[:lines])))
    drawn = console.export_svg(
        title=title, code_format=re.sub(r"@font-face {{.*?}}\n", "", CONSOLE_SVG_FORMAT, flags=re.S)
    )
    path.write_text(drawn + "\n", encoding="utf-8")


def photograph(report: Path, kind: str) -> None:
    """Take the first screen of a report, in both languages."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 760}, device_scale_factor=0.9)
        page.goto(report.resolve().as_uri())
        for ending, language in (("", "English"), ("-zh", "中文")):
            page.get_by_text(language, exact=True).first.click()
            page.wait_for_timeout(500)
            page.screenshot(path=DOCS / "images" / f"first-hour-{kind}{ending}.png")
        browser.close()


def write_output(kind: str, output: str) -> None:
    """Put what ``validate`` said into the pages of a kind, in place of what stands there."""
    for path in (PAGES / f"{kind}.md", PAGES / f"{kind}.zh.md"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"```text\n.*?```", lambda _: f"```text\n{output}\n```", text, count=1, flags=re.S)
        path.write_text(text, encoding="utf-8", newline="\n")


def make(kind: str, folder: Path) -> None:
    """Make the outputs and pictures of a kind's pages."""
    write_exports(kind, folder / "exports")
    options = ["--scenario", "b2b"] if kind == "b2b" else []
    guessed = said(folder, "init", "mycompany", "--from", "exports", "--yes", *options)
    picture(guessed, DOCS / "images" / f"first-hour-{kind}-init.svg", "baton init mycompany --from exports", 44)
    write_output(kind, tables_of(said(folder, "validate", "mycompany")))
    said(folder, "run", "mycompany")
    photograph(folder / "mycompany" / "out" / "report.html", kind)


if __name__ == "__main__":
    if sys.argv[1:2] == ["exports"]:
        write_exports(sys.argv[2], Path(sys.argv[3]))
    else:
        for name in sys.argv[1:] or KINDS:
            with tempfile.TemporaryDirectory(prefix="baton-docs-") as place:
                make(name, Path(place))
