"""Registers of villages as they really come: headers, encodings, mistakes. Nothing is half-imported."""

import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from building_app import add_person, add_unit
from flask import Flask, current_app
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.errors import NotFound, TooLarge
from app.extensions import db
from app.identity.identity_numbers import (
    IdentityNumberRefused,
    NoSuchDay,
    NotDigits,
    OldNumber,
    RoundedNumber,
    WrongCheckDigit,
    WrongLength,
    check_place,
    read_identity_number,
)
from app.identity.register import NotAVillage, NotInRegister, import_register, register_of, remove_elector
from app.identity.register_reading import ImportReport, NoElectors, NoHeaders
from app.identity.sheets import EmptySheet, OldWorkbook, SheetRefused, TooManyLines, UnknownEncoding
from app.models import Elector
from app.runtime import world
from app.runtime.actor import Actor
from workflows.services.rules import RuleBook

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NEXT_DAY_IN_SHANGHAI = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)


def number(born: str = "19800131", order: int = 1, *, woman: bool = False) -> str:
    """A number nobody has: 99 is no province."""
    first = f"990000{born}{order * 2 + (not woman):03d}"
    return first + check_place(first)


@pytest.fixture
def village(app: Flask) -> tuple[int, Actor]:
    unit = add_unit("柳树沟村")
    return unit, add_person("wang", unit=unit)


def load(village: tuple[int, Actor], content: bytes | str, **more: Any) -> ImportReport:
    data = content.encode() if isinstance(content, str) else content
    return import_register(village[0], data, "名册.csv", village[1], more.pop("now", NOW), **more)


def told(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(p.line, p.column, p.message) for p in report.problems]


def stored() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Elector)) or 0


def xlsx(rows: Sequence[Sequence[Any]], *merges: str, book: openpyxl.Workbook | None = None) -> bytes:
    book = book or openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for merge in merges:
        sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- identity numbers


def test_the_example_of_the_standard_is_right() -> None:
    found = read_identity_number("11010519491231002X")
    assert (found.born_on, found.woman, found.tail) == (date(1949, 12, 31), True, "002X")


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X",
        "'11010519491231002X",
    ],
)
def test_a_number_is_read_however_it_is_written(written: str) -> None:
    assert read_identity_number(written).text == "11010519491231002X"


@pytest.mark.parametrize(
    ("written", "refusal"),
    [
        ("110105194912310021", WrongCheckDigit),
        ("11010519490230002X", NoSuchDay),
        ("110105491231002", OldNumber),
        ("1101051949123100", WrongLength),
        ("1101051949123100A2", NotDigits),
        ("1.10105E+17", RoundedNumber),
        ("110105194912310²2X", IdentityNumberRefused),
        ("", WrongLength),
        ("X" * 18, NotDigits),
        ("\ud800" * 18, NotDigits),
    ],
)
def test_a_wrong_number_is_refused_for_its_reason(written: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read_identity_number(written)


@given(st.integers(0, 16), st.integers(0, 9))
def test_one_wrong_digit_never_passes(place: int, digit: int) -> None:
    right = number()
    wrong = right[:place] + str(digit) + right[place + 1 :]
    if wrong != right:
        with pytest.raises(IdentityNumberRefused):
            read_identity_number(wrong)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_number(written: str) -> None:
    with suppress(IdentityNumberRefused):
        read_identity_number(written)


def test_age_is_reached_on_the_birthday_and_after_29_february_in_march() -> None:
    leap = read_identity_number(number("20080229"))
    assert [leap.age_on(d) for d in (date(2026, 2, 28), date(2026, 3, 1))] == [17, 18]


def test_the_age_of_electors_is_a_figure_of_the_rules(
    village: tuple[int, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    young = f"姓名,身份证号,户号\n王芳,{number('20080101')},1\n"  # 18 since 2026-01-01
    assert load(village, young).added == 1
    texts = {p.name: p.read_text(encoding="utf-8") for p in sorted(world.RULES_FOLDER.glob("*.yaml"))}
    name = "national-villagers-committee.yaml"
    changed = texts[name].replace("figure: voting_age, value: 18", "figure: voting_age, value: 19")
    assert changed != texts[name]
    monkeypatch.setattr(world, "_book", RuleBook.load(texts | {name: changed}))
    current_app.extensions.pop(world._KEY, None)
    assert "19" in told(load(village, young))[0][2]


def test_the_number_is_stored_only_as_a_keyed_digest(app: Flask, village: tuple[int, Actor]) -> None:
    load(village, f"姓名,身份证号,户号\n王芳,{number()},1\n")
    row = db.session.scalars(select(Elector)).one()
    before = row.identity_digest
    assert row.identity_tail == number()[-4:]
    app.config["SECRET_KEY"] = "another" * 6
    assert read_identity_number(number()).digest != before


# --- files


def test_a_list_with_common_headers_is_taken(village: tuple[int, Actor]) -> None:
    report = load(
        village,
        "序号,姓名,性别,公民身份号码,户号,是否党员,是否村民代表,是否集体成员,备注\n"
        f"1,王 芳,女,{number(woman=True)},001,是,√,是,外出\n"
        f"2,李雷,男,{number(order=2)},001,否,,是,\n",
    )
    assert (report.added, report.updated, told(report)) == (2, 0, [])
    wang, li = register_of(village[0], "villagers_assembly")
    assert (wang.name, wang.woman, wang.household, wang.born_on) == ("王芳", True, "001", "1980-01-31")
    assert wang.marks == {
        "full_capacity": True,
        "party_member": True,
        "representative": True,
        "collective_member": True,
    }
    assert [r.name for r in register_of(village[0], "representatives_meeting")] == ["王芳"]
    assert [r.name for r in register_of(village[0], "collective_members_assembly")] == ["王芳", "李雷"]
    assert li.marks == {"full_capacity": True, "collective_member": True}


@pytest.mark.parametrize(
    "header",
    ["身份证号", "身份证号码", "公民身份号码", "身份证号码（18位）", " 身 份 证 号 * ", "身份证件号码："],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_headers_and_encodings_of_real_files(village: tuple[int, Actor], header: str, encoding: str) -> None:
    text = f"姓　名,{header},户　号\n欧阳建国,{number()},１２\n"
    assert load(village, text.encode(encoding)).added == 1
    assert register_of(village[0], "villagers_assembly")[0].name == "欧阳建国"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(village: tuple[int, Actor], delimiter: str, end: str) -> None:
    rows = [["姓名", "身份证号", "户号"], ["王芳", number(), "1"], ["李雷", number(order=2), "2"]]
    assert load(village, end.join(delimiter.join(row) for row in rows) + end).added == 2


def test_an_xlsx_with_title_merged_headers_and_merged_households(village: tuple[int, Actor]) -> None:
    content = xlsx(
        [
            ["柳树沟村选民登记表"],
            ["填表日期：2026年11月1日"],
            ["序号", "基本情况", None, None, "户号", "身份类别", None],
            [None, "姓名", "性别", "身份证号", None, "是否党员", "是否村民代表"],
            [1, "王芳", "女", number(woman=True), 7, True, "是"],
            [2, "李雷", "男", number(order=2), None, False, None],
            [],
            ["合计", "2人"],
            ["制表人：赵", None, None, None, "审核：钱"],
        ],
        "A1:G1",
        "B3:D3",
        "E3:E4",
        "F3:G3",
        "E5:E6",
    )
    report = load(village, content)
    assert (told(report), report.added) == ([], 2)
    assert {r.household for r in register_of(village[0], "villagers_assembly")} == {"7"}
    assert [r.name for r in register_of(village[0], "party_members_meeting")] == ["王芳"]


def test_a_number_that_the_spreadsheet_rounded_is_told_as_such(village: tuple[int, Actor]) -> None:
    exact = int(number())
    report = load(
        village,
        xlsx([["姓名", "身份证号", "户号"], ["王芳", float(exact), 1], ["李雷", exact // 1000 * 1000, 1]]),
    )
    assert [(line, column) for line, column, _text in told(report)] == [(2, "身份证号"), (3, "身份证号")]
    assert all("rounded" in text or "舍入" in text for _l, _c, text in told(report))


def test_a_formula_without_result_is_told_and_one_with_a_kept_text_is_read(
    village: tuple[int, Actor],
) -> None:
    report = load(village, xlsx([["姓名", "身份证号", "户号"], ["=B1", number(), 1]]))
    assert told(report)[0][:2] == (2, "姓名")
    assert load(village, f'姓名,身份证号,户号\n王芳,"=""{number()}""",1\n').added == 1
    bad = load(village, f"姓名,身份证号,户号\n=cmd|' /C calc'!A0,{number(order=2)},1\n")
    assert told(bad)[0][:2] == (2, "姓名")


def test_hidden_sheets_are_left_out_and_the_first_with_headers_is_read(village: tuple[int, Actor]) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["说明：请勿改动"])
    old = book.create_sheet("旧")
    old.sheet_state = "hidden"
    old.append(["姓名", "身份证号", "户号"])
    old.append(["旧人", number(order=9), 1])
    new = book.create_sheet("新")
    new.append(["姓名", "身份证号", "户号"])
    new.append(["王芳", number(), 1])
    out = io.BytesIO()
    book.save(out)
    load(village, out.getvalue())
    assert [r.name for r in register_of(village[0], "villagers_assembly")] == ["王芳"]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", EmptySheet),
        (b"\xef\xbb\xbf \r\n", EmptySheet),
        (b"PK\x03\x04 broken", SheetRefused),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OldWorkbook),
        (b"\xff\xd8\xff\xe0 a picture \x00\x01", UnknownEncoding),
        ("姓名,电话\n王芳,1\n".encode(), NoHeaders),
        ("姓名,身份证号\n".encode(), NoElectors),
        (b"x" * (8 * 1024 * 1024 + 1), TooLarge),
        ("姓名,身份证号\n".encode() + b"\n" * 20_001, TooManyLines),
        (b'"' + b"x" * 200_000, SheetRefused),
    ],
)
def test_what_is_no_list_is_refused(
    village: tuple[int, Actor], content: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        load(village, content)
    assert stored() == 0


def archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("members", "refusal"),
    [
        ({"xl/worksheets/sheet1.xml": b"0" * (25 * 1024 * 1024)}, TooLarge),
        ({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, SheetRefused),
        ({f"{n}.xml": b"" for n in range(1001)}, TooLarge),
        ({"word/document.xml": b"<a/>"}, SheetRefused),
    ],
)
def test_archives_that_would_burst_or_fetch_are_refused(
    village: tuple[int, Actor], members: dict[str, bytes], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        load(village, archive(members))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    from app.errors import AppRefusal
    from app.identity.sheets import read_sheets

    for start in (b"", b"PK\x03\x04", b"\xff\xfe"):
        with suppress(AppRefusal):
            list(read_sheets(start + content))


# --- contents


def test_every_problem_is_told_by_line_and_nothing_is_stored(village: tuple[int, Actor]) -> None:
    good = number(woman=True)
    report = load(
        village,
        "姓名,身份证号,户号,性别,出生日期,是否党员\n"
        f"王芳,{good},1,女,1980-01-31,是\n"
        f"李雷,{good[:-1]}{'0' if good[-1] != '0' else '1'},1,,,\n"
        f"韩梅,{good},2,,,\n"
        f",{number(order=3)},2,,,\n"
        f"赵四,{number(order=4)},,男,1980年2月,也许\n"
        f"钱五,{number(order=5)},3,女,,\n"
        f"孙小,{number('20101001', order=6)},3,,,\n"
        f"周老,{number('18801001', order=7)},3,,,\n",
    )
    assert [(line, column) for line, column, _text in told(report)] == [
        (3, "身份证号"),
        (4, "身份证号"),
        (5, "姓名"),
        (6, "户号"),
        (6, "出生日期"),
        (6, "是否党员"),
        (7, "性别"),
        (8, "身份证号"),
        (9, "身份证号"),
    ]
    assert "2" in told(report)[1][2]
    assert (report.added, report.updated, stored()) == (0, 0, 0)


def test_whoever_turns_18_on_the_legal_day_is_an_elector_and_not_the_day_before(
    village: tuple[int, Actor],
) -> None:
    content = f"姓名,身份证号,户号\n王芳,{number('20081123')},1\n"
    assert len(load(village, content, now=NOW).problems) == 1
    assert load(village, content, now=NEXT_DAY_IN_SHANGHAI).added == 1


def test_the_day_of_the_election_can_be_given(village: tuple[int, Actor]) -> None:
    content = f"姓名,身份证号,户号\n王芳,{number('20081201')},1\n"
    assert load(village, content, of_age_on=date(2026, 12, 1)).added == 1


def test_a_second_import_updates_and_says_so_by_line(village: tuple[int, Actor]) -> None:
    load(village, f"姓名,身份证号,户号\n王芳,{number()},1\n")
    report = load(
        village, f"姓名,身份证号,户号,是否党员\n王芳,{number()},2,是\n李雷,{number(order=2)},2,否\n"
    )
    assert (report.added, report.updated, [n.line for n in report.notes]) == (1, 1, [2])
    assert [r.household for r in register_of(village[0], "party_members_meeting")] == ["2"]


def test_a_number_of_the_register_under_another_name_stops_everything(village: tuple[int, Actor]) -> None:
    load(village, f"姓名,身份证号,户号\n王芳,{number()},1\n")
    report = load(village, f"姓名,身份证号,户号\n李雷,{number(order=2)},1\n王方,{number()},1\n")
    assert [(line, column) for line, column, _t in told(report)] == [(3, "身份证号")]
    assert stored() == 1


def test_an_elector_of_two_villages_is_noted(village: tuple[int, Actor]) -> None:
    other = add_unit("石桥村")
    admin = add_person("root", unit=other, roles=("admin",))
    load(village, f"姓名,身份证号,户号\n王芳,{number()},1\n")
    report = load((other, admin), f"姓名,身份证号,户号\n王芳,{number()},1\n")
    assert report.added == 1
    assert "柳树沟村" in report.notes[0].message


def test_two_heads_in_a_household_are_told_apart_by_number(village: tuple[int, Actor]) -> None:
    report = load(
        village,
        f"姓名,身份证号,户主,与户主关系\n王强,{number()},王强,户主\n王强,{number(order=2)},王强,户主\n李云,{number(order=3)},王强,妻\n",
    )
    assert [(line, column) for line, column, _t in told(report)] == [(3, "户主")]


def test_members_without_full_capacity_and_probationary_members_do_not_count(
    village: tuple[int, Actor],
) -> None:
    load(
        village,
        "姓名,身份证号,户号,政治面貌,集体经济组织成员,民事行为能力\n"
        f"王芳,{number()},1,中共党员,是,完全\n"
        f"李雷,{number(order=2)},1,预备党员,是,限制民事行为能力\n"
        f"韩梅,{number(order=3)},2,群众,,\n",
    )
    assert [r.name for r in register_of(village[0], "party_members_meeting")] == ["王芳"]
    assert [r.name for r in register_of(village[0], "collective_members_assembly")] == ["王芳"]
    assert len(register_of(village[0], "villagers_assembly")) == 3


def test_names_of_minorities_and_of_latin_letters_stay_and_markup_is_no_name(
    village: tuple[int, Actor],
) -> None:
    names = ["买买提·艾力", "买买提．艾力", "John  Smith", "㛃㐀", "𠮷野"]
    rows = "".join(f"{n},{number(order=k)},1\n" for k, n in enumerate(names, 1))
    assert load(village, "姓名,身份证号,户号\n" + rows).added == 5
    assert [r.name for r in register_of(village[0], "villagers_assembly")] == [
        "买买提·艾力",
        "买买提·艾力",
        "John Smith",
        "㛃㐀",
        "𠮷野",
    ]
    report = load(village, f"姓名,身份证号,户号\n<script>,{number(order=9)},1\n")
    assert told(report)[0][:2] == (2, "姓名")


def test_a_name_or_household_that_is_too_long_is_told(village: tuple[int, Actor]) -> None:
    report = load(village, f"姓名,身份证号,户号\n{'长' * 61},{number()},{'9' * 31}\n")
    assert [p.column for p in report.problems] == ["姓名", "户号"]


def test_problems_beyond_the_first_500_are_counted(village: tuple[int, Actor]) -> None:
    report = load(village, "姓名,身份证号,户号\n" + "王芳,1,1\n" * 700)
    assert (len(report.problems), report.more_problems) == (500, 200)


def test_1500_electors_are_read_in_seconds(village: tuple[int, Actor]) -> None:
    rows = [
        [
            f"王{k}".translate(str.maketrans("0123456789", "零一二三四五六七八九")),
            number(f"19{50 + k // 400}0131", k % 400),
            k // 3,
        ]
        for k in range(1500)
    ]
    assert load(village, xlsx([["姓名", "身份证号", "户号"], *rows])).added == 1500


# --- who may, and where


def test_officials_reach_their_own_village_only(village: tuple[int, Actor]) -> None:
    stranger = add_person("li", unit=add_unit("石桥村"))
    with pytest.raises(NotFound):
        load((village[0], stranger), "")


def test_a_township_has_no_electors(app: Flask) -> None:
    town = add_unit("东河镇", kind="township")
    with pytest.raises(NotAVillage):
        load((town, add_person("ding", unit=town)), "")


@pytest.mark.parametrize("unit_id", ["0", "-1", "x", "9" * 30, "", None])
def test_a_unit_that_is_none_is_not_found(village: tuple[int, Actor], unit_id: object) -> None:
    with pytest.raises(NotFound):
        import_register(unit_id, b"", "", village[1], NOW)


def test_somebody_who_moved_away_is_removed_once(village: tuple[int, Actor]) -> None:
    load(village, f"姓名,身份证号,户号\n王芳,{number()},1\n")
    (row,) = register_of(village[0], "villagers_assembly")
    remove_elector(village[0], str(row.id), village[1])
    with pytest.raises(NotFound):
        remove_elector(village[0], str(row.id), village[1])


def test_a_body_that_is_not_kept_in_the_register_is_refused(village: tuple[int, Actor]) -> None:
    with pytest.raises(NotInRegister):
        register_of(village[0], "workers_congress")


def test_the_demo_county_loads_once_with_what_it_promises(tmp_path: Path, app: Flask) -> None:
    from app.demo.county import demo_signins, load_demo
    from app.models import Group, Membership, Unit

    assert load_demo(now=NOW) is True
    assert load_demo(now=NOW) is False
    village = db.session.scalars(select(Unit).where(Unit.name == "柳树沟村")).one()
    everybody = register_of(village.id, "villagers_assembly")
    representatives = register_of(village.id, "representatives_meeting")
    assert (len(everybody), len({e.household for e in everybody})) == (1500, 480)
    assert len(representatives) >= 40
    assert 3 * sum(r.woman for r in representatives) >= len(representatives)
    assert 60 <= len(register_of(village.id, "party_members_meeting")) <= 80
    sizes = db.session.execute(
        select(Group.key, func.count(), func.sum(db.cast(Membership.head, db.Integer)))
        .join(Membership, Membership.group_id == Group.id)
        .group_by(Group.id)
    ).all()
    assert len(sizes) == db.session.scalar(select(func.count()).select_from(Group))
    assert all(members >= 2 and heads >= 1 for _key, members, heads in sizes), sizes
    assert {"admin", "designer", "supervisor"} < {username for username, _who in demo_signins()}
