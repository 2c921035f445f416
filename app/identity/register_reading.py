"""Checks the lines of a list of electors, each told by line and column; stores nothing (register.py does).

A cell that contradicts the identity number is a problem: somebody has mistyped one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask_babel import gettext as _

from app.errors import AppRefusal
from app.identity import register_columns as columns
from app.identity.identity_numbers import IdentityNumber, IdentityNumberRefused, read_identity_number
from app.identity.input import is_plain
from app.identity.register_columns import Header
from app.identity.sheets import FORMULA, EmptySheet, Line, read_sheets
from workflows.errors import fill, message

OLDEST = 130
MAX_TOLD = 500
MARKS = (columns.REPRESENTATIVE, columns.IS_HEAD, columns.PARTY, columns.MEMBER, columns.CAPACITY)


class NoHeaders(AppRefusal):
    """No line names the columns."""

    status = 422
    code = "no_headers"
    text = message(
        "No line with the headers 姓名 and 身份证号 was found. Put them above the list and send it again."
    )


class NoElectors(AppRefusal):
    """Headers and nothing below."""

    status = 422
    code = "no_electors"
    text = message("There is nobody below the headers of this list.")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong (or worth knowing) at one place of a file; the message is in the reader's language."""

    line: int
    column: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """What an import did. With problems nothing was written, and `added` and `updated` are 0."""

    added: int = 0
    updated: int = 0
    problems: list[LineProblem] = field(default_factory=list)
    more_problems: int = 0
    """How many problems beyond those listed."""
    notes: list[LineProblem] = field(default_factory=list)

    def tell(self, line: int, column: str, text: str) -> None:
        """Add a problem; beyond MAX_TOLD they are only counted."""
        if len(self.problems) < MAX_TOLD:
            self.problems.append(LineProblem(line, columns.TITLES.get(column, ""), text))
        else:
            self.more_problems += 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checked line of a list."""

    line: int
    name: str
    household: str
    number: IdentityNumber
    marks: dict[str, bool]


def read_register(content: bytes, day: date, report: ImportReport, *, from_age: int = 0) -> list[Candidate]:
    """The checked lines of a list; what is wrong is told to `report`.

    `from_age`: years that everybody must have reached on `day`, as the rules of their body ask.

    Raises SheetRefused, NoHeaders, NoElectors, TooLarge.
    """
    lines, header = _list_in(content)
    candidates: list[Candidate] = []
    first_line: dict[bytes, int] = {}
    people = 0
    for line in lines[header.below :]:
        if columns.is_no_person(line, header):
            continue
        people += 1
        candidate = _candidate(line, header, day, report, from_age)
        if candidate is None:
            continue
        before = first_line.setdefault(candidate.number.digest, line.number)
        if before != line.number:
            report.tell(line.number, columns.NUMBER, _("The same number as in line %(n)s.", n=before))
        else:
            candidates.append(candidate)
    if not people:
        raise NoElectors
    _check_households(candidates, header, report)
    report.problems.sort(key=lambda p: p.line)
    return candidates


def _list_in(content: bytes) -> tuple[list[Line], Header]:
    """The first sheet that has headers."""
    seen = False
    for lines in read_sheets(content):
        seen = seen or any(not line.blank for line in lines)
        header = columns.find_header(lines)
        if header is not None:
            return lines, header
    raise NoHeaders if seen else EmptySheet


def _candidate(
    line: Line, header: Header, day: date, report: ImportReport, from_age: int
) -> Candidate | None:
    """One line checked; None where something is wrong with it, which has been told."""
    cell = {key: line.cell(at) for key, at in header.columns.items()}
    found = len(report.problems) + report.more_problems
    for key, text in cell.items():
        if text == FORMULA:
            report.tell(line.number, key, _("This is a formula without a result. Paste it as a value."))
            cell[key] = ""
    name = columns.clean_name(cell[columns.NAME])
    if not name or len(name) > 60 or not is_plain(name) or any(c.isdigit() or c in "=+@<>" for c in name):
        report.tell(
            line.number, columns.NAME, _("This is not a name.") if name else _("The name is missing.")
        )
    household = _household(cell, line, report)
    number = _number(cell, line, day, report, from_age)
    marks = _marks(cell, name, line, report)
    if number is None or len(report.problems) + report.more_problems != found:
        return None
    return Candidate(line.number, name, household, number, marks)


def _household(cell: Mapping[str, str], line: Line, report: ImportReport) -> str:
    key = columns.HOUSEHOLD if columns.HOUSEHOLD in cell else columns.HEAD
    text = cell.get(key, "")
    if key == columns.HEAD:
        text = columns.clean_name(text)
    if not text:
        report.tell(line.number, key, _("The household is missing."))
    elif len(text) > 30 or not is_plain(text):
        report.tell(line.number, key, _("This is not the number of a household."))
    return text


def _number(
    cell: Mapping[str, str], line: Line, day: date, report: ImportReport, from_age: int
) -> IdentityNumber | None:
    written = cell[columns.NUMBER]
    if not written:
        report.tell(line.number, columns.NUMBER, _("The identity number is missing."))
        return None
    try:
        number = read_identity_number(written)
    except IdentityNumberRefused as refused:
        report.tell(line.number, columns.NUMBER, fill(_(refused.text), refused.params))
        return None
    age = number.age_on(day)
    if not from_age <= age <= OLDEST:
        report.tell(
            line.number,
            columns.NUMBER,
            _(
                "Born on %(day)s: an elector is at least %(n)s years old.",
                day=number.born_on.isoformat(),
                n=from_age,
            )
            if age < from_age
            else _("Born on %(day)s: check the number.", day=number.born_on.isoformat()),
        )
    if cell.get(columns.SEX):
        woman = columns.is_woman(cell[columns.SEX])
        if woman is None:
            report.tell(line.number, columns.SEX, _("Write 男 or 女."))
        elif woman != number.woman:
            report.tell(line.number, columns.SEX, _("This does not fit the identity number."))
    if cell.get(columns.BORN):
        given = columns.digits_of_date(cell[columns.BORN])
        if given is None:
            report.tell(line.number, columns.BORN, _("This is not a date. Write it as 1980-01-31."))
        elif not number.born_on.strftime("%Y%m%d").startswith(given):
            report.tell(line.number, columns.BORN, _("This does not fit the identity number."))
    return number


def _marks(cell: Mapping[str, str], name: str, line: Line, report: ImportReport) -> dict[str, bool]:
    """The marks that hold; full capacity unless the list says otherwise."""
    marks = {columns.CAPACITY: True}
    for key in MARKS:
        if key not in cell:
            continue
        said = columns.yes_or_no(key, cell[key])
        if said is None:
            report.tell(line.number, key, _("Write 是 or 否."))
        else:
            marks[key] = said
    relation = cell.get(columns.RELATION, "")
    if relation in ("户主", "本人", "本人（户主）") or (
        cell.get(columns.HEAD) and columns.clean_name(cell[columns.HEAD]) == name
    ):
        marks[columns.IS_HEAD] = True
    return {key: True for key, holds in marks.items() if holds}


def _check_households(candidates: Sequence[Candidate], header: Header, report: ImportReport) -> None:
    """A household has at most one head; two households told apart only by heads of one name are not."""
    heads: dict[str, int] = {}
    for candidate in candidates:
        if not candidate.marks.get(columns.IS_HEAD):
            continue
        before = heads.setdefault(candidate.household, candidate.line)
        if before != candidate.line:
            key = columns.HOUSEHOLD if columns.HOUSEHOLD in header.columns else columns.HEAD
            report.tell(
                candidate.line,
                key,
                _(
                    "This household has a head already, in line %(n)s. Give households different numbers.",
                    n=before,
                ),
            )
