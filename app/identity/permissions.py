"""Who may do what: one table, permission → roles. Nothing else grants anything by role.

A role opens a door; which cases, units and tasks are behind it is narrowed by the services (own unit and
below, own groups, own starts). `python -m app.identity.permissions` writes the table as Markdown.
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass

ADMIN, DESIGNER, SUPERVISOR, OFFICIAL = "admin", "designer", "supervisor", "official"
ROLES = (ADMIN, DESIGNER, SUPERVISOR, OFFICIAL)


@dataclass(frozen=True, slots=True)
class Permission:
    """Who has it, and what for. `everybody`: each signed-in person, whatever the roles."""

    what: str
    roles: frozenset[str]
    everybody: bool = False


def _to(what: str, *roles: str) -> Permission:
    return Permission(what, frozenset(roles))


PERMISSIONS: dict[str, Permission] = {
    # --- oneself
    "account.own": Permission(
        "see and change the own account, password and language", frozenset(), everybody=True
    ),
    "units.see": Permission("see the tree of units", frozenset(), everybody=True),
    # --- people and units
    "people.manage": _to("create and change people, units and groups; reset passwords", ADMIN),
    # --- registers of villages: own unit and below
    "electors.see": _to("see the register of electors", ADMIN, OFFICIAL),
    "electors.manage": _to("import and correct the register of electors", ADMIN, OFFICIAL),
    "delegations.see": _to(
        "see what an assembly has delegated to its representatives", ADMIN, SUPERVISOR, OFFICIAL
    ),
    "delegations.manage": _to("put a delegation on record or revoke it", ADMIN, OFFICIAL),
    # --- files
    "files.add": _to("attach files", *ROLES),
    "files.see": _to("open attachments of what one may see", *ROLES),
    # --- processes
    "definitions.see": _to("see published processes", *ROLES),
    "definitions.publish": _to("check, publish and retire processes", ADMIN, DESIGNER),
    # --- cases. A task without a lane belongs to the starter: every role starts and completes.
    "cases.see": _to("see cases: own ones, own unit and below", *ROLES),
    "cases.start": _to("start a case of a process that names one's group, or nobody", *ROLES),
    "cases.manage": _to("cancel, suspend and resume cases of the own unit", ADMIN, OFFICIAL),
    "cases.message": _to("send a message to a case, or to whoever waits for it", *ROLES),
    "incidents.retry": _to("retry an incident", ADMIN, DESIGNER, SUPERVISOR, OFFICIAL),
    # --- tasks. Eligibility (group, assignee, recusal) is checked with the task, not here.
    "tasks.see": _to("see the own inbox and tasks", *ROLES),
    "tasks.complete": _to("claim, give back and complete a task one is eligible for", *ROLES),
    "tasks.assign": _to("hand a task of an absent official on: head of the group or administrator", *ROLES),
    # --- meetings. The groups named by the meeting decide who may do which step.
    "meetings.see": _to("see meetings and their rules", *ROLES),
    "meetings.run": _to("make and freeze a roll, sign in, close, adjourn", ADMIN, OFFICIAL),
    "meetings.count": _to("enter ballots as a teller", OFFICIAL),
    # --- notices
    "notices.see": _to("see notices and objections inside the office", *ROLES),
    "notices.interrupt": _to("report that a notice was not posted for its whole time", ADMIN, OFFICIAL),
    # --- supervision
    "monitoring.see": _to("see figures of processes, own unit and below", ADMIN, SUPERVISOR, DESIGNER),
    # --- the installation
    "calendar.manage": _to("load the working days of a year", ADMIN),
    "sandbox.clock": _to("move the product's clock, only under MINYI_SANDBOX=1", ADMIN),
}


def allowed(roles: Collection[str], permission: str) -> bool:
    """Whether somebody signed in with these roles has the permission. KeyError: no such permission."""
    entry = PERMISSIONS[permission]
    return entry.everybody or not entry.roles.isdisjoint(roles)


def as_markdown() -> str:
    """The table as docs/reference/permissions.md holds it."""
    lines = [
        "# Permissions",
        "",
        "Made from `app/identity/permissions.py` by `python -m app.identity.permissions`; a test compares.",
        "A role opens the door; services narrow what is behind it: own unit and below, own groups, own work.",
        "",
        "| permission | what for | " + " | ".join(ROLES) + " |",
        "|---|---|" + "---|" * len(ROLES),
    ]
    for key, entry in PERMISSIONS.items():
        marks = ["yes" if entry.everybody or role in entry.roles else "" for role in ROLES]
        lines.append(f"| `{key}` | {entry.what} | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
