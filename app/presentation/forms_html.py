"""A served form schema (app.forms.present) as fields that templates draw: `_form.html` draws them.

Values that were typed stand after an error; errors go beside their fields and into the summary. What only
applies sometimes is decided by the server: outright where it rests on the case, on each change with htmx,
and without a script it is shown with a word of warning and left out of the answer by the check.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext

from app.forms import Asking
from app.presentation.plain_text import Paragraph, paragraphs
from workflows.errors import Refusal
from workflows.expressions import compile_expression

CHOICES = ("radio", "select", "checklist", "taglist")
INPUTS = (*CHOICES, "textfield", "textarea", "number", "checkbox", "datetime", "filepicker")
MOST_ROWS = 50
"""Rows of a list that a page shows; a program may send more."""

Errors = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that is offered."""

    id: str
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that the answer already names."""

    id: str
    name: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class FieldView:
    """One thing to draw. `unsure`: applies only sometimes; `refreshes`: others depend on it."""

    type: str
    name: str = ""
    id: str = ""
    label: str = ""
    hint: str = ""
    error: str = ""
    value: str = ""
    required: bool = False
    readonly: bool = False
    multiple: bool = False
    input_type: str = "text"
    input_mode: str = ""
    accept: str = ""
    longest: int = 0
    choices: tuple[Choice, ...] = ()
    files: tuple[HeldFile, ...] = ()
    text: tuple[Paragraph, ...] = ()
    rows: tuple[tuple["FieldView", ...], ...] = ()
    rows_change: bool = False
    children: tuple["FieldView", ...] = ()
    columns: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    unsure: bool = False
    refreshes: bool = False


@dataclass(frozen=True, slots=True)
class FormView:
    """A form to draw: its fields and the error summary's rows."""

    fields: tuple[FieldView, ...]
    errors: tuple[dict[str, str], ...] = ()
    uploads: bool = False
    conditional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """What every field needs: answers so far, errors by path, what conditions rest on."""

    values: Mapping[str, Any]
    errors: Mapping[str, str]
    asking: Asking
    names: frozenset[str]
    watched: frozenset[str]
    decided: bool
    files: Mapping[str, HeldFile]
    prefix: str = ""
    typed: bool = False


def form_view(
    schema: Mapping[str, Any] | None,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Errors = (),
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, HeldFile] | None = None,
    decided: bool = False,
) -> FormView:
    """The fields of `schema` over `values` (typed or kept as a draft; None: the schema's own).

    `data`: the case's, for conditions. `decided`: the browser asks again at each change, so that a field
    that does not apply is left out instead of shown with a warning.
    """
    components = _components(schema)
    names = frozenset(_names(components))
    watched = frozenset(n for each in _all(components) for n in _condition_names(each)) & names
    drawing = _Drawing(
        values=values or {},
        errors={str(e.get("path", "")): str(e.get("message", "")) for e in reversed(errors)},
        asking=Asking(data=data or {}),
        names=names,
        watched=watched,
        decided=decided,
        files=files or {},
        typed=values is not None,
    )
    fields = tuple(_fields(components, drawing))
    return FormView(
        fields=fields,
        errors=tuple(_summary(fields, errors)),
        uploads=any(each.get("type") == "filepicker" for each in _all(components)),
        conditional=bool(watched),
    )


def field_id(name: str) -> str:
    """The id of the field of this name."""
    return "f-" + "".join(
        c if c.isalnum() and c.isascii() else f"-{ord(c):x}-" if c != "." else "-" for c in name
    )


def _components(holder: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    held = (holder or {}).get("components")
    return [each for each in held if isinstance(each, Mapping)] if isinstance(held, list) else []


def _all(components: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for each in components:
        yield each
        yield from _all(_components(each))


def _names(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The data names that this form's own inputs set."""
    for each in _all(components):
        name = each.get("key") or each.get("path")
        if isinstance(name, str) and name:
            yield name.partition(".")[0]


def _condition(component: Mapping[str, Any]) -> str:
    held = component.get("conditional")
    hide = held.get("hide") if isinstance(held, Mapping) else None
    return hide.removeprefix("=").strip() if isinstance(hide, str) else ""


def _condition_names(component: Mapping[str, Any]) -> frozenset[str]:
    condition = _condition(component)
    if not condition:
        return frozenset()
    try:
        return frozenset(compile_expression(condition).names)
    except Refusal:
        return frozenset()


def _fields(components: Sequence[Mapping[str, Any]], drawing: _Drawing) -> Iterator[FieldView]:
    answered = drawing.asking.with_answer({**dict.fromkeys(drawing.names), **_values(components, drawing)})
    for each in components:
        condition = _condition(each)
        hidden = bool(condition) and answered.hides([condition])
        open_yet = bool(_condition_names(each) & drawing.names)
        if hidden and (drawing.decided or not open_yet):
            continue
        view = _field(each, drawing)
        if view is not None:
            yield replace(view, unsure=hidden and open_yet)


def _values(components: Sequence[Mapping[str, Any]], drawing: _Drawing) -> dict[str, Any]:
    """The answers so far, the schema's own where nothing was typed."""
    if drawing.typed:
        return dict(drawing.values)
    defaults = {
        str(each["key"]): each["defaultValue"]
        for each in _all(components)
        if each.get("key") and "defaultValue" in each and "." not in str(each["key"])
    }
    return {**defaults, **drawing.values}


def _field(component: Mapping[str, Any], drawing: _Drawing) -> FieldView | None:
    kind = str(component.get("type", ""))
    if kind in ("button", "spacer"):
        return None
    label = str(component.get("label") or "")
    if kind in INPUTS:
        return _input(component, kind, drawing)
    if kind == "group":
        path = str(component.get("path") or "")
        inner = _below(drawing, path)
        children = tuple(_fields(_components(component), inner))
        return FieldView("group", label=label, hint=_text(component, "description"), children=children)
    if kind == "dynamiclist":
        return _rows(component, drawing)
    if kind in ("text", "html"):
        return FieldView("text", text=tuple(paragraphs(_text(component, "text"), markup=kind == "html")))
    if kind == "expression":
        return FieldView("shown", label=label, value=_shown(component.get("defaultValue")))
    if kind == "table":
        return _table(component, drawing)
    if kind == "separator":
        return FieldView("separator")
    return FieldView("text", text=tuple(paragraphs(_text(component, "alt") or label, markup=False)))


def _input(component: Mapping[str, Any], kind: str, drawing: _Drawing) -> FieldView:
    key = str(component.get("key") or "")
    name = drawing.prefix + key
    limits = component.get("validate")
    limits = limits if isinstance(limits, Mapping) else {}
    value = _at(drawing.values, key)
    if value is None and not (drawing.typed and key in drawing.values):
        value = component.get("defaultValue")
    view = FieldView(
        kind,
        name=name,
        id=field_id(name),
        label=str(component.get("label") or key),
        hint=_hint(component, kind),
        error=drawing.errors.get(name, "") or _error_below(drawing.errors, name),
        required=limits.get("required") is True,
        readonly=component.get("readonly") is True or component.get("disabled") is True,
        multiple=component.get("multiple") is True,
        accept=_text(component, "accept"),
        refreshes=not drawing.prefix and key in drawing.watched,
    )
    if kind in CHOICES:
        return replace(view, choices=_choices(component, view, value))
    if kind == "checkbox":
        return replace(view, value="true" if value is True or value == "true" else "")
    if kind == "filepicker":
        return replace(view, files=tuple(_held(value, drawing.files)))
    longest = limits.get("maxLength")
    return replace(
        view,
        value=_typed(component, kind, value),
        input_type=_input_type(component, kind, limits),
        input_mode=_input_mode(component, kind),
        longest=longest if isinstance(longest, int) else 0,
    )


def _choices(component: Mapping[str, Any], view: FieldView, value: Any) -> tuple[Choice, ...]:
    chosen = (
        {str(v) for v in value} if isinstance(value, list) else {str(value)} if value is not None else set()
    )
    held = component.get("values")
    offered = [each for each in held if isinstance(each, Mapping)] if isinstance(held, list) else []
    return tuple(
        Choice(
            view.id if index == 0 else f"{view.id}-{index + 1}",
            str(each.get("value", "")),
            str(each.get("label") or each.get("value", "")),
            str(each.get("value", "")) in chosen,
        )
        for index, each in enumerate(offered)
    )


def _rows(component: Mapping[str, Any], drawing: _Drawing) -> FieldView:
    path = str(component.get("path") or "")
    name = drawing.prefix + path
    held = _at(drawing.values, path)
    if held is None and not (drawing.typed and path in drawing.values):
        held = component.get("defaultValue")
    rows = [each if isinstance(each, Mapping) else {} for each in held] if isinstance(held, list) else []
    wanted = component.get("defaultRepetitions")
    if not rows and not drawing.typed:
        rows = [{} for _ in range(min(wanted if isinstance(wanted, int) else 1, MOST_ROWS))]
    drawn = tuple(
        tuple(
            _fields(_components(component), replace(_below(drawing, path), values=row, prefix=f"{name}.{n}."))
        )
        for n, row in enumerate(rows[:MOST_ROWS])
    )
    return FieldView(
        "dynamiclist",
        name=name,
        id=field_id(name),
        label=str(component.get("label") or path),
        hint=_text(component, "description"),
        error=drawing.errors.get(name, ""),
        rows=drawn,
        rows_change=component.get("allowAddRemove") is not False,
    )


def _table(component: Mapping[str, Any], drawing: _Drawing) -> FieldView:
    source = _text(component, "source").removeprefix("=").strip()
    rows = _at(drawing.asking.data, source) if source else None
    columns = [c for c in component.get("columns") or () if isinstance(c, Mapping)]
    held = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return FieldView(
        "table",
        label=str(component.get("label") or ""),
        columns=tuple(str(c.get("label") or c.get("key") or "") for c in columns),
        cells=tuple(tuple(_shown(row.get(c.get("key"))) for c in columns) for row in held[:200]),
    )


def _below(drawing: _Drawing, path: str) -> _Drawing:
    if not path:
        return drawing
    inside = _at(drawing.values, path)
    return replace(
        drawing, values=inside if isinstance(inside, Mapping) else {}, prefix=f"{drawing.prefix}{path}."
    )


def _at(values: Any, key: str) -> Any:
    if isinstance(values, Mapping) and key in values:
        return values[key]
    for part in key.split("."):
        if not isinstance(values, Mapping):
            return None
        values = values.get(part)
    return values


def _text(component: Mapping[str, Any], name: str) -> str:
    return str(component.get(name) or "")


def _hint(component: Mapping[str, Any], kind: str) -> str:
    """The designer's description, else an example where a form of writing is asked for."""
    said = _text(component, "description")
    properties, limits = component.get("properties"), component.get("validate")
    example = properties.get("example") if isinstance(properties, Mapping) else None
    asked = isinstance(limits, Mapping) and (limits.get("pattern") or limits.get("validationType"))
    if not said and example and asked and kind == "textfield":
        return str(gettext("For example: %(example)s", example=example))
    return said


def _typed(component: Mapping[str, Any], kind: str, value: Any) -> str:
    if value is None:
        return ""
    if kind == "datetime" and component.get("subtype") != "date":
        text = str(value)
        day, mark, clock = text.rpartition("T")
        return day + mark + clock[:5]
    return _shown(value) if isinstance(value, bool | list | dict) else str(value)


def _input_type(component: Mapping[str, Any], kind: str, limits: Mapping[str, Any]) -> str:
    if kind == "datetime":
        return {"time": "time", "datetime": "datetime-local"}.get(_text(component, "subtype"), "date")
    return {"email": "email", "phone": "tel"}.get(str(limits.get("validationType")), "text")


def _input_mode(component: Mapping[str, Any], kind: str) -> str:
    if kind != "number":
        return ""
    return "numeric" if component.get("decimalDigits") == 0 else "decimal"


def _held(value: Any, files: Mapping[str, HeldFile]) -> Iterator[HeldFile]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each:
            yield files.get(each) or HeldFile(each, gettext("attached file"))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, list):
        return "、".join(_shown(each) for each in value)
    if isinstance(value, Mapping):
        return "；".join(f"{k}：{_shown(v)}" for k, v in value.items())
    return str(value)


def _error_below(errors: Mapping[str, str], name: str) -> str:
    """An error of one entry of a field with several (files.0) is shown with the field."""
    return next((m for p, m in errors.items() if p.startswith(f"{name}.")), "")


def _summary(fields: Sequence[FieldView], errors: Errors) -> Iterator[dict[str, str]]:
    """Each error once, linked to its field; those of no drawn field as plain text."""
    drawn = {each.name: each.id for each in _drawn(fields) if each.name}
    for error in errors:
        path, text = str(error.get("path", "")), str(error.get("message", ""))
        target = next((i for n, i in drawn.items() if path == n or path.startswith(f"{n}.")), "")
        exact = drawn.get(path, target)
        yield {"href": f"#{exact}" if exact else "", "text": text}


def _drawn(fields: Sequence[FieldView]) -> Iterator[FieldView]:
    for each in fields:
        yield from _drawn(each.children)
        for row in each.rows:
            yield from _drawn(row)
        yield each
