"""One marshmallow field for each kind of input: from what JSON brings to the value that the case keeps.

Each takes the typed field of the form and asks `Asking` (in marshmallow's context) for limits and choices
that depend on data. Empty answers ("" and null, blanks only, no entry) are handled by `Input` alone.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from marshmallow import fields, missing
from marshmallow.experimental.context import Context

from app.clock import SHANGHAI
from app.forms.asking import Asking
from app.forms.messages import required, wrong
from workflows.forms import Field

LONGEST = {"textfield": 4_000, "textarea": 100_000}
LONGEST_WITH_PATTERN = 500  # bounds the time that a pattern can take
MOST_CHOSEN = 500
MOST_FILES = 50
EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\".]{1,63}(\.[^\s@<>\".]{1,63}){1,8}\Z")
PHONE = re.compile(r"(\+?[0-9]{1,4}[ -]?)?(\(?[0-9]{2,4}\)?[ -]?)?[0-9]{3,4}[ -]?[0-9]{4}(-[0-9]{1,6})?\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
Asked = Context[Asking]


class Input(fields.Field[Any]):
    """What all inputs share: empty answers, and what the case keeps for them."""

    nothing: Any = None

    def __init__(self, asked: Field) -> None:
        super().__init__(required=False, allow_none=True)
        self.asked = asked

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """The value to keep; marshmallow's `missing` for a key that is left as the case has it."""
        if value is missing:
            value = self._unsaid(attr)
            if value is missing:
                return missing
        if self.is_empty(value):
            if self.asked.limits.required:
                raise required()
            return self.nothing
        return self.read(value, Asked.get())

    def _unsaid(self, attr: str | None) -> Any:
        """What a key that was not sent counts as: the data's own stays, else the default, else empty."""
        if self.asked.limits.required:
            raise required()
        if attr in Asked.get().data:
            return missing
        default = self.asked.default
        return self.nothing if default is None else default

    def is_empty(self, value: Any) -> bool:
        """Whether nothing was answered."""
        return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {}, ())

    def read(self, value: Any, asking: Asking) -> Any:
        """The value to keep. Raises ValidationError."""
        raise NotImplementedError


class Words(Input):
    """textfield and textarea: text as it was typed, measured without the blanks around it."""

    nothing = ""

    def read(self, value: Any, asking: Asking) -> str:
        if not isinstance(value, str):
            raise wrong("type", _("Write text here."))
        trimmed, limits = value.strip(), self.asked.limits
        shortest, longest = lengths(self.asked, asking)
        if len(trimmed) < shortest:
            raise wrong("minLength", _("Write at least %(n)s characters.", n=shortest))
        if len(trimmed) > longest or len(value) > longest + 1_000:
            raise wrong("maxLength", _("Write at most %(n)s characters.", n=longest))
        if limits.pattern and not re.search(limits.pattern, trimmed):
            raise wrong(
                "pattern", limits.pattern_message or _("This does not have the form that is asked for.")
            )
        if limits.kind == "email" and not EMAIL.match(trimmed):
            raise wrong("email", _("Write an e-mail address, such as name@example.cn."))
        if limits.kind == "phone" and not PHONE.match(trimmed):
            raise wrong("phone", _("Write a telephone number, such as 13800138000 or 0536-1234567."))
        return value


def lengths(asked: Field, asking: Asking) -> tuple[int, int]:
    """The shortest and longest text allowed, in characters."""
    limits = asked.limits
    cap = LONGEST_WITH_PATTERN if limits.pattern else LONGEST.get(asked.type, LONGEST["textfield"])
    shortest, longest = asking.number(limits.min_length), asking.number(limits.max_length)
    return int(shortest or 0), cap if longest is None else min(int(longest), cap)


class Number(Input):
    """A number, checked as a decimal and kept as JSON writes it; as text where the form says so."""

    def read(self, value: Any, asking: Asking) -> int | float | str:
        number = self._decimal(value)
        asked, limits = self.asked, self.asked.limits
        lowest, highest = asking.number(limits.minimum), asking.number(limits.maximum)
        if lowest is not None and number < lowest:
            raise wrong("min", _("Write a number of at least %(n)s.", n=plain(lowest)))
        if highest is not None and number > highest:
            raise wrong("max", _("Write a number of at most %(n)s.", n=plain(highest)))
        digits = asked.decimal_digits
        if digits is not None and number != round(number, digits):
            raise wrong("decimalDigits", _("Write at most %(n)s digits after the point.", n=digits))
        if asked.increment and number % asked.increment:
            raise wrong("increment", _("Write a multiple of %(n)s.", n=plain(asked.increment)))
        if asked.as_text:
            return value.strip() if isinstance(value, str) else plain(number)
        if isinstance(value, int | float):
            return value
        return int(number) if number == number.to_integral_value() and digits in (None, 0) else float(number)

    def _decimal(self, value: Any) -> Decimal:
        if not isinstance(value, bool) and isinstance(value, int | float | str) and len(str(value)) <= 40:
            try:
                number = Decimal(str(value).strip())
            except InvalidOperation:
                number = Decimal("NaN")
            if number.is_finite() and number.adjusted() < 18 and number == round(number, 15):
                return number
        raise wrong("type", _("Write a number."))


class Tick(Input):
    """A checkbox: true or false; a required one must be ticked."""

    nothing = False

    def read(self, value: Any, asking: Asking) -> bool:
        if not isinstance(value, bool):
            raise wrong("type", _("Answer true or false."))
        if self.asked.limits.required and not value:
            raise wrong("required", _("This must be ticked to go on."))
        return value


class OneOf(Input):
    """radio and select: one of the choices."""

    def read(self, value: Any, asking: Asking) -> Any:
        known = {str(each[0]): each[0] for each in asking.options(self.asked)}
        if isinstance(value, bool) or not isinstance(value, str | int | float) or str(value) not in known:
            raise wrong("choice", _("Choose one of the answers that are offered."))
        return known[str(value)]


class SeveralOf(Input):
    """checklist and taglist: some of the choices, each once."""

    nothing: Any = ()

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        kept = super().deserialize(value, attr, data, **kwargs)
        return list(kept) if isinstance(kept, tuple) else kept

    def read(self, value: Any, asking: Asking) -> list[Any]:
        chosen = value if isinstance(value, list) else [value]
        known = {str(each[0]): each[0] for each in asking.options(self.asked)}
        fits = len(chosen) <= MOST_CHOSEN and all(
            isinstance(each, str | int | float) and not isinstance(each, bool) and str(each) in known
            for each in chosen
        )
        if not fits:
            raise wrong("choice", _("Choose among the answers that are offered."))
        return [known[each] for each in dict.fromkeys(str(each) for each in chosen)]


class Moment(Input):
    """A date, a time or both, as ISO text; with an offset where the form asks for one."""

    def read(self, value: Any, asking: Asking) -> str:
        text = value.strip() if isinstance(value, str) else ""
        moment = self._parsed(text)
        if moment is None:
            raise wrong("type", self._wanted())
        if self.asked.past_refused and asking.world is not None and self._is_past(moment, asking):
            raise wrong("past", _("Choose a day that is not past."))
        return text

    def _parsed(self, text: str) -> date | time | datetime | None:
        kind = self.asked.subtype
        day, mark, clock = text.partition("T")
        try:
            if kind == "date":
                return date.fromisoformat(text) if _DATE.match(text) else None
            clock = text if kind == "time" else clock
            if not _TIME.match(clock) or (kind == "datetime" and not (mark and _DATE.match(day))):
                return None
            parsed = time.fromisoformat(text) if kind == "time" else datetime.fromisoformat(text)
        except ValueError:
            return None
        return parsed if (parsed.tzinfo is not None) == self.asked.aware else None

    def _is_past(self, moment: date | time | datetime, asking: Asking) -> bool:
        if isinstance(moment, time):
            return False
        if isinstance(moment, datetime) and moment.tzinfo is not None and 1 < moment.year < 9999:
            moment = moment.astimezone(SHANGHAI)
        return bool(moment.isoformat()[:10] < asking.today)

    def _wanted(self) -> str:
        example = {"date": "2026-11-22", "time": "09:30", "datetime": "2026-11-22T09:30"}[self.asked.subtype]
        if self.asked.aware and self.asked.subtype != "date":
            example += "+08:00"
        return str(_("Write it like %(example)s.", example=example))


class Files(Input):
    """A file picker: the id of an uploaded file, or a list of ids where several may be given."""

    def read(self, value: Any, asking: Asking) -> Any:
        ids = value if isinstance(value, list) else [value]
        most = MOST_FILES if self.asked.multiple else 1
        if not all(isinstance(each, str) and 0 < len(each) <= 64 for each in ids):
            raise wrong("file", _("Refer to uploaded files by their ids."))
        if len(ids) > most:
            raise wrong("file", _("At most %(n)s files may be given.", n=most))
        known = asking.files(ids)
        for each in ids:
            if each not in known:
                raise wrong("file", _("There is no such file, or you may not use it. Upload it again."))
            if not accepted(self.asked.accept, known[each].name, known[each].type):
                raise wrong(
                    "accept",
                    _("Only these kinds of files are taken here: %(kinds)s.", kinds=self.asked.accept),
                )
        return list(dict.fromkeys(ids)) if self.asked.multiple else ids[0]


def accepted(accept: str, name: str, kind: str) -> bool:
    """Whether a file fits an HTML `accept` list (".pdf,image/*"); an empty list takes everything."""
    wanted = [each.strip().lower() for each in accept.split(",") if each.strip()]
    return not wanted or any(
        name.lower().endswith(each)
        if each.startswith(".")
        else kind.startswith(each[:-1])
        if each.endswith("/*")
        else kind == each
        for each in wanted
    )


def plain(number: Decimal) -> str:
    """A decimal without an exponent and without zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


INPUTS: dict[str, type[Input]] = {
    "textfield": Words,
    "textarea": Words,
    "number": Number,
    "checkbox": Tick,
    "radio": OneOf,
    "select": OneOf,
    "checklist": SeveralOf,
    "taglist": SeveralOf,
    "datetime": Moment,
    "filepicker": Files,
}


def input_for(asked: Field) -> Input:
    """The marshmallow field of an input."""
    return INPUTS[asked.type](asked)


def kinds() -> Sequence[str]:
    """The types of inputs that are known here."""
    return tuple(INPUTS)
