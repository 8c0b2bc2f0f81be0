"""The same request twice does its work once."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models

from backoffice.kernel import rows
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.errors import KeyReused
from backoffice.kernel.models import IdempotencyKey

_KEPT = Compiled(lambda scope, key: IdempotencyKey.objects.filter(scope=scope, key=key))


def _digest(fingerprint: Sequence[Any] | str) -> str:
    text = fingerprint if isinstance(fingerprint, str) else "\x1f".join(str(part) for part in fingerprint)
    return hashlib.sha256(text.encode()).hexdigest()


def find(*, scope: str, key: str | None, fingerprint: Sequence[Any] | str = "") -> Any:
    """What came of the request with this key, or None when it is new (or has no key).

    Raises KeyReused when the key came with other content before.
    """
    if not key:
        return None
    found = _KEPT(scope, key)
    if not found:
        return None
    row = found[0]
    if row.fingerprint != _digest(fingerprint):
        raise KeyReused
    return row.result


def remember(*, scope: str, key: str | None, result: models.Model, fingerprint: Sequence[Any] | str = "") -> None:
    """Keep what came of it, in the transaction that did it. Two at once: the second fails on the unique key."""
    assert connection.in_atomic_block, "A key is kept inside the transaction that it protects."
    if key:
        kept = IdempotencyKey(
            scope=scope,
            key=key,
            fingerprint=_digest(fingerprint),
            result_type=ContentType.objects.get_for_model(result),
            result_id=result.pk,
        )
        rows.insert([kept])
