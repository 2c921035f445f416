"""Reads the JSON of a form-js schema into the typed tree, telling everything that is wrong by field."""

import json
import re
from typing import Any, Final

from workflows.errors import Problem, Unpublishable, message
from workflows.forms.tree import CHOICES, CONTAINERS, KNOWN, SHOWN, Field, Form, Limits, Option, keyed, walk
from workflows.forms.values import Values, expression_in

MOST_FIELDS: Final = 500
DEEPEST: Final = 8
LARGEST_CHARACTERS: Final = 1_000_000

_KEY = re.compile(r"(?!__)[^\W\d]\w*(\.(?!__)[^\W\d]\w*)*\Z")
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*}](?:[^()\\]|\\.)*\)\s*[+*{]")


def parse_form(text: str, file: str) -> Form:
    """Read a .form file.

    Raises: Unpublishable with a `form.` problem for each thing wrong, by field.
    """
    reader = _Reader(file)
    form = reader.form(text)
    if reader.problems or form is None:
        raise Unpublishable(reader.problems)
    return form


class _Reader:
    """Collects problems instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.count = 0

    def problem(self, code: str, text: str, hint: str, **params: Any) -> None:
        element = str(params.get("field", ""))[:80]
        if len(self.problems) < 50:
            self.problems.append(Problem(code, text, hint, element=element, file=self.file, params=params))

    def form(self, text: str) -> Form | None:
        schema = self._json(text)
        if schema is None:
            return None
        components = schema.get("components", [])
        if not isinstance(components, list):
            components = [components]
        fields = self._fields(components, depth=1)
        self._duplicates(fields)
        return Form(str(schema.get("id") or self.file.rpartition(".")[0]), self.file, fields)

    def _json(self, text: str) -> dict[str, Any] | None:
        hint = message("Open the form in the form editor and save it again.")
        if len(text) > LARGEST_CHARACTERS:
            self.problem("form.too_big", message("The form is larger than a million characters."), hint)
            return None
        try:
            schema = json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError) as broken:
            line = getattr(broken, "lineno", 1)
            reason = getattr(broken, "msg", "nested too deep")
            self.problem(
                "form.json",
                message("The form is no JSON: {reason} (line {line})."),
                hint,
                line=line,
                reason=reason,
            )
            return None
        if not isinstance(schema, dict) or "components" not in schema:
            self.problem(
                "form.schema", message("The file is JSON, but no form: it has no “components”."), hint
            )
            return None
        return schema

    def _fields(self, components: list[Any], *, depth: int) -> tuple[Field, ...]:
        if depth > DEEPEST:
            self.problem(
                "form.too_deep",
                message("The form's groups are nested more than {limit} deep."),
                message("Flatten the groups."),
                limit=DEEPEST,
            )
            return ()
        found = []
        for raw in components:
            self.count += 1
            if self.count > MOST_FIELDS:
                if self.count == MOST_FIELDS + 1:
                    self.problem(
                        "form.too_many",
                        message("The form has more than {limit} fields."),
                        message("Split it: ask for the rest in a second step."),
                        limit=MOST_FIELDS,
                    )
                break
            each = self._field(raw, depth=depth)
            if each is not None:
                found.append(each)
        return tuple(found)

    def _field(self, raw: Any, *, depth: int) -> Field | None:
        if not isinstance(raw, dict):
            self.problem(
                "form.schema",
                message("A field of the form is no object."),
                message("Open the form in the form editor and save it again."),
            )
            return None
        kind = raw.get("type")
        name = self._name(raw)
        if not isinstance(kind, str) or kind not in KNOWN:
            self.problem(
                "form.type",
                message("The field “{field}” has the type “{type}”, which is not known here."),
                message("Use one of: {known}."),
                field=name,
                type=str(kind)[:80],
                known=", ".join(sorted(KNOWN)),
            )
            return None
        properties = self._properties(raw)
        values = Values(self._bad_value, raw, name)
        children = raw.get("components")
        return Field(
            type=kind,
            id=str(raw.get("id") or ""),
            key=self._key(raw, kind, name),
            label=values.text("label") or values.text("dateLabel") or values.text("timeLabel"),
            label_en=properties.get("label_en") or properties.get("labelEn", ""),
            description=values.text("description"),
            description_en=properties.get("description_en") or properties.get("descriptionEn", ""),
            options=self._options(raw, kind, name),
            options_from=expression_in(values.text("valuesExpression")) or values.text("valuesKey"),
            limits=self._limits(raw, name),
            hide=self._hide(raw, name),
            disabled=raw.get("disabled") is True,
            readonly=raw.get("readonly") is True,
            default=raw.get("defaultValue"),
            children=self._fields(children if isinstance(children, list) else [], depth=depth + 1),
            subtype=self._subtype(raw, kind, name),
            label_time=values.text("timeLabel"),
            aware=raw.get("timeSerializingFormat") in ("utc_offset", "utc_normalized"),
            past_refused=raw.get("disallowPassedDates") is True,
            minutes_step=values.whole("timeInterval", lowest=1, highest=720) or 15,
            decimal_digits=values.whole("decimalDigits", lowest=0, highest=20),
            increment=values.decimal("increment"),
            as_text=raw.get("serializeToString") is True,
            multiple=raw.get("multiple") is True,
            accept=values.text("accept"),
            text=expression_in(values.text("expression")) or values.text("text") or values.text("content"),
            source=values.text("source") or values.text("dataSource") or values.text("url"),
            alt=values.text("alt"),
            columns=_columns(raw),
            action=values.text("action"),
            rows=values.whole("defaultRepetitions", lowest=0, highest=100) or 1,
            rows_change=raw.get("allowAddRemove") is not False,
            properties=properties,
        )

    def _name(self, raw: dict[str, Any]) -> str:
        for key in ("key", "path", "label", "id", "type"):
            value = raw.get(key)
            if isinstance(value, str) and value.strip():
                return value.strip()[:80]
        return "?"

    def _key(self, raw: dict[str, Any], kind: str, name: str) -> str:
        if kind in SHOWN:
            return ""
        key = raw.get("path" if kind in CONTAINERS else "key")
        if not key and kind == "group":
            return ""
        if not isinstance(key, str) or not _KEY.match(key.strip()) or len(key) > 100:
            self.problem(
                "form.key",
                message("The field “{field}” has the key “{key}”, which cannot be a data name."),
                message(
                    "A key begins with a letter; letters, digits and “_” follow, such as applicant_name."
                ),
                field=name,
                key=str(key if key is not None else "")[:80],
            )
            return ""
        return key.strip()

    def _duplicates(self, fields: tuple[Field, ...]) -> None:
        seen: dict[str, Field] = {}
        for key, each in keyed(fields, ""):
            other = seen.get(key)
            # Two fields may share a key when a condition shows only one of them.
            if other is not None and not (each.hide and other.hide):
                self.problem(
                    "form.duplicate_key",
                    message("Two fields have the key “{field}”; one answer would replace the other."),
                    message("Give one of them another key."),
                    field=key,
                )
            seen[key] = each
        for each in walk(fields):
            if each.type == "dynamiclist":
                self._duplicates(each.children)

    def _options(self, raw: dict[str, Any], kind: str, name: str) -> tuple[Option, ...]:
        if kind not in CHOICES or raw.get("valuesKey") or raw.get("valuesExpression"):
            return ()
        listed = raw.get("values", raw.get("options"))
        found: list[Option] = []
        for each in listed if isinstance(listed, list) else []:
            value = each.get("value") if isinstance(each, dict) else each
            label = each.get("label", value) if isinstance(each, dict) else each
            english = str(each.get("label_en") or each.get("labelEn") or "") if isinstance(each, dict) else ""
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                found.append(Option(value, str(label), english))
        if not found or len({str(option.value) for option in found}) != len(found):
            self.problem(
                "form.options",
                message("The field “{field}” has no options, or two with the same value."),
                message("Give it options, each with a value of its own."),
                field=name,
            )
        return tuple(found)

    def _limits(self, raw: dict[str, Any], name: str) -> Limits:
        held = raw.get("validate")
        if held is None:
            return Limits()
        if not isinstance(held, dict):
            self._bad_value(name, "validate")
            return Limits()
        values = Values(self._bad_value, held, name)
        kind = values.text("validationType")
        return Limits(
            required=held.get("required") is True,
            min_length=values.length("minLength"),
            max_length=values.length("maxLength"),
            minimum=values.limit("min"),
            maximum=values.limit("max"),
            pattern=self._pattern(values.text("pattern"), name),
            pattern_message=values.text("patternMessage"),
            kind=kind if kind in ("email", "phone") else "",
        )

    def _pattern(self, pattern: str, name: str) -> str:
        if not pattern:
            return ""
        try:
            re.compile(pattern)
            slow = len(pattern) > 300 or _NESTED_REPEAT.search(pattern) is not None
        except (re.error, OverflowError, RecursionError) as broken:
            self.problem(
                "form.pattern",
                message("The pattern of “{field}” cannot be read: {reason}."),
                message("Correct the regular expression, or remove it."),
                field=name,
                reason=str(broken)[:200],
            )
            return ""
        if slow:
            self.problem(
                "form.pattern_slow",
                message("The pattern of “{field}” could take for ever on some answers."),
                message("Avoid a repeat inside a repeat, such as (a+)+."),
                field=name,
            )
            return ""
        return pattern

    def _hide(self, raw: dict[str, Any], name: str) -> str:
        conditional = raw.get("conditional")
        if conditional is None:
            return ""
        hide = conditional.get("hide") if isinstance(conditional, dict) else conditional
        if hide in (None, "", False):
            return ""
        if not isinstance(hide, str):
            self._bad_value(name, "conditional")
            return ""
        return expression_in(hide) or hide.strip()

    def _subtype(self, raw: dict[str, Any], kind: str, name: str) -> str:
        if kind != "datetime":
            return ""
        subtype = raw.get("subtype", "date")
        if subtype not in ("date", "time", "datetime"):
            self._bad_value(name, "subtype")
            return "date"
        return str(subtype)

    def _properties(self, raw: dict[str, Any]) -> dict[str, str]:
        held = raw.get("properties")
        return {str(k): str(v) for k, v in held.items()} if isinstance(held, dict) else {}

    def _bad_value(self, name: str, attribute: str) -> None:
        self.problem(
            "form.value",
            message("The field “{field}” has a “{attribute}” that cannot be read."),
            message("Open the form in the form editor, correct it, and save it again."),
            field=name,
            attribute=attribute,
        )


def _columns(raw: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    held = raw.get("columns")
    return tuple(
        (str(each.get("key") or ""), str(each.get("label") or each.get("key") or ""))
        for each in (held if isinstance(held, list) else [])
        if isinstance(each, dict)
    )
