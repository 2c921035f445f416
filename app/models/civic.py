"""Meetings and public notices: people in numbers as rows."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import At, BigId, Id, JsonData, JsonList, OptionalAt

MEETING_STATES = ("planned", "roll_frozen", "open", "counting", "closed", "adjourned", "cancelled")


class Meeting(Base):
    """One sitting that counts people: an assembly, representatives, Party members, a congress, a hearing.

    `rule` keeps the figures and tests in force at its place on its day, with their sources: they stay the
    same whatever later rules say. `ref` is the wait of its case that ends when it closes or is adjourned.
    """

    __tablename__ = "meetings"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    ref: Mapped[str] = mapped_column(String(30))
    element: Mapped[str] = mapped_column(String(200))
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"))
    kind: Mapped[str] = mapped_column(String(40))
    """vote or hearing."""
    body: Mapped[str] = mapped_column(String(60))
    matter: Mapped[str] = mapped_column(String(60), default="")
    title: Mapped[str] = mapped_column(String(200))
    agenda: Mapped[str] = mapped_column(Text, default="")
    venue: Mapped[str] = mapped_column(String(200), default="")
    items: Mapped[JsonList]
    """What is voted on: [{"key", "text"}]."""
    basis: Mapped[str] = mapped_column(String(20), default="person")
    """person or household."""
    secret: Mapped[bool] = mapped_column(default=True)
    rule: Mapped[JsonData]
    round: Mapped[int] = mapped_column(default=1)
    previous_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("meetings.id"))
    convener_group_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("groups.id"))
    teller_group_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("groups.id"))
    state: Mapped[str] = mapped_column(String(12), default="planned")
    scheduled_at: Mapped[OptionalAt]
    frozen_at: Mapped[OptionalAt]
    opened_at: Mapped[OptionalAt]
    closed_at: Mapped[OptionalAt]
    roll_size: Mapped[int] = mapped_column(default=0)
    counts: Mapped[JsonData]
    """Bases of the rule's tests as frozen: electors, households, women_representatives, …"""
    present: Mapped[int] = mapped_column(default=0)
    result: Mapped[JsonData]
    minutes: Mapped[JsonData]
    row_version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (Index("ix_meetings_unit_id_id", "unit_id", "id"), UniqueConstraint("case_id", "ref"))


class RollEntry(Base):
    """One elector on one meeting's frozen roll, and whether present."""

    __tablename__ = "roll_entries"
    id: Mapped[Id]
    meeting_id: Mapped[int] = mapped_column(BigId, ForeignKey("meetings.id"))
    elector_id: Mapped[int | None] = mapped_column(BigId)
    name: Mapped[str] = mapped_column(String(60))
    household: Mapped[str] = mapped_column(String(30), default="")
    identity_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    identity_tail: Mapped[str] = mapped_column(String(4), default="")
    woman: Mapped[bool] = mapped_column(default=False)
    marks: Mapped[JsonData]
    recused: Mapped[bool] = mapped_column(default=False)
    present: Mapped[bool] = mapped_column(default=False)
    by_proxy: Mapped[str] = mapped_column(String(60), default="")
    signed_at: Mapped[OptionalAt]
    signed_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    __table_args__ = (
        Index("ix_roll_entries_meeting_id_name", "meeting_id", "name"),
        Index("ix_roll_entries_meeting_id_household", "meeting_id", "household"),
    )


class BallotCount(Base):
    """One teller's blind count of one item in one round of counting; 0 as teller: a show of hands."""

    __tablename__ = "ballot_counts"
    id: Mapped[Id]
    meeting_id: Mapped[int] = mapped_column(BigId, ForeignKey("meetings.id"))
    item: Mapped[str] = mapped_column(String(60))
    teller: Mapped[int]
    round: Mapped[int] = mapped_column(default=1)
    votes_for: Mapped[int]
    votes_against: Mapped[int]
    votes_abstain: Mapped[int]
    votes_invalid: Mapped[int]
    entered_by: Mapped[int] = mapped_column(BigId, ForeignKey("people.id"))
    entered_at: Mapped[At]
    __table_args__ = (
        UniqueConstraint("meeting_id", "item", "teller", "round"),
        CheckConstraint("teller IN (0,1,2)", name="teller"),
        CheckConstraint(
            "votes_for >= 0 AND votes_against >= 0 AND votes_abstain >= 0 AND votes_invalid >= 0",
            name="not_negative",
        ),
    )


class Notice(Base):
    """Something posted for the public to see; with `objections` open it can be objected to until it ends.

    state: posted, ended, interrupted, withdrawn. A notice that starts again is a new row that names the old.
    """

    __tablename__ = "notices"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    ref: Mapped[str] = mapped_column(String(30), default="")
    element: Mapped[str] = mapped_column(String(200), default="")
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"))
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    facts: Mapped[JsonData]
    """Numbers shown beside the text: {"rule": …, "decision": …, …}."""
    rule: Mapped[JsonData]
    objections_open: Mapped[bool] = mapped_column(default=False)
    channels: Mapped[JsonList]
    state: Mapped[str] = mapped_column(String(12), default="posted")
    posted_from: Mapped[At]
    posted_to: Mapped[OptionalAt] = mapped_column(index=True)
    ended_at: Mapped[OptionalAt]
    previous_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("notices.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was interrupted, withdrawn or shortened."""
    __table_args__ = (Index("ix_notices_unit_id_id", "unit_id", "id"),)


class Objection(Base):
    """An objection to a notice: a receipt for the villager, a linked case for the officials."""

    __tablename__ = "objections"
    id: Mapped[Id]
    notice_id: Mapped[int] = mapped_column(BigId, ForeignKey("notices.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    receipt_no: Mapped[str] = mapped_column(String(30), unique=True)
    code_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    text: Mapped[str] = mapped_column(Text)
    contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted at rest; only the handling officials open it."""
    received_at: Mapped[At]
    settled_at: Mapped[OptionalAt]
    outcome: Mapped[str] = mapped_column(String(20), default="")
    """upheld, minor, unfounded; empty while open."""
    reply: Mapped[str] = mapped_column(Text, default="")


class Decision(Base):
    """What a body decided: the public record of a vote or of a collective discussion."""

    __tablename__ = "decisions"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("meetings.id"))
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"))
    body: Mapped[str] = mapped_column(String(60))
    matter: Mapped[str] = mapped_column(String(60), default="")
    title: Mapped[str] = mapped_column(String(200))
    item: Mapped[str] = mapped_column(Text, default="")
    passed: Mapped[bool]
    roll: Mapped[int]
    present: Mapped[int]
    votes_for: Mapped[int]
    votes_against: Mapped[int]
    votes_abstain: Mapped[int]
    votes_invalid: Mapped[int]
    reckoning: Mapped[JsonData]
    rule: Mapped[JsonData]
    decided_at: Mapped[At]
    published_at: Mapped[OptionalAt]
    """Set when the case posts it; until then only officials see it."""
    annulled_at: Mapped[OptionalAt]
    __table_args__ = (Index("ix_decisions_published_at_id", "published_at", "id"),)
