"""A meeting as programs and pages show it, in the reader's language. Reads rows; decides nothing."""

from typing import Any

from flask_babel import get_locale

from app.meetings import queries, service, tellers
from app.meetings.counting import article_of
from app.models import Meeting
from app.runtime.actor import Actor


def english() -> bool:
    """Whether the reader reads English."""
    return str(get_locale()) == "en"


def shown(meeting: Meeting) -> dict[str, Any]:
    """Everything about a meeting that its page and the API tell."""
    over = bool(meeting.result)
    if over:
        lines = meeting.result.get("lines", [])
        met = bool(meeting.result.get("quorum_met"))
    else:
        reckoning = service.standing(meeting)
        lines, met = [line.as_dict() | {"about": "quorum"} for line in reckoning.lines], reckoning.passed
    return {
        "id": meeting.id,
        "case_id": meeting.case_id,
        "unit": meeting.unit_id,
        "kind": meeting.kind,
        "body": meeting.body,
        "body_name": said(meeting.rule.get("names")) or meeting.body,
        "matter": meeting.matter,
        "title": meeting.title,
        "agenda": meeting.agenda,
        "venue": meeting.venue,
        "basis": meeting.basis,
        "secret": meeting.secret,
        "round": meeting.round,
        "state": meeting.state,
        "scheduled_at": meeting.scheduled_at,
        "rule": rule_in_words(meeting, lines),
        "roll_size": meeting.roll_size,
        "present": meeting.present,
        "quorum_met": met,
        "items": tellers.progress(meeting),
        "eligible": service.eligible(meeting),
        "result": meeting.result or None,
    }


def rule_in_words(meeting: Meeting, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The quorum and majority in words, with the tests given and the sources of the figures."""
    texts = meeting.rule.get("texts") or {}
    words = {figure: said(texts.get(figure)) for figure in ("quorum", "majority")}
    cited = [s for s in meeting.rule.get("sources") or [] if s.get("figure") in ("quorum", "majority")]
    return {
        "text": "；".join(w for w in words.values() if w),
        **words,
        "tests": [test(line, meeting) for line in lines],
        "sources": cited,
    }


def test(line: dict[str, Any], meeting: Meeting) -> dict[str, Any]:
    """One line of a reckoning: text, needed, got, met, article."""
    return {
        "text": line["text_en"] if english() else line["text_zh"],
        "needed": line["needed"],
        "got": line["got"],
        "met": line["met"],
        "article": line.get("article") or article_of(meeting.rule, "quorum"),
        "about": line.get("about", ""),
    }


def reckoning(meeting: Meeting) -> dict[str, Any]:
    """The answer to a close."""
    return {
        "state": meeting.state,
        "passed": bool(meeting.result.get("passed")),
        "quorum_met": bool(meeting.result.get("quorum_met")),
        "tests": [test(line, meeting) for line in meeting.result.get("lines", [])],
        "items": meeting.result.get("items", {}),
    }


def said(names: Any) -> str:
    """A {zh, en} table in the reader's language."""
    if not isinstance(names, dict):
        return str(names or "")
    return str(names.get("en" if english() else "zh") or names.get("zh") or "")


def unit_name(meeting: Meeting) -> str:
    """The unit whose meeting it is."""
    return queries.unit_name(meeting.unit_id)


def tellers_of(meeting: Meeting, by: Actor) -> dict[str, int]:
    """Item → the teller this person is in its present round of counting."""
    last: dict[str, int] = {}
    mine: dict[str, int] = {}
    for row in queries.ballot_counts(meeting.id):
        if row.round > last.get(row.item, 0):
            last[row.item] = row.round
            mine.pop(row.item, None)
        if row.entered_by == by.id:
            mine[row.item] = row.teller
    return mine
