"""The encoding of a text file, by what its letters would be."""

from __future__ import annotations

import pytest

from features.ingest.encodings import likely_encoding_of

TEXTS = {
    "cp1252": [
        "Kündigung;Größe\nGrüße aus Köln",
        "N° de dossier;Clôturé le\nÀ réception, l'été, un œuf",
        "Número de reclamo;Última acción;Niño",
        "Værdi;Åbnet;Ørsted",
        "Müller;José;François;Åke;João\nWeiß;Muñoz;Lefèvre;Öst;Conceição",
    ],
    "cp1250": [
        "Numer zgłoszenia;Data zamknięcia;Treść",
        "Příčina;Uzavřeno;Řešitel",
        "Ügyfél;Őrült;Tűzhely",
        "Nr;Wartość brutto",
    ],
    "cp1251": ["Номер обращения;Дата закрытия;ОТВЕТСТВЕННЫЙ", "Звернення;Клієнт;Її"],
    "koi8-r": ["Номер обращения;Дата закрытия"],
    "cp1253": ["Αριθμός αιτήματος;Ημερομηνία"],
    "cp1254": ["Kayıt No;Müşteri;İlk Yanıt;Açılış Tarihi;Değerlendirme"],
    "cp1256": ["رقم التذكرة;تاريخ الإغلاق"],
    "cp949": ["접수번호,고객명,상담원\n1,김민준,이서연"],
    "gbk": ["工单编号,创建时间,客户姓名,处理人"],
    "big5": ["工單編號,建立時間,客戶姓名,處理人員"],
    "cp932": ["問い合わせ番号,受付日時,お客様名"],
    "utf-16-le": ["Ticket;Opened\n1;2025-01-03"],
    "utf-8": ["Kündigung", "工单编号", "plain"],
}


@pytest.mark.parametrize(("encoding", "text"), [(code, text) for code, texts in TEXTS.items() for text in texts])
def test_a_text_is_read_as_it_was_written(encoding: str, text: str) -> None:
    found = likely_encoding_of(f"{text}\n".encode(encoding))
    assert f"{text}\n".encode(encoding).decode(found) == f"{text}\n"


def test_digits_and_signs_say_nothing_of_an_encoding() -> None:
    assert likely_encoding_of(b"price;5 \x80\n25\xb0;\xa7 3\n") == "cp1252"
