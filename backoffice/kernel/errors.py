"""What a rule says when it refuses. A domain error is a sentence for the user."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Remedy:
    """One way out of a refusal: what the button says, and where it leads.

    `plain` is what is said instead to who may not go there.
    """

    text: str
    url: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    plain: str = ""


class DomainError(Exception):
    """A rule refused. `message` is shown as it is; `field` names the form field it belongs to, when there is one.

    `beside` is the same where it stands at that field, and need not begin with the field's name. `line` is the place of
    the line that it is about, from 0, where several were given.
    """

    status = 409
    field: str | None = None
    line: int | None = None

    def __init__(
        self, message: str, *, field: str | None = None, beside: str = "", remedies: Sequence[Remedy] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.beside = beside or message
        self.remedies = tuple(remedies)
        if field is not None:
            self.field = field


def _last(thing: Any) -> str:
    """Who saved it last, as its history knows; "" when it knows nobody."""
    if not hasattr(type(thing), "history") or getattr(thing, "pk", None) is None:
        return ""
    last = type(thing).history.filter(id=thing.pk).select_related("history_user").order_by("-history_id").first()
    return str(last.history_user.name) if last is not None and last.history_user is not None else ""


class StaleRevision(DomainError):
    """Somebody else changed the thing since it was opened."""

    def __init__(self, thing: object, *, expected: int, found: int) -> None:
        self.thing, self.expected, self.found = thing, expected, found
        who = _last(thing)
        text = (
            _("%(thing)s was changed by %(who)s in the meantime. Nothing was saved; look at it again and repeat it.")
            if who
            else _("%(thing)s was changed by someone else in the meantime. Nothing was saved; look at it again.")
        )
        super().__init__(text % {"thing": thing, "who": who})


class NotAllowed(DomainError):
    """The state does not allow the step."""

    def __init__(self, thing: object, *, current: str, wanted: str) -> None:
        self.thing, self.current, self.wanted = thing, current, wanted
        who = _last(thing)
        # Names of states are of many kinds ("draft", "for approval", "being applied"): they stand in quotation marks.
        if current == wanted and who:
            text = _("%(thing)s is in the state “%(current)s” already: %(who)s did it. Nothing was changed.")
        elif current == wanted:
            text = _("%(thing)s is in the state “%(current)s” already. Nothing was changed.")
        elif who:
            text = _(
                "%(thing)s is in the state “%(current)s” (%(who)s): from there it does not go to “%(wanted)s”. "
                "Look at it again."
            )
        else:
            text = _(
                "%(thing)s is in the state “%(current)s”: from there it does not go to “%(wanted)s”. Look at it again."
            )
        super().__init__(text % {"thing": thing, "current": current, "wanted": wanted, "who": who})


class LedgerIsAppendOnly(DomainError):
    """Ledger rows are never changed or deleted: a correction is a new row."""

    def __init__(self, model: str) -> None:
        super().__init__(_("%(model)s rows are never changed or deleted; post a correction.") % {"model": model})


class KeyReused(DomainError):
    """The same idempotency key came with other content."""

    status = 422

    def __init__(self) -> None:
        super().__init__(_("This request was already sent with other content. Reload the page and try again."))
