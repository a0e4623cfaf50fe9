"""The catalogue as a page for people: every KPI with its meaning, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from baton.catalogue.schema import Action, Catalogue, Kpi, Text

__all__ = ["library_page"]

_INTRODUCTION = """\
# The KPI library: {preset}

The KPIs that `presets = ["{preset}"]` brings: {kpis} KPIs over {stages} journey stages, three layers and four
perspectives, {moments} of them moments of truth, with {actions} coaching actions. This page is made from
`baton/catalogue/presets` by `python docs/generate.py`.

A KPI is one definition: the same metric is a feature of the models, a line of a scorecard and an explanation, under
one id. A company switches on what its tables can carry; the rest stays silent. KPIs whose source is `measures` are
those that somebody else computes: deliver them in the table `measures` under the id given here. Write your own, or
replace one of these, in a file named under `[kpis] files`; `baton init` writes an example. `baton kpis` lists and
searches them by id, name or abbreviation (`baton kpis FCR`, `baton kpis 满意度`); with `--company` it says which of
them the company can compute, and which table or column the others lack. `baton kpi add` writes one of your own without
SQL: it asks for table, column, aggregate and direction, and shows the values of three units before it writes.

Each scenario has a preset: [service](kpi-library.md), [product](kpi-library-product.md), [b2b](kpi-library-b2b.md).
Others stand beside one, as in `presets = ["service", "desk"]`: [desk](kpi-library-desk.md) for calls, backlog and
complaints, [subscriptions](kpi-library-subscriptions.md) for upgrades and downgrades,
[internal](kpi-library-internal.md) for staff departments.

**Roles.** A *lever* acts on the customer and can be worked on: only levers receive points from measured effects. A
*mediator* lies between a lever and the customer, or is the same lever cut in another way: it is shown and explained,
never paid beside its source. An *outcome* reports what the customer felt or what somebody judged. *Context* says under
which conditions the work was done. **Guards** are pushed together: where a KPI watches over another one, the other must
not be raised without it.
"""

_STRATEGIC = """\
## How strategic metrics are computed · 战略指标的算法

- **Customer lifetime value**: yearly value over hazard plus a yearly discount of 10 %, the hazard being the company's
  own in the window (Gupta & Lehmann 2003). 客户终身价值＝年价值÷（流失强度＋10%贴现率）。
- **Retention and churn**: of the customers there at the window's start, the share still there (or gone) at its end.
  留存率与流失率：期初客户中期末仍在（或已离开）的比例。
- **Share of revenue from key customers**: what the fifth of the customers with the highest yearly value brings, over
  what all bring. 重点客户收入占比：年价值最高的五分之一客户所占份额。
- **NPS** is asked after a case, 0 to 10; the preset's definition says how answers become a figure.
  净推荐值在工单结束后询问，按0至10分作答。
"""

_DESK = """\
## What the tables must say · 数据要求

- **Calls**: one row of `case_steps` per call with `activity` “call answered” or “call abandoned” (电话接通, 电话放弃).
  From a call log with a column of yes and no, without another export:
  来电：`case_steps` 中每通电话一行，`activity` 写“电话接通”或“电话放弃”。可直接由话务清单得到：

      case_steps = { path = "calls.xlsx", sql = \"\"\"
        select "Call Id" as case_id, "Time" as at,
          case when "Answered" = 'Y' then 'call answered' else 'call abandoned' end as activity
        from raw \"\"\" }

  A call that has neither word counts in neither share; who records answered calls alone gets 100 %, which says nothing.
  两者都没有的来电不计入；只记录接通电话时结果恒为 100%，没有意义。
- **Backlog**: `closed_at` is empty while a case is open. An export of closed cases alone gives no backlog, rather than
  one that is too small. 工单未结时 `closed_at` 为空；只含已结工单的导出不计算积压，以免偏小。
- **Complaints**: the cases whose `process` says complaint (投诉), over the customers of the table `customers` there at
  the period's start, per 30 days. Without a single such case there is no rate, rather than a rate of zero.
  投诉：`process` 含“投诉”的工单，除以期初在册客户数，折算为每 30 天。没有任何此类工单时不计算，而不是记为零。
"""


def library_page(catalogue: Catalogue, /, preset: str = "service") -> str:
    """Return a Markdown page with every KPI of a catalogue by journey stage, and its coaching actions.

    Parameters
    ----------
    preset : str
        The preset that the catalogue was loaded from.

    Returns
    -------
    str
        The page, in English and Chinese.
    """
    parts = [
        _INTRODUCTION.format(
            preset=preset,
            kpis=len(catalogue),
            stages=len(catalogue.stages),
            moments=sum(kpi.moment_of_truth for kpi in catalogue.values()),
            actions=len(catalogue.actions),
        )
    ]
    titles = {stage.id: f"{stage.name.en} · {stage.name.zh}" for stage in catalogue.stages}
    for stage, title in {**titles, "any": "All stages · 全旅程"}.items():
        kpis = [kpi for kpi in catalogue.values() if kpi.stage == stage]
        if kpis:
            parts.append(f"## {title}\n")
            parts.extend(_section(kpi, catalogue) for kpi in kpis)
    if any(kpi.metric and kpi.source == "customers" for kpi in catalogue.values()):
        parts.append(_STRATEGIC)
    if preset == "desk":
        parts.append(_DESK)
    if catalogue.actions:
        parts.append("## Coaching actions · 辅导措施\n")
        parts.append(_actions(catalogue))
    return "\n".join(parts).rstrip() + "\n"


def _section(kpi: Kpi, catalogue: Catalogue, /) -> str:
    marks = [kpi.layer, kpi.perspective, kpi.role, f"{kpi.better} is better", kpi.unit]
    if kpi.controllable is not None:
        marks.append(f"controllable {kpi.controllable:g}")
    if kpi.moment_of_truth:
        marks.append("moment of truth · 真相时刻")
    lines = [f"### `{kpi.id}` {kpi.name.en} · {kpi.name.zh}", "", " · ".join(marks), ""]
    if kpi.description is not None:
        lines += [kpi.description.en, "", kpi.description.zh, ""]
    lines.append(f"- From {_definition(kpi)}; for each {', '.join(kpi.grains)}.")
    watchers = [other.id for other in catalogue.values() if kpi.id in other.guards]
    for label, ids in (("Moves", kpi.leads_to), ("Watches over", kpi.guards), ("Watched over by", watchers)):
        if ids:
            lines.append(f"- {label}: {', '.join(f'`{name}`' for name in ids)}.")
    if kpi.needs:
        lines.append(f"- People need: {_list(kpi.needs)}")
    return "\n".join([*lines, ""])


def _definition(kpi: Kpi, /) -> str:
    if kpi.metric is not None:
        return f"`{kpi.source}`: the named metric `{kpi.metric}`"
    if kpi.source == "measures":
        return f"`measures` with this id ({kpi.aggregate})"
    expression = " ".join(str(kpi.expr).split())
    known = f", known at `{kpi.known_at}`" if kpi.known_at else ""
    return f"`{kpi.source}`: {kpi.aggregate} of `{expression}`{known}"


def _actions(catalogue: Catalogue, /) -> str:
    lines = ["| KPI | with whom | action | needs | from |", "|---|---|---|---|---|"]
    order = {name: number for number, name in enumerate(catalogue)}
    for action in sorted(catalogue.actions, key=lambda action: order[action.kpi]):
        lines.append(
            f"| `{action.kpi}` | {action.level} | {_action(action)} | {_list(action.needs)} | {_from(action)} |"
        )
    return "\n".join([*lines, "", *_studies(catalogue)])


def _from(action: Action, /) -> str:
    return "practice" if action.study is None else f"`{action.study}`"


def _studies(catalogue: Catalogue, /) -> list[str]:
    """What the actions' studies found; those of no action of this catalogue are left out."""
    named = {action.study for action in catalogue.actions}
    lines = ["*practice*: we know of no study of its effect (来自实践，我们不知道有关其效果的研究).", ""]
    for study in catalogue.studies.values():
        if study.id in named:
            doi = f", doi {study.doi}" if study.doi else ""
            found = f"{study.found.en} · {study.found.zh}"
            lines.append(f"- `{study.id}`: {study.citation} ({study.year}){doi}: {found}")
    return lines


def _action(action: Action, /) -> str:
    advice = f"**{action.name.en}** {action.advice.en}<br>**{action.name.zh}** {action.advice.zh}"
    return advice.replace("|", "\\|")


def _list(texts: Sequence[Text] | Iterable[Text], /) -> str:
    rows = list(texts)
    return f"{'; '.join(row.en for row in rows)} ({'；'.join(row.zh for row in rows)})" if rows else ""
