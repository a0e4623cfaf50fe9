"""Headings in many languages, word by word; and what is asked rather than assumed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from features.mapping.column_guess import ColumnGuess
from features.mapping.guesses import guess_columns
from features.mapping.looks import ColumnLook, Look
from features.mapping.names import column_fits
from features.mapping.signs import named_unit

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


# languages with a list of their own: case_id, opened_at, responded_at, closed_at, due_at, customer_id, employee_id, team_id,
# csat, channel, priority, process, root_cause
OF_LANGUAGES = {
    "Polish": "Nr sprawy, Data rejestracji, Termin pierwszej reakcji, Data rozwiązania, Planowany termin zakończenia, "
    "Kod klienta, Pracownik, Grupa, Ocena satysfakcji, Kanał kontaktu, Priorytet zgłoszenia, Rodzaj sprawy, "
    "Przyczyna reklamacji",
    "Russian": "Номер заявки, Дата регистрации, Время первого ответа, Дата решения, Срок решения, Код клиента, Сотрудник, "
    "Отдел, Оценка удовлетворённости, Источник, Срочность, Категория обращения, Причина обращения",
    "Turkish": "Talep Numarası, Oluşturma Tarihi, İlk Cevap Zamanı, Çözüm Tarihi, Hedef Çözüm Tarihi, Müşteri Kodu, "
    "Müşteri Temsilcisi, Departman, Müşteri Memnuniyeti, İletişim Kanalı, Aciliyet, Talep Türü, Şikayet Nedeni",
    "Korean": "접수번호, 등록일시, 첫응답일시, 처리완료일시, 처리기한, 회원번호, 담당자, 담당부서, 고객만족도, 유입경로, 긴급도, "
    "문의유형, 불만원인",
    "Czech": "Číslo požadavku, Datum založení, Datum první reakce, Datum vyřešení, Termín řešení, Kód klienta, Operátor, "
    "Tým, Spokojenost zákazníka, Zdroj, Naléhavost, Typ požadavku, Důvod reklamace",
    "Swedish": "Ärende-ID, Inkom datum, Första svar, Löst datum, Beräknad tid, Kund-ID, Ansvarig, Grupp, Kundnöjdhet, Källa, "
    "Allvarlighetsgrad, Ärendetyp, Rotorsak",
}
COLUMNS = (
    "case_id", "opened_at", "responded_at", "closed_at", "due_at", "customer_id", "employee_id", "team_id", "csat",
    "channel", "priority", "process", "root_cause",
)  # fmt: skip


@pytest.mark.parametrize("language", OF_LANGUAGES)
def test_headings_are_understood_in_languages_with_a_list_of_their_own(language: str) -> None:
    for column, heading in zip(COLUMNS, OF_LANGUAGES[language].split(", "), strict=True):
        fits = column_fits("cases", heading)
        assert column in fits, heading
        assert fits[column].score == max(fit.score for fit in fits.values()) >= 0.66, heading


def test_letters_that_a_keyboard_lacks_are_no_others() -> None:
    assert column_fits("cases", "Kanal zgloszenia")["channel"] == column_fits("cases", "Kanał zgłoszenia")["channel"]
    assert column_fits("cases", "Acilis Tarihi")["opened_at"] == column_fits("cases", "Açılış Tarihi")["opened_at"]


def test_signs_alone_name_nothing() -> None:
    assert [column_fits("cases", heading) for heading in ("#", "%", "/ -")] == [{}, {}, {}]


def test_what_is_said_of_something_is_asked_about() -> None:
    fit = column_fits("customers", "Rate Plan Charge: ARR")["value"]
    assert 0.5 < fit.score < 0.8


@pytest.mark.parametrize(
    ("heading", "seconds"),
    [("상담시간(초)", 1), ("대기시간(분)", 60), ("Görüşme Süresi (sn)", 1), ("Bekleme (dk)", 60), ("Ожидание, мин", 60),
     ("Horas dedicadas", 3600), ("Minuten im Gespräch", 60), ("Hours on the case", 3600), ("Open hours of a day", 86400)],
)  # fmt: skip
def test_units_of_durations_are_read_in_many_languages(heading: str, seconds: float) -> None:
    assert named_unit(heading) == seconds


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


def test_a_number_goes_before_the_name_beside_it() -> None:
    found = guessed(ids("Team Name", 4), ids("Team No", 4))
    assert found["team_id"].source == "Team No"


def test_a_column_that_may_be_the_end_or_the_first_answer_is_the_end() -> None:
    found = guessed(times("业务日期"), times("签收日期"))
    assert found["closed_at"].source == "签收日期"


def test_the_type_of_one_event_is_not_what_happened_for_certain() -> None:
    columns = (ids("Customer ID"), times("Payment Date"), ids("Payment Type", 3))
    assert guessed(*columns, table="activity")["kind"].certainty == "likely"
    columns = (ids("Customer ID"), times("Event time"), ids("Event Type", 3))
    assert guessed(*columns, table="activity")["kind"].certainty == "sure"
