"""Errors that are meant for the person at the keyboard: one line, and exit code 2."""

import difflib
from collections.abc import Iterable

LONGEST = 4000  # characters of an error, before those that do not print are written out


class SweepError(Exception):
    """A mistake that the user can mend.

    Its text is one line of characters that print, whatever is in it, and not longer than a screen.
    """

    def __str__(self) -> str:
        return visible(" ".join(shortened(super().__str__(), LONGEST).splitlines()))


class SettingError(SweepError):
    """A setting has a value that is not allowed, or a name that does not exist."""


class DataError(SweepError):
    """A data file is missing, damaged or of the wrong kind."""


class StoreError(SweepError):
    """A folder that a sweep works in cannot be read or written, or is full."""


class DamagedError(StoreError):
    """A file of records is not as it was written; the trials in it count as missing."""


class MisplacedError(StoreError):
    """A record lies in the place of another trial; it counts as missing."""


class TrialsError(SweepError):
    """A table of trials cannot answer what it is asked."""


class PaperError(SweepError):
    """A paper's specification has a mistake, or its committed report does not follow from its records."""


class ExecutionError(SweepError):
    """Some trials, or the summary, could not be finished; the trials that were are stored."""


class SweepWarning(UserWarning):
    """Something that the user should know of a result. Its text is one line."""


class StoreWarning(SweepWarning):
    """Some files of a store were left out of what was read."""


class MixtureWarning(SweepWarning):
    """Trials that were not computed alike are compared."""


def visible(text: str) -> str:
    r"""The text in one line: line ends and characters that do not print as \n, \x1b, \udcff."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def nearest(name: str, allowed: Iterable[str]) -> str:
    """The clause "did you mean X?" for the allowed name closest to `name`, or nothing."""
    if len(name) > 100:  # difflib would take minutes for a name of a megabyte
        return ""
    matches = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def shortened(value: object, most: int = 100) -> str:
    """A value that somebody wrote, as an error shows it: its beginning, where it is long."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def one_line(error: Exception) -> str:
    """The text of an exception in one line, or its type if it has no text."""
    return " ".join(str(error).split()) or type(error).__name__
