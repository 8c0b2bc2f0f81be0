"""Conditions of constraints, judged in Python: each question to the database costs a statement that is built for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.constraints import BaseConstraint


class Unclear(Exception):
    """The condition says something that only the database can judge."""


def holds(condition: Q, values: Mapping[str, Any]) -> bool:
    """Whether the condition is true of a row with these values by field name; what is unknown counts as true.

    That is how a constraint treats NULL. Raises Unclear where the condition is about more than plain values.
    """
    return _judged(condition, values) is not False


def fields_of(constraint: BaseConstraint) -> frozenset[str]:
    """The fields that a check or unique constraint is about, with those of its condition."""
    found: set[str] = set()
    if isinstance(constraint, UniqueConstraint):
        found |= set(constraint.fields)
        for expression in constraint.expressions:
            found |= set(_named_in(expression))
    if isinstance(constraint, CheckConstraint | UniqueConstraint) and isinstance(constraint.condition, Q):
        found |= set(_names(constraint.condition))
    return frozenset(name.split("__")[0] for name in found)


def _names(condition: Q) -> Iterator[str]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _names(child)
        elif isinstance(child, tuple):
            yield child[0]
            if isinstance(child[1], F):
                yield from _named_in(child[1])
        else:
            yield from _named_in(child)


def _named_in(expression: Any) -> Iterator[str]:
    parts = [expression] if isinstance(expression, F) else expression.flatten()
    yield from (_name(part) for part in parts if isinstance(part, F))


def _name(reference: Any) -> str:
    return str(reference.name)


def _judged(condition: Any, values: Mapping[str, Any]) -> bool | None:
    """True, False, or None for unknown, as SQL reckons."""
    if isinstance(condition, tuple):
        name, wanted = condition
        return _compared(name, wanted, values)
    if not isinstance(condition, Q):
        raise Unclear
    parts = [_judged(child, values) for child in condition.children]
    if condition.connector == Q.AND:
        found = False if False in parts else None if None in parts else True
    elif condition.connector == Q.OR:
        found = True if True in parts else None if None in parts else False
    else:
        raise Unclear
    return found if not condition.negated or found is None else not found


def _compared(name: str, wanted: Any, values: Mapping[str, Any]) -> bool | None:
    path, _mark, lookup = name.partition("__")
    if isinstance(wanted, F):
        wanted = _value(_name(wanted), values)
        if wanted is None:
            return None
    elif hasattr(wanted, "resolve_expression"):
        raise Unclear
    value = _value(path, values)
    if lookup == "isnull":
        return (value is None) is bool(wanted)
    if wanted is None:
        return value is None
    if value is None:
        return None
    match lookup:
        case "" | "exact":
            return bool(value == wanted)
        case "in":
            return value in list(wanted)
        case "gt":
            return bool(value > wanted)
        case "gte":
            return bool(value >= wanted)
        case "lt":
            return bool(value < wanted)
        case "lte":
            return bool(value <= wanted)
    raise Unclear


def _value(name: str, values: Mapping[str, Any]) -> Any:
    found = values.get(name, Unclear)
    if found is Unclear or hasattr(found, "resolve_expression"):
        raise Unclear
    return found
