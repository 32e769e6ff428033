from __future__ import annotations

import datetime as dt
import email
import re
import subprocess
import sys
import time
import zipfile
from email.policy import SMTP
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import fastexcel
import pytest

from reports import daily

if TYPE_CHECKING:
    from email.message import EmailMessage

    from tests.reports.conftest import Street

DAY = dt.date(2020, 3, 28)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def full(street: Street) -> Street:
    """A street with something in every section."""
    street.compound("银泰小区", "red", orange=20, yellow=6, blue=2, residents=900)
    street.compound("东城<新村>", "red", orange=19, yellow=7, blue=3, residents=800)
    street.compound("=1+1", "yellow", orange=6, residents=700)
    street.isolate(40)
    street.isolate(30, colour="yellow")
    street.isolate(20, colour="blue")
    street.publish("person_tag", [{"person_key": "p", "tag": "elderly", "label_zh": "老人"}])
    street.publish("service_roster", [{"person_key": "p", "service": "助餐服务", "full_name": "某某某"}])
    duty = {"committee_code": "310115016001", "duty": "temperature", "status": "open", "priority": 2}
    street.publish("worklist", [duty | {"full_name": "某某某", "phone": "13900000000"}] * 3)
    street.publish("unresolved", [{"reason_zh": "目的地在外街道，待移交", "first_seen_on": DAY}])
    day = {"business_date": DAY - dt.timedelta(days=1), "committee_code": "310115016"}
    street.publish("governance_daily", [day | {"isolating": 153, "newly_isolating": 12, "isolating_corrected": -2}])
    street.publish(
        "feed_health",
        [
            {"feed": "border_entries", "title_zh": "入境人员", "business_date": DAY, "status": "fresh"},
            {"feed": "welfare_list", "title_zh": "低保名单", "business_date": DAY, "status": "failed"},
        ],
    )
    return street


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.images: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href") and value:
                (self.images if tag == "img" else self.addresses).append(value)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def mail_of(report: daily.Report) -> Any:
    return email.message_from_bytes(report.eml.read_bytes(), policy=SMTP)


def test_the_page_stands_alone_and_names_the_rejected_feed_first(full: Street) -> None:
    report = daily.render(DAY)
    page = read(report.html.read_text(encoding="utf-8"))
    assert page.words[1].startswith("低保名单最新一批被拒收")  # the first is the title of the document
    assert len(page.images) == 3
    assert all(image.startswith("data:image/png;base64,") for image in page.images)
    assert not page.addresses
    assert "东城<新村>" in page.words


def test_the_mail_has_text_html_inline_pictures_and_the_workbook(full: Street) -> None:
    message: EmailMessage = mail_of(daily.render(DAY))
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert plain is not None
    assert html is not None
    text = plain.get_content()
    assert text.splitlines()[0].startswith("低保名单最新一批被拒收")
    assert "正在居家隔离 153 人" in text
    page = read(html.get_content())
    related = {part["Content-ID"]: part for part in message.walk() if part["Content-ID"]}
    assert {f"<{image.removeprefix('cid:')}>" for image in page.images} == set(related)
    assert all(part.get_content().startswith(PNG) for part in related.values())
    assert all(part.get_content_disposition() == "inline" for part in related.values())
    attachments = list(message.iter_attachments())
    assert [part.get_filename() for part in attachments] == ["花木街道数据治理日报2020-03-28.xlsx"]
    assert message["Subject"] == "花木街道数据治理日报 2020-03-28"


def test_page_text_and_workbook_hide_the_same_counts(full: Street) -> None:
    report = daily.render(DAY)
    cells = ["银泰小区", "牡丹第二居委会", "20", "—", "<5", "28"]
    words = read(report.html.read_text(encoding="utf-8")).words
    place = words.index("银泰小区")
    # A phone's line has no room for 居委会.
    assert words[place : place + 6] == [cells[0], cells[1].removesuffix("居委会"), *cells[2:]]
    sheet = fastexcel.read_excel(report.xlsx).load_sheet("小区", header_row=2, dtypes="string").to_polars()
    assert sheet.columns == ["小区", "居委会", "级别", "境外来沪", "重点省份", "其他省市", "合计"]
    row = next(row for row in sheet.rows() if row[0] == "银泰小区")
    assert list(row) == ["银泰小区", "牡丹第二居委会", "红", "20", "—", "<5", "28"]
    assert sheet.rows()[-1][3:] == ("85", "43", "25", "153")


def test_the_workbook_has_frozen_headings_and_no_formula(full: Street) -> None:
    with zipfile.ZipFile(daily.render(DAY).xlsx) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert len(sheets) == 14
    for sheet in sheets:
        assert 'state="frozen"' in sheet
        assert "<f>" not in sheet
        assert "<hyperlink" not in sheet


def test_a_line_of_the_text_is_a_line_and_what_nobody_knows_is_said_once(full: Street) -> None:
    message: EmailMessage = mail_of(daily.render(DAY))
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    lines = text.splitlines()
    place = lines.index("正在居家隔离 153 人")
    assert lines[place : place + 5] == [
        "正在居家隔离 153 人",
        "  境外来沪 85",
        "  重点省份 43",
        "  其他省市 25",
        "今日应解除隔离 无数据，近14天已解除 0",
    ]
    assert "3月27日：上一日 无数据，加新增 12，减解除 无数据，减转出 无数据，更正 -2，在居家隔离 153" in lines
    assert [line for line in lines if "测温覆盖率" in line] == [lines[lines.index("【未来14天解除隔离】") - 2]]
    assert "\n\n\n" not in text


def test_words_stand_with_full_width_marks_in_every_form(full: Street) -> None:
    report = daily.render(DAY)
    sheets = fastexcel.read_excel(report.xlsx)
    book = [sheets.load_sheet(name, header_row=None).to_polars().rows() for name in sheets.sheet_names]
    cells = [str(cell) for rows in book for row in rows for cell in row]
    plain = mail_of(report).get_body(("plain",)).get_content()
    for text in (*read(report.html.read_text(encoding="utf-8")).words, *cells, plain):
        assert not re.search(r"[一-龥][,;:!?()]|[,;:!?()][一-龥]", text), text


def test_no_file_of_the_report_carries_a_person(full: Street) -> None:
    report = daily.render(DAY)
    sheets = fastexcel.read_excel(report.xlsx)
    book = str([sheets.load_sheet(name, header_row=None).to_polars().rows() for name in sheets.sheet_names])
    message = mail_of(report)
    bodies = [message.get_body((kind,)).get_content() for kind in ("plain", "html")]
    for text in (report.html.read_text(encoding="utf-8"), book, *bodies):
        assert "某某某" not in text
        assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", re.sub(r"base64,[^\"]+", "", text))


def test_a_report_of_empty_marts_is_still_a_report(street: Street) -> None:
    report = daily.render(DAY)
    page = read(report.html.read_text(encoding="utf-8"))
    assert page.words[1] == "还没有任何可用的数据。"
    assert page.words.count("无数据") > 20
    assert not page.images


def test_rendering_again_replaces_the_files_and_leaves_no_other(full: Street) -> None:
    report = daily.render(DAY)
    full.isolate(1)
    assert daily.render(DAY) == report
    assert sorted(path.name for path in report.html.parent.iterdir()) == ["report.eml", "report.html", "report.xlsx"]
    assert "154" in read(report.html.read_text(encoding="utf-8")).words


def test_the_mail_stays_below_the_size_at_which_clients_cut_it(street: Street) -> None:
    for number in range(330):
        level = "yellow" if number < 60 else "none"
        more: dict[str, Any] = {
            "committee_code": f"310115016{number % 59:03}",
            "committee_name": f"培花新村第{number % 59}居委会",
        }
        street.compound(f"世茂湖滨花园第{number}期", level, orange=9 if level == "yellow" else 0, **more)
    duty = {"duty": "temperature", "status": "open", "priority": 2, "due_at": f"{DAY} 20:00+08"}
    codes = [f"310115016{number:03}" for number in range(59)]
    street.publish("worklist", [duty | {"committee_code": code} for code in codes])
    started = time.process_time()
    message = mail_of(daily.render(DAY))
    assert time.process_time() - started < 15  # 2 seconds of work, the first import included
    html = message.get_body(("html",)).get_content()
    assert len(html.encode()) < 100_000
    words = read(html).words
    committees = [word for word in words[words.index("居委会任务") :] if re.fullmatch(r"培花新村第\d+", word)]
    assert len(committees) == 10, "the workbook names all 59"


def test_reading_the_module_costs_no_drawing_library() -> None:
    code = (
        "import sys, reports.daily, reports.mail; print([m for m in ('matplotlib', 'xlsxwriter') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
