"""What designers do with processes: check, publish, retire; and which of them a person may start."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask_babel import get_locale
from sqlalchemy import update

from app.definitions import queries
from app.definitions.changes import Changes, compare
from app.definitions.queries import DefinitionRow
from app.definitions.rehearsal import scenario_problems
from app.definitions.sent_files import SentFile, folder_of
from app.errors import NotFound
from app.forms import Asking, form_problems, present
from app.identity.queries import names_of_groups
from app.models import Definition as DefinitionTable
from app.runtime import library, publishing, world
from app.runtime.actor import Actor
from app.runtime.groups import unknown_groups
from app.runtime.transaction import transaction
from workflows.errors import Problem, Unpublishable, message
from workflows.forms import Form, parse_form
from workflows.model import Element
from workflows.parsing import Definition

RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `key` and `name` are empty where the files make no process."""

    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    key: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A stored version. The same files again are the same version, told by a warning."""

    id: int
    key: str
    version: int
    warnings: Sequence[Problem]


class NoSuchProcess(NotFound):
    """No process has this key, version or file."""

    code = "no_such_definition"
    text = message("There is no such process, version or file.")


def check(sent: Sequence[SentFile]) -> Checked:
    """Everything that publishing would refuse or warn of; nothing is stored. Raises TooLarge."""
    try:
        files = folder_of(sent)
        definition = library.compile_latest(files)
    except Unpublishable as refused:
        return Checked(refused.problems, refused.warnings)
    problems = [*_forms(definition.forms.values()), *scenario_problems(definition)]
    warnings = [*definition.warnings, *_groups(definition)]
    return Checked(problems, warnings, definition.key, definition.name)


def publish(sent: Sequence[SentFile], *, note: str, by: Actor, now: datetime) -> Published:
    """Store the files of one process as its next version. Raises Unpublishable, TooLarge."""
    checked = check(sent)
    if checked.problems:
        raise Unpublishable(checked.problems, checked.warnings)
    with transaction():
        stored = publishing.publish(folder_of(sent), by=by, note=note, now=now)
    warnings = list(checked.warnings)
    if not stored.new:
        warnings.append(
            Problem("policy.same_content", _SAME, params={"version": stored.version, "key": stored.key})
        )
    return Published(stored.id, stored.key, stored.version, warnings)


def set_state(key: str, state: str) -> DefinitionRow:
    """Let a process take new cases (active) or no more (retired). Raises NoSuchProcess."""
    with transaction() as session:
        found = session.execute(
            update(DefinitionTable)
            .where(DefinitionTable.key == key)
            .values(state=state)
            .returning(DefinitionTable.key)
        ).first()
        if found is None:
            raise NoSuchProcess
    return one(key)


def one(key: str, version: int | None = None) -> DefinitionRow:
    """A process in its latest version, or in this one. Raises NoSuchProcess."""
    row = queries.definition(key, version)
    if row is None:
        raise NoSuchProcess
    return row


def file(key: str, version: int, name: str) -> str:
    """The text of a file of a version. Raises NoSuchProcess."""
    row = one(key, version)
    text = queries.contents([row.version_id], [name]).get((row.version_id, name))
    if text is None:
        raise NoSuchProcess
    return text


def changes(key: str, before: int, after: int) -> Changes:
    """What differs between two versions, by element. Raises NoSuchProcess."""
    return compare(
        library.files_of(one(key, before).version_id), library.files_of(one(key, after).version_id)
    )


def may_start(row: DefinitionRow, actor: Actor, groups: frozenset[str]) -> bool:
    """Whether this person may start a case of it. `groups`: keys and names of their groups."""
    if row.state != library.ACTIVE or not row.person_can_start:
        return False
    return not row.startable_by or actor.has_role("admin") or not groups.isdisjoint(row.startable_by)


def described(rows: Sequence[DefinitionRow], *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The rows as the API and the pages show them to this person: with `startable` and the start form."""
    groups = names_of_groups(actor.id)
    texts = queries.contents(
        {row.version_id for row in rows if row.start_form}, {row.start_form for row in rows if row.start_form}
    )
    asking = asking_of(actor, now=now)
    language = str(get_locale() or "zh")[:2]
    found = []
    for row in rows:
        text = texts.get((row.version_id, row.start_form))
        form = _parsed(text, row.start_form) if text is not None else None
        found.append(
            {
                "key": row.key,
                "version": row.version,
                "latest": row.latest,
                "name": (language == "en" and row.name_en) or row.name,
                "name_en": row.name_en,
                "category": row.category,
                "state": row.state,
                "startable": may_start(row, actor, groups),
                "start_form": present(form, asking, language) if form else None,
                "files": row.files,
                "note": row.note,
                "published_at": row.published_at,
                "published_by": row.published_by,
            }
        )
    return found


def asking_of(actor: Actor, *, now: datetime) -> Asking:
    """What a start form is asked over: nothing known yet, the place of the person's unit."""
    seen = world.world_of_unit(actor.unit_id, now=now) if actor.unit_id is not None else None
    return Asking(world=seen and replace(seen, starter=actor.username))


@lru_cache(500)
def _parsed(text: str, name: str) -> Form:
    return parse_form(text, name)


def _forms(forms: Any) -> list[Problem]:
    return [problem for form in forms for problem in form_problems(form)]


def _groups(definition: Definition) -> list[Problem]:
    """A warning for every task whose group no unit has: it falls to the starter."""
    tasks = [each for each in definition.elements.values() if _for_group(each)]
    unknown = unknown_groups(each.group for each in tasks)
    return [
        Problem(
            "flow.group_unknown",
            _NO_GROUP,
            _NAME_GROUP,
            element=each.id,
            params={"name": each.name or each.id, "group": each.group[:120]},
        )
        for each in tasks
        if each.group in unknown
    ]


def _for_group(element: Element) -> bool:
    return element.kind in ("userTask", "manualTask") and bool(element.group) and not element.assignee


_NO_GROUP = message(
    "“{name}” is for the group “{group}”, which no unit has; it goes to whoever starts the case."
)
_NAME_GROUP = message("Correct the name of the group or of the lane, or add the group to the unit.")
_SAME = message("These are the files of version {version}: no new version was made.")
