#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from psycopg import OperationalError

    try:
        # Django would go on without settings and end in a traceback that names something else.
        settings.is_overridden("SECRET_KEY")
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
    except OperationalError as error:
        # Not Django's: the queue looks for its server before any command runs.
        sys.exit(f"Settings: DATABASE_URL: the database does not answer: {error}")


if __name__ == "__main__":
    main()
