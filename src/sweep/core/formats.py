"""How numbers and settings are written for people: once, for tables, sentences and figures alike."""

import math
from dataclasses import dataclass

MISSING = "–"


@dataclass(frozen=True)
class Format:
    """How the numbers of one quantity are written: multiplied by `factor`, then formatted by `spec`.

    `spec` is one of Python's format specifications without a sign, such as ".2f". A number that is None or
    nan is a dash; an interval that is missing is left out.
    """

    factor: float = 1.0
    spec: str = ".2f"

    def number(self, value: float | None) -> str:
        """A number: 94.62."""
        return MISSING if value is None or math.isnan(value) else f"{self.factor * value:{self.spec}}"

    def signed(self, value: float | None) -> str:
        """A number with its sign: +0.21."""
        return MISSING if value is None or math.isnan(value) else f"{self.factor * value:+{self.spec}}"

    def spread(self, mean: float | None, std: float | None) -> str:
        """A mean and its standard deviation: 94.62 ± 0.49; the mean alone where there is no deviation."""
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
    """A fraction in percent: 95 %."""
    return f"{Format(100, spec).number(fraction)} %"


def points(fraction: float, spec: str = "g") -> str:
    """A difference of two fractions in percentage points: 0.2 points."""
    number = Format(100, spec).number(fraction)
    return f"{number} point{'' if number == '1' else 's'}"


def span(least: object, most: object) -> str:
    """From the least to the most: 5 to 20; once where they are equal."""
    return f"{least}" if least == most else f"{least} to {most}"


def plural(count: int, noun: str) -> str:
    """How many there are of something: 1 trial, 3 trials."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def seed_count(n: int, **others: int) -> str:
    """How many seeds are in a mean, and what became of others where there are any: 9 (1 diverged)."""
    asides = [f"{count} {word}" for word, count in others.items() if count]
    return f"{n} ({', '.join(asides)})" if asides else f"{n}"


def duration(seconds: float) -> str:
    """A time in words: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def file_size(count: int) -> str:
    """Bytes as people read them, in powers of 1000: 512 bytes, 12.3 kB, 1.2 GB."""
    if count < 1000:
        return plural(count, "byte")
    power = min((len(str(count)) - 1) // 3, 4)
    return f"{count / 1000**power:,.1f} {'kMGT'[power - 1]}B"


def setting_value(value: object) -> str:
    """A setting's value in a table or sentence: a dash for none, true and false as they are typed."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bracketed(number: str, low: str, high: str) -> str:
    return number if MISSING in (number, low, high) else f"{number} [{low}, {high}]"
