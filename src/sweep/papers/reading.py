"""`reports/<paper>/paper.yaml`, found, read and checked."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cattrs import Converter
from yaml import YAMLError

from sweep import regular_files, resources
from sweep.config import plain_yaml
from sweep.config.messages import experiments
from sweep.errors import PaperError, nearest, one_line, shortened
from sweep.papers.entries import Entries, Vocabulary, paper_converter, with_given
from sweep.papers.rules import MistakeError, OneOf
from sweep.papers.specification import SCALES, Paper
from sweep.papers.structuring import strict_converter, structured

REPORTS = Path("reports")


def names(reports: Path = REPORTS) -> list[str]:
    """The papers of the folder `reports`, of the working folder and of the package."""
    found = {file.parent.name for folder in _folders(reports) for file in folder.glob("*/paper.yaml")}
    return sorted(filter(str.isprintable, found))


def find(name: str, reports: Path = REPORTS) -> Path:
    """The paper.yaml of a paper, that of `reports` first. Raises PaperError where there is none."""
    known = names(reports)
    if name not in known:
        allowed = f"must be all or one of {', '.join(known)}{nearest(name, known)}"
        raise PaperError(f"{shortened(name)}: no such paper; {allowed}")
    files = (folder / name / "paper.yaml" for folder in _folders(reports))
    return next(file for file in files if regular_files.is_there(file))


def read(name: str, vocabulary: Vocabulary, reports: Path = REPORTS) -> Paper:
    """The specification of a paper.

    Raises PaperError, in one line that names the place, for whatever is missing, unknown or of the wrong
    kind.
    """
    file = find(name, reports)
    try:
        content = plain_yaml.load(regular_files.read(file).decode("utf-8"))
    except OSError as error:
        raise PaperError(f"{file}: cannot be read ({error.strerror})") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise PaperError(f"{file}: {one_line(error)}") from error
    for key, text in plain_yaml.texts(content):
        if plain_yaml.calls_resolver(text):
            raise PaperError(f"{file}: {key}={shortened(text)}: must be written out")
    try:
        return _paper(name, file, content, vocabulary)
    except MistakeError as mistake:
        place = mistake.place.removeprefix(".") or "the file"
        raise PaperError(f"{file}: {place}{mistake.text}") from mistake


def _folders(reports: Path) -> list[Path]:
    return [reports, *resources.folders("reports")]


def _paper(name: str, file: Path, content: Any, vocabulary: Vocabulary) -> Paper:
    """The paper of this name, from the content of its file. Raises MistakeError."""
    plain = strict_converter({})
    content = structured(plain, content, dict[str, Any])
    own = _experiments(plain, name, content)
    measurements = structured(plain, content.get("measurements", {}), Entries, ".measurements")
    converter = paper_converter(vocabulary, own, measurements)
    paper: Paper = structured(converter, with_given(content, name=name, file=file), Paper)
    return replace(paper, scales={scale: paper.scales.get(scale, {}) for scale in SCALES})


def _experiments(plain: Converter, paper: str, content: Mapping[str, Any]) -> tuple[str, ...]:
    """The paper's experiments, each of which has a file of its own. Raises MistakeError."""
    found: tuple[str, ...] = structured(
        plain, content.get("experiments", []), tuple[str, ...], ".experiments"
    )
    if not found:
        raise MistakeError(": must name at least one experiment", ".experiments")
    prefix = f"{paper}/"
    there = OneOf([each.removeprefix(prefix) for each in experiments() if each.startswith(prefix)])
    for each in found:
        try:
            there.check(each, {})
        except MistakeError as mistake:
            raise MistakeError(mistake.text, ".experiments") from mistake
    return found
