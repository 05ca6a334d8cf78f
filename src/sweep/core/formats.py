"""Formats of numbers and settings, the same in tables, sentences and figures.

A setting's value has two forms: `setting_value` for people, `typed_value` for the command line and errors.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

MISSING = "–"
# Text that Hydra's command line and YAML read as another value, and text that needs no quotes there.
VALUE_WORDS = ("null", "true", "false", "nan", "inf")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


@dataclass(frozen=True)
class Format:
    """The format of one quantity: numbers are multiplied by `factor`, then formatted by `spec`.

    `spec` is one of Python's format specifications without a sign, such as ".2f". A number that is None or
    nan is a dash; an interval that is missing is left out.
    """

    factor: float = 1.0
    spec: str = ".2f"

    def number(self, value: float | None) -> str:
        """Write a number: 94.62."""
        return MISSING if value is None or math.isnan(value) else f"{self.factor * value:{self.spec}}"

    def signed(self, value: float | None) -> str:
        """Write a number with its sign: +0.21."""
        return MISSING if value is None or math.isnan(value) else f"{self.factor * value:+{self.spec}}"

    def spread(self, mean: float | None, std: float | None) -> str:
        """Write a mean and its standard deviation, if there is one: 94.62 ± 0.49."""
        written, deviation = self.number(mean), self.number(std)
        return written if MISSING in (written, deviation) else f"{written} ± {deviation}"

    def interval(self, low: float | None, high: float | None) -> str:
        """Return an interval: 94.02 to 95.23."""
        limits = self.number(low), self.number(high)
        return MISSING if MISSING in limits else " to ".join(limits)

    def estimate(self, value: float | None, low: float | None, high: float | None) -> str:
        """Return a number with its interval in brackets: 12 [-20, 44]."""
        return _bracketed(self.number(value), self.number(low), self.number(high))

    def difference(self, value: float | None, low: float | None, high: float | None) -> str:
        """Return a difference with its interval in brackets, all with their signs: -3.59 [-4.26, -2.92]."""
        return _bracketed(self.signed(value), self.signed(low), self.signed(high))


def percent(fraction: float, spec: str = "g") -> str:
    """Write a fraction in percent: 95 %."""
    return f"{Format(100, spec).number(fraction)} %"


def points(fraction: float, spec: str = "g") -> str:
    """Write a difference of two fractions in percentage points: 0.2 points."""
    number = Format(100, spec).number(fraction)
    return f"{number} point{'' if number == '1' else 's'}"


def span(least: object, most: object) -> str:
    """Write a range, 5 to 20, or the one number if both are equal."""
    return f"{least}" if least == most else f"{least} to {most}"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: 1 trial, 3 trials."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def seed_count(n: int, **others: int) -> str:
    """Write the number of seeds in a mean, and of those left out: 9 (1 diverged)."""
    asides = [f"{count} {word}" for word, count in others.items() if count]
    return f"{n} ({', '.join(asides)})" if asides else f"{n}"


def duration(seconds: float) -> str:
    """Write a time: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def file_size(count: int) -> str:
    """Write a size in powers of 1000: 512 bytes, 12.3 kB, 1.2 GB."""
    if count < 1000:
        return plural(count, "byte")
    power = min((len(str(count)) - 1) // 3, 4)
    return f"{count / 1000**power:,.1f} {'kMGT'[power - 1]}B"


def setting_value(value: object) -> str:
    """Write a setting's value in a table or sentence: a dash for none, true and false as typed."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def typed_value(value: object, *, quoted: bool = False) -> str:
    """Write a value as it is typed, in one line: null, true, [init,order], {hidden:16}.

    If `quoted`, text gets quotes if Hydra's command line would read it as anything but the same text.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ",".join(typed_value(item, quoted=quoted) for item in value) + "]"
    if isinstance(value, Mapping):
        pairs = (f"{key}:{typed_value(item, quoted=quoted)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if quoted and isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value.lower() not in VALUE_WORDS else _in_quotes(value)
    return str(value) if quoted else " ".join(str(value).split())


def _in_quotes(word: str) -> str:
    # In quotes, Hydra takes a backslash for itself except in a run of them before a quote.
    escaped = re.sub(r"(\\*)'", r"\1\1\'", word)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{escaped[len(escaped) - trailing :]}'"


def _bracketed(number: str, low: str, high: str) -> str:
    return number if MISSING in (number, low, high) else f"{number} [{low}, {high}]"
