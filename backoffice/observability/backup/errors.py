class BackupError(Exception):
    """The sentence says what is wrong; nothing was changed."""
