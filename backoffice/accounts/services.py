"""What is done with people who work here. Every change ends the sessions that lived under the old rights.

Also that of whoever asks, when they change themselves: the view lets them go on under another key.
"""

import logging
from collections.abc import Iterable
from typing import Any

from axes.utils import reset as axes_reset
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.kernel.errors import DomainError

from .models import User
from .roles import OWNER, title

log = logging.getLogger(__name__)


class LastOwner(DomainError):
    """Without an owner nobody could give rights any more."""

    def __init__(self) -> None:
        super().__init__(_("This is the last owner. Make somebody else owner first."))


class WeakPassword(DomainError):
    """The password is too short, too common or too like the name."""

    field = "password"


@transaction.atomic
def create(*, username: str, name: str, password: str, roles: Iterable[Group] = (), **fields: Any) -> User:
    """A new person with roles. Raises WeakPassword."""
    user = User(username=username, name=name, **fields)
    _set(user, password)
    user.full_clean()
    given = set(roles)
    _note_roles(user, set(), given)
    user.save()
    user.__dict__.pop("_change_reason", None)
    user.groups.set(given)
    return user


@transaction.atomic
def update(user: User, *, roles: Iterable[Group] | None = None, **fields: Any) -> User:
    """Change a person. New roles end their sessions, so that they count at once. Raises LastOwner."""
    for field, value in fields.items():
        setattr(user, field, value)
    user.full_clean()
    before, wanted = set(user.groups.all()), set(user.groups.all() if roles is None else roles)
    if before != wanted:
        if OWNER not in {group.name for group in wanted}:
            _another_owner_than(user)
        user.groups.set(wanted)
        end_sessions(user)
        _note_roles(user, before, wanted)
    user.save(update_fields=list(fields) or None)
    user.__dict__.pop("_change_reason", None)  # said once
    return user


@transaction.atomic
def deactivate(user: User) -> User:
    """Nobody logs in as this person any more; what they did stays theirs. Raises LastOwner."""
    _another_owner_than(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user)
    return user


@transaction.atomic
def reactivate(user: User) -> User:
    """They may log in again, with the roles they had. They do log in: no session of before comes back."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    end_sessions(user)
    return user


@transaction.atomic
def set_password(user: User, *, password: str) -> User:
    """A new password, chosen for them. Ends their sessions, and their waiting after wrong ones. Raises WeakPassword."""
    _set(user, password)
    user._change_reason = _("A new password was set.")  # type: ignore[attr-defined]
    user.save(update_fields=["password"])
    user.__dict__.pop("_change_reason", None)
    end_sessions(user)
    axes_reset(username=user.username)
    return user


def prefer(user: User, **preferences: str) -> User:
    """Language, theme or density as they like it."""
    for name, value in preferences.items():
        setattr(user, name, value)
    user.full_clean(exclude=[field.name for field in user._meta.fields if field.name not in preferences])
    user.save(update_fields=list(preferences))
    return user


def end_sessions(user: User) -> int:
    """Log the person out everywhere; returns from how many places."""
    # Sessions do not say whose they are, but a shop has few: reading them all is cheap and needs no table of our own.
    theirs = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=clock.now()).iterator()
        if session.get_decoded().get("_auth_user_id") == str(user.pk)
    ]
    return Session.objects.filter(pk__in=theirs).delete()[0]


def _note_roles(user: User, before: set[Group], after: set[Group]) -> None:
    """Roles are no column of a person, so the next entry of the history says in its reason what they were and are."""
    old, new = (", ".join(sorted(title(group.name) for group in some)) or _("no role") for some in (before, after))
    sentence = _("Roles: %(before)s → %(after)s") % {"before": old, "after": new}
    why = current_actor().why
    user._change_reason = f"{sentence} · {why}" if why else sentence  # type: ignore[attr-defined]
    log.info("roles", extra={"data": {"of": user.username, "before": old, "after": new}})


def _set(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error
    user.set_password(password)


def _another_owner_than(user: User) -> None:
    owners = User.objects.filter(is_active=True, groups__name=OWNER)
    supers = User.objects.filter(is_active=True, is_superuser=True)
    was_owner = user.is_superuser or user.groups.filter(name=OWNER).exists()
    if was_owner and not (owners.exclude(pk=user.pk).exists() or supers.exclude(pk=user.pk).exists()):
        raise LastOwner
