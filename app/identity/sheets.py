"""Lists as offices send them: CSV in whatever encoding, or XLSX; read into numbered lines of text.

Knows nothing of registers. Bounded in size and time; what cannot be read is refused with what to do instead.
"""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from app.errors import AppRefusal, TooLarge
from workflows.errors import message

MAX_BYTES = 8 * 1024 * 1024
MAX_UNPACKED = 24 * 1024 * 1024
MAX_LINES = 20_000
MAX_COLUMNS = 60
MAX_CELL = 500
FORMULA = "\x01formula"
"""Stands for a formula whose result the file does not hold."""


class SheetRefused(AppRefusal):
    """The file cannot be read as a list."""

    status = 422
    code = "sheet"
    text = message("This file cannot be read as a list. Save it as .xlsx or .csv and send it again.")


class EmptySheet(SheetRefused):
    """Nothing in it."""

    text = message("This file is empty. Choose the file with the list.")


class OldWorkbook(SheetRefused):
    """The binary format of Excel before 2007, or a workbook with a password."""

    text = message(
        "This is an .xls file, or a workbook with a password. Save it as .xlsx without a password and send "
        "that."
    )


class TooManyLines(SheetRefused):
    """More lines than a register can have."""

    text = message("This list has more than {limit} lines. Split it, or delete the empty lines below it.")


class UnknownEncoding(SheetRefused):
    """A CSV that is neither UTF-8 nor GB 18030."""

    text = message("The characters of this file cannot be read. Save it as .xlsx, or as CSV in UTF-8.")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number in the file, counted from 1, and its cells as trimmed text."""

    number: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        """The text of a column counted from 0; "" beyond the last."""
        return self.cells[column] if column < len(self.cells) else ""

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not any(self.cells)


def read_sheets(content: bytes) -> Iterator[list[Line]]:
    """The visible sheets of a file, one after the other; what it is is seen from its content, not its name.

    Raises SheetRefused and TooLarge.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(limit=f"{MAX_BYTES // 1024 // 1024} MB")
    if not content.strip(b"\0\t\r\n \xef\xbb\xbf"):
        raise EmptySheet
    if content.startswith(b"PK"):
        yield from _workbook(content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise OldWorkbook
    else:
        yield _text_lines(_decoded(content))


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return text
    raise UnknownEncoding


def _text_lines(text: str) -> list[Line]:
    first = text[: text.find("\n", 0, 20_000) if "\n" in text[:20_000] else 20_000] + text[:2000]
    delimiter = max(",\t;，|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines: list[Line] = []
    start = 1
    try:
        for row in reader:
            lines.append(Line(start, tuple(_csv_cell(cell) for cell in row[:MAX_COLUMNS])))
            start = reader.line_num + 1
            if len(lines) > MAX_LINES:
                raise TooManyLines(limit=MAX_LINES)
    except csv.Error as fault:
        raise SheetRefused from fault
    return lines


def _csv_cell(text: str) -> str:
    """Excel keeps long numbers in a CSV as ="…"; any other formula has no result here."""
    kept = re.fullmatch(r'\s*="?([^"=]*)"?\s*', text) if text.lstrip().startswith("=") else None
    if kept and text.lstrip().startswith('="'):
        text = kept.group(1)
    elif text.lstrip().startswith("="):
        return FORMULA
    return _trimmed(text)


def _workbook(content: bytes) -> Iterator[list[Line]]:
    has_formulas = _checked_archive(content)
    book = _opened(content, values=True)
    formulas = _opened(content, values=False) if has_formulas else None
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        if sheet.max_row > MAX_LINES:
            raise TooManyLines(limit=MAX_LINES)
        merged = {
            (row, column): (span.min_row, span.min_col)
            for span in sheet.merged_cells.ranges
            if span.size["rows"] * span.size["columns"] <= MAX_LINES
            for row in range(span.min_row, span.max_row + 1)
            for column in range(span.min_col, min(span.max_col, MAX_COLUMNS) + 1)
        }
        written = formulas[sheet.title] if formulas is not None else None
        lines = []
        for row in sheet.iter_rows(max_col=min(sheet.max_column, MAX_COLUMNS)):
            cells = []
            for cell in row:
                place = merged.get((cell.row, cell.column), (cell.row, cell.column))
                value = sheet.cell(*place).value
                if value is None and written is not None and written.cell(*place).data_type == "f":
                    cells.append(FORMULA)
                else:
                    cells.append(_cell_text(value))
            lines.append(Line(row[0].row, tuple(cells)))
        yield lines


def _checked_archive(content: bytes) -> bool:
    """Refuse archives that unpack too large or bring document types; whether there are formulas."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > 1000 or sum(m.file_size for m in members) > MAX_UNPACKED:
                raise TooLarge(limit=f"{MAX_UNPACKED // 1024 // 1024} MB")
            formulas = False
            for member in members:
                if not member.filename.endswith((".xml", ".rels")):
                    continue
                text = archive.read(member)
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                    raise SheetRefused
                formulas = formulas or b"<f>" in text or b"<f " in text
            return formulas
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
    ) as f:
        raise SheetRefused from f
    except ValueError as fault:
        raise SheetRefused from fault


def _opened(content: bytes, *, values: bool) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that we do not read
            return load_workbook(io.BytesIO(content), data_only=values, keep_links=False)
    except Exception as fault:  # openpyxl lets through whatever the broken XML leads to
        raise SheetRefused from fault


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int) and abs(value) >= 10**15 and value % 1000 == 0:
        return f"{value:.5E}"  # a spreadsheet keeps 15 digits: the rest are not zeros but lost
    return _trimmed(str(value))


def _trimmed(text: str) -> str:
    return text.replace("\ufeff", "").strip(" \t\r\n\u3000\u00a0\u200b'’‘")[:MAX_CELL]
