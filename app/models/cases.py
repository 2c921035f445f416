"""Cases and everything projected from them: what people search, count or wait for."""

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import At, BigId, Id, Json, JsonData, JsonList, OptionalAt

CASE_STATES = ("running", "suspended", "completed", "cancelled", "incident")


class Case(Base):
    """One matter on its way. `state_blob` is the engine's; `row_version` counts its writes.

    `data` is written when the case ends (a running case's data is in the blob); `record_seq` and
    `record_hash` are the head of its chain of records.
    """

    __tablename__ = "cases"
    id: Mapped[Id]
    case_no: Mapped[str] = mapped_column(String(40), unique=True)
    definition: Mapped[str] = mapped_column(ForeignKey("definitions.key"))
    version: Mapped[int]
    bundle_id: Mapped[int] = mapped_column(BigId, ForeignKey("bundles.id"))
    title: Mapped[str] = mapped_column(String(200))
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"))
    starter_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), default="running")
    outcome: Mapped[str] = mapped_column(String(200), default="")
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
    state_blob: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    row_version: Mapped[int] = mapped_column(default=1)
    record_seq: Mapped[int] = mapped_column(default=0)
    record_hash: Mapped[str] = mapped_column(String(64), default="")
    started_at: Mapped[At]
    ended_at: Mapped[OptionalAt]
    __table_args__ = (
        Index("ix_cases_state_id", "state", "id"),
        Index("ix_cases_definition_id", "definition", "id"),
        Index("ix_cases_unit_id_id", "unit_id", "id"),
        Index("ix_cases_starter_id_id", "starter_id", "id"),
    )


class CaseCounter(Base):
    """The last case number given in a unit in a year."""

    __tablename__ = "case_counters"
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class CaseLink(Base):
    """A case that another started or waits for (an objection, a second round, …)."""

    __tablename__ = "case_links"
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(String(30))
    ref: Mapped[str] = mapped_column(String(30), default="")
    """The wait of `case_id` that ends when `other_id` does; empty: a mere link."""


class Task(Base):
    """A user task: open (nobody holds it), claimed, done or cancelled."""

    __tablename__ = "tasks"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    ref: Mapped[str] = mapped_column(String(30))
    definition: Mapped[str] = mapped_column(String(120))
    """The case's definition; `process` is the process that holds the element (it may be a called one)."""
    process: Mapped[str] = mapped_column(String(120))
    element: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(10), default="open")
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"))
    group_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("groups.id"))
    assignee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    """Who holds it, or whom the diagram names."""
    named: Mapped[bool] = mapped_column(default=False)
    """The diagram names the assignee: nobody else may take it without being assigned."""
    form: Mapped[str] = mapped_column(String(200), default="")
    item: Mapped[Any | None] = mapped_column(Json)
    choices: Mapped[JsonList]
    created_at: Mapped[At]
    claimed_at: Mapped[OptionalAt]
    due_at: Mapped[OptionalAt]
    done_at: Mapped[OptionalAt]
    done_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    row_version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        UniqueConstraint("case_id", "ref"),
        Index(
            "ix_tasks_group_open",
            "group_id",
            "due_at",
            "id",
            postgresql_where=text("state IN ('open','claimed')"),
            sqlite_where=text("state IN ('open','claimed')"),
        ),
        Index(
            "ix_tasks_assignee_open",
            "assignee_id",
            "due_at",
            "id",
            postgresql_where=text("state IN ('open','claimed')"),
            sqlite_where=text("state IN ('open','claimed')"),
        ),
        Index(
            "ix_tasks_open_due_at",
            "due_at",
            "id",
            postgresql_where=text("state IN ('open','claimed')"),
            sqlite_where=text("state IN ('open','claimed')"),
        ),
        Index("ix_tasks_done_by_id", "done_by", "id"),
        Index("ix_tasks_group_id_case_id", "group_id", "case_id"),
        Index("ix_tasks_assignee_id_case_id", "assignee_id", "case_id"),
    )


class Draft(Base):
    """What a person has typed into a task and not sent."""

    __tablename__ = "drafts"
    task_id: Mapped[int] = mapped_column(BigId, ForeignKey("tasks.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id"), primary_key=True)
    data: Mapped[JsonData]
    saved_at: Mapped[At]


class Timer(Base):
    """A due instant that a case waits for; the row goes when it fires or is called off."""

    __tablename__ = "timers"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    ref: Mapped[str] = mapped_column(String(30))
    element: Mapped[str] = mapped_column(String(200))
    due_at: Mapped[At] = mapped_column(index=True)
    paused: Mapped[bool] = mapped_column(default=False)
    """The case is suspended or has been stopped: the timer is not fired until it goes on."""
    __table_args__ = (UniqueConstraint("case_id", "ref"),)


class Subscription(Base):
    """Something other than a person or a clock that a case waits for.

    kind: message, signal (by `name` and `key`), meeting, notice, case (by `target_id`), effect.
    """

    __tablename__ = "subscriptions"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    ref: Mapped[str] = mapped_column(String(30))
    element: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str] = mapped_column(String(200), default="")
    target_id: Mapped[int | None] = mapped_column(BigId)
    since: Mapped[At]
    __table_args__ = (
        UniqueConstraint("case_id", "ref"),
        Index("ix_subscriptions_kind_name_key", "kind", "name", "key"),
        Index("ix_subscriptions_kind_target_id", "kind", "target_id"),
    )


class InboxMessage(Base):
    """A message that nobody waited for when it came; it is kept until somebody does."""

    __tablename__ = "inbox_messages"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200), default="")
    data: Mapped[JsonData]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    """Addressed to this case only; empty: to whoever waits."""
    received_at: Mapped[At]
    __table_args__ = (Index("ix_inbox_messages_name_key", "name", "key"),)


class IncidentRow(Base):
    """A visit that could not go on. `n` numbers the incidents of one case from 1."""

    __tablename__ = "incidents"
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(30))
    element: Mapped[str] = mapped_column(String(200))
    process: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(60))
    message: Mapped[str] = mapped_column(Text)
    params: Mapped[JsonData]
    raised_at: Mapped[At]
    resolved_at: Mapped[OptionalAt]


class StepRow(Base):
    """One visit of one element: entered, claimed, left, by whom. Monitoring counts these."""

    __tablename__ = "steps"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    ref: Mapped[str] = mapped_column(String(30))
    definition: Mapped[str] = mapped_column(String(120))
    version: Mapped[int]
    process: Mapped[str] = mapped_column(String(120))
    element: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    unit_id: Mapped[int] = mapped_column(BigId)
    entered_at: Mapped[At]
    claimed_at: Mapped[OptionalAt]
    left_at: Mapped[OptionalAt]
    how: Mapped[str] = mapped_column(String(10), default="")
    """left, cancelled, failed; empty while it is open."""
    by_id: Mapped[int | None] = mapped_column(BigId)
    due_at: Mapped[OptionalAt]
    __table_args__ = (
        UniqueConstraint("case_id", "ref"),
        Index("ix_steps_definition_element_entered_at", "definition", "element", "entered_at"),
    )


class Record(Base):
    """What happened, written with the act and chained: hash = SHA-256 of the previous hash and this row."""

    __tablename__ = "records"
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[At]
    kind: Mapped[str] = mapped_column(String(40))
    element: Mapped[str] = mapped_column(String(200), default="")
    actor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120), default="")
    """Name and office as they were then; empty: the system."""
    on_behalf_of: Mapped[str] = mapped_column(String(120), default="")
    detail: Mapped[JsonData]
    previous_hash: Mapped[str] = mapped_column(String(64), default="")
    hash: Mapped[str] = mapped_column(String(64))


class Outbox(Base):
    """Work outside the database, owed since a commit: done after it, retried with back-off."""

    __tablename__ = "outbox"
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[JsonData]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    created_at: Mapped[At]
    available_at: Mapped[At] = mapped_column(index=True)
    """Machine time: the earliest instant of the next attempt."""
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[OptionalAt]
    failed: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str] = mapped_column(Text, default="")


class FileRow(Base):
    """An attachment; its bytes are in `file_contents`, once for equal bytes."""

    __tablename__ = "files"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    type: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(ForeignKey("file_contents.sha256"))
    uploaded_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"), index=True)
    """Set when an answer first refers to it: who may see the case may then read it."""
    uploaded_at: Mapped[At]


class FileContent(Base):
    """The bytes of attachments, by their hash."""

    __tablename__ = "file_contents"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class CalendarDay(Base):
    """A day that differs from the weekday rule (holiday or 调休 Saturday), as announced."""

    __tablename__ = "calendar_days"
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    working: Mapped[bool]


class SettingRow(Base):
    """A value the program keeps for itself: how far the sandbox clock is moved, the last loaded year."""

    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
