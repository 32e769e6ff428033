"""Kinds of failure, a type each: what a retry can mend, what the next run can, and what only the department can."""


class PassingError(Exception):
    """The delivery couldn't be fetched now (a busy disk, a file still being written): try again soon."""


class SourceAwayError(PassingError):
    """A source didn't answer within the patience of a pull (docs/rules.md, R-PULL-4): its next run asks again.

    A task has waited already when it raises this: it isn't retried within the same run.
    """


class UnreadableError(Exception):
    """One file of a delivery can't be read: it is out of reach, not of the agreed format, or over a limit.

    The other files of the delivery can be. The message is a sentence for the duty officer.
    """


class PermanentError(Exception):
    """The delivery itself can't be used: trying again changes nothing; the department must send it anew.

    The message is a sentence for the duty officer and never carries a value of a personal field.
    """
