"""Whose house this is: one row with names, documents, currency, tax mode and opening hours.

from backoffice import company
company.current().currency
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import Company


def current() -> "Company":
    """The company; with what a new house starts with when nobody has filled in the settings yet.

    Read once a request (see `kernel.memory`), anew at each call elsewhere.
    """
    from .services import current as read

    return read()


def banner() -> str:
    """A sentence for everybody about the state of the house; empty when there is none."""
    return current().banner
