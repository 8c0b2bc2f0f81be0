"""What gunicorn serves. All that answers requests is loaded here, once: with `--preload` the processes share it."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
application = get_wsgi_application()


def _share() -> None:
    """Load every room's screens before the processes part; what they must not share is closed."""
    from django.db import connections
    from huey.contrib.djhuey import HUEY

    list(get_resolver().reverse_dict)
    connections.close_all()
    HUEY.storage.close()
    # The collector writes into all that it looks at, and what was written to is shared no more.
    gc.collect()
    gc.freeze()


_share()
