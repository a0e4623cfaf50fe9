"""The binary formats: an ``.xls`` that a writer of 1997's format made, and an ``.xlsb`` written record by record."""

from __future__ import annotations

import base64
import datetime as dt
import struct
import zipfile
import zlib
from pathlib import Path

from baton.company import load_company
from features.ingest.intake import opened

# case_id, opened_at (with a date format), wait_seconds; T1 to T3; sheet Data
XLS = (
    "c-rk)O-NKx6#njeGdeSjI!+pBAcK&l>B8JZq+?OJN=$+xg6TPLK(U#TaUg6_md!E<S`}>sTLfXX>4#d>u7zOOA_xLCXj7Y_poPxs"
    "oHK96(F`0Y$#~yz&pr3td%k<-{=WBK&sNV*KCEBB8gxNN*7BmP$fhWH^MwGY-m+ND=N?LygDnNGhbFSjjb{}z<vfQx-wV+2!1a<O"
    "ut@0)M$nr~#6p{hLlT3bIEGG=3b)Bpi8_fYC^9N?o5=gp^0~-vv0M|`Np0uVY0QRuTlU$j_>|Ttb(LV=$Kvx&EbXYpD_+HyuB%*I"
    "Hx8zTjB{J8qQT|I6lg+wVu@Ia%eA<}TXu}l7LT`?W@vD5e>^^q8k+Jce78ctxBT9I5pwLCYgZuqkJa|_-`G7gm22%cG#4-q>#S^*"
    "4E$(zag7UyjkK|Z1G2F>(V~bNqp`@4Nk@5dgw}@{G17kEyfKuHjK-qLggHuk;Y2%&y(~I>eDKRb5m<FlRLBPMlQdB!dbMn$0L8d;"
    "_siU|fxd7=EaP%H<gSpN94jnbW)E_%L@rW>PN_va_K3V9tUE-n7g<AVobsl=T3b0fA#JWoZ4>p=A$SwsRiy7GJ@e`KlZMQPa5L%C"
    "Jqs6Vrr(Aq(MVUCN&ftsK&xt1w{9|?hV!|ykDK=*>wY<UJX*kx-Lmh=DlEe%YPHB*iAP5jN}4@Z?5)=ER^rX$q0<O)bU~@U*Z;Bm"
    "qQ>>i@YQC})?v_u!DTaO1%?@$K@)~Wm1EG?VbF!aZ8PWvhR-&GE(~+jQI{6PBkqt6-xc`az<~n?4jede;NTyFl1I_pgEv1ax>sHk"
    "<h#x?rL6Or<iABflJrZ{>*Nt6C{JOmr1i5MZk6X!8}!M4FJzpg-cuOHfW$Fe^7^G$GgbV5HtZPqb6cp?{<EdT`Ir0u357i8?f"
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def cases(path: Path) -> list[tuple[object, ...]]:
    company = path.parent / "company.toml"
    company.write_text(f'[tables]\ncases = {{ path = "{path.name}" }}\n', encoding="utf-8")
    with opened(load_company(company)) as intake:
        table = intake.bring("cases")
        return intake.rows(f"SELECT case_id, opened_at, wait_seconds FROM {table.relation} ORDER BY case_id")


def record(number: int, data: bytes = b"") -> bytes:
    head = bytes([number & 0x7F | 0x80, number >> 7]) if number >= 0x80 else bytes([number])
    return head + bytes([len(data)]) + data


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def write_xlsb(path: Path, rows: list[list[str | float]]) -> None:
    sheet = record(129) + record(148, struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + record(145)
    for row, cells in enumerate(rows):
        sheet += record(0, struct.pack("<II", row, 0) + bytes(9))
        for column, cell in enumerate(cells):
            place = struct.pack("<II", column, 0)
            sheet += (
                record(6, place + wide(cell)) if isinstance(cell, str) else record(5, place + struct.pack("<d", cell))
            )
    sheet += record(146) + record(130)
    about = struct.pack("<II", 0, 1) + wide("rId1") + wide("Data")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        archive.writestr("xl/workbook.bin", record(131) + record(143) + record(156, about) + record(144) + record(132))
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
            f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def test_an_xls_is_read(tmp_path: Path) -> None:
    (tmp_path / "book.xls").write_bytes(zlib.decompress(base64.b85decode(XLS)))
    assert cases(tmp_path / "book.xls") == [(f"T{n}", dt.datetime(2025, 3, n, 9), 60.0 * n) for n in (1, 2, 3)]


def test_an_xlsb_is_read(tmp_path: Path) -> None:
    write_xlsb(tmp_path / "book.xlsb", [["case_id", "opened_at", "wait_seconds"], ["T1", 45000.5, 60.0]])
    assert cases(tmp_path / "book.xlsb") == [("T1", dt.datetime(2023, 3, 15, 12), 60.0)]
