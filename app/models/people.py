"""Units, people, their groups, and how they sign in."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import At, BigId, Id, JsonData, JsonList, OptionalAt

UNIT_KINDS = ("county", "township", "village", "department")


class Unit(Base):
    """A county, township, village or department. `path` is "/1/4/9/" from the county down to itself."""

    __tablename__ = "units"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    kind: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("units.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), index=True, default="")
    place: Mapped[str] = mapped_column(String(40), default="")
    """Place code of this unit's own rules ("CN-3707"); empty: those of the unit above."""
    community: Mapped[str] = mapped_column(String(20), default="village")
    """village or residents: which organisation law governs it."""
    __table_args__ = (CheckConstraint("kind IN ('county','township','village','department')", name="kind"),)


class Group(Base):
    """People of one unit who share a task list: a villagers' committee, a Party branch, …"""

    __tablename__ = "groups"
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"))
    key: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    __table_args__ = (UniqueConstraint("unit_id", "key"), Index("ix_groups_key", "key"))


class Person(Base):
    """Somebody who can sign in. `roles`: admin, designer, supervisor, official."""

    __tablename__ = "people"
    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60), default="")
    title: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    roles: Mapped[JsonList]
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("units.id"), index=True)
    locale: Mapped[str] = mapped_column(String(5), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(default=True)


class Membership(Base):
    """A person in a group; the head may hand on tasks of the absent."""

    __tablename__ = "memberships"
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigId, ForeignKey("groups.id"), primary_key=True, index=True)
    head: Mapped[bool] = mapped_column(default=False)


class SignIn(Base):
    """An API token or a browser session, kept as a digest. Machine time."""

    __tablename__ = "sign_ins"
    id: Mapped[Id]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id"), index=True)
    created_at: Mapped[At]
    expires_at: Mapped[At]


class FailedAttempt(Base):
    """Failures of one thing by one source, for throttles. Machine time."""

    __tablename__ = "failed_attempts"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    since: Mapped[At]


class IdempotencyKey(Base):
    """The first answer to a POST that carried an Idempotency-Key. Machine time."""

    __tablename__ = "idempotency_keys"
    person_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int | None]
    body: Mapped[str | None]
    created_at: Mapped[At] = mapped_column(index=True)


class Elector(Base):
    """Somebody in a village's register: the source of meeting rolls.

    The identity number is kept only as a keyed digest (to find duplicates) and its last four characters.
    """

    __tablename__ = "electors"
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"))
    name: Mapped[str] = mapped_column(String(60))
    household: Mapped[str] = mapped_column(String(30))
    identity_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    identity_tail: Mapped[str] = mapped_column(String(4))
    woman: Mapped[bool] = mapped_column(default=False)
    born_on: Mapped[str] = mapped_column(String(10), default="")
    marks: Mapped[JsonData]
    """representative, household_head, party_member, collective_member, full_capacity: true where so."""
    __table_args__ = (
        UniqueConstraint("unit_id", "identity_digest"),
        Index("ix_electors_unit_id_name", "unit_id", "name"),
    )


class Delegation(Base):
    """What an assembly has delegated to its representatives, on record (村民委员会组织法 28)."""

    __tablename__ = "delegations"
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("units.id"), index=True)
    matter: Mapped[str] = mapped_column(String(60))
    decided_on: Mapped[str] = mapped_column(String(10))
    record: Mapped[str] = mapped_column(String(400), default="")
    revoked_at: Mapped[OptionalAt]
