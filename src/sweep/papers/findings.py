"""The findings of a report: sentences whose numbers stand in its tables.

A number in a finding is a placeholder: `{table[label]}` for ours, with its standard deviation, and
`{table[label].mean}`, `.std`, `.n`, `.published` and `.difference` for one of its parts; `{given[name]}` for
what is given, such as a setting, which paper.yaml lists under `given`. Digits that belong to a name, as in
L1, are letters.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from sweep.core.errors import PaperError, nearest, shortened

# Of a line: its parts by name, with "" for ours as the table shows it.
Parts = Mapping[str, str]

_PLACEHOLDER = re.compile(r"\{(?P<table>[^\[\]{}]*)\[(?P<label>[^\]{}]*)\](?:\.(?P<part>\w*))?\}")
_NUMBER = re.compile(r"(?<!\w)\d[\d.,]*")

Value = TypeVar("Value")


def typed_number(text: str) -> str | None:
    """The first number of a finding that is no placeholder."""
    found = _NUMBER.search(_PLACEHOLDER.sub("", text))
    return found[0].rstrip(".,") if found else None


def filled(text: str, tables: Mapping[str, Mapping[str, Parts]]) -> str:
    """The finding with values in the places of its placeholders.

    `tables` has the lines of each table by label. Raises PaperError where a placeholder names none of them.
    """

    def value(match: re.Match[str]) -> str:
        lines = _found(match["table"], tables, "table", text)
        parts = _found(match["label"], lines, "label", text)
        return _found(match["part"] or "", parts, "part", text)

    whole = _PLACEHOLDER.sub(value, text)
    if "{" in _PLACEHOLDER.sub("", text):
        brace = _PLACEHOLDER.sub("", text).partition("{")[2]
        raise PaperError(
            f"{{{shortened(brace, 30)}: a brace must begin a placeholder such as {{table[label]}}; tables are"
            f" {', '.join(tables)}"
        )
    return whole


def _found(name: str, known: Mapping[str, Value], what: str, text: str) -> Value:
    if name not in known:
        raise PaperError(f"{shortened(text)}: {shortened(name)}: no such {what}{nearest(name, known)}")
    return known[name]
