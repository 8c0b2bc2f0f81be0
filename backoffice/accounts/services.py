"""What is done with people who work here. Every change ends the sessions that lived under the old rights."""

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
from backoffice.kernel.errors import DomainError

from .models import User
from .roles import OWNER


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
    user.save()
    user.groups.set(roles)
    return user


@transaction.atomic
def update(user: User, *, roles: Iterable[Group] | None = None, **fields: Any) -> User:
    """Change a person. New roles end their sessions, so that they count at once. Raises LastOwner."""
    for field, value in fields.items():
        setattr(user, field, value)
    user.full_clean()
    user.save(update_fields=list(fields) or None)
    if roles is not None:
        wanted = set(roles)
        if set(user.groups.all()) != wanted:
            if OWNER not in {group.name for group in wanted}:
                _another_owner_than(user)
            user.groups.set(wanted)
            end_sessions(user)
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
    """They may log in again, with the roles they had."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    return user


@transaction.atomic
def set_password(user: User, *, password: str) -> User:
    """A new password, chosen for them. Ends their sessions, and their waiting after wrong ones. Raises WeakPassword."""
    _set(user, password)
    user.save(update_fields=["password"])
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
