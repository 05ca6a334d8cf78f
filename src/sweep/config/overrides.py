"""Overrides, `key=value` in Hydra's grammar, checked to be such as its parser can read."""

import re
from collections.abc import Iterable

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from sweep.config.outside_values import check_choices
from sweep.config.plain_yaml import DEEPEST, LONGEST_NUMBER
from sweep.errors import SettingError, shortened

_NAMELESS = re.compile(r"[+~]*\s*(@[^=]*)?(=|$)")
_NUMBER = re.compile(rf"[\d_]{{{LONGEST_NUMBER + 1}}}")


def parsed(lines: Iterable[str]) -> list[Override]:
    """The overrides in these lines. Raises SettingError as `check_overrides` does, or HydraException."""
    lines = list(lines)
    check_overrides(lines)
    return OverridesParser.create().parse_overrides(lines)


def check_overrides(lines: Iterable[str]) -> None:
    """Raise SettingError for a line that the parser would fail at, or as `check_choices` does."""
    for line in lines:
        if _NAMELESS.match(line):
            raise SettingError(f"{shortened(line)!r}: must be key=value")
        if sum(map(line.count, "[{(")) > DEEPEST and _depth(line) > DEEPEST:
            raise SettingError(f"{shortened(line)}: must have at most {DEEPEST} brackets inside one another")
        if _NUMBER.search(line):
            raise SettingError(f"{shortened(line)}: must have at most {LONGEST_NUMBER} digits in a row")
        check_choices([line])


def _depth(line: str) -> int:
    """How many brackets are open at once, at most; those in quotes count as well."""
    depth = deepest = 0
    for character in line:
        depth += (character in "[{(") - (character in ")}]" and depth > 0)
        deepest = max(deepest, depth)
    return deepest
