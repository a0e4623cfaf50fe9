"""Headings in many languages, word by word; and what is asked rather than assumed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from features.mapping.column_guess import ColumnGuess
from features.mapping.guesses import guess_columns
from features.mapping.looks import ColumnLook, Look
from features.mapping.names import column_fits

KNOWN = {
    "case_id": "問い合わせ番号, 工單編號, Schadensnummer, Nro. de reclamo, Nº do ticket, N. pratica, WO Number",
    "opened_at": "受付日時, 起票日時, 建立時間, Fecha y hora de inicio, Data de abertura, Gemeldet am, FNOL Date",
    "closed_at": "対応完了日時, 解決日時, 結案時間, Resolvido em, Date de clôture, Chiuso il, Archived at",
    "responded_at": "初回回答日時, 首次回覆時間, Presa in carico, Attended At, First Response Sent On",
    "due_at": "対応期限, 回答期限, Fecha compromiso, Prazo, Scadenza, Milestone Target",
    "customer_id": "顧客番号, お客様番号, 會員編號, Solicitante, Código do cliente, Visitor ID, Policyholder",
    "employee_id": "担当者名, オペレーター, 處理人員, Bearbeitet von, Traité par, Atendido por, Funcionário, Adjuster",
    "team_id": "担当部署, グループ, 處理部門, Fila, Coda, Responsible Agency, Groupe de techniciens",
    "csat": "満足度, 顧客満足度, 滿意度評分, Nota de satisfação, Post-chat survey score",
    "wait_seconds": "待ち時間(秒), 等待時長, Tempo de espera (s), Tiempo de espera (seg), InQueue",
    "handle_seconds": "通話時間(秒), 対応時間(分), TMA (s), Durata chiamata (sec)",
    "resolved_first": "初回解決, Risolto al primo contatto, Resolvido no primeiro contato, 是否一次修复",
    "transferred": "転送回数, 轉派次數, Weitergeleitet, Total Transfers",
    "channel": "受付チャネル, 問い合わせ経路, Servicekanal, Request Mode",
    "priority": "優先度, 緊急程度, Criticité, Wichtigkeit",
    "text": "お客様コメント, 問い合わせ内容, 客戶留言, Relato, Ticket Satisfaction Comment",
    "root_cause": "原因区分, 理由, 故障原因, Schadensursache",
}


@pytest.mark.parametrize(("column", "headings"), KNOWN.items())
def test_headings_are_understood_in_many_languages(column: str, headings: str) -> None:
    for heading in headings.split(", "):
        fits = column_fits("cases", heading)
        assert column in fits, heading
        assert fits[column].score == max(fit.score for fit in fits.values()) >= 0.66, heading


@pytest.mark.parametrize(
    ("table", "heading", "column"),
    [
        ("employees", "入社日", "hired_at"),
        ("employees", "役職", "role"),
        ("employees", "Codice dipendente", "employee_id"),
        ("customers", "解約日", "left_at"),
        ("customers", "会員ランク", "segment"),
        ("customers", "年間契約金額", "value"),
        ("customers", "Data de ativação", "joined_at"),
        ("work", "残業時間", "overtime_hours"),
        ("work", "Giorni di assenza", "absence_days"),
        ("measures", "実績値", "value"),
        ("scorecards", "ウェイト", "weight"),
        ("activity", "購入日時", "at"),
        ("snapshots", "解約フラグ", "churned"),
    ],
)  # fmt: skip
def test_headings_of_other_tables(table: str, heading: str, column: str) -> None:
    assert column_fits(table, heading)[column].score >= 0.8


def test_what_a_heading_does_not_say_is_not_read_into_it() -> None:
    for heading in ("Custom field", "保留時間", "ステータス", "On Hold Time (min)", "Escalated on", "更新日時"):
        assert max((fit.score for fit in column_fits("cases", heading).values()), default=0) < 0.5, heading


def times(name: str, **more: float) -> ColumnLook:
    start = datetime(2025, 1, 1)
    return ColumnLook(name, "TIMESTAMP", 500, 500, 480, times=1.0, clocked=1.0, first=start,
                      last=start + timedelta(days=90), **more)  # type: ignore[arg-type]  # fmt: skip


def ids(name: str, distinct: int = 60) -> ColumnLook:
    return ColumnLook(name, "VARCHAR", 500, 500, distinct, characters=6, words=1, values={"a1": 9, "a2": 8})


def guessed(*columns: ColumnLook, table: str = "cases") -> dict[str, ColumnGuess]:
    return {one.column: one for one in guess_columns(table, Look("export", "it", 500, columns))}


def test_two_columns_whose_words_say_the_same_are_asked_about() -> None:
    alone = guessed(times("Meldezeitpunkt"))["opened_at"]
    assert alone.certainty == "sure"
    two = guessed(times("Meldezeitpunkt"), times("Eingangszeitpunkt"))["opened_at"]
    assert two.certainty == "likely"
    assert set(two.rivals) | {two.source} == {"Meldezeitpunkt", "Eingangszeitpunkt"}


def test_a_rival_that_is_something_else_is_none() -> None:
    found = guessed(times("Meldezeitpunkt"), times("Abschlusszeitpunkt"))
    assert [found[name].certainty for name in ("opened_at", "closed_at")] == ["sure", "sure"]


def test_a_name_that_may_say_two_things_is_asked_about_while_the_other_is_missing() -> None:
    either = guessed(times("開始日時"), table="case_steps")
    assert {one.certainty for one in either.values()} == {"likely"}


def test_names_that_say_little_are_asked_about() -> None:
    number = ColumnLook("Score", "BIGINT", 500, 500, 5, numbers=1.0, low=1, high=5, median=4, values={"4": 200})
    assert guessed(number)["csat"].certainty == "likely"
    assert guessed(ids("Supervisor"))["team_id"].certainty == "likely"
    assert guessed(ColumnLook("Resolved", "BOOLEAN", 500, 500, 2, flags=1.0))["resolved_first"].certainty == "likely"
