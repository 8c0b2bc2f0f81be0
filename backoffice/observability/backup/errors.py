class BackupError(Exception):
    """The sentence says what is wrong; nothing was changed."""


class NotPossible(BackupError):
    """Nothing is wrong with the backup: it could not be tried here."""
