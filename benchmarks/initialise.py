"""How many columns ``baton init --from`` maps rightly: the seven real sets, and sets with a truth beside them.

    python -m benchmarks.initialise                 the real sets
    python -m benchmarks.initialise FOLDER …        every folder below with a truth.json
    python -m benchmarks.initialise --names-alone …    without the encoder that reads what headings mean

A truth names, per table and column of the contract, the file and column that it comes from; ``acceptable`` lists second
answers that are not wrong, and ``never`` those that would be.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.ingest.table_files import is_table_file
from features.mapping.exports import locked_connection, looks_of_folder
from features.mapping.lines import Line, TablePlan
from features.mapping.meaning import Embed, with_meanings
from features.mapping.plans import plans_for
from models.encoders.encoders import MULTILINGUAL
from models.encoders.packaged import packaged_encoder

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data"

# what the examples' own queries read, worked out by hand before any guess was made
TRUTHS: dict[str, dict[str, Any]] = {
    "csat": {
        "tables": {
            "cases": {
                "case_id": "Unique id", "opened_at": "Issue_reported at", "responded_at": "issue_responded",
                "rated_at": "Survey_response_Date", "csat": "CSAT Score", "process": "category",
                "channel": "channel_name", "employee_id": "Agent_name", "team_id": "Supervisor",
                "text": "Customer Remarks",
            },
            "employees": {"employee_id": "Agent_name", "team_id": "Supervisor"},
        },
        "acceptable": [["cases", "handle_seconds", "connected_handling_time"]],
    },
    "olist": {
        "tables": {
            "cases": {
                "case_id": "order_id", "customer_id": "customer_unique_id", "opened_at": "order_purchase_timestamp",
                "responded_at": "order_delivered_carrier_date", "closed_at": "order_delivered_customer_date",
                "due_at": "order_estimated_delivery_date", "rated_at": "review_answer_timestamp",
                "csat": "review_score", "team_id": "seller_id", "text": "review_comment_message",
            }
        },
    },
    "servicenow": {
        "tables": {
            "cases": {
                "case_id": "number", "customer_id": "caller_id", "opened_at": "opened_at", "closed_at": "resolved_at",
                "process": "category", "team_id": "assignment_group", "employee_id": "assigned_to",
                "transferred": "reassignment_count", "reopened": "reopen_count", "channel": "contact_type",
                "priority": "priority",
            },
            "case_steps": {
                "case_id": "number", "at": "sys_updated_at", "activity": "ident_state",
                "team_id": "assignment_group", "employee_id": "assigned_to",
            },
        },
        "acceptable": [["cases", "root_cause", "closed_code"]],
    },
    "telco": {
        "tables": {"snapshots": {"customer_id": "CustomerID", "churned": "Churn Value"}},
        "acceptable": [["snapshots", "churned", "Churn Label"]],
    },
    "zh_hotline": {
        "tables": {
            "cases": {
                "case_id": "留言编号", "customer_id": "留言用户", "opened_at": "留言时间", "text": "留言详情",
                "root_cause": "一级标签",
            }
        },
    },
    "airline_tweets": {
        "tables": {
            "cases": {
                "case_id": "tweet_id", "opened_at": "tweet_created", "team_id": "airline", "text": "text",
                "root_cause": "negativereason",
            }
        },
    },
    "complete_journey": {
        "tables": {
            "activity": {"customer_id": "household_id", "at": "transaction_timestamp", "amount": "sales_value"},
            "customers": {"customer_id": "household_id", "joined_at": "transaction_timestamp"},
        },
        "acceptable": [["activity", "item", "product_id"], ["activity", "team_id", "store_id"]],
    },
}  # fmt: skip


@dataclass
class Count:
    """What became of the columns of one set.

    Parameters
    ----------
    mappable, right, marked : int
        ``marked``: right ones that are marked ``check``.
    asked, silent : list of str
        Wrong ones, with a question mark and without.
    lacking : list of str
        Mappable ones that are not mapped.
    """

    mappable: int = 0
    right: int = 0
    marked: int = 0
    mapped: int = 0
    asked: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


def plans_of(folder: Path, /, embed: Embed | None = None) -> list[TablePlan]:
    """Return what is guessed of a folder of exports."""
    with tempfile.TemporaryDirectory() as scratch:
        files = [path for path in folder.rglob("*") if is_table_file(path)]
        connection = locked_connection(files, Path(scratch))
        looks, _ = looks_of_folder(folder, connection, Path(scratch))
        return plans_for(looks if embed is None else with_meanings(looks, embed), connection)


def counted(truth: dict[str, Any], plans: list[TablePlan], /) -> Count:
    """Compare guesses with a truth."""
    count = Count()
    guessed: dict[tuple[str, str], Line] = {
        (plan.table, line.column): line
        for plan in plans
        for line in plan.lines
        if line.certainty in {"sure", "likely"} and not line.why.startswith("an attribute of its own")
    }
    known = {
        (table, column): _column(where)
        for table, columns in truth["tables"].items()
        for column, where in columns.items()
    }
    fine = {(table, column, _column(where)) for table, column, *rest in truth.get("acceptable", []) for where in [rest]}
    # tables that the truth does not speak of are derived ones (people of cases, customers of activity), but not those
    # that an export was taken for as it stands
    plain = {plan.table for plan in plans if not plan.note} - {place[0] for place in fine}
    tables = set(truth["tables"]) | plain
    count.mappable = len(known)
    for place, source in known.items():
        line = guessed.get(place)
        if line is None:
            count.lacking.append(".".join(place))
        elif (
            _column(line.source) == source
            or line.source.endswith(f".{source}")
            or (*place, _column(line.source)) in fine
        ):
            count.right += 1
            count.marked += line.certainty != "sure"
        else:
            _wrong(count, place, line, source)
    for place, line in guessed.items():
        count.mapped += 1
        extra = place not in known and (*place, _column(line.source)) not in fine
        if extra and line.source and place[0] in tables:  # what is made of several columns or none has no truth
            _wrong(count, place, line, "nothing")
    return count


def _wrong(count: Count, place: tuple[str, str], line: Line, source: str, /) -> None:
    message = f"{'.'.join(place)} <- {line.source} (is {source})"
    (count.silent if line.certainty == "sure" else count.asked).append(message)


def _column(where: Any, /) -> str:
    """Return a column's name: the last part of [file, column] or file.column of a joined file."""
    if isinstance(where, list):
        return str(where[-1])
    return str(where)


def main(folders: list[str], /) -> None:
    """Print a line a set, what is wrong below it, and the totals."""
    embed = None if "--names-alone" in folders else packaged_encoder(MULTILINGUAL).embed
    folders = [folder for folder in folders if folder != "--names-alone"]
    sets: list[tuple[Path, dict[str, Any]]] = []
    if folders:
        for folder in folders:
            for path in sorted(Path(folder).rglob("truth.json")):
                sets.append((path.parent, json.loads(path.read_text("utf-8"))))
    else:
        sets = [(REAL / name, truth) for name, truth in TRUTHS.items()]
    total = Count()
    for folder, truth in sets:
        count = counted(truth, plans_of(folder, embed))
        print(
            f"{folder.name:28} mappable {count.mappable:3}  right {count.right:3} ({count.marked:2} to check)  "
            f"silently wrong {len(count.silent)}  asked and wrong {len(count.asked)}  not mapped {len(count.lacking)}",
            flush=True,
        )
        for message in (*(f"  SILENT {one}" for one in count.silent), *(f"  asked  {one}" for one in count.asked)):
            print(message)
        if count.lacking:
            print(f"  lacking {', '.join(count.lacking)}")
        for name in ("mappable", "right", "marked", "mapped"):
            setattr(total, name, getattr(total, name) + getattr(count, name))
        total.silent += count.silent
        total.asked += count.asked
        total.lacking += count.lacking
    share, wrong = total.right / total.mappable, len(total.silent) / max(1, total.mapped)
    print(f"\nall {len(sets)} sets: {total.right} of {total.mappable} mappable columns right ({share:.1%})")
    print(f"of the right ones {total.marked} are marked check ({total.marked / max(1, total.right):.1%})")
    print(f"silently wrong {len(total.silent)} of {total.mapped} mapped ({wrong:.1%})")
    print(f"wrong with a question mark {len(total.asked)}; not mapped {len(total.lacking)}")


if __name__ == "__main__":
    main(sys.argv[1:])
