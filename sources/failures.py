"""Two kinds of failure, two types: what a retry can mend, and what only the department can."""


class PassingError(Exception):
    """The delivery couldn't be fetched now (no connection, a busy server, a file still being written): try again."""


class SourceAwayError(PassingError):
    """The source did not answer within the patience; the next run asks again."""


class PermanentError(Exception):
    """The delivery itself can't be used: trying again changes nothing; the department must send it anew.

    The message is a sentence for the duty officer and never carries a value of a personal field.
    """
