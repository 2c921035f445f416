"""Published processes: immutable versions, their files, and the bundles that cases run on."""

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import At, BigId, Id, Json, JsonData, JsonList, OptionalAt


class Definition(Base):
    """A process by its key. `latest` is the version that new cases get."""

    __tablename__ = "definitions"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    category: Mapped[str] = mapped_column(String(60), default="")
    state: Mapped[str] = mapped_column(String(20), default="active")
    latest: Mapped[int] = mapped_column(default=0)


class DefinitionVersion(Base):
    """One immutable published version."""

    __tablename__ = "definition_versions"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(ForeignKey("definitions.key"))
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    published_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    published_at: Mapped[At]
    startable: Mapped[bool] = mapped_column(default=True)
    startable_by: Mapped[JsonList]
    start_form: Mapped[str] = mapped_column(String(200), default="")
    calls: Mapped[JsonList]
    message_starts: Mapped[JsonList]
    warnings: Mapped[JsonList]
    __table_args__ = (UniqueConstraint("key", "version"),)


class DefinitionFile(Base):
    """One file of a version, as it was published."""

    __tablename__ = "definition_files"
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("definition_versions.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[str] = mapped_column(Text)


class Bundle(Base):
    """A version together with the versions of the processes that it calls: what a case is pinned to."""

    __tablename__ = "bundles"
    id: Mapped[Id]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("definition_versions.id"))
    pins: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    """Called key → version."""
    pins_hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("version_id", "pins_hash"),)


class StartTimer(Base):
    """When a process with a timer start begins its next case."""

    __tablename__ = "start_timers"
    id: Mapped[Id]
    definition: Mapped[str] = mapped_column(ForeignKey("definitions.key"), index=True)
    element: Mapped[str] = mapped_column(String(200))
    due_at: Mapped[OptionalAt] = mapped_column(index=True)
    schedule: Mapped[JsonData]
