"""Roles are data: `composition.ROLES` names what each may do, `sync` makes groups of it."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.translation import gettext_lazy as _

OWNER = "owner"
TITLES = {
    OWNER: _("Owner"),
    "manager": _("Manager"),
    "counter": _("Counter"),
    "baker": _("Baker"),
    "clerk": _("Stock clerk"),
    "viewer": _("Read only"),
}


class UnknownPermission(Exception):
    """A role names a permission that no model has."""


def title(role: str) -> str:
    """The role as people say it. A group that somebody made by hand is called by its own name."""
    return str(TITLES.get(role, role))


def titles(user: Any) -> list[str]:
    """The roles of a person, asked for once a request."""
    if not getattr(user, "is_authenticated", False):
        return []
    if not hasattr(user, "_role_titles"):
        asked = hasattr(user, "_perm_cache")  # then its roles are known too
        names = list(user.granted[1]) if asked else [group.name for group in user.groups.all()]
        if user.is_superuser and OWNER not in names:
            names.append(OWNER)
        user._role_titles = [title(name) for name in sorted(names, key=order)]
    return list(user._role_titles)


def order(role: str) -> tuple[int, str]:
    """Roles stand as `TITLES` has them, others after."""
    known = list(TITLES)
    return (known.index(role) if role in known else len(known), role)


@transaction.atomic
def sync() -> dict[str, int]:
    """Make the groups be what `composition.ROLES` says; returns how many permissions each has now.

    The owner gets every permission there is. Groups of other names are left alone. Raises UnknownPermission before
    anything is changed when a role names a permission that does not exist.
    """
    from backoffice.composition import ROLES

    every = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    if unknown := sorted({name for names in ROLES.values() for name in names} - set(every)):
        raise UnknownPermission(", ".join(unknown))
    counts: dict[str, int] = {}
    for role, names in ROLES.items():
        granted = list(every.values()) if role == OWNER else [every[name] for name in names]
        group, _made = Group.objects.get_or_create(name=role)
        group.permissions.set(granted)
        counts[role] = len(granted)
    return counts
