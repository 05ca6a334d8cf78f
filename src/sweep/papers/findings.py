"""The findings of a report: sentences that take their numbers from its tables.

A number in a finding is a placeholder, so that no typed number can disagree with a table. `{table[label]}`
is ours, with its standard deviation; `{table[label].mean}`, `.std`, `.n`, `.published` and `.difference` are
parts of the same line; `{given[name]}` is any other number, such as a setting, listed under `given`.
Digits that belong to a name, as in L1, need no placeholder.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from sweep.core.errors import PaperError, nearest, shortened
from sweep.papers.specification import Paper
from sweep.report.page import Section, Sentences

# The parts of a table's line by name, with "" for our number as the table shows it.
Parts = Mapping[str, str]

_PLACEHOLDER = re.compile(r"\{(?P<table>[^\[\]{}]*)\[(?P<label>[^\]{}]*)\](?:\.(?P<part>\w*))?\}")
_NUMBER = re.compile(r"(?<!\w)\d[\d.,]*")

Value = TypeVar("Value")


def typed_number(text: str) -> str | None:
    """Return the first number of a finding that is not a placeholder, or None."""
    match = _NUMBER.search(_PLACEHOLDER.sub("", text))
    return match[0].rstrip(".,") if match else None


def findings_section(paper: Paper, scale: str, tables: Mapping[str, Mapping[str, Parts]]) -> Section:
    """Return the section of the findings at a scale, with a sentence on those at other scales.

    `tables` maps each table to its lines by label. Raises PaperError for a placeholder that names none.
    """
    sentences = [_filled(paper, finding.text, tables) for finding in paper.findings if finding.scale == scale]
    notes = []
    if others := dict.fromkeys(finding.scale for finding in paper.findings if finding.scale != scale):
        names = " and ".join(others)
        notes.append(f"Findings at scale {names} are not shown here, as they are about other trials.")
    if sentences:
        notes.append("The tables show how many seeds and epochs are behind each number.")
    findings = [Sentences(sentences, bullets=True)] if sentences else []
    return Section("Findings", [*findings, Sentences(notes)])


def _filled(paper: Paper, text: str, tables: Mapping[str, Mapping[str, Parts]]) -> str:
    constants = {name: {"": str(value)} for name, value in paper.constants.items()}
    try:
        return fill(" ".join(text.split()), {**tables, "given": constants})
    except PaperError as error:
        raise PaperError(f"{paper.file}: findings: {error}") from error


def fill(text: str, tables: Mapping[str, Mapping[str, Parts]]) -> str:
    """Replace the placeholders of a finding by their values.

    `tables` maps each table to its lines by label. Raises PaperError for a placeholder that names none.
    """

    def value(match: re.Match[str]) -> str:
        lines = _look_up(match["table"], tables, "table", text)
        parts = _look_up(match["label"], lines, "label", text)
        return _look_up(match["part"] or "", parts, "part", text)

    filled = _PLACEHOLDER.sub(value, text)
    # A brace outside of all placeholders is a mistake, never text.
    _, brace, rest = _PLACEHOLDER.sub("", text).partition("{")
    if brace:
        raise PaperError(
            f"{{{shortened(rest, 30)}: a brace must begin a placeholder such as {{table[label]}}; tables are"
            f" {', '.join(tables)}"
        )
    return filled


def _look_up(name: str, entries: Mapping[str, Value], kind: str, text: str) -> Value:
    if name not in entries:
        raise PaperError(f"{shortened(text)}: {shortened(name)}: no such {kind}{nearest(name, entries)}")
    return entries[name]
