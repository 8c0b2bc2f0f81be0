"""What can be wrong with a file as a whole."""

from backoffice.kernel.errors import DomainError


class UnreadableFile(DomainError):
    """The file is not what it says, too large, or made to do harm. The message is for the person who uploaded it."""

    field = "file"
