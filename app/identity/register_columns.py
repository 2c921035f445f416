"""Which column of a list is what: real headers of villages' registers and how their values are written."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.identity.sheets import Line

NAME, NUMBER, HOUSEHOLD, HEAD, RELATION = "name", "number", "household", "head", "relation"
SEX, BORN, PARTY, REPRESENTATIVE, MEMBER, CAPACITY, IS_HEAD = (
    "sex",
    "born",
    "party_member",
    "representative",
    "collective_member",
    "full_capacity",
    "household_head",
)
HEADER_WITHIN = 15
"""Titles and notes may stand above the headers, so many lines at most."""

_HEADERS: Mapping[str, tuple[str, ...]] = {
    NAME: ("姓名", "选民姓名", "村民姓名", "居民姓名", "成员姓名", "名字", "name"),
    NUMBER: (
        "身份证",
        "身份证号",
        "身份证号码",
        "居民身份证号",
        "居民身份证号码",
        "公民身份号码",
        "公民身份证号",
        "公民身份证号码",
        "身份号码",
        "身份证件号",
        "身份证件号码",
        "证件号",
        "证件号码",
        "有效身份证号",
        "idnumber",
        "identitynumber",
    ),
    HOUSEHOLD: ("户号", "家庭编号", "户编号", "家庭号", "户序号", "户籍号", "农户编号", "household"),
    HEAD: ("户主", "户主姓名", "家庭户主"),
    RELATION: ("与户主关系", "家庭关系", "关系", "与户主的关系"),
    SEX: ("性别", "sex"),
    BORN: ("出生日期", "出生年月", "出生年月日", "生日", "出生", "birthday"),
    PARTY: ("是否党员", "党员", "中共党员", "是否中共党员", "政治面貌"),
    REPRESENTATIVE: (
        "是否村民代表",
        "村民代表",
        "是否居民代表",
        "居民代表",
        "是否代表",
        "代表",
        "是否村居民代表",
    ),
    MEMBER: (
        "是否集体成员",
        "集体成员",
        "是否集体经济组织成员",
        "集体经济组织成员",
        "是否成员",
        "是否本集体成员",
        "是否股民",
    ),
    CAPACITY: (
        "民事行为能力",
        "行为能力",
        "是否完全民事行为能力",
        "是否具有完全民事行为能力",
        "完全民事行为能力",
    ),
    IS_HEAD: ("是否户主",),
}
TITLES: Mapping[str, str] = {key: names[0] for key, names in _HEADERS.items()} | {NUMBER: "身份证号"}
"""How a column is called in a message; always in Chinese, as in the file."""
_BY_HEADER = {name: key for key, names in _HEADERS.items() for name in names}
_FOOTERS = (
    "合计",
    "总计",
    "小计",
    "制表",
    "填表",
    "审核",
    "备注",
    "说明",
    "注",
    "负责人",
    "经办人",
    "统计",
    "共计",
)
_YES = {"是", "√", "✓", "✔", "☑", "有", "y", "yes", "1", "true", "对", "v", "●", "★"}
_NO = {"", "否", "×", "✗", "x", "无", "n", "no", "0", "false", "-", "—", "/", "非", "不是", "○"}
_PARTY = {"中共党员", "党员", "正式党员", "中国共产党党员"}
_NOT_PARTY = {
    "群众",
    "共青团员",
    "团员",
    "预备党员",
    "中共预备党员",
    "积极分子",
    "无党派",
    "无党派人士",
    "民主党派",
}
_FULL = {"完全", "完全民事行为能力", "正常", "具有完全民事行为能力", "完全行为能力"}
_NOT_FULL = {"限制", "限制民事行为能力", "无民事行为能力", "部分", "限制行为能力", "无行为能力"}


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column is, and the index of the first line below."""

    columns: Mapping[str, int]
    below: int


def find_header(lines: Sequence[Line]) -> Header | None:
    """The headers of a list, under titles and over one or two lines; None where name or number is missing."""
    best: Header | None = None
    for at, line in enumerate(lines[:HEADER_WITHIN]):
        columns = _columns_of(line)
        below = at + 1
        if NAME in columns and below < len(lines) and _is_second_line(lines[below], columns):
            # A second line of headers, under merged ones: it says more precisely what a column is.
            under = _columns_of(lines[below])
            columns = {**{k: c for k, c in columns.items() if c not in under.values()}, **under}
            below += 1
        if NAME in columns and NUMBER in columns and (best is None or len(columns) > len(best.columns)):
            best = Header(columns, below)
    return best


def is_no_person(line: Line, header: Header) -> bool:
    """Blank lines, headers printed again on each page, and lines with totals or signatures below the list."""
    if line.blank:
        return True
    name, number = line.cell(header.columns[NAME]), line.cell(header.columns[NUMBER])
    if _key(name) in _HEADERS[NAME] or _key(number) in _HEADERS[NUMBER]:
        return True
    first = next((_key(cell) for cell in line.cells if cell), "")
    return not number and first.startswith(_FOOTERS)


def yes_or_no(key: str, text: str) -> bool | None:
    """What a cell of a yes-or-no column says; None where it cannot be told."""
    plain = _key(text)
    if key == PARTY and (plain in _PARTY or plain in _NOT_PARTY):
        return plain in _PARTY
    if key == CAPACITY and (not plain or plain in _FULL or plain in _NOT_FULL):
        return plain not in _NOT_FULL
    if plain in _YES or plain == _key(TITLES[key]).removeprefix("是否"):
        return True
    return False if plain in _NO else None


def is_woman(text: str) -> bool | None:
    """What a cell says of the sex; None where it cannot be told."""
    return {"女": True, "女性": True, "f": True, "男": False, "男性": False, "m": False}.get(_key(text))


def clean_name(text: str) -> str:
    """A name as written on the card: no spaces inside Chinese names, one kind of middle dot."""
    name = unicodedata.normalize("NFKC", text)
    name = re.sub(r"[・•‧∙·]|(?<=[\u3400-\u9fff])\.(?=[\u3400-\u9fff])", "·", name)
    if re.search(r"[\u3400-\u9fff\U00020000-\U0003ffff]", name):
        return re.sub(r"\s+", "", name)
    return re.sub(r"\s+", " ", name).strip()


def digits_of_date(text: str) -> str | None:
    """A date as YYYYMMDD, or YYYYMM where the day is not given; None where it is no date."""
    plain = unicodedata.normalize("NFKC", text)
    parts = re.fullmatch(
        r"(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2}))?\s*[日月]?(?:\s.*)?", plain
    )
    if parts:
        return f"{parts[1]}{int(parts[2]):02d}" + (f"{int(parts[3]):02d}" if parts[3] else "")
    return plain if re.fullmatch(r"\d{6}(\d\d)?", plain) and plain[:2] in ("19", "20") else None


def _columns_of(line: Line) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, cell in enumerate(line.cells):
        key = _BY_HEADER.get(_key(cell))
        if key is not None:
            columns.setdefault(key, at)
    return columns


def _is_second_line(line: Line, columns: Mapping[str, int]) -> bool:
    """Whether this line still holds headers: some are known, and no name of a person stands under 姓名."""
    under = line.cell(columns[NAME])
    return bool(_columns_of(line)) and (not under or _key(under) in _HEADERS[NAME])


def _key(text: str) -> str:
    """Half-width, small, without spaces, brackets and what stands in them, stars and colons."""
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = re.sub(r"[(\[【].*?[)\]】]", "", plain)
    return re.sub(r"[\s*:：?？、]", "", plain)
