"""Notices and decisions in words: what the API and the pages say of rows, in the reader's language.

Everything that was counted comes from the row as it was stored; nothing is reckoned anew here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from app.models import Decision, Notice
from app.portal.queries import PublicDecision, PublicNotice
from app.presentation.citing import cited_in_english
from workflows.services.calendar import last_day, legal_day

SHOWN_FIGURES = {
    "meeting": ("notice_days", "quorum", "majority"),
    "hearing": ("announce_days", "enrolment_days", "affected_share", "materials_days"),
    "hearing_list": ("affected_share", "attend_min", "materials_days"),
}
OTHERWISE = ("publication_days", "objection_reply_days")
NOT_A_DECIDING_BODY = {"public_notice", "hearing"}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A figure of the law in words, with where it stands."""

    figure: str
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestLine:
    """One test of a quorum or a majority, and how it came out."""

    __test__ = False  # not a pytest class
    text: str
    needed: int
    got: int
    base: int
    met: bool
    article: str

    @property
    def missing(self) -> int:
        """How many were missing."""
        return max(0, self.needed - self.got)


def days_left(notice: PublicNotice, now: datetime) -> int:
    """Whole days up to the last day of the period; 0 on it, and after."""
    ends = notice.row.posted_to
    if notice.state != "posted" or ends is None:
        return 0
    return max(0, (last_day(ends) - legal_day(now)).days)


def notice_dict(notice: PublicNotice, now: datetime) -> dict[str, Any]:
    """A notice as the API lists it."""
    row = notice.row
    return {
        "id": row.id,
        "kind": row.kind,
        "unit": notice.unit,
        "case_no": notice.case_no,
        "title": row.title,
        "text": row.text,
        "state": notice.state,
        "posted_from": row.posted_from,
        "posted_to": row.posted_to,
        "days_left": days_left(notice, now),
        "objections_open": notice.takes_objections,
        "facts": row.facts,
        "channels": row.channels,
    }


def notice_detail(notice: PublicNotice, now: datetime) -> dict[str, Any]:
    """One notice as the API shows it."""
    row = notice.row
    return notice_dict(notice, now) | {
        "ended_at": row.ended_at,
        "reason": row.reason,
        "previous": row.previous_id,
        "next_notice": notice.next_id,
        "provisional": is_provisional(row),
        "rules": rule_lines(row),
    }


def is_provisional(row: Notice) -> bool:
    """Whether the end lies beyond the announced calendar of working days."""
    period = row.rule.get("period")
    return isinstance(period, dict) and period.get("provisional") is True


def decider(row: Notice) -> str:
    """The body that the notice's rule is for, in words; "" where it only informs."""
    return "" if str(row.rule.get("body")) in NOT_A_DECIDING_BODY else _either(row.rule.get("names"))


def period_of(row: Notice) -> str:
    """How long the notice is posted, with the clock by which it counts: 15个自然日."""
    period = row.rule.get("period")
    if not isinstance(period, dict):
        return ""
    days = _number(period.get("days"))
    words = {
        "calendar_days": ngettext("%(num)d calendar day", "%(num)d calendar days", days),
        "working_days": ngettext("%(num)d working day", "%(num)d working days", days),
        "hours": ngettext("%(num)d hour", "%(num)d hours", days),
    }
    return str(words.get(str(period.get("unit")), ""))


def instants_of(facts: dict[str, Any]) -> list[tuple[str, datetime]]:
    """The instants among a notice's facts, with their names."""
    known = (("enrol_until", _("Enrol until")), ("hearing_at", _("Hearing on")))
    return [(name, at) for key, name in known if (at := _instant(facts.get(key))) is not None]


def draw_of(facts: dict[str, Any]) -> tuple[str, list[str]]:
    """The seed of a drawing of lots and the order that came out; ("", []) where there was none."""
    seed, order = facts.get("seed"), facts.get("draw")
    if not isinstance(seed, str) or not isinstance(order, list):
        return "", []
    return seed, [
        str(each.get("name") or each.get("id", "") if isinstance(each, dict) else each)
        for each in order[:500]
    ]


def paper_date(at: datetime | None, *, ends: bool = False) -> str:
    """A day as it goes on paper, with its year. `ends`: the last day of a period that ends then."""
    if at is None:
        return "–"
    day = last_day(at) if ends else legal_day(at)
    return f"{day.day} {day:%B} {day.year}" if _english() else f"{day.year}年{day.month}月{day.day}日"


def rule_lines(row: Notice) -> list[RuleLine]:
    """The figures of the law behind a notice, in words, with act and article."""
    texts, sources = row.rule.get("texts"), row.rule.get("sources")
    if not isinstance(texts, dict):
        return []
    cited: dict[str, list[str]] = {}
    for source in sources if isinstance(sources, list) else []:
        if isinstance(source, dict):
            cited.setdefault(str(source.get("figure")), []).append(_source(source))
    wanted = SHOWN_FIGURES.get(row.kind, OTHERWISE)
    return [
        RuleLine(name, text, tuple(dict.fromkeys(each for each in cited.get(name, []) if each)))
        for name in wanted
        if (text := _either(texts.get(name)))
    ]


def decision_dict(found: PublicDecision) -> dict[str, Any]:
    """A decision as the API shows it."""
    row = found.row
    return {
        "id": row.id,
        "unit": found.unit,
        "body": row.body,
        "body_name": body_name(row),
        "matter": row.matter,
        "title": row.title,
        "item": row.item,
        "passed": row.passed,
        "roll": row.roll,
        "present": row.present,
        "for": row.votes_for,
        "against": row.votes_against,
        "abstain": row.votes_abstain,
        "invalid": row.votes_invalid,
        "decided_at": row.decided_at,
        "published_at": row.published_at,
        "annulled": row.annulled_at is not None,
        "annulled_at": row.annulled_at,
        "annulled_because": str(row.reckoning.get("annulled_because", "")),
        "rule": rule_in_words(row),
        "quorum": quorum_lines(row),
        "tests": test_lines(row),
    }


def body_name(row: Decision) -> str:
    """The body that decided."""
    return _either(row.reckoning.get("body_names")) or _either(row.rule.get("names")) or row.body


def matter_name(row: Decision) -> str:
    """What kind of matter it was; "" where none was named."""
    return _either(row.reckoning.get("matter_names"))


def decided_on(row: Decision) -> str:
    """What was decided: the item where a meeting had items, else the title."""
    return row.item or row.title


def sentence(row: Decision) -> str:
    """The result in one sentence."""
    name = body_name(row)
    words = {"body": name[:1].upper() + name[1:], "what": decided_on(row), "votes": row.votes_for}
    if row.passed:
        return str(_("%(body)s: passed with %(votes)s votes in favour – %(what)s", **words))
    return str(_("%(body)s: not passed, %(votes)s votes in favour – %(what)s", **words))


def quorum_lines(row: Decision) -> list[TestLine]:
    """The tests of the quorum."""
    return _lines(row.reckoning.get("quorum_lines"), row.rule)


def test_lines(row: Decision) -> list[TestLine]:
    """The tests of the majority."""
    return _lines(row.reckoning.get("lines"), row.rule)


def rule_in_words(row: Decision) -> str:
    """The quorum and the majority that were applied."""
    texts = row.rule.get("texts")
    words = [_either(texts.get(name)) for name in ("quorum", "majority")] if isinstance(texts, dict) else []
    said = [each for each in words if each]
    if not said:
        said = [line.text for line in (*quorum_lines(row), *test_lines(row))]
    return ("; " if _english() else "；").join(said)


def _lines(stored: Any, rule: dict[str, Any]) -> list[TestLine]:
    rows = stored if isinstance(stored, list) else []
    return [
        TestLine(
            text=str(
                line.get("text_en" if _english() else "text_zh")
                or line.get("text_zh")
                or line.get("text", "")
            ),
            needed=_number(line.get("needed")),
            got=_number(line.get("got")),
            base=_number(line.get("base")),
            met=line.get("met") is True,
            article=_article(str(line.get("article") or ""), rule),
        )
        for line in rows
        if isinstance(line, dict)
    ]


def _article(article: str, rule: dict[str, Any]) -> str:
    return cited_in_english(article, rule) if _english() else article


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _source(source: dict[str, Any]) -> str:
    act = str(source.get("act_en" if _english() else "act") or source.get("act") or "")
    if act == "product default":
        return str(_("chosen by this system where the law is silent"))
    return f"{act}{' ' if _english() else ''}{source.get('article') or ''}".strip()


def _either(texts: Any) -> str:
    """The Chinese or English of {"zh", "en"}."""
    if not isinstance(texts, dict):
        return ""
    return str((texts.get("en") if _english() else texts.get("zh")) or texts.get("zh") or "")


def _english() -> bool:
    locale = get_locale()
    return locale is not None and locale.language == "en"
