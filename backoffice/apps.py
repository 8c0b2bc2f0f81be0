from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class BackofficeConfig(AppConfig):
    """The house itself: commands and the composition. Its rooms are apps of their own."""

    name = "backoffice"
    label = "backoffice"

    def ready(self) -> None:
        """What only a started Django can tell of its settings: is there such a storage, with these options?"""
        from django.conf import settings
        from django.core import checks
        from django.core.files.storage import InvalidStorageError, storages

        from backoffice import system_checks

        checks.register(system_checks.databases, "backoffice")

        try:
            storages["default"]
        except (InvalidStorageError, TypeError) as error:
            raise ImproperlyConfigured(f"MEDIA_STORAGE or MEDIA_STORAGE_OPTIONS: {error}") from error
        if settings.BACKUP_RECIPIENT:
            from backoffice.observability.backup import encryption
            from backoffice.observability.backup.errors import BackupError

            try:
                encryption.check(settings.BACKUP_RECIPIENT)
            except BackupError as error:
                raise ImproperlyConfigured(f"BACKUP_RECIPIENT: {error}") from error
