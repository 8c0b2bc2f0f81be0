"""Two people edited one record. What only one of them changed merges by itself; for the rest the later one chooses."""

from dataclasses import dataclass
from typing import Any

from django.forms import BaseModelForm
from django.forms.models import model_to_dict
from django.http import QueryDict
from django.utils.functional import cached_property

from backoffice.ui.forms import ModelForm

KEEP, TAKE = "keep-", "take-"  # chosen by a person; merged without asking
THEIRS, YOURS = "theirs", "yours"


@dataclass(frozen=True)
class Clash:
    """One field that both changed, or that one of them did: what it was, what stands there now, what you wrote."""

    name: str
    label: Any
    was: Any
    theirs: Any
    yours: Any
    pick: str  # which of the two is kept when nobody chooses

    @property
    def option(self) -> str:
        """The name under which the choice is sent."""
        return f"{TAKE if self.pick else KEEP}{self.name}"


class Conflict:
    """The record as it is now, and the form that came too late."""

    def __init__(self, current: Any, form: BaseModelForm) -> None:
        self.current, self.form = current, form
        self.sent: Any = form.data
        self.revision = current.revision
        self._now = model_to_dict(current, fields=list(form.fields)) | self._more_of(current)
        self._then = self._as_opened()

    @cached_property
    def last(self) -> Any:
        """The history entry of who saved before; None where there is no history."""
        history = getattr(self.current, "history", None)
        return (
            history.select_related("history_user").order_by("-history_date", "-history_id").first() if history else None
        )

    def _as_opened(self) -> dict[str, Any]:
        """The record as the form was opened with; empty where no history tells."""
        history = getattr(self.current, "history", None)
        opened = self.form.cleaned_data.get("revision")
        row: Any = history.filter(revision=opened).order_by("-history_date", "-history_id").first() if history else None
        names = {field.name for field in row._meta.concrete_fields} if row else set()
        columns = {name: getattr(row, row._meta.get_field(name).attname) for name in self.form.fields if name in names}
        return columns | (self._more_of(row) if row else {})

    def _more_of(self, row: Any) -> dict[str, Any]:
        return self.form.more_values(row) if isinstance(self.form, ModelForm) else {}

    @cached_property
    def fields(self) -> list[Clash]:
        """Every field in which now and yours differ."""
        found = []
        for name, field in self.form.fields.items():
            if name == "revision" or name not in self._now:
                continue
            yours = self.sent.getlist(self.form.add_prefix(name))
            if not field.has_changed(self._now[name], self._raw(name)):
                continue
            known = name in self._then
            you = not known or field.has_changed(self._then[name], self._raw(name))
            they = not known or field.has_changed(self._then[name], self._posted(name, self._now[name]))
            pick = "" if you and they else YOURS if you else THEIRS
            was = self._show(name, self._then[name]) if known else ""
            found.append(
                Clash(name, field.label, was, self._show(name, self._now[name]), self._show(name, yours), pick)
            )
        return found

    @property
    def clashes(self) -> list[Clash]:
        """The fields that both changed: here someone has to choose."""
        return [field for field in self.fields if not field.pick]

    @property
    def merged(self) -> list[Clash]:
        """The fields that only one of the two changed."""
        return [field for field in self.fields if field.pick]

    def hidden(self) -> list[tuple[str, str]]:
        """Everything that was sent, to be sent again with the choices."""
        skipped = {"csrfmiddlewaretoken", "_key", "revision", "all"}
        return [
            (name, value)
            for name, values in self.sent.lists()
            if name not in skipped and not name.startswith((KEEP, TAKE))
            for value in values
        ]

    def _raw(self, name: str) -> Any:
        widget = self.form.fields[name].widget
        return widget.value_from_datadict(self.form.data, self.form.files, self.form.add_prefix(name))

    def _posted(self, name: str, value: Any) -> Any:
        return posted(self.form, name, value)

    def _show(self, name: str, value: Any) -> str:
        """The value as a person reads it."""
        field = self.form.fields[name]
        values = value if isinstance(value, list | tuple) else [value]
        words = dict(_flat(field.choices)) if hasattr(field, "choices") else {}
        said = [str(words.get(str(getattr(one, "pk", one)), _plain(field, one))) for one in values]
        return ", ".join(word for word in said if word)


def _plain(field: Any, value: Any) -> Any:
    return "" if value is None else field.prepare_value(value)


def _flat(choices: Any) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, label in choices:
        if isinstance(label, list | tuple):
            pairs += [(str(inner), text) for inner, text in label]
        else:
            pairs.append((str(getattr(key, "value", key)), label))
    return pairs


def posted(form: Any, name: str, value: Any) -> Any:
    """The value as the field's widget would send it."""
    field = form.fields[name]
    prepared = field.prepare_value(value)
    if isinstance(prepared, list | tuple | set):
        return [str(getattr(one, "pk", one)) for one in prepared]
    if isinstance(prepared, bool):
        return "on" if prepared else ""
    return field.widget.format_value(prepared) if prepared is not None else ""


def resolved(screen: Any, data: QueryDict) -> QueryDict:
    """The data of a form, after the choices of a conflict view are applied: theirs are read from the record again."""
    merged = {key[len(TAKE) :]: data[key] for key in data if key.startswith(TAKE)}
    chosen = {key[len(KEEP) :]: data.get("all") or data[key] for key in data if key.startswith(KEEP)}
    if screen.object is None or not (merged or chosen):
        return data
    settled, form = data.copy(), screen.get_form()
    for name, choice in (merged | chosen).items():
        if choice != THEIRS or name not in form.fields:
            continue
        value = posted(form, name, form.get_initial_for_field(form.fields[name], name))
        if isinstance(value, list):
            settled.setlist(name, value)
        elif value:
            settled[name] = value
        else:
            settled.pop(name, None)
    return settled
