"""Values, times, names of columns and ids as real exports have them."""

from __future__ import annotations

from benchmarks.dirt_kinds import (
    add_column,
    all_times,
    clock,
    coin,
    comma,
    dirt,
    grouped,
    innocent,
    minus,
    never,
    renamed,
    replace,
    rewrite,
    serial,
    wide,
)

__all__: list[str] = []


def _enter() -> None:
    """Enter the ways that need no function of their own."""
    cost, csat, amount = "cases.cost", "cases.csat", "activity.amount"
    handle = "cases.handle_seconds"
    for name, place, words, change, *like in (
        # missing values
        (
            "n/a in a number",
            "customers.value",
            (),
            replace("customers.value", "n/a", 3),
            replace("customers.value", "", 3),
        ),
        ("#N/A in a number", cost, (), replace(cost, "#N/A", 5), replace(cost, "", 5)),
        ("none in Chinese", cost, (), replace(cost, "无", 5), replace(cost, "", 5)),
        ("dash in a rating", csat, (), replace(csat, "-", 5), replace(csat, "", 5)),
        (
            "NULL as a customer",
            "cases.customer_id",
            (),
            replace("cases.customer_id", "NULL", 40),
            replace("cases.customer_id", "", 40),
        ),
        (
            "unknown as an employee",
            "cases.employee_id",
            (),
            replace("cases.employee_id", "N/A", 40),
            replace("cases.employee_id", "", 40),
        ),
        (
            "NULL as a segment",
            "customers.segment",
            (),
            replace("customers.segment", "NULL", 30),
            replace("customers.segment", "", 30),
        ),
        ("no rating at all", csat, (), replace(csat, "", 10**9)),
        # numbers
        ("decimal comma", cost, (), rewrite(cost, comma)),
        ("decimal comma in part", cost, (), rewrite(cost, comma, 0.4)),
        ("euro signs", cost, (), rewrite(cost, lambda text: f"€ {text}")),
        ("currency behind", amount, (), rewrite(amount, lambda text: f"{text} EUR")),
        ("narrow spaces", "customers.value", (), rewrite("customers.value", grouped("\u202f"))),
        ("apostrophes", "customers.value", (), rewrite("customers.value", grouped("'"))),
        (
            "percent signs",
            "work.occupancy",
            ("percent", "%"),
            rewrite("work.occupancy", lambda text: f"{float(text) * 100:.1f} %"),
        ),
        (
            "brackets for negative",
            amount,
            (),
            rewrite(amount, lambda text: f"({text})", 0.01),
            rewrite(amount, minus, 0.01),
        ),
        ("minus behind", amount, (), rewrite(amount, lambda text: f"{text}-", 0.01), rewrite(amount, minus, 0.01)),
        ("full-width digits", cost, (), rewrite(cost, wide)),
        ("durations on a clock", handle, (), rewrite(handle, clock)),
        ("words among numbers", cost, (), replace(cost, "see invoice", 5), replace(cost, "", 5)),
        ("infinite", cost, (), replace(cost, "inf", 3), replace(cost, "", 3)),
        ("negative duration", handle, (), rewrite(handle, lambda text: f"-{text}", 0.02)),
        # scales
        ("rating of 999", csat, (), replace(csat, "999", 8), replace(csat, "", 8)),
        (
            "ratings from 1 to 7",
            csat,
            ("1 to 7", "scale"),
            rewrite(csat, lambda text: str(round(1 + (float(text) - 1) * 1.5))),
        ),
        (
            "ratings from 0 to 100",
            csat,
            ("0 to 100", "scale"),
            rewrite(csat, lambda text: str(round((float(text) - 1) * 25))),
        ),
        ("ratings in words", csat, (), rewrite(csat, lambda text: "good" if float(text) >= 4 else "bad")),
        (
            "ratings on two scales",
            csat,
            ("scale",),
            rewrite(csat, lambda text: str(round((float(text) - 1) * 2.5)), 0.5),
        ),
        (
            "weights as shares",
            "scorecards.weight",
            (),
            rewrite("scorecards.weight", lambda text: str(float(text) / 100)),
        ),
        # times
        (
            "day first",
            "cases.opened_at",
            ("day first",),
            all_times("cases", "%d/%m/%Y %H:%M:%S", "opened_at", "responded_at", "closed_at", "due_at", "rated_at"),
        ),
        ("day first with dots", "customers", (), all_times("customers", "%d.%m.%Y %H:%M:%S", "joined_at", "left_at")),
        (
            "epoch seconds",
            "cases.opened_at",
            (),
            all_times("cases", lambda moment: str(int(moment.timestamp())), "opened_at"),
        ),
        (
            "epoch milliseconds",
            "cases.opened_at",
            (),
            all_times("cases", lambda moment: str(int(moment.timestamp() * 1000)), "opened_at"),
        ),
        ("Excel serials", "cases.opened_at", (), all_times("cases", serial, "opened_at")),
        ("offset behind a blank", "activity.at", (), all_times("activity", "%Y-%m-%d %H:%M:%S +0000", "at")),
        ("two formats", "cases.opened_at", (), all_times("cases", "%d %b %Y %H:%M:%S", "opened_at", every=2)),
        ("day first in part", "cases.opened_at", (), all_times("cases", "%d/%m/%Y %H:%M:%S", "opened_at", every=2)),
        ("9999 for never", "customers.left_at", (), never("customers", "left_at", "9999-12-31 00:00:00")),
        ("2099 for never", "employees.left_at", (), never("employees", "left_at", "2099-12-31")),
        (
            "1900 for unknown",
            "employees.hired_at",
            (),
            replace("employees.hired_at", "1900-01-01", 2),
            replace("employees.hired_at", "", 2),
        ),
        (
            "1970 for unknown",
            "customers.joined_at",
            (),
            replace("customers.joined_at", "1970-01-01 00:00:00", 25),
            replace("customers.joined_at", "", 25),
        ),
        (
            "mistyped year",
            "cases.opened_at",
            (),
            replace("cases.opened_at", "2031-03-01 09:00:00", 1),
            replace("cases.opened_at", "", 1),
        ),
        (
            "announced leaving",
            "customers.left_at",
            (),
            replace("customers.left_at", "2027-06-30 00:00:00", 6),
            replace("customers.left_at", "", 6),
        ),
        ("no time of rating", "cases.rated_at", (), replace("cases.rated_at", "", 10**9)),
        (
            "joined after the first case",
            "customers.joined_at",
            (),
            replace("customers.joined_at", "2026-06-01", 40),
            replace("customers.joined_at", "", 40),
        ),
        # names of columns
        *(
            (f"column {name}", f"customers.{name}", (), add_column(f"customers.{name}", coin), innocent("customers"))
            for name in ("label", "group", "unit_id", "as_of", "prediction", "index", "x:csat", "csat__30d", "share")
        ),
        *(
            (f"case column {name}", f"cases.{name}", (), add_column(f"cases.{name}", coin), innocent("cases"))
            for name in ("label", "period", "y:churn", "kpi:csat", "holder", "__row")
        ),
        ("letter case of columns", "cases", (), renamed("cases", str.upper)),
        ("blanks round columns", "cases", (), renamed("cases", lambda name: f" {name} ")),
        ("columns in another order", "cases", (), renamed("cases", str, backwards=True)),
        (
            "required column misspelt",
            "cases.opened_at",
            (),
            renamed("cases", lambda name: "opend_at" if name == "opened_at" else name),
        ),
        # people
        (
            "names of agents",
            "cases.agent_name",
            (),
            add_column("cases.agent_name", lambda frame, _: "Agent " + frame["employee_id"].str[-3:]),
        ),
        (
            "who closed it",
            "cases.closed_by",
            (),
            add_column("cases.closed_by", lambda frame, _: frame["employee_id"] + "/desk"),
        ),
        (
            "account managers",
            "customers.account_manager",
            (),
            add_column(
                "customers.account_manager",
                lambda frame, chance: [f"E{number:05d}" for number in chance.integers(1, 9, len(frame))],
            ),
        ),
        ("sex in German", "employees.Geschlecht", (), add_column("employees.Geschlecht", coin)),
        ("sick days", "work.sick_days", (), add_column("work.sick_days", coin)),
        (
            "e-mail of customers",
            "customers.email",
            (),
            add_column("customers.email", lambda frame, _: frame["customer_id"] + "@example.com"),
        ),
        # ids
        ("blanks round ids", "cases.customer_id", (), rewrite("cases.customer_id", lambda text: f" {text} ", 0.3)),
        ("ids in lower case", "cases.customer_id", (), rewrite("cases.customer_id", str.lower, 0.3)),
        ("ids in full width", "cases.customer_id", (), rewrite("cases.customer_id", wide, 0.3)),
        (
            "most customers unknown",
            "cases.customer_id",
            ("customers",),
            rewrite("cases.customer_id", lambda text: f"X{text}", 0.7),
        ),
        ("KPIs in upper case", "scorecards.kpi", (), rewrite("scorecards.kpi", str.upper)),
        # words
        (
            "flags as Y and N",
            "cases.resolved_first",
            (),
            rewrite("cases.resolved_first", lambda text: "Y" if text == "true" else "N"),
        ),
        (
            "flags in Chinese",
            "cases.resolved_first",
            (),
            rewrite("cases.resolved_first", lambda text: "是" if text == "true" else "否"),
        ),
        (
            "flags that say maybe",
            "cases.resolved_first",
            (),
            replace("cases.resolved_first", "maybe", 5),
            replace("cases.resolved_first", "", 5),
        ),
        ("unknown kinds of activity", "activity.kind", (), rewrite("activity.kind", lambda _: "use")),
        ("texts in full width", "cases.text", (), rewrite("cases.text", wide, 0.2)),
    ):
        dirt(name, place, *words, like=like[0] if like else None)(change)


_enter()
