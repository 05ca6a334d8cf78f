"""Errors that are meant for the person at the keyboard: one line, and exit code 2."""

import difflib
from collections.abc import Iterable

LONGEST = 4000  # characters of an error, before unprintable ones are escaped


class SweepError(Exception):
    """A mistake that the user can correct.

    Its text is a single line of printable characters, whatever went into it, at most a screen long.
    """

    def __str__(self) -> str:
        return visible(" ".join(shortened(super().__str__(), LONGEST).splitlines()))


class SettingError(SweepError):
    """A setting with a value that is not allowed, or with a name that does not exist."""


class DataError(SweepError):
    """A data file that is missing, damaged or of the wrong kind."""


class StoreError(SweepError):
    """A folder of a sweep that cannot be read or written, or is full."""


class DamagedError(StoreError):
    """A file of records that is damaged; its trials count as missing."""


class MisplacedError(StoreError):
    """A record stored under the name of another trial; it counts as missing."""


class TrialsError(SweepError):
    """A question that a table of trials cannot answer."""


class PaperError(SweepError):
    """A mistake in a paper's specification, or a committed report that does not match its records."""


class ExecutionError(SweepError):
    """Trials or a summary that could not be finished; finished trials are stored."""


class SweepWarning(UserWarning):
    """A doubt about a result that the user should know. Its text is a single line."""


class StoreWarning(SweepWarning):
    """Files of a store that were skipped."""


class MixtureWarning(SweepWarning):
    """A comparison of trials that were not computed alike."""


def visible(text: str) -> str:
    r"""Return the text in one line, with line ends and unprintable characters as \n, \x1b, \udcff."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return the clause "did you mean X?" for the allowed name closest to `name`, or nothing."""
    if len(name) > 100:  # difflib would take minutes for a name of a megabyte
        return ""
    matches = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def shortened(value: object, most: int = 100) -> str:
    """Return a value as an error shows it: if it is long, only its beginning."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def one_line(error: Exception) -> str:
    """Return the text of an exception in one line, or its type if it has no text."""
    return " ".join(str(error).split()) or type(error).__name__
