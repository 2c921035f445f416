"""Citizens' identity numbers (GB 11643-1999): read, checked, and kept only as a keyed digest and a tail.

A keyed digest, because there are few enough numbers to try them all against a plain one. The key comes
from SECRET_KEY: after a change of it, duplicates with numbers read before are not noticed.
"""

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from flask import current_app

from app.errors import AppRefusal
from workflows.errors import message

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_SPACING = dict.fromkeys(map(ord, " \t\r\n\u3000\u00a0\u200b\ufeff'’‘`-"))


class IdentityNumberRefused(AppRefusal):
    """The text is not an identity number."""

    status = 422
    code = "identity_number"
    text = message("This is not an identity number.")


class WrongLength(IdentityNumberRefused):
    """Not 18 characters."""

    text = message("An identity number has 18 characters; this has {n}. Check for missing or doubled digits.")


class OldNumber(IdentityNumberRefused):
    """A number of 15 digits, from before 1999."""

    text = message("This is a number of the first generation (15 digits). Enter the present one of 18.")


class RoundedNumber(IdentityNumberRefused):
    """The spreadsheet has kept a number instead of a text and lost its last digits."""

    text = message(
        "The spreadsheet has rounded this number; its last digits are lost. Format the column as text and "
        "type it again."
    )


class NotDigits(IdentityNumberRefused):
    """Something else than digits before the last place."""

    text = message("An identity number is 17 digits, then a digit or X.")


class NoSuchDay(IdentityNumberRefused):
    """Its date of birth is not in the calendar."""

    text = message("The date of birth in this number ({digits}) is not a date. Check the 7th to 14th digit.")


class WrongCheckDigit(IdentityNumberRefused):
    """The last place does not fit the others."""

    text = message("The last place of this number does not fit the others: a digit is wrong. Check it.")


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A checked number and what it says."""

    text: str
    born_on: date
    woman: bool

    @property
    def tail(self) -> str:
        """The last four places: what is shown."""
        return self.text[-4:]

    @property
    def digest(self) -> bytes:
        """The keyed digest: what is kept and compared."""
        return hmac.digest(_key(), self.text.encode(), "sha256")

    def age_on(self, day: date) -> int:
        """Full years on `day`; whoever was born on 29 February completes one on 1 March."""
        before = (day.month, day.day) < (self.born_on.month, self.born_on.day)
        return day.year - self.born_on.year - before


def read_identity_number(written: str) -> IdentityNumber:
    """Check a number as people write it: spaces, full-width digits, small x. Raises IdentityNumberRefused."""
    text = unicodedata.normalize("NFKC", written).translate(_SPACING).upper()
    if len(text) == 15 and text.isascii() and text.isdigit():
        raise OldNumber
    if "E+" in text or "." in text:
        raise RoundedNumber
    if len(text) != 18:
        raise WrongLength(n=len(text))
    if not (text.isascii() and text[:17].isdigit() and (text[17].isdigit() or text[17] == "X")):
        raise NotDigits
    try:
        born_on = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError as no_day:
        raise NoSuchDay(digits=text[6:14]) from no_day
    if check_place(text[:17]) != text[17]:
        raise WrongCheckDigit
    return IdentityNumber(text, born_on, woman=int(text[16]) % 2 == 0)


def check_place(first_17: str) -> str:
    """The 18th place of a number, from its 17 digits (ISO 7064, MOD 11-2)."""
    return _CHECK[sum(w * int(d) for w, d in zip(_WEIGHTS, first_17, strict=True)) % 11]


def _key() -> bytes:
    return sha256(b"minyi identity numbers " + str(current_app.config["SECRET_KEY"]).encode()).digest()
