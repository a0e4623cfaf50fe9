"""Files, rows and tables as real exports have them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.dirt_export import Export
from benchmarks.dirt_kinds import append, dirt, some

__all__: list[str] = []


@dirt("byte order mark", "cases")
def _bom(export: Export, chance: np.random.Generator) -> None:
    export.encodings["cases"] = "utf-8-sig"


@dirt("cp1252 undeclared", "customers")
def _cp1252(export: Export, chance: np.random.Generator) -> None:
    export.tables["customers"].loc[3, "site"] = "Zürich"
    export.encodings["customers"] = "cp1252"


@dirt("semicolons", "cases")
def _semicolons(export: Export, chance: np.random.Generator) -> None:
    export.delimiters["cases"] = ";"


@dirt("carriage returns", "cases")
def _carriage_returns(export: Export, chance: np.random.Generator) -> None:
    export.endings["cases"] = "\r\n"


@dirt("monthly files", "cases")
def _monthly(export: Export, chance: np.random.Generator) -> None:
    export.pieces["cases"] = lambda table: [part for _, part in table.groupby(table["opened_at"].str[:7])]


@dirt("files with columns in another order", "activity")
def _shuffled_files(export: Export, chance: np.random.Generator) -> None:
    def cut(table: pd.DataFrame) -> list[pd.DataFrame]:
        half = len(table) // 2
        return [table.iloc[:half], table.iloc[half:, ::-1]]

    export.pieces["activity"] = cut


@dirt("header in the middle", "activity")
def _second_header(export: Export, chance: np.random.Generator) -> None:
    lines = len(export.tables["activity"]) // 2

    def repeat(text: str) -> str:
        rows = text.split("\n")
        return "\n".join([*rows[:lines], rows[0], *rows[lines:]])

    export.raw["activity"] = repeat


@dirt("total below", "work")
def _footer(export: Export, chance: np.random.Generator) -> None:
    export.raw["work"] = lambda text: text + "Total," + "," * (text.split("\n", 1)[0].count(",") - 1) + "\n"


@dirt("rows twice", "cases", "same", "duplicate", "copy", "copies")
def _case_copies(export: Export, chance: np.random.Generator) -> None:
    append("cases", export.tables["cases"].sample(60, random_state=1), export)


@dirt("overlapping files", "activity")
def _overlap(export: Export, chance: np.random.Generator) -> None:
    def cut(table: pd.DataFrame) -> list[pd.DataFrame]:
        table = table.sort_values("at", kind="stable")
        return [table.iloc[: round(0.6 * len(table))], table.iloc[round(0.4 * len(table)) :]]

    export.pieces["activity"] = cut


@dirt("steps twice", "case_steps")
def _step_copies(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["case_steps"]
    append("case_steps", table.iloc[: len(table) // 3], export)


@dirt("periods twice", "work")
def _work_copies(export: Export, chance: np.random.Generator) -> None:
    append("work", export.tables["work"].iloc[:30], export)


@dirt("measures twice", "measures")
def _measure_copies(export: Export, chance: np.random.Generator) -> None:
    append("measures", export.tables["measures"].iloc[:100], export)


@dirt("restated measures", "measures")
def _restated(export: Export, chance: np.random.Generator) -> None:
    rows = export.tables["measures"].iloc[:40].copy()
    rows["value"] = "0.5"
    append("measures", rows, export)


@dirt("cases exported open and closed", "cases")
def _two_states(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["cases"]
    early = table[table["closed_at"] != ""].sample(60, random_state=2).copy()
    early[["closed_at", "rated_at", "csat", "nps", "resolved_first", "handle_seconds", "cost"]] = ""
    export.pieces["cases"] = lambda all_rows: [early, all_rows]


@dirt("customers twice", "customers")
def _customer_copies(export: Export, chance: np.random.Generator) -> None:
    append("customers", export.tables["customers"].iloc[:20], export)


@dirt("customers with a history", "customers")
def _history(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["customers"]
    table["valid_from"] = table["joined_at"]
    rows = table.iloc[:50].copy()
    rows["valid_from"] = "2025-11-01 00:00:00"
    rows["segment"] = "basic"
    append("customers", rows, export)


@dirt("employees in two teams", "employees")
def _moved(export: Export, chance: np.random.Generator) -> None:
    rows = export.tables["employees"].iloc[:2].copy()
    rows["team_id"] = "T02"
    append("employees", rows, export)


@dirt("booked appointments", "cases.opened_at")
def _booked(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["cases"]
    rows = table.tail(20).copy()
    rows["case_id"] = [f"B{number}" for number in range(len(rows))]
    later = pd.to_datetime(rows["opened_at"], format="ISO8601") + pd.to_timedelta(20 + 7 * np.arange(20), "D")
    rows["opened_at"] = later.dt.strftime("%Y-%m-%d %H:%M:%S")
    for column in ("responded_at", "closed_at", "rated_at", "csat", "nps", "resolved_first"):
        rows[column] = ""
    append("cases", rows, export)


@dirt("next year's order", "activity.at")
def _future_activity(export: Export, chance: np.random.Generator) -> None:
    rows = export.tables["activity"].tail(1).copy()
    rows["at"] = "2026-10-20 09:00:00"
    append("activity", rows, export)


@dirt("next year's card", "scorecards.valid_from")
def _next_card(export: Export, chance: np.random.Generator) -> None:
    rows = export.tables["scorecards"]
    rows = rows[rows["valid_from"] == rows["valid_from"].max()].copy()
    rows["valid_from"] = "2027-01-01"
    rows["weight"] = rows["weight"].iloc[::-1].to_numpy()
    append("scorecards", rows, export)


@dirt("cases end early", "cases", "no label reaches past")
def _cut_cases(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["cases"]
    export.tables["cases"] = table[table["opened_at"] < "2026-02-01"]


@dirt("customers end early", "customers", "no label reaches past")
def _cut_customers(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["customers"]
    table = table[table["joined_at"] < "2025-12-31"].copy()
    table.loc[table["left_at"] > "2025-12-31", "left_at"] = ""
    export.tables["customers"] = table


@dirt("status without a date", "customers")
def _status(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["customers"]
    table["status"] = np.where(table["left_at"] != "", "cancelled", "active")
    gone = table.index[table["left_at"] != ""]
    table.loc[gone[::2], "left_at"] = ""


@dirt("opened and closed swapped", "cases.closed_at")
def _swapped(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["cases"]
    rows = some(table, "closed_at", 30, chance)
    table.loc[rows, ["opened_at", "closed_at"]] = table.loc[rows, ["closed_at", "opened_at"]].to_numpy()


@dirt("local time declared", "cases")
def _local(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["cases"]
    for column in ("opened_at", "responded_at", "closed_at", "due_at", "rated_at"):
        moments = pd.to_datetime(table[column], format="ISO8601", utc=True).dt.tz_convert("Asia/Shanghai")
        table[column] = moments.dt.strftime("%Y-%m-%d %H:%M:%S").fillna("")
    export.options["cases"] = {"timezone": "Asia/Shanghai"}


@dirt("codes of digits", "customers.plan")
def _codes(export: Export, chance: np.random.Generator) -> None:
    table = export.tables["customers"]
    codes = {word: str(100 * (number + 1)) for number, word in enumerate(sorted(set(table["plan"])))}
    table["plan"] = table["plan"].map(codes)
    export.tables["customers"] = table
