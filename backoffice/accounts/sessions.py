"""Sessions in the database, as Django keeps them. Every request reads its own, so the statement is kept."""

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from backoffice.kernel.compiled import Compiled


def _alive_rows(key: Any, now: Any) -> Any:
    return SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=now)


_alive: Compiled[Any] = Compiled(_alive_rows)


class SessionStore(db.SessionStore):
    """Django's own, but for how a session is read. Its name is part of what sessions are signed with."""

    def _get_session_from_db(self) -> Any:
        for found in _alive(str(self.session_key), timezone.now()):
            return found
        self._session_key = None
        return None
