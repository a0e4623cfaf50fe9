"""How many columns ``baton init --from`` maps rightly where a simulated company's columns have other names.

    baton simulate DIR && python -m benchmarks.initialise_renamed DIR …

Every table is written as CSV with its columns called by synonyms, in German or in Chinese, and shuffled; what each
column is stands beside it, so that the count is the same as for exports.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from baton.catalogue.kpi_names import open_company
from baton.contract.sources import TABLES
from benchmarks.initialise import Count, counted, plans_of
from features.ingest.sources import open_source

# per column of the contract: another English name, a German and a Chinese one; none is Baton's own
NAMES: dict[str, tuple[str, str, str]] = {
    "customer_id": ("Client code", "Kundenkennung", "客户代号"),
    "joined_at": ("Signed up on", "Kunde seit", "开通日期"),
    "left_at": ("Departed on", "Ausgeschieden am", "退出日期"),
    "segment": ("Client tier", "Kundensegment", "客户级别"),
    "value": ("Yearly revenue", "Jahresumsatz", "年度营收"),
    "customers.kind": ("Kind of client", "Kundenart", "客户性质"),
    "at": ("Occurred on", "Zeitpunkt", "发生日期"),
    "activity.kind": ("Event category", "Ereignisart", "行为类别"),
    "amount": ("Amount paid", "Gesamtbetrag", "实付金额"),
    "item": ("Product code", "Artikel", "产品名称"),
    "case_id": ("Enquiry reference", "Vorgangskennung", "工单流水号"),
    "opened_at": ("Logged on", "Eingangszeit", "登记日期"),
    "stage": ("Journey phase", "Phase", "旅程环节"),
    "process": ("Request category", "Vorgangsart", "业务类型"),
    "team_id": ("Responsible group", "Gruppenkennung", "所属小组"),
    "employee_id": ("Staff code", "Mitarbeiterkürzel", "坐席工号"),
    "responded_at": ("First answered on", "Erste Reaktion am", "首次答复日期"),
    "closed_at": ("Settled on", "Erledigt am", "办结日期"),
    "due_at": ("Promised by", "Zugesagt bis", "承诺日期"),
    "rated_at": ("Survey received on", "Umfragedatum", "评价日期"),
    "csat": ("Satisfaction mark", "Zufriedenheitsnote", "满意程度"),
    "nps": ("Would recommend (0-10)", "Empfehlungsbereitschaft", "推荐分"),
    "resolved_first": ("Fixed first time", "Erstlösung", "是否首次解决"),
    "reopened": ("Times opened again", "Wiedereröffnungen", "再次打开次数"),
    "transferred": ("Hand-overs", "Weiterleitungen", "转交次数"),
    "wait_seconds": ("Waiting (sec)", "Wartezeit (Sekunden)", "等候秒数"),
    "handle_seconds": ("Work on it (sec)", "Bearbeitungsdauer (s)", "办理用时(秒)"),
    "cost": ("Expense", "Aufwand (EUR)", "处理成本"),
    "channel": ("Came in through", "Kontaktweg", "进线方式"),
    "priority": ("Urgency", "Dringlichkeitsstufe", "紧急级别"),
    "text": ("What the client wrote", "Schilderung", "问题详情"),
    "root_cause": ("Cause found", "Ursache", "成因"),
    "activity": ("Step taken", "Bearbeitungsschritt", "流程节点"),
    "role": ("Post", "Stellenbezeichnung", "岗位"),
    "hired_at": ("Employed since", "Eintritt", "到岗日期"),
    "employees.left_at": ("Last day", "Austritt", "离职日期"),
    "from": ("Period begins", "Zeitraum von", "周期起始"),
    "to": ("Period ends", "Zeitraum bis", "周期截止"),
    "hours": ("Hours on duty", "Geleistete Stunden", "在岗工时"),
    "occupancy": ("Utilisation", "Auslastungsgrad", "饱和度"),
    "overtime_hours": ("Extra hours", "Mehrarbeit (Stunden)", "加班小时数"),
    "training_hours": ("Hours of learning", "Weiterbildungsstunden", "学习小时"),
    "absence_days": ("Sick leave (days)", "Krankheitstage", "病假天数"),
    "coaching_sessions": ("Coaching talks", "Coachings", "面谈辅导次数"),
    "quality_score": ("Audit score", "Qualitätsnote", "质量得分"),
    "unit": ("Level", "Ebene", "对象类型"),
    "unit_id": ("Who", "Einheit", "考核对象"),
    "kpi": ("Indicator", "Kennzahl", "考核指标"),
    "measures.value": ("Achieved", "Istwert", "完成值"),
    "n": ("Sample", "Anzahl", "样本数"),
    "name": ("Group title", "Bezeichnung", "小组名称"),
    "department": ("Division", "Abteilung", "上级部门"),
    "scenario": ("Scenario", "Szenario", "场景"),
    "weight": ("Weighting", "Gewichtung", "权重占比"),
    "target": ("Goal", "Zielwert", "目标"),
    "valid_from": ("In force since", "Gültig ab", "启用日期"),
}
# what the files are called
FILES: dict[str, tuple[str, str, str]] = {
    "customers": ("clients", "kundenstamm", "客户"), "activity": ("events", "ereignisse", "行为"),
    "cases": ("enquiries", "vorgänge", "工单"), "case_steps": ("history", "verlauf", "流转记录"),
    "employees": ("staff", "mitarbeiter", "员工"), "work": ("periods", "zeiten", "工时"),
    "measures": ("results", "kennzahlen", "指标"), "teams": ("groups", "gruppen", "班组"),
    "scorecards": ("weights", "gewichte", "计分卡"), "snapshots": ("flat", "flach", "流失"),
}  # fmt: skip
LANGUAGES = ("English", "German", "Chinese")
ROWS = 20_000


def written(company: Path, folder: Path, language: int, /) -> dict[str, Any]:
    """Write a company's tables with other names, and return what is what.

    Parameters
    ----------
    company : Path
        A simulated company's folder.
    folder : Path
        Where the exports are written.
    language : int
        Which of the languages.
    """
    loaded = open_company(company)
    truth: dict[str, dict[str, str]] = {}
    for table in loaded.tables:
        if table not in FILES:
            continue
        frame = open_source(loaded, table).limit(ROWS).to_pandas()
        known = [name for name in frame.columns if name in TABLES[table].names and frame[name].notna().any()]
        truth[table] = {name: NAMES.get(f"{table}.{name}", NAMES.get(name, (name,) * 3))[language] for name in known}
        order = list(frame.columns)
        random.Random(f"{table}{language}").shuffle(order)
        renamed = frame[order].rename(columns=truth[table])
        renamed.to_csv(folder / f"{FILES[table][language]}.csv", index=False)
    return {"tables": truth}


def main(companies: list[str], /) -> None:
    """Print a line a company and language, with what is wrong or lacking below it."""
    for company in companies:
        for language, name in enumerate(LANGUAGES):
            with tempfile.TemporaryDirectory() as folder:
                truth = written(Path(company), Path(folder), language)
                count: Count = counted(truth, plans_of(Path(folder)))
            print(
                f"{Path(company).name:12} {name:8} mappable {count.mappable:3}  right {count.right:3}  "
                f"silently wrong {len(count.silent)} of {count.mapped}  asked and wrong {len(count.asked)}",
                flush=True,
            )
            for line in (*(f"  SILENT {one}" for one in count.silent), *(f"  asked  {one}" for one in count.asked)):
                print(line)
            print(f"  lacking {', '.join(count.lacking)}")


if __name__ == "__main__":
    main(sys.argv[1:])
